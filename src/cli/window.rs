//! `mien`: the window.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use directories::UserDirs;
use mien::app::{self, Display, Handle, ModelEntry, NoWindow, Options};
use mien::catalog::{Catalog, DEFAULT_MODEL, Model};
use mien::import::Import;
use mien::observation::Observation;
use mien::pipeline::{Command, Pipeline};
use mien::session;
use mien::source::{SourceSpec, camera};

use super::watch::{self, WatchArgs};
use super::{LiveArgs, catalog, ending, parts, say_what_is_recorded};

pub(super) fn run(live: &LiveArgs, quiet: bool) -> Result<()> {
    let Some(display) = app::display() else {
        return watch_instead(live, quiet, "");
    };
    let named = live.source.as_deref().map(Path::new);
    let session = named.and_then(session::folder_of);
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
    let ended = app::run(options, |handle, picked_last| {
        catch_ctrl_c(&handle);
        let named = live.model.as_deref();
        let (model, then) = named.map_or_else(
            || first_models(&catalog, picked_last),
            |named| (named, None),
        );
        let screen = handle.clone();
        let observe = Box::new(move |observation: &Observation| screen.prepare(observation));
        let parts = parts(observe, Arc::new(move || handle.wake()));
        let pipeline = Pipeline::start(live.settings(source, model, true), parts)?;
        if let Some(then) = then {
            pipeline.send(Command::Model(then.to_owned()));
        }
        if let Some(log) = &live.log
            && !quiet
        {
            say_what_is_recorded(log);
        }
        Ok(pipeline)
    });
    match ended {
        Ok(()) => Ok(()),
        // One on another machine is not asked before.
        Err(NoWindow::NoDisplay(_)) if display == Display::Elsewhere => {
            let name = env::var("DISPLAY").unwrap_or_default();
            watch_instead(live, quiet, &format!(" at '{name}'"))
        }
        Err(NoWindow::NoDisplay(sentence) | NoWindow::Failed(sentence)) => Err(anyhow!(sentence)),
    }
}

fn watch_instead(live: &LiveArgs, quiet: bool, place: &str) -> Result<()> {
    if !quiet {
        eprintln!("There is no display for a window{place}, so Mien goes on as `mien watch`.");
    }
    watch::run(&WatchArgs::from(live.clone()), quiet)
}

/// The model to open the window with, and one to try once it is open: the user's last one, when that is a file, may
/// take a minute, or be none any more.
fn first_models<'a>(catalog: &Catalog, picked_last: Option<&'a str>) -> (&'a str, Option<&'a str>) {
    let found = picked_last.and_then(|name| Some((name, catalog.find(name).ok()?)));
    match found {
        Some((name, model)) if model.file().is_none() => (name, None),
        Some((name, _)) => (DEFAULT_MODEL, Some(name)),
        None => (DEFAULT_MODEL, None),
    }
}

/// Ctrl-C closes the window, which completes a recording; a second one ends the program even while a
/// model keeps it. Without a handler it would end all the same, only less cleanly.
fn catch_ctrl_c(handle: &Handle) {
    let handle = handle.clone();
    if let Err(error) = ending::on_request(move || handle.close()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_of_the_users_own_does_not_keep_the_window_from_opening() {
        let mine = concat!(env!("CARGO_MANIFEST_DIR"), "/models/mien-s.onnx");
        let catalog = Catalog::new(None);
        let first = |picked| first_models(&catalog, picked);
        assert_eq!(first(Some(mine)), (DEFAULT_MODEL, Some(mine)));
        assert_eq!(first(Some("mien-s")), ("mien-s", None));
        assert_eq!(first(Some("gone")), (DEFAULT_MODEL, None));
        assert_eq!(first(None), (DEFAULT_MODEL, None));
    }
}
