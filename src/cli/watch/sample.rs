//! An observation to be told of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use image::{GrayImage, RgbImage};
use mien::expression::{Expression, Probabilities};
use mien::face::{Face, FaceBox, Quality, Reading};
use mien::frame::Frame;
use mien::observation::{Observation, StageTimes};

/// One face: happy says the model, and the second one, if any, sad.
pub(super) fn observation(second: bool) -> Observation {
    let frame = Frame {
        source: Arc::from("test"),
        source_frame: 0,
        time: Duration::ZERO,
        utc: None,
        captured: Instant::now(),
        still: false,
        luma: GrayImage::new(2, 2),
        picture: RgbImage::new(2, 2),
    };
    let face_box = FaceBox {
        x: 0.0,
        y: 0.0,
        width: 2.0,
        height: 2.0,
    };
    let face = Face {
        id: 1,
        face_box,
        detected: face_box,
        score: 9.0,
        quality: Quality::default(),
        reading: sure_of(Expression::Happy),
        second: second.then(|| sure_of(Expression::Sad)),
    };
    Observation {
        number: 0,
        frame: Arc::new(frame),
        faces: vec![face],
        model: Arc::from("one"),
        second: second.then(|| Arc::from("other")),
        times: StageTimes::default(),
    }
}

fn sure_of(expression: Expression) -> Reading {
    let labels = [expression, Expression::Neutral];
    let raw = Probabilities::from_distribution(&labels, &[0.75, 0.25]).unwrap();
    Reading {
        raw,
        smoothed: raw,
        shown: Some(expression),
    }
}
