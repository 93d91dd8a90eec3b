//! Any bytes as a data set's CSV file.

#![no_main]

#[path = "../../common/promises.rs"]
#[allow(dead_code, reason = "each target keeps its own promise")]
mod promises;

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

fn file() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("there is room for a data set").keep();
        folder.join("fer2013.csv")
    })
}

fuzz_target!(|bytes: &[u8]| {
    // A zip is another reader's, and not ours.
    if bytes.starts_with(b"PK") {
        return;
    }
    fs::write(file(), bytes).expect("there is room for a data set");
    promises::challenge_is_read_or_refused(file());
});
