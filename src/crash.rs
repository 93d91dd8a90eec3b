//! Faults of Mien's own: a panic is caught at the edge of its thread, and leaves a file for whoever
//! will mend it. No picture is in it.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::fs;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::path::{Path, PathBuf};
use std::thread;

use jiff::Zoned;

use crate::error::Error;

/// Crash files that are kept; the oldest go first.
const KEPT: usize = 20;

thread_local! {
    /// The file of this thread's last panic: the hook runs where the panic is.
    static WRITTEN: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// From now on every panic leaves a file in `folder`.
pub fn leave_files_in(folder: PathBuf) {
    panic::set_hook(Box::new(move |panic| {
        let file = write(&folder, panic)
            .inspect_err(|error| log::warn!("no crash file in '{}': {error}", folder.display()))
            .ok();
        WRITTEN.set(file);
    }));
}

/// Does the work; a panic in it becomes an error.
///
/// # Errors
/// The work's own, or [`Error::Crashed`].
pub fn caught<T, E: From<Error>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    // What the work was changing is not looked at again, but to close it.
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let details = match WRITTEN.take() {
            Some(file) => format!("; please report it with the file '{}'", file.display()),
            None => String::new(),
        };
        let reason = words(panic.as_ref()).to_owned();
        Err(Error::Crashed { reason, details }.into())
    })
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason was given")
}

fn write(folder: &Path, panic: &PanicHookInfo) -> std::io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let thread = thread::current();
    let name = thread.name().unwrap_or("unnamed").to_owned();
    let now = Zoned::now();
    let file = folder.join(format!("{}-{name}.txt", now.strftime("%Y-%m-%d_%H-%M-%S")));
    let place = panic.location().map(ToString::to_string);
    let text = format!(
        "mien {} on {} {}\n{now}\nthread {name}, {}\n{}\n\n{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        place.unwrap_or_default(),
        words(panic.payload()),
        Backtrace::force_capture(),
    );
    fs::write(&file, text)?;
    remove_oldest(folder)?;
    Ok(file)
}

/// Names begin with the time, so their order is that of the crashes.
fn remove_oldest(folder: &Path) -> std::io::Result<()> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    for file in files.iter().rev().skip(KEPT) {
        fs::remove_file(file)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panics() -> Result<(), Error> {
        panic!("the {} is broken", "gear")
    }

    #[test]
    fn a_panic_becomes_an_error_and_leaves_a_file() {
        let sentence = caught(panics).unwrap_err().to_string();
        assert!(sentence.ends_with("the gear is broken"), "{sentence}");

        let folder = tempfile::tempdir().unwrap();
        for old in 0..30 {
            fs::write(folder.path().join(format!("2001-01-{old:02}.txt")), "").unwrap();
        }
        leave_files_in(folder.path().to_owned());
        let sentence = caught(panics).unwrap_err().to_string();
        drop(panic::take_hook());

        let files = fs::read_dir(folder.path()).unwrap();
        let files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), KEPT);
        let said = |file: &&PathBuf| sentence.contains(&file.display().to_string());
        let file = files.iter().find(said).expect(&sentence);
        let text = fs::read_to_string(file).unwrap();
        for part in [
            "the gear is broken",
            "src/crash.rs",
            env!("CARGO_PKG_VERSION"),
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(caught(|| Ok::<_, Error>(3)).is_ok_and(|three| three == 3));
    }
}
