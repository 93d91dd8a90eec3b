//! The analysis thread: obeys commands, analyses the newest frame, keeps the log and looks after the
//! camera. It lives as long as the window.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::capture::{Captures, Job};
use super::inbox::{Event, Inbox, SourceWord, Word};
use super::recorder::Recorder;
use super::{
    ActiveModel, Board, Command, Condition, LoadModel, Loaded, Marker, Observe, STALL, Severity,
    State, lock,
};
use crate::analyzer::Analyzer;
use crate::crash;
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::runtime::ProviderChoice;
use crate::session::EventKind;
use crate::source::SourceSpec;
use crate::words::clock;

/// How often the log is flushed and the camera looked after when nothing else happens.
const TICK: Duration = Duration::from_millis(100);

/// How often a camera that is away is looked for.
const RETRY: Duration = Duration::from_secs(1);

/// How long a camera may take from being opened to its first frame; USB webcams need up to three
/// seconds to expose in the dark.
const WARM_UP: Duration = Duration::from_secs(5);

/// Markers that are shown; the oldest go first. More than one a second in the chart's minute is noise.
const MARKERS: usize = 64;

pub(super) struct Analysis {
    inbox: Arc<Inbox>,
    board: Arc<Board>,
    load: Arc<LoadModel>,
    job: Job,
    captures: Captures,
    observe: Box<Observe>,
    /// What is true; shown to the outside after each change.
    state: State,
    /// The model that was asked for last; an older answer comes too late.
    wanted_model: String,
    recorder: Option<Recorder>,
    /// When the source gave its last sign of life.
    alive: Instant,
    /// When to look for the camera again.
    retry: Option<Instant>,
    /// The newest frame, to be analysed anew when the model changes and no other frame comes.
    latest: Option<Arc<Frame>>,
    /// When the frames of the last second were analysed.
    recent: VecDeque<Instant>,
    /// The last frame could not be analysed; said once, not thirty times a second.
    complained: bool,
}

impl Analysis {
    pub(super) fn new(
        inbox: Arc<Inbox>,
        board: Arc<Board>,
        load: Arc<LoadModel>,
        job: Job,
        observe: Box<Observe>,
        (model, provider): (ActiveModel, ProviderChoice),
    ) -> Self {
        let wanted_model = model.card.name.to_string();
        let state = State {
            source: Some(job.spec.clone()),
            source_name: job.spec.to_string(),
            provider,
            model: Some(model),
            ..State::default()
        };
        let analysis = Self {
            inbox,
            board,
            load,
            job,
            observe,
            captures: Captures::default(),
            state,
            wanted_model,
            recorder: None,
            alive: Instant::now(),
            retry: None,
            latest: None,
            recent: VecDeque::new(),
            complained: false,
        };
        analysis.publish();
        analysis
    }

    /// Works until the pipeline is closed.
    pub(super) fn run(mut self, mut analyzer: Analyzer) {
        let worked = crash::caught(|| {
            self.work(&mut analyzer);
            Ok(())
        });
        if let Err(error) = worked {
            self.fail(&error);
        }
        self.stop_recording();
        self.captures.farewell(&self.inbox);
    }

    fn work(&mut self, analyzer: &mut Analyzer) {
        self.open();
        loop {
            match self.inbox.next(TICK) {
                Event::Word(Word::Command(command)) => self.obey(command),
                Event::Word(Word::Loaded(name, outcome)) => {
                    self.take_model(analyzer, &name, outcome);
                }
                Event::Frame(frame, dropped) => self.receive(analyzer, frame, dropped),
                Event::Source(word) => self.hear(analyzer, word),
                Event::Tick => {}
                Event::Closed => break,
            }
            self.look_after_camera();
            let flushed = self
                .recorder
                .as_mut()
                .map_or(Ok(()), Recorder::flush_if_due);
            self.keep_recording(flushed);
            self.publish();
        }
    }

