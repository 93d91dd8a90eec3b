//! Files into sessions, with fakes: every frame once, bad ones named, nothing lost on the way out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use image::{Rgb, RgbImage};
use mien::analyzer::Analyzer;
use mien::batch::{Batch, Ending, Item, Options, Outcome, SUMMARY_FILE, Summary, plan, run_all};
use mien::card::ModelCard;
use mien::classifier::Classifier;
use mien::crop::Crop;
use mien::error::{Error, Result};
use mien::expression::{Expression, Probabilities};
use mien::session::{self, EventKind, OBSERVATIONS_FILE, Session, SessionWriter};
use mien::source::{CameraRequest, FrameSource, SourceSpec};

use common::{FACE, FakeClassifier, FakeDetector, Step};

fn source(steps: &[Step]) -> Box<dyn FrameSource> {
    let parts = common::parts(steps.to_vec(), std::sync::Arc::default());
    (parts.open)(&video(), &CameraRequest::default()).unwrap()
}

fn video() -> SourceSpec {
    SourceSpec::Video(PathBuf::from("clip.mp4"))
}

fn folder() -> SourceSpec {
    SourceSpec::Folder(PathBuf::from("album"))
}

fn item(out: &Path) -> Item {
    Item::new(Path::new("clip.mp4"), out.to_owned())
}

const OPTIONS: Options = Options {
    every: NonZeroU64::MIN,
    frames: None,
    annotated: false,
    blur: false,
    resume: false,
};

fn analyzer(classifier: FakeClassifier) -> Analyzer {
    Analyzer::new(Box::new(FakeDetector(vec![FACE])), Box::new(classifier))
}

fn happy() -> Analyzer {
    analyzer(FakeClassifier::sure_of("happy-model", Expression::Happy))
}

fn batch(options: Options, stop: &AtomicBool) -> Batch<'_> {
    batch_of(happy, options, stop)
}

fn batch_of<'a>(
    analyzer: impl Fn() -> Analyzer + Sync + 'a,
    options: Options,
    stop: &'a AtomicBool,
) -> Batch<'a> {
    let card = Arc::new(analyzer().classifier().card().clone());
    Batch::new(card, move || Ok((analyzer(), "CPU")), options, stop)
}

fn run(out: &Path, options: Options, input: &SourceSpec, steps: &[Step]) -> Result<Outcome> {
    let stop = AtomicBool::new(false);
    batch(options, &stop).run(&item(out), input, source(steps).as_mut(), &mut |_| {})
}

fn read(outcome: &Outcome) -> Session {
    session::read(outcome.folder.as_ref().unwrap()).unwrap()
}

/// The numbers of the frames in their source, in the order of the rows.
fn source_frames(session: &Session) -> Vec<u64> {
    session.rows.iter().map(|row| row.source_frame).collect()
}

#[test]
fn every_frame_of_a_file_has_its_row_in_order() {
    let out = tempfile::tempdir().unwrap();
    let outcome = run(out.path(), OPTIONS, &video(), &[Step::Frames(30)]).unwrap();
    assert_eq!((outcome.frames, outcome.frames_with_face), (30, 30));
    assert_eq!(outcome.people.len(), 1);
    let session = read(&outcome);
    assert_eq!(source_frames(&session), (0..30).collect::<Vec<_>>());
    assert_eq!(session.header.frames.captured, 30);
    assert_eq!(session.header.sources[0].detail, "clip.mp4");
    assert!(session.rows.iter().all(|row| row.utc.is_none()));
}

#[test]
fn every_third_frame_and_no_more_than_four() {
    let out = tempfile::tempdir().unwrap();
    let options = Options {
        every: NonZeroU64::new(3).unwrap(),
        frames: NonZeroU64::new(4),
        ..OPTIONS
    };
    let session = read(&run(out.path(), options, &video(), &[Step::Frames(30)]).unwrap());
    assert_eq!(source_frames(&session), [0, 3, 6, 9]);
    let numbers: Vec<u64> = session.rows.iter().map(|row| row.frame).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    assert_eq!(session.header.frames.captured, 10);
}

