//! Reads a session folder, also one whose writer was killed.

use std::fs;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::event::Event;
use super::header::Header;
use super::row::Row;
use super::{EVENTS_FILE, HEADER_FILE, OBSERVATIONS_FILE};
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
/// [`Error::File`] that names the file which is missing or not what it should be.
pub fn read(folder: &Path) -> Result<Session> {
    let path = folder.join(HEADER_FILE);
    let header = fs::read(&path)
        .and_then(|text| serde_json::from_slice(&text).map_err(io::Error::other))
        .map_err(|source| Error::File { path, source })?;
    Ok(Session {
        header,
        rows: table(&folder.join(OBSERVATIONS_FILE))?,
        events: table(&folder.join(EVENTS_FILE))?,
    })
}

fn table<Record: DeserializeOwned>(path: &Path) -> Result<Vec<Record>> {
    let failed = |source| Error::File {
        path: path.to_owned(),
        source,
    };
    let text = fs::read(path).map_err(failed)?;
    let whole = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |last| last + 1);
    csv::Reader::from_reader(text.get(..whole).unwrap_or_default())
        .deserialize()
        .collect::<Result<_, csv::Error>>()
        .map_err(|error| failed(error.into()))
}
