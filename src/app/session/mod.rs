//! A session folder in the window: who was seen and what they showed, over time, with its pictures.
//!
//! The numbers are [`crate::report`]'s. Reading is done on a thread: two hours take seconds.

mod lane;
mod moments;
mod people;
mod projector;
mod shares;
mod timeline;

use std::path::PathBuf;
use std::time::Duration;

use egui::{Align, CentralPanel, Key, Layout, Panel, Sense, Ui, WidgetInfo, vec2};
use jiff::tz::TimeZone;

use self::moments::Moments;
use self::people::Deed;
use self::projector::{Files, Projector};
use self::timeline::Timeline;
use super::action::Action;
use super::background::{Background, Pick};
use super::layout::bar_frame;
use super::stage::message_ui;
use super::theme::{Palette, regular, semibold, size, space};
use super::widgets::{button, line_of_text, main_button};
use crate::error::Result;
use crate::report::{self, Analysis, Unit};
use crate::session::People;
use crate::words::clock;

/// What was read of a session.
struct Opened {
    analysis: Analysis,
    moments: Moments,
}

/// The page of one session.
pub(super) struct SessionView {
    folder: PathBuf,
    opening: Background<Result<Opened>>,
    opened: Option<Opened>,
    failed: Option<String>,
    people: People,
    counting: Background<Result<Analysis>>,
    /// Who is who has changed while it was counted.
    stale: bool,
    /// The person whose shares are shown, by a face; `None` is everyone.
    chosen: Option<u64>,
    /// The phase whose shares are shown; `None` is all.
    phase: Option<usize>,
    /// The moment that is looked at, a position on the time line.
    at: u64,
    timeline: Timeline,
    projector: Projector,
}

impl SessionView {
    /// Begins to read the session in `folder`.
    pub fn open(ctx: &egui::Context, folder: PathBuf) -> Self {
        let mut opening = Background::default();
        let path = folder.clone();
        opening.start(ctx, "session", move || {
            let analysis = report::analyze(&path, None)?;
            let moments = Moments::read(&path, &analysis)?;
            Ok(Opened { analysis, moments })
        });
        Self {
            folder,
            opening,
            opened: None,
            failed: None,
            people: People::default(),
            counting: Background::default(),
            stale: false,
            chosen: None,
            phase: None,
            at: 0,
            timeline: Timeline::default(),
            projector: Projector::default(),
        }
    }

    /// Takes the pictures of what is looked at from this video.
    pub fn use_video(&mut self, path: PathBuf) {
        if let Some(opened) = &self.opened
            && let Some(place) = opened.moments.at(self.at)
        {
            self.projector.found(place.source, path);
        }
    }

    /// Takes in what the threads have read.
    fn listen(&mut self, ctx: &egui::Context, actions: &mut Vec<Action>) {
        match self.opening.take() {
            Some(Ok(opened)) => {
                self.people = People::from(&opened.analysis.header);
                let people = &opened.analysis.people;
                self.at = people.first().map_or(0, |person| person.first);
                self.opened = Some(opened);
            }
            Some(Err(error)) => self.failed = Some(error.to_string()),
            None => {}
        }
        match self.counting.take() {
            Some(Ok(analysis)) => {
                if let Some(opened) = &mut self.opened {
                    opened.analysis = analysis;
                }
            }
            Some(Err(error)) => actions.push(Action::Complain(error.to_string())),
            None => {}
        }
        if self.stale && !self.counting.is_busy() {
            self.stale = false;
            let (folder, people) = (self.folder.clone(), self.people.clone());
            self.counting.start(ctx, "session's people", move || {
                people.save(&folder)?;
                report::analyze(&folder, Some(&people))
            });
        }
    }

