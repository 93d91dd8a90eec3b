//! `mien report` from outside: the page, the people, the tables, a killed recording, a long one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Far longer than any of these commands takes, unoptimised and on a busy machine.
const PATIENCE: Duration = Duration::from_mins(4);

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

/// What a run said on stderr.
struct Said {
    code: Option<i32>,
    err: String,
}

fn mien(arguments: &[&str]) -> Said {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mien"))
        .args(arguments)
        .env("HOME", home.path())
        .timeout(PATIENCE)
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!err.contains("panicked"), "{err}");
    assert!(output.stdout.is_empty(), "nothing was asked for on stdout");
    Said {
        code: output.status.code(),
        err,
    }
}

#[track_caller]
fn succeeds(arguments: &[&str]) {
    let said = mien(arguments);
    assert_eq!(said.code, Some(0), "{}", said.err);
}

#[track_caller]
fn fails(arguments: &[&str], words: &[&str]) {
    let said = mien(arguments);
    assert_eq!(said.code, Some(1), "{}", said.err);
    for word in words {
        assert!(said.err.contains(word), "no '{word}' in: {}", said.err);
    }
}

/// A copy of the session in `tests/data/session`, to be changed at will.
fn session() -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("film night");
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(Path::new(DATA).join("session")).unwrap() {
        let file = entry.unwrap().path();
        fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    (parent, folder)
}

fn header(session: &Path) -> Value {
    serde_json::from_slice(&fs::read(session.join("session.json")).unwrap()).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_page_needs_nothing_else_and_says_who_showed_what() {
    let (_parent, session) = session();
    succeeds(&["report", text(&session)]);
    let page = fs::read_to_string(session.join("report.html")).unwrap();
    for reference in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(reference), "the page refers to {reference}");
    }
    for words in [
        "<h1>film night</h1>",
        "Face 1",
        "the camera “Cam &lt;1&gt;”",
        "net-a",
        "The camera was away",
        "film",
        "Article 5",
        "happy 70%, neutral 30%",
    ] {
        assert!(page.contains(words), "no '{words}' in the page");
    }
    assert!(!page.contains("ended early"));
}

#[test]
fn the_page_goes_where_it_is_asked_to_go_or_says_why_not() {
    let (parent, session) = session();
    let out = parent.path().join("page.html");
    succeeds(&["report", text(&session), "--out", text(&out)]);
    assert!(out.exists() && !session.join("report.html").exists());
    let nowhere = parent.path().join("no/page.html");
    fails(
        &["report", text(&session), "--out", text(&nowhere)],
        &["page.html", "cannot be written", "--out"],
    );
}

#[test]
fn what_is_no_session_is_one_sentence() {
    let (parent, session) = session();
    let nowhere = parent.path().join("nowhere");
    fails(&["report", text(&nowhere)], &["nowhere", "no such folder"]);
    fails(
        &["report", text(parent.path())],
        &["no session.json", "folder"],
    );

    let rows = session.join("observations.csv");
    let whole = fs::read_to_string(&rows).unwrap();
    fs::write(&rows, whole.clone() + "100,10000,,\"Cam").unwrap();
    succeeds(&["report", text(&session)]);
    fs::write(&rows, whole.replacen(",neutral,", ",bored,", 3)).unwrap();
    fails(
        &["report", text(&session)],
        &["observations.csv", "cannot be read"],
    );
    fs::write(&rows, whole.lines().next().unwrap().to_owned() + "\n").unwrap();
    fails(&["report", text(&session)], &["not one frame"]);
    fs::write(session.join("session.json"), "{").unwrap();
    fails(&["report", text(&session)], &["session.json", "damaged"]);
    assert_eq!(mien(&["report"]).code, Some(2));
    assert_eq!(
        mien(&["report", text(&session), "--export", "doc"]).code,
        Some(2)
    );
}

#[test]
fn people_are_named_merged_left_out_and_kept_while_the_rows_stay() {
    let (parent, session) = session();
    let rows = fs::read(session.join("observations.csv")).unwrap();
    let before = header(&session);
    let file = parent.path().join("people.toml");
    fs::write(
        &file,
        "left_out = [3]\n[people]\n1 = \"Ann <b>\"\n2 = \"Ann <b>\"\n",
    )
    .unwrap();
    succeeds(&["report", text(&session), "--people", text(&file)]);
    let page = fs::read_to_string(session.join("report.html")).unwrap();
    assert!(page.contains("Ann &lt;b&gt;") && !page.contains("Ann <b>"));
    assert!(page.contains("1 face was left out"));
    assert!(!page.contains("Face 3"));

    let mut after = header(&session);
    assert_eq!(after["people"], json!({"1": "Ann <b>", "2": "Ann <b>"}));
    assert_eq!(after["left_out"], json!([3]));
    after["people"] = before["people"].clone();
    after["left_out"] = before["left_out"].clone();
    assert_eq!(after, before);
    assert_eq!(fs::read(session.join("observations.csv")).unwrap(), rows);

    fs::write(&file, "[people]\n9 = \"Eve\"\n").unwrap();
    fails(
        &["report", text(&session), "--people", text(&file)],
        &["no face 9", "1, 2, 3"],
    );
    assert_eq!(header(&session)["left_out"], json!([3]), "nothing changed");
}

