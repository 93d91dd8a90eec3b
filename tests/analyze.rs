//! `mien analyze` from outside: annotated files, many files, files begun before.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command as Process;
use std::thread;
use std::time::{Duration, Instant};

use common::home::{
    Home, PATIENCE, assert_fails, assert_runs, header, rows, said, signal, table, wait,
};
use image::RgbImage;
use mien::palette;

fn ffmpeg(home: &Home, arguments: &[&str]) {
    let ran = Process::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(arguments)
        .current_dir(home.path("."))
        .status()
        .expect("ffmpeg is installed by `make test`");
    assert!(ran.success(), "{arguments:?}");
}

/// A video of a face of nobody at (80, 40), 160 pixels wide, 10 frames a second; `more` goes to
/// ffmpeg before the name.
fn face_video(home: &Home, name: &str, seconds: u32, more: &[&str]) {
    let path = home.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let face = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/faces/happy.png");
    let filter = "scale=160:160,pad=320:240:80:40:color=0x707070,format=yuv420p";
    let seconds = seconds.to_string();
    let picture = ["-loop", "1", "-framerate", "10", "-i", face];
    let sound = ["-f", "lavfi", "-i", "sine"];
    let most = ["-t", &seconds, "-vf", filter];
    ffmpeg(home, &[&picture, &sound[..], &most, more, &[name]].concat());
}

/// The times of a video's frames as ffprobe tells them, in seconds.
fn times(path: &Path) -> Vec<f64> {
    let entries = ["-show_entries", "frame=pts_time", "-of", "csv=p=0"];
    let said = Process::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v"])
        .args(entries)
        .arg(path)
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let lines = said.lines().map(|line| line.trim_end_matches(','));
    lines.filter_map(|line| line.parse().ok()).collect()
}

/// One frame of a video.
fn still(home: &Home, video: &str, number: usize) -> RgbImage {
    let select = format!("select=eq(n\\,{number})");
    ffmpeg(
        home,
        &["-i", video, "-vf", &select, "-frames:v", "1", "still.png"],
    );
    image::open(home.path("still.png")).unwrap().into_rgb8()
}

/// Left, top, right and bottom of the face in a row.
fn place(row: &std::collections::HashMap<String, String>) -> [u32; 4] {
    let [x, y, width, height] =
        ["x", "y", "width", "height"].map(|name| row[name].parse::<f32>().unwrap());
    [x, y, x + width, y + height].map(|edge| edge.round() as u32)
}

/// The mean difference of two pictures in a rectangle.
fn difference(one: &RgbImage, other: &RgbImage, [left, top, right, bottom]: [u32; 4]) -> f64 {
    let places = (left..right).flat_map(|x| (top..bottom).map(move |y| (x, y)));
    let (mut sum, mut count) = (0, 0);
    for (x, y) in places {
        let pixels = one
            .get_pixel(x, y)
            .0
            .into_iter()
            .zip(other.get_pixel(x, y).0);
        sum += pixels.map(|(a, b)| u64::from(a.abs_diff(b))).sum::<u64>();
        count += 3;
    }
    sum as f64 / f64::from(count)
}

/// The mean step from one pixel to the next on the right: how much detail there is.
fn detail(picture: &RgbImage, [left, top, right, bottom]: [u32; 4]) -> f64 {
    let shifted = image::imageops::crop_imm(picture, 1, 0, picture.width() - 1, picture.height());
    difference(picture, &shifted.to_image(), [left, top, right - 1, bottom])
}

