//! The live pipeline with fake parts: every analysed frame is logged once, and nothing that fails
//! ends it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod camera;
#[path = "../common/mod.rs"]
mod common;
mod models;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{Gate, Step, parts, settings, wait_for};
use mien::error::Result;
use mien::expression::Expression;
use mien::frame::Frame;
use mien::pipeline::{Command, Condition, Notice, Pipeline};
use mien::session::{self, EventKind};
use mien::source::{FrameSource, SourceSpec};

fn start(steps: Vec<Step>, log: Option<&Path>) -> Pipeline {
    Pipeline::start(settings(log), parts(steps, Arc::default())).unwrap()
}

/// The rows of one of the session's tables, as maps from column to cell.
fn rows(folder: &Path, table: &str) -> Vec<std::collections::HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join(table)).unwrap();
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

/// The session's `session.json`.
fn header(folder: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(folder.join("session.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_face_before_the_camera_becomes_an_observation() {
    let pipeline = start(vec![Step::Frames(5)], None);
    let state = wait_for(&pipeline, "the end", |state| {
        state.condition == Condition::Ended
    });
    assert_eq!(state.captured, 5);
    assert_eq!(state.analyzed + state.dropped, 5);
    let observation = pipeline.observation().unwrap();
    assert_eq!(observation.faces[0].reading.raw.top().0, Expression::Happy);
    assert_eq!(&*observation.model, "happy-model");
}

#[test]
fn every_analysed_frame_is_logged_once_and_names_its_model() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = start(vec![Step::Frames(300)], Some(folder.path()));
    let session = pipeline.state().recording.unwrap().folder;
    for round in 0..50 {
        let name = if round % 2 == 0 {
            "sad-model"
        } else {
            "happy-model"
        };
        pipeline.send(Command::Model(name.to_owned()));
        wait_for(&pipeline, name, |state| {
            state
                .model
                .as_ref()
                .is_some_and(|model| &*model.card.name == name)
        });
    }
    let state = wait_for(&pipeline, "the end", |state| {
        state.condition == Condition::Ended
    });
    drop(pipeline);

    let rows = rows(&session, "observations.csv");
    assert_eq!(rows.len() as u64, state.analyzed);
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(row["frame"], number.to_string());
        let label = if row["model"] == "sad-model" {
            "sad"
        } else {
            "happy"
        };
        assert_eq!(row["label"], label, "a row names the model that answered");
    }
    let header = header(&session);
    assert_eq!(header["models"].as_array().unwrap().len(), 2);
    assert_eq!(header["frames"]["analyzed"], state.analyzed);
    assert!(header["ended_utc"].is_string());
}

#[test]
fn a_marker_is_in_the_file_at_once_and_says_when_it_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = start(vec![Step::Frames(100_000)], None);
    wait_for(&pipeline, "frames", |state| state.analyzed > 0);
    pipeline.send(Command::Mark("too early".to_owned()));
    let state = wait_for(&pipeline, "a marker", |state| !state.markers.is_empty());
    assert!(!state.markers[0].kept);
    assert!(pipeline.notices()[0].text.contains("not kept"));

    pipeline.send(Command::StartLog(folder.path().to_owned()));
    let state = wait_for(&pipeline, "a row", |state| {
        state.recording.is_some() && state.analyzed > 20
    });
    let session = state.recording.unwrap().folder;
    for name in ["film, part \"one\"", "pause"] {
        pipeline.send(Command::Mark(name.to_owned()));
        wait_for(&pipeline, name, |state| {
            state
                .markers
                .back()
                .is_some_and(|marker| marker.name == name && marker.kept)
        });
        // Nothing is waited for: the log is flushed only twice a second.
        let last = rows(&session, "events.csv").pop().unwrap();
        assert_eq!((&*last["event"], &*last["detail"]), ("marker", name));
    }
    let markers = pipeline.state().markers;
    assert_eq!(markers.len(), 3);
}

