//! From answers to figures: one pass over the answers, memory for the counts only.

use serde::{Serialize, Serializer};

use crate::expression::{Expression, Probabilities};

/// Equal bins of confidence for the calibration error, as Guo et al. 2017 and `training/evaluate.py`.
const ECE_BINS: usize = 15;

/// The least probability that the log loss believes, so that one zero does not make it infinite: the
/// spacing of `f32` at 1, as scikit-learn takes it.
const LEAST_PROBABILITY: f64 = f32::EPSILON as f64;

const CLASSES: usize = Expression::ALL.len();

/// One expression's figures. Each is 0 where its denominator is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct ClassScores {
    /// Of the faces given this answer, the share that deserve it.
    pub precision: f64,
    /// Of the faces that deserve this answer, the share given it.
    pub recall: f64,
    /// The harmonic mean of the two.
    pub f1: f64,
    /// How many faces deserve it.
    pub support: u64,
}

/// Averages over the expressions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Averages {
    /// Of the precisions.
    pub precision: f64,
    /// Of the recalls.
    pub recall: f64,
    /// Of the F1 scores.
    pub f1: f64,
}

/// Answers within one of 15 equal ranges of confidence.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Bin {
    /// How many.
    pub answers: u64,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that is right.
    pub accuracy: f64,
}

/// All figures of one model on one data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// Share of right answers; a face that was not found counts as a wrong one.
    pub accuracy: f64,
    /// Share of right answers over the faces that were found.
    pub accuracy_found: f64,
    /// Where the accuracy on more such faces would lie, 95 times in 100 (Wilson 1927).
    pub accuracy_interval: [f64; 2],
    /// Mean recall over the expressions that occur.
    pub balanced_accuracy: f64,
    /// Mean of −ln of the probability given to the truth, over the faces that were found.
    pub log_loss: f64,
    /// Expected calibration error: how far confidence and accuracy are apart, over 15 equal bins of
    /// confidence, weighted by the faces in them; over the faces that were found.
    pub ece: f64,
    /// Each expression that occurs or was answered counts the same.
    #[serde(rename = "macro")]
    pub macro_average: Averages,
    /// Each expression counts as often as it occurs.
    #[serde(rename = "weighted")]
    pub weighted_average: Averages,
    /// The expressions that the model knows or that occur: the order of all below.
    pub labels: Vec<Expression>,
    /// One for each label.
    #[serde(serialize_with = "as_map")]
    pub per_class: Vec<(Expression, ClassScores)>,
    /// Rows: truth, columns: answer. A face that was not found is in none.
    pub confusion: Vec<Vec<u64>>,
    /// The bins of the calibration error, from unsure to sure.
    pub reliability: Vec<Bin>,
}

fn as_map<S: Serializer>(
    per_class: &[(Expression, ClassScores)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(per_class.iter().map(|(label, scores)| (label, scores)))
}

/// Counts answers against the truth.
#[derive(Debug, Clone)]
pub struct Tally {
    known: Vec<Expression>,
    /// Rows: truth, columns: answer, both in the order of [`Expression::ALL`].
    confusion: [[u64; CLASSES]; CLASSES],
    /// Faces that were not found, in the order of [`Expression::ALL`].
    missed: [u64; CLASSES],
    bins: [Sums; ECE_BINS],
    log_loss: f64,
}

/// What of the answers in one range of confidence is summed.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    answers: u64,
    right: u64,
    confidence: f64,
}

impl Tally {
    /// A tally of nothing, for a model that knows these expressions.
    #[must_use]
    pub fn new(known: &[Expression]) -> Self {
        Self {
            known: known.to_vec(),
            confusion: Default::default(),
            missed: Default::default(),
            bins: Default::default(),
            log_loss: 0.0,
        }
    }

    /// Counts one answer.
    pub fn add(&mut self, truth: Expression, answer: &Probabilities) {
        let (label, confidence) = answer.top();
        self.confusion[truth as usize][label as usize] += 1;
        let bin = &mut self.bins[((confidence * ECE_BINS as f32) as usize).min(ECE_BINS - 1)];
        bin.answers += 1;
        bin.right += u64::from(label == truth);
        bin.confidence += f64::from(confidence);
        self.log_loss -= f64::from(answer.of(truth)).max(LEAST_PROBABILITY).ln();
    }

    /// Counts a face that was not found.
    pub fn miss(&mut self, truth: Expression) {
        self.missed[truth as usize] += 1;
    }

