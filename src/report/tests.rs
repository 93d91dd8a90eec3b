//! A made-up session with known shares, episodes and phases gives exactly those numbers.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::*;
use crate::error::Error;
use crate::expression::Expression::{Angry, Happy, Neutral, Sad, Surprise};
use crate::session::{Event, EventKind, Moment, People, Row, SourceEntry};

/// Writes a session by hand: what each frame shows is a line of words.
struct Made {
    folder: tempfile::TempDir,
    rows: String,
    events: String,
    frame: u64,
}

impl Made {
    fn new(kind: &str, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut header = crate::session::Header::new(serde_json::json!({"every": 1}));
        header.ended_utc = Some(Moment::now());
        header.sources.push(SourceEntry {
            kind: kind.to_owned(),
            name: name.to_owned(),
            detail: String::new(),
        });
        fs::write(
            folder.path().join("session.json"),
            serde_json::to_vec(&header).unwrap(),
        )
        .unwrap();
        let mut made = Self {
            folder,
            rows: Row::COLUMNS.join(",") + "\n",
            events: Event::COLUMNS.join(",") + "\n",
            frame: 0,
        };
        made.event(0, EventKind::Source, name);
        made
    }

    /// A frame at `time_ms` with these faces: `id shown quality`, the quality `-` for none; each is
    /// given the shown expression with probability `0.5 + frame / 1000`.
    fn frame(&mut self, time_ms: u64, live: bool, faces: &[(u64, &str, &str)]) {
        let utc = if live { "2026-11-21T10:00:00.000Z" } else { "" };
        let start = format!(
            "{},{time_ms},{utc},cam,{},net,{}",
            self.frame,
            self.frame,
            faces.len()
        );
        if faces.is_empty() {
            writeln!(self.rows, "{start},,,,,,,,,,,,,,,,,,").unwrap();
        }
        for (id, shown, quality) in faces {
            let sure = 0.5 + self.frame as f32 / 1000.0;
            let cells: Vec<String> = crate::expression::Expression::ALL
                .iter()
                .map(|one| if one.name() == *shown { sure } else { 0.01 }.to_string())
                .collect();
            writeln!(
                self.rows,
                "{start},{id},1.0,2.0,30.0,40.0,9.5,neutral,{sure},{},{shown},{quality}",
                cells.join(",")
            )
            .unwrap();
        }
        self.frame += 1;
    }

    /// Frames every 100 ms from `from` on, `count` of them, all with the same faces.
    fn frames(&mut self, from: u64, count: u64, faces: &[(u64, &str, &str)]) {
        for index in 0..count {
            self.frame(from + 100 * index, true, faces);
        }
    }

    fn event(&mut self, time_ms: u64, kind: EventKind, detail: &str) {
        writeln!(self.events, "{time_ms},,{},{kind},\"{detail}\"", self.frame).unwrap();
    }

    fn folder(&self) -> &Path {
        fs::write(self.folder.path().join("observations.csv"), &self.rows).unwrap();
        fs::write(self.folder.path().join("events.csv"), &self.events).unwrap();
        self.folder.path()
    }

    fn analyze(&self) -> Analysis {
        analyze(self.folder(), None).unwrap()
    }
}

/// Ann is face 1: neutral 0–2 s, happy 2–5 s with 0.3 s blurred inside, uncertain 5–6 s, sad 6–8 s;
/// the marker "film" at 4 s. Ben is face 2 from 4 s to 8 s: surprise throughout. From 8 s on nobody,
/// to 10 s.
fn film() -> Made {
    let mut made = Made::new("camera", "cam");
    made.frames(0, 20, &[(1, "neutral", "")]);
    made.frames(2000, 10, &[(1, "happy", "")]);
    made.frames(3000, 3, &[(1, "happy", "blurred+small")]);
    made.frames(3300, 7, &[(1, "happy", "")]);
    made.event(3950, EventKind::Marker, "film");
    made.frames(4000, 10, &[(1, "happy", ""), (2, "surprise", "")]);
    made.frames(5000, 10, &[(1, "uncertain", ""), (2, "surprise", "")]);
    made.frames(6000, 20, &[(1, "sad", ""), (2, "surprise", "")]);
    made.frames(8000, 20, &[]);
    made
}

