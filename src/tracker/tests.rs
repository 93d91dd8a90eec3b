use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use image::{GrayImage, RgbImage};

use super::*;
use crate::expression::Expression;
use crate::face::FaceBox;

/// The side of every face here, in pixels.
const SIDE: f32 = 100.0;

fn frame(millis: u64) -> Frame {
    Frame {
        source: Arc::from("test"),
        source_frame: 0,
        time: Duration::from_millis(millis),
        utc: None,
        captured: Instant::now(),
        still: false,
        luma: GrayImage::new(1, 1),
        picture: RgbImage::new(1, 1),
    }
}

/// An answer that gives `probability` to one expression and shares the rest among six others.
fn answer(expression: Expression, probability: f32) -> Probabilities {
    let labels = &Expression::ALL[..7];
    let values: Vec<f32> = labels
        .iter()
        .map(|label| {
            if *label == expression {
                probability
            } else {
                (1.0 - probability) / 6.0
            }
        })
        .collect();
    Probabilities::from_distribution(labels, &values).unwrap()
}

fn face_at(x: f32, y: f32, raw: Probabilities) -> Sighting {
    let face_box = FaceBox {
        x,
        y,
        width: SIDE,
        height: SIDE,
    };
    Sighting {
        detection: Detection {
            face_box,
            score: 9.0,
        },
        quality: Quality::default(),
        raw,
        second: None,
    }
}

fn neutral_at(x: f32) -> Sighting {
    face_at(x, 50.0, answer(Expression::Neutral, 0.9))
}

fn ids(faces: &[Face]) -> Vec<u64> {
    faces.iter().map(|face| face.id).collect()
}

/// What is shown of one face that answers as `raw` says at each of its times.
fn shown(
    tracker: &mut Tracker,
    answers: impl Iterator<Item = (u64, Probabilities)>,
) -> Vec<(u64, Option<Expression>)> {
    answers
        .map(|(millis, raw)| {
            let faces = tracker.update(&frame(millis), &[face_at(0.0, 0.0, raw)]);
            (millis, faces[0].reading.shown)
        })
        .collect()
}

#[test]
fn two_people_who_cross_keep_their_ids() {
    let mut tracker = Tracker::new();
    for step in 0..60_u16 {
        let (left, right) = (f32::from(step) * 8.0, 480.0 - f32::from(step) * 8.0);
        // The one in front hides the other while they meet.
        let is_hidden = (left - right).abs() < SIDE / 2.0;
        let mut sightings = vec![neutral_at(left)];
        if !is_hidden {
            sightings.insert(0, neutral_at(right));
        }
        let faces = tracker.update(&frame(u64::from(step) * 33), &sightings);
        for face in &faces {
            let expected = if face.id == 1 { left } else { right };
            assert!(
                (face.face_box.x - expected).abs() < SIDE / 4.0,
                "step {step}: {faces:?}"
            );
        }
        assert_eq!(
            ids(&faces),
            if is_hidden { vec![1] } else { vec![1, 2] },
            "step {step}"
        );
    }
}

#[test]
fn a_face_missed_for_a_moment_keeps_its_id_and_one_long_gone_gets_another() {
    let mut tracker = Tracker::new();
    assert_eq!(ids(&tracker.update(&frame(0), &[neutral_at(0.0)])), [1]);
    assert!(tracker.update(&frame(300), &[]).is_empty());
    assert_eq!(ids(&tracker.update(&frame(600), &[neutral_at(10.0)])), [1]);
    assert_eq!(ids(&tracker.update(&frame(1500), &[neutral_at(10.0)])), [2]);
}

#[test]
fn a_newcomer_gets_a_new_id_even_in_the_place_of_someone_far_smaller() {
    let mut tracker = Tracker::new();
    tracker.update(&frame(0), &[neutral_at(0.0)]);
    let faces = tracker.update(&frame(33), &[neutral_at(300.0), neutral_at(2.0)]);
    assert_eq!(ids(&faces), [1, 2]);
    assert!(faces[0].face_box.x < faces[1].face_box.x);
    let mut close = neutral_at(0.0);
    close.detection.face_box.width = 2.0 * SIDE;
    close.detection.face_box.height = 2.0 * SIDE;
    assert_eq!(ids(&tracker.update(&frame(66), &[close])), [3]);
}

