//! Goes through a source and finds the faces in its frames.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;

use super::{Ending, Options};
use crate::error::{Error, Result};
use crate::finder::{Finder, Found};
use crate::source::FrameSource;

/// What the finding thread tells the reading one.
pub(super) enum Step {
    Found(Found),
    /// A frame could not be read from the source.
    Unreadable(Error),
}

/// Goes through a source and finds the faces in its frames.
pub(super) struct Look<'a> {
    pub(super) finder: &'a mut Finder,
    pub(super) options: Options,
    pub(super) stop: &'a AtomicBool,
    /// Only a folder goes on after an error, with its next picture.
    pub(super) is_folder: bool,
    pub(super) steps: SyncSender<Step>,
}

impl Look<'_> {
    /// How it ended, and how many frames were read.
    pub(super) fn through(
        &mut self,
        source: &mut dyn FrameSource,
        progress: &mut dyn FnMut(u64),
    ) -> (Result<Ending>, u64) {
        let limit = self.options.frames.map_or(u64::MAX, NonZeroU64::get);
        let (mut read, mut found) = (0, 0);
        while found < limit {
            if self.stop.load(Ordering::Relaxed) {
                return (Ok(Ending::Stopped), read);
            }
            let step = match source.next_frame() {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    read += 1;
                    if (read - 1) % self.options.every != 0 {
                        progress(read);
                        continue;
                    }
                    found += 1;
                    match self.finder.find(Arc::new(frame)) {
                        Ok(found) => Step::Found(found),
                        Err(error) => return (Err(error), read),
                    }
                }
                Err(error) => Step::Unreadable(error),
            };
            let is_last = matches!(step, Step::Unreadable(_)) && !self.is_folder;
            // The reading thread is gone only after an error, and says which.
            if self.steps.send(step).is_err() || is_last {
                break;
            }
            progress(read);
        }
        (Ok(Ending::Complete), read)
    }
}
