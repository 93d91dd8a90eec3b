//! How well a model's answers to the faces of nobody fit its card's labels, and which other order
//! would fit better.

use super::{References, Verdict};
use crate::card::ModelCard;
use crate::expression::{Expression, Probabilities};
use crate::reference;

/// By how much a fit must be better, in nats over all faces, before the card is doubted. Measured
/// on the three shipped models by the test of swaps: as they are, no other order gains anything;
/// with two labels swapped, each of the 21 pairs, the right order gains 2.8 to 13.8.
pub(super) const MUCH_BETTER: f32 = 1.5;

/// By how much the fit of a less usual scale must be better, in nats over all faces: a network that
/// standardises each picture hardly minds which it is (`mien-m`: 0.06 between 0..255 and -1..1).
/// Where it minds, the right scale is 1.4 to 28 better (the shipped and the foreign models).
pub(super) const BETTER: f32 = 0.5;

/// How well each label fits each reference face.
pub(super) struct Fit {
    pub(super) faces: Vec<Expression>,
    labels: Vec<Expression>,
    /// What the fit is less when the pixels' numbers are too large for the network.
    pub(super) penalty: f32,
    /// For each face, for each label: the mean logarithm of its probability.
    pub(super) table: Vec<Vec<f32>>,
}

impl Fit {
    /// No single answer may weigh more than a probability of so little.
    pub(super) const LEAST: f32 = 1e-3;

    /// A network that is so sure of every view is fed larger numbers than it learned from: 0–255 in
    /// place of 0–1 leaves the order of the answers and makes them absolutely sure.
    const TOO_SURE: f32 = 1.0 - 1e-6;

    /// What that costs, in nats for each face: small networks in `tests/data/models/foreign` are
    /// up to 0.12 nats a face worse on their own scale.
    const TOO_SURE_COSTS: f32 = 1.0;

    pub(super) fn new(
        card: &ModelCard,
        references: &References,
        answers: &[Probabilities],
    ) -> Self {
        let labels = card.labels.clone();
        let faces: Vec<Expression> = reference::EXPRESSIONS
            .into_iter()
            .filter(|face| labels.contains(face))
            .collect();
        let mean = |face: Expression, label: Expression| {
            let logs: Vec<f32> = references
                .views
                .iter()
                .zip(answers)
                .filter(|((shown, _), _)| *shown == face)
                .map(|(_, answer)| answer.of(label).max(Self::LEAST).ln())
                .collect();
            logs.iter().sum::<f32>() / logs.len().max(1) as f32
        };
        let table = faces
            .iter()
            .map(|face| labels.iter().map(|label| mean(*face, *label)).collect())
            .collect();
        let too_sure = answers.iter().all(|answer| answer.top().1 > Self::TOO_SURE);
        let penalty = if too_sure {
            Self::TOO_SURE_COSTS * faces.len() as f32
        } else {
            0.0
        };
        Self {
            faces,
            labels,
            penalty,
            table,
        }
    }

    fn of(&self, face: usize, label: Expression) -> f32 {
        let place = self.labels.iter().position(|known| *known == label);
        place.map_or(Self::LEAST.ln(), |place| self.table[face][place])
    }

    /// The fit of the card's own order.
    pub(super) fn declared(&self) -> f32 {
        let fit = (0..self.faces.len()).map(|face| self.of(face, self.faces[face]));
        fit.sum::<f32>() - self.penalty
    }

    /// The labels that fit the faces best, one for each, and their fit.
    pub(super) fn best(&self) -> (Vec<Expression>, f32) {
        let mut best = (self.faces.clone(), self.declared());
        self.search(&mut Vec::new(), -self.penalty, &mut best);
        best
    }

    /// Tries every way to go on: 8 labels for 7 faces are 40,320 ways, some milliseconds.
    fn search(&self, taken: &mut Vec<Expression>, fit: f32, best: &mut (Vec<Expression>, f32)) {
        let face = taken.len();
        if face == self.faces.len() {
            if fit > best.1 {
                *best = (taken.clone(), fit);
            }
            return;
        }
        for label in &self.labels {
            if !taken.contains(label) {
                taken.push(*label);
                self.search(taken, fit + self.of(face, *label), best);
                taken.pop();
            }
        }
    }

    /// How many faces the model names.
    fn named(&self) -> usize {
        (0..self.faces.len())
            .filter(|face| {
                let own = self.of(*face, self.faces[*face]);
                self.table[*face].iter().all(|other| own >= *other)
            })
            .count()
    }

    /// Pairs that could be swapped without these faces telling.
    pub(super) fn untold(&self) -> Vec<(Expression, Expression)> {
        let mut untold = Vec::new();
        for (left, one) in self.faces.iter().enumerate() {
            for (right, other) in self.faces.iter().enumerate().skip(left + 1) {
                let own = self.of(left, *one) + self.of(right, *other);
                let swapped = self.of(left, *other) + self.of(right, *one);
                if own - swapped <= MUCH_BETTER {
                    untold.push((*one, *other));
                }
            }
        }
        untold
    }

    pub(super) fn check_order(&self) -> (Verdict, String) {
        let (best, fit) = self.best();
        if fit - self.declared() > MUCH_BETTER {
            let moved: Vec<String> = self
                .faces
                .iter()
                .zip(&best)
                .filter(|(face, label)| face != label)
                .map(|(face, label)| format!("the {face} face as {label}"))
                .collect();
            let detail = format!(
                "the order of 'labels' looks swapped: it names {}; correct the card",
                moved.join(", ")
            );
            return (Verdict::Failed, detail);
        }
        let untold = self.untold();
        // Where most swaps would not show, nothing has been shown.
        let pairs = self.faces.len() * self.faces.len().saturating_sub(1) / 2;
        let (verdict, claim) = if untold.len() * 2 >= pairs {
            (Verdict::Doubtful, "the order cannot be judged")
        } else {
            (Verdict::Passed, "the order fits")
        };
        let mut said = vec![format!(
            "{claim}: {} of {} reference faces are named",
            self.named(),
            self.faces.len()
        )];
        match untold.len() {
            0 => {}
            all if all == pairs => said.push("no swap of two would show".to_owned()),
            _ => {
                let pairs: Vec<String> = untold
                    .iter()
                    .map(|(one, other)| format!("{one} with {other}"))
                    .collect();
                said.push(format!("a swap of {} would not show", pairs.join(", ")));
            }
        }
        if self.labels.contains(&Expression::Contempt) {
            said.push("contempt cannot be checked: there is no reference face".to_owned());
        }
        (verdict, said.join("; "))
    }
}
