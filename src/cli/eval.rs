//! `mien eval`: how good models are on labelled pictures.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mien::catalog::DEFAULT_MODEL;
use mien::classifier::OnnxClassifier;
use mien::detector::{FaceDetector, SeetaDetector};
use mien::evaluation::{Comparison, Contestant, Dataset, Evaluation, ModelScores, Usage};
use mien::evaluation::{evaluate, plot};

use super::{ProviderArgs, catalog, tell_provider, warn_of, write_json};

/// Pictures left out that are named; the rest is counted.
const NAMED: usize = 10;

/// The customary level below which a difference is not called chance.
const SIGNIFICANT: f64 = 0.05;

#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    /// A folder of folders named by expressions, a zip of one, or the challenge's fer2013.csv
    dataset: PathBuf,
    /// A name from `mien models list`, or the path of an .onnx file; repeat it to compare
    #[arg(long = "model", value_name = "M", default_value = DEFAULT_MODEL)]
    models: Vec<String>,
    #[command(flatten)]
    provider: ProviderArgs,
    /// Only this part; the pictures for testing otherwise
    #[arg(long, value_name = "Training|PublicTest|PrivateTest")]
    usage: Option<Usage>,
    /// Pictures are whole frames: find the face first (the largest); a missed one counts as wrong
    #[arg(long)]
    through_detector: bool,
    /// Write confusion matrices and charts as PNG into DIR
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Write the figures as JSON (-: to stdout, in place of the table)
    #[arg(long, value_name = "FILE")]
    json: Option<String>,
}

/// Shows the pictures to each model and prints how good it was.
pub(super) fn run(args: &EvalArgs, quiet: bool) -> Result<()> {
    let catalog = catalog();
    let mut contestants = Vec::new();
    for name in &args.models {
        let model = catalog.find(name)?;
        warn_of(&model)?;
        let classifier = OnnxClassifier::load(&model, args.provider.provider)?;
        tell_provider(&classifier, quiet);
        let provider = classifier.provider();
        contestants.push(Contestant::new(Box::new(classifier), provider));
    }
    let mut dataset = Dataset::open(&args.dataset, args.usage)?;
    let mut detector = args.through_detector.then(SeetaDetector::new).transpose()?;
    let detector = detector
        .as_mut()
        .map(|detector| detector as &mut dyn FaceDetector);
    let bar = progress_bar(dataset.len() as u64, quiet);
    let evaluation = evaluate(&mut dataset, &mut contestants, detector, &mut |done| {
        bar.set_position(done);
    })?;
    bar.finish_and_clear();

    if !quiet {
        report_skipped(&evaluation);
    }
    if args.json.as_deref() != Some("-") {
        print_table(&evaluation);
    }
    if let Some(folder) = &args.plots {
        plot(&evaluation, folder)?;
    }
    args.json
        .as_deref()
        .map_or(Ok(()), |target| write_json(target, &evaluation))
}

fn progress_bar(pictures: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let template = "{wide_bar} {human_pos} of {human_len} pictures, {eta} left";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(pictures).with_style(style)
}

fn report_skipped(evaluation: &Evaluation) {
    for label in &evaluation.empty_classes {
        eprintln!("No picture shows {label}: nothing is said about it.");
    }
    let pictures: u64 = evaluation
        .skipped
        .iter()
        .map(|skipped| skipped.pictures)
        .sum();
    if pictures == 0 {
        return;
    }
    eprintln!("{pictures} pictures were left out:");
    for skipped in evaluation.skipped.iter().take(NAMED) {
        eprintln!("  {skipped}");
    }
    if evaluation.skipped.len() > NAMED {
        eprintln!("  and {} more", evaluation.skipped.len() - NAMED);
    }
}

