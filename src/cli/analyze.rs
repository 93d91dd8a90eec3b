//! `mien analyze`: files, every frame, into sessions.

use std::io::{IsTerminal, stderr};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Once};
use std::time::Instant;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use mien::analyzer::Analyzer;
use mien::batch::{self, Batch, Ending, Item, Options, Outcome, SUMMARY_FILE, Summary};
use mien::classifier::OnnxClassifier;
use mien::detector::SeetaDetector;
use mien::error::Error;
use mien::source::{FrameSource, SourceSpec};

use super::{ModelArgs, catalog, stop_flag, tell_provider, warn_of};

#[derive(Debug, Args)]
pub(super) struct AnalyzeArgs {
    /// Videos, pictures, folders of pictures, and folders with all of these in them
    #[arg(value_name = "INPUT", required = true)]
    inputs: Vec<PathBuf>,
    /// Make a session folder for each in DIR, and a table of all, summary.csv. What is in a folder
    /// keeps its place in it
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Keep each INPUT's place below this folder
    #[arg(long, value_name = "FOLDER")]
    base: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// Analyse every Nth frame
    #[arg(long, value_name = "N", default_value = "1")]
    every: NonZeroU64,
    /// Stop after N analysed frames of each input
    #[arg(long, value_name = "N")]
    frames: Option<NonZeroU64>,
    /// Also write the video or picture with boxes, labels and the time, into the session folder
    #[arg(long)]
    annotated: bool,
    /// Hide the faces in it. A face that was not found is not hidden, and the sound stays: look
    /// through it before you pass it on
    #[arg(long, requires = "annotated")]
    blur: bool,
    /// Analyse N files side by side
    #[arg(long, value_name = "N", default_value = "1")]
    jobs: NonZeroUsize,
    /// Skip files whose session is complete, with the same model and settings and without an error;
    /// start the others over
    #[arg(long)]
    resume: bool,
}

/// Analyses all inputs, goes on after a bad one, and lists the bad ones at the end.
pub(super) fn run(args: &AnalyzeArgs, quiet: bool) -> Result<()> {
    refuse_live(&args.inputs)?;
    let model = catalog().find(&args.model.model)?;
    warn_of(&model)?;
    let items = batch::plan(&args.inputs, args.base.as_deref(), &args.out)?;
    let summary = Summary::open(&args.out)?;
    let options = Options {
        every: args.every,
        frames: args.frames,
        annotated: args.annotated,
        blur: args.blur,
        resume: args.resume,
    };
    let stop = stop_flag()?;
    let told = Once::new();
    let hire = || {
        let classifier = OnnxClassifier::load(&model, args.model.provider.provider)?;
        let provider = classifier.provider();
        told.call_once(|| tell_provider(&classifier, quiet));
        let analyzer = Analyzer::new(Box::new(SeetaDetector::new()?), Box::new(classifier));
        Ok((analyzer, provider))
    };

    let display = Display::new(args, items.len(), quiet);
    let mut outcomes = Vec::new();
    let mut fatal = None;
    batch::run_all(
        &items,
        args.jobs,
        &|| Batch::new(Arc::clone(&model.card), hire, options, &stop),
        &|source| display.begin(source),
        &mut |item, outcome| {
            match outcome {
                Ok(outcome) => {
                    summary.note(item, &outcome)?;
                    display.end(item, &outcome);
                    outcomes.push((item.path.as_path(), outcome));
                }
                Err(_) if fatal.is_some() => {}
                Err(error) => {
                    let error = anyhow::Error::new(error);
                    fatal = Some(match items[..] {
                        [_] => error,
                        _ => error.context(format!("stopped at '{}'", item.path.display())),
                    });
                }
            }
            Ok(())
        },
    )?;
    display.clear();
    if stop.load(Ordering::Relaxed) && !quiet {
        eprintln!("Stopped; what was seen is on disk.");
    }
    print_sessions(&outcomes, &args.out);
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

/// What is at work, on stderr: a bar for each file and, when there are several, one for all.
struct Display<'a> {
    args: &'a AnalyzeArgs,
    bars: MultiProgress,
    /// None for a single file.
    all: Option<ProgressBar>,
    begun: Instant,
    quiet: bool,
}

