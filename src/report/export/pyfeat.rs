//! The columns that Py-Feat's `read_feat` expects of its own detector's files.
//!
//! Py-Feat knows seven emotions: contempt has no column there. Its `FaceScore` is a probability,
//! ours is the detector's sum. A frame without a face has one row without numbers, as there.

use std::fs::File;
use std::io::{self, BufWriter};

use serde::Serialize;

use super::{JoinedRow, Sink, finish_csv};
use crate::session::Decimals;

pub(super) struct PyFeat {
    csv: csv::Writer<BufWriter<File>>,
    pictures: bool,
}

#[derive(Debug, Serialize)]
struct Fex<'w> {
    frame: u64,
    #[serde(rename = "FaceRectX")]
    x: Option<Decimals<1>>,
    #[serde(rename = "FaceRectY")]
    y: Option<Decimals<1>>,
    #[serde(rename = "FaceRectWidth")]
    width: Option<Decimals<1>>,
    #[serde(rename = "FaceRectHeight")]
    height: Option<Decimals<1>>,
    #[serde(rename = "FaceScore")]
    score: Option<Decimals<3>>,
    anger: Option<Decimals<6>>,
    disgust: Option<Decimals<6>>,
    fear: Option<Decimals<6>>,
    happiness: Option<Decimals<6>>,
    sadness: Option<Decimals<6>>,
    surprise: Option<Decimals<6>>,
    neutral: Option<Decimals<6>>,
    input: &'w str,
    /// Minutes and seconds, as there.
    approx_time: String,
    #[serde(rename = "Identity")]
    identity: Option<&'w str>,
}

impl PyFeat {
    pub(super) fn new(file: BufWriter<File>, pictures: bool) -> Self {
        Self {
            csv: csv::Writer::from_writer(file),
            pictures,
        }
    }

    fn fex<'w>(&self, joined: &'w JoinedRow, counts: bool) -> Fex<'w> {
        let row = joined.row;
        let seconds = row.time_ms / 1000;
        Fex {
            // There, pictures are numbered over all of them, a video's frames within it.
            frame: if self.pictures {
                row.frame
            } else {
                row.source_frame
            },
            x: row.x.filter(|_| counts),
            y: row.y.filter(|_| counts),
            width: row.width.filter(|_| counts),
            height: row.height.filter(|_| counts),
            score: row.score.filter(|_| counts),
            anger: row.angry.filter(|_| counts),
            disgust: row.disgust.filter(|_| counts),
            fear: row.fear.filter(|_| counts),
            happiness: row.happy.filter(|_| counts),
            sadness: row.sad.filter(|_| counts),
            surprise: row.surprise.filter(|_| counts),
            neutral: row.neutral.filter(|_| counts),
            input: &row.source,
            approx_time: format!("{:02}:{:02}", seconds / 60, seconds % 60),
            identity: joined.added.person.as_deref().filter(|_| counts),
        }
    }
}

impl Sink for PyFeat {
    fn take(&mut self, frame: &[JoinedRow]) -> io::Result<()> {
        let counting: Vec<&JoinedRow> = frame.iter().filter(|one| !one.added.left_out).collect();
        if let ([], Some(any)) = (&counting[..], frame.first()) {
            self.csv.serialize(self.fex(any, false))?;
        }
        for joined in counting {
            self.csv.serialize(self.fex(joined, true))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        finish_csv(self.csv)
    }
}
