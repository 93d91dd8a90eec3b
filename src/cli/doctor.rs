//! `mien doctor`: what is here, what is missing, and what to do about it.

use std::env::consts;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use mien::app::{Display, display};
use mien::catalog::{Catalog, DEFAULT_MODEL};
use mien::classifier::{Classifier, OnnxClassifier};
use mien::crop::Crop;
use mien::detector::SeetaDetector;
use mien::error::Error;
use mien::runtime::{ProviderChoice, Runtime, data_folder};
use mien::source::camera;
use serde::Serialize;

use super::{catalog, write_json};

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Write it for machines to FILE; - is stdout
    #[arg(long, value_name = "FILE")]
    json: Option<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    mien: &'static str,
    platform: String,
    items: Vec<Item>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Item {
    name: &'static str,
    state: State,
    /// What was found, or what is wrong and what to do.
    detail: String,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Missing,
    Broken,
}

impl Item {
    fn new(name: &'static str, found: mien::error::Result<String>) -> Self {
        let (state, detail) = match found {
            Ok(detail) => (State::Ok, detail),
            Err(
                error @ (Error::RuntimeBroken { .. }
                | Error::BadModel { .. }
                | Error::BadAnswer { .. }
                | Error::Detector(_)),
            ) => (State::Broken, error.to_string()),
            Err(Error::CudaUnavailable { reason }) => (State::Missing, reason),
            Err(error) => (State::Missing, error.to_string()),
        };
        Self {
            name,
            state,
            detail,
        }
    }

    fn missing(name: &'static str, why: &str) -> Self {
        Self {
            name,
            state: State::Missing,
            detail: why.to_owned(),
        }
    }
}

pub(super) fn run(args: &DoctorArgs) -> Result<()> {
    let report = Report {
        mien: env!("CARGO_PKG_VERSION"),
        platform: format!("{} {}", consts::OS, consts::ARCH),
        items: examine(),
    };
    if let Some(target) = &args.json {
        return write_json(target, &report);
    }
    say!("Mien {} on {}", report.mien, report.platform);
    for Item {
        name,
        state,
        detail,
    } in &report.items
    {
        let state = match state {
            State::Ok => "ok",
            State::Missing => "missing",
            State::Broken => "broken",
        };
        say!("{state:<8} {name:<13} {detail}");
    }
    Ok(())
}

fn examine() -> Vec<Item> {
    let catalog = catalog();
    let mut items = vec![Item::new("ONNX Runtime", runtime())];
    if Runtime::start().is_ok() {
        items.push(Item::new("CUDA", cuda(&catalog)));
        items.push(Item::new("speed", speed(&catalog)));
    } else {
        items.extend(["CUDA", "speed"].map(|name| Item::missing(name, "needs ONNX Runtime")));
    }
    items.push(Item::new("models", Ok(names(&catalog))));
    items.extend(
        catalog
            .broken()
            .into_iter()
            .map(|error| Item::new("models", Err(error))),
    );
    let detector = SeetaDetector::new().map(|_| "SeetaFace, built in".to_owned());
    items.push(Item::new("detector", detector));
    items.push(Item::new("cameras", cameras()));
    items.push(match display() {
        Some(Display::Here) => Item::new("display", Ok("there is one for the window".to_owned())),
        Some(Display::Elsewhere) => Item::new(
            "display",
            Ok("DISPLAY names one on another machine, which was not asked".to_owned()),
        ),
        None => Item::missing(
            "display",
            "there is none, so `mien` goes on as `mien watch` in the terminal",
        ),
    });
    items.extend(["ffmpeg", "ffprobe"].map(|program| Item::new(program, version(program))));
    items.push(match data_folder() {
        Some(folder) => Item::new("data folder", Ok(folder.display().to_string())),
        None => Item::missing(
            "data folder",
            "there is no home for models of your own; set HOME",
        ),
    });
    items
}

fn runtime() -> mien::error::Result<String> {
    let runtime = Runtime::start()?;
    Ok(format!(
        "{} at {}",
        runtime.version(),
        runtime.path().display()
    ))
}

/// Whether the default model runs on CUDA, or why not.
fn cuda(catalog: &Catalog) -> mien::error::Result<String> {
    OnnxClassifier::load(&catalog.find(DEFAULT_MODEL)?, ProviderChoice::Cuda)?;
    Ok("works".to_owned())
}

/// How long the default model takes for a face on one thread of the CPU.
fn speed(catalog: &Catalog) -> mien::error::Result<String> {
    let mut classifier = OnnxClassifier::load(&catalog.find(DEFAULT_MODEL)?, ProviderChoice::Cpu)?;
    let input = classifier.card().input;
    let (height, width, channels) = (input.height, input.width, input.channels);
    let pixels = (0..height * width * channels)
        .map(|position| (position % 256) as u8)
        .collect();
    let crop = [Crop {
        height,
        width,
        channels,
        pixels,
    }];
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..21 {
        let start = Instant::now();
        classifier.classify(&crop)?;
        times.push(start.elapsed());
    }
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok(format!(
        "{DEFAULT_MODEL} takes {:.2} ms a face on one core",
        median.as_secs_f64() * 1e3
    ))
}

fn names(catalog: &Catalog) -> String {
    let models = catalog.list();
    models
        .iter()
        .map(|model| &*model.card.name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn cameras() -> mien::error::Result<String> {
    let cameras = camera::list()?;
    if cameras.is_empty() {
        return Err(Error::NoCamera);
    }
    let names: Vec<String> = cameras
        .into_iter()
        .map(|camera| match camera.trouble {
            Some(trouble) => format!("{} ({trouble})", camera.name),
            None => camera.name,
        })
        .collect();
    Ok(names.join(", "))
}

/// The first line that a program of ffmpeg's says about itself.
fn version(program: &'static str) -> mien::error::Result<String> {
    let output = Command::new(program)
        .arg("-version")
        .output()
        .ok()
        .filter(|output| output.status.success())
        .ok_or(Error::FfmpegMissing(program))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default();
    Ok(line
        .split(" Copyright")
        .next()
        .unwrap_or_default()
        .to_owned())
}
