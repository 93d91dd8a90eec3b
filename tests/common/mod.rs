//! Fakes: a source, a detector and models without a camera, a cascade or a network.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, reason = "each test program uses some of them")]

pub mod driven;
pub mod home;
pub mod screen;

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use image::{GrayImage, RgbImage};
use mien::card::{Color, InputSize, Layout, ModelCard, Output, Scale};
use mien::classifier::Classifier;
use mien::crop::Crop;
use mien::detector::FaceDetector;
use mien::error::{Error, Result};
use mien::expression::{Expression, Probabilities};
use mien::face::{Detection, FaceBox};
use mien::frame::Frame;
use mien::pipeline::{Loaded, Parts, Pipeline, Settings, State};
use mien::runtime::ProviderChoice;
use mien::source::{CameraRequest, FrameSource, SourceSpec};

/// Says something that is seen even when the test passes: what `println!` says is kept back then.
pub fn say(text: &str) {
    std::io::stderr()
        .write_all(format!("{text}\n").as_bytes())
        .unwrap();
}

/// How long a test waits for what must come; far longer than it takes.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What a fake source does next.
#[derive(Debug, Clone)]
pub enum Step {
    /// So many frames, 10 ms apart.
    Frames(u64),
    /// Hangs, as a camera whose driver does not answer.
    Hang(Duration),
    /// Fails, as an unplugged camera.
    Lose,
    /// Fails, as a camera that is still not there.
    Away,
    /// Fails, as a camera that has stalled.
    Silent,
    /// Fails, as a camera that another program holds.
    Busy,
    /// A picture of a folder that cannot be read.
    BadPicture,
    /// Meets a fault of its own.
    Panic,
}

/// Plays its steps; a camera's go on where the one before it stopped.
pub struct FakeSource {
    steps: Arc<Mutex<VecDeque<Step>>>,
    opened: Instant,
    number: u64,
    live: bool,
}

impl FrameSource for FakeSource {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let step = {
            let mut steps = self.steps.lock().unwrap();
            match steps.front_mut() {
                Some(Step::Frames(left)) if *left > 1 => {
                    *left -= 1;
                    Some(Step::Frames(1))
                }
                _ => steps.pop_front(),
            }
        };
        match step {
            None => Ok(None),
            Some(Step::Frames(_)) => {
                if self.live {
                    thread::sleep(Duration::from_millis(10));
                }
                self.number += 1;
                Ok(Some(frame(self.number - 1, self.opened.elapsed())))
            }
            Some(Step::Hang(time)) => {
                thread::sleep(time);
                self.next_frame()
            }
            Some(Step::Lose) => Err(Error::CameraLost {
                name: "fake".to_owned(),
                reason: "No such device (os error 19)".to_owned(),
            }),
            Some(Step::Away) => Err(Error::CameraNotFound {
                name: "fake".to_owned(),
            }),
            Some(Step::Silent) => Err(Error::CameraSilent {
                name: "fake".to_owned(),
            }),
            Some(Step::Busy) => Err(Error::CameraBusy {
                name: "fake".to_owned(),
                by: "cheese (process 7)".to_owned(),
            }),
            Some(Step::Panic) => panic!("the fake source is at fault"),
            Some(Step::BadPicture) => Err(Error::BadPicture {
                path: "bad.png".into(),
                reason: "not a picture".to_owned(),
            }),
        }
    }

    fn name(&self) -> &'static str {
        "fake"
    }
}

/// A small grey frame.
pub fn frame(number: u64, time: Duration) -> Frame {
    let grey = image::Luma([128]);
    Frame {
        source: Arc::from("fake"),
        source_frame: number,
        time,
        utc: None,
        captured: Instant::now(),
        still: false,
        luma: GrayImage::from_pixel(160, 120, grey),
        picture: RgbImage::from_pixel(160, 120, image::Rgb([128; 3])),
    }
}

/// Sees the same faces in every frame.
pub struct FakeDetector(pub Vec<FaceBox>);

impl FaceDetector for FakeDetector {
    fn detect(&mut self, _luma: &GrayImage, _smallest_face: f32) -> Result<Vec<Detection>> {
        Ok(self
            .0
            .iter()
            .map(|face_box| Detection {
                face_box: *face_box,
                score: 10.0,
            })
            .collect())
    }
}

/// How long `sluggish-model` takes to answer.
pub const SLOWNESS: Duration = Duration::from_millis(60);

/// Always gives the same answer; none to a face when it is at fault itself.
pub struct FakeClassifier {
    card: ModelCard,
    answer: Vec<f32>,
    takes: Duration,
}

impl FakeClassifier {
    /// 90 % for one expression.
    pub fn sure_of(name: &str, expression: Expression) -> Self {
        let card = card(name);
        let answer = card
            .labels
            .iter()
            .map(|label| if *label == expression { 0.9 } else { 0.1 / 6.0 });
        Self {
            answer: answer.collect(),
            card,
            takes: Duration::ZERO,
        }
    }

    /// Answers what is no number.
    pub fn mad(name: &str) -> Self {
        Self {
            card: card(name),
            answer: vec![f32::NAN; 7],
            takes: Duration::ZERO,
        }
    }

