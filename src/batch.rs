//! Offline: a file's frames in order, as fast as the machine allows, into a session.

mod crew;
mod plan;
mod resume;
mod summary;

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use self::resume::Found;
use crate::analyzer::Analyzer;
use crate::annotated::Annotated;
use crate::error::{Error, Result};
use crate::observation::Observation;
use crate::session::{EventKind, SessionWriter};
use crate::source::{self, CameraRequest, FrameSource, SourceSpec};

pub use crew::{Done, run_all};
pub use plan::{Item, plan};
pub use summary::{SUMMARY_FILE, Summary};

/// What to analyse of each input, and what to write besides the session's tables.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Analyse the first of every so many frames.
    pub every: NonZeroU64,
    /// Stop after so many analysed frames.
    pub frames: Option<NonZeroU64>,
    /// Also write the input with boxes and labels.
    pub annotated: bool,
    /// Hide the faces in that.
    pub blur: bool,
    /// Skip an input that has its whole session already, and replace half of one.
    pub resume: bool,
}

impl Options {
    /// What `session.json` says of them.
    fn settings(&self) -> serde_json::Value {
        let Self {
            every,
            frames,
            annotated,
            blur,
            resume: _,
        } = self;
        json!({ "every": every, "frames": frames, "annotated": annotated, "blur": blur })
    }
}

/// How the work on one input ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// As far as the input and the options go.
    #[default]
    Complete,
    /// From outside, before that.
    Stopped,
    /// Nothing was to be done: its session was there already.
    Skipped,
}

/// What came of one input.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The session's folder; `None` if not one frame could be read.
    pub folder: Option<PathBuf>,
    /// How it ended.
    pub ending: Ending,
    /// Frames read, analysed or not.
    pub frames_read: u64,
    /// Frames analysed.
    pub frames: u64,
    /// Frames with at least one face.
    pub frames_with_face: u64,
    /// Different faces, by their ids.
    pub people: BTreeSet<u64>,
    /// What could not be read: the input from some frame on, or single pictures of a folder; or the
    /// annotated form, when it could not be written.
    pub failures: Vec<Error>,
}

impl Outcome {
    fn count(&mut self, observation: &Observation) {
        self.frames += 1;
        self.frames_with_face += u64::from(!observation.faces.is_empty());
        self.people
            .extend(observation.faces.iter().map(|face| face.id));
    }

    fn failed(error: Error) -> Self {
        Self {
            failures: vec![error],
            ..Self::default()
        }
    }
}

/// What is written about one input.
struct Records {
    session: SessionWriter,
    /// `None` when it is not wanted or could not go on.
    annotated: Option<Annotated>,
}

/// Analyses one input after another.
pub struct Batch<'a> {
    analyzer: Analyzer,
    /// What the model runs on, for the log: `CPU` or `CUDA`.
    provider: &'static str,
    options: Options,
    /// Set from outside to end between two frames.
    stop: &'a AtomicBool,
}

impl<'a> Batch<'a> {
    /// A batch that has read nothing. Once `stop` is set it ends between two frames, with all that
    /// was seen on disk.
    #[must_use]
    pub fn new(
        analyzer: Analyzer,
        provider: &'static str,
        options: Options,
        stop: &'a AtomicBool,
    ) -> Self {
        Self {
            analyzer,
            provider,
            options,
            stop,
        }
    }

