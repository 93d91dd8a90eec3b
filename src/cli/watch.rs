//! `mien watch`: the live view without a window.

mod json;
#[cfg(test)]
mod sample;
mod view;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use mien::catalog::DEFAULT_MODEL;
use mien::observation::StageTimes;
use mien::pipeline::{Condition, Notice, Observe, Pipeline, Severity};
use mien::session;

use self::json::json_of;
use self::view::View;
use super::commands::{self, Line};
use super::printer::Printer;
use super::{LiveArgs, parts, say_what_is_recorded, stop_flag, where_it_runs};

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    live: LiveArgs,
    /// One JSON object per observation and line; `-` is stdout
    #[arg(long, value_name = "-", value_parser = ["-"])]
    json: Option<String>,
    /// Obey commands, one a line: model M, second M|none, use, provider P, source SOURCE, pause,
    /// resume, log DIR|off, mark TEXT, quit; `-` is stdin. Until stdin ends, the end of a source is
    /// not the end of the program
    #[arg(long, value_name = "-", value_parser = ["-"])]
    commands: Option<String>,
}

impl From<LiveArgs> for WatchArgs {
    fn from(live: LiveArgs) -> Self {
        Self {
            live,
            json: None,
            commands: None,
        }
    }
}

/// How often the terminal's view is drawn anew.
const REFRESH: Duration = Duration::from_millis(100);

/// How long a reader of JSON may take for a line at the end: when somebody has asked for the end, and
/// when the source has ended by itself.
const ASKED: Duration = Duration::from_secs(1);
const UNASKED: Duration = Duration::from_secs(10);

pub(super) fn run(args: &WatchArgs, quiet: bool) -> Result<()> {
    if let Some(folder) = args
        .live
        .source
        .as_deref()
        .map(Path::new)
        .and_then(session::folder_of)
    {
        let folder = folder.display();
        bail!("'{folder}' is a recorded session; `mien report {folder}` tells what it holds");
    }
    let (source, notice) = args.live.source()?;
    if let Some(notice) = notice
        && !quiet
    {
        eprintln!("{notice}.");
    }
    let stop = stop_flag()?;
    // One place: a waking while the one before has not been noticed adds nothing.
    let (waker, woken) = sync_channel(1);
    let wake = Arc::new(move || {
        let _full_is_fine = waker.try_send(());
    });
    let tally = Arc::new(Mutex::new(Tally::default()));
    let printer = match args.json {
        Some(_) => Some(Printer::start(Arc::clone(&stop))?),
        None => None,
    };
    let observe = observer(printer.clone(), Arc::clone(&tally));
    let model = args.live.model.as_deref().unwrap_or(DEFAULT_MODEL);
    let settings = args.live.settings(source, model, false);
    let mut pipeline = Pipeline::start(settings, parts(observe, wake))?;
    if let Some(log) = &args.live.log
        && !quiet
    {
        say_what_is_recorded(log);
    }
    if let Some(model) = pipeline.state().model
        && !quiet
    {
        let reason = model.provider_reason.as_deref();
        if let Some(text) = where_it_runs(&model.card.title, model.provider, reason) {
            eprintln!("{text}");
        }
    }
    let ended = follow(args, quiet, &pipeline, &woken, &stop);
    let saved = pipeline.end();
    for notice in pipeline.notices() {
        if is_said(&notice, quiet) {
            eprintln!("{}.", notice.text);
        }
    }
    if let Some(printer) = printer {
        let is_asked = stop.load(Ordering::SeqCst);
        let unprinted = printer.finish(if is_asked { ASKED } else { UNASKED });
        if unprinted > 0 {
            eprintln!("{unprinted} observations were not printed: they were read too slowly.");
        }
    }
    if let Ok(tally) = tally.lock() {
        log::info!("{tally}");
    }
    if let (Err(_), Err(unsaved)) = (&ended, &saved) {
        eprintln!("{unsaved}.");
    }
    ended?;
    if let Some(folder) = saved?
        && !quiet
    {
        eprintln!("Saved to {}.", folder.display());
    }
    Ok(())
}

