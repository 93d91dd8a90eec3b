//! Which files an analysis is about, and where the session of each goes.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::session::HEADER_FILE;
use crate::source::pictures::{file_name, is_picture_name};
use crate::source::video::is_video_name;

/// One input: a video, a picture, or a folder of pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where it is.
    pub path: PathBuf,
    /// The folder that its session's folder is made in.
    pub parent: PathBuf,
    /// The session folder's name, if there is none of that name yet.
    pub name: String,
}

impl Item {
    /// The session of a file is named after it, without its extension; a folder's by its whole name.
    #[must_use]
    pub fn new(path: &Path, parent: PathBuf) -> Self {
        let whole = file_name(path);
        let name = if path.is_dir() {
            whole
        } else {
            let stem = Path::new(&whole).file_stem();
            stem.map_or_else(|| whole.clone(), |stem| stem.to_string_lossy().into_owned())
        };
        Self {
            path: path.to_owned(),
            parent,
            name,
        }
    }
}

/// Spreads the inputs out: what is in folders with its place in them, everything else directly in
/// `out`; with `base`, all with their place below that folder. No two get the same place.
///
/// A folder that directly holds pictures is one input; its videos and its folders are others. Hidden
/// ones, links to folders, `out` and sessions are left alone.
///
/// # Errors
/// [`Error::NotBelow`] for an input that is not in `base`.
pub fn plan(inputs: &[PathBuf], base: Option<&Path>, out: &Path) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let out_itself = out.canonicalize().ok();
    for input in inputs {
        let place = base.map_or(Ok(PathBuf::new()), |base| place_in(base, input))?;
        let before = items.len();
        if input.is_dir() {
            walk(input, &place, out, out_itself.as_deref(), &mut items);
        }
        // What is no folder, or an empty one: opening it says what is wrong, if anything.
        if items.len() == before {
            let around = place.parent().unwrap_or(&place);
            items.push(Item::new(input, out.join(around)));
        }
    }
    keep_apart(&mut items);
    Ok(items)
}

/// Where an input lies in `base`.
fn place_in(base: &Path, input: &Path) -> Result<PathBuf> {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    // What is missing has no canonical form; by its name as typed it may still have a place.
    let place = (whole(input).strip_prefix(whole(base)).map(Path::to_owned))
        .or_else(|_| input.strip_prefix(base).map(Path::to_owned));
    place.map_err(|_| Error::NotBelow {
        input: input.to_owned(),
        base: base.to_owned(),
    })
}

/// Adds what is to be analysed in a folder whose place below `out` is `place`.
fn walk(folder: &Path, place: &Path, out: &Path, out_itself: Option<&Path>, items: &mut Vec<Item>) {
    // Its own session, beside those of other folders.
    let whole = Item::new(folder, out.join(place.parent().unwrap_or(place)));
    let Ok(entries) = entries(folder) else {
        // Opening it says why it cannot be read.
        items.push(whole);
        return;
    };
    let first = items.len();
    for path in &entries {
        if !path.is_dir() {
            // A pipe would be waited for; a link to nothing is opened, which says so.
            let is_other = path.metadata().is_ok_and(|facts| !facts.is_file());
            if is_video_name(path) && !is_other {
                items.push(Item::new(path, out.join(place)));
            }
            continue;
        }
        let is_out = out_itself.is_some() && path.canonicalize().ok().as_deref() == out_itself;
        if !is_out && !path.is_symlink() && !path.join(HEADER_FILE).exists() {
            let name = path.file_name().unwrap_or_default();
            walk(path, &place.join(name), out, out_itself, items);
        }
    }
    if entries
        .iter()
        .any(|path| is_picture_name(path) && path.is_file())
    {
        if items.len() == first {
            items.push(whole);
        } else {
            // Among the sessions of what else is in it.
            items.insert(first, Item::new(folder, out.join(place)));
        }
    }
}

/// What is in a folder and not hidden, in the natural order of the names (2 before 10).
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(entry.path());
        }
    }
    alphanumeric_sort::sort_path_slice(&mut entries);
    Ok(entries)
}

