//! Where frames come from: a camera, a video, pictures, or the built-in demo.

use std::path::PathBuf;

use crate::error::Result;
use crate::frame::Frame;

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

/// What to ask a camera for; `None` leaves the choice to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CameraRequest {
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// Frames a second.
    pub fps: Option<u32>,
}
