//! The live threads: capture and analysis, and what joins them to a window or a terminal.
//!
//! Pictures go through a place for the newest only, words through bounded queues, and conditions
//! are values that anyone can read.

mod analysis;
mod capture;
mod inbox;
mod parts;
mod recorder;
mod state;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

pub use parts::{
    BuildDetector, LOAD_PATIENCE, LoadModel, Loaded, Observe, OpenSource, Parts, Settings, Wake,
};
pub use state::{
    ActiveModel, Agreement, Asked, Command, Condition, Doubt, Explanation, Marker, Notice, Place,
    Recording, Severity, State,
};

use self::analysis::{Analysis, Loading};
use self::capture::Job;
use self::inbox::{Inbox, Word};
use crate::analyzer::Analyzer;
use crate::error::{Error, Result};
use crate::observation::Observation;

/// Notices kept for a reader that does not fetch them; the oldest go first.
const NOTICES: usize = 32;

/// What the analysis thread shows to the outside.
struct Board {
    observation: Mutex<Option<Arc<Observation>>>,
    state: Mutex<State>,
    notices: Mutex<VecDeque<Notice>>,
    wake: Arc<Wake>,
}

impl Board {
    fn show(&self, observation: Arc<Observation>) {
        *lock(&self.observation) = Some(observation);
    }

    fn notify(&self, severity: Severity, text: String) {
        // Whoever reads the notices tells the user.
        log::info!("{text}");
        let mut notices = lock(&self.notices);
        if notices.len() >= NOTICES {
            notices.pop_front();
        }
        notices.push_back(Notice { severity, text });
        drop(notices);
        (self.wake)();
    }
}

/// The running pipeline. Dropping it ends all: the recording is completed and the analysis thread
/// joined; a capture thread stuck in a driver is given half a second.
pub struct Pipeline {
    inbox: Arc<Inbox>,
    board: Arc<Board>,
    analysis: Option<JoinHandle<Result<Option<PathBuf>>>>,
}

impl Pipeline {
    /// Loads the model, starts the recording if one is asked for, and the threads.
    ///
    /// # Errors
    /// When the model cannot be loaded, the log not be written, or a thread not be started.
    /// A source that cannot be opened is no error here but a [`Condition`].
    pub fn start(settings: Settings, parts: Parts) -> Result<Self> {
        let loaded = (parts.load)(&settings.model, settings.provider)?;
        let second = match &settings.second {
            Some(second) => Some((parts.load)(second, settings.provider)?),
            None => None,
        };
        let inbox = Arc::new(Inbox::default());
        let board = Arc::new(Board {
            observation: Mutex::default(),
            state: Mutex::default(),
            notices: Mutex::default(),
            wake: Arc::clone(&parts.wake),
        });
        for loaded in [Some(&loaded), second.as_ref()].into_iter().flatten() {
            if let Some(doubt) = &loaded.doubt {
                let title = &loaded.classifier.card().title;
                let text = format!("'{title}' should not be trusted: {doubt}");
                board.notify(Severity::Error, text);
            }
        }
        let active_second = second.as_ref().zip(settings.second.as_deref());
        let state = State {
            source: Some(settings.source.clone()),
            source_name: settings.source.to_string(),
            provider: settings.provider,
            certain: settings.certain,
            smallest_face: settings.smallest_face,
            model: Some(ActiveModel::of(&loaded, &settings.model)),
            second: active_second.map(|(loaded, named)| ActiveModel::of(loaded, named)),
            ..State::default()
        };
        let mut analysis = Analysis::new(
            Arc::clone(&inbox),
            Arc::clone(&board),
            Loading::new(Arc::clone(&parts.load), parts.load_patience),
            Job {
                open: parts.open,
                spec: settings.source,
                request: settings.camera,
                loops: settings.loops,
            },
            parts.observe,
            state,
        );
        if let Some(folder) = &settings.log {
            analysis.start_recording(folder)?;
        }
        let (detector, smallest_face) = (parts.detector, settings.smallest_face);
        let certain = settings.certain;
        let thread = thread::Builder::new()
            .name("mien-analysis".to_owned())
            .spawn(move || match detector() {
                Ok(detector) => {
                    let mut analyzer = Analyzer::new(detector, loaded.classifier)
                        .with_smallest_face(smallest_face);
                    analyzer.set_certain(certain);
                    if let Some(second) = second {
                        analyzer.set_second(Some(second.classifier));
                    }
                    analysis.run(analyzer)
                }
                Err(error) => {
                    analysis.fail(&error);
                    Ok(None)
                }
            })
            .map_err(Error::Thread)?;
        Ok(Self {
            inbox,
            board,
            analysis: Some(thread),
        })
    }

    /// Sends a word. It is taken between two frames; after a fault of the analysis by nobody, which is
    /// said.
    pub fn send(&self, command: Command) {
        if self.inbox.tell(Word::Command(command)) {
            return;
        }
        let text = if self.inbox.is_closed() {
            "Mien has stopped; start it again"
        } else {
            "Mien is busy; try that again"
        };
        self.board.notify(Severity::Error, text.to_owned());
    }

    /// The newest observation, if there is one yet.
    #[must_use]
    pub fn observation(&self) -> Option<Arc<Observation>> {
        lock(&self.board.observation).clone()
    }

    /// All that is true now.
    #[must_use]
    pub fn state(&self) -> State {
        lock(&self.board.state).clone()
    }

    /// What has happened since the last call.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        lock(&self.board.notices).drain(..).collect()
    }

    /// Whether the analysis still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.analysis
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
    }

    /// Ends all, as dropping does; gives the folder of the recording that this completes, if any.
    /// What has not been said yet is still among the [`Self::notices`].
    ///
    /// # Errors
    /// [`Error::Log`] when the recording cannot be completed; its rows stay.
    pub fn end(&mut self) -> Result<Option<PathBuf>> {
        self.inbox.close();
        let Some(thread) = self.analysis.take() else {
            return Ok(None);
        };
        thread.join().unwrap_or_else(|_| {
            log::error!("the analysis thread panicked");
            Ok(None)
        })
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        // Nobody is left who would show it otherwise.
        if let Err(error) = self.end() {
            log::error!("{error}");
        }
    }
}

/// What a panicking thread left behind here is whole: no change can panic between its assignments.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
