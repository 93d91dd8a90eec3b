//! The first stage: in each place of nine squares of 3 × 3 pixels, which of the outer eight are no
//! brighter than the middle one (Yan et al. 2008, "Locally Assembled Binary (LAB) Feature with
//! Feature-Centric Cascade"); and a sum over 150 places that stops as soon as it is too small.

use fearless_simd::{Level, dispatch};

use super::picture::Picture;

/// Which of the eight neighbours of each place are no brighter than its middle, a bit for each.
pub(super) struct PatternMap {
    level: Level,
    /// Brightness of 3 × 3 pixels, by their upper left corner; 0 where there is none.
    sums: Vec<u16>,
    /// Brightness of 3 pixels on top of each other, of the row in work.
    columns: Vec<u16>,
    patterns: Vec<u8>,
    width: usize,
}

impl PatternMap {
    /// From the corner of one square to that of the next.
    const SQUARE: usize = 3;
    /// The side of the nine.
    const PLACE: usize = 3 * Self::SQUARE;
    /// Where the corners of the eight are, and each one's bit.
    const NEIGHBOURS: [(usize, usize, u8); 8] = [
        (0, 0, 0x80),
        (3, 0, 0x40),
        (6, 0, 0x20),
        (0, 3, 0x10),
        (6, 3, 0x08),
        (0, 6, 0x04),
        (3, 6, 0x02),
        (6, 6, 0x01),
    ];

    pub(super) fn new(level: Level) -> Self {
        Self {
            level,
            sums: Vec::new(),
            columns: Vec::new(),
            patterns: Vec::new(),
            width: 0,
        }
    }

    pub(super) fn compute(&mut self, picture: &Picture) {
        dispatch!(self.level, _ => self.fill(picture));
    }

    #[expect(
        clippy::inline_always,
        reason = "compiled anew for each kind of processor"
    )]
    #[inline(always)]
    fn fill(&mut self, picture: &Picture) {
        let (width, height) = (picture.width, picture.height());
        self.width = width;
        self.sums.resize(width * height, 0);
        self.patterns.resize(width * height, 0);
        self.columns.resize(width, 0);
        for (y, sums) in (self.sums.chunks_exact_mut(width).enumerate()).take(height - 2) {
            let [upper, middle, lower] = [0, 1, 2].map(|down| picture.row(y + down));
            let three = upper.iter().zip(middle).zip(lower);
            for (column, ((&upper, &middle), &lower)) in self.columns.iter_mut().zip(three) {
                *column = u16::from(upper) + u16::from(middle) + u16::from(lower);
            }
            let [left, middle, right] = [0, 1, 2].map(|right| &self.columns[right..]);
            for (sum, ((left, middle), right)) in
                sums.iter_mut().zip(left.iter().zip(middle).zip(right))
            {
                *sum = left + middle + right;
            }
        }
        let places = width - Self::PLACE + 1;
        for y in 0..=height - Self::PLACE {
            let sums = |right: usize, down: usize| {
                let start = (y + down) * width + right;
                &self.sums[start..start + places]
            };
            let middle = sums(Self::SQUARE, Self::SQUARE);
            let line = &mut self.patterns[y * width..y * width + places];
            line.fill(0);
            for (right, down, bit) in Self::NEIGHBOURS {
                let neighbour = sums(right, down);
                for ((pattern, middle), sum) in line.iter_mut().zip(middle).zip(neighbour) {
                    *pattern |= if middle >= sum { bit } else { 0 };
                }
            }
        }
    }
}

/// A place in the window, and what each pattern there says for a face.
pub(super) struct Weak {
    pub(super) x: usize,
    pub(super) y: usize,
    /// One for each of 256 patterns.
    pub(super) weights: Box<[f32; 256]>,
    /// The least sum with this place.
    pub(super) threshold: f32,
}

/// One view of faces: places that are asked in this order.
pub(super) struct View {
    pub(super) weak: Vec<Weak>,
}

impl View {
    /// So many places are asked before the sum is looked at.
    pub(super) const GROUP: usize = 10;

    /// The sum of a window's places; `None` if it was too small at the end of a group.
    pub(super) fn score(&self, map: &PatternMap, x: usize, y: usize) -> Option<f32> {
        let window = &map.patterns[y * map.width + x..];
        let mut score = 0.0;
        for group in self.weak.chunks(Self::GROUP) {
            for weak in group {
                let pattern = window[weak.y * map.width + weak.x];
                score += weak.weights[usize::from(pattern)];
            }
            if group.last().is_some_and(|last| score < last.threshold) {
                return None;
            }
        }
        Some(score)
    }
}
