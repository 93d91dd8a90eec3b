//! Models against a data set: every picture is read once and shown to each.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::dataset::{Dataset, Sample, Skipped};
use super::metrics::{Scores, Tally};
use crate::classifier::Classifier;
use crate::crop::{self, Crop};
use crate::error::{Error, Result};

/// Faces per call of a network: enough to keep it busy, few enough to hold.
const BATCH: usize = 64;

/// A model to be measured.
pub struct Contestant {
    classifier: Box<dyn Classifier>,
    provider: &'static str,
    tally: Tally,
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
            busy: Duration::ZERO,
        }
    }

    fn answer(&mut self, samples: &[Sample]) -> Result<()> {
        let card = self.classifier.card();
        let crops: Vec<Crop> = samples
            .iter()
            .map(|sample| crop::whole(&sample.picture, card))
            .collect();
        let began = Instant::now();
        let answers = self.classifier.classify(&crops)?;
        self.busy += began.elapsed();
        if answers.len() != samples.len() {
            return Err(Error::BadAnswer {
                model: self.classifier.card().name.to_string(),
                reason: format!("answered for {} of {} faces", answers.len(), samples.len()),
            });
        }
        for (sample, answer) in samples.iter().zip(&answers) {
            self.tally.add(sample.label, answer);
        }
        Ok(())
    }

    fn scores(&self) -> ModelScores {
        let faces = self.tally.count().max(1) as f64;
        ModelScores {
            name: self.classifier.card().name.to_string(),
            provider: self.provider,
            ms_per_face: self.busy.as_secs_f64() * 1000.0 / faces,
            scores: self.tally.scores(),
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
    /// Time in the network alone, in milliseconds; 64 faces go through at once.
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
    /// Pictures in which no face was found: none, since pictures are faces already cropped.
    pub missed_faces: u64,
    /// Pictures that were left out, in the file only counted.
    #[serde(serialize_with = "count")]
    pub skipped: Vec<Skipped>,
    /// In the order given.
    pub models: Vec<ModelScores>,
}

fn count<S: serde::Serializer>(skipped: &[Skipped], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(skipped.iter().map(|skipped| skipped.pictures).sum())
}

/// Shows every picture of the data set to every model. `progress` hears how many pictures are done.
///
/// # Errors
/// [`Error::BadAnswer`] or [`Error::BadModel`] when a model fails; [`Error::Dataset`] when not one
/// picture can be read.
pub fn evaluate(
    dataset: &mut Dataset,
    contestants: &mut [Contestant],
    progress: &mut dyn FnMut(u64),
) -> Result<Evaluation> {
    let name = dataset.path().display().to_string();
    let mut skipped = dataset.skipped().to_vec();
    let mut n = 0;
    let mut done = 0;
    let mut samples = dataset.samples().peekable();
    while samples.peek().is_some() {
        let mut batch = Vec::with_capacity(BATCH);
        for sample in samples.by_ref().take(BATCH) {
            done += 1;
            match sample {
                Ok(sample) => batch.push(sample),
                Err(bad) => skipped.push(bad),
            }
        }
        if !batch.is_empty() {
            for contestant in &mut *contestants {
                contestant.answer(&batch)?;
            }
        }
        n += batch.len() as u64;
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
    let models = contestants.iter().map(Contestant::scores).collect();
    Ok(Evaluation {
        dataset: name,
        n,
        missed_faces: 0,
        skipped,
        models,
    })
}
