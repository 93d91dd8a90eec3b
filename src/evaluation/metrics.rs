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

/// All figures of one model on one data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// Share of right answers.
    pub accuracy: f64,
    /// Mean recall over the expressions that occur.
    pub balanced_accuracy: f64,
    /// Mean of −ln of the probability given to the truth.
    pub log_loss: f64,
    /// Expected calibration error: how far confidence and accuracy are apart, over 15 equal bins of
    /// confidence, weighted by the faces in them.
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
    /// Rows: truth, columns: answer.
    pub confusion: Vec<Vec<u64>>,
}

fn as_map<S: Serializer>(
    per_class: &[(Expression, ClassScores)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(per_class.iter().map(|(label, scores)| (label, scores)))
}

/// Answers within one range of confidence.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    right: f64,
    confidence: f64,
}

/// Counts answers against the truth.
#[derive(Debug, Clone)]
pub struct Tally {
    known: Vec<Expression>,
    /// Rows: truth, columns: answer, both in the order of [`Expression::ALL`].
    confusion: [[u64; CLASSES]; CLASSES],
    bins: [Bin; ECE_BINS],
    log_loss: f64,
}

impl Tally {
    /// A tally of nothing, for a model that knows these expressions.
    #[must_use]
    pub fn new(known: &[Expression]) -> Self {
        Self {
            known: known.to_vec(),
            confusion: Default::default(),
            bins: Default::default(),
            log_loss: 0.0,
        }
    }

    /// Counts one answer.
    pub fn add(&mut self, truth: Expression, answer: &Probabilities) {
        let (label, confidence) = answer.top();
        self.confusion[truth as usize][label as usize] += 1;
        let bin = ((confidence * ECE_BINS as f32) as usize).min(ECE_BINS - 1);
        self.bins[bin].right += f64::from(u8::from(label == truth));
        self.bins[bin].confidence += f64::from(confidence);
        self.log_loss -= f64::from(answer.of(truth)).max(LEAST_PROBABILITY).ln();
    }

