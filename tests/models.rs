//! Models of the user's own: tested, guessed, added, and said to be doubtful. Those that other tools
//! leave are taken in and used, or refused in one sentence; they and what made them are in
//! `tests/data/models/foreign`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;
use std::path::Path;

use common::driven::Driven;
use common::home::{Home, assert_fails, assert_runs, rows, said};
use mien::expression::Expression;
use mien::reference;
use serde_json::Value;

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

#[test]
fn models_test_catches_swapped_labels_and_a_wrong_scale() {
    let home = Home::new();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/models/mien-m.onnx");
    for (name, side, word) in [
        (
            "swapped",
            "labels = 'angry,disgust,fear,sad,happy,surprise,neutral'",
            "the happy face as sad",
        ),
        // Kaggle's folders by their names, taken for the challenge's order.
        (
            "folders",
            "labels = 'angry,disgust,fear,happy,neutral,sad,surprise'",
            "surprise face as sad",
        ),
        ("scaled", "scale = '0..1'", "0..255"),
    ] {
        fs::copy(shipped, home.path(&format!("{name}.onnx"))).unwrap();
        let side = format!("name = '{name}'\n{side}\n");
        fs::write(home.path(&format!("{name}.toml")), side).unwrap();
        let run = said(home.mien(&["models", "test", &format!("{name}.onnx")]));
        assert_eq!(run.code, Some(1), "{}", run.out);
        assert!(run.out.contains(word), "no '{word}' in: {}", run.out);
        assert!(run.err.contains("the self-test failed"), "{}", run.err);
    }
    let run = said(home.mien(&["models", "test"]));
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    for name in ["mien-m", "mien-s", "mien-m-challenge"] {
        assert!(run.out.contains(name), "{}", run.out);
    }
}

/// A shipped model without its card, as a training script leaves it.
fn bare_model(path: &Path) {
    let onnx = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/mien-m.onnx")).unwrap();
    // The keys are strings of the same length under another name, so nothing else changes.
    let text: Vec<u8> = onnx
        .windows(5)
        .enumerate()
        .filter(|(_, window)| *window == b"mien.")
        .map(|(place, _)| place)
        .fold(onnx.clone(), |mut bytes, place| {
            bytes[place..place + 5].copy_from_slice(b"none.");
            bytes
        });
    fs::write(path, text).unwrap();
}

#[test]
fn a_model_without_a_card_is_guessed_tried_and_added() {
    let home = Home::new();
    bare_model(&home.path("mine.onnx"));
    assert_fails(
        home.mien(&["models", "add", "mine.onnx"]),
        &[
            "its card lacks",
            "--set scale=0..255",
            "--set labels=angry,disgust",
        ],
    );
    let run = said(home.mien(&[
        "models",
        "add",
        "mine.onnx",
        "--yes",
        "--set",
        "title=My own",
    ]));
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    assert!(run.err.contains("guessed: output = logits"), "{}", run.err);
    let listed = said(home.mien(&["models", "list"]));
    assert!(
        listed.out.contains("My own"),
        "{}{}",
        listed.out,
        listed.err
    );
    assert_fails(
        home.mien(&["models", "add", "mine.onnx", "--yes"]),
        &["there is a model named 'mine' already"],
    );
    let run = said(home.mien(&["watch", "demo", "--seconds", "1", "--model", "mine"]));
    assert_eq!(run.code, Some(0), "{}", run.err);
}

#[test]
fn a_model_that_fails_its_test_is_added_only_anyway() {
    let home = Home::new();
    bare_model(&home.path("mine.onnx"));
    let swapped = "labels=sad,disgust,fear,happy,angry,surprise,neutral";
    let add = ["models", "add", "mine.onnx", "--yes", "--set", swapped];
    assert_fails(home.mien(&add), &["looks swapped", "--anyway"]);
    let left: Vec<_> = fs::read_dir(home.path("data/mien/models"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let run = said(home.mien(&[&add[..], &["--anyway", "--json", "-"]].concat()));
    assert_eq!(run.code, Some(0), "{}", run.err);
    let entry: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        (&entry["name"], &entry["labels"][0]),
        (&"mine".into(), &"sad".into())
    );
    assert!(home.path("data/mien/models/mine.onnx").is_file());
    fs::write(home.path("words.onnx"), "these are words").unwrap();
    assert_fails(
        home.mien(&["models", "add", "words.onnx"]),
        &["words.onnx", "no ONNX"],
    );
}

/// Puts `swapped.onnx` into `home`: a model whose card takes angry for sad.
fn put_swapped(home: &Home) {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/models/mien-s.onnx");
    fs::copy(shipped, home.path("swapped.onnx")).unwrap();
    let labels = "sad,disgust,fear,happy,angry,surprise,neutral";
    let side = format!("name = 'swapped'\nlabels = '{labels}'\n");
    fs::write(home.path("swapped.toml"), side).unwrap();
}

#[test]
fn a_command_for_a_model_in_doubt_is_answered_and_use_takes_it() {
    let home = Home::new();
    put_swapped(&home);
    let mut mien = Driven::start(&home, &["demo"]);
    mien.observation();
    mien.tell("model swapped.onnx");
    let sentence = mien.hear("is not used");
    assert!(sentence.contains("the angry face as sad"), "{sentence}");
    mien.tell("use");
    mien.observe_until(|observation| observation["model"] == "swapped");
    assert!(mien.quit().success());
}

#[test]
fn a_model_in_doubt_is_used_with_a_warning_and_a_second_one_gets_its_table() {
    let home = Home::new();
    put_swapped(&home);
    for _ in 0..2 {
        let mut watch = home.mien(&["watch", "demo", "--model", "swapped.onnx"]);
        watch.args(["--second", "mien-s", "--seconds", "6", "--log", "logs"]);
        let run = said(watch);
        assert_eq!(run.code, Some(0), "{}", run.err);
        assert!(run.err.contains("should not be trusted"), "{}", run.err);
        assert!(run.err.contains("the angry face as sad"), "{}", run.err);
    }
    // Tried once, remembered afterwards.
    let memory = fs::read_to_string(home.path("data/mien/self-tests.json")).unwrap();
    let memory: Value = serde_json::from_str(&memory).unwrap();
    assert_eq!(memory.as_array().unwrap().len(), 1);
    let session = fs::read_dir(home.path("logs")).unwrap().next().unwrap();
    let second = common::home::table(&session.unwrap().path().join("second.csv"));
    assert!(!second.is_empty() && second.iter().all(|row| row["model"] == "mien-s"));

    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/astronaut.png");
    let mut analyze = home.mien(&["analyze", picture, "--out", "out"]);
    analyze.args(["--model", "swapped.onnx"]);
    let run = said(analyze);
    assert!(
        run.code == Some(0) && run.err.contains("should not be trusted"),
        "{}",
        run.err
    );
}
