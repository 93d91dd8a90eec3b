//! The door to ONNX Runtime: where its library is, that it loads, and where networks may run.

mod library;

use std::error::Error as _;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};

use directories::ProjectDirs;
use ort::LoadDynamicError;
use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider};
use ort::logging::LogLevel;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Folder of the program's data: `~/.local/share/mien` on Linux, its like elsewhere; `None` for a
/// user without a home.
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    ProjectDirs::from("", "", "mien").map(|folders| folders.data_dir().to_owned())
}

/// ONNX Runtime, loaded. There is one in a process, and it stays until the process ends.
#[derive(Debug)]
pub struct Runtime {
    environment: Environment,
    path: PathBuf,
    version: String,
}

impl Runtime {
    /// Loads ONNX Runtime, or gives the one that is loaded. After an error it may be tried again.
    ///
    /// It is looked for in `ORT_DYLIB_PATH`, beside the program, in the folder `runtime` of
    /// [`data_folder`] and of the project that the program was built in, then on the system. The
    /// first that is found is taken, broken or not, so that nobody wonders which one runs.
    ///
    /// # Errors
    /// [`Error::RuntimeMissing`] when there is none, [`Error::RuntimeBroken`] when it does not load
    /// or is too old.
    pub fn start() -> Result<&'static Self> {
        static RUNTIME: OnceLock<Runtime> = OnceLock::new();
        static STARTING: Mutex<()> = Mutex::new(());

        let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = RUNTIME.get() {
            return Ok(runtime);
        }
        let runtime = Self::load(library::find()?)?;
        Ok(RUNTIME.get_or_init(|| runtime))
    }

    /// The library's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The library's version: `1.31`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The door for sessions.
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Whether the library was built with CUDA; whether CUDA works is only known by trying.
    #[must_use]
    pub fn knows_cuda(&self) -> bool {
        ep::CUDA::is_available().unwrap_or(false)
    }

    /// The CUDA provider, set to fail loudly.
    pub(crate) fn cuda(&self) -> ep::ExecutionProviderDispatch {
        static PRELOADED: Once = Once::new();
        // The CUDA half of ONNX Runtime names NVIDIA's libraries without saying where they are; what
        // lies beside it is loaded first. One that is missing is named by ONNX Runtime afterwards.
        PRELOADED.call_once(|| {
            let Some(folder) = self.path.parent() else {
                return;
            };
            for name in ep::cuda::CUDA_DYLIBS.iter().chain(ep::cuda::CUDNN_DYLIBS) {
                let library = folder.join(name);
                if library.is_file()
                    && let Err(error) = ort::util::preload_dylib(&library)
                {
                    log::info!("{} does not load: {error}", library.display());
                }
            }
        });
        // The exhaustive search, the default, tries every algorithm at each new batch size.
        ep::CUDA::default()
            .with_conv_algorithm_search(ep::cuda::ConvAlgorithmSearch::Heuristic)
            .build()
            .error_on_failure()
    }

    fn load(path: PathBuf) -> Result<Self> {
        let broken = |reason: String| Error::RuntimeBroken {
            path: path.clone(),
            reason,
        };
        library::check_whole(&path).map_err(broken)?;
        let builder = ort::init_from(&path).map_err(|error| broken(load_reason(&error, &path)))?;
        let environment = builder
            .with_name("mien")
            .with_telemetry(false)
            .with_logger(Arc::new(|level, _category, _id, _place, message| {
                log::debug!("ONNX Runtime, {level:?}: {message}");
            }))
            .build()
            .map_err(|error| broken(plain(error.message())))?;
        environment.set_log_level(LogLevel::Warning);
        let version = ort::util::probe(&path)
            .map_or_else(|| "unknown".to_owned(), |minor| format!("1.{minor}"));
        log::info!("ONNX Runtime {version} at {}", path.display());
        Ok(Self {
            environment,
            path,
            version,
        })
    }
}

fn load_reason(error: &LoadDynamicError, path: &Path) -> String {
    match error {
        LoadDynamicError::Dlopen { error, .. } => {
            // The loader's own words are the cause; they begin with the path.
            let words = error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string);
            let path = format!("{}: ", path.display());
            words.strip_prefix(&path).unwrap_or(&words).to_owned()
        }
        LoadDynamicError::BadVersion { version_str, .. } => format!(
            "it is version {version_str}, and Mien needs 1.{} or newer",
            ort::MINOR_VERSION
        ),
        LoadDynamicError::MissingApi { .. } | LoadDynamicError::InvalidVersionString => {
            "it is another library".to_owned()
        }
    }
}

/// The part of ONNX Runtime's message that a person can use: without source file, function and
/// error code, on one line.
pub(crate) fn plain(message: &str) -> String {
    let message = message
        .split_once("with error: ")
        .map_or(message, |(_, cause)| cause);
    let message = message
        .split_once("[ONNXRuntimeError] : ")
        .and_then(|(_, coded)| coded.splitn(3, " : ").nth(2))
        .unwrap_or(message);
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where the user wants networks to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderChoice {
    /// CUDA if it can be had, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA or nothing.
    Cuda,
}

impl ProviderChoice {
    /// Every choice, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Cpu, Self::Cuda];

    /// The word for it in commands and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }
}

impl fmt::Display for ProviderChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for ProviderChoice {
    type Err = String;

    /// Reads `auto`, `cpu` or `cuda` in any case.
    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|choice| choice.name().eq_ignore_ascii_case(word.trim()))
            .ok_or_else(|| format!("'{word}' is no provider; use auto, cpu or cuda"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_reads_back_as_it_prints() {
        for choice in ProviderChoice::ALL {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        assert_eq!("CUDA".parse(), Ok(ProviderChoice::Cuda));
        assert!(
            "tpu"
                .parse::<ProviderChoice>()
                .unwrap_err()
                .contains("auto, cpu or cuda")
        );
    }

    #[test]
    fn onnx_runtimes_messages_become_plain() {
        assert_eq!(
            plain(
                "/src/bridge.cc:1744 Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library x.so with error: libcublasLt.so.13: cannot open\n"
            ),
            "libcublasLt.so.13: cannot open"
        );
        assert_eq!(
            plain("[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : Load failed : why"),
            "Load failed : why"
        );
    }

    #[test]
    fn the_runtime_starts_once_and_says_what_it_is() {
        let runtime = Runtime::start().unwrap();
        assert!(std::ptr::eq(runtime, Runtime::start().unwrap()));
        assert!(runtime.version().starts_with("1."));
        assert!(runtime.path().is_file());
    }
}
