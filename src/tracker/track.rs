//! One face over time: where it is expected, its calmed box, its reading.

use std::time::Duration;

use super::reading::SteadyReading;
use super::{Sighting, TrackerSettings, share};
use crate::face::{Face, FaceBox};

/// One face over time.
#[derive(Debug)]
pub(super) struct Track {
    id: u64,
    /// When it was last detected.
    pub(super) seen: Duration,
    /// As last detected, for matching; the smoothed box lags a little.
    detected: FaceBox,
    smoothed: FaceBox,
    /// Pixels per second.
    speed: (f32, f32),
    /// `None` before the first answer.
    pub(super) reading: Option<SteadyReading>,
    /// The second model's.
    pub(super) second: Option<SteadyReading>,
}

impl Track {
    pub(super) fn new(id: u64, now: Duration, sighting: &Sighting) -> Self {
        let face_box = sighting.detection.face_box;
        Self {
            id,
            seen: now,
            detected: face_box,
            smoothed: face_box,
            speed: (0.0, 0.0),
            reading: None,
            second: None,
        }
    }

    /// How far `face_box` is from where this face is expected, in sides, a change of size counting
    /// as well; `None` when it cannot be the same face.
    pub(super) fn distance(
        &self,
        now: Duration,
        face_box: &FaceBox,
        settings: &TrackerSettings,
    ) -> Option<f32> {
        let away = now.saturating_sub(self.seen);
        let ahead = away.min(settings.foresight).as_secs_f32();
        let (x, y) = self.detected.center();
        let expected = (x + self.speed.0 * ahead, y + self.speed.1 * ahead);
        let center = face_box.center();
        let side = f32::midpoint(self.detected.width, face_box.width);
        let moved = (center.0 - expected.0).hypot(center.1 - expected.1) / side;
        let grown = (face_box.width / self.detected.width).ln().abs();
        let is_near = moved <= settings.reach + settings.reach_per_second * away.as_secs_f32();
        (is_near && grown <= settings.growth.ln()).then_some(moved + grown)
    }

    /// Takes in what was seen of this face now.
    pub(super) fn update(
        &mut self,
        now: Duration,
        sighting: &Sighting,
        settings: &TrackerSettings,
    ) -> Face {
        let passed = now.saturating_sub(self.seen);
        self.seen = now;
        self.follow(passed, &sighting.detection.face_box, settings);
        let time = (now, passed);
        let reading = SteadyReading::read(&mut self.reading, time, sighting.raw, settings);
        let second = sighting
            .second
            .map(|raw| SteadyReading::read(&mut self.second, time, raw, settings));
        Face {
            id: self.id,
            face_box: self.smoothed,
            detected: self.detected,
            score: sighting.detection.score,
            quality: sighting.quality,
            reading,
            second,
        }
    }

    /// Moves the box to where the face is now.
    fn follow(&mut self, passed: Duration, face_box: &FaceBox, settings: &TrackerSettings) {
        let seconds = passed.as_secs_f32();
        if seconds > 0.0 {
            let ((x, y), (last_x, last_y)) = (face_box.center(), self.detected.center());
            let share = share(passed, settings.speed_smoothing);
            self.speed.0 += share * ((x - last_x) / seconds - self.speed.0);
            self.speed.1 += share * ((y - last_y) / seconds - self.speed.1);
        }
        self.detected = *face_box;
        let sides_per_second = self.speed.0.hypot(self.speed.1) / face_box.width.max(1.0);
        let smoothing = settings
            .box_smoothing
            .div_f32(1.0 + settings.box_haste * sides_per_second);
        let share = share(passed, smoothing);
        let step = |value: &mut f32, target: f32| *value += share * (target - *value);
        step(&mut self.smoothed.x, face_box.x);
        step(&mut self.smoothed.y, face_box.y);
        step(&mut self.smoothed.width, face_box.width);
        step(&mut self.smoothed.height, face_box.height);
    }
}
