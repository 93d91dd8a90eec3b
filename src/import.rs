//! A model of the user's own on its way into the catalogue: its card is completed, it is tried in a
//! process of its own, and both are copied.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::card::{self, ModelCard, REQUIRED};
use crate::catalog::{Catalog, Model, read_model, side_of};
use crate::error::{Error, Result};
use crate::self_test::{SelfTest, child, side_file};

/// A card's keys and what they say, as in a side file.
pub type Keys = BTreeMap<String, String>;

/// The window keeps a model that was tried until its user says whether to take it.
const LONGEST_TRIAL: Duration = Duration::from_hours(24);

/// Takes models into a folder.
#[derive(Debug, Clone)]
pub struct Import {
    folder: PathBuf,
    program: PathBuf,
}

impl Import {
    /// Takes models into `folder`, which need not exist, and tries them by `program`, which is Mien.
    #[must_use]
    pub fn new(folder: PathBuf, program: PathBuf) -> Self {
        Self { folder, program }
    }

    /// Takes models to where the user's are, with this program; `None` without a home folder.
    #[must_use]
    pub fn for_user() -> Option<Self> {
        let program = env::current_exe().ok()?;
        Some(Self::new(Catalog::default_folder()?, program))
    }

    /// Where the models go.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What a model's metadata and its side file say.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the file is no model, or the side file no side file.
    pub fn known(file: &Path) -> Result<Keys> {
        let side = side_of(file)?;
        card::keys(&read_model(file)?, side.as_deref()).map_err(|reason| bad(file, reason))
    }

    /// The keys that nothing can stand in for and that are not there.
    #[must_use]
    pub fn missing(keys: &Keys) -> Vec<&'static str> {
        let lacks = |key: &&str| !keys.contains_key(*key);
        REQUIRED.into_iter().filter(lacks).collect()
    }

    /// What is known, completed by a guess; what cannot be guessed is left out. Ends once `stop` is
    /// set.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the file is no network that Mien can run.
    pub fn guess(&self, file: &Path, known: &Keys, stop: &AtomicBool) -> Result<Keys> {
        let mut arguments: Vec<OsString> =
            ["models", "guess", "--json", "-"].map(Into::into).into();
        for (key, value) in known {
            arguments.extend(["--set".into(), format!("{key}={value}").into()]);
        }
        child::ask(&self.program, &arguments, file, stop)
    }

    /// A file's name need not be its model's, and a broken file is no model of the list: nothing of
    /// the user's is to be replaced by a model of that name. The same bytes without a usable card
    /// may get one.
    fn refuse_to_replace(&self, name: &str, onnx: &[u8], there: &[Model]) -> Result<(), String> {
        let target = self.folder.join(format!("{name}.onnx"));
        if !target.exists() {
            return Ok(());
        }
        let is_in_use = there.iter().any(|model| model.file() == Some(&*target));
        if !is_in_use && read_model(&target).is_ok_and(|bytes| bytes == onnx) {
            return Ok(());
        }
        Err(format!(
            "there is another file '{}' already; give the model another name",
            target.display()
        ))
    }

    /// Tries a model with this card, on a copy beside its place.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the card will not do, the name is taken, or the model does not end
    /// the test; [`Error::Import`] when the copy cannot be written.
    pub fn try_out(&self, file: &Path, keys: &Keys, stop: &AtomicBool) -> Result<Trial> {
        let onnx = read_model(file)?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let card = ModelCard::read(&stem, &onnx, Some(&side_file(keys)))?;
        let name = card.name.to_string();
        let there = Catalog::new(Some(self.folder.clone())).list();
        if there.iter().any(|model| *model.card.name == *name) {
            let reason = format!("there is a model named '{name}' already; give it another name");
            return Err(bad(file, reason));
        }
        self.refuse_to_replace(&name, &onnx, &there)
            .map_err(|reason| bad(file, reason))?;
        let mut keys = keys.clone();
        keys.insert("name".to_owned(), name.clone());
        let place = Place {
            beside: self.folder.join(format!(".{name}.new")),
            folder: self.folder.clone(),
            name,
        };
        place.write(&onnx, &keys)?;
        let arguments = ["models", "test", "--quiet", "--json", "-"].map(OsString::from);
        let model = place.beside.join(place.onnx());
        let tests: Vec<SelfTest> = child::ask(&self.program, &arguments, &model, stop)?;
        let test = tests.into_iter().next();
        let test = test.ok_or_else(|| bad(file, "it was not tried".to_owned()))?;
        Ok(Trial { test, place })
    }
}

