//! What a panel asks the window to do; panels draw and ask, the window acts.

use std::path::PathBuf;

use super::background::Pick;
use super::page::Page;
use crate::pipeline::Command;

/// One wish of the user.
#[derive(Debug, Clone)]
pub(super) enum Action {
    /// A word to the pipeline.
    Tell(Command),
    /// Pick a file or folder in the system's dialog.
    Pick(Pick),
    /// Look at a file or folder.
    Open(PathBuf),
    /// Look for cameras again.
    ListCameras,
    /// Load a model, and remember it.
    PickModel(String),
    /// Pause or go on.
    TogglePause,
    /// Start or stop recording.
    ToggleRecording,
    /// Mirror the picture or not.
    ToggleMirror,
    /// Fill the screen or not.
    ToggleFullScreen,
    /// Leave the full screen.
    LeaveFullScreen,
    /// Lay a page over the window.
    Show(Page),
    /// Record from now on: the notice has been read.
    Record,
    /// Show a folder in the system's file manager.
    Reveal(PathBuf),
    /// Put a path onto the clipboard.
    CopyPath(PathBuf),
    /// Look at a session, or at the live picture again.
    Session(Option<PathBuf>),
    /// Write the report of a session and show it.
    Report(PathBuf),
    /// Say that something went wrong.
    Complain(String),
    /// The sentence about the demo has been read.
    DismissWelcome,
}