#[test]
fn a_file_that_breaks_off_keeps_what_was_read() {
    let out = tempfile::tempdir().unwrap();
    let steps = [Step::Frames(5), Step::BadPicture, Step::Frames(5)];
    let outcome = run(out.path(), OPTIONS, &video(), &steps).unwrap();
    assert_eq!(outcome.failures.len(), 1);
    let session = read(&outcome);
    assert_eq!(session.rows.len(), 5);
    assert!(session.header.ended_utc.is_some());
    let last = session.events.last().unwrap();
    assert_eq!((last.event, last.frame), (EventKind::Error, 5));
}

#[test]
fn a_folder_goes_on_after_a_bad_picture_even_the_first() {
    let out = tempfile::tempdir().unwrap();
    let steps = [
        Step::BadPicture,
        Step::Frames(2),
        Step::BadPicture,
        Step::Frames(1),
    ];
    let outcome = run(out.path(), OPTIONS, &folder(), &steps).unwrap();
    assert_eq!((outcome.frames, outcome.failures.len()), (3, 2));
    let errors = read(&outcome).events;
    let errors = errors
        .iter()
        .filter(|event| event.event == EventKind::Error);
    assert_eq!(errors.count(), 2);
}

#[test]
fn what_has_no_frame_leaves_no_folder() {
    let out = tempfile::tempdir().unwrap();
    let outcome = run(out.path(), OPTIONS, &video(), &[Step::BadPicture]).unwrap();
    assert!(outcome.folder.is_none());
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn when_stopped_it_ends_between_two_frames_with_the_session_complete() {
    let out = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let outcome = batch(OPTIONS, &stop)
        .run(
            &item(out.path()),
            &video(),
            source(&[Step::Frames(30)]).as_mut(),
            &mut |frames| stop.store(frames == 7, Ordering::Relaxed),
        )
        .unwrap();
    assert_eq!(outcome.ending, Ending::Stopped);
    let session = read(&outcome);
    assert_eq!(session.rows.len(), 7);
    assert!(session.header.ended_utc.is_some());
    assert_eq!(session.events.last().unwrap().event, EventKind::Stopped);
}

#[test]
fn a_session_is_the_same_whatever_was_analysed_before_it() {
    let out = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let mut batch = batch(OPTIONS, &stop);
    let mut one = || {
        let mut source = source(&[Step::Frames(3)]);
        let item = item(out.path());
        let outcome = batch.run(&item, &video(), source.as_mut(), &mut |_| {});
        outcome.unwrap()
    };
    let (first, second) = (one(), one());
    assert_eq!(first.people, second.people);
    assert_eq!(read(&second).rows[0].face_id, Some(1));
    assert_ne!(first.folder, second.folder, "nothing is overwritten");
}

#[test]
fn a_fault_of_our_own_ends_the_batch_with_the_session_complete() {
    let out = tempfile::tempdir().unwrap();
    let error = run(
        out.path(),
        OPTIONS,
        &video(),
        &[Step::Frames(3), Step::Panic, Step::Frames(3)],
    )
    .unwrap_err();
    assert!(matches!(error, Error::Crashed { .. }), "{error}");
    let session = session::read(&out.path().join("clip")).unwrap();
    assert_eq!(source_frames(&session), [0, 1, 2]);
    assert!(session.header.ended_utc.is_some());
    assert_eq!(session.header.frames.captured, 3);
    let [.., told, stopped] = &session.events[..] else {
        panic!("{:?}", session.events)
    };
    assert_eq!(told.detail, error.to_string());
    assert_eq!(stopped.event, EventKind::Stopped);
}

/// Answers for so many faces, and then no more.
struct Tiring {
    inner: FakeClassifier,
    left: usize,
}

impl Classifier for Tiring {
    fn card(&self) -> &ModelCard {
        self.inner.card()
    }

    fn classify(&mut self, crops: &[Crop]) -> Result<Vec<Probabilities>> {
        let left = self.left.checked_sub(crops.len());
        self.left = left.ok_or_else(|| Error::BadAnswer {
            model: "tired".to_owned(),
            reason: "answered NaN".to_owned(),
        })?;
        self.inner.classify(crops)
    }
}

fn tiring(left: usize) -> Analyzer {
    let inner = FakeClassifier::sure_of("tired", Expression::Happy);
    let tiring = Tiring { inner, left };
    Analyzer::new(Box::new(FakeDetector(vec![FACE])), Box::new(tiring))
}

#[test]
fn frames_before_an_answer_that_is_nonsense_are_kept() {
    let out = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let mut source = source(&[Step::Frames(9)]);
    let error = batch_of(|| tiring(6), OPTIONS, &stop)
        .run(&item(out.path()), &video(), source.as_mut(), &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, Error::BadAnswer { .. }), "{error}");
    let session = session::read(&out.path().join("clip")).unwrap();
    assert_eq!(source_frames(&session), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_model_that_answers_nonsense_stops_the_batch() {
    let out = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let mad = || analyzer(FakeClassifier::mad("mad-model"));
    let mut batch = batch_of(mad, OPTIONS, &stop);
    let mut source = source(&[Step::Frames(3)]);
    let error = batch
        .run(&item(out.path()), &video(), source.as_mut(), &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, Error::BadAnswer { .. }), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_stops_the_batch_and_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = run(file.path(), OPTIONS, &video(), &[Step::Frames(3)]).unwrap_err();
    assert!(
        matches!(&error, Error::Log { path, .. } if path == file.path()),
        "{error}"
    );
}

/// A tree of pictures, `count` in each of three folders, and what is planned for it.
fn albums(home: &Path, count: u8) -> Vec<Item> {
    for album in ["a", "b", "c"] {
        let folder = home.join("albums").join(album);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..count {
            let picture = RgbImage::from_pixel(160, 120, Rgb([number; 3]));
            picture.save(folder.join(format!("{number}.png"))).unwrap();
        }
    }
    plan(&[home.join("albums")], None, &home.join("out")).unwrap()
}

/// Runs all items, noting each in the summary; gives the endings.
fn run_items(home: &Path, items: &[Item], jobs: usize, options: Options) -> Vec<Ending> {
    let stop = AtomicBool::new(false);
    let summary = Summary::open(&home.join("out")).unwrap();
    let mut endings = Vec::new();
    let jobs = NonZeroUsize::new(jobs).unwrap();
    run_all(
        items,
        jobs,
        &|| batch(options, &stop),
        &|_| Box::new(|_| {}),
        &mut |item, outcome| {
            let outcome = outcome?;
            summary.note(item, &outcome)?;
            endings.push(outcome.ending);
            Ok(())
        },
    )
    .unwrap();
    endings
}

fn rows(folder: &Path) -> String {
    fs::read_to_string(folder.join(OBSERVATIONS_FILE)).unwrap()
}

/// The summary's rows: by the column's name.
fn summary(home: &Path, column: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(home.join("out").join(SUMMARY_FILE)).unwrap();
    let headers = reader.headers().unwrap().clone();
    let place = headers.iter().position(|header| header == column).unwrap();
    reader
        .records()
        .map(|row| row.unwrap()[place].to_owned())
        .collect()
}

const RESUME: Options = Options {
    resume: true,
    ..OPTIONS
};

#[test]
fn files_side_by_side_give_the_rows_of_one_after_the_other() {
    let (alone, together) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run_items(alone.path(), &albums(alone.path(), 5), 1, OPTIONS);
    run_items(together.path(), &albums(together.path(), 5), 2, OPTIONS);
    for album in ["a", "b", "c"] {
        let place = Path::new("out").join(album);
        let rows = rows(&alone.path().join(&place));
        assert_eq!(rows.lines().count(), 6);
        assert_eq!(rows, self::rows(&together.path().join(&place)));
    }
    let mut sessions = summary(together.path(), "session");
    sessions.sort();
    assert_eq!(sessions, ["a", "b", "c"]);
    assert_eq!(summary(together.path(), "frames"), ["5"; 3]);
    assert_eq!(summary(together.path(), "unit"), ["pictures"; 3]);
    assert_eq!(summary(together.path(), "seen"), ["5"; 3]);
}

#[test]
fn resume_skips_what_is_done_and_does_again_what_was_broken_off() {
    let home = tempfile::tempdir().unwrap();
    let items = albums(home.path(), 3);
    run_items(home.path(), &items, 1, OPTIONS);
    let (done, half) = (home.path().join("out/a"), home.path().join("out/b"));
    let before = fs::metadata(done.join(OBSERVATIONS_FILE))
        .unwrap()
        .modified()
        .unwrap();
    // As a killed program leaves it: no end, half a row.
    let header = fs::read_to_string(half.join("session.json")).unwrap();
    let mut header: serde_json::Value = serde_json::from_str(&header).unwrap();
    header["ended_utc"] = serde_json::Value::Null;
    fs::write(half.join("session.json"), header.to_string()).unwrap();
    let all = rows(&half);
    fs::write(half.join(OBSERVATIONS_FILE), &all[..all.len() - 40]).unwrap();
    // And one whose row did not reach the summary.
    let table = home.path().join("out").join(SUMMARY_FILE);
    let text = fs::read_to_string(&table).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains(",c,")).collect();
    fs::write(&table, kept.join("\n") + "\n").unwrap();

    let endings = run_items(home.path(), &items, 1, RESUME);
    assert_eq!(
        endings,
        [Ending::Skipped, Ending::Complete, Ending::Skipped]
    );
    assert_eq!(rows(&half), all);
    assert_eq!(
        fs::metadata(done.join(OBSERVATIONS_FILE))
            .unwrap()
            .modified()
            .unwrap(),
        before
    );
    assert_eq!(
        fs::read_dir(home.path().join("out")).unwrap().count(),
        5,
        "no session twice"
    );
    let mut sessions = summary(home.path(), "session");
    sessions.sort();
    assert_eq!(sessions, ["a", "b", "c"]);
    assert_eq!(summary(home.path(), "status"), ["done"; 3]);
}

#[test]
fn resume_does_again_with_other_settings_a_changed_source_or_without_a_picture_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let items = &albums(home.path(), 2)[..1];
    assert_eq!(run_items(home.path(), items, 1, RESUME), [Ending::Complete]);
    assert_eq!(run_items(home.path(), items, 1, RESUME), [Ending::Skipped]);
    let annotated = Options {
        annotated: true,
        ..RESUME
    };
    assert_eq!(
        run_items(home.path(), items, 1, annotated),
        [Ending::Complete]
    );
    assert_eq!(
        run_items(home.path(), items, 1, annotated),
        [Ending::Skipped]
    );
    assert!(home.path().join("out/a-2/annotated/1.png").exists());
    fs::remove_dir_all(home.path().join("out/a-2/annotated")).unwrap();
    assert_eq!(
        run_items(home.path(), items, 1, annotated),
        [Ending::Complete]
    );
    assert!(
        !home.path().join("out/a-3").exists(),
        "half of one is replaced"
    );
    fs::write(home.path().join("albums/a/3.png"), "new").unwrap();
    assert_eq!(run_items(home.path(), items, 1, RESUME), [Ending::Complete]);
    assert!(home.path().join("out/a-3").exists(), "a whole one is kept");
    assert_eq!(summary(home.path(), "status").last().unwrap(), "failed");
    assert_eq!(
        run_items(home.path(), items, 1, RESUME),
        [Ending::Complete],
        "a picture that could not be read may be mended by now"
    );
    assert!(!home.path().join("out/a-4").exists());
    RgbImage::new(160, 120)
        .save(items[0].path.join("3.png"))
        .unwrap();
    run_items(home.path(), items, 1, RESUME);
    assert_eq!(run_items(home.path(), items, 1, RESUME), [Ending::Skipped]);
}

