//! Finds the faces in a picture.

use image::GrayImage;

use crate::error::Result;
use crate::face::Detection;

/// Finds faces.
pub trait FaceDetector {
    /// Faces in `luma`, in its pixels. `smallest_face` is the width of the smallest face worth
    /// finding, as a share of the picture's width; cost grows with the inverse of its square.
    ///
    /// # Errors
    /// When the picture cannot be searched.
    fn detect(&mut self, luma: &GrayImage, smallest_face: f32) -> Result<Vec<Detection>>;
}
