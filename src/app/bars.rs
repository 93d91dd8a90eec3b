//! What the model reads in the chosen face: its expression in large, and a bar for each expression.

use egui::accesskit::Role;
use egui::{
    Align2, Color32, Painter, Rect, Response, RichText, Sense, Stroke, Theme, Ui, WidgetInfo, pos2,
    vec2,
};

use super::colors;
use super::theme::{Palette, regular, semibold, size, space};
use super::widgets::line_of_text;
use crate::expression::Expression;
use crate::face::{Face, Reading};
use crate::pipeline::{Agreement, State};
use crate::words::{percent, title};

/// Height of one bar's row, and of the bar in it.
const ROW: f32 = 24.0;
const BAR: f32 = 8.0;

/// Width of the names and of the numbers beside the bars.
const NAME: f32 = 76.0;
const NUMBER: f32 = 44.0;

/// Height of a row with a bar for each of two models, and of the bars in it.
const PAIR_ROW: f32 = 34.0;
const PAIR_BAR: f32 = 6.0;

/// The second model.
pub(super) struct Second<'a> {
    title: &'a str,
    agreement: Agreement,
}

impl<'a> Second<'a> {
    /// The one at work, if there is one.
    pub fn of(state: &'a State) -> Option<Self> {
        let model = state.second.as_ref()?;
        Some(Self {
            title: &model.card.title,
            agreement: state.agreement,
        })
    }
}

/// Draws the reading of `face`, or its empty places, which take the same room.
pub(super) fn bars_ui(
    ui: &mut Ui,
    face: Option<&Face>,
    known: &[Expression],
    second: Option<&Second<'_>>,
) {
    let theme = ui.theme();
    readout_ui(ui, face, theme);
    if let Some(second) = second {
        second_ui(ui, face, second, theme);
    }
    ui.add_space(space::S);
    ui.spacing_mut().item_spacing.y = 0.0;
    let rows = Expression::ALL
        .into_iter()
        .filter(|expression| known.contains(expression));
    for expression in rows {
        if second.is_some() {
            pair_ui(ui, face, expression, theme);
        } else {
            bar_ui(ui, face, expression, theme);
        }
    }
}

/// What the second model says, and how often both say the same.
fn second_ui(ui: &mut Ui, face: Option<&Face>, second: &Second<'_>, theme: Theme) {
    let palette = Palette::of(ui.visuals());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 46.0), Sense::hover());
    let reading = face.and_then(|face| face.second);
    let shown = reading.and_then(|reading| reading.shown);
    let answer = reading.map_or_else(
        || "–".to_owned(),
        |reading| format!("{} {}", title(shown), percent(reading.shown_probability())),
    );
    let Agreement { faces, same } = second.agreement;
    let agreement = if faces == 0 {
        "Not compared yet".to_owned()
    } else {
        let share = percent(same as f32 / faces as f32);
        format!("Both say the same of {share} of {faces} faces")
    };
    response.widget_info(|| {
        let words = format!("{} says {answer}. {agreement}", second.title);
        WidgetInfo::labeled(Role::Label, true, words)
    });
    let painter = ui.painter();
    let line = rect.top() + 12.0;
    let color = colors::expression(theme, shown);
    // A ring, as the second bars are pale.
    painter.circle_stroke(pos2(rect.left() + 7.0, line), 5.0, Stroke::new(2.0, color));
    let font = || semibold(size::BODY);
    let at = pos2(rect.right(), line);
    let told = painter.text(at, Align2::RIGHT_CENTER, answer, font(), palette.strong);
    let at = pos2(rect.left() + 24.0, line);
    let room = told.left() - at.x - space::S;
    line_of_text(
        painter,
        at,
        second.title,
        regular(size::BODY),
        palette.text,
        room,
    );
    let at = pos2(rect.left(), rect.top() + 36.0);
    line_of_text(
        painter,
        at,
        &agreement,
        regular(size::SMALL),
        palette.weak,
        rect.width(),
    );
}

/// One row for two models: name, two bars, two numbers, the second's pale.
fn pair_ui(ui: &mut Ui, face: Option<&Face>, expression: Expression, theme: Theme) {
    let palette = Palette::of(ui.visuals());
    let wanted = vec2(ui.available_width(), PAIR_ROW);
    let (rect, response) = ui.allocate_exact_size(wanted, Sense::hover());
    let first = face.map(|face| face.reading);
    let second = face.and_then(|face| face.second);
    let name = title(Some(expression));
    let number = |reading: Option<Reading>| {
        reading.map_or_else(
            || "–".to_owned(),
            |one| percent(one.smoothed.of(expression)),
        )
    };
    response.widget_info(|| {
        let words = format!("{name} {} and {}", number(first), number(second));
        WidgetInfo::labeled(Role::Meter, true, words)
    });
    let is_shown = |reading: &Option<Reading>| {
        reading.is_some_and(|reading| reading.shown == Some(expression))
    };
    let painter = ui.painter();
    let strong = is_shown(&first) || is_shown(&second);
    let (font, color) = if strong {
        (semibold(size::BODY), palette.strong)
    } else {
        (regular(size::BODY), palette.text)
    };
    painter.text(rect.left_center(), Align2::LEFT_CENTER, &name, font, color);
    let full = colors::expression(theme, Some(expression));
    for (reading, fill, offset) in [(first, full, -6.5), (second, full.gamma_multiply(0.5), 6.5)] {
        let middle = rect.center().y + offset;
        let (font, color) = if is_shown(&reading) {
            (semibold(size::SMALL), palette.strong)
        } else {
            (regular(size::SMALL), palette.weak)
        };
        let at = pos2(rect.right(), middle);
        painter.text(at, Align2::RIGHT_CENTER, number(reading), font, color);
        let track = Rect::from_x_y_ranges(
            rect.left() + NAME..=rect.right() - NUMBER,
            middle - PAIR_BAR / 2.0..=middle + PAIR_BAR / 2.0,
        );
        let share = reading.map(|reading| reading.smoothed.of(expression));
        track_ui(painter, track, share, fill, palette.track);
    }
}

