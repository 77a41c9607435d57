//! The one binary: commands on a data folder, and the server.

use std::process::ExitCode;

use clap::Parser as _;
use kanak::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match kanak::run(cli) {
        Ok(code) => code,
        Err(error) => {
            use std::io::Write as _;
            // The reason stands on the last line of standard error, whole.
            drop(writeln!(std::io::stderr(), "kanak: {error:#}"));
            ExitCode::from(1)
        }
    }
}
