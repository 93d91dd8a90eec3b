//! Finds the faces of one frame after another: looks everywhere now and then, and in between only
//! where faces are known to be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::detector::{FaceDetector, is_same};
use crate::error::Result;
use crate::face::{Detection, FaceBox};
use crate::frame::Frame;
use crate::observation::StageTimes;

/// The smallest face looked for in cameras and videos, as a share of the picture's width: a person
/// about two metres from a webcam.
pub const SMALLEST_FACE_LIVE: f32 = 1.0 / 12.0;
/// The smallest face looked for in pictures, as a share of the picture's width: a group photograph.
pub const SMALLEST_FACE_STILL: f32 = 1.0 / 40.0;

/// How often the whole frame is searched while a face is followed, by the frames' time: whoever joins is
/// seen within half a second.
const SEARCH_EVERY: Duration = Duration::from_millis(450);
/// The same while nobody is in view: then there is nothing else to do.
const SEARCH_EVERY_ALONE: Duration = Duration::from_millis(100);
/// A face that has moved by this share of its side since then, or grown or shrunk by it, is reason to
/// look everywhere again: the camera may be turning, and others come into view.
const RESTLESS: f32 = 0.24;
/// Frames further apart than this have too little in common to follow a face from one to the next.
const FOLLOWED_OVER: Duration = Duration::from_millis(150);
/// A face that is not found where it was is looked for there for so long: a turned head or a hand
/// before the face. Less than the tracker remembers it.
const LOOKED_FOR: Duration = Duration::from_millis(600);

/// A face of the last frames.
#[derive(Debug, Clone, Copy)]
struct Known {
    face_box: FaceBox,
    /// Where it was when all was last searched.
    searched_box: FaceBox,
    /// When it was last found.
    seen: Duration,
    /// It was not found in the last frame.
    lost: bool,
}

impl Known {
    fn is_restless(&self) -> bool {
        let (now, then) = (&self.face_box, &self.searched_box);
        let ((x, y), (then_x, then_y)) = (now.center(), then.center());
        let moved = (x - then_x).hypot(y - then_y) / then.width;
        let grown = (now.width / then.width).ln().abs();
        moved.max(grown) > RESTLESS
    }
}

/// Finds the faces of one frame after another. Plain and blocking; lives on the thread that made
/// its detector.
///
/// What it finds depends on the frames and their times alone, never on the clock.
pub struct Finder {
    detector: Box<dyn FaceDetector>,
    smallest_face_live: f32,
    smallest_face_still: f32,
    known: Vec<Known>,
    now: Duration,
    /// When it last looked everywhere; `None` before the first time.
    searched: Option<Duration>,
    /// How often it looks everywhere while it follows a face.
    search_every: Duration,
}

/// A frame and where faces are in it.
#[derive(Debug)]
pub struct Found {
    /// The frame.
    pub frame: Arc<Frame>,
    /// Its faces, in no order.
    pub detections: Vec<Detection>,
    /// How long finding them took.
    pub times: StageTimes,
}

impl Finder {
    /// A finder that has seen nobody.
    #[must_use]
    pub fn new(detector: Box<dyn FaceDetector>) -> Self {
        Self {
            detector,
            smallest_face_live: SMALLEST_FACE_LIVE,
            smallest_face_still: SMALLEST_FACE_STILL,
            known: Vec::new(),
            now: Duration::ZERO,
            searched: None,
            search_every: SEARCH_EVERY,
        }
    }

    /// Looks everywhere in every frame: nobody may go unseen, not even for half a second.
    pub fn search_always(&mut self) {
        self.search_every = Duration::ZERO;
    }

    /// Looks for faces of this share of the picture's width and larger, in every kind of frame.
    pub fn set_smallest_face(&mut self, share: f32) {
        (self.smallest_face_live, self.smallest_face_still) = (share, share);
    }

    /// Forgets whom it saw: another source.
    pub fn forget(&mut self) {
        self.known.clear();
        self.searched = None;
    }

    /// Looks for the faces of one frame. A still has nothing to do with the frame before, nor has one
    /// that goes back in time.
    ///
    /// # Errors
    /// When the frame cannot be searched.
    pub fn find(&mut self, frame: Arc<Frame>) -> Result<Found> {
        let began = Instant::now();
        let detections = if frame.still {
            self.forget();
            self.detector
                .detect(&frame.luma, self.smallest_face_still)?
        } else {
            self.look(&frame)?
        };
        let mut times = StageTimes {
            shrink: self.detector.take_shrink_time(),
            ..StageTimes::default()
        };
        times.detect = began.elapsed().saturating_sub(times.shrink);
        Ok(Found {
            frame,
            detections,
            times,
        })
    }

    fn look(&mut self, frame: &Frame) -> Result<Vec<Detection>> {
        let now = frame.time;
        if now < self.now || now.saturating_sub(self.now) > FOLLOWED_OVER {
            self.forget();
        }
        self.now = now;
        self.known
            .retain(|known| now.saturating_sub(known.seen) <= LOOKED_FOR);

        let mut detections: Vec<Detection> = Vec::with_capacity(self.known.len());
        let mut has_changed = false;
        for known in &mut self.known {
            let found = self.detector.follow(&frame.luma, &known.face_box)?;
            // Two that have come together are one.
            let found = found.filter(|found| {
                !(detections.iter()).any(|other| is_same(&other.face_box, &found.face_box))
            });
            if let Some(found) = found {
                detections.push(found);
                (known.face_box, known.seen, known.lost) = (found.face_box, now, false);
                has_changed |= known.is_restless();
            } else {
                // It may have leapt, or somebody else may be here now: reason to look everywhere, once.
                has_changed |= !std::mem::replace(&mut known.lost, true);
            }
        }
        let every = if detections.is_empty() {
            SEARCH_EVERY_ALONE.min(self.search_every)
        } else {
            self.search_every
        };
        let is_due = self
            .searched
            .is_none_or(|searched| now.saturating_sub(searched) >= every);
        if is_due || has_changed {
            self.searched = Some(now);
            self.search(frame, &mut detections)?;
        }
        Ok(detections)
    }

    /// Looks everywhere but where faces have been found already, and adds what is there.
    fn search(&mut self, frame: &Frame, detections: &mut Vec<Detection>) -> Result<()> {
        for known in &mut self.known {
            known.searched_box = known.face_box;
        }
        let followed: Vec<FaceBox> = detections.iter().map(|found| found.face_box).collect();
        let others =
            self.detector
                .detect_others(&frame.luma, self.smallest_face_live, &followed)?;
        for other in others {
            let lost_here = self
                .known
                .iter_mut()
                .find(|known| known.lost && is_same(&known.face_box, &other.face_box));
            let known = Known {
                face_box: other.face_box,
                searched_box: other.face_box,
                seen: self.now,
                lost: false,
            };
            match lost_here {
                Some(lost) => *lost = known,
                None => self.known.push(known),
            }
            detections.push(other);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
