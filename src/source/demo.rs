//! The built-in demo: a face of nobody that goes through seven expressions while it moves about.
//!
//! The faces are averages over many people, made by `training/`; no person is in them.

use std::f32::consts::TAU;
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma, Rgb, RgbImage};

use super::FrameSource;
use crate::error::Result;
use crate::expression::Expression;
use crate::frame::{self, Frame};
use crate::reference;

/// Width and height of the demo's frames.
const SIZE: (u32, u32) = (640, 480);

/// Frames a second.
const RATE: u32 = 30;

/// How long each expression stays as it is.
const HOLD: Duration = Duration::from_secs(2);

/// How long one expression takes to become the next.
const FADE: Duration = Duration::from_millis(800);

/// How long the demo is: each expression once, the last becoming the first again.
pub const ROUND: Duration = HOLD.saturating_add(FADE).saturating_mul(FACES.len() as u32);

/// Faces are kept at this side, a little above the largest size at which they are shown.
const SIDE: u32 = 320;

/// The faces in the order of their appearance; neighbours differ clearly.
const FACES: [Expression; 7] = [
    Expression::Neutral,
    Expression::Happy,
    Expression::Surprise,
    Expression::Sad,
    Expression::Angry,
    Expression::Disgust,
    Expression::Fear,
];

/// One round of the demo.
#[derive(Debug)]
pub struct Demo {
    faces: Vec<GrayImage>,
    /// How much of a face is seen at each of its pixels, 255 for all.
    oval: GrayImage,
    ground: RgbImage,
    frames: u32,
}

impl Demo {
    /// Prepares the demo.
    ///
    /// # Errors
    /// Those of [`reference::face`].
    pub fn new() -> Result<Self> {
        let faces = FACES.map(|expression| {
            let face = reference::face(expression)?;
            Ok(imageops::resize(&face, SIDE, SIDE, FilterType::CatmullRom))
        });
        Ok(Self {
            faces: faces.into_iter().collect::<Result<_>>()?,
            oval: oval(),
            ground: ground(),
            frames: 0,
        })
    }

    fn picture_at(&self, time: Duration) -> RgbImage {
        let mut picture = self.ground.clone();
        let (from, to, share) = blend_at(time);
        if let (Some(from), Some(to)) = (self.faces.get(from), self.faces.get(to)) {
            draw(
                &mut picture,
                &mixed(from, to, share),
                &self.oval,
                &Place::at(time),
            );
        }
        picture
    }
}

impl FrameSource for Demo {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let time = Duration::from_secs(1) * self.frames / RATE;
        if time >= ROUND {
            return Ok(None);
        }
        let source_frame = u64::from(self.frames);
        self.frames += 1;
        let picture = self.picture_at(time);
        Ok(Some(Frame {
            source: Arc::from(self.name()),
            source_frame,
            time,
            utc: None,
            captured: Instant::now(),
            still: false,
            luma: frame::luma(&picture),
            picture,
        }))
    }

    fn name(&self) -> &'static str {
        "demo"
    }
}

/// The expression that the demo shows at a time; while one becomes another, the one that prevails.
#[must_use]
pub fn expression_at(time: Duration) -> Expression {
    let (from, to, share) = blend_at(time);
    let prevailing = if share < 0.5 { from } else { to };
    FACES
        .get(prevailing)
        .copied()
        .unwrap_or(Expression::Neutral)
}

/// Two places in [`FACES`] and how far the first has become the second, 0 to 1.
fn blend_at(time: Duration) -> (usize, usize, f32) {
    let step = (HOLD + FADE).as_micros();
    let from = (time.as_micros() / step) as usize % FACES.len();
    let into_step = (time.as_micros() % step) as f32;
    let fade = (into_step - HOLD.as_micros() as f32) / FADE.as_micros() as f32;
    (from, (from + 1) % FACES.len(), smooth(fade))
}

