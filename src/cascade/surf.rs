//! What the perceptrons see: sums of gradients over cells of a window, in the manner of SURF (Li and
//! Zhang 2013, "Learning SURF Cascade for Fast and Accurate Object Detection").

use fearless_simd::{Level, dispatch};

use super::WINDOW;
use super::picture::Picture;

/// Values of a pixel: the gradient across and its amount, each where the one down is not negative and
/// where it is; then the other way round.
const CHANNELS: usize = 8;
/// The values of a feature: four cells of all channels.
pub(super) const FEATURE: usize = 4 * CHANNELS;
/// A row of the integral picture, with nothing before its first pixel.
const STRIDE: usize = WINDOW + 1;

/// A part of the window, cut into four cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Patch {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// All patches, in the order of their numbers in the weights: squares and rectangles of five shapes
/// from 16 pixels on, in steps of 16.
pub(super) fn patches() -> Vec<Patch> {
    const SHAPES: [(usize, usize); 5] = [(1, 1), (1, 2), (2, 1), (2, 3), (3, 2)];
    const LEAST: usize = 16;
    let mut patches = Vec::new();
    for (across, down) in SHAPES {
        for height in (LEAST..=WINDOW).filter(|height| height % 2 == 0 && height % down == 0) {
            let width = height / down * across;
            if width % 2 != 0 || !(LEAST..=WINDOW).contains(&width) {
                continue;
            }
            for y in (0..=WINDOW - height).step_by(LEAST) {
                for x in (0..=WINDOW - width).step_by(LEAST) {
                    patches.push(Patch {
                        x,
                        y,
                        width,
                        height,
                    });
                }
            }
        }
    }
    patches
}

/// The gradients of a window, summed over all that is above and left of each place.
pub(super) struct GradientSums {
    level: Level,
    sums: Vec<[i32; CHANNELS]>,
}

impl GradientSums {
    pub(super) fn new(level: Level) -> Self {
        let sums = vec![[0; CHANNELS]; STRIDE * STRIDE];
        Self { level, sums }
    }

    pub(super) fn compute(&mut self, window: &Picture) {
        dispatch!(self.level, _ => self.fill(window));
    }

    #[expect(
        clippy::inline_always,
        reason = "compiled anew for each kind of processor"
    )]
    #[inline(always)]
    fn fill(&mut self, window: &Picture) {
        let last = WINDOW - 1;
        for y in 0..WINDOW {
            let row = |y: usize| &window.row(y)[..WINDOW];
            let (here, above, below) = (row(y), row(y.saturating_sub(1)), row((y + 1).min(last)));
            // At an edge there is but one neighbour, half as far away.
            let down = if y == 0 || y == last { 2 } else { 1 };
            let difference = |one: u8, other: u8| i32::from(one) - i32::from(other);
            let mut gradients = [(0, 0); WINDOW];
            let vertical = below.iter().zip(above);
            for ((_, dy), (&below, &above)) in gradients.iter_mut().zip(vertical) {
                *dy = down * difference(below, above);
            }
            let horizontal = here[2..].iter().zip(here);
            for ((dx, _), (&right, &left)) in gradients[1..last].iter_mut().zip(horizontal) {
                *dx = difference(right, left);
            }
            gradients[0].0 = 2 * difference(here[1], here[0]);
            gradients[last].0 = 2 * difference(here[last], here[last - 1]);

            let (before, after) = self.sums.split_at_mut((y + 1) * STRIDE);
            let before = &before[y * STRIDE + 1..];
            let mut line = [0; CHANNELS];
            let sums = after[1..STRIDE].iter_mut().zip(before);
            for ((sum, before), (dx, dy)) in sums.zip(gradients) {
                let values = channels(dx, dy);
                for channel in 0..CHANNELS {
                    line[channel] += values[channel];
                    sum[channel] = before[channel] + line[channel];
                }
            }
        }
    }

    /// The values of a patch, as long as one together.
    pub(super) fn feature(&self, patch: &Patch, values: &mut [f32]) {
        let (width, height) = (patch.width / 2, patch.height / 2);
        let at = |right: usize, down: usize| {
            &self.sums[(patch.y + down * height) * STRIDE + patch.x + right * width]
        };
        let mut sums = [0_i32; FEATURE];
        let cells = [(0, 0), (1, 0), (0, 1), (1, 1)];
        for (cell, (x, y)) in sums.chunks_exact_mut(CHANNELS).zip(cells) {
            let corners = [at(x + 1, y + 1), at(x, y), at(x + 1, y), at(x, y + 1)];
            for (channel, sum) in cell.iter_mut().enumerate() {
                let [lower_right, upper_left, upper_right, lower_left] =
                    corners.map(|corner| corner[channel]);
                *sum = lower_right + upper_left - upper_right - lower_left;
            }
        }
        let squares: f64 = sums
            .iter()
            .map(|&sum| f64::from(sum) * f64::from(sum))
            .sum();
        let length = squares.sqrt() as f32;
        for (value, &sum) in values.iter_mut().zip(&sums) {
            *value = if sum == 0 { 0.0 } else { sum as f32 / length };
        }
    }
}

/// The channels of one pixel.
#[expect(
    clippy::inline_always,
    reason = "compiled anew for each kind of processor"
)]
#[inline(always)]
fn channels(dx: i32, dy: i32) -> [i32; CHANNELS] {
    // All ones where a gradient is negative.
    let (left, up) = (dx >> 31, dy >> 31);
    let (across, down) = (dx.abs(), dy.abs());
    [
        dx & !up,
        across & !up,
        dx & up,
        across & up,
        dy & !left,
        down & !left,
        dy & left,
        down & left,
    ]
}
