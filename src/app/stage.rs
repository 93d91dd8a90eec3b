//! The middle of the window: the picture, or in its place why there is none and what to do.

use std::time::Duration;

use egui::accesskit::Role;
use egui::{Align2, Color32, Rect, RichText, Ui, UiBuilder, WidgetInfo, vec2};

use super::action::Action;
use super::background::Pick;
use super::theme::{Palette, regular, semibold, size, space};
use super::video::{Look, Shown, Video};
use super::widgets::{button, card, close_button, main_button, sentence};
use crate::observation::Observation;
use crate::pipeline::{Command, Condition, State};
use crate::source::SourceSpec;

/// How long a picture may be without a face before the window says so.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the stage draws from.
pub(super) struct Scene<'a> {
    /// What is true of the pipeline.
    pub state: &'a State,
    /// The newest observation.
    pub observation: Option<&'a Observation>,
    /// The face that the bars are about.
    pub chosen: Option<u64>,
    /// How the picture is shown.
    pub mirrored: bool,
    /// With boxes and labels.
    pub boxes: bool,
    /// How long no face has been seen.
    pub faceless: Duration,
    /// What to say first: why this is the demo.
    pub welcome: Option<&'a str>,
}

/// Draws the scene into the whole of `ui`.
pub(super) fn stage_ui(
    ui: &mut Ui,
    video: &mut Video,
    scene: &Scene<'_>,
    actions: &mut Vec<Action>,
) -> Shown {
    let area = ui.max_rect();
    let condition = &scene.state.condition;
    // A source that failed has no picture of its own; the one before would only mislead.
    let observation = scene
        .observation
        .filter(|_| !matches!(condition, Condition::Failed(_)));
    let Some(observation) = observation else {
        empty_ui(ui, area, scene, actions);
        return Shown::default();
    };
    let dimmed = matches!(
        condition,
        Condition::Paused | Condition::Gone(_) | Condition::Stalled | Condition::Opening
    );
    let look = Look {
        mirrored: scene.mirrored,
        boxes: scene.boxes,
        dimmed,
    };
    let shown = video.ui(ui, area, observation, scene.chosen, look, &|id| {
        format!("#{id}")
    });
    let picture = shown.picture.unwrap_or(area);
    match condition {
        Condition::Paused => paused_ui(ui, picture),
        Condition::Gone(reason) => gone_ui(ui, picture, scene.state, reason, actions),
        Condition::Stalled => stalled_ui(ui, picture, scene.state, actions),
        Condition::Ended if !observation.frame.still => ended_ui(ui, picture, scene.state, actions),
        Condition::Opening => {
            let text = format!("Opening {}…", scene.state.source_name);
            pill_ui(ui, picture.center(), Align2::CENTER_CENTER, &text);
        }
        _ if scene.state.no_answer
            || scene.faceless >= PATIENCE
            || (observation.frame.still && observation.faces.is_empty()) =>
        {
            let text = if scene.state.no_answer {
                "The model gives no answer; choose another one"
            } else if observation.frame.still {
                "No face was found in this picture"
            } else {
                "No face in view. Look towards the camera, in good light"
            };
            let place = picture.center_bottom() - vec2(0.0, space::M);
            pill_ui(ui, place, Align2::CENTER_BOTTOM, text);
        }
        _ => {}
    }
    if let Some(text) = scene.welcome {
        welcome_ui(ui, picture, text, actions);
    }
    shown
}

/// Nothing to see yet, or no more.
fn empty_ui(ui: &mut Ui, area: Rect, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let state = scene.state;
    match &state.condition {
        Condition::Failed(reason) => {
            message_ui(ui, area, "This source cannot be shown", reason, "", |ui| {
                if main_button(ui, "Open file…").clicked() {
                    actions.push(Action::Pick(Pick::File));
                }
                again_button(ui, state, actions);
                demo_button(ui, actions);
            });
        }
        Condition::Gone(reason) => gone_ui(ui, area, state, reason, actions),
        Condition::Stalled => stalled_ui(ui, area, state, actions),
        Condition::Paused => paused_ui(ui, area),
        Condition::Ended => ended_ui(ui, area, state, actions),
        Condition::Opening | Condition::Live => {
            let text = format!("Opening {}…", state.source_name);
            let color = Palette::of(ui.visuals()).weak;
            let place = ui.painter().text(
                area.center(),
                Align2::CENTER_CENTER,
                &text,
                regular(size::TITLE),
                color,
            );
            say(ui, place, &text);
        }
    }
}

fn gone_ui(ui: &mut Ui, area: Rect, state: &State, reason: &str, actions: &mut Vec<Action>) {
    let hint = "Mien looks for it every second";
    message_ui(ui, area, "The camera is away", reason, hint, |ui| {
        if main_button(ui, "Try again").clicked() {
            again(state, actions);
        }
        demo_button(ui, actions);
    });
}

fn stalled_ui(ui: &mut Ui, area: Rect, state: &State, actions: &mut Vec<Action>) {
    let reason = format!("'{}' has stopped sending pictures", state.source_name);
    let hint = "Mien opens it again by itself";
    message_ui(ui, area, "The camera has stalled", &reason, hint, |ui| {
        if main_button(ui, "Try again").clicked() {
            again(state, actions);
        }
    });
}

