//! A video that grows frame by frame, each at its own time, through the program `ffmpeg`.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use image::{RgbImage, imageops};

use super::matroska;
use crate::error::{Error, Result};
use crate::source::probe;
use crate::source::video::file_url;

/// The film's clock: 60,000 ticks a second are whole numbers of ticks for every usual frame rate,
/// and the finest that MPEG-4 knows, near enough.
const TICKS: &str = "60000";
const TICK: Duration = Duration::from_nanos(1_000_000_000 / 60_000 + 1);

/// A video on its way to a file: first its pictures, beside the file; at the end the source's sound
/// is put to them.
#[derive(Debug)]
pub(super) struct Film {
    path: PathBuf,
    /// The pictures alone, until the end.
    part: PathBuf,
    source: PathBuf,
    encoder: Encoder,
    size: (u32, u32),
    /// Times of the first and the last frame in their source.
    first: Duration,
    last: Option<Duration>,
    /// From one frame to the next, usually.
    distance: Duration,
}

impl Film {
    /// Begins a film that will lie at `path`, of frames of the video `source`: of this size, the
    /// first at the time `first`, one of every so many.
    ///
    /// # Errors
    /// [`Error::FfmpegMissing`]; [`Error::Film`] when it does not start.
    pub(super) fn create(
        path: PathBuf,
        source: &Path,
        size: (u32, u32),
        first: Duration,
        every: u64,
    ) -> Result<Self> {
        let part = path.with_extension("part.mp4");
        let every = u32::try_from(every).unwrap_or(u32::MAX);
        let distance = probe::probe(source)?.frame_distance.saturating_mul(every);
        let encoder = Encoder::start(&part, size)
            .and_then(|mut encoder| {
                encoder
                    .write(|pipe| io::Write::write_all(pipe, &matroska::header(size, distance)))?;
                Ok(encoder)
            })
            .map_err(|failure| failure.at(&path))?;
        Ok(Self {
            path,
            part,
            source: source.to_owned(),
            encoder,
            size,
            first,
            last: None,
            distance,
        })
    }

    /// Adds a frame, shown at this time of its source.
    ///
    /// # Errors
    /// [`Error::Film`] when `ffmpeg` has ended, with its own words.
    pub(super) fn write(&mut self, picture: &RgbImage, time: Duration) -> Result<()> {
        // No two frames at once: a player could show neither.
        let time = self.last.map_or(time, |last| time.max(last + TICK));
        self.last = Some(time);
        let fitted;
        let picture = if picture.dimensions() == self.size {
            picture
        } else {
            fitted = fit(picture, self.size);
            &fitted
        };
        let shown = time.saturating_sub(self.first);
        self.encoder
            .write(|pipe| matroska::write(pipe, picture, shown))
            .map_err(|failure| failure.at(&self.path))
    }

    /// Ends the film: puts the source's sound to it, as far as there are pictures, and moves it to
    /// its place.
    ///
    /// # Errors
    /// [`Error::Film`].
    pub(super) fn finish(mut self) -> Result<()> {
        self.encoder
            .end()
            .map_err(|failure| failure.at(&self.path))?;
        let sound = probe::has_sound(&self.source)?;
        if sound || !self.first.is_zero() {
            self.put_together(sound)
        } else {
            fs::rename(&self.part, &self.path).map_err(|error| Failure::from(error).at(&self.path))
        }
    }

    /// Copies the pictures into one file with the sound: as it is, as AAC if it fits no MP4, and not
    /// at all if it cannot be read.
    fn put_together(&self, has_sound: bool) -> Result<()> {
        let copied = if has_sound {
            self.copy(Some("copy"))
                .or_else(|_| self.copy(Some("aac")))
                .or_else(|failure| {
                    log::warn!("'{}' gets no sound: {failure:?}", self.path.display());
                    self.copy(None)
                })
        } else {
            self.copy(None)
        };
        copied.map_err(|failure| failure.at(&self.path))
    }

