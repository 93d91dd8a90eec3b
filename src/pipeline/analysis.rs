//! The analysis thread: obeys commands, analyses the newest frame, keeps the log and looks after the
//! camera. It lives as long as the window.

mod clocks;
mod explain;
mod loading;
mod models;
mod source;

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use self::clocks::{Clocks, Jump};
pub(super) use self::loading::Loading;
use super::capture::{Captures, Job};
use super::inbox::{Event, Inbox, Word};
use super::recorder::Recorder;
use super::{
    ActiveModel, Board, Command, Condition, Marker, Observe, Place, Severity, State, lock,
};
use crate::analyzer::Analyzer;
use crate::crash;
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::observation::Observation;
use crate::session::EventKind;
use crate::words::clock;

/// How often the log is flushed and the camera looked after when nothing else happens.
const TICK: Duration = Duration::from_millis(100);

/// Markers that are shown; the oldest go first. More than one a second in the chart's minute is noise.
const MARKERS: usize = 64;

/// The models that were asked for, as they were named.
struct Wanted {
    first: String,
    second: Option<String>,
}

pub(super) struct Analysis {
    inbox: Arc<Inbox>,
    board: Arc<Board>,
    loading: Loading,
    job: Job,
    captures: Captures,
    observe: Box<Observe>,
    /// What is true; shown to the outside after each change.
    state: State,
    /// The models that were asked for last.
    wanted: Wanted,
    /// Models that the user wants whatever their self-test says.
    overruled: BTreeSet<String>,
    /// Set to end the heat map that is being computed.
    explaining: Option<Arc<AtomicBool>>,
    recorder: Option<Recorder>,
    /// When the source gave its last sign of life.
    alive: Instant,
    /// When to look for the camera again.
    retry: Option<Instant>,
    /// The newest frame, to be analysed anew when the model changes and no other frame comes.
    latest: Option<Arc<Frame>>,
    /// When the frames of the last second were analysed.
    recent: VecDeque<Instant>,
}

impl Analysis {
    pub(super) fn new(
        inbox: Arc<Inbox>,
        board: Arc<Board>,
        loading: Loading,
        job: Job,
        observe: Box<Observe>,
        state: State,
    ) -> Self {
        let named = |model: &Option<ActiveModel>| model.as_ref().map(|model| model.named.clone());
        let wanted = Wanted {
            first: named(&state.model).unwrap_or_default(),
            second: named(&state.second),
        };
        let analysis = Self {
            inbox,
            board,
            loading,
            job,
            observe,
            captures: Captures::default(),
            state,
            // What was named at the start is used; what speaks against it is said.
            overruled: [Some(wanted.first.clone()), wanted.second.clone()]
                .into_iter()
                .flatten()
                .collect(),
            wanted,
            explaining: None,
            recorder: None,
            alive: Instant::now(),
            retry: None,
            latest: None,
            recent: VecDeque::new(),
        };
        analysis.publish();
        analysis
    }

    /// Works until the pipeline is closed; gives the folder of the recording that its end completes.
    pub(super) fn run(mut self, mut analyzer: Analyzer) -> Result<Option<PathBuf>> {
        let worked = crash::caught(|| {
            self.work(&mut analyzer);
            Ok(())
        });
        if let Err(error) = worked {
            self.fail(&error);
        }
        self.stop_explaining();
        let completed = self.complete_recording();
        self.captures.farewell(&self.inbox);
        completed
    }

