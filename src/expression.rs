//! The eight expressions and a probability for each: the only vocabulary for what a network answers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A facial expression, as the FER-2013 and FER+ data sets name them.
///
/// The order is the challenge's, with FER+'s eighth class last. A model's own order ends inside its
/// classifier; nothing else in the program indexes classes by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expression {
    /// Brows drawn down, lips pressed.
    Angry,
    /// Nose wrinkled, upper lip raised.
    Disgust,
    /// Brows raised and drawn together, eyes wide.
    Fear,
    /// Lip corners up.
    Happy,
    /// Lip corners down, inner brows up.
    Sad,
    /// Brows up, jaw dropped.
    Surprise,
    /// None of the others.
    Neutral,
    /// One lip corner tightened. Only models trained on FER+ know it.
    Contempt,
}

impl Expression {
    /// Every expression, in the order of the log's columns.
    pub const ALL: [Self; 8] = [
        Self::Angry,
        Self::Disgust,
        Self::Fear,
        Self::Happy,
        Self::Sad,
        Self::Surprise,
        Self::Neutral,
        Self::Contempt,
    ];

    /// The name in files: one lower-case word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Angry => "angry",
            Self::Disgust => "disgust",
            Self::Fear => "fear",
            Self::Happy => "happy",
            Self::Sad => "sad",
            Self::Surprise => "surprise",
            Self::Neutral => "neutral",
            Self::Contempt => "contempt",
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Expression {
    type Err = Error;

    /// Reads a label as data sets spell it: `happy` or `happiness`, in any case.
    fn from_str(label: &str) -> Result<Self, Error> {
        let expression = match label.trim().to_ascii_lowercase().as_str() {
            "angry" | "anger" => Self::Angry,
            "disgust" | "disgusted" => Self::Disgust,
            "fear" | "fearful" => Self::Fear,
            "happy" | "happiness" => Self::Happy,
            "sad" | "sadness" => Self::Sad,
            "surprise" | "surprised" => Self::Surprise,
            "neutral" => Self::Neutral,
            "contempt" => Self::Contempt,
            _ => return Err(Error::UnknownLabel(label.to_owned())),
        };
        Ok(expression)
    }
}

/// One probability per [`Expression`]: never negative, summing to one. An expression that the model
/// does not know has probability zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probabilities([f32; Expression::ALL.len()]);

impl Probabilities {
    /// How far a sum may be from one and still count as a distribution: float32 soft-max rounding
    /// stays below 1e-5, an int8 model's below 1e-2.
    const SUM_TOLERANCE: f32 = 0.02;

    /// Reads a network's answer that is already a distribution: `values[i]` belongs to `labels[i]`.
    ///
    /// # Errors
    /// A sentence without a subject if there are not as many values as labels, a value is negative
    /// or not a number, or the sum is not one.
    pub fn from_distribution(labels: &[Expression], values: &[f32]) -> Result<Self, String> {
        let mut probabilities = Self::spread(labels, values)?;
        if let Some(value) = values.iter().find(|value| **value < 0.0) {
            return Err(format!("answered the negative probability {value}"));
        }
        let sum: f32 = probabilities.0.iter().sum();
        if (sum - 1.0).abs() > Self::SUM_TOLERANCE {
            return Err(format!(
                "answered probabilities that sum to {sum}, not to 1"
            ));
        }
        for value in &mut probabilities.0 {
            *value /= sum;
        }
        Ok(probabilities)
    }

    /// Reads a network's logits: the soft-max of `values / temperature` (Guo et al. 2017, "On
    /// Calibration of Modern Neural Networks").
    ///
    /// # Errors
    /// As [`Self::from_distribution`].
    pub fn from_logits(
        labels: &[Expression],
        values: &[f32],
        temperature: f32,
    ) -> Result<Self, String> {
        Self::spread(labels, values)?;
        let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let weights: Vec<f32> = values
            .iter()
            .map(|value| ((value - largest) / temperature).exp())
            .collect();
        let sum: f32 = weights.iter().sum();
        let shares: Vec<f32> = weights.iter().map(|weight| weight / sum).collect();
        Self::from_distribution(labels, &shares)
    }

