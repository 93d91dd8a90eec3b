//! Cameras as Linux has them, the only door to `v4l`.
//!
//! Waiting for a frame has an end, so a thread that reads a stalled camera comes back and releases it: only
//! then can it be opened anew.

use std::fs;
use std::io;
use std::path::Path;
use std::process;
use std::time::Duration;

use v4l::buffer::{Flags, Metadata, Type};
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::{FrameSizeEnum, Stepwise};
use v4l::io::traits::CaptureStream;
use v4l::prelude::MmapStream;
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Format, FourCC, Fraction};

use super::{Fault, Found};
use crate::crash;
use crate::error::Error;
use crate::source::formats::{CameraFormat, Rate};
use crate::source::pixels::PixelFormat;

const NODES: &str = "/sys/class/video4linux";

/// The driver fills one while another is read; more would only be older.
const BUFFERS: u32 = 4;

/// Tried where a camera names a range of sizes instead of a list.
const SIZES: [(u32, u32); 6] = [
    (320, 240),
    (640, 360),
    (640, 480),
    (800, 600),
    (1280, 720),
    (1920, 1080),
];

/// Tried where a camera names a range of rates instead of a list.
const RATES: [u32; 5] = [10, 15, 25, 30, 60];

/// Taken where a camera says nothing of its rate: that of most.
const USUAL_RATE: u32 = 30;

/// All video devices of the system.
pub(super) fn nodes() -> Result<Vec<Found>, Fault> {
    let entries = match fs::read_dir(NODES) {
        Ok(entries) => entries,
        // The kernel has never seen a camera.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let found = entries.flatten().filter_map(|entry| {
        let file_name = entry.file_name();
        let index: u32 = file_name.to_str()?.strip_prefix("video")?.parse().ok()?;
        let name = fs::read_to_string(entry.path().join("name")).ok()?;
        Some(Found {
            index,
            name: name.trim().to_owned(),
            port: port(&entry.path()).unwrap_or_else(|| format!("number {index}")),
        })
    });
    Ok(found.collect())
}

/// Where a camera is plugged in, such as `1-2` for a USB port; its nodes share it.
fn port(node: &Path) -> Option<String> {
    let device = fs::canonicalize(node.join("device")).ok()?;
    // A USB interface is called PORT:CONFIGURATION.INTERFACE.
    let interface = device.file_name()?.to_string_lossy().into_owned();
    Some(interface.split(':').next()?.to_owned())
}

/// An open device; sends once it is started.
pub(super) struct Device {
    node: v4l::Device,
    stream: Option<MmapStream<'static>>,
    stride: usize,
}

impl Device {
    /// Opens a node as it stands.
    pub(super) fn open(index: u32) -> Result<Self, Fault> {
        Ok(Self {
            node: v4l::Device::new(index as usize)?,
            stream: None,
            stride: 0,
        })
    }

    /// What it offers of that which Mien can read.
    pub(super) fn formats(&self) -> Result<Vec<CameraFormat>, Fault> {
        let offered = self.node.enum_formats()?;
        if offered.is_empty() {
            // For metadata, or the other end of a loopback.
            return Err(Fault::NoCamera);
        }
        let mut formats: Vec<CameraFormat> = offered
            .iter()
            .filter_map(|format| pixels(format.fourcc))
            .flat_map(|pixels| self.formats_of(pixels))
            .collect();
        formats.sort_unstable();
        formats.dedup();
        if formats.is_empty() {
            let names: Vec<String> = offered.iter().map(|one| one.fourcc.to_string()).collect();
            return Err(Fault::Unreadable(names.join(", ")));
        }
        Ok(formats)
    }

    fn formats_of(&self, pixels: PixelFormat) -> Vec<CameraFormat> {
        let fourcc = fourcc(pixels);
        let sizes = self.node.enum_framesizes(fourcc).unwrap_or_default();
        let mut sizes: Vec<(u32, u32)> = sizes
            .into_iter()
            .flat_map(|size| match size.size {
                FrameSizeEnum::Discrete(size) => vec![(size.width, size.height)],
                FrameSizeEnum::Stepwise(range) => sizes_in(&range),
            })
            .collect();
        if sizes.is_empty()
            && let Ok(now) = self.node.format()
            && now.fourcc == fourcc
        {
            sizes.push((now.width, now.height));
        }
        let mut formats = Vec::new();
        for (width, height) in sizes {
            let rates = self.rates(fourcc, width, height);
            formats.extend(rates.into_iter().map(|rate| CameraFormat {
                pixels,
                width,
                height,
                fps: rate,
            }));
        }
        formats
    }

    fn rates(&self, fourcc: FourCC, width: u32, height: u32) -> Vec<Rate> {
        let intervals = self.node.enum_frameintervals(fourcc, width, height);
        let rates: Vec<Rate> = intervals
            .unwrap_or_default()
            .into_iter()
            .flat_map(|interval| match interval.interval {
                FrameIntervalEnum::Discrete(interval) => Vec::from_iter(rate(interval)),
                FrameIntervalEnum::Stepwise(range) => rates_in(range.min, range.max),
            })
            .collect();
        if rates.is_empty() {
            let now = self.node.params().ok();
            return Vec::from_iter(only_rate(now.map(|now| now.interval)));
        }
        rates
    }

