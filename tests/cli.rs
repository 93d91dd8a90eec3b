//! The built program from outside: what it prints, how it ends, what it leaves on disk.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use common::home::{Home, PATIENCE, assert_fails, header, rows, said, signal, wait};

/// A video of `seconds` at 10 frames a second, without a face.
fn video(path: &Path, seconds: u32) {
    let made = Process::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i"])
        .arg(format!("testsrc=size=160x120:rate=10:duration={seconds}"))
        .arg(path)
        .status()
        .expect("ffmpeg is installed by `make test`");
    assert!(made.success());
}

/// The only folder in a folder.
fn only_folder(parent: &Path) -> PathBuf {
    let mut folders: Vec<_> = fs::read_dir(parent)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    folders.remove(0)
}

#[test]
fn wrong_usage_exits_2_and_help_0() {
    let home = Home::new();
    assert_eq!(said(home.mien(&["--no-such-flag"])).code, Some(2));
    assert_eq!(
        said(home.mien(&["watch", "demo", "--seconds", "0"])).code,
        Some(2)
    );
    assert_eq!(said(home.mien(&["watch", "--size", "big"])).code, Some(2));
    let help = said(home.mien(&["--help"]));
    assert_eq!(help.code, Some(0));
    assert!(help.out.contains("analyze"));
}

#[test]
fn the_demo_ends_after_one_round_and_its_log_follows_the_expressions_drawn() {
    let home = Home::new();
    let logs = home.path("logs");
    let said = said(home.mien(&[
        "watch",
        "demo",
        "--json",
        "-",
        "--log",
        logs.to_str().unwrap(),
    ]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.err.matches("no picture").count(), 1, "{}", said.err);
    assert!(said.err.contains("AI Act"), "{}", said.err);

    let session = only_folder(&logs);
    let rows = rows(&session);
    let lines: Vec<Value> = said
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let frames = rows
        .iter()
        .map(|row| &row["frame"])
        .collect::<std::collections::HashSet<_>>();
    assert_eq!(lines.len(), frames.len(), "one JSON object per observation");
    assert_eq!(header(&session)["frames"]["analyzed"], lines.len());

    // Where one expression is fully drawn, the label shown must be that one for most of the time.
    let mut followed = 0;
    for expression in &mien::expression::Expression::ALL[..7] {
        let drawn: Vec<_> = lines
            .iter()
            .filter(|line| {
                let time = Duration::from_millis(line["time_ms"].as_u64().unwrap());
                mien::source::demo::expression_at(time) == *expression
            })
            .collect();
        let right = drawn
            .iter()
            .filter(|line| line["faces"][0]["shown"] == expression.name())
            .count();
        println!("{expression}: {right} of {}", drawn.len());
        followed += usize::from(2 * right > drawn.len());
    }
    assert!(
        followed >= 5,
        "the label followed {followed} of seven expressions"
    );
}

#[test]
fn with_no_display_the_window_becomes_watch_and_says_so() {
    let home = Home::new();
    let said = said(home.mien(&["demo", "--seconds", "5"]));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("no display"), "{}", said.err);
    assert!(said.out.contains("demo"), "a line a second: {}", said.out);
}

#[test]
fn with_a_display_elsewhere_that_does_not_answer_the_window_becomes_watch() {
    let home = Home::new();
    let mut mien = home.mien(&["demo", "--seconds", "5"]);
    // No X server has so high a number.
    mien.env("DISPLAY", "localhost:40000");
    let said = said(mien);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let words = "no display for a window at 'localhost:40000'";
    assert!(said.err.contains(words), "{}", said.err);
    assert!(said.out.contains("demo"), "a line a second: {}", said.out);
}

#[test]
fn a_bench_that_is_stopped_says_so_and_leaves_nothing_behind() {
    let home = Home::new();
    fs::create_dir(home.path("tmp")).unwrap();
    let logs = || fs::read_dir(home.path("tmp")).unwrap().count();
    let mut child = home
        .process(&["bench", "demo"])
        .env("TMPDIR", home.path("tmp"))
        .spawn()
        .unwrap();
    let until = Instant::now() + PATIENCE;
    while logs() == 0 {
        assert!(Instant::now() < until, "it does not begin");
        thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "INT");
    assert_eq!(wait(&mut child).code(), Some(1));
    let mut err = String::new();
    child.stderr.unwrap().read_to_string(&mut err).unwrap();
    assert!(err.contains("it was stopped"), "{err}");
    assert_eq!(logs(), 0);
}