#[test]
fn the_page_tells_no_folder_of_whom_it_is_about() {
    for (kind, detail) in [
        ("video", "/home/anna/study/p1.mp4"),
        ("folder", "/home/anna/study"),
    ] {
        let mut made = Made::new(kind, "p1");
        let mut header = crate::session::Header::read(made.folder.path()).unwrap();
        header.sources[0].detail = detail.to_owned();
        let text = serde_json::to_vec(&header).unwrap();
        fs::write(made.folder.path().join("session.json"), text).unwrap();
        made.frames(0, 3, &[(1, "happy", "")]);
        let error = "the video '/home/anna/study/p1.mp4' cannot be read: it is cut";
        made.event(300, EventKind::Error, error);
        // Of a source that never opened, a model that was picked, a bug of ours.
        for error in [
            "'/home/anna/other.mp4' is no file or folder here",
            "the model '/home/anna/mine.onnx' cannot be used: it is empty",
            "Mien hit a bug and stopped this work; please report it with the file '/home/anna/crashes/1.txt'",
        ] {
            made.event(400, EventKind::Error, error);
        }
        let page = page::page(&made.analyze(), "p1").unwrap();
        assert!(page.contains("p1.mp4") && !page.contains("anna"), "{kind}");
    }
}

#[test]
fn shares_are_weighted_by_time_and_leave_out_what_is_uncertain_or_poorly_seen() {
    let analysis = film().analyze();
    assert_eq!(analysis.unit, Unit::Milliseconds);
    assert_eq!((analysis.frames, analysis.end), (100, 10_000));
    assert_eq!((analysis.watched, analysis.nobody), (10_000, 2000));
    let [ann, ben] = &analysis.people[..] else {
        panic!("{:?}", analysis.people)
    };
    assert_eq!(
        (ann.name.as_str(), ann.first, ann.last),
        ("Face 1", 0, 8000)
    );
    assert_eq!(
        (ben.name.as_str(), ben.first, ben.last),
        ("Face 2", 4000, 8000)
    );
    let tally = &ann.tally;
    assert_eq!(tally.of(Neutral), 2000);
    assert_eq!(tally.of(Happy), 2700);
    assert_eq!(tally.of(Sad), 2000);
    assert_eq!((tally.uncertain, tally.poor), (1000, 300));
    assert_eq!((tally.named(), tally.seen()), (6700, 8000));
    assert_eq!(tally.share(Happy), Some(2700.0 / 6700.0));
    assert_eq!(tally.share(Angry), Some(0.0));
    assert_eq!(ben.tally.share(Surprise), Some(1.0));
    assert_eq!(analysis.together.seen(), 12_000);
    assert_eq!((analysis.flags.blurred, analysis.flags.small), (300, 300));
    assert_eq!((analysis.flags.dark, analysis.flags.edge), (0, 0));
    assert_eq!(analysis.frames_per_second(), Some(10.0));
}

#[test]
fn unequal_distances_count_as_long_as_they_are() {
    let mut made = Made::new("camera", "cam");
    made.frame(0, true, &[(1, "happy", "")]);
    made.frame(100, true, &[(1, "sad", "")]);
    made.frame(400, true, &[(1, "happy", "")]);
    made.frame(450, true, &[]);
    let tally = made.analyze().people[0].tally;
    assert_eq!((tally.of(Happy), tally.of(Sad)), (150, 300));
}

#[test]
fn an_episode_goes_on_over_a_blink_and_ends_with_doubt() {
    let analysis = film().analyze();
    let seen: Vec<_> = analysis.people[0]
        .episodes
        .iter()
        .map(|one| (one.expression, one.start, one.length(), one.phase))
        .collect();
    let expected = [
        (Neutral, 0, 2000, 0),
        (Happy, 2000, 3000, 0),
        (Sad, 6000, 2000, 1),
    ];
    assert_eq!(seen, expected);
    let happy = analysis.people[0].episodes[1];
    assert!((happy.peak - 0.549).abs() < 1e-6, "{}", happy.peak);
    assert_eq!(happy.peak_at, 4900);
    let steps: Vec<_> = analysis.people[0]
        .transitions
        .iter()
        .map(|one| (one.from, one.to, one.count))
        .collect();
    assert_eq!(steps, [(Happy, Sad, 1), (Neutral, Happy, 1)]);
    assert!(analysis.people[1].transitions.is_empty());
}

