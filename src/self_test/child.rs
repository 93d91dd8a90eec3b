//! A model tried in a process of its own: a file that crashes ONNX Runtime, or keeps it busy for
//! ever, takes nothing else down.

use std::env;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::SelfTest;
use crate::error::{Error, Result};

/// How long a model may take: the largest face networks answer all references in some seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often it is looked whether the child has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Runs this program's `models test` on a file, which has its card or a side file, and gives the
/// result.
///
/// # Errors
/// [`Error::BadModel`] when the child crashes, takes longer than a minute, or has no result.
pub fn self_test_in_child(model: &Path) -> Result<SelfTest> {
    let bad = |reason: String| Error::BadModel {
        model: model.display().to_string(),
        reason,
    };
    let lost = |error: io::Error| bad(format!("it could not be tried: {error}"));
    let mut child = Command::new(env::current_exe().map_err(lost)?)
        .args(["models", "test", "--quiet", "--json", "-"])
        .arg(model)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(lost)?;
    let Some(status) = wait(&mut child).map_err(lost)? else {
        return Err(bad(format!(
            "it did not answer within {} seconds",
            PATIENCE.as_secs()
        )));
    };
    let said = |pipe: Option<&mut dyn Read>| {
        let mut text = String::new();
        pipe.map_or(Ok(0), |pipe| pipe.read_to_string(&mut text))
            .map(|_| text)
    };
    let answer = said(child.stdout.as_mut().map(|pipe| pipe as &mut dyn Read)).map_err(lost)?;
    let tests: Vec<SelfTest> = serde_json::from_str(&answer).unwrap_or_default();
    if let Some(test) = tests.into_iter().next() {
        return Ok(test);
    }
    let words = said(child.stderr.as_mut().map(|pipe| pipe as &mut dyn Read)).map_err(lost)?;
    Err(bad(
        match words.lines().find_map(|line| line.strip_prefix("mien: ")) {
            Some(words) => words.to_owned(),
            None => format!("ONNX Runtime crashed on it ({status})"),
        },
    ))
}

/// Waits for a child's end, but not for ever: then it is killed, and there is no status. What it
/// prints must fit a pipe (64 kB).
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        sleep(LOOK);
    }
}
