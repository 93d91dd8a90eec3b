//! How good a model is on labelled pictures.

mod comparison;
mod dataset;
mod metrics;
mod plots;
mod run;
mod shelf;
#[cfg(test)]
mod tests;

pub use comparison::Comparison;
pub use dataset::{Dataset, Sample, Skipped, Usage};
pub use metrics::{Averages, Bin, ClassScores, Scores, Tally};
pub use plots::plot;
pub use run::{Contestant, Evaluation, ModelScores, evaluate};
