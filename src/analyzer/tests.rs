use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use image::{GrayImage, RgbImage};

use super::*;
use crate::card::{Color, InputSize, Layout, ModelCard, Output, Scale};
use crate::crop::Crop;
use crate::error::Error;
use crate::expression::{Expression, Probabilities};
use crate::face::{Detection, FaceBox};
use crate::finder::{Found, SMALLEST_FACE_LIVE, SMALLEST_FACE_STILL};
use crate::observation::StageTimes;
use crate::reader::Reader;

/// What the fakes were asked for: the smallest face of each search, the faces of each batch.
#[derive(Default)]
struct Asked {
    smallest: Vec<f32>,
    batches: Vec<usize>,
}

struct FakeDetector {
    asked: Arc<Mutex<Asked>>,
    faces: usize,
}

impl FaceDetector for FakeDetector {
    fn detect(&mut self, _: &GrayImage, smallest_face: f32) -> Result<Vec<Detection>> {
        self.asked.lock().unwrap().smallest.push(smallest_face);
        let faces = (0..self.faces).map(|index| {
            let x = index as f32 * 100.0;
            Detection {
                face_box: FaceBox {
                    x,
                    y: 10.0,
                    width: 60.0,
                    height: 60.0,
                },
                score: 5.0,
            }
        });
        Ok(faces.collect())
    }
}

/// Answers what it was given, batch by batch; then `happy` for every face.
struct FakeClassifier {
    asked: Arc<Mutex<Asked>>,
    card: ModelCard,
    answers: VecDeque<Result<Vec<Probabilities>>>,
}

impl Classifier for FakeClassifier {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn classify(&mut self, crops: &[Crop]) -> Result<Vec<Probabilities>> {
        self.asked.lock().unwrap().batches.push(crops.len());
        let happy = certainly(Expression::Happy);
        self.answers
            .pop_front()
            .unwrap_or_else(|| Ok(vec![happy; crops.len()]))
    }
}

fn certainly(expression: Expression) -> Probabilities {
    Probabilities::from_distribution(&[expression], &[1.0]).unwrap()
}

fn card(name: &str) -> ModelCard {
    ModelCard {
        name: Arc::from(name),
        title: String::new(),
        sha256: String::new().into(),
        labels: vec![Expression::Happy, Expression::Sad],
        input: InputSize {
            height: 48,
            width: 48,
            channels: 1,
        },
        layout: Layout::Nchw,
        color: Color::Gray,
        scale: Scale::Bytes,
        output: Output::Probabilities,
        temperature: 1.0,
        margin: 0.1,
        trained_on: String::new(),
        license: String::new(),
        metrics: serde_json::Value::Null,
        source: String::new(),
    }
}

fn frame(millis: u64) -> Frame {
    let picture = RgbImage::from_pixel(320, 200, image::Rgb([128; 3]));
    Frame {
        source: Arc::from("test"),
        source_frame: 0,
        time: Duration::from_millis(millis),
        utc: None,
        captured: Instant::now(),
        still: false,
        luma: crate::frame::luma(&picture),
        picture,
    }
}

/// An analyzer that sees so many faces, and what its stages were asked for.
fn analyzer(
    faces: usize,
    answers: impl IntoIterator<Item = Result<Vec<Probabilities>>>,
) -> (Analyzer, Arc<Mutex<Asked>>) {
    let asked = Arc::new(Mutex::new(Asked::default()));
    let detector = FakeDetector {
        asked: Arc::clone(&asked),
        faces,
    };
    let classifier = FakeClassifier {
        asked: Arc::clone(&asked),
        card: card("first"),
        answers: answers.into_iter().collect(),
    };
    (
        Analyzer::new(Box::new(detector), Box::new(classifier)),
        asked,
    )
}

#[test]
fn all_faces_of_a_frame_go_through_the_network_in_one_batch() {
    let (mut analyzer, asked) = analyzer(3, []);
    let observation = analyzer.analyze(Arc::new(frame(0))).unwrap();
    assert_eq!(asked.lock().unwrap().batches, [3]);
    let ids: Vec<u64> = observation.faces.iter().map(|face| face.id).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(&*observation.model, "first");
    for face in &observation.faces {
        assert_eq!(face.reading.shown, Some(Expression::Happy));
        assert!(face.quality.blurred && !face.quality.small && !face.quality.edge);
    }
}

#[test]
fn a_frame_without_a_face_is_an_observation_that_asks_no_network() {
    let (mut analyzer, asked) = analyzer(0, []);
    let observation = analyzer.analyze(Arc::new(frame(0))).unwrap();
    assert!(observation.faces.is_empty());
    assert!(asked.lock().unwrap().batches.is_empty());
}

