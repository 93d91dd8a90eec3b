//! The window. It draws what the pipeline knows and passes on what the user wants; the only door to
//! egui, eframe, `egui_plot`, rfd and open.

mod action;
mod add_model;
mod background;
mod bars;
mod certain;
mod chart;
mod chosen;
mod colors;
mod display;
mod doubt;
mod faces;
mod help;
mod history;
mod keys;
mod layout;
mod markers;
mod menu;
mod model_card;
mod notice;
mod options;
mod page;
mod pictures;
mod record;
mod run;
#[cfg(test)]
mod samples;
mod seen;
mod session;
mod settings;
mod stage;
mod status;
mod theme;
mod toasts;
mod video;
mod widgets;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Ui, ViewportCommand};

use self::action::Action;
use self::add_model::AddModel;
use self::background::{Background, Pick, Picked};
use self::chosen::ChosenFace;
use self::history::History;
use self::page::Page;
use self::record::RecordView;
use self::seen::Seen;
use self::session::SessionView;
use self::settings::Settings;
use self::toasts::Toasts;
use self::video::Video;
use crate::observation::Observation;
use crate::pipeline::{Command, Condition, Notice, Pipeline, Severity, State};
use crate::report;
use crate::session::{PAGE_FILE, folder_of};
use crate::source::SourceSpec;

pub use self::background::show;
pub use self::display::{Display, display};
pub use self::options::{ListCameras, ModelEntry, Options, ShowPath};
pub use self::run::{Handle, NoWindow, run};

/// A window hidden for less is only being looked past; a camera takes a second to open again.
const HIDDEN_FOR: Duration = Duration::from_secs(2);

/// The window's own state. What is true of the pipeline is asked anew for each pass.
pub struct App {
    pipeline: Pipeline,
    options: Options,
    settings: Settings,
    state: State,
    observation: Option<Arc<Observation>>,
    video: Video,
    chosen: ChosenFace,
    history: History,
    /// When a face was last seen, by the frames' clock.
    face_seen: Option<Instant>,
    record: RecordView,
    toasts: Toasts,
    page: Option<Page>,
    /// A model on its way into the menu.
    adding: Option<AddModel>,
    seen: Seen,
    session: Option<SessionView>,
    /// The source rests because nobody watches it, and is to go on when somebody does.
    rests: bool,
    /// Since when the window is hidden.
    hidden: Option<Instant>,
    cameras: Option<Vec<String>>,
    looking: Background<Vec<String>>,
    dialog: Background<Picked>,
    reporting: Background<crate::error::Result<PathBuf>>,
    cuda_reason: Option<String>,
    opened: Instant,
}

impl App {
    /// A window on a running pipeline, with what the user's last window left in `storage`.
    #[must_use]
    pub fn new(
        ctx: &egui::Context,
        storage: Option<&dyn eframe::Storage>,
        options: Options,
        pipeline: Pipeline,
    ) -> Self {
        theme::install(ctx);
        let settings = Settings::load(storage);
        ctx.set_theme(settings.theme);
        let first = options.session.clone();
        let mut app = Self {
            state: pipeline.state(),
            pipeline,
            settings,
            observation: None,
            video: Video::default(),
            chosen: ChosenFace::default(),
            history: History::default(),
            face_seen: None,
            record: RecordView::new(options.recordings.clone()),
            options,
            toasts: Toasts::default(),
            page: None,
            adding: None,
            seen: Seen::default(),
            session: None,
            rests: false,
            hidden: None,
            cameras: None,
            looking: Background::default(),
            dialog: Background::default(),
            reporting: Background::default(),
            cuda_reason: None,
            opened: Instant::now(),
        };
        app.be_certain();
        if first.is_some() {
            app.show_session(ctx, first);
        }
        app
    }

    /// Shows live pictures that the handle's [`Handle::prepare`] has made ready.
    #[must_use]
    fn with_pictures(mut self, handle: &Handle) -> Self {
        self.video = Video::of(handle.pictures.clone());
        self
    }

