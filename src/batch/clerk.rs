//! Reads the faces that were found, and keeps the records of one input.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::look::Step;
use super::{Ending, Item, Options, Outcome};
use crate::annotated::Annotated;
use crate::card::ModelCard;
use crate::error::{Error, Result};
use crate::finder::Found;
use crate::observation::Observation;
use crate::reader::Reader;
use crate::session::{EventKind, SessionWriter};
use crate::source::SourceSpec;

/// Frames whose faces go through the network together: each takes it 0.71 ms instead of
/// 0.78 (`benches/network.py`).
const TOGETHER: usize = 4;

/// How long rows may lie about while the next frame is found.
const IDLE: Duration = Duration::from_millis(100);

/// What is written about one input.
pub(super) struct Records {
    session: SessionWriter,
    /// `None` when it is not wanted or could not go on.
    annotated: Option<Annotated>,
}

/// Reads the faces that were found, and keeps the records of one input.
pub(super) struct Clerk<'a> {
    pub(super) item: &'a Item,
    pub(super) input: &'a SourceSpec,
    pub(super) source_name: String,
    pub(super) options: Options,
    pub(super) provider: &'static str,
    /// `None` until there is something to write.
    pub(super) records: Option<Records>,
    pub(super) outcome: Outcome,
}

impl Clerk<'_> {
    /// Takes in what comes until it ends. The faces of several frames of a video are read together; of as
    /// many in every run, so that what is written is the same.
    pub(super) fn take_all(&mut self, reader: &mut Reader, steps: &Receiver<Step>) -> Result<()> {
        let mut together = Vec::with_capacity(TOGETHER);
        loop {
            match steps.recv_timeout(IDLE) {
                Ok(Step::Found(found)) => {
                    let is_still = found.frame.still;
                    together.push(found);
                    if is_still || together.len() == TOGETHER {
                        self.read(reader, &mut together)?;
                    }
                }
                Ok(Step::Unreadable(error)) => {
                    self.read(reader, &mut together)?;
                    if let Some(records) = &mut self.records {
                        (records.session).event(EventKind::Error, &error.to_string())?;
                    }
                    self.outcome.failures.push(error);
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(records) = &mut self.records {
                        records.session.flush_if_due()?;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return self.read(reader, &mut together),
            }
        }
    }

    fn read(&mut self, reader: &mut Reader, found: &mut Vec<Found>) -> Result<()> {
        if found.is_empty() {
            return Ok(());
        }
        if self.records.is_none() {
            self.records = Some(self.begin(reader.classifier().card())?);
        }
        let Some(records) = &mut self.records else {
            unreachable!("made above")
        };
        let mut keep = |observation: &Observation| {
            records.session.write(observation)?;
            self.outcome.count(observation);
            records.annotate(observation, &mut self.outcome)
        };
        match reader.read_all(found) {
            Ok(observations) => observations.iter().try_for_each(keep),
            // One of them may be at fault, and those before it are to be kept.
            Err(_) => found
                .drain(..)
                .try_for_each(|found| keep(&reader.read(found)?)),
        }
    }

    /// Makes the session, once there is something to write into it.
    fn begin(&self, card: &ModelCard) -> Result<Records> {
        let Options {
            every,
            annotated,
            blur,
            ..
        } = self.options;
        let (item, input) = (self.item, self.input);
        let settings = self.options.settings();
        let mut session = SessionWriter::create(&item.parent, &item.name, settings)?;
        session.source(input.kind(), &self.source_name, &input.to_string())?;
        session.model(card, self.provider)?;
        for failure in &self.outcome.failures {
            session.event(EventKind::Error, &failure.to_string())?;
        }
        let annotated =
            annotated.then(|| Annotated::new(input, session.folder(), every.get(), blur));
        Ok(Records { session, annotated })
    }

    /// Completes the annotated form and then the session, which is whole only with all that was wanted.
    pub(super) fn finish(mut self, ending: Ending) -> Result<Outcome> {
        self.outcome.ending = ending;
        if let Some(records) = self.records.take() {
            self.outcome.folder = Some(finish(records, &mut self.outcome)?);
        }
        Ok(self.outcome)
    }

    /// Ends the session as well as it can be, as one that was broken off. The first error is the cause, a
    /// second its echo.
    pub(super) fn give_up(mut self, error: Error) -> Result<Outcome> {
        self.outcome.ending = Ending::Stopped;
        if let Some(mut records) = self.records.take() {
            let noted = (records.session).event(EventKind::Error, &error.to_string());
            if let Err(echo) = noted.and(finish(records, &mut self.outcome)) {
                log::debug!("{echo}");
            }
        }
        Err(error)
    }
}

impl Records {
    /// Adds a frame to the annotated form. When that cannot be written, the rows go on without it.
    fn annotate(&mut self, observation: &Observation, outcome: &mut Outcome) -> Result<()> {
        let Some(annotated) = &mut self.annotated else {
            return Ok(());
        };
        let written = annotated.write(observation);
        self.give_up(written, outcome)
    }

    fn give_up(&mut self, written: Result<()>, outcome: &mut Outcome) -> Result<()> {
        if let Err(error) = written {
            self.annotated = None;
            self.session.event(EventKind::Error, &error.to_string())?;
            outcome.failures.push(error);
        }
        Ok(())
    }
}

/// Completes the annotated form and then the session, which is whole only with all that was wanted.
fn finish(mut records: Records, outcome: &mut Outcome) -> Result<PathBuf> {
    let completed = records.annotated.take().map_or(Ok(()), Annotated::finish);
    let noted = records.give_up(completed, outcome);
    let noted = noted.and_then(|()| match outcome.ending {
        Ending::Stopped => records.session.event(EventKind::Stopped, ""),
        _ => Ok(()),
    });
    let ended = records.session.finish(outcome.frames_read, 0);
    noted.and(ended)
}