#[test]
fn an_unplugged_camera_is_found_again_under_the_same_recording() {
    let folder = tempfile::tempdir().unwrap();
    let steps = vec![Step::Frames(3), Step::Lose, Step::Lose, Step::Frames(40)];
    let pipeline = start(steps, Some(folder.path()));
    let session = pipeline.state().recording.unwrap().folder;
    wait_for(&pipeline, "the loss", |state| {
        matches!(state.condition, Condition::Gone(_))
    });
    wait_for(&pipeline, "the return", |state| {
        state.condition == Condition::Live
    });
    drop(pipeline);

    let events: Vec<String> = rows(&session, "events.csv")
        .into_iter()
        .map(|mut row| row.remove("event").unwrap())
        .collect();
    let gone = events.iter().position(|event| event == "gone").unwrap();
    assert_eq!(
        events.iter().filter(|event| *event == "gone").count(),
        1,
        "said once: {events:?}"
    );
    assert_eq!(events[gone + 1], "back");
}

#[test]
fn a_stalled_camera_is_noticed_within_three_seconds() {
    let steps = vec![
        Step::Frames(3),
        Step::Hang(Duration::from_secs(5)),
        Step::Frames(400),
    ];
    let pipeline = start(steps, None);
    wait_for(&pipeline, "frames", |state| state.captured >= 3);
    let last = Instant::now();
    wait_for(&pipeline, "the stall", |state| {
        state.condition == Condition::Stalled
    });
    assert!(last.elapsed() < Duration::from_secs(3));
    wait_for(&pipeline, "the return", |state| {
        state.condition == Condition::Live
    });
}

#[test]
fn a_pipeline_with_a_stuck_camera_ends_within_a_second() {
    let pipeline = start(
        vec![Step::Frames(3), Step::Hang(Duration::from_secs(4))],
        None,
    );
    wait_for(&pipeline, "frames", |state| state.captured >= 3);
    let begun = Instant::now();
    drop(pipeline);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn pausing_releases_the_camera_and_going_on_opens_it_again() {
    let opened = Arc::new(AtomicU64::new(0));
    let parts = parts(vec![Step::Frames(100_000)], Arc::clone(&opened));
    let pipeline = Pipeline::start(settings(None), parts).unwrap();
    wait_for(&pipeline, "frames", |state| state.captured >= 3);
    pipeline.send(Command::Pause(true));
    let paused = wait_for(&pipeline, "the pause", |state| {
        state.condition == Condition::Paused
    });
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(pipeline.state().captured, paused.captured);
    pipeline.send(Command::Pause(false));
    wait_for(&pipeline, "more frames", |state| {
        state.captured > paused.captured + 2
    });
    assert_eq!(opened.load(Ordering::SeqCst), 2);
}

#[test]
fn a_file_that_is_paused_while_it_opens_goes_by_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let film = mien::pipeline::Settings {
        source: SourceSpec::Video("films/of/mine/film.mp4".into()),
        ..settings(Some(folder.path()))
    };
    let mut parts = parts(vec![Step::Frames(3)], Arc::default());
    let (gate, closed) = (Gate::default(), parts.open);
    let waits = gate.clone();
    parts.open = Arc::new(move |spec, request| {
        waits.wait();
        closed(spec, request)
    });
    let pipeline = Pipeline::start(film, parts).unwrap();
    let session = pipeline.state().recording.unwrap().folder;
    pipeline.send(Command::Pause(true));
    wait_for(&pipeline, "the pause", |state| {
        state.condition == Condition::Paused
    });
    gate.open();
    pipeline.send(Command::Pause(false));
    let state = wait_for(&pipeline, "the end", |state| {
        state.condition == Condition::Ended
    });
    assert_eq!(state.source_name, "fake");
    drop(pipeline);
    let details = rows(&session, "events.csv").into_iter();
    let named: Vec<_> = details.filter(|row| row["event"] == "source").collect();
    assert_eq!(named[0]["detail"], "fake");
    assert_eq!(header(&session)["sources"][0]["name"], "fake");
}

