//! The window, driven by its labels as a person or a screen reader does, without a screen.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../common/mod.rs"]
mod common;
mod models;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use common::{PATIENCE, Step, parts, settings};
use eframe::egui::{self, Event, Key, ViewportId, accesskit::Toggled, vec2};
use eframe::{App as _, Storage};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use mien::app::{App, ModelEntry, Options};
use mien::expression::{Expression, Probabilities};
use mien::face::{Face, FaceBox, Quality, Reading};
use mien::observation::{Observation, StageTimes};
use mien::pipeline::{Pipeline, Settings};
use mien::session::{EventKind, Header, SessionWriter};
use mien::source::SourceSpec;

/// Frames for as long as any test lasts.
const ENDLESS: u64 = 1_000_000;

fn options(recordings: &Path) -> Options {
    let model = |name: &str, title: &str| ModelEntry {
        name: name.to_owned(),
        title: title.to_owned(),
        summary: "a fake".to_owned(),
    };
    Options {
        models: vec![
            model("happy-model", "Happy model"),
            model("sad-model", "Sad model"),
        ],
        import: None,
        cameras: Arc::new(|| vec!["Front camera".to_owned(), "Side camera".to_owned()]),
        recordings: recordings.to_owned(),
        show: Arc::new(|_| Ok(())),
        session: None,
        welcome: None,
        end_after: None,
    }
}

fn window_with(
    settings: Settings,
    parts: mien::pipeline::Parts,
    options: Options,
) -> Harness<'static, App> {
    window_kept(settings, parts, options, &Kept::default())
}

/// A window that begins with what another one left.
fn window_kept(
    settings: Settings,
    parts: mien::pipeline::Parts,
    options: Options,
    kept: &Kept,
) -> Harness<'static, App> {
    let pipeline = Pipeline::start(settings, parts).expect("fakes start");
    Harness::builder()
        .with_size(vec2(1100.0, 720.0))
        .build_eframe(|creation| App::new(&creation.egui_ctx, Some(kept), options, pipeline))
}

/// A window on a fake camera that records into `folder`, kept settings and all.
fn recording_window(folder: &Path, kept: &Kept) -> Harness<'static, App> {
    let fakes = parts(vec![Step::Frames(ENDLESS)], Arc::default());
    let mut window = window_kept(settings(None), fakes, options(folder), kept);
    wait_for_label(&mut window, "Face 1: happy");
    window
}

/// What the window remembers, in memory.
#[derive(Default)]
struct Kept(HashMap<String, String>);

impl Kept {
    /// After the first recording's notice has been read.
    fn notice_read() -> Self {
        Self::with("(notice_read:true)")
    }

    /// With these settings.
    fn with(settings: &str) -> Self {
        Self([("settings".to_owned(), settings.to_owned())].into())
    }

    /// As when the window closes.
    fn of(window: &mut Harness<'static, App>) -> Self {
        let mut kept = Self::default();
        window.state_mut().save(&mut kept);
        kept
    }
}

impl Storage for Kept {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }

    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn flush(&mut self) {}
}

/// The session folder in `recordings`.
fn only_session(recordings: &Path) -> PathBuf {
    let mut folders = recordings.read_dir().unwrap();
    let folder = folders.next().unwrap().unwrap().path();
    assert!(folders.next().is_none());
    folder
}

/// The markers in a session's `events.csv`.
fn markers(session: &Path) -> Vec<String> {
    let events = mien::session::events(session).unwrap();
    let markers = events
        .into_iter()
        .filter(|event| event.event == EventKind::Marker);
    markers.map(|event| event.detail).collect()
}

/// A window on a fake camera that plays these steps.
fn window(steps: Vec<Step>) -> Harness<'static, App> {
    window_with(
        settings(None),
        parts(steps, Arc::default()),
        options(Path::new("/nowhere")),
    )
}