fn bad(file: &Path, reason: String) -> Error {
    Error::BadModel {
        model: file.display().to_string(),
        reason,
    }
}

/// A model that was tried. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Trial {
    /// What was found.
    pub test: SelfTest,
    place: Place,
}

impl Trial {
    /// Moves the model to where the catalogue finds it, the side file first: it is never there
    /// without its card.
    ///
    /// # Errors
    /// [`Error::Import`].
    pub fn take(self) -> Result<Model> {
        let Place {
            beside,
            folder,
            name,
        } = &self.place;
        for file in [format!("{name}.toml"), self.place.onnx()] {
            let target = folder.join(&file);
            if let Err(source) = fs::rename(beside.join(&file), &target) {
                return Err(Error::Import {
                    path: target,
                    source,
                });
            }
        }
        Model::from_file(&folder.join(self.place.onnx()))
    }
}

/// Where a model is tried, in a folder beside its place so that taking it is one step.
#[derive(Debug)]
struct Place {
    beside: PathBuf,
    folder: PathBuf,
    name: String,
}

impl Place {
    fn onnx(&self) -> String {
        format!("{}.onnx", self.name)
    }

    /// Removes what trials have left behind that were killed.
    fn sweep(folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let age = entry.metadata().and_then(|facts| facts.modified());
            let age = age.ok().and_then(|changed| changed.elapsed().ok());
            let is_old = age.is_some_and(|age| age > LONGEST_TRIAL);
            if is_old && name.starts_with('.') && name.ends_with(".new") {
                let removed = fs::remove_dir_all(entry.path());
                log::info!("'{name}' was left over from a trial: {removed:?}");
            }
        }
    }

    fn write(&self, onnx: &[u8], keys: &Keys) -> Result<()> {
        Self::sweep(&self.folder);
        let write = |file: String, bytes: &[u8]| fs::write(self.beside.join(file), bytes);
        fs::create_dir_all(&self.beside)
            .and_then(|()| write(self.onnx(), onnx))
            .and_then(|()| write(format!("{}.toml", self.name), side_file(keys).as_bytes()))
            .map_err(|source| Error::Import {
                path: self.beside.clone(),
                source,
            })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.beside) {
            log::info!("'{}' is left behind: {error}", self.beside.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::SystemTime;

    use super::*;

    const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models");

    #[test]
    fn no_file_of_the_users_is_replaced_whatever_its_model_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let [valid, other] =
            ["valid.onnx", "no-card.onnx"].map(|name| Path::new(MODELS).join(name));
        // Whoever gets as far as this program was not refused.
        let import = Import::new(folder.path().to_owned(), "no/such/program".into());
        let added = |file: &Path, name: &str| {
            let mut keys = Import::known(file).unwrap();
            keys.insert("name".to_owned(), name.to_owned());
            let never = AtomicBool::new(false);
            import.try_out(file, &keys, &never).unwrap_err().to_string()
        };
        let there = |name: &str, bytes: &[u8]| {
            fs::write(folder.path().join(format!("{name}.onnx")), bytes).unwrap();
        };
        there("another-name", &fs::read(&valid).unwrap());
        there("broken", b"no model");
        there("without-a-card", &fs::read(&other).unwrap());
        for (file, name) in [
            (&other, "another-name"),
            (&valid, "another-name"),
            (&other, "broken"),
            (&valid, "without-a-card"),
        ] {
            let said = added(file, name);
            let words = format!("{name}.onnx' already; give the model another name");
            assert!(said.contains(&words), "{said}");
        }
        for name in ["without-a-card", "new"] {
            let said = added(&other, name);
            assert!(said.contains("could not be tried"), "{said}");
        }
    }

    #[test]
    fn what_a_killed_trial_left_is_removed_and_a_running_ones_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let names = [".killed.new", ".running.new", "mine.new"];
        let paths = names.map(|name| folder.path().join(name));
        for path in &paths {
            fs::create_dir(path).unwrap();
        }
        for path in [&paths[0], &paths[2]] {
            let old = SystemTime::now() - 2 * LONGEST_TRIAL;
            File::open(path).unwrap().set_modified(old).unwrap();
        }
        Place::sweep(folder.path());
        assert_eq!(paths.map(|path| path.exists()), [false, true, true]);
    }
}
