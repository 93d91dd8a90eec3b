//! Videos, through the programs `ffprobe` and `ffmpeg`.
//!
//! `ffmpeg` writes the pictures to its standard output and, through its filter `showinfo`, a line
//! with each picture's time and size to its standard error. So every frame keeps its own time stamp
//! at any frame rate, constant or not, and its own size, turned and changing ones included. Where nobody
//! wants colours, it writes the brightness alone, as the video has it.

mod decoder;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use image::RgbImage;

use self::decoder::{Decoded, Decoder, End, Look, Range};
use super::pictures::file_name;
use super::probe::{CINEMA, VideoInfo, probe};
use super::{FrameSource, pixels};
use crate::error::{Error, Result};
use crate::frame::Frame;

/// A video that misses more than this of its promised length has been cut; less is rounding.
const MISSING: Duration = Duration::from_secs(1);

/// The frames of a video file.
#[derive(Debug)]
pub struct VideoSource {
    path: PathBuf,
    name: Arc<str>,
    /// `None` once it has ended.
    decoder: Option<Decoder>,
    /// The first picture, until it is asked for.
    first: Option<Decoded>,
    /// What the file says of itself, from when somebody wants to know; `None` where it says nothing.
    info: OnceLock<Option<VideoInfo>>,
    frames: u64,
    time: Duration,
}

impl VideoSource {
    /// Decodes the first picture of a video.
    ///
    /// # Errors
    /// [`Error::FfmpegMissing`] without `ffmpeg`; [`Error::BadVideo`] if it is no video.
    pub fn open(path: &Path) -> Result<Self> {
        Self::start(path, Look::Colours)
    }

    /// As [`Self::open`], for who needs no colours: the pictures stay empty, and the brightness is the
    /// video's own.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub fn open_grey(path: &Path) -> Result<Self> {
        Self::start(path, Look::Brightness)
    }

    fn start(path: &Path, look: Look) -> Result<Self> {
        let bad = |reason: String| Error::BadVideo {
            path: path.to_owned(),
            reason,
        };
        let mut decoder = Decoder::start(path, look, None)?;
        let first = decoder.next().map_err(|error| bad(error.to_string()))?;
        let Some(first) = first else {
            // ffprobe says it more clearly.
            probe(path)?;
            let words = decoder.end().words();
            return Err(bad(
                words.unwrap_or_else(|| "there is no picture in it".to_owned())
            ));
        };
        if look == Look::Brightness && first.stamp.range.is_none() {
            drop(decoder);
            return Self::start(path, Look::Colours);
        }
        Ok(Self {
            name: Arc::from(file_name(path)),
            decoder: Some(decoder),
            path: path.to_owned(),
            info: OnceLock::new(),
            first: Some(first),
            frames: 0,
            time: Duration::ZERO,
        })
    }

    /// What the file says of itself.
    fn info(&self) -> Option<&VideoInfo> {
        let asked = || {
            probe(&self.path)
                .inspect_err(|error| log::info!("{error}"))
                .ok()
        };
        self.info.get_or_init(asked).as_ref()
    }

    /// What is wrong with a video that has been read to its end, if anything.
    fn fault(&self, end: &End) -> Option<String> {
        let words = end.words()?;
        // ffmpeg complains about many intact videos; only with frames missing it is an error.
        let Some(info) = end.success.then(|| self.info()).flatten() else {
            return Some(words);
        };
        let is_cut = info.frames.is_some_and(|frames| self.frames < frames)
            || (info.duration).is_some_and(|duration| self.time + MISSING < duration);
        is_cut.then(|| {
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
        let next = match self.first.take() {
            Some(first) => Some(first),
            None => decoder.next().map_err(|error| bad(error.to_string()))?,
        };
        let Some(next) = next else {
            let end = decoder.end();
            self.decoder = None;
            return self.fault(&end).map_or(Ok(None), |reason| Err(bad(reason)));
        };
        // A frame without a stamp comes at the usual distance; none goes back in time.
        let usual = || match self.frames {
            0 => Duration::ZERO,
            _ => self.info().map_or(CINEMA, |info| info.frame_distance),
        };
        self.time = (next.stamp.time)
            .unwrap_or_else(|| self.time + usual())
            .max(self.time);
        let source_frame = self.frames;
        self.frames += 1;
        let Decoded {
            stamp,
            mut luma,
            picture,
        } = next;
        if picture.is_empty() && stamp.range == Some(Range::Studio) {
            pixels::expand(&mut luma);
        }
        Ok(Some(Frame {
            source: Arc::clone(&self.name),
            source_frame,
            time: self.time,
            utc: None,
            captured: Instant::now(),
            still: false,
            luma,
            picture,
        }))
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn expected_frames(&self) -> Option<u64> {
        self.info()?.expected_frames()
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
    let mut decoder = Decoder::start(path, Look::Colours, Some(from))?;
    let found = decoder.next().map_err(|error| bad(error.to_string()))?;
    found.map(|found| found.picture).ok_or_else(|| {
        let words = decoder.end().first_error;
        bad(words.unwrap_or_else(|| format!("it has no picture at {:.1} s", time.as_secs_f32())))
    })
}

/// Whether a file carries the extension of a video; only opening it tells for certain.
#[must_use]
pub fn is_video_name(path: &Path) -> bool {
    const EXTENSIONS: [&str; 21] = [
        "3gp", "asf", "avi", "flv", "m2ts", "m4v", "mjpeg", "mjpg", "mkv", "mov", "mp4", "mpeg",
        "mpg", "mts", "mxf", "ogv", "ts", "vob", "webm", "wmv", "y4m",
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
