//! Small widgets of our own, and how sentences and paths are written in the window.

use std::path::{Path, PathBuf};

use egui::accesskit::Role;
use egui::{
    Align, Color32, FontId, Painter, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, Widget,
    WidgetInfo, pos2, vec2,
};

use super::theme::{Palette, RADIUS, regular, semibold, size, space};

/// A sentence with its first letter large and a full stop; errors come without.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let mut sentence: String = letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    });
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    sentence
}

/// The path as far as `width` points allow, its beginning cut off first.
pub(super) fn fit_path(painter: &Painter, path: &Path, font: &FontId, width: f32) -> String {
    let fits = |text: &str| {
        let galley = painter.layout_no_wrap(text.to_owned(), font.clone(), Color32::WHITE);
        galley.size().x <= width
    };
    let whole = path.display().to_string();
    if fits(&whole) {
        return whole;
    }
    let parts: Vec<_> = path.components().collect();
    for start in 1..parts.len() {
        let rest: PathBuf = parts.iter().skip(start).collect();
        let text = format!("…{}{}", std::path::MAIN_SEPARATOR, rest.display());
        if fits(&text) {
            return text;
        }
    }
    "…".to_owned()
}

/// One line of text at a place, cut with an ellipsis where `width` ends. Returns where it lies.
pub(super) fn line_of_text(
    painter: &Painter,
    left_center: Pos2,
    text: &str,
    font: FontId,
    color: Color32,
    width: f32,
) -> Rect {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(0.0));
    let galley = painter.layout_job(job);
    let rect = egui::Align2::LEFT_CENTER.anchor_size(left_center, galley.size());
    painter.galley(rect.min, galley, color);
    rect
}

/// What stands in a menu row's gutter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mark {
    /// No gutter mark, and none to come.
    #[default]
    None,
    /// One of several, the chosen one ticked.
    Tick(bool),
    /// At work on it.
    Busy,
}

/// A row of a menu: a mark, a label, perhaps a second line, and a key at its right.
#[derive(Debug, Default)]
pub(super) struct MenuItem<'a> {
    label: &'a str,
    detail: &'a str,
    key: String,
    mark: Mark,
}

impl<'a> MenuItem<'a> {
    /// A row that does something.
    pub fn new(label: &'a str) -> Self {
        Self {
            label,
            ..Self::default()
        }
    }

    /// Adds a second, smaller line.
    pub fn detail(mut self, detail: &'a str) -> Self {
        self.detail = detail;
        self
    }

    /// Names the key that does the same.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// Sets the mark in the gutter.
    pub fn mark(mut self, mark: Mark) -> Self {
        self.mark = mark;
        self
    }
}

/// Width of a menu row's gutter, and the most that its words may take.
const GUTTER: f32 = 26.0;
const WORDS: f32 = 360.0;

impl Widget for MenuItem<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let palette = Palette::of(ui.visuals());
        let painter = ui.painter();
        let cut = |words: &str, size: f32, color: Color32| {
            let mut job =
                egui::text::LayoutJob::simple_singleline(words.to_owned(), regular(size), color);
            job.wrap = egui::text::TextWrapping::truncate_at_width(WORDS);
            painter.layout_job(job)
        };
        let label = cut(self.label, size::BODY, palette.text);
        let detail = cut(self.detail, size::SMALL, palette.weak);
        let key = cut(&self.key, size::SMALL, palette.weak);
        let words = label.size().x.max(detail.size().x);
        let height = if self.detail.is_empty() { 30.0 } else { 46.0 };
        let wanted = vec2(GUTTER + words + space::L + key.size().x + space::S, height);

        let (rect, response) = ui.allocate_at_least(wanted, Sense::click());
        let enabled = ui.is_enabled();
        let selected = match self.mark {
            Mark::None => None,
            Mark::Tick(on) => Some(on),
            Mark::Busy => Some(false),
        };
        response.widget_info(|| match selected {
            Some(on) => WidgetInfo::selected(Role::MenuItemRadio, enabled, on, self.label),
            None => WidgetInfo::labeled(Role::MenuItem, enabled, self.label),
        });

        if ui.is_rect_visible(rect) {
            if response.hovered() || response.has_focus() {
                ui.painter().rect_filled(rect, RADIUS, palette.hover);
            }
            let mark = pos2(rect.left() + GUTTER / 2.0, rect.center().y);
            match self.mark {
                Mark::Tick(true) => tick(ui.painter(), mark, palette.accent),
                Mark::Busy => {
                    let place = Rect::from_center_size(mark, vec2(14.0, 14.0));
                    egui::Spinner::new()
                        .color(palette.accent)
                        .paint_at(ui, place);
                }
                Mark::Tick(false) | Mark::None => {}
            }
            let left = rect.left() + GUTTER;
            let middle = |galley: &egui::Galley, y: f32| pos2(left, y - galley.size().y / 2.0);
            let (first, second) = if self.detail.is_empty() {
                (rect.center().y, None)
            } else {
                (rect.center().y - 9.0, Some(rect.center().y + 10.0))
            };
            ui.painter()
                .galley(middle(&label, first), label.clone(), palette.text);
            if let Some(second) = second {
                ui.painter()
                    .galley(middle(&detail, second), detail.clone(), palette.weak);
            }
            let right = rect.right() - space::S - key.size().x;
            let top = rect.center().y - key.size().y / 2.0;
            ui.painter().galley(pos2(right, top), key, palette.weak);
        }
        response
    }
}

