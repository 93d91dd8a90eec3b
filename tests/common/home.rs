//! The built program in a home of its own: what it prints, how it ends, what it leaves on disk.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// Far longer than any command takes, unoptimised and on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(6);

/// A home of its own for each run: the user's folders are never touched.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, with no display and nothing of the user's.
    pub fn mien(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mien"));
        command
            .args(arguments)
            .timeout(PATIENCE)
            .current_dir(self.0.path());
        for (key, value) in self.environment() {
            command.env(key, value);
        }
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        command
    }

    /// The same as a running child.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.process(arguments).spawn().unwrap()
    }

    /// The same, to be started.
    pub fn process(&self, arguments: &[&str]) -> Process {
        let mut process = Process::new(env!("CARGO_BIN_EXE_mien"));
        self.settle(&mut process);
        process
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        process
    }

    /// Gives a process this home and no display.
    pub fn settle(&self, process: &mut Process) {
        process
            .current_dir(self.0.path())
            .envs(self.environment())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
    }

    fn environment(&self) -> [(&'static str, PathBuf); 4] {
        [
            ("HOME", self.0.path().to_owned()),
            ("XDG_DATA_HOME", self.path("data")),
            ("XDG_CONFIG_HOME", self.path("config")),
            ("XDG_CACHE_HOME", self.path("cache")),
        ]
    }
}

/// What a run printed.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

pub fn said(mut command: Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The run went well; gives what it printed.
#[track_caller]
pub fn assert_runs(command: Command) -> Said {
    let said = said(command);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    said
}

/// The run failed with one sentence that has all these words in it.
#[track_caller]
pub fn assert_fails(command: Command, words: &[&str]) {
    let said = said(command);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    for word in words {
        assert!(said.err.contains(word), "no '{word}' in: {}", said.err);
    }
    assert!(!said.err.contains("panicked"), "{}", said.err);
}

/// A session's rows, by their columns' names.
pub fn rows(session: &Path) -> Vec<HashMap<String, String>> {
    table(&session.join("observations.csv"))
}

/// The rows of a CSV file, by their columns' names.
pub fn table(path: &Path) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

/// A session's `session.json`.
pub fn header(session: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(session.join("session.json")).unwrap()).unwrap()
}

/// Sends a signal: `INT`, `KILL`.
pub fn signal(child: &Child, name: &str) {
    let sent = Process::new("kill")
        .arg(format!("-{name}"))
        .arg(child.id().to_string())
        .status();
    assert!(sent.unwrap().success());
}

/// Waits for a child's end.
pub fn wait(child: &mut Child) -> ExitStatus {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < until, "the program does not end");
        thread::sleep(Duration::from_millis(20));
    }
}
