//! The formats that a camera offers, and which of them to take.

use std::cmp::Ordering;
use std::fmt;

use serde::{Serialize, Serializer};

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
    pub fps: Rate,
}

/// Frames a second, exactly: 30000/1001 is a common rate. For people and machines a number: 30, 29.97.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    frames: u32,
    seconds: u32,
}

impl Rate {
    /// So many frames in so many seconds; `None` when either is zero.
    #[must_use]
    pub fn new(frames: u32, seconds: u32) -> Option<Self> {
        let (mut divisor, mut rest) = (frames, seconds);
        while rest > 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        (frames > 0 && seconds > 0).then(|| Self {
            frames: frames / divisor,
            seconds: seconds / divisor,
        })
    }

    /// The numerator of the reduced fraction.
    #[must_use]
    pub const fn frames(self) -> u32 {
        self.frames
    }

    /// The denominator of the reduced fraction.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.seconds
    }

    fn per_second(self) -> f64 {
        f64::from(self.frames) / f64::from(self.seconds)
    }
}

impl Ord for Rate {
    fn cmp(&self, other: &Self) -> Ordering {
        let product = |one: u32, two: u32| u64::from(one) * u64::from(two);
        product(self.frames, other.seconds).cmp(&product(other.frames, self.seconds))
    }
}

impl PartialOrd for Rate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seconds == 1 {
            return write!(formatter, "{}", self.frames);
        }
        write!(formatter, "{:.2}", self.per_second())
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.seconds == 1 {
            return serializer.serialize_u32(self.frames);
        }
        serializer.serialize_f64((self.per_second() * 100.0).round() / 100.0)
    }
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
    let doublings = |ratio: f32| ratio.log2().abs();
    let distance = |value: u32, target: u32| doublings(value as f32 / target.max(1) as f32);
    let cost = |format: &CameraFormat| {
        let (width, height) = request.size.unwrap_or((640, 480));
        let size = distance(format.width, width) + distance(format.height, height);
        let rate =
            doublings(format.fps.per_second() as f32 / request.fps.unwrap_or(30).max(1) as f32);
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
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::PixelFormat::{Mjpeg, Nv12, Yuyv};
    use super::*;

    fn offered(list: &[(PixelFormat, u32, u32, u32)]) -> Vec<CameraFormat> {
        list.iter()
            .map(|&(pixels, width, height, fps)| CameraFormat {
                pixels,
                width,
                height,
                fps: Rate::new(fps, 1).unwrap(),
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

    #[test]
    fn a_rate_is_a_fraction_and_written_as_a_number() {
        let ntsc = Rate::new(30_000, 1001).unwrap();
        assert_eq!(ntsc.to_string(), "29.97");
        assert_eq!(serde_json::to_string(&ntsc).unwrap(), "29.97");
        let film = Rate::new(48, 2).unwrap();
        assert_eq!(film, Rate::new(24, 1).unwrap());
        assert_eq!(serde_json::to_string(&film).unwrap(), "24");
        assert!(film < ntsc && ntsc < Rate::new(30, 1).unwrap());
        assert_eq!((Rate::new(0, 1), Rate::new(1, 0)), (None, None));
    }
}
