//! The real window, once, on a display of its own: what a person would see on the demo.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use common::screen::{Guard, display};
use image::{Rgb, RgbImage};
use mien::expression::Expression;
use mien::palette;

/// Time for the window to open, load the model and reach a labelled face, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

fn screenshot(display: &str, path: &Path) -> RgbImage {
    let taken = Command::new("import")
        .args(["-display", display, "-window", "root"])
        .arg(path)
        .status()
        .expect("ImageMagick is installed by `make test`");
    assert!(taken.success());
    image::open(path).unwrap().into_rgb8()
}

/// The longest run of one colour along a line of pixels.
fn longest_run<'a>(line: impl Iterator<Item = &'a Rgb<u8>>, color: Rgb<u8>) -> usize {
    let (mut longest, mut run) = (0, 0);
    for pixel in line {
        run = if *pixel == color { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// How many rows and columns of the picture have a run of `color` at least `least` long.
fn lines(picture: &RgbImage, color: Rgb<u8>, least: usize) -> (usize, usize) {
    let rows = picture
        .rows()
        .filter(|row| longest_run(row.clone(), color) >= least)
        .count();
    let columns = (0..picture.width())
        .filter(|x| {
            let column = (0..picture.height()).map(|y| picture.get_pixel(*x, y));
            longest_run(column, color) >= least
        })
        .count();
    (rows, columns)
}

#[test]
fn the_demos_face_has_a_box_a_label_and_bars() {
    let home = tempfile::tempdir().unwrap();
    let (_server, display) = display();
    let _window = Guard(
        Command::new(env!("CARGO_BIN_EXE_mien"))
            .arg("demo")
            .env("HOME", home.path())
            .env("XDG_DATA_HOME", home.path().join("data"))
            .env("XDG_CONFIG_HOME", home.path().join("config"))
            .env("DISPLAY", &display)
            .env_remove("WAYLAND_DISPLAY")
            .spawn()
            .unwrap(),
    );
    // Kept for the person who wants to see it, where the build keeps everything else.
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("window.png");
    let until = Instant::now() + PATIENCE;
    loop {
        thread::sleep(Duration::from_millis(500));
        let shot = screenshot(&display, &path);
        let labelled = Expression::ALL[..7].iter().find(|expression| {
            let color = Rgb(palette::on_dark(Some(**expression)));
            let (rows, columns) = lines(&shot, color, 80);
            // Two horizontal and two vertical edges of a box. The label's chip and the bar add rows.
            rows >= 4 && columns >= 2
        });
        if let Some(expression) = labelled {
            println!("{expression} is on the screen: {}", path.display());
            return;
        }
        assert!(
            Instant::now() < until,
            "no labelled box on the screen: {}",
            path.display()
        );
    }
}