    /// Sets a format and makes ready to send; what the camera made of it.
    pub(super) fn start(&mut self, wanted: CameraFormat) -> Result<CameraFormat, Fault> {
        let fourcc = fourcc(wanted.pixels);
        let format = Format::new(wanted.width, wanted.height, fourcc);
        let set = self.node.set_format(&format)?;
        if set.fourcc != fourcc {
            let answer = format!("it answered {wanted} with {}", set.fourcc);
            return Err(Fault::Other(answer));
        }
        let interval = Fraction::new(wanted.fps.seconds(), wanted.fps.frames());
        let fps = match self.node.set_params(&Parameters::new(interval)) {
            Ok(params) => rate(params.interval).unwrap_or(wanted.fps),
            Err(error) if error.raw_os_error() == Some(EBUSY) => return Err(error.into()),
            // A camera with one rate only need not let it be set.
            Err(error) => {
                log::debug!("the rate {} cannot be set: {error}", wanted.fps);
                wanted.fps
            }
        };
        let stream = MmapStream::with_buffers(&self.node, Type::VideoCapture, BUFFERS)?;
        self.stream = Some(stream);
        self.stride = set.stride as usize;
        Ok(CameraFormat {
            width: set.width,
            height: set.height,
            fps,
            ..wanted
        })
    }

    /// From where a line of a frame begins to where the next does, in bytes.
    pub(super) const fn stride(&self) -> usize {
        self.stride
    }

    /// Hands the next frame's bytes to `take`; none of a damaged one. After a fault it is of no more use.
    pub(super) fn next<T>(
        &mut self,
        patience: Duration,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, Fault> {
        let stream = self.stream.as_mut().ok_or(Fault::Away)?;
        stream.set_timeout(patience);
        let (buffer, meta) = stream.next()?;
        Ok(take(filled(buffer, meta)))
    }
}

impl Drop for Device {
    /// The stream panics when the driver refuses to stop it; that is no reason not to look for the
    /// camera again.
    fn drop(&mut self) {
        let_go(self.stream.take());
    }
}

fn let_go<T>(stream: T) {
    let dropped = crash::caught(|| {
        drop(stream);
        Ok::<(), Error>(())
    });
    if let Err(error) = dropped {
        log::warn!("a camera did not stop: {error}");
    }
}

/// What the driver has put into a buffer: nothing that it answers for, where it says that the frame is
/// damaged. Behind it, and where it has put nothing, lies what is left of an older frame.
fn filled<'b>(buffer: &'b [u8], meta: &Metadata) -> &'b [u8] {
    if meta.flags.contains(Flags::ERROR) {
        return &[];
    }
    buffer.get(..meta.bytesused as usize).unwrap_or(buffer)
}

/// The program that has a device open, if this one may know: its name and number.
pub(super) fn holder(index: u32) -> Option<String> {
    let device = Path::new("/dev").join(format!("video{index}"));
    let holds = |process: &Path| {
        let files = fs::read_dir(process.join("fd")).ok()?;
        files
            .flatten()
            .any(|file| fs::read_link(file.path()).is_ok_and(|target| target == device))
            .then_some(())
    };
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        if number == process::id() {
            return None;
        }
        holds(&entry.path())?;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        Some(format!("{} (process {number})", name.trim()))
    })
}

fn pixels(fourcc: FourCC) -> Option<PixelFormat> {
    match &fourcc.repr {
        b"MJPG" => Some(PixelFormat::Mjpeg),
        b"YUYV" => Some(PixelFormat::Yuyv),
        b"NV12" => Some(PixelFormat::Nv12),
        _ => None,
    }
}

fn fourcc(pixels: PixelFormat) -> FourCC {
    FourCC::new(match pixels {
        PixelFormat::Mjpeg => b"MJPG",
        PixelFormat::Yuyv => b"YUYV",
        PixelFormat::Nv12 => b"NV12",
    })
}

fn rate(interval: Fraction) -> Option<Rate> {
    Rate::new(interval.denominator, interval.numerator)
}

/// The rate of a camera that lists none: what it is set to, if it says so, else the usual one, which it
/// need not let be set.
fn only_rate(now: Option<Fraction>) -> Option<Rate> {
    now.and_then(rate).or_else(|| Rate::new(USUAL_RATE, 1))
}

fn sizes_in(range: &Stepwise) -> Vec<(u32, u32)> {
    let fits = |value: u32, least: u32, most: u32, step: u32| {
        (least..=most).contains(&value) && (value - least).is_multiple_of(step.max(1))
    };
    let mut sizes: Vec<(u32, u32)> = SIZES
        .into_iter()
        .filter(|&(width, height)| {
            fits(width, range.min_width, range.max_width, range.step_width)
                && fits(
                    height,
                    range.min_height,
                    range.max_height,
                    range.step_height,
                )
        })
        .collect();
    if sizes.is_empty() {
        sizes.push((range.max_width, range.max_height));
    }
    sizes
}

/// The usual rates between two intervals, the ends included.
fn rates_in(shortest: Fraction, longest: Fraction) -> Vec<Rate> {
    let (fastest, slowest) = (rate(shortest), rate(longest));
    let usual = RATES
        .iter()
        .filter_map(|frames| Rate::new(*frames, 1))
        .filter(|rate| fastest.is_none_or(|most| *rate <= most))
        .filter(|rate| slowest.is_none_or(|least| *rate >= least));
    usual.chain(fastest).collect()
}

const ENOENT: i32 = 2;
const ENXIO: i32 = 6;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const ENODEV: i32 = 19;

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(ENOENT | ENXIO | ENODEV) => Self::Away,
            Some(EBUSY) => Self::Busy,
            Some(EACCES) => Self::Denied,
            _ if error.kind() == io::ErrorKind::TimedOut => Self::Silent,
            _ => Self::Other(error.to_string()),
        }
    }
}

#[cfg(test)]
#[path = "linux/tests.rs"]
mod tests;