#[test]
fn an_annotated_video_keeps_every_frame_at_its_time_with_boxes_where_they_belong() {
    let home = Home::new();
    // Frames fall out in the middle: a variable rate. Matroska, so that the sound is looked for too.
    let select = "scale=160:160,pad=321:241:80:40:color=0x707070,select='not(between(n,5,9))'";
    let more = [
        "-vf",
        select,
        "-fps_mode",
        "passthrough",
        "-c:v",
        "ffv1",
        "-c:a",
        "flac",
    ];
    face_video(&home, "clip.mkv", 2, &more);
    let run = assert_runs(home.mien(&["analyze", "clip.mkv", "--out", "out", "--annotated"]));
    assert!(run.out.contains("out/clip"), "{}", run.out);

    let film = home.path("out/clip/annotated.mp4");
    let (before, after) = (times(&home.path("clip.mkv")), times(&film));
    assert_eq!(before.len(), 15);
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        assert!((before - after).abs() < 0.000_02, "{before} {after}");
    }
    let sound = Process::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "a",
            "-show_entries",
            "stream=codec_name",
        ])
        .arg(&film)
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&sound.stdout).contains("aac"),
        "no MP4 takes FLAC everywhere"
    );

    let rows = rows(&home.path("out/clip"));
    assert_eq!(rows.len(), 15);
    let row = &rows[7];
    assert_eq!(row["faces"], "1", "the face is found");
    let (source, drawn) = (
        still(&home, "clip.mkv", 7),
        still(&home, "out/clip/annotated.mp4", 7),
    );
    assert_eq!(drawn.dimensions(), (322, 242), "odd sides gain a line");
    let [left, top, right, bottom] = place(row);
    let middle = u32::midpoint(top, bottom);
    let expression = row["shown"].parse().ok();
    for x in [left, right] {
        let near = |color: [u8; 3]| {
            let wanted = palette::on_dark(expression);
            color
                .iter()
                .zip(wanted)
                .map(|(a, b)| u32::from(a.abs_diff(b)))
                .sum::<u32>()
        };
        let best = (x - 2..=x + 2)
            .map(|x| near(drawn.get_pixel(x, middle).0))
            .min();
        assert!(best < Some(200), "no line at {x}: {best:?}");
    }
    let inside = [left + 12, top + 12, right - 12, bottom - 12];
    let changed = difference(&source, &drawn, inside);
    assert!(changed < 6.0, "the face itself stays as it was: {changed}");
}

#[test]
fn a_hidden_face_cannot_be_known_again() {
    let home = Home::new();
    face_video(&home, "clip.mp4", 1, &[]);
    let options = ["--annotated", "--blur", "--every", "2"];
    assert_runs(home.mien(&[&["analyze", "clip.mp4", "--out", "out"], &options[..]].concat()));
    let wanted: Vec<f64> = times(&home.path("clip.mp4"))
        .into_iter()
        .step_by(2)
        .collect();
    let found = times(&home.path("out/clip/annotated.mp4"));
    assert_eq!(wanted.len(), 5);
    assert_eq!(wanted.len(), found.len());
    assert!(
        wanted
            .iter()
            .zip(&found)
            .all(|(one, two)| (one - two).abs() < 0.000_02)
    );

    let rows = rows(&home.path("out/clip"));
    let (source, drawn) = (
        still(&home, "clip.mp4", 4),
        still(&home, "out/clip/annotated.mp4", 2),
    );
    let [left, top, right, bottom] = place(&rows[2]);
    let inside = [left + 8, top + 8, right - 8, bottom - 8];
    let changed = difference(&source, &drawn, inside);
    let (before, after) = (detail(&source, inside), detail(&drawn, inside));
    assert!(changed > 10.0, "{changed}");
    assert!(after < before / 2.0, "{before} {after}");
    assert_eq!(
        said(home.mien(&["analyze", "clip.mp4", "--out", "x", "--blur"])).code,
        Some(2)
    );
}

#[test]
fn when_the_annotated_video_cannot_be_written_its_session_is_whole() {
    let home = Home::new();
    face_video(&home, "clip.mp4", 2, &[]);
    // As on a full disk: the encoder takes some pictures, says why, and ends.
    let program = home.path("programs/ffmpeg");
    fs::create_dir(home.path("programs")).unwrap();
    let found = Process::new("sh")
        .args(["-c", "command -v ffmpeg"])
        .output()
        .unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *'-f matroska'*) head -c 600000 >/dev/null\n\
         echo '[mp4 @ 0x1] No space left on device' >&2; exit 1;; esac\nexec {} \"$@\"\n",
        found.trim()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = home.mien(&["analyze", "clip.mp4", "--out", "out", "--annotated"]);
    let path = std::env::var("PATH").unwrap();
    command.env(
        "PATH",
        format!("{}:{path}", home.path("programs").display()),
    );
    assert_fails(
        command,
        &["annotated.mp4", "No space left on device", "all rows"],
    );
    let session = home.path("out/clip");
    assert_eq!(rows(&session).len(), 20);
    assert!(header(&session)["ended_utc"].is_string());
    let files = fs::read_dir(&session).unwrap();
    assert_eq!(files.count(), 3, "no half video");
    assert_eq!(table(&home.path("out/summary.csv"))[0]["status"], "failed");
}

