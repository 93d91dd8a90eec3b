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
    fn the_interval_is_wilsons() {
        // Newcombe 1998, table I: 81 of 263, and 0 of 20.
        let [low, high] = wilson(81.0, 263.0);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5);
        let [low, high] = wilson(0.0, 20.0);
        assert!(low < 1e-9 && (high - 0.1611).abs() < 5e-5);
    }

    #[test]
    fn a_face_that_was_not_found_is_a_wrong_answer_without_confidence() {
        let mut tally = six_faces();
        let before = tally.scores();
        tally.miss(Happy);
        let scores = tally.scores();
        near(scores.accuracy, 4.0 / 7.0);
        near(scores.accuracy_found, before.accuracy);
        near(scores.ece, before.ece);
        near(scores.log_loss, before.log_loss);
        assert_eq!(scores.confusion, before.confusion);
        let happy = scores.per_class.iter().find(|(label, _)| *label == Happy);
        let happy = happy.unwrap().1;
        near(happy.recall, 2.0 / 4.0);
        near(happy.precision, 1.0);
        assert_eq!(happy.support, 4);
    }

    #[test]
    fn the_bins_say_how_sure_and_how_right_the_answers_in_them_were() {
        let scores = six_faces().scores();
        let full: Vec<&Bin> = scores
            .reliability
            .iter()
            .filter(|bin| bin.answers > 0)
            .collect();
        let [bin] = full[..] else {
            panic!("{:?}", scores.reliability)
        };
        assert_eq!(bin.answers, 6);
        near(bin.confidence, f64::from(0.9_f32));
        near(bin.accuracy, 4.0 / 6.0);
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
