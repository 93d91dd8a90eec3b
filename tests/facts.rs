//! What the program says of itself and of this machine: `models`, `cameras`, `doctor`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

use common::home::{Home, said};

/// Runs the program in a home of its own; gives what it printed, or what it complained of.
fn mien(home: &TempDir, runtime: Option<&Path>, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mien"));
    command.args(arguments).timeout(Duration::from_secs(90));
    command
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path());
    if let Some(runtime) = runtime {
        command.env("ORT_DYLIB_PATH", runtime);
    }
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The doctor's word on one thing: its state and what he says about it.
fn diagnosis(report: &Value, name: &str) -> (String, String) {
    let items = report["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["name"] == name).unwrap();
    let text = |key: &str| item[key].as_str().unwrap().to_owned();
    (text("state"), text("detail"))
}

#[test]
fn models_are_listed_for_people_and_for_machines() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("mien/models");
    fs::create_dir_all(&folder).unwrap();
    let valid = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/models/valid.onnx");
    fs::copy(&valid, folder.join("valid.onnx")).unwrap();
    fs::write(folder.join("empty.onnx"), "").unwrap();

    let table = mien(&home, None, &["models"]).unwrap();
    let names: Vec<&str> = table
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(
        names,
        ["NAME", "mien-m", "mien-s", "mien-m-challenge", "valid"]
    );
    // Made for the crowd's truth: its own labels' ECE would be many times that.
    let row = table.lines().nth(1).unwrap();
    assert!(row.contains("  0.0") && row.contains("  crowd  "), "{row}");
    assert!(
        row.contains("check whether your use is covered") && row.contains("FER+ votes"),
        "{row}"
    );
    let list = json(&mien(&home, None, &["models", "list", "--json", "-"]).unwrap());
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 4);
    assert_eq!(list[0]["labels"].as_array().unwrap().len(), 7);
    assert_eq!(
        (&list[3]["name"], &list[3]["metrics"]["accuracy"]),
        (&"valid".into(), &0.5.into())
    );

    let card = mien(&home, None, &["models", "show", valid.to_str().unwrap()]).unwrap();
    assert!(
        card.contains("48x48x1") && card.contains("accuracy: 0.5"),
        "{card}"
    );
    let complaint = mien(&home, None, &["models", "show", "empty"]).unwrap_err();
    assert!(
        complaint.contains("empty.onnx") && complaint.contains("the file is empty"),
        "{complaint}"
    );
}

#[test]
fn cameras_are_an_array_even_when_there_are_none() {
    let home = tempfile::tempdir().unwrap();
    assert!(json(&mien(&home, None, &["cameras", "--json", "-"]).unwrap()).is_array());
}

#[test]
fn the_doctor_finds_the_runtime_and_the_speed_of_the_model() {
    let home = tempfile::tempdir().unwrap();
    let report = json(&mien(&home, None, &["doctor", "--json", "-"]).unwrap());
    assert_eq!(diagnosis(&report, "ONNX Runtime").0, "ok");
    assert_eq!(diagnosis(&report, "detector").0, "ok");
    let (state, speed) = diagnosis(&report, "speed");
    assert!(state == "ok" && speed.contains("ms a face"), "{speed}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_runtime_that_is_no_library_cut_short_or_another_one_is_named_and_nothing_crashes() {
    let home = tempfile::tempdir().unwrap();
    let library = home.path().join("libonnxruntime.so");
    let whole = fs::read(mien::runtime::Runtime::start().unwrap().path()).unwrap();
    for (bytes, says) in [
        (&b"some words"[..], "does not load"),
        (b"", "does not load"),
        (&whole[..whole.len() / 2], "cut short"),
        (&whole[..1000], "cut short"),
    ] {
        fs::write(&library, bytes).unwrap();
        let report = json(&mien(&home, Some(&library), &["doctor", "--json", "-"]).unwrap());
        let (state, detail) = diagnosis(&report, "ONNX Runtime");
        assert!(state == "broken" && detail.contains(says), "{detail}");
        assert!(detail.contains("make setup"), "{detail}");
    }
    for other in ["/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/libc.so.6"].map(Path::new) {
        if other.exists() {
            let report = json(&mien(&home, Some(other), &["doctor", "--json", "-"]).unwrap());
            let (_, detail) = diagnosis(&report, "ONNX Runtime");
            assert!(detail.contains("it is another library"), "{detail}");
        }
    }
}

#[test]
fn bench_tells_what_every_stage_takes() {
    let home = tempfile::tempdir().unwrap();
    let report = mien(&home, None, &["bench", "--frames", "12", "--json", "-"]).unwrap();
    let report = json(&report);
    let stages = report["stages"].as_array().unwrap();
    let names: Vec<&str> = stages
        .iter()
        .map(|stage| stage[0].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "decode",
            "shrink",
            "detect",
            "crop",
            "classify",
            "track",
            "log",
            "without decode"
        ]
    );
    for (name, worked) in [("detect", 0.1), ("classify", 0.01), ("without decode", 0.1)] {
        let index = names.iter().position(|stage| *stage == name).unwrap();
        let millis = &stages[index][1];
        let (median, p99) = (
            millis["median"].as_f64().unwrap(),
            millis["p99"].as_f64().unwrap(),
        );
        assert!(median > worked && p99 >= median, "{name}: {millis}");
    }
    assert_eq!(
        (&report["frames"], &report["frames_with_face"]),
        (&12.into(), &12.into())
    );
    for way in ["one_thread", "as_shipped"] {
        assert!(report[way]["frames_per_second"].as_f64().unwrap() > 0.1);
    }
    assert!(report["startup_ms"].as_f64().unwrap() > 1.0);
    assert!(report["delay_ms"]["median"].as_f64().unwrap() > 0.1);
    #[cfg(target_os = "linux")]
    assert!(report["peak_memory_mb"].as_f64().unwrap() > 20.0);
    let complaint = mien(&home, None, &["bench", "camera"]).unwrap_err();
    assert!(complaint.contains("its own pace"), "{complaint}");
}

#[test]
fn how_much_is_said_may_be_asked_before_a_command_and_nothing_else() {
    let home = Home::new();
    let listed = |arguments: &[&str]| {
        let run = said(home.mien(arguments));
        (run.code, run.out, run.err)
    };
    let (code, table, hint) = listed(&["models", "list"]);
    assert!(code == Some(0) && hint.contains("Models of your own go into"));
    for quietly in [["-q", "models", "list"], ["models", "list", "-q"]] {
        assert_eq!(
            listed(&quietly),
            (Some(0), table.clone(), String::new()),
            "{quietly:?}"
        );
    }
    for (stray, arguments) in [
        ("--model", &["--model", "mien-s", "models", "list"][..]),
        ("--provider", &["--provider", "cpu", "doctor"]),
        ("SOURCE", &["demo", "doctor"]),
    ] {
        let (code, _, error) = listed(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert!(
            error.contains(stray) && error.contains("goes behind the command"),
            "{arguments:?}: {error}"
        );
    }
}
