//! The built-in demo: a face of nobody that goes through seven expressions while it moves about.
//!
//! The faces are averages over many people, made by `training/`; no person is in them.

use std::f32::consts::TAU;
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::imageops::{self, FilterType};
use image::{GrayImage, ImageBuffer, Luma, Pixel, Rgb, RgbImage};

use super::FrameSource;
use crate::error::Result;
use crate::expression::Expression;
use crate::face::FaceBox;
use crate::frame::{self, Frame};
use crate::reference;
use crate::resize::Resampler;

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

/// The demo: one round after another, with an end after each.
#[derive(Debug)]
pub struct Demo {
    faces: Vec<GrayImage>,
    /// How much of a face is seen at each of its pixels, 255 for all.
    oval: GrayImage,
    ground: RgbImage,
    ground_luma: GrayImage,
    // Of the last picture; the memory is used again.
    /// One face as it becomes the next.
    mixed: GrayImage,
    resampler: Resampler,
    /// The face and the oval at the size at which they are shown.
    tones: Vec<u8>,
    shares: Vec<u8>,
    frames: u32,
    /// The end of this round.
    end: Duration,
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
            ground_luma: frame::luma(&ground()),
            ground: ground(),
            mixed: GrayImage::new(SIDE, SIDE),
            resampler: Resampler::default(),
            tones: Vec::new(),
            shares: Vec::new(),
            frames: 0,
            end: ROUND,
        })
    }

    /// The picture at a time, and its brightness.
    fn picture_at(&mut self, time: Duration) -> (RgbImage, GrayImage) {
        let mut picture = like(&self.ground);
        let mut luma = like(&self.ground_luma);
        self.draw(time, &mut picture, &mut luma);
        (picture, luma)
    }

    /// Draws the face, which fades into the ground along its oval.
    fn draw(&mut self, time: Duration, picture: &mut RgbImage, luma: &mut GrayImage) {
        let (from, to, share) = blend_at(time);
        let (Some(from), Some(to)) = (self.faces.get(from), self.faces.get(to)) else {
            return;
        };
        let face = if share > 0.0 {
            mix(from, to, share, &mut self.mixed);
            &self.mixed
        } else {
            from
        };
        // The whole pixels that it covers, and where they lie in the face.
        let Place { left, top, side } = Place::at(time);
        let (first_column, first_row) = (left.ceil(), top.ceil());
        let (columns, rows) = (
            (left + side - first_column).floor(),
            (top + side - first_row).floor(),
        );
        let scale = SIDE as f32 / side;
        let part = FaceBox {
            x: (first_column - left) * scale,
            y: (first_row - top) * scale,
            width: columns * scale,
            height: rows * scale,
        };
        let size = (columns as u32, rows as u32);
        self.resampler
            .inner_part(face, &part, size, &mut self.tones);
        self.resampler
            .inner_part(&self.oval, &part, size, &mut self.shares);

        let (left, columns) = (first_column as usize, columns as usize);
        let width = SIZE.0 as usize;
        let lines = picture
            .chunks_exact_mut(3 * width)
            .zip(luma.chunks_exact_mut(width));
        let drawn = self
            .tones
            .chunks_exact(columns)
            .zip(self.shares.chunks_exact(columns));
        for ((pixels, luma), (tones, shares)) in lines.skip(first_row as usize).zip(drawn) {
            let (pixels, _) = pixels[3 * left..].as_chunks_mut::<3>();
            let seen = pixels.iter_mut().zip(&mut luma[left..]);
            for ((pixel, luma), (tone, share)) in seen.zip(tones.iter().zip(shares)) {
                *pixel = faded(*pixel, *tone, *share);
                *luma = frame::brightness(*pixel);
            }
        }
    }
}

/// A copy of a picture in the memory of a frame that is gone.
fn like<P: Pixel<Subpixel = u8>>(picture: &ImageBuffer<P, Vec<u8>>) -> ImageBuffer<P, Vec<u8>> {
    let mut bytes = frame::memory(picture.len());
    bytes.copy_from_slice(picture);
    let (width, height) = picture.dimensions();
    ImageBuffer::from_vec(width, height, bytes)
        .unwrap_or_else(|| unreachable!("as many bytes as the picture has"))
}

/// The ground with so much of the face's tone before it, of 255.
fn faded(ground: [u8; 3], tone: u8, share: u8) -> [u8; 3] {
    // A warm grey whose Rec. 601 brightness is that of the face, in units of 1/256.
    const TINT: [u32; 3] = [274, 253, 223];
    let (tone, share) = (u32::from(tone), u32::from(share));
    std::array::from_fn(|channel| {
        let face = ((tone * TINT[channel]) >> 8).min(255);
        ((u32::from(ground[channel]) * (255 - share) + face * share) / 255) as u8
    })
}

impl FrameSource for Demo {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let time = Duration::from_secs(1) * self.frames / RATE;
        if time >= self.end {
            self.end += ROUND;
            return Ok(None);
        }
        let source_frame = u64::from(self.frames);
        self.frames += 1;
        let (picture, luma) = self.picture_at(time);
        Ok(Some(Frame {
            source: Arc::from(self.name()),
            source_frame,
            time,
            utc: None,
            captured: Instant::now(),
            still: false,
            luma,
            picture,
        }))
    }

    fn name(&self) -> &'static str {
        "demo"
    }

    fn is_round(&self) -> bool {
        true
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

fn mix(from: &GrayImage, to: &GrayImage, share: f32, mixed: &mut GrayImage) {
    // In units of 1/256.
    let share = (share * 256.0) as u32;
    for (value, (from, to)) in mixed.iter_mut().zip(from.iter().zip(to.iter())) {
        *value = ((u32::from(*from) * (256 - share) + u32::from(*to) * share) >> 8) as u8;
    }
}

/// A calm ground of slate, lighter at the top.
fn ground() -> RgbImage {
    let (width, height) = SIZE;
    RgbImage::from_fn(width, height, |_, y| {
        let depth = y as f32 / height as f32;
        Rgb([112.0, 119.0, 130.0].map(|tone| (tone * (1.0 - 0.38 * depth)) as u8))
    })
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
    fn a_round_shows_every_expression_for_as_long_and_ends_where_the_next_one_begins() {
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
        let next = demo.next_frame().unwrap().unwrap();
        assert_eq!((next.time, next.source_frame), (ROUND, frames));
        assert!(demo.is_round());
    }

    #[test]
    fn the_brightness_is_that_of_the_picture() {
        let mut demo = Demo::new().unwrap();
        for millis in [0, 900, 2400, 7000] {
            let (picture, luma) = demo.picture_at(Duration::from_millis(millis));
            assert_eq!(luma, frame::luma(&picture));
        }
    }

    #[test]
    fn neighbours_become_each_other_without_a_jump() {
        let mut demo = Demo::new().unwrap();
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
        let differences = (seam[0].0)
            .iter()
            .zip(seam[1].0.iter())
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