    fn copy(&self, sound: Option<&str>) -> Result<(), Failure> {
        let whole = self.path.with_extension("whole.mp4");
        let seconds = |time: Duration| format!("{:.6}", time.as_secs_f64());
        let mut command = ffmpeg();
        command
            .args(["-itsoffset", &seconds(self.first), "-i"])
            .arg(file_url(&self.part));
        if sound.is_some() {
            command
                .args(["-protocol_whitelist", "file", "-vn", "-i"])
                .arg(file_url(&self.source));
        }
        command.args(["-map", "0:v", "-c:v", "copy", "-map_chapters", "-1"]);
        if let Some(codec) = sound {
            // Without its tags: a title or a recorder's name may tell who is hidden in the picture.
            command.args(["-map", "1:a:0", "-c:a", codec]);
            command.args(["-map_metadata", "-1", "-map_metadata:s:a", "-1"]);
        }
        let end = self.last.unwrap_or_default() + self.distance;
        command
            .args(["-t", &seconds(end), "-video_track_timescale", TICKS])
            .args(["-f", "mp4"])
            .arg(file_url(&whole))
            .stdin(Stdio::null());
        let output = command.output()?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::Said(words.lines().next().and_then(said)));
        }
        Ok(fs::rename(whole, &self.path)?)
    }
}

impl Drop for Film {
    /// Removes the files of an unfinished film.
    fn drop(&mut self) {
        self.encoder.give_up();
        for left_over in [&self.part, &self.path.with_extension("whole.mp4")] {
            match fs::remove_file(left_over) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    log::warn!("'{}' is left over: {error}", left_over.display());
                }
                _ => {}
            }
        }
    }
}

/// Why a film cannot go on.
#[derive(Debug)]
enum Failure {
    /// The system's reason.
    System(io::Error),
    /// What `ffmpeg` said before it ended, if anything.
    Said(Option<String>),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl Failure {
    fn at(self, path: &Path) -> Error {
        let reason = match self {
            Self::System(error) if error.kind() == io::ErrorKind::NotFound => {
                return Error::FfmpegMissing("ffmpeg");
            }
            Self::System(error) => error.to_string(),
            Self::Said(words) => {
                words.unwrap_or_else(|| "ffmpeg gave up without a word".to_owned())
            }
        };
        Error::Film {
            path: path.to_owned(),
            reason,
        }
    }
}

/// A running `ffmpeg` that takes pictures.
#[derive(Debug)]
struct Encoder {
    program: Child,
    /// `None` once it has all of them.
    pictures: Option<ChildStdin>,
    /// Reads what `ffmpeg` says, so that it never waits for us to listen; gives its first line.
    listener: Option<JoinHandle<Option<String>>>,
}

impl Encoder {
    fn start(path: &Path, size: (u32, u32)) -> Result<Self, Failure> {
        let mut command = ffmpeg();
        command
            .args(["-f", "matroska", "-i", "pipe:0", "-map", "0:v"])
            .args(["-fps_mode", "passthrough", "-enc_time_base"])
            .arg(format!("1:{TICKS}"))
            .args(["-vf", &filters(size)])
            .args(codec()?)
            // Without frames that wait for later ones, the file's length is right at any frame rate.
            .args(["-bf", "0"])
            .args(["-colorspace", "bt709", "-color_primaries", "bt709"])
            .args(["-color_trc", "bt709", "-color_range", "tv"])
            .args(["-video_track_timescale", TICKS, "-f", "mp4"])
            .arg(file_url(path))
            .stdin(Stdio::piped())
            .stderr(Stdio::piped());
        let mut program = command.spawn()?;
        let (pictures, words) = (program.stdin.take(), program.stderr.take());
        let mut encoder = Self {
            program,
            pictures,
            listener: None,
        };
        if let Some(words) = words {
            let listener = thread::Builder::new()
                .name("ffmpeg's words".to_owned())
                .spawn(move || listen(words));
            encoder.listener = Some(listener?);
        }
        Ok(encoder)
    }