#[test]
fn with_no_camera_the_demo_plays_unless_a_camera_or_a_log_was_asked_for() {
    // Only where there is no camera can its absence be seen.
    if Path::new("/dev/video0").exists() {
        common::say("skipped: this machine has a camera");
        return;
    }
    let home = Home::new();
    let fallen_back = said(home.mien(&["watch", "--seconds", "1"]));
    assert_eq!(fallen_back.code, Some(0), "{}", fallen_back.err);
    assert!(fallen_back.err.contains("demo"), "{}", fallen_back.err);
    assert_fails(
        home.mien(&["watch", "camera:Nobody's", "--seconds", "5"]),
        &["Nobody's"],
    );
    let logs = home.path("logs");
    assert_fails(
        home.mien(&["watch", "--log", logs.to_str().unwrap(), "--seconds", "5"]),
        &["no camera was found"],
    );
}

#[test]
fn sources_that_cannot_be_read_are_named() {
    let home = Home::new();
    let text = home.path("words.mp4");
    fs::write(&text, "these are words, not a video").unwrap();
    let picture = home.path("words.png");
    fs::write(&picture, "these are words, not a picture").unwrap();
    let empty = home.path("empty");
    fs::create_dir(&empty).unwrap();
    assert_fails(
        home.mien(&["watch", "nowhere.mp4"]),
        &["nowhere.mp4", "no file or folder"],
    );
    assert_fails(
        home.mien(&["watch", text.to_str().unwrap()]),
        &["words.mp4", "cannot be read"],
    );
    assert_fails(
        home.mien(&["watch", picture.to_str().unwrap()]),
        &["words.png", "cannot be read"],
    );
    let said = said(home.mien(&["watch", picture.to_str().unwrap()]));
    assert_eq!(said.err.matches("words.png").count(), 1, "{}", said.err);
    assert_fails(
        home.mien(&["watch", empty.to_str().unwrap()]),
        &["holds no picture"],
    );
}

#[test]
fn a_video_without_ffmpeg_says_what_to_install() {
    let home = Home::new();
    let clip = home.path("clip.mp4");
    video(&clip, 1);
    let mut command = home.mien(&["watch", clip.to_str().unwrap()]);
    command.env("PATH", home.path("no-programs"));
    assert_fails(command, &["ffmpeg", "apt-get install"]);
}

#[test]
fn a_missing_or_broken_runtime_is_one_sentence_with_the_remedy() {
    let home = Home::new();
    for (name, content) in [
        ("gone.so", None),
        ("text.so", Some("not a library")),
        ("empty.so", Some("")),
    ] {
        let library = home.path(name);
        if let Some(content) = content {
            fs::write(&library, content).unwrap();
        }
        let mut command = home.mien(&["watch", "demo", "--seconds", "1"]);
        command.env("ORT_DYLIB_PATH", &library);
        assert_fails(command, &["ONNX Runtime", "make setup"]);
    }
}

#[test]
fn cuda_that_is_asked_for_and_absent_fails_and_auto_says_why() {
    let home = Home::new();
    if Path::new("/dev/nvidia0").exists() {
        common::say("skipped: this machine may have CUDA");
        return;
    }
    assert_fails(
        home.mien(&["watch", "demo", "--provider", "cuda", "--seconds", "1"]),
        &["CUDA"],
    );
    let doctor = said(home.mien(&["doctor"]));
    assert!(doctor.out.contains("CUDA"), "{}", doctor.out);
}

#[test]
fn model_files_that_cannot_be_used_are_named_with_the_reason() {
    let home = Home::new();
    let whole = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/models/mien-s.onnx")).unwrap();
    for (name, content) in [
        ("empty.onnx", &[][..]),
        ("truncated.onnx", &whole[..whole.len() / 2]),
        ("words.onnx", b"these are words, not a network"),
    ] {
        fs::write(home.path(name), content).unwrap();
        assert_fails(
            home.mien(&["watch", "demo", "--seconds", "1", "--model", name]),
            &[name, "cannot be used"],
        );
    }
    assert_fails(
        home.mien(&["watch", "demo", "--seconds", "1", "--model", "no-such"]),
        &["no model 'no-such'", "mien-m"],
    );
}

#[test]
fn a_log_that_cannot_be_written_is_said_at_once() {
    let home = Home::new();
    fs::write(home.path("file"), "").unwrap();
    assert_fails(
        home.mien(&["watch", "demo", "--seconds", "1", "--log", "file"]),
        &["log cannot be written", "file"],
    );
}

