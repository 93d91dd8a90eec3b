//! What makes a face hard to read: too small, too dark, blurred, or cut by the frame's edge.

use crate::card::ModelCard;
use crate::face::{FaceBox, Quality};
use crate::frame::Frame;
use crate::resize::Resampler;

/// The side at which a face is judged, in pixels: what the shipped networks see.
const SIDE: u32 = 48;
/// A face with a lower mean brightness (0–255) is dark: half the mean of the darkest of 61 well-lit
/// faces (83), and low enough to let dark skin in good light pass.
const DARK_BELOW: f32 = 40.0;
/// A face is blurred when the mean square of its Laplacian is less than this share of its variance;
/// a ratio, so that little contrast or light does not pass for blur. The same 61 faces measured 0.11
/// to 1.19 as they were, and when blurred by 2, 4 and 5 % of their width at most 0.14, 0.036 and
/// 0.027.
const BLURRED_BELOW: f32 = 0.03;

/// Judges one face after another with the same memory.
#[derive(Default)]
pub struct Judge {
    resampler: Resampler,
    face: Vec<u8>,
}

impl Judge {
    /// Judges the face in `face_box` of `frame` for the model of `card`.
    pub fn judge(&mut self, frame: &Frame, face_box: &FaceBox, card: &ModelCard) -> Quality {
        let (width, height) = frame.size();
        let side = face_box.width.max(face_box.height);
        (self.resampler).part(&frame.luma, face_box, (SIDE, SIDE), &mut self.face);
        Quality {
            small: side < card.input.width as f32,
            dark: mean(&self.face) < DARK_BELOW,
            blurred: sharpness(&self.face) < BLURRED_BELOW,
            edge: face_box.x < 0.0
                || face_box.y < 0.0
                || face_box.x + face_box.width > width as f32
                || face_box.y + face_box.height > height as f32,
        }
    }
}

/// Mean brightness.
fn mean(face: &[u8]) -> f32 {
    face.iter().map(|value| f32::from(*value)).sum::<f32>() / face.len().max(1) as f32
}

/// The mean square of the Laplacian (Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield
/// microscopy") over the variance of a face of [`SIDE`] × [`SIDE`] pixels.
fn sharpness(face: &[u8]) -> f32 {
    let side = SIDE as usize;
    let at = |x: usize, y: usize| {
        face.get(y * side + x)
            .map_or(0.0, |value| f32::from(*value))
    };
    let mean = mean(face);
    let (mut bending, mut variance) = (0.0_f32, 0.0_f32);
    for y in 1..side - 1 {
        for x in 1..side - 1 {
            let here = at(x, y);
            let laplacian = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4.0 * here;
            bending += laplacian * laplacian;
            variance += (here - mean) * (here - mean);
        }
    }
    // A face without any contrast has no detail either.
    if variance > 0.0 {
        bending / variance
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use image::{RgbImage, imageops};

    use super::*;
    use crate::card::{Color, InputSize, Layout, Output, Scale};

    /// The face in the portrait.
    const FACE: FaceBox = FaceBox {
        x: 172.0,
        y: 66.0,
        width: 104.0,
        height: 104.0,
    };
    const GOOD: Quality = Quality {
        small: false,
        dark: false,
        blurred: false,
        edge: false,
    };

    fn card() -> ModelCard {
        ModelCard {
            name: Arc::from("test"),
            title: String::new(),
            sha256: String::new().into(),
            labels: Vec::new(),
            input: InputSize {
                height: 48,
                width: 48,
                channels: 1,
            },
            layout: Layout::Nchw,
            color: Color::Gray,
            scale: Scale::Bytes,
            output: Output::Probabilities,
            temperature: 1.0,
            margin: 0.0,
            trained_on: String::new(),
            license: String::new(),
            metrics: serde_json::Value::Null,
            source: String::new(),
        }
    }

    /// A portrait free to use (`tests/data/README.md`).
    fn portrait() -> RgbImage {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/astronaut.png");
        image::open(path).unwrap().to_rgb8()
    }

    fn quality(picture: RgbImage, face_box: FaceBox) -> Quality {
        let frame = Frame {
            source: Arc::from("test"),
            source_frame: 0,
            time: Duration::ZERO,
            utc: None,
            captured: Instant::now(),
            still: true,
            luma: crate::frame::luma(&picture),
            picture,
        };
        Judge::default().judge(&frame, &face_box, &card())
    }

    #[test]
    fn a_good_face_has_no_flag() {
        assert_eq!(quality(portrait(), FACE), GOOD);
    }

    #[test]
    fn a_face_out_of_focus_is_blurred_in_any_light() {
        let blurred = imageops::blur(&portrait(), 5.0);
        let expected = Quality {
            blurred: true,
            ..GOOD
        };
        assert_eq!(quality(blurred.clone(), FACE), expected);
        assert_eq!(quality(imageops::brighten(&blurred, 60), FACE), expected);
    }

    #[test]
    fn a_face_in_the_dark_is_dark_and_still_sharp() {
        let mut picture = portrait();
        for value in picture.iter_mut() {
            *value /= 5;
        }
        assert_eq!(quality(picture, FACE), Quality { dark: true, ..GOOD });
    }

    #[test]
    fn a_face_with_fewer_pixels_than_the_input_is_small() {
        let picture = imageops::thumbnail(&portrait(), 200, 200);
        let quality = quality(picture, FACE.scaled(200.0 / 512.0));
        assert!(quality.small && !quality.edge);
    }

    #[test]
    fn a_box_that_leaves_the_frame_is_at_the_edge() {
        for (x, y) in [(-1.0, 66.0), (172.0, -1.0), (410.0, 66.0), (172.0, 410.0)] {
            assert!(
                quality(portrait(), FaceBox { x, y, ..FACE }).edge,
                "{x}, {y}"
            );
        }
    }

    #[test]
    fn a_face_without_any_contrast_is_blurred() {
        let flat = RgbImage::from_pixel(512, 512, image::Rgb([90; 3]));
        assert_eq!(
            quality(flat, FACE),
            Quality {
                blurred: true,
                ..GOOD
            }
        );
    }
}
