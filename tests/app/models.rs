//! A model in the window: its card, a second one beside it, one of the user's own, what it saw.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{DroppedFile, Key};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use mien::app::{App, ModelEntry};
use mien::card::ModelCard;
use mien::classifier::Classifier;
use mien::crop::Crop;
use mien::error::Result;
use mien::expression::Probabilities;
use mien::import::Import;

use super::common::{self, Step, parts, settings};
use super::{
    ENDLESS, Kept, click, is_ticked, options, press, sees, wait_for, wait_for_label, window,
    window_kept, window_with,
};

#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// A model whose card has figures.
struct Measured {
    inner: Box<dyn Classifier + Send>,
    card: ModelCard,
}

impl Classifier for Measured {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn classify(&mut self, crops: &[Crop]) -> Result<Vec<Probabilities>> {
        self.inner.classify(crops)
    }
}

#[test]
fn a_second_model_answers_beside_the_first_and_their_agreement_is_counted() {
    let mut window = window(vec![Step::Frames(ENDLESS)]);
    wait_for_label(&mut window, "Face 1: happy");
    click(&mut window, "Model");
    click(&mut window, "Second model");
    click(&mut window, "And Sad model");
    wait_for_label(&mut window, "Fake sad-model says Sad 90%");
    wait_for_label(&mut window, "Both say the same of 0%");
    window.get_by_label("Happy 90% and 2%");
    window.get_by_label("Sad 2% and 90%");
    click(&mut window, "Model");
    click(&mut window, "Second model");
    click(&mut window, "None");
    wait_for_label(&mut window, "Sad 2%");
    wait_for(&mut window, "one model", |window| !sees(window, "Both say"));
}

#[test]
fn a_click_on_the_models_name_shows_its_card() {
    let mut window = window(vec![Step::Frames(ENDLESS)]);
    wait_for_label(&mut window, "Face 1: happy");
    click(&mut window, "Card of Fake happy-model");
    wait_for_label(&mut window, "What it learned from");
    assert!(sees(&window, "The card holds no figures"));
    assert!(sees(&window, "not what somebody feels"));
    press(&mut window, Key::Escape);
    assert!(!sees(&window, "What it learned from"));
}

#[test]
fn a_card_shows_the_figures_that_it_has() {
    let mut fakes = parts(vec![Step::Frames(ENDLESS)], Arc::default());
    fakes.load = Arc::new(|name, choice| {
        let mut loaded = common::load(name, choice)?;
        let mut confusion = vec![vec![1; 7]; 7];
        confusion[3][3] = 94;
        loaded.classifier = Box::new(Measured {
            inner: loaded.classifier,
            card: ModelCard {
                metrics: serde_json::json!({
                    "made_for": "crowd", "accuracy": 0.6, "crowd_accuracy": 0.839,
                    "crowd_ece": 0.028, "crowd_recall": [0.5, 0.3, 0.7, 0.9, 0.7, 0.8, 0.8],
                    "crowd_confusion": confusion, "crowd_reliability": [[0.5, 0.4, 9]],
                }),
                ..common::card(name)
            },
        });
        Ok(loaded)
    });
    let mut window = window_with(settings(None), fakes, options(Path::new("/nowhere")));
    wait_for_label(&mut window, "Face 1: happy");
    click(&mut window, "Card of Fake happy-model");
    for words in [
        "83.9%",
        "60.0%",
        "happy 94%",
        "2.8 points apart",
        "Right answers against confidence",
        "disgust (30% found), angry (50% found)",
    ] {
        wait_for_label(&mut window, words);
    }
}

