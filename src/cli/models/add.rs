//! `mien models add`: a model of the user's own, with a card, into the menu.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use mien::card::KEYS;
use mien::import::{Import, Keys};
use mien::self_test::{guess, side_file};

use super::super::write_json;
use super::Entry;

/// A model and what is known of its card.
#[derive(Debug, Args)]
pub(super) struct CardArgs {
    /// The model; a side file NAME.toml beside it is read, too
    #[arg(value_name = "FILE.onnx")]
    file: PathBuf,
    /// What its card says, such as --set scale=0..1; repeat it
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, String)>,
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    #[command(flatten)]
    card: CardArgs,
    /// Take the guess for what its card lacks, without asking
    #[arg(long)]
    yes: bool,
    /// Take it although the self-test fails
    #[arg(long)]
    anyway: bool,
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("'{text}' is not KEY=VALUE"))?;
    if !KEYS.contains(&key) {
        return Err(format!("a card has no '{key}'; it has {}", KEYS.join(", ")));
    }
    Ok((key.to_owned(), value.to_owned()))
}

impl CardArgs {
    /// What the model's metadata, its side file and the command line say; the last wins.
    fn known(&self) -> Result<Keys> {
        let mut known = Import::known(&self.file)?;
        known.extend(self.set.iter().cloned());
        Ok(known)
    }
}

/// Completes the card, tries the model in a process of its own, and copies both.
pub(super) fn run(args: &AddArgs, json: Option<&str>) -> Result<()> {
    let import = Import::for_user().context("there is no home folder for models")?;
    let mut keys = args.card.known()?;
    complete(args, &import, &mut keys)?;
    let trial = import.try_out(&args.card.file, &keys, &NEVER)?;
    if json.is_none() {
        super::print_test(&trial.test);
    }
    if let Some(failure) = trial.test.failure() {
        let detail = &failure.detail;
        ensure!(
            args.anyway,
            "the self-test failed: {detail}; put it right with --set, or take it as it is with --anyway"
        );
    }
    let model = trial.take()?;
    if let Some(target) = json {
        return write_json(target, &Entry::new(&model));
    }
    let name = &model.card.name;
    say!("Added '{name}' to {}.", import.folder().display());
    say!("It is in the window's menu; elsewhere: --model {name}");
    Ok(())
}

/// Ctrl-C ends the children together with this process.
static NEVER: AtomicBool = AtomicBool::new(false);

/// `mien models guess`: the side file that a model without a card probably needs.
pub(super) fn guess_card(args: &CardArgs, json: Option<&str>) -> Result<()> {
    let keys = guess(&args.file, &args.known()?)?;
    if let Some(target) = json {
        return write_json(target, &keys);
    }
    say!("{}", side_file(&keys).trim_end());
    Ok(())
}

/// Fills in what the card lacks: asked for on a terminal, guessed with `--yes`.
fn complete(args: &AddArgs, import: &Import, keys: &mut Keys) -> Result<()> {
    let missing = Import::missing(keys);
    if missing.is_empty() {
        return Ok(());
    }
    let guessed = import.guess(&args.card.file, keys, &NEVER)?;
    let asks = io::stdin().is_terminal() && !args.yes;
    if !asks && !args.yes {
        let settings: Vec<String> = missing
            .iter()
            .map(|key| match guessed.get(*key) {
                Some(value) => format!("--set {key}={value}"),
                None => format!("--set {key}=..."),
            })
            .collect();
        bail!(
            "its card lacks {}; say what is right, or --yes to this guess: {}",
            missing.join(", "),
            settings.join(" ")
        );
    }
    if asks {
        eprintln!("The card lacks some keys. Enter takes what is in brackets: a guess from the");
        eprintln!("network's shapes and its answers to seven averaged faces.");
    }
    for key in missing {
        let guess = guessed.get(key).map(String::as_str);
        let value = if asks {
            ask(key, guess)?
        } else {
            guess.map(str::to_owned)
        };
        let value = value.with_context(|| {
            format!("nobody can guess the model's '{key}'; say it: --set {key}=...")
        })?;
        if !asks {
            eprintln!("guessed: {key} = {value}");
        }
        keys.insert(key.to_owned(), value);
    }
    Ok(())
}

fn ask(key: &str, guess: Option<&str>) -> Result<Option<String>> {
    eprint!("{key} [{}]: ", guess.unwrap_or_default());
    io::stderr().flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let answer = Some(line.trim()).filter(|answer| !answer.is_empty());
    Ok(answer.or(guess).map(str::to_owned))
}
