//! What `mien watch --commands -` is told while it runs: one command a line on standard input.

use std::io::{self, BufRead};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use anyhow::{Context, Result};
use mien::pipeline::Command;
use mien::runtime::ProviderChoice;
use mien::source::SourceSpec;

/// Lines that wait to be obeyed; who sends faster waits.
const WAITING: usize = 16;

/// The longest line that is read whole; a path is shorter.
const LONGEST: usize = 16 * 1024;

/// One line.
#[derive(Debug)]
pub(super) enum Line {
    /// For the pipeline.
    Command(Command),
    /// End the program as Ctrl-C does.
    Quit,
}

/// The lines of standard input as they come; the receiver is cut off at its end.
pub(super) fn listen() -> Result<Receiver<Result<Line, String>>> {
    let (sender, lines) = sync_channel(WAITING);
    thread::Builder::new()
        .name("mien-commands".to_owned())
        .spawn(move || {
            let mut stdin = io::stdin().lock();
            while let Ok(Some(line)) = read_line(&mut stdin) {
                let line = line.trim();
                if !line.is_empty() && sender.send(line.parse()).is_err() {
                    break;
                }
            }
        })
        .context("standard input cannot be listened to")?;
    Ok(lines)
}

/// The next line, cut at [`LONGEST`]; `None` at the end.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    loop {
        let part = input.fill_buf()?;
        if part.is_empty() {
            break;
        }
        let end = part.iter().position(|byte| *byte == b'\n');
        let length = end.unwrap_or(part.len());
        let room = LONGEST - line.len();
        line.extend_from_slice(&part[..length.min(room)]);
        input.consume(length + usize::from(end.is_some()));
        if end.is_some() {
            return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
        }
    }
    Ok((!line.is_empty()).then(|| String::from_utf8_lossy(&line).into_owned()))
}

impl FromStr for Line {
    /// A sentence for people.
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let object = |what: &str| {
            if rest.is_empty() {
                return Err(format!("'{verb}' wants {what} after it"));
            }
            Ok(rest.to_owned())
        };
        let command = match (verb, rest) {
            ("model", _) => Command::Model(object("a model")?),
            ("second", "none") => Command::SecondModel(None),
            ("second", _) => Command::SecondModel(Some(object("a model or 'none'")?)),
            ("use", "") => Command::Overrule(true),
            ("provider", _) => {
                let choice: ProviderChoice = object("auto, cpu or cuda")?.parse()?;
                Command::Provider(choice)
            }
            ("source", _) => {
                let source = object("a source")?;
                Command::Source(SourceSpec::parse(&source).map_err(|error| error.to_string())?)
            }
            ("pause", "") => Command::Pause(true),
            ("resume", "") => Command::Pause(false),
            ("log", "off") => Command::StopLog,
            ("log", _) => Command::StartLog(PathBuf::from(object("a folder or 'off'")?)),
            ("mark", _) => Command::Mark(object("a name")?),
            ("quit", "") => return Ok(Self::Quit),
            _ => {
                return Err(format!(
                    "'{line}' is no command; there are: model M, second M|none, use, provider P, \
                     source SOURCE, pause, resume, log DIR|off, mark TEXT, quit"
                ));
            }
        };
        Ok(Self::Command(command))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, String> {
        match line.parse()? {
            Line::Command(command) => Ok(command),
            Line::Quit => Err("quit".to_owned()),
        }
    }

    #[test]
    fn each_verb_is_a_command_of_the_pipeline() {
        for (line, command) in [
            ("model mien-s", Command::Model("mien-s".to_owned())),
            (
                "second  mien-s",
                Command::SecondModel(Some("mien-s".to_owned())),
            ),
            ("second none", Command::SecondModel(None)),
            ("use", Command::Overrule(true)),
            ("provider cpu", Command::Provider(ProviderChoice::Cpu)),
            ("source demo", Command::Source(SourceSpec::Demo)),
            ("pause", Command::Pause(true)),
            ("resume", Command::Pause(false)),
            ("log a folder", Command::StartLog(PathBuf::from("a folder"))),
            ("log off", Command::StopLog),
            ("mark second task", Command::Mark("second task".to_owned())),
        ] {
            // Commands hold no order of their own; how they print tells them apart.
            assert_eq!(format!("{:?}", read(line).unwrap()), format!("{command:?}"));
        }
        assert!(matches!("quit".parse(), Ok(Line::Quit)));
    }

    #[test]
    fn a_line_that_is_no_command_is_answered_with_a_sentence() {
        for (line, words) in [
            ("dance", "'dance' is no command"),
            ("pause now", "'pause now' is no command"),
            ("model", "'model' wants a model after it"),
            ("source no/such/clip.mp4", "no/such/clip.mp4"),
            ("provider gpu", "gpu"),
        ] {
            let sentence = read(line).unwrap_err();
            assert!(sentence.contains(words), "{sentence}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_cut_not_kept() {
        let endless = vec![b'x'; 3 * LONGEST];
        let mut input = endless.as_slice();
        let line = read_line(&mut input).unwrap().unwrap();
        assert_eq!(line.len(), LONGEST);
        assert!(read_line(&mut input).unwrap().is_none());

        let mut input = "one\ntwo\n\nthree".as_bytes();
        let mut lines = Vec::new();
        while let Some(line) = read_line(&mut input).unwrap() {
            lines.push(line);
        }
        assert_eq!(lines, ["one", "two", "", "three"]);
    }
}
