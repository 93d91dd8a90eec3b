//! The live pipeline with fake parts: every analysed frame is logged once, and nothing that fails
//! ends it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{Step, parts, settings, wait_for};
use mien::expression::Expression;
use mien::pipeline::{Command, Condition, Pipeline, Severity};
use mien::source::SourceSpec;

fn start(steps: Vec<Step>, log: Option<&Path>) -> Pipeline {
    Pipeline::start(settings(log), parts(steps, Arc::default())).unwrap()
}

/// The rows of one of the session's tables, as maps from column to cell.
fn rows(folder: &Path, table: &str) -> Vec<std::collections::HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join(table)).unwrap();
    reader.deserialize().collect::<Result<_, _>>().unwrap()
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
    let header = std::fs::read_to_string(session.join("session.json")).unwrap();
    let header: serde_json::Value = serde_json::from_str(&header).unwrap();
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
fn a_paused_view_answers_with_the_new_model_at_once() {
    let pipeline = start(vec![Step::Frames(100_000)], None);
    wait_for(&pipeline, "frames", |state| state.captured >= 3);
    pipeline.send(Command::Pause(true));
    wait_for(&pipeline, "the pause", |state| {
        state.condition == Condition::Paused
    });
    pipeline.send(Command::Model("sad-model".to_owned()));
    wait_for(&pipeline, "the model", |state| {
        state
            .model
            .as_ref()
            .is_some_and(|model| &*model.card.name == "sad-model")
    });
    let observation = pipeline.observation().unwrap();
    assert_eq!(observation.faces[0].reading.raw.top().0, Expression::Sad);
}

#[test]
fn a_model_that_cannot_be_loaded_leaves_the_old_one_at_work() {
    let pipeline = start(vec![Step::Frames(100_000)], None);
    wait_for(&pipeline, "frames", |state| state.captured >= 3);
    pipeline.send(Command::Model("no-model".to_owned()));
    wait_for(&pipeline, "the attempt", |state| {
        state.loading.is_some() || state.captured > 50
    });
    let state = wait_for(&pipeline, "its end", |state| {
        state.loading.is_none() && state.captured > 50
    });
    assert_eq!(&*state.model.unwrap().card.name, "happy-model");
    let notices = pipeline.notices();
    let said: Vec<_> = notices
        .iter()
        .filter(|notice| notice.severity == Severity::Error)
        .collect();
    assert_eq!(said.len(), 1);
    assert!(said[0].text.contains("no-model"), "{}", said[0].text);
}

