//! What a recording is, said before the first one.

use std::path::Path;

use egui::Ui;

use super::action::Action;
use super::page::{buttons_ui, paragraph_ui};
use super::theme::space;
use super::widgets::{button, main_button};
use crate::words::LAW;

/// Draws the notice. Returns whether it was answered.
pub(super) fn notice_ui(ui: &mut Ui, recordings: &Path, actions: &mut Vec<Action>) -> bool {
    ui.heading("Before the first recording");
    ui.add_space(space::XS);
    paragraph_ui(
        ui,
        "What is written",
        "Numbers and names of expressions: when a face was in view, where in the picture, and what \
         it showed with which probability; besides, the names of cameras, files and models, and your \
         markers. No picture and no sound.",
    );
    let place = format!(
        "A new folder in {}. It stays on this machine until you delete it; Mien has no network code.",
        recordings.display()
    );
    paragraph_ui(ui, "Where", &place);
    let law = format!(
        "A log of somebody's expressions is personal data: ask people before you record them. {LAW}"
    );
    paragraph_ui(ui, "What the law says", &law);
    buttons_ui(ui, |ui| {
        let agreed = main_button(ui, "Understood, record").clicked();
        if agreed {
            actions.push(Action::Record);
        }
        agreed || button(ui, "Not now").clicked()
    })
}
