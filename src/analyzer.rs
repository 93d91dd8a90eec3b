//! Frame in, observation out: strings the stages together.

use std::sync::Arc;
use std::time::Instant;

use crate::classifier::Classifier;
use crate::crop::{self, Crop};
use crate::detector::FaceDetector;
use crate::error::{Error, Result};
use crate::expression::Probabilities;
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
    /// Answers for the same faces.
    second: Option<Box<dyn Classifier>>,
    /// Why the second one was given up.
    second_failure: Option<Error>,
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
            second: None,
            second_failure: None,
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

    /// Lets a second model answer for the same faces from the next frame on, or no longer.
    pub fn set_second(&mut self, classifier: Option<Box<dyn Classifier>>) {
        self.second = classifier;
        self.tracker.forget_second_readings();
    }

    /// Why the second model was given up, once.
    pub fn second_failure(&mut self) -> Option<Error> {
        self.second_failure.take()
    }

    /// Shows a label from this smoothed probability on.
    pub fn set_certain(&mut self, certain: f32) {
        let settings = self.tracker.settings();
        self.tracker.set(settings.with_certain(certain));
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
        self.tracker = Tracker::with(self.tracker.settings());
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
        let second = self.second.as_deref().map(Classifier::card);
        let second_crops: Vec<Crop> = second.map_or_else(Vec::new, |card| {
            detections
                .iter()
                .map(|detection| crop::crop(&frame, &detection.face_box, card))
                .collect()
        });
        times.crop = lap();

        let answers = answers(self.classifier.as_mut(), &crops)?;
        let (second, second_answers) = self.second_answers(&second_crops);
        times.classify = lap();

        let sightings: Vec<Sighting> = detections
            .into_iter()
            .zip(qualities)
            .zip(answers)
            .enumerate()
            .map(|(index, ((detection, quality), raw))| Sighting {
                detection,
                quality,
                raw,
                second: second_answers.get(index).copied(),
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
            second,
            times,
        })
    }

    /// The second model's name and answers. One that fails is given up: the first goes on.
    fn second_answers(&mut self, crops: &[Crop]) -> (Option<Arc<str>>, Vec<Probabilities>) {
        let Some(second) = &mut self.second else {
            return (None, Vec::new());
        };
        match answers(second.as_mut(), crops) {
            Ok(answers) => (Some(Arc::clone(&second.card().name)), answers),
            Err(error) => {
                self.second_failure = Some(error);
                self.set_second(None);
                (None, Vec::new())
            }
        }
    }
}

/// One answer for each crop.
fn answers(classifier: &mut dyn Classifier, crops: &[Crop]) -> Result<Vec<Probabilities>> {
    if crops.is_empty() {
        return Ok(Vec::new());
    }
    let answers = classifier.classify(crops)?;
    if answers.len() != crops.len() {
        return Err(Error::BadAnswer {
            model: classifier.card().name.to_string(),
            reason: format!("answered for {} of {} faces", answers.len(), crops.len()),
        });
    }
    Ok(answers)
}

#[cfg(test)]
mod tests;
