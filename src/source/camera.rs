//! Webcams.
//!
//! A camera is opened, read and dropped on the calling thread. Reading ends by itself when the camera sends
//! nothing; a driver may hang all the same, so whoever calls keeps an eye on the clock.

#[cfg_attr(target_os = "linux", path = "camera/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "camera/elsewhere.rs")]
mod device;
mod node;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use self::device::Device;
pub(super) use self::node::is_device;
use self::node::{Node, device_of, last_port, meant, named, remember_port};
use super::formats::{CameraFormat, rank};
use super::pixels;
use super::{CameraRequest, FrameSource};
use crate::error::{Error, Result};
use crate::frame::Frame;

/// So many damaged frames in a row are a broken camera, not a bad start: one second at 30 a second.
const BAD_FRAMES: u32 = 30;

/// Tried one after another when a driver refuses what it offered.
const ATTEMPTS: usize = 4;

/// How long the first frame may take; USB webcams need up to three seconds to expose in the dark.
const FIRST_FRAME: Duration = Duration::from_secs(5);

/// A camera that has sent nothing for so long has stalled. Cameras in the dark may go down to one frame a
/// second; users are to hear within three.
pub const STALL: Duration = Duration::from_millis(2500);

/// Why a device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    /// It is no camera but its metadata.
    NoCamera,
    /// It offers only these formats, and none that can be read.
    Unreadable(String),
    /// It is not there, or not any more.
    Away,
    /// Another program holds it.
    Busy,
    /// The user may not use it.
    Denied,
    /// It is there and sends nothing.
    Silent,
    /// Anything else, in the system's words.
    Other(String),
}

/// A device that the system lists; a webcam has two, one of them for metadata.
struct Found {
    index: u32,
    /// As the driver names it.
    name: String,
    /// Where it is plugged in; a camera's devices share it.
    port: String,
}

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
        let (formats, trouble) = match Device::open(node.index).and_then(|device| device.formats())
        {
            Ok(formats) => (formats, None),
            Err(Fault::NoCamera) => continue,
            // All nodes of a camera refuse alike; one of them stands for it.
            Err(_) if cameras.iter().any(|camera| camera.name == node.name) => continue,
            Err(fault) => (Vec::new(), Some(trouble(&fault, node.index))),
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
    device: Device,
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
        let nodes = match wanted {
            Some(wanted) => meant(nodes()?, &device_of(wanted), last_port),
            None => nodes()?,
        };
        for node in nodes {
            match Self::start(&node, request) {
                Ok(source) => {
                    remember_port(&node);
                    return Ok(source);
                }
                Err(Fault::NoCamera) => {}
                Err(fault) => {
                    refusal.get_or_insert_with(|| refused(&node, &fault));
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

    fn start(node: &Node, request: &CameraRequest) -> Result<Self, Fault> {
        let mut device = Device::open(node.index)?;
        let mut formats = device.formats()?;
        rank(&mut formats, request);
        let mut refusal = Fault::NoCamera;
        for wanted in formats.into_iter().take(ATTEMPTS) {
            match device.start(wanted) {
                Ok(format) => {
                    log::info!("{} at {}: {}", node.name, node.port, format);
                    return Ok(Self {
                        name: Arc::from(&*node.name),
                        device,
                        format,
                        opened: Instant::now(),
                        frames: 0,
                    });
                }
                Err(fault) => {
                    log::debug!("{}: {} refused: {fault:?}", node.name, wanted);
                    if refusal == Fault::NoCamera {
                        refusal = fault;
                    }
                }
            }
        }
        Err(refusal)
    }
}

impl FrameSource for CameraSource {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let mut reason = String::new();
        for _ in 0..BAD_FRAMES {
            let patience = if self.frames == 0 { FIRST_FRAME } else { STALL };
            let (format, stride) = (self.format, self.device.stride());
            let read = self.device.next(patience, |bytes| {
                let (captured, utc) = (Instant::now(), Timestamp::now());
                let size = (format.width, format.height);
                (
                    captured,
                    utc,
                    pixels::decode(format.pixels, size, stride, bytes),
                )
            });
            let (captured, utc, decoded) = read.map_err(|fault| lost(&self.name, &fault))?;
            let source_frame = self.frames;
            self.frames += 1;
            match decoded {
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
        Err(Error::CameraLost {
            name: self.name.to_string(),
            reason: format!("{BAD_FRAMES} frames in a row were damaged; the last {reason}"),
        })
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// All nodes by their numbers.
fn nodes() -> Result<Vec<Node>> {
    let mut found = device::nodes().map_err(|fault| Error::CameraFailed {
        name: "any".into(),
        reason: trouble(&fault, 0),
    })?;
    found.sort_by_key(|node| node.index);
    Ok(named(&found))
}

/// Why a camera did not open.
fn refused(node: &Node, fault: &Fault) -> Error {
    let name = node.name.clone();
    match fault {
        Fault::Busy => Error::CameraBusy {
            name,
            by: device::holder(node.index).unwrap_or_else(|| "another program".to_owned()),
        },
        Fault::Away => Error::CameraNotFound { name },
        _ => Error::CameraFailed {
            name,
            reason: trouble(fault, node.index),
        },
    }
}

/// Why a camera cannot be looked into.
fn trouble(fault: &Fault, index: u32) -> String {
    match fault {
        Fault::NoCamera => "it is no camera".to_owned(),
        Fault::Unreadable(formats) => {
            format!("it offers only {formats}; Mien reads MJPEG, YUYV and NV12")
        }
        Fault::Away => "it is not there any more".to_owned(),
        Fault::Busy => match device::holder(index) {
            Some(program) => format!("it is in use by {program}"),
            None => "it is in use".to_owned(),
        },
        Fault::Denied => "permission denied; join the group 'video' \
            (sudo usermod -aG video $USER) and log in again"
            .to_owned(),
        Fault::Silent => "it sends no pictures".to_owned(),
        Fault::Other(words) => words.clone(),
    }
}

/// Why a camera stopped.
fn lost(name: &str, fault: &Fault) -> Error {
    let name = name.to_owned();
    match fault {
        Fault::Silent => Error::CameraSilent { name },
        Fault::Away => Error::CameraLost {
            name,
            reason: "it was unplugged".to_owned(),
        },
        _ => Error::CameraLost {
            name,
            reason: trouble(fault, 0),
        },
    }
}

#[cfg(test)]
mod tests;
