//! Lines, grounds, letters and mosaics on a picture.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};

use crate::face::FaceBox;

/// A rectangle in pixels of the picture: origin top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub left: f32,
    pub top: f32,
    pub width: f32,
    pub height: f32,
}

impl From<FaceBox> for Rect {
    fn from(face_box: FaceBox) -> Self {
        Self {
            left: face_box.x,
            top: face_box.y,
            width: face_box.width,
            height: face_box.height,
        }
    }
}

impl Rect {
    pub(super) fn right(&self) -> f32 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f32 {
        self.top + self.height
    }

    /// Larger by so much on each side.
    pub(super) fn grown(&self, by: f32) -> Self {
        Self {
            left: self.left - by,
            top: self.top - by,
            width: self.width + 2.0 * by,
            height: self.height + 2.0 * by,
        }
    }

    pub(super) fn touches(&self, other: &Self) -> bool {
        self.left < other.right()
            && other.left < self.right()
            && self.top < other.bottom()
            && other.top < self.bottom()
    }

    pub(super) fn holds(&self, other: &Self) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && self.right() >= other.right()
            && self.bottom() >= other.bottom()
    }

    /// How far a point is outside (positive) or inside this rectangle with rounded corners.
    fn distance(&self, x: f32, y: f32, radius: f32) -> f32 {
        let radius = radius.min(self.width / 2.0).min(self.height / 2.0);
        let across = (x - self.left - self.width / 2.0).abs() - self.width / 2.0 + radius;
        let down = (y - self.top - self.height / 2.0).abs() - self.height / 2.0 + radius;
        across.max(0.0).hypot(down.max(0.0)) + across.max(down).min(0.0) - radius
    }
}

/// A colour and how much of it covers what lies below, 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink(pub [u8; 3], pub f32);

/// Letters of one weight and size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letters<'a> {
    pub font: &'a FontRef<'static>,
    /// The height of the em square in pixels.
    pub size: f32,
}

impl Letters<'_> {
    fn scale(&self) -> PxScale {
        let em = self.font.units_per_em().unwrap_or(1000.0);
        PxScale::from(self.size * self.font.height_unscaled() / em)
    }

    /// How wide these words become.
    pub(super) fn width_of(&self, words: &str) -> f32 {
        let font = self.font.as_scaled(self.scale());
        let advance = |letter| font.h_advance(font.glyph_id(letter));
        words.chars().map(advance).sum()
    }
}

/// Draws on a picture; what would lie outside is left away.
pub(super) struct Canvas<'a>(pub &'a mut RgbImage);

