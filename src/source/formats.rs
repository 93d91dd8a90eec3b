//! The formats that a camera offers, and which of them to take.

use std::fmt;

use serde::Serialize;

use super::CameraRequest;
use super::pixels::PixelFormat;

/// A way in which a camera can send its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CameraFormat {
    /// How they are packed.
    pub pixels: PixelFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames a second.
    pub fps: u32,
}

impl fmt::Display for CameraFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pixels,
            width,
            height,
            fps,
        } = self;
        formatter.pad(&format!("{pixels} {width}×{height} at {fps} fps"))
    }
}

/// Sorts formats, the best first: nearest to what was asked for, else to 640×480 at 30 frames a
/// second; of equals MJPEG before YUYV before NV12, as raw pictures crowd the bus.
pub(super) fn rank(formats: &mut [CameraFormat], request: &CameraRequest) {
    // What was asked for outweighs what was not.
    const ASKED: f32 = 100.0;
    // In doublings, so that half is as far as twice.
    let distance = |value: u32, target: u32| (value as f32 / target.max(1) as f32).log2().abs();
    let cost = |format: &CameraFormat| {
        let (width, height) = request.size.unwrap_or((640, 480));
        let size = distance(format.width, width) + distance(format.height, height);
        let rate = distance(format.fps, request.fps.unwrap_or(30));
        size * if request.size.is_some() { ASKED } else { 1.0 }
            + rate * if request.fps.is_some() { ASKED } else { 1.0 }
    };
    formats.sort_by(|left, right| {
        cost(left)
            .total_cmp(&cost(right))
            .then(left.pixels.cmp(&right.pixels))
    });
}

#[cfg(test)]
mod tests {
    use super::PixelFormat::{Mjpeg, Nv12, Yuyv};
    use super::*;

    fn offered(list: &[(PixelFormat, u32, u32, u32)]) -> Vec<CameraFormat> {
        list.iter()
            .map(|&(pixels, width, height, fps)| CameraFormat {
                pixels,
                width,
                height,
                fps,
            })
            .collect()
    }

    fn best(list: &[(PixelFormat, u32, u32, u32)], request: CameraRequest) -> CameraFormat {
        let mut formats = offered(list);
        rank(&mut formats, &request);
        formats[0]
    }

    /// A common webcam.
    const WEBCAM: [(PixelFormat, u32, u32, u32); 8] = [
        (Yuyv, 640, 480, 30),
        (Yuyv, 1280, 720, 10),
        (Yuyv, 1920, 1080, 5),
        (Mjpeg, 320, 240, 60),
        (Mjpeg, 640, 480, 15),
        (Mjpeg, 640, 480, 30),
        (Mjpeg, 1280, 720, 30),
        (Mjpeg, 1920, 1080, 30),
    ];

    #[test]
    fn unasked_the_camera_sends_vga_at_thirty_as_mjpeg() {
        assert_eq!(best(&WEBCAM, CameraRequest::default()), offered(&WEBCAM)[5]);
        let wide = [
            (Mjpeg, 1920, 1080, 30),
            (Mjpeg, 1280, 720, 30),
            (Nv12, 1280, 720, 30),
        ];
        assert_eq!(best(&wide, CameraRequest::default()), offered(&wide)[1]);
        let raw = [
            (Nv12, 640, 480, 30),
            (Yuyv, 640, 480, 30),
            (Yuyv, 1280, 720, 10),
        ];
        assert_eq!(best(&raw, CameraRequest::default()), offered(&raw)[1]);
    }

    #[test]
    fn what_was_asked_for_comes_first_and_the_nearest_serves() {
        let hd = CameraRequest {
            size: Some((1280, 720)),
            fps: None,
        };
        assert_eq!(best(&WEBCAM, hd), offered(&WEBCAM)[6]);
        let odd = CameraRequest {
            size: Some((1200, 700)),
            fps: Some(25),
        };
        assert_eq!(best(&WEBCAM, odd), offered(&WEBCAM)[6]);
        let fast = CameraRequest {
            size: None,
            fps: Some(60),
        };
        assert_eq!(best(&WEBCAM, fast), offered(&WEBCAM)[3]);
        let slow = CameraRequest {
            size: Some((640, 480)),
            fps: Some(15),
        };
        assert_eq!(best(&WEBCAM, slow), offered(&WEBCAM)[4]);
        let nothing = CameraRequest {
            size: Some((0, 0)),
            fps: Some(0),
        };
        assert_eq!(best(&WEBCAM, nothing).height, 240);
    }
}
