//! The command line: one file per command. Results go to stdout, everything else to stderr.

#![expect(clippy::print_stderr, reason = "that is where a person is told")]

/// Prints a line of a result, as `println!` does, which would panic when nobody reads any more.
macro_rules! say {
    ($($part:tt)*) => {
        $crate::cli::print_line(format_args!($($part)*))
    };
}

mod analyze;
mod bench;
mod cameras;
mod commands;
mod doctor;
mod ending;
mod eval;
mod models;
mod printer;
mod report;
mod watch;
mod window;

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use log::LevelFilter;
use mien::catalog::{self, Catalog, Model};
use mien::classifier::{Classifier, OnnxClassifier};
use mien::detector::SeetaDetector;
use mien::pipeline::{LOAD_PATIENCE, Loaded, Observe, Parts, Settings, Wake};
use mien::runtime::ProviderChoice;
use mien::self_test;
use mien::source::{self, CameraRequest, SourceSpec};
use mien::tracker::CERTAIN;
use mien::words::LAW;
use serde::Serialize;

/// Facial expression recognition (emotion recognition), live, on your own machine.
#[derive(Debug, Parser)]
#[command(
    version,
    override_usage = "mien [OPTIONS] [SOURCE]\n       mien <COMMAND>"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    live: LiveArgs,
    /// Say less on stderr
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more on stderr; twice, even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch without a window: a live view in the terminal
    Watch(watch::WatchArgs),
    /// Analyse files, every frame, into session folders
    Analyze(analyze::AnalyzeArgs),
    /// Measure a model on labelled pictures
    Eval(eval::EvalArgs),
    /// Tell what a session holds: a page, or a table for other programs
    Report(report::ReportArgs),
    /// List the models, or show one
    Models(models::ModelsArgs),
    /// List the cameras with their formats
    Cameras(cameras::CamerasArgs),
    /// Say what is here and what is missing
    Doctor(doctor::DoctorArgs),
    /// Measure the time of each stage on this machine
    Bench(bench::BenchArgs),
}

/// What the window and `watch` share.
#[derive(Debug, Clone, Args)]
struct LiveArgs {
    /// camera (the default), camera:NAME-or-INDEX, a video, a picture, a folder of pictures, or demo
    #[arg(value_name = "SOURCE")]
    source: Option<String>,
    /// A name from `mien models list`, or the path of an .onnx file [default: mien-m; in the window,
    /// the one picked last]
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// A second model for the same faces; a recording holds its answers in second.csv
    #[arg(long, value_name = "M")]
    second: Option<String>,
    #[command(flatten)]
    provider: ProviderArgs,
    #[command(flatten)]
    faces: FaceArgs,
    /// Record from the start into a new session folder in DIR
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// End after N seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// What to ask the camera for, in pixels
    #[arg(long, value_name = "WxH")]
    size: Option<Size>,
    /// Frames a second to ask the camera for
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    fps: Option<u32>,
}

/// Which model, and where it runs.
#[derive(Debug, Clone, Args)]
struct ModelArgs {
    /// A name from `mien models list`, or the path of an .onnx file
    #[arg(long, value_name = "M", default_value = catalog::DEFAULT_MODEL)]
    model: String,
    #[command(flatten)]
    provider: ProviderArgs,
}

/// How faces are looked for.
#[derive(Debug, Clone, Args)]
struct FaceArgs {
    /// The smallest face to look for, as a share of the picture's width: smaller finds more and
    /// takes longer [default: 0.083 live and in videos, 0.025 in pictures]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    smallest_face: Option<f32>,
}

fn share(text: &str) -> Result<f32, String> {
    // Below, one picture takes seconds; above, no face fits.
    let sensible = 0.01..=0.9;
    let share = text.parse().ok().filter(|share| sensible.contains(share));
    share.ok_or_else(|| format!("'{text}' is no share from 0.01 to 0.9"))
}

