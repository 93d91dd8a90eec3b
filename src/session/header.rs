//! `session.json`: what a session is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cell::Moment;
use crate::card::ModelCard;
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
    /// A path, or a camera's format.
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
            sha256: card.sha256.clone(),
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
    /// Gave way to a newer one.
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
    /// What the program was asked to do, as the command names it.
    pub settings: serde_json::Value,
    /// Completed at the end.
    pub frames: FrameCounts,
    /// Names that people were given, by `face_id`.
    pub people: BTreeMap<u64, String>,
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
        }
    }
}
