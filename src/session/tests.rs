//! A session is written, killed, and read back.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use image::{GrayImage, RgbImage};

use super::writer::FLUSH_AFTER;
use super::*;
use crate::card::{Color, InputSize, Layout, ModelCard, Output, Scale};
use crate::error::Error;
use crate::expression::{Expression, Probabilities};
use crate::face::{Face, FaceBox, Quality, Reading};
use crate::frame::Frame;
use crate::observation::{Observation, StageTimes};

fn card(name: &str) -> ModelCard {
    ModelCard {
        name: name.into(),
        title: String::new(),
        sha256: format!("sha of {name}").into(),
        labels: vec![Expression::Happy, Expression::Sad],
        input: InputSize {
            height: 48,
            width: 48,
            channels: 1,
        },
        layout: Layout::Nchw,
        color: Color::Gray,
        scale: Scale::Bytes,
        output: Output::Logits,
        temperature: 1.0,
        margin: 0.0,
        trained_on: String::new(),
        license: String::new(),
        metrics: serde_json::Value::Null,
        source: String::new(),
    }
}

const FACE_BOX: FaceBox = FaceBox {
    x: -1.25,
    y: 20.0,
    width: 100.5,
    height: 101.0,
};

fn face(id: u64, happy: f32) -> Face {
    let raw = Probabilities::from_distribution(
        &[Expression::Happy, Expression::Sad],
        &[happy, 1.0 - happy],
    )
    .unwrap();
    Face {
        id,
        face_box: FACE_BOX,
        detected: FACE_BOX,
        score: 12.5,
        quality: Quality {
            dark: true,
            edge: true,
            ..Quality::default()
        },
        reading: Reading {
            raw,
            smoothed: raw,
            shown: None,
        },
        second: None,
    }
}

fn observation(source: &str, number: u64, faces: Vec<Face>) -> Observation {
    let frame = Frame {
        source: source.into(),
        source_frame: number,
        time: Duration::from_millis(40 * number),
        utc: None,
        captured: Instant::now(),
        still: false,
        luma: GrayImage::new(1, 1),
        picture: RgbImage::new(1, 1),
    };
    Observation {
        number: 1000 + number,
        frame: Arc::new(frame),
        faces,
        model: "first".into(),
        second: None,
        times: StageTimes::default(),
    }
}

fn file_session(parent: &Path) -> SessionWriter {
    let mut writer = SessionWriter::create(parent, "clip", serde_json::json!({})).unwrap();
    writer
        .source("video", "clip, the.mp4", "/somewhere/clip, the.mp4")
        .unwrap();
    writer.model(&card("first"), "CPU").unwrap();
    writer
}

