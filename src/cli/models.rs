//! `mien models`: what can name expressions.

mod add;

use std::io::{self, IsTerminal};
use std::iter;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use mien::card::{ModelCard, Truth};
use mien::catalog::{Catalog, DEFAULT_MODEL, Model};
use mien::self_test::{SelfTest, Verdict, end_with_the_asker, self_test};
use serde::Serialize;
use serde_json::Value;

use self::add::{AddArgs, CardArgs};
use super::{catalog, write_json};

#[derive(Debug, Args)]
pub(super) struct ModelsArgs {
    #[command(subcommand)]
    command: Option<ModelsCommand>,
    /// Write it for machines to FILE; - is stdout
    #[arg(long, value_name = "FILE", global = true)]
    json: Option<String>,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// Every model with its figures; what `mien models` alone does
    List,
    /// Try a model of your own and take it into the menu
    Add(AddArgs),
    /// Print what the card of a model without one probably says, as a side file
    Guess(CardArgs),
    /// Try models on seven averaged faces: card, shapes, scale, order of the labels
    Test {
        /// A name from the list, or the path of an .onnx file; every model if left out
        #[arg(value_name = "M")]
        model: Option<String>,
    },
    /// The whole card of one model
    Show {
        /// A name from the list, or the path of an .onnx file
        #[arg(value_name = "M")]
        model: String,
    },
}

pub(super) fn run(args: &ModelsArgs, quiet: bool) -> Result<()> {
    end_with_the_asker();
    let json = args.json.as_deref();
    match &args.command {
        None | Some(ModelsCommand::List) => list(json, quiet),
        Some(ModelsCommand::Add(args)) => add::run(args, json),
        Some(ModelsCommand::Guess(args)) => add::guess_card(args, json),
        Some(ModelsCommand::Test { model }) => test(model.as_deref(), json),
        Some(ModelsCommand::Show { model }) => show(&catalog().find(model)?, json),
    }
}

/// A card and where its model is.
#[derive(Serialize)]
struct Entry<'m> {
    #[serde(flatten)]
    card: &'m ModelCard,
    bytes: u64,
    place: String,
}

impl<'m> Entry<'m> {
    fn new(model: &'m Model) -> Self {
        Self {
            card: &model.card,
            bytes: model.bytes,
            place: model.place(),
        }
    }
}

fn list(json: Option<&str>, quiet: bool) -> Result<()> {
    let catalog = catalog();
    let models = catalog.list();
    if let Some(target) = json {
        write_json(target, &models.iter().map(Entry::new).collect::<Vec<_>>())?;
    } else {
        print_table(&models);
    }
    for error in catalog.broken() {
        eprintln!("mien: {error}");
    }
    if let Some(folder) = Catalog::default_folder()
        && json.is_none()
        && !quiet
    {
        eprintln!("Models of your own go into {}.", folder.display());
    }
    Ok(())
}

/// Longest text in a column of the table on a terminal; `show` has the rest, and so has a pipe.
const WIDEST: usize = 32;

fn print_table(models: &[Model]) {
    let heading = [
        "NAME",
        "TITLE",
        "SIZE",
        "LABELS",
        "CROWD",
        "MACRO F1",
        "ECE",
        "BY",
        "LICENCE",
        "LEARNED FROM",
    ];
    let rows: Vec<[String; 10]> = iter::once(heading.map(str::to_owned))
        .chain(models.iter().map(row))
        .collect();
    let mut widths = [0; 10];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let cells: Vec<String> = (row.iter().zip(widths))
            .enumerate()
            .map(|(column, (cell, width))| {
                // Figures stand to the right.
                if (2..7).contains(&column) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:width$}")
                }
            })
            .collect();
        say!("{}", cells.join("  ").trim_end());
    }
}

fn row(model: &Model) -> [String; 10] {
    let card = &model.card;
    let default = if &*card.name == DEFAULT_MODEL {
        " *"
    } else {
        ""
    };
    let dash = || "–".to_owned();
    let percent =
        |share: Option<f32>| share.map_or_else(dash, |share| format!("{:.1} %", 100.0 * share));
    let by = |truth| card.figures(truth);
    let own = by(card.truth());
    [
        format!("{}{default}", card.name),
        shorten(&card.title),
        size(model.bytes),
        percent(by(Truth::Labels).accuracy),
        percent(by(Truth::Crowd).accuracy),
        percent(own.macro_f1),
        own.ece.map_or_else(dash, |ece| format!("{ece:.3}")),
        // The truth of the last two.
        if own.is_empty() {
            dash()
        } else {
            card.truth().to_string()
        },
        shorten(&card.license),
        shorten(&card.trained_on),
    ]
}

fn size(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= WIDEST || !io::stdout().is_terminal() {
        return text.to_owned();
    }
    let start: String = text.chars().take(WIDEST - 1).collect();
    format!("{}…", start.trim_end())
}

fn show(model: &Model, json: Option<&str>) -> Result<()> {
    if let Some(target) = json {
        return write_json(target, &Entry::new(model));
    }
    let card = &model.card;
    let labels: Vec<&str> = card.labels.iter().map(|label| label.name()).collect();
    let lines = [
        ("name", card.name.to_string()),
        ("title", card.title.clone()),
        ("place", model.place()),
        ("size", size(model.bytes)),
        ("sha256", card.sha256.to_string()),
        ("labels", labels.join(",")),
        ("input", card.input.to_string()),
        ("layout", card.layout.to_string()),
        ("color", card.color.to_string()),
        ("scale", card.scale.to_string()),
        ("output", card.output.to_string()),
        ("temperature", card.temperature.to_string()),
        ("margin", card.margin.to_string()),
        ("trained_on", card.trained_on.clone()),
        ("license", card.license.clone()),
        ("source", card.source.clone()),
    ];
    for (key, value) in lines {
        say!("{key:<12} {value}");
    }
    for (key, value) in card.metrics.as_object().into_iter().flatten() {
        // A matrix is for --json, and for the window.
        if value.get(0).is_some_and(Value::is_array) {
            continue;
        }
        say!(
            "{:<12} {key}: {}",
            "metrics",
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        );
    }
    Ok(())
}

/// Tries one model, or all; an error if one fails.
fn test(model: Option<&str>, json: Option<&str>) -> Result<()> {
    let catalog = catalog();
    let models = match model {
        Some(model) => vec![catalog.find(model)?],
        None => catalog.list(),
    };
    let tests = models
        .iter()
        .map(self_test)
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(target) = json {
        write_json(target, &tests)?;
    }
    if json != Some("-") {
        tests.iter().for_each(print_test);
    }
    let broken = if model.is_none() {
        catalog.broken()
    } else {
        Vec::new()
    };
    for error in &broken {
        eprintln!("mien: {error}");
    }
    let failed: Vec<&str> = tests
        .iter()
        .filter(|test| !test.passed())
        .map(|test| &*test.model)
        .collect();
    match (&failed[..], broken.len()) {
        ([], 0) => Ok(()),
        ([], _) => bail!("some model files cannot be used; see above"),
        _ => bail!("the self-test failed for {}; see above", failed.join(", ")),
    }
}

fn print_test(test: &SelfTest) {
    say!("{}", test.model);
    for check in &test.checks {
        let mark = match check.verdict {
            Verdict::Passed => "ok",
            Verdict::Doubtful => "?",
            Verdict::Failed => "FAILED",
        };
        say!("  {:<7} {mark:<6} {}", check.name, check.detail);
    }
}
