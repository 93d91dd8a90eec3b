//! What would keep the window waiting: native dialogs, the list of cameras, a session's rows, each on a
//! thread of its own, one at a time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use egui::Id;

use crate::crash;
use crate::error::Error;

/// One question at a time, answered by a thread.
pub(super) struct Background<T> {
    answer: Option<Receiver<T>>,
}

impl<T> Default for Background<T> {
    fn default() -> Self {
        Self { answer: None }
    }
}

impl<T: Send + 'static> Background<T> {
    /// Starts `work` unless some is going on, and wakes the window at its end.
    pub fn start(
        &mut self,
        ctx: &egui::Context,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) {
        if self.is_busy() {
            return;
        }
        let (sender, receiver) = sync_channel(1);
        let ctx = ctx.clone();
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            match crash::caught(|| Ok::<_, Error>(work())) {
                // The window may be gone by now.
                Ok(answer) => drop(sender.send(answer)),
                Err(fault) => ctx.data_mut(|data| {
                    let faults: &mut Vec<String> = data.get_temp_mut_or_default(Id::NULL);
                    faults.push(fault.to_string());
                }),
            }
            ctx.request_repaint();
        });
        match started {
            Ok(_) => self.answer = Some(receiver),
            Err(error) => log::warn!("the system refused the thread '{name}': {error}"),
        }
    }

    /// Whether an answer is still to come.
    pub fn is_busy(&self) -> bool {
        self.answer.is_some()
    }

    /// The answer, once.
    pub fn take(&mut self) -> Option<T> {
        match self.answer.as_ref()?.try_recv() {
            Ok(answer) => {
                self.answer = None;
                Some(answer)
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.answer = None;
                None
            }
        }
    }
}

/// Faults of Mien's own that ended work in the background, since the last call.
pub(super) fn faults(ctx: &egui::Context) -> Vec<String> {
    ctx.data_mut(|data| data.remove_temp(Id::NULL).unwrap_or_default())
}

/// Shows a file or folder in the system's program for it.
///
/// # Errors
/// When there is none.
pub fn show(path: &Path) -> io::Result<()> {
    open::that_detached(path)
}

/// What the user picks in a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// A video or a picture.
    File,
    /// A folder of pictures.
    Folder,
    /// A session folder.
    Session,
    /// The video of a session.
    Video,
    /// A model to add.
    Model,
}

/// How a dialog ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Picked {
    /// With a path.
    Path(Pick, PathBuf),
    /// The user changed their mind.
    Nothing,
    /// There was no dialog: no desktop portal and no zenity.
    NoDialog,
}

/// No person closes a dialog so soon: it never opened.
const TOO_SOON: Duration = Duration::from_millis(250);

/// Opens the system's dialog and waits for its end.
pub(super) fn pick(what: Pick) -> Picked {
    let start = Instant::now();
    let dialog = rfd::FileDialog::new();
    let path = match what {
        Pick::File => dialog.set_title("Open a video or a picture").pick_file(),
        Pick::Folder => dialog.set_title("Open a folder of pictures").pick_folder(),
        Pick::Session => dialog.set_title("Open a session").pick_folder(),
        Pick::Model => dialog
            .set_title("Add a model")
            .add_filter("ONNX models", &["onnx"])
            .pick_file(),
        Pick::Video => dialog.set_title("Find the session's video").pick_file(),
    };
    match path {
        Some(path) => Picked::Path(what, path),
        None if start.elapsed() < TOO_SOON => Picked::NoDialog,
        None => Picked::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_the_background_is_told_and_ends_the_waiting() {
        let ctx = egui::Context::default();
        let mut work: Background<u8> = Background::default();
        work.start(&ctx, "broken", || panic!("the gear is broken"));
        let until = Instant::now() + Duration::from_secs(20);
        let mut told = Vec::new();
        while told.is_empty() || work.is_busy() {
            assert!(Instant::now() < until, "{told:?}");
            told.extend(faults(&ctx));
            assert_eq!(work.take(), None);
            thread::sleep(Duration::from_millis(5));
        }
        assert!(told[0].contains("the gear is broken"), "{told:?}");
    }

    #[test]
    fn one_question_is_answered_at_a_time() {
        let ctx = egui::Context::default();
        let mut background = Background::default();
        background.start(&ctx, "first", || 1);
        background.start(&ctx, "second", || 2);
        let answer = loop {
            if let Some(answer) = background.take() {
                break answer;
            }
            thread::yield_now();
        };
        assert_eq!(answer, 1);
        assert!(!background.is_busy());
    }
}