/// The expression, its share, and which face that is.
fn readout_ui(ui: &mut Ui, face: Option<&Face>, theme: Theme) {
    let palette = Palette::of(ui.visuals());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 58.0), Sense::hover());
    let (headline, share, color, below) = match face {
        Some(face) => (
            title(face.reading.shown),
            percent(face.reading.shown_probability()),
            colors::expression(theme, face.reading.shown),
            about(face),
        ),
        None => (
            "No face".to_owned(),
            String::new(),
            palette.track,
            "Nobody is in view".to_owned(),
        ),
    };
    response.widget_info(|| {
        let words = [headline.as_str(), &share, &below];
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        WidgetInfo::labeled(Role::Label, true, words.join(" "))
    });
    let painter = ui.painter();
    let middle = rect.top() + 18.0;
    let dot = 14.0;
    painter.circle_filled(pos2(rect.left() + dot / 2.0, middle), dot / 2.0, color);
    let strong = if face.is_some() {
        palette.strong
    } else {
        palette.weak
    };
    painter.text(
        pos2(rect.left() + dot + 10.0, middle),
        Align2::LEFT_CENTER,
        headline,
        semibold(size::READOUT),
        strong,
    );
    painter.text(
        pos2(rect.right(), middle),
        Align2::RIGHT_CENTER,
        share,
        regular(size::READOUT),
        palette.text,
    );
    let place = pos2(rect.left(), rect.top() + 48.0);
    line_of_text(
        painter,
        place,
        &below,
        regular(size::SMALL),
        palette.weak,
        rect.width(),
    );
}

/// Which face, and what makes its reading doubtful.
fn about(face: &Face) -> String {
    let doubts = face.quality.to_string();
    if doubts.is_empty() {
        format!("Face {}", face.id)
    } else {
        format!("Face {} · {}", face.id, doubts.replace('+', ", "))
    }
}

/// One row: name, bar, number.
fn bar_ui(ui: &mut Ui, face: Option<&Face>, expression: Expression, theme: Theme) {
    let share = face.map(|face| face.reading.smoothed.of(expression));
    let shown = face.is_some_and(|face| face.reading.shown == Some(expression));
    let name = title(Some(expression));
    let color = colors::expression(theme, Some(expression));
    meter_ui(ui, &name, share, color, shown);
}

/// A name, a bar and a number; the one that matters most is `strong`.
pub(super) fn meter_ui(
    ui: &mut Ui,
    name: &str,
    share: Option<f32>,
    fill: Color32,
    strong: bool,
) -> Response {
    let palette = Palette::of(ui.visuals());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let number = share.map_or_else(|| "–".to_owned(), percent);
    response.widget_info(|| WidgetInfo {
        value: share.map(|share| f64::from(share) * 100.0),
        ..WidgetInfo::labeled(Role::Meter, true, format!("{name} {number}"))
    });

    let (font, color) = if strong {
        (semibold(size::BODY), palette.strong)
    } else if share.is_some() {
        (regular(size::BODY), palette.text)
    } else {
        (regular(size::BODY), palette.weak)
    };
    let painter = ui.painter();
    painter.text(
        rect.left_center(),
        Align2::LEFT_CENTER,
        name,
        font.clone(),
        color,
    );
    painter.text(
        rect.right_center(),
        Align2::RIGHT_CENTER,
        number,
        font,
        color,
    );
    let track = Rect::from_x_y_ranges(
        rect.left() + NAME..=rect.right() - NUMBER,
        rect.center().y - BAR / 2.0..=rect.center().y + BAR / 2.0,
    );
    track_ui(painter, track, share, fill, palette.track);
    response
}

/// A bar in its track.
fn track_ui(painter: &Painter, track: Rect, share: Option<f32>, fill: Color32, ground: Color32) {
    let height = track.height();
    painter.rect_filled(track, height / 2.0, ground);
    // Less than half a percent reads as none.
    if let Some(share) = share.filter(|share| *share >= 0.005) {
        // Never narrower than it is high: a round end needs the room.
        let width = (track.width() * share).max(height);
        let filled = Rect::from_min_size(track.min, vec2(width, height));
        painter.rect_filled(filled, height / 2.0, fill);
    }
}

/// The small heading of a part of the side panel.
pub(super) fn heading_ui(ui: &mut Ui, text: &str) {
    let color = Palette::of(ui.visuals()).weak;
    ui.label(RichText::new(text).font(semibold(size::SMALL)).color(color));
}
