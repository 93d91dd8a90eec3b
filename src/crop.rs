//! From a face's box to a network's input: the only preprocessing there is.

use image::RgbImage;

use crate::card::{Color, ModelCard};
use crate::face::FaceBox;
use crate::frame::{self, Frame};
use crate::resize;

/// A network's input for one face, as its card asks: `height × width × channels` values before
/// scaling, 0–255, rows first, channels last.
#[derive(Debug, Clone, PartialEq)]
pub struct Crop {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// 1 or 3.
    pub channels: u32,
    /// `height × width × channels` bytes.
    pub pixels: Vec<u8>,
}

/// Cuts a face out of its frame: the square round the box with the card's margin, the frame's border
/// repeated where it leaves the frame, resampled to the card's input.
///
/// The same as `crop` in `training/crop.py`, within rounding.
#[must_use]
pub fn crop(frame: &Frame, face: &FaceBox, card: &ModelCard) -> Crop {
    let square = face.squared(card.margin);
    let size = (card.input.width, card.input.height);
    Crop::new(card, |shows_colors| {
        if shows_colors {
            resize::part(&frame.picture, &square, size)
        } else {
            resize::part(&frame.luma, &square, size)
        }
    })
}

/// Takes a whole picture as a face, as data sets of faces have them: resampled to the card's input,
/// no margin added.
#[must_use]
pub fn whole(picture: &RgbImage, card: &ModelCard) -> Crop {
    let size = (card.input.width, card.input.height);
    Crop::new(card, |shows_colors| {
        if shows_colors {
            resize::whole(picture, size)
        } else {
            resize::whole(&frame::luma(picture), size)
        }
    })
}

impl Crop {
    /// A crop for `card`; `pixels` gives it in RGB when told true, else its brightness.
    fn new(card: &ModelCard, pixels: impl FnOnce(bool) -> Vec<u8>) -> Self {
        let input = card.input;
        // One channel can only be brightness.
        let shows_colors = card.color != Color::Gray && input.channels == 3;
        let mut pixels = pixels(shows_colors);
        if !shows_colors && input.channels > 1 {
            pixels = pixels
                .into_iter()
                .flat_map(|brightness| std::iter::repeat_n(brightness, input.channels as usize))
                .collect();
        }
        if shows_colors && card.color == Color::Bgr {
            for pixel in pixels.chunks_exact_mut(3) {
                pixel.reverse();
            }
        }
        Self {
            height: input.height,
            width: input.width,
            channels: input.channels,
            pixels,
        }
    }
}
