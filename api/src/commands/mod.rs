//! One file a command: parse, call the job or crate, print.

pub mod backup;
pub mod codes;
pub mod demo;
pub mod explain;
pub mod ingest;
pub mod init;
pub mod match_files;
pub mod model;
pub mod profile;
pub mod refresh;
pub mod resolve;
pub mod serve;
pub mod sql;
pub mod synth;
pub mod users;
pub mod verify;

use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::output::Output;

/// Runs the command that was asked for.
///
/// # Errors
/// What the user has to know when it was refused or found something wrong.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { command, global } = cli;
    let output = Output { json: global.json, quiet: global.quiet };
    match command {
        Command::Demo(args) => Box::pin(demo::run(&args, &global, output)).await,
        Command::Init { dir } => init::run(&dir, output),
        Command::Profile { file } => profile::run(&file, output),
        Command::Ingest(args) => Box::pin(ingest::run(&args, &global, output)).await,
        Command::Resolve { entities } => Box::pin(resolve::run(&entities, &global, output)).await,
        Command::Match(args) => match_files::run(&args, output),
        Command::Model(command) => model::run(&command, output),
        Command::Explain { ids } => Box::pin(explain::run(&ids, &global, output)).await,
        Command::Codes(command) => codes::run(&command, output),
        Command::Refresh => Box::pin(refresh::run(&global, output)).await,
        Command::Sql { query, purpose, rows_max } => {
            Box::pin(sql::run(&query, &purpose, rows_max, &global, output)).await
        }
        Command::Serve(args) => Box::pin(serve::run(&args.listen, &global, output)).await,
        Command::Verify => Box::pin(verify::run(&global, output)).await,
        Command::Backup { dir } => Box::pin(backup::run(&dir, &global, output)).await,
        Command::User(command) => Box::pin(users::run_user(&command, &global, output)).await,
        Command::Key(command) => Box::pin(users::run_key(&command, &global, output)).await,
        Command::Synth(args) => synth::run(&args, output),
    }
}
