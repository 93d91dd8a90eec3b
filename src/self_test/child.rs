//! A model looked at in a process of its own: a file that crashes ONNX Runtime, or keeps it busy for
//! ever, takes nothing else down.

use std::env;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// How long a model may take: a VGG16 for 224x224 pictures needs half a minute of one core for the references.
const PATIENCE: Duration = Duration::from_mins(2);

/// Set for a child that is asked.
const ASKED: &str = "MIEN_ASKED";

/// Ends this process with the one that asked it for a model, if one did: nobody would hear the answer of a
/// network that computes for ever.
pub fn end_with_the_asker() {
    if env::var_os(ASKED).is_none() {
        return;
    }
    let listens = thread::Builder::new().name("asker".to_owned()).spawn(|| {
        // Nothing is ever written to it.
        let _closed = io::stdin().read_to_end(&mut Vec::new());
        process::exit(1);
    });
    if let Err(error) = listens {
        log::debug!("the asker's end will not be noticed: {error}");
    }
}

/// How often it is looked whether the child has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Runs Mien with these arguments and a model behind them, and gives the JSON that it prints.
///
/// # Errors
/// [`Error::BadModel`] when the child crashes, takes longer than two minutes, is stopped, or prints
/// nothing.
pub(crate) fn ask<T: DeserializeOwned>(
    program: &Path,
    arguments: &[OsString],
    model: &Path,
    stop: &AtomicBool,
) -> Result<T> {
    ask_within(PATIENCE, program, arguments, model, stop)
}

fn ask_within<T: DeserializeOwned>(
    patience: Duration,
    program: &Path,
    arguments: &[OsString],
    model: &Path,
    stop: &AtomicBool,
) -> Result<T> {
    let bad = |reason: String| Error::BadModel {
        model: model.display().to_string(),
        reason,
    };
    let lost = |error: io::Error| bad(format!("it could not be tried: {error}"));
    let mut child = Command::new(program)
        .args(arguments)
        .arg("--")
        .arg(model)
        .env(ASKED, "1")
        // Open as long as somebody waits for the answer.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(lost)?;
    let Some(status) = wait(&mut child, patience, stop).map_err(lost)? else {
        return Err(bad(if stop.load(Ordering::Relaxed) {
            "the trial was stopped".to_owned()
        } else {
            let seconds = patience.as_secs();
            let plural = if seconds == 1 { "" } else { "s" };
            format!("it did not answer within {seconds} second{plural}")
        }));
    };
    let said = |pipe: Option<&mut dyn Read>| {
        let mut text = String::new();
        pipe.map_or(Ok(0), |pipe| pipe.read_to_string(&mut text))
            .map(|_| text)
    };
    let answer = said(child.stdout.as_mut().map(|pipe| pipe as &mut dyn Read)).map_err(lost)?;
    if let Ok(answer) = serde_json::from_str(&answer) {
        return Ok(answer);
    }
    let words = said(child.stderr.as_mut().map(|pipe| pipe as &mut dyn Read)).map_err(lost)?;
    Err(bad(
        match words.lines().find_map(|line| line.strip_prefix("mien: ")) {
            // The child names the same model.
            Some(words) => words
                .split_once("cannot be used: ")
                .map_or(words, |(_, reason)| reason)
                .to_owned(),
            None => format!("ONNX Runtime crashed on it ({status})"),
        },
    ))
}

/// Waits for a child's end, but not for ever: then, or once `stop` is set, it is killed, and there
/// is no status. What it prints must fit a pipe (64 kB).
fn wait(
    child: &mut Child,
    patience: Duration,
    stop: &AtomicBool,
) -> io::Result<Option<ExitStatus>> {
    let until = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > until || stop.load(Ordering::Relaxed) {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        sleep(LOOK);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// What is said of a model when the program that tries it is this shell script.
    fn said(script: &str, patience: Duration) -> Result<Vec<String>> {
        let arguments = ["-c", script].map(OsString::from);
        let never = AtomicBool::new(false);
        let (shell, model) = (Path::new("/bin/sh"), Path::new("new.onnx"));
        ask_within(patience, shell, &arguments, model, &never)
    }

    #[test]
    fn an_answer_is_read_and_a_refusal_is_passed_on() {
        assert_eq!(said("echo '[\"well\"]'", PATIENCE).unwrap(), ["well"]);
        let refusal = "echo \"mien: the model 'new.onnx' cannot be used: it is empty\" >&2; exit 1";
        let error = said(refusal, PATIENCE).unwrap_err().to_string();
        assert_eq!(error, "the model 'new.onnx' cannot be used: it is empty");
    }

    #[test]
    fn a_crash_and_an_endless_trial_are_sentences() {
        let error = said("kill -SEGV $$", PATIENCE).unwrap_err().to_string();
        assert!(error.contains("ONNX Runtime crashed on it"), "{error}");
        let begun = Instant::now();
        let error = said("exec sleep 60", Duration::from_secs(1)).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("did not answer within 1 second"),
            "{error}"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "it was not waited for"
        );
    }
}