/// Where a model runs.
#[derive(Debug, Clone, Args)]
struct ProviderArgs {
    /// auto tries CUDA, else the CPU; cuda fails if it cannot
    #[arg(long, value_name = "auto|cpu|cuda", default_value = "auto")]
    provider: ProviderChoice,
}

#[derive(Debug, Clone, Copy)]
struct Size(u32, u32);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split_once(['x', 'X', '×'])
            .and_then(|(width, height)| Some(Self(width.parse().ok()?, height.parse().ok()?)))
            .filter(|size| size.0 > 0 && size.1 > 0)
            .ok_or_else(|| format!("'{text}' is no size; write it as 640x480"))
    }
}

impl Arguments {
    /// Reads the command line, or ends with what is wrong with it. Only options that every command takes
    /// may stand before the command; others would be ignored there.
    pub fn read() -> Self {
        let mut usage = Self::command();
        let matches = usage.get_matches_mut();
        let stray = usage.get_arguments().find(|argument| {
            !argument.is_global_set()
                && matches.value_source(argument.get_id().as_str())
                    == Some(ValueSource::CommandLine)
        });
        if let (Some((command, _)), Some(stray)) = (matches.subcommand(), stray) {
            let text = format!("'{stray}' goes behind the command: mien {command} …");
            usage.error(ErrorKind::ArgumentConflict, text).exit();
        }
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Log lines go to stderr: warnings, unless the user wants less or more.
    pub fn start_log(&self) {
        let ours = match (self.quiet, self.verbose) {
            (true, _) => LevelFilter::Off,
            (false, 0) => LevelFilter::Warn,
            (false, 1) => LevelFilter::Info,
            (false, _) => LevelFilter::Debug,
        };
        env_logger::Builder::new()
            .filter_level(LevelFilter::Off)
            .filter_module("mien", ours)
            .format_timestamp_millis()
            .init();
    }
}

/// Runs what the arguments ask for.
pub fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        None => window::run(&arguments.live, arguments.quiet),
        Some(Command::Watch(args)) => watch::run(&args, arguments.quiet),
        Some(Command::Analyze(args)) => analyze::run(&args, arguments.quiet),
        Some(Command::Eval(args)) => eval::run(&args, arguments.quiet),
        Some(Command::Report(args)) => report::run(&args, arguments.quiet),
        Some(Command::Models(args)) => models::run(&args, arguments.quiet),
        Some(Command::Cameras(args)) => cameras::run(&args, arguments.quiet),
        Some(Command::Doctor(args)) => doctor::run(&args),
        Some(Command::Bench(args)) => bench::run(&args, arguments.quiet),
    }
}

