//! The built program when something round it fails: the disk, the clock, the computer, the network that
//! is not there to be used. Each time it says a sentence, loses nothing that was written, and goes on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod common;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::driven::Driven;
use common::home::{Home, PATIENCE, assert_fails, assert_runs, header, rows, signal, table, wait};
use mien::runtime::Runtime;

/// The only folder in a folder.
fn only_folder(parent: &Path) -> PathBuf {
    let mut folders = fs::read_dir(parent).unwrap();
    let folder = folders.next().unwrap().unwrap().path();
    assert!(folders.next().is_none());
    folder
}

/// The numbers of the frames in a recording, each of which must be there once.
fn frames(session: &Path) -> usize {
    let frames: BTreeSet<usize> = rows(session)
        .iter()
        .map(|row| row["frame"].parse().unwrap())
        .collect();
    assert!(frames.iter().copied().eq(0..frames.len()), "{frames:?}");
    frames.len()
}

fn events(session: &Path, kind: &str) -> Vec<String> {
    let events = table(&session.join("events.csv")).into_iter();
    events
        .filter(|event| event["event"] == kind)
        .map(|mut event| event.remove("detail").unwrap())
        .collect()
}

/// A small disk of its own; `None`, said aloud, where only an administrator may mount one.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: PathBuf, options: &str) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(&folder)
            .output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self(folder));
        }
        common::say("skipped: a disk can be mounted by an administrator only");
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.unwrap().success());
    }
}

#[test]
fn commands_are_obeyed_and_what_is_none_is_answered() {
    let home = Home::new();
    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/astronaut.png");
    let mut mien = Driven::start(&home, &["demo", "--log", "logs"]);
    mien.observation();
    mien.tell("dance");
    mien.hear("'dance' is no command; there are: model M");
    mien.tell("source no/such/clip.mp4");
    mien.hear("no/such/clip.mp4");
    mien.tell("model no-such-model");
    mien.hear("no-such-model");
    mien.tell("model mien-s");
    mien.observe_until(|seen| seen["model"] == "mien-s");
    mien.tell("mark first task");
    mien.hear("Marked 'first task'");
    mien.tell(&format!("source {picture}"));
    mien.observe_until(|seen| seen["source"] == "astronaut.png");
    // The picture has ended; the program waits for the next command, as it does after a failure.
    let broken = home.path("broken.png");
    fs::write(&broken, "no picture").unwrap();
    mien.tell(&format!("source {}", broken.display()));
    mien.hear("broken.png");
    mien.tell("source demo");
    mien.observe_until(|seen| seen["source"] == "demo");
    assert!(mien.quit().success());
    let session = only_folder(&home.path("logs"));
    assert_eq!(frames(&session), mien.seen);
    assert_eq!(events(&session, "model"), ["mien-m", "mien-s"]);
    assert_eq!(
        events(&session, "source"),
        ["demo", "astronaut.png", "demo"]
    );
    assert_eq!(events(&session, "marker"), ["first task"]);

    let name = session.display().to_string();
    assert_fails(
        home.mien(&["watch", &name]),
        &["recorded session", "mien report"],
    );
}

#[test]
fn a_camera_that_never_came_is_waited_for_while_commands_may_come() {
    let home = Home::new();
    let mut mien = Driven::start(&home, &["camera:Nobody's"]);
    mien.hear("Nobody's");
    mien.tell("source demo");
    mien.observation();
    assert!(mien.quit().success());
}

#[test]
fn a_model_that_never_answers_holds_nothing_up_and_is_not_left_behind() {
    let home = Home::new();
    let endless = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/models/endless.onnx"
    );
    let mut mien = Driven::start(&home, &["demo"]);
    mien.observation();
    mien.tell(&format!("model {endless}"));
    let until = Instant::now() + PATIENCE;
    let trial = loop {
        if let Some(trial) = child_of(mien.child.id()) {
            break trial;
        }
        assert!(Instant::now() < until, "it was never tried");
        mien.observation();
    };
    for _ in 0..10 {
        assert_eq!(mien.observation()["model"], "mien-m");
    }
    assert!(mien.quit().success());
    while trial.exists() {
        assert!(Instant::now() < until, "the trial outlives the program");
        thread::sleep(Duration::from_millis(50));
    }
}

