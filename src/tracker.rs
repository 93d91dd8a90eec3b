//! Which face is which over time, and what is steadily read in it.

mod reading;
#[cfg(test)]
mod tests;
mod track;

use std::time::Duration;

use self::track::Track;
use crate::expression::Probabilities;
use crate::face::{Detection, Face, Quality};
use crate::frame::Frame;

/// How faces are followed and readings are smoothed. Times are of the frames, never of the clock or
/// of frame counts, so that a slow machine shows the same as a fast one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackerSettings {
    /// A face keeps its id when it is missed for no longer than this: a turned head or a hand
    /// before the face for a moment, not somebody else sitting down.
    pub remembered: Duration,
    /// How many missed faces are remembered; those seen last are kept.
    pub most_remembered: usize,
    /// A face is the same when its middle is no further from where it was expected than this share
    /// of its side. People two faces apart stay two even when one is missed.
    pub reach: f32,
    /// How much more a missed face may have moved per second, in sides.
    pub reach_per_second: f32,
    /// A face is the same when its side grew or shrank by no more than this factor.
    pub growth: f32,
    /// How far ahead a movement is carried on: longer and noise would walk a missed face away.
    pub foresight: Duration,
    /// Time constant of a movement's speed.
    pub speed_smoothing: Duration,
    /// Time constant of a resting box: takes away the detector's jitter of some pixels.
    pub box_smoothing: Duration,
    /// How much a box's time constant falls with speed (sides per second): a moving box must not
    /// lag (Casiez et al. 2012, "1€ Filter").
    pub box_haste: f32,
    /// Time constant of the probabilities: a blink or a syllable passes, a smile shows.
    pub smoothing: Duration,
    /// A label is shown from this smoothed probability on.
    pub certain: f32,
    /// What is shown stays until its smoothed probability falls below this.
    pub doubtful: f32,
    /// Another label takes over at once when it leads by this much…
    pub lead: f32,
    /// …and otherwise when it has led for this long.
    pub patience: Duration,
}

/// A label is shown from this smoothed probability on, unless somebody wants otherwise: less is
/// hardly more than a guess among seven.
pub const CERTAIN: f32 = 0.4;

/// Hysteresis: how far the probability of a shown label may fall below the one that it took to be shown.
const HOLD: f32 = 0.07;

impl TrackerSettings {
    /// The same with another share from which on a label is shown.
    #[must_use]
    pub fn with_certain(self, certain: f32) -> Self {
        Self {
            certain,
            doubtful: certain - HOLD,
            ..self
        }
    }
}

impl Default for TrackerSettings {
    fn default() -> Self {
        Self {
            remembered: Duration::from_millis(800),
            most_remembered: 64,
            reach: 0.6,
            reach_per_second: 1.0,
            growth: 1.6,
            foresight: Duration::from_millis(500),
            speed_smoothing: Duration::from_millis(150),
            box_smoothing: Duration::from_millis(100),
            box_haste: 4.0,
            smoothing: Duration::from_millis(300),
            certain: CERTAIN,
            doubtful: CERTAIN - HOLD,
            lead: 0.1,
            patience: Duration::from_millis(400),
        }
    }
}

/// What was found at one place of one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting {
    /// Where.
    pub detection: Detection,
    /// What makes it doubtful.
    pub quality: Quality,
    /// The model's answer.
    pub raw: Probabilities,
    /// The second model's, while there is one.
    pub second: Option<Probabilities>,
}

/// Follows faces from frame to frame.
#[derive(Debug)]
pub struct Tracker {
    settings: TrackerSettings,
    tracks: Vec<Track>,
    next_id: u64,
    now: Duration,
    // Of one frame; the memory is used again.
    /// How far apart, which track, which sighting.
    pairs: Vec<(f32, usize, usize)>,
    /// For each sighting its track.
    owners: Vec<Option<usize>>,
    order: Vec<usize>,
}

impl Default for Tracker {
    fn default() -> Self {
        Self::new()
    }
}

impl Tracker {
    /// A tracker that has seen nobody. Ids count from 1.
    #[must_use]
    pub fn new() -> Self {
        Self::with(TrackerSettings::default())
    }

