//! Models in the live pipeline: changed, refused, in doubt, two at once, explained.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mien::expression::Expression;
use mien::pipeline::{Command, Condition, Loaded, Pipeline, Severity, State};
use mien::runtime::ProviderChoice;

use super::common::{self, Gate, Step, parts, settings, wait_for};
use super::{header, rows, start};

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
fn a_model_that_answers_nonsense_is_reported_once_while_the_picture_goes_on_and_can_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = start(vec![Step::Frames(100_000)], Some(folder.path()));
    let session = pipeline.state().recording.unwrap().folder;
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
    let shown = pipeline.observation().unwrap();
    assert!(shown.faces.is_empty() && shown.frame.source_frame > state.captured);
    pipeline.send(Command::Model("happy-model".to_owned()));
    let state = wait_for(&pipeline, "answers", |later| {
        later.analyzed > state.analyzed + 2
    });
    assert_eq!(state.captured, state.analyzed + state.dropped);
    pipeline.send(Command::Model("mad-model".to_owned()));
    wait_for(&pipeline, "no answer at the end", |state| state.no_answer);
    drop(pipeline);

    // A frame without an answer has no row; none is missing from the sum.
    let frames = &header(&session)["frames"];
    let count = |kind: &str| frames[kind].as_u64().unwrap();
    let rows = |table| rows(&session, table).into_iter();
    let said = rows("events.csv").filter(|row| row["event"] == "dropped");
    let said: u64 = said.map(|row| row["detail"].parse::<u64>().unwrap()).sum();
    assert!(said > 20);
    assert_eq!(count("dropped"), said);
    assert_eq!(count("analyzed"), rows("observations.csv").count() as u64);
    assert_eq!(count("captured"), count("analyzed") + count("dropped"));
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
fn a_model_that_does_not_load_is_given_up_and_not_taken_later() {
    let mut parts = parts(vec![Step::Frames(100_000)], Arc::default());
    parts.load_patience = std::time::Duration::from_millis(300);
    let pipeline = Pipeline::start(settings(None), parts).unwrap();
    pipeline.send(Command::Model("slow-model".to_owned()));
    wait_for(&pipeline, "the attempt", |state| state.loading.is_some());
    let given_up = wait_for(&pipeline, "its end", |state| state.loading.is_none());
    let notices = pipeline.notices();
    let text = &notices.last().unwrap().text;
    assert!(
        text.contains("slow-model") && text.contains("did not load within"),
        "{text}"
    );
    // Long after it has come after all.
    wait_for(&pipeline, "the old one at work", |state| {
        state.captured > given_up.captured + 300
    });
    assert_eq!(&*pipeline.state().model.unwrap().card.name, "happy-model");
}

fn is_at_work(state: &State, name: &str) -> bool {
    let model = state.model.as_ref();
    model.is_some_and(|model| &*model.card.name == name)
}

#[test]
fn a_model_that_is_stuck_holds_up_no_other() {
    let gate = Gate::default();
    let stuck = || {
        let mut parts = parts(vec![Step::Frames(100_000)], Arc::default());
        let gate = gate.clone();
        parts.load = Arc::new(move |name, choice| {
            if name == "stuck-model" {
                gate.wait();
            }
            common::load(name, choice)
        });
        parts
    };
    let named = || "stuck-model".to_owned();

    // One that is given up…
    let mut impatient = stuck();
    impatient.load_patience = Duration::from_millis(500);
    let pipeline = Pipeline::start(settings(None), impatient).unwrap();
    pipeline.send(Command::Model(named()));
    wait_for(&pipeline, "the attempt", |state| state.loading.is_some());
    wait_for(&pipeline, "its end", |state| state.loading.is_none());
    pipeline.send(Command::Model("sad-model".to_owned()));
    wait_for(&pipeline, "the next", |state| {
        is_at_work(state, "sad-model")
    });

    // …and one that nobody wants any more.
    let pipeline = Pipeline::start(settings(None), stuck()).unwrap();
    pipeline.send(Command::SecondModel(Some(named())));
    pipeline.send(Command::SecondModel(None));
    pipeline.send(Command::Model("sad-model".to_owned()));
    wait_for(&pipeline, "the next", |state| {
        is_at_work(state, "sad-model")
    });
    gate.open();
}

