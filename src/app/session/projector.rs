//! The picture of the moment that is looked at, from the file that was analysed, with its boxes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::Ui;

use super::super::action::Action;
use super::super::background::{Background, Pick};
use super::super::stage::message_ui;
use super::super::video::{Look, Video};
use super::super::widgets::main_button;
use super::moments::Place;
use crate::error::Result;
use crate::frame::{self, Frame};
use crate::observation::{Observation, StageTimes};
use crate::session::Header;
use crate::source::{self, SourceSpec};

/// A picture of a file.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    spec: SourceSpec,
    time: Duration,
}

/// Why there is no file to take a picture from.
#[derive(Debug, PartialEq)]
enum Absent {
    /// Seen live: no picture was stored.
    Live,
    /// The file is not where it was.
    Gone(PathBuf),
}

/// Fetches and shows one picture at a time.
#[derive(Default)]
pub(super) struct Projector {
    video: Video,
    shown: Option<(Wanted, Observation)>,
    fetching: Background<(Wanted, Result<Frame>)>,
    failed: Option<(Wanted, String)>,
    /// Files that the user has found, by the source's name.
    found: HashMap<String, PathBuf>,
    fetched: u64,
}

impl Projector {
    /// Takes the pictures of a source from this file.
    pub fn found(&mut self, source: &str, path: PathBuf) {
        self.found.insert(source.to_owned(), path);
    }

    /// Draws the picture at `place` into the whole of `ui`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        files: &Files<'_>,
        place: Option<Place<'_>>,
        chosen: Option<u64>,
        name: &dyn Fn(u64) -> String,
        actions: &mut Vec<Action>,
    ) {
        let area = ui.max_rect();
        let Some(place) = place else {
            return;
        };
        let found = self.found.get(place.source).map(PathBuf::as_path);
        let wanted = match files.file_of(place.source, found) {
            Ok(spec) => Wanted {
                spec,
                time: place.time,
            },
            Err(Absent::Live) => {
                let reason = format!(
                    "'{}' was seen live, and no picture is ever stored",
                    place.source
                );
                let hint = "The time line and the shares tell what was seen";
                message_ui(ui, area, "Only numbers were kept", &reason, hint, |_| {});
                return;
            }
            Err(Absent::Gone(path)) => {
                let reason = format!("'{}' is not there any more", path.display());
                message_ui(
                    ui,
                    area,
                    "The file is not where it was",
                    &reason,
                    "",
                    |ui| {
                        if main_button(ui, "Find it…").clicked() {
                            actions.push(Action::Pick(Pick::Video));
                        }
                    },
                );
                return;
            }
        };
        self.fetch(ui.ctx(), &wanted, place);
        if let Some((_, reason)) = self.failed.as_ref().filter(|(failed, _)| *failed == wanted) {
            message_ui(ui, area, "There is no picture here", reason, "", |_| {});
            return;
        }
        let Some((_, observation)) = &self.shown else {
            ui.centered_and_justified(|ui| ui.add(egui::Spinner::new().size(28.0)));
            return;
        };
        let look = Look {
            mirrored: false,
            boxes: true,
            dimmed: false,
        };
        self.video.ui(ui, area, observation, chosen, look, name);
    }

    /// Asks for the picture that is wanted, unless it is there. The one before stays until it comes.
    fn fetch(&mut self, ctx: &egui::Context, wanted: &Wanted, place: Place<'_>) {
        match self.fetching.take() {
            Some((got, Ok(frame))) if got == *wanted => {
                self.fetched += 1;
                let observation = Observation {
                    number: self.fetched,
                    frame: Arc::new(frame),
                    faces: place.faces.to_vec(),
                    model: "".into(),
                    second: None,
                    times: StageTimes::default(),
                };
                self.shown = Some((got, observation));
            }
            Some((got, Err(error))) => self.failed = Some((got, error.to_string())),
            // Another moment is looked at by now.
            Some((_, Ok(_))) | None => {}
        }
        let is_wanted = |one: &Wanted| one == wanted;
        let shown = self.shown.as_ref().is_some_and(|(one, _)| is_wanted(one));
        let failed = self.failed.as_ref().is_some_and(|(one, _)| is_wanted(one));
        if !shown && !failed {
            let wanted = wanted.clone();
            self.fetching.start(ctx, "picture", move || {
                let frame = picture(&wanted);
                (wanted, frame)
            });
        }
    }
}

