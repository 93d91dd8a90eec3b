//! Whether an input has its session already, from an earlier run that was asked for the same.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Item, Options};
use crate::annotated::{self, Annotated};
use crate::card::ModelCard;
use crate::error::{Error, Result};
use crate::session::{self, Event, EventKind, Header, ModelEntry};
use crate::source::SourceSpec;
use crate::source::pictures::is_picture_name;

/// What there is of an input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No session, or none of the same; half of one has been removed.
    Nothing,
    /// The whole session.
    Done(PathBuf),
    /// Half a session that another program is writing.
    InWork(PathBuf),
}

/// Looks among the folders of the item's name and those with a number behind it.
///
/// # Errors
/// [`Error::Log`] when half a session cannot be removed.
pub(super) fn find(
    item: &Item,
    input: &SourceSpec,
    card: &ModelCard,
    options: &Options,
) -> Result<Found> {
    let folders = session::folders(&item.parent, &item.name);
    for folder in folders.take_while(|folder| folder.exists()) {
        let Ok(header) = Header::read(&folder) else {
            continue;
        };
        if !is_same(&header, input, card, options) {
            continue;
        }
        if is_whole(&folder, &header, input, options) {
            return Ok(Found::Done(folder));
        }
        if session::is_being_written(&folder) {
            return Ok(Found::InWork(folder));
        }
        if is_ours_alone(&folder, &header) {
            log::info!("'{}' is half a session and is replaced", folder.display());
            let removed = fs::remove_dir_all(&folder);
            removed.map_err(|source| Error::Log {
                path: folder,
                source,
            })?;
            return Ok(Found::Nothing);
        }
    }
    Ok(Found::Nothing)
}

/// Whether a session is of this input as it is now, by the same program, model and settings.
fn is_same(header: &Header, input: &SourceSpec, card: &ModelCard, options: &Options) -> bool {
    let [source] = header.sources.as_slice() else {
        return false;
    };
    let path = match input {
        SourceSpec::Video(path) | SourceSpec::Picture(path) | SourceSpec::Folder(path) => path,
        SourceSpec::Camera(_) | SourceSpec::Demo => return false,
    };
    let recorded = Path::new(&source.detail);
    // A name that is no UTF-8 was written as well as it could be.
    let is_lossy = path.to_str().is_none();
    let same_file = (is_lossy && source.detail == input.to_string())
        || recorded == path
        || (recorded.canonicalize())
            .is_ok_and(|one| path.canonicalize().is_ok_and(|two| one == two));
    // The header knows its beginning to the millisecond.
    let begun = SystemTime::from(header.started_utc.0) + Duration::from_millis(1);
    let changed_since = changed(path).is_some_and(|changed| changed > begun);
    // Killed before its model was noted.
    let model = header.models.is_empty() || header.models == [ModelEntry::from(card)];
    source.kind == input.kind()
        && same_file
        && !changed_since
        && model
        && header.mien == env!("CARGO_PKG_VERSION")
        && header.settings == options.settings()
}

/// When a file, or a folder or a picture in it, was last changed.
fn changed(path: &Path) -> Option<SystemTime> {
    let changed = |path: PathBuf| fs::metadata(path).and_then(|facts| facts.modified()).ok();
    // A picture that is written anew leaves its folder's own time as it was. What else is there may be ours.
    let inside = fs::read_dir(path).into_iter().flatten().flatten();
    let pictures = (inside.map(|entry| entry.path())).filter(|path| is_picture_name(path));
    (pictures.filter_map(changed))
        .chain(changed(path.to_owned()))
        .max()
}

/// Whether a session was brought to its end without an error, with the annotated form if that is wanted.
fn is_whole(folder: &Path, header: &Header, input: &SourceSpec, options: &Options) -> bool {
    let is_broken = |event: &Event| matches!(event.event, EventKind::Stopped | EventKind::Error);
    let broken = || session::events(folder).map_or(true, |events| events.iter().any(is_broken));
    let annotated = || !options.annotated || Annotated::place(input, folder).exists();
    header.ended_utc.is_some() && annotated() && !broken()
}

/// Whether everything in a session's folder comes from this program, and nobody has named people in
/// it: then nothing is lost with it.
fn is_ours_alone(folder: &Path, header: &Header) -> bool {
    let names = || -> io::Result<bool> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let ours = name.to_str().is_some_and(|name| {
                session::is_own_file(name) || annotated::OWN_FILES.contains(&name)
            });
            let is_pictures = name == annotated::PICTURES_FOLDER && entry.file_type()?.is_dir();
            if !(is_pictures || ours && entry.file_type()?.is_file()) {
                return Ok(false);
            }
        }
        Ok(true)
    };
    header.people.is_empty() && header.left_out.is_empty() && names().unwrap_or(false)
}