    /// Hands something to the program; if it takes no more, says why.
    fn write(
        &mut self,
        give: impl FnOnce(&mut ChildStdin) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let Some(pipe) = &mut self.pictures else {
            return Err(Failure::Said(None));
        };
        if give(pipe).is_err() {
            return Err(Failure::Said(self.last_words().1));
        }
        Ok(())
    }

    /// Waits until everything is in the file.
    fn end(&mut self) -> Result<(), Failure> {
        match self.last_words() {
            (true, _) => Ok(()),
            (false, words) => Err(Failure::Said(words)),
        }
    }

    /// Closes the pipe and waits for the program's end: whether it went well, and what it said.
    fn last_words(&mut self) -> (bool, Option<String>) {
        self.pictures = None;
        let well = self.program.wait().is_ok_and(|status| status.success());
        let listener = self.listener.take();
        (
            well,
            listener.and_then(|listener| listener.join().ok()).flatten(),
        )
    }

    /// Ends the program if it still runs.
    fn give_up(&mut self) {
        if matches!(self.program.try_wait(), Ok(None)) && self.program.kill().is_ok() {
            self.last_words();
        }
    }
}

/// `ffmpeg`, quiet and without questions. Ctrl-C is for us alone: we end it ourselves, after what it
/// was given is written.
fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args([
        "-hide_banner",
        "-nostats",
        "-nostdin",
        "-loglevel",
        "error",
        "-y",
    ]);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdout(Stdio::null());
    command
}

/// H.264 where this `ffmpeg` can write it, else MPEG-4, which every one can.
fn codec() -> io::Result<&'static [&'static str]> {
    let known = ffmpeg()
        .arg("-encoders")
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .output()?;
    let known = String::from_utf8_lossy(&known.stdout);
    if known.split_whitespace().any(|name| name == "libx264") {
        return Ok(&["-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]);
    }
    log::info!("this ffmpeg cannot write H.264; the annotated video is MPEG-4");
    Ok(&["-c:v", "mpeg4", "-q:v", "3"])
}

/// The colours of video; an odd side gets one more line, as the codecs want even ones.
fn filters((width, height): (u32, u32)) -> String {
    let (right, bottom) = (width % 2, height % 2);
    let mut filters = String::new();
    if right + bottom > 0 {
        let (width, height) = (width + right, height + bottom);
        filters =
            format!("pad={width}:{height},fillborders=right={right}:bottom={bottom}:mode=smear,");
    }
    filters + "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
}

/// A frame whose size has changed on the way, as large as it fits into the others.
fn fit(picture: &RgbImage, (width, height): (u32, u32)) -> RgbImage {
    let share = |side: u32, own: u32| f64::from(side) / f64::from(own);
    let scale = share(width, picture.width()).min(share(height, picture.height()));
    let scaled = |own: u32, most: u32| ((f64::from(own) * scale) as u32).clamp(1, most);
    let size = (
        scaled(picture.width(), width),
        scaled(picture.height(), height),
    );
    let filter = imageops::FilterType::Triangle;
    let smaller = imageops::resize(picture, size.0, size.1, filter);
    let mut whole = RgbImage::new(width, height);
    let middle = |most: u32, side: u32| i64::from((most - side) / 2);
    let (left, top) = (middle(width, size.0), middle(height, size.1));
    imageops::replace(&mut whole, &smaller, left, top);
    whole
}

/// Reads all that is said and keeps the first line: the cause of the others.
fn listen(words: ChildStderr) -> Option<String> {
    let mut words = BufReader::new(words);
    let mut line = Vec::new();
    let mut first = None;
    while words
        .read_until(b'\n', &mut line)
        .is_ok_and(|bytes| bytes > 0)
    {
        first = first.or_else(|| said(&String::from_utf8_lossy(&line)));
        line.clear();
    }
    first
}

/// Reads `[mp4 @ 0x55] No space left on device`: what follows the speaker.
fn said(line: &str) -> Option<String> {
    let words = line.trim();
    let words = if words.starts_with('[') {
        words.split_once("] ").map_or(words, |(_, words)| words)
    } else {
        words
    };
    (!words.is_empty()).then(|| words.to_owned())
}

#[cfg(test)]
mod tests;