#[test]
fn analyze_goes_on_after_a_bad_file_and_lists_it_at_the_end() {
    let home = Home::new();
    video(&home.path("good.mp4"), 2);
    fs::write(home.path("bad.mp4"), "words").unwrap();
    let run = said(home.mien(&["analyze", "bad.mp4", "good.mp4", "--out", "out"]));
    assert_eq!(run.code, Some(1));
    assert!(run.err.contains("bad.mp4"), "{}", run.err);
    let rows = rows(&home.path("out/good"));
    assert_eq!(rows.len(), 20, "no frame is missing");
    assert!(
        rows.iter()
            .all(|row| row["faces"] == "0" && row["face_id"].is_empty())
    );
    assert_eq!(rows[7]["time_ms"], "700");
    assert!(header(&home.path("out/good"))["ended_utc"].is_string());
}

#[test]
fn a_truncated_video_keeps_what_was_read() {
    let home = Home::new();
    // MPEG-TS needs no index at its end, as a recording that was cut off.
    video(&home.path("whole.ts"), 4);
    let bytes = fs::read(home.path("whole.ts")).unwrap();
    fs::write(home.path("cut.ts"), &bytes[..bytes.len() / 2]).unwrap();
    let run = said(home.mien(&["analyze", "cut.ts", "--out", "out"]));
    assert!(!run.err.contains("panicked"), "{}", run.err);
    let rows = rows(&home.path("out/cut"));
    assert!((5..40).contains(&rows.len()), "{} rows of 40", rows.len());
    assert!(header(&home.path("out/cut"))["ended_utc"].is_string());
}