fn is_said(notice: &Notice, quiet: bool) -> bool {
    !quiet || notice.severity == Severity::Error
}

/// Obeys and tells until the end.
fn follow(
    args: &WatchArgs,
    quiet: bool,
    pipeline: &Pipeline,
    woken: &Receiver<()>,
    stop: &AtomicBool,
) -> Result<()> {
    let mut view = View::new(args.json.is_some());
    let mut commands = match &args.commands {
        Some(_) => Some(commands::listen()?),
        None => None,
    };
    let seconds = args.live.seconds.map(Duration::from_secs);
    let deadline = seconds.map(|seconds| Instant::now() + seconds);

    while !stop.load(Ordering::SeqCst) && deadline.is_none_or(|end| Instant::now() < end) {
        let _nothing_new_is_fine = woken.recv_timeout(REFRESH);
        obey(&mut commands, pipeline, &mut view, stop)?;
        // Asked first: of an analysis that has ended the state says why.
        let runs = pipeline.is_running();
        let state = pipeline.state();
        for notice in pipeline.notices() {
            if is_said(&notice, quiet) {
                view.say(&notice.text)?;
            }
        }
        // Whoever sends commands is told, and names another source.
        let waits = runs && commands.is_some();
        match &state.condition {
            Condition::Failed(reason) if !waits => bail!("{reason}"),
            // A camera that never came is an error; one that went away is waited for.
            Condition::Gone(reason) if !waits && state.captured == 0 => bail!("{reason}"),
            _ if !runs => {
                bail!("the analysis stopped unexpectedly; run it again with -v to see why")
            }
            _ => {}
        }
        view.show(&state, pipeline.observation().as_deref())?;
        if !waits && state.condition == Condition::Ended {
            break;
        }
    }
    Ok(())
}

/// Hands on the commands that have come; `commands` becomes `None` when there will be no more.
fn obey(
    commands: &mut Option<Receiver<Result<Line, String>>>,
    pipeline: &Pipeline,
    view: &mut View,
    stop: &AtomicBool,
) -> io::Result<()> {
    while let Some(lines) = commands {
        match lines.try_recv() {
            Ok(Ok(Line::Command(command))) => pipeline.send(command),
            Ok(Ok(Line::Quit)) => stop.store(true, Ordering::SeqCst),
            Ok(Err(sentence)) => view.say(&sentence)?,
            Err(TryRecvError::Empty) => break,
            Err(TryRecvError::Disconnected) => *commands = None,
        }
    }
    Ok(())
}

/// Counts each observation, and hands it to the printer if there is one.
fn observer(printer: Option<Arc<Printer>>, tally: Arc<Mutex<Tally>>) -> Box<Observe> {
    Box::new(move |observation| {
        if let Ok(mut tally) = tally.lock() {
            tally.count(&observation.times);
        }
        if let Some(printer) = &printer {
            printer.print(format!("{}\n", json_of(observation)));
        }
    })
}

/// What the analysis took, all frames together.
#[derive(Debug, Default)]
struct Tally {
    frames: u32,
    times: StageTimes,
}

impl Tally {
    fn count(&mut self, times: &StageTimes) {
        self.frames += 1;
        self.times.shrink += times.shrink;
        self.times.detect += times.detect;
        self.times.crop += times.crop;
        self.times.classify += times.classify;
        self.times.track += times.track;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(self.frames.max(1));
        write!(
            formatter,
            "{} frames, each {:.2} ms on average: shrink {:.2}, detect {:.2}, crop {:.2}, classify {:.2}, track {:.2}",
            self.frames,
            millis(self.times.total()),
            millis(self.times.shrink),
            millis(self.times.detect),
            millis(self.times.crop),
            millis(self.times.classify),
            millis(self.times.track),
        )
    }
}
