//! From a face's box to a network's input: the only preprocessing there is.

use image::RgbImage;

use crate::card::{Color, ModelCard};
use crate::face::FaceBox;
use crate::frame::{self, Frame};
use crate::resize::{self, Resampler};

/// A network's input for one face, as its card asks: `height × width × channels` values before
/// scaling, 0–255, rows first, channels last.
#[derive(Debug, Clone, Default, PartialEq)]
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
    let mut crop = Crop::default();
    Cutter::default().cut(frame, face, card, &mut crop);
    crop
}

/// Cuts out one face after another with the same memory.
#[derive(Default)]
pub struct Cutter {
    resampler: Resampler,
}

impl Cutter {
    /// As [`crop`], into `crop`, whatever it held before.
    pub fn cut(&mut self, frame: &Frame, face: &FaceBox, card: &ModelCard, crop: &mut Crop) {
        let square = face.squared(card.margin);
        let size = (card.input.width, card.input.height);
        let resampler = &mut self.resampler;
        crop.fill(card, !frame.picture.is_empty(), |shows_colors, pixels| {
            if shows_colors {
                resampler.part(&frame.picture, &square, size, pixels);
            } else {
                resampler.part(&frame.luma, &square, size, pixels);
            }
        });
    }
}

/// Cuts a face out of a picture that is no frame, as [`crop`] does.
#[must_use]
pub fn part(picture: &RgbImage, face: &FaceBox, card: &ModelCard) -> Crop {
    let square = face.squared(card.margin);
    let size = (card.input.width, card.input.height);
    Crop::new(card, |shows_colors| {
        if shows_colors {
            resize::part(picture, &square, size)
        } else {
            resize::part(&frame::luma(picture), &square, size)
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
        let mut crop = Self::default();
        crop.fill(card, true, |shows_colors, filled| {
            *filled = pixels(shows_colors);
        });
        crop
    }

    fn fill(
        &mut self,
        card: &ModelCard,
        has_colors: bool,
        pixels: impl FnOnce(bool, &mut Vec<u8>),
    ) {
        let input = card.input;
        (self.height, self.width, self.channels) = (input.height, input.width, input.channels);
        let shows_colors = card.wants_colors() && has_colors;
        pixels(shows_colors, &mut self.pixels);
        if !shows_colors && input.channels > 1 {
            let channels = input.channels as usize;
            let count = self.pixels.len();
            self.pixels.resize(count * channels, 0);
            // From the last: what is written lies behind what is still to be read.
            for pixel in (0..count).rev() {
                let brightness = self.pixels[pixel];
                self.pixels[pixel * channels..][..channels].fill(brightness);
            }
        }
        if shows_colors && card.color == Color::Bgr {
            for pixel in self.pixels.chunks_exact_mut(3) {
                pixel.reverse();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use image::Rgb;

    use super::*;
    use crate::card::{InputSize, Layout, Output, Scale};
    use crate::expression::Expression;

    const RED: Rgb<u8> = Rgb([255, 0, 0]);
    const BLUE: Rgb<u8> = Rgb([0, 0, 255]);

    fn card(color: Color, channels: u32) -> ModelCard {
        ModelCard {
            name: Arc::from("test"),
            title: String::new(),
            sha256: String::new().into(),
            labels: vec![Expression::Happy, Expression::Sad],
            input: InputSize {
                height: 4,
                width: 4,
                channels,
            },
            layout: Layout::Nchw,
            color,
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

    /// A frame whose left half is red and whose right half is blue.
    fn frame() -> Frame {
        let picture = RgbImage::from_fn(40, 20, |x, _| if x < 20 { RED } else { BLUE });
        Frame {
            source: Arc::from("test"),
            source_frame: 0,
            time: Duration::ZERO,
            utc: None,
            captured: Instant::now(),
            still: false,
            luma: frame::luma(&picture),
            picture,
        }
    }

    const IN_THE_RED: FaceBox = FaceBox {
        x: 4.0,
        y: 4.0,
        width: 8.0,
        height: 8.0,
    };

    #[test]
    fn channels_come_in_the_order_of_the_card() {
        for (color, pixel) in [
            (Color::Rgb, [255, 0, 0]),
            (Color::Bgr, [0, 0, 255]),
            (Color::Gray, [76, 76, 76]),
        ] {
            let crop = crop(&frame(), &IN_THE_RED, &card(color, 3));
            assert_eq!((crop.height, crop.width, crop.channels), (4, 4, 3));
            assert_eq!(crop.pixels, pixel.repeat(16), "{color:?}");
        }
    }

    #[test]
    fn one_channel_is_brightness() {
        assert_eq!(
            crop(&frame(), &IN_THE_RED, &card(Color::Gray, 1)).pixels,
            [76; 16]
        );
    }

    #[test]
    fn a_crop_that_leaves_the_frame_repeats_its_border() {
        let corner = FaceBox {
            x: 36.0,
            y: -8.0,
            width: 12.0,
            height: 12.0,
        };
        assert_eq!(
            crop(&frame(), &corner, &card(Color::Gray, 1)).pixels,
            [29; 16]
        );
    }

    #[test]
    fn a_margin_takes_in_what_is_round_the_box() {
        let beside_the_blue = FaceBox {
            x: 10.0,
            ..IN_THE_RED
        };
        let tight = crop(&frame(), &beside_the_blue, &card(Color::Gray, 1));
        assert_eq!(tight.pixels, [76; 16]);
        let wide = ModelCard {
            margin: 1.0,
            ..card(Color::Gray, 1)
        };
        let pixels = crop(&frame(), &beside_the_blue, &wide).pixels;
        assert!(pixels[0] == 76 && pixels[3] < 60, "{pixels:?}");
    }

    #[test]
    fn a_whole_picture_fills_the_input() {
        let pixels = whole(&frame().picture, &card(Color::Rgb, 3)).pixels;
        assert_eq!(pixels[..3], RED.0);
        assert_eq!(pixels[9..12], BLUE.0);
    }
}
