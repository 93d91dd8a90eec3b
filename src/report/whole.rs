//! A file that is there whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process;

/// A file on its way: written beside its place, and moved there at the end. What was there before
/// stays until then, and a link is replaced, not followed. Dropped before its end, it leaves nothing.
#[derive(Debug)]
pub(super) struct Whole {
    place: PathBuf,
    /// `None` where there is no file to replace, as `/dev/stdout`: that is written as it comes.
    beside: Option<PathBuf>,
}

impl Whole {
    /// Begins a file that is to lie at `place`.
    pub(super) fn begin(place: &Path) -> io::Result<(Self, File)> {
        let is_special = fs::metadata(place).is_ok_and(|facts| !facts.is_file());
        let beside = (!is_special).then(|| {
            let mut name = place.as_os_str().to_owned();
            name.push(format!(".{}.new", process::id()));
            PathBuf::from(name)
        });
        let file = match &beside {
            // One of this program may have been broken off.
            Some(beside) => {
                fs::remove_file(beside).or_else(|error| match error.kind() {
                    io::ErrorKind::NotFound => Ok(()),
                    _ => Err(error),
                })?;
                File::create_new(beside)
            }
            None => File::create(place),
        };
        let place = place.to_owned();
        file.map(|file| (Self { place, beside }, file))
    }

    /// Puts it to its place.
    pub(super) fn keep(mut self) -> io::Result<()> {
        if let Some(beside) = &self.beside {
            fs::rename(beside, &self.place)?;
        }
        self.beside = None;
        Ok(())
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside
            && let Err(error) = fs::remove_file(beside)
        {
            log::warn!("'{}' is left over: {error}", beside.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_replaced_only_by_a_whole_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("report.csv");
        let text = || fs::read_to_string(&place).unwrap();
        let (whole, mut file) = Whole::begin(&place).unwrap();
        file.write_all(b"one").unwrap();
        whole.keep().unwrap();
        assert_eq!(text(), "one");

        let (whole, mut file) = Whole::begin(&place).unwrap();
        file.write_all(b"tw").unwrap();
        drop(whole);
        assert_eq!(text(), "one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_replaced_and_a_device_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (link, victim) = (folder.path().join("link"), folder.path().join("victim"));
        fs::write(&victim, "mine").unwrap();
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        let (whole, _file) = Whole::begin(&link).unwrap();
        whole.keep().unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");

        let device = folder.path().join("device");
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();
        let (whole, _file) = Whole::begin(&device).unwrap();
        whole.keep().unwrap();
        assert!(device.is_symlink());
    }
}
