//! Models against a data set: every picture is read once and shown to each.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use image::RgbImage;
use serde::Serialize;

use super::comparison::{Comparison, compare, holm};
use super::dataset::{Dataset, Sample, Skipped};
use super::metrics::{Scores, Tally};
use crate::card::ModelCard;
use crate::classifier::{self, Classifier};
use crate::crop::{self, Crop};
use crate::detector::FaceDetector;
use crate::error::{Error, Result};
use crate::expression::Expression;
use crate::face::FaceBox;
use crate::finder::SMALLEST_FACE_STILL;
use crate::frame;

/// Faces per call of a network: enough to keep it busy, few enough to hold.
const BATCH: usize = 64;

/// A model to be measured.
pub struct Contestant {
    classifier: Box<dyn Classifier>,
    provider: &'static str,
    tally: Tally,
    /// For each picture whether the answer was right.
    right: Vec<bool>,
    busy: Duration,
}

impl Contestant {
    /// A model that has answered nothing yet; `provider` is what it runs on, `CPU` or `CUDA`.
    #[must_use]
    pub fn new(classifier: Box<dyn Classifier>, provider: &'static str) -> Self {
        let tally = Tally::new(&classifier.card().labels);
        Self {
            classifier,
            provider,
            tally,
            right: Vec::new(),
            busy: Duration::ZERO,
        }
    }

    fn answer(&mut self, exhibits: &[Exhibit]) -> Result<()> {
        let card = self.classifier.card();
        let crops: Vec<Crop> = exhibits
            .iter()
            .filter_map(|exhibit| exhibit.crop(card))
            .collect();
        let began = Instant::now();
        let answers = classifier::answers(self.classifier.as_mut(), &crops)?;
        self.busy += began.elapsed();
        let mut answers = answers.iter();
        for exhibit in exhibits {
            let answer = match exhibit.face {
                Face::Missed => None,
                Face::Whole | Face::At(_) => answers.next(),
            };
            if let Some(answer) = answer {
                self.tally.add(exhibit.label, answer);
            } else {
                self.tally.miss(exhibit.label);
            }
            self.right
                .push(answer.is_some_and(|answer| answer.top().0 == exhibit.label));
        }
        Ok(())
    }

    fn scores(&self) -> ModelScores {
        let faces = self.tally.answers().max(1) as f64;
        ModelScores {
            name: self.classifier.card().name.to_string(),
            provider: self.provider,
            ms_per_face: self.busy.as_secs_f64() * 1000.0 / faces,
            scores: self.tally.scores(),
        }
    }
}

/// A picture as it is shown to the models.
struct Exhibit {
    label: Expression,
    picture: RgbImage,
    face: Face,
}

/// Where the face is in a picture.
enum Face {
    /// The picture is the face.
    Whole,
    At(FaceBox),
    Missed,
}

impl Exhibit {
    fn new(sample: Sample, detector: Option<&mut (dyn FaceDetector + '_)>) -> Result<Self> {
        let face = match detector {
            None => Face::Whole,
            Some(detector) => detector
                .detect(&frame::luma(&sample.picture), SMALLEST_FACE_STILL)?
                .into_iter()
                .map(|found| found.face_box)
                .max_by(|left, right| left.area().total_cmp(&right.area()))
                .map_or(Face::Missed, Face::At),
        };
        Ok(Self {
            label: sample.label,
            picture: sample.picture,
            face,
        })
    }

    fn crop(&self, card: &ModelCard) -> Option<Crop> {
        match &self.face {
            Face::Whole => Some(crop::whole(&self.picture, card)),
            Face::At(face) => Some(crop::part(&self.picture, face, card)),
            Face::Missed => None,
        }
    }
}

/// One model's figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelScores {
    /// The model's name.
    pub name: String,
    /// What it ran on.
    pub provider: &'static str,
    /// Time in the network alone, in milliseconds; up to 64 faces go through at once.
    pub ms_per_face: f64,
    /// How good it is.
    #[serde(flatten)]
    pub scores: Scores,
}