    /// The probability of one expression.
    #[must_use]
    pub fn of(&self, expression: Expression) -> f32 {
        self.0[expression as usize]
    }

    /// Every expression with its probability, in the order of [`Expression::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Expression, f32)> + '_ {
        Expression::ALL.into_iter().zip(self.0)
    }

    /// The likeliest expression and its probability.
    #[must_use]
    pub fn top(&self) -> (Expression, f32) {
        self.iter()
            .max_by(|left, right| left.1.total_cmp(&right.1))
            .unwrap_or((Expression::Neutral, 0.0))
    }

    /// The likeliest expression, if it is at least so likely.
    #[must_use]
    pub fn top_from(&self, share: f32) -> Option<Expression> {
        let (top, probability) = self.top();
        (probability >= share).then_some(top)
    }

    /// A step from `self` towards `other`; `share` 0 stays, 1 arrives.
    #[must_use]
    pub fn towards(&self, other: &Self, share: f32) -> Self {
        let mut mixed = self.0;
        for (value, target) in mixed.iter_mut().zip(other.0) {
            *value += share * (target - *value);
        }
        Self(mixed)
    }

    /// Puts a model's values at their expressions.
    fn spread(labels: &[Expression], values: &[f32]) -> Result<Self, String> {
        if labels.len() != values.len() {
            return Err(format!(
                "answered {} values for {} labels",
                values.len(),
                labels.len()
            ));
        }
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(format!("answered {value} where a number was due"));
        }
        let mut spread = [0.0; Expression::ALL.len()];
        for (label, value) in labels.iter().zip(values) {
            spread[*label as usize] = *value;
        }
        Ok(Self(spread))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [Expression; 2] = [Expression::Sad, Expression::Happy];

    #[test]
    fn every_name_reads_back_as_its_expression() {
        for expression in Expression::ALL {
            assert_eq!(expression.name().parse::<Expression>().unwrap(), expression);
        }
        assert_eq!(
            "Happiness".parse::<Expression>().unwrap(),
            Expression::Happy
        );
        assert!("bored".parse::<Expression>().is_err());
    }

    #[test]
    fn a_models_order_ends_at_the_probabilities() {
        let probabilities = Probabilities::from_distribution(&TWO, &[0.25, 0.75]).unwrap();
        assert_eq!(probabilities.top(), (Expression::Happy, 0.75));
        assert!((probabilities.of(Expression::Sad) - 0.25).abs() < 1e-6);
        assert!(probabilities.of(Expression::Contempt).abs() < 1e-6);
    }

    #[test]
    fn logits_become_the_softmax_even_when_they_are_huge() {
        let probabilities = Probabilities::from_logits(&TWO, &[1000.0, 1000.0], 1.0).unwrap();
        assert!((probabilities.of(Expression::Sad) - 0.5).abs() < 1e-6);
        let cooled = Probabilities::from_logits(&TWO, &[0.0, 2.0], 2.0).unwrap();
        assert!((cooled.of(Expression::Happy) - 0.731_058_6).abs() < 1e-6);
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        for values in [&[0.5, f32::NAN][..], &[0.5, 0.9], &[-0.5, 1.5], &[1.0]] {
            assert!(
                Probabilities::from_distribution(&TWO, values).is_err(),
                "{values:?}"
            );
        }
        assert!(Probabilities::from_logits(&TWO, &[f32::INFINITY, 0.0], 1.0).is_err());
    }

    #[test]
    fn a_step_towards_another_answer_stays_a_distribution() {
        let sad = Probabilities::from_distribution(&TWO, &[1.0, 0.0]).unwrap();
        let happy = Probabilities::from_distribution(&TWO, &[0.0, 1.0]).unwrap();
        let between = sad.towards(&happy, 0.25);
        assert!((between.of(Expression::Happy) - 0.25).abs() < 1e-6);
        assert!((between.iter().map(|(_, value)| value).sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
