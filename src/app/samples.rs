//! Made-up observations for the window's unit tests.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use image::RgbImage;

use crate::expression::{Expression, Probabilities};
use crate::face::{Face, FaceBox, Quality, Reading};
use crate::frame::{self, Frame};
use crate::observation::{Observation, StageTimes};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A happy face, `side` pixels wide.
pub(super) fn face(id: u64, side: f32) -> Face {
    let values: Vec<f32> = Expression::ALL
        .iter()
        .map(|expression| {
            if *expression == Expression::Happy {
                0.79
            } else {
                0.03
            }
        })
        .collect();
    let probabilities = Probabilities::from_distribution(&Expression::ALL, &values).unwrap();
    let face_box = FaceBox {
        x: 10.0,
        y: 20.0,
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
            raw: probabilities,
            smoothed: probabilities,
            shown: Some(Expression::Happy),
        },
        second: None,
    }
}

/// What was seen `millis` after the start.
pub(super) fn observation(millis: u64, faces: Vec<Face>) -> Observation {
    let time = Duration::from_millis(millis);
    let picture = RgbImage::new(160, 120);
    let frame = Frame {
        source: "sample".into(),
        source_frame: millis,
        time,
        utc: None,
        captured: *START + time,
        still: false,
        luma: frame::luma(&picture),
        picture,
    };
    Observation {
        number: millis,
        frame: Arc::new(frame),
        faces,
        model: "sample".into(),
        second: None,
        times: StageTimes::default(),
    }
}
