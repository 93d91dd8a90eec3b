//! Offline: a file's frames in order, as fast as the machine allows, into a session.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::analyzer::Analyzer;
use crate::error::{Error, Result};
use crate::observation::Observation;
use crate::session::{EventKind, SessionWriter};
use crate::source::{FrameSource, SourceSpec};

/// What to analyse of each input, and where to write it.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that the session folders are made in.
    pub out: PathBuf,
    /// Analyse the first of every so many frames.
    pub every: NonZeroU64,
    /// Stop after so many analysed frames.
    pub frames: Option<NonZeroU64>,
    /// What the model runs on, for the log: `CPU` or `CUDA`.
    pub provider: &'static str,
}

/// What came of one input.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The session's folder; `None` if not one frame could be read.
    pub folder: Option<PathBuf>,
    /// Frames read, analysed or not.
    pub frames_read: u64,
    /// Frames analysed.
    pub frames: u64,
    /// Frames with at least one face.
    pub frames_with_face: u64,
    /// Different faces, by their ids.
    pub people: BTreeSet<u64>,
    /// What could not be read: the input from some frame on, or single pictures of a folder.
    pub failures: Vec<Error>,
}

impl Outcome {
    fn count(&mut self, observation: &Observation) {
        self.frames += 1;
        self.frames_with_face += u64::from(!observation.faces.is_empty());
        self.people
            .extend(observation.faces.iter().map(|face| face.id));
    }
}

/// Analyses one input after another.
pub struct Batch<'a> {
    analyzer: Analyzer,
    options: Options,
    /// Set from outside to end between two frames.
    stop: &'a AtomicBool,
}

impl<'a> Batch<'a> {
    /// A batch that has read nothing. Once `stop` is set it ends between two frames, with all that
    /// was seen on disk.
    #[must_use]
    pub fn new(analyzer: Analyzer, options: Options, stop: &'a AtomicBool) -> Self {
        Self {
            analyzer,
            options,
            stop,
        }
    }

    /// Analyses one input, already opened as `source`, into a session of its own, named after it.
    /// `progress` hears the number of frames read after each.
    ///
    /// An input that cannot be read to its end is no error: the outcome says so, and what was seen
    /// before is in the session.
    ///
    /// # Errors
    /// What would spoil the next input as well: the session cannot be written, the detector or the
    /// model fails. The session is ended as well as it can be.
    pub fn run(
        &mut self,
        input: &SourceSpec,
        source: &mut dyn FrameSource,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Outcome> {
        self.analyzer.forget();
        let mut outcome = Outcome::default();
        let mut session = None;
        let result = self.read(input, source, &mut session, &mut outcome, progress);
        if let Some(session) = session {
            let ended = session.finish(outcome.frames_read, 0);
            // The first error is the cause, the second its echo.
            result?;
            outcome.folder = Some(ended?);
            return Ok(outcome);
        }
        result.map(|()| outcome)
    }

    fn read(
        &mut self,
        input: &SourceSpec,
        source: &mut dyn FrameSource,
        session: &mut Option<SessionWriter>,
        outcome: &mut Outcome,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let limit = self.options.frames.map_or(u64::MAX, NonZeroU64::get);
        while outcome.frames < limit && !self.stop.load(Ordering::Relaxed) {
            let frame = match source.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(error) => {
                    if let Some(session) = session {
                        session.event(EventKind::Error, &error.to_string())?;
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
                let session = match session {
                    Some(session) => session,
                    None => session.insert(self.begin(input, source.name(), &outcome.failures)?),
                };
                let observation = self.analyzer.analyze(Arc::new(frame))?;
                session.write(&observation)?;
                outcome.count(&observation);
            }
            progress(outcome.frames_read);
        }
        Ok(())
    }

    /// Makes the session, once there is something to write into it.
    fn begin(&self, input: &SourceSpec, name: &str, failures: &[Error]) -> Result<SessionWriter> {
        let Options {
            out,
            every,
            frames,
            provider,
        } = &self.options;
        let settings = json!({ "every": every, "frames": frames });
        let mut session = SessionWriter::create(out, &session_name(input, name), settings)?;
        session.source(input.kind(), name, &input.to_string())?;
        session.model(self.analyzer.classifier().card(), provider)?;
        for failure in failures {
            session.event(EventKind::Error, &failure.to_string())?;
        }
        Ok(session)
    }
}

/// A session is named after its input: a file's name without its extension, a folder's whole name.
fn session_name(input: &SourceSpec, name: &str) -> String {
    match input {
        SourceSpec::Folder(_) => name.to_owned(),
        _ => Path::new(name).file_stem().map_or_else(
            || name.to_owned(),
            |stem| stem.to_string_lossy().into_owned(),
        ),
    }
}
