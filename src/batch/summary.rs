//! `summary.csv`: one row for each file that was analysed into a folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::{Ending, Item, Outcome};
use crate::error::{Error, Result};
use crate::expression::Expression;
use crate::report::{self, Analysis, Unit};
use crate::session;

/// The table's name.
pub const SUMMARY_FILE: &str = "summary.csv";
/// Held while the table is read and written: several programs may write into one folder.
const LOCK_FILE: &str = ".summary.lock";

const BEFORE_EXPRESSIONS: [&str; 11] = [
    "source",
    "session",
    "status",
    "error",
    "model",
    "frames",
    "frames_with_face",
    "people",
    "unit",
    "duration",
    "seen",
];
const AFTER_EXPRESSIONS: [&str; 2] = ["uncertain", "poor"];

/// The table in a folder of sessions. It is opened anew for each row, so that nothing is lost when
/// the program is killed, and programs side by side do not write over each other.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The folder of the sessions and the table.
    out: PathBuf,
}

impl Summary {
    /// The table in `out`, which is made with the first row.
    ///
    /// # Errors
    /// [`Error::Log`] when the folder cannot be made, or a file of that name there is something else.
    pub fn open(out: &Path) -> Result<Self> {
        let summary = Self {
            out: out.to_owned(),
        };
        fs::create_dir_all(out).map_err(|source| Error::Log {
            path: out.to_owned(),
            source,
        })?;
        summary.locked(|path| read(path).map(drop))?;
        Ok(summary)
    }

    /// Writes what came of an item. It takes the place of an earlier row of the same session, and of
    /// the same file without one.
    ///
    /// # Errors
    /// [`Error::Log`].
    pub fn note(&self, item: &Item, outcome: &Outcome) -> Result<()> {
        let source = item.path.display().to_string();
        let session = outcome
            .folder
            .as_deref()
            .map_or_else(String::new, |folder| {
                let place = folder.strip_prefix(&self.out).unwrap_or(folder);
                place.display().to_string()
            });
        if outcome.ending == Ending::Skipped {
            let is_there = |row: &StringRecord| row.get(1) == Some(&session);
            if self.locked(read)?.rows.iter().any(is_there) {
                return Ok(());
            }
        }
        let new = record(source, session, outcome);
        self.locked(|path| {
            let mut table = read(path)?;
            let before = table.rows.len();
            table.rows.retain(|row| !self.is_replaced(row, &new));
            if table.rows.len() == before && table.is_whole {
                return append(path, &new);
            }
            table.rows.push(new.clone());
            rewrite(path, &table.rows)
        })
    }

    fn is_replaced(&self, row: &StringRecord, new: &StringRecord) -> bool {
        let session = row.get(1).unwrap_or_default();
        let is_gone = || session.is_empty() || !self.out.join(session).exists();
        (!session.is_empty() && new.get(1) == Some(session))
            || (row.get(0) == new.get(0) && is_gone())
    }

    fn locked<T>(&self, work: impl FnOnce(&Path) -> io::Result<T>) -> Result<T> {
        let lock = self.out.join(LOCK_FILE);
        let path = self.out.join(SUMMARY_FILE);
        let result = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(lock)
            .and_then(|lock| {
                if let Err(error) = lock.lock() {
                    // A row that another program overwrites comes back with --resume.
                    log::warn!("this folder knows no locks ({error}): use it from one program");
                }
                work(&path)
            });
        result.map_err(|source| Error::Log { path, source })
    }
}

/// What is in the file.
struct Table {
    rows: Vec<StringRecord>,
    /// The file is there, and no killed program has left half a row in it.
    is_whole: bool,
}

fn read(path: &Path) -> io::Result<Table> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read?,
    };
    let end = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |last| last + 1);
    let (lines, half) = text.split_at(end);
    let mut reader = csv::Reader::from_reader(lines);
    if !lines.is_empty() && *reader.headers()? != columns() {
        let reason = "its columns are not those of this version; move it to another folder";
        return Err(io::Error::other(reason));
    }
    Ok(Table {
        rows: reader.records().collect::<Result<_, csv::Error>>()?,
        is_whole: !lines.is_empty() && half.is_empty(),
    })
}

fn append(path: &Path, row: &StringRecord) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(&lines([row])?)
}

/// Replaces the file in one step.
fn rewrite(path: &Path, rows: &[StringRecord]) -> io::Result<()> {
    let beside = path.with_extension("csv.new");
    let mut file = File::create(&beside)?;
    file.write_all(&lines(std::iter::once(&columns()).chain(rows))?)?;
    fs::rename(beside, path)
}

fn lines<'a>(rows: impl IntoIterator<Item = &'a StringRecord>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))
}

fn columns() -> StringRecord {
    let expressions = Expression::ALL.iter().map(|expression| expression.name());
    let mut columns = StringRecord::from(BEFORE_EXPRESSIONS.to_vec());
    columns.extend(expressions);
    columns.extend(AFTER_EXPRESSIONS);
    columns
}

