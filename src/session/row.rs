//! A row of `observations.csv`: the one place that knows its columns and their order.

use serde::{Deserialize, Serialize};

use super::cell::{Decimals, Moment};
use crate::expression::{Expression, Probabilities};
use crate::face::{Face, Reading};
use crate::observation::Observation;

/// One face in one analysed frame, or a frame without a face; the fields are the columns, in this
/// order. Everything from `face_id` on is empty in a frame without a face.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Row {
    /// Analysed frames count from 0 in this session, over all its sources.
    pub frame: u64,
    /// Since the session's start; for files, the position in the file.
    pub time_ms: u64,
    /// By the wall clock; empty for files.
    pub utc: Option<Moment>,
    /// The file's or camera's name; for a folder, the picture's.
    pub source: String,
    /// The frame's number there.
    pub source_frame: u64,
    /// The model that answered.
    pub model: String,
    /// Faces in this frame.
    pub faces: usize,
    /// Stable for one person while in view.
    pub face_id: Option<u64>,
    /// The box's left edge, in frame pixels.
    pub x: Option<Decimals<1>>,
    /// Its upper edge.
    pub y: Option<Decimals<1>>,
    /// Its width.
    pub width: Option<Decimals<1>>,
    /// Its height.
    pub height: Option<Decimals<1>>,
    /// The detector's score.
    pub score: Option<Decimals<3>>,
    /// The model's answer for this frame.
    pub label: Option<Expression>,
    /// Its probability.
    pub confidence: Option<Decimals<6>>,
    /// Probability of this frame, as the seven below.
    pub angry: Option<Decimals<6>>,
    /// Probability.
    pub disgust: Option<Decimals<6>>,
    /// Probability.
    pub fear: Option<Decimals<6>>,
    /// Probability.
    pub happy: Option<Decimals<6>>,
    /// Probability.
    pub sad: Option<Decimals<6>>,
    /// Probability.
    pub surprise: Option<Decimals<6>>,
    /// Probability.
    pub neutral: Option<Decimals<6>>,
    /// Probability.
    pub contempt: Option<Decimals<6>>,
    /// The steady label, or `uncertain`.
    pub shown: String,
    /// Empty, or flags joined by `+`.
    pub quality: String,
}

impl Row {
    /// The header of `observations.csv`.
    pub const COLUMNS: [&str; 25] = [
        "frame",
        "time_ms",
        "utc",
        "source",
        "source_frame",
        "model",
        "faces",
        "face_id",
        "x",
        "y",
        "width",
        "height",
        "score",
        "label",
        "confidence",
        "angry",
        "disgust",
        "fear",
        "happy",
        "sad",
        "surprise",
        "neutral",
        "contempt",
        "shown",
        "quality",
    ];

    /// The rows of one observation: one for each face, or one without.
    #[must_use]
    pub fn of(
        observation: &Observation,
        frame: u64,
        time_ms: u64,
        utc: Option<Moment>,
    ) -> Vec<Self> {
        let empty = Self::without_face(observation, &observation.model, (frame, time_ms, utc));
        Self::of_faces(empty, observation, |face| Some(&face.reading))
    }

    /// The same rows with the second model's answers; none when there is no second model.
    #[must_use]
    pub fn of_second(
        observation: &Observation,
        frame: u64,
        time_ms: u64,
        utc: Option<Moment>,
    ) -> Vec<Self> {
        let Some(model) = &observation.second else {
            return Vec::new();
        };
        let empty = Self::without_face(observation, model, (frame, time_ms, utc));
        Self::of_faces(empty, observation, |face| face.second.as_ref())
    }

    fn without_face(
        observation: &Observation,
        model: &str,
        (frame, time_ms, utc): (u64, u64, Option<Moment>),
    ) -> Self {
        Self {
            frame,
            time_ms,
            utc,
            source: observation.frame.source.to_string(),
            source_frame: observation.frame.source_frame,
            model: model.to_owned(),
            faces: observation.faces.len(),
            ..Self::default()
        }
    }

    fn of_faces(
        empty: Self,
        observation: &Observation,
        reading: impl Fn(&Face) -> Option<&Reading>,
    ) -> Vec<Self> {
        if observation.faces.is_empty() {
            return vec![empty];
        }
        observation
            .faces
            .iter()
            .filter_map(|face| Some(empty.clone().with_face(face, reading(face)?)))
            .collect()
    }

    /// The probability of one expression in this frame; `None` without a face.
    #[must_use]
    pub fn probability(&self, expression: Expression) -> Option<f32> {
        let cell = match expression {
            Expression::Angry => self.angry,
            Expression::Disgust => self.disgust,
            Expression::Fear => self.fear,
            Expression::Happy => self.happy,
            Expression::Sad => self.sad,
            Expression::Surprise => self.surprise,
            Expression::Neutral => self.neutral,
            Expression::Contempt => self.contempt,
        };
        cell.map(|cell| cell.0)
    }

    fn with_face(self, face: &Face, reading: &Reading) -> Self {
        let raw = &reading.raw;
        let (label, confidence) = raw.top();
        let share = |expression| Some(Decimals(Probabilities::of(raw, expression)));
        Self {
            face_id: Some(face.id),
            x: Some(Decimals(face.face_box.x)),
            y: Some(Decimals(face.face_box.y)),
            width: Some(Decimals(face.face_box.width)),
            height: Some(Decimals(face.face_box.height)),
            score: Some(Decimals(face.score)),
            label: Some(label),
            confidence: Some(Decimals(confidence)),
            angry: share(Expression::Angry),
            disgust: share(Expression::Disgust),
            fear: share(Expression::Fear),
            happy: share(Expression::Happy),
            sad: share(Expression::Sad),
            surprise: share(Expression::Surprise),
            neutral: share(Expression::Neutral),
            contempt: share(Expression::Contempt),
            shown: reading.shown_name().to_owned(),
            quality: face.quality.to_string(),
            ..self
        }
    }
}
