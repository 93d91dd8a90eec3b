//! The program: starts the log, runs one command, prints one error with its causes.

mod cli;

#[cfg(unix)]
use std::{env, os::unix::process::CommandExt, process::Command};

use mien::{crash, runtime};

/// Keeps ONNX Runtime from reporting on its use to its maker over the network, as 1.29 and newer do
/// (microsoft/onnxruntime#27379). Mien comes with an older one, but the user may bring any.
///
/// Its own switch comes too late, after the first report; what it heeds in time is this word in its
/// environment. To change that of a running process is unsafe, so the program starts itself anew with it.
#[cfg(unix)]
fn silence_runtime() {
    const WORD: (&str, &str) = ("ORT_DISABLE_TELEMETRY", "1");
    if env::var_os(WORD.0).is_some_and(|value| value == WORD.1) {
        return;
    }
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_else(|| "mien".into());
    let error = match env::current_exe() {
        Ok(program) => Command::new(program)
            .arg0(name)
            .args(arguments)
            .env(WORD.0, WORD.1)
            .exec(),
        Err(error) => error,
    };
    // Only a program whose file is gone gets here.
    log::warn!("an ONNX Runtime newer than 1.28 may report to its maker that Mien runs: {error}");
}

/// A crash leaves no picture behind: the system's copy of the memory would hold the last ones.
///
/// One byte is too little for a file. Where there is a program for crashes, Linux hands the copy to it
/// whatever the limit, but for just this one (fs/coredump.c; tried, see docs/reliability.md).
#[cfg(unix)]
fn forbid_core_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Core).maximum;
    let bytes = Some(most.map_or(1, |most| most.min(1)));
    let none = Rlimit {
        current: bytes,
        maximum: bytes,
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        log::info!("a crash may leave a copy of the memory: {error}");
    }
}

fn main() {
    let arguments = cli::Arguments::read();
    arguments.start_log();
    #[cfg(unix)]
    {
        forbid_core_files();
        silence_runtime();
    }
    if let Some(folder) = runtime::data_folder() {
        crash::leave_files_in(folder.join("crashes"));
    }
    let status = match crash::caught(|| cli::run(arguments)) {
        Ok(()) => 0,
        Err(error) if cli::reader_is_gone(&error) => 0,
        Err(error) => {
            cli::print_error(&error);
            1
        }
    };
    leave(status)
}

/// Ends the program, without what libraries do then: ONNX Runtime takes 7 ms to give its memory back piece by
/// piece. All that is printed ends with its line, so nothing is left to be written.
fn leave(status: i32) -> ! {
    #[cfg(unix)]
    signal_hook::low_level::exit(status);
    #[cfg(not(unix))]
    std::process::exit(status)
}
