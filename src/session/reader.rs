//! Reads a session folder, also one whose writer was killed.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use serde::de::DeserializeOwned;

use super::event::Event;
use super::header::Header;
use super::row::Row;
use super::{EVENTS_FILE, OBSERVATIONS_FILE, SECOND_FILE};
use crate::error::{Error, Result};

/// A whole session in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// What it is.
    pub header: Header,
    /// Every row of `observations.csv`, in order.
    pub rows: Vec<Row>,
    /// Every row of `events.csv`, in order.
    pub events: Vec<Event>,
}

/// Reads the session in `folder`. An unterminated last line, which a killed process may leave, is
/// ignored.
///
/// # Errors
/// [`Error::Session`] that names the file which is missing or not what it should be.
pub fn read(folder: &Path) -> Result<Session> {
    Ok(Session {
        header: Header::read(folder)?,
        rows: rows(folder)?.collect::<Result<_>>()?,
        events: events(folder)?,
    })
}

/// The rows of `observations.csv`, read one after another: two hours of them need not fit into
/// memory.
///
/// # Errors
/// [`Error::Session`] if the file cannot be opened; each row may be one as well.
pub fn rows(folder: &Path) -> Result<Lines<Row>> {
    Lines::open(folder.join(OBSERVATIONS_FILE), &Row::COLUMNS)
}

/// The rows of `second.csv`; `None` where no second model ever was on.
///
/// # Errors
/// As [`rows`].
pub fn second_rows(folder: &Path) -> Result<Option<Lines<Row>>> {
    let path = folder.join(SECOND_FILE);
    path.exists()
        .then(|| Lines::open(path, &Row::COLUMNS))
        .transpose()
}

/// Every row of `events.csv`.
///
/// # Errors
/// [`Error::Session`].
pub fn events(folder: &Path) -> Result<Vec<Event>> {
    Lines::open(folder.join(EVENTS_FILE), &Event::COLUMNS)?.collect()
}

/// Reads a table row by row, up to its last whole line.
#[derive(Debug)]
pub struct Lines<Record> {
    path: PathBuf,
    reader: csv::Reader<Take<BufReader<File>>>,
    columns: StringRecord,
    line: StringRecord,
    record: PhantomData<Record>,
}

impl<Record: DeserializeOwned> Lines<Record> {
    /// Opens a table that has these columns, in any order and among others.
    fn open(path: PathBuf, columns: &[&str]) -> Result<Self> {
        let reader = match whole_lines(&path) {
            Ok(lines) => csv::Reader::from_reader(lines),
            Err(error) => return Err(damaged(&path, &error)),
        };
        let mut lines = Self {
            path,
            reader,
            columns: StringRecord::new(),
            line: StringRecord::new(),
            record: PhantomData,
        };
        match lines.reader.headers() {
            Ok(there) => lines.columns = there.clone(),
            Err(error) => return Err(damaged(&lines.path, &error)),
        }
        // A cell may be empty, so a column with a slip in its name would read as one without values.
        let lacks = |column: &&&str| !lines.columns.iter().any(|there| there == **column);
        let missing = columns.iter().find(lacks);
        // A writer that was killed at once left nothing.
        match missing.filter(|_| !lines.columns.is_empty()) {
            Some(column) => {
                let reason = format!("its first line lacks the column '{column}'; put it back");
                Err(Error::Session {
                    path: lines.path,
                    reason,
                })
            }
            None => Ok(lines),
        }
    }

    fn read(&mut self) -> csv::Result<Option<Record>> {
        if !self.reader.read_record(&mut self.line)? {
            return Ok(None);
        }
        self.line.deserialize(Some(&self.columns)).map(Some)
    }
}

impl<Record: DeserializeOwned> Iterator for Lines<Record> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read().transpose()?;
        Some(read.map_err(|error| damaged(&self.path, &error)))
    }
}

fn damaged(path: &Path, error: &dyn std::error::Error) -> Error {
    Error::Session {
        path: path.to_owned(),
        reason: format!("{error}; mend or remove what stands there"),
    }
}

/// The file up to its last line break.
fn whole_lines(path: &Path) -> io::Result<Take<BufReader<File>>> {
    const BLOCK: u64 = 4096;
    let mut file = File::open(path)?;
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = Vec::new();
    let whole = loop {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        (&mut file).take(end - start).read_to_end(&mut block)?;
        if let Some(last) = block.iter().rposition(|byte| *byte == b'\n') {
            break start + last as u64 + 1;
        }
        if start == 0 {
            break 0;
        }
        end = start;
    };
    file.seek(SeekFrom::Start(0))?;
    Ok(BufReader::with_capacity(1 << 16, file).take(whole))
}