    /// How many answers were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.confusion.iter().flatten().sum()
    }

    /// The figures. All are 0 when nothing was counted.
    #[must_use]
    pub fn scores(&self) -> Scores {
        let count = self.count();
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
            .map(|bin| (bin.right - bin.confidence).abs())
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
            accuracy: ratio(right as f64, count as f64),
            balanced_accuracy: average(&scores_where(&occurs)).recall,
            log_loss: ratio(self.log_loss, count as f64),
            ece: ratio(gaps, count as f64),
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
        }
    }

    fn cell(&self, truth: Expression, answer: Expression) -> u64 {
        self.confusion[truth as usize][answer as usize]
    }

    fn support(&self, truth: Expression) -> u64 {
        self.confusion[truth as usize].iter().sum()
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
mod tests {
    use super::*;
    use Expression::{Angry, Contempt, Happy, Neutral, Sad};

    const KNOWN: [Expression; 4] = [Happy, Sad, Neutral, Angry];

    /// An answer with this probability for one expression, the rest for another.
    fn sure(label: Expression, confidence: f32, rest: Expression) -> Probabilities {
        Probabilities::from_distribution(&[label, rest], &[confidence, 1.0 - confidence]).unwrap()
    }

    /// Three happy faces (one taken for sad), two sad ones (one for neutral), a neutral one.
    fn six_faces() -> Tally {
        let mut tally = Tally::new(&KNOWN);
        for (truth, answer) in [
            (Happy, Happy),
            (Happy, Happy),
            (Happy, Sad),
            (Sad, Sad),
            (Sad, Neutral),
            (Neutral, Neutral),
        ] {
            tally.add(truth, &sure(answer, 0.9, Angry));
        }
        tally
    }

    #[track_caller]
    fn near(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-6, "{left} is not {right}");
    }

    #[test]
    fn the_figures_of_six_faces_equal_those_worked_out_by_hand() {
        let scores = six_faces().scores();
        near(scores.accuracy, 4.0 / 6.0);
        near(
            scores.balanced_accuracy,
            (2.0 / 3.0 + 1.0 / 2.0 + 1.0) / 3.0,
        );
        let happy = scores
            .per_class
            .iter()
            .find(|(label, _)| *label == Happy)
            .unwrap()
            .1;
        near(happy.precision, 1.0);
        near(happy.recall, 2.0 / 3.0);
        near(happy.f1, 0.8);
        assert_eq!(happy.support, 3);
        near(scores.macro_average.precision, (1.0 + 0.5 + 0.5) / 3.0);
        near(scores.macro_average.f1, (0.8 + 0.5 + 2.0 / 3.0) / 3.0);
        near(
            scores.weighted_average.f1,
            (3.0 * 0.8 + 2.0 * 0.5 + 2.0 / 3.0) / 6.0,
        );
        // A known identity: recall weighted by support is the accuracy.
        near(scores.weighted_average.recall, scores.accuracy);
    }

    #[test]
    fn the_confusion_has_the_truth_in_rows_and_the_answer_in_columns() {
        let scores = six_faces().scores();
        assert_eq!(scores.labels, [Angry, Happy, Sad, Neutral]);
        let expected = [[0, 0, 0, 0], [0, 2, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]];
        assert_eq!(scores.confusion, expected);
    }

    #[test]
    fn an_expression_that_never_occurs_and_is_never_answered_spoils_no_average() {
        let mut tally = Tally::new(&KNOWN);
        tally.add(Happy, &sure(Happy, 0.9, Sad));
        let scores = tally.scores();
        near(scores.macro_average.f1, 1.0);
        near(scores.balanced_accuracy, 1.0);
    }

    #[test]
    fn an_expression_that_the_model_does_not_know_is_missed_not_forgotten() {
        let mut tally = six_faces();
        tally.add(Contempt, &sure(Neutral, 0.9, Angry));
        let scores = tally.scores();
        near(scores.accuracy, 4.0 / 7.0);
        assert_eq!(scores.labels.last(), Some(&Contempt));
        near(scores.per_class.last().unwrap().1.recall, 0.0);
    }

    #[test]
    fn the_log_loss_is_the_mean_surprise_and_never_infinite() {
        let mut tally = Tally::new(&KNOWN);
        tally.add(Happy, &sure(Happy, 0.5, Sad));
        tally.add(Happy, &sure(Sad, 0.75, Happy));
        near(tally.scores().log_loss, 1.5 * 2.0_f64.ln());
        tally.add(Neutral, &sure(Sad, 0.75, Happy));
        near(
            tally.scores().log_loss,
            (3.0 * 2.0_f64.ln() + 23.0 * 2.0_f64.ln()) / 3.0,
        );
    }

    #[test]
    fn the_calibration_error_is_the_gap_of_each_bin_weighted_by_its_faces() {
        let mut tally = Tally::new(&KNOWN);
        tally.add(Happy, &sure(Happy, 0.9, Sad));
        tally.add(Sad, &sure(Happy, 0.9, Neutral));
        tally.add(Happy, &sure(Happy, 0.65, Sad));
        // Two faces at 90 % of which half are right, one at 65 % that is right.
        near(tally.scores().ece, (2.0 * 0.4 + 0.35) / 3.0);
        tally.add(Happy, &sure(Happy, 1.0, Sad));
        near(tally.scores().ece, (2.0 * 0.4 + 0.35) / 4.0);
    }

    #[test]
    fn nothing_counted_gives_zeros_not_nans() {
        let scores = Tally::new(&KNOWN).scores();
        near(
            scores.accuracy + scores.log_loss + scores.ece + scores.macro_average.f1,
            0.0,
        );
    }

    #[test]
    fn the_json_has_the_classes_by_name_in_the_order_of_the_labels() {
        let json = serde_json::to_string(&six_faces().scores()).unwrap();
        let (angry, happy) = (
            json.find("\"angry\":{").unwrap(),
            json.find("\"happy\":{").unwrap(),
        );
        assert!(
            angry < happy && json.contains("\"macro\":{\"precision\":"),
            "{json}"
        );
    }
}