/// A check mark.
fn tick(painter: &Painter, center: Pos2, color: Color32) {
    let points = [vec2(-4.5, 0.5), vec2(-1.5, 3.5), vec2(4.5, -3.5)]
        .map(|offset| center + offset)
        .to_vec();
    painter.line(points, Stroke::new(2.0, color));
}

/// A heading between groups of menu rows.
pub(super) fn menu_heading(ui: &mut Ui, text: &str) {
    let color = Palette::of(ui.visuals()).weak;
    ui.horizontal(|ui| {
        ui.add_space(GUTTER);
        ui.label(
            egui::RichText::new(text)
                .font(semibold(size::SMALL))
                .color(color),
        );
    });
}

/// A button with the accent, for the one thing to do next.
pub(super) fn main_button(ui: &mut Ui, text: &str) -> Response {
    let palette = Palette::of(ui.visuals());
    let label = egui::RichText::new(text)
        .font(semibold(size::BODY))
        .color(palette.on_accent);
    ui.add(
        egui::Button::new(label)
            .fill(palette.accent)
            .min_size(vec2(0.0, 32.0)),
    )
}

/// A plain button of the same height.
pub(super) fn button(ui: &mut Ui, text: &str) -> Response {
    ui.add(egui::Button::new(text).min_size(vec2(0.0, 32.0)))
}

/// A cross that closes what it stands on; `label` says what that is.
pub(super) fn close_button(ui: &mut Ui, label: &str) -> Response {
    let palette = Palette::of(ui.visuals());
    let (rect, response) = ui.allocate_exact_size(vec2(22.0, 22.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, RADIUS, palette.hover);
    }
    let (center, arm) = (rect.center(), 3.5);
    let stroke = Stroke::new(1.5, palette.weak);
    ui.painter()
        .line_segment([center - vec2(arm, arm), center + vec2(arm, arm)], stroke);
    ui.painter()
        .line_segment([center + vec2(-arm, arm), center + vec2(arm, -arm)], stroke);
    response
}

/// Two bars, or a triangle when `paused`: what a click on it would do.
pub(super) fn pause_sign(
    painter: &Painter,
    center: Pos2,
    height: f32,
    paused: bool,
    color: Color32,
) {
    let half = height / 2.0;
    if paused {
        let points = vec![
            center + vec2(-0.7 * half, -half),
            center + vec2(half, 0.0),
            center + vec2(-0.7 * half, half),
        ];
        painter.add(egui::Shape::convex_polygon(points, color, Stroke::NONE));
        return;
    }
    for side in [-1.0, 1.0] {
        let bar = Rect::from_center_size(
            center + vec2(side * half * 0.55, 0.0),
            vec2(height * 0.28, height),
        );
        painter.rect_filled(bar, 1.0, color);
    }
}

/// The round-cornered ground of something that lies on the picture or the window.
pub(super) fn card(ui: &Ui) -> egui::Frame {
    let palette = Palette::of(ui.visuals());
    egui::Frame::new()
        .fill(palette.raised)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(2 * RADIUS)
        .shadow(ui.visuals().popup_shadow)
        .inner_margin(egui::Margin::symmetric(14, 10))
}

/// A thin outline that shows the keyboard's focus.
pub(super) fn focus_ring(ui: &Ui, response: &Response, rect: Rect) {
    if response.has_focus() {
        let stroke = Stroke::new(1.5, Palette::of(ui.visuals()).accent);
        ui.painter()
            .rect_stroke(rect, RADIUS, stroke, StrokeKind::Inside);
    }
}

/// Text of a fixed width, so that what follows stays in place.
pub(super) fn fixed_text(
    ui: &mut Ui,
    width: f32,
    align: Align,
    text: &str,
    color: Color32,
) -> Response {
    let font = regular(size::SMALL);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 18.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font.clone(), color);
    if align == Align::Max && galley.size().x <= width {
        let at = egui::Align2::RIGHT_CENTER.anchor_size(rect.right_center(), galley.size());
        ui.painter().galley(at.min, galley, color);
    } else {
        line_of_text(ui.painter(), rect.left_center(), text, font, color, width);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_large_and_ends_with_a_stop() {
        assert_eq!(sentence("no camera was found"), "No camera was found.");
    }
}
