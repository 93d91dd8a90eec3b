//! The capture thread: opens one source and leaves its frames in the inbox, at the source's own pace.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::inbox::{Inbox, SourceWord};
use super::parts::OpenSource;
use crate::crash;
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::source::pictures::SHOWN_FOR;
use crate::source::{CameraRequest, FrameSource, SourceSpec};

/// How long the end of the program waits for a thread that may be stuck in a driver.
const FAREWELL: Duration = Duration::from_millis(500);

/// Threads stuck in a driver that may be left behind before no more are started.
const MOST_STUCK: usize = 4;

/// A frame so late starts the pace anew, instead of a rush to catch up.
const LATE: Duration = Duration::from_millis(500);

/// What to capture.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) open: Arc<OpenSource>,
    pub(super) spec: SourceSpec,
    pub(super) request: CameraRequest,
    /// Begin again at the end.
    pub(super) loops: bool,
}

/// The capture threads: the one that is listened to, and those left behind.
#[derive(Default)]
pub(super) struct Captures {
    /// Counts the threads; the number names the one that is listened to.
    number: u64,
    threads: Vec<JoinHandle<()>>,
}

impl Captures {
    /// Starts a capture in place of the one before.
    pub(super) fn start(&mut self, inbox: &Arc<Inbox>, job: Job) -> Result<()> {
        self.stop(inbox);
        self.threads.retain(|thread| !thread.is_finished());
        let (inbox, number) = (Arc::clone(inbox), self.number);
        let thread = thread::Builder::new()
            .name("mien-capture".to_owned())
            .spawn(move || {
                if let Err(error) = crash::caught(|| capture(&inbox, number, &job)) {
                    inbox.tell_of_source(number, SourceWord::Failed(error));
                }
            })
            .map_err(Error::Thread)?;
        self.threads.push(thread);
        Ok(())
    }

    /// Listens to no capture any more. The thread ends by itself at its next frame.
    pub(super) fn stop(&mut self, inbox: &Inbox) {
        self.number += 1;
        inbox.listen_to(self.number);
    }

    /// Whether so many threads are stuck that another would not help.
    pub(super) fn too_many_stuck(&mut self) -> bool {
        self.threads.retain(|thread| !thread.is_finished());
        self.threads.len() > MOST_STUCK
    }

    /// Stops, and waits a moment for the device to be released.
    pub(super) fn farewell(mut self, inbox: &Inbox) {
        self.stop(inbox);
        let until = Instant::now() + FAREWELL;
        while self.threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Opens the source and hands on its frames until there are no more or nobody listens.
fn capture(inbox: &Inbox, number: u64, job: &Job) -> Result<()> {
    loop {
        let mut source = (job.open)(&job.spec, &job.request)?;
        if !inbox.tell_of_source(number, SourceWord::Opened(source.name().to_owned())) {
            return Ok(());
        }
        let mut pace = Pace::default();
        loop {
            if !play(inbox, number, job, source.as_mut(), &mut pace)? {
                return Ok(());
            }
            if !(job.loops && source.is_round()) {
                break;
            }
        }
        let again = job.loops && !matches!(job.spec, SourceSpec::Picture(_));
        // A round without one frame would be followed by others like it, without end or rest.
        let Some(begin) = pace.round_ends().filter(|_| again) else {
            inbox.tell_of_source(number, SourceWord::Ended);
            return Ok(());
        };
        if !inbox.sleep_until(number, begin) {
            return Ok(());
        }
        inbox.tell_of_source(number, SourceWord::Restarted);
    }
}

/// Hands on all frames of a source; false when nobody listens any more.
fn play(
    inbox: &Inbox,
    number: u64,
    job: &Job,
    source: &mut dyn FrameSource,
    pace: &mut Pace,
) -> Result<bool> {
    loop {
        match source.next_frame() {
            Ok(Some(mut frame)) => {
                // A camera sets its own pace; everything else is played at its time stamps.
                if !job.spec.is_camera() {
                    if !inbox.sleep_until(number, pace.due(&frame)) {
                        return Ok(false);
                    }
                    frame.captured = Instant::now();
                }
                if !inbox.put(number, frame) {
                    return Ok(false);
                }
            }
            Ok(None) => return Ok(true),
            Err(error @ Error::BadPicture { .. }) if matches!(job.spec, SourceSpec::Folder(_)) => {
                if !inbox.tell_of_source(number, SourceWord::Skipped(error)) {
                    return Ok(false);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// When each frame is due, by its time in the source.
#[derive(Default)]
struct Pace {
    last: Option<(Duration, Instant)>,
    /// How long the last frame is to be seen.
    shown_for: Duration,
}

impl Pace {
    fn due(&mut self, frame: &Frame) -> Instant {
        let now = Instant::now();
        let (passed, due) = match self.last {
            Some((time, at)) => {
                let passed = frame.time.saturating_sub(time);
                (Some(passed), at + passed)
            }
            None => (None, now),
        };
        // After a pause or a hiccup go on from here.
        let due = if due + LATE < now { now } else { due };
        self.last = Some((frame.time, due));
        // Before a picture others may have been skipped; a frame of a video lasts as the one before it.
        self.shown_for = passed.filter(|_| !frame.still).unwrap_or(SHOWN_FOR);
        due
    }

    /// When the last frame has been seen long enough; `None` before the first.
    fn round_ends(&self) -> Option<Instant> {
        self.last.map(|(_, due)| due + self.shown_for)
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, RgbImage};

    use super::*;

    fn frame(millis: u64, still: bool) -> Frame {
        Frame {
            source: Arc::from("test"),
            source_frame: 0,
            time: Duration::from_millis(millis),
            utc: None,
            captured: Instant::now(),
            still,
            luma: GrayImage::new(1, 1),
            picture: RgbImage::new(1, 1),
        }
    }

    #[test]
    fn a_round_ends_when_its_last_frame_has_been_seen_as_long_as_the_others() {
        let mut pace = Pace::default();
        assert_eq!(pace.round_ends(), None);
        let first = pace.due(&frame(0, false));
        assert_eq!(pace.round_ends(), Some(first + SHOWN_FOR));
        let second = pace.due(&frame(40, false));
        assert_eq!(second, first + Duration::from_millis(40));
        assert_eq!(pace.round_ends(), Some(second + Duration::from_millis(40)));
        // Two pictures before this one could not be read.
        let third = pace.due(&frame(3040, true));
        assert_eq!(pace.round_ends(), Some(third + SHOWN_FOR));
    }
}