#[test]
fn a_bad_picture_in_a_folder_is_said_and_the_next_one_follows() {
    let steps = vec![Step::Frames(1), Step::BadPicture, Step::Frames(1)];
    let folder = SourceSpec::Folder("pictures".into());
    let settings = mien::pipeline::Settings {
        source: folder,
        ..settings(None)
    };
    let pipeline = Pipeline::start(settings, parts(steps, Arc::default())).unwrap();
    let state = wait_for(&pipeline, "the end", |state| {
        state.condition == Condition::Ended
    });
    assert_eq!(state.captured, 2);
    assert!(
        pipeline
            .notices()
            .iter()
            .any(|notice| notice.text.contains("bad.png"))
    );
}

#[test]
fn a_folder_of_bad_pictures_ends_although_it_would_begin_again() {
    let settings = mien::pipeline::Settings {
        source: SourceSpec::Folder("pictures".into()),
        loops: true,
        ..settings(None)
    };
    let steps = vec![Step::BadPicture, Step::BadPicture];
    let pipeline = Pipeline::start(settings, parts(steps, Arc::default())).unwrap();
    wait_for(&pipeline, "the end", |state| {
        state.condition == Condition::Ended
    });
    assert_eq!(pipeline.notices().len(), 2);
}

#[test]
fn the_last_picture_of_a_folder_is_seen_as_long_as_the_others_before_it_begins_again() {
    let folder = tempfile::tempdir().unwrap();
    image::RgbImage::new(160, 120)
        .save(folder.path().join("only.png"))
        .unwrap();
    let settings = mien::pipeline::Settings {
        source: SourceSpec::Folder(folder.path().to_owned()),
        loops: true,
        ..settings(None)
    };
    let mut parts = parts(vec![], Arc::default());
    parts.open = Arc::new(mien::source::open);
    let begun = Instant::now();
    let pipeline = Pipeline::start(settings, parts).unwrap();
    let state = wait_for(&pipeline, "the second round", |state| state.captured >= 2);
    assert_eq!(state.captured, 2);
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

/// Three frames and an end, again and again.
struct Round(u64);

impl FrameSource for Round {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        self.0 += 1;
        let frame = common::frame(self.0, Duration::from_millis(10 * self.0));
        Ok((!self.0.is_multiple_of(4)).then_some(frame))
    }

    fn name(&self) -> &'static str {
        "round"
    }

    fn is_round(&self) -> bool {
        true
    }
}

#[test]
fn a_source_without_a_seam_goes_on_with_the_same_faces() {
    let folder = tempfile::tempdir().unwrap();
    let settings = mien::pipeline::Settings {
        source: SourceSpec::Demo,
        loops: true,
        ..settings(Some(folder.path()))
    };
    let mut parts = parts(vec![], Arc::default());
    parts.open = Arc::new(|_, _| Ok(Box::new(Round(0))));
    let mut pipeline = Pipeline::start(settings, parts).unwrap();
    wait_for(&pipeline, "three rounds", |state| state.captured > 9);
    let session = session::read(&pipeline.end().unwrap().unwrap()).unwrap();
    let sources = session.events.iter();
    let sources = sources.filter(|event| event.event == EventKind::Source);
    assert_eq!(sources.count(), 1);
    assert!(session.rows.iter().all(|row| row.face_id == Some(1)));
}

#[test]
fn another_source_is_opened_when_the_first_is_of_no_use() {
    let pipeline = start(vec![Step::BadPicture, Step::Frames(10)], None);
    wait_for(&pipeline, "the failure", |state| {
        matches!(state.condition, Condition::Failed(_))
    });
    pipeline.send(Command::Source(SourceSpec::Demo));
    wait_for(&pipeline, "frames", |state| state.captured > 0);
}

#[test]
fn a_log_that_cannot_be_written_fails_at_the_start_or_is_said_in_the_window() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let begun = Pipeline::start(settings(Some(file.path())), parts(vec![], Arc::default()));
    assert!(begun.is_err_and(|error| error.to_string().contains("cannot be written")));

    let pipeline = start(vec![Step::Frames(100_000)], None);
    pipeline.send(Command::StartLog(file.path().to_owned()));
    wait_for(&pipeline, "frames", |state| state.captured > 20);
    assert!(pipeline.state().recording.is_none());
    let notices = pipeline.notices();
    assert!(
        notices
            .iter()
            .any(|notice| notice.text.contains("cannot be written")),
        "{notices:?}"
    );
}

