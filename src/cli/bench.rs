//! `mien bench`: what each stage takes on this machine, and what comes of it.

mod figures;

use std::num::NonZeroU64;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, process};

use anyhow::{Context, Result, bail};
use clap::Args;
use mien::analyzer::Analyzer;
use mien::batch::{Batch, Hired, Item, Options};
use mien::card::ModelCard;
use mien::catalog::Model;
use mien::classifier::OnnxClassifier;
use mien::detector::SeetaDetector;
use mien::pipeline::{Condition, Pipeline, Settings};
use mien::session::SessionWriter;
use mien::source::{self, CameraRequest, FrameSource, SourceSpec};
use mien::tracker::CERTAIN;
use serde::Serialize;

use self::figures::{Laps, Millis, Throughput, cpu_time, peak_memory};
use super::{ModelArgs, catalog, parts, stop_flag, tell_provider, warn_of, write_json};

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// A video, a picture, a folder of pictures, or demo
    #[arg(value_name = "INPUT", default_value = "demo")]
    input: String,
    #[command(flatten)]
    model: ModelArgs,
    /// Stop after N frames
    #[arg(long, value_name = "N")]
    frames: Option<NonZeroU64>,
    /// Write the same for machines to FILE; - is stdout
    #[arg(long, value_name = "FILE")]
    json: Option<String>,
}

/// How long the live view runs.
const LIVE: Duration = Duration::from_secs(5);

/// How soon Ctrl-C is noticed meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// All that was measured.
#[derive(Debug, Serialize)]
struct Report {
    mien: &'static str,
    input: String,
    model: String,
    provider: &'static str,
    cores: usize,
    frames: u64,
    frames_with_face: u64,
    /// From the program's start to the first labelled frame, in milliseconds.
    startup_ms: f64,
    /// In milliseconds, by the stages' names in the order of their work.
    stages: Vec<(&'static str, Millis)>,
    one_thread: Throughput,
    as_shipped: Throughput,
    /// From capture to label in the live view, in milliseconds.
    delay_ms: Millis,
    /// Of this process; `None` where the system does not tell.
    peak_memory_mb: Option<f64>,
}

pub(super) fn run(args: &BenchArgs, quiet: bool) -> Result<()> {
    let began = Instant::now();
    let spec = SourceSpec::parse(&args.input)?;
    if spec.is_camera() {
        bail!("a camera sets its own pace; bench measures a file or the demo");
    }
    let tell = |what: &str| {
        if !quiet {
            eprintln!("{what}");
        }
    };
    // Ended by Ctrl-C, the program would leave the folder behind.
    let stop = stop_flag()?;
    let folder = Workplace::make()?;
    let model = catalog().find(&args.model.model)?;
    warn_of(&model)?;
    let (analyzer, provider) = analyzer(&model, args, quiet)?;
    let mut one = OneThread::new(analyzer, began);
    tell("One thread, stage by stage");
    let one_thread = timed(&stop, || one.run(&spec, &folder.0, args.frames, &stop))?;

    tell("As `mien analyze` does it");
    let as_shipped = timed(&stop, || as_shipped(&model, args, &spec, &folder.0, &stop))?;
    tell("Live, for five seconds");
    let delay = live(&spec, args, &stop)?;

    let report = Report {
        mien: env!("CARGO_PKG_VERSION"),
        input: spec.to_string(),
        model: model.card.name.to_string(),
        provider,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        frames: one.frames,
        frames_with_face: one.frames_with_face,
        startup_ms: one.startup.as_secs_f64() * 1e3,
        stages: one.laps.stages(),
        one_thread,
        as_shipped,
        delay_ms: delay,
        peak_memory_mb: peak_memory(),
    };
    match args.json.as_deref() {
        Some("-") => write_json("-", &report),
        target => {
            print(&report);
            target.map_or(Ok(()), |target| write_json(target, &report))
        }
    }
}

fn analyzer(model: &Model, args: &BenchArgs, quiet: bool) -> mien::error::Result<Hired> {
    let classifier = OnnxClassifier::load(model, args.model.provider.provider)?;
    tell_provider(&classifier, quiet);
    let provider = classifier.provider();
    let analyzer = Analyzer::new(Box::new(SeetaDetector::new()?), Box::new(classifier));
    Ok((analyzer, provider))
}

/// Measures some work on so many frames, all of them.
fn timed(stop: &AtomicBool, work: impl FnOnce() -> Result<u64>) -> Result<Throughput> {
    let (began, cpu) = (Instant::now(), cpu_time());
    let frames = work()?;
    go_on(stop)?;
    Ok(Throughput::new(frames, began.elapsed(), cpu, cpu_time()))
}

/// What was measured of a part is the figure of nothing.
fn go_on(stop: &AtomicBool) -> Result<()> {
    if stop.load(Ordering::Relaxed) {
        bail!("it was stopped before all was measured");
    }
    Ok(())
}

/// Every stage of every frame, one after another on this thread.
struct OneThread {
    analyzer: Analyzer,
    began: Instant,
    /// From the beginning to the first frame with a label.
    startup: Duration,
    frames: u64,
    frames_with_face: u64,
    laps: Laps,
}

impl OneThread {
    fn new(analyzer: Analyzer, began: Instant) -> Self {
        Self {
            analyzer,
            began,
            startup: Duration::ZERO,
            frames: 0,
            frames_with_face: 0,
            laps: Laps::default(),
        }
    }

