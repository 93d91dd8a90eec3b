//! Following faces against searching every frame in full: on a clip of a talking woman and on a group
//! photograph panned and zoomed. The media are not part of the project: `MIEN_MEDIA` names their folder,
//! and without them the test says so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stderr, reason = "the figures are worth reading")]

mod common;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use image::imageops::{self, FilterType};
use mien::detector::{FaceDetector, SeetaDetector};
use mien::expression::{Expression, Probabilities};
use mien::face::{Detection, Face, FaceBox, Quality};
use mien::finder::{Finder, SMALLEST_FACE_LIVE};
use mien::frame::{self, Frame};
use mien::source::FrameSource;
use mien::source::video::VideoSource;
use mien::tracker::{Sighting, Tracker};

/// A file of the media folder, if there is one.
fn media(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MIEN_MEDIA").map(PathBuf::from);
    let path = folder.map(|folder| folder.join(name));
    let there = path.filter(|path| path.is_file());
    if there.is_none() {
        common::say(&format!(
            "skipped: {name} is not here; set MIEN_MEDIA to its folder"
        ));
    }
    there
}

/// Where somebody is in a frame.
struct Person {
    number: usize,
    place: FaceBox,
    /// Large enough that a search is to find them.
    is_due: bool,
}

/// Everybody in a frame.
type Truth = Vec<Person>;

/// What came of a sequence.
#[derive(Debug, Default)]
struct Score {
    /// People in view, summed over the frames.
    there: usize,
    /// Of these, how often found.
    found: usize,
    /// Boxes on nobody.
    false_boxes: usize,
    /// How often a person got another id.
    switches: usize,
    ids: HashMap<usize, u64>,
}

impl Score {
    fn count(&mut self, faces: &[Face], truth: &Truth, in_view: &FaceBox) {
        for person in truth {
            let place = &person.place;
            let face = faces
                .iter()
                .max_by(|left, right| {
                    let overlap = |face: &Face| face.face_box.overlap(place);
                    overlap(left).total_cmp(&overlap(right))
                })
                .filter(|face| face.face_box.overlap(place) > 0.3);
            // Who is cut off by the frame's edge need not be found.
            let is_due = person.is_due && place.within(in_view).area() >= place.area() * 0.99;
            self.there += usize::from(is_due);
            if let Some(face) = face {
                self.found += usize::from(is_due);
                let before = self.ids.insert(person.number, face.id);
                self.switches += usize::from(before.is_some_and(|id| id != face.id));
            }
        }
        self.false_boxes += faces
            .iter()
            .filter(|face| {
                !truth
                    .iter()
                    .any(|person| face.face_box.inclusion(&person.place) > 0.3)
            })
            .count();
    }
}

fn sightings(detections: &[Detection]) -> Vec<Sighting> {
    let raw = Probabilities::from_distribution(&[Expression::Neutral], &[1.0]).unwrap();
    let sighting = |detection: &Detection| Sighting {
        detection: *detection,
        quality: Quality::default(),
        raw,
        second: None,
    };
    detections.iter().map(sighting).collect()
}

/// Plays a sequence to both. The truth of a frame may be told from what a full search found in it.
fn compare(
    name: &str,
    frames: impl Iterator<Item = Frame>,
    truth: impl Fn(usize, &[Detection]) -> Truth,
) -> (Score, Score) {
    let mut detector = SeetaDetector::new().unwrap();
    let mut finder = Finder::new(Box::new(SeetaDetector::new().unwrap()));
    let mut trackers = [Tracker::new(), Tracker::new()];
    let mut scores = [Score::default(), Score::default()];
    let mut count = 0;
    for (number, frame) in frames.enumerate() {
        let frame = Arc::new(frame);
        let (width, height) = frame.size();
        let in_view = FaceBox {
            x: 0.0,
            y: 0.0,
            width: width as f32,
            height: height as f32,
        };
        let full = detector.detect(&frame.luma, SMALLEST_FACE_LIVE).unwrap();
        let followed = finder.find(Arc::clone(&frame)).unwrap().detections;
        let truth = truth(number, &full);
        for (index, detections) in [full, followed].iter().enumerate() {
            let faces = trackers[index].update(&frame, &sightings(detections));
            scores[index].count(&faces, &truth, &in_view);
        }
        count += 1;
    }
    let [full, followed] = scores;
    for (way, score) in [("every frame in full", &full), ("followed", &followed)] {
        let Score {
            there,
            found,
            false_boxes,
            switches,
            ids: _,
        } = score;
        eprintln!(
            "{name}, {count} frames, {way}: {found} of {there} faces found, {false_boxes} false boxes, {switches} switches"
        );
    }
    (full, followed)
}

