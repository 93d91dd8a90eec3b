//! Frame in, observation out: strings the stages together.

use std::sync::Arc;
use std::time::Instant;

use crate::classifier::Classifier;
use crate::crop::{self, Crop};
use crate::detector::FaceDetector;
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::observation::{Observation, StageTimes};
use crate::quality;
use crate::tracker::{Sighting, Tracker};

/// The smallest face looked for in cameras and videos, as a share of the picture's width: a person
/// about two metres from a webcam.
pub const SMALLEST_FACE_LIVE: f32 = 1.0 / 12.0;
/// The smallest face looked for in pictures, as a share of the picture's width: a group photograph.
pub const SMALLEST_FACE_STILL: f32 = 1.0 / 40.0;

/// Analyses one frame after another. Plain and blocking; lives on the thread that made its detector.
pub struct Analyzer {
    detector: Box<dyn FaceDetector>,
    classifier: Box<dyn Classifier>,
    tracker: Tracker,
    smallest_face_live: f32,
    smallest_face_still: f32,
    next_number: u64,
}

impl Analyzer {
    /// An analyzer that has seen nothing.
    #[must_use]
    pub fn new(detector: Box<dyn FaceDetector>, classifier: Box<dyn Classifier>) -> Self {
        Self {
            detector,
            classifier,
            tracker: Tracker::new(),
            smallest_face_live: SMALLEST_FACE_LIVE,
            smallest_face_still: SMALLEST_FACE_STILL,
            next_number: 0,
        }
    }

    /// Looks for faces of this share of the picture's width and larger, in every kind of frame;
    /// `None` leaves [`SMALLEST_FACE_LIVE`] and [`SMALLEST_FACE_STILL`].
    #[must_use]
    pub fn with_smallest_face(mut self, share: Option<f32>) -> Self {
        if let Some(share) = share {
            (self.smallest_face_live, self.smallest_face_still) = (share, share);
        }
        self
    }

    /// Takes another model from the next frame on. Faces keep their ids; their readings begin anew.
    pub fn set_classifier(&mut self, classifier: Box<dyn Classifier>) {
        self.classifier = classifier;
        self.tracker.forget_readings();
    }

    /// The model at work.
    #[must_use]
    pub fn classifier(&self) -> &dyn Classifier {
        self.classifier.as_ref()
    }

    /// Ends all tracks: another source. Ids are never used again.
    pub fn forget(&mut self) {
        self.tracker.forget();
    }

    /// Another session: all is forgotten, and ids and frames count from the beginning.
    pub fn start_over(&mut self) {
        self.tracker = Tracker::new();
        self.next_number = 0;
    }

    /// Looks at one frame.
    ///
    /// # Errors
    /// When the frame cannot be searched or the model answers nonsense. The frame is not counted,
    /// and the next one may go well.
    pub fn analyze(&mut self, frame: Arc<Frame>) -> Result<Observation> {
        let mut times = StageTimes::default();
        let mut stage = Instant::now();
        let mut lap = || {
            let began = std::mem::replace(&mut stage, Instant::now());
            stage - began
        };

        let smallest_face = if frame.still {
            self.smallest_face_still
        } else {
            self.smallest_face_live
        };
        let detections = self.detector.detect(&frame.luma, smallest_face)?;
        times.detect = lap();

        let card = self.classifier.card();
        let model = Arc::clone(&card.name);
        let crops: Vec<Crop> = detections
            .iter()
            .map(|detection| crop::crop(&frame, &detection.face_box, card))
            .collect();
        let qualities: Vec<_> = detections
            .iter()
            .map(|detection| quality::assess(&frame, &detection.face_box, card))
            .collect();
        times.crop = lap();

        let answers = if crops.is_empty() {
            Vec::new()
        } else {
            self.classifier.classify(&crops)?
        };
        if answers.len() != crops.len() {
            return Err(Error::BadAnswer {
                model: model.to_string(),
                reason: format!("answered for {} of {} faces", answers.len(), crops.len()),
            });
        }
        times.classify = lap();

        let sightings: Vec<Sighting> = detections
            .into_iter()
            .zip(qualities)
            .zip(answers)
            .map(|((detection, quality), raw)| Sighting {
                detection,
                quality,
                raw,
            })
            .collect();
        let faces = self.tracker.update(&frame, &sightings);
        times.track = lap();

        let number = self.next_number;
        self.next_number += 1;
        Ok(Observation {
            number,
            frame,
            faces,
            model,
            times,
        })
    }
}

#[cfg(test)]
mod tests;
