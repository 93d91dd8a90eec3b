//! A data set of labelled faces: which pictures count, and what each is said to show.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use image::RgbImage;

use super::shelf::{self, Item, Shelf};
use crate::error::{Error, Result};
use crate::expression::Expression;

/// The challenge's three parts, as `fer2013.csv` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// For training.
    Training,
    /// For the public ranking.
    PublicTest,
    /// For the final ranking.
    PrivateTest,
}

impl FromStr for Usage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "training" => Ok(Self::Training),
            "publictest" => Ok(Self::PublicTest),
            "privatetest" => Ok(Self::PrivateTest),
            _ => Err(format!(
                "'{text}' is none of Training, PublicTest and PrivateTest"
            )),
        }
    }
}

/// The part of a data set that a picture says it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// One of the challenge's.
    Usage(Usage),
    /// A folder called `val`: the challenge's public part is what people tune on.
    Validation,
    /// A folder called `test`, which may hold either or both of the challenge's.
    Test,
}

impl Part {
    fn is_test(self) -> bool {
        self != Self::Usage(Usage::Training)
    }

    fn may_be(self, usage: Usage) -> bool {
        match self {
            Self::Usage(own) => own == usage,
            Self::Validation => usage == Usage::PublicTest,
            Self::Test => usage != Usage::Training,
        }
    }

    /// For people.
    const fn name(self) -> &'static str {
        match self {
            Self::Usage(Usage::Training) => "Training",
            Self::Usage(Usage::PublicTest) => "PublicTest",
            Self::Usage(Usage::PrivateTest) => "PrivateTest",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// A picture of a face and what it is said to show.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The truth.
    pub label: Expression,
    /// The part of the data set that it says it belongs to: `PublicTest`, `test`…
    pub part: Option<&'static str>,
    /// The face, already cropped, or a frame with the face in it.
    pub picture: RgbImage,
}

/// Pictures that were left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// A picture, or the label of several.
    pub name: String,
    /// Why.
    pub reason: String,
    /// How many.
    pub pictures: u64,
}

impl fmt::Display for Skipped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pictures {
            1 => write!(formatter, "{}: {}", self.name, self.reason),
            pictures => write!(
                formatter,
                "{} ({pictures} pictures): {}",
                self.name, self.reason
            ),
        }
    }
}

/// A picture that counts.
#[derive(Debug)]
struct Entry {
    /// On its shelf.
    number: usize,
    name: String,
    label: Expression,
    part: Option<Part>,
}

/// A data set whose pictures are listed and not read yet.
pub struct Dataset {
    path: PathBuf,
    shelf: Box<dyn Shelf>,
    entries: Vec<Entry>,
    skipped: Vec<Skipped>,
}

impl Dataset {
    /// Lists a folder `…/<label>/*.png|jpg`, a zip of one, or the challenge's `fer2013.csv`.
    ///
    /// With a `usage`, only its pictures count. Without one, those for testing count where there
    /// are any, else all; a folder called `test` may be either of the challenge's.
    ///
    /// # Errors
    /// [`Error::Dataset`] if it is none of these, or no picture in it counts.
    pub fn open(path: &Path, usage: Option<Usage>) -> Result<Self> {
        let failed = |reason: String| Error::Dataset {
            path: path.to_owned(),
            reason,
        };
        let (shelf, items) = shelf::open(path).map_err(failed)?;
        let has_test = items
            .iter()
            .any(|item| item.part.is_some_and(Part::is_test));
        let counts = |item: &Item| match usage {
            Some(usage) => item.part.is_some_and(|part| part.may_be(usage)),
            None => !has_test || item.part.is_some_and(Part::is_test),
        };
        let all = items.len();
        let mut entries = Vec::new();
        let mut unknown: BTreeMap<String, u64> = BTreeMap::new();
        for (number, item) in items
            .into_iter()
            .enumerate()
            .filter(|(_, item)| counts(item))
        {
            match item.label.parse() {
                Ok(label) => entries.push(Entry {
                    number,
                    name: item.name,
                    label,
                    part: item.part,
                }),
                Err(_) => *unknown.entry(item.label).or_default() += 1,
            }
        }
        if entries.is_empty() {
            return Err(failed(match (usage, unknown.keys().next()) {
                _ if all == 0 => {
                    "there is no picture in a folder named by an expression".to_owned()
                }
                (Some(usage), None) => format!("none of its {all} pictures is of {usage:?}"),
                (_, Some(label)) => Error::UnknownLabel(label.clone()).to_string(),
                (None, None) => "no picture in it counts".to_owned(),
            }));
        }
        let skipped = unknown.into_iter().map(|(label, pictures)| Skipped {
            reason: Error::UnknownLabel(label.clone()).to_string(),
            name: label,
            pictures,
        });
        Ok(Self {
            path: path.to_owned(),
            shelf,
            entries,
            skipped: skipped.collect(),
        })
    }

    /// The folder or file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many pictures count.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no picture counts; never so once it is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The expressions that some picture shows.
    #[must_use]
    pub fn labels(&self) -> Vec<Expression> {
        let shown = |label: &Expression| self.entries.iter().any(|entry| entry.label == *label);
        Expression::ALL.into_iter().filter(shown).collect()
    }

    /// Pictures left out because of their label.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Reads the pictures that count, one after another; a picture that cannot be read is named.
    pub fn samples(&mut self) -> impl Iterator<Item = Result<Sample, Skipped>> {
        let pictures = &mut self.shelf;
        self.entries
            .iter()
            .map(move |entry| match pictures.read(entry.number) {
                Ok(picture) => Ok(Sample {
                    label: entry.label,
                    part: entry.part.map(Part::name),
                    picture,
                }),
                Err(reason) => Err(Skipped {
                    name: entry.name.clone(),
                    reason,
                    pictures: 1,
                }),
            })
    }
}
