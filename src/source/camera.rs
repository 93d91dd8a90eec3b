//! Webcams.
//!
//! A camera is opened, read and dropped on the calling thread. Reading ends by itself when the camera sends
//! nothing; a driver may hang all the same, so whoever calls keeps an eye on the clock.

#[cfg_attr(target_os = "linux", path = "camera/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "camera/elsewhere.rs")]
mod device;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use self::device::Device;
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

/// A device by the name that the user sees: unique to the camera, shared by its devices.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    index: u32,
    name: String,
    /// As the driver names it; cameras that are alike share it.
    plain: String,
    port: String,
}

impl Node {
    fn is_meant_by(&self, wanted: &str) -> bool {
        let number = wanted.strip_prefix(DEVICE).unwrap_or(wanted);
        self.name.eq_ignore_ascii_case(wanted) || number.parse() == Ok(self.index)
    }

    /// Its name as long as another camera like it is there.
    fn name_with_port(&self) -> String {
        format!("{} ({})", self.plain, self.port)
    }
}

/// Where the system has its cameras' devices, before their numbers.
const DEVICE: &str = "/dev/video";

/// Whether a path is that of a camera's device: one of the system's, or a link to it such as those in
/// `/dev/v4l/by-id`.
pub(super) fn is_device(path: &Path) -> bool {
    let device = fs::canonicalize(path).unwrap_or_default();
    device
        .to_str()
        .is_some_and(|device| device.starts_with(DEVICE))
}

/// The device that a link leads to; any other name as it is. At every opening anew: it may have got
/// another number.
fn device_of(wanted: &str) -> String {
    let wanted = wanted.trim();
    let path = Path::new(wanted);
    let target = path.has_root().then(|| fs::canonicalize(path).ok());
    target
        .flatten()
        .map_or_else(|| wanted.to_owned(), |device| device.display().to_string())
}

/// The nodes that are meant, under the names that they go on by. A camera that was chosen by its name with
/// the port keeps that while it is the only one of its kind, and one that was chosen without keeps that
/// when another comes: it is the one at the port where it was last opened.
fn meant(nodes: Vec<Node>, wanted: &str, last_port: impl Fn(&str) -> Option<String>) -> Vec<Node> {
    let is_meant = |node: &Node| node.is_meant_by(wanted);
    let (exact, mut others): (Vec<Node>, Vec<Node>) = nodes.into_iter().partition(is_meant);
    if !exact.is_empty() {
        return exact;
    }
    for node in &mut others {
        let name = node.name_with_port();
        if name.eq_ignore_ascii_case(wanted) {
            node.name = name;
        } else if last_port(&node.plain).is_some_and(|port| port == node.port) {
            node.name.clone_from(&node.plain);
        }
    }
    let (named, mut alike): (Vec<Node>, Vec<Node>) = others.into_iter().partition(is_meant);
    if !named.is_empty() {
        return named;
    }
    // None of them was opened before: the first that opens, and its name says which it is.
    alike
        .retain(|node| node.plain.eq_ignore_ascii_case(wanted) && last_port(&node.plain).is_none());
    alike
}

/// Where a camera of each name was last opened; the driver's names. Whoever looks for a camera again knows
/// no more than its name.
static LAST_PORTS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

fn last_port(plain: &str) -> Option<String> {
    let ports = LAST_PORTS.lock().unwrap_or_else(PoisonError::into_inner);
    ports.get(plain).cloned()
}

fn remember_port(node: &Node) {
    let mut ports = LAST_PORTS.lock().unwrap_or_else(PoisonError::into_inner);
    let before = ports.insert(node.plain.clone(), node.port.clone());
    if let Some(before) = before.filter(|before| node.name == node.plain && *before != node.port) {
        let Node { name, port, .. } = node;
        log::warn!("'{name}' is at {port} now, and was at {before}: the same camera, or its like");
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

/// Gives each node the name of its camera: where cameras at different ports have the same name, with the
/// port.
fn named(found: &[Found]) -> Vec<Node> {
    let alike = |node: &Found| {
        found
            .iter()
            .any(|other| other.name == node.name && other.port != node.port)
    };
    found
        .iter()
        .map(|node| Node {
            index: node.index,
            name: if alike(node) {
                format!("{} ({})", node.name, node.port)
            } else {
                node.name.clone()
            },
            plain: node.name.clone(),
            port: node.port.clone(),
        })
        .collect()
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
