//! The measured figures on a card, by the truth that they were measured against.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ModelCard;

/// What a model's answers were compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// The labels of the data set: for FER-2013 those of its challenge.
    Labels,
    /// What most of ten people saw in the picture (FER+).
    Crowd,
}

impl Truth {
    /// What the keys of its figures begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Labels => "",
            Self::Crowd => "crowd_",
        }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Labels => "labels",
            Self::Crowd => "crowd",
        })
    }
}

/// Pictures that a model was about as sure of.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Bin {
    /// Their mean confidence.
    pub confidence: f32,
    /// The share of right answers.
    pub accuracy: f32,
    /// How many they are.
    pub pictures: f32,
}

/// What was measured by one truth, as far as the card says it. Shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// Share of right answers.
    pub accuracy: Option<f32>,
    /// Recall, averaged over the classes.
    pub mean_recall: Option<f32>,
    /// F1, averaged over the classes.
    pub macro_f1: Option<f32>,
    /// Expected calibration error: how far confidence and accuracy are apart.
    pub ece: Option<f32>,
    /// Recall of each class, in the order of the labels.
    pub recall: Option<Vec<f32>>,
    /// Pictures by truth (rows) and answer (columns), in the order of the labels.
    pub confusion: Option<Vec<Vec<u32>>>,
    /// How often it was right when it was so sure, from doubtful to sure.
    pub reliability: Option<Vec<Bin>>,
}

impl Figures {
    /// Whether the card says nothing by this truth.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ModelCard {
    /// What was measured by this truth. A figure of another shape than it should have is no figure.
    #[must_use]
    pub fn figures(&self, truth: Truth) -> Figures {
        let classes = self.labels.len();
        let share = |name| {
            self.metric(truth, name)
                .filter(|share| (0.0..=1.0).contains(share))
        };
        let recall: Option<Vec<f32>> = self.metric(truth, "recall");
        let confusion: Option<Vec<Vec<u32>>> = self.metric(truth, "confusion");
        Figures {
            accuracy: share("accuracy"),
            mean_recall: share("mean_recall"),
            macro_f1: share("macro_f1"),
            ece: share("ece"),
            recall: recall.filter(|recall| recall.len() == classes),
            confusion: confusion.filter(|rows| {
                rows.len() == classes && rows.iter().all(|row| row.len() == classes)
            }),
            reliability: self
                .metric(truth, "reliability")
                .filter(|bins: &Vec<Bin>| !bins.is_empty()),
        }
    }

    /// The truth that the model is made for: by that one it is as sure as it is right. A card that
    /// does not say it means its labels.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let crowd = self
            .metrics
            .get("made_for")
            .is_some_and(|made_for| made_for == "crowd");
        if crowd { Truth::Crowd } else { Truth::Labels }
    }

    fn metric<T: DeserializeOwned>(&self, truth: Truth, name: &str) -> Option<T> {
        let key = format!("{}{name}", truth.prefix());
        T::deserialize(self.metrics.get(key)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn a_model_is_judged_by_the_truth_that_it_is_made_for() {
        let catalog = Catalog::new(None);
        for (name, truth) in [
            ("mien-m", Truth::Crowd),
            ("mien-s", Truth::Crowd),
            ("mien-m-challenge", Truth::Labels),
        ] {
            let card = catalog.find(name).unwrap().card;
            assert_eq!(card.truth(), truth, "{name}");
            let figures = card.figures(truth);
            assert!(figures.accuracy.is_some() && figures.ece.unwrap() < 0.1);
        }
    }

    #[test]
    fn figures_of_a_wrong_shape_are_none() {
        let mut card = (*Catalog::new(None).find("mien-s").unwrap().card).clone();
        card.labels.truncate(2);
        card.metrics = serde_json::json!({
            "accuracy": 62.0,
            "recall": [0.5],
            "confusion": [[3, 1], [0, 2]],
            "reliability": [[0.5, 0.25, 4]],
        });
        let figures = card.figures(Truth::Labels);
        assert_eq!((figures.accuracy, figures.recall), (None, None));
        assert_eq!(figures.confusion, Some(vec![vec![3, 1], vec![0, 2]]));
        assert_eq!(figures.reliability.unwrap().len(), 1);
        assert!(card.figures(Truth::Crowd).is_empty());
    }
}
