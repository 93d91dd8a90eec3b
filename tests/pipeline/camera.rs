//! Cameras that go away, stall, are held by others and come back, and a machine that is too slow for them.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mien::pipeline::{Command, Condition, Pipeline, State};
use mien::source::SourceSpec;

use super::common::{Gate, SLOWNESS, Step, parts, settings, wait_for};
use super::{rows, start};

/// What `events.csv` says of the camera.
fn happened(session: &Path) -> Vec<String> {
    let told = ["gone", "stalled", "back", "error"];
    rows(session, "events.csv")
        .into_iter()
        .map(|mut row| row.remove("event").unwrap())
        .filter(|event| told.contains(&&**event))
        .collect()
}

fn session_of(pipeline: &Pipeline) -> std::path::PathBuf {
    pipeline.state().recording.unwrap().folder
}

fn is_gone(state: &State) -> bool {
    matches!(state.condition, Condition::Gone(_))
}

#[test]
fn a_camera_unplugged_five_times_is_found_again_five_times() {
    let folder = tempfile::tempdir().unwrap();
    let mut steps = vec![Step::Frames(3)];
    for _ in 0..5 {
        steps.extend([Step::Lose, Step::Frames(8)]);
    }
    steps.push(Step::Frames(100_000));
    let pipeline = start(steps, Some(folder.path()));
    let session = session_of(&pipeline);
    let begun = Instant::now();
    let state = wait_for(&pipeline, "frames after the fifth", |state| {
        state.captured > 3 + 5 * 8
    });
    // Frames flow within three seconds of each return.
    assert!(begun.elapsed() < 5 * Duration::from_secs(3));
    drop(pipeline);
    assert_eq!(happened(&session), ["gone", "back"].repeat(5));
    assert!(rows(&session, "observations.csv").len() as u64 >= state.analyzed);
}

#[test]
fn why_a_camera_went_is_still_said_after_it_was_looked_for() {
    let steps = vec![
        Step::Frames(3),
        Step::Lose,
        Step::Away,
        Step::Away,
        Step::Frames(100_000),
    ];
    let pipeline = start(steps, None);
    wait_for(&pipeline, "the loss", is_gone);
    wait_for(&pipeline, "the return", |state| {
        if let Condition::Gone(reason) = &state.condition {
            assert!(reason.contains("os error 19"), "{reason}");
        }
        state.captured > 6
    });
    // "Try again" means this camera.
    assert_eq!(
        pipeline.state().source,
        Some(SourceSpec::Camera(Some("fake".to_owned())))
    );
}

#[test]
fn whoever_is_before_a_camera_that_comes_back_is_somebody_else() {
    // Its clock starts anew, and its first frame is later by it than the last one was by the old.
    let late = Step::Hang(Duration::from_millis(200));
    let steps = vec![Step::Frames(3), Step::Lose, late, Step::Frames(100_000)];
    let ids = Arc::new(Mutex::new(Vec::new()));
    let mut parts = parts(steps, Arc::default());
    let seen = Arc::clone(&ids);
    parts.observe = Box::new(move |observation| {
        seen.lock().unwrap().push(observation.faces[0].id);
    });
    let pipeline = Pipeline::start(settings(None), parts).unwrap();
    wait_for(&pipeline, "the return", |state| state.captured > 6);
    drop(pipeline);
    let mut ids = ids.lock().unwrap().clone();
    ids.dedup();
    assert_eq!(ids, [1, 2]);
}

#[test]
fn a_camera_that_says_that_it_is_silent_has_stalled_and_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    // The second opening finds it silent still; nobody is told twice.
    let steps = vec![
        Step::Frames(3),
        Step::Silent,
        Step::Silent,
        Step::Frames(100_000),
    ];
    let pipeline = start(steps, Some(folder.path()));
    let session = session_of(&pipeline);
    wait_for(&pipeline, "the stall", |state| {
        state.condition == Condition::Stalled
    });
    let begun = Instant::now();
    wait_for(&pipeline, "the return", |state| state.captured > 6);
    assert!(begun.elapsed() < Duration::from_secs(3));
    drop(pipeline);
    assert_eq!(happened(&session), ["stalled", "back"]);
}

#[test]
fn a_stalled_camera_that_our_own_thread_still_holds_is_not_said_to_be_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let steps = vec![
        Step::Frames(3),
        Step::Silent,
        Step::Busy,
        Step::Busy,
        Step::Frames(100_000),
    ];
    let pipeline = start(steps, Some(folder.path()));
    let session = session_of(&pipeline);
    wait_for(&pipeline, "the return", |state| {
        assert!(!is_gone(state), "{:?}", state.condition);
        state.captured > 6
    });
    drop(pipeline);
    assert_eq!(happened(&session), ["stalled", "back"]);
}

