//! What the live pipeline can be told, and what it says of itself.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::card::ModelCard;
use crate::occlusion::HeatMap;
use crate::runtime::ProviderChoice;
use crate::source::SourceSpec;

/// A word to the pipeline, taken between two frames.
#[derive(Debug, Clone)]
pub enum Command {
    /// Look at something else.
    Source(SourceSpec),
    /// Load another model, by name or path; the present one works on until it is ready.
    Model(String),
    /// Load a second model that answers for the same faces, or let the first answer alone.
    SecondModel(Option<String>),
    /// Use the model that is in doubt (true), or leave it.
    Overrule(bool),
    /// Show a label from this smoothed probability on.
    Certain(f32),
    /// Compute the heat map of this face of the newest observation.
    Explain(u64),
    /// Run the model elsewhere.
    Provider(ProviderChoice),
    /// Stop (true) or go on (false). A paused camera is released.
    Pause(bool),
    /// Record into a new session folder in this folder.
    StartLog(PathBuf),
    /// Stop recording.
    StopLog,
    /// Set a marker with this name, now: a phase of the recording begins.
    Mark(String),
}

/// How the source is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Condition {
    /// Being opened.
    #[default]
    Opening,
    /// Frames arrive.
    Live,
    /// Stopped by the user, or because nobody watches.
    Paused,
    /// A camera is away or cannot be opened; it is looked for every second.
    Gone(String),
    /// A camera is there but has sent nothing for [`crate::source::camera::STALL`].
    Stalled,
    /// No more frames.
    Ended,
    /// It cannot be read; only another source helps. The reason is said here and in no notice.
    Failed(String),
}

/// A recording that is going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The session's folder.
    pub folder: PathBuf,
    /// When it began.
    pub since: Instant,
}

/// A moment that the user marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// What begins there.
    pub name: String,
    /// When.
    pub at: Instant,
    /// Whether it is in a recording; otherwise it is only shown.
    pub kept: bool,
}

/// Which of the two models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The one that is shown and logged.
    First,
    /// The one beside it.
    Second,
}

/// A model that was loaded, and whose self-test speaks against it; it waits for the user's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Where it is to work.
    pub place: Place,
    /// As it was asked for.
    pub named: String,
    /// For people.
    pub title: String,
    /// What the self-test says.
    pub reason: String,
}

/// How often two models named the same expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreement {
    /// Faces that both answered for, each frame's anew.
    pub faces: u64,
    /// How many of these got the same name.
    pub same: u64,
}

/// What a heat map is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The observation's number.
    pub observation: u64,
    /// The face's id.
    pub face: u64,
    /// The model, as it was asked for.
    pub model: String,
}

/// A heat map that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What it is of.
    pub asked: Asked,
    /// The map.
    pub map: HeatMap,
}

/// The model at work.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveModel {
    /// The name or path that it was asked for by.
    pub named: String,
    /// Its card.
    pub card: Arc<ModelCard>,
    /// What it runs on: `CPU` or `CUDA`.
    pub provider: &'static str,
    /// Why it does not run on CUDA, when the user's choice allowed it.
    pub provider_reason: Option<String>,
}

/// All that is true of the pipeline now; a copy that may be kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What is looked at.
    pub source: Option<SourceSpec>,
    /// The source's own name, once it is open.
    pub source_name: String,
    /// How it is.
    pub condition: Condition,
    /// How many sources have failed so far: the same one may fail twice in the same way.
    pub failures: u64,
    /// The model at work; `None` until the first is loaded.
    pub model: Option<ActiveModel>,
    /// The name of a model that is being loaded.
    pub loading: Option<String>,
    /// The second model, while there is one.
    pub second: Option<ActiveModel>,
    /// The name of a second model that is being loaded.
    pub second_loading: Option<String>,
    /// How often both said the same since both are at work.
    pub agreement: Agreement,
    /// A model that waits for the user's word.
    pub doubt: Option<Doubt>,
    /// The newest heat map.
    pub explanation: Option<Arc<Explanation>>,
    /// A label is shown from this smoothed probability on.
    pub certain: f32,
    /// The smallest face that is looked for, as a share of the picture's width; `None` for the usual.
    pub smallest_face: Option<f32>,
    /// What the user wants it to run on.
    pub provider: ProviderChoice,
    /// The recording, if any.
    pub recording: Option<Recording>,
    /// The last markers, the newest at the end.
    pub markers: VecDeque<Marker>,
    /// The model could not answer for the newest frame.
    pub no_answer: bool,
    /// Frames that came from the source.
    pub captured: u64,
    /// Frames analysed.
    pub analyzed: u64,
    /// Frames that gave way to a newer one, or for which the model gave no answer.
    pub dropped: u64,
    /// Analysed frames a second, over the last second or the last two frames.
    pub frames_per_second: f32,
    /// From a frame's capture to its observation, the latest.
    pub delay: Duration,
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something went wrong.
    Error,
}

/// Something that happened, said once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub severity: Severity,
    /// A sentence.
    pub text: String,
}