#[test]
fn a_model_in_doubt_is_used_only_when_the_user_says_so() {
    let mut options = options(Path::new("/nowhere"));
    options.models.push(ModelEntry {
        name: "doubtful-model".to_owned(),
        title: "Doubtful model".to_owned(),
        summary: String::new(),
    });
    let fakes = parts(vec![Step::Frames(ENDLESS)], Arc::default());
    let mut window = window_with(settings(None), fakes, options);
    wait_for_label(&mut window, "Face 1: happy");
    press(&mut window, Key::Num3);
    wait_for_label(&mut window, "'Fake doubtful-model' should not be trusted");
    assert!(sees(&window, "The labels look swapped."));
    click(&mut window, "Leave it");
    wait_for(&mut window, "the page to close", |window| {
        !sees(window, "should not be trusted")
    });
    assert!(sees(&window, "Face 1: happy"));
    press(&mut window, Key::Num3);
    wait_for_label(&mut window, "Use it anyway");
    click(&mut window, "Use it anyway");
    wait_for_label(&mut window, "Face 1: angry");
}

#[test]
fn what_is_sure_enough_is_set_and_remembered() {
    let kept = Kept::with("(certain:0.93)");
    let fakes = parts(vec![Step::Frames(ENDLESS)], Arc::default());
    let options = options(Path::new("/nowhere"));
    let mut window = window_kept(settings(None), fakes, options, &kept);
    wait_for_label(&mut window, "Face 1: uncertain");
    click(&mut window, "Model");
    click(&mut window, "Confidence threshold…");
    wait_for_label(&mut window, "A name is shown once it is this likely");
    assert!(sees(&window, "Nobody has measured"));
    click(&mut window, "Reset");
    click(&mut window, "Close");
    wait_for_label(&mut window, "Face 1: happy");
    assert!(Kept::of(&mut window).0["settings"].contains("certain:0.4"));
}

#[test]
fn what_the_network_saw_is_shown_and_a_still_picture_explained() {
    let mut window = window(vec![Step::Frames(ENDLESS)]);
    wait_for_label(&mut window, "Face 1: happy");
    click(&mut window, "View");
    click(&mut window, "What the network saw");
    wait_for_label(&mut window, "Face 1 as the network saw it");
    assert!(sees(&window, "Exactly what was fed: 48 × 48, grey."));
    press(&mut window, Key::Space);
    wait_for_label(&mut window, "Orange: what speaks for happy");
    click(&mut window, "View");
    assert!(is_ticked(&window, "What the network saw"));
}

/// A window that takes models into `folder`, tried by the built program.
fn window_with_import(folder: &Path) -> Harness<'static, App> {
    let mut options = options(Path::new("/nowhere"));
    let program = PathBuf::from(env!("CARGO_BIN_EXE_mien"));
    options.import = Some(Import::new(folder.to_owned(), program));
    let fakes = parts(vec![Step::Frames(ENDLESS)], Arc::default());
    window_with(settings(None), fakes, options)
}

fn drop_model(window: &mut Harness<'static, App>, name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/foreign");
    let file = Arc::new(Dropped(folder.join(name)));
    window.input_mut().dropped_files.push(file);
    window.step();
    window.input_mut().dropped_files.clear();
}

#[test]
fn a_dropped_model_is_guessed_tried_and_added() {
    let home = tempfile::tempdir().unwrap();
    let mut window = window_with_import(home.path());
    drop_model(&mut window, "keras-48-gray.onnx");
    wait_for_label(&mut window, "Try it");
    window.get_by_label("Labels, in the output's order");
    assert!(sees(&window, "guess"));
    click(&mut window, "Try it");
    wait_for_label(&mut window, "It can be used");
    assert!(sees(&window, "0..1 fits."));
    click(&mut window, "Add");
    wait_for_label(&mut window, "'keras-48-gray' is in the menu now");
    click(&mut window, "Model");
    window.get_by_label("keras-48-gray");
    let mut files: Vec<_> = std::fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    files.sort();
    assert_eq!(files, ["keras-48-gray.onnx", "keras-48-gray.toml"]);
}

#[test]
fn a_model_that_cannot_be_used_is_refused_and_a_trial_can_be_left() {
    let home = tempfile::tempdir().unwrap();
    let mut window = window_with_import(home.path());
    drop_model(&mut window, "external.onnx");
    wait_for_label(&mut window, "its weights are in another file");
    click(&mut window, "Close");
    drop_model(&mut window, "pytorch.onnx");
    wait_for_label(&mut window, "Looking at the file");
    click(&mut window, "Cancel");
    assert!(!sees(&window, "Add a model"));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}
