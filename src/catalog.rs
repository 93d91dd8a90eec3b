//! The models there are: built in, in the user's folder, or named by their path.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::card::ModelCard;
use crate::error::{Error, Result};

/// The model that is used when none is named.
pub const DEFAULT_MODEL: &str = "mien-m";

/// The models inside the program, in the order of the menu, the default first.
const BUILT_IN: [(&str, &[u8]); 3] = [
    (DEFAULT_MODEL, include_bytes!("../models/mien-m.onnx")),
    ("mien-s", include_bytes!("../models/mien-s.onnx")),
    (
        "mien-m-challenge",
        include_bytes!("../models/mien-m-challenge.onnx"),
    ),
];

/// Largest model file that is read. The largest face networks have some 100 MB; a limit keeps a
/// wrong file from filling the memory.
const LARGEST_FILE: u64 = 1 << 30;

/// Largest side file; a card is some hundred letters.
const LARGEST_SIDE_FILE: u64 = 1 << 16;

/// A model that can be loaded: its card and where its bytes are.
#[derive(Debug, Clone)]
pub struct Model {
    /// What it expects and answers.
    pub card: Arc<ModelCard>,
    /// Length of its file.
    pub bytes: u64,
    weights: Weights,
}

#[derive(Clone)]
enum Weights {
    BuiltIn(&'static [u8]),
    File(Arc<Path>),
}

impl fmt::Debug for Weights {
    /// Not the megabytes of a built-in model.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(_) => formatter.write_str("BuiltIn"),
            Self::File(path) => formatter.debug_tuple("File").field(path).finish(),
        }
    }
}

impl Model {
    /// Reads the model at a path, with the side file beside it.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the file cannot be read, is no ONNX model, or has no usable card.
    pub fn from_file(path: &Path) -> Result<Self> {
        Self::with_side(path, side_of(path)?.as_deref())
    }

    /// Reads the model at a path; `side` is the text of its side file, whatever lies beside it.
    ///
    /// # Errors
    /// As [`Self::from_file`].
    pub fn with_side(path: &Path, side: Option<&str>) -> Result<Self> {
        let onnx = read_model(path)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let card = ModelCard::read(&stem, &onnx, side).map_err(|error| match error {
            Error::BadModel { reason, .. } => bad_file(path, reason),
            other => other,
        })?;
        Ok(Self {
            card: Arc::new(card),
            bytes: onnx.len() as u64,
            weights: Weights::File(path.into()),
        })
    }

    fn built_in(file: &str, onnx: &'static [u8]) -> Result<Self> {
        let card = ModelCard::built_in(file, onnx)?;
        Ok(Self {
            card: Arc::new(card),
            bytes: onnx.len() as u64,
            weights: Weights::BuiltIn(onnx),
        })
    }

    /// Hands the ONNX file's bytes to `use_bytes`. A user's file is read again, so a list of models
    /// does not hold them all in memory.
    ///
    /// # Errors
    /// [`Error::BadModel`] when the file can no longer be read or is not the one whose card was read.
    pub fn with_bytes<T>(&self, use_bytes: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        match &self.weights {
            Weights::BuiltIn(bytes) => use_bytes(bytes),
            Weights::File(path) => {
                let bytes = read_model(path)?;
                if !self.card.is_of(&bytes) {
                    return Err(bad_file(
                        path,
                        "the file has changed since it was listed; choose it again".to_owned(),
                    ));
                }
                use_bytes(&bytes)
            }
        }
    }

    /// Its file; `None` if it came with the program.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.weights {
            Weights::BuiltIn(_) => None,
            Weights::File(path) => Some(path),
        }
    }

    /// Where the model is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.weights {
            Weights::BuiltIn(_) => "built in".to_owned(),
            Weights::File(path) => path.display().to_string(),
        }
    }
}

