//! Where ONNX Runtime's library is, and whether its file is whole.

use std::env::{self, consts};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::data_folder;
use crate::error::{Error, Result};

/// Names the library, for the user and for `make test`.
const VARIABLE: &str = "ORT_DYLIB_PATH";

/// The library's file: the one the user names, or else the first there is.
///
/// # Errors
/// [`Error::RuntimeMissing`], or [`Error::RuntimeBroken`] when the user named what is not there.
pub(super) fn find() -> Result<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        let path = PathBuf::from(named);
        if !path.is_file() {
            let reason = format!("there is no such file, though {VARIABLE} names it");
            return Err(Error::RuntimeBroken { path, reason });
        }
        // A relative path would be looked up beside the program.
        return std::path::absolute(&path).map_err(|source| Error::File { path, source });
    }
    search(&folders())
}

fn search(folders: &[PathBuf]) -> Result<PathBuf> {
    folders
        .iter()
        .find_map(|folder| in_folder(folder))
        .ok_or_else(|| {
            let folders: Vec<_> = folders
                .iter()
                .map(|folder| folder.display().to_string())
                .collect();
            Error::RuntimeMissing {
                searched: folders.join(", "),
            }
        })
}

/// Where the library may be, most wanted first.
fn folders() -> Vec<PathBuf> {
    let beside = env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.to_owned()));
    let data = data_folder().map(|folder| folder.join("runtime"));
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("runtime");
    let mut folders: Vec<PathBuf> = [beside, data, Some(project)]
        .into_iter()
        .flatten()
        .collect();
    if let Some(path) = env::var_os("LD_LIBRARY_PATH") {
        folders.extend(env::split_paths(&path).filter(|folder| folder.is_absolute()));
    }
    // Windows is left out: its system folder holds an old one of its own.
    if cfg!(unix) {
        let multiarch = format!("/usr/lib/{}-linux-gnu", consts::ARCH);
        let system = [
            "/usr/local/lib",
            &multiarch,
            "/usr/lib64",
            "/usr/lib",
            "/opt/homebrew/lib",
        ];
        folders.extend(system.into_iter().map(PathBuf::from));
    }
    folders
}

/// The library in a folder; the one with CUDA in the folder `cuda` below comes first.
fn in_folder(folder: &Path) -> Option<PathBuf> {
    let cuda = folder.join("cuda");
    let provider = format!(
        "{}onnxruntime_providers_cuda{}",
        consts::DLL_PREFIX,
        consts::DLL_SUFFIX
    );
    if cuda.join(provider).is_file()
        && let Some(library) = newest(&cuda)
    {
        return Some(library);
    }
    newest(folder)
}

/// The library of the highest version in a folder.
fn newest(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = version(path.file_name()?.to_str()?)?;
            path.is_file().then_some((version, path))
        })
        .max()
        .map(|(_, path)| path)
}

/// The version in a file name: `[1, 31, 1]` for `libonnxruntime.so.1.31.1`, none for
/// `libonnxruntime.so`; `None` for other files, such as `libonnxruntime_providers_shared.so`.
fn version(file: &str) -> Option<Vec<u32>> {
    let rest = file.strip_prefix(&format!("{}onnxruntime", consts::DLL_PREFIX))?;
    // Linux has `.so.1.31.1`, macOS `.1.31.1.dylib`.
    let numbers = rest
        .strip_prefix(consts::DLL_SUFFIX)
        .or_else(|| rest.strip_suffix(consts::DLL_SUFFIX))?;
    if numbers.is_empty() {
        return Some(Vec::new());
    }
    numbers
        .strip_prefix('.')?
        .split('.')
        .map(|number| number.parse().ok())
        .collect()
}

/// Refuses a library that was cut short: the system would load it and then kill the program when it
/// touches what is not there. Anything else that is wrong the system's loader says itself.
pub(super) fn check_whole(library: &Path) -> Result<(), String> {
    let unreadable = |error: io::Error| format!("the file cannot be read: {error}");
    let mut file = File::open(library).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    match elf_end(&mut file) {
        Ok(Some(end)) if end > length => Err(format!(
            "the file is cut short ({length} of at least {end} bytes)"
        )),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err("the file is cut short".to_owned())
        }
        Ok(_) => Ok(()),
        Err(error) => Err(unreadable(error)),
    }
}

/// Where the last loadable segment of a 64-bit little-endian ELF file ends, in bytes; `None` for
/// other files. Offsets are those of the ELF-64 Object File Format, version 1.5, figures 2 and 6.
fn elf_end(file: &mut (impl Read + Seek)) -> io::Result<Option<u64>> {
    const LITTLE_64: &[u8] = b"\x7fELF\x02\x01";
    const LOADABLE: u64 = 1;

    let mut start = Vec::new();
    file.take(64).read_to_end(&mut start)?;
    if !start.starts_with(LITTLE_64) {
        return Ok(None);
    }
    let number = |bytes: &[u8], at: usize, length: usize| {
        let bytes = bytes
            .get(at..at + length)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok::<u64, io::Error>(
            bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        )
    };
    let entry_length = number(&start, 0x36, 2)?;
    let count = number(&start, 0x38, 2)?;
    file.seek(SeekFrom::Start(number(&start, 0x20, 8)?))?;
    let mut end = 0;
    for _ in 0..count {
        let mut entry = Vec::new();
        file.take(entry_length).read_to_end(&mut entry)?;
        if number(&entry, 0, 4)? == LOADABLE {
            let segment_end = number(&entry, 0x08, 8)?.saturating_add(number(&entry, 0x20, 8)?);
            end = end.max(segment_end);
        }
    }
    Ok(Some(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_newest_library_in_a_folder_is_taken_and_its_helpers_are_not() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(newest(folder.path()), None);
        for file in [
            "libonnxruntime.so",
            "libonnxruntime.so.1.9.0",
            "libonnxruntime.so.1.31.1",
            "libonnxruntime_providers_shared.so",
            "libonnxruntime.so.bak",
        ] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        let newest_name =
            |folder: &Path| in_folder(folder).unwrap().file_name().unwrap().to_owned();
        assert_eq!(newest_name(folder.path()), "libonnxruntime.so.1.31.1");
        let cuda = folder.path().join("cuda");
        fs::create_dir(&cuda).unwrap();
        fs::write(cuda.join("libonnxruntime.so.1.30.0"), "").unwrap();
        assert_eq!(newest_name(folder.path()), "libonnxruntime.so.1.31.1");
        fs::write(cuda.join("libonnxruntime_providers_cuda.so"), "").unwrap();
        assert_eq!(newest_name(folder.path()), "libonnxruntime.so.1.30.0");
    }

    #[test]
    fn where_it_was_looked_for_in_vain_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let text = search(&[folder.path().to_owned(), "/no/such/folder".into()])
            .unwrap_err()
            .to_string();
        assert!(text.contains(&format!(
            "looked in {}, /no/such/folder",
            folder.path().display()
        )));
        assert!(text.contains("make setup"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_library_cut_anywhere_is_refused_and_a_whole_one_is_not() {
        let program = env::current_exe().unwrap();
        assert_eq!(check_whole(&program), Ok(()));
        let bytes = fs::read(&program).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let cut = folder.path().join("libonnxruntime.so");
        for length in [20, 64, 100, 4096, bytes.len() / 8] {
            fs::write(&cut, &bytes[..length]).unwrap();
            assert!(
                check_whole(&cut).unwrap_err().contains("cut short"),
                "{length}"
            );
        }
    }
}
