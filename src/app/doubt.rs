//! A model whose self-test speaks against it: the user decides.

use super::action::Action;
use super::page::{buttons_ui, show};
use super::theme::space;
use super::widgets::{button, main_button, sentence};
use crate::pipeline::{Command, Doubt};

/// Draws the question over the window.
pub(super) fn doubt_ui(ctx: &egui::Context, doubt: &Doubt, actions: &mut Vec<Action>) {
    let mut answer = None;
    let closed = show(ctx, "doubt", 460.0, |ui| {
        ui.heading(format!("'{}' should not be trusted", doubt.title));
        ui.add_space(space::XS);
        ui.label(sentence(&doubt.reason));
        ui.add_space(space::S);
        ui.label(
            "Mien has tried it on seven averaged faces, one for each expression. With a wrong card \
             a model names expressions wrongly and looks as sure as ever.",
        );
        buttons_ui(ui, |ui| {
            if main_button(ui, "Leave it").clicked() {
                answer = Some(false);
            }
            if button(ui, "Use it anyway").clicked() {
                answer = Some(true);
            }
        });
        false
    });
    if closed {
        answer = Some(false);
    }
    actions.extend(answer.map(|use_it| Action::Tell(Command::Overrule(use_it))));
}
