//! Names the expression in a face: one network, its session and its card.

use crate::card::ModelCard;
use crate::crop::Crop;
use crate::error::Result;
use crate::expression::Probabilities;

/// Names expressions.
pub trait Classifier {
    /// What the network expects and answers.
    fn card(&self) -> &ModelCard;

    /// One distribution for each crop, in their order; all crops go through in one batch.
    ///
    /// # Errors
    /// When the network cannot be run or answers what is no distribution.
    fn classify(&mut self, crops: &[Crop]) -> Result<Vec<Probabilities>>;
}
