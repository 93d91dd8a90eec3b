//! Finds the faces in a picture: the only door to the detector's crate.

use std::io::Cursor;

use image::GrayImage;
use rustface::ImageData;

use crate::error::{Error, Result};
use crate::face::{Detection, FaceBox};
use crate::resize;

/// Finds faces.
pub trait FaceDetector {
    /// Faces in `luma`, in its pixels. `smallest_face` is the width of the smallest face worth
    /// finding, as a share of the picture's width; cost grows with the inverse of its square.
    ///
    /// # Errors
    /// When the picture cannot be searched.
    fn detect(&mut self, luma: &GrayImage, smallest_face: f32) -> Result<Vec<Detection>>;
}

/// The `SeetaFace` cascade for frontal faces (Wu et al. 2017, "Funnel-Structured Cascade for
/// Multi-View Face Detection with Alignment-Awareness"), its weights inside the program.
///
/// Not `Send`: it is built on the thread that uses it.
pub struct SeetaDetector {
    cascade: Box<dyn rustface::Detector>,
}

impl SeetaDetector {
    /// The cascade's window in pixels: it finds no smaller face, and no face in a smaller picture.
    const WINDOW: u32 = 40;
    /// The cascade's own `set_min_face_size` is stored and never read: the picture is resized
    /// instead so that the smallest face fills the window. Enlarged more than twice, a face of
    /// under 20 pixels shows the cascade nothing new, and the cost grows without limit.
    const MOST_ENLARGED: f32 = 2.0;
    /// From one window to the next, in pixels, and from one level of the pyramid to the next. Against
    /// the authors' 4 and 0.8 these take 0.6 of the time and find the same 29 of 29 faces of 50 px in
    /// a group photograph, and a talking woman's in each of 58 frames; with 6 or 8 pixels the group
    /// loses up to five.
    const STEP: u32 = 5;
    const PYRAMID: f32 = 0.7;
    /// The smallest score that counts as a face: all 29 faces of the group scored 3.0 and more; the
    /// false boxes seen beside the talking head, at some of those steps, 2.3 to 2.5.
    const THRESHOLD: f64 = 2.6;
    /// A box that lies so far in a surer one is a part of that face, such as its mouth and chin; of
    /// 29 people in a group photograph none stands so close behind another.
    const INSIDE: f32 = 0.7;
    /// The most faces of one picture; the surest are kept. A full stadium must not fill the memory
    /// with one batch.
    const MOST_FACES: usize = 128;

    /// Reads the weights; about 10 ms.
    ///
    /// # Errors
    /// When the weights in the program are broken.
    pub fn new() -> Result<Self> {
        let weights = include_bytes!("../assets/detector/seeta_fd_frontal_v1.0.bin");
        let model = rustface::read_model(Cursor::new(weights))
            .map_err(|error| Error::Detector(error.to_string()))?;
        let mut cascade = rustface::create_detector_with_model(model);
        cascade.set_slide_window_step(Self::STEP, Self::STEP);
        cascade.set_pyramid_scale_factor(Self::PYRAMID);
        cascade.set_score_thresh(Self::THRESHOLD);
        Ok(Self { cascade })
    }
}

impl FaceDetector for SeetaDetector {
    fn detect(&mut self, luma: &GrayImage, smallest_face: f32) -> Result<Vec<Detection>> {
        let (width, height) = luma.dimensions();
        let smallest = smallest_face * width as f32;
        let factor = (Self::WINDOW as f32 / smallest).min(Self::MOST_ENLARGED);
        let searched = |side: u32| (side as f32 * factor).round() as u32;
        let size = (searched(width), searched(height));
        // The cascade panics on a picture smaller than its window.
        if size.0.min(size.1) < Self::WINDOW {
            return Ok(Vec::new());
        }
        let pixels = resize::whole(luma, size);
        let found = self
            .cascade
            .detect(&ImageData::new(&pixels, size.0, size.1));

        let mut candidates: Vec<Detection> = found
            .iter()
            .map(|face| {
                let found = face.bbox();
                let face_box = FaceBox {
                    x: found.x() as f32,
                    y: found.y() as f32,
                    width: found.width() as f32,
                    height: found.height() as f32,
                };
                Detection {
                    face_box: face_box.scaled(1.0 / factor),
                    score: face.score() as f32,
                }
            })
            .collect();
        candidates.sort_by(|left, right| right.score.total_cmp(&left.score));
        let mut detections: Vec<Detection> = Vec::new();
        for candidate in candidates.into_iter().take(Self::MOST_FACES) {
            let part_of =
                |surer: &Detection| surer.face_box.inclusion(&candidate.face_box) > Self::INSIDE;
            if !detections.iter().any(part_of) {
                detections.push(candidate);
            }
        }
        Ok(detections)
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// A portrait free to use (`tests/data/README.md`), with the face at about (175, 65) to (270, 160).
    fn portrait() -> GrayImage {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/astronaut.png");
        image::open(path).unwrap().to_luma8()
    }

    #[test]
    fn a_face_is_found_in_pixels_of_the_picture_whatever_is_looked_for() {
        let mut detector = SeetaDetector::new().unwrap();
        for smallest_face in [1.0 / 12.0, 1.0 / 8.0, 1.0 / 40.0] {
            let found = detector.detect(&portrait(), smallest_face).unwrap();
            assert_eq!(found.len(), 1, "{smallest_face}: {found:?}");
            let (x, y) = found[0].face_box.center();
            assert!(
                (200.0..245.0).contains(&x) && (90.0..140.0).contains(&y),
                "{found:?}"
            );
            assert!(
                (75.0..150.0).contains(&found[0].face_box.width),
                "{found:?}"
            );
        }
    }

    #[test]
    fn pictures_without_a_face_have_none() {
        let mut detector = SeetaDetector::new().unwrap();
        let stripes = GrayImage::from_fn(320, 240, |x, y| Luma([((x * 7) ^ (y * 3)) as u8]));
        for picture in [GrayImage::new(320, 240), stripes] {
            assert_eq!(detector.detect(&picture, 1.0 / 12.0).unwrap(), []);
        }
    }

    #[test]
    fn pictures_too_small_for_a_face_are_no_error() {
        let mut detector = SeetaDetector::new().unwrap();
        for (width, height) in [(0, 0), (1, 1), (19, 400), (400, 19), (1000, 3), (21, 21)] {
            let picture = GrayImage::from_pixel(width, height, Luma([90]));
            for smallest_face in [1.0 / 12.0, 1.0, 0.0, -1.0, f32::NAN] {
                assert_eq!(detector.detect(&picture, smallest_face).unwrap(), []);
            }
        }
    }
}
