use std::path::{Path, PathBuf};

use super::*;
use crate::expression::Expression;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/models")
        .join(name)
}

fn load(name: &str) -> Result<OnnxClassifier> {
    OnnxClassifier::load(
        &Model::from_file(&path(&format!("{name}.onnx")))?,
        ProviderChoice::Cpu,
    )
}

fn flat(card: &ModelCard, pixel: &[u8]) -> Crop {
    let (height, width, channels) = (card.input.height, card.input.width, card.input.channels);
    Crop {
        height,
        width,
        channels,
        pixels: pixel.repeat((height * width) as usize),
    }
}

fn refusal(name: &str) -> String {
    load(name).unwrap_err().to_string()
}

#[test]
fn a_batch_of_faces_is_answered_in_their_order() {
    for name in ["valid", "fixed-batch", "no-card"] {
        let mut classifier = load(name).unwrap();
        let crops = [255, 0, 255].map(|value| flat(classifier.card(), &[value]));
        let answers = classifier.classify(&crops).unwrap();
        let tops: Vec<Expression> = answers.iter().map(|answer| answer.top().0).collect();
        assert_eq!(
            tops,
            [Expression::Happy, Expression::Sad, Expression::Happy],
            "{name}"
        );
        // Logits 2.55, −2.55 and five zeros.
        let happy = 2.55_f32.exp() / (2.55_f32.exp() + (-2.55_f32).exp() + 5.0);
        assert!(
            (answers[0].of(Expression::Happy) - happy).abs() < 1e-4,
            "{name}"
        );
        assert!(classifier.classify(&[]).unwrap().is_empty());
    }
}

#[test]
fn channels_last_and_probabilities_follow_the_card() {
    let mut classifier = load("nhwc").unwrap();
    let crops =
        [[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(|pixel| flat(classifier.card(), &pixel));
    let answers = classifier.classify(&crops).unwrap();
    let tops: Vec<Expression> = answers.iter().map(|answer| answer.top().0).collect();
    assert_eq!(
        tops,
        [Expression::Angry, Expression::Disgust, Expression::Fear]
    );
    assert!(answers[0].top().1 > 0.99);
}

#[test]
fn a_temperature_cools_probabilities_as_it_cools_logits() {
    let mut card = (*Model::from_file(&path("nhwc.onnx")).unwrap().card).clone();
    card.labels = vec![Expression::Sad, Expression::Happy];
    card.temperature = 2.0;
    let sure = read_answer(
        &card,
        &[
            1.0 / (1.0 + 2.0_f32.exp()),
            2.0_f32.exp() / (1.0 + 2.0_f32.exp()),
        ],
    );
    assert!((sure.unwrap().of(Expression::Happy) - 0.731_058_6).abs() < 1e-5);
    let rounded = read_answer(&card, &[0.0, 1.0]).unwrap();
    assert!(rounded.of(Expression::Happy) > 0.99);
}

#[test]
fn a_network_that_does_not_fit_its_card_is_refused() {
    let text = refusal("wrong-input");
    assert!(
        text.contains("it takes batch x 1 x 64 x 64, but its card says 48x48x1 NCHW"),
        "{text}"
    );
    let text = refusal("wrong-output");
    assert!(
        text.contains("it answers batch x 8, but its card names 7 labels"),
        "{text}"
    );
}

#[test]
fn a_network_that_answers_no_number_is_refused_when_it_is_loaded() {
    let text = refusal("nan");
    assert_eq!(
        text,
        "the model 'nan' answered NaN where a number was due; choose another model"
    );
}

#[test]
fn a_file_with_a_card_and_no_network_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hollow.onnx");
    let bytes = std::fs::read(path("no-card.onnx")).unwrap();
    std::fs::copy(path("no-card.toml"), folder.path().join("hollow.toml")).unwrap();
    // The version of the format, an empty graph.
    std::fs::write(&file, [0x08, 0x08, 0x3a, 0x00]).unwrap();
    let model = Model::from_file(&file).unwrap();
    let text = OnnxClassifier::load(&model, ProviderChoice::Cpu)
        .unwrap_err()
        .to_string();
    assert!(text.contains("'no-card' cannot be used"), "{text}");
    // And one that changes between the list and the loading.
    std::fs::write(&file, bytes).unwrap();
    let text = OnnxClassifier::load(&model, ProviderChoice::Cpu)
        .unwrap_err()
        .to_string();
    assert!(text.contains("has changed"), "{text}");
}

#[test]
fn a_crop_of_another_size_is_refused() {
    let mut classifier = load("valid").unwrap();
    let crop = Crop {
        height: 40,
        width: 40,
        channels: 1,
        pixels: vec![0; 1600],
    };
    let text = classifier.classify(&[crop]).unwrap_err().to_string();
    assert!(text.contains("40x40x1 where it takes 48x48x1"), "{text}");
}

#[test]
fn without_cuda_auto_says_why_and_cuda_fails() {
    let model = Model::from_file(&path("valid.onnx")).unwrap();
    match OnnxClassifier::load(&model, ProviderChoice::Cuda) {
        Err(error) => {
            assert!(matches!(error, Error::CudaUnavailable { .. }), "{error}");
            let classifier = OnnxClassifier::load(&model, ProviderChoice::Auto).unwrap();
            assert_eq!(classifier.provider(), "CPU");
            assert!(classifier.provider_reason().is_some());
        }
        Ok(classifier) => assert_eq!(classifier.provider(), "CUDA"),
    }
    let classifier = OnnxClassifier::load(&model, ProviderChoice::Cpu).unwrap();
    assert_eq!(
        (classifier.provider(), classifier.provider_reason()),
        ("CPU", None)
    );
}
