//! How good a model is on labelled pictures.

mod dataset;
mod metrics;
mod run;
mod shelf;
#[cfg(test)]
mod tests;

pub use dataset::{Dataset, Sample, Skipped, Usage};
pub use metrics::{Averages, ClassScores, Scores, Tally};
pub use run::{Contestant, Evaluation, ModelScores, evaluate};
