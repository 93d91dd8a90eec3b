//! The time line: a lane for each person, markers across them, and the moment that is looked at.

use std::time::Duration;

use egui::accesskit::Role;
use egui::{
    Align2, CursorIcon, Rect, Response, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::super::theme::{Palette, RADIUS, regular, semibold, size, space};
use super::super::widgets::{focus_ring, line_of_text};
use super::lane::{self, Scale};
use super::moment;
use super::people::{self, Deed, Naming};
use crate::report::{Analysis, Phase, Unit};
use crate::words::clock;

/// Width of the labels, heights of the ruler and of a lane, and how many lanes are seen at once.
const LABELS: f32 = 190.0;
const RULER: f32 = 42.0;
const LANE: f32 = 30.0;
const LANES: usize = 6;

/// How much is seen at least.
fn least(unit: Unit) -> f64 {
    match unit {
        Unit::Milliseconds => 2000.0,
        Unit::Pictures => 5.0,
    }
}

/// The height of the time line with its margins.
pub(super) fn height(analysis: &Analysis) -> f32 {
    let lanes = analysis.people.len() + analysis.left_out.len();
    RULER + lanes.clamp(1, LANES) as f32 * LANE + 2.0 * space::M
}

/// Which part is in view, and what is being typed.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Its first and last position; `None` is all.
    view: Option<(f64, f64)>,
    naming: Naming,
}