#[test]
fn ctrl_c_leaves_a_video_that_plays_and_resume_begins_it_anew() {
    let home = Home::new();
    face_video(&home, "clip.mp4", 30, &[]);
    let session = home.path("out/clip");
    let arguments = [
        "analyze",
        "clip.mp4",
        "--out",
        "out",
        "--annotated",
        "--resume",
    ];
    let mut child = home.start(&arguments);
    wait_for_rows(&session, 3);
    signal(&child, "INT");
    assert!(wait(&mut child).success());
    let seen = rows(&session).len();
    assert!((3..300).contains(&seen), "{seen}");
    assert_eq!(times(&session.join("annotated.mp4")).len(), seen);
    let summary = table(&home.path("out/summary.csv"));
    assert_eq!(
        (summary.len(), summary[0]["status"].as_str()),
        (1, "stopped")
    );

    assert_runs(home.mien(&arguments));
    assert_eq!(rows(&session).len(), 300);
    assert!(!home.path("out/clip-2").exists());
    let summary = table(&home.path("out/summary.csv"));
    assert_eq!((summary.len(), summary[0]["status"].as_str()), (1, "done"));
}

#[test]
fn a_tree_side_by_side_gives_the_same_rows_and_after_a_kill_only_the_rest_is_done() {
    let home = Home::new();
    for name in ["study/p1/a.mp4", "study/p2/a.mp4"] {
        face_video(&home, name, 1, &[]);
    }
    face_video(&home, "study/p2/long.mp4", 25, &[]);
    fs::write(home.path("study/p1/broken.mp4"), "words").unwrap();
    let one = said(home.mien(&["analyze", "study", "--out", "one"]));
    assert_eq!(one.code, Some(1), "{}", one.err);
    assert!(one.err.contains("broken.mp4"), "{}", one.err);

    let two = [
        "analyze", "study", "--out", "two", "--jobs", "2", "--resume",
    ];
    let mut child = home.start(&two);
    wait_for_rows(&home.path("two/p2/long"), 3);
    while header(&home.path("two/p1/a"))["ended_utc"].is_null() {
        thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "KILL");
    assert!(!wait(&mut child).success());
    assert!(header(&home.path("two/p2/long"))["ended_utc"].is_null());
    let begun = header(&home.path("two/p1/a"))["started_utc"].clone();
    let again = said(home.mien(&two));
    assert_eq!(again.code, Some(1), "{}", again.err);
    assert!(again.out.contains("done before"), "{}", again.out);
    assert_eq!(header(&home.path("two/p1/a"))["started_utc"], begun);

    for session in ["p1/a", "p2/a", "p2/long"] {
        let [one, two] = ["one", "two"].map(|out| {
            fs::read_to_string(home.path(out).join(session).join("observations.csv")).unwrap()
        });
        assert!(one.lines().count() > 10);
        assert_eq!(one, two, "{session}");
    }
    let mut summary: Vec<_> = table(&home.path("two/summary.csv"))
        .into_iter()
        .map(|row| {
            [
                &row["session"],
                &row["status"],
                &row["frames"],
                &row["people"],
            ]
            .map(String::clone)
            .join(" ")
        })
        .collect();
    summary.sort();
    assert_eq!(
        summary,
        [
            " failed  ",
            "p1/a done 10 1",
            "p2/a done 10 1",
            "p2/long done 250 1"
        ]
    );
    assert_fails(
        home.mien(&[
            "analyze",
            "study/p1/a.mp4",
            "--out",
            "x",
            "--base",
            "elsewhere",
        ]),
        &["elsewhere", "does not lie in"],
    );
}

/// Waits until a session on its way has so many rows on disk.
fn wait_for_rows(session: &Path, wanted: usize) {
    let until = Instant::now() + PATIENCE;
    let written = || {
        let text = fs::read_to_string(session.join("observations.csv")).unwrap_or_default();
        text.lines().count().saturating_sub(1)
    };
    while written() < wanted {
        assert!(Instant::now() < until, "no rows in {}", session.display());
        thread::sleep(Duration::from_millis(20));
    }
}
