//! Writes a session while it happens, so that a crash loses no more than a second.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Zoned};

use super::cell::Moment;
use super::event::{Event, EventKind};
use super::header::{FrameCounts, Header, ModelEntry, SourceEntry};
use super::row::Row;
use super::table::Table;
use super::{EVENTS_FILE, HEADER_FILE, OBSERVATIONS_FILE, SECOND_FILE};
use crate::card::ModelCard;
use crate::error::{Error, Result};
use crate::observation::Observation;

/// Rows wait no longer than this. Half of the promised second, since [`SessionWriter::flush_if_due`]
/// is called every 100 ms or so.
pub(super) const FLUSH_AFTER: Duration = Duration::from_millis(500);

/// The name of a live session: its local start time, such as `2026-11-20_11-05-33`.
#[must_use]
pub fn live_name() -> String {
    Zoned::now().strftime("%Y-%m-%d_%H-%M-%S").to_string()
}

/// What a row's time means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    /// Time since the session's start: cameras and the demo.
    Session,
    /// The position in the file.
    File,
}

/// Writes one session folder. Dropped without [`Self::finish`], it keeps its rows, but
/// `session.json` says that the session never ended.
#[derive(Debug)]
pub struct SessionWriter {
    folder: PathBuf,
    header: Header,
    started: Instant,
    observations: Table,
    /// Made with the first second model.
    second: Option<Table>,
    events: Table,
    clock: Clock,
    /// Position of the last frame in its file.
    position: Duration,
    /// Analysed frames so far: the next one's number.
    frames: u64,
    flushed: Instant,
}

impl SessionWriter {
    /// Makes a new folder called `name` in `parent` (with `-2`, `-3`, … behind it if there is one
    /// already) and begins a session in it. `settings` is what the program was asked to do.
    ///
    /// # Errors
    /// [`Error::Log`] when the folder or a file in it cannot be made.
    pub fn create(parent: &Path, name: &str, settings: serde_json::Value) -> Result<Self> {
        let folder = new_folder(parent, name)?;
        let writer = Self {
            observations: Table::create(folder.join(OBSERVATIONS_FILE), &Row::COLUMNS)?,
            second: None,
            events: Table::create(folder.join(EVENTS_FILE), &Event::COLUMNS)?,
            header: Header::new(settings),
            started: Instant::now(),
            clock: Clock::Session,
            position: Duration::ZERO,
            frames: 0,
            flushed: Instant::now(),
            folder,
        };
        writer.save_header()?;
        Ok(writer)
    }

    /// The session's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Records that from now on this source is looked at: in `session.json` and as an event.
    ///
    /// `kind` as [`crate::source::SourceSpec::kind`] gives it, `name` as in the rows, `detail` a path,
    /// empty for a camera and the demo.
    ///
    /// # Errors
    /// [`Error::Log`], as for every method that writes.
    pub fn source(&mut self, kind: &str, name: &str, detail: &str) -> Result<()> {
        self.clock = if matches!(kind, "camera" | "demo") {
            Clock::Session
        } else {
            Clock::File
        };
        self.position = Duration::ZERO;
        self.event(EventKind::Source, name)?;
        let entry = SourceEntry {
            kind: kind.to_owned(),
            name: name.to_owned(),
            detail: detail.to_owned(),
        };
        if self.header.sources.contains(&entry) {
            return Ok(());
        }
        self.header.sources.push(entry);
        self.save_header()
    }

    /// Records that from now on this model answers, on this provider (`CPU` or `CUDA`): in
    /// `session.json` and as events.
    ///
    /// # Errors
    /// [`Error::Log`].
    pub fn model(&mut self, card: &ModelCard, provider: &str) -> Result<()> {
        self.event(EventKind::Model, &card.name)?;
        let moved = self.header.provider != provider;
        if moved {
            self.event(EventKind::Provider, provider)?;
            provider.clone_into(&mut self.header.provider);
        }
        let fresh = self.add_model(card);
        if !fresh && !moved {
            return Ok(());
        }
        self.save_header()
    }

    /// Records that from now on this second model answers as well, or none any more: in
    /// `session.json`, in its own table, and as an event.
    ///
    /// # Errors
    /// [`Error::Log`].
    pub fn second_model(&mut self, card: Option<&ModelCard>) -> Result<()> {
        self.event(
            EventKind::SecondModel,
            card.map_or("", |card| card.name.as_ref()),
        )?;
        let Some(card) = card else {
            return Ok(());
        };
        if self.second.is_none() {
            let path = self.folder.join(SECOND_FILE);
            self.second = Some(Table::create(path, &Row::COLUMNS)?);
        }
        if self.add_model(card) {
            return self.save_header();
        }
        Ok(())
    }