#[test]
fn ctrl_c_ends_cleanly_with_everything_on_disk() {
    let home = Home::new();
    let mut child = home.start(&["watch", "demo", "--json", "-", "--log", "logs"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..20 {
        lines.next().unwrap().unwrap();
    }
    signal(&child, "INT");
    let printed = 20 + lines.count();
    assert!(wait(&mut child).success());
    let session = only_folder(&home.path("logs"));
    assert!(header(&session)["ended_utc"].is_string());
    let frames: std::collections::HashSet<_> = rows(&session)
        .into_iter()
        .map(|mut row| row.remove("frame").unwrap())
        .collect();
    assert_eq!(frames.len(), printed);
}

#[test]
fn a_killed_program_loses_no_more_than_a_second() {
    let home = Home::new();
    let mut child = home.start(&["watch", "demo", "--json", "-", "--log", "logs"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // On a busy machine the first frame takes longer than all others.
    lines.next().unwrap().unwrap();
    let begun = Instant::now();
    let mut last = 0;
    while begun.elapsed() < Duration::from_secs(3) {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        last = line["time_ms"].as_u64().unwrap();
    }
    signal(&child, "KILL");
    assert!(!wait(&mut child).success());
    let session = only_folder(&home.path("logs"));
    assert!(header(&session)["ended_utc"].is_null());
    let text = fs::read_to_string(session.join("observations.csv")).unwrap();
    let whole = text.rsplit_once('\n').unwrap().0;
    let mut reader = csv::Reader::from_reader(whole.as_bytes());
    let rows: Vec<HashMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let written: u64 = rows.last().unwrap()["source_frame"].parse::<u64>().unwrap() * 1000 / 30;
    assert!(
        written + 1000 >= last,
        "{written} ms are on disk, {last} ms were seen"
    );
}

const FACES: [&str; 7] = [
    "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral",
];

fn face(name: &str) -> image::RgbImage {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/faces/{name}.png"));
    image::open(path).unwrap().to_rgb8()
}

/// The faces of nobody as a data set, on a plain ground of this size or filling the picture.
fn labelled_faces(folder: &Path, ground: Option<(u32, u32)>) {
    for name in FACES {
        let mut picture = face(name);
        if let Some((width, height)) = ground {
            let face = image::imageops::thumbnail(&picture, 240, 240);
            picture = image::RgbImage::from_pixel(width, height, image::Rgb([120; 3]));
            image::imageops::replace(&mut picture, &face, 200, 120);
        }
        fs::create_dir_all(folder.join(name)).unwrap();
        picture.save(folder.join(name).join("1.png")).unwrap();
    }
}

#[test]
fn eval_says_which_parts_count_and_corrects_for_the_pairs() {
    let home = Home::new();
    labelled_faces(&home.path("faces/test"), None);
    labelled_faces(&home.path("faces/val"), None);
    let models = ["mien-m", "mien-s", "mien-m-challenge"];
    let mut arguments = vec!["eval", "faces", "--json", "figures.json"];
    arguments.extend(models.iter().flat_map(|model| ["--model", model]));
    let run = said(home.mien(&arguments));
    assert_eq!(run.code, Some(0), "{}", run.err);
    for words in [
        "faces: 14 pictures\n  7 of test and 7 of validation, counted together: --usage narrows it\n",
        "by Holm's correction for 3 pairs",
        "the difference may be chance",
    ] {
        assert!(run.out.contains(words), "no '{words}' in: {}", run.out);
    }
    let found: Value =
        serde_json::from_str(&fs::read_to_string(home.path("figures.json")).unwrap()).unwrap();
    assert_eq!(
        found["parts"],
        serde_json::json!({"test": 7, "validation": 7})
    );
}

#[test]
fn eval_compares_models_draws_plots_and_names_what_is_left_out() {
    let home = Home::new();
    labelled_faces(&home.path("faces"), None);
    fs::create_dir(home.path("faces/bored")).unwrap();
    face("sad").save(home.path("faces/bored/1.png")).unwrap();
    fs::write(home.path("faces/happy/broken.png"), "no picture").unwrap();
    fs::remove_dir_all(home.path("faces/fear")).unwrap();
    let run = said(home.mien(&[
        "eval", "faces", "--model", "mien-m", "--model", "mien-s", "--plots", "plots", "--json",
        "-",
    ]));
    assert_eq!(run.code, Some(0), "{}", run.err);
    for words in ["bored", "broken.png", "No picture shows fear"] {
        assert!(run.err.contains(words), "no '{words}' in: {}", run.err);
    }
    let found: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        (&found["n"], &found["missed_faces"]),
        (&6.into(), &0.into())
    );
    assert_eq!(found["empty_classes"], serde_json::json!(["fear"]));
    let [low, high] = [0, 1].map(|end| found["models"][0]["accuracy_interval"][end].as_f64());
    let accuracy = found["models"][0]["accuracy"].as_f64();
    assert!(
        low < accuracy && accuracy <= high && accuracy > Some(0.5),
        "{found}"
    );
    assert_eq!(found["comparisons"].as_array().unwrap().len(), 1);
    assert_eq!(
        found["comparisons"][0]["p_holm"],
        found["comparisons"][0]["p"]
    );
    assert_eq!(found["parts"], serde_json::json!({}));
    let mut plots: Vec<_> = fs::read_dir(home.path("plots"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    plots.sort();
    assert_eq!(
        plots,
        [
            "classes-mien-m.png",
            "classes-mien-s.png",
            "confusion-mien-m.png",
            "confusion-mien-s.png",
            "models.png",
            "reliability-mien-m.png",
            "reliability-mien-s.png"
        ]
    );
    for plot in plots {
        let colors: std::collections::HashSet<_> = image::open(home.path("plots").join(&plot))
            .unwrap()
            .to_rgb8()
            .pixels()
            .copied()
            .collect();
        assert!(colors.len() > 20, "{plot} is blank");
    }
}

#[test]
fn eval_through_the_detector_counts_a_face_that_it_misses_as_wrong() {
    let home = Home::new();
    labelled_faces(&home.path("frames"), Some((640, 480)));
    image::RgbImage::from_pixel(640, 480, image::Rgb([120; 3]))
        .save(home.path("frames/happy/nobody.png"))
        .unwrap();
    let run = said(home.mien(&["eval", "frames", "--through-detector", "--json", "-"]));
    assert_eq!(run.code, Some(0), "{}", run.err);
    let found: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        (&found["n"], &found["missed_faces"]),
        (&8.into(), &1.into())
    );
    let model = &found["models"][0];
    assert_eq!(model["per_class"]["happy"]["support"], 2);
    let answers: u64 = model["confusion"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(answers, 7);
    let accuracy = model["accuracy"].as_f64().unwrap();
    assert!((0.5..=0.875).contains(&accuracy), "{accuracy}");
    let of_found = model["accuracy_found"].as_f64().unwrap();
    assert!((of_found - accuracy * 8.0 / 7.0).abs() < 1e-9, "{of_found}");
}

#[test]
fn a_reader_that_goes_away_ends_a_command_quietly() {
    let home = Home::new();
    for arguments in [
        &["models", "list"][..],
        &["models", "list", "--json", "-"],
        &["watch", "demo"],
        &["watch", "demo", "--json", "-"],
    ] {
        let mut child = home.start(arguments);
        // Nobody reads a single line.
        drop(child.stdout.take());
        assert!(wait(&mut child).success(), "{arguments:?}");
        let mut words = String::new();
        let mut stderr = child.stderr.take().unwrap();
        stderr.read_to_string(&mut words).unwrap();
        assert!(
            !words.contains("panicked") && !words.contains("pipe"),
            "{arguments:?}: {words}"
        );
    }
}