    /// How many answers were counted.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.confusion.iter().flatten().sum()
    }

    /// The figures. All are 0 when nothing was counted.
    #[must_use]
    pub fn scores(&self) -> Scores {
        let answers = self.answers();
        let faces = answers + self.missed.iter().sum::<u64>();
        let labels: Vec<Expression> = Expression::ALL
            .into_iter()
            .filter(|label| self.known.contains(label) || self.support(*label) > 0)
            .collect();
        let per_class: Vec<(Expression, ClassScores)> = labels
            .iter()
            .map(|label| (*label, self.class(*label)))
            .collect();
        let right: u64 = labels.iter().map(|label| self.cell(*label, *label)).sum();
        let gaps: f64 = self
            .bins
            .iter()
            .map(|bin| (bin.right as f64 - bin.confidence).abs())
            .sum();

        let occurs = |label: Expression| self.support(label) > 0;
        let matters = |label: Expression| occurs(label) || self.answered(label) > 0;
        let scores_where = |wanted: &dyn Fn(Expression) -> bool| -> Vec<(f64, ClassScores)> {
            let chosen = per_class.iter().filter(|(label, _)| wanted(*label));
            chosen.map(|(_, scores)| (1.0, *scores)).collect()
        };
        let weighted: Vec<(f64, ClassScores)> = per_class
            .iter()
            .map(|(_, scores)| (scores.support as f64, *scores))
            .collect();

        Scores {
            accuracy: ratio(right as f64, faces as f64),
            accuracy_found: ratio(right as f64, answers as f64),
            accuracy_interval: wilson(right as f64, faces as f64),
            balanced_accuracy: average(&scores_where(&occurs)).recall,
            log_loss: ratio(self.log_loss, answers as f64),
            ece: ratio(gaps, answers as f64),
            macro_average: average(&scores_where(&matters)),
            weighted_average: average(&weighted),
            confusion: labels
                .iter()
                .map(|truth| {
                    labels
                        .iter()
                        .map(|answer| self.cell(*truth, *answer))
                        .collect()
                })
                .collect(),
            per_class,
            labels,
            reliability: self.bins.iter().map(Sums::bin).collect(),
        }
    }

    fn cell(&self, truth: Expression, answer: Expression) -> u64 {
        self.confusion[truth as usize][answer as usize]
    }

    fn support(&self, truth: Expression) -> u64 {
        self.confusion[truth as usize].iter().sum::<u64>() + self.missed[truth as usize]
    }

    fn answered(&self, answer: Expression) -> u64 {
        Expression::ALL
            .into_iter()
            .map(|truth| self.cell(truth, answer))
            .sum()
    }

    fn class(&self, label: Expression) -> ClassScores {
        let right = self.cell(label, label) as f64;
        let (support, answered) = (self.support(label), self.answered(label));
        ClassScores {
            precision: ratio(right, answered as f64),
            recall: ratio(right, support as f64),
            f1: ratio(2.0 * right, (support + answered) as f64),
            support,
        }
    }
}

impl Sums {
    fn bin(&self) -> Bin {
        Bin {
            answers: self.answers,
            confidence: ratio(self.confidence, self.answers as f64),
            accuracy: ratio(self.right as f64, self.answers as f64),
        }
    }
}

/// The 95 % interval of a share (Wilson 1927, "Probable inference, the law of succession, and
/// statistical inference"); it stays within 0 and 1 and holds for small counts too.
fn wilson(part: f64, whole: f64) -> [f64; 2] {
    /// 95 % of a normal distribution lie within so many deviations.
    const Z: f64 = 1.959_964;
    if whole == 0.0 {
        return [0.0, 1.0];
    }
    let share = part / whole;
    let middle = (share + Z * Z / (2.0 * whole)) / (1.0 + Z * Z / whole);
    let spread = share * (1.0 - share) / whole + Z * Z / (4.0 * whole * whole);
    let reach = Z * spread.sqrt() / (1.0 + Z * Z / whole);
    [(middle - reach).max(0.0), (middle + reach).min(1.0)]
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// The mean of figures with their weights.
fn average(scores: &[(f64, ClassScores)]) -> Averages {
    let total: f64 = scores.iter().map(|(weight, _)| weight).sum();
    let mean = |value: fn(&ClassScores) -> f64| {
        ratio(
            scores
                .iter()
                .map(|(weight, scores)| weight * value(scores))
                .sum(),
            total,
        )
    };
    Averages {
        precision: mean(|scores| scores.precision),
        recall: mean(|scores| scores.recall),
        f1: mean(|scores| scores.f1),
    }
}

#[cfg(test)]
mod tests;
