//! Recording: the button, how long it has been going on, and where it writes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use egui::accesskit::Role;
use egui::{
    Align2, Color32, CursorIcon, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};

use super::action::Action;
use super::theme::{Palette, RADIUS, regular, semibold, size, space};
use super::widgets::{MenuItem, fit_path, focus_ring, pause_sign};
use crate::pipeline::{Condition, Recording, State};
use crate::words::clock;

/// Where recordings go, and where the last one went.
#[derive(Debug)]
pub(super) struct RecordView {
    /// New session folders are made in it.
    pub parent: PathBuf,
    /// The folder of the recording that is going on.
    current: Option<PathBuf>,
    /// The folder of the last one.
    saved: Option<PathBuf>,
}

impl RecordView {
    /// Nothing recorded yet.
    pub fn new(parent: PathBuf) -> Self {
        Self {
            parent,
            current: None,
            saved: None,
        }
    }

    /// Takes in what is true now, and asks for the next second while recording.
    pub fn update(&mut self, ctx: &egui::Context, recording: Option<&Recording>) {
        if let Some(recording) = recording {
            self.current = Some(recording.folder.clone());
            let fraction = Duration::from_nanos(recording.since.elapsed().subsec_nanos().into());
            ctx.request_repaint_after(Duration::from_secs(1).saturating_sub(fraction));
        } else if let Some(folder) = self.current.take() {
            self.saved = Some(folder);
        }
    }

    /// Draws folder, pause and record button from right to left.
    pub fn ui(&self, ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
        ui.spacing_mut().item_spacing.x = space::S;
        if record_button(ui, state.recording.as_ref()).clicked() {
            actions.push(Action::ToggleRecording);
        }
        if pause_button(ui, &state.condition).clicked() {
            actions.push(Action::TogglePause);
        }
        let (words, folder, exists) = match (&self.current, &self.saved) {
            (Some(folder), _) => ("Writing to", folder, true),
            (None, Some(folder)) => ("Saved to", folder, true),
            (None, None) => ("Records to", &self.parent, self.parent.is_dir()),
        };
        if self.current.is_none()
            && let Some(folder) = &self.saved
        {
            let report = ui.button("Report");
            if report
                .on_hover_text("Write a page about it, and open it")
                .clicked()
            {
                actions.push(Action::Report(folder.clone()));
            }
            if ui
                .button("Open")
                .on_hover_text("Look at this session")
                .clicked()
            {
                actions.push(Action::Session(Some(folder.clone())));
            }
        }
        folder_ui(ui, words, folder, exists, actions);
    }
}

/// The folder, as much of it as fits; a click opens it.
fn folder_ui(ui: &mut Ui, words: &str, folder: &Path, exists: bool, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.visuals());
    let font = regular(size::SMALL);
    let prefix = ui
        .painter()
        .layout_no_wrap(format!("{words} "), font.clone(), palette.weak);
    let room = ui.available_width().min(420.0) - prefix.size().x - 2.0 * space::S;
    if room < 60.0 {
        return;
    }
    let path = fit_path(ui.painter(), folder, &font, room);
    let path = ui.painter().layout_no_wrap(path, font, palette.text);
    let wanted = vec2(prefix.size().x + path.size().x + 2.0 * space::S, 28.0);
    let sense = if exists {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (rect, response) = ui.allocate_exact_size(wanted, sense);
    response.widget_info(|| {
        let role = if exists { Role::Button } else { Role::Label };
        WidgetInfo::labeled(role, true, format!("{words} {}", folder.display()))
    });
    if exists && (response.hovered() || response.has_focus()) {
        ui.painter().rect_filled(rect, RADIUS, palette.hover);
    }
    let x = rect.left() + space::S;
    let middle = |height: f32| rect.center().y - height / 2.0;
    let after = x + prefix.size().x;
    ui.painter()
        .galley(pos2(x, middle(prefix.size().y)), prefix, palette.weak);
    ui.painter()
        .galley(pos2(after, middle(path.size().y)), path, palette.text);

    let full = folder.display().to_string();
    if !exists {
        response.on_hover_text(full);
        return;
    }
    response.context_menu(|ui| {
        if ui.add(MenuItem::new("Open folder")).clicked() {
            actions.push(Action::Reveal(folder.to_owned()));
        }
        if ui.add(MenuItem::new("Copy path")).clicked() {
            actions.push(Action::CopyPath(folder.to_owned()));
        }
    });
    let response = response
        .on_hover_text(format!("{full}\nClick to open; right-click for more"))
        .on_hover_cursor(CursorIcon::PointingHand);
    if response.clicked() {
        actions.push(Action::Reveal(folder.to_owned()));
    }
}