/// The folder in `/proc` of a process that this one has started and that is at work.
fn child_of(parent: u32) -> Option<PathBuf> {
    let processes = fs::read_dir("/proc").unwrap();
    let mut folders = processes.filter_map(|entry| Some(entry.ok()?.path()));
    folders.find(|folder| {
        let stat = fs::read_to_string(folder.join("stat")).unwrap_or_default();
        // After the name in brackets come the state and the parent.
        let facts = stat.rsplit_once(") ").map_or("", |(_, facts)| facts);
        facts.split(' ').nth(1) == Some(&parent.to_string())
    })
}

#[test]
fn a_full_disk_ends_the_recording_with_whole_rows_and_another_one_can_begin() {
    let home = Home::new();
    // Four pages: the header, the events, and some dozen rows.
    let Some(disk) = Disk::mount(home.path("full"), "size=16k") else {
        return;
    };
    let mut mien = Driven::start(&home, &["demo", "--log", "full"]);
    let said = mien.hear("Recording stopped");
    assert!(said.contains("No space left on device"), "{said}");
    assert!(
        said.contains("observations.csv") && said.contains("make room"),
        "{said}"
    );
    mien.tell("log elsewhere");
    thread::sleep(Duration::from_secs(2));
    assert!(mien.quit().success());
    let session = only_folder(&disk.0);
    let kept = frames(&session);
    assert!(kept > 5, "{kept} frames");
    let text = fs::read_to_string(session.join("observations.csv")).unwrap();
    assert!(text.ends_with('\n'), "half a row was left");
    assert_runs(home.mien(&["report", session.to_str().unwrap(), "--out", "report.html"]));
    let elsewhere = only_folder(&home.path("elsewhere"));
    assert!(header(&elsewhere)["ended_utc"].is_string());
    assert!(frames(&elsewhere) > 0);
}

#[test]
fn a_folder_that_can_only_be_read_is_named_and_watching_goes_on() {
    let home = Home::new();
    let Some(_disk) = Disk::mount(home.path("frozen"), "size=64k,ro") else {
        return;
    };
    assert_fails(
        home.mien(&["watch", "demo", "--log", "frozen", "--seconds", "5"]),
        &["log cannot be written", "frozen", "Read-only"],
    );
    let mut mien = Driven::start(&home, &["demo"]);
    mien.observation();
    mien.tell("log frozen");
    mien.hear("log cannot be written");
    mien.observation();
    assert!(mien.quit().success());
}

#[test]
fn a_folder_deleted_while_recording_is_missed_and_watching_goes_on() {
    let home = Home::new();
    let mut mien = Driven::start(&home, &["demo", "--log", "logs"]);
    mien.observation();
    fs::remove_dir_all(home.path("logs")).unwrap();
    let said = mien.hear("Recording stopped");
    assert!(said.contains("deleted or moved"), "{said}");
    mien.observation();
    assert!(mien.quit().success());
}

#[test]
fn a_recording_that_the_end_cannot_complete_is_a_failure_and_not_said_to_be_saved() {
    let home = Home::new();
    let mut mien = Driven::start(&home, &["demo", "--log", "logs"]);
    mien.observation();
    // Where the new header is written before it takes the old one's place.
    let session = only_folder(&home.path("logs"));
    fs::create_dir(session.join("session.json.new")).unwrap();
    mien.tell("quit");
    let said = mien.hear("log cannot be written");
    assert!(said.contains("session.json"), "{said}");
    assert_eq!(wait(&mut mien.child).code(), Some(1));
}