#[test]
fn ids_are_never_used_again() {
    let mut tracker = Tracker::new();
    tracker.update(&frame(0), &[neutral_at(0.0), neutral_at(300.0)]);
    tracker.forget();
    assert_eq!(ids(&tracker.update(&frame(33), &[neutral_at(0.0)])), [3]);
    // A video that begins again.
    assert_eq!(ids(&tracker.update(&frame(0), &[neutral_at(0.0)])), [4]);
}

#[test]
fn stills_carry_nothing_over() {
    let mut tracker = Tracker::new();
    let mut still = frame(0);
    still.still = true;
    tracker.update(&still, &[neutral_at(0.0)]);
    let happy = answer(Expression::Happy, 0.8);
    let faces = tracker.update(&still, &[face_at(0.0, 50.0, happy)]);
    assert_eq!(ids(&faces), [2]);
    assert_eq!(faces[0].reading.smoothed, happy);
    assert_eq!(faces[0].reading.shown, Some(Expression::Happy));
}

#[test]
fn flicker_does_not_reach_what_is_shown() {
    let answers = (0..150).map(|step| {
        let odd = if step % 5 == 4 {
            Expression::Surprise
        } else {
            Expression::Sad
        };
        (step * 33, answer(odd, 0.7))
    });
    for (millis, shown) in shown(&mut Tracker::new(), answers) {
        assert_eq!(shown, Some(Expression::Sad), "at {millis} ms");
    }
}

#[test]
fn two_labels_that_are_close_do_not_take_turns() {
    let answers = (0..150).map(|step| {
        let label = if step % 2 == 0 {
            Expression::Fear
        } else {
            Expression::Surprise
        };
        (step * 33, answer(label, 0.85))
    });
    let shown = shown(&mut Tracker::new(), answers);
    let changes = shown
        .windows(2)
        .filter(|pair| pair[0].1 != pair[1].1)
        .count();
    assert!(changes <= 1, "{changes} changes");
}

#[test]
fn a_real_change_is_shown_within_half_a_second_at_any_rate() {
    for rate in [5, 10, 30, 60] {
        let mut tracker = Tracker::new();
        let times = || (0..3 * rate).map(|step| step * 1000 / rate);
        let answers = times().map(|millis| {
            let label = if millis < 1000 {
                Expression::Neutral
            } else {
                Expression::Happy
            };
            (millis, answer(label, 0.75))
        });
        let shown = shown(&mut tracker, answers);
        let changed = shown
            .iter()
            .find(|(_, shown)| *shown == Some(Expression::Happy))
            .unwrap();
        assert!(
            (1100..=1500).contains(&changed.0),
            "{rate} fps: at {} ms",
            changed.0
        );
        assert!(shown.iter().all(|(_, shown)| shown.is_some()), "{rate} fps");
    }
}

#[test]
fn nothing_that_stands_out_is_uncertain_until_something_does() {
    let answers = (0..90).map(|step| {
        let probability = if (30..60).contains(&step) { 0.2 } else { 0.9 };
        (step * 33, answer(Expression::Angry, probability))
    });
    let shown = shown(&mut Tracker::new(), answers);
    assert_eq!(shown[0].1, Some(Expression::Angry));
    assert_eq!(shown[59].1, None);
    assert_eq!(shown[75].1, Some(Expression::Angry));
}

#[test]
fn another_model_begins_anew_with_the_same_faces() {
    let mut tracker = Tracker::new();
    tracker.update(&frame(0), &[neutral_at(0.0)]);
    tracker.forget_readings();
    let happy = answer(Expression::Happy, 0.8);
    let faces = tracker.update(&frame(33), &[face_at(0.0, 50.0, happy)]);
    assert_eq!(ids(&faces), [1]);
    assert_eq!(faces[0].reading.smoothed, happy);
}

