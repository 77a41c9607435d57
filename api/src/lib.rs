#![doc = include_str!("../README.md")]

pub mod cli;
pub mod codes_at_hand;
pub mod commands;
pub mod config;
pub mod deployment;
pub mod feed_view;
pub mod fhir;
pub mod jobs;
pub mod keys;
pub mod mdms;
pub mod output;
pub mod progress;
pub mod relay;
pub mod secrets;
pub mod server;
pub mod sharing;
#[cfg(test)]
pub(crate) mod testing;
pub mod v1;
pub mod vault_service;

use std::process::ExitCode;

use cli::Cli;

/// Runs one command to its end.
///
/// # Errors
/// What the user has to know when the command was refused or found something wrong.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(8 << 20).build()?;
    runtime.block_on(commands::run(cli))
}
