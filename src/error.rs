//! What can go wrong: each variant is one sentence that says what happened, to which thing, and
//! what to do next.

use std::io;
use std::path::PathBuf;

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong in the library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A label outside the eight.
    #[error(
        "the label '{0}' is not an expression that Mien knows; use angry, disgust, fear, happy, sad, surprise, neutral or contempt"
    )]
    UnknownLabel(String),

    /// No camera at all.
    #[error(
        "no camera was found; plug one in, or name a video, a picture, a folder or 'demo' instead"
    )]
    NoCamera,
    /// A camera of that name or index is not there.
    #[error("the camera '{name}' was not found; `mien cameras` lists what is connected")]
    CameraNotFound {
        /// As the user named it.
        name: String,
    },
    /// Another program holds the camera.
    #[error("the camera '{name}' is in use by {by}; close it and try again")]
    CameraBusy {
        /// The camera's name.
        name: String,
        /// Which program; `another program` when the system does not tell.
        by: String,
    },
    /// The camera is open but sends nothing.
    #[error("the camera '{name}' sends no pictures; if that lasts, plug it in again")]
    CameraSilent {
        /// The camera's name.
        name: String,
    },
    /// The camera was unplugged or failed while open.
    #[error("the camera '{name}' stopped: {reason}")]
    CameraLost {
        /// The camera's name.
        name: String,
        /// The driver's words.
        reason: String,
    },
    /// The camera could not be opened or set up.
    #[error("the camera '{name}' could not be opened: {reason}")]
    CameraFailed {
        /// The camera's name.
        name: String,
        /// The driver's words.
        reason: String,
    },

    /// A source that is no file, folder, camera or `demo`.
    #[error(
        "'{0}' is no file or folder here; give a video, a picture, a folder of pictures, camera, camera:NAME or demo"
    )]
    SourceNotFound(String),
    /// A picture that cannot be read.
    #[error("the picture '{}' cannot be read: {reason}", path.display())]
    BadPicture {
        /// The file.
        path: PathBuf,
        /// The decoder's words.
        reason: String,
    },
    /// A folder without a picture in it.
    #[error("the folder '{}' holds no picture that Mien can read (png, jpg, webp, bmp, gif, tiff)", .0.display())]
    NoPictures(PathBuf),
    /// A video that cannot be read, or not to its end.
    #[error("the video '{}' cannot be read: {reason}", path.display())]
    BadVideo {
        /// The file.
        path: PathBuf,
        /// ffmpeg's words.
        reason: String,
    },
    /// The `ffmpeg` or `ffprobe` program is missing.
    #[error(
        "videos need the program '{0}', which is not installed; on Debian: sudo apt-get install ffmpeg"
    )]
    FfmpegMissing(&'static str),

    /// ONNX Runtime is nowhere.
    #[error(
        "ONNX Runtime was not found (looked in {searched}); run `make setup` in the project, or set ORT_DYLIB_PATH to a libonnxruntime"
    )]
    RuntimeMissing {
        /// The places, joined by commas.
        searched: String,
    },
    /// ONNX Runtime is there but does not load.
    #[error(
        "ONNX Runtime at '{}' does not load: {reason}; run `make setup` in the project, or set ORT_DYLIB_PATH to another libonnxruntime", path.display()
    )]
    RuntimeBroken {
        /// The library.
        path: PathBuf,
        /// The loader's words.
        reason: String,
    },
    /// CUDA was asked for and cannot be had.
    #[error("CUDA was asked for but cannot be used: {reason}; choose --provider auto or cpu")]
    CudaUnavailable {
        /// ONNX Runtime's words.
        reason: String,
    },

    /// A model name that is not in the catalogue.
    #[error("there is no model '{name}'; known are {known}, or give the path of an .onnx file")]
    UnknownModel {
        /// As the user named it.
        name: String,
        /// The names that exist, joined by commas.
        known: String,
    },
    /// A model file that cannot be used.
    #[error("the model '{model}' cannot be used: {reason}")]
    BadModel {
        /// Its name or path.
        model: String,
        /// What is wrong and how to mend it.
        reason: String,
    },
    /// A model that cannot be copied to where the others are.
    #[error("the model cannot be copied to '{}': {source}; make room, or the folder writable", path.display())]
    Import {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A model that answered nonsense for a face.
    #[error("the model '{model}' {reason}; choose another model")]
    BadAnswer {
        /// Its name.
        model: String,
        /// What it did, a sentence's predicate.
        reason: String,
    },

    /// The face detector's model failed.
    #[error("the face detector cannot start: {0}")]
    Detector(String),

    /// A session folder or file that cannot be written.
    #[error("the log cannot be written to '{}': {source}; choose another folder or make room", path.display())]
    Log {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A folder that is no session, or one whose files cannot be read.
    #[error("'{}' cannot be read as a session: {reason}", path.display())]
    Session {
        /// The folder or the file in it.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// A report or a table that cannot be written.
    #[error("'{}' cannot be written: {source}; choose another place with --out", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The report's template failed: a fault of the program.
    #[error("the report cannot be laid out: {0}; please tell the authors")]
    Page(String),
    /// An annotated video that cannot be written.
    #[error(
        "the annotated video '{}' cannot be written: {reason}; its session has all rows nevertheless", path.display()
    )]
    Film {
        /// The file.
        path: PathBuf,
        /// ffmpeg's words.
        reason: String,
    },
    /// An input outside the folder that it should lie in.
    #[error("'{}' does not lie in '{}', which --base names", input.display(), base.display())]
    NotBelow {
        /// The file or folder to analyse.
        input: PathBuf,
        /// The folder.
        base: PathBuf,
    },
    /// An input that another program is at.
    #[error("'{}' is being analysed by another program, into '{}'", input.display(), folder.display())]
    InWork {
        /// The file or folder to analyse.
        input: PathBuf,
        /// The session.
        folder: PathBuf,
    },
    /// A data set that cannot be read.
    #[error("the data set '{}' cannot be read: {reason}", path.display())]
    Dataset {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Any other file.
    #[error("'{}': {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("the system refused a new thread: {0}")]
    Thread(io::Error),
    /// A panic, caught: see [`crate::crash`].
    #[error("Mien hit a bug and stopped this work: {reason}{details}")]
    Crashed {
        /// The panic's words.
        reason: String,
        /// Where more is said, if anywhere.
        details: String,
    },
}

impl Error {
    /// Whether a camera's error may pass when the device comes back; work then goes on by itself.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::NoCamera
                | Self::CameraNotFound { .. }
                | Self::CameraBusy { .. }
                | Self::CameraSilent { .. }
                | Self::CameraLost { .. }
                | Self::CameraFailed { .. }
        )
    }
}
