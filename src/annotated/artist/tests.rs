//! What is drawn where, on made-up frames.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use image::Rgb;

use super::*;
use crate::expression::{Expression, Probabilities};
use crate::face::{Quality, Reading};
use crate::frame::{self, Frame};
use crate::observation::StageTimes;

const SIZE: (u32, u32) = (640, 480);

/// A picture in which no two neighbours are alike.
fn noise() -> RgbImage {
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let value = x.wrapping_mul(7919).wrapping_add(y.wrapping_mul(104_729));
        Rgb([value as u8, (value >> 3) as u8, (value >> 5) as u8])
    })
}

fn face(id: u64, x: f32, y: f32, side: f32) -> Face {
    let labels = Expression::ALL;
    let mut sure = [0.0; 8];
    sure[3] = 1.0;
    let happy = Probabilities::from_distribution(&labels, &sure).unwrap();
    let face_box = FaceBox {
        x,
        y,
        width: side,
        height: side,
    };
    Face {
        id,
        face_box,
        detected: face_box,
        score: 9.0,
        quality: Quality::default(),
        reading: Reading {
            raw: happy,
            smoothed: happy,
            shown: Some(Expression::Happy),
        },
        second: None,
    }
}

fn seen(faces: Vec<Face>, millis: u64, still: bool) -> Observation {
    let picture = noise();
    let frame = Frame {
        source: "clip.mp4".into(),
        source_frame: 0,
        time: Duration::from_millis(millis),
        utc: None,
        captured: Instant::now(),
        still,
        luma: frame::luma(&picture),
        picture,
    };
    Observation {
        number: 0,
        frame: Arc::new(frame),
        faces,
        model: "fake".into(),
        second: None,
        times: StageTimes::default(),
    }
}

/// Where a drawn picture differs from its frame's.
fn changed(artist: &mut Artist, observation: &Observation) -> HashSet<(u32, u32)> {
    let drawn = artist.draw(observation);
    let before = &observation.frame.picture;
    assert_eq!(drawn.dimensions(), before.dimensions());
    let pixels = drawn.enumerate_pixels().zip(before.pixels());
    pixels
        .filter(|((_, _, new), old)| new != old)
        .map(|((x, y, _), _)| (x, y))
        .collect()
}

#[test]
fn a_box_has_the_colour_of_its_expression_and_leaves_the_face_free() {
    let observation = seen(vec![face(1, 200.0, 150.0, 160.0)], 1500, false);
    let mut artist = Artist::new(false);
    let drawn = artist.draw(&observation);
    let happy = palette::on_dark(Some(Expression::Happy));
    for place in [(200, 230), (359, 230), (280, 150), (280, 309)] {
        let color = drawn.get_pixel(place.0, place.1).0;
        let near = color.iter().zip(happy).all(|(a, b)| a.abs_diff(b) < 40);
        assert!(near, "{place:?}: {color:?}");
    }
    let changed = changed(&mut artist, &observation);
    assert!(
        !changed
            .iter()
            .any(|(x, y)| (205..355).contains(x) && (155..305).contains(y))
    );
    // The clock, below on the left, and the label, above the box.
    assert!(changed.iter().any(|(x, y)| *x < 100 && *y > 450));
    assert!(
        changed
            .iter()
            .any(|(x, y)| (200..300).contains(x) && (115..145).contains(y))
    );
}

#[test]
fn labels_hide_no_face_and_stay_inside() {
    let crowd: Vec<Face> = (0..12)
        .map(|number| {
            let (column, row) = ((number % 4) as f32, (number / 4) as f32);
            face(
                number + 1,
                column * 155.0 - 10.0,
                row * 165.0 - 20.0,
                90.0 + 3.0 * row,
            )
        })
        .collect();
    let boxes: Vec<Rect> = crowd.iter().map(|face| face.face_box.into()).collect();
    let room = Rect {
        left: 0.0,
        top: 0.0,
        width: 640.0,
        height: 480.0,
    };
    let artist = Artist::new(false);
    let mut picture = noise();
    let mut taken: Vec<Rect> = Vec::new();
    for face in &crowd {
        let mut canvas = Canvas(&mut picture);
        if let Some(place) = artist.label(&mut canvas, face, 14.0, &room, &boxes, &taken) {
            assert!(room.holds(&place), "{place:?}");
            assert!(
                !boxes
                    .iter()
                    .chain(&taken)
                    .any(|other| other.touches(&place)),
                "{place:?}"
            );
            taken.push(place);
        }
    }
    assert!(taken.len() >= 10, "{} of 12 have a label", taken.len());
}

#[test]
fn the_clock_gives_way_to_a_face_and_a_picture_has_none() {
    let corner = |observation: &Observation| {
        let changed = changed(&mut Artist::new(false), observation);
        [(0, 460), (600, 460), (0, 0), (600, 0)].map(|(left, top)| {
            let inside =
                |(x, y): &(u32, u32)| (left..left + 40).contains(x) && (top..top + 20).contains(y);
            changed.iter().any(inside)
        })
    };
    assert_eq!(corner(&seen(vec![], 0, false)), [true, false, false, false]);
    let below = vec![face(1, 10.0, 400.0, 70.0)];
    assert!(corner(&seen(below, 0, false))[1]);
    assert_eq!(corner(&seen(vec![], 0, true)), [false; 4]);
}

#[test]
fn a_hidden_face_is_a_few_cells_with_a_margin_round_it() {
    let observation = seen(vec![face(1, 200.0, 150.0, 160.0)], 0, false);
    let drawn = Artist::new(true).draw(&observation);
    let colors = |left: u32, top: u32, right: u32, bottom: u32| -> usize {
        let places = (left..right).flat_map(|x| (top..bottom).map(move |y| (x, y)));
        let colors: HashSet<_> = places.map(|(x, y)| drawn.get_pixel(x, y).0).collect();
        colors.len()
    };
    assert!(colors(210, 160, 350, 300) <= 25, "inside the box");
    assert!(colors(365, 160, 405, 300) <= 10, "beside it");
    assert!(colors(450, 160, 500, 300) > 500, "further away");
}

#[test]
fn a_face_that_is_missed_for_a_moment_stays_hidden() {
    let mut artist = Artist::new(true);
    let is_hidden = |artist: &mut Artist, faces: Vec<Face>, millis| {
        changed(artist, &seen(faces, millis, false)).contains(&(280, 231))
    };
    assert!(is_hidden(
        &mut artist,
        vec![face(1, 200.0, 150.0, 160.0)],
        0
    ));
    assert!(is_hidden(&mut artist, vec![], 500));
    assert!(is_hidden(&mut artist, vec![], 1000));
    assert!(!is_hidden(&mut artist, vec![], 1040));
    // In pictures one has nothing to do with the next.
    artist.draw(&seen(vec![face(2, 200.0, 150.0, 160.0)], 0, true));
    assert!(changed(&mut artist, &seen(vec![], 100, true)).is_empty());
}