    /// Adds a model to those that answered; false if it is one of them.
    fn add_model(&mut self, card: &ModelCard) -> bool {
        let entry = ModelEntry::from(card);
        let fresh = !self.header.models.contains(&entry);
        if fresh {
            self.header.models.push(entry);
        }
        fresh
    }

    /// Writes one analysed frame: a row for each face, or one without.
    ///
    /// # Errors
    /// [`Error::Log`]; what was written before stays.
    pub fn write(&mut self, observation: &Observation) -> Result<()> {
        let frame = &observation.frame;
        let (time, utc) = match self.clock {
            Clock::Session => {
                let time = frame.captured.saturating_duration_since(self.started);
                (
                    time,
                    Some(frame.utc.map_or_else(|| self.utc_at(time), Moment)),
                )
            }
            Clock::File => (frame.time, None),
        };
        self.position = frame.time;
        for row in Row::of(observation, self.frames, millis(time), utc) {
            self.observations.push(&row)?;
        }
        if let Some(second) = &mut self.second {
            for row in Row::of_second(observation, self.frames, millis(time), utc) {
                second.push(&row)?;
            }
        }
        self.frames += 1;
        self.flush_if_due()
    }

    /// Writes an event that happens now, before the next frame. A marker is in the file at once.
    ///
    /// # Errors
    /// [`Error::Log`].
    pub fn event(&mut self, event: EventKind, detail: &str) -> Result<()> {
        let (time, utc) = match self.clock {
            Clock::Session => (self.started.elapsed(), Some(Moment::now())),
            Clock::File => (self.position, None),
        };
        let detail = detail.to_owned();
        self.events.push(&Event {
            time_ms: millis(time),
            utc,
            frame: self.frames,
            event,
            detail,
        })?;
        // What a person does waits for nothing.
        if event == EventKind::Marker {
            return self.flush();
        }
        self.flush_if_due()
    }

    /// Hands the rows of the last half second to the system, if it is time. To be called every
    /// 100 ms or so while nothing is written.
    ///
    /// # Errors
    /// [`Error::Log`].
    pub fn flush_if_due(&mut self) -> Result<()> {
        if self.flushed.elapsed() < FLUSH_AFTER {
            return Ok(());
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        self.flushed = Instant::now();
        self.observations.flush()?;
        self.second.as_mut().map_or(Ok(()), Table::flush)?;
        self.events.flush()
    }

    /// Ends the session. `captured` frames came from the sources, `dropped` of them were not analysed.
    /// Returns the folder.
    ///
    /// # Errors
    /// [`Error::Log`].
    pub fn finish(mut self, captured: u64, dropped: u64) -> Result<PathBuf> {
        self.flush()?;
        self.header.frames = FrameCounts {
            captured,
            analyzed: self.frames,
            dropped,
        };
        self.header.ended_utc = Some(Moment::now());
        self.save_header()?;
        Ok(self.folder)
    }

    /// The wall clock's time so long after the session's start.
    fn utc_at(&self, time: Duration) -> Moment {
        let since = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
        let start = self.header.started_utc.0;
        Moment(start.saturating_add(since).unwrap_or(start))
    }

    /// Replaces `session.json`; names that somebody gave meanwhile stay.
    fn save_header(&self) -> Result<()> {
        let mut header = self.header.clone();
        Header::update(&self.folder, |there| {
            if let Some(there) = there {
                header.people = there.people;
                header.left_out = there.left_out;
            }
            header
        })
        .map_err(|source| Error::Log {
            path: self.folder.join(HEADER_FILE),
            source,
        })
    }
}

/// Makes a folder that was not there before.
fn new_folder(parent: &Path, name: &str) -> Result<PathBuf> {
    let failed = |path: PathBuf| move |source| Error::Log { path, source };
    fs::create_dir_all(parent).map_err(failed(parent.to_owned()))?;
    for folder in folders(parent, name) {
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder.clone()).map_err(failed(folder)),
        }
    }
    unreachable!("there is always one more number")
}

/// The folders that sessions called `name` have in `parent`, in the order in which they are made.
pub(crate) fn folders(parent: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    let numbered = move |number| match number {
        1 => parent.join(name),
        _ => parent.join(format!("{name}-{number}")),
    };
    (1_u32..).map(numbered)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
