//! Where a face is, who it is over time, and what a model reads in it.

use std::fmt;

use crate::expression::{Expression, Probabilities};

/// A rectangle round a face, in frame pixels: origin top left, unmirrored. It may leave the frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceBox {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

impl FaceBox {
    /// The middle, as (x, y).
    #[must_use]
    pub fn center(&self) -> (f32, f32) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Area in square pixels.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.width * self.height
    }

    /// The square with the same middle whose side is the longer side times `1 + margin`: what a
    /// network sees of a face. The same as `square` in `training/crop.py`.
    #[must_use]
    pub fn squared(&self, margin: f32) -> Self {
        let side = self.width.max(self.height) * (1.0 + margin);
        let (x, y) = self.center();
        Self {
            x: x - side / 2.0,
            y: y - side / 2.0,
            width: side,
            height: side,
        }
    }

    /// The same box in a picture `factor` times as large.
    #[must_use]
    pub fn scaled(&self, factor: f32) -> Self {
        Self {
            x: self.x * factor,
            y: self.y * factor,
            width: self.width * factor,
            height: self.height * factor,
        }
    }

    /// The part of this box that lies in `other`; empty where they do not meet.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let right = (self.x + self.width).min(other.x + other.width);
        let bottom = (self.y + self.height).min(other.y + other.height);
        Self {
            x,
            y,
            width: (right - x).max(0.0),
            height: (bottom - y).max(0.0),
        }
    }

    /// How much two boxes coincide: intersection over union, 0 to 1.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> f32 {
        let shared = self.shared_area(other);
        if shared <= 0.0 {
            return 0.0;
        }
        shared / (self.area() + other.area() - shared)
    }

    /// How much of the smaller box lies in the larger one, 0 to 1.
    #[must_use]
    pub fn inclusion(&self, other: &Self) -> f32 {
        let smaller = self.area().min(other.area());
        if smaller <= 0.0 {
            return 0.0;
        }
        self.shared_area(other) / smaller
    }

    fn shared_area(&self, other: &Self) -> f32 {
        self.within(other).area()
    }
}

/// A face as the detector saw it in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Where.
    pub face_box: FaceBox,
    /// The detector's own score; larger is surer.
    pub score: f32,
}

/// One model's answer for one face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Probabilities of this frame alone.
    pub raw: Probabilities,
    /// Probabilities smoothed over the last frames of this face.
    pub smoothed: Probabilities,
    /// The steady label; `None` when nothing stands out.
    pub shown: Option<Expression>,
}

impl Reading {
    /// Shows a label from this smoothed probability on, whatever was shown before.
    pub fn show_from(&mut self, certain: f32) {
        self.shown = self.smoothed.top_from(certain);
    }

    /// The steady label as people read it: an expression's name or `uncertain`.
    #[must_use]
    pub fn shown_name(&self) -> &'static str {
        self.shown.map_or("uncertain", Expression::name)
    }

    /// The smoothed probability of what is shown, or of the likeliest expression when uncertain.
    #[must_use]
    pub fn shown_probability(&self) -> f32 {
        self.shown.map_or_else(
            || self.smoothed.top().1,
            |expression| self.smoothed.of(expression),
        )
    }
}

/// What makes a reading doubtful. Printed as flags joined by `+`; nothing when all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent flags, as the log names them"
)]
pub struct Quality {
    /// Fewer pixels than the network's input.
    pub small: bool,
    /// Too little light.
    pub dark: bool,
    /// Out of focus or moving.
    pub blurred: bool,
    /// The box leaves the frame.
    pub edge: bool,
}

impl fmt::Display for Quality {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = [
            (self.small, "small"),
            (self.dark, "dark"),
            (self.blurred, "blurred"),
            (self.edge, "edge"),
        ];
        let names: Vec<&str> = flags
            .into_iter()
            .filter_map(|(on, name)| on.then_some(name))
            .collect();
        formatter.pad(&names.join("+"))
    }
}

/// A face in one frame, known over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Face {
    /// Stable for one person while in view; never used again for another.
    pub id: u64,
    /// Where, in frame pixels; calmed, for people.
    pub face_box: FaceBox,
    /// As the detector gave it in this frame: what the networks' crops are cut from.
    pub detected: FaceBox,
    /// The detector's score.
    pub score: f32,
    /// What makes the reading doubtful.
    pub quality: Quality,
    /// The model's answer.
    pub reading: Reading,
    /// The second model's, while there is one.
    pub second: Option<Reading>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: FaceBox = FaceBox {
        x: 10.0,
        y: 20.0,
        width: 40.0,
        height: 20.0,
    };

    #[test]
    fn a_square_keeps_the_middle_and_grows_from_the_longer_side() {
        let square = BOX.squared(0.5);
        assert_eq!(square.center(), BOX.center());
        assert!((square.width - 60.0).abs() < 1e-4 && (square.height - 60.0).abs() < 1e-4);
    }

    #[test]
    fn overlap_is_one_for_the_same_box_and_zero_apart() {
        assert!((BOX.overlap(&BOX) - 1.0).abs() < 1e-6);
        let apart = FaceBox { x: 60.0, ..BOX };
        assert!(BOX.overlap(&apart).abs() < 1e-6);
        let half = FaceBox { x: 30.0, ..BOX };
        assert!((BOX.overlap(&half) - 1.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn inclusion_is_one_for_a_box_inside_another_whatever_their_order() {
        let inside = FaceBox {
            x: 15.0,
            y: 25.0,
            width: 10.0,
            height: 10.0,
        };
        assert!((BOX.inclusion(&inside) - 1.0).abs() < 1e-6);
        assert!((inside.inclusion(&BOX) - 1.0).abs() < 1e-6);
        assert!(BOX.inclusion(&FaceBox { x: 60.0, ..BOX }).abs() < 1e-6);
    }

    #[test]
    fn quality_prints_its_flags_joined_by_plus() {
        assert_eq!(Quality::default().to_string(), "");
        let poor = Quality {
            small: true,
            edge: true,
            ..Quality::default()
        };
        assert_eq!(poor.to_string(), "small+edge");
    }
}
