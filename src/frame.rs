//! One picture on its way from a source to the window and the log.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use image::{GrayImage, RgbImage};
use jiff::Timestamp;

/// One picture with its place and time. Never changed once made; shared as `Arc<Frame>`.
///
/// All pixel coordinates in the program are of this picture: origin top left, unmirrored.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The file or camera it comes from, as the log names it; for a folder, the picture's own name.
    pub source: Arc<str>,
    /// Its number in that source, from 0.
    pub source_frame: u64,
    /// Its time in that source: a video's time stamp, or the time since a camera was opened.
    pub time: Duration,
    /// When it was captured, by the wall clock; `None` for files.
    pub utc: Option<Timestamp>,
    /// When it left its source; what a delay is measured from.
    pub captured: Instant,
    /// A picture on its own: nothing carries over from the frame before (tracks, smoothing), and
    /// smaller faces are looked for.
    pub still: bool,
    /// Brightness, Rec. 601, full range 0–255.
    pub luma: GrayImage,
    /// The picture in colours, as large; empty where nobody asked for it (see
    /// [`crate::source::open_grey`]).
    pub picture: RgbImage,
}

impl Frame {
    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        self.luma.dimensions()
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // Stills come in all sizes, and not thirty times a second.
        if self.still {
            return;
        }
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        for memory in [
            mem::take(&mut self.luma).into_raw(),
            mem::take(&mut self.picture).into_raw(),
        ] {
            let kept: usize = spare.iter().map(Vec::capacity).sum();
            if memory.capacity() > 0 && kept + memory.capacity() <= MOST_SPARE {
                spare.push(memory);
            }
        }
    }
}

/// The memory of frames that are gone, for the next ones: else a megabyte and more would be asked of
/// the system, cleared and given back with each.
static SPARE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// So many bytes are kept at most: four frames of a 4K camera, and all that are on their way between the
/// threads at the usual sizes.
const MOST_SPARE: usize = 128 << 20;

/// As many bytes for a picture as are asked for; what they hold is left from before.
pub(crate) fn memory(length: usize) -> Vec<u8> {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |memory: &Vec<u8>| (length..=2 * length).contains(&memory.capacity());
    let place = spare.iter().rposition(fits);
    if place.is_none() && !spare.is_empty() {
        // The oldest is of a source that has ended, and makes room.
        spare.remove(0);
    }
    let mut memory = place.map_or_else(Vec::new, |place| spare.swap_remove(place));
    drop(spare);
    memory.resize(length, 0);
    memory
}

/// Brightness of red, green and blue, as [`luma`] has it.
pub(crate) fn brightness(pixel: [u8; 3]) -> u8 {
    let [red, green, blue] = pixel.map(u32::from);
    ((19_595 * red + 38_470 * green + 7_471 * blue + 0x8000) >> 16) as u8
}

/// Brightness of a picture by Rec. 601, in the fixed-point arithmetic of Pillow's `convert("L")`,
/// which `training/crop.py` uses.
#[must_use]
pub fn luma(picture: &RgbImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    let mut luma = memory(width as usize * height as usize);
    for (luma, pixel) in luma.iter_mut().zip(picture.as_raw().as_chunks::<3>().0) {
        *luma = brightness(*pixel);
    }
    GrayImage::from_vec(width, height, luma)
        .unwrap_or_else(|| unreachable!("one byte for each pixel"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn luma_weighs_colours_as_rec_601() {
        let mut picture = RgbImage::new(4, 1);
        picture.put_pixel(0, 0, Rgb([255, 0, 0]));
        picture.put_pixel(1, 0, Rgb([0, 255, 0]));
        picture.put_pixel(2, 0, Rgb([0, 0, 255]));
        picture.put_pixel(3, 0, Rgb([255, 255, 255]));
        assert_eq!(luma(&picture).into_raw(), [76, 150, 29, 255]);
    }
}
