//! From which probability on a name is shown, and what the probabilities mean.

use egui::{Align, Slider, Ui};

use super::page::paragraph_ui;
use super::theme::{Palette, space};
use super::widgets::fixed_text;
use crate::card::ModelCard;
use crate::tracker::CERTAIN;
use crate::words::percent;

/// Below, nearly every face gets a name; above, hardly any.
const SHARES: std::ops::RangeInclusive<f32> = 0.2..=0.95;

/// Draws the page. `certain` is the share; what it becomes holds at once.
pub(super) fn certain_ui(ui: &mut Ui, certain: &mut f32, card: Option<&ModelCard>) {
    ui.heading("Confidence threshold");
    ui.add_space(space::XS);
    let label = ui.label("A name is shown once it is this likely; below, the face is uncertain.");
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        ui.spacing_mut().slider_width = 240.0;
        let slider = Slider::new(certain, SHARES)
            .step_by(0.01)
            .show_value(false)
            .trailing_fill(true);
        ui.add(slider).labelled_by(label.id);
        let strong = Palette::of(ui.visuals()).strong;
        fixed_text(ui, 40.0, Align::Min, &percent(*certain), strong);
        if ui.button("Reset").clicked() {
            *certain = CERTAIN;
        }
    });
    paragraph_ui(
        ui,
        "What it changes",
        "The names on the picture and the column 'shown' of the log. The probabilities in the log \
         stay as they are, so the same recording can be read with another share later.",
    );
    let calibrated = card.and_then(|card| card.figures(card.truth()).ece);
    let text = match calibrated {
        Some(ece) if ece < 0.05 => format!(
            "The model at work is calibrated: of the faces that it names with 80%, about 80 in a \
             hundred get the right name. On average it is {:.1} points off, on pictures like those \
             that it learned from.",
            ece * 100.0
        ),
        Some(ece) => format!(
            "The model at work is not well calibrated: what it says and how often it is right are \
             {:.1} points apart on average. Read its probabilities as an order.",
            ece * 100.0
        ),
        None => "Nobody has measured how often the model at work is right when it says 80%. Read \
                 its probabilities as an order."
            .to_owned(),
    };
    paragraph_ui(ui, "What a probability means", &text);
    paragraph_ui(
        ui,
        "What it does not mean",
        "It is the share of faces like this one that get this name. It is not how strong an \
         expression is, and not how sure anybody can be of what somebody feels.",
    );
}