#[test]
fn a_talking_woman_is_found_as_often_as_by_searching_every_frame() {
    let Some(path) = media("talking-head.mp4") else {
        return;
    };
    let mut source = VideoSource::open(&path).unwrap();
    let frames = std::iter::from_fn(move || source.next_frame().unwrap());
    // There is one person, and the surest box of a full search is where.
    let truth = |_: usize, full: &[Detection]| {
        let surest = full.iter().max_by(|a, b| a.score.total_cmp(&b.score));
        surest
            .map(|found| Person {
                number: 0,
                place: found.face_box,
                is_due: true,
            })
            .into_iter()
            .collect()
    };
    let (full, followed) = compare("talking head", frames, truth);
    assert!(followed.found >= full.found);
    assert!(followed.false_boxes <= full.false_boxes);
    assert_eq!(followed.switches, 0);
}

/// What a camera sees of a photograph at a moment, as its middle and width in the photograph.
type Path = fn(f32) -> (f32, f32, f32);

/// The frames of a camera that moves over the Solvay conference for so many seconds; where its 29
/// people are is known from a thorough search of the photograph.
fn conference(name: &str, seconds: f32, path: Path) -> Option<(Score, Score)> {
    const SIZE: (u32, u32) = (640, 480);
    const RATE: f32 = 30.0;
    let photograph = image::open(media("solvay-1927.jpg")?).unwrap().to_rgb8();
    let luma = frame::luma(&photograph);
    let people = SeetaDetector::new().unwrap().detect(&luma, 1.0 / 48.0);
    let people = people.unwrap();
    assert!(people.len() >= 28, "{}", people.len());

    let view = move |number: usize| {
        let (x, y, width) = path(number as f32 / (RATE * seconds));
        let height = width * SIZE.1 as f32 / SIZE.0 as f32;
        let (x, y) = (x - width / 2.0, y - height / 2.0);
        (x, y, width, height)
    };
    let frames = (0..(RATE * seconds) as usize).map(|number| {
        let (x, y, width, height) = view(number);
        let part = imageops::crop_imm(&photograph, x as u32, y as u32, width as u32, height as u32);
        let picture = imageops::resize(&part.to_image(), SIZE.0, SIZE.1, FilterType::Triangle);
        let time = Duration::from_secs_f32(number as f32 / RATE);
        let mut seen = common::frame(number as u64, time);
        seen.luma = frame::luma(&picture);
        seen.picture = picture;
        seen
    });
    let truth = |number: usize, _: &[Detection]| {
        let (x, y, width, height) = view(number);
        let scale = SIZE.0 as f32 / width;
        let in_view = FaceBox {
            x,
            y,
            width,
            height,
        };
        // Less than half a face may be found or not.
        let visible = people.iter().enumerate().filter(|(_, person)| {
            person.face_box.within(&in_view).area() > 0.5 * person.face_box.area()
        });
        visible
            .map(|(number, person)| {
                let place = FaceBox {
                    x: person.face_box.x - x,
                    y: person.face_box.y - y,
                    ..person.face_box
                }
                .scaled(scale);
                Person {
                    number,
                    place,
                    is_due: place.width > 1.15 * SMALLEST_FACE_LIVE * SIZE.0 as f32,
                }
            })
            .collect()
    };
    Some(compare(name, frames, truth))
}

#[test]
fn people_in_a_moving_picture_are_found_as_often_as_by_searching_every_frame() {
    let scenes: [(&str, f32, Path); 3] = [
        ("sway", 3.0, |time| {
            let turn = time * 1.5 * std::f32::consts::TAU;
            (
                830.0 + 100.0 * turn.sin(),
                230.0 + 40.0 * (2.0 * turn).sin(),
                420.0,
            )
        }),
        ("zoom", 3.0, |time| (830.0, 260.0, 640.0 - 360.0 * time)),
        ("pan", 5.0, |time| (330.0 + 1000.0 * time, 220.0, 460.0)),
    ];
    for (name, seconds, path) in scenes {
        let Some((full, followed)) = conference(name, seconds, path) else {
            return;
        };
        // Who comes into view is noticed within half a second, not in the first frame.
        assert!(full.found > 400, "{name}");
        assert!(followed.found >= full.found, "{name}");
        assert!(followed.false_boxes <= full.false_boxes, "{name}");
        assert!(followed.switches <= full.switches, "{name}");
    }
}