/// A file's row; its figures come from its session on disk, whatever run has made it.
fn record(source: String, session: String, outcome: &Outcome) -> StringRecord {
    let mut failures: Vec<String> = outcome.failures.iter().map(Error::to_string).collect();
    let figures = outcome.folder.as_deref().map(figures).transpose();
    let figures = figures.unwrap_or_else(|error| {
        failures.push(error.to_string());
        None
    });
    let status = match outcome.ending {
        _ if !failures.is_empty() => "failed",
        Ending::Stopped => "stopped",
        Ending::Complete | Ending::Skipped => "done",
    };
    let mut row = StringRecord::from(vec![source, session, status.to_owned(), told(&failures)]);
    if let Some((analysis, with_face)) = figures {
        row.extend(cells(&analysis, with_face));
    }
    let missing = columns().len() - row.len();
    row.extend(vec![""; missing]);
    row
}

/// A session in numbers, and how many of its frames have a face.
fn figures(folder: &Path) -> Result<(Analysis, u64)> {
    let analysis = report::analyze(folder, None)?;
    let mut last = None;
    let mut with_face = 0;
    for row in session::rows(folder)? {
        let row = row?;
        if row.faces > 0 && last.replace(row.frame) != Some(row.frame) {
            with_face += 1;
        }
    }
    Ok((analysis, with_face))
}

/// The cells from `model` on.
fn cells(analysis: &Analysis, with_face: u64) -> Vec<String> {
    let tally = &analysis.together;
    let (unit, amount): (_, fn(u64) -> String) = match analysis.unit {
        Unit::Milliseconds => ("seconds", |millis| {
            format!("{}.{:03}", millis / 1000, millis % 1000)
        }),
        Unit::Pictures => ("pictures", |pictures| pictures.to_string()),
    };
    let mut cells = vec![
        analysis.models.join("+"),
        analysis.frames.to_string(),
        with_face.to_string(),
        analysis.people.len().to_string(),
        unit.to_owned(),
        amount(analysis.end),
        amount(tally.seen()),
    ];
    cells.extend(Expression::ALL.map(|expression| amount(tally.of(expression))));
    cells.extend([tally.uncertain, tally.poor].map(amount));
    cells
}

/// The first failure, and how many there are besides.
fn told(failures: &[String]) -> String {
    match failures {
        [] => String::new(),
        [only] => only.clone(),
        [first, more @ ..] => format!("{first} (and {} more)", more.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(path: &str) -> Item {
        Item::new(Path::new(path), PathBuf::new())
    }

    fn failed(path: &str) -> Outcome {
        Outcome::failed(Error::SourceNotFound(path.to_owned()))
    }

    fn sources(out: &Path) -> Vec<String> {
        let rows = read(&out.join(SUMMARY_FILE)).unwrap().rows;
        rows.iter().map(|row| row[0].to_owned()).collect()
    }

    #[test]
    fn each_file_has_one_row_also_when_it_fails_again() {
        let out = tempfile::tempdir().unwrap();
        let summary = Summary::open(out.path()).unwrap();
        for path in ["a.mp4", "b.mp4", "a.mp4"] {
            summary.note(&item(path), &failed(path)).unwrap();
        }
        assert_eq!(sources(out.path()), ["b.mp4", "a.mp4"]);
        let text = fs::read_to_string(out.path().join(SUMMARY_FILE)).unwrap();
        assert!(
            text.starts_with("source,session,status,error,model,frames,"),
            "{text}"
        );
        assert!(text.contains(",contempt,uncertain,poor\n"), "{text}");
        assert!(
            text.contains("a.mp4,,failed,\"'a.mp4' is no file"),
            "{text}"
        );
    }

    #[test]
    fn half_a_row_of_a_killed_program_goes_with_the_next_one() {
        let out = tempfile::tempdir().unwrap();
        let summary = Summary::open(out.path()).unwrap();
        summary.note(&item("a.mp4"), &failed("a.mp4")).unwrap();
        let path = out.path().join(SUMMARY_FILE);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"half.mp4,se").unwrap();
        assert_eq!(sources(out.path()), ["a.mp4"]);
        summary.note(&item("b.mp4"), &failed("b.mp4")).unwrap();
        assert_eq!(sources(out.path()), ["a.mp4", "b.mp4"]);
    }

    #[test]
    fn two_programs_at_once_lose_no_row() {
        let out = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for program in 0..2 {
                let summary = Summary::open(out.path()).unwrap();
                scope.spawn(move || {
                    for number in 0..20 {
                        let path = format!("{program}-{number}.mp4");
                        summary.note(&item(&path), &failed(&path)).unwrap();
                    }
                });
            }
        });
        assert_eq!(sources(out.path()).len(), 40);
    }

    #[test]
    fn another_table_of_that_name_is_left_as_it_is() {
        let out = tempfile::tempdir().unwrap();
        let path = out.path().join(SUMMARY_FILE);
        fs::write(&path, "name,age\nAnn,30\n").unwrap();
        let error = Summary::open(out.path()).unwrap_err();
        assert!(error.to_string().contains("move it"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "name,age\nAnn,30\n");
    }
}
