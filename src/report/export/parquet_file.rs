//! The long table as Parquet: the same columns as the CSV, with types.

use std::fs::File;
use std::io::{self, BufWriter};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FloatType, Int32Type, Int64Type,
};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use super::{Added, JoinedRow, Sink};
use crate::expression::Expression;
use crate::session::{Decimals, Row};

/// Rows in memory before they are written as a group: some ten megabytes.
const GROUP: usize = 1 << 16;

pub(super) struct ParquetFile {
    file: SerializedFileWriter<BufWriter<File>>,
    group: Vec<(Row, Added)>,
}

/// A column's type, and where its cells come from.
enum Column {
    Long(fn(&Row, &Added) -> Option<u64>),
    Int(fn(&Row, &Added) -> Option<u32>),
    Moment(fn(&Row) -> Option<i64>),
    Float(fn(&Row) -> Option<f32>),
    Text(for<'r> fn(&'r Row, &'r Added) -> Option<&'r str>),
    Flag(fn(&Added) -> bool),
}

/// Every column, in the order of the CSV file.
fn columns() -> [(&'static str, Column); Row::COLUMNS.len() + Added::COLUMNS.len()] {
    use Column::{Flag, Float, Int, Long, Moment, Text};
    [
        ("frame", Long(|row, _| Some(row.frame))),
        ("time_ms", Long(|row, _| Some(row.time_ms))),
        (
            "utc",
            Moment(|row| row.utc.map(|utc| utc.0.as_millisecond())),
        ),
        ("source", Text(|row, _| Some(&row.source))),
        ("source_frame", Long(|row, _| Some(row.source_frame))),
        ("model", Text(|row, _| Some(&row.model))),
        ("faces", Int(|row, _| u32::try_from(row.faces).ok())),
        ("face_id", Long(|row, _| row.face_id)),
        ("x", Float(|row| value(row.x))),
        ("y", Float(|row| value(row.y))),
        ("width", Float(|row| value(row.width))),
        ("height", Float(|row| value(row.height))),
        ("score", Float(|row| value(row.score))),
        ("label", Text(|row, _| row.label.map(Expression::name))),
        ("confidence", Float(|row| value(row.confidence))),
        ("angry", Float(|row| value(row.angry))),
        ("disgust", Float(|row| value(row.disgust))),
        ("fear", Float(|row| value(row.fear))),
        ("happy", Float(|row| value(row.happy))),
        ("sad", Float(|row| value(row.sad))),
        ("surprise", Float(|row| value(row.surprise))),
        ("neutral", Float(|row| value(row.neutral))),
        ("contempt", Float(|row| value(row.contempt))),
        (
            "shown",
            Text(|row, _| row.face_id.map(|_| row.shown.as_str())),
        ),
        (
            "quality",
            Text(|row, _| row.face_id.map(|_| row.quality.as_str())),
        ),
        ("person", Text(|_, added| added.person.as_deref())),
        ("left_out", Flag(|added| added.left_out)),
        ("phase_number", Int(|_, added| Some(added.phase_number))),
        ("phase", Text(|_, added| Some(&added.phase))),
        ("position", Long(|_, added| Some(added.position))),
        ("weight", Long(|_, added| Some(added.weight))),
    ]
}

fn value<const PLACES: usize>(cell: Option<Decimals<PLACES>>) -> Option<f32> {
    cell.map(|cell| cell.0)
}

impl Column {
    /// Its type in Parquet's own words.
    const fn physical(&self) -> &'static str {
        match self {
            Self::Long(_) | Self::Moment(_) => "INT64",
            Self::Int(_) => "INT32",
            Self::Float(_) => "FLOAT",
            Self::Text(_) => "BYTE_ARRAY",
            Self::Flag(_) => "BOOLEAN",
        }
    }

    const fn logical(&self) -> &'static str {
        match self {
            Self::Moment(_) => " (TIMESTAMP(MILLIS,true))",
            Self::Text(_) => " (STRING)",
            _ => "",
        }
    }

    fn write(&self, rows: &[(Row, Added)], to: &mut SerializedColumnWriter) -> Result<()> {
        let rows = rows.iter();
        match self {
            Self::Long(cell) => {
                write::<Int64Type>(to, rows.map(|(row, added)| long(cell(row, added))))
            }
            Self::Int(cell) => {
                write::<Int32Type>(to, rows.map(|(row, added)| int(cell(row, added))))
            }
            Self::Moment(cell) => write::<Int64Type>(to, rows.map(|(row, _)| cell(row))),
            Self::Float(cell) => write::<FloatType>(to, rows.map(|(row, _)| cell(row))),
            Self::Text(cell) => write::<ByteArrayType>(
                to,
                rows.map(|(row, added)| cell(row, added).map(ByteArray::from)),
            ),
            Self::Flag(cell) => write::<BoolType>(to, rows.map(|(_, added)| Some(cell(added)))),
        }
    }
}

/// Signed, since pandas and R have little use for others.
fn long(cell: Option<u64>) -> Option<i64> {
    cell.and_then(|cell| i64::try_from(cell).ok())
}

fn int(cell: Option<u32>) -> Option<i32> {
    cell.and_then(|cell| i32::try_from(cell).ok())
}

fn write<Type: DataType>(
    to: &mut SerializedColumnWriter,
    cells: impl Iterator<Item = Option<Type::T>>,
) -> Result<()> {
    let (mut present, mut values) = (Vec::new(), Vec::new());
    for cell in cells {
        present.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
    to.typed::<Type>()
        .write_batch(&values, Some(&present), None)?;
    Ok(())
}

impl ParquetFile {
    pub(super) fn new(file: BufWriter<File>) -> io::Result<Self> {
        let fields: Vec<String> = columns()
            .iter()
            .map(|(name, column)| {
                let (physical, logical) = (column.physical(), column.logical());
                format!("OPTIONAL {physical} {name}{logical};")
            })
            .collect();
        let fields = fields.join(" ");
        let properties = WriterProperties::builder()
            .set_created_by(format!("Mien {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::SNAPPY)
            .build();
        let file = parse_message_type(&format!("message mien {{ {fields} }}"))
            .and_then(|schema| {
                SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))
            })
            .map_err(failed)?;
        Ok(Self {
            file,
            group: Vec::new(),
        })
    }

    fn flush(&mut self) -> Result<()> {
        if self.group.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        for (_, column) in columns() {
            let Some(mut to) = group.next_column()? else {
                return Err(ParquetError::General("a column is missing".to_owned()));
            };
            column.write(&self.group, &mut to)?;
            to.close()?;
        }
        group.close()?;
        self.group.clear();
        Ok(())
    }
}

impl Sink for ParquetFile {
    fn take(&mut self, frame: &[JoinedRow]) -> io::Result<()> {
        let rows = frame.iter().map(|one| (one.row.clone(), one.added.clone()));
        self.group.extend(rows);
        if self.group.len() < GROUP {
            return Ok(());
        }
        self.flush().map_err(failed)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.flush()
            .and_then(|()| self.file.close())
            .map(drop)
            .map_err(failed)
    }
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast() {
            Ok(cause) => *cause,
            Err(cause) => io::Error::other(cause),
        },
        other => io::Error::other(other),
    }
}