#[test]
fn two_models_are_steadied_apart_for_the_same_face() {
    let mut tracker = Tracker::new();
    let seen = |second| Sighting {
        second,
        ..neutral_at(0.0)
    };
    let angry = answer(Expression::Angry, 0.9);
    let faces = tracker.update(&frame(0), &[seen(Some(angry))]);
    assert_eq!(faces[0].second.unwrap().shown, Some(Expression::Angry));
    assert_eq!(faces[0].reading.shown, Some(Expression::Neutral));
    assert_eq!(tracker.update(&frame(33), &[seen(None)])[0].second, None);
    tracker.forget_second_readings();
    let sad = answer(Expression::Sad, 0.9);
    let faces = tracker.update(&frame(66), &[seen(Some(sad))]);
    assert_eq!(faces[0].second.unwrap().smoothed, sad);
}

#[test]
fn a_label_is_shown_from_the_share_that_was_set() {
    let settings = TrackerSettings::default();
    for (certain, shown) in [(0.3, Some(Expression::Sad)), (0.7, None)] {
        let mut tracker = Tracker::with(settings.with_certain(certain));
        let sad = face_at(0.0, 50.0, answer(Expression::Sad, 0.5));
        assert_eq!(tracker.update(&frame(0), &[sad])[0].reading.shown, shown);
    }
}

#[test]
fn a_resting_box_is_calmed_and_a_moving_one_hardly_lags() {
    let mut tracker = Tracker::new();
    let mut widest = 0.0_f32;
    for step in 0..60 {
        let jitter = if step % 2 == 0 { 3.0 } else { -3.0 };
        let faces = tracker.update(&frame(step * 33), &[neutral_at(200.0 + jitter)]);
        if step > 20 {
            widest = widest.max((faces[0].face_box.x - 200.0).abs());
        }
    }
    assert!(widest < 2.0, "jitter of 3 px became {widest} px");

    let mut tracker = Tracker::new();
    for step in 0..60_u16 {
        // Two sides a second.
        let x = f32::from(step) * 2.0 * SIDE * 0.033;
        let faces = tracker.update(&frame(u64::from(step) * 33), &[neutral_at(x)]);
        let lag = x - faces[0].face_box.x;
        assert!(lag < SIDE / 10.0, "step {step}: {lag} px behind");
    }
}

#[test]
fn whatever_comes_every_sighting_becomes_one_face_with_an_id_of_its_own() {
    let mut tracker = Tracker::new();
    let mut seed = 1_u32;
    let mut random = |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) % below
    };
    let mut millis = 0;
    for _ in 0..500 {
        millis += u64::from(random(300));
        let sightings: Vec<Sighting> = (0..random(12))
            .map(|_| {
                let mut sighting = neutral_at(random(900) as f32 - 200.0);
                sighting.detection.face_box.y = random(500) as f32 - 100.0;
                sighting.detection.face_box.width = random(200) as f32;
                sighting
            })
            .collect();
        let faces = tracker.update(&frame(millis), &sightings);
        assert_eq!(faces.len(), sightings.len());
        assert!(faces.is_sorted_by_key(|face| face.id));
        assert_eq!(
            ids(&faces).into_iter().collect::<HashSet<_>>().len(),
            faces.len()
        );
        assert!(tracker.tracks.len() <= faces.len() + tracker.settings.most_remembered);
        for face in &faces {
            let numbers = [face.face_box.x, face.face_box.y, face.face_box.width];
            assert!(numbers.iter().all(|number| number.is_finite()), "{face:?}");
        }
    }
}

#[test]
fn another_share_names_a_face_anew_without_patience() {
    let mut tracker = Tracker::new();
    let mut shown = |share| {
        let settings = tracker.settings().with_certain(share);
        tracker.set(settings);
        // The same moment, as when the view is paused.
        let seen = face_at(0.0, 0.0, answer(Expression::Happy, 0.5));
        tracker.update(&frame(0), &[seen])[0].reading.shown
    };
    let happy = Some(Expression::Happy);
    assert_eq!([0.4, 0.6, 0.5].map(&mut shown), [happy, None, happy]);
}
