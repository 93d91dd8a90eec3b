//! Models as other tools leave them: each is taken in and used, or refused in one sentence. The
//! files and what made them are in `tests/data/models/foreign`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;

use common::home::{Home, assert_fails, assert_runs, rows, said};
use mien::expression::Expression;
use mien::reference;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models/foreign");

/// Takes a model in with what it is `guessed` to need, and lets it name two faces at once.
#[track_caller]
fn works(name: &str, guessed: &[&str]) {
    let home = Home::new();
    let file = format!("{FOLDER}/{name}.onnx");
    let added = assert_runs(home.mien(&["models", "add", &file, "--yes"]));
    for key in guessed {
        assert!(added.err.contains(key), "{name}, no '{key}': {}", added.err);
    }

    // Two faces of nobody in one picture.
    let mut picture = image::GrayImage::from_pixel(800, 400, image::Luma([128]));
    for (x, expression) in [(90, Expression::Happy), (490, Expression::Surprise)] {
        let face = reference::face(expression).unwrap();
        let face = image::imageops::resize(&face, 220, 220, image::imageops::FilterType::Triangle);
        image::imageops::overlay(&mut picture, &face, x, 90);
    }
    picture.save(home.path("two.png")).unwrap();
    assert_runs(home.mien(&["analyze", "two.png", "--out", "out", "--model", name]));
    let rows = rows(&home.path("out/two"));
    let labels: Vec<&str> = rows.iter().map(|row| &*row["label"]).collect();
    assert_eq!(labels, ["happy", "surprise"], "{name}");
}

const CHALLENGE: &str = "labels = angry,disgust,fear,happy,sad,surprise,neutral";
const BY_FOLDER: &str = "labels = angry,disgust,fear,happy,neutral,sad,surprise";

#[test]
fn a_network_from_pytorch_works() {
    let guessed = [
        CHALLENGE,
        "layout = NCHW",
        "scale = 0..1",
        "output = logits",
    ];
    works("pytorch", &guessed);
}

#[test]
fn a_fixed_batch_of_one_works_with_several_faces() {
    works("pytorch-fixed-batch", &[CHALLENGE, "scale = 0..1"]);
}

#[test]
fn of_two_outputs_the_first_is_the_answer() {
    works("pytorch-two-outputs", &[CHALLENGE, "scale = 0..1"]);
}

#[test]
fn a_network_in_int8_works() {
    works("int8", &[CHALLENGE, "scale = 0..1"]);
}

#[test]
fn networks_from_keras_work() {
    let common = [BY_FOLDER, "layout = NHWC", "output = probabilities"];
    for (name, input, scale) in [
        ("keras-48-gray", "input = 48x48x1", "scale = 0..1"),
        ("keras-48-rgb", "input = 48x48x3", "scale = 0..1"),
        ("keras-224-rgb", "input = 224x224x3", "scale = -1..1"),
    ] {
        let guessed: Vec<&str> = common.into_iter().chain([input, scale]).collect();
        works(name, &guessed);
    }
}

#[test]
fn the_eight_classes_of_ferplus_work() {
    let labels = "labels = neutral,happy,surprise,sad,angry,disgust,fear,contempt";
    let input = ["input = 64x64x1", "scale = 0..255", "output = logits"];
    works("ferplus", &[&[labels], &input[..]].concat());
}

#[test]
fn weights_in_another_file_are_refused_with_what_to_do() {
    let home = Home::new();
    let file = format!("{FOLDER}/external.onnx");
    let words = ["its weights are in another file", "onnx.save("];
    assert_fails(home.mien(&["models", "add", &file, "--yes"]), &words);
    assert_fails(home.mien(&["models", "guess", &file]), &words);
    assert!(!home.path("data/mien/models").exists());
}

#[test]
fn a_guess_is_a_side_file() {
    let home = Home::new();
    fs::copy(format!("{FOLDER}/pytorch.onnx"), home.path("mine.onnx")).unwrap();
    let guess = assert_runs(home.mien(&["models", "guess", "mine.onnx", "--set", "name=other"]));
    assert!(guess.out.contains("scale = \"0..1\""), "{}", guess.out);
    fs::write(home.path("mine.toml"), guess.out).unwrap();
    let shown = said(home.mien(&["models", "show", "mine.onnx"]));
    assert!(
        shown.out.contains("other") && shown.out.contains("48x48x1"),
        "{}",
        shown.out
    );
}
