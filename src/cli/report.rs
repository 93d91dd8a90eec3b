//! `mien report`: what a session says, as a page or as a table.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use mien::report::{self, Table};
use mien::session::PAGE_FILE;
use mien::session::People;

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The folder of a session, as --log and `mien analyze` make it
    session: PathBuf,
    /// Where to write it [default: into the session's folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Names of faces, kept in the session: 1 = "Ann" and so on, below [people]
    #[arg(long, value_name = "FILE.toml")]
    people: Option<PathBuf>,
    /// Write a table in place of the page
    #[arg(long, value_name = "KIND")]
    export: Option<Export>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Export {
    /// All rows, joined with people and phases
    Csv,
    /// The same with types, for pandas and R
    Parquet,
    /// The columns that Py-Feat reads
    Pyfeat,
}

impl From<Export> for Table {
    fn from(export: Export) -> Self {
        match export {
            Export::Csv => Self::Csv,
            Export::Parquet => Self::Parquet,
            Export::Pyfeat => Self::PyFeat,
        }
    }
}

pub(super) fn run(args: &ReportArgs, quiet: bool) -> Result<()> {
    let session = &args.session;
    if let Some(file) = &args.people {
        keep_people(session, &People::from_toml(file)?)?;
    }
    let table = args.export.map(Table::from);
    let name = table.map_or(PAGE_FILE, Table::file_name);
    let out = args.out.clone().unwrap_or_else(|| session.join(name));
    match table {
        Some(table) => report::write_table(session, table, &out)?,
        None => report::write_page(session, &out)?,
    }
    if !quiet {
        eprintln!("Saved to {}.", out.display());
    }
    Ok(())
}

/// Keeps the names in the session, if every face is in it: a slip of the pen shall not pass.
fn keep_people(session: &Path, people: &People) -> Result<()> {
    let analysis = report::analyze(session, Some(people))?;
    let mut known: Vec<u64> = analysis.left_out.clone();
    known.extend(analysis.people.iter().flat_map(|person| &person.faces));
    known.sort_unstable();
    if let Some(face) = people.ids().find(|face| !known.contains(face)) {
        let known: Vec<String> = known.iter().map(ToString::to_string).collect();
        bail!(
            "there is no face {face} in '{}'; its faces are {}",
            session.display(),
            known.join(", ")
        );
    }
    Ok(people.save(session)?)
}