#[test]
fn every_face_has_a_row_and_a_frame_without_one_has_one_too() {
    let parent = tempfile::tempdir().unwrap();
    let mut writer = file_session(parent.path());
    let two = vec![face(1, 0.000_01), face(2, 0.75)];
    writer.write(&observation("clip, the.mp4", 7, two)).unwrap();
    writer
        .write(&observation("clip, the.mp4", 8, Vec::new()))
        .unwrap();
    let folder = writer.finish(3, 1).unwrap();

    let text = fs::read_to_string(folder.join(OBSERVATIONS_FILE)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let expected = [
        &Row::COLUMNS.join(","),
        "0,280,,\"clip, the.mp4\",7,first,2,1,-1.2,20.0,100.5,101.0,12.500,sad,0.999990,\
         0.000000,0.000000,0.000000,0.000010,0.999990,0.000000,0.000000,0.000000,\
         uncertain,dark+edge",
        "0,280,,\"clip, the.mp4\",7,first,2,2,-1.2,20.0,100.5,101.0,12.500,happy,0.750000,\
         0.000000,0.000000,0.000000,0.750000,0.250000,0.000000,0.000000,0.000000,\
         uncertain,dark+edge",
        "1,320,,\"clip, the.mp4\",8,first,0,,,,,,,,,,,,,,,,,,",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_session_reads_back_as_it_was_written() {
    let parent = tempfile::tempdir().unwrap();
    let mut writer = file_session(parent.path());
    writer
        .write(&observation("clip, the.mp4", 2, vec![face(5, 0.5)]))
        .unwrap();
    for name in ["second", "first", "second"] {
        writer.model(&card(name), "CPU").unwrap();
    }
    writer.event(EventKind::Dropped, "4").unwrap();
    let folder = writer.finish(6, 4).unwrap();

    let session = read(&folder).unwrap();
    let header = &session.header;
    assert_eq!(header.format, 1);
    assert_eq!(header.sources.len(), 1);
    assert!(header.ended_utc.is_some());
    assert_eq!(
        header.frames,
        FrameCounts {
            captured: 6,
            analyzed: 1,
            dropped: 4
        }
    );
    let models: Vec<&str> = header
        .models
        .iter()
        .map(|model| model.name.as_str())
        .collect();
    assert_eq!(models, ["first", "second"]);
    assert_eq!(
        (session.rows[0].face_id, session.rows[0].time_ms),
        (Some(5), 80)
    );
    let events: Vec<(&str, &str, u64)> = session
        .events
        .iter()
        .map(|event| (event.event.name(), event.detail.as_str(), event.frame))
        .collect();
    let expected = [
        ("source", "clip, the.mp4", 0),
        ("model", "first", 0),
        ("provider", "CPU", 0),
        ("model", "second", 1),
        ("model", "first", 1),
        ("model", "second", 1),
        ("dropped", "4", 1),
    ];
    assert_eq!(events, expected);
    let file = fs::read_to_string(folder.join(EVENTS_FILE)).unwrap();
    assert!(file.ends_with("\n80,,1,dropped,4\n"), "{file}");
}

#[test]
fn a_live_row_has_the_time_since_the_start_and_the_wall_clocks() {
    let parent = tempfile::tempdir().unwrap();
    let mut writer =
        SessionWriter::create(parent.path(), &live_name(), serde_json::json!({})).unwrap();
    let before = observation("cam", 0, Vec::new());
    writer.source("camera", "cam", "640x480").unwrap();
    sleep(Duration::from_millis(5));
    writer.write(&observation("cam", 1, Vec::new())).unwrap();
    writer
        .write(&Observation {
            frame: before.frame.clone(),
            ..before
        })
        .unwrap();
    let session = read(&writer.finish(2, 0).unwrap()).unwrap();
    let [row, ..] = &session.rows[..] else {
        panic!("no row")
    };
    assert!((5..1000).contains(&row.time_ms), "{}", row.time_ms);
    let since = row
        .utc
        .unwrap()
        .0
        .duration_since(session.header.started_utc.0);
    assert!(
        (since.as_millis() - i128::from(row.time_ms)).abs() <= 1,
        "{since:?}"
    );
    assert!(session.events.iter().all(|event| event.utc.is_some()));
}

#[test]
fn a_killed_session_keeps_its_rows_and_says_that_it_never_ended() {
    let parent = tempfile::tempdir().unwrap();
    let mut writer = file_session(parent.path());
    writer.write(&observation("clip", 0, Vec::new())).unwrap();
    sleep(FLUSH_AFTER);
    writer.flush_if_due().unwrap();
    writer.write(&observation("clip", 1, Vec::new())).unwrap();
    let folder = writer.folder().to_owned();
    // As when the process is killed: nothing more is written.
    std::mem::forget(writer);
    let rows = folder.join(OBSERVATIONS_FILE);
    fs::write(
        &rows,
        fs::read_to_string(&rows).unwrap() + "1,40,,clip,1,fir",
    )
    .unwrap();

    let session = read(&folder).unwrap();
    assert_eq!(session.rows.len(), 1);
    assert_eq!(session.header.ended_utc, None);
    assert_eq!(session.events.len(), 3);
}

#[test]
fn a_session_never_overwrites_another() {
    let parent = tempfile::tempdir().unwrap();
    let names: Vec<_> = (0..3)
        .map(|_| file_session(parent.path()).finish(0, 0).unwrap())
        .map(|folder| folder.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["clip", "clip-2", "clip-3"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_that_names_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for parent in [file.path().to_owned(), file.path().join("inside")] {
        let error = SessionWriter::create(&parent, "clip", serde_json::json!({})).unwrap_err();
        assert!(
            matches!(&error, Error::Log { path, .. } if *path == parent),
            "{error}"
        );
    }
}

#[test]
fn names_given_while_recording_stay_and_nothing_else_changes() {
    let parent = tempfile::tempdir().unwrap();
    let mut writer = file_session(parent.path());
    let folder = writer.folder().to_owned();
    let before = Header::read(&folder).unwrap();
    let mut people = People::default();
    people.name(1, "Ann");
    people.leave_out(2);
    people.save(&folder).unwrap();
    let during = Header::read(&folder).unwrap();
    assert_eq!(People::from(&during), people);
    assert_eq!(
        Header {
            people: before.people.clone(),
            left_out: before.left_out.clone(),
            ..during
        },
        before
    );
    writer
        .write(&observation("clip", 0, vec![face(1, 0.5)]))
        .unwrap();
    let rows = fs::read(writer.finish(1, 0).unwrap().join(OBSERVATIONS_FILE)).unwrap();

    people.take_back(2);
    people.save(&folder).unwrap();
    let after = Header::read(&folder).unwrap();
    assert!(after.ended_utc.is_some());
    assert_eq!(People::from(&after), people);
    assert_eq!(fs::read(folder.join(OBSERVATIONS_FILE)).unwrap(), rows);
}

#[test]
fn what_a_later_version_added_to_the_header_is_kept() {
    let parent = tempfile::tempdir().unwrap();
    let folder = file_session(parent.path()).finish(0, 0).unwrap();
    let path = folder.join(HEADER_FILE);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen('{', "{\"room\": \"12\",", 1)).unwrap();
    People::default().save(&folder).unwrap();
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .contains("\"room\": \"12\"")
    );

    fs::write(&path, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    let error = People::default().save(&folder).unwrap_err();
    assert!(error.to_string().contains("later Mien"), "{error}");
}

#[test]
fn merging_takes_all_faces_of_the_other_person_along() {
    let mut people = People::default();
    people.name(2, "Ben");
    people.name(5, "Ben");
    people.merge(1, 2);
    assert!(
        [1, 2, 5]
            .iter()
            .all(|face| people.name_of(*face) == "Face 1")
    );
    people.name(5, " ");
    assert_eq!(
        (people.name_of(5).as_str(), people.given_name(5)),
        ("Face 5", None)
    );
    assert_eq!(people.ids().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_file_of_people_is_read_or_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.toml");
    fs::write(
        &path,
        "left_out = [3]\n[people]\n1 = \"Ann\"\n4 = \"Ann\"\n",
    )
    .unwrap();
    let people = People::from_toml(&path).unwrap();
    assert_eq!(
        (people.name_of(1), people.name_of(4)),
        ("Ann".into(), "Ann".into())
    );
    assert!(people.is_left_out(3) && !people.is_left_out(1));
    for (text, words) in [
        ("[people]\nAnn = \"1\"\n", "'Ann' is no face id"),
        ("leftout = [3]\n", "leftout"),
        ("people = 3", "people"),
    ] {
        fs::write(&path, text).unwrap();
        let error = People::from_toml(&path).unwrap_err().to_string();
        assert!(
            error.contains(words) && error.contains("people.toml"),
            "{error}"
        );
    }
}

#[test]
fn a_session_is_its_folder_or_its_header() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(folder_of(folder.path()), None);
    let header = folder.path().join(HEADER_FILE);
    std::fs::write(&header, "{}").unwrap();
    assert_eq!(folder_of(folder.path()), Some(folder.path().to_owned()));
    assert_eq!(folder_of(&header), Some(folder.path().to_owned()));
}
