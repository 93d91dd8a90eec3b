//! What self-tests have found before, so that a model is tried once and not at each start.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::card::{ModelCard, sha256};

/// Models that are remembered; the one tried first goes first.
const MOST: usize = 64;

/// The file in the data folder.
const FILE: &str = "self-tests.json";

/// One model and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    /// Of the file, its card and the program that tried it.
    key: String,
    /// What speaks against the model; `None` if nothing does.
    pub(super) doubt: Option<String>,
}

/// What was found about a model with this card; `None` if it was never tried.
pub(super) fn recall(folder: &Path, card: &ModelCard) -> Option<Found> {
    let key = key(card);
    read(folder).into_iter().find(|entry| entry.key == key)
}

/// Keeps what was found. What cannot be kept is found anew the next time.
pub(super) fn keep(folder: &Path, card: &ModelCard, doubt: Option<&str>) {
    let key = key(card);
    let mut entries = read(folder);
    entries.retain(|entry| entry.key != key);
    let surplus = (entries.len() + 1).saturating_sub(MOST);
    entries.drain(..surplus);
    entries.push(Found {
        key,
        doubt: doubt.map(str::to_owned),
    });
    // Programs side by side must not write over each other's half.
    let beside = folder.join(format!("{FILE}.{}.new", std::process::id()));
    let written = serde_json::to_vec(&entries)
        .map_err(std::io::Error::other)
        .and_then(|text| {
            fs::create_dir_all(folder)?;
            fs::write(&beside, text)?;
            fs::rename(&beside, folder.join(FILE))
        });
    if let Err(error) = written {
        log::info!("a self-test cannot be remembered: {error}");
    }
}

fn read(folder: &Path) -> Vec<Found> {
    let text = fs::read(folder.join(FILE)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// The card holds the file's own checksum; another version of the program may try otherwise.
fn key(card: &ModelCard) -> String {
    let card = serde_json::to_string(card).unwrap_or_default();
    let text = format!("{} {card}", env!("CARGO_PKG_VERSION"));
    sha256(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn what_was_found_is_known_again_until_the_card_changes_and_only_so_many_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut card = (*Catalog::new(None).find("mien-s").unwrap().card).clone();
        let found = |card: &ModelCard| recall(folder.path(), card).map(|found| found.doubt);
        assert_eq!(found(&card), None);
        keep(folder.path(), &card, Some("swapped"));
        assert_eq!(found(&card), Some(Some("swapped".to_owned())));
        let first = card.clone();
        for number in 0..MOST {
            card.title = number.to_string();
            assert_eq!(found(&card), None);
            keep(folder.path(), &card, None);
        }
        assert_eq!(found(&card), Some(None));
        assert_eq!(found(&first), None);
        assert_eq!(read(folder.path()).len(), MOST);
    }
}
