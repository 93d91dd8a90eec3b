//! Videos, through the programs `ffprobe` and `ffmpeg`.
//!
//! `ffmpeg` writes the pictures to its standard output and, through its filter `showinfo`, a line
//! with each picture's time and size to its standard error. So every frame keeps its own time stamp
//! at any frame rate, constant or not, and its own size, turned and changing ones included.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use image::RgbImage;

use super::FrameSource;
use super::pictures::file_name;
use super::probe::{VideoInfo, probe};
use crate::error::{Error, Result};
use crate::frame::{self, Frame};

/// Stamps that may wait for their pictures. `ffmpeg` runs a handful of frames ahead, and as far as
/// its output fits into a pipe.
const STAMPS: usize = 256;

/// A video that misses more than this of its promised length has been cut; less is rounding.
const MISSING: Duration = Duration::from_secs(1);

/// The frames of a video file.
#[derive(Debug)]
pub struct VideoSource {
    path: PathBuf,
    name: Arc<str>,
    info: VideoInfo,
    /// `None` once it has ended.
    decoder: Option<Decoder>,
    frames: u64,
    time: Duration,
}

impl VideoSource {
    /// Looks into a video and starts to decode it.
    ///
    /// # Errors
    /// [`Error::FfmpegMissing`] without `ffmpeg`; [`Error::BadVideo`] if it is no video.
    pub fn open(path: &Path) -> Result<Self> {
        let info = probe(path)?;
        Ok(Self {
            name: Arc::from(file_name(path)),
            decoder: Some(Decoder::start(path, None)?),
            path: path.to_owned(),
            info,
            frames: 0,
            time: Duration::ZERO,
        })
    }

    /// What the file says of itself.
    #[must_use]
    pub const fn info(&self) -> &VideoInfo {
        &self.info
    }

    /// What is wrong with a video that has been read to its end, if anything.
    fn fault(&self, end: &End) -> Option<String> {
        let words = end.first_error.clone();
        if !end.success {
            return Some(words.unwrap_or_else(|| "ffmpeg gave up without a word".to_owned()));
        }
        if self.frames == 0 {
            return Some(words.unwrap_or_else(|| "there is no picture in it".to_owned()));
        }
        // Many a sound video makes ffmpeg grumble; only with frames missing it is an error.
        let cut = self.info.frames.is_some_and(|frames| self.frames < frames)
            || self
                .info
                .duration
                .is_some_and(|duration| self.time + MISSING < duration);
        words.filter(|_| cut).map(|words| {
            format!(
                "it breaks off after {} frames, at {:.1} s ({words})",
                self.frames,
                self.time.as_secs_f32()
            )
        })
    }
}

impl FrameSource for VideoSource {
    fn next_frame(&mut self) -> Result<Option<Frame>> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(None);
        };
        let bad = |reason: String| Error::BadVideo {
            path: self.path.clone(),
            reason,
        };
        let Some((stamp, picture)) = decoder.next().map_err(|error| bad(error.to_string()))? else {
            let end = decoder.end();
            self.decoder = None;
            return self.fault(&end).map_or(Ok(None), |reason| Err(bad(reason)));
        };
        // A frame without a stamp comes at the usual distance; none goes back in time.
        let usual = if self.frames == 0 {
            Duration::ZERO
        } else {
            self.info.frame_distance
        };
        self.time = stamp.time.unwrap_or(self.time + usual).max(self.time);
        let source_frame = self.frames;
        self.frames += 1;
        Ok(Some(Frame {
            source: Arc::clone(&self.name),
            source_frame,
            time: self.time,
            utc: None,
            captured: Instant::now(),
            still: false,
            luma: frame::luma(&picture),
            picture,
        }))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn expected_frames(&self) -> Option<u64> {
        self.info.expected_frames()
    }
}

/// The picture whose time stamp, in whole milliseconds, is `time`; or the next one.
///
/// # Errors
/// [`Error::FfmpegMissing`] without `ffmpeg`; [`Error::BadVideo`] if there is no picture there.
pub fn picture_at(path: &Path, time: Duration) -> Result<RgbImage> {
    // Half a millisecond early: a stamp may be rounded, and no picture lasts so short.
    let from = time.saturating_sub(Duration::from_micros(500));
    let bad = |reason: String| Error::BadVideo {
        path: path.to_owned(),
        reason,
    };
    let mut decoder = Decoder::start(path, Some(from))?;
    let found = decoder.next().map_err(|error| bad(error.to_string()))?;
    found.map(|(_, picture)| picture).ok_or_else(|| {
        let words = decoder.end().first_error;
        bad(words.unwrap_or_else(|| format!("it has no picture at {:.1} s", time.as_secs_f32())))
    })
}

