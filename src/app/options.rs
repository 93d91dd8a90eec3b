//! What the window is opened with.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::card::{ModelCard, Truth};
use crate::import::Import;

/// A model in the menu.
#[derive(Debug, Clone)]
pub struct ModelEntry {
    /// What the pipeline calls it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// One line about it.
    pub summary: String,
}

impl ModelEntry {
    /// Size and accuracy, as far as the card knows it: by the data set's labels and by the crowd.
    #[must_use]
    pub fn new(card: &ModelCard, bytes: u64) -> Self {
        let mut parts = vec![format!("{:.1} MB", bytes as f64 / 1e6)];
        for truth in [Truth::Labels, Truth::Crowd] {
            if let Some(share) = card.figures(truth).accuracy {
                parts.push(format!("{truth} {:.1}%", share * 100.0));
            }
        }
        Self {
            name: card.name.to_string(),
            title: card.title.clone(),
            summary: parts.join(" · "),
        }
    }
}

/// Finds the names of the cameras; called on a thread of its own.
pub type ListCameras = dyn Fn() -> Vec<String> + Send + Sync;

/// Shows a file or folder outside the window.
pub type ShowPath = dyn Fn(&Path) -> io::Result<()> + Send + Sync;

/// What the window is opened with.
#[derive(Clone)]
pub struct Options {
    /// The models of the menu, in its order; the first nine have a key.
    pub models: Vec<ModelEntry>,
    /// Takes models of the user's own; `None` where there is no place for them.
    pub import: Option<Import>,
    /// Finds cameras.
    pub cameras: Arc<ListCameras>,
    /// Shows files and folders: [`super::show`].
    pub show: Arc<ShowPath>,
    /// Recordings become session folders in it.
    pub recordings: PathBuf,
    /// A session folder to look at first.
    pub session: Option<PathBuf>,
    /// A sentence to begin with: that there is no camera and this is the demo.
    pub welcome: Option<String>,
    /// Close the window by itself after this time.
    pub end_after: Option<Duration>,
}
