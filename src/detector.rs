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
    /// From one window to the next, in pixels: the authors' own choice.
    const STEP: u32 = 4;
    /// From one level of the pyramid to the next.
    const PYRAMID: f32 = 0.8;
    /// The smallest score that counts as a face.
    const THRESHOLD: f64 = 2.0;
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

        let mut detections: Vec<Detection> = found
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
        detections.sort_by(|left, right| right.score.total_cmp(&left.score));
        detections.truncate(Self::MOST_FACES);
        Ok(detections)
    }
}