    /// Draws the page; `keys` says whether keys are meant for it.
    pub fn ui(&mut self, ui: &mut Ui, keys: bool, actions: &mut Vec<Action>) {
        self.listen(ui.ctx(), actions);
        self.head_ui(ui, actions);
        let canvas = Palette::of(ui.visuals()).canvas;
        let ground = egui::Frame::new().fill(canvas).inner_margin(space::M);
        let Some(opened) = &self.opened else {
            CentralPanel::default()
                .frame(ground)
                .show(ui, |ui| waiting_ui(ui, self.failed.as_deref(), actions));
            return;
        };
        let analysis = &opened.analysis;
        if keys && !ui.ctx().text_edit_focused() {
            self.at = stepped(ui, analysis, self.at);
        }
        let panel = egui::Frame::new()
            .fill(Palette::of(ui.visuals()).panel)
            .inner_margin(space::M);
        let mut deed = None;
        Panel::bottom("session time line")
            .frame(panel)
            .exact_size(timeline::height(analysis))
            .resizable(false)
            .show(ui, |ui| {
                deed = self.timeline.ui(ui, analysis, self.chosen, &mut self.at);
            });
        let person = self.chosen.and_then(|face| person_with(analysis, face));
        Panel::right("session shares")
            .frame(panel)
            .exact_size(300.0)
            .resizable(false)
            .show(ui, |ui| {
                shares::shares_ui(ui, analysis, person, &mut self.phase);
            });
        let people = &self.people;
        CentralPanel::default().frame(ground).show(ui, |ui| {
            let place = opened.moments.at(self.at);
            let name = |face| people.name_of(face);
            let files = Files {
                folder: &self.folder,
                header: &analysis.header,
            };
            let projector = &mut self.projector;
            projector.ui(ui, &files, place, self.chosen, &name, actions);
        });
        if let Some(deed) = deed {
            self.act(deed);
        }
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Choose(face) => self.chosen = face,
            Deed::Change(change) => {
                change.apply(&mut self.people);
                self.stale = true;
            }
        }
    }

    /// The way back, which session this is, and what can be made of it.
    fn head_ui(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let frame = bar_frame(ui);
        Panel::top("session head")
            .frame(frame)
            .exact_size(54.0)
            .resizable(false)
            .show(ui, |ui| {
                ui.horizontal_centered(|ui| {
                    if button(ui, "← Back").on_hover_text("Esc").clicked() {
                        actions.push(Action::Session(None));
                    }
                    ui.add_space(space::S);
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let report = main_button(ui, "Report");
                        if report
                            .on_hover_text("Write a page about it, and open it")
                            .clicked()
                        {
                            actions.push(Action::Report(self.folder.clone()));
                        }
                        if button(ui, "Open folder").clicked() {
                            actions.push(Action::Reveal(self.folder.clone()));
                        }
                        if self.counting.is_busy() {
                            ui.add(egui::Spinner::new().size(16.0));
                        }
                        self.title_ui(ui);
                    });
                });
            });
    }

    fn title_ui(&self, ui: &mut Ui) {
        let palette = Palette::of(ui.visuals());
        let name = self.folder.file_name().unwrap_or(self.folder.as_os_str());
        let name = name.to_string_lossy();
        let about = self.opened.as_ref().map(|opened| about(&opened.analysis));
        let about = about.unwrap_or_default();
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), 40.0), Sense::hover());
        response.widget_info(|| {
            let label = format!("Session {name}: {about}");
            WidgetInfo::labeled(egui::accesskit::Role::Label, true, label)
        });
        let line = |y: f32, text: &str, font, color| {
            let place = rect.left_center() + vec2(0.0, y);
            line_of_text(ui.painter(), place, text, font, color, rect.width());
        };
        line(-9.0, &name, semibold(size::TITLE), palette.strong);
        line(11.0, &about, regular(size::SMALL), palette.weak);
        response.on_hover_text(self.folder.display().to_string());
    }
}

/// While a session is read, or in place of one that cannot be.
fn waiting_ui(ui: &mut Ui, failed: Option<&str>, actions: &mut Vec<Action>) {
    let area = ui.max_rect();
    let Some(reason) = failed else {
        ui.centered_and_justified(|ui| {
            let spinner = ui.add(egui::Spinner::new().size(28.0));
            spinner.widget_info(|| {
                WidgetInfo::labeled(egui::accesskit::Role::Status, true, "Reading the session")
            });
        });
        return;
    };
    message_ui(ui, area, "This session cannot be shown", reason, "", |ui| {
        if button(ui, "Open session…").clicked() {
            actions.push(Action::Pick(Pick::Session));
        }
    });
}

/// The arrows go a second, or a picture, back and on.
fn stepped(ui: &Ui, analysis: &Analysis, at: u64) -> u64 {
    let step = match analysis.unit {
        Unit::Milliseconds => 1000,
        Unit::Pictures => 1,
    };
    let (left, right) = ui.input(|input| {
        let count = |key| input.num_presses(key) as u64;
        (count(Key::ArrowLeft), count(Key::ArrowRight))
    });
    let last = analysis.end.saturating_sub(1);
    at.saturating_sub(left * step)
        .saturating_add(right * step)
        .min(last)
}

/// Where a face's person is in [`Analysis::people`].
fn person_with(analysis: &Analysis, face: u64) -> Option<usize> {
    let people = &mut analysis.people.iter();
    people.position(|person| person.faces.contains(&face))
}

/// When, how long, what and with which model.
fn about(analysis: &Analysis) -> String {
    let header = &analysis.header;
    let started = header.started_utc.0.to_zoned(TimeZone::system());
    let mut words = vec![
        started.strftime("%-d %B %Y, %H:%M").to_string(),
        amount(analysis.unit, analysis.end),
    ];
    words.extend(header.sources.iter().map(|source| source.name.clone()));
    words.push(analysis.models.join(", "));
    if analysis.ended_early() {
        words.push("ended early".to_owned());
    }
    words.join(" · ")
}

/// How much: `12.3 s`, `4:05`, `7 pictures`.
fn amount(unit: Unit, amount: u64) -> String {
    match (unit, amount) {
        (Unit::Pictures, 1) => "1 picture".to_owned(),
        (Unit::Pictures, _) => format!("{amount} pictures"),
        (Unit::Milliseconds, ..60_000) => format!("{:.1} s", amount as f64 / 1e3),
        (Unit::Milliseconds, _) => clock(Duration::from_millis(amount)),
    }
}

/// Where on the time line: `4:05.3`, or the picture's number.
fn moment(unit: Unit, position: u64) -> String {
    match unit {
        Unit::Pictures => format!("Picture {}", position + 1),
        Unit::Milliseconds => {
            let tenths = position % 1000 / 100;
            format!("{}.{tenths}", clock(Duration::from_millis(position)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_moments_read_as_people_write_them() {
        assert_eq!(amount(Unit::Milliseconds, 12_340), "12.3 s");
        assert_eq!(amount(Unit::Milliseconds, 245_000), "4:05");
        assert_eq!(amount(Unit::Pictures, 1), "1 picture");
        assert_eq!(moment(Unit::Milliseconds, 245_390), "4:05.3");
        assert_eq!(moment(Unit::Pictures, 0), "Picture 1");
    }
}