#[test]
fn a_program_that_stood_still_says_so_and_loses_nothing() {
    let home = Home::new();
    let mut mien = Driven::start(&home, &["demo", "--log", "logs"]);
    mien.observation();
    // Paused, it only waits: a stop in the middle of an analysis looks like a slow one.
    mien.tell("pause");
    thread::sleep(Duration::from_secs(2));
    signal(&mien.child, "STOP");
    thread::sleep(Duration::from_secs(5));
    signal(&mien.child, "CONT");
    mien.hear("stood still for");
    mien.tell("resume");
    mien.observation();
    assert!(mien.quit().success());
    let session = only_folder(&home.path("logs"));
    assert_eq!(frames(&session), mien.seen);
    let asleep: f64 = events(&session, "asleep")[0].parse().unwrap();
    assert!((3.0..60.0).contains(&asleep), "{asleep} s");
    assert!(header(&session)["ended_utc"].is_string());
}

#[test]
fn a_clock_set_back_is_told_and_times_count_on() {
    let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
    if !Path::new(library).exists() {
        common::say(&format!(
            "skipped: '{library}' is not there to change a program's clock (package faketime)"
        ));
        return;
    }
    let home = Home::new();
    let clock = home.path("clock");
    fs::write(&clock, "+0").unwrap();
    let mut mien = Driven::start_with(&home, &["demo", "--log", "logs"], |process| {
        process
            .env("LD_PRELOAD", library)
            .env("FAKETIME_TIMESTAMP_FILE", &clock)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    });
    mien.observation();
    fs::write(&clock, "-3600").unwrap();
    let said = mien.hear("clock was set back by 3600 s");
    assert!(said.contains("count on"), "{said}");
    mien.observation();
    assert!(mien.quit().success());
    let session = only_folder(&home.path("logs"));
    assert_eq!(frames(&session), mien.seen);
    assert_eq!(events(&session, "clock").len(), 1);
    let times = rows(&session).into_iter();
    let times: Vec<u64> = times.map(|row| row["time_ms"].parse().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

/// The families of the sockets that a program makes or connects, as `strace` sees them; `None`, said
/// aloud, where no program may be watched.
fn socket_families(home: &Home, run: impl FnOnce(&mut Command)) -> Option<BTreeSet<String>> {
    let seen = home.path("sockets");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "--seccomp-bpf", "-e", "trace=network", "-o"])
        .arg(&seen)
        .arg(env!("CARGO_BIN_EXE_mien"));
    home.settle(&mut strace);
    run(&mut strace);
    let ran = strace.output().expect("strace is installed by `make test`");
    let said = String::from_utf8_lossy(&ran.stderr);
    if said.contains("ptrace") && said.contains("not permitted") {
        common::say(&format!("skipped: no program may be watched here ({said})"));
        return None;
    }
    assert!(ran.status.success(), "{said}");
    let calls = fs::read_to_string(&seen).unwrap();
    // `socket(AF_UNIX, …)`, `socketpair(…)`, `connect(3, {sa_family=AF_UNIX, …})`, and so on.
    let words = calls.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let families = words.filter(|word| word.starts_with("AF_") || word.starts_with("PF_"));
    Some(families.map(str::to_owned).collect())
}

/// Unix sockets: X11, Wayland, D-Bus. Netlink: the kernel's own news.
fn assert_local(families: &BTreeSet<String>) {
    let local = ["AF_UNIX", "AF_LOCAL", "AF_NETLINK", "AF_UNSPEC"];
    let foreign: Vec<_> = families
        .iter()
        .filter(|family| !local.contains(&family.as_str()))
        .collect();
    assert!(foreign.is_empty(), "{foreign:?} of {families:?}");
}