#[test]
fn a_model_that_answers_nonsense_is_reported_once_and_can_be_replaced() {
    let pipeline = start(vec![Step::Frames(100_000)], None);
    pipeline.send(Command::Model("mad-model".to_owned()));
    let state = wait_for(&pipeline, "the mad model", |state| {
        state
            .model
            .as_ref()
            .is_some_and(|model| &*model.card.name == "mad-model")
    });
    wait_for(&pipeline, "more frames", |later| {
        later.captured > state.captured + 20
    });
    let complaints = pipeline
        .notices()
        .iter()
        .filter(|notice| notice.text.contains("mad-model"))
        .count();
    assert_eq!(complaints, 1);
    pipeline.send(Command::Model("happy-model".to_owned()));
    wait_for(&pipeline, "answers", |later| {
        later.analyzed > state.analyzed + 2
    });
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

/// The recording's end and what was said of it.
fn closed(session: &Path) -> (bool, String) {
    let header = std::fs::read_to_string(session.join("session.json")).unwrap();
    let header: serde_json::Value = serde_json::from_str(&header).unwrap();
    let errors = rows(session, "events.csv")
        .into_iter()
        .filter(|event| event["event"] == "error");
    let said = errors.map(|event| event["detail"].clone()).collect();
    (header["ended_utc"].is_string(), said)
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
    let notices = pipeline.notices();
    assert!(
        notices
            .iter()
            .any(|notice| notice.text.contains("at fault"))
    );
    assert!(
        notices
            .iter()
            .any(|notice| notice.text.contains("Saved to"))
    );
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
    pipeline.send(Command::Source(SourceSpec::Demo));
    wait_for(&pipeline, "frames of the other", |state| {
        state.analyzed > 20
    });
}

#[test]
fn a_fault_while_a_model_is_loaded_leaves_the_old_one_at_work() {
    let pipeline = start(vec![Step::Frames(100_000)], None);
    pipeline.send(Command::Model("unloadable-model".to_owned()));
    wait_for(&pipeline, "its end", |state| {
        state.loading.is_none() && state.captured > 50
    });
    let notices = pipeline.notices();
    assert!(
        notices
            .iter()
            .any(|notice| notice.text.contains("the fake loader is at fault"))
    );
}

#[test]
fn a_second_model_answers_for_the_same_faces_in_a_table_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = start(vec![Step::Frames(100_000)], Some(folder.path()));
    let session = pipeline.state().recording.unwrap().folder;
    wait_for(&pipeline, "frames", |state| state.analyzed > 3);
    assert!(!session.join("second.csv").exists());
    pipeline.send(Command::SecondModel(Some("sad-model".to_owned())));
    let state = wait_for(&pipeline, "faces", |state| state.agreement.faces > 5);
    assert_eq!(state.agreement.same, 0);
    assert_eq!(&*state.second.unwrap().card.name, "sad-model");
    let face = pipeline.observation().unwrap().faces[0].clone();
    assert_eq!(face.second.unwrap().shown, Some(Expression::Sad));
    assert_eq!(face.reading.shown, Some(Expression::Happy));
    // The same model twice agrees with itself.
    pipeline.send(Command::SecondModel(Some("happy-model".to_owned())));
    wait_for(&pipeline, "agreement", |state| state.agreement.same > 5);
    pipeline.send(Command::SecondModel(None));
    let state = wait_for(&pipeline, "one model", |state| state.second.is_none());
    assert_eq!(state.agreement.faces, 0);
    let then = state.analyzed;
    wait_for(&pipeline, "more frames", |state| state.analyzed > then + 3);
    drop(pipeline);

    let (first, second) = (
        rows(&session, "observations.csv"),
        rows(&session, "second.csv"),
    );
    assert!(second.len() > 10 && second.len() < first.len() - 3);
    for row in &second {
        let same = &first[row["frame"].parse::<usize>().unwrap()];
        for column in ["time_ms", "utc", "source", "face_id", "x", "width", "score"] {
            assert_eq!(row[column], same[column], "{column}");
        }
        let label = row["model"].strip_suffix("-model").unwrap();
        assert_eq!((&*row["label"], &*same["label"]), (label, "happy"));
    }
    let columns = |table| {
        let text = std::fs::read_to_string(session.join(table)).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(columns("second.csv"), columns("observations.csv"));
    let details: Vec<String> = rows(&session, "events.csv")
        .into_iter()
        .filter(|row| row["event"] == "second_model")
        .map(|row| row["detail"].clone())
        .collect();
    assert_eq!(details, ["sad-model", "happy-model", ""]);
    let header = std::fs::read_to_string(session.join("session.json")).unwrap();
    let header: serde_json::Value = serde_json::from_str(&header).unwrap();
    assert_eq!(header["models"].as_array().unwrap().len(), 2);
}

#[test]
fn a_second_model_that_fails_is_given_up_and_the_first_goes_on() {
    let pipeline = start(vec![Step::Frames(100_000)], None);
    pipeline.send(Command::SecondModel(Some("mad-model".to_owned())));
    let until = Instant::now() + common::PATIENCE;
    while !pipeline
        .notices()
        .iter()
        .any(|notice| notice.text.contains("mad-model"))
    {
        assert!(Instant::now() < until, "nothing was said");
    }
    let state = wait_for(&pipeline, "one model", |state| state.second.is_none());
    wait_for(&pipeline, "frames", |after| {
        after.analyzed > state.analyzed + 5
    });
}

#[test]
fn a_model_in_doubt_waits_for_the_users_word() {
    let pipeline = start(vec![Step::Frames(100_000)], None);
    let at_work = |name: &'static str| {
        move |state: &mien::pipeline::State| {
            let model = state.model.as_ref();
            model.is_some_and(|model| &*model.card.name == name)
        }
    };
    for use_it in [false, true] {
        pipeline.send(Command::Model("doubtful-model".to_owned()));
        let state = wait_for(&pipeline, "the doubt", |state| state.doubt.is_some());
        assert!(at_work("happy-model")(&state));
        assert!(state.doubt.unwrap().reason.contains("swapped"));
        pipeline.send(Command::Overrule(use_it));
        wait_for(&pipeline, "the word", |state| state.doubt.is_none());
    }
    wait_for(&pipeline, "the model", at_work("doubtful-model"));
    // Another provider asks nothing again.
    pipeline.send(Command::Provider(mien::runtime::ProviderChoice::Auto));
    let state = wait_for(&pipeline, "the provider", |state| {
        state.provider == mien::runtime::ProviderChoice::Auto && state.loading.is_none()
    });
    assert!(state.doubt.is_none() && at_work("doubtful-model")(&state));

    let named = mien::pipeline::Settings {
        model: "doubtful-model".to_owned(),
        ..settings(None)
    };
    let pipeline = Pipeline::start(named, parts(vec![], Arc::default())).unwrap();
    let notice = pipeline.notices().remove(0);
    assert!(
        notice.text.contains("should not be trusted"),
        "{}",
        notice.text
    );
}

#[test]
fn a_heat_map_is_made_of_the_face_and_frame_that_it_was_asked_for() {
    let pipeline = start(vec![Step::Frames(100_000)], None);
    wait_for(&pipeline, "a face", |state| state.analyzed > 3);
    pipeline.send(Command::Pause(true));
    wait_for(&pipeline, "the pause", |state| {
        state.condition == Condition::Paused
    });
    pipeline.send(Command::Explain(99));
    pipeline.send(Command::Explain(1));
    let state = wait_for(&pipeline, "the map", |state| state.explanation.is_some());
    let explanation = state.explanation.unwrap();
    assert_eq!(
        explanation.asked.observation,
        pipeline.observation().unwrap().number
    );
    assert_eq!(explanation.map.expression, Expression::Happy);
}

#[test]
fn a_label_is_uncertain_below_the_share_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = start(vec![Step::Frames(100_000)], Some(folder.path()));
    let session = pipeline.state().recording.unwrap().folder;
    pipeline.send(Command::Certain(0.95));
    let until = Instant::now() + common::PATIENCE;
    let shown = || {
        pipeline
            .observation()
            .map(|seen| seen.faces[0].reading.shown)
    };
    while shown() != Some(None) {
        assert!(Instant::now() < until, "{:?}", shown());
    }
    drop(pipeline);
    let events = rows(&session, "events.csv");
    let event = events.iter().find(|row| row["event"] == "certain").unwrap();
    assert_eq!(event["detail"], "0.95");
    let header = std::fs::read_to_string(session.join("session.json")).unwrap();
    let header: serde_json::Value = serde_json::from_str(&header).unwrap();
    assert_eq!(header["settings"]["certain"], 0.4);
}