    /// Whether it was told to end.
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Opens an item and analyses it with [`Self::run`], unless that has been done and is not to be
    /// done again. `progress` is asked, once the item is open, for what hears the number of frames
    /// read.
    ///
    /// # Errors
    /// Those of [`Self::run`], and [`Error::Log`] when half a session cannot be replaced.
    pub fn analyze(&mut self, item: &Item, progress: &Progress) -> Result<Outcome> {
        let input = match SourceSpec::of_path(&item.path) {
            Ok(input) => input,
            Err(error) => return Ok(Outcome::failed(error)),
        };
        if self.options.resume {
            let card = self.analyzer.classifier().card();
            match resume::find(item, &input, card, &self.options)? {
                Found::Nothing => {}
                Found::Done(folder) => {
                    return Ok(Outcome {
                        folder: Some(folder),
                        ending: Ending::Skipped,
                        ..Outcome::default()
                    });
                }
                Found::InWork(folder) => {
                    return Ok(Outcome::failed(Error::InWork {
                        input: item.path.clone(),
                        folder,
                    }));
                }
            }
        }
        match source::open(&input, &CameraRequest::default()) {
            Ok(mut source) => {
                let mut hear = progress(source.as_ref());
                self.run(item, &input, source.as_mut(), &mut hear)
            }
            Err(error) => Ok(Outcome::failed(error)),
        }
    }

    /// Analyses one input, already opened as `source`, into a session of its own. `progress` hears
    /// the number of frames read after each.
    ///
    /// An input that cannot be read to its end is no error: the outcome says so, and what was seen
    /// before is in the session. Ids of faces count from 1 in each session, so that it is the same
    /// whatever was analysed before it.
    ///
    /// # Errors
    /// What would spoil the next input as well: the session cannot be written, the detector or the
    /// model fails. The session is ended as well as it can be.
    pub fn run(
        &mut self,
        item: &Item,
        input: &SourceSpec,
        source: &mut dyn FrameSource,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Outcome> {
        self.analyzer.start_over();
        let mut outcome = Outcome::default();
        let mut records = None;
        let result = self.read(item, input, source, &mut records, &mut outcome, progress);
        if let Some(records) = records {
            let ended = finish(records, &mut outcome);
            // The first error is the cause, the second its echo.
            result?;
            outcome.folder = Some(ended?);
            return Ok(outcome);
        }
        result.map(|()| outcome)
    }

    fn read(
        &mut self,
        item: &Item,
        input: &SourceSpec,
        source: &mut dyn FrameSource,
        records: &mut Option<Records>,
        outcome: &mut Outcome,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let limit = self.options.frames.map_or(u64::MAX, NonZeroU64::get);
        while outcome.frames < limit {
            if self.is_stopped() {
                outcome.ending = Ending::Stopped;
                break;
            }
            let frame = match source.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(error) => {
                    if let Some(records) = records {
                        records
                            .session
                            .event(EventKind::Error, &error.to_string())?;
                    }
                    outcome.failures.push(error);
                    // Only a folder goes on, with its next picture.
                    if matches!(input, SourceSpec::Folder(_)) {
                        continue;
                    }
                    break;
                }
            };
            let wanted = outcome.frames_read % self.options.every == 0;
            outcome.frames_read += 1;
            if wanted {
                let records = match records {
                    Some(records) => records,
                    None => {
                        records.insert(self.begin(item, input, source.name(), &outcome.failures)?)
                    }
                };
                let observation = self.analyzer.analyze(Arc::new(frame))?;
                records.session.write(&observation)?;
                outcome.count(&observation);
                records.annotate(&observation, outcome)?;
            }
            progress(outcome.frames_read);
        }
        Ok(())
    }

    /// Makes the session, once there is something to write into it.
    fn begin(
        &self,
        item: &Item,
        input: &SourceSpec,
        name: &str,
        failures: &[Error],
    ) -> Result<Records> {
        let Options {
            every,
            annotated,
            blur,
            ..
        } = self.options;
        let settings = self.options.settings();
        let mut session = SessionWriter::create(&item.parent, &item.name, settings)?;
        session.source(input.kind(), name, &input.to_string())?;
        session.model(self.analyzer.classifier().card(), self.provider)?;
        for failure in failures {
            session.event(EventKind::Error, &failure.to_string())?;
        }
        let annotated =
            annotated.then(|| Annotated::new(input, session.folder(), every.get(), blur));
        Ok(Records { session, annotated })
    }
}

/// Makes, for an opened source, what hears the number of frames read from it.
pub type Progress<'a> = dyn Fn(&dyn FrameSource) -> Box<dyn FnMut(u64)> + Sync + 'a;

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
