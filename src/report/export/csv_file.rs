//! The long table as CSV: the log's columns, then those of the report.

use std::fs::File;
use std::io::{self, BufWriter};

use super::{JoinedRow, Sink, finish_csv};

pub(super) struct CsvFile {
    csv: csv::Writer<BufWriter<File>>,
}

impl CsvFile {
    pub(super) fn new(file: BufWriter<File>) -> Self {
        Self {
            csv: csv::Writer::from_writer(file),
        }
    }
}

impl Sink for CsvFile {
    fn take(&mut self, frame: &[JoinedRow]) -> io::Result<()> {
        for joined in frame {
            self.csv.serialize((joined.row, &joined.added))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        finish_csv(self.csv)
    }
}