    fn run(
        &mut self,
        spec: &SourceSpec,
        folder: &Path,
        most: Option<NonZeroU64>,
        stop: &AtomicBool,
    ) -> Result<u64> {
        let mut source = open(spec, self.analyzer.classifier().card())?;
        let mut session = SessionWriter::create(folder, "one-thread", serde_json::Value::Null)?;
        session.source(spec.kind(), source.name(), &spec.to_string())?;
        let most = most.map_or(u64::MAX, NonZeroU64::get);
        while self.frames < most && !stop.load(Ordering::Relaxed) {
            let began = Instant::now();
            let Some(frame) = source.next_frame()? else {
                break;
            };
            let decode = began.elapsed();
            let observation = self.analyzer.analyze(Arc::new(frame))?;
            let logged = Instant::now();
            session.write(&observation)?;
            let log = logged.elapsed();
            self.frames += 1;
            if !observation.faces.is_empty() {
                if self.frames_with_face == 0 {
                    self.startup = self.began.elapsed();
                }
                self.frames_with_face += 1;
            }
            self.laps.add(decode, &observation.times, log);
        }
        session.finish(self.frames, 0)?;
        Ok(self.frames)
    }
}

/// As `mien analyze` opens it.
fn open(spec: &SourceSpec, card: &ModelCard) -> mien::error::Result<Box<dyn FrameSource>> {
    if card.wants_colors() {
        source::open(spec, &CameraRequest::default())
    } else {
        source::open_grey(spec)
    }
}

/// The work of `mien analyze` on one file, without its start.
fn as_shipped(
    model: &Model,
    args: &BenchArgs,
    spec: &SourceSpec,
    folder: &Path,
    stop: &AtomicBool,
) -> Result<u64> {
    let options = Options {
        every: NonZeroU64::MIN,
        frames: args.frames,
        annotated: false,
        blur: false,
        resume: false,
    };
    let already_told = true;
    let hire = || analyzer(model, args, already_told);
    let mut source = open(spec, &model.card)?;
    let item = Item::new(Path::new("as-shipped"), folder.to_owned());
    let mut batch = Batch::new(Arc::clone(&model.card), hire, options, stop);
    let outcome = batch.run(&item, spec, source.as_mut(), &mut |_| {})?;
    match outcome.failures.into_iter().next() {
        Some(failure) => Err(failure.into()),
        None => Ok(outcome.frames),
    }
}

/// From capture to label, in the pipeline of the window.
fn live(spec: &SourceSpec, args: &BenchArgs, stop: &AtomicBool) -> Result<Millis> {
    let delays = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&delays);
    let settings = Settings {
        source: spec.clone(),
        camera: CameraRequest::default(),
        model: args.model.model.clone(),
        second: None,
        certain: CERTAIN,
        provider: args.model.provider.provider,
        log: None,
        smallest_face: None,
        loops: true,
    };
    let observe = Box::new(move |observation: &mien::observation::Observation| {
        if let Ok(mut delays) = heard.lock() {
            delays.push(observation.frame.captured.elapsed());
        }
    });
    let pipeline = Pipeline::start(settings, parts(observe, Arc::new(|| {})))?;
    let began = Instant::now();
    while began.elapsed() < LIVE {
        go_on(stop)?;
        std::thread::sleep(LOOK);
    }
    if let Condition::Failed(reason) = pipeline.state().condition {
        bail!("{reason}");
    }
    drop(pipeline);
    let delays = delays.lock().map(|mut delays| std::mem::take(&mut *delays));
    Ok(Millis::of(delays.unwrap_or_default()))
}

fn print(report: &Report) {
    let Report {
        input,
        model,
        provider,
        cores,
        frames,
        frames_with_face,
        ..
    } = report;
    say!("{input}: {frames} frames, {frames_with_face} with a face; {model} on {provider}");
    say!(
        "\n{:<16} {:>8} {:>8} {:>8}  ms",
        "stage",
        "median",
        "95 %",
        "99 %"
    );
    for (name, millis) in &report.stages {
        say!("{name:<16} {millis}");
    }
    say!("\n{:<16} {:>12} {:>20}", "", "frames/s", "CPU ms/frame");
    say!("{:<16} {}", "one thread", report.one_thread);
    say!("{:<16} {}", format!("{cores} cores"), report.as_shipped);
    say!("\nfirst label after {:.0} ms", report.startup_ms);
    say!(
        "capture to label {:.1} ms, 99 % within {:.1} ms",
        report.delay_ms.median,
        report.delay_ms.p99
    );
    match report.peak_memory_mb {
        Some(memory) => say!("peak memory {memory:.0} MB"),
        None => say!("peak memory is not known here"),
    }
}

/// A folder for the logs, gone with this value.
struct Workplace(std::path::PathBuf);

impl Workplace {
    fn make() -> Result<Self> {
        let path = env::temp_dir().join(format!("mien-bench-{}", process::id()));
        // Not one that is there: it may be somebody else's.
        fs::create_dir(&path).with_context(|| format!("cannot make '{}'", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            log::warn!("'{}' is left over: {error}", self.0.display());
        }
    }
}