impl Canvas<'_> {
    fn blend(&mut self, x: u32, y: u32, Ink(color, cover): Ink) {
        let Some(pixel) = self.0.get_pixel_mut_checked(x, y) else {
            return;
        };
        for (value, ink) in pixel.0.iter_mut().zip(color) {
            let below = f32::from(*value);
            *value = (below + cover * (f32::from(ink) - below)).round() as u8;
        }
    }

    /// The pixels of `rect` that lie in the picture: left, top, right and bottom, the last two outside.
    fn pixels_of(&self, rect: &Rect) -> [u32; 4] {
        let (width, height) = self.0.dimensions();
        [
            (rect.left.floor().max(0.0) as u32).min(width),
            (rect.top.floor().max(0.0) as u32).min(height),
            (rect.right().ceil().max(0.0) as u32).min(width),
            (rect.bottom().ceil().max(0.0) as u32).min(height),
        ]
    }

    /// Fills a rectangle with rounded corners.
    pub(super) fn fill(&mut self, rect: &Rect, radius: f32, ink: Ink) {
        self.shade(rect, ink, |x, y| 0.5 - rect.distance(x, y, radius));
    }

    /// Draws a line along a rectangle with rounded corners, half of it outside.
    pub(super) fn outline(&mut self, rect: &Rect, radius: f32, line: f32, ink: Ink) {
        let around = rect.grown(line / 2.0 + 1.0);
        self.shade(&around, ink, |x, y| {
            0.5 + line / 2.0 - rect.distance(x, y, radius).abs()
        });
    }

    /// Inks each pixel of `area` as far as `cover` says for its middle.
    fn shade(&mut self, area: &Rect, Ink(color, most): Ink, cover: impl Fn(f32, f32) -> f32) {
        let [left, top, right, bottom] = self.pixels_of(area);
        for y in top..bottom {
            for x in left..right {
                let cover = cover(x as f32 + 0.5, y as f32 + 0.5).clamp(0.0, 1.0);
                if cover > 0.0 {
                    self.blend(x, y, Ink(color, cover * most));
                }
            }
        }
    }

    /// Writes words from `left` on, the middle of a capital letter at the height of `middle`.
    pub(super) fn write(
        &mut self,
        words: &str,
        letters: Letters,
        left: f32,
        middle: f32,
        ink: Ink,
    ) {
        /// Inter's capitals are this high, as a share of the em square.
        const CAPITAL: f32 = 0.727;
        let scale = letters.scale();
        let font = letters.font.as_scaled(scale);
        let line = middle + letters.size * CAPITAL / 2.0;
        let mut at = left;
        for letter in words.chars() {
            let id = font.glyph_id(letter);
            let glyph = id.with_scale_and_position(scale, point(at, line));
            at += font.h_advance(id);
            let Some(outline) = letters.font.outline_glyph(glyph) else {
                continue;
            };
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, cover| {
                let (x, y) = (corner.x + x as f32, corner.y + y as f32);
                if x >= 0.0 && y >= 0.0 {
                    let cover = cover.min(1.0) * ink.1;
                    self.blend(x as u32, y as u32, Ink(ink.0, cover));
                }
            });
        }
    }

    /// Replaces what lies in `rect` by the mean colours of so many cells across and down.
    pub(super) fn mosaic(&mut self, rect: &Rect, cells: u32) {
        let [left, top, right, bottom] = self.pixels_of(rect);
        let edges = |from: u32, to: u32| {
            (0..=cells).map(move |cell| from + (to.saturating_sub(from)) * cell / cells)
        };
        for (y, next_y) in edges(top, bottom).zip(edges(top, bottom).skip(1)) {
            for (x, next_x) in edges(left, right).zip(edges(left, right).skip(1)) {
                self.level(x..next_x, y..next_y);
            }
        }
    }

    /// Gives some pixels the colour that is their mean.
    fn level(&mut self, across: std::ops::Range<u32>, down: std::ops::Range<u32>) {
        let places = || {
            down.clone()
                .flat_map(|y| across.clone().map(move |x| (x, y)))
        };
        let mut sums = [0_u64; 3];
        let mut count = 0;
        for (x, y) in places() {
            for (sum, value) in sums.iter_mut().zip(self.0.get_pixel(x, y).0) {
                *sum += u64::from(value);
            }
            count += 1;
        }
        if count == 0 {
            return;
        }
        let mean = Rgb(sums.map(|sum| (sum / count) as u8));
        for (x, y) in places() {
            self.0.put_pixel(x, y, mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Rect = Rect {
        left: 10.0,
        top: 10.0,
        width: 20.0,
        height: 10.0,
    };
    const WHITE: Ink = Ink([255; 3], 1.0);

    fn black() -> RgbImage {
        RgbImage::new(40, 30)
    }

    #[test]
    fn a_ground_covers_its_rectangle_and_nothing_else() {
        let mut picture = black();
        Canvas(&mut picture).fill(&PLACE, 0.0, WHITE);
        for (x, y, pixel) in picture.enumerate_pixels() {
            let inside = (10..30).contains(&x) && (10..20).contains(&y);
            assert_eq!(pixel.0, [if inside { 255 } else { 0 }; 3], "{x}, {y}");
        }
    }

    #[test]
    fn a_line_runs_along_the_edge_and_leaves_the_inside() {
        let mut picture = black();
        Canvas(&mut picture).outline(&PLACE, 0.0, 2.0, WHITE);
        for edge in [(10, 15), (29, 15), (20, 10), (20, 19), (9, 15), (30, 15)] {
            assert_eq!(picture.get_pixel(edge.0, edge.1).0, [255; 3], "{edge:?}");
        }
        assert_eq!(picture.get_pixel(20, 15).0, [0; 3]);
        assert_eq!(picture.get_pixel(4, 15).0, [0; 3]);
    }

    #[test]
    fn what_lies_outside_the_picture_is_left_away() {
        let mut picture = black();
        let mut canvas = Canvas(&mut picture);
        for (left, top) in [(-15.0, -5.0), (35.0, 25.0), (-100.0, 900.0)] {
            let place = Rect { left, top, ..PLACE };
            canvas.fill(&place, 3.0, WHITE);
            canvas.outline(&place, 3.0, 2.0, WHITE);
            canvas.mosaic(&place, 5);
        }
        assert_eq!(picture.get_pixel(0, 0).0, [255; 3]);
        assert_eq!(picture.get_pixel(20, 15).0, [0; 3]);
    }

    #[test]
    fn a_mosaic_keeps_only_the_mean_of_each_cell() {
        let mut picture = RgbImage::from_fn(40, 30, |x, y| {
            Rgb([if (x + y) % 2 == 0 { 255 } else { 0 }, x as u8, y as u8])
        });
        let before = picture.clone();
        Canvas(&mut picture).mosaic(&PLACE, 2);
        let colors: std::collections::HashSet<_> = (10..30)
            .flat_map(|x| (10..20).map(move |y| (x, y)))
            .map(|(x, y)| picture.get_pixel(x, y).0)
            .collect();
        assert_eq!(colors.len(), 4, "two cells across, two down");
        assert!(colors.iter().all(|color| color[0].abs_diff(127) <= 5));
        assert_eq!(picture.get_pixel(9, 15), before.get_pixel(9, 15));
        assert_eq!(picture.get_pixel(30, 15), before.get_pixel(30, 15));
    }
}
