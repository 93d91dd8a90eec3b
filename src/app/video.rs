//! The picture with its faces: the observation's own frame, so boxes lie exactly where they were found.

use egui::accesskit::Role;
use egui::{
    Align2, Color32, ColorImage, CornerRadius, CursorIcon, Painter, Pos2, Rect, Sense, Shape,
    Stroke, StrokeKind, TextureHandle, TextureId, TextureOptions, Ui, Vec2, WidgetInfo,
    epaint::RectShape, pos2, vec2,
};

use super::colors::on_picture;
use super::theme::{RADIUS, regular, semibold, size};
use super::widgets::{percent, title};
use crate::face::{Face, FaceBox};
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
    /// The number of the observation in the texture.
    shown: Option<u64>,
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
    /// Draws the newest picture into `area`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        area: Rect,
        observation: &Observation,
        chosen: Option<u64>,
        look: Look,
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
            let painter = ui.painter().with_clip_rect(picture);
            // The chosen face last: its label lies above the others.
            let (first, last): (Vec<_>, Vec<_>) = observation
                .faces
                .iter()
                .zip(&places)
                .partition(|(face, _)| Some(face.id) != chosen);
            for (face, place) in first.into_iter().chain(last) {
                if face_ui(ui, &painter, face, *place, Some(face.id) == chosen) {
                    clicked = Some(face.id);
                }
            }
        }
        if look.dimmed {
            ui.painter()
                .rect_filled(picture, RADIUS, Color32::from_black_alpha(150));
        }
        Shown {
            picture: Some(picture),
            faces: places,
            clicked,
        }
    }

    /// Puts the observation's picture into the texture, once.
    fn upload(&mut self, ctx: &egui::Context, observation: &Observation) -> TextureId {
        let fresh = self.shown.replace(observation.number) != Some(observation.number);
        let most = ctx.input(|input| input.max_texture_side);
        if let Some(texture) = &mut self.texture {
            if fresh {
                texture.set(image(observation, most), TextureOptions::LINEAR);
            }
            return texture.id();
        }
        let picture = image(observation, most);
        let texture = ctx.load_texture("video", picture, TextureOptions::LINEAR);
        self.texture.insert(texture).id()
    }
}

/// The frame's picture, made smaller where it is larger than a texture may be.
fn image(observation: &Observation, most: usize) -> ColorImage {
    let picture = &observation.frame.picture;
    let (width, height) = picture.dimensions();
    let most = most as u32;
    if width <= most && height <= most {
        return ColorImage::from_rgb([width as usize, height as usize], picture.as_raw());
    }
    let factor = (f64::from(most) / f64::from(width)).min(f64::from(most) / f64::from(height));
    let side = |length: u32| ((f64::from(length) * factor) as u32).clamp(1, most);
    let smaller = image::imageops::thumbnail(picture, side(width), side(height));
    let (width, height) = smaller.dimensions();
    ColorImage::from_rgb([width as usize, height as usize], smaller.as_raw())
}

/// One face: its box, its label, and that it can be clicked.
fn face_ui(ui: &mut Ui, painter: &Painter, face: &Face, place: Rect, chosen: bool) -> bool {
    let id = ui.scope_id().with(("face", face.id));
    let response = ui
        .interact(place.intersect(painter.clip_rect()), id, Sense::click())
        .on_hover_cursor(CursorIcon::PointingHand);
    let (name, share) = (
        face.reading.shown_name(),
        percent(face.reading.shown_probability()),
    );
    response.widget_info(|| {
        let label = format!("Face {}: {name} {share}", face.id);
        WidgetInfo::selected(Role::RadioButton, true, chosen, label)
    });

    let color = on_picture(face.reading.shown);
    let width = if chosen || response.hovered() || response.has_focus() {
        3.0
    } else {
        2.0
    };
    let radius = (place.width() * 0.06).clamp(3.0, 10.0);
    // A dark line behind keeps the box visible on bright pictures.
    let behind = Stroke::new(width + 2.0, Color32::from_black_alpha(90));
    painter.rect_stroke(place, radius, behind, StrokeKind::Middle);
    painter.rect_stroke(place, radius, Stroke::new(width, color), StrokeKind::Middle);
    chip(painter, face, place, color, chosen);
    response.clicked()
}

/// The narrowest box whose label is written out in full; below it, the expression alone.
const FULL_LABEL: f32 = 72.0;

/// The label of a face, above its box or inside it, never outside the picture.
fn chip(painter: &Painter, face: &Face, place: Rect, color: Color32, chosen: bool) {
    let text = |words: String, font, shade| painter.layout_no_wrap(words, font, shade);
    let white = Color32::from_gray(250);
    let gray = Color32::from_gray(190);
    let expression = title(face.reading.shown);
    let parts = if place.width() >= FULL_LABEL || chosen {
        let share = percent(face.reading.shown_probability());
        vec![
            text(expression, semibold(size::BODY), white),
            text(share, regular(size::BODY), white),
            text(format!("#{}", face.id), regular(size::SMALL), gray),
        ]
    } else {
        vec![text(expression, regular(11.0), white)]
    };
    let (dot, gap, padding) = (8.0, 6.0, vec2(8.0, 4.0));
    let words: f32 = parts.iter().map(|part| part.size().x + gap).sum();
    let height = parts.iter().map(|part| part.size().y).fold(0.0, f32::max);
    let wanted = vec2(dot + words, height) + 2.0 * padding;

    let rect = chip_place(place, wanted, painter.clip_rect().shrink(4.0));
    painter.rect_filled(
        rect,
        RADIUS,
        Color32::from_rgba_unmultiplied(12, 14, 18, 215),
    );
    let mut x = rect.left() + padding.x;
    painter.circle_filled(pos2(x + dot / 2.0, rect.center().y), dot / 2.0, color);
    x += dot + gap;
    for part in parts {
        let width = part.size().x;
        let at = Align2::LEFT_CENTER.anchor_size(pos2(x, rect.center().y), part.size());
        painter.add(Shape::galley(at.min, part, white));
        x += width + gap;
    }
}

/// Above the box if the picture has room there, else inside its upper edge.
fn chip_place(face: Rect, wanted: Vec2, picture: Rect) -> Rect {
    let above = face.top() - wanted.y - 6.0;
    let top = if above >= picture.top() {
        above
    } else {
        face.top() + 6.0
    };
    let most = (picture.max - wanted).max(picture.min);
    let min = Pos2::new(face.left(), top).clamp(picture.min, most);
    Rect::from_min_size(min, wanted)
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

    #[test]
    fn a_label_stays_inside_the_picture_wherever_the_face_is() {
        let wanted = vec2(120.0, 24.0);
        for x in [-50.0, 0.0, 200.0, 390.0] {
            for y in [-50.0, 0.0, 200.0, 290.0] {
                let face = Rect::from_min_size(pos2(x, y), vec2(60.0, 60.0));
                assert!(AREA.contains_rect(chip_place(face, wanted, AREA)), "{face}");
            }
        }
    }
}