#[test]
fn whoever_was_away_for_long_begins_anew() {
    let mut made = Made::new("camera", "cam");
    made.frames(0, 10, &[(1, "happy", "")]);
    made.frames(1000, 5, &[]);
    made.frames(1500, 10, &[(1, "happy", "")]);
    made.frames(2500, 20, &[]);
    made.frames(4500, 5, &[(1, "sad", "")]);
    let person = &made.analyze().people[0];
    let seen: Vec<_> = person
        .episodes
        .iter()
        .map(|one| (one.expression, one.start, one.end))
        .collect();
    assert_eq!(seen, [(Happy, 0, 2500), (Sad, 4500, 5000)]);
    assert!(person.transitions.is_empty());
    assert_eq!(person.tally.seen(), 2500);
    let spans: Vec<_> = person
        .spans
        .iter()
        .map(|one| (one.start, one.end))
        .collect();
    assert_eq!(spans, [(0, 1000), (1500, 2500), (4500, 5000)]);
}

#[test]
fn a_marker_begins_a_phase_and_what_came_before_is_the_start() {
    let analysis = film().analyze();
    let [start, film] = &analysis.phases[..] else {
        panic!("{:?}", analysis.phases)
    };
    assert_eq!((start.name.as_str(), start.marked), ("start", false));
    assert_eq!((film.name.as_str(), film.marked), ("film", true));
    assert_eq!((start.start, start.end, start.frames), (0, 3950, 40));
    assert_eq!((film.start, film.end, film.frames), (3950, 10_000, 60));
    assert_eq!((start.watched, film.watched), (4000, 6000));
    assert_eq!(start.people[0].of(Happy), 1700);
    assert_eq!(film.people[0].of(Happy), 1000);
    assert_eq!((start.people[1].seen(), film.people[1].seen()), (0, 4000));
}

#[test]
fn a_marker_before_the_first_frame_leaves_no_start_and_one_after_the_last_has_no_frame() {
    let mut made = Made::new("camera", "cam");
    made.event(0, EventKind::Marker, "calm");
    made.frames(50, 10, &[(1, "happy", "")]);
    made.event(3000, EventKind::Marker, "end");
    let phases = made.analyze().phases;
    let seen: Vec<_> = phases
        .iter()
        .map(|one| (one.name.as_str(), one.start, one.end, one.frames))
        .collect();
    assert_eq!(seen, [("calm", 50, 1050, 10), ("end", 1050, 1050, 0)]);
}

