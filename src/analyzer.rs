//! Frame in, observation out: strings the stages together.

use std::sync::Arc;

use crate::classifier::Classifier;
use crate::detector::FaceDetector;
use crate::error::{Error, Result};
use crate::finder::Finder;
use crate::frame::Frame;
use crate::observation::Observation;
use crate::reader::Reader;

/// Analyses one frame after another. Plain and blocking; lives on the thread that made its detector.
pub struct Analyzer {
    finder: Finder,
    reader: Reader,
}

impl Analyzer {
    /// An analyzer that has seen nothing.
    #[must_use]
    pub fn new(detector: Box<dyn FaceDetector>, classifier: Box<dyn Classifier + Send>) -> Self {
        Self {
            finder: Finder::new(detector),
            reader: Reader::new(classifier),
        }
    }

    /// Looks for faces of this share of the picture's width and larger, in every kind of frame;
    /// `None` leaves [`crate::finder::SMALLEST_FACE_LIVE`] and [`crate::finder::SMALLEST_FACE_STILL`].
    #[must_use]
    pub fn with_smallest_face(mut self, share: Option<f32>) -> Self {
        if let Some(share) = share {
            self.finder.set_smallest_face(share);
        }
        self
    }

    /// Takes another model from the next frame on. Faces keep their ids; their readings begin anew.
    pub fn set_classifier(&mut self, classifier: Box<dyn Classifier + Send>) {
        self.reader.set_classifier(classifier);
    }

    /// Lets a second model answer for the same faces from the next frame on, or no longer.
    pub fn set_second(&mut self, classifier: Option<Box<dyn Classifier + Send>>) {
        self.reader.set_second(classifier);
    }

    /// Why the second model was given up, once.
    pub fn second_failure(&mut self) -> Option<Error> {
        self.reader.second_failure()
    }

    /// Shows a label from this smoothed probability on.
    pub fn set_certain(&mut self, certain: f32) {
        self.reader.set_certain(certain);
    }

    /// The model at work.
    #[must_use]
    pub fn classifier(&self) -> &dyn Classifier {
        self.reader.classifier()
    }

    /// Ends all tracks: another source. Ids are never used again.
    pub fn forget(&mut self) {
        self.finder.forget();
        self.reader.forget();
    }

    /// Another session: all is forgotten, and ids and frames count from the beginning.
    pub fn start_over(&mut self) {
        self.finder.forget();
        self.reader.start_over();
    }

    /// Looks at one frame.
    ///
    /// # Errors
    /// When the frame cannot be searched or the model answers nonsense. The frame is not counted,
    /// and the next one may go well.
    pub fn analyze(&mut self, frame: Arc<Frame>) -> Result<Observation> {
        self.reader.read(self.finder.find(frame)?)
    }

    /// A frame that could not be analysed, as [`Reader::unread`] gives it.
    #[must_use]
    pub fn unread(&self, frame: Arc<Frame>) -> Observation {
        self.reader.unread(frame)
    }

    /// Its two halves, which may work on two threads: what is found does not depend on what is read.
    pub fn halves(&mut self) -> (&mut Finder, &mut Reader) {
        (&mut self.finder, &mut self.reader)
    }
}

#[cfg(test)]
mod tests;
