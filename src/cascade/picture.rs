//! Pictures of brightness, and their parts made larger or smaller.

use fearless_simd::{Level, dispatch};

use super::WINDOW;

/// Rows of bytes.
pub(super) struct Picture<'a> {
    pixels: &'a [u8],
    pub(super) width: usize,
}

impl<'a> Picture<'a> {
    pub(super) fn new(pixels: &'a [u8], width: usize) -> Self {
        Self { pixels, width }
    }

    pub(super) fn height(&self) -> usize {
        self.pixels.len() / self.width.max(1)
    }

    pub(super) fn row(&self, y: usize) -> &'a [u8] {
        &self.pixels[y * self.width..(y + 1) * self.width]
    }

    /// Whether the brightness of a window has a standard deviation of at most 10.
    pub(super) fn is_flat(&self, x: usize, y: usize) -> bool {
        const FLAT: f64 = 10.0;
        let (mut sum, mut squares) = (0_u32, 0_u32);
        for row in y..y + WINDOW {
            for &value in &self.row(row)[x..x + WINDOW] {
                let value = u32::from(value);
                sum += value;
                squares += value * value;
            }
        }
        let area = (WINDOW * WINDOW) as f64;
        let mean = f64::from(sum) / area;
        let variance = f64::from(squares) / area - mean * mean;
        variance.max(0.0).sqrt() <= FLAT
    }
}

/// Resamples pictures with the same memory: bilinear between four pixels, as the authors' program does,
/// its pixels' corners on the picture's.
pub(super) struct Scaler {
    level: Level,
    pixels: Vec<u8>,
    /// A part with black where it leaves the picture.
    bordered: Vec<u8>,
    columns: Columns,
    /// Two rows as wide as the result: those above and below the one in work.
    rows: [Vec<f64>; 2],
}

/// Where the columns of a result lie in what it is made from; one list for each of what they are asked
/// for, so that many columns are computed at once.
#[derive(Default)]
struct Columns {
    /// The two widths for which they hold.
    widths: (usize, usize),
    first: Vec<usize>,
    parts: [Vec<f64>; 2],
    /// The two pixels between which each lies, of the row in work.
    pixels: [Vec<u8>; 2],
}

impl Columns {
    fn set(&mut self, widths: (usize, usize)) {
        if self.widths == widths {
            return;
        }
        self.widths = widths;
        self.first.clear();
        self.parts.iter_mut().for_each(Vec::clear);
        for place in (0..widths.1).map(|x| Place::of(x, widths)) {
            self.first.push(place.first);
            for (parts, part) in self.parts.iter_mut().zip(place.parts) {
                parts.push(part);
            }
        }
        for pixels in &mut self.pixels {
            pixels.resize(widths.1, 0);
        }
    }

    /// A row as wide as the result.
    #[expect(
        clippy::inline_always,
        reason = "compiled anew for each kind of processor"
    )]
    #[inline(always)]
    fn fill(&mut self, row: &[u8], values: &mut [f64]) {
        let [left, right] = &mut self.pixels;
        for ((&first, left), right) in self.first.iter().zip(&mut *left).zip(&mut *right) {
            [*left, *right] = row[first..].first_chunk().copied().unwrap_or_default();
        }
        let left = self.parts[0].iter().zip(&*left);
        let right = self.parts[1].iter().zip(&*right);
        for (value, ((left_part, &left), (right_part, &right))) in
            values.iter_mut().zip(left.zip(right))
        {
            *value = left_part * f64::from(left) + right_part * f64::from(right);
        }
    }
}

/// Between which two pixels of an axis something lies, and what part each of them has in it.
struct Place {
    first: usize,
    parts: [f64; 2],
}

impl Place {
    fn of(at: usize, (from, to): (usize, usize)) -> Self {
        let exact = from as f64 / to as f64 * at as f64;
        let first = (exact as usize).min(from - 2);
        let beyond = exact - first as f64;
        Self {
            first,
            parts: [1.0 - beyond, beyond],
        }
    }
}

impl Scaler {
    pub(super) fn new(level: Level) -> Self {
        Self {
            level,
            pixels: Vec::new(),
            bordered: Vec::new(),
            columns: Columns::default(),
            rows: [Vec::new(), Vec::new()],
        }
    }

