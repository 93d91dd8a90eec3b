//! Where frames come from: a camera, a video, pictures, or the built-in demo.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, ImageDecoder, ImageError, ImageFormat, RgbImage};

use crate::error::{Error, Result};
use crate::frame::Frame;

pub mod camera;
pub mod demo;
pub mod formats;
pub mod pictures;
pub mod pixels;
pub mod probe;
pub mod video;

use camera::CameraSource;
use demo::Demo;
use pictures::Pictures;
use video::VideoSource;

/// Gives one frame after another. Plain and blocking; the pipeline puts it on a thread.
pub trait FrameSource {
    /// The next frame, or `None` when there are no more.
    ///
    /// # Errors
    /// When a frame cannot be had. A bad frame of a camera is skipped, not an error; after an error
    /// the source is of no more use, except for a folder, which goes on with the next picture.
    fn next_frame(&mut self) -> Result<Option<Frame>>;

    /// The camera's or file's name, as the log writes it.
    fn name(&self) -> &str;

    /// Whether it goes on without a seam when it is asked for more after its end.
    fn is_round(&self) -> bool {
        false
    }

    /// How many frames to expect from its start to its end, if it can tell. Files may be wrong about it, and to ask a video
    /// takes as long as some fifty of its frames.
    fn expected_frames(&self) -> Option<u64> {
        None
    }
}

/// What the user asked to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceSpec {
    /// A camera by name or index; `None` is the first there is.
    Camera(Option<String>),
    /// A video file.
    Video(PathBuf),
    /// A single picture.
    Picture(PathBuf),
    /// A folder of pictures, in the order of their names.
    Folder(PathBuf),
    /// The built-in face of nobody.
    Demo,
}

impl SourceSpec {
    /// Reads what a user typed: `camera`, `camera:NAME-or-INDEX`, `demo`, a file, a folder, or a
    /// camera's device file. A file or folder called `demo` is reached as `./demo`.
    ///
    /// # Errors
    /// [`Error::SourceNotFound`] if it is none of these.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "camera" => return Ok(Self::Camera(None)),
            "demo" => return Ok(Self::Demo),
            _ => {}
        }
        if let Some(name) = text.strip_prefix("camera:") {
            if name.trim().is_empty() {
                return Err(Error::CameraNotFound {
                    name: name.to_owned(),
                });
            }
            return Ok(Self::Camera(Some(name.to_owned())));
        }
        Self::of_path(Path::new(text))
    }

    /// What a file or folder is: a picture by its first bytes or its extension, else a video.
    ///
    /// # Errors
    /// [`Error::SourceNotFound`] if it is not there, [`Error::File`] if it cannot be opened.
    pub fn of_path(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::SourceNotFound(path.display().to_string()));
        }
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        if camera::is_device(path) {
            return Ok(Self::Camera(Some(path.display().to_string())));
        }
        let unreadable = |source| Error::File {
            path: path.to_owned(),
            source,
        };
        if !path.is_file() {
            let reason = "it is neither a file nor a folder";
            return Err(unreadable(io::Error::other(reason)));
        }
        let begins_as = begins_as(path).map_err(unreadable)?;
        // Motion JPEG begins as a picture, and so does a GIF that moves.
        let is_video = match begins_as {
            Some(ImageFormat::Gif) => is_animated(path),
            Some(_) => video::is_video_name(path),
            None => !pictures::is_picture_name(path),
        };
        Ok(if is_video {
            Self::Video(path.to_owned())
        } else {
            Self::Picture(path.to_owned())
        })
    }

    /// The kind of source, one word, as the log writes it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Camera(_) => "camera",
            Self::Video(_) => "video",
            Self::Picture(_) => "picture",
            Self::Folder(_) => "folder",
            Self::Demo => "demo",
        }
    }

    /// Whether it is a camera: live, may go and come back.
    #[must_use]
    pub const fn is_camera(&self) -> bool {
        matches!(self, Self::Camera(_))
    }
}

impl fmt::Display for SourceSpec {
    /// As a user types it; [`SourceSpec::parse`] reads it back.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Camera(None) => formatter.pad("camera"),
            Self::Camera(Some(name)) => formatter.pad(&format!("camera:{name}")),
            Self::Video(path) | Self::Picture(path) | Self::Folder(path) => {
                formatter.pad(&path.display().to_string())
            }
            Self::Demo => formatter.pad("demo"),
        }
    }
}

/// What to ask a camera for; `None` leaves the choice to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CameraRequest {
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// Frames a second.
    pub fps: Option<u32>,
}

/// Opens a source; `request` matters to cameras only.
///
/// # Errors
/// When it is not there, cannot be read, or the program that reads it is missing.
pub fn open(spec: &SourceSpec, request: &CameraRequest) -> Result<Box<dyn FrameSource>> {
    Ok(match spec {
        SourceSpec::Camera(name) => Box::new(CameraSource::open(name.as_deref(), request)?),
        SourceSpec::Video(path) => Box::new(VideoSource::open(path)?),
        SourceSpec::Picture(path) => Box::new(Pictures::single(path)),
        SourceSpec::Folder(path) => Box::new(Pictures::folder(path)?),
        SourceSpec::Demo => Box::new(Demo::new()?),
    })
}

/// Opens a file for who needs no colours: as [`open`], but the frames of a video have no picture.
///
/// # Errors
/// Those of [`open`].
pub fn open_grey(spec: &SourceSpec) -> Result<Box<dyn FrameSource>> {
    match spec {
        SourceSpec::Video(path) => Ok(Box::new(VideoSource::open_grey(path)?)),
        _ => open(spec, &CameraRequest::default()),
    }
}

