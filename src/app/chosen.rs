//! Which face the bars and the chart are about.

use std::time::{Duration, Instant};

use crate::face::Face;
use crate::observation::Observation;

/// A face may be missed for so long before another is chosen; a detector misses single frames.
const LINGER: Duration = Duration::from_secs(1);

/// The face that the user chose, or else the largest; it stays chosen until it is gone.
#[derive(Debug, Default)]
pub(super) struct ChosenFace {
    last: Option<(Face, Instant)>,
}

impl ChosenFace {
    /// Takes in what was seen.
    pub fn update(&mut self, observation: &Observation) {
        let now = observation.frame.captured;
        if let Some((face, seen)) = &mut self.last {
            if let Some(newer) = observation.faces.iter().find(|other| other.id == face.id) {
                *face = newer.clone();
                *seen = now;
                return;
            }
            if !observation.frame.still && now.saturating_duration_since(*seen) < LINGER {
                return;
            }
        }
        let largest = observation
            .faces
            .iter()
            .max_by(|left, right| left.face_box.area().total_cmp(&right.face_box.area()));
        self.last = largest.map(|face| (face.clone(), now));
    }

    /// Chooses a face of the newest observation.
    pub fn choose(&mut self, id: u64, observation: &Observation) {
        if let Some(face) = observation.faces.iter().find(|face| face.id == id) {
            self.last = Some((face.clone(), observation.frame.captured));
        }
    }

    /// The face as it was last seen.
    pub fn face(&self) -> Option<&Face> {
        self.last.as_ref().map(|(face, _)| face)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{face, observation};
    use super::*;

    #[test]
    fn the_largest_face_is_chosen_and_stays_chosen_when_another_grows() {
        let mut chosen = ChosenFace::default();
        chosen.update(&observation(0, vec![face(1, 40.0), face(2, 60.0)]));
        assert_eq!(chosen.face().unwrap().id, 2);
        chosen.update(&observation(1, vec![face(1, 90.0), face(2, 60.0)]));
        assert_eq!(chosen.face().unwrap().id, 2);
    }

    #[test]
    fn a_face_that_is_missed_for_a_moment_stays_and_one_that_left_makes_room() {
        let mut chosen = ChosenFace::default();
        chosen.update(&observation(0, vec![face(1, 40.0)]));
        chosen.update(&observation(500, vec![]));
        assert_eq!(chosen.face().unwrap().id, 1);
        chosen.update(&observation(1500, vec![face(3, 40.0)]));
        assert_eq!(chosen.face().unwrap().id, 3);
        chosen.update(&observation(3000, vec![]));
        assert!(chosen.face().is_none());
    }

    #[test]
    fn a_click_chooses_another_face() {
        let mut chosen = ChosenFace::default();
        let seen = observation(0, vec![face(1, 40.0), face(2, 60.0)]);
        chosen.update(&seen);
        chosen.choose(1, &seen);
        assert_eq!(chosen.face().unwrap().id, 1);
    }
}
