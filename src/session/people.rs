//! Who the faces are: names for ids, ids of one person, passers-by that do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::HEADER_FILE;
use super::header::Header;
use crate::error::{Error, Result};

/// Names of faces, kept in `session.json`; the rows of the log stay as they were written.
///
/// Two ids with the same name are one person. An id without a name is called by its number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct People {
    names: BTreeMap<u64, String>,
    left_out: BTreeSet<u64>,
}

impl From<&Header> for People {
    fn from(header: &Header) -> Self {
        Self {
            names: header.people.clone(),
            left_out: header.left_out.clone(),
        }
    }
}

/// A file for [`People::from_toml`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeopleFile {
    /// The keys of a TOML table are words.
    #[serde(default)]
    people: BTreeMap<String, String>,
    #[serde(default)]
    left_out: BTreeSet<u64>,
}

impl People {
    /// Reads a file such as
    ///
    /// ```toml
    /// left_out = [3]
    ///
    /// [people]
    /// 1 = "Ann"
    /// 4 = "Ann"
    /// 2 = "Ben"
    /// ```
    ///
    /// # Errors
    /// [`Error::File`] that says what is wrong with it.
    pub fn from_toml(path: &Path) -> Result<Self> {
        let failed = |reason: String| Error::File {
            path: path.to_owned(),
            source: std::io::Error::other(reason),
        };
        let text = fs::read_to_string(path).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })?;
        let file: PeopleFile = toml::from_str(&text).map_err(|error| failed(error.to_string()))?;
        let mut people = Self::default();
        for (face, name) in file.people {
            let face = face.parse().map_err(|_not_a_number| {
                failed(format!(
                    "'{face}' is no face id; write 1 = \"Ann\" below [people]"
                ))
            })?;
            people.name(face, &name);
        }
        people.left_out = file.left_out;
        Ok(people)
    }

    /// Names a face. The name of another face makes the two one person; an empty one takes the
    /// name away.
    pub fn name(&mut self, face: u64, name: &str) {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            self.names.remove(&face);
        } else {
            self.names.insert(face, name);
        }
    }

    /// Makes `other`, and all that share its name, the same person as `face`.
    pub fn merge(&mut self, face: u64, other: u64) {
        let name = self.name_of(face);
        for id in self.ids_with(other) {
            self.names.insert(id, name.clone());
        }
        self.names.insert(face, name);
    }

    /// Makes a face count no more; naming it later does not bring it back.
    pub fn leave_out(&mut self, face: u64) {
        self.left_out.insert(face);
    }

    /// Makes a face that was left out count again.
    pub fn take_back(&mut self, face: u64) {
        self.left_out.remove(&face);
    }

    /// Whether a face does not count.
    #[must_use]
    pub fn is_left_out(&self, face: u64) -> bool {
        self.left_out.contains(&face)
    }

    /// What a face is called: its name, or `Face 3`.
    #[must_use]
    pub fn name_of(&self, face: u64) -> String {
        self.given_name(face)
            .map_or_else(|| format!("Face {face}"), str::to_owned)
    }

    /// The name that somebody gave a face.
    pub(super) fn given_name(&self, face: u64) -> Option<&str> {
        self.names.get(&face).map(String::as_str)
    }

    /// Every id that is named or left out, in order.
    pub fn ids(&self) -> impl Iterator<Item = u64> {
        let ids: BTreeSet<u64> = self.names.keys().chain(&self.left_out).copied().collect();
        ids.into_iter()
    }

    /// Keeps the names in the `session.json` of `folder`, in one step; everything else there stays
    /// as it is, also while the session is still being recorded.
    ///
    /// # Errors
    /// [`Error::Session`] if there is no session, [`Error::Log`] if it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let before = Header::read(folder)?;
        Header::update(folder, |there| {
            let mut header = there.unwrap_or(before);
            self.put_into(&mut header);
            header
        })
        .map_err(|source| Error::Log {
            path: folder.join(HEADER_FILE),
            source,
        })
    }

    /// Replaces the names in `header` by these.
    pub fn put_into(&self, header: &mut Header) {
        header.people.clone_from(&self.names);
        header.left_out.clone_from(&self.left_out);
    }

    /// A face and all that share its name.
    fn ids_with(&self, face: u64) -> Vec<u64> {
        let name = self.names.get(&face);
        let sharing = self.names.iter().filter(|(_, other)| name == Some(*other));
        let mut ids: Vec<u64> = sharing.map(|(id, _)| *id).collect();
        if ids.is_empty() {
            ids.push(face);
        }
        ids
    }
}
