//! `mien watch --commands - --json -` at work, driven from outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Instant;

use serde_json::Value;

use super::home::{Home, PATIENCE, wait};

/// The running program and the lines that it prints.
pub struct Driven {
    pub child: Child,
    observations: Receiver<String>,
    sentences: Receiver<String>,
    /// Observations that were read.
    pub seen: usize,
}

impl Driven {
    /// Starts `mien watch --commands - --json -` with these arguments besides.
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::start_with(home, arguments, |_| {})
    }

    /// The same, after a change to the process.
    pub fn start_with(home: &Home, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let usual = ["watch", "--commands", "-", "--json", "-"];
        let mut process = home.process(&[&usual, arguments].concat());
        change(process.stdin(Stdio::piped()));
        let mut child = process.spawn().unwrap();
        Self {
            observations: lines(child.stdout.take().unwrap()),
            sentences: lines(child.stderr.take().unwrap()),
            child,
            seen: 0,
        }
    }

    pub fn tell(&mut self, command: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{command}").unwrap();
    }

    /// The next observation.
    pub fn observation(&mut self) -> Value {
        let line = self.observations.recv_timeout(PATIENCE).unwrap();
        self.seen += 1;
        serde_json::from_str(&line).unwrap()
    }

    /// Reads observations up to one that is as wanted.
    pub fn observe_until(&mut self, wanted: impl Fn(&Value) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !wanted(&self.observation()) {
            assert!(Instant::now() < until, "that was never observed");
        }
    }

    /// Waits for a sentence with these words, while observations come.
    pub fn hear(&mut self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.sentences.recv_timeout(left) {
                Ok(sentence) if sentence.contains(words) => return sentence,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => panic!("'{words}' was never said"),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended without '{words}'"),
            }
        }
    }

    /// Ends the program by its own command; gives its status. All observations are counted.
    pub fn quit(&mut self) -> ExitStatus {
        self.tell("quit");
        let status = wait(&mut self.child);
        self.seen += self.observations.iter().count();
        status
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        let _it_may_have_ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The lines of a pipe; they never hold up who writes them.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    // More than any test prints.
    let (sender, lines) = sync_channel(1 << 16);
    thread::Builder::new()
        .name("lines".to_owned())
        .spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        })
        .unwrap();
    lines
}