#[test]
fn resume_sees_that_a_picture_was_written_anew_and_minds_nothing_else_in_a_folder() {
    let home = tempfile::tempdir().unwrap();
    let items = &albums(home.path(), 2)[..1];
    let other = items[0].path.join("other");
    fs::create_dir(&other).unwrap();
    run_items(home.path(), items, 1, OPTIONS);
    // The folder's own time stays as it was.
    let touch = |path: &Path| {
        let later = SystemTime::now() + Duration::from_secs(2);
        fs::File::open(path).unwrap().set_modified(later).unwrap();
    };
    touch(&other);
    assert_eq!(run_items(home.path(), items, 1, RESUME), [Ending::Skipped]);
    touch(&items[0].path.join("1.png"));
    assert_eq!(run_items(home.path(), items, 1, RESUME), [Ending::Complete]);
}

#[test]
fn resume_does_again_what_a_fault_broke_off() {
    let home = tempfile::tempdir().unwrap();
    let items = &albums(home.path(), 6)[..1];
    let stop = AtomicBool::new(false);
    let error = batch_of(|| tiring(4), OPTIONS, &stop)
        .analyze(&items[0], &|_| Box::new(|_| {}))
        .unwrap_err();
    assert!(matches!(error, Error::BadAnswer { .. }), "{error}");
    let folder = home.path().join("out/a");
    assert_eq!(session::read(&folder).unwrap().rows.len(), 4);
    // A report of it was begun, and killed.
    fs::write(folder.join("report.html.4711.new"), "<html>").unwrap();

    let outcome = batch_of(|| tiring(6), RESUME, &stop)
        .analyze(&items[0], &|_| Box::new(|_| {}))
        .unwrap();
    assert_eq!(outcome.ending, Ending::Complete);
    assert_eq!(outcome.folder, Some(folder));
    assert_eq!(read(&outcome).rows.len(), 6);
}