    fn work(&mut self, analyzer: &mut Analyzer) {
        self.open();
        let started = Instant::now();
        let mut clocks = Clocks::new(started);
        loop {
            let asked = Instant::now();
            let event = self.inbox.next(TICK);
            if let Some(jump) = clocks.look(started, asked.elapsed()) {
                self.tell_of(jump);
            }
            match event {
                Event::Word(Word::Command(command)) => self.obey(analyzer, command),
                Event::Word(Word::Loaded(errand, outcome)) => {
                    self.take_model(analyzer, errand, outcome);
                }
                Event::Word(Word::Explained(asked, outcome)) => self.take_map(&asked, outcome),
                Event::Frame(frame, dropped) => self.receive(analyzer, frame, dropped),
                Event::Source(word) => self.hear(analyzer, word),
                Event::Tick => {}
                Event::Closed => break,
            }
            self.look_after_camera();
            self.give_up_loading();
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
        let reason = error.to_string();
        self.event(EventKind::Error, &reason);
        self.state.condition = Condition::Failed(reason);
        self.stop_recording();
        // Nobody listens any more.
        self.inbox.close();
        self.publish();
    }

    fn obey(&mut self, analyzer: &mut Analyzer, command: Command) {
        match command {
            Command::Source(spec) => {
                self.job.spec = spec.clone();
                self.state.source_name = spec.to_string();
                self.state.source = Some(spec);
                self.open();
            }
            Command::Model(name) => self.load_model(Place::First, name),
            Command::SecondModel(Some(name)) => self.load_model(Place::Second, name),
            Command::SecondModel(None) => self.end_second(analyzer),
            Command::Overrule(use_it) => self.overrule(use_it),
            Command::Provider(choice) => self.load_elsewhere(choice),
            Command::Certain(share) => self.be_certain(analyzer, share),
            Command::Explain(face) => self.explain(face),
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

    /// Says that nothing was seen for a while, or why the recording's clock and the wall's differ.
    fn tell_of(&mut self, jump: Jump) {
        let text = match jump {
            Jump::Asleep(seconds) => {
                self.event(EventKind::Asleep, &format!("{seconds:.1}"));
                // The camera has not been silent: nobody listened.
                self.alive = Instant::now();
                format!(
                    "Mien stood still for {seconds:.0} s: the computer slept, or the program was stopped"
                )
            }
            Jump::Clock(seconds) => {
                self.event(EventKind::Clock, &format!("{seconds:.1}"));
                let way = if seconds < 0.0 { "back" } else { "forward" };
                format!(
                    "The computer's clock was set {way} by {:.0} s; times since the start of a recording \
                     count on as before",
                    seconds.abs()
                )
            }
        };
        self.board.notify(Severity::Info, text);
    }

    // --- frames ---

    fn receive(&mut self, analyzer: &mut Analyzer, frame: Frame, dropped: u64) {
        self.alive = Instant::now();
        if matches!(
            self.state.condition,
            Condition::Gone(_) | Condition::Stalled
        ) {
            let name = self.state.source_name.clone();
            self.event(EventKind::Back, &name);
        }
        self.state.condition = Condition::Live;
        let frame = Arc::new(frame);
        self.latest = Some(Arc::clone(&frame));
        self.count(dropped);
        match self.look(analyzer, frame) {
            Some(observation) => {
                self.state.delay = observation.frame.captured.elapsed();
                self.count_rate();
                self.keep(observation);
            }
            None => self.lose(),
        }
        // A slow analysis is no stalled camera.
        self.alive = Instant::now();
    }

    /// Counts a frame, and those that gave way to it.
    fn count(&mut self, dropped: u64) {
        self.state.captured += 1 + dropped;
        self.state.dropped += dropped;
        if let Some(recorder) = &mut self.recorder {
            recorder.count(dropped);
        }
    }

    /// What is seen in a frame; `None` when the model gives no answer: that is said and shown.
    fn look(&mut self, analyzer: &mut Analyzer, frame: Arc<Frame>) -> Option<Observation> {
        match analyzer.analyze(Arc::clone(&frame)) {
            Ok(observation) => {
                self.state.no_answer = false;
                self.compare(analyzer, &observation);
                Some(observation)
            }
            // One bad answer is no reason to stop, nor for the picture to stand still.
            Err(error) => {
                self.board.show(Arc::new(analyzer.unread(frame)));
                // Said once, not thirty times a second.
                if !std::mem::replace(&mut self.state.no_answer, true) {
                    self.report(&error);
                }
                None
            }
        }
    }

    /// Logs and shows what was seen in a frame that was counted.
    fn keep(&mut self, observation: Observation) {
        self.state.analyzed += 1;
        let written = self
            .recorder
            .as_mut()
            .map_or(Ok(()), |recorder| recorder.write(&observation, &self.state));
        self.keep_recording(written);
        self.show(observation);
    }

    /// Counts a frame without an answer among the dropped: it has no row either.
    fn lose(&mut self) {
        self.state.dropped += 1;
        if let Some(recorder) = &mut self.recorder {
            recorder.lose();
        }
    }

    fn show(&mut self, observation: Observation) {
        (self.observe)(&observation);
        self.board.show(Arc::new(observation));
    }

    /// Counts how often both models say the same; hears when the second one has failed.
    fn compare(&mut self, analyzer: &mut Analyzer, observation: &Observation) {
        for face in &observation.faces {
            if let Some(second) = face.second {
                let same = second.raw.top().0 == face.reading.raw.top().0;
                self.state.agreement.faces += 1;
                self.state.agreement.same += u64::from(same);
            }
        }
        if let Some(error) = analyzer.second_failure() {
            self.report(&error);
            self.end_second(analyzer);
        }
    }

    fn count_rate(&mut self) {
        let now = Instant::now();
        self.recent.push_back(now);
        // Where one analysis takes over a second, the last two tell the rate.
        while self.recent.len() > 2
            && self
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
        match self.complete_recording() {
            Ok(None) => {}
            Ok(Some(folder)) => {
                self.board
                    .notify(Severity::Info, format!("Saved to {}", folder.display()));
            }
            Err(error) => self.board.notify(Severity::Error, error.to_string()),
        }
    }

    /// Ends the recording, if there is one; gives its folder.
    fn complete_recording(&mut self) -> Result<Option<PathBuf>> {
        self.state.recording = None;
        self.recorder.take().map(Recorder::finish).transpose()
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