    /// Takes in what has happened since the last pass.
    fn listen(&mut self, ctx: &egui::Context) {
        self.state = self.pipeline.state();
        let newest = self.pipeline.observation();
        if let Some(newest) = newest
            && self
                .observation
                .as_ref()
                .is_none_or(|shown| !Arc::ptr_eq(shown, &newest))
        {
            self.chosen.update(&newest);
            self.history.update(&newest);
            if self.face_seen.is_none() || !newest.faces.is_empty() {
                self.face_seen = Some(newest.frame.captured);
            }
            self.observation = Some(newest);
        }
        for notice in self.pipeline.notices() {
            self.toasts.add(ctx, notice);
        }
        for fault in background::faults(ctx) {
            self.complain(ctx, &fault);
        }
        if let Some(model) = &self.state.model
            && (model.provider_reason.is_some() || model.provider == "CUDA")
        {
            self.cuda_reason.clone_from(&model.provider_reason);
        }
        if let Some(cameras) = self.looking.take() {
            self.cameras = Some(cameras);
        }
        match self.dialog.take() {
            Some(Picked::Path(Pick::Session, path)) => self.show_session(ctx, Some(path)),
            Some(Picked::Path(Pick::Video, path)) => {
                if let Some(session) = &mut self.session {
                    session.use_video(path);
                }
            }
            Some(Picked::Path(Pick::Model, path)) => self.add_model(ctx, path),
            Some(Picked::Path(_, path)) => self.open(ctx, &path),
            Some(Picked::NoDialog) => self.complain(
                ctx,
                "this system has no file dialog (a desktop portal or zenity); drop the file on \
                 the window, or name it on the command line",
            ),
            Some(Picked::Nothing) | None => {}
        }
        match self.reporting.take() {
            Some(Ok(page)) => {
                let text = format!("The report is in {}", page.display());
                let severity = Severity::Info;
                self.toasts.add(ctx, Notice { severity, text });
                self.show_path(ctx, &page);
            }
            Some(Err(error)) => self.complain(ctx, &error.to_string()),
            None => {}
        }
        self.record.update(ctx, self.state.recording.as_ref());
        self.end_in_time(ctx);
    }

    fn end_in_time(&self, ctx: &egui::Context) {
        let Some(end_after) = self.options.end_after else {
            return;
        };
        let left = end_after.saturating_sub(self.opened.elapsed());
        if left.is_zero() {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        } else {
            ctx.request_repaint_after(left);
        }
    }

    /// Looks at a file, a folder or a session.
    fn open(&mut self, ctx: &egui::Context, path: &Path) {
        if add_model::is_model(path) {
            self.add_model(ctx, path.to_owned());
            return;
        }
        if let Some(folder) = folder_of(path) {
            self.show_session(ctx, Some(folder));
            return;
        }
        match SourceSpec::of_path(path) {
            Ok(spec) => self.act(ctx, Action::Tell(Command::Source(spec))),
            Err(error) => self.complain(ctx, &error.to_string()),
        }
    }

    /// Shows names from the share on that the user wants.
    fn be_certain(&self) {
        if (self.settings.certain - self.state.certain).abs() > 1e-4 {
            let share = self.settings.certain;
            self.pipeline.send(Command::Certain(share));
        }
    }

    /// Looks at a session, or at the live picture again.
    fn show_session(&mut self, ctx: &egui::Context, folder: Option<PathBuf>) {
        self.session = folder.map(|folder| SessionView::open(ctx, folder));
    }

    /// Lets the source rest while nobody watches it, because a session is looked at or the window has
    /// been hidden for a while, unless it is recorded.
    fn rest(&mut self, ctx: &egui::Context) {
        let is_hidden = ctx.input(|input| input.viewport().visible() == Some(false));
        let since = self.hidden.filter(|_| is_hidden);
        self.hidden = is_hidden.then(|| since.unwrap_or_else(Instant::now));
        let is_away = since.is_some_and(|since| since.elapsed() >= HIDDEN_FOR);
        let is_watched = !is_away && self.session.is_none();
        let is_recorded = self.state.recording.is_some();
        let is_stopped = matches!(self.state.condition, Condition::Paused | Condition::Ended);
        if is_watched || is_recorded {
            if std::mem::take(&mut self.rests) {
                self.pipeline.send(Command::Pause(false));
            }
        } else if !self.rests && !is_stopped {
            self.rests = true;
            self.pipeline.send(Command::Pause(true));
        }
    }

    fn show_path(&mut self, ctx: &egui::Context, path: &Path) {
        if let Err(error) = (self.options.show)(path) {
            let text = format!("'{}' cannot be shown: {error}", path.display());
            self.complain(ctx, &text);
        }
    }

