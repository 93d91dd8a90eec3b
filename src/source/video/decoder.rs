//! A running `ffmpeg` and what it says.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use image::{GrayImage, RgbImage};

use super::{file_url, not_started};
use crate::error::{Error, Result};
use crate::frame;

/// Stamps that may wait for their pictures. `ffmpeg` runs a handful of frames ahead, and as far as
/// its output fits into a pipe.
const STAMPS: usize = 256;

/// Pictures that are read ahead, so that `ffmpeg` and we work at once.
const AHEAD: usize = 4;

/// What fits into the pipe, in bytes: several pictures of the usual sizes, so that `ffmpeg` need not wait
/// in the middle of each until we have read so far.
#[cfg(target_os = "linux")]
const PIPE: usize = 1 << 20;

/// Pixels of the largest video, 16384 by 8192: a small file can claim pictures that no memory holds.
const MOST_PIXELS: &str = "134217728";

/// A frame's line in the words of `ffmpeg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// From the start of the video.
    pub(super) time: Option<Duration>,
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    /// What the video's Y plane holds; `None` where it has none.
    pub(super) range: Option<Range>,
}

/// Which bytes stand for black and white in a Y plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    /// 16 and 235.
    Studio,
    /// 0 and 255.
    Full,
}

impl Range {
    /// Of a pixel format, as far as that tells; `None` where it has no Y plane.
    fn of(format: &str) -> Option<Self> {
        if format.starts_with("yuvj") || format.starts_with("gray") {
            return Some(Self::Full);
        }
        let has_brightness = ["yuv4", "nv12", "nv16", "nv21"]
            .iter()
            .any(|known| format.starts_with(known));
        has_brightness.then_some(Self::Studio)
    }
}

/// What of a video is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Pictures and their brightness.
    Colours,
    /// The brightness alone, in the video's own range.
    Brightness,
}

impl Look {
    /// What makes `ffmpeg` write just that; `showinfo` says what was there.
    const fn filters(self) -> &'static str {
        match self {
            Self::Colours => "settb=expr=1/1000000,showinfo=checksum=0",
            // What is in another format than these is brought into the nearest of them first.
            Self::Brightness => {
                "settb=expr=1/1000000,showinfo=checksum=0,\
                 format=gray|yuv420p|yuvj420p|yuv422p|yuvj422p|yuv444p|yuvj444p,extractplanes=y"
            }
        }
    }

    const fn pixels(self) -> &'static str {
        match self {
            Self::Colours => "rgb24",
            Self::Brightness => "gray",
        }
    }
}

/// A frame as it comes from `ffmpeg`.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) stamp: Stamp,
    pub(super) luma: GrayImage,
    /// Empty where nobody wants colours.
    pub(super) picture: RgbImage,
}

/// How `ffmpeg` ended.
#[derive(Debug, Default)]
pub(super) struct End {
    pub(super) success: bool,
    pub(super) first_error: Option<String>,
}

impl End {
    /// What it complained of, or that it failed in silence.
    pub(super) fn words(&self) -> Option<String> {
        let silent = || (!self.success).then(|| "ffmpeg gave up without a word".to_owned());
        self.first_error.clone().or_else(silent)
    }
}

/// A running `ffmpeg`; dropping it ends the program.
#[derive(Debug)]
pub(super) struct Decoder {
    pub(super) program: Child,
    /// `None` when nobody waits for pictures any more.
    pictures: Option<Receiver<io::Result<Decoded>>>,
    /// Reads what `ffmpeg` says, so that it never waits for us to listen; gives its first error.
    listener: Option<JoinHandle<Option<String>>>,
    /// Reads the pictures ahead.
    reader: Option<JoinHandle<()>>,
}

