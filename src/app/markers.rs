//! Markers: the names of their keys, the menu that sets them, and the box for another name.

use egui::{Align, Align2, Color32, Id, Key, Layout, Modal, RichText, TextEdit, Ui, vec2};
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::menu::separator;
use super::page::{Page, ground};
use super::theme::{Palette, semibold, size, space};
use super::widgets::{MenuItem, main_button, menu_heading};
use crate::pipeline::{Command, State};

/// The keys that set a marker.
pub(super) const KEYS: [Key; 8] = [
    Key::F2,
    Key::F3,
    Key::F4,
    Key::F5,
    Key::F6,
    Key::F7,
    Key::F8,
    Key::F9,
];

/// The longest name, in letters.
const LONGEST: usize = 60;

/// What the markers of [`KEYS`] are called, as the user typed it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct MarkerNames([String; KEYS.len()]);

impl MarkerNames {
    /// The name of a key's marker; one without is numbered.
    pub fn name(&self, index: usize) -> String {
        let given = self.0.get(index).map(|name| tidy(name));
        given
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| numbered(index))
    }
}

fn numbered(index: usize) -> String {
    format!("Marker {}", index + 1)
}

/// A name on one line, without spaces around it.
fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Rows that set a marker now.
pub(super) fn menu_ui(ui: &mut Ui, names: &MarkerNames, state: &State, actions: &mut Vec<Action>) {
    menu_heading(
        ui,
        if state.recording.is_some() {
            "Set a marker now"
        } else {
            "Not recording: markers are not kept"
        },
    );
    for (index, key) in KEYS.iter().enumerate() {
        let name = names.name(index);
        if ui.add(MenuItem::new(&name).key(key.name())).clicked() {
            actions.push(Action::Tell(Command::Mark(name)));
        }
    }
    separator(ui);
    let other = MenuItem::new("Another name…").key("Enter");
    if ui.add(other).clicked() {
        actions.push(Action::Show(Page::Marker(String::new())));
    }
    if ui.add(MenuItem::new("Name the keys…")).clicked() {
        actions.push(Action::Show(Page::MarkerNames));
    }
}

/// A field for the name of each key.
pub(super) fn names_ui(ui: &mut Ui, names: &mut MarkerNames) {
    ui.heading("Markers");
    ui.label("What the keys mark: a phase of a recording begins there.");
    ui.add_space(space::S);
    egui::Grid::new("marker names")
        .num_columns(2)
        .spacing(vec2(space::M, space::S))
        .show(ui, |ui| {
            for (index, (key, name)) in KEYS.iter().zip(&mut names.0).enumerate() {
                let label = ui.label(RichText::new(key.name()).font(semibold(size::BODY)));
                let field = TextEdit::singleline(name)
                    .hint_text(numbered(index))
                    .char_limit(LONGEST)
                    .margin(vec2(8.0, 5.0))
                    .desired_width(f32::INFINITY);
                ui.add(field).labelled_by(label.id);
                ui.end_row();
            }
        });
}

/// The box for one marker's name, low in the window, so that the picture stays in view. Returns
/// whether it is done.
pub(super) fn name_ui(ctx: &egui::Context, name: &mut String, actions: &mut Vec<Action>) -> bool {
    let id = Id::unique("marker");
    let modal = Modal::new(id)
        .area(Modal::default_area(id).anchor(Align2::CENTER_BOTTOM, vec2(0.0, -60.0)))
        .backdrop_color(Color32::TRANSPARENT)
        .frame(ground(ctx).inner_margin(space::M))
        .show(ctx, |ui| {
            ui.set_width(360.0);
            let weak = Palette::of(ui.visuals()).weak;
            let label = ui.label(
                RichText::new("Name of the marker, set when you press Enter")
                    .small()
                    .color(weak),
            );
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let set = main_button(ui, "Set").clicked();
                let field = TextEdit::singleline(name)
                    .char_limit(LONGEST)
                    .margin(vec2(8.0, 6.0))
                    .desired_width(f32::INFINITY);
                let field = ui.add(field).labelled_by(label.id);
                let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
                if !field.has_focus() && !field.lost_focus() {
                    field.request_focus();
                }
                set || entered
            })
            .inner
        });
    let name = tidy(name);
    if modal.inner && !name.is_empty() {
        actions.push(Action::Tell(Command::Mark(name)));
    }
    modal.inner || modal.should_close()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_without_a_name_is_numbered_and_a_given_name_is_tidied() {
        let mut names = MarkerNames::default();
        names.0[1] = "  the\tfilm ".to_owned();
        names.0[2] = "   ".to_owned();
        assert_eq!(names.name(0), "Marker 1");
        assert_eq!(names.name(1), "the film");
        assert_eq!(names.name(2), "Marker 3");
    }
}
