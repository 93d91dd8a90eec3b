//! The source at work: opened, paused, lost and found again.

use std::time::{Duration, Instant};

use super::Analysis;
use crate::analyzer::Analyzer;
use crate::error::Error;
use crate::pipeline::Condition;
use crate::pipeline::inbox::SourceWord;
use crate::session::EventKind;
use crate::source::SourceSpec;
use crate::source::camera::STALL;

/// How often a camera that is away is looked for.
const RETRY: Duration = Duration::from_secs(1);

/// How long a camera may take from being opened to its first frame, until it says itself that it is silent.
/// This and [`STALL`] are for drivers that hang.
const WARM_UP: Duration = Duration::from_millis(5500);

impl Analysis {
    pub(super) fn open(&mut self) {
        self.retry = None;
        self.latest = None;
        self.recent.clear();
        self.state.condition = Condition::Opening;
        self.alive = Instant::now();
        // Files do not ask: a camera's driver that hangs is no reason not to open them.
        if self.job.spec.is_camera() && self.captures.too_many_stuck() {
            self.stall();
            return;
        }
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

    pub(super) fn pause(&mut self) {
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

    pub(super) fn resume(&mut self) {
        if self.state.condition != Condition::Paused {
            return;
        }
        self.event(EventKind::Resumed, "");
        if self.job.spec.is_camera() {
            self.open();
        } else {
            self.recent.clear();
            self.inbox.pause(false);
            self.state.condition = match self.latest {
                Some(_) => Condition::Live,
                None => Condition::Opening,
            };
        }
    }

    pub(super) fn hear(&mut self, analyzer: &mut Analyzer, word: SourceWord) {
        match word {
            SourceWord::Opened(name) => {
                self.alive = Instant::now();
                // Also after a pause or a loss: what comes now has nothing to do with what came before.
                analyzer.forget();
                self.state.source_name.clone_from(&name);
                if self.job.spec.is_camera() {
                    // From now on it is this one that is looked for, and no other.
                    self.job.spec = SourceSpec::Camera(Some(name));
                    self.state.source = Some(self.job.spec.clone());
                }
            }
            SourceWord::Restarted => {
                analyzer.forget();
                let name = self.state.source_name.clone();
                self.event(EventKind::Source, &format!("{name}, from its beginning"));
            }
            SourceWord::Skipped(error) => self.report(&error),
            SourceWord::Ended => self.state.condition = Condition::Ended,
            SourceWord::Failed(Error::CameraSilent { .. }) => self.stall(),
            // Our own thread that hangs in the driver, not another program.
            SourceWord::Failed(Error::CameraBusy { .. })
                if self.state.condition == Condition::Stalled =>
            {
                self.retry = Some(Instant::now() + RETRY);
            }
            SourceWord::Failed(error) if self.job.spec.is_camera() && error.may_pass() => {
                let was_gone = matches!(self.state.condition, Condition::Gone(_));
                if !was_gone {
                    self.event(EventKind::Gone, &error.to_string());
                }
                // That a camera which is away is not found is no news: why it went says more.
                if !(was_gone && matches!(error, Error::CameraNotFound { .. })) {
                    self.state.condition = Condition::Gone(error.to_string());
                }
                self.retry = Some(Instant::now() + RETRY);
            }
            SourceWord::Failed(error) => {
                let reason = error.to_string();
                self.event(EventKind::Error, &reason);
                self.state.condition = Condition::Failed(reason);
                self.state.failures += 1;
            }
        }
    }

    /// Notices a camera that hangs, and looks for one that is away.
    pub(super) fn look_after_camera(&mut self) {
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
        self.stall();
    }

    /// The camera is there and sends nothing: it is released, and opened again in a while.
    fn stall(&mut self) {
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
}
