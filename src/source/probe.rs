//! What a video file says of itself, through the program `ffprobe`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use super::video::{file_url, not_started};
use crate::error::{Error, Result};

/// What a video file says of itself. It may be wrong; only decoding tells for certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoInfo {
    /// Its length.
    pub duration: Option<Duration>,
    /// How many frames it holds, if it counts them.
    pub frames: Option<u64>,
    /// The usual time from one frame to the next.
    pub frame_distance: Duration,
}

/// From one frame of a cinema film to the next: where nothing is known of a rate.
pub const CINEMA: Duration = Duration::from_millis(40);

impl VideoInfo {
    /// How many frames to expect: counted by the file, or its length by its usual rate.
    #[must_use]
    pub fn expected_frames(&self) -> Option<u64> {
        self.frames.or_else(|| {
            let frames = self.duration?.div_duration_f64(self.frame_distance).round();
            Some(frames as u64)
        })
    }
}

/// Looks into a video without decoding it.
///
/// # Errors
/// [`Error::FfmpegMissing`] without `ffprobe`; [`Error::BadVideo`] if it is no video.
pub fn probe(path: &Path) -> Result<VideoInfo> {
    let bad = |reason: &str| Error::BadVideo {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let output = ffprobe()
        .args(["-print_format", "json"])
        .args(["-select_streams", "V:0", "-show_entries"])
        .arg("format=format_name,duration:stream=avg_frame_rate,r_frame_rate,nb_frames,duration")
        .arg("-i")
        .arg(file_url(path))
        .output()
        .map_err(|error| not_started("ffprobe", path, &error))?;
    if !output.status.success() {
        return Err(bad(&refusal(&String::from_utf8_lossy(&output.stderr))));
    }
    let answer: Answer = serde_json::from_slice(&output.stdout)
        .map_err(|error| bad(&format!("ffprobe's answer cannot be read: {error}")))?;
    answer.read().map_err(bad)
}

/// Whether a video has a sound track.
///
/// # Errors
/// [`Error::FfmpegMissing`] without `ffprobe`; [`Error::BadVideo`] if it cannot be started.
pub fn has_sound(path: &Path) -> Result<bool> {
    let output = ffprobe()
        .args(["-select_streams", "a", "-show_entries", "stream=index"])
        .args(["-of", "csv=p=0", "-i"])
        .arg(file_url(path))
        .output()
        .map_err(|error| not_started("ffprobe", path, &error))?;
    Ok(!output.stdout.trim_ascii().is_empty())
}

/// `ffprobe`, which reads files alone. Ctrl-C is for us alone, or a good video would look damaged.
fn ffprobe() -> Command {
    let mut command = Command::new("ffprobe");
    command
        .args(["-v", "error", "-protocol_whitelist", "file"])
        .stdin(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// ffprobe's last line says what is wrong, after the file's name.
fn refusal(words: &str) -> String {
    let line = words.lines().last().unwrap_or_default();
    let reason = line.rsplit(": ").next().unwrap_or_default().trim();
    if reason.is_empty() || reason.starts_with("Invalid data found") {
        return "it is no video, or it is damaged".to_owned();
    }
    reason.to_owned()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    streams: Vec<Stream>,
    format: Format,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stream {
    avg_frame_rate: String,
    r_frame_rate: String,
    nb_frames: Option<String>,
    duration: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Format {
    format_name: String,
    duration: Option<String>,
}

impl Answer {
    fn read(&self) -> Result<VideoInfo, &'static str> {
        // ffmpeg draws any text as if a terminal typed it.
        if self.format.format_name == "tty" {
            return Err("it is a text, not a video");
        }
        let Some(stream) = self.streams.first() else {
            return Err("there is no picture in it, only sound or data");
        };
        let seconds = |text: &Option<String>| {
            let seconds: f64 = text.as_deref()?.parse().ok()?;
            Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|duration| !duration.is_zero())
        };
        let distance = [&stream.avg_frame_rate, &stream.r_frame_rate]
            .into_iter()
            .find_map(|rate| frame_distance(rate))
            .unwrap_or(CINEMA);
        Ok(VideoInfo {
            duration: seconds(&stream.duration).or_else(|| seconds(&self.format.duration)),
            frames: stream
                .nb_frames
                .as_deref()
                .and_then(|frames| frames.parse().ok()),
            frame_distance: distance,
        })
    }
}

/// Reads a rate such as `30000/1001`.
fn frame_distance(rate: &str) -> Option<Duration> {
    let (frames, seconds) = rate.split_once('/')?;
    let (frames, seconds): (f64, f64) = (frames.parse().ok()?, seconds.parse().ok()?);
    Duration::try_from_secs_f64(seconds / frames)
        .ok()
        .filter(|distance| !distance.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<VideoInfo, &'static str> {
        serde_json::from_str::<Answer>(json).unwrap().read()
    }

    #[test]
    fn the_files_own_count_goes_before_its_length() {
        let counted = read(
            r#"{"streams": [{"r_frame_rate": "30/1", "avg_frame_rate": "30000/1001",
                "duration": "15.482149", "nb_frames": "464"}], "format": {"duration": "15.5"}}"#,
        );
        assert_eq!(counted.unwrap().expected_frames(), Some(464));
        let uncounted = read(
            r#"{"streams": [{"r_frame_rate": "25/1", "avg_frame_rate": "0/0"}],
                "format": {"duration": "4.000000"}}"#,
        );
        let uncounted = uncounted.unwrap();
        assert_eq!(uncounted.frame_distance, Duration::from_millis(40));
        assert_eq!(uncounted.expected_frames(), Some(100));
    }

    #[test]
    fn what_a_stream_does_not_tell_stays_open() {
        let info = read(r#"{"streams": [{"avg_frame_rate": "N/A"}], "format": {}}"#).unwrap();
        assert_eq!(
            (info.frames, info.duration, info.expected_frames()),
            (None, None, None)
        );
    }

    #[test]
    fn sound_and_texts_are_no_videos() {
        assert!(read(r#"{"programs": [], "streams": [], "format": {}}"#).is_err());
        assert!(read(r#"{"streams": [{}], "format": {"format_name": "tty"}}"#).is_err());
    }
}
