//! What may lie over the window, one page at a time.

use std::path::Path;

use egui::{Align, Id, Layout, Modal, RichText, Ui};

use super::action::Action;
use super::markers;
use super::settings::Settings;
use super::theme::{Palette, semibold, size, space};
use super::widgets::main_button;
use super::{certain, help, model_card, notice};
use crate::pipeline::{Place, State};

/// A page over the window. Keys act on it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page {
    /// What Mien is, and what it is not.
    About,
    /// The keys.
    Shortcuts,
    /// What a recording is, before the first one.
    Notice,
    /// The names of the markers' keys.
    MarkerNames,
    /// The name of one marker, as far as it is typed.
    Marker(String),
    /// The card of a model at work.
    Card(Place),
    /// From which probability on a name is shown.
    Certain,
}

/// What pages show and change.
pub(super) struct Around<'a> {
    /// What is true of the pipeline.
    pub state: &'a State,
    /// What the window remembers.
    pub settings: &'a mut Settings,
    /// Where recordings go.
    pub recordings: &'a Path,
}

impl Page {
    /// Draws the page. Returns whether it is to be closed.
    pub fn ui(
        &mut self,
        ctx: &egui::Context,
        around: Around<'_>,
        actions: &mut Vec<Action>,
    ) -> bool {
        let Around {
            state,
            settings,
            recordings,
        } = around;
        match self {
            Self::About => text_ui(ctx, "about", 460.0, help::about_ui),
            Self::Shortcuts => text_ui(ctx, "shortcuts", 340.0, help::shortcuts_ui),
            Self::Notice => show(ctx, "notice", 460.0, |ui| {
                notice::notice_ui(ui, recordings, actions)
            }),
            Self::MarkerNames => text_ui(ctx, "marker names", 320.0, |ui| {
                markers::names_ui(ui, &mut settings.markers);
            }),
            Self::Marker(name) => markers::name_ui(ctx, name, actions),
            Self::Card(place) => {
                let model = match place {
                    Place::First => &state.model,
                    Place::Second => &state.second,
                };
                // A second model may have gone meanwhile.
                let Some(model) = model else {
                    return true;
                };
                text_ui(ctx, "card", 520.0, |ui| model_card::card_ui(ui, model))
            }
            Self::Certain => text_ui(ctx, "certain", 440.0, |ui| {
                let card = state.model.as_ref().map(|model| &*model.card);
                certain::certain_ui(ui, &mut settings.certain, card);
            }),
        }
    }
}

/// A page in the middle; `contents` says whether it is done. Each `name` has a size of its own.
pub(super) fn show(
    ctx: &egui::Context,
    name: &str,
    width: f32,
    contents: impl FnOnce(&mut Ui) -> bool,
) -> bool {
    let modal = Modal::new(Id::unique("page").with(name))
        .frame(ground(ctx))
        .show(ctx, |ui| {
            ui.spacing_mut().item_spacing.y = space::XS;
            ui.set_width(width);
            contents(ui)
        });
    modal.inner || modal.should_close()
}

/// A page that is only closed.
fn text_ui(ctx: &egui::Context, name: &str, width: f32, contents: impl FnOnce(&mut Ui)) -> bool {
    show(ctx, name, width, |ui| {
        contents(ui);
        buttons_ui(ui, |ui| main_button(ui, "Close").clicked())
    })
}

/// The row of buttons below a page, from right to left.
pub(super) fn buttons_ui<T>(ui: &mut Ui, add_buttons: impl FnOnce(&mut Ui) -> T) -> T {
    ui.add_space(space::M);
    ui.with_layout(Layout::right_to_left(Align::Center), add_buttons)
        .inner
}

/// The ground of a page.
pub(super) fn ground(ctx: &egui::Context) -> egui::Frame {
    egui::Frame::window(&ctx.global_style()).inner_margin(space::L)
}

/// A heading with some sentences.
pub(super) fn paragraph_ui(ui: &mut Ui, heading: &str, text: &str) {
    let strong = Palette::of(ui.visuals()).strong;
    ui.add_space(space::S);
    ui.label(
        RichText::new(heading)
            .font(semibold(size::BODY))
            .color(strong),
    );
    ui.label(text);
}
