//! Webcams, the only door to `nokhwa`.
//!
//! A camera is opened, read and dropped on the calling thread; reading may block for as long as the
//! camera sends nothing, so whoever calls keeps an eye on the clock.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use nokhwa::utils::{ApiBackend, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};
use nokhwa::{Camera, NokhwaError};
use serde::Serialize;

use super::formats::{CameraFormat, rank};
use super::pixels::{self, PixelFormat};
use super::{CameraRequest, FrameSource};
use crate::error::{Error, Result};
use crate::frame::Frame;

/// So many damaged frames in a row are a broken camera, not a bad start: one second at 30 a second.
const BAD_FRAMES: u32 = 30;

/// Tried one after another when a driver refuses what it offered.
const ATTEMPTS: usize = 4;

/// The pictures that Mien can read, as `nokhwa` names them.
const READABLE: [FrameFormat; 3] = [FrameFormat::MJPEG, FrameFormat::YUYV, FrameFormat::NV12];

/// A connected camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CameraInfo {
    /// Its name; where two cameras are alike, with the port they are plugged into.
    pub name: String,
    /// Its number in the system.
    pub index: u32,
    /// What it offers, of that which Mien can read.
    pub formats: Vec<CameraFormat>,
    /// Why it cannot be looked into now, such as that another program uses it.
    pub trouble: Option<String>,
}

/// The connected cameras, by their numbers. A webcam's metadata node is left out.
///
/// # Errors
/// [`Error::CameraFailed`] if the system cannot be asked.
pub fn list() -> Result<Vec<CameraInfo>> {
    let mut cameras: Vec<CameraInfo> = Vec::new();
    for node in nodes()? {
        let (formats, trouble) = match probe(node.index) {
            Ok((_, formats)) => (formats, None),
            Err(error) if is_no_camera(&error) => continue,
            // All nodes of a camera refuse alike; one of them stands for it.
            Err(_) if cameras.iter().any(|camera| camera.name == node.name) => continue,
            Err(error) => (Vec::new(), Some(trouble(&error))),
        };
        cameras.push(CameraInfo {
            name: node.name,
            index: node.index,
            formats,
            trouble,
        });
    }
    Ok(cameras)
}

/// A camera, open and sending.
pub struct CameraSource {
    name: Arc<str>,
    camera: Camera,
    format: CameraFormat,
    opened: Instant,
    frames: u64,
}

impl CameraSource {
    /// Opens a camera by name, number or device file; with `None`, the first that opens.
    ///
    /// # Errors
    /// [`Error::NoCamera`] or [`Error::CameraNotFound`] if there is none, [`Error::CameraBusy`] if
    /// another program holds it, [`Error::CameraFailed`] if it cannot be set up.
    pub fn open(wanted: Option<&str>, request: &CameraRequest) -> Result<Self> {
        let mut refusal = None;
        for node in nodes()? {
            if wanted.is_some_and(|wanted| !node.is_meant_by(wanted)) {
                continue;
            }
            match Self::start(&node, request) {
                Ok(source) => return Ok(source),
                Err(error) if is_no_camera(&error) => {}
                Err(error) => {
                    refusal.get_or_insert_with(|| refused(&node.name, &error));
                }
            }
        }
        Err(refusal.unwrap_or_else(|| match wanted {
            Some(name) => Error::CameraNotFound {
                name: name.to_owned(),
            },
            None => Error::NoCamera,
        }))
    }

    /// What the camera sends.
    #[must_use]
    pub const fn format(&self) -> CameraFormat {
        self.format
    }

    fn start(node: &Node, request: &CameraRequest) -> Result<Self, NokhwaError> {
        let (mut camera, mut formats) = probe(node.index)?;
        rank(&mut formats, request);
        let mut refusal = None;
        for format in formats.into_iter().take(ATTEMPTS) {
            match begin(&mut camera, format) {
                Ok(()) => {
                    log::info!("{}: {}", node.name, format);
                    let name = Arc::from(&*node.name);
                    return Ok(Self {
                        name,
                        camera,
                        format,
                        opened: Instant::now(),
                        frames: 0,
                    });
                }
                Err(error) => {
                    log::debug!("{}: {} refused: {error}", node.name, format);
                    refusal.get_or_insert(error);
                }
            }
        }
        Err(refusal.unwrap_or_else(|| NokhwaError::GeneralError("it offers no format".to_owned())))
    }
}

impl FrameSource for CameraSource {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let lost = |reason: String| Error::CameraLost {
            name: self.name.to_string(),
            reason,
        };
        let mut reason = String::new();
        for _ in 0..BAD_FRAMES {
            let buffer = self
                .camera
                .frame_raw()
                .map_err(|error| lost(loss(&error)))?;
            let (captured, utc) = (Instant::now(), Timestamp::now());
            let source_frame = self.frames;
            self.frames += 1;
            let size = (self.format.width, self.format.height);
            match pixels::decode(self.format.pixels, size, &buffer) {
                Ok((picture, luma)) => {
                    return Ok(Some(Frame {
                        source: Arc::clone(&self.name),
                        source_frame,
                        time: captured - self.opened,
                        utc: Some(utc),
                        captured,
                        still: false,
                        luma,
                        picture,
                    }));
                }
                Err(error) => {
                    log::debug!("{}: frame {source_frame} {error}", self.name);
                    reason = error;
                }
            }
        }
        Err(lost(format!(
            "{BAD_FRAMES} frames in a row were damaged; the last {reason}"
        )))
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// A device file of the system; a webcam has two, one of them for metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    index: u32,
    /// As the user sees it: unique to the camera, shared by its nodes.
    name: String,
}