#[test]
fn a_camera_in_use_is_waited_for_and_the_program_that_holds_it_is_named() {
    let pipeline = start(vec![Step::Busy, Step::Frames(100_000)], None);
    let state = wait_for(&pipeline, "the refusal", is_gone);
    let Condition::Gone(reason) = state.condition else {
        unreachable!("just waited for")
    };
    assert!(
        reason.contains("'fake' is in use by cheese (process 7)"),
        "{reason}"
    );
    wait_for(&pipeline, "frames", |state| state.captured > 0);
}

#[test]
fn another_source_can_be_chosen_while_the_camera_is_away_and_while_it_hangs() {
    for away in [Step::Lose, Step::Hang(Duration::from_secs(6))] {
        let folder = tempfile::tempdir().unwrap();
        let steps = vec![Step::Frames(3), away, Step::Frames(100_000)];
        let pipeline = start(steps, Some(folder.path()));
        let session = session_of(&pipeline);
        wait_for(&pipeline, "the loss", |state| {
            is_gone(state) || state.condition == Condition::Stalled
        });
        pipeline.send(Command::Source(SourceSpec::Demo));
        let before = pipeline.state().captured;
        wait_for(&pipeline, "frames of the other", |state| {
            state.condition == Condition::Live && state.captured > before + 3
        });
        drop(pipeline);
        // The camera did not come back; something else was looked at.
        assert_eq!(happened(&session).len(), 1);
    }
}

#[test]
fn a_camera_that_hangs_is_not_opened_again_and_again() {
    let (gate, stuck) = (Gate::default(), Arc::new(AtomicU64::new(0)));
    let mut parts = parts(vec![Step::Frames(10)], Arc::default());
    let (open, driver, count) = (parts.open, gate.clone(), Arc::clone(&stuck));
    parts.open = Arc::new(move |spec, request| {
        if spec.is_camera() {
            count.fetch_add(1, Ordering::SeqCst);
            driver.wait();
        }
        open(spec, request)
    });
    let pipeline = Pipeline::start(settings(None), parts).unwrap();
    for _ in 0..10 {
        pipeline.send(Command::Pause(true));
        pipeline.send(Command::Pause(false));
    }
    wait_for(&pipeline, "the stall", |state| {
        state.condition == Condition::Stalled
    });
    // A file is opened all the same.
    pipeline.send(Command::Source(SourceSpec::Demo));
    wait_for(&pipeline, "the demo", |state| {
        state.condition == Condition::Ended
    });
    // Four that are left behind, and the one that was tried after them.
    assert_eq!(stuck.load(Ordering::SeqCst), 5);
    gate.open();
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn a_machine_too_slow_for_the_camera_sees_the_newest_frame_and_counts_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let slow = mien::pipeline::Settings {
        model: "sluggish-model".to_owned(),
        ..settings(Some(folder.path()))
    };
    // When each answer was there, and how long after its frame.
    let answers = Arc::new(Mutex::new(Vec::new()));
    let mut parts = parts(vec![Step::Frames(100_000)], Arc::default());
    let seen = Arc::clone(&answers);
    parts.observe = Box::new(move |observation| {
        let answer = (Instant::now(), observation.frame.captured.elapsed());
        seen.lock().unwrap().push(answer);
    });
    let pipeline = Pipeline::start(slow, parts).unwrap();
    let session = session_of(&pipeline);
    let state = wait_for(&pipeline, "ten answers", |state| state.analyzed >= 10);
    drop(pipeline);
    let answers = answers.lock().unwrap();
    let took = median(answers.windows(2).map(|pair| pair[1].0 - pair[0].0));
    let delay = median(answers.iter().map(|answer| answer.1));

    assert!(took >= SLOWNESS);
    // Frames come every 10 ms: five of six give way.
    assert!(state.dropped >= 2 * state.analyzed, "{state:?}");
    assert!(state.captured >= state.analyzed + state.dropped);
    assert!(delay < 2 * took, "{delay:?} of {took:?}");
    let said: u64 = rows(&session, "events.csv")
        .iter()
        .filter(|row| row["event"] == "dropped")
        .map(|row| row["detail"].parse::<u64>().unwrap())
        .sum();
    assert!(said >= state.dropped, "{said} of {}", state.dropped);
}