/// The tables in `tests/data/exports`, which Python opens as well; `RENEW=1 cargo test --test report`
/// writes them anew.
#[test]
fn the_tables_are_as_they_were() {
    let (_parent, session) = session();
    for (kind, name) in [
        ("csv", "report.csv"),
        ("parquet", "report.parquet"),
        ("pyfeat", "report.pyfeat.csv"),
    ] {
        succeeds(&["report", text(&session), "--export", kind]);
        let written = fs::read(session.join(name)).unwrap();
        let golden = Path::new(DATA).join("exports").join(name);
        if std::env::var_os("RENEW").is_some() {
            fs::write(&golden, &written).unwrap();
        }
        assert!(written == fs::read(&golden).unwrap(), "{name} has changed");
    }
}

#[test]
fn the_weights_of_the_table_add_up_to_the_shares_of_the_page() {
    let (_parent, session) = session();
    succeeds(&["report", text(&session), "--export", "csv"]);
    let mut reader = csv::Reader::from_path(session.join("report.csv")).unwrap();
    let mut shown: HashMap<String, u64> = HashMap::new();
    for row in reader.deserialize::<HashMap<String, String>>() {
        let row = row.unwrap();
        if row["person"] == "Face 1" && row["quality"].is_empty() {
            *shown.entry(row["shown"].clone()).or_default() +=
                row["weight"].parse::<u64>().unwrap();
        }
    }
    let expected = [("neutral", 1500), ("happy", 3500), ("uncertain", 500)];
    let expected = expected.map(|(name, amount)| (name.to_owned(), amount));
    assert_eq!(shown, HashMap::from(expected));
}

#[test]
fn a_recording_that_was_killed_loses_no_more_than_a_second_and_its_page_says_so() {
    let home = tempfile::tempdir().unwrap();
    let logs = home.path().join("logs");
    let mut child = Process::new(env!("CARGO_BIN_EXE_mien"))
        .args(["watch", "demo", "--json", "-", "--log", text(&logs)])
        .env("HOME", home.path())
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // On a busy machine the first frame takes longer than all others.
    lines.next().unwrap().unwrap();
    let begun = Instant::now();
    let mut last = 0;
    while begun.elapsed() < Duration::from_secs(4) {
        let line: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        last = line["time_ms"].as_u64().unwrap();
    }
    // On this system `kill` is SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();

    let mut folders = fs::read_dir(&logs).unwrap();
    let session = folders.next().unwrap().unwrap().path();
    succeeds(&["report", text(&session)]);
    let page = fs::read_to_string(session.join("report.html")).unwrap();
    assert!(page.contains("This session ended early."));
    succeeds(&["report", text(&session), "--export", "csv"]);
    let mut reader = csv::Reader::from_path(session.join("report.csv")).unwrap();
    let row: HashMap<String, String> = reader.deserialize().last().unwrap().unwrap();
    let written = row["source_frame"].parse::<u64>().unwrap() * 1000 / 30;
    assert!(
        written + 1000 >= last,
        "{written} ms are on disk, {last} ms were seen"
    );
}

/// Two hours, two faces, 30 rows a second each: some 80 megabytes.
#[test]
fn a_page_about_two_hours_is_small_and_soon_there() {
    let (_parent, session) = session();
    write_two_hours(&session);
    let begun = Instant::now();
    succeeds(&["report", text(&session)]);
    let took = begun.elapsed();
    let size = fs::metadata(session.join("report.html")).unwrap().len();
    println!("{size} bytes in {took:?}");
    assert!(size < 3_000_000, "{size} bytes");
    // Only an optimised build is what people wait for.
    if !cfg!(debug_assertions) {
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

fn write_two_hours(session: &Path) {
    let names = [
        "angry",
        "disgust",
        "fear",
        "happy",
        "sad",
        "surprise",
        "neutral",
        "uncertain",
    ];
    let mut random = 1_u64;
    let mut next = |below: u64| {
        // Knuth's MMIX generator: the upper bits are good enough.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let rows = session.join("observations.csv");
    let whole = fs::read_to_string(&rows).unwrap();
    let mut text = whole.lines().next().unwrap().to_owned() + "\n";
    let mut shown = [6_usize, 6];
    for frame in 0..216_000_u64 {
        let time = frame * 1000 / 30;
        let (minutes, millis) = (time / 60_000, time % 60_000);
        for face in 0..2 {
            // A new label about every second and a half: livelier than people are.
            if next(45) == 0 {
                shown[face] = next(8) as usize;
            }
            let quality = if next(50) == 0 { "blurred" } else { "" };
            writeln!(
                text,
                "{frame},{time},2026-11-21T{:02}:{:02}:{:02}.{:03}Z,HD Webcam,{frame},mien-m,2,{},\
                 {}.5,120.0,98.5,98.5,14.250,happy,0.8{face}1234,0.010000,0.010000,0.010000,\
                 0.811234,0.020000,0.018766,0.100000,0.020000,{},{quality}",
                10 + minutes / 60,
                minutes % 60,
                millis / 1000,
                millis % 1000,
                face + 1,
                100 + 200 * face,
                names[shown[face]],
            )
            .unwrap();
        }
    }
    fs::write(&rows, text).unwrap();
    let mut events = fs::read_to_string(session.join("events.csv")).unwrap();
    events.truncate(events.find('\n').unwrap() + 1);
    for (index, name) in ["calm", "film, first half", "film, second half", "talk"]
        .iter()
        .enumerate()
    {
        let frame = 54_000 * index as u64;
        writeln!(events, "{},,{frame},marker,\"{name}\"", frame * 1000 / 30).unwrap();
    }
    fs::write(session.join("events.csv"), events).unwrap();
}