/// From 0 to 1 without a jerk at either end.
fn smooth(share: f32) -> f32 {
    let share = share.clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

/// Where the face is, in pixels of the frame.
struct Place {
    left: f32,
    top: f32,
    side: f32,
}

impl Place {
    /// The movements are whole waves to a round, so that the end meets the beginning.
    fn at(time: Duration) -> Self {
        let turn = time.div_duration_f32(ROUND) * TAU;
        let side = 280.0 + 32.0 * (3.0 * turn).sin();
        let (width, height) = (SIZE.0 as f32, SIZE.1 as f32);
        Self {
            left: width / 2.0 + 105.0 * (2.0 * turn).sin() - side / 2.0,
            top: height / 2.0 + 36.0 * (5.0 * turn).sin() - side / 2.0,
            side,
        }
    }
}

fn mixed(from: &GrayImage, to: &GrayImage, share: f32) -> GrayImage {
    // In units of 1/256.
    let share = (share * 256.0) as u32;
    let mut mixed = from.clone();
    for (value, other) in mixed.iter_mut().zip(to.iter()) {
        *value = ((u32::from(*value) * (256 - share) + u32::from(*other) * share) >> 8) as u8;
    }
    mixed
}

/// A calm ground of slate, lighter at the top.
fn ground() -> RgbImage {
    let (width, height) = SIZE;
    RgbImage::from_fn(width, height, |_, y| {
        let depth = y as f32 / height as f32;
        Rgb([112.0, 119.0, 130.0].map(|tone| (tone * (1.0 - 0.38 * depth)) as u8))
    })
}

/// Draws a face that fades into the picture along its oval.
fn draw(picture: &mut RgbImage, face: &GrayImage, oval: &GrayImage, place: &Place) {
    // A warm grey whose Rec. 601 brightness is that of the face.
    const TINT: [f32; 3] = [1.07, 0.99, 0.87];
    let scale = (SIDE - 1) as f32 / place.side;
    let (left, top) = (place.left.max(0.0) as u32, place.top.max(0.0) as u32);
    let right = ((place.left + place.side) as u32).min(picture.width());
    let bottom = ((place.top + place.side) as u32).min(picture.height());
    for y in top..bottom {
        for x in left..right {
            let in_face = (
                (x as f32 - place.left) * scale,
                (y as f32 - place.top) * scale,
            );
            let share = oval.get_pixel_checked(in_face.0 as u32, in_face.1 as u32);
            let Some(&Luma([share @ 1..=255])) = share else {
                continue;
            };
            // `None` only on the last line or column, where the oval has faded out.
            let Some(Luma([tone])) = imageops::interpolate_bilinear(face, in_face.0, in_face.1)
            else {
                continue;
            };
            let (share, tone) = (f32::from(share) / 255.0, f32::from(tone));
            for (value, tint) in picture.get_pixel_mut(x, y).0.iter_mut().zip(TINT) {
                let ground = f32::from(*value);
                *value = (ground + share * (tone * tint - ground)) as u8;
            }
        }
    }
}

/// All in the middle, nothing outside an oval; the exponent, between those of an ellipse and a
/// square, keeps brows and mouth inside (chosen by eye).
fn oval() -> GrayImage {
    const EXPONENT: f32 = 2.6;
    let half = SIDE as f32 / 2.0;
    GrayImage::from_fn(SIDE, SIDE, |x, y| {
        let (x, y) = (
            (x as f32 + 0.5 - half) / half,
            (y as f32 + 0.5 - half) / half,
        );
        let distance = x.abs().powf(EXPONENT) + y.abs().powf(EXPONENT);
        Luma([(smooth((1.0 - distance.powf(EXPONENT.recip())) / 0.25) * 255.0) as u8])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_round_shows_every_expression_for_as_long_and_ends() {
        let mut demo = Demo::new().unwrap();
        let mut counts = vec![0; 8];
        let mut last = Duration::ZERO;
        let mut frames = 0;
        while let Some(frame) = demo.next_frame().unwrap() {
            assert_eq!((frame.size(), frame.source_frame), (SIZE, frames));
            counts[expression_at(frame.time) as usize] += 1;
            last = frame.time;
            frames += 1;
        }
        assert_eq!(counts, [84, 84, 84, 84, 84, 84, 84, 0]);
        assert!(last < ROUND && last + Duration::from_millis(34) > ROUND);
        assert!(demo.next_frame().unwrap().is_none());
    }

    #[test]
    fn neighbours_become_each_other_without_a_jump() {
        let demo = Demo::new().unwrap();
        let step = Duration::from_secs(1) / RATE;
        // Also over the seam, from the end of the round to its beginning.
        for number in 0..=ROUND.as_millis() as u32 * RATE / 1000 {
            let (before, after) = (step * number, step * (number + 1));
            let (before, after) = (Place::at(before), Place::at(after));
            assert!((before.left - after.left).abs() < 3.0);
            assert!((before.top - after.top).abs() < 3.0);
        }
        let seam = [
            demo.picture_at(ROUND.saturating_sub(Duration::from_millis(1))),
            demo.picture_at(Duration::ZERO),
        ];
        let differences = seam[0]
            .iter()
            .zip(seam[1].iter())
            .map(|(a, b)| a.abs_diff(*b));
        assert!(differences.max() < Some(30));
    }

    #[test]
    fn the_face_stays_in_the_frame_and_its_size_in_reach() {
        for number in 0..600 {
            let place = Place::at(ROUND * number / 600);
            assert!(place.left > 0.0 && place.left + place.side < SIZE.0 as f32);
            assert!(place.top > 0.0 && place.top + place.side < SIZE.1 as f32);
            assert!((200.0..SIDE as f32).contains(&place.side));
        }
    }

    #[test]
    fn the_middle_of_a_hold_is_one_face_and_of_a_fade_is_half_of_each() {
        let middle = Duration::from_secs(1);
        assert_eq!(blend_at(middle), (0, 1, 0.0));
        let (from, to, share) = blend_at(HOLD + FADE / 2);
        assert!((from, to) == (0, 1) && (share - 0.5).abs() < 1e-3);
        let faces: HashSet<_> = (0..7)
            .map(|step| expression_at(middle + (HOLD + FADE) * step))
            .collect();
        assert_eq!(faces.len(), 7);
        assert_eq!(expression_at(ROUND + middle), expression_at(middle));
    }
}