/// One sentence, and its causes below.
pub fn print_error(error: &anyhow::Error) {
    eprintln!("mien: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}

/// Writes a line to stdout. A reader that has gone (`mien models list | head -1`) has all that it
/// wanted: the program ends as if it were done.
fn print_line(line: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(io::stdout().lock(), "{line}") {
        let error = anyhow::Error::new(error);
        if reader_is_gone(&error) {
            process::exit(0);
        }
        print_error(&error.context("the result cannot be printed"));
        process::exit(1);
    }
}

/// Whether a command failed only because nobody reads its output any more.
pub fn reader_is_gone(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Set by Ctrl-C and by the system's request to end; a second Ctrl-C ends at once.
fn stop_flag() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ending::on_request(move || flag.store(true, Ordering::SeqCst))
        .context("Ctrl-C cannot be caught")?;
    Ok(stop)
}

/// Writes facts for machines to a file, or to stdout for `-`.
fn write_json(target: &str, value: &impl Serialize) -> Result<()> {
    let mut output: Box<dyn Write> = if target == "-" {
        Box::new(io::stdout().lock())
    } else {
        Box::new(File::create(target).with_context(|| format!("cannot write '{target}'"))?)
    };
    serde_json::to_writer_pretty(&mut output, value)
        .map_err(io::Error::from)
        .and_then(|()| writeln!(output))
        .with_context(|| format!("cannot write '{target}'"))
}

impl LiveArgs {
    /// Where to look: with no camera and none named, the demo, and a sentence that says so. A log
    /// is never filled with the demo unless it was asked for.
    fn source(&self) -> Result<(SourceSpec, Option<String>)> {
        let spec = match &self.source {
            Some(source) => SourceSpec::parse(source)?,
            None if self.log.is_some() => SourceSpec::Camera(None),
            None => {
                let cameras = source::camera::list();
                if cameras.is_ok_and(|cameras| !cameras.is_empty()) {
                    SourceSpec::Camera(None)
                } else {
                    let text =
                        "No camera was found, so this is the demo: an averaged face, nobody's";
                    return Ok((SourceSpec::Demo, Some(text.to_owned())));
                }
            }
        };
        Ok((spec, None))
    }

    fn settings(&self, source: SourceSpec, model: &str, loops: bool) -> Settings {
        Settings {
            source,
            camera: CameraRequest {
                size: self.size.map(|Size(width, height)| (width, height)),
                fps: self.fps,
            },
            model: model.to_owned(),
            second: self.second.clone(),
            certain: CERTAIN,
            provider: self.provider.provider,
            log: self.log.clone(),
            smallest_face: self.faces.smallest_face,
            loops,
        }
    }
}

/// Says what a recording is, in a line, as the window does before the first one.
fn say_what_is_recorded(log: &Path) {
    eprintln!(
        "Recording to {}: numbers, names of expressions and files, your markers, no picture; on this \
         machine only. Ask people before you record them. {LAW}",
        log.display()
    );
}

/// The user's and the built-in models.
fn catalog() -> Catalog {
    Catalog::new(Catalog::default_folder())
}

/// Says what speaks against a model. To be asked before it is loaded: it may crash.
fn warn_of(model: &Model) -> Result<()> {
    if let Some(doubt) = self_test::doubt(model)? {
        eprintln!("'{}' should not be trusted: {doubt}.", model.card.title);
    }
    Ok(())
}

/// Says that a model runs on a GPU, or why it does not, when it might have.
fn tell_provider(classifier: &OnnxClassifier, quiet: bool) {
    let (provider, reason) = (classifier.provider(), classifier.provider_reason());
    if let Some(text) = where_it_runs(&classifier.card().title, provider, reason)
        && !quiet
    {
        eprintln!("{text}");
    }
}

/// Where a model runs; `None` on a CPU that was asked for.
fn where_it_runs(model: &str, provider: &str, reason: Option<&str>) -> Option<String> {
    match reason {
        Some(reason) => Some(format!("'{model}' runs on the {provider}: {reason}.")),
        None => (provider != "CPU").then(|| format!("'{model}' runs on {provider}.")),
    }
}

/// The parts that the program ships.
fn parts(observe: Box<Observe>, wake: Arc<Wake>) -> Parts {
    let catalog = catalog();
    Parts {
        open: Arc::new(source::open),
        detector: Box::new(|| Ok(Box::new(SeetaDetector::new()?))),
        load: Arc::new(move |name, choice| {
            let model = catalog.find(name)?;
            // Before it is loaded here: it may crash.
            let doubt = self_test::doubt(&model)?;
            let classifier = OnnxClassifier::load(&model, choice)?;
            Ok(Loaded {
                doubt,
                provider: classifier.provider(),
                provider_reason: classifier.provider_reason().map(str::to_owned),
                classifier: Box::new(classifier),
            })
        }),
        load_patience: LOAD_PATIENCE,
        observe,
        wake,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_model_runs_is_told_unless_it_was_asked_for() {
        let told = |provider, reason| where_it_runs("Mine", provider, reason);
        assert_eq!(told("CUDA", None).unwrap(), "'Mine' runs on CUDA.");
        assert_eq!(
            told("CPU", Some("there is no GPU")).unwrap(),
            "'Mine' runs on the CPU: there is no GPU."
        );
        assert_eq!(told("CPU", None), None);
    }
}