#[test]
fn answers_belong_to_the_faces_they_were_given_for() {
    let answers = vec![certainly(Expression::Sad), certainly(Expression::Fear)];
    let (mut analyzer, _) = analyzer(2, [Ok(answers)]);
    let observation = analyzer.analyze(Arc::new(frame(0))).unwrap();
    let seen: Vec<_> = observation
        .faces
        .iter()
        .map(|face| (face.face_box.x, face.reading.raw.top().0))
        .collect();
    assert_eq!(seen, [(0.0, Expression::Sad), (100.0, Expression::Fear)]);
}

#[test]
fn frames_read_together_are_read_as_one_after_the_other() {
    let [sad, fear, happy] = [Expression::Sad, Expression::Fear, Expression::Happy].map(certainly);
    let found = |millis: u64, faces: usize| {
        let asked = Arc::default();
        let detections = FakeDetector { asked, faces }.detect(&GrayImage::new(1, 1), 0.1);
        Found {
            frame: Arc::new(frame(millis)),
            detections: detections.unwrap(),
            times: StageTimes::default(),
        }
    };
    let reader = |answers: Vec<Vec<Probabilities>>| {
        Reader::new(Box::new(FakeClassifier {
            asked: Arc::default(),
            card: card("first"),
            answers: answers.into_iter().map(Ok).collect(),
        }))
    };
    let frames = || vec![found(0, 2), found(33, 0), found(66, 1)];
    let seen = |observations: Vec<Observation>| -> Vec<_> {
        let seen = |one: Observation| (one.number, one.frame.time, one.faces);
        observations.into_iter().map(seen).collect()
    };

    let mut together = frames();
    let all = reader(vec![vec![sad, fear, happy]]).read_all(&mut together);
    assert!(together.is_empty());
    let mut reader = reader(vec![vec![sad, fear], vec![happy]]);
    let each = frames()
        .into_iter()
        .map(|found| reader.read(found).unwrap());
    assert_eq!(seen(all.unwrap()), seen(each.collect()));
}

#[test]
fn a_bad_answer_is_an_error_of_its_frame_and_the_next_one_goes_well() {
    let nonsense = Error::BadAnswer {
        model: "first".to_owned(),
        reason: "answered NaN".to_owned(),
    };
    let too_few = Ok(vec![certainly(Expression::Happy)]);
    let (mut analyzer, _) = analyzer(2, [Err(nonsense), too_few]);
    for millis in [0, 33] {
        let answer = analyzer.analyze(Arc::new(frame(millis)));
        assert!(matches!(answer, Err(Error::BadAnswer { .. })));
    }
    assert_eq!(analyzer.analyze(Arc::new(frame(66))).unwrap().number, 0);
    assert_eq!(analyzer.analyze(Arc::new(frame(99))).unwrap().number, 1);
}

#[test]
fn smaller_faces_are_looked_for_in_stills() {
    let (mut with_defaults, asked) = analyzer(1, []);
    let still = || {
        let mut frame = frame(0);
        frame.still = true;
        frame
    };
    with_defaults.analyze(Arc::new(frame(0))).unwrap();
    with_defaults.analyze(Arc::new(still())).unwrap();
    assert_eq!(
        asked.lock().unwrap().smallest,
        [SMALLEST_FACE_LIVE, SMALLEST_FACE_STILL]
    );

    let (set, asked) = analyzer(1, []);
    let mut set = set.with_smallest_face(Some(0.2));
    set.analyze(Arc::new(frame(0))).unwrap();
    set.analyze(Arc::new(still())).unwrap();
    assert_eq!(asked.lock().unwrap().smallest, [0.2, 0.2]);
}

#[test]
fn another_model_answers_from_the_next_frame_on_for_the_same_faces() {
    let (mut analyzer, asked) = analyzer(1, [Ok(vec![certainly(Expression::Sad)])]);
    assert_eq!(
        &*analyzer.analyze(Arc::new(frame(0))).unwrap().model,
        "first"
    );
    let second = FakeClassifier {
        asked,
        card: card("second"),
        answers: VecDeque::new(),
    };
    analyzer.set_classifier(Box::new(second));
    assert_eq!(&*analyzer.classifier().card().name, "second");
    let observation = analyzer.analyze(Arc::new(frame(33))).unwrap();
    assert_eq!(&*observation.model, "second");
    assert_eq!(observation.faces[0].id, 1);
    assert_eq!(
        observation.faces[0].reading.smoothed,
        certainly(Expression::Happy)
    );
}

#[test]
fn another_source_has_other_faces() {
    let (mut analyzer, _) = analyzer(1, []);
    assert_eq!(analyzer.analyze(Arc::new(frame(0))).unwrap().faces[0].id, 1);
    analyzer.forget();
    let observation = analyzer.analyze(Arc::new(frame(33))).unwrap();
    assert_eq!((observation.faces[0].id, observation.number), (2, 1));
}