#[test]
fn a_marker_at_the_second_frame_leaves_the_first_one_its_start() {
    let mut made = Made::new("camera", "cam");
    made.frames(0, 1, &[(1, "happy", "")]);
    made.event(60, EventKind::Marker, "film");
    made.event(70, EventKind::Marker, "talk");
    made.frames(100, 2, &[(1, "happy", "")]);
    let phases = made.analyze().phases;
    let seen: Vec<_> = phases
        .iter()
        .map(|one| (one.name.as_str(), one.start, one.end, one.frames))
        .collect();
    let expected = [
        ("start", 0, 60, 1),
        ("film", 60, 70, 0),
        ("talk", 70, 300, 2),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn gaps_are_no_time() {
    let mut made = Made::new("camera", "cam");
    made.frames(0, 10, &[(1, "happy", "")]);
    made.event(1000, EventKind::Gone, "unplugged");
    made.event(4000, EventKind::Back, "");
    made.frames(4100, 10, &[(1, "happy", "")]);
    made.event(5050, EventKind::Paused, "");
    made.event(5300, EventKind::Resumed, "");
    made.frames(5400, 10, &[(1, "happy", "")]);
    // Nobody says why.
    made.frames(9000, 10, &[(1, "happy", "")]);
    let analysis = made.analyze();
    let gaps: Vec<_> = analysis
        .gaps
        .iter()
        .map(|gap| (gap.start, gap.length(), gap.reason))
        .collect();
    let expected = [
        (1000, 3100, Some(EventKind::Gone)),
        (5100, 300, Some(EventKind::Paused)),
        (6400, 2600, None),
    ];
    assert_eq!(gaps, expected);
    assert_eq!((analysis.watched, analysis.end), (4000, 10_000));
    assert_eq!(analysis.people[0].tally.of(Happy), 4000);
    assert_eq!(analysis.people[0].episodes.len(), 4);
    assert!(analysis.people[0].transitions.is_empty());
}

#[test]
fn frames_that_always_come_rarely_have_no_gaps_between_them() {
    let mut made = Made::new("video", "cam");
    for index in 0..5 {
        made.frame(3000 * index, false, &[(1, "happy", "")]);
    }
    let analysis = made.analyze();
    assert_eq!((analysis.watched, analysis.gaps.len()), (15_000, 0));
}

#[test]
fn a_file_from_its_beginning_goes_on_where_the_time_line_ended() {
    let mut made = Made::new("video", "cam");
    for _ in 0..2 {
        for index in 0..10 {
            made.frame(100 * index, false, &[(1, "happy", "")]);
        }
        made.event(900, EventKind::Source, "cam, from its beginning");
    }
    let analysis = made.analyze();
    assert_eq!((analysis.watched, analysis.end), (2000, 2000));
    let stretches: Vec<_> = analysis
        .stretches
        .iter()
        .map(|one| (one.start, one.end, one.time_ms, one.frame))
        .collect();
    assert_eq!(stretches, [(0, 1000, 0, 0), (1000, 2000, 0, 10)]);
    assert_eq!(analysis.people[0].episodes.len(), 2);
}

#[test]
fn pictures_count_one_each() {
    let mut made = Made::new("folder", "holiday");
    made.frame(0, false, &[(1, "happy", "")]);
    made.frame(1000, false, &[(2, "happy", ""), (3, "sad", "")]);
    made.frame(2000, false, &[]);
    let analysis = made.analyze();
    assert_eq!(analysis.unit, Unit::Pictures);
    assert_eq!((analysis.watched, analysis.nobody, analysis.end), (3, 1, 3));
    assert_eq!(analysis.together.of(Happy), 2);
    assert!(analysis.people.iter().all(|one| one.episodes.is_empty()));
    assert_eq!(analysis.frames_per_second(), None);
}

#[test]
fn two_faces_of_one_name_are_one_person_and_a_passer_by_does_not_count() {
    let made = film();
    let mut people = People::default();
    people.name(1, " Ann  Lee ");
    people.merge(1, 2);
    let analysis = analyze(made.folder(), Some(&people)).unwrap();
    let [ann] = &analysis.people[..] else {
        panic!("{:?}", analysis.people)
    };
    assert_eq!(
        (ann.name.as_str(), &ann.faces[..]),
        ("Ann Lee", &[1, 2][..])
    );
    assert_eq!(ann.tally.seen(), 8000, "once a frame, not twice");

    people.leave_out(1);
    people.save(made.folder()).unwrap();
    let analysis = analyze(made.folder(), None).unwrap();
    assert_eq!(analysis.people[0].name, "Ann Lee");
    assert_eq!(
        (&analysis.people[0].faces[..], &analysis.left_out[..]),
        (&[2][..], &[1][..])
    );
    assert_eq!(analysis.nobody, 6000);
}

#[test]
fn what_is_no_session_is_said() {
    let nowhere = Path::new("no/such/folder");
    let empty = tempfile::tempdir().unwrap();
    let without_frames = Made::new("camera", "cam");
    let damaged = film();
    let rows = damaged.folder().join("observations.csv");
    fs::write(&rows, damaged.rows.replacen(",surprise,\n", ",bored,\n", 1)).unwrap();
    for (folder, words) in [
        (nowhere, "no such folder"),
        (empty.path(), "no session.json"),
        (without_frames.folder(), "not one frame"),
        (damaged.folder.path(), "bored"),
    ] {
        let error = analyze(folder, None).unwrap_err();
        assert!(matches!(error, Error::Session { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_second_model_is_compared_face_by_face_and_mixes_no_numbers() {
    let made = film();
    assert_eq!(made.analyze().second, None);
    let folder = made.folder().to_owned();
    // From the fortieth frame on, with other names for one of the two faces.
    let rows = fs::read_to_string(folder.join("observations.csv")).unwrap();
    let second: Vec<String> = rows
        .lines()
        .enumerate()
        .filter(|(line, _)| *line == 0 || *line > 40)
        .map(|(line, row)| match line {
            0 => row.to_owned(),
            _ if row.contains("surprise") => row.replace("neutral", "fear"),
            _ => row.to_owned(),
        })
        .collect();
    fs::write(folder.join("second.csv"), second.join("\n") + "\n").unwrap();
    let analysis = analyze(&folder, None).unwrap();
    let second = analysis.second.clone().unwrap();
    // Frames 40 to 79 with two faces each; from 80 on nobody.
    assert_eq!((second.faces, second.same), (80, 40));
    assert_eq!(analysis.models.len(), 1);
    let page = page(&analysis, "film").unwrap();
    assert!(
        page.contains("the same name to 50 % of 80 faces"),
        "agreement"
    );
    assert!(!page.contains("Several models answered"));
}