/// Gives a second session of the same name, or of a folder's, a number.
fn keep_apart(items: &mut [Item]) {
    let mut taken: HashSet<PathBuf> = HashSet::new();
    for item in items.iter() {
        taken.extend(item.parent.ancestors().map(Path::to_owned));
    }
    for item in items {
        let name = item.name.clone();
        let mut number = 1;
        while !taken.insert(item.parent.join(&item.name)) {
            number += 1;
            item.name = format!("{name}-{number}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes these files, folders with them, and gives the plan as `input → session`.
    fn planned(files: &[&str], inputs: &[&str], base: Option<&str>) -> Vec<String> {
        let home = tempfile::tempdir().unwrap();
        for file in files {
            let path = home.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let inputs: Vec<PathBuf> = inputs.iter().map(|input| home.path().join(input)).collect();
        let base = base.map(|base| home.path().join(base));
        let out = home.path().join("out");
        let items = plan(&inputs, base.as_deref(), &out).unwrap();
        let shown = |path: &Path| {
            path.strip_prefix(home.path())
                .unwrap()
                .display()
                .to_string()
        };
        items
            .iter()
            .map(|item| {
                format!(
                    "{} → {}",
                    shown(&item.path),
                    shown(&item.parent.join(&item.name))
                )
            })
            .collect()
    }

    #[test]
    fn a_tree_keeps_its_shape() {
        let files = [
            "study/b/10.mp4",
            "study/b/9.mov",
            "study/a/x.MKV",
            "study/a/notes.txt",
            "study/faces/1.png",
            "study/faces/2.jpg",
            "study/empty/readme.md",
            "study/.hidden/x.mp4",
            "study/old/session.json",
            "study/old/annotated.mp4",
        ];
        assert_eq!(
            planned(&files, &["study"], None),
            [
                "study/a/x.MKV → out/a/x",
                "study/b/9.mov → out/b/9",
                "study/b/10.mp4 → out/b/10",
                "study/faces → out/faces",
            ]
        );
    }

    #[test]
    fn a_folder_of_pictures_is_one_session_also_among_videos_and_folders() {
        let album = ["album/1.png"];
        assert_eq!(planned(&album, &["album"], None), ["album → out/album"]);
        let mixed = [
            "album/1.png",
            "album/a.mp4",
            "album/more/2.png",
            "album/more/b.mp4",
        ];
        assert_eq!(
            planned(&mixed, &["album"], None),
            [
                "album → out/album",
                "album/a.mp4 → out/a",
                "album/more → out/more/more",
                "album/more/b.mp4 → out/more/b",
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_a_folder_is_no_video() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("a.mp4"), "").unwrap();
        let pipe = home.path().join("b.mp4");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let items = plan(&[home.path().to_owned()], None, "out".as_ref()).unwrap();
        assert_eq!(items.len(), 1);
    }

    #[test]
    fn two_of_the_same_name_do_not_collide() {
        let files = [
            "one/a.mp4",
            "two/a.mp4",
            "two/a.mkv",
            "two/a/1.png",
            "two/b/c.mp4",
            "two/b.mp4",
        ];
        assert_eq!(
            planned(&files, &["one", "two"], None),
            [
                "one/a.mp4 → out/a",
                "two/a → out/a-2",
                "two/a.mkv → out/a-3",
                "two/a.mp4 → out/a-4",
                "two/b/c.mp4 → out/b/c",
                "two/b.mp4 → out/b-2",
            ]
        );
    }

    #[test]
    fn with_a_base_single_files_keep_their_place() {
        let files = ["study/p1/a.mp4", "study/p2/a.mp4", "study/p2/faces/1.png"];
        let inputs = [
            "study/p2/a.mp4",
            "study/p1/a.mp4",
            "study/p2/faces",
            "study/p1/gone.mp4",
        ];
        assert_eq!(
            planned(&files, &inputs, Some("study")),
            [
                "study/p2/a.mp4 → out/p2/a",
                "study/p1/a.mp4 → out/p1/a",
                "study/p2/faces → out/p2/faces",
                "study/p1/gone.mp4 → out/p1/gone",
            ]
        );
        let error = plan(
            &["elsewhere.mp4".into()],
            Some("study".as_ref()),
            "out".as_ref(),
        );
        assert!(matches!(error, Err(Error::NotBelow { .. })));
    }

    #[test]
    fn what_is_missing_or_empty_is_planned_too_so_that_it_is_said() {
        let files = ["empty/readme.md"];
        assert_eq!(
            planned(&files, &["empty", "gone.mp4"], None),
            ["empty → out/empty", "gone.mp4 → out/gone"]
        );
    }
}
