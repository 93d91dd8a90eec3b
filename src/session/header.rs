//! `session.json`: what a session is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::HEADER_FILE;
use super::cell::Moment;
use crate::card::ModelCard;
use crate::error::{Error, Result};
use crate::expression::Expression;

/// The version of the session folder that this program writes.
pub const FORMAT: u32 = 1;

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceEntry {
    /// `camera`, `video`, `picture`, `folder` or `demo`.
    pub kind: String,
    /// Its name, as in the log's rows (for a folder, the folder's).
    pub name: String,
    /// A path; empty for a camera and the demo.
    pub detail: String,
}

/// A model that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Its name, as in the log's rows.
    pub name: String,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
    /// What it can answer, in its output's order.
    pub labels: Vec<Expression>,
}

impl From<&ModelCard> for ModelEntry {
    fn from(card: &ModelCard) -> Self {
        Self {
            name: card.name.to_string(),
            sha256: card.sha256.to_string(),
            labels: card.labels.clone(),
        }
    }
}

/// How many frames there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FrameCounts {
    /// Came from the sources.
    pub captured: u64,
    /// Were analysed; each has its rows.
    pub analyzed: u64,
    /// Gave way to a newer one, or got no answer from the model.
    pub dropped: u64,
}

/// The contents of `session.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the folder's layout.
    pub format: u32,
    /// Version of the program.
    pub mien: String,
    /// When the session began.
    pub started_utc: Moment,
    /// When it ended; `None` while it runs, and for ever if the program was killed.
    pub ended_utc: Option<Moment>,
    /// Everything that was looked at, each once.
    pub sources: Vec<SourceEntry>,
    /// Every model that answered, each once.
    pub models: Vec<ModelEntry>,
    /// What the last model ran on: `CPU` or `CUDA`; empty before the first.
    pub provider: String,
    /// What the program was asked to do.
    pub settings: serde_json::Value,
    /// Completed at the end.
    pub frames: FrameCounts,
    /// Names that people were given, by `face_id`; two ids with the same name are one person.
    pub people: BTreeMap<u64, String>,
    /// Ids of faces that do not count: passers-by, pictures on a wall.
    #[serde(default)]
    pub left_out: BTreeSet<u64>,
    /// What another version of the program wrote; kept as it is.
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

impl Header {
    /// The header of a session that begins now.
    #[must_use]
    pub fn new(settings: serde_json::Value) -> Self {
        Self {
            format: FORMAT,
            mien: env!("CARGO_PKG_VERSION").to_owned(),
            started_utc: Moment::now(),
            ended_utc: None,
            sources: Vec::new(),
            models: Vec::new(),
            provider: String::new(),
            settings,
            frames: FrameCounts::default(),
            people: BTreeMap::new(),
            left_out: BTreeSet::new(),
            other: serde_json::Map::new(),
        }
    }

    /// Reads the `session.json` in `folder`.
    ///
    /// # Errors
    /// [`Error::Session`] if there is none, it is damaged, or a later layout.
    pub fn read(folder: &Path) -> Result<Self> {
        let failed = |path: &Path, reason: String| Error::Session {
            path: path.to_owned(),
            reason,
        };
        let path = folder.join(HEADER_FILE);
        let text = fs::read(&path).map_err(|error| {
            let reason = if !folder.exists() {
                "there is no such folder; give the folder that was recorded".to_owned()
            } else if error.kind() == io::ErrorKind::NotFound {
                format!("there is no {HEADER_FILE} in it; give a folder that Mien recorded")
            } else {
                error.to_string()
            };
            failed(folder, reason)
        })?;
        let header: Self = serde_json::from_slice(&text)
            .map_err(|error| failed(&path, format!("it is damaged: {error}")))?;
        if header.format > FORMAT {
            let format = header.format;
            let reason = format!("a later Mien wrote it (format {format}); open it with that one");
            return Err(failed(&path, reason));
        }
        Ok(header)
    }

    /// Replaces the `session.json` in `folder` by what `change` makes of the one there, in one step,
    /// so that a reader never sees half of it.
    ///
    /// A session may be named and recorded by two programs at once: for this moment the folder is
    /// theirs one after the other, where the file system knows locks.
    pub(super) fn update(
        folder: &Path,
        change: impl FnOnce(Option<Self>) -> Self,
    ) -> io::Result<()> {
        let lock = File::open(folder);
        if let Ok(folder) = &lock
            && let Err(error) = folder.lock()
        {
            log::debug!("no lock on the session's folder: {error}");
        }
        let path = folder.join(HEADER_FILE);
        let header = change(Self::read(folder).ok());
        let text = serde_json::to_vec_pretty(&header).map_err(io::Error::other)?;
        let beside = path.with_extension("json.new");
        fs::write(&beside, text)?;
        fs::rename(&beside, &path)
    }
}
