//! A recording that is going on: the session's writer, and what it has yet to be told.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::{ActiveModel, Recording, State};
use crate::error::Result;
use crate::observation::Observation;
use crate::session::{EventKind, SessionWriter, live_name};
use crate::source::{CameraRequest, SourceSpec};

pub(super) struct Recorder {
    writer: SessionWriter,
    since: Instant,
    /// Kind and name of the source that the log knows of.
    source_said: Option<(&'static str, String)>,
    captured: u64,
    dropped: u64,
    /// Dropped since the last row.
    dropped_unsaid: u64,
}

impl Recorder {
    /// Makes a new session folder in `folder`, named by the local time.
    pub(super) fn start(folder: &Path, state: &State, request: CameraRequest) -> Result<Self> {
        let settings = json!({
            "provider": state.provider.to_string(),
            "camera_size": request.size.map(|(width, height)| format!("{width}x{height}")),
            "camera_fps": request.fps,
            // Without the tail that f32 has in JSON.
            "certain": rounded(state.certain, 100.0),
            "smallest_face": state.smallest_face.map(|share| rounded(share, 10_000.0)),
        });
        let mut recorder = Self {
            writer: SessionWriter::create(folder, &live_name(), settings)?,
            since: Instant::now(),
            source_said: None,
            captured: 0,
            dropped: 0,
            dropped_unsaid: 0,
        };
        if let Some(model) = &state.model {
            recorder.model(model)?;
        }
        if state.second.is_some() {
            recorder.second_model(state.second.as_ref())?;
        }
        Ok(recorder)
    }

    pub(super) fn recording(&self) -> Recording {
        Recording {
            folder: self.writer.folder().to_owned(),
            since: self.since,
        }
    }

    /// Says what is looked at, if it is not what was looked at before.
    fn source(&mut self, state: &State) -> Result<()> {
        let Some(spec) = &state.source else {
            return Ok(());
        };
        let said = (spec.kind(), state.source_name.clone());
        if self.source_said.as_ref() == Some(&said) {
            return Ok(());
        }
        let detail = match spec {
            SourceSpec::Video(path) | SourceSpec::Picture(path) | SourceSpec::Folder(path) => {
                path.display().to_string()
            }
            SourceSpec::Camera(_) | SourceSpec::Demo => String::new(),
        };
        self.writer.source(said.0, &said.1, &detail)?;
        self.source_said = Some(said);
        Ok(())
    }

    pub(super) fn model(&mut self, model: &ActiveModel) -> Result<()> {
        self.writer.model(&model.card, model.provider)
    }

    pub(super) fn second_model(&mut self, model: Option<&ActiveModel>) -> Result<()> {
        self.writer.second_model(model.map(|model| &*model.card))
    }

    /// Counts a frame that came, and those that gave way to it.
    pub(super) fn count(&mut self, dropped: u64) {
        self.captured += 1 + dropped;
        self.dropped += dropped;
        self.dropped_unsaid += dropped;
    }

    /// Counts the last frame among the dropped: the model gave no answer for it.
    pub(super) fn lose(&mut self) {
        self.dropped += 1;
        self.dropped_unsaid += 1;
    }

    pub(super) fn write(&mut self, observation: &Observation, state: &State) -> Result<()> {
        self.source(state)?;
        self.say_dropped()?;
        self.writer.write(observation)
    }

    fn say_dropped(&mut self) -> Result<()> {
        let dropped = std::mem::take(&mut self.dropped_unsaid);
        if dropped > 0 {
            self.event(EventKind::Dropped, &dropped.to_string())?;
        }
        Ok(())
    }

    pub(super) fn event(&mut self, kind: EventKind, detail: &str) -> Result<()> {
        self.writer.event(kind, detail)
    }

    pub(super) fn flush_if_due(&mut self) -> Result<()> {
        self.writer.flush_if_due()
    }

    /// Ends the session; gives its folder.
    pub(super) fn finish(mut self) -> Result<PathBuf> {
        self.say_dropped()?;
        self.writer.finish(self.captured, self.dropped)
    }
}

fn rounded(share: f32, steps: f64) -> f64 {
    (f64::from(share) * steps).round() / steps
}
