//! Reads the faces that were found in a frame: cuts them out, names their expressions, and says who is
//! who.

use std::sync::Arc;
use std::time::Instant;

use crate::classifier::Classifier;
use crate::crop::{self, Crop};
use crate::error::{Error, Result};
use crate::expression::Probabilities;
use crate::finder::Found;
use crate::observation::Observation;
use crate::quality;
use crate::tracker::{Sighting, Tracker};

/// Reads the faces of one frame after another. Plain and blocking.
pub struct Reader {
    classifier: Box<dyn Classifier + Send>,
    /// Answers for the same faces.
    second: Option<Box<dyn Classifier + Send>>,
    /// Why the second one was given up.
    second_failure: Option<Error>,
    tracker: Tracker,
    next_number: u64,
}

impl Reader {
    /// A reader that has seen nobody.
    #[must_use]
    pub fn new(classifier: Box<dyn Classifier + Send>) -> Self {
        Self {
            classifier,
            second: None,
            second_failure: None,
            tracker: Tracker::new(),
            next_number: 0,
        }
    }

    /// Takes another model from the next frame on. Faces keep their ids; their readings begin anew.
    pub fn set_classifier(&mut self, classifier: Box<dyn Classifier + Send>) {
        self.classifier = classifier;
        self.tracker.forget_readings();
    }

    /// Lets a second model answer for the same faces from the next frame on, or no longer.
    pub fn set_second(&mut self, classifier: Option<Box<dyn Classifier + Send>>) {
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

    /// Reads the faces of one frame.
    ///
    /// # Errors
    /// When the model answers nonsense. The frame is not counted, and the next one may go well.
    pub fn read(&mut self, found: Found) -> Result<Observation> {
        let Found {
            frame,
            detections,
            mut times,
        } = found;
        let mut stage = Instant::now();
        let mut lap = || {
            let began = std::mem::replace(&mut stage, Instant::now());
            stage - began
        };

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