/// Of one width whatever it says, so that nothing moves when recording starts.
fn record_button(ui: &mut Ui, recording: Option<&Recording>) -> Response {
    let palette = Palette::of(ui.visuals());
    let (rect, response) = ui.allocate_exact_size(vec2(108.0, 30.0), Sense::click());
    let label = if recording.is_some() {
        "Stop recording"
    } else {
        "Record"
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    let hovered = response.hovered();
    let sign = pos2(rect.left() + 20.0, rect.center().y);
    let words = pos2(rect.left() + 36.0, rect.center().y);
    if let Some(recording) = recording {
        let fill = if hovered {
            palette.record.gamma_multiply(0.85)
        } else {
            palette.record
        };
        ui.painter().rect_filled(rect, RADIUS, fill);
        let stop = Rect::from_center_size(sign, vec2(10.0, 10.0));
        ui.painter().rect_filled(stop, 2.0, Color32::WHITE);
        let time = clock(recording.since.elapsed());
        let font = semibold(size::BODY);
        ui.painter()
            .text(words, Align2::LEFT_CENTER, time, font, Color32::WHITE);
    } else {
        let fill = if hovered {
            palette.hover
        } else {
            palette.track
        };
        ui.painter().rect_filled(rect, RADIUS, fill);
        ui.painter().circle_filled(sign, 5.5, palette.record);
        let font = semibold(size::BODY);
        ui.painter()
            .text(words, Align2::LEFT_CENTER, "Record", font, palette.strong);
    }
    focus_ring(ui, &response, rect);
    response.on_hover_text(format!("{label} (R)"))
}

fn pause_button(ui: &mut Ui, condition: &Condition) -> Response {
    let palette = Palette::of(ui.visuals());
    let (rect, response) = ui.allocate_exact_size(vec2(34.0, 30.0), Sense::click());
    let paused = *condition == Condition::Paused;
    let label = if paused { "Go on" } else { "Pause" };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    let fill = if response.hovered() {
        palette.hover
    } else {
        palette.track
    };
    ui.painter().rect_filled(rect, RADIUS, fill);
    pause_sign(ui.painter(), rect.center(), 11.0, paused, palette.strong);
    focus_ring(ui, &response, rect);
    response.on_hover_text(format!("{label} (Space)"))
}

/// In full screen, where the button is hidden: that a recording is going on.
pub(super) fn on_air_ui(ui: &Ui, picture: Rect, recording: &Recording) {
    let time = clock(recording.since.elapsed());
    let font = semibold(size::BODY);
    let galley = ui.painter().layout_no_wrap(time, font, Color32::WHITE);
    let wanted = galley.size() + vec2(36.0, 12.0);
    let place =
        Align2::RIGHT_TOP.anchor_size(picture.right_top() + vec2(-space::M, space::M), wanted);
    let ground = Color32::from_black_alpha(170);
    let edge = Stroke::new(1.0, Color32::from_white_alpha(30));
    ui.painter()
        .rect(place, RADIUS, ground, edge, StrokeKind::Inside);
    let palette = Palette::of(ui.visuals());
    ui.painter()
        .circle_filled(place.left_center() + vec2(14.0, 0.0), 5.0, palette.record);
    ui.painter()
        .galley(place.min + vec2(26.0, 6.0), galley, Color32::WHITE);
}