    /// The same with other settings.
    #[must_use]
    pub fn with(settings: TrackerSettings) -> Self {
        Self {
            settings,
            tracks: Vec::new(),
            next_id: 1,
            now: Duration::ZERO,
            pairs: Vec::new(),
            owners: Vec::new(),
            order: Vec::new(),
        }
    }

    /// Other settings hold from now on. What is shown waits for no patience then: somebody asks for it.
    pub fn set(&mut self, settings: TrackerSettings) {
        self.settings = settings;
        for track in &mut self.tracks {
            let readings = [&mut track.reading, &mut track.second];
            for reading in readings.into_iter().flatten() {
                reading.show_from(settings.certain);
            }
        }
    }

    /// How faces are followed now.
    #[must_use]
    pub fn settings(&self) -> TrackerSettings {
        self.settings
    }

    /// Ends all tracks: another source. Ids go on where they were.
    pub fn forget(&mut self) {
        self.tracks.clear();
        self.now = Duration::ZERO;
    }

    /// Ends all readings but no tracks: another model, whose answers do not mix with the last one's.
    pub fn forget_readings(&mut self) {
        for track in &mut self.tracks {
            track.reading = None;
        }
    }

    /// The same for the second model's.
    pub fn forget_second_readings(&mut self) {
        for track in &mut self.tracks {
            track.second = None;
        }
    }

    /// The faces of `frame`, one for each sighting, in the order of their ids.
    ///
    /// A still frame has nothing to do with the one before, nor has one that goes back in time.
    pub fn update(&mut self, frame: &Frame, sightings: &[Sighting]) -> Vec<Face> {
        if frame.still || frame.time < self.now {
            self.forget();
        }
        self.now = frame.time;
        let (now, settings) = (self.now, self.settings);
        self.tracks
            .retain(|track| now.saturating_sub(track.seen) <= settings.remembered);

        self.match_up(sightings);
        self.order.clear();
        self.order.extend(0..sightings.len());
        // New faces get their ids from left to right, as people count.
        self.order.sort_by(|left, right| {
            let x = |index: &usize| sightings[*index].detection.face_box.x;
            x(left).total_cmp(&x(right))
        });
        for &index in &self.order {
            if self.owners[index].is_none() {
                self.owners[index] = Some(self.tracks.len());
                self.tracks
                    .push(Track::new(self.next_id, now, &sightings[index]));
                self.next_id += 1;
            }
        }

        let mut faces: Vec<Face> = (self.owners)
            .iter()
            .zip(sightings)
            .filter_map(|(owner, sighting)| {
                let track = self.tracks.get_mut((*owner)?)?;
                Some(track.update(now, sighting, &settings))
            })
            .collect();
        faces.sort_by_key(|face| face.id);

        self.tracks
            .sort_by_key(|track| std::cmp::Reverse(track.seen));
        self.tracks.truncate(faces.len() + settings.most_remembered);
        faces
    }

    /// Finds for each sighting the track it continues: nearest pairs first, each track once.
    fn match_up(&mut self, sightings: &[Sighting]) {
        self.pairs.clear();
        for (place, track) in self.tracks.iter().enumerate() {
            for (index, sighting) in sightings.iter().enumerate() {
                let face_box = &sighting.detection.face_box;
                if let Some(distance) = track.distance(self.now, face_box, &self.settings) {
                    self.pairs.push((distance, place, index));
                }
            }
        }
        (self.pairs).sort_by(|left, right| left.0.total_cmp(&right.0));
        self.owners.clear();
        self.owners.resize(sightings.len(), None);
        for &(_, place, index) in &self.pairs {
            if self.owners[index].is_none() && !self.owners.contains(&Some(place)) {
                self.owners[index] = Some(place);
            }
        }
    }
}

/// How far an exponential smoothing of `constant` goes towards its target in `passed`.
fn share(passed: Duration, constant: Duration) -> f32 {
    1.0 - (-passed.as_secs_f32() / constant.as_secs_f32().max(f32::MIN_POSITIVE)).exp()
}