fn print_table(evaluation: &Evaluation) {
    say!("{}: {} pictures", evaluation.dataset, evaluation.n);
    let parts: Vec<String> = evaluation
        .parts
        .iter()
        .map(|(part, pictures)| format!("{pictures} of {part}"))
        .collect();
    match &parts[..] {
        [] => {}
        [part] => say!("  {part}"),
        several => say!(
            "  {}, counted together: --usage narrows it",
            several.join(" and ")
        ),
    }
    if evaluation.missed_faces > 0 {
        let missed = evaluation.missed_faces;
        let share = percent(missed as f64 / evaluation.n as f64);
        say!("no face was found in {missed} of them ({share}), which counts as wrong");
    }
    say!("");
    let width = evaluation
        .models
        .iter()
        .map(|model| model.name.chars().count())
        .max();
    let width = width.unwrap_or_default().max("model".len());
    say!(
        "{:width$}  provider  accuracy  (95 % interval)  balanced  macro F1    ECE  log loss  ms/face",
        "model"
    );
    for model in &evaluation.models {
        let scores = &model.scores;
        let [low, high] = scores.accuracy_interval.map(|share| 100.0 * share);
        say!(
            "{:width$}  {:8}  {:>8}  {:>15}  {:>8}  {:>8}  {:.3}  {:8.3}  {:7.2}",
            model.name,
            model.provider,
            percent(scores.accuracy),
            format!("{low:.1} – {high:.1} %"),
            percent(scores.balanced_accuracy),
            percent(scores.macro_average.f1),
            scores.ece,
            scores.log_loss,
            model.ms_per_face
        );
    }
    if evaluation.missed_faces > 0 {
        say!("\nRight answers among the faces that were found:");
        for model in &evaluation.models {
            let share = percent(model.scores.accuracy_found);
            say!("{:width$}  {share}", model.name);
        }
    }
    if !evaluation.comparisons.is_empty() {
        let test = match evaluation.comparisons.len() {
            1 => "McNemar's exact test".to_owned(),
            pairs => format!("McNemar's exact test, by Holm's correction for {pairs} pairs"),
        };
        say!("\nPictures on which only one of two models was right ({test}):");
        evaluation.comparisons.iter().for_each(print_comparison);
    }
    evaluation.models.iter().for_each(print_model);
}

fn print_comparison(comparison: &Comparison) {
    let Comparison {
        models: [first, second],
        only_first,
        only_second,
        p_holm: p,
        ..
    } = comparison;
    let verdict = if *p >= SIGNIFICANT {
        "the difference may be chance".to_owned()
    } else if only_first > only_second {
        format!("{first} is better")
    } else {
        format!("{second} is better")
    };
    say!("{first} {only_first}, {second} {only_second}: p = {p:.2e}, {verdict}");
}

fn print_model(model: &ModelScores) {
    let scores = &model.scores;
    say!("\n{}", model.name);
    say!("{:9}  precision    recall        F1  pictures", "");
    let row = |name: &str, precision: f64, recall: f64, f1: f64, support: &str| {
        say!(
            "{name:9}  {:>9}  {:>8}  {:>8}  {support:>8}",
            percent(precision),
            percent(recall),
            percent(f1)
        );
    };
    for (label, class) in &scores.per_class {
        let support = class.support.to_string();
        row(
            label.name(),
            class.precision,
            class.recall,
            class.f1,
            &support,
        );
    }
    for (name, average) in [
        ("macro", &scores.macro_average),
        ("weighted", &scores.weighted_average),
    ] {
        row(name, average.precision, average.recall, average.f1, "");
    }

    let cells = |cells: &[String]| -> String {
        let cells = cells.iter().map(|cell| format!("  {cell:>8}"));
        cells.collect()
    };
    let names: Vec<String> = scores.labels.iter().map(ToString::to_string).collect();
    say!("\n{:9}{}  ← answer", "truth", cells(&names));
    for (label, counts) in scores.labels.iter().zip(&scores.confusion) {
        let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
        say!("{label:9}{}", cells(&counts));
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
