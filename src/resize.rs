//! Resampling of pictures: the only door to the resize crate.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{ImageBuffer, Pixel};

use crate::face::FaceBox;

/// A picture of bytes: brightness or RGB.
type Picture<P> = ImageBuffer<P, Vec<u8>>;

/// How far outside a picture a part may begin or end, in pictures: a detector's boxes stay within
/// one; the limit keeps nonsense from filling the memory.
const REACH: f64 = 3.0;

/// A part of `picture`, resampled to `size` (width, height); as Pillow's
/// `resize(size, BILINEAR, box)`, whose weights grow with the reduction so that nothing aliases.
/// Where the part leaves the picture, the picture's border is repeated. Rows first, channels last.
///
/// The same as `crop` in `training/crop.py`.
#[must_use]
pub fn part<P>(picture: &Picture<P>, part: &FaceBox, size: (u32, u32)) -> Vec<u8>
where
    P: Pixel<Subpixel = u8>,
{
    let mut pixels = Vec::new();
    Resampler::default().part(picture, part, size, &mut pixels);
    pixels
}

/// The whole of `picture`, resampled to `size` (width, height) as [`part`] does.
#[must_use]
pub fn whole<P>(picture: &Picture<P>, size: (u32, u32)) -> Vec<u8>
where
    P: Pixel<Subpixel = u8>,
{
    let mut pixels = Vec::new();
    let options = ResizeOptions::new();
    let from = (picture.as_raw().as_slice(), picture.dimensions());
    resample::<P>(&mut Resizer::new(), from, size, options, &mut pixels);
    pixels
}

/// Resamples again and again with the same memory.
#[derive(Debug, Default)]
pub struct Resampler {
    resizer: Resizer,
    /// A part with the border round it.
    bordered: Vec<u8>,
}

impl Resampler {
    /// As [`part`], into `pixels`, whatever they held before.
    pub fn part<P>(
        &mut self,
        picture: &Picture<P>,
        part: &FaceBox,
        size: (u32, u32),
        pixels: &mut Vec<u8>,
    ) where
        P: Pixel<Subpixel = u8>,
    {
        let across = Span::new(part.x, part.width, picture.width(), size.0);
        let down = Span::new(part.y, part.height, picture.height(), size.1);
        bordered(picture, &across, &down, &mut self.bordered);
        let options =
            ResizeOptions::new().crop(across.offset, down.offset, across.length, down.length);
        let from = (self.bordered.as_slice(), (across.pixels, down.pixels));
        resample::<P>(&mut self.resizer, from, size, options, pixels);
    }

    /// As [`Self::part`] for a part that lies in the picture, without copying it first: at its edges
    /// the filter takes what is there.
    pub fn inner_part<P>(
        &mut self,
        picture: &Picture<P>,
        part: &FaceBox,
        size: (u32, u32),
        pixels: &mut Vec<u8>,
    ) where
        P: Pixel<Subpixel = u8>,
    {
        // Rounding may have carried its edges outside.
        let along = |start: f32, length: f32, available: u32| {
            let available = f64::from(available);
            let start = f64::from(start).clamp(0.0, available);
            (start, f64::from(length).clamp(0.0, available - start))
        };
        let (left, width) = along(part.x, part.width, picture.width());
        let (top, height) = along(part.y, part.height, picture.height());
        let options = ResizeOptions::new().crop(left, top, width, height);
        let from = (picture.as_raw().as_slice(), picture.dimensions());
        resample::<P>(&mut self.resizer, from, size, options, pixels);
    }
}

/// Resamples pixels and their (width, height); black where there is nothing to resample.
fn resample<P>(
    resizer: &mut Resizer,
    (from, (width, height)): (&[u8], (u32, u32)),
    to: (u32, u32),
    options: ResizeOptions,
    pixels: &mut Vec<u8>,
) where
    P: Pixel<Subpixel = u8>,
{
    let kind = if P::CHANNEL_COUNT == 1 {
        PixelType::U8
    } else {
        PixelType::U8x3
    };
    let options = options.resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    pixels.clear();
    pixels.resize(
        to.0 as usize * to.1 as usize * usize::from(P::CHANNEL_COUNT),
        0,
    );
    if from.is_empty() || pixels.is_empty() {
        return;
    }
    ImageRef::new(width, height, from, kind)
        .map_err(|error| error.to_string())
        .and_then(|source| {
            let mut target = Image::from_slice_u8(to.0, to.1, pixels, kind)
                .map_err(|error| error.to_string())?;
            resizer
                .resize(&source, &mut target, &options)
                .map_err(|error| error.to_string())
        })
        .unwrap_or_else(|error| unreachable!("a part always lies in its picture: {error}"));
}

/// One axis of a part: which pixels its filter needs, and where among them it lies.
struct Span {
    /// The first pixel needed; negative in the border.
    first: i64,
    /// How many are needed.
    pixels: u32,
    /// From the first pixel needed to the part.
    offset: f64,
    /// The part's length.
    length: f64,
}