fn picture(wanted: &Wanted) -> Result<Frame> {
    let picture = source::picture_at(&wanted.spec, wanted.time)?;
    Ok(Frame {
        source: wanted.spec.to_string().into(),
        source_frame: 0,
        time: wanted.time,
        utc: None,
        captured: Instant::now(),
        still: true,
        luma: frame::luma(&picture),
        picture,
    })
}

/// Where a session's files are.
pub(super) struct Files<'a> {
    /// The session's folder.
    pub folder: &'a Path,
    /// What it says of its sources.
    pub header: &'a Header,
}

impl Files<'_> {
    /// The file behind a row's source, where it was or where the user found it.
    fn file_of(&self, source: &str, found: Option<&Path>) -> Result<SourceSpec, Absent> {
        let sources = &self.header.sources;
        let named = sources.iter().find(|entry| entry.name == source);
        let (kind, path) = match named {
            Some(entry) => (entry.kind.as_str(), Some(self.resolve(&entry.detail))),
            // The rows of a folder name its pictures.
            None => ("picture", self.picture_in_folders(source)),
        };
        let path = path.ok_or(Absent::Live)?;
        let path = found.map_or(path, Path::to_owned);
        let spec = match kind {
            "video" => SourceSpec::Video(path),
            "picture" => SourceSpec::Picture(path),
            _ => return Err(Absent::Live),
        };
        match spec {
            SourceSpec::Video(path) | SourceSpec::Picture(path) if !path.is_file() => {
                Err(Absent::Gone(path))
            }
            spec => Ok(spec),
        }
    }

    /// A picture in one of the session's folders: where it is, or else where it was.
    fn picture_in_folders(&self, name: &str) -> Option<PathBuf> {
        let sources = self.header.sources.iter();
        let folders = sources.filter(|entry| entry.kind == "folder");
        let mut paths = folders.map(|entry| self.resolve(&entry.detail).join(name));
        let there = paths.clone().find(|path| path.is_file());
        there.or_else(|| paths.next())
    }

    /// A path as the session says it: from where the program was started then, which is often here or
    /// above the session.
    fn resolve(&self, detail: &str) -> PathBuf {
        let path = PathBuf::from(detail);
        if path.exists() || path.is_absolute() {
            return path;
        }
        let folder = self.folder.canonicalize().unwrap_or_default();
        let above = folder.ancestors().skip(1).map(|above| above.join(&path));
        above.into_iter().find(|path| path.exists()).unwrap_or(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SourceEntry;

    #[test]
    fn a_picture_comes_from_where_the_session_says_or_from_where_it_was_found() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("a.png");
        std::fs::write(&there, "").unwrap();
        let mut header = Header::new(serde_json::Value::Null);
        let missing = PathBuf::from("/nowhere/clip.mp4");
        for (kind, name, detail) in [
            ("camera", "cam", ""),
            ("video", "clip.mp4", "/nowhere/clip.mp4"),
            ("folder", "album", folder.path().to_str().unwrap()),
        ] {
            header.sources.push(SourceEntry {
                kind: kind.to_owned(),
                name: name.to_owned(),
                detail: detail.to_owned(),
            });
        }
        let session = folder.path().join("out").join("session");
        std::fs::create_dir_all(&session).unwrap();
        header.sources.push(SourceEntry {
            kind: "picture".to_owned(),
            name: "relative".to_owned(),
            detail: "a.png".to_owned(),
        });
        let files = Files {
            folder: &session,
            header: &header,
        };
        assert_eq!(files.file_of("cam", None), Err(Absent::Live));
        assert_eq!(files.file_of("clip.mp4", None), Err(Absent::Gone(missing)));
        let found = files.file_of("clip.mp4", Some(&there));
        assert_eq!(found, Ok(SourceSpec::Video(there.clone())));
        let picture = Ok(SourceSpec::Picture(there));
        assert_eq!(files.file_of("a.png", None), picture);
        let relative = files.file_of("relative", None);
        let Ok(SourceSpec::Picture(path)) = relative else {
            panic!("{relative:?}")
        };
        assert!(path.ends_with("a.png") && path.is_file());
    }
}
