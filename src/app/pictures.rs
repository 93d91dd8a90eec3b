//! The window's picture, made ready on the thread that analyses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use egui::{Color32, ColorImage};
use image::RgbImage;

use crate::frame::Frame;

/// A window that has not asked for so long is hidden.
const HIDDEN: Duration = Duration::from_secs(1);

/// One is shown, one is ready, one is being made.
const KEPT: usize = 3;

/// A larger picture may be larger than a texture: the window makes it smaller itself.
const LARGEST_SIDE: u32 = 2048;

/// The newest picture as the window's textures want it.
#[derive(Clone)]
pub(super) struct Pictures(Arc<Mutex<Contents>>);

struct Contents {
    /// The frame, and its picture.
    ready: Option<(Arc<Frame>, Arc<ColorImage>)>,
    asked: Instant,
    /// Pictures whose memory is used again when nobody holds them any more.
    kept: Vec<Arc<ColorImage>>,
}

impl Default for Pictures {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Contents {
            ready: None,
            asked: Instant::now(),
            kept: Vec::with_capacity(KEPT),
        })))
    }
}

impl Pictures {
    /// Makes a frame's picture ready, unless nobody would see it.
    pub fn prepare(&self, frame: &Arc<Frame>) {
        let picture = &frame.picture;
        let is_large = picture.width().max(picture.height()) > LARGEST_SIDE;
        let mut contents = self.lock();
        contents.ready = None;
        if is_large || contents.asked.elapsed() > HIDDEN {
            return;
        }
        let free = (contents.kept.iter_mut()).position(|kept| Arc::get_mut(kept).is_some());
        let mut free = free
            .map(|place| contents.kept.swap_remove(place))
            .unwrap_or_default();
        drop(contents);
        if let Some(image) = Arc::get_mut(&mut free) {
            fill(image, picture);
        }
        let mut contents = self.lock();
        if contents.kept.len() < KEPT {
            contents.kept.push(Arc::clone(&free));
        }
        contents.ready = Some((Arc::clone(frame), free));
    }

    /// The picture of this frame, if it is ready.
    pub fn take(&self, frame: &Arc<Frame>) -> Option<Arc<ColorImage>> {
        let mut contents = self.lock();
        contents.asked = Instant::now();
        let (_, picture) = contents
            .ready
            .take_if(|(ready, _)| Arc::ptr_eq(ready, frame))?;
        Some(picture)
    }

    // Every change is whole in itself, so a thread that panicked left nothing half done.
    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A picture as a texture wants it.
pub(super) fn image(picture: &RgbImage) -> ColorImage {
    let mut image = ColorImage::default();
    fill(&mut image, picture);
    image
}

fn fill(image: &mut ColorImage, picture: &RgbImage) {
    let (pixels, _) = picture.as_raw().as_chunks::<3>();
    let mut colors = std::mem::take(&mut image.pixels);
    colors.clear();
    colors.extend(
        pixels
            .iter()
            .map(|[red, green, blue]| Color32::from_rgb(*red, *green, *blue)),
    );
    let (width, height) = picture.dimensions();
    *image = ColorImage::new([width as usize, height as usize], colors);
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::app::samples;

    #[test]
    fn a_picture_is_ready_once_for_its_own_frame() {
        let pictures = Pictures::default();
        let other = samples::observation(7, Vec::new()).frame;
        let frame = samples::observation(7, Vec::new()).frame;
        pictures.prepare(&frame);
        assert!(pictures.take(&other).is_none());
        let ready = pictures.take(&frame).unwrap();
        assert_eq!(*ready, image(&frame.picture));
        assert!(pictures.take(&frame).is_none());
    }

    #[test]
    fn the_memory_of_pictures_is_used_again() {
        let pictures = Pictures::default();
        let frame = samples::observation(7, Vec::new()).frame;
        let mut places = std::collections::HashSet::new();
        for _ in 0..20 {
            pictures.prepare(&frame);
            places.insert(pictures.take(&frame).unwrap().pixels.as_ptr());
        }
        assert!(places.len() <= KEPT, "{places:?}");
    }

    #[test]
    fn nothing_is_made_for_a_window_that_does_not_ask() {
        let pictures = Pictures::default();
        let frame = samples::observation(7, Vec::new()).frame;
        pictures.lock().asked = Instant::now().checked_sub(2 * HIDDEN).unwrap();
        pictures.prepare(&frame);
        assert!(pictures.take(&frame).is_none());
        // Now it has asked.
        pictures.prepare(&frame);
        assert!(pictures.take(&frame).is_some());
    }

    #[test]
    fn colours_stay_in_their_order() {
        let picture = RgbImage::from_pixel(2, 1, Rgb([1, 2, 3]));
        assert_eq!(image(&picture).pixels, [Color32::from_rgb(1, 2, 3); 2]);
    }
}
