//! Tables for other programs: the log's rows joined with people and phases.
//!
//! No row is left out: what does not count has weight 0, so that the sum of weights gives the page's
//! numbers.

mod csv_file;
mod parquet_file;
mod pyfeat;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use super::analysis::Unit;
use super::walk::Walk;
use super::whole::Whole;
use crate::error::{Error, Result};
use crate::session::{Header, People, Row};

/// The kinds of table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// The long table as CSV.
    Csv,
    /// The same as Parquet, with types.
    Parquet,
    /// The columns that Py-Feat reads, as CSV.
    PyFeat,
}

impl Table {
    /// The file's name in its session's folder, unless another is asked for.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "report.csv",
            Self::Parquet => "report.parquet",
            Self::PyFeat => "report.pyfeat.csv",
        }
    }
}

/// Writes the session in `folder` to `out` as a table.
///
/// # Errors
/// [`Error::Session`] if there is nothing to tell, [`Error::Unwritable`] for `out`.
pub fn write_table(folder: &Path, table: Table, out: &Path) -> Result<()> {
    let header = Header::read(folder)?;
    let walk = Walk::begin(folder, &header)?;
    let unwritable = |source| Error::Unwritable {
        path: out.to_owned(),
        source,
    };
    let (whole, file) = Whole::begin(out).map_err(unwritable)?;
    let file = BufWriter::new(file);
    let joined = Joined {
        people: People::from(&header),
        pictures: walk.unit == Unit::Pictures,
        walk,
    };
    let mut sink: Box<dyn Sink> = match table {
        Table::Csv => Box::new(csv_file::CsvFile::new(file)),
        Table::Parquet => Box::new(parquet_file::ParquetFile::new(file).map_err(unwritable)?),
        Table::PyFeat => Box::new(pyfeat::PyFeat::new(file, joined.pictures)),
    };
    joined.pour(sink.as_mut(), unwritable)?;
    sink.finish()
        .and_then(|()| whole.keep())
        .map_err(unwritable)
}

/// Takes in one frame's rows after another.
trait Sink {
    fn take(&mut self, frame: &[JoinedRow]) -> io::Result<()>;
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// A row of the log, and what the report adds to it.
struct JoinedRow<'w> {
    row: &'w Row,
    added: Added,
}

/// The columns behind those of the log.
#[derive(Debug, Clone, Serialize)]
struct Added {
    /// Who it is; empty without a face.
    person: Option<String>,
    /// Asked not to count.
    left_out: bool,
    /// Phases count from 1; `phase` is the marker's name.
    phase_number: u32,
    phase: String,
    /// Where the frame is on the report's time line: milliseconds, or pictures.
    position: u64,
    /// How much the row counts: milliseconds, or pictures.
    weight: u64,
}

impl Added {
    const COLUMNS: [&str; 6] = [
        "person",
        "left_out",
        "phase_number",
        "phase",
        "position",
        "weight",
    ];
}

struct Joined {
    walk: Walk,
    people: People,
    pictures: bool,
}

impl Joined {
    fn pour(mut self, sink: &mut dyn Sink, failed: impl Fn(io::Error) -> Error) -> Result<()> {
        while let Some(step) = self.walk.step()? {
            let phase = self.walk.phases.get(step.phase);
            let phase = phase.map_or_else(String::new, |phase| phase.name.clone());
            // Nobody counts twice in one frame, though two of their faces may seem to be there.
            let mut here: Vec<String> = Vec::with_capacity(step.rows.len());
            let mut frame = Vec::with_capacity(step.rows.len());
            for row in &step.rows {
                let person = row.face_id.map(|face| self.people.name_of(face));
                let left_out = row
                    .face_id
                    .is_some_and(|face| self.people.is_left_out(face));
                let counts = !left_out && person.as_ref().is_none_or(|name| !here.contains(name));
                if counts {
                    here.extend(person.clone());
                }
                frame.push(JoinedRow {
                    row,
                    added: Added {
                        person,
                        left_out,
                        phase_number: step.phase as u32 + 1,
                        phase: phase.clone(),
                        position: step.position,
                        weight: if counts { step.amount } else { 0 },
                    },
                });
            }
            sink.take(&frame).map_err(&failed)?;
        }
        Ok(())
    }
}

/// Ends a CSV file.
fn finish_csv(csv: csv::Writer<BufWriter<File>>) -> io::Result<()> {
    csv.into_inner()
        .map_err(csv::IntoInnerError::into_error)?
        .flush()
}