/// Knows where models are. It looks anew each time it is asked, so a file put into the folder is
/// there at once.
#[derive(Debug, Clone)]
pub struct Catalog {
    user_folder: Option<PathBuf>,
}

impl Catalog {
    /// A catalogue of the built-in models and those in a folder, which need not exist.
    #[must_use]
    pub fn new(user_folder: Option<PathBuf>) -> Self {
        Self { user_folder }
    }

    /// The user's folder: `~/.local/share/mien/models` on Linux, its like elsewhere.
    #[must_use]
    pub fn default_folder() -> Option<PathBuf> {
        crate::runtime::data_folder().map(|folder| folder.join("models"))
    }

    /// Every model that can be used, built-in ones first, each name once: the first wins.
    #[must_use]
    pub fn list(&self) -> Vec<Model> {
        self.read().0
    }

    /// What is wrong with each file that looks like a model but cannot be used.
    #[must_use]
    pub fn broken(&self) -> Vec<Error> {
        self.read().1
    }

    /// A model by its name or by the path of its file.
    ///
    /// # Errors
    /// [`Error::UnknownModel`] when there is none of that name, [`Error::BadModel`] when the file at
    /// that path cannot be used.
    pub fn find(&self, name_or_path: &str) -> Result<Model> {
        let (models, broken) = self.read();
        if let Some(model) = models
            .iter()
            .find(|model| &*model.card.name == name_or_path)
        {
            return Ok(model.clone());
        }
        let path = Path::new(name_or_path);
        if path.is_file()
            || path
                .extension()
                .is_some_and(|extension| extension == "onnx")
        {
            return Model::from_file(path);
        }
        // A file of that name in the user's folder is what was meant: say what is wrong with it.
        let of_that_name = broken.into_iter().find(|error| {
            matches!(error, Error::BadModel { model, .. }
                if Path::new(model).file_stem().is_some_and(|stem| stem == name_or_path))
        });
        Err(of_that_name.unwrap_or_else(|| Error::UnknownModel {
            name: name_or_path.to_owned(),
            known: models
                .iter()
                .map(|model| &*model.card.name)
                .collect::<Vec<_>>()
                .join(", "),
        }))
    }

    fn read(&self) -> (Vec<Model>, Vec<Error>) {
        let built_in = BUILT_IN
            .into_iter()
            .map(|(file, onnx)| Model::built_in(file, onnx));
        let users = self
            .user_files()
            .into_iter()
            .map(|path| Model::from_file(&path));
        let mut models: Vec<Model> = Vec::new();
        let mut broken = Vec::new();
        for model in built_in.chain(users) {
            match model {
                Ok(model)
                    if models
                        .iter()
                        .any(|other| other.card.name == model.card.name) =>
                {
                    let reason = format!(
                        "there is another model named '{}'; give it another name in its side file",
                        model.card.name
                    );
                    broken.push(Error::BadModel {
                        model: model.place(),
                        reason,
                    });
                }
                Ok(model) => models.push(model),
                Err(error) => broken.push(error),
            }
        }
        (models, broken)
    }

    /// The `.onnx` files in the user's folder, by name.
    fn user_files(&self) -> Vec<PathBuf> {
        let Some(entries) = self
            .user_folder
            .as_ref()
            .and_then(|folder| fs::read_dir(folder).ok())
        else {
            return Vec::new();
        };
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "onnx")
            })
            .collect();
        files.sort();
        files
    }
}

fn bad_file(path: &Path, reason: String) -> Error {
    Error::BadModel {
        model: path.display().to_string(),
        reason,
    }
}

/// The text of the side file beside a model, if there is one.
pub(crate) fn side_of(path: &Path) -> Result<Option<String>> {
    let side_path = path.with_extension("toml");
    if !side_path.is_file() {
        return Ok(None);
    }
    let bytes = read(&side_path, LARGEST_SIDE_FILE)
        .map_err(|reason| bad_file(path, format!("its side file: {reason}")))?;
    let side = String::from_utf8(bytes)
        .map_err(|_| bad_file(path, "its side file is no UTF-8 text".to_owned()))?;
    Ok(Some(side))
}

