//! What a session says, as plain numbers: the page, the window and other tables show these.
//!
//! Every position and amount is in one [`Unit`], milliseconds or pictures. Positions count along the
//! session's time line, which [`super::walk`] makes.

use super::second::Second;
use super::tally::{Flags, Tally};
use crate::expression::Expression;
use crate::session::{EventKind, Header, ModelEntry};

/// What positions and amounts are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Time.
    Milliseconds,
    /// Nothing but single pictures, which take no time: each counts one.
    Pictures,
}

/// What a face showed for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// A steady expression, well seen.
    Expression(Expression),
    /// Nothing stood out.
    Uncertain,
    /// The face was small, dark, blurred or cut off by the edge, whatever the model said.
    Poor,
}

/// A whole session in numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// What `session.json` says: sources, models, provider, version, settings, names.
    pub header: Header,
    /// What positions and amounts are counted in.
    pub unit: Unit,
    /// Analysed frames.
    pub frames: u64,
    /// Frames that gave way to newer ones or got no answer.
    pub dropped: u64,
    /// The time line begins at 0 and ends here.
    pub end: u64,
    /// How much of it was watched: all but the gaps.
    pub watched: u64,
    /// How much of that nobody was in view who counts.
    pub nobody: u64,
    /// Who was seen, in the order of their first appearance.
    pub people: Vec<Person>,
    /// All of them together: two people for a second are two seconds.
    pub together: Tally,
    /// Why they were seen poorly.
    pub flags: Flags,
    /// Faces that were seen and do not count, in the order of their first appearance.
    pub left_out: Vec<u64>,
    /// From one marker to the next, in order; never empty.
    pub phases: Vec<Phase>,
    /// When nothing was watched.
    pub gaps: Vec<Gap>,
    /// What the time line is made of, in order.
    pub stretches: Vec<Stretch>,
    /// Every answering model's name, in the order of its first row.
    pub models: Vec<String>,
    /// What a second model said, when one was on.
    pub second: Option<Second>,
    /// What failed meanwhile: moments and sentences, the first few.
    pub errors: Vec<(u64, String)>,
    /// How often something failed.
    pub failures: u64,
}

impl Analysis {
    /// The models whose answers are counted here, without a second one.
    pub fn answering(&self) -> impl Iterator<Item = &ModelEntry> {
        let models = self.header.models.iter();
        models.filter(|model| self.models.contains(&model.name))
    }

    /// Whether the program ended before the session did: it was killed, or still records.
    #[must_use]
    pub fn ended_early(&self) -> bool {
        self.header.ended_utc.is_none()
    }

    /// Analysed frames per second of watched time; `None` for pictures.
    #[must_use]
    pub fn frames_per_second(&self) -> Option<f64> {
        let timed = self.unit == Unit::Milliseconds && self.watched > 0;
        timed.then(|| self.frames as f64 * 1e3 / self.watched as f64)
    }
}

/// Somebody who was seen: one face, or several with one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The given name, or `Face 3`.
    pub name: String,
    /// The ids in the log, in the order of their first appearance.
    pub faces: Vec<u64>,
    /// When they were first seen.
    pub first: u64,
    /// When they were last seen.
    pub last: u64,
    /// For how long, by what they showed.
    pub tally: Tally,
    /// What they showed from when to when, in order; nothing while they were away.
    pub spans: Vec<Span>,
    /// Stretches with one expression, in order; none for pictures.
    pub episodes: Vec<Episode>,
    /// How often one expression followed another, in the order of [`Expression::ALL`].
    pub transitions: Vec<Transition>,
}

/// A piece of a person's time line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From here…
    pub start: u64,
    /// …to here.
    pub end: u64,
    /// What was shown.
    pub shown: Shown,
}

/// One expression, shown steadily for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// Which one.
    pub expression: Expression,
    /// Its onset.
    pub start: u64,
    /// Its end.
    pub end: u64,
    /// The highest probability that one frame gave it, 0 to 1.
    pub peak: f32,
    /// When that was.
    pub peak_at: u64,
    /// The phase of its onset, an index into [`Analysis::phases`].
    pub phase: usize,
}

impl Episode {
    /// How long it lasted.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.end - self.start
    }
}

/// How often one expression followed another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// What was shown before.
    pub from: Expression,
    /// What was shown then.
    pub to: Expression,
    /// How often.
    pub count: u64,
}

/// From one marker to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// The marker's name; `start` before the first one.
    pub name: String,
    /// Whether a marker began it.
    pub marked: bool,
    /// Where it begins on the time line.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// Its frames.
    pub frames: u64,
    /// How much of it was watched.
    pub watched: u64,
    /// What each person showed, in the order of [`Analysis::people`].
    pub people: Vec<Tally>,
}

/// When nothing was watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// From here…
    pub start: u64,
    /// …to here.
    pub end: u64,
    /// `Gone`, `Stalled`, `Paused` or `Asleep`; `None` when the log does not say why.
    pub reason: Option<EventKind>,
}

impl Gap {
    /// How long.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.end - self.start
    }
}

/// A piece of the time line with one source and one clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The source, as in the log's rows.
    pub source: String,
    /// Where it begins on the time line.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// The first row's `time_ms`: `start` is this moment of the source.
    pub time_ms: u64,
    /// The first frame, as in the log's rows.
    pub frame: u64,
}
