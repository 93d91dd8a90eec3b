//! Reads the faces that were found in a frame: cuts them out, names their expressions, and says who is
//! who.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::classifier::{Classifier, answers};
use crate::crop::{Crop, Cutter};
use crate::error::{Error, Result};
use crate::expression::Probabilities;
use crate::face::Quality;
use crate::finder::Found;
use crate::frame::Frame;
use crate::observation::{Observation, StageTimes};
use crate::quality::Judge;
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
    cutter: Cutter,
    judge: Judge,
    // Of the frames in work, one after another; the memory is used again.
    crops: Vec<Crop>,
    second_crops: Vec<Crop>,
    qualities: Vec<Quality>,
    sightings: Vec<Sighting>,
}

/// Both models' answers for the faces of the frames in work.
struct Answers {
    first: Vec<Probabilities>,
    /// The name of the model that gave them, too.
    second: Option<(Arc<str>, Vec<Probabilities>)>,
    /// How long they took, for each frame.
    time: Duration,
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
            cutter: Cutter::default(),
            judge: Judge::default(),
            crops: Vec::new(),
            second_crops: Vec::new(),
            qualities: Vec::new(),
            sightings: Vec::new(),
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
    pub fn read(&mut self, mut found: Found) -> Result<Observation> {
        self.cut(std::slice::from_mut(&mut found));
        let answers = self.answer(1)?;
        Ok(self.settle(found, &answers, 0))
    }

    /// A frame that could not be read, to be shown all the same: without faces, and without a number
    /// of its own.
    #[must_use]
    pub fn unread(&self, frame: Arc<Frame>) -> Observation {
        Observation {
            number: self.next_number,
            frame,
            faces: Vec::new(),
            model: Arc::clone(&self.classifier.card().name),
            second: None,
            times: StageTimes::default(),
        }
    }

    /// Reads the faces of several frames, one after another, all faces in one batch, and takes the
    /// frames out of `found`.
    ///
    /// # Errors
    /// As [`Self::read`]; none of the frames is counted, and all are still there.
    pub fn read_all(&mut self, found: &mut Vec<Found>) -> Result<Vec<Observation>> {
        self.cut(found);
        let answers = self.answer(found.len())?;
        let mut from = 0;
        let settled = found.drain(..).map(|found| {
            let first = from;
            from += found.detections.len();
            self.settle(found, &answers, first)
        });
        Ok(settled.collect())
    }

    /// Cuts out all faces of the frames that are now in work, and judges them.
    fn cut(&mut self, found: &mut [Found]) {
        let card = self.classifier.card();
        let second = self.second.as_deref().map(Classifier::card);
        let faces = found.iter().map(|found| found.detections.len()).sum();
        self.crops.resize_with(faces, Crop::default);
        let second_faces = second.map_or(0, |_| faces);
        (self.second_crops).resize_with(second_faces, Crop::default);
        self.qualities.clear();
        let mut crops = self.crops.iter_mut();
        let mut second_crops = self.second_crops.iter_mut();
        for found in found {
            let began = Instant::now();
            for detection in &found.detections {
                let cutouts = [(Some(card), crops.next()), (second, second_crops.next())];
                for (card, crop) in cutouts {
                    if let (Some(card), Some(crop)) = (card, crop) {
                        (self.cutter).cut(&found.frame, &detection.face_box, card, crop);
                    }
                }
                let quality = (self.judge).judge(&found.frame, &detection.face_box, card);
                self.qualities.push(quality);
            }
            found.times.crop = began.elapsed();
        }
    }

    /// Lets the models answer for the faces of the frames in work. A second model that fails is given
    /// up: the first goes on.
    fn answer(&mut self, frames: usize) -> Result<Answers> {
        let began = Instant::now();
        let first = answers(self.classifier.as_mut(), &self.crops)?;
        let second = self.second.as_mut().map(|second| {
            let given = answers(second.as_mut(), &self.second_crops);
            given.map(|given| (Arc::clone(&second.card().name), given))
        });
        let second = second.transpose().unwrap_or_else(|error| {
            self.second_failure = Some(error);
            self.set_second(None);
            None
        });
        let time = began.elapsed() / u32::try_from(frames).unwrap_or(u32::MAX).max(1);
        Ok(Answers {
            first,
            second,
            time,
        })
    }

    /// Says who is who in the oldest of the frames in work, the first of whose faces is number `from`
    /// among theirs.
    fn settle(&mut self, found: Found, answers: &Answers, from: usize) -> Observation {
        let Found {
            frame,
            detections,
            mut times,
        } = found;
        let began = Instant::now();
        let (second, second_answers) = match &answers.second {
            Some((name, answers)) => (Some(Arc::clone(name)), answers.as_slice()),
            None => (None, [].as_slice()),
        };
        let read = self
            .qualities
            .iter()
            .zip(&answers.first)
            .enumerate()
            .skip(from);
        self.sightings.clear();
        (self.sightings).extend(detections.iter().zip(read).map(
            |(detection, (number, (quality, raw)))| Sighting {
                detection: *detection,
                quality: *quality,
                raw: *raw,
                second: second_answers.get(number).copied(),
            },
        ));
        let faces = self.tracker.update(&frame, &self.sightings);
        times.classify = answers.time;
        times.track = began.elapsed();

        let number = self.next_number;
        self.next_number += 1;
        Observation {
            number,
            frame,
            faces,
            model: Arc::clone(&self.classifier.card().name),
            second,
            times,
        }
    }
}
