//! The long table as CSV: the log's columns, then those of the report.

use std::fs::File;
use std::io::{self, BufWriter};

use super::{Added, JoinedRow, Sink, csv_writer, finish_csv};
use crate::session::Row;

pub(super) struct CsvFile {
    csv: csv::Writer<BufWriter<File>>,
    begun: bool,
}

impl CsvFile {
    pub(super) fn new(file: BufWriter<File>) -> Self {
        Self {
            csv: csv_writer(file),
            begun: false,
        }
    }
}

impl Sink for CsvFile {
    fn take(&mut self, frame: &[JoinedRow]) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            self.csv
                .write_record(Row::COLUMNS.into_iter().chain(Added::COLUMNS))?;
        }
        for joined in frame {
            self.csv.serialize((joined.row, &joined.added))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        finish_csv(self.csv)
    }
}
