//! A session: a folder with `session.json`, `observations.csv`, `events.csv` and, with a second
//! model, `second.csv`. It holds numbers, names and words, never a picture.

mod cell;
mod event;
mod header;
mod people;
mod reader;
mod row;
mod table;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};

pub use cell::{Decimals, Moment};
pub use event::{Event, EventKind};
pub use header::{FORMAT, FrameCounts, Header, ModelEntry, SourceEntry};
pub use people::People;
pub use reader::{Lines, Session, events, read, rows, second_rows};
pub use row::Row;
pub use table::is_being_written;
pub(crate) use writer::folders;
pub use writer::{SessionWriter, live_name};

/// What the session is: written at the start, completed at the end.
pub const HEADER_FILE: &str = "session.json";
/// One row per face per analysed frame.
pub const OBSERVATIONS_FILE: &str = "observations.csv";
/// The same rows with the answers of a second model, when one was on.
pub const SECOND_FILE: &str = "second.csv";
/// The page about the session, unless it is asked for elsewhere.
pub const PAGE_FILE: &str = "report.html";
/// What happened besides.
pub const EVENTS_FILE: &str = "events.csv";

/// The session that a path means: a folder with a `session.json`, or that file itself.
#[must_use]
pub fn folder_of(path: &Path) -> Option<PathBuf> {
    if path.join(HEADER_FILE).is_file() {
        return Some(path.to_owned());
    }
    let is_header = path.is_file() && path.file_name().is_some_and(|name| name == HEADER_FILE);
    path.parent().filter(|_| is_header).map(Path::to_owned)
}

/// Whether this program writes a file of that name into a session's folder unasked.
pub(crate) fn is_own_file(name: &str) -> bool {
    const OWN_FILES: [&str; 6] = [
        HEADER_FILE,
        "session.json.new",
        OBSERVATIONS_FILE,
        EVENTS_FILE,
        SECOND_FILE,
        PAGE_FILE,
    ];
    OWN_FILES.contains(&name) || is_half_a_page(name)
}

/// Whether it is what a report that was killed leaves behind: `report.html.4711.new`, by its process.
fn is_half_a_page(name: &str) -> bool {
    let number = name
        .strip_prefix(PAGE_FILE)
        .and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".new"));
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}