#[test]
fn resume_removes_only_what_the_program_wrote_and_nobody_writes() {
    let home = tempfile::tempdir().unwrap();
    let items = &albums(home.path(), 2)[..1];
    let out = home.path().join("out");
    let settings = serde_json::json!({
        "every": 1, "frames": null, "annotated": false, "blur": false
    });
    let mut half = SessionWriter::create(&out, "a", settings).unwrap();
    let album = items[0].path.display().to_string();
    half.source("folder", "a", &album).unwrap();
    half.model(&common::card("happy-model"), "CPU").unwrap();
    let stop = AtomicBool::new(false);
    let mut batch = batch(RESUME, &stop);
    let mut again = || batch.analyze(&items[0], &|_| Box::new(|_| {})).unwrap();

    let failures = again().failures;
    assert!(
        matches!(failures[..], [Error::InWork { .. }]),
        "{failures:?}"
    );
    drop(half);
    fs::write(out.join("a/notes.txt"), "the third trial was interrupted").unwrap();
    assert_eq!(again().folder, Some(out.join("a-2")));
    assert!(out.join("a/notes.txt").exists());
}

#[test]
fn no_model_is_loaded_where_nothing_is_to_be_done() {
    let home = tempfile::tempdir().unwrap();
    let items = albums(home.path(), 1);
    run_items(home.path(), &items, 1, RESUME);
    let stop = AtomicBool::new(false);
    let card = Arc::new(happy().classifier().card().clone());
    let mut batch = Batch::new(card, || panic!("loaded"), RESUME, &stop);
    let outcome = batch.analyze(&items[0], &|_| Box::new(|_| {})).unwrap();
    assert_eq!(outcome.ending, Ending::Skipped);
}

