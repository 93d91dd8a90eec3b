//! What a pipeline is made of: makers of its parts, so that tests can hand in others.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::classifier::Classifier;
use crate::detector::FaceDetector;
use crate::error::Result;
use crate::observation::Observation;
use crate::runtime::ProviderChoice;
use crate::source::{CameraRequest, FrameSource, SourceSpec};

/// Opens a source; called on a capture thread.
pub type OpenSource =
    dyn Fn(&SourceSpec, &CameraRequest) -> Result<Box<dyn FrameSource>> + Send + Sync;
/// Builds the face detector; called on the analysis thread, where the detector stays.
pub type BuildDetector = dyn FnOnce() -> Result<Box<dyn FaceDetector>> + Send;
/// Loads a model by name or path; called on a thread of its own.
pub type LoadModel = dyn Fn(&str, ProviderChoice) -> Result<Loaded> + Send + Sync;
/// Called with every observation, on the analysis thread; while it works, frames are dropped and counted.
pub type Observe = dyn FnMut(&Observation) + Send;
/// Called when there is news: asks the window to draw.
pub type Wake = dyn Fn() + Send + Sync;

/// A model ready to work.
pub struct Loaded {
    /// The model.
    pub classifier: Box<dyn Classifier + Send>,
    /// What it runs on: `CPU` or `CUDA`.
    pub provider: &'static str,
    /// Why not on CUDA, when the choice allowed it.
    pub provider_reason: Option<String>,
    /// What its self-test says against it, in a sentence.
    pub doubt: Option<String>,
}

/// How long a model may usually take to load: longer than the trial of a new one.
pub const LOAD_PATIENCE: Duration = Duration::from_secs(150);

/// The makers.
pub struct Parts {
    /// Opens sources.
    pub open: Arc<OpenSource>,
    /// Builds the detector, once.
    pub detector: Box<BuildDetector>,
    /// Loads models.
    pub load: Arc<LoadModel>,
    /// How long that may take; [`LOAD_PATIENCE`] is usual. A model that takes longer is given up.
    pub load_patience: Duration,
    /// Sees every observation, not only the newest.
    pub observe: Box<Observe>,
    /// Wakes the window.
    pub wake: Arc<Wake>,
}

/// What to begin with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What to look at.
    pub source: SourceSpec,
    /// What to ask a camera for.
    pub camera: CameraRequest,
    /// The model's name or path.
    pub model: String,
    /// A second model for the same faces.
    pub second: Option<String>,
    /// A label is shown from this smoothed probability on; [`crate::tracker::CERTAIN`] is usual.
    pub certain: f32,
    /// What to run it on.
    pub provider: ProviderChoice,
    /// Record from the start, into a new session folder in this folder.
    pub log: Option<PathBuf>,
    /// The smallest face to look for, as a share of the picture's width; `None` for the usual.
    pub smallest_face: Option<f32>,
    /// Begin again at the end of a video, a folder or the demo.
    pub loops: bool,
}
