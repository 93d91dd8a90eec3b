//! Walks through a session frame by frame: where each lies on the time line, how much it counts, and
//! in which phase.
//!
//! A frame counts until the next one. Where the camera was gone or the view paused, or the next
//! frame is much later than usual, there is a gap: the frame then counts as much as the one before.
//! A source with another clock (a file's position after a camera's time, a file from its beginning)
//! goes on where the time line ended.

use std::iter::Peekable;
use std::path::Path;

use super::analysis::{Gap, Phase, Stretch, Unit};
use crate::error::{Error, Result};
use crate::session::{self, Event, EventKind, Header, Lines, Row, SourceEntry};

/// Frames further apart than this, in milliseconds, have a gap between them: a webcam in the dark
/// gives 5 a second, and the pipeline calls a camera stalled after 2.5 seconds…
const GAP: u64 = 1000;
/// …unless they come so rarely (`--every`, a slow machine): then it takes so many times the usual.
const GAP_TIMES_USUAL: u64 = 4;

/// The phase before the first marker.
const BEFORE_MARKERS: &str = "start";

/// How many errors are kept word by word.
const ERRORS: usize = 20;

/// One analysed frame.
#[derive(Debug)]
pub(super) struct Step {
    /// Its rows; never empty.
    pub rows: Vec<Row>,
    /// Where it is on the time line.
    pub position: u64,
    /// How much it counts.
    pub amount: u64,
    /// An index into [`Walk::phases`].
    pub phase: usize,
    /// What was shown before it does not go on: a gap or another source lies between.
    pub apart: bool,
}

/// What a walk has found besides frames; whole after the last step.
#[derive(Debug)]
pub(super) struct Walk {
    pub unit: Unit,
    pub frames: u64,
    pub phases: Vec<Phase>,
    pub gaps: Vec<Gap>,
    pub stretches: Vec<Stretch>,
    pub dropped: u64,
    pub errors: Vec<(u64, String)>,
    pub failures: u64,
    /// Where the time line ends, so far.
    pub end: u64,
    sources: Vec<SourceEntry>,
    events: Peekable<std::vec::IntoIter<Event>>,
    rows: Peekable<Lines<Row>>,
    /// The frame to hand out next.
    ahead: Option<Frame>,
    position: u64,
    apart: bool,
    /// The last distance between two frames that was no gap.
    usual: Option<u64>,
    /// The source looked at now is a picture.
    still: bool,
}

/// The rows of one frame.
#[derive(Debug)]
struct Frame {
    number: u64,
    time_ms: u64,
    /// Its time is the session's, not a file's.
    live: bool,
    source: String,
    rows: Vec<Row>,
}

/// What the events between two frames say.
#[derive(Debug, Default)]
struct Heard {
    gap: Option<EventKind>,
    other_source: bool,
    /// Their `time_ms` and names.
    markers: Vec<(u64, String)>,
}

impl Walk {
    /// Stands before the first frame of the session in `folder`.
    pub(super) fn begin(folder: &Path, header: &Header) -> Result<Self> {
        let sources = &header.sources;
        let mut walk = Self {
            unit: if !sources.is_empty() && sources.iter().all(is_still) {
                Unit::Pictures
            } else {
                Unit::Milliseconds
            },
            frames: 0,
            phases: vec![begin_phase(BEFORE_MARKERS, 0, false)],
            gaps: Vec::new(),
            stretches: Vec::new(),
            dropped: 0,
            errors: Vec::new(),
            failures: 0,
            end: 0,
            sources: sources.clone(),
            events: session::events(folder)?.into_iter().peekable(),
            rows: session::rows(folder)?.peekable(),
            ahead: None,
            position: 0,
            apart: true,
            usual: None,
            still: false,
        };
        let Some(first) = walk.read()? else {
            return Err(Error::Session {
                path: folder.to_owned(),
                reason: "there is not one frame in it, so nothing to tell".to_owned(),
            });
        };
        let heard = walk.hear(first.number);
        if walk.unit == Unit::Milliseconds && first.live {
            walk.position = first.time_ms;
        }
        walk.begin_stretch(&first);
        if !heard.markers.is_empty() {
            walk.phases.clear();
        }
        for (_, name) in heard.markers {
            walk.mark(&name, walk.position);
        }
        walk.ahead = Some(first);
        Ok(walk)
    }

    /// The next frame; `None` after the last.
    pub(super) fn step(&mut self) -> Result<Option<Step>> {
        let Some(now) = self.ahead.take() else {
            return Ok(None);
        };
        let next = self.read()?;
        let (position, apart) = (self.position, self.apart);
        let phase = self.phases.len() - 1;
        let amount = match &next {
            Some(next) => self.go_on(&now, next),
            None => self.finish(&now),
        };
        self.frames += 1;
        if let Some(phase) = self.phases.get_mut(phase) {
            phase.frames += 1;
            phase.watched += amount;
        }
        self.ahead = next;
        Ok(Some(Step {
            rows: now.rows,
            position,
            amount,
            phase,
            apart,
        }))
    }

