//! `mien analyze`: files, every frame, into sessions.

use std::io::{IsTerminal, stderr};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mien::analyzer::Analyzer;
use mien::batch::{Batch, Options, Outcome};
use mien::classifier::OnnxClassifier;
use mien::detector::SeetaDetector;
use mien::error::Error;
use mien::source::{self, CameraRequest, FrameSource, SourceSpec};

use super::{ModelArgs, catalog, stop_flag};

#[derive(Debug, Args)]
pub(super) struct AnalyzeArgs {
    /// Videos, pictures, and folders of pictures
    #[arg(value_name = "INPUT", required = true)]
    inputs: Vec<PathBuf>,
    /// Make a session folder for each input in DIR
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
    /// Analyse every Nth frame
    #[arg(long, value_name = "N", default_value = "1")]
    every: NonZeroU64,
    /// Stop after N analysed frames of each input
    #[arg(long, value_name = "N")]
    frames: Option<NonZeroU64>,
}

/// Analyses one input after another, goes on after a bad one, and lists the bad ones at the end.
pub(super) fn run(args: &AnalyzeArgs, quiet: bool) -> Result<()> {
    refuse_live(&args.inputs)?;
    let model = catalog().find(&args.model.model)?;
    let classifier = OnnxClassifier::load(&model, args.model.provider.provider)?;
    let options = Options {
        out: args.out.clone(),
        every: args.every,
        frames: args.frames,
        provider: classifier.provider(),
    };
    log::info!("{} on {}", model.card.name, classifier.provider());
    let analyzer = Analyzer::new(Box::new(SeetaDetector::new()?), Box::new(classifier));
    let stop = stop_flag()?;
    let mut batch = Batch::new(analyzer, options, &stop);

    let mut outcomes = Vec::new();
    let mut fatal = None;
    for input in &args.inputs {
        match analyze(&mut batch, input, args, quiet) {
            Ok(outcome) => outcomes.push((input.as_path(), outcome)),
            Err(error) => {
                fatal = Some(error.context(format!("stopped at '{}'", input.display())));
                break;
            }
        }
        if stop.load(Ordering::Relaxed) {
            if !quiet {
                eprintln!("Stopped; what was seen is on disk.");
            }
            break;
        }
    }
    print_summary(&outcomes);
    let failures = list_failures(&outcomes);
    fatal.map_or(failures, Err)
}

/// A camera has no end and the demo is no file: both are for `watch`.
fn refuse_live(inputs: &[PathBuf]) -> Result<()> {
    for input in inputs.iter().map(|input| input.to_string_lossy()) {
        if let Ok(SourceSpec::Camera(_) | SourceSpec::Demo) = SourceSpec::parse(&input) {
            bail!("analyze reads files; for '{input}' use `mien watch {input} --log DIR`");
        }
    }
    Ok(())
}

/// Opens and analyses one input. What is wrong with the input itself is in the outcome.
fn analyze(batch: &mut Batch, input: &Path, args: &AnalyzeArgs, quiet: bool) -> Result<Outcome> {
    let opened = open(input);
    let (spec, mut source) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            return Ok(Outcome {
                failures: vec![error],
                ..Outcome::default()
            });
        }
    };
    let bar = progress_bar(source.as_ref(), args, quiet);
    let outcome = batch.run(&spec, source.as_mut(), &mut |frames| {
        bar.set_position(frames);
    })?;
    bar.finish_and_clear();
    if !quiet && !stderr().is_terminal() {
        eprintln!(
            "{}: {} frames in {:.1} s",
            input.display(),
            outcome.frames,
            bar.elapsed().as_secs_f32()
        );
    }
    Ok(outcome)
}

fn open(input: &Path) -> Result<(SourceSpec, Box<dyn FrameSource>), Error> {
    let spec = SourceSpec::of_path(input)?;
    let source = source::open(&spec, &CameraRequest::default())?;
    Ok((spec, source))
}

/// Frames read, of how many if the source knows, and the time left.
fn progress_bar(source: &dyn FrameSource, args: &AnalyzeArgs, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let asked = args
        .frames
        .map(|frames| frames.get().saturating_mul(args.every.get()));
    let expected = match (source.expected_frames(), asked) {
        (Some(frames), Some(asked)) => Some(frames.min(asked)),
        (expected, asked) => expected.or(asked),
    };
    let (bar, template) = match expected {
        Some(frames) => (
            ProgressBar::new(frames),
            "{prefix} {wide_bar} {human_pos} of {human_len} frames, {per_sec}, {eta} left",
        ),
        None => (
            ProgressBar::no_length(),
            "{prefix} {spinner} {human_pos} frames, {per_sec}",
        ),
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_prefix(source.name().to_owned())
}

/// The result: one line for each session.
fn print_summary(outcomes: &[(&Path, Outcome)]) {
    let sessions: Vec<_> = outcomes
        .iter()
        .filter_map(|(input, outcome)| Some((input, outcome, outcome.folder.as_ref()?)))
        .collect();
    if sessions.is_empty() {
        return;
    }
    println!(
        "{:>8}  {:>11}  {:>6}  session",
        "frames", "with a face", "people"
    );
    for (input, outcome, folder) in sessions {
        println!(
            "{:>8}  {:>11}  {:>6}  {} (of {})",
            outcome.frames,
            outcome.frames_with_face,
            outcome.people.len(),
            folder.display(),
            input.display()
        );
    }
}

/// Says what could not be read; a single failure is the command's own error.
fn list_failures(outcomes: &[(&Path, Outcome)]) -> Result<()> {
    let failures: Vec<&Error> = outcomes
        .iter()
        .flat_map(|(_, outcome)| &outcome.failures)
        .collect();
    match failures[..] {
        [] => Ok(()),
        [only] => Err(anyhow!("{only}")),
        _ => {
            for failure in &failures {
                eprintln!("{failure}");
            }
            bail!(
                "{} files could not be read to their end; they are named above",
                failures.len()
            )
        }
    }
}