impl<'a> Display<'a> {
    fn new(args: &'a AnalyzeArgs, files: usize, quiet: bool) -> Self {
        let bars = MultiProgress::new();
        if quiet {
            bars.set_draw_target(ProgressDrawTarget::hidden());
        }
        let all = (files > 1).then(|| {
            let template = "{pos} of {len} files {wide_bar} {elapsed} gone";
            let all = ProgressBar::new(files as u64).with_style(style(template));
            bars.add(all)
        });
        Self {
            args,
            bars,
            all,
            begun: Instant::now(),
            quiet,
        }
    }

    /// A bar for a file that is being read: frames, of how many if it knows, and the time left.
    fn begin(&self, source: &dyn FrameSource) -> Box<dyn FnMut(u64)> {
        let asked =
            (self.args.frames).map(|frames| frames.get().saturating_mul(self.args.every.get()));
        let in_source = (!self.bars.is_hidden())
            .then(|| source.expected_frames())
            .flatten();
        let expected = match (in_source, asked) {
            (Some(frames), Some(asked)) => Some(frames.min(asked)),
            (expected, asked) => expected.or(asked),
        };
        let (bar, template) = match expected {
            Some(frames) => (
                ProgressBar::new(frames),
                "{prefix:.dim} {wide_bar} {human_pos} of {human_len} frames, {per_sec}, {eta} left",
            ),
            None => (
                ProgressBar::no_length(),
                "{prefix:.dim} {spinner} {human_pos} frames, {per_sec}",
            ),
        };
        let bar = bar
            .with_style(style(template))
            .with_prefix(shortened(source.name()))
            // The bar goes with the file.
            .with_finish(ProgressFinish::AndClear);
        let bar = match &self.all {
            Some(all) => self.bars.insert_before(all, bar),
            None => self.bars.add(bar),
        };
        Box::new(move |frames| bar.set_position(frames))
    }

    fn end(&self, item: &Item, outcome: &Outcome) {
        if let Some(all) = &self.all {
            all.inc(1);
        }
        if self.quiet || stderr().is_terminal() {
            return;
        }
        let path = item.path.display();
        if outcome.ending == Ending::Skipped {
            eprintln!("{path}: done before");
        } else {
            let seconds = self.begun.elapsed().as_secs_f32();
            eprintln!("{path}: {} frames, {seconds:.1} s gone", outcome.frames);
        }
    }

    fn clear(&self) {
        if let Some(all) = &self.all {
            all.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A name that leaves room for its bar: of a long one, the beginning and the end.
fn shortened(name: &str) -> String {
    const MOST: usize = 28;
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= MOST {
        return format!("{name:MOST$}");
    }
    let half = (MOST - 1) / 2;
    let beginning: String = letters[..MOST - 1 - half].iter().collect();
    let end: String = letters[letters.len() - half..].iter().collect();
    format!("{beginning}…{end}")
}

/// The result: one line for each new session.
fn print_sessions(outcomes: &[(&Path, Outcome)], out: &Path) {
    let skipped = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.ending == Ending::Skipped)
        .count();
    let sessions: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.ending != Ending::Skipped)
        .filter_map(|(input, outcome)| Some((input, outcome, outcome.folder.as_ref()?)))
        .collect();
    if !sessions.is_empty() {
        say!(
            "{:>8}  {:>11}  {:>6}  session",
            "frames",
            "with a face",
            "people"
        );
    }
    for (input, outcome, folder) in sessions {
        say!(
            "{:>8}  {:>11}  {:>6}  {} (of {})",
            outcome.frames,
            outcome.frames_with_face,
            outcome.people.len(),
            folder.display(),
            input.display()
        );
    }
    if skipped > 0 {
        say!("{skipped} done before and skipped");
    }
    if outcomes.len() > 1 {
        say!("All in one table: {}", out.join(SUMMARY_FILE).display());
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
            bail!("{} failures, named above", failures.len())
        }
    }
}