fn again_button(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    if button(ui, "Try again").clicked() {
        again(state, actions);
    }
}

fn demo_button(ui: &mut Ui, actions: &mut Vec<Action>) {
    if button(ui, "Play the demo").clicked() {
        actions.push(Action::Tell(Command::Source(SourceSpec::Demo)));
    }
}

/// Opens the same source once more.
fn again(state: &State, actions: &mut Vec<Action>) {
    if let Some(source) = &state.source {
        actions.push(Action::Tell(Command::Source(source.clone())));
    }
}

/// A card in the middle: what happened, why, and what to do.
pub(super) fn message_ui(
    ui: &mut Ui,
    area: Rect,
    heading: &str,
    reason: &str,
    hint: &str,
    add_buttons: impl FnOnce(&mut Ui),
) {
    let palette = Palette::of(ui.visuals());
    let width = (area.width() - 4.0 * space::M).clamp(200.0, 400.0);
    let place = Rect::from_center_size(area.center(), vec2(width, 150.0));
    let builder = UiBuilder::new()
        .max_rect(place)
        .layout(egui::Layout::top_down(egui::Align::Min));
    ui.scope_builder(builder, |ui| {
        card(ui).inner_margin(20.0).show(ui, |ui| {
            ui.set_width(width - 40.0);
            ui.label(
                RichText::new(heading)
                    .font(semibold(size::TITLE))
                    .color(palette.strong),
            );
            ui.add(egui::Label::new(sentence(reason)).wrap().selectable(true));
            ui.add_space(space::XS);
            ui.horizontal(|ui| add_buttons(ui));
            if !hint.is_empty() {
                ui.label(RichText::new(hint).small().color(palette.weak));
            }
        });
    });
}

/// That it is paused, and how to go on.
fn paused_ui(ui: &mut Ui, picture: Rect) {
    let place = picture.center_bottom() - vec2(0.0, space::M);
    pill_ui(ui, place, Align2::CENTER_BOTTOM, "Paused. Space goes on");
}

/// The end of a video or folder, with the way back to its start.
fn ended_ui(ui: &mut Ui, picture: Rect, state: &State, actions: &mut Vec<Action>) {
    let size = vec2(230.0, 48.0);
    let place =
        Align2::CENTER_BOTTOM.anchor_size(picture.center_bottom() - vec2(0.0, space::M), size);
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        card(ui)
            .inner_margin(egui::Margin::symmetric(14, 8))
            .show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.label("This is the end.");
                    if main_button(ui, "Play again").clicked() {
                        again(state, actions);
                    }
                });
            });
    });
}

/// Why this is the demo, on the picture's upper edge.
fn welcome_ui(ui: &mut Ui, picture: Rect, text: &str, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.visuals());
    let width = (picture.width() - 2.0 * space::M).clamp(200.0, 560.0);
    let top = picture.center_top() + vec2(0.0, space::M);
    let place = Align2::CENTER_TOP.anchor_size(top, vec2(width, 52.0));
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        card(ui)
            .inner_margin(egui::Margin::symmetric(14, 8))
            .show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.set_width(width - 28.0);
                    let right = egui::Layout::right_to_left(egui::Align::Center);
                    ui.with_layout(right, |ui| {
                        if close_button(ui, "Close this message").clicked() {
                            actions.push(Action::DismissWelcome);
                        }
                        if main_button(ui, "Try again").clicked() {
                            actions.push(Action::Tell(Command::Source(SourceSpec::Camera(None))));
                        }
                        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                            let text = RichText::new(sentence(text)).color(palette.text);
                            ui.add(egui::Label::new(text).wrap());
                        });
                    });
                });
            });
    });
}

/// A few words on the picture, readable on any.
pub(super) fn pill_ui(ui: &mut Ui, anchor: egui::Pos2, align: Align2, text: &str) {
    let white = Color32::from_gray(240);
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), regular(size::BODY), white);
    let place = align.anchor_size(anchor, galley.size() + vec2(28.0, 16.0));
    ui.painter()
        .rect_filled(place, place.height() / 2.0, Color32::from_black_alpha(190));
    ui.painter()
        .galley(place.min + vec2(14.0, 8.0), galley, white);
    say(ui, place, text);
}

/// A label for painted words, for screen readers.
pub(super) fn say(ui: &mut Ui, place: Rect, text: &str) {
    let id = ui.scope_id().with(("said", text));
    let response = ui.interact(place, id, egui::Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Status, true, text));
}

/// While files are dragged over the window: that they may be dropped.
pub(super) fn drop_ui(ctx: &egui::Context) {
    let painter = ctx.layer_painter(egui::LayerId::new(
        egui::Order::Foreground,
        egui::Id::unique("drop a file"),
    ));
    let area = ctx.content_rect();
    painter.rect_filled(area, 0.0, Color32::from_black_alpha(170));
    let accent = Palette::for_theme(egui::Theme::Dark).accent;
    let edge = egui::Stroke::new(2.0, accent);
    painter.rect_stroke(area.shrink(space::M), 12.0, edge, egui::StrokeKind::Inside);
    let font = semibold(size::READOUT);
    let white = Color32::from_gray(245);
    painter.text(
        area.center(),
        Align2::CENTER_CENTER,
        "Drop it to open it",
        font,
        white,
    );
}
