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
