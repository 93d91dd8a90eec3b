//! The pages of the Help menu.

use egui::{RichText, Ui, vec2};

use super::keys;
use super::page::paragraph_ui;
use super::theme::{Palette, semibold, size, space};

const ABOUT: [(&str, &str); 4] = [
    (
        "What it does",
        "Mien finds faces in a picture, follows them, and says which of eight expressions each face \
         resembles most, with a probability for each.",
    ),
    (
        "What it does not do",
        "An expression is not a feeling. People frown when they think and smile when they are sad; \
         Mien sees the frown and the smile. Do not judge, hire, grade or diagnose anyone by it.",
    ),
    (
        "How far to trust it",
        "The networks learned from pictures found on the web, whose labels people often disagree \
         about. They are worse on faces that such pictures show rarely, on glasses, beards, masks \
         and hands before the face, in the dark, from the side, and on disgust and fear.",
    ),
    (
        "Privacy",
        "Everything happens on this machine. This window stores and sends no picture. A recording \
         holds numbers, names and your markers; ask people before you record them.",
    ),
];

/// What Mien is, and what it is not.
pub(super) fn about_ui(ui: &mut Ui) {
    let palette = Palette::of(ui.visuals());
    ui.label(
        RichText::new("Mien")
            .font(semibold(size::READOUT))
            .color(palette.strong),
    );
    let version = concat!(
        "Version ",
        env!("CARGO_PKG_VERSION"),
        " · MIT or Apache-2.0"
    );
    ui.label(RichText::new(version).color(palette.weak));
    for (heading, text) in ABOUT {
        paragraph_ui(ui, heading, text);
    }
}

/// The keys.
pub(super) fn shortcuts_ui(ui: &mut Ui) {
    ui.heading("Keyboard shortcuts");
    ui.add_space(space::S);
    let palette = Palette::of(ui.visuals());
    egui::Grid::new("keys")
        .num_columns(2)
        .spacing(vec2(space::L, space::S))
        .show(ui, |ui| {
            for (key, what) in keys::TABLE {
                egui::Frame::new()
                    .fill(palette.track)
                    .corner_radius(super::theme::RADIUS)
                    .inner_margin(egui::Margin::symmetric(8, 3))
                    .show(ui, |ui| {
                        ui.label(RichText::new(key).font(semibold(size::SMALL)))
                    });
                ui.label(what);
                ui.end_row();
            }
        });
}