/// What `mien eval --json` writes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// The data set, as it was named.
    pub dataset: String,
    /// Pictures that were shown to the models.
    pub n: u64,
    /// How many of them each part of the data set gave, where it has parts.
    pub parts: BTreeMap<&'static str, u64>,
    /// Pictures in which no face was found; none where pictures are faces already cropped.
    pub missed_faces: u64,
    /// Expressions that a model knows and no picture shows: they count in no average of recalls.
    pub empty_classes: Vec<Expression>,
    /// Pictures that were left out, in the file only counted.
    #[serde(serialize_with = "count")]
    pub skipped: Vec<Skipped>,
    /// In the order given.
    pub models: Vec<ModelScores>,
    /// Every pair of models.
    pub comparisons: Vec<Comparison>,
}

fn count<S: serde::Serializer>(skipped: &[Skipped], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(skipped.iter().map(|skipped| skipped.pictures).sum())
}

/// Shows every picture of the data set to every model. `progress` hears how many pictures are done.
///
/// With a `detector`, pictures are whole frames: the largest face in each is shown, cut out by each
/// model's card, and one in which none is found counts as a wrong answer.
///
/// # Errors
/// [`Error::BadAnswer`] or [`Error::BadModel`] when a model fails; [`Error::Dataset`] when not one
/// picture can be read; the detector's.
pub fn evaluate(
    dataset: &mut Dataset,
    contestants: &mut [Contestant],
    mut detector: Option<&mut dyn FaceDetector>,
    progress: &mut dyn FnMut(u64),
) -> Result<Evaluation> {
    let name = dataset.path().display().to_string();
    let shown = dataset.labels();
    let mut skipped = dataset.skipped().to_vec();
    let mut parts = BTreeMap::new();
    let (mut n, mut missed_faces, mut done) = (0, 0, 0);
    let mut samples = dataset.samples().peekable();
    while samples.peek().is_some() {
        let mut batch = Vec::with_capacity(BATCH);
        for sample in samples.by_ref().take(BATCH) {
            done += 1;
            match sample {
                Ok(sample) => {
                    if let Some(part) = sample.part {
                        *parts.entry(part).or_default() += 1;
                    }
                    batch.push(Exhibit::new(sample, detector.as_deref_mut())?);
                }
                Err(bad) => skipped.push(bad),
            }
        }
        for contestant in &mut *contestants {
            contestant.answer(&batch)?;
        }
        n += batch.len() as u64;
        missed_faces += batch
            .iter()
            .filter(|exhibit| matches!(exhibit.face, Face::Missed))
            .count() as u64;
        progress(done);
    }
    drop(samples);
    if n == 0 {
        let reason = skipped.first().map_or_else(
            || "there is no picture in it".to_owned(),
            |first| format!("not one of its pictures can be read; the first is {first}"),
        );
        return Err(Error::Dataset {
            path: dataset.path().to_owned(),
            reason,
        });
    }
    let known = |label: &Expression| {
        contestants
            .iter()
            .any(|contestant| contestant.classifier.card().labels.contains(label))
    };
    Ok(Evaluation {
        dataset: name,
        n,
        parts,
        missed_faces,
        empty_classes: Expression::ALL
            .into_iter()
            .filter(|label| known(label) && !shown.contains(label))
            .collect(),
        skipped,
        models: contestants.iter().map(Contestant::scores).collect(),
        comparisons: comparisons(contestants),
    })
}

fn comparisons(contestants: &[Contestant]) -> Vec<Comparison> {
    let name = |contestant: &Contestant| contestant.classifier.card().name.to_string();
    let mut found: Vec<Comparison> = pairs(contestants)
        .map(|(left, right)| {
            compare(
                [name(left), name(right)],
                left.right.iter().copied().zip(right.right.iter().copied()),
            )
        })
        .collect();
    holm(&mut found);
    found
}

fn pairs<T>(all: &[T]) -> impl Iterator<Item = (&T, &T)> {
    all.iter()
        .enumerate()
        .flat_map(|(number, left)| all[number + 1..].iter().map(move |right| (left, right)))
}
