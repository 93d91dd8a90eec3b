//! What the network saw: the crop of a face exactly as it was fed, enlarged, and while the picture
//! stands still a heat map of what the answer hangs on.

use egui::accesskit::Role;
use egui::{
    Color32, ColorImage, Rect, RichText, Sense, TextureHandle, TextureOptions, Ui, WidgetInfo,
    pos2, vec2,
};

use super::bars::heading_ui;
use super::theme::{Palette, RADIUS, space};
use crate::card::{Color, ModelCard};
use crate::crop::{self, Crop};
use crate::face::Face;
use crate::observation::Observation;
use crate::occlusion::{CELLS, HeatMap};
use crate::pipeline::{Asked, Command, Condition, State};
use crate::words::{percent, title};

/// A side of the enlarged crop, in points.
const SIDE: f32 = 132.0;

/// Holds the textures of the crop and of its map.
#[derive(Default)]
pub(super) struct Seen {
    crop: Option<(Asked, TextureHandle)>,
    map: Option<(Asked, TextureHandle)>,
    /// The map that was asked for last.
    asked: Option<Asked>,
}

/// What is drawn: the face as it is in the newest picture.
pub(super) struct Scene<'a> {
    state: &'a State,
    observation: &'a Observation,
    face: &'a Face,
    card: &'a ModelCard,
    asked: Asked,
}

impl<'a> Scene<'a> {
    /// The chosen face, if it is in this picture.
    pub fn of(
        state: &'a State,
        observation: Option<&'a Observation>,
        chosen: Option<&Face>,
    ) -> Option<Self> {
        let (observation, model) = (observation?, state.model.as_ref()?);
        let chosen = chosen?.id;
        let face = observation.faces.iter().find(|face| face.id == chosen)?;
        Some(Self {
            state,
            observation,
            face,
            card: &model.card,
            asked: Asked {
                observation: observation.number,
                face: face.id,
                model: model.named.clone(),
            },
        })
    }

    /// Whether the picture stays as it is long enough to look into it.
    fn stands_still(&self) -> bool {
        self.observation.frame.still
            || matches!(self.state.condition, Condition::Paused | Condition::Ended)
    }

    fn map(&self) -> Option<&HeatMap> {
        let explanation = self.state.explanation.as_ref()?;
        (explanation.asked == self.asked).then_some(&explanation.map)
    }
}

impl Seen {
    /// Draws crop and map, or their empty place; asks for a map when the picture stands still.
    pub fn ui(&mut self, ui: &mut Ui, scene: Option<&Scene<'_>>) -> Option<Command> {
        heading_ui(ui, "As the network saw it");
        ui.add_space(space::S);
        let weak = Palette::of(ui.visuals()).weak;
        ui.horizontal_top(|ui| {
            let (place, response) = ui.allocate_exact_size(vec2(SIDE, SIDE), Sense::hover());
            let label = scene.map_or_else(
                || "No face to see".to_owned(),
                |scene| format!("Face {} as the network saw it", scene.face.id),
            );
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &label));
            match scene {
                Some(scene) => self.picture_ui(ui, place, scene),
                None => drop(ui.painter().rect_filled(
                    place,
                    RADIUS,
                    Palette::of(ui.visuals()).track,
                )),
            }
            ui.vertical(|ui| {
                let words = scene.map_or_else(|| "Nobody is in view.".to_owned(), words);
                ui.add(egui::Label::new(RichText::new(words).small().color(weak)).wrap());
            });
        });
        let scene = scene.filter(|scene| scene.stands_still() && scene.map().is_none())?;
        if self.asked.as_ref() == Some(&scene.asked) {
            return None;
        }
        self.asked = Some(scene.asked.clone());
        Some(Command::Explain(scene.face.id))
    }

    fn picture_ui(&mut self, ui: &Ui, place: Rect, scene: &Scene<'_>) {
        // As wide as it is high, unless the network takes another shape.
        let (width, height) = (
            scene.card.input.width as f32,
            scene.card.input.height as f32,
        );
        let scale = SIDE / width.max(height);
        let place = Rect::from_center_size(place.center(), vec2(width, height) * scale);
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        let is_of = |held: &Option<(Asked, TextureHandle)>| {
            held.as_ref()
                .is_some_and(|(asked, _)| *asked == scene.asked)
        };
        if !is_of(&self.crop) {
            let crop = crop::crop(&scene.observation.frame, &scene.face.detected, scene.card);
            let picture = picture(&crop, scene.card.color);
            let texture = ui
                .ctx()
                .load_texture("crop", picture, TextureOptions::NEAREST);
            self.crop = Some((scene.asked.clone(), texture));
        }
        if let Some((_, texture)) = &self.crop {
            ui.painter()
                .image(texture.id(), place, whole, Color32::WHITE);
        }
        let Some(map) = scene.map() else {
            return;
        };
        if !is_of(&self.map) {
            let texture = ui
                .ctx()
                .load_texture("heat map", heat(map), TextureOptions::LINEAR);
            self.map = Some((scene.asked.clone(), texture));
        }
        if let Some((_, texture)) = &self.map {
            ui.painter()
                .image(texture.id(), place, whole, Color32::WHITE);
        }
    }
}

