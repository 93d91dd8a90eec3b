//! Any bytes as one file of a session, the others being right. The first byte chooses the file.

#![no_main]

#[path = "../../common/promises.rs"]
#[allow(dead_code, reason = "each target keeps its own promise")]
mod promises;

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use mien::session::{EVENTS_FILE, HEADER_FILE, OBSERVATIONS_FILE};

/// One folder for the whole run: a session is made of files.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("there is room for a session").keep();
        promises::write_session(&folder);
        folder
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, content)) = data.split_first() else {
        return;
    };
    let file = [OBSERVATIONS_FILE, EVENTS_FILE, HEADER_FILE][usize::from(*choice) % 3];
    let path = folder().join(file);
    let right = fs::read(&path).expect("the session is there");
    fs::write(&path, content).expect("there is room for a session");
    promises::session_is_read_or_refused(folder(), file);
    fs::write(&path, right).expect("there is room for a session");
});
