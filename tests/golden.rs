//! Crops and probabilities must be those that `training/` wrote: what the app feeds a network is
//! what the network learned from, and what it answers is what it answered there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::RgbImage;
use mien::card::ModelCard;
use mien::catalog::Catalog;
use mien::classifier::{Classifier, OnnxClassifier};
use mien::crop::{crop, whole};
use mien::expression::Expression;
use mien::face::FaceBox;
use mien::frame::{self, Frame};
use mien::runtime::ProviderChoice;
use serde::Deserialize;

/// Grey levels by which two roundings of the same sum may differ, in two passes.
const GREY_TOLERANCE: u8 = 2;
/// `PyTorch` and ONNX Runtime add float32 values in different orders.
const PROBABILITY_TOLERANCE: f32 = 1e-3;

#[derive(Deserialize)]
struct Crops {
    picture: PathBuf,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(rename = "box")]
    face_box: [f32; 4],
    margin: f32,
    size: [u32; 2],
    expected: PathBuf,
}

#[derive(Deserialize)]
struct Answer {
    picture: PathBuf,
    probabilities: Vec<f32>,
}

fn data(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(path)
}

fn read<T: for<'a> Deserialize<'a>>(path: &str) -> T {
    serde_json::from_slice(&std::fs::read(data(path)).unwrap()).unwrap()
}

fn picture(path: &Path) -> RgbImage {
    image::open(data(path)).unwrap().to_rgb8()
}

fn still(picture: RgbImage) -> Frame {
    Frame {
        source: Arc::from("golden"),
        source_frame: 0,
        time: Duration::ZERO,
        utc: None,
        captured: Instant::now(),
        still: true,
        luma: frame::luma(&picture),
        picture,
    }
}

#[test]
fn crops_are_those_that_training_cuts() {
    let golden: Crops = read("golden/crops.json");
    let frame = still(picture(&golden.picture));
    let model = Catalog::new(None).find("mien-m").unwrap();
    assert!(!golden.cases.is_empty());
    for case in golden.cases {
        let mut card = ModelCard {
            margin: case.margin,
            ..(*model.card).clone()
        };
        [card.input.width, card.input.height] = case.size;
        let [x, y, width, height] = case.face_box;
        let cut = crop(
            &frame,
            &FaceBox {
                x,
                y,
                width,
                height,
            },
            &card,
        );
        let expected = image::open(data(&case.expected))
            .unwrap()
            .to_luma8()
            .into_raw();
        assert_eq!(cut.pixels.len(), expected.len(), "{}", case.name);
        let furthest = cut
            .pixels
            .iter()
            .zip(&expected)
            .map(|(ours, theirs)| ours.abs_diff(*theirs))
            .max();
        assert!(
            furthest <= Some(GREY_TOLERANCE),
            "{}: {furthest:?} grey levels apart",
            case.name
        );
    }
}

#[test]
fn models_answer_what_they_answered_in_training() {
    let golden: std::collections::BTreeMap<String, Vec<Answer>> = read("golden/probabilities.json");
    assert!(!golden.is_empty());
    for (name, answers) in golden {
        let model = Catalog::new(None).find(&name).unwrap();
        let mut classifier = OnnxClassifier::load(&model, ProviderChoice::Cpu).unwrap();
        let labels: Vec<Expression> = classifier.card().labels.clone();
        let crops: Vec<_> = answers
            .iter()
            .map(|answer| whole(&picture(&answer.picture), classifier.card()))
            .collect();
        let readings = classifier.classify(&crops).unwrap();
        for (answer, reading) in answers.iter().zip(readings) {
            assert_eq!(answer.probabilities.len(), labels.len(), "{name}");
            for (label, expected) in labels.iter().zip(&answer.probabilities) {
                let found = reading.of(*label);
                assert!(
                    (found - expected).abs() <= PROBABILITY_TOLERANCE,
                    "{name}, {}: {label} is {found}, not {expected}",
                    answer.picture.display()
                );
            }
        }
    }
}
