//! What was seen in one frame, and how long each stage took.

use std::sync::Arc;
use std::time::Duration;

use crate::face::Face;
use crate::frame::Frame;

/// The time that each stage took for one frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageTimes {
    /// Making smaller what is searched.
    pub shrink: Duration,
    /// Searching for faces.
    pub detect: Duration,
    /// Cutting out and scaling all faces.
    pub crop: Duration,
    /// The network, all faces in one batch.
    pub classify: Duration,
    /// Matching faces to those before, and smoothing.
    pub track: Duration,
}

impl StageTimes {
    /// The whole analysis of one frame.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.shrink + self.detect + self.crop + self.classify + self.track
    }
}

/// What was seen in one frame. It holds the frame itself, so boxes always lie on the picture that
/// they were computed from.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Counts analysed frames from 0, over all sources.
    pub number: u64,
    /// The frame.
    pub frame: Arc<Frame>,
    /// The faces in it, in the order of their ids.
    pub faces: Vec<Face>,
    /// The name of the model that answered.
    pub model: Arc<str>,
    /// The name of the second model, while there is one.
    pub second: Option<Arc<str>>,
    /// How long it took.
    pub times: StageTimes,
}
