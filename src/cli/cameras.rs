//! `mien cameras`: what is connected and what it offers.

use anyhow::Result;
use clap::Args;
use mien::source::camera::{self, CameraInfo};

use super::write_json;

#[derive(Debug, Args)]
pub(super) struct CamerasArgs {
    /// Write them for machines to FILE; - is stdout
    #[arg(long, value_name = "FILE")]
    json: Option<String>,
}

pub(super) fn run(args: &CamerasArgs, quiet: bool) -> Result<()> {
    let cameras = camera::list()?;
    // No camera is an answer, not a failure.
    if cameras.is_empty() && !quiet {
        eprintln!("No camera was found. Plug one in, or look at `demo`, a video or pictures.");
    }
    if let Some(target) = &args.json {
        return write_json(target, &cameras);
    }
    for camera in &cameras {
        say!("{}  {}", camera.index, camera.name);
        if let Some(trouble) = &camera.trouble {
            say!("   {trouble}");
        }
        for line in formats(camera) {
            say!("   {line}");
        }
    }
    Ok(())
}

/// One line for each packing and size, with all its rates.
fn formats(camera: &CameraInfo) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for format in &camera.formats {
        let size = format!("{} {}×{}", format.pixels, format.width, format.height);
        let rate = format.fps.to_string();
        match lines.iter_mut().find(|(of, _)| *of == size) {
            Some((_, rates)) => rates.push(rate),
            None => lines.push((size, vec![rate])),
        }
    }
    lines
        .into_iter()
        .map(|(size, rates)| format!("{size} at {} fps", rates.join(", ")))
        .collect()
}