    /// Panics at the first face.
    pub fn faulty(name: &str) -> Self {
        Self {
            card: card(name),
            answer: Vec::new(),
            takes: Duration::ZERO,
        }
    }

    /// The same, but takes its time.
    pub fn slow(self) -> Self {
        Self {
            takes: SLOWNESS,
            ..self
        }
    }
}

impl Classifier for FakeClassifier {
    fn card(&self) -> &ModelCard {
        &self.card
    }

    fn classify(&mut self, crops: &[Crop]) -> Result<Vec<Probabilities>> {
        assert!(!self.answer.is_empty(), "the fake model is at fault");
        thread::sleep(self.takes);
        crops
            .iter()
            .map(|_| {
                Probabilities::from_distribution(&self.card.labels, &self.answer).map_err(
                    |reason| Error::BadAnswer {
                        model: self.card.name.to_string(),
                        reason,
                    },
                )
            })
            .collect()
    }
}

/// The card of a model with the challenge's seven classes.
pub fn card(name: &str) -> ModelCard {
    ModelCard {
        name: Arc::from(name),
        title: format!("Fake {name}"),
        sha256: "0".repeat(64).into(),
        labels: Expression::ALL[..7].to_vec(),
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
        trained_on: "nothing".to_owned(),
        license: "none".to_owned(),
        metrics: serde_json::Value::Null,
        source: "a test".to_owned(),
    }
}

/// Loads `happy-model`, `sluggish-model`, `sad-model`, `mad-model`, `faulty-model`, and `doubtful-model`, whose self-test
/// failed; panics at `unloadable-model` and knows no other.
pub fn load(name: &str, _choice: ProviderChoice) -> Result<Loaded> {
    let classifier = match name {
        "happy-model" => FakeClassifier::sure_of(name, Expression::Happy),
        "sluggish-model" => FakeClassifier::sure_of(name, Expression::Happy).slow(),
        "sad-model" => FakeClassifier::sure_of(name, Expression::Sad),
        "mad-model" => FakeClassifier::mad(name),
        "faulty-model" => FakeClassifier::faulty(name),
        "unloadable-model" => panic!("the fake loader is at fault"),
        "slow-model" => {
            thread::sleep(Duration::from_secs(2));
            FakeClassifier::sure_of(name, Expression::Sad)
        }
        "doubtful-model" => FakeClassifier::sure_of(name, Expression::Angry),
        _ => {
            return Err(Error::UnknownModel {
                name: name.to_owned(),
                known: "happy-model, sad-model, mad-model".to_owned(),
            });
        }
    };
    Ok(Loaded {
        classifier: Box::new(classifier),
        provider: "CPU",
        provider_reason: None,
        doubt: (name == "doubtful-model").then(|| "the labels look swapped".to_owned()),
    })
}

/// Holds up a part for as long as a test wants.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets through whoever waits, now and later.
    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open.
    pub fn wait(&self) {
        let is_open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(is_open, |is_open| !*is_open).unwrap());
    }
}

/// One face in the middle of the fake frame.
pub const FACE: FaceBox = FaceBox {
    x: 50.0,
    y: 30.0,
    width: 60.0,
    height: 60.0,
};

/// Parts for a pipeline whose source plays these steps. `opened` counts how often it was opened.
pub fn parts(steps: Vec<Step>, opened: Arc<AtomicU64>) -> Parts {
    let steps = Arc::new(Mutex::new(VecDeque::from(steps)));
    Parts {
        open: Arc::new(move |spec: &SourceSpec, _: &CameraRequest| {
            opened.fetch_add(1, Ordering::SeqCst);
            Ok(Box::new(FakeSource {
                steps: Arc::clone(&steps),
                opened: Instant::now(),
                number: 0,
                live: spec.is_camera(),
            }))
        }),
        detector: Box::new(|| Ok(Box::new(FakeDetector(vec![FACE])))),
        load: Arc::new(load),
        load_patience: PATIENCE,
        observe: Box::new(|_| {}),
        wake: Arc::new(|| {}),
    }
}

/// Looks at a fake camera with `happy-model`; records into `log`, if any.
pub fn settings(log: Option<&Path>) -> Settings {
    Settings {
        source: SourceSpec::Camera(Some("fake".to_owned())),
        camera: CameraRequest::default(),
        model: "happy-model".to_owned(),
        second: None,
        certain: mien::tracker::CERTAIN,
        provider: ProviderChoice::Cpu,
        log: log.map(Path::to_owned),
        smallest_face: None,
        loops: false,
    }
}

/// Waits until the pipeline's state is as the test wants it.
///
/// # Panics
/// When that does not happen in [`PATIENCE`].
#[track_caller]
pub fn wait_for(pipeline: &Pipeline, what: &str, wanted: impl Fn(&State) -> bool) -> State {
    let until = Instant::now() + PATIENCE;
    loop {
        let state = pipeline.state();
        if wanted(&state) {
            return state;
        }
        assert!(
            Instant::now() < until,
            "waited in vain for {what}: {state:?}"
        );
        thread::sleep(Duration::from_millis(5));
    }
}
