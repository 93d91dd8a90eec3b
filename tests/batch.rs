//! Files into sessions, with fakes: every frame once, bad ones named, nothing lost on the way out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use mien::analyzer::Analyzer;
use mien::batch::{Batch, Options, Outcome};
use mien::error::{Error, Result};
use mien::expression::Expression;
use mien::session::{self, EventKind, Session};
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

fn options(out: &Path) -> Options {
    Options {
        out: out.to_owned(),
        every: NonZeroU64::MIN,
        frames: None,
        provider: "CPU",
    }
}

fn analyzer(classifier: FakeClassifier) -> Analyzer {
    Analyzer::new(Box::new(FakeDetector(vec![FACE])), Box::new(classifier))
}

fn happy() -> Analyzer {
    analyzer(FakeClassifier::sure_of("happy-model", Expression::Happy))
}

fn run(options: Options, input: &SourceSpec, steps: &[Step]) -> Result<Outcome> {
    let stop = AtomicBool::new(false);
    Batch::new(happy(), options, &stop).run(input, source(steps).as_mut(), &mut |_| {})
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
    let outcome = run(options(out.path()), &video(), &[Step::Frames(30)]).unwrap();
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
        ..options(out.path())
    };
    let session = read(&run(options, &video(), &[Step::Frames(30)]).unwrap());
    assert_eq!(source_frames(&session), [0, 3, 6, 9]);
    let numbers: Vec<u64> = session.rows.iter().map(|row| row.frame).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    assert_eq!(session.header.frames.captured, 10);
}

#[test]
fn a_file_that_breaks_off_keeps_what_was_read() {
    let out = tempfile::tempdir().unwrap();
    let steps = [Step::Frames(5), Step::BadPicture, Step::Frames(5)];
    let outcome = run(options(out.path()), &video(), &steps).unwrap();
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
    let outcome = run(options(out.path()), &folder(), &steps).unwrap();
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
    let outcome = run(options(out.path()), &video(), &[Step::BadPicture]).unwrap();
    assert!(outcome.folder.is_none());
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn when_stopped_it_ends_between_two_frames_with_the_session_complete() {
    let out = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let outcome = Batch::new(happy(), options(out.path()), &stop)
        .run(
            &video(),
            source(&[Step::Frames(30)]).as_mut(),
            &mut |frames| stop.store(frames == 7, Ordering::Relaxed),
        )
        .unwrap();
    let session = read(&outcome);
    assert_eq!(session.rows.len(), 7);
    assert!(session.header.ended_utc.is_some());
}

#[test]
fn ids_are_never_used_again_from_one_file_to_the_next() {
    let out = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let mut batch = Batch::new(happy(), options(out.path()), &stop);
    let mut one = || {
        let mut source = source(&[Step::Frames(3)]);
        batch.run(&video(), source.as_mut(), &mut |_| {}).unwrap()
    };
    let (first, second) = (one(), one());
    assert!(first.people.is_disjoint(&second.people));
    assert_ne!(first.folder, second.folder, "nothing is overwritten");
}

#[test]
fn a_model_that_answers_nonsense_stops_the_batch() {
    let out = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let mut batch = Batch::new(
        analyzer(FakeClassifier::mad("mad-model")),
        options(out.path()),
        &stop,
    );
    let mut source = source(&[Step::Frames(3)]);
    let error = batch
        .run(&video(), source.as_mut(), &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, Error::BadAnswer { .. }), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_stops_the_batch_and_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = run(options(file.path()), &video(), &[Step::Frames(3)]).unwrap_err();
    assert!(
        matches!(&error, Error::Log { path, .. } if path == file.path()),
        "{error}"
    );
}
