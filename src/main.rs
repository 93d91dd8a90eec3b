//! The program: starts the log, runs one command, prints one error with its causes.

mod cli;

use std::process::ExitCode;

use clap::Parser;
use mien::{crash, runtime};

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    arguments.start_log();
    if let Some(folder) = runtime::data_folder() {
        crash::leave_files_in(folder.join("crashes"));
    }
    match crash::caught(|| cli::run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if cli::reader_is_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            cli::print_error(&error);
            ExitCode::FAILURE
        }
    }
}
