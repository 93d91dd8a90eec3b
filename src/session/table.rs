//! A CSV file that grows by whole rows.

use std::fs::{File, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::OBSERVATIONS_FILE;
use crate::error::{Error, Result};

/// A CSV file whose rows are gathered in memory and written many at a time, never a part of one.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    file: File,
    /// Rows that are not in the file yet.
    pending: Vec<u8>,
    /// The file's length up to its last whole row.
    length: u64,
}

impl Table {
    /// Makes the file, with its header in it.
    pub(super) fn create(path: PathBuf, columns: &[&str]) -> Result<Self> {
        let file = match File::create(&path) {
            Ok(file) => file,
            Err(source) => return Err(Error::Log { path, source }),
        };
        let mut table = Self {
            path,
            file,
            pending: Vec::new(),
            length: 0,
        };
        // Held until the file is closed, also by a crash; see `is_being_written`.
        if let Err(error) = table.file.try_lock() {
            log::debug!("no lock on '{}': {error}", table.path.display());
        }
        table.push(&columns)?;
        table.flush()?;
        Ok(table)
    }

    /// Adds a row; it reaches the file with the next [`Self::flush`].
    pub(super) fn push(&mut self, row: &impl Serialize) -> Result<()> {
        let whole = self.pending.len();
        let mut writer = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(&mut self.pending);
        let result = writer.serialize(row).and_then(|()| Ok(writer.flush()?));
        drop(writer);
        result.map_err(|error| {
            self.pending.truncate(whole);
            self.failed(io::Error::other(error))
        })
    }

    /// Hands all rows to the system, so that they outlive this process.
    ///
    /// When that fails, the file is cut back to its last whole row, and the rows are kept. A file that
    /// was deleted or moved would go on taking rows that nobody finds: that is an error, too.
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all(&self.pending) {
            self.cut_back();
            return Err(self.failed(error));
        }
        self.length += self.pending.len() as u64;
        self.pending.clear();
        if !self.path.exists() {
            let gone = "it was deleted or moved meanwhile";
            return Err(self.failed(io::Error::new(io::ErrorKind::NotFound, gone)));
        }
        Ok(())
    }

    /// Takes half a row out of the file. If that fails too there is nothing more to try: readers
    /// ignore an unterminated last line.
    fn cut_back(&mut self) {
        let cut = self
            .file
            .set_len(self.length)
            .and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
        if let Err(error) = cut {
            log::debug!("'{}' keeps half a row: {error}", self.path.display());
        }
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Log {
            path: self.path.clone(),
            source,
        }
    }
}

/// Whether a program is writing the session in `folder`, as far as the file system knows locks.
#[must_use]
pub fn is_being_written(folder: &Path) -> bool {
    let rows = File::open(folder.join(OBSERVATIONS_FILE));
    rows.is_ok_and(|rows| matches!(rows.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

impl Drop for Table {
    /// A session that was not finished still keeps its rows.
    fn drop(&mut self) {
        if let Err(error) = self.flush() {
            log::error!("{error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_reach_the_file_whole_and_only_when_flushed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        let mut table = Table::create(path.clone(), &["number", "name"]).unwrap();
        table.push(&(1, "one, two")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "number,name\n");
        table.flush().unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "number,name\n1,\"one, two\"\n"
        );
        table.push(&(2, "")).unwrap();
        drop(table);
        assert!(std::fs::read_to_string(&path).unwrap().ends_with("\n2,\n"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_moved_keeps_its_rows_and_is_missed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("a.csv"), folder.path().join("b.csv"));
        let mut table = Table::create(path.clone(), &["number"]).unwrap();
        std::fs::rename(&path, &moved).unwrap();
        table.push(&(1,)).unwrap();
        let error = table.flush().unwrap_err();
        assert!(error.to_string().contains("deleted or moved"), "{error}");
        assert_eq!(std::fs::read_to_string(&moved).unwrap(), "number\n1\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let error = Table::create("/dev/full".into(), &["number"]).unwrap_err();
        assert!(
            matches!(&error, Error::Log { path, .. } if path.ends_with("full")),
            "{error}"
        );
        assert!(error.to_string().contains("make room"), "{error}");
    }
}
