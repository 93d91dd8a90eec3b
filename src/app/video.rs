//! The picture with its faces: the observation's own frame, so boxes lie exactly where they were found.

use std::sync::Arc;

use egui::{
    Color32, ColorImage, CornerRadius, Rect, TextureHandle, TextureId, TextureOptions, Ui, Vec2,
    epaint::RectShape, pos2, vec2,
};

use super::faces;
use super::pictures::{self, Pictures};
use super::theme::RADIUS;
use crate::face::FaceBox;
use crate::frame::Frame;
use crate::observation::Observation;

/// How the picture is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// As a mirror shows it; boxes with it, letters not.
    pub mirrored: bool,
    /// With boxes and labels.
    pub boxes: bool,
    /// Darkened, because it is no longer live.
    pub dimmed: bool,
}

/// Where things are on the screen, and what was clicked.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The whole picture.
    pub picture: Option<Rect>,
    /// The faces in it.
    pub faces: Vec<Rect>,
    /// The face that was clicked.
    pub clicked: Option<u64>,
}

/// Holds the one texture that every frame goes into.
#[derive(Default)]
pub(super) struct Video {
    texture: Option<TextureHandle>,
    /// The frame in the texture.
    shown: Option<Arc<Frame>>,
    /// Live pictures, ready for the texture.
    pictures: Pictures,
}

/// From a frame's pixels to the window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Projection {
    /// Where the whole picture lies.
    pub picture: Rect,
    frame_size: Vec2,
    mirrored: bool,
}

impl Projection {
    /// The largest place in `area` with the frame's proportions.
    fn fit(area: Rect, frame_size: Vec2, mirrored: bool) -> Self {
        let scale = (area.width() / frame_size.x).min(area.height() / frame_size.y);
        let picture = Rect::from_center_size(area.center(), frame_size * scale);
        Self {
            picture,
            frame_size,
            mirrored,
        }
    }

    /// Where a box in the frame lies in the window.
    fn ui_from_frame(&self, face_box: &FaceBox) -> Rect {
        let scale = self.picture.width() / self.frame_size.x;
        let left = if self.mirrored {
            self.frame_size.x - face_box.x - face_box.width
        } else {
            face_box.x
        };
        let min = self.picture.min + vec2(left, face_box.y) * scale;
        Rect::from_min_size(min, vec2(face_box.width, face_box.height) * scale)
    }
}

impl Video {
    /// Shows live pictures that another thread makes ready.
    pub fn of(pictures: Pictures) -> Self {
        Self {
            pictures,
            ..Self::default()
        }
    }

    /// Draws the newest picture into `area`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        area: Rect,
        observation: &Observation,
        chosen: Option<u64>,
        look: Look,
        name: &dyn Fn(u64) -> String,
    ) -> Shown {
        let texture = self.upload(ui.ctx(), observation);
        let (width, height) = observation.frame.size();
        let frame_size = vec2(width as f32, height as f32);
        let projection = Projection::fit(area, frame_size, look.mirrored);
        let picture = projection.picture;

        let (left, right) = if look.mirrored {
            (1.0, 0.0)
        } else {
            (0.0, 1.0)
        };
        let uv = Rect {
            min: pos2(left, 0.0),
            max: pos2(right, 1.0),
        };
        let shape = RectShape::filled(picture, CornerRadius::same(RADIUS), Color32::WHITE);
        ui.painter().add(shape.with_texture(texture, uv));

        let places: Vec<Rect> = observation
            .faces
            .iter()
            .map(|face| projection.ui_from_frame(&face.face_box))
            .collect();
        let mut clicked = None;
        if look.boxes {
            clicked = faces::faces_ui(ui, picture, &observation.faces, &places, chosen, name);
        }
        if look.dimmed {
            ui.painter()
                .rect_filled(picture, RADIUS, Color32::from_black_alpha(130));
        }
        Shown {
            picture: Some(picture),
            faces: places,
            clicked,
        }
    }

    /// Puts the observation's picture into the texture, once.
    fn upload(&mut self, ctx: &egui::Context, observation: &Observation) -> TextureId {
        let frame = &observation.frame;
        let shown = self.shown.replace(Arc::clone(frame));
        let is_fresh = shown.is_none_or(|shown| !Arc::ptr_eq(&shown, frame));
        let ready = self.pictures.take(frame);
        if let Some(texture) = &self.texture
            && !is_fresh
        {
            return texture.id();
        }
        let most = ctx.input(|input| input.max_texture_side);
        let image = ready.unwrap_or_else(|| Arc::new(image(observation, most)));
        if let Some(texture) = &mut self.texture {
            if texture.size() == image.size {
                // Into the memory that the texture has.
                texture.set_partial([0, 0], image, TextureOptions::LINEAR);
            } else {
                texture.set(image, TextureOptions::LINEAR);
            }
            return texture.id();
        }
        let texture = ctx.load_texture("video", image, TextureOptions::LINEAR);
        self.texture.insert(texture).id()
    }
}

/// The frame's picture, made smaller where it is larger than a texture may be.
fn image(observation: &Observation, most: usize) -> ColorImage {
    let picture = &observation.frame.picture;
    let (width, height) = picture.dimensions();
    let most = most as u32;
    if width <= most && height <= most {
        return pictures::image(picture);
    }
    let factor = (f64::from(most) / f64::from(width)).min(f64::from(most) / f64::from(height));
    let side = |length: u32| ((f64::from(length) * factor) as u32).clamp(1, most);
    pictures::image(&image::imageops::thumbnail(
        picture,
        side(width),
        side(height),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect {
        min: pos2(0.0, 0.0),
        max: pos2(400.0, 300.0),
    };
    const BOX: FaceBox = FaceBox {
        x: 10.0,
        y: 20.0,
        width: 40.0,
        height: 40.0,
    };

    #[test]
    fn the_picture_keeps_its_proportions() {
        let wide = Projection::fit(AREA, vec2(800.0, 200.0), false);
        assert_eq!(
            wide.picture,
            Rect::from_min_max(pos2(0.0, 100.0), pos2(400.0, 200.0))
        );
        let placed = wide.ui_from_frame(&BOX);
        assert_eq!(
            placed,
            Rect::from_min_size(pos2(5.0, 110.0), vec2(20.0, 20.0))
        );
    }

    #[test]
    fn a_mirrored_box_lies_as_far_from_the_right_as_it_did_from_the_left() {
        let plain = Projection::fit(AREA, vec2(200.0, 150.0), false).ui_from_frame(&BOX);
        let mirrored = Projection::fit(AREA, vec2(200.0, 150.0), true).ui_from_frame(&BOX);
        assert!((plain.left() - AREA.left() - (AREA.right() - mirrored.right())).abs() < 1e-3);
        assert!((plain.top() - mirrored.top()).abs() < 1e-3);
        assert_eq!(plain.size(), mirrored.size());
    }
}
