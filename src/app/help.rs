//! The pages of the Help menu.

use egui::{Id, Modal, RichText, Ui, vec2};

use super::keys;
use super::theme::{Palette, semibold, size, space};
use super::widgets::main_button;

/// A page of help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    /// What Mien is, and what it is not.
    About,
    /// The keys.
    Shortcuts,
}

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
        "Everything happens on this machine. Pictures are never stored or sent. A recording holds \
         numbers and the names of expressions; ask people before you record them.",
    ),
];

/// Draws the page. Returns whether it is to be closed.
pub(super) fn page_ui(ctx: &egui::Context, page: Page) -> bool {
    let modal = Modal::new(Id::unique("help"))
        .frame(ground(ctx))
        .show(ctx, |ui| {
            ui.spacing_mut().item_spacing.y = space::XS;
            ui.set_width(match page {
                Page::About => 460.0,
                Page::Shortcuts => 320.0,
            });
            match page {
                Page::About => about_ui(ui),
                Page::Shortcuts => shortcuts_ui(ui),
            }
            ui.add_space(space::M);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                main_button(ui, "Close").clicked()
            })
            .inner
        });
    modal.inner || modal.should_close()
}

fn ground(ctx: &egui::Context) -> egui::Frame {
    egui::Frame::window(&ctx.global_style()).inner_margin(space::L)
}

fn about_ui(ui: &mut Ui) {
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
        ui.add_space(space::S);
        ui.label(
            RichText::new(heading)
                .font(semibold(size::BODY))
                .color(palette.strong),
        );
        ui.label(text);
    }
}

fn shortcuts_ui(ui: &mut Ui) {
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