/// The picture that a file shows at a time: what was analysed there. A picture shows the same at any.
///
/// # Errors
/// When the file cannot be read or has no picture there, or the source is no file.
pub fn picture_at(spec: &SourceSpec, time: Duration) -> Result<RgbImage> {
    match spec {
        SourceSpec::Video(path) => video::picture_at(path, time),
        SourceSpec::Picture(path) => pictures::read(path),
        SourceSpec::Camera(_) | SourceSpec::Folder(_) | SourceSpec::Demo => {
            Err(Error::SourceNotFound(spec.to_string()))
        }
    }
}

/// As which kind of picture that Mien can read a file begins.
fn begins_as(path: &Path) -> io::Result<Option<ImageFormat>> {
    // Longer than any signature that `image` knows.
    let mut start = Vec::with_capacity(64);
    File::open(path)?.take(64).read_to_end(&mut start)?;
    let format = image::guess_format(&start).ok();
    Ok(format.filter(ImageFormat::reading_enabled))
}

/// Whether a GIF holds more than one picture. A damaged one is a picture, and reading it says so.
fn is_animated(path: &Path) -> bool {
    let file = File::open(path).map_err(ImageError::IoError);
    let decoder = file.and_then(|file| GifDecoder::new(BufReader::new(file)));
    decoder.is_ok_and(|mut decoder| {
        let limits = decoder.set_limits(pictures::limits());
        limits.is_ok() && decoder.into_frames().take(2).filter_map(Result::ok).count() == 2
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::gif::GifEncoder;
    use std::fs;

    #[test]
    fn words_name_cameras_and_the_demo() {
        let camera = |name: Option<&str>| SourceSpec::Camera(name.map(str::to_owned));
        assert_eq!(SourceSpec::parse("camera").unwrap(), camera(None));
        assert_eq!(SourceSpec::parse("camera:2").unwrap(), camera(Some("2")));
        assert_eq!(
            SourceSpec::parse("camera:HD: Cam").unwrap(),
            camera(Some("HD: Cam"))
        );
        assert_eq!(SourceSpec::parse("demo").unwrap(), SourceSpec::Demo);
        assert!(matches!(
            SourceSpec::parse("camera:"),
            Err(Error::CameraNotFound { .. })
        ));
    }

    #[test]
    fn what_is_not_there_is_said() {
        let error = SourceSpec::parse("no/such/clip.mp4").unwrap_err();
        assert!(matches!(&error, Error::SourceNotFound(name) if name == "no/such/clip.mp4"));
    }

    #[test]
    fn a_file_is_a_picture_by_its_content_or_its_name_else_a_video() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        image::RgbImage::new(2, 2).save(file("a.png")).unwrap();
        fs::copy(file("a.png"), file("no-extension")).unwrap();
        fs::write(file("broken.JPG"), "not a picture").unwrap();
        fs::write(file("clip.mp4"), "whatever").unwrap();
        fs::write(file("empty"), "").unwrap();
        for name in ["a.png", "no-extension", "broken.JPG"] {
            assert_eq!(
                SourceSpec::of_path(&file(name)).unwrap(),
                SourceSpec::Picture(file(name))
            );
        }
        for name in ["clip.mp4", "empty"] {
            assert_eq!(
                SourceSpec::of_path(&file(name)).unwrap(),
                SourceSpec::Video(file(name))
            );
        }
        let spec = SourceSpec::of_path(folder.path()).unwrap();
        assert_eq!((spec.kind(), spec.is_camera()), ("folder", false));
    }

    #[test]
    fn what_moves_is_a_video_though_it_begins_as_a_picture() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let picture = image::RgbImage::new(2, 2);
        picture.save(file("a.jpg")).unwrap();
        fs::rename(file("a.jpg"), file("clip.mjpeg")).unwrap();
        for (name, frames) in [("still.gif", 1), ("moves.gif", 3)] {
            let mut encoder = GifEncoder::new(File::create(file(name)).unwrap());
            for _ in 0..frames {
                let frame = image::DynamicImage::from(picture.clone()).into_rgba8();
                encoder.encode_frame(image::Frame::new(frame)).unwrap();
            }
        }
        fs::write(file("damaged.gif"), b"GIF89a").unwrap();
        let found = |name: &str| SourceSpec::of_path(&file(name)).unwrap();
        for name in ["clip.mjpeg", "moves.gif"] {
            assert_eq!(found(name), SourceSpec::Video(file(name)));
        }
        for name in ["still.gif", "damaged.gif"] {
            assert_eq!(found(name), SourceSpec::Picture(file(name)));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn below_dev_a_file_is_a_file_a_folder_a_folder_and_only_a_camera_a_camera() {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let clip = folder.path().join("clip.mp4");
        fs::write(&clip, "whatever").unwrap();
        let found = |path: &Path| SourceSpec::parse(&path.display().to_string());
        assert_eq!(found(&clip).unwrap(), SourceSpec::Video(clip));
        let pictures = folder.path().to_owned();
        assert_eq!(found(&pictures).unwrap(), SourceSpec::Folder(pictures));
        let error = found(Path::new("/dev/null")).unwrap_err().to_string();
        assert!(error.contains("neither a file nor a folder"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("clip.mp4");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let error = SourceSpec::of_path(&pipe).unwrap_err().to_string();
        assert!(error.contains("neither a file nor a folder"), "{error}");
    }

    #[test]
    fn what_is_printed_reads_back() {
        for text in ["camera", "camera:HD Webcam", "demo", "src"] {
            assert_eq!(SourceSpec::parse(text).unwrap().to_string(), text);
        }
    }
}
