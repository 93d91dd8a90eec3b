//! Offline: a file's frames in order, as fast as the machine allows, into a session.
//!
//! One thread finds the faces, another reads them and writes the rows; decoding has its own. What is
//! written does not depend on which of them is quicker.

mod clerk;
mod crew;
mod look;
mod plan;
mod resume;
mod summary;

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroU64;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::{self, ScopedJoinHandle};

use serde_json::json;

use self::clerk::Clerk;
use self::look::Look;
use self::resume::Found;
use crate::analyzer::Analyzer;
use crate::card::ModelCard;
use crate::crash;
use crate::error::{Error, Result};
use crate::observation::Observation;
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
    /// Before that: from outside, or by an error that would spoil the next input as well.
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

/// Frames found and not yet read: with four, one thread waits for the other when all of a frame is searched; sixteen
/// are no quicker.
const AHEAD: usize = 8;

/// An analyzer, and what its model runs on, for the log: `CPU` or `CUDA`.
pub type Hired = (Analyzer, &'static str);

/// Analyses one input after another.
pub struct Batch<'a> {
    /// The model's.
    card: Arc<ModelCard>,
    hire: Box<dyn Fn() -> Result<Hired> + Sync + 'a>,
    hired: Option<Hired>,
    options: Options,
    /// Set from outside to end between two frames.
    stop: &'a AtomicBool,
}

impl<'a> Batch<'a> {
    /// A batch that has read nothing, and that calls `hire` while it opens its first input. Once `stop`
    /// is set it ends between two frames, with all that was seen on disk.
    #[must_use]
    pub fn new(
        card: Arc<ModelCard>,
        hire: impl Fn() -> Result<Hired> + Sync + 'a,
        options: Options,
        stop: &'a AtomicBool,
    ) -> Self {
        Self {
            card,
            hire: Box::new(hire),
            hired: None,
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
    /// Those of [`Self::run`] and of `hire`, and [`Error::Log`] when half a session cannot be replaced.
    pub fn analyze(&mut self, item: &Item, progress: &Progress) -> Result<Outcome> {
        let input = match SourceSpec::of_path(&item.path) {
            Ok(input) => input,
            Err(error) => return Ok(Outcome::failed(error)),
        };
        if self.options.resume {
            match resume::find(item, &input, &self.card, &self.options)? {
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
        // A video takes as long to open as a model to load.
        let (source, hired) = thread::scope(|scope| {
            let hire = || crash::caught(&self.hire);
            let builder = || thread::Builder::new().name("loading".to_owned());
            let hiring = (self.hired.is_none()).then(|| builder().spawn_scoped(scope, hire));
            let source = if self.options.annotated || self.card.wants_colors() {
                source::open(&input, &CameraRequest::default())
            } else {
                source::open_grey(&input)
            };
            let join = |hiring: io::Result<ScopedJoinHandle<Result<Hired>>>| {
                let hiring = hiring.map_err(Error::Thread)?;
                hiring.join().unwrap_or_else(|panic| resume_unwind(panic))
            };
            (source, hiring.map(join))
        });
        if let Some(hired) = hired {
            self.hired = Some(hired?);
        }
        match source {
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
        let (analyzer, provider) = match &mut self.hired {
            Some(hired) => hired,
            none => none.insert((self.hire)()?),
        };
        analyzer.start_over();
        let is_folder = matches!(input, SourceSpec::Folder(_));
        let mut clerk = Clerk {
            item,
            input,
            source_name: source.name().to_owned(),
            options: self.options,
            provider,
            records: None,
            outcome: Outcome::default(),
        };
        let (options, stop) = (self.options, self.stop);
        let (finder, reader) = analyzer.halves();
        if options.blur {
            finder.search_always();
        }
        let (sender, steps) = sync_channel(AHEAD);
        let (result, frames_read) = thread::scope(|scope| {
            let clerk = &mut clerk;
            let desk = thread::Builder::new()
                .name("reading faces".to_owned())
                .spawn_scoped(scope, move || {
                    crash::caught(|| clerk.take_all(reader, &steps))
                });
            let desk = match desk {
                Ok(desk) => desk,
                Err(error) => return (Err(Error::Thread(error)), 0),
            };
            let mut look = Look {
                finder,
                options,
                stop,
                is_folder,
                steps: sender,
            };
            let looked = crash::caught(|| Ok::<_, Error>(look.through(source, progress)));
            let (ending, frames_read) = looked.unwrap_or_else(|error| (Err(error), 0));
            drop(look);
            let written = desk.join().unwrap_or_else(|panic| resume_unwind(panic));
            (written.and(ending), frames_read)
        });
        // A fault while they were read leaves no count.
        clerk.outcome.frames_read = frames_read.max(clerk.outcome.frames);
        match result {
            Ok(ending) => clerk.finish(ending),
            Err(error) => clerk.give_up(error),
        }
    }
}

/// Makes, for an opened source, what hears the number of frames read from it.
pub type Progress<'a> = dyn Fn(&dyn FrameSource) -> Box<dyn FnMut(u64)> + Sync + 'a;
