//! Opens the window and runs it to its end.

use std::cell::Cell;
use std::sync::Arc;

use egui::{IconData, ViewportBuilder, ViewportCommand, ViewportId};

use super::pictures::Pictures;
use super::settings::Settings;
use super::{App, Options};
use crate::error::Result;
use crate::observation::Observation;
use crate::pipeline::Pipeline;

/// Reaches the window from other threads.
#[derive(Clone)]
pub struct Handle {
    context: egui::Context,
    pub(super) pictures: Pictures,
}

impl Handle {
    /// Makes the picture of an observation ready, which the window will be shown next: on the thread
    /// that calls, so that the window's own has less to do.
    pub fn prepare(&self, observation: &Observation) {
        self.pictures.prepare(&observation.frame);
    }

    /// Asks the window to draw.
    pub fn wake(&self) {
        self.context.request_repaint_of(ViewportId::ROOT);
    }

    /// Asks the window to close.
    pub fn close(&self) {
        self.context
            .send_viewport_cmd_to(ViewportId::ROOT, ViewportCommand::Close);
        self.wake();
    }
}

/// Why there is no window, or none any more.
#[derive(Debug)]
pub enum NoWindow {
    /// No display answered, so nothing was started: a sentence.
    NoDisplay(String),
    /// Anything else: a sentence.
    Failed(String),
}

/// Opens the window and runs it until it is closed. `start` makes the pipeline, once there is a window
/// to wake; its second argument is the model that the user picked last. The pipeline ends with the
/// window.
///
/// # Errors
/// [`NoWindow::NoDisplay`]; else a sentence if there is no OpenGL, or the words of `start`'s error.
pub fn run(
    options: Options,
    start: impl FnOnce(Handle, Option<&str>) -> Result<Pipeline>,
) -> Result<(), NoWindow> {
    let opened = Cell::new(false);
    let mut viewport = ViewportBuilder::default()
        .with_title("Mien")
        .with_app_id("mien")
        .with_inner_size([1280.0, 760.0])
        .with_min_inner_size([640.0, 480.0])
        .with_drag_and_drop(true);
    if let Some(icon) = icon() {
        viewport = viewport.with_icon(Arc::new(icon));
    }
    let native = eframe::NativeOptions {
        viewport,
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(
        "mien",
        native,
        Box::new(|creation| {
            opened.set(true);
            let settings = Settings::load(creation.storage);
            let handle = Handle {
                context: creation.egui_ctx.clone(),
                pictures: Pictures::default(),
            };
            let pipeline = start(handle.clone(), settings.model.as_deref())?;
            let app = App::new(&creation.egui_ctx, creation.storage, options, pipeline);
            Ok(Box::new(app.with_pictures(&handle)))
        }),
    )
    .map_err(|error| match error {
        eframe::Error::AppCreation(error) => NoWindow::Failed(error.to_string()),
        error => {
            let reason = format!("no window can be opened: {error}; `mien watch` needs none");
            match error {
                eframe::Error::WinitEventLoop(_) if !opened.get() => NoWindow::NoDisplay(reason),
                _ => NoWindow::Failed(reason),
            }
        }
    })
}

/// The program's icon; a window without one is no reason to stop.
fn icon() -> Option<IconData> {
    let png = include_bytes!("../../assets/icon.png");
    eframe::icon_data::from_png_bytes(png)
        .inspect_err(|error| log::warn!("the icon cannot be read: {error}"))
        .ok()
}