#[test]
fn a_recording_names_the_smallest_face_that_was_looked_for() {
    for (smallest_face, written) in [(None, "null"), (Some(0.05), "0.05")] {
        let folder = tempfile::tempdir().unwrap();
        let settings = mien::pipeline::Settings {
            smallest_face,
            ..settings(Some(folder.path()))
        };
        let pipeline = Pipeline::start(settings, parts(vec![], Arc::default())).unwrap();
        let session = pipeline.state().recording.unwrap().folder;
        let settings = &header(&session)["settings"];
        assert_eq!(settings["smallest_face"].to_string(), written);
        assert!(settings.as_object().unwrap().contains_key("smallest_face"));
    }
}

#[test]
fn a_recording_that_cannot_be_completed_at_the_end_is_said() {
    for is_hindered in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut pipeline = start(vec![Step::Frames(100_000)], Some(folder.path()));
        let session = pipeline.state().recording.unwrap().folder;
        wait_for(&pipeline, "frames", |state| state.analyzed >= 3);
        if is_hindered {
            // Where the new header is written before it takes the old one's place.
            std::fs::create_dir(session.join("session.json.new")).unwrap();
        }
        let ended = pipeline.end();
        assert_eq!(header(&session)["ended_utc"].is_string(), !is_hindered);
        if is_hindered {
            let error = ended.unwrap_err().to_string();
            assert!(error.contains("session.json"), "{error}");
        } else {
            assert_eq!(ended.unwrap(), Some(session));
        }
        assert!(pipeline.notices().is_empty(), "said once");
        assert_eq!(pipeline.end().unwrap(), None);
    }
}

/// The recording's end and what was said of it.
fn closed(session: &Path) -> (bool, String) {
    let errors = rows(session, "events.csv")
        .into_iter()
        .filter(|event| event["event"] == "error");
    let said = errors.map(|event| event["detail"].clone()).collect();
    (header(session)["ended_utc"].is_string(), said)
}

#[test]
fn a_fault_in_the_analysis_closes_the_recording_and_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = start(vec![Step::Frames(100_000)], Some(folder.path()));
    let session = pipeline.state().recording.unwrap().folder;
    wait_for(&pipeline, "frames", |state| state.analyzed >= 3);
    pipeline.send(Command::Model("faulty-model".to_owned()));
    let state = wait_for(&pipeline, "the fault", |state| {
        matches!(state.condition, Condition::Failed(_))
    });
    assert!(state.recording.is_none());
    let (ended, said) = closed(&session);
    assert!(
        ended && said.contains("the fake model is at fault"),
        "{said}"
    );
    assert!(rows(&session, "observations.csv").len() >= 3);
    // Why it failed says the condition.
    let notices = pipeline.notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].text.contains("Saved to"), "{notices:?}");
    // Nobody takes commands any more, which is said; they do not pile up until Mien is called busy.
    for _ in 0..100 {
        pipeline.send(Command::Pause(true));
    }
    let notices = pipeline.notices();
    assert!(!notices.is_empty());
    let is_told = |notice: &Notice| notice.text == "Mien has stopped; start it again";
    assert!(notices.iter().all(is_told), "{notices:?}");
}

#[test]
fn a_fault_in_a_source_is_said_and_another_source_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let steps = vec![Step::Frames(3), Step::Panic, Step::Frames(100_000)];
    let pipeline = start(steps, Some(folder.path()));
    wait_for(
        &pipeline,
        "the fault",
        |state| matches!(&state.condition, Condition::Failed(text) if text.contains("at fault")),
    );
    assert!(pipeline.notices().is_empty(), "said once");
    pipeline.send(Command::Source(SourceSpec::Demo));
    wait_for(&pipeline, "frames of the other", |state| {
        state.analyzed > 20
    });
}