/// A frame's line in the words of `ffmpeg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    /// From the start of the video.
    time: Option<Duration>,
    /// Width and height in pixels.
    size: (u32, u32),
}

/// How `ffmpeg` ended.
#[derive(Debug, Default)]
struct End {
    success: bool,
    first_error: Option<String>,
}

/// A running `ffmpeg`; dropping it ends the program.
#[derive(Debug)]
struct Decoder {
    program: Child,
    pictures: ChildStdout,
    stamps: Receiver<Stamp>,
    /// Reads what `ffmpeg` says, so that it never waits for us to listen; gives its first error.
    listener: Option<JoinHandle<Option<String>>>,
}

impl Decoder {
    /// Decodes all, or one picture at a time.
    fn start(path: &Path, only_at: Option<Duration>) -> Result<Self> {
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
            // A playlist may name other files, but nothing outside this machine.
            .args(["-protocol_whitelist", "file", "-i"])
            .arg(file_url(path))
            // V, not v: the cover of a song is no video.
            .args(["-map", "0:V:0", "-fps_mode", "passthrough"])
            .args(["-vf", "settb=expr=1/1000000,showinfo=checksum=0"])
            .args(["-pix_fmt", "rgb24", "-f", "rawvideo"])
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
        let (sender, stamps) = sync_channel(STAMPS);
        let listener = thread::Builder::new()
            .name("ffmpeg's words".to_owned())
            .spawn(move || listen(words, &sender));
        let mut decoder = Self {
            program,
            pictures,
            stamps,
            listener: None,
        };
        decoder.listener = Some(listener.map_err(Error::Thread)?);
        Ok(decoder)
    }

    /// The next picture, or `None` at the end, also when the last picture is cut short.
    fn next(&mut self) -> io::Result<Option<(Stamp, RgbImage)>> {
        let Ok(stamp) = self.stamps.recv() else {
            return Ok(None);
        };
        let (width, height) = stamp.size;
        let mut pixels = vec![0; width as usize * height as usize * 3];
        match self.pictures.read_exact(&mut pixels) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        Ok(RgbImage::from_vec(width, height, pixels).map(|picture| (stamp, picture)))
    }

    /// Waits for the program to end by itself.
    fn end(&mut self) -> End {
        let success = self.program.wait().is_ok_and(|status| status.success());
        let first_error = self
            .listener
            .take()
            .and_then(|listener| listener.join().ok())
            .flatten();
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

/// Passes stamps on and keeps the first error, until `ffmpeg` closes its standard error.
fn listen(words: ChildStderr, stamps: &SyncSender<Stamp>) -> Option<String> {
    let mut words = BufReader::new(words);
    let mut line = Vec::new();
    let mut first_error = None;
    while words
        .read_until(b'\n', &mut line)
        .is_ok_and(|bytes| bytes > 0)
    {
        let text = String::from_utf8_lossy(&line);
        if let Some(stamp) = stamp_in(&text) {
            // Nobody waits for stamps once the source is closed.
            let _closed = stamps.send(stamp);
        } else if first_error.is_none() {
            first_error = error_in(&text);
        }
        line.clear();
    }
    first_error
}

/// Reads `[Parsed_showinfo_1 @ 0x55] [info] n:   1 pts:  33367 pts_time:… s:596x336 …`.
fn stamp_in(line: &str) -> Option<Stamp> {
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
    })
}

/// Reads `[mov,mp4 @ 0x55] [error] stream 0, offset 0x3: partial file`: what follows the level.
fn error_in(line: &str) -> Option<String> {
    let (_, words) = ["[error] ", "[fatal] ", "[panic] "]
        .into_iter()
        .find_map(|level| line.split_once(level))?;
    let words = words.trim();
    (!words.is_empty()).then(|| words.to_owned())
}

/// Whether a file carries the extension of a video; only opening it tells for certain.
#[must_use]
pub fn is_video_name(path: &Path) -> bool {
    const EXTENSIONS: [&str; 20] = [
        "3gp", "asf", "avi", "flv", "m2ts", "m4v", "mjpeg", "mkv", "mov", "mp4", "mpeg", "mpg",
        "mts", "mxf", "ogv", "ts", "vob", "webm", "wmv", "y4m",
    ];
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|one| {
        EXTENSIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(one))
    })
}

/// A file's name as `ffmpeg` takes it literally, whatever characters it holds.
pub(crate) fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

/// Why one of ffmpeg's programs could not be started.
pub(super) fn not_started(program: &'static str, path: &Path, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::NotFound {
        return Error::FfmpegMissing(program);
    }
    let reason = format!("the program '{program}' cannot be started: {error}");
    Error::BadVideo {
        path: path.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests;