/// The bytes of a model's file.
///
/// # Errors
/// [`Error::BadModel`] when it cannot be read or is larger than any model.
pub fn read_model(path: &Path) -> Result<Vec<u8>> {
    read(path, LARGEST_FILE).map_err(|reason| bad_file(path, reason))
}

/// Reads a file of at most `limit` bytes.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("the file cannot be read: {error}"))?;
    if bytes.len() as u64 > limit {
        return Err(format!(
            "the file is larger than {limit} bytes, more than Mien reads"
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST_MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models");

    fn test_model(name: &str) -> PathBuf {
        Path::new(TEST_MODELS).join(name)
    }

    #[test]
    fn every_model_inside_the_program_is_usable_and_the_default_comes_first() {
        let catalog = Catalog::new(None);
        let names: Vec<_> = catalog
            .list()
            .iter()
            .map(|model| model.card.name.to_string())
            .collect();
        assert_eq!(names, BUILT_IN.map(|(name, _)| name));
        assert_eq!(names[0], DEFAULT_MODEL);
        assert!(catalog.broken().is_empty());
        let model = catalog.find("mien-s").unwrap();
        assert_eq!(model.place(), "built in");
        let debug = format!("{model:?}");
        assert!(debug.len() < 10_000, "its bytes: {} letters", debug.len());
    }

    #[test]
    fn a_bad_file_in_the_users_folder_is_told_and_hides_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let put =
            |name: &str| fs::copy(test_model("valid.onnx"), folder.path().join(name)).unwrap();
        put("b-valid.onnx");
        put("c-same-name.onnx");
        fs::write(folder.path().join("a-empty.onnx"), "").unwrap();
        fs::write(folder.path().join("readme.txt"), "no model").unwrap();
        let catalog = Catalog::new(Some(folder.path().to_owned()));
        let models = catalog.list();
        assert_eq!(models.len(), BUILT_IN.len() + 1);
        assert_eq!(&*models[BUILT_IN.len()].card.name, "valid");
        let broken: Vec<String> = catalog.broken().iter().map(ToString::to_string).collect();
        assert_eq!(broken.len(), 2);
        assert!(
            broken[0].contains("a-empty.onnx") && broken[0].contains("is empty"),
            "{broken:?}"
        );
        assert!(broken[1].contains("c-same-name.onnx"), "{broken:?}");
        // Asked for by name, it says what is wrong with it.
        assert!(
            catalog
                .find("a-empty")
                .unwrap_err()
                .to_string()
                .contains("is empty")
        );
    }

    #[test]
    fn a_model_is_found_by_its_path_with_its_side_file() {
        let catalog = Catalog::new(None);
        let path = test_model("no-card.onnx");
        let model = catalog.find(&path.display().to_string()).unwrap();
        assert_eq!(&*model.card.name, "no-card");
        assert_eq!(model.place(), path.display().to_string());
        model
            .with_bytes(|bytes| {
                assert!(!bytes.is_empty());
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let catalog = Catalog::new(Some(PathBuf::from("no/such/folder")));
        let text = catalog.find("mien-x").unwrap_err().to_string();
        assert!(
            text.contains("'mien-x'") && text.contains("mien-m, mien-s"),
            "{text}"
        );
        let text = catalog.find("missing.onnx").unwrap_err().to_string();
        assert!(
            text.contains("'missing.onnx' cannot be used: the file cannot be read"),
            "{text}"
        );
    }

    #[test]
    fn a_file_beyond_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("large");
        fs::write(&file, [0; 17]).unwrap();
        assert!(
            read(&file, 16)
                .unwrap_err()
                .contains("larger than 16 bytes")
        );
        assert_eq!(read(&file, 17).unwrap().len(), 17);
    }
}
