//! The keys: what the window obeys, and what the help page says of them.

use egui::{Key, Modifiers};

use super::action::Action;
use super::markers::{self, MarkerNames};
use super::page::Page;
use crate::pipeline::Command;

/// What the help page says, in its order.
pub(super) const TABLE: [(&str, &str); 10] = [
    ("Space", "Pause, or go on"),
    ("R", "Start or stop recording"),
    ("F2 – F9", "Set a marker"),
    ("Enter", "Set a marker with another name"),
    ("M", "Mirror the picture"),
    ("F", "Full screen"),
    ("Esc", "Leave full screen, or a session"),
    ("← →", "A second back or on in a session"),
    ("1 – 9", "Pick a model"),
    ("Click", "Choose a face"),
];

/// They pick the models, in their order.
pub(super) const NUMBERS: [Key; 9] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

/// What the keys ask for while a session is looked at: the way back. The session's own keys are its.
pub(super) fn pressed_in_session(ctx: &egui::Context) -> Vec<Action> {
    let busy = ctx.text_edit_focused() || egui::Popup::is_any_open(ctx);
    let back = !busy && ctx.input(|input| input.key_pressed(Key::Escape));
    if back {
        vec![Action::Session(None)]
    } else {
        Vec::new()
    }
}

/// What the keys pressed since the last pass ask for. A text field that has the focus keeps its keys,
/// and a focused button its space bar and Enter.
pub(super) fn pressed(
    ctx: &egui::Context,
    models: &[super::ModelEntry],
    names: &MarkerNames,
) -> Vec<Action> {
    if ctx.text_edit_focused() {
        return Vec::new();
    }
    let focused = ctx.memory(|memory| memory.focused().is_some());
    ctx.input_mut(|input| {
        let mut hit = |key| input.consume_key(Modifiers::NONE, key);
        let mut actions = Vec::new();
        if !focused && hit(Key::Space) {
            actions.push(Action::TogglePause);
        }
        if !focused && hit(Key::Enter) {
            actions.push(Action::Show(Page::Marker(String::new())));
        }
        for (index, key) in markers::KEYS.into_iter().enumerate() {
            if hit(key) {
                actions.push(Action::Tell(Command::Mark(names.name(index))));
            }
        }
        let plain = [
            (Key::R, Action::ToggleRecording),
            (Key::M, Action::ToggleMirror),
            (Key::F, Action::ToggleFullScreen),
        ];
        actions.extend(
            plain
                .into_iter()
                .filter_map(|(key, action)| hit(key).then_some(action)),
        );
        for (key, model) in NUMBERS.into_iter().zip(models) {
            if hit(key) {
                actions.push(Action::PickModel(model.name.clone()));
            }
        }
        if input.key_pressed(Key::Escape) {
            actions.push(Action::LeaveFullScreen);
        }
        actions
    })
}