    fn complain(&mut self, ctx: &egui::Context, text: &str) {
        self.toasts.add(
            ctx,
            Notice {
                severity: Severity::Error,
                text: text.to_owned(),
            },
        );
    }

    /// Does what a panel or a key asks for.
    fn act(&mut self, ctx: &egui::Context, action: Action) {
        match action {
            Action::Tell(command) => {
                if matches!(command, Command::Source(_)) {
                    self.options.welcome = None;
                    self.session = None;
                    self.rests = false;
                }
                // The model picked last is the one that is at work after all.
                if let (Command::Overrule(false), Some(model)) = (&command, &self.state.model) {
                    self.settings.model = Some(model.named.clone());
                }
                self.pipeline.send(command);
            }
            Action::Pick(what) => self
                .dialog
                .start(ctx, "dialog", move || background::pick(what)),
            Action::Session(folder) => self.show_session(ctx, folder),
            Action::Open(path) => self.open(ctx, &path),
            Action::ListCameras => {
                let list = Arc::clone(&self.options.cameras);
                self.looking.start(ctx, "camera list", move || list());
            }
            Action::PickModel(name) => {
                self.settings.model = Some(name.clone());
                self.pipeline.send(Command::Model(name));
            }
            Action::TogglePause => {
                self.pipeline
                    .send(Command::Pause(self.state.condition != Condition::Paused));
            }
            Action::ToggleRecording if self.state.recording.is_some() => {
                self.pipeline.send(Command::StopLog);
            }
            Action::ToggleRecording if !self.settings.notice_read => {
                self.page = Some(Page::Notice);
            }
            Action::ToggleRecording => self.start_recording(),
            Action::Record => {
                self.settings.notice_read = true;
                self.start_recording();
            }
            Action::ToggleMirror => self.settings.toggle_mirror(self.state.source.as_ref()),
            Action::ToggleFullScreen => fill_screen(ctx, !is_full_screen(ctx)),
            Action::LeaveFullScreen => {
                if is_full_screen(ctx) {
                    fill_screen(ctx, false);
                }
            }
            Action::Show(page) => self.page = Some(page),
            Action::Reveal(folder) => self.show_path(ctx, &folder),
            Action::Report(folder) => self.reporting.start(ctx, "report", move || {
                let page = folder.join(PAGE_FILE);
                report::write_page(&folder, &page).map(|()| page)
            }),
            Action::CopyPath(folder) => ctx.copy_text(folder.display().to_string()),
            Action::Complain(text) => self.complain(ctx, &text),
            Action::DismissWelcome => self.options.welcome = None,
        }
    }

    fn start_recording(&self) {
        self.pipeline
            .send(Command::StartLog(self.record.parent.clone()));
    }
}

/// Whether the window fills the screen, by its own keys or the system's.
fn is_full_screen(ctx: &egui::Context) -> bool {
    ctx.input(|input| input.viewport().fullscreen == Some(true))
}

fn fill_screen(ctx: &egui::Context, on: bool) {
    ctx.send_viewport_cmd(ViewportCommand::Fullscreen(on));
}

impl eframe::App for App {
    /// The letters' texture is made as wide as a texture may be. Where that is 16384 pixels, it would take 2 MB,
    /// and as much again from the graphics card. The same holds for a picture that is wider, which is made smaller
    /// before it is shown: no screen has room for more, and of 24 million pixels each copy would take 96 MB.
    fn raw_input_hook(&mut self, _ctx: &egui::Context, input: &mut egui::RawInput) {
        const WIDE_ENOUGH: usize = 4096;
        if let Some(side) = &mut input.max_texture_side {
            *side = WIDE_ENOUGH.min(*side);
        }
    }

    /// Also called while the window is hidden: the chart and the notices miss nothing.
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.listen(ctx);
        self.rest(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let certain = self.settings.certain;
        let actions = self.draw(ui);
        // One word for each step of the slider, not one for each pass until the pipeline has heard it.
        if (certain - self.settings.certain).abs() > 1e-4 {
            self.be_certain();
        }
        let ctx = ui.ctx().clone();
        for action in actions {
            self.act(&ctx, action);
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.settings.save(storage);
    }

    /// Menus need not be open again the next time.
    fn persist_egui_memory(&self) -> bool {
        false
    }
}