impl Timeline {
    /// Draws the time line; moves `at` where the user clicks. Returns what is wanted with a person.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        analysis: &Analysis,
        chosen: Option<u64>,
        at: &mut u64,
    ) -> Option<Deed> {
        let area = ui.max_rect();
        let lanes = Rect::from_min_max(area.min + vec2(LABELS + space::S, 0.0), area.max);
        self.wheel(ui, analysis, lanes);
        let scale = self.scale(analysis, lanes);
        let (clock, ruler) = ruler_rects(area, lanes);
        self.clock_ui(ui, clock, analysis, *at);
        ticks(ui, ruler, &scale, analysis.unit);
        let pointed = ui.interact(lanes, ui.scope_id().with("lanes"), Sense::click_and_drag());
        pointed.widget_info(|| WidgetInfo::labeled(Role::Slider, true, "Time line"));
        if (pointed.clicked() || pointed.dragged())
            && let Some(pointer) = pointed.interact_pointer_pos()
        {
            *at = scale.position(pointer.x);
        }
        if let Some(phase) = markers_ui(ui, ruler, &scale, analysis) {
            *at = phase;
        }
        *at = (*at).min(analysis.end.saturating_sub(1));
        let below = Rect::from_min_max(pos2(area.left(), ruler.bottom()), area.max);
        let mut deed = None;
        ui.scope_builder(egui::UiBuilder::new().max_rect(below), |ui| {
            deed = self.lanes_ui(ui, analysis, chosen, &scale);
        });
        lines(ui, lanes, &scale, analysis, *at);
        deed
    }

    /// A lane for each person, and below them who is left out.
    fn lanes_ui(
        &mut self,
        ui: &mut Ui,
        analysis: &Analysis,
        chosen: Option<u64>,
        scale: &Scale,
    ) -> Option<Deed> {
        ui.spacing_mut().item_spacing.y = 0.0;
        let theme = ui.theme();
        let people = analysis.people.len();
        let mut deed = None;
        ScrollArea::vertical().auto_shrink(false).show_rows(
            ui,
            LANE,
            people + analysis.left_out.len(),
            |ui, rows| {
                for row in rows {
                    let wanted = vec2(ui.available_width(), LANE);
                    let (rect, _) = ui.allocate_exact_size(wanted, Sense::hover());
                    let label = Rect::from_min_size(rect.min, vec2(LABELS, LANE));
                    let track = Rect::from_x_y_ranges(scale.left..=scale.right, rect.y_range());
                    let track = track.shrink2(vec2(0.0, 5.0));
                    let gaps = &analysis.gaps;
                    let done = if let Some(person) = analysis.people.get(row) {
                        lane::paint(ui.painter(), track, scale, &person.spans, gaps, theme);
                        let is_chosen = chosen.is_some_and(|face| person.faces.contains(&face));
                        let naming = &mut self.naming;
                        people::label_ui(ui, label, analysis, person, is_chosen, naming)
                    } else {
                        let face = analysis.left_out.get(row - people);
                        face.and_then(|face| people::left_out_ui(ui, label, *face))
                    };
                    deed = deed.take().or(done);
                }
            },
        );
        deed
    }

    /// The moment in numbers, and the buttons that show less or more.
    fn clock_ui(&mut self, ui: &mut Ui, rect: Rect, analysis: &Analysis, at: u64) {
        let palette = Palette::of(ui.visuals());
        let text = moment(analysis.unit, at);
        let font = semibold(size::TITLE);
        let place = pos2(rect.left() + space::S, rect.center().y);
        line_of_text(
            ui.painter(),
            place,
            &text,
            font,
            palette.strong,
            rect.width(),
        );
        let middle = at as f64;
        let buttons = [
            ("All", 34.0, "Show the whole session", None),
            ("+", 26.0, "Show less, larger", Some(0.5)),
            ("–", 26.0, "Show more, smaller", Some(2.0)),
        ];
        let mut right = rect.right();
        for (sign, width, label, factor) in buttons {
            let center = pos2(right - width / 2.0, rect.center().y);
            right -= width + 2.0;
            let place = Rect::from_center_size(center, vec2(width, 26.0));
            if sign_button(ui, place, sign, label).clicked() {
                match factor {
                    Some(factor) => self.zoom(analysis, factor, middle),
                    None => self.view = None,
                }
            }
        }
    }

    fn scale(&self, analysis: &Analysis, lanes: Rect) -> Scale {
        let (from, to) = self.view.unwrap_or((0.0, analysis.end.max(1) as f64));
        Scale {
            from,
            to,
            left: lanes.left(),
            right: lanes.right(),
        }
    }

    /// With Ctrl the wheel shows less or more around the pointer; sideways it moves.
    fn wheel(&mut self, ui: &Ui, analysis: &Analysis, lanes: Rect) {
        let (pointer, zoom, moved) = ui.input(|input| {
            let moved = input.smooth_scroll_delta().x;
            (input.pointer.hover_pos(), input.zoom_delta(), moved)
        });
        let Some(pointer) = pointer.filter(|pointer| lanes.contains(*pointer)) else {
            return;
        };
        let scale = self.scale(analysis, lanes);
        if (zoom - 1.0).abs() > f32::EPSILON {
            let middle = scale.position(pointer.x) as f64;
            self.zoom(analysis, f64::from(1.0 / zoom), middle);
        }
        if moved.abs() > 0.0
            && let Some((from, to)) = self.view
        {
            let points = f64::from(scale.right - scale.left).max(1.0);
            let by = f64::from(-moved) * (to - from) / points;
            self.look(analysis, from + by, to - from);
        }
    }

    /// Shows `factor` times as much; `middle` stays where it is.
    fn zoom(&mut self, analysis: &Analysis, factor: f64, middle: f64) {
        let (from, to) = self.view.unwrap_or((0.0, analysis.end as f64));
        let length = ((to - from) * factor).max(least(analysis.unit));
        let share = ((middle - from) / (to - from)).clamp(0.0, 1.0);
        self.look(analysis, middle - share * length, length);
    }

    /// Shows so much from there on, never beyond the ends.
    fn look(&mut self, analysis: &Analysis, from: f64, length: f64) {
        let end = analysis.end as f64;
        let from = from.min(end - length).max(0.0);
        self.view = (length < end).then_some((from, from + length));
    }
}

/// Where the clock and the ruler are.
fn ruler_rects(area: Rect, lanes: Rect) -> (Rect, Rect) {
    let clock = Rect::from_min_size(area.min, vec2(LABELS, RULER - space::XS));
    (
        clock,
        Rect::from_min_size(lanes.min, vec2(lanes.width(), RULER)),
    )
}