impl Span {
    /// The part from `start` over `length` pixels of an axis of `available`, to become `wanted`.
    fn new(start: f32, length: f32, available: u32, wanted: u32) -> Self {
        let (available, wanted) = (f64::from(available), f64::from(wanted.max(1)));
        let reach = REACH * available;
        let number = |value: f32, otherwise| {
            if value.is_nan() {
                otherwise
            } else {
                f64::from(value)
            }
        };
        let start = number(start, 0.0).clamp(-reach, available + reach);
        let length = number(length, available).clamp(1.0, 2.0 * reach + available.max(1.0));

        // The filter reaches beyond the part.
        let support = (length / wanted).max(1.0) + 1.0;
        let first = (start - support).floor();
        let last = (start + length + support).ceil();
        Self {
            first: first as i64,
            pixels: (last - first) as u32,
            offset: start - first,
            length,
        }
    }
}

/// The pixels of two spans, the border repeated outside the picture, into `pixels`.
fn bordered<P>(picture: &Picture<P>, across: &Span, down: &Span, pixels: &mut Vec<u8>)
where
    P: Pixel<Subpixel = u8>,
{
    let channels = usize::from(P::CHANNEL_COUNT);
    let stride = channels * picture.width() as usize;
    pixels.clear();
    if picture.as_raw().is_empty() {
        return;
    }
    let last_row = i64::from(picture.height()) - 1;
    let (width, wanted) = (i64::from(picture.width()), i64::from(across.pixels));
    let end = across.first + wanted;
    let inside = across.first.clamp(0, width) as usize..end.clamp(0, width) as usize;
    let before = (-across.first).clamp(0, wanted) as usize;
    let after = (end - width).clamp(0, wanted) as usize;

    for row in down.first..down.first + i64::from(down.pixels) {
        let start = stride * row.clamp(0, last_row) as usize;
        let row = &picture.as_raw()[start..start + stride];
        pixels.extend(row[..channels].iter().cycle().take(channels * before));
        pixels.extend(&row[channels * inside.start..channels * inside.end]);
        pixels.extend(
            row[stride - channels..]
                .iter()
                .cycle()
                .take(channels * after),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma, Rgb, RgbImage};

    fn slope(width: u32, height: u32) -> GrayImage {
        GrayImage::from_fn(width, height, |x, _| Luma([(x * 10) as u8]))
    }

    #[test]
    fn a_part_at_its_own_size_is_the_part() {
        let picture = slope(20, 10);
        let face_box = FaceBox {
            x: 5.0,
            y: 2.0,
            width: 3.0,
            height: 2.0,
        };
        assert_eq!(part(&picture, &face_box, (3, 2)), [50, 60, 70, 50, 60, 70]);
    }

    #[test]
    fn the_border_is_repeated_outside_the_picture() {
        let picture = slope(4, 4);
        let face_box = FaceBox {
            x: -2.0,
            y: -1.0,
            width: 8.0,
            height: 1.0,
        };
        assert_eq!(
            part(&picture, &face_box, (8, 1)),
            [0, 0, 0, 10, 20, 30, 30, 30]
        );
    }

    #[test]
    fn a_part_beside_the_picture_is_its_border() {
        let picture = slope(4, 4);
        for (x, value) in [(-9.0, 0), (9.0, 30)] {
            let face_box = FaceBox {
                x,
                y: 9.0,
                width: 3.0,
                height: 3.0,
            };
            assert_eq!(part(&picture, &face_box, (2, 2)), [value; 4]);
        }
    }

    #[test]
    fn colours_keep_their_places() {
        let picture = RgbImage::from_pixel(9, 7, Rgb([10, 20, 30]));
        let face_box = FaceBox {
            x: 3.3,
            y: -2.5,
            width: 9.0,
            height: 9.0,
        };
        for pixel in part(&picture, &face_box, (4, 4)).chunks(3) {
            assert_eq!(pixel, [10, 20, 30]);
        }
    }

    #[test]
    fn nonsense_gives_a_picture_of_the_size_asked_for() {
        let picture = slope(4, 4);
        let numbers = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -7.0, 1e9];
        for x in numbers {
            for width in numbers {
                let face_box = FaceBox {
                    x,
                    y: x,
                    width,
                    height: width,
                };
                assert_eq!(part(&picture, &face_box, (3, 3)).len(), 9, "{face_box:?}");
            }
        }
        let nothing = GrayImage::new(0, 0);
        let face_box = FaceBox {
            x: 0.0,
            y: 0.0,
            width: 1.0,
            height: 1.0,
        };
        assert_eq!(part(&nothing, &face_box, (2, 2)), [0; 4]);
        assert_eq!(whole(&nothing, (2, 2)), [0; 4]);
    }
}