#[test]
fn the_provider_that_was_wished_for_last_is_the_one_at_work() {
    let gate = Gate::default();
    let mut parts = parts(vec![Step::Frames(100_000)], Arc::default());
    let slow = gate.clone();
    parts.load = Arc::new(move |name, choice| {
        let is_slow = choice == ProviderChoice::Cuda;
        if is_slow {
            slow.wait();
        }
        Ok(Loaded {
            provider: if is_slow { "CUDA" } else { "CPU" },
            ..common::load(name, choice)?
        })
    });
    let pipeline = Pipeline::start(settings(None), parts).unwrap();
    pipeline.send(Command::Provider(ProviderChoice::Cuda));
    wait_for(&pipeline, "the attempt", |state| state.loading.is_some());
    pipeline.send(Command::Provider(ProviderChoice::Cpu));
    let state = wait_for(&pipeline, "the wish", |state| state.loading.is_none());
    gate.open();
    // Long after the first has come after all.
    let later = wait_for(&pipeline, "frames", |later| {
        later.captured > state.captured + 50
    });
    assert_eq!(later.model.unwrap().provider, "CPU");
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
    let header = header(&session);
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
    assert_eq!(header(&session)["settings"]["certain"], 0.4);
}

#[test]
fn a_paused_picture_is_a_row_for_each_first_model_and_for_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = start(vec![Step::Frames(100_000)], Some(folder.path()));
    let session = pipeline.state().recording.unwrap().folder;
    let second = |model: Option<&str>| Command::SecondModel(model.map(str::to_owned));
    let shown = || {
        let face = pipeline.observation().unwrap().faces[0].clone();
        (face.reading.shown, face.second.map(|second| second.shown))
    };
    pipeline.send(second(Some("sad-model")));
    wait_for(&pipeline, "faces", |state| state.agreement.faces > 2);
    pipeline.send(Command::Pause(true));
    let paused = wait_for(&pipeline, "the pause", |state| {
        state.condition == Condition::Paused
    });
    // As the slider does.
    for percent in 40..=95_u8 {
        pipeline.send(Command::Certain(f32::from(percent) / 100.0));
        wait_for(&pipeline, "the share", |state| {
            (state.certain * 100.0).round() as u8 == percent
        });
    }
    assert_eq!(shown(), (None, Some(None)));
    pipeline.send(Command::Certain(0.5));
    wait_for(&pipeline, "the share", |state| state.certain < 0.6);
    let (happy, sad) = (Some(Expression::Happy), Some(Expression::Sad));
    assert_eq!(shown(), (happy, Some(sad)));
    pipeline.send(second(None));
    wait_for(&pipeline, "one model", |state| state.second.is_none());
    assert_eq!(shown(), (happy, None));
    pipeline.send(second(Some("sad-model")));
    wait_for(&pipeline, "two models", |state| state.second.is_some());
    assert_eq!(shown(), (happy, Some(sad)));
    assert_eq!(pipeline.state().analyzed, paused.analyzed);
    pipeline.send(Command::Model("sad-model".to_owned()));
    let state = wait_for(&pipeline, "the model", |state| {
        is_at_work(state, "sad-model")
    });
    assert_eq!(shown(), (sad, Some(sad)));
    drop(pipeline);

    assert_eq!(state.analyzed, paused.analyzed + 1);
    assert_eq!(state.captured, state.analyzed + state.dropped);
    let rows = rows(&session, "observations.csv");
    assert_eq!(rows.len() as u64, state.analyzed);
    let last = &rows[rows.len() - 2..];
    assert_eq!(last[0]["source_frame"], last[1]["source_frame"]);
    assert_eq!(
        [&*last[0]["model"], &*last[1]["model"]],
        ["happy-model", "sad-model"]
    );
    let frames = &header(&session)["frames"];
    assert_eq!(
        frames["captured"].as_u64().unwrap(),
        frames["analyzed"].as_u64().unwrap() + frames["dropped"].as_u64().unwrap()
    );
}