/// What there is to see, in words.
fn words(scene: &Scene<'_>) -> String {
    let input = scene.card.input;
    let fed = format!(
        "Exactly what was fed: {} × {}, {}.",
        input.width,
        input.height,
        match scene.card.color {
            Color::Gray => "grey",
            Color::Rgb | Color::Bgr => "in colour",
        }
    );
    if let Some(map) = scene.map() {
        return format!(
            "Orange: what speaks for {}, found by covering a part at a time. It is {} sure with \
             nothing covered and {} at the least.",
            title(Some(map.expression)).to_lowercase(),
            percent(map.probability),
            percent(map.lowest),
        );
    }
    if scene.stands_still() {
        format!("{fed} Looking for what the answer hangs on…")
    } else {
        format!("{fed} Pause, and it shows what the answer hangs on.")
    }
}

/// The crop's pixels, in the order that the screen has.
fn picture(crop: &Crop, color: Color) -> ColorImage {
    let size = [crop.width as usize, crop.height as usize];
    if crop.channels == 1 {
        return ColorImage::from_gray(size, &crop.pixels);
    }
    let mut pixels = crop.pixels.clone();
    if color == Color::Bgr {
        pixels.chunks_exact_mut(3).for_each(<[u8]>::reverse);
    }
    ColorImage::from_rgb(size, &pixels)
}

/// Orange, the stronger the more hangs on the cell. What speaks against the answer stays clear.
fn heat(map: &HeatMap) -> ColorImage {
    /// Differences below (in log-odds) are no more than noise, and are not blown up to full colour.
    const LEAST: f32 = 0.2;
    let most = map.cells.iter().copied().fold(LEAST, f32::max);
    let pixels = map
        .cells
        .iter()
        .map(|lost| {
            let share = (lost / most).clamp(0.0, 1.0);
            Color32::from_rgba_unmultiplied(0xFF, 0x8A, 0x1E, (share * 190.0) as u8)
        })
        .collect();
    ColorImage::new([CELLS, CELLS], pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression;

    #[test]
    fn blue_first_is_turned_round_and_a_cold_map_is_clear() {
        let crop = Crop {
            height: 1,
            width: 1,
            channels: 3,
            pixels: vec![200, 0, 10],
        };
        assert_eq!(
            picture(&crop, Color::Bgr).pixels,
            [Color32::from_rgb(10, 0, 200)]
        );
        let map = HeatMap {
            expression: Expression::Happy,
            probability: 0.9,
            lowest: 0.9,
            cells: vec![-1.0; CELLS * CELLS],
        };
        assert!(heat(&map).pixels.iter().all(|pixel| pixel.a() == 0));
    }
}