#[test]
fn whoever_reads_slowly_holds_up_neither_the_log_nor_the_end() {
    let home = Home::new();
    let mut child = home.start(&["watch", "demo", "--json", "-", "--log", "logs"]);
    let mut words = child.stderr.take().unwrap();
    let until = Instant::now() + PATIENCE;
    // More than a pipe and the lines in wait hold; nobody reads.
    let session = loop {
        assert!(Instant::now() < until, "the log stands still");
        thread::sleep(Duration::from_millis(100));
        let begun = fs::read_dir(home.path("logs")).is_ok_and(|folder| folder.count() == 1);
        let session = begun.then(|| only_folder(&home.path("logs")));
        let rows = session
            .as_ref()
            .and_then(|session| fs::read_to_string(session.join("observations.csv")).ok());
        if rows.is_some_and(|rows| rows.lines().count() > 450) {
            break session.unwrap();
        }
    };
    let asked = Instant::now();
    signal(&child, "TERM");
    assert!(wait(&mut child).success());
    assert!(
        asked.elapsed() < Duration::from_secs(20),
        "{:?}",
        asked.elapsed()
    );
    assert!(header(&session)["ended_utc"].is_string());
    let mut said = String::new();
    words.read_to_string(&mut said).unwrap();
    assert!(said.contains("observations were not printed"), "{said}");
}

#[test]
fn what_nohup_has_started_outlives_its_terminal_and_leaves_no_copy_of_its_memory() {
    let home = Home::new();
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg("trap '' HUP; ulimit -c unlimited; exec \"$0\" watch demo --json -");
    shell.arg(env!("CARGO_BIN_EXE_mien")).stdout(Stdio::piped());
    home.settle(&mut shell);
    let mut child = shell.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    if let Ok(limits) = fs::read_to_string(format!("/proc/{}/limits", child.id())) {
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        let words: Vec<&str> = line.unwrap().split_whitespace().collect();
        assert!(
            words[4..6] == ["1", "1"] || words[4..6] == ["0", "0"],
            "{words:?}"
        );
        signal(&child, "HUP");
        for _ in 0..30 {
            lines.next().unwrap().unwrap();
        }
    }
    signal(&child, "TERM");
    assert!(lines.count() < 1000 && wait(&mut child).success());
}

/// Newer ones put a note of each start into the user's cache and send it off half a minute later.
#[test]
fn onnx_runtime_reports_to_nobody() {
    let runtime = Runtime::start().unwrap().path();
    let library = fs::read(runtime).unwrap();
    let address = b"events.data.microsoft.com";
    let reports = library.windows(address.len()).any(|bytes| bytes == address);
    let named = env::var_os("ORT_DYLIB_PATH").is_some();
    assert!(
        named || !reports,
        "what Mien comes with does: {}",
        runtime.display()
    );

    let home = Home::new();
    let mut mien = Driven::start_with(&home, &["demo"], |process| {
        process.env_remove("ORT_DISABLE_TELEMETRY");
    });
    mien.observation();
    let environment = fs::read(format!("/proc/{}/environ", mien.child.id()));
    if let Ok(environment) = environment {
        let mut words = environment.split(|byte| *byte == 0);
        assert!(words.any(|word| word == b"ORT_DISABLE_TELEMETRY=1"));
    }
    assert!(mien.quit().success());
    let left: Vec<_> = fs::read_dir(home.path(".")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn watching_recording_and_a_new_model_open_no_socket_that_leaves_the_machine() {
    let home = Home::new();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/models/mien-s.onnx");
    let families = socket_families(&home, |mien| {
        mien.args([
            "watch",
            "demo",
            "--seconds",
            "4",
            "--log",
            "logs",
            "--model",
            model,
        ]);
    });
    if let Some(families) = families {
        println!("sockets: {families:?}");
        assert_local(&families);
        assert!(frames(&only_folder(&home.path("logs"))) > 0, "it did work");
    }
}

#[test]
fn the_window_opens_no_socket_that_leaves_the_machine() {
    let home = Home::new();
    let (_server, display) = common::screen::display();
    let begun = Instant::now();
    let families = socket_families(&home, |mien| {
        mien.args(["demo", "--seconds", "8"])
            .env("DISPLAY", &display);
    });
    if let Some(families) = families {
        println!("sockets: {families:?}, in {:?}", begun.elapsed());
        assert_local(&families);
        // The display itself: the window was there, and the watching works.
        assert!(families.contains("AF_UNIX"), "{families:?}");
    }
}