    /// Moves from one frame to the next. Returns how much the first one counts.
    fn go_on(&mut self, now: &Frame, next: &Frame) -> u64 {
        let (from, was_still) = (self.position, self.still);
        let heard = self.hear(next.number);
        let other_clock = next.live != now.live
            || next.time_ms < now.time_ms
            || (heard.other_source && !next.live);
        let distance = next.time_ms.saturating_sub(now.time_ms);
        let usual = self.usual.unwrap_or(distance);
        let late = heard.gap.is_some() || distance > GAP.max(GAP_TIMES_USUAL * usual);
        let (amount, to) = if self.unit == Unit::Pictures {
            (1, from + 1)
        } else if other_clock {
            let amount = self.usual.take().unwrap_or(0);
            (amount, from + amount)
        } else if late {
            let (amount, end) = (self.usual.unwrap_or(0).min(distance), from + distance);
            self.gaps.push(Gap {
                start: from + amount,
                end,
                reason: heard.gap,
            });
            (amount, end)
        } else {
            self.usual = Some(distance);
            (distance, from + distance)
        };
        self.position = to;
        self.apart = self.unit == Unit::Pictures || other_clock || late || heard.other_source;
        if self.unit == Unit::Milliseconds && (other_clock || heard.other_source) {
            self.begin_stretch(next);
        }
        for (time_ms, name) in heard.markers {
            let since = time_ms.saturating_sub(now.time_ms);
            self.mark(
                &name,
                if other_clock {
                    to
                } else {
                    to.min(from + since)
                },
            );
        }
        self.counted(was_still, amount)
    }

    /// Ends the time line. Returns how much the last frame counts.
    fn finish(&mut self, now: &Frame) -> u64 {
        let (from, was_still) = (self.position, self.still);
        let amount = match self.unit {
            Unit::Pictures => 1,
            Unit::Milliseconds => self.usual.unwrap_or(0),
        };
        self.end = from + amount;
        for (time_ms, name) in self.hear(u64::MAX).markers {
            let since = time_ms.saturating_sub(now.time_ms);
            self.mark(&name, self.end.min(from + since));
        }
        if let Some(stretch) = self.stretches.last_mut() {
            stretch.end = self.end;
        }
        if let Some(phase) = self.phases.last_mut() {
            phase.end = self.end;
        }
        self.counted(was_still, amount)
    }

    /// A picture among videos takes no time.
    fn counted(&self, still: bool, amount: u64) -> u64 {
        match self.unit {
            Unit::Milliseconds if still => 0,
            _ => amount,
        }
    }

    /// Takes in the events before frame `number`.
    fn hear(&mut self, number: u64) -> Heard {
        let mut heard = Heard::default();
        while let Some(event) = self.events.next_if(|event| event.frame <= number) {
            match event.event {
                EventKind::Gone | EventKind::Stalled | EventKind::Paused | EventKind::Asleep => {
                    heard.gap = heard.gap.or(Some(event.event));
                }
                EventKind::Source => {
                    heard.other_source = true;
                    let known = self.sources.iter().find(|one| one.name == event.detail);
                    self.still = known.map_or(self.still, is_still);
                }
                EventKind::Marker => heard.markers.push((event.time_ms, event.detail)),
                EventKind::Dropped => self.dropped += event.detail.parse().unwrap_or(0),
                EventKind::Error => {
                    self.failures += 1;
                    if self.errors.len() < ERRORS {
                        self.errors.push((self.position, event.detail));
                    }
                }
                _ => {}
            }
        }
        heard
    }

    /// Begins a phase.
    fn mark(&mut self, name: &str, position: u64) {
        if let Some(last) = self.phases.last_mut() {
            last.end = position;
        }
        self.phases.push(begin_phase(name, position, true));
    }

    fn begin_stretch(&mut self, first: &Frame) {
        if let Some(last) = self.stretches.last_mut() {
            last.end = self.position;
        }
        self.stretches.push(Stretch {
            source: first.source.clone(),
            start: self.position,
            end: self.position,
            time_ms: first.time_ms,
            frame: first.number,
        });
    }

    /// All rows of the next frame.
    fn read(&mut self) -> Result<Option<Frame>> {
        let Some(row) = self.rows.next().transpose()? else {
            return Ok(None);
        };
        let mut frame = Frame {
            number: row.frame,
            time_ms: row.time_ms,
            live: row.utc.is_some(),
            source: row.source.clone(),
            rows: vec![row],
        };
        while let Some(row) = self
            .rows
            .next_if(|row| row.as_ref().is_ok_and(|row| row.frame == frame.number))
        {
            frame.rows.push(row?);
        }
        Ok(Some(frame))
    }
}

fn is_still(source: &SourceEntry) -> bool {
    matches!(source.kind.as_str(), "picture" | "folder")
}

fn begin_phase(name: &str, start: u64, marked: bool) -> Phase {
    Phase {
        name: name.to_owned(),
        marked,
        start,
        end: start,
        frames: 0,
        watched: 0,
        people: Vec::new(),
    }
}
