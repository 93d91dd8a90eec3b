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
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::RgbImage;

use self::decoder::{Decoded, Decoder, End, Look};
use super::pictures::file_name;
use super::probe::{Range, VideoInfo, probe};
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
    info: VideoInfo,
    look: Look,
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

    fn start(path: &Path, mut look: Look) -> Result<Self> {
        // ffmpeg begins to work while ffprobe looks.
        let mut decoder = Decoder::start(path, look, None);
        let info = probe(path)?;
        if look == Look::Brightness && info.range.is_none() {
            look = Look::Colours;
            drop(decoder);
            decoder = Decoder::start(path, look, None);
        }
        Ok(Self {
            name: Arc::from(file_name(path)),
            decoder: Some(decoder?),
            path: path.to_owned(),
            info,
            look,
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
        let Some(next) = decoder.next().map_err(|error| bad(error.to_string()))? else {
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
        self.time = (next.stamp.time)
            .unwrap_or(self.time + usual)
            .max(self.time);
        let source_frame = self.frames;
        self.frames += 1;
        let Decoded {
            mut luma, picture, ..
        } = next;
        if picture.is_empty() && self.info.range == Some(Range::Studio) {
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
        self.info.expected_frames()
    }

    fn expected_bytes(&self) -> Option<usize> {
        let bytes = match self.look {
            Look::Brightness => 1,
            Look::Colours => 4,
        };
        Some(self.info.pixels.saturating_mul(bytes))
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