/// A square button with one sign.
fn sign_button(ui: &Ui, rect: Rect, sign: &str, label: &str) -> Response {
    let palette = Palette::of(ui.visuals());
    let response = ui.interact(rect, ui.scope_id().with(label), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    let fill = if response.hovered() {
        palette.hover
    } else {
        palette.track
    };
    ui.painter().rect_filled(rect, RADIUS, fill);
    let font = regular(size::BODY);
    ui.painter().text(
        rect.center(),
        Align2::CENTER_CENTER,
        sign,
        font,
        palette.text,
    );
    focus_ring(ui, &response, rect);
    response.on_hover_text(label)
}

/// Steps between two ticks: seconds, or pictures.
const STEPS: [u64; 14] = [
    1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200,
];

/// Times below the ruler's flags.
fn ticks(ui: &Ui, ruler: Rect, scale: &Scale, unit: Unit) {
    let palette = Palette::of(ui.visuals());
    let painter = ui
        .painter()
        .with_clip_rect(ruler.expand2(vec2(space::S, 0.0)));
    let base = match unit {
        Unit::Milliseconds => 1000,
        Unit::Pictures => 1,
    };
    let room = f64::from(scale.right - scale.left) / (scale.to - scale.from) * base as f64;
    let fits = |step: &&u64| **step as f64 * room >= 70.0;
    let step = STEPS.iter().find(fits).unwrap_or(&14_400) * base;
    let mut position = (scale.from / step as f64).ceil() as u64 * step;
    while position as f64 <= scale.to {
        let x = scale.x(position);
        let text = match unit {
            Unit::Milliseconds => clock(Duration::from_millis(position)),
            Unit::Pictures => (position + 1).to_string(),
        };
        let stroke = Stroke::new(1.0, palette.line);
        painter.vline(x, ruler.bottom() - 5.0..=ruler.bottom(), stroke);
        let place = pos2(x + 3.0, ruler.bottom() - 9.0);
        let font = regular(11.0);
        painter.text(place, Align2::LEFT_CENTER, text, font, palette.weak);
        position += step;
    }
}

/// The markers' names in the ruler. Returns the position of one that was clicked.
fn markers_ui(ui: &Ui, ruler: Rect, scale: &Scale, analysis: &Analysis) -> Option<u64> {
    let palette = Palette::of(ui.visuals());
    let marked: Vec<&Phase> = analysis
        .phases
        .iter()
        .filter(|phase| phase.marked)
        .collect();
    let mut clicked = None;
    for (index, phase) in marked.iter().enumerate() {
        let x = scale.x(phase.start);
        if x < scale.left - 1.0 || x > scale.right {
            continue;
        }
        let next = marked.get(index + 1);
        let end = next.map_or(scale.right, |next| scale.x(next.start).min(scale.right));
        let width = (end - x - space::XS).min(220.0);
        let flag = Rect::from_min_size(pos2(x, ruler.top()), vec2(width.max(6.0), 18.0));
        let id = ui.scope_id().with(("marker", index));
        let response = ui.interact(flag, id, Sense::click());
        let label = format!("{}, {}", phase.name, moment(analysis.unit, phase.start));
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Marker {label}")));
        if width > 14.0 {
            let place = flag.left_center() + vec2(5.0, 0.0);
            let font = semibold(size::SMALL);
            let color = palette.strong;
            line_of_text(ui.painter(), place, &phase.name, font, color, width - 5.0);
        }
        let response = response
            .on_hover_text(label)
            .on_hover_cursor(CursorIcon::PointingHand);
        if response.clicked() {
            clicked = Some(phase.start);
        }
    }
    clicked
}

/// Markers and the moment, across all lanes.
fn lines(ui: &Ui, lanes: Rect, scale: &Scale, analysis: &Analysis, at: u64) {
    let palette = Palette::of(ui.visuals());
    let painter = ui.painter().with_clip_rect(lanes.expand2(vec2(2.0, 0.0)));
    for phase in analysis.phases.iter().filter(|phase| phase.marked) {
        let stroke = Stroke::new(1.0, palette.strong);
        painter.vline(scale.x(phase.start), lanes.y_range(), stroke);
    }
    let x = scale.x(at);
    let top = lanes.top() + 20.0;
    painter.vline(x, top..=lanes.bottom(), Stroke::new(2.0, palette.accent));
    painter.circle_filled(pos2(x, top), 4.0, palette.accent);
}