/// A session about a video of three seconds: face 1 happy throughout, face 2 sad in the last second,
/// a marker after the first.
fn session_about_a_video(parent: &Path) -> PathBuf {
    let video = parent.join("clip.mp4");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i"])
        .arg("testsrc=size=160x120:rate=10:duration=3")
        .arg(&video)
        .status()
        .expect("ffmpeg is installed by `make test`");
    assert!(made.success());
    let mut writer = SessionWriter::create(parent, "clip", serde_json::json!({})).unwrap();
    let detail = video.display().to_string();
    writer.source("video", "clip.mp4", &detail).unwrap();
    writer.model(&common::card("happy-model"), "CPU").unwrap();
    for number in 0..30 {
        let mut faces = vec![session_face(1, Expression::Happy)];
        if number >= 20 {
            faces.push(session_face(2, Expression::Sad));
        }
        if number == 10 {
            writer.event(EventKind::Marker, "Film").unwrap();
        }
        let mut frame = common::frame(number, Duration::from_millis(100 * number));
        frame.source = "clip.mp4".into();
        let observation = Observation {
            number,
            frame: Arc::new(frame),
            faces,
            model: "happy-model".into(),
            second: None,
            times: StageTimes::default(),
        };
        writer.write(&observation).unwrap();
    }
    writer.finish(30, 0).unwrap()
}

fn session_face(id: u64, shown: Expression) -> Face {
    let values = Expression::ALL.map(|one| if one == shown { 0.93 } else { 0.01 });
    let raw = Probabilities::from_distribution(&Expression::ALL, &values).unwrap();
    let face_box = FaceBox {
        x: 80.0 * id as f32 - 70.0,
        ..common::FACE
    };
    Face {
        id,
        face_box,
        detected: face_box,
        score: 9.0,
        quality: Quality::default(),
        reading: Reading {
            raw,
            smoothed: raw,
            shown: Some(shown),
        },
        second: None,
    }
}

/// A window that begins with a session.
fn session_window(folder: &Path) -> Harness<'static, App> {
    let options = Options {
        session: Some(folder.to_owned()),
        ..options(Path::new("/nowhere"))
    };
    let fakes = parts(vec![Step::Frames(ENDLESS)], Arc::default());
    window_with(settings(None), fakes, options)
}

