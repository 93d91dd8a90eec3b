//! The last minute of every face in view, so that the chart can show whichever is chosen.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::expression::{Expression, Probabilities};
use crate::observation::Observation;

/// How far back the chart reaches.
pub(super) const SPAN: Duration = Duration::from_mins(1);

/// The time between two samples: finer than a chart of this width can show.
const STEP: Duration = Duration::from_millis(200);

/// A face that is missed for longer leaves a gap in its line.
const GAP: Duration = Duration::from_secs(1);

/// Faces kept of one sample, the largest first. With them memory stays below a megabyte:
/// 300 samples of 64 faces.
const FACES: usize = 64;

/// What each face showed at one time.
#[derive(Debug)]
struct Sample {
    time: Instant,
    faces: Vec<(u64, Probabilities)>,
}

/// Samples of the last minute, the oldest first.
#[derive(Debug, Default)]
pub(super) struct History(VecDeque<Sample>);

impl History {
    /// Takes in what was seen, unless a sample of this moment is there already.
    pub fn update(&mut self, observation: &Observation) {
        let time = observation.frame.captured;
        if let Some(newest) = self.0.back()
            && time < newest.time + STEP
        {
            return;
        }
        while self
            .0
            .front()
            .is_some_and(|oldest| oldest.time + SPAN + STEP < time)
        {
            self.0.pop_front();
        }
        let mut faces: Vec<_> = observation.faces.iter().collect();
        faces.sort_by(|left, right| right.face_box.area().total_cmp(&left.face_box.area()));
        let faces = faces
            .into_iter()
            .take(FACES)
            .map(|face| (face.id, face.reading.smoothed))
            .collect();
        self.0.push_back(Sample { time, faces });
    }

    /// Where a moment lies: seconds before the newest sample, 0 or negative.
    pub fn position(&self, at: Instant) -> f64 {
        let ago = |sample: &Sample| sample.time.saturating_duration_since(at).as_secs_f64();
        -self.0.back().map_or(0.0, ago)
    }

    /// The unbroken lines of one expression in one face: seconds before the newest sample (negative)
    /// and probability.
    pub fn lines(&self, id: u64, expression: Expression) -> Vec<Vec<[f64; 2]>> {
        let Some(newest) = self.0.back() else {
            return Vec::new();
        };
        let mut lines: Vec<Vec<[f64; 2]>> = Vec::new();
        let mut last: Option<Instant> = None;
        for sample in &self.0 {
            let Some((_, probabilities)) = sample.faces.iter().find(|(other, _)| *other == id)
            else {
                continue;
            };
            let ago = newest
                .time
                .saturating_duration_since(sample.time)
                .as_secs_f64();
            let point = [-ago, f64::from(probabilities.of(expression))];
            match lines.last_mut() {
                Some(line) if last.is_some_and(|last| sample.time < last + GAP) => line.push(point),
                _ => lines.push(vec![point]),
            }
            last = Some(sample.time);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{face, observation};
    use super::*;

    #[test]
    fn the_history_never_holds_more_than_its_span() {
        let mut history = History::default();
        for second in 0..600 {
            for frame in 0..30 {
                history.update(&observation(
                    second * 1000 + frame * 33,
                    vec![face(1, 40.0)],
                ));
            }
        }
        assert!(history.0.len() <= 303, "{}", history.0.len());
        let lines = history.lines(1, Expression::Happy);
        assert_eq!(lines.len(), 1);
        let oldest = lines[0][0][0];
        assert!((-60.5..-59.0).contains(&oldest), "{oldest}");
    }

    #[test]
    fn a_face_that_was_away_leaves_a_gap() {
        let mut history = History::default();
        for (millis, there) in [
            (0, true),
            (200, true),
            (400, false),
            (1600, true),
            (1800, true),
        ] {
            let faces = if there { vec![face(1, 40.0)] } else { vec![] };
            history.update(&observation(millis, faces));
        }
        let lines = history.lines(1, Expression::Happy);
        assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
        assert!(history.lines(2, Expression::Happy).is_empty());
    }
}
