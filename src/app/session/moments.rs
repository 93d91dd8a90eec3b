//! Where the faces were at each moment, so that a click finds them at once.

use std::path::Path;
use std::time::Duration;

use crate::error::Result;
use crate::expression::{Expression, Probabilities};
use crate::face::{Face, FaceBox, Quality, Reading};
use crate::report::{Analysis, Stretch, Unit};
use crate::session::{self, Row};

/// Rows that are kept, at about 120 bytes each: nine hours of two faces, 240 MB.
const MOST: usize = 2_000_000;

/// One frame.
struct Moment {
    position: u64,
    time_ms: u64,
    /// An index into the sources' names.
    source: usize,
    /// Its first face; the next frame's first is behind its last.
    first: usize,
}

/// Every frame of a session, in order.
#[derive(Default)]
pub(super) struct Moments {
    frames: Vec<Moment>,
    faces: Vec<Face>,
    sources: Vec<String>,
}

/// The frame at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The video's or the picture's name.
    pub source: &'a str,
    /// The position in a video.
    pub time: Duration,
    /// The faces that were seen.
    pub faces: &'a [Face],
}

impl Moments {
    /// Reads the session in `folder`, whose time line `analysis` has.
    pub fn read(folder: &Path, analysis: &Analysis) -> Result<Self> {
        let mut moments = Self::default();
        let mut last = None;
        for row in session::rows(folder)?.take(MOST) {
            let row = row?;
            if last != Some(row.frame) {
                last = Some(row.frame);
                moments.begin(&row, analysis);
            }
            moments.faces.extend(face(&row));
        }
        Ok(moments)
    }

    fn begin(&mut self, row: &Row, analysis: &Analysis) {
        let after = analysis
            .stretches
            .partition_point(|stretch| stretch.frame <= row.frame);
        let stretch = analysis.stretches.get(after.saturating_sub(1));
        let source = self.sources.iter().rposition(|name| *name == row.source);
        let source = source.unwrap_or_else(|| {
            self.sources.push(row.source.clone());
            self.sources.len() - 1
        });
        self.frames.push(Moment {
            position: stretch.map_or(0, |stretch| position(stretch, analysis.unit, row)),
            time_ms: row.time_ms,
            source,
            first: self.faces.len(),
        });
    }

    /// The frame at a position on the time line: the last one that is not after it.
    pub fn at(&self, position: u64) -> Option<Place<'_>> {
        let next = self.frames.partition_point(|one| one.position <= position);
        let frame = self.frames.get(next.saturating_sub(1))?;
        let end = self
            .frames
            .get(next.max(1))
            .map_or(self.faces.len(), |next| next.first);
        Some(Place {
            source: self.sources.get(frame.source)?,
            time: Duration::from_millis(frame.time_ms),
            faces: self.faces.get(frame.first..end)?,
        })
    }
}

fn position(stretch: &Stretch, unit: Unit, row: &Row) -> u64 {
    let since = match unit {
        Unit::Milliseconds => row.time_ms.saturating_sub(stretch.time_ms),
        Unit::Pictures => row.frame.saturating_sub(stretch.frame),
    };
    stretch.start + since
}

/// The row's face, as it was shown.
fn face(row: &Row) -> Option<Face> {
    let values = Expression::ALL.map(|one| row.probability(one).unwrap_or(0.0));
    let raw = Probabilities::from_distribution(&Expression::ALL, &values).ok()?;
    let face_box = FaceBox {
        x: row.x?.0,
        y: row.y?.0,
        width: row.width?.0,
        height: row.height?.0,
    };
    Some(Face {
        id: row.face_id?,
        face_box,
        detected: face_box,
        score: row.score?.0,
        quality: Quality::default(),
        reading: Reading {
            raw,
            smoothed: raw,
            shown: row.shown.parse().ok(),
        },
        second: None,
    })
}