/// Draws until the window is as the test wants it.
#[track_caller]
fn wait_for(
    window: &mut Harness<'static, App>,
    what: &str,
    wanted: impl Fn(&Harness<'static, App>) -> bool,
) {
    let until = Instant::now() + PATIENCE;
    loop {
        window.step();
        if wanted(window) {
            return;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether these words stand anywhere.
fn sees(window: &Harness<'static, App>, words: &str) -> bool {
    window.query_all_by_label_contains(words).next().is_some()
}

#[track_caller]
fn wait_for_label(window: &mut Harness<'static, App>, label: &str) {
    wait_for(window, label, |window| sees(window, label));
}

#[track_caller]
fn click(window: &mut Harness<'static, App>, label: &str) {
    window.get_by_label(label).click();
    window.run_ok();
}

fn press(window: &mut Harness<'static, App>, key: Key) {
    window.key_press(key);
    window.run_ok();
}

fn is_ticked(window: &Harness<'static, App>, label: &str) -> bool {
    window.get_by_label(label).accesskit_node().toggled() == Some(Toggled::True)
}

#[test]
fn the_bars_show_what_the_model_reads_in_the_face() {
    let mut window = window(vec![Step::Frames(ENDLESS)]);
    wait_for_label(&mut window, "Happy 90%");
    window.get_by_label("Sad 2%");
    assert!(sees(&window, "Happy 90% Face 1"));
    window.get_by_label("Face 1: happy 90%");
    window.get_by_label("Chart of the last minute");
}

#[test]
fn without_a_face_the_bars_keep_their_places_and_a_hint_comes() {
    let mut fakes = parts(vec![Step::Frames(ENDLESS)], Arc::default());
    fakes.detector = Box::new(|| Ok(Box::new(common::FakeDetector(vec![]))));
    let mut window = window_with(settings(None), fakes, options(Path::new("/nowhere")));
    wait_for_label(&mut window, "No face Nobody is in view");
    window.get_by_label("Happy –");
    wait_for_label(&mut window, "Look towards the camera");
}

#[test]
fn a_model_is_picked_from_the_menu() {
    let mut window = window(vec![Step::Frames(ENDLESS)]);
    wait_for_label(&mut window, "Face 1: happy");
    click(&mut window, "Model");
    assert!(is_ticked(&window, "Happy model"));
    click(&mut window, "Sad model");
    wait_for_label(&mut window, "Face 1: sad");
    click(&mut window, "Model");
    assert!(is_ticked(&window, "Sad model"));
    assert!(!is_ticked(&window, "Happy model"));
}

#[test]
fn a_number_picks_a_model() {
    let mut window = window(vec![Step::Frames(ENDLESS)]);
    wait_for_label(&mut window, "Face 1: happy");
    press(&mut window, Key::Num2);
    wait_for_label(&mut window, "Face 1: sad");
    press(&mut window, Key::Num1);
    wait_for_label(&mut window, "Face 1: happy");
}

#[test]
fn a_model_that_fails_says_so_and_the_old_one_works_on() {
    let mut options = options(Path::new("/nowhere"));
    options.models.push(ModelEntry {
        name: "missing-model".to_owned(),
        title: "Missing model".to_owned(),
        summary: String::new(),
    });
    let fakes = parts(vec![Step::Frames(ENDLESS)], Arc::default());
    let mut window = window_with(settings(None), fakes, options);
    wait_for_label(&mut window, "Face 1: happy");
    press(&mut window, Key::Num3);
    wait_for_label(&mut window, "There is no model 'missing-model'");
    assert!(sees(&window, "Face 1: happy"));
    click(&mut window, "Close this notice");
    assert!(!sees(&window, "There is no model"));
}

#[test]
fn space_pauses_and_goes_on() {
    let mut window = window(vec![Step::Frames(ENDLESS)]);
    wait_for_label(&mut window, "Face 1: happy");
    press(&mut window, Key::Space);
    wait_for_label(&mut window, "Paused. Space goes on");
    window.get_by_label("Go on");
    press(&mut window, Key::Space);
    wait_for(&mut window, "the camera", |window| !sees(window, "Paused"));
}

#[test]
fn a_hidden_window_lets_the_camera_rest_unless_it_records() {
    let recordings = tempfile::tempdir().unwrap();
    let mut window = recording_window(recordings.path(), &Kept::notice_read());
    let hide = |window: &mut Harness<'static, App>, hidden| {
        let viewport = window.input_mut().viewports.entry(ViewportId::ROOT);
        viewport.or_default().minimized = Some(hidden);
    };
    hide(&mut window, true);
    wait_for_label(&mut window, "Paused. Space goes on");
    hide(&mut window, false);
    wait_for(&mut window, "the camera", |window| !sees(window, "Paused"));

    // What a person has paused stays so.
    press(&mut window, Key::Space);
    wait_for_label(&mut window, "Paused. Space goes on");
    for hidden in [true, false] {
        hide(&mut window, hidden);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(3) {
            window.step();
            assert!(sees(&window, "Paused"));
            thread::sleep(Duration::from_millis(50));
        }
    }
    press(&mut window, Key::Space);
    wait_for(&mut window, "the camera", |window| !sees(window, "Paused"));

    press(&mut window, Key::R);
    wait_for_label(&mut window, "Stop recording");
    hide(&mut window, true);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        window.step();
        assert!(!sees(&window, "Paused"));
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn r_records_into_a_new_session_folder_and_stops() {
    let recordings = tempfile::tempdir().unwrap();
    let mut window = recording_window(recordings.path(), &Kept::notice_read());
    assert!(sees(&window, "Records to"));
    press(&mut window, Key::R);
    wait_for_label(&mut window, "Stop recording");
    assert!(sees(&window, "Writing to"));
    let session = only_session(recordings.path());
    let table = session.join("observations.csv");
    wait_for(&mut window, "a row on the disk", |_| {
        std::fs::read_to_string(&table).is_ok_and(|rows| rows.lines().count() > 1)
    });
    press(&mut window, Key::R);
    wait_for_label(&mut window, "Saved to");
    window.get_by_label("Record");
    window.get_by_label(&format!("Saved to {}", session.display()));
}

#[test]
fn before_the_first_recording_a_notice_is_confirmed_once() {
    let recordings = tempfile::tempdir().unwrap();
    let mut window = recording_window(recordings.path(), &Kept::default());
    press(&mut window, Key::R);
    wait_for_label(&mut window, "Before the first recording");
    assert!(sees(&window, "AI Act"));
    assert!(sees(&window, &recordings.path().display().to_string()));
    click(&mut window, "Not now");
    assert!(!sees(&window, "Before the first recording"));
    assert_eq!(recordings.path().read_dir().unwrap().count(), 0);
    press(&mut window, Key::R);
    click(&mut window, "Understood, record");
    wait_for_label(&mut window, "Stop recording");

    let elsewhere = tempfile::tempdir().unwrap();
    let kept = Kept::of(&mut window);
    let mut window = recording_window(elsewhere.path(), &kept);
    press(&mut window, Key::R);
    wait_for_label(&mut window, "Stop recording");
}

#[test]
fn keys_and_the_menu_set_markers_in_the_recording_and_on_the_chart() {
    let recordings = tempfile::tempdir().unwrap();
    let mut window = recording_window(recordings.path(), &Kept::notice_read());
    press(&mut window, Key::F2);
    wait_for_label(&mut window, "'Marker 1' is not kept");
    press(&mut window, Key::R);
    wait_for_label(&mut window, "Stop recording");
    press(&mut window, Key::F9);
    wait_for_label(&mut window, "Marked 'Marker 8'");
    click(&mut window, "Markers");
    click(&mut window, "Marker 3");
    wait_for_label(&mut window, "Marked 'Marker 3'");
    let chart = "Chart of the last minute, marked: Marker 1, Marker 8, Marker 3";
    window.get_by_label(chart);
    let session = only_session(recordings.path());
    assert_eq!(markers(&session), ["Marker 8", "Marker 3"]);
}

#[test]
fn enter_opens_a_box_for_a_name_and_escape_closes_it() {
    let recordings = tempfile::tempdir().unwrap();
    let mut window = recording_window(recordings.path(), &Kept::notice_read());
    press(&mut window, Key::R);
    wait_for_label(&mut window, "Stop recording");
    for (text, end) in [("never mind", Key::Escape), ("  a long scene", Key::Enter)] {
        press(&mut window, Key::Enter);
        wait_for_label(&mut window, "Name of the marker");
        window.event(Event::Text(text.to_owned()));
        press(&mut window, end);
        assert!(!sees(&window, "Name of the marker"), "{text}");
    }
    wait_for_label(&mut window, "Marked 'a long scene'");
    assert_eq!(markers(&only_session(recordings.path())), ["a long scene"]);
}

#[test]
fn the_names_of_the_keys_are_remembered() {
    let mut window = recording_window(Path::new("/nowhere"), &Kept::default());
    click(&mut window, "Markers");
    click(&mut window, "Name the keys…");
    window.get_by_label("F4").focus();
    window.run_ok();
    window.event(Event::Text("Film starts".to_owned()));
    window.run_ok();
    press(&mut window, Key::F4);
    click(&mut window, "Close");
    assert!(!sees(&window, "is not kept"), "a field keeps its keys");
    let kept = Kept::of(&mut window);

    let mut window = recording_window(Path::new("/nowhere"), &kept);
    press(&mut window, Key::F4);
    wait_for_label(&mut window, "'Film starts' is not kept");
    press(&mut window, Key::F5);
    wait_for_label(&mut window, "'Marker 4' is not kept");
}

#[test]
fn a_log_folder_that_cannot_be_written_is_said_in_a_notice() {
    // A file where the folder should be: even root cannot write into it.
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut window = recording_window(file.path(), &Kept::notice_read());
    press(&mut window, Key::R);
    wait_for_label(&mut window, "The log cannot be written");
    window.get_by_label("Record");
}

#[test]
fn keys_belong_to_a_text_field_that_has_the_focus() {
    let recordings = tempfile::tempdir().unwrap();
    let mut window = recording_window(recordings.path(), &Kept::notice_read());
    let text = Arc::new(std::sync::Mutex::new(String::new()));
    let typed = Arc::clone(&text);
    window.ctx.on_begin_pass(
        "a text field",
        Arc::new(move |ui| {
            egui::Area::new(egui::Id::unique("field")).show(ui.ctx(), |ui| {
                ui.text_edit_singleline(&mut *text.lock().unwrap())
                    .accessible_name("Field")
            });
        }),
    );
    window.run_ok();
    window.get_by_label("Field").focus();
    window.run_ok();
    for (key, letter) in [
        (Key::Space, " "),
        (Key::R, "r"),
        (Key::M, "m"),
        (Key::Num2, "2"),
    ] {
        window.event(Event::Text(letter.to_owned()));
        press(&mut window, key);
    }
    assert_eq!(*typed.lock().unwrap(), " rm2");
    thread::sleep(Duration::from_millis(200));
    window.run_ok();
    assert!(!sees(&window, "Paused"));
    assert!(
        recordings.path().read_dir().unwrap().next().is_none(),
        "nothing was recorded"
    );
    assert!(sees(&window, "Face 1: happy"));
}

#[test]
fn a_camera_that_is_gone_is_said_within_three_seconds_over_its_last_picture() {
    let steps = vec![
        Step::Frames(5),
        Step::Lose,
        Step::Hang(Duration::from_mins(1)),
    ];
    let mut window = window(steps);
    let begun = Instant::now();
    wait_for_label(&mut window, "The camera is away");
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert!(sees(&window, "No such device"));
    window.get_by_label("Try again");
    window.get_by_label("Play the demo");
}

#[test]
fn a_stalled_camera_is_said_within_three_seconds_and_holds_the_end_up_for_less_than_one() {
    let mut window = window(vec![Step::Frames(5), Step::Hang(Duration::from_mins(1))]);
    let begun = Instant::now();
    wait_for_label(&mut window, "The camera has stalled");
    assert!(begun.elapsed() < Duration::from_secs(3));
    let begun = Instant::now();
    drop(window);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_source_that_fails_leaves_the_window_alive_with_ways_out() {
    let mut fakes = parts(vec![], Arc::default());
    fakes.open = Arc::new(|_, _| {
        Err(mien::error::Error::BadVideo {
            path: "bad.mp4".into(),
            reason: "no moov atom".to_owned(),
        })
    });
    let settings = Settings {
        source: SourceSpec::Video("bad.mp4".into()),
        ..settings(None)
    };
    let mut window = window_with(settings, fakes, options(Path::new("/nowhere")));
    wait_for_label(&mut window, "This source cannot be shown");
    assert!(sees(&window, "The video 'bad.mp4' cannot be read"));
    window.get_by_label("Play the demo");
}

#[test]
fn cameras_are_listed_when_the_menu_opens() {
    let mut window = window(vec![Step::Frames(ENDLESS)]);
    click(&mut window, "Source");
    wait_for_label(&mut window, "Side camera");
    click(&mut window, "Side camera");
    wait_for_label(&mut window, "Face");
}

#[test]
fn the_demo_says_why_it_plays_until_it_is_told_to_stop() {
    let options = Options {
        welcome: Some("no camera was found, so this is the demo".to_owned()),
        ..options(Path::new("/nowhere"))
    };
    let fakes = parts(vec![Step::Frames(ENDLESS)], Arc::default());
    let mut window = window_with(settings(None), fakes, options);
    wait_for_label(&mut window, "No camera was found, so this is the demo");
    window.get_by_label("Try again");
    click(&mut window, "Close this message");
    assert!(!sees(&window, "No camera was found"));
}

#[test]
fn help_opens_and_closes_and_takes_the_keys_meanwhile() {
    let mut window = window(vec![Step::Frames(ENDLESS)]);
    wait_for_label(&mut window, "Face 1: happy");
    click(&mut window, "Help");
    click(&mut window, "About Mien");
    wait_for_label(&mut window, "An expression is not a feeling");
    press(&mut window, Key::Num2);
    press(&mut window, Key::Escape);
    wait_for(&mut window, "the page to close", |window| {
        !sees(window, "An expression is not a feeling")
    });
    assert!(sees(&window, "Face 1: happy"));
}

#[test]
fn the_view_menu_hides_and_shows() {
    let mut window = window(vec![Step::Frames(ENDLESS)]);
    wait_for_label(&mut window, "Face 1: happy");
    click(&mut window, "View");
    assert!(is_ticked(&window, "Mirror"), "a camera is mirrored");
    click(&mut window, "Boxes and labels");
    assert!(!sees(&window, "Face 1: happy"));
    click(&mut window, "View");
    click(&mut window, "Chart");
    assert!(window.query_by_label("Chart of the last minute").is_none());
    press(&mut window, Key::M);
    click(&mut window, "View");
    assert!(!is_ticked(&window, "Mirror"));
}

#[test]
fn the_end_of_a_video_offers_its_beginning() {
    let settings = Settings {
        source: SourceSpec::Video("short.mp4".into()),
        ..settings(None)
    };
    let fakes = parts(vec![Step::Frames(3)], Arc::default());
    let mut window = window_with(settings, fakes, options(Path::new("/nowhere")));
    wait_for_label(&mut window, "Play again");
}

#[test]
fn a_session_shows_who_was_seen_and_the_picture_of_a_moment() {
    let parent = tempfile::tempdir().unwrap();
    let folder = session_about_a_video(parent.path());
    let mut window = session_window(&folder);
    wait_for_label(&mut window, "Time line");
    assert!(sees(&window, "Session clip: "));
    window.get_by_label("Face 1, 3.0 s");
    window.get_by_label("Face 2, 1.0 s");
    // Three seconds of happy and one of sad.
    window.get_by_label("Happy 75%");
    window.get_by_label("Sad 25%");
    wait_for_label(&mut window, "Face 1: happy 93%");
    assert!(!sees(&window, "Face 2: sad"));
    for _ in 0..2 {
        press(&mut window, Key::ArrowRight);
    }
    wait_for_label(&mut window, "Face 2: sad 93%");
    click(&mut window, "Face 2, 1.0 s");
    window.get_by_label("Sad 100%");
    window.get_by_label("Marker Film, 0:00.9").click();
    wait_for(&mut window, "the marker's moment", |window| {
        !sees(window, "Face 2: sad")
    });
    press(&mut window, Key::Escape);
    wait_for_label(&mut window, "Face 1: happy 90%");
    assert!(!sees(&window, "Time line"));
}

#[test]
fn the_report_is_written_and_shown_after_a_recording_and_from_its_page() {
    let recordings = tempfile::tempdir().unwrap();
    let shown = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&shown);
    let options = Options {
        show: Arc::new(move |path| {
            seen.lock().unwrap().push(path.to_owned());
            Ok(())
        }),
        ..options(recordings.path())
    };
    let fakes = parts(vec![Step::Frames(ENDLESS)], Arc::default());
    let mut window = window_kept(settings(None), fakes, options, &Kept::notice_read());
    wait_for_label(&mut window, "Face 1: happy");
    press(&mut window, Key::R);
    wait_for_label(&mut window, "Stop recording");
    let session = only_session(recordings.path());
    let table = session.join("observations.csv");
    wait_for(&mut window, "a row on the disk", |_| {
        std::fs::read_to_string(&table).is_ok_and(|rows| rows.lines().count() > 1)
    });
    press(&mut window, Key::R);
    wait_for_label(&mut window, "Saved to");
    click(&mut window, "Report");
    wait_for_label(&mut window, "The report is in");
    let page = session.join("report.html");
    assert!(std::fs::read_to_string(&page).unwrap().contains("<html"));
    assert_eq!(
        shown.lock().unwrap().as_slice(),
        std::slice::from_ref(&page)
    );

    std::fs::remove_file(&page).unwrap();
    click(&mut window, "Open");
    wait_for_label(&mut window, "Only numbers were kept");
    click(&mut window, "Report");
    wait_for(&mut window, "the page", |_| page.is_file());
}

#[test]
fn people_of_a_session_are_named_made_one_and_left_out_and_that_is_kept() {
    let parent = tempfile::tempdir().unwrap();
    let folder = session_about_a_video(parent.path());
    let rows = std::fs::read(folder.join("observations.csv")).unwrap();
    let mut window = session_window(&folder);
    wait_for_label(&mut window, "More about Face 2");
    click(&mut window, "More about Face 2");
    click(&mut window, "Name…");
    window.event(Event::Text("Ben".to_owned()));
    press(&mut window, Key::Enter);
    wait_for_label(&mut window, "Ben, 1.0 s");
    let header = Header::read(&folder).unwrap();
    assert_eq!(header.people, [(2, "Ben".to_owned())].into());

    click(&mut window, "More about Face 1");
    click(&mut window, "Leave out");
    wait_for_label(&mut window, "Take back");
    window.get_by_label("Sad 100%");
    click(&mut window, "Take back");
    wait_for_label(&mut window, "Face 1, 3.0 s");

    click(&mut window, "More about Face 1");
    click(&mut window, "Ben");
    wait_for_label(&mut window, "Ben, 3.0 s");
    assert!(!sees(&window, "Face 1, "));
    let header = Header::read(&folder).unwrap();
    assert_eq!(
        header.people,
        [(1, "Ben".to_owned()), (2, "Ben".to_owned())].into()
    );
    assert!(header.left_out.is_empty());
    assert_eq!(
        rows,
        std::fs::read(folder.join("observations.csv")).unwrap()
    );
}

#[test]
fn a_session_that_cannot_be_read_or_whose_video_is_gone_says_so() {
    let parent = tempfile::tempdir().unwrap();
    let mut window = session_window(parent.path());
    wait_for_label(&mut window, "This session cannot be shown");

    let folder = session_about_a_video(parent.path());
    std::fs::remove_file(parent.path().join("clip.mp4")).unwrap();
    let mut window = session_window(&folder);
    wait_for_label(&mut window, "The file is not where it was");
    window.get_by_label("Find it…");
    window.get_by_label("Face 1, 3.0 s");
}