    /// Nothing can be done any more but to say so and to close the recording.
    pub(super) fn fail(&mut self, error: &Error) {
        self.report(error);
        self.state.condition = Condition::Failed(error.to_string());
        self.stop_recording();
        self.publish();
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Source(spec) => {
                self.job.spec = spec.clone();
                self.state.source_name = spec.to_string();
                self.state.source = Some(spec);
                self.open();
            }
            Command::Model(name) => self.load_model(name),
            Command::Provider(choice) => {
                self.state.provider = choice;
                self.load_model(self.wanted_model.clone());
            }
            Command::Pause(true) => self.pause(),
            Command::Pause(false) => self.resume(),
            Command::StartLog(folder) => {
                if let Err(error) = self.start_recording(&folder) {
                    self.board.notify(Severity::Error, error.to_string());
                }
            }
            Command::StopLog => self.stop_recording(),
            Command::Mark(name) => self.mark(name),
        }
    }

    // --- the source ---

    fn open(&mut self) {
        self.retry = None;
        self.latest = None;
        self.state.condition = Condition::Opening;
        self.alive = Instant::now();
        if let Err(error) = self.captures.start(&self.inbox, self.job.clone()) {
            self.state.condition = Condition::Failed(error.to_string());
        }
    }

    /// Opens the camera again, by the name it had; it stays shown as away until frames flow.
    fn reopen(&mut self) {
        self.retry = None;
        if self.captures.too_many_stuck() {
            self.retry = Some(Instant::now() + RETRY);
            return;
        }
        self.alive = Instant::now();
        if let Err(error) = self.captures.start(&self.inbox, self.job.clone()) {
            self.state.condition = Condition::Gone(error.to_string());
            self.retry = Some(Instant::now() + RETRY);
        }
    }

    fn pause(&mut self) {
        if matches!(
            self.state.condition,
            Condition::Ended | Condition::Failed(_)
        ) {
            return;
        }
        if self.job.spec.is_camera() {
            // A paused camera is released: its light goes out and others may have it.
            self.captures.stop(&self.inbox);
            self.retry = None;
        } else {
            self.inbox.pause(true);
        }
        self.state.condition = Condition::Paused;
        self.event(EventKind::Paused, "");
    }

    fn resume(&mut self) {
        if self.state.condition != Condition::Paused {
            return;
        }
        self.event(EventKind::Resumed, "");
        if self.job.spec.is_camera() {
            self.open();
        } else {
            self.inbox.pause(false);
            self.state.condition = Condition::Live;
        }
    }

    fn hear(&mut self, analyzer: &mut Analyzer, word: SourceWord) {
        match word {
            SourceWord::Opened(name) => {
                self.alive = Instant::now();
                if self.state.condition == Condition::Opening {
                    analyzer.forget();
                    self.state.source_name.clone_from(&name);
                }
                if self.job.spec.is_camera() {
                    self.job.spec = SourceSpec::Camera(Some(name));
                }
            }
            SourceWord::Restarted => {
                analyzer.forget();
                let name = self.state.source_name.clone();
                self.event(EventKind::Source, &format!("{name}, from its beginning"));
            }
            SourceWord::Skipped(error) => self.report(&error),
            SourceWord::Ended => self.state.condition = Condition::Ended,
            SourceWord::Failed(error) if self.job.spec.is_camera() && error.may_pass() => {
                if !matches!(self.state.condition, Condition::Gone(_)) {
                    self.event(EventKind::Gone, &error.to_string());
                }
                self.state.condition = Condition::Gone(error.to_string());
                self.retry = Some(Instant::now() + RETRY);
            }
            SourceWord::Failed(error) => {
                self.report(&error);
                self.state.condition = Condition::Failed(error.to_string());
            }
        }
    }

    /// Notices a camera that hangs, and looks for one that is away.
    fn look_after_camera(&mut self) {
        if let Some(retry) = self.retry {
            if Instant::now() >= retry {
                self.reopen();
            }
            return;
        }
        if !self.job.spec.is_camera() {
            return;
        }
        let patience = match self.state.condition {
            Condition::Live => STALL,
            Condition::Opening | Condition::Gone(_) | Condition::Stalled => WARM_UP,
            Condition::Paused | Condition::Ended | Condition::Failed(_) => return,
        };
        if self.alive.elapsed() < patience {
            return;
        }
        if !matches!(
            self.state.condition,
            Condition::Gone(_) | Condition::Stalled
        ) {
            let name = self.state.source_name.clone();
            self.event(EventKind::Stalled, &name);
            self.state.condition = Condition::Stalled;
        }
        self.captures.stop(&self.inbox);
        self.retry = Some(Instant::now() + RETRY);
    }

    // --- frames ---

    fn receive(&mut self, analyzer: &mut Analyzer, frame: Frame, dropped: u64) {
        self.alive = Instant::now();
        self.state.captured += 1 + dropped;
        self.state.dropped += dropped;
        if matches!(
            self.state.condition,
            Condition::Gone(_) | Condition::Stalled
        ) {
            let name = self.state.source_name.clone();
            self.event(EventKind::Back, &name);
        }
        self.state.condition = Condition::Live;
        if let Some(recorder) = &mut self.recorder {
            recorder.count(dropped);
        }
        let frame = Arc::new(frame);
        self.latest = Some(Arc::clone(&frame));
        self.analyze(analyzer, frame);
        // A slow analysis is no stalled camera.
        self.alive = Instant::now();
    }

    fn analyze(&mut self, analyzer: &mut Analyzer, frame: Arc<Frame>) {
        match analyzer.analyze(frame) {
            Ok(observation) => {
                self.complained = false;
                self.state.analyzed += 1;
                self.state.delay = observation.frame.captured.elapsed();
                self.count_rate();
                let written = self
                    .recorder
                    .as_mut()
                    .map_or(Ok(()), |recorder| recorder.write(&observation, &self.state));
                self.keep_recording(written);
                (self.observe)(&observation);
                self.board.show(Arc::new(observation));
            }
            // One bad answer is no reason to stop.
            Err(error) => {
                if !std::mem::replace(&mut self.complained, true) {
                    self.report(&error);
                }
            }
        }
    }

    fn count_rate(&mut self) {
        let now = Instant::now();
        self.recent.push_back(now);
        while self
            .recent
            .front()
            .is_some_and(|at| now - *at > Duration::from_secs(1))
        {
            self.recent.pop_front();
        }
        let span = self
            .recent
            .front()
            .map_or(0.0, |first| (now - *first).as_secs_f32());
        self.state.frames_per_second = if span > 0.0 {
            (self.recent.len() - 1) as f32 / span
        } else {
            0.0
        };
    }

    // --- the model ---

    fn load_model(&mut self, name: String) {
        self.state.loading = Some(name.clone());
        self.wanted_model.clone_from(&name);
        let (inbox, load, choice) = (
            Arc::clone(&self.inbox),
            Arc::clone(&self.load),
            self.state.provider,
        );
        let started = thread::Builder::new()
            .name("mien-model".to_owned())
            .spawn(move || {
                let outcome = crash::caught(|| load(&name, choice));
                inbox.tell(Word::Loaded(name, outcome));
            });
        if let Err(error) = started {
            self.state.loading = None;
            self.report(&Error::Thread(error));
        }
    }

    fn take_model(&mut self, analyzer: &mut Analyzer, name: &str, outcome: Result<Loaded>) {
        if name != self.wanted_model {
            return;
        }
        self.state.loading = None;
        match outcome {
            Ok(loaded) => {
                let active = ActiveModel::of(&loaded);
                let recorded = self
                    .recorder
                    .as_mut()
                    .map_or(Ok(()), |recorder| recorder.model(&active));
                self.keep_recording(recorded);
                self.state.model = Some(active);
                analyzer.set_classifier(loaded.classifier);
                self.complained = false;
                let waits = matches!(self.state.condition, Condition::Paused | Condition::Ended);
                if waits && let Some(frame) = self.latest.clone() {
                    self.analyze(analyzer, frame);
                }
            }
            Err(error) => {
                if let Some(model) = &self.state.model {
                    self.wanted_model = model.card.name.to_string();
                }
                self.report(&error);
            }
        }
    }

    // --- the log ---

    pub(super) fn start_recording(&mut self, folder: &Path) -> Result<()> {
        if self.recorder.is_some() {
            return Ok(());
        }
        let recorder = Recorder::start(folder, &self.state, self.job.request)?;
        self.state.recording = Some(recorder.recording());
        self.recorder = Some(recorder);
        self.publish();
        Ok(())
    }

    fn stop_recording(&mut self) {
        self.state.recording = None;
        let Some(recorder) = self.recorder.take() else {
            return;
        };
        let folder = recorder.recording().folder;
        match recorder.finish() {
            Ok(()) => {
                self.board
                    .notify(Severity::Info, format!("Saved to {}", folder.display()));
            }
            Err(error) => self.board.notify(Severity::Error, error.to_string()),
        }
    }

    /// Sets a marker, and says whether it is kept.
    fn mark(&mut self, name: String) {
        self.event(EventKind::Marker, &name);
        let text = match &self.state.recording {
            Some(recording) => {
                format!("Marked '{name}' at {}", clock(recording.since.elapsed()))
            }
            None => format!("'{name}' is not kept: nothing is being recorded"),
        };
        self.board.notify(Severity::Info, text);
        if self.state.markers.len() >= MARKERS {
            self.state.markers.pop_front();
        }
        self.state.markers.push_back(Marker {
            name,
            at: Instant::now(),
            kept: self.state.recording.is_some(),
        });
    }

    fn event(&mut self, kind: EventKind, detail: &str) {
        let written = self
            .recorder
            .as_mut()
            .map_or(Ok(()), |recorder| recorder.event(kind, detail));
        self.keep_recording(written);
    }

    /// A log that cannot be written ends the recording; what was written stays, the rest goes on.
    fn keep_recording(&mut self, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.recorder = None;
            self.state.recording = None;
            self.board
                .notify(Severity::Error, format!("Recording stopped: {error}"));
        }
    }

    fn report(&mut self, error: &Error) {
        let text = error.to_string();
        self.event(EventKind::Error, &text);
        self.board.notify(Severity::Error, text);
    }

    fn publish(&self) {
        let mut shown = lock(&self.board.state);
        if *shown != self.state {
            *shown = self.state.clone();
            drop(shown);
            (self.board.wake)();
        }
    }
}

impl ActiveModel {
    pub(super) fn of(loaded: &Loaded) -> Self {
        Self {
            card: Arc::new(loaded.classifier.card().clone()),
            provider: loaded.provider,
            provider_reason: loaded.provider_reason.clone(),
        }
    }
}
