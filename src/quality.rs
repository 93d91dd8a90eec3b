//! What makes a face hard to read: too small, too dark, blurred, or cut by the frame's edge.

use crate::card::ModelCard;
use crate::face::{FaceBox, Quality};
use crate::frame::Frame;
use crate::resize;

/// The side at which a face is judged, in pixels: what the shipped networks see.
const SIDE: u32 = 48;
/// A face with a lower mean brightness (0–255) is dark.
const DARK_BELOW: f32 = 45.0;
/// A face is blurred when the mean square of its Laplacian is less than this share of its variance;
/// a ratio, so that little contrast or light does not pass for blur.
const BLURRED_BELOW: f32 = 0.05;

/// Judges the face in `face_box` of `frame` for the model of `card`.
#[must_use]
pub fn assess(frame: &Frame, face_box: &FaceBox, card: &ModelCard) -> Quality {
    let (width, height) = frame.size();
    let side = face_box.width.max(face_box.height);
    let face = resize::part(&frame.luma, face_box, (SIDE, SIDE));
    Quality {
        small: side < card.input.width as f32,
        dark: mean(&face) < DARK_BELOW,
        blurred: sharpness(&face) < BLURRED_BELOW,
        edge: face_box.x < 0.0
            || face_box.y < 0.0
            || face_box.x + face_box.width > width as f32
            || face_box.y + face_box.height > height as f32,
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
