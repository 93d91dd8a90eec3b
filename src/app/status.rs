//! The status line: how fast, how long each stage takes, what runs where. Every field has its width,
//! so nothing moves when numbers change.

use std::path::MAIN_SEPARATOR;
use std::time::Duration;

use egui::accesskit::Role;
use egui::{Align, CursorIcon, Response, Sense, Ui, WidgetInfo, vec2};

use super::action::Action;
use super::page::Page;
use super::theme::{Palette, space};
use super::widgets::{fixed_text, focus_ring, sentence};
use crate::observation::{Observation, StageTimes};
use crate::pipeline::{ActiveModel, Condition, Place, State};

/// Widths in points of window from which each group of fields is shown.
const WITH_STAGES: f32 = 1120.0;
const WITH_DELAY: f32 = 760.0;

/// Draws the line.
pub(super) fn status_ui(
    ui: &mut Ui,
    state: &State,
    observation: Option<&Observation>,
    actions: &mut Vec<Action>,
) {
    let palette = Palette::of(ui.visuals());
    let window = ui.available_width();
    let times = observation.map(|observation| observation.times);
    ui.spacing_mut().item_spacing.x = space::M;
    ui.horizontal_centered(|ui| {
        ui.with_layout(egui::Layout::right_to_left(Align::Center), |ui| {
            provider_ui(ui, state);
            model_ui(ui, state, actions);
            let dropped = format!("{} dropped", thousands(state.dropped));
            fixed_text(ui, 96.0, Align::Max, &dropped, palette.weak).on_hover_text(format!(
                "{} frames came, {} were analysed, {} gave way to newer ones or got no answer",
                thousands(state.captured),
                thousands(state.analyzed),
                thousands(state.dropped),
            ));
            if window >= WITH_DELAY {
                let delay = format!("{} delay", millis(state.delay));
                fixed_text(ui, 96.0, Align::Max, &delay, palette.weak)
                    .on_hover_text("From the camera's picture to its analysis");
            }
            stages_ui(ui, times, window >= WITH_STAGES);
            let rate = format!("{:.1} fps", state.frames_per_second);
            fixed_text(ui, 58.0, Align::Max, &rate, palette.text)
                .on_hover_text("Frames analysed in the last second");
            // The source has what is left.
            ui.with_layout(egui::Layout::left_to_right(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = space::S;
                source_ui(ui, state);
            });
        });
    });
}

/// The model's name; a click shows its card.
fn model_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.visuals());
    let title = |model: &ActiveModel| model.card.title.clone();
    let text = match (&state.loading, &state.model) {
        (Some(name), _) => format!("Loading {name}…"),
        (None, Some(model)) => title(model),
        (None, None) => "No model".to_owned(),
    };
    let place = fixed_text(ui, 132.0, Align::Max, &text, palette.text);
    let id = place.id.with("card");
    let click = ui.interact(place.rect, id, Sense::click());
    click.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Card of {text}")));
    focus_ring(ui, &click, place.rect);
    let click = click
        .on_hover_text("The model: click for its card")
        .on_hover_cursor(CursorIcon::PointingHand);
    if click.clicked() && state.model.is_some() {
        actions.push(Action::Show(Page::Card(Place::First)));
    }
}

/// What is looked at, with a dot that says how it is.
fn source_ui(ui: &mut Ui, state: &State) {
    let palette = Palette::of(ui.visuals());
    let (color, condition) = match &state.condition {
        Condition::Live => (palette.good, "live"),
        Condition::Opening => (palette.weak, "opening"),
        Condition::Paused => (palette.weak, "paused"),
        Condition::Gone(_) => (palette.warn, "away"),
        Condition::Stalled => (palette.warn, "stalled"),
        Condition::Ended => (palette.weak, "ended"),
        Condition::Failed(_) => (palette.error, "failed"),
    };
    let (dot, _) = ui.allocate_exact_size(vec2(8.0, 18.0), Sense::hover());
    ui.painter().circle_filled(dot.center(), 4.0, color);
    let name = match &state.source {
        // Of a path the end tells most.
        Some(source) if !source.is_camera() => state.source_name.rsplit(MAIN_SEPARATOR).next(),
        _ => Some(state.source_name.as_str()),
    };
    let text = format!("{} · {condition}", name.unwrap_or_default());
    let width = ui.available_width();
    let response = fixed_text(ui, width, Align::Min, &text, palette.text);
    if let Condition::Gone(reason) | Condition::Failed(reason) = &state.condition {
        response.on_hover_text(sentence(reason));
    } else {
        response.on_hover_text(&state.source_name);
    }
}

/// Where the model runs, and on hover why not on CUDA.
fn provider_ui(ui: &mut Ui, state: &State) -> Response {
    let palette = Palette::of(ui.visuals());
    let (provider, reason) = state.model.as_ref().map_or(("–", None), |model| {
        (model.provider, model.provider_reason.as_deref())
    });
    let response = fixed_text(ui, 40.0, Align::Max, provider, palette.text);
    match reason {
        Some(reason) => response.on_hover_text(sentence(&format!("Not on CUDA: {reason}"))),
        None => response.on_hover_text("What the model runs on"),
    }
}

/// Milliseconds of each stage with their sum, or the sum alone where there is no room.
fn stages_ui(ui: &mut Ui, times: Option<StageTimes>, all: bool) {
    let palette = Palette::of(ui.visuals());
    let times = times.unwrap_or_default();
    let stages = [
        ("detect", times.shrink + times.detect, 96.0),
        ("crop", times.crop, 84.0),
        ("classify", times.classify, 102.0),
        ("track", times.track, 84.0),
    ];
    let total = format!("{} a frame", millis(times.total()));
    let response = fixed_text(ui, 106.0, Align::Max, &total, palette.text);
    let list: Vec<_> = stages
        .iter()
        .map(|(name, time, _)| format!("{name} {}", millis(*time)))
        .collect();
    response.on_hover_text(format!("The analysis: {}", list.join(", ")));
    if !all {
        return;
    }
    // From right to left, as the line is laid out.
    for (name, time, width) in stages.into_iter().rev() {
        let text = format!("{name} {}", millis(time));
        fixed_text(ui, width, Align::Max, &text, palette.weak);
    }
}

/// `12.3 ms`, and from a hundred on `123 ms`.
fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    if millis < 99.95 {
        format!("{millis:.1} ms")
    } else {
        format!("{millis:.0} ms")
    }
}

/// `1 234 567`, with narrow spaces.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202F}');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(1_234_567), "1\u{202F}234\u{202F}567");
        assert_eq!(millis(Duration::from_micros(12_340)), "12.3 ms");
    }
}
