//! Where the panels are: menu bar above, status line below, bars and chart at the right, the picture in
//! the middle.

use egui::{Panel, Rect, ScrollArea, Ui, vec2};

use super::action::Action;
use super::add_model::Outcome;
use super::page::Around;
use super::stage::{self, Scene};
use super::theme::{Palette, space};
use super::{App, bars, chart, doubt, is_full_screen, keys, menu, record, seen, status};
use crate::expression::Expression;

/// The least and the most width of the side panel, in points.
const SIDE: (f32, f32) = (264.0, 340.0);

/// The least height of the chart, in points.
const CHART: f32 = 100.0;

impl App {
    /// Draws everything. Returns what the user asked for.
    pub(super) fn draw(&mut self, ui: &mut Ui) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.page.is_some() || self.adding.is_some() || self.state.doubt.is_some() {
            // Keys are the page's.
        } else if self.session.is_some() {
            actions = keys::pressed_in_session(ui.ctx());
        } else {
            let names = &self.settings.markers;
            actions = keys::pressed(ui.ctx(), &self.options.models, names);
        }
        if !is_full_screen(ui.ctx()) {
            self.menu_ui(ui, &mut actions);
        }
        if let Some(session) = &mut self.session {
            let area = ui.available_rect_before_wrap();
            session.ui(ui, self.page.is_none(), &mut actions);
            self.toasts.ui(ui.ctx(), area, &[]);
        } else {
            self.live_ui(ui, &mut actions);
        }
        self.pages_ui(ui.ctx(), &mut actions);
        files_ui(ui.ctx(), &mut actions);
        actions
    }

    /// What lies over the window.
    fn pages_ui(&mut self, ctx: &egui::Context, actions: &mut Vec<Action>) {
        if let Some(page) = &mut self.page {
            let around = Around {
                state: &self.state,
                settings: &mut self.settings,
                recordings: &self.record.parent,
            };
            if page.ui(ctx, around, actions) {
                self.page = None;
            }
        }
        if let Some(adding) = &mut self.adding {
            match adding.ui(ctx) {
                Outcome::Open => {}
                Outcome::Closed => self.adding = None,
                Outcome::Added(model) => self.added(ctx, &model),
            }
        }
        if let Some(doubt) = &self.state.doubt {
            doubt::doubt_ui(ctx, doubt, actions);
        }
    }

    /// The live picture with everything about it.
    fn live_ui(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if !is_full_screen(ui.ctx()) {
            let frame = bar_frame(ui);
            Panel::bottom("status")
                .frame(frame)
                .exact_size(30.0)
                .resizable(false)
                .show(ui, |ui| {
                    let observation = self.observation.as_deref();
                    status::status_ui(ui, &self.state, observation, actions);
                });
        }
        if self.settings.bars || self.settings.chart || self.settings.seen {
            self.side_ui(ui, actions);
        }
        let (stage, faces) = self.stage_ui(ui, actions);
        self.toasts.ui(ui.ctx(), stage, &faces);
    }

    fn menu_ui(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let lists = menu::Lists {
            models: &self.options.models,
            cameras: self.cameras.as_deref(),
            looking: &self.looking,
            cuda_reason: self.cuda_reason.as_deref(),
            session: self.session.is_some(),
            full_screen: is_full_screen(ui.ctx()),
        };
        let frame = bar_frame(ui);
        Panel::top("menu")
            .frame(frame)
            .exact_size(46.0)
            .resizable(false)
            .show(ui, |ui| {
                ui.horizontal_centered(|ui| {
                    menu::menu_ui(
                        ui,
                        &lists,
                        &self.state,
                        &mut self.settings,
                        &self.record,
                        actions,
                    );
                });
            });
        ui.ctx().set_theme(self.settings.theme);
    }

    /// Bars, crop and chart of the chosen face.
    fn side_ui(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let frame = egui::Frame::new()
            .fill(Palette::of(ui.visuals()).panel)
            .inner_margin(space::M);
        let width = (ui.available_width() * 0.3).clamp(SIDE.0, SIDE.1);
        Panel::right("side")
            .frame(frame)
            .exact_size(width)
            .resizable(false)
            .show(ui, |ui| {
                let bottom = ui.max_rect().bottom();
                // A low window has no room for all of it.
                ScrollArea::vertical()
                    .auto_shrink(false)
                    .show(ui, |ui| self.side_parts_ui(ui, bottom, actions));
            });
    }

    /// What is in the side panel, down to `bottom` if there is room.
    fn side_parts_ui(&mut self, ui: &mut Ui, bottom: f32, actions: &mut Vec<Action>) {
        let known = self.known();
        let face = self.chosen.face();
        if self.settings.bars {
            let second = bars::Second::of(&self.state);
            bars::bars_ui(ui, face, &known, second.as_ref());
            ui.add_space(space::L);
        }
        if self.settings.seen {
            let observation = self.observation.as_deref();
            let scene = seen::Scene::of(&self.state, observation, face);
            let wish = self.seen.ui(ui, scene.as_ref());
            actions.extend(wish.map(Action::Tell));
            ui.add_space(space::L);
        }
        if self.settings.chart {
            bars::heading_ui(ui, "Last minute");
            ui.add_space(space::S);
            let height = (bottom - ui.cursor().top()).max(CHART);
            ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
                chart::chart_ui(ui, &self.history, face, &known, &self.state.markers);
            });
        }
    }

    /// The expressions that the models know, in the order of the log's columns.
    fn known(&self) -> Vec<Expression> {
        let models = [&self.state.model, &self.state.second];
        let knows = |expression: &Expression| match &self.state.model {
            Some(_) => models
                .into_iter()
                .flatten()
                .any(|model| model.card.labels.contains(expression)),
            None => *expression != Expression::Contempt,
        };
        Expression::ALL.into_iter().filter(knows).collect()
    }

    /// The picture. Returns the area that it has, and where the faces lie.
    fn stage_ui(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) -> (Rect, Vec<Rect>) {
        let canvas = Palette::of(ui.visuals()).canvas;
        let margin = if is_full_screen(ui.ctx()) {
            0.0
        } else {
            space::M
        };
        let frame = egui::Frame::new().fill(canvas).inner_margin(margin);
        let area = ui.available_rect_before_wrap();
        let observation = self.observation.clone();
        let faceless = observation
            .as_ref()
            .zip(self.face_seen)
            .map(|(observation, seen)| observation.frame.captured.saturating_duration_since(seen));
        let scene = Scene {
            state: &self.state,
            observation: observation.as_deref(),
            chosen: self.chosen.face().map(|face| face.id),
            mirrored: self.settings.mirrors(self.state.source.as_ref()),
            boxes: self.settings.boxes,
            faceless: faceless.unwrap_or_default(),
            welcome: self.options.welcome.as_deref(),
        };
        let video = &mut self.video;
        let shown = egui::CentralPanel::default()
            .frame(frame)
            .show(ui, |ui| {
                let shown = stage::stage_ui(ui, video, &scene, actions);
                if is_full_screen(ui.ctx())
                    && let Some(recording) = &self.state.recording
                {
                    record::on_air_ui(ui, area, recording);
                }
                shown
            })
            .inner;
        if let (Some(id), Some(observation)) = (shown.clicked, &observation) {
            self.chosen.choose(id, observation);
        }
        (area, shown.faces)
    }
}

/// Files dragged over the window, and dropped on it.
fn files_ui(ctx: &egui::Context, actions: &mut Vec<Action>) {
    let (hovering, dropped) = ctx.input(|input| {
        let dropped = input
            .raw
            .dropped_files
            .first()
            .map(|file| file.path().to_owned());
        (!input.raw.hovered_files.is_empty(), dropped)
    });
    if hovering {
        stage::drop_ui(ctx);
    }
    actions.extend(dropped.map(Action::Open));
}

/// The ground of menu bar and status line.
pub(super) fn bar_frame(ui: &Ui) -> egui::Frame {
    let fill = Palette::of(ui.visuals()).panel;
    egui::Frame::new()
        .fill(fill)
        .inner_margin(egui::Margin::symmetric(12, 0))
}
