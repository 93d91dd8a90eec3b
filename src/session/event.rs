//! What happens in a session besides faces: a row of `events.csv`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cell::Moment;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Another source, or the same one once more; `detail` is its name, then with `, from its beginning`.
    Source,
    /// Another model; `detail` is its name.
    Model,
    /// Another second model, or none when `detail` is empty.
    SecondModel,
    /// Another provider; `detail` is its name.
    Provider,
    /// The camera is away.
    Gone,
    /// The camera sends nothing.
    Stalled,
    /// The camera is back.
    Back,
    /// Stopped by the user.
    Paused,
    /// Going on.
    Resumed,
    /// Frames gave way to newer ones, or the model gave no answer for them; `detail` is how many since
    /// the last row.
    Dropped,
    /// The user marked a moment; `detail` is the marker's name.
    Marker,
    /// Another share from which on a label is shown; `detail` is the share.
    Certain,
    /// Something failed; `detail` is the sentence.
    Error,
    /// The analysis of a file ended before the file did: by the user, or by the error before it.
    Stopped,
    /// The computer slept, or the program was stopped; `detail` is for how many seconds.
    Asleep,
    /// The wall clock was changed; `detail` is by how many seconds.
    Clock,
}

impl EventKind {
    /// The name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Model => "model",
            Self::SecondModel => "second_model",
            Self::Provider => "provider",
            Self::Gone => "gone",
            Self::Stalled => "stalled",
            Self::Back => "back",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Dropped => "dropped",
            Self::Marker => "marker",
            Self::Certain => "certain",
            Self::Error => "error",
            Self::Stopped => "stopped",
            Self::Asleep => "asleep",
            Self::Clock => "clock",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A row of `events.csv`; the fields are its columns, in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Since the session's start; for files, the position in the file.
    pub time_ms: u64,
    /// By the wall clock; empty for files.
    pub utc: Option<Moment>,
    /// The analysed frame that comes next.
    pub frame: u64,
    /// What happened.
    pub event: EventKind,
    /// To what, or how much.
    pub detail: String,
}

impl Event {
    /// The header of `events.csv`.
    pub const COLUMNS: [&str; 5] = ["time_ms", "utc", "frame", "event", "detail"];
}
