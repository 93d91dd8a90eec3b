//! `mien`: the window.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use directories::UserDirs;
use mien::app::{self, Handle, ModelEntry, Options};
use mien::catalog::{Catalog, DEFAULT_MODEL, Model};
use mien::import::Import;
use mien::observation::Observation;
use mien::pipeline::Pipeline;
use mien::source::{SourceSpec, camera};

use super::watch::{self, WatchArgs};
use super::{LiveArgs, catalog, parts, say_what_is_recorded};

pub(super) fn run(live: &LiveArgs, quiet: bool) -> Result<()> {
    if !app::display_available() {
        if !quiet {
            eprintln!("There is no display for a window, so Mien goes on as `mien watch`.");
        }
        return watch::run(&WatchArgs::from(live.clone()), quiet);
    }
    let named = live.source.as_deref().map(Path::new);
    let session = named.and_then(app::session_folder);
    let (source, welcome) = match session {
        // The demo waits behind the session: a camera's light would only worry people.
        Some(_) => (SourceSpec::Demo, None),
        None => live.source()?,
    };
    let catalog = catalog();
    let options = Options {
        models: menu(&catalog),
        import: Import::for_user(),
        cameras: Arc::new(|| {
            let cameras = camera::list().unwrap_or_default();
            cameras.into_iter().map(|camera| camera.name).collect()
        }),
        recordings: live.log.clone().unwrap_or_else(recordings),
        show: Arc::new(app::show),
        session,
        welcome,
        end_after: live.seconds.map(Duration::from_secs),
    };
    app::run(options, |handle, picked_last| {
        catch_ctrl_c(&handle);
        let model = live
            .model
            .as_deref()
            .or(picked_last.filter(|name| catalog.find(name).is_ok()))
            .unwrap_or(DEFAULT_MODEL);
        let screen = handle.clone();
        let observe = Box::new(move |observation: &Observation| screen.prepare(observation));
        let parts = parts(observe, Arc::new(move || handle.wake()));
        let pipeline = Pipeline::start(live.settings(source, model, true), parts)?;
        if let Some(log) = &live.log
            && !quiet
        {
            say_what_is_recorded(log);
        }
        Ok(pipeline)
    })
    .map_err(|sentence| anyhow!(sentence))
}

/// Ctrl-C closes the window, which completes a recording. Without a handler it would end the
/// program all the same, only less cleanly.
fn catch_ctrl_c(handle: &Handle) {
    let handle = handle.clone();
    if let Err(error) = ctrlc::set_handler(move || handle.close()) {
        log::warn!("Ctrl-C cannot be caught: {error}");
    }
}

/// The models as the menu shows them.
fn menu(catalog: &Catalog) -> Vec<ModelEntry> {
    let entry = |model: Model| ModelEntry::new(&model.card, model.bytes);
    catalog.list().into_iter().map(entry).collect()
}

/// Where recordings go when the user names no folder: where people look for their files.
fn recordings() -> PathBuf {
    let home = UserDirs::new().map(|user| match user.document_dir() {
        Some(documents) => documents.to_owned(),
        None => user.home_dir().to_owned(),
    });
    home.unwrap_or_default().join("Mien")
}
