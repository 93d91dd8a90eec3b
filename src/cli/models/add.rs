//! `mien models add`: a model of the user's own, with a card, into the menu.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use mien::card::{KEYS, ModelCard, REQUIRED, keys};
use mien::catalog::{Catalog, read_model};
use mien::error::Error;
use mien::self_test::{guess, self_test_in_child, side_file};

use super::super::catalog;

type Keys = BTreeMap<String, String>;

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// The model; a side file NAME.toml beside it is taken along
    #[arg(value_name = "FILE.onnx")]
    file: PathBuf,
    /// What its card says, such as --set scale=0..1; repeat it
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, String)>,
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

/// Completes the card, tries the model in a process of its own, and copies both.
pub(super) fn run(args: &AddArgs) -> Result<()> {
    let folder = Catalog::default_folder().context("there is no home folder for models")?;
    let onnx = read_model(&args.file)?;
    let mut keys = known(args, &onnx)?;
    complete(args, &mut keys)?;
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy();
    let card = ModelCard::read(&stem, &onnx, Some(&side_file(&keys)))?;
    let name = card.name.to_string();
    ensure!(
        catalog()
            .list()
            .iter()
            .all(|model| *model.card.name != *name),
        "there is a model named '{name}' already; give this one another name: --set name=..."
    );
    keys.insert("name".to_owned(), name.clone());

    // Tried beside its place, so that taking it is one step.
    let trial = folder.join(format!(".{name}.new"));
    let placed = put(&trial, &name, &onnx, &keys)
        .and_then(|()| try_out(&trial.join(format!("{name}.onnx")), args.anyway))
        .and_then(|()| take(&trial, &folder, &name));
    let swept = fs::remove_dir_all(&trial);
    placed?;
    swept.with_context(|| format!("cannot remove '{}'", trial.display()))?;
    println!("Added '{name}' to {}.", folder.display());
    println!("It is in the window's menu; elsewhere: --model {name}");
    Ok(())
}

/// What the model's metadata, its side file and the command line say; the last wins.
fn known(args: &AddArgs, onnx: &[u8]) -> Result<Keys> {
    let side_path = args.file.with_extension("toml");
    let side = side_path
        .is_file()
        .then(|| fs::read_to_string(&side_path))
        .transpose()
        .with_context(|| format!("cannot read '{}'", side_path.display()))?;
    let mut known = keys(onnx, side.as_deref()).map_err(|reason| Error::BadModel {
        model: args.file.display().to_string(),
        reason,
    })?;
    known.extend(args.set.iter().cloned());
    Ok(known)
}

/// Fills in what the card lacks: asked for on a terminal, guessed with `--yes`.
fn complete(args: &AddArgs, keys: &mut Keys) -> Result<()> {
    let missing: Vec<&str> = REQUIRED
        .into_iter()
        .filter(|key| !keys.contains_key(*key))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let guessed = guess(&args.file, keys)?;
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
        eprintln!("network's shapes and its answers to the faces of nobody.");
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

/// Writes the model and its side file into a new folder.
fn put(folder: &Path, name: &str, onnx: &[u8], keys: &Keys) -> Result<()> {
    let write = |file: String, bytes: &[u8]| fs::write(folder.join(file), bytes);
    fs::create_dir_all(folder)
        .and_then(|()| write(format!("{name}.onnx"), onnx))
        .and_then(|()| write(format!("{name}.toml"), side_file(keys).as_bytes()))
        .with_context(|| format!("cannot write into '{}'", folder.display()))
}

fn try_out(model: &Path, anyway: bool) -> Result<()> {
    let test = self_test_in_child(model)?;
    super::print_test(&test);
    if let Some(failure) = test.failure() {
        let detail = &failure.detail;
        ensure!(
            anyway,
            "the self-test failed: {detail}; put it right with --set, or take it as it is with --anyway"
        );
    }
    Ok(())
}

/// Moves both files to where the catalogue finds them, the side file first: a model is never there
/// without its card.
fn take(trial: &Path, folder: &Path, name: &str) -> Result<()> {
    for file in [format!("{name}.toml"), format!("{name}.onnx")] {
        fs::rename(trial.join(&file), folder.join(&file))
            .with_context(|| format!("cannot write '{}'", folder.join(&file).display()))?;
    }
    Ok(())
}
