//! Notices: a few at a time, in a corner without a face, gone by themselves or by a click.

use std::time::Duration;

use egui::accesskit::Role;
use egui::{Align2, Area, Id, Order, Rect, Ui, WidgetInfo, vec2};

use super::theme::{Palette, space};
use super::widgets::{card, close_button, sentence};
use crate::pipeline::{Notice, Severity};

/// Notices on the screen at once; the oldest makes room.
const MOST: usize = 3;

/// How long good news stays. Errors stay until they are closed.
const STAY: Duration = Duration::from_secs(6);

/// Width of a notice.
const WIDTH: f32 = 300.0;

#[derive(Debug)]
struct Toast {
    notice: Notice,
    /// How often it was said.
    times: u32,
    /// When it goes, by the window's clock in seconds.
    until: Option<f64>,
    number: u64,
}

/// The notices on the screen.
#[derive(Debug, Default)]
pub(super) struct Toasts {
    shown: Vec<Toast>,
    made: u64,
    /// Where they are; they do not move while faces do.
    corner: Option<Align2>,
}

impl Toasts {
    /// Shows a notice; one that is there already is counted.
    pub fn add(&mut self, ctx: &egui::Context, notice: Notice) {
        let until = (notice.severity == Severity::Info)
            .then(|| ctx.input(|input| input.time) + STAY.as_secs_f64());
        if let Some(same) = self.shown.iter_mut().find(|toast| toast.notice == notice) {
            same.times += 1;
            same.until = until;
            return;
        }
        if self.shown.len() >= MOST {
            self.shown.remove(0);
        }
        self.made += 1;
        self.shown.push(Toast {
            notice,
            times: 1,
            until,
            number: self.made,
        });
    }

    /// Draws them in the corner of `area` that `faces` leave free.
    pub fn ui(&mut self, ctx: &egui::Context, area: Rect, faces: &[Rect]) {
        let now = ctx.input(|input| input.time);
        self.shown
            .retain(|toast| toast.until.is_none_or(|until| until > now));
        if let Some(next) = self
            .shown
            .iter()
            .filter_map(|toast| toast.until)
            .reduce(f64::min)
        {
            ctx.request_repaint_after(Duration::from_secs_f64((next - now).max(0.0)));
        }
        if self.shown.is_empty() {
            self.corner = None;
            return;
        }
        let room = area;
        let area = area.shrink(space::M);
        let corner = *self
            .corner
            .get_or_insert_with(|| quiet_corner(area, vec2(WIDTH, 120.0), faces));
        let anchor = corner.pos_in_rect(&area);
        let mut closed = None;
        Area::new(Id::unique("notices"))
            .order(Order::Foreground)
            .pivot(corner)
            .fixed_pos(anchor)
            .constrain_to(room)
            .show(ctx, |ui| {
                ui.set_width(WIDTH);
                for toast in &self.shown {
                    if toast_ui(ui, toast) {
                        closed = Some(toast.number);
                    }
                }
            });
        self.shown.retain(|toast| Some(toast.number) != closed);
    }
}

/// Draws one notice. Returns whether it was closed.
fn toast_ui(ui: &mut Ui, toast: &Toast) -> bool {
    let palette = Palette::of(ui.visuals());
    let (color, role) = match toast.notice.severity {
        Severity::Info => (palette.accent, Role::Status),
        Severity::Error => (palette.error, Role::Alert),
    };
    let mut text = sentence(&toast.notice.text);
    if toast.times > 1 {
        text = format!("{text} ({} times)", toast.times);
    }
    let frame = card(ui).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            let (dot, _) = ui.allocate_exact_size(vec2(8.0, 22.0), egui::Sense::hover());
            ui.painter().circle_filled(dot.center(), 4.0, color);
            let room = ui.available_width() - 22.0 - space::S;
            ui.vertical(|ui| {
                ui.set_width(room);
                ui.add_space(2.0);
                let label = ui.add(egui::Label::new(&text).wrap().selectable(true));
                label.widget_info(|| WidgetInfo::labeled(role, true, &text));
            });
            close_button(ui, "Close this notice").clicked()
        })
        .inner
    });
    frame.inner
}

/// A corner of `area` where a card of this size covers no face, or the lower right one.
fn quiet_corner(area: Rect, wanted: egui::Vec2, faces: &[Rect]) -> Align2 {
    let corners = [
        Align2::RIGHT_BOTTOM,
        Align2::LEFT_BOTTOM,
        Align2::RIGHT_TOP,
        Align2::LEFT_TOP,
    ];
    corners
        .into_iter()
        .find(|corner| {
            let place = corner.anchor_size(corner.pos_in_rect(&area), wanted);
            !faces.iter().any(|face| face.intersects(place))
        })
        .unwrap_or(Align2::RIGHT_BOTTOM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Vec2, pos2};

    #[test]
    fn notices_go_where_no_face_is() {
        let area = Rect::from_min_size(pos2(0.0, 0.0), vec2(800.0, 600.0));
        let wanted = Vec2::splat(200.0);
        let face = Rect::from_min_size(pos2(500.0, 350.0), Vec2::splat(200.0));
        assert_eq!(quiet_corner(area, wanted, &[]), Align2::RIGHT_BOTTOM);
        assert_eq!(quiet_corner(area, wanted, &[face]), Align2::LEFT_BOTTOM);
    }

    #[test]
    fn only_a_few_notices_are_shown_and_a_repeated_one_is_counted() {
        let ctx = egui::Context::default();
        let mut toasts = Toasts::default();
        for number in 0..10 {
            let text = format!("thing {number} failed");
            toasts.add(
                &ctx,
                Notice {
                    severity: Severity::Error,
                    text,
                },
            );
        }
        assert_eq!(toasts.shown.len(), MOST);
        let again = toasts.shown[0].notice.clone();
        toasts.add(&ctx, again);
        assert_eq!(toasts.shown.len(), MOST);
        assert_eq!(toasts.shown[0].times, 2);
    }
}