    /// The picture at another size.
    pub(super) fn scale<'a>(
        &'a mut self,
        picture: &Picture<'a>,
        size: (usize, usize),
    ) -> Picture<'a> {
        if size == (picture.width, picture.height()) {
            return Picture { ..*picture };
        }
        self.resample(picture, (0, 0), (picture.width, picture.height()), size);
        Picture::new(&self.pixels, size.0)
    }

    /// A square of a picture in the window's size, black outside the picture.
    pub(super) fn cut<'a>(
        &'a mut self,
        picture: &Picture,
        x: i32,
        y: i32,
        side: usize,
    ) -> Picture<'a> {
        let square = (side, side);
        let end = |at: i32| usize::try_from(at).map(|at| at + side);
        let is_inside = end(x).is_ok_and(|right| right <= picture.width)
            && end(y).is_ok_and(|bottom| bottom <= picture.height());
        if is_inside {
            self.resample(picture, (x as usize, y as usize), square, (WINDOW, WINDOW));
        } else {
            let mut bordered = std::mem::take(&mut self.bordered);
            border(picture, x, y, side, &mut bordered);
            self.resample(
                &Picture::new(&bordered, side),
                (0, 0),
                square,
                (WINDOW, WINDOW),
            );
            self.bordered = bordered;
        }
        Picture::new(&self.pixels, WINDOW)
    }

    fn resample(
        &mut self,
        picture: &Picture,
        (left, top): (usize, usize),
        from: (usize, usize),
        to: (usize, usize),
    ) {
        let (across, down) = ((from.0, to.0), (from.1, to.1));
        self.pixels.resize(to.0 * to.1, 0);
        let row = |y: usize| &picture.row(top + y)[left..left + from.0];
        if from == to {
            // Each pixel lies on its own.
            for (y, line) in self.pixels.chunks_exact_mut(to.0).enumerate() {
                line.copy_from_slice(row(y));
            }
            return;
        }
        self.columns.set(across);
        let Self {
            level,
            pixels,
            columns,
            rows,
            ..
        } = self;
        for row in rows.iter_mut() {
            row.resize(to.0, 0.0);
        }
        let lines =
            (pixels.chunks_exact_mut(to.0).enumerate()).map(|(y, line)| (Place::of(y, down), line));
        dispatch!(*level, _ => blend(lines, row, columns, rows));
    }
}

/// Fills lines from the rows round each.
#[expect(
    clippy::inline_always,
    reason = "compiled anew for each kind of processor"
)]
#[inline(always)]
fn blend<'a>(
    lines: impl Iterator<Item = (Place, &'a mut [u8])>,
    row: impl Fn(usize) -> &'a [u8],
    columns: &mut Columns,
    rows: &mut [Vec<f64>; 2],
) {
    // Which rows are there already; one follows the other by its last bit.
    let mut there = [usize::MAX; 2];
    for (Place { first, parts }, line) in lines {
        for number in [first, first + 1] {
            if std::mem::replace(&mut there[number % 2], number) == number {
                continue;
            }
            columns.fill(row(number), &mut rows[number % 2]);
        }
        let (upper, lower) = (&rows[first % 2], &rows[(first + 1) % 2]);
        for ((pixel, upper), lower) in line.iter_mut().zip(upper).zip(lower) {
            // Rounded down, in the lowest bits of a number so large that it has no others behind the
            // point: four at a time, which a cast is not. An enlarged picture's last pixels lie beyond
            // what is known, so the value may leave a byte's range.
            const LARGE: f64 = (1_u64 << 52) as f64;
            let value = parts[0] * upper + parts[1] * lower;
            *pixel = (value.clamp(0.0, 255.0).floor() + LARGE).to_bits() as u8;
        }
    }
}

/// A square of a picture, black where it leaves it, into `pixels`.
fn border(picture: &Picture, x: i32, y: i32, side: usize, pixels: &mut Vec<u8>) {
    pixels.clear();
    pixels.resize(side * side, 0);
    let inside = |at: i32, available: usize| {
        let before = at.min(0).unsigned_abs() as usize;
        let first = (at.max(0) as usize).min(available);
        let count = side.saturating_sub(before).min(available - first);
        (first..first + count, before)
    };
    let (columns, right) = inside(x, picture.width);
    let (rows, down) = inside(y, picture.height());
    for (line, row) in pixels.chunks_exact_mut(side).skip(down).zip(rows) {
        let from = &picture.row(row)[columns.clone()];
        line[right..right + from.len()].copy_from_slice(from);
    }
}