impl Node {
    fn is_meant_by(&self, wanted: &str) -> bool {
        let wanted = wanted.trim();
        let number = wanted.strip_prefix("/dev/video").unwrap_or(wanted);
        self.name.eq_ignore_ascii_case(wanted) || number.parse() == Ok(self.index)
    }
}

/// All nodes by their numbers.
fn nodes() -> Result<Vec<Node>> {
    let failed = |error: NokhwaError| Error::CameraFailed {
        name: "any".into(),
        reason: error.to_string(),
    };
    let mut found: Vec<(u32, String, String)> = nokhwa::query(ApiBackend::Auto)
        .map_err(failed)?
        .iter()
        .filter_map(|info| {
            let index = info.index().as_index().ok()?;
            Some((index, info.human_name(), port(index)))
        })
        .collect();
    found.sort();
    Ok(named(&found))
}

/// Gives each node (number, name, port) the name of its camera: where cameras at different ports
/// have the same name, with the port.
fn named(found: &[(u32, String, String)]) -> Vec<Node> {
    let alike = |name: &str, port: &str| {
        found
            .iter()
            .any(|(_, other, place)| other == name && place != port)
    };
    found
        .iter()
        .map(|(index, name, port)| {
            let name = if alike(name, port) {
                format!("{name} ({port})")
            } else {
                name.clone()
            };
            Node {
                index: *index,
                name,
            }
        })
        .collect()
}

/// Where a camera is plugged in, such as `1-2` for a USB port; its nodes share it.
fn port(index: u32) -> String {
    std::fs::canonicalize(format!("/sys/class/video4linux/video{index}/device"))
        .ok()
        .and_then(|device| {
            // A USB interface is called PORT:CONFIGURATION.INTERFACE.
            let interface = device.file_name()?.to_string_lossy().into_owned();
            Some(interface.split(':').next()?.to_owned())
        })
        .unwrap_or_else(|| format!("number {index}"))
}

/// Opens a node as it stands and asks what it offers.
fn probe(index: u32) -> Result<(Camera, Vec<CameraFormat>), NokhwaError> {
    let any = RequestedFormat::with_formats(RequestedFormatType::None, &READABLE);
    let mut camera = Camera::new(CameraIndex::Index(index), any)?;
    let mut formats: Vec<CameraFormat> = camera
        .compatible_camera_formats()?
        .into_iter()
        .filter_map(readable)
        .collect();
    formats.sort_unstable();
    formats.dedup();
    Ok((camera, formats))
}

fn readable(format: nokhwa::utils::CameraFormat) -> Option<CameraFormat> {
    let pixels = match format.format() {
        FrameFormat::MJPEG => PixelFormat::Mjpeg,
        FrameFormat::YUYV => PixelFormat::Yuyv,
        FrameFormat::NV12 => PixelFormat::Nv12,
        _ => return None,
    };
    let (width, height, fps) = (format.width(), format.height(), format.frame_rate());
    (width > 0 && height > 0 && fps > 0).then_some(CameraFormat {
        pixels,
        width,
        height,
        fps,
    })
}

/// Sets a format and starts the stream.
fn begin(camera: &mut Camera, format: CameraFormat) -> Result<(), NokhwaError> {
    let pixels = match format.pixels {
        PixelFormat::Mjpeg => FrameFormat::MJPEG,
        PixelFormat::Yuyv => FrameFormat::YUYV,
        PixelFormat::Nv12 => FrameFormat::NV12,
    };
    let exact =
        nokhwa::utils::CameraFormat::new_from(format.width, format.height, pixels, format.fps);
    let request = RequestedFormatType::Exact(exact);
    camera.set_camera_requset(RequestedFormat::with_formats(request, &[pixels]))?;
    camera.open_stream()
}

/// Whether a node failed because it is none for pictures: it lists no format, or none that can be
/// read.
fn is_no_camera(error: &NokhwaError) -> bool {
    let NokhwaError::GetPropertyError { property, error } = error else {
        return false;
    };
    property == "CameraFormat" || (property == "FrameFormat" && error != "unsupported")
}

/// The number in the system's words: `nokhwa` passes errors on as text.
fn system_error(error: &NokhwaError) -> Option<i32> {
    let text = error.to_string();
    let (_, rest) = text.rsplit_once("(os error ")?;
    rest.split(')').next()?.parse().ok()
}

const ENOENT: i32 = 2;
const ENXIO: i32 = 6;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const ENODEV: i32 = 19;

/// Why a camera did not open.
fn refused(name: &str, error: &NokhwaError) -> Error {
    let name = name.to_owned();
    match system_error(error) {
        Some(EBUSY) => Error::CameraBusy { name },
        Some(ENOENT | ENXIO | ENODEV) => Error::CameraNotFound { name },
        _ => Error::CameraFailed {
            name,
            reason: trouble(error),
        },
    }
}

/// Why a camera cannot be looked into.
fn trouble(error: &NokhwaError) -> String {
    match system_error(error) {
        Some(EBUSY) => "it is in use".to_owned(),
        Some(EACCES) => "permission denied; join the group 'video' \
            (sudo usermod -aG video $USER) and log in again"
            .to_owned(),
        _ => error.to_string(),
    }
}

/// Why a camera stopped.
fn loss(error: &NokhwaError) -> String {
    match system_error(error) {
        Some(ENODEV | ENXIO | ENOENT) => "it was unplugged".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