#[test]
fn a_broken_job_ends_the_others_and_is_told_once() {
    let home = tempfile::tempdir().unwrap();
    let items = albums(home.path(), 2);
    let stop = AtomicBool::new(false);
    let mad = || analyzer(FakeClassifier::mad("mad-model"));
    let mut told = Vec::new();
    let one = NonZeroUsize::MIN;
    run_all(
        &items,
        one,
        &|| batch_of(mad, OPTIONS, &stop),
        &|_| Box::new(|_| {}),
        &mut |item, outcome| {
            told.push((item.name.clone(), outcome.is_err()));
            Ok(())
        },
    )
    .unwrap();
    assert_eq!(told, [("a".to_owned(), true)]);
}

#[test]
fn annotated_pictures_keep_their_names() {
    let home = tempfile::tempdir().unwrap();
    let items = &albums(home.path(), 2)[..1];
    let wide = RgbImage::from_pixel(200, 100, Rgb([90, 120, 200]));
    wide.save(items[0].path.join("x.jpg")).unwrap();
    wide.save(items[0].path.join("y.bmp")).unwrap();
    let annotated = Options {
        annotated: true,
        ..OPTIONS
    };
    run_items(home.path(), items, 1, annotated);
    let folder = home.path().join("out/a/annotated");
    let names = |folder: &Path| {
        let names = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&folder), ["0.png", "1.png", "x.jpg", "y.bmp.png"]);
    let drawn = image::open(folder.join("y.bmp.png")).unwrap().into_rgb8();
    assert_eq!(drawn.dimensions(), (200, 100));
    assert_eq!(drawn.get_pixel(199, 99), wide.get_pixel(199, 99));
    assert_ne!(
        drawn.get_pixel(50, 60),
        wide.get_pixel(50, 60),
        "the box's left edge"
    );
}
