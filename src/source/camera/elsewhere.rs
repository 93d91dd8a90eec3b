//! Cameras of other systems than Linux, the only door to `nokhwa`.
//!
//! It waits without end for a camera that sends nothing.

use std::time::Duration;

use nokhwa::utils::{ApiBackend, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};
use nokhwa::{Camera, NokhwaError};

use super::{Fault, Found};
use crate::source::formats::{CameraFormat, Rate};
use crate::source::pixels::PixelFormat;

/// The pictures that Mien can read, as `nokhwa` names them.
const READABLE: [FrameFormat; 3] = [FrameFormat::MJPEG, FrameFormat::YUYV, FrameFormat::NV12];

/// All cameras of the system.
pub(super) fn nodes() -> Result<Vec<Found>, Fault> {
    let found = nokhwa::query(ApiBackend::Auto)?;
    let found = found.iter().filter_map(|info| {
        let index = info.index().as_index().ok()?;
        Some(Found {
            index,
            name: info.human_name(),
            port: format!("number {index}"),
        })
    });
    Ok(found.collect())
}

/// An open camera; sends once it is started.
pub(super) struct Device {
    camera: Camera,
    formats: Vec<CameraFormat>,
}

impl Device {
    /// Opens a camera as it stands and asks what it offers.
    pub(super) fn open(index: u32) -> Result<Self, Fault> {
        let any = RequestedFormat::with_formats(RequestedFormatType::None, &READABLE);
        let mut camera = Camera::new(CameraIndex::Index(index), any)?;
        let mut formats: Vec<CameraFormat> = camera
            .compatible_camera_formats()?
            .into_iter()
            .filter_map(readable)
            .collect();
        formats.sort_unstable();
        formats.dedup();
        Ok(Self { camera, formats })
    }

    /// What it offers of that which Mien can read.
    pub(super) fn formats(&self) -> Result<Vec<CameraFormat>, Fault> {
        if self.formats.is_empty() {
            return Err(Fault::NoCamera);
        }
        Ok(self.formats.clone())
    }

    /// Sets a format and starts the stream.
    pub(super) fn start(&mut self, wanted: CameraFormat) -> Result<CameraFormat, Fault> {
        let pixels = match wanted.pixels {
            PixelFormat::Mjpeg => FrameFormat::MJPEG,
            PixelFormat::Yuyv => FrameFormat::YUYV,
            PixelFormat::Nv12 => FrameFormat::NV12,
        };
        let (width, height) = (wanted.width, wanted.height);
        let exact =
            nokhwa::utils::CameraFormat::new_from(width, height, pixels, wanted.fps.frames());
        let request = RequestedFormatType::Exact(exact);
        self.camera
            .set_camera_requset(RequestedFormat::with_formats(request, &[pixels]))?;
        self.camera.open_stream()?;
        Ok(wanted)
    }

    /// From where a line of a frame begins to where the next does, in bytes: `nokhwa` does not say.
    #[expect(clippy::unused_self, reason = "as on Linux")]
    pub(super) const fn stride(&self) -> usize {
        0
    }

    /// Hands the next frame's bytes to `take`.
    pub(super) fn next<T>(
        &mut self,
        _patience: Duration,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, Fault> {
        Ok(take(&self.camera.frame_raw()?))
    }
}

/// The program that holds a camera: these systems do not say.
pub(super) fn holder(_index: u32) -> Option<String> {
    None
}

fn readable(format: nokhwa::utils::CameraFormat) -> Option<CameraFormat> {
    let pixels = match format.format() {
        FrameFormat::MJPEG => PixelFormat::Mjpeg,
        FrameFormat::YUYV => PixelFormat::Yuyv,
        FrameFormat::NV12 => PixelFormat::Nv12,
        _ => return None,
    };
    let (width, height) = (format.width(), format.height());
    let fps = Rate::new(format.frame_rate(), 1)?;
    (width > 0 && height > 0).then_some(CameraFormat {
        pixels,
        width,
        height,
        fps,
    })
}

impl From<NokhwaError> for Fault {
    fn from(error: NokhwaError) -> Self {
        Self::Other(error.to_string())
    }
}