impl Decoder {
    /// Decodes all, or one picture at a time.
    pub(super) fn start(path: &Path, look: Look, only_at: Option<Duration>) -> Result<Self> {
        let mut command = Command::new("ffmpeg");
        command.args([
            "-hide_banner",
            "-nostats",
            "-nostdin",
            "-loglevel",
            "level+info",
        ]);
        if let Some(time) = only_at {
            command.args(["-ss", &format!("{:.6}", time.as_secs_f64())]);
        }
        command
            .args(["-max_pixels", MOST_PIXELS])
            // A playlist may name other files, but nothing outside this machine.
            .args(["-protocol_whitelist", "file", "-i"])
            .arg(file_url(path))
            // V, not v: the cover of a song is no video.
            .args(["-map", "0:V:0", "-fps_mode", "passthrough"])
            .args(["-vf", look.filters()])
            .args(["-pix_fmt", look.pixels(), "-f", "rawvideo"])
            .args(only_at.map_or(&[][..], |_| &["-frames:v", "1"]))
            .arg("pipe:1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Ctrl-C is for us alone: we end ffmpeg ourselves, after what it has delivered is written.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut program = command
            .spawn()
            .map_err(|error| not_started("ffmpeg", path, &error))?;
        let (Some(pictures), Some(words)) = (program.stdout.take(), program.stderr.take()) else {
            unreachable!("both were asked for above");
        };
        // Where the system allows no more, its usual 64 KiB do.
        #[cfg(target_os = "linux")]
        let _refused = rustix::pipe::fcntl_setpipe_size(&pictures, PIPE);
        let mut decoder = Self {
            program,
            pictures: None,
            listener: None,
            reader: None,
        };
        let (sender, stamps) = sync_channel(STAMPS);
        let listener = thread::Builder::new()
            .name("ffmpeg's words".to_owned())
            .spawn(move || listen(words, &sender));
        decoder.listener = Some(listener.map_err(Error::Thread)?);
        let (sender, receiver) = sync_channel(AHEAD);
        let reader = thread::Builder::new()
            .name("ffmpeg's frames".to_owned())
            .spawn(move || read(pictures, &stamps, look, &sender));
        decoder.pictures = Some(receiver);
        decoder.reader = Some(reader.map_err(Error::Thread)?);
        Ok(decoder)
    }

    /// The next picture, or `None` at the end, also when the last picture is cut short.
    pub(super) fn next(&mut self) -> io::Result<Option<Decoded>> {
        let next = self.pictures.as_ref().map(Receiver::recv);
        next.and_then(Result::ok).transpose()
    }

    /// Waits for the program to end by itself.
    pub(super) fn end(&mut self) -> End {
        // Wakes the reading thread if it waits for room.
        self.pictures = None;
        let success = self.program.wait().is_ok_and(|status| status.success());
        let first_error = self
            .listener
            .take()
            .and_then(|listener| listener.join().ok())
            .flatten();
        if let Some(Err(_)) = self.reader.take().map(JoinHandle::join) {
            log::error!("the reader of ffmpeg's frames panicked");
        }
        End {
            success,
            first_error,
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // Fails only for a program that has already ended.
        if self.program.kill().is_ok() {
            self.end();
        }
    }
}

/// Reads one picture for each stamp, until there are no more, the last is cut short, or nobody listens.
fn read(
    mut pipe: ChildStdout,
    stamps: &Receiver<Stamp>,
    look: Look,
    pictures: &SyncSender<io::Result<Decoded>>,
) {
    while let Ok(stamp) = stamps.recv() {
        let decoded = match read_one(&mut pipe, stamp, look) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return,
            decoded => decoded,
        };
        let failed = decoded.is_err();
        if pictures.send(decoded).is_err() || failed {
            return;
        }
    }
}

fn read_one(pipe: &mut ChildStdout, stamp: Stamp, look: Look) -> io::Result<Decoded> {
    let (width, height) = stamp.size;
    let area = width as usize * height as usize;
    let mut pixels = |channels: usize| {
        let mut pixels = frame::memory(area * channels);
        pipe.read_exact(&mut pixels).map(|()| pixels)
    };
    let (luma, picture) = match look {
        Look::Brightness => (
            GrayImage::from_vec(width, height, pixels(1)?),
            Some(RgbImage::default()),
        ),
        Look::Colours => {
            let picture = RgbImage::from_vec(width, height, pixels(3)?);
            (picture.as_ref().map(frame::luma), picture)
        }
    };
    let (Some(luma), Some(picture)) = (luma, picture) else {
        unreachable!("as many bytes as the size asks for");
    };
    Ok(Decoded {
        stamp,
        luma,
        picture,
    })
}

/// Passes stamps on and keeps the first error, until `ffmpeg` closes its standard error or takes a text for a
/// video: it would draw any as if a terminal typed it.
fn listen(words: ChildStderr, stamps: &SyncSender<Stamp>) -> Option<String> {
    let mut words = BufReader::new(words);
    let mut line = Vec::new();
    let mut first_error = None;
    let mut last: Option<Stamp> = None;
    // Nobody waits for stamps once the source is closed.
    let pass_on = |stamp: Option<Stamp>| stamp.map(|stamp| stamps.send(stamp));
    while words
        .read_until(b'\n', &mut line)
        .is_ok_and(|bytes| bytes > 0)
    {
        let text = String::from_utf8_lossy(&line);
        if let Some(stamp) = stamp_in(&text) {
            pass_on(last.replace(stamp));
        } else if let Some(is_full) = is_full_range(&text) {
            // Of the frame in the line before.
            let stamp = last.take().map(|stamp| Stamp {
                range: stamp
                    .range
                    .map(|usual| if is_full { Range::Full } else { usual }),
                ..stamp
            });
            pass_on(stamp);
        } else if text.starts_with("[info] Input #0, tty,") {
            return None;
        } else if first_error.is_none() {
            first_error = error_in(&text);
        }
        line.clear();
    }
    pass_on(last);
    first_error
}

/// Reads `[Parsed_showinfo_1 @ 0x55] [info] n:   1 pts:  33367 pts_time:… fmt:yuv420p … s:596x336 …`.
pub(super) fn stamp_in(line: &str) -> Option<Stamp> {
    let (filter, facts) = line.split_once(" [info] n:")?;
    if !filter.starts_with("[Parsed_showinfo") {
        return None;
    }
    let after = |key: &str| facts.split_once(key)?.1.split_whitespace().next();
    let (width, height) = after(" s:")?.split_once('x')?;
    // In millionths of a second, as the filter `settb` says; NOPTS where the file does not tell.
    let micros: Option<i64> = after(" pts:").and_then(|stamp| stamp.parse().ok());
    let time = micros.map(|micros| Duration::from_micros(micros.max(0).unsigned_abs()));
    Some(Stamp {
        time,
        size: (width.parse().ok()?, height.parse().ok()?),
        range: after(" fmt:").and_then(Range::of),
    })
}

/// Reads `[Parsed_showinfo_1 @ 0x55] [info] color_range:tv color_space:…`: whether that is the full one (`pc`).
pub(super) fn is_full_range(line: &str) -> Option<bool> {
    let (filter, facts) = line.split_once(" [info] color_range:")?;
    (filter.starts_with("[Parsed_showinfo")).then(|| facts.starts_with("pc"))
}

/// Reads `[mov,mp4 @ 0x55] [error] stream 0, offset 0x3: partial file`: what follows the level.
pub(super) fn error_in(line: &str) -> Option<String> {
    let (_, words) = ["[error] ", "[fatal] ", "[panic] "]
        .into_iter()
        .find_map(|level| line.split_once(level))?;
    let words = words.trim();
    (!words.is_empty()).then(|| words.to_owned())
}
