//! One file a command: parse, call the job or crate, print.

pub mod agreement;
pub mod appraise;
pub mod audit;
pub mod backup;
pub mod bench;
pub mod code_versions;
pub mod codes;
pub mod consent;
pub mod demo;
pub mod erase;
pub mod explain;
pub mod hold;
pub mod ingest;
pub mod init;
pub mod match_files;
pub mod metric;
pub mod model;
pub mod model_migrations;
pub mod pack;
pub mod profile;
pub mod refresh;
pub mod resolve;
pub mod restore;
pub mod rules_preview;
pub mod schedule;
pub mod serve;
pub mod sql;
pub mod synth;
pub mod users;
pub mod vault;
pub mod vault_keeping;
pub mod verify;
mod waterfall;
pub mod webhooks;

use std::process::ExitCode;

use kanak_codes::{Codes, Holidays};

use crate::cli::{
    AnyCodesCommand, AuditCommand, Cli, Command, DataCommand, Global, ModelCommand, PackCommand, ServeRole,
    VaultCommand,
};
use crate::deployment::{Absent, Deployment, Opened, is_data_folder};
use crate::jobs::kept_checkpoint;
use crate::output::Output;
use crate::relay;

/// Runs the command that was asked for.
///
/// # Errors
/// What the user has to know when it was refused or found something wrong.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let Cli { command, global } = cli;
    let output = Output::standard(global.json, global.quiet);
    match command {
        Command::Demo(args) => Box::pin(demo::run(&args, &global, &output)).await,
        Command::Init { dir } => init::run(&dir, &output),
        Command::Profile { file } => profile::run(&file, &output),
        Command::Audit(AuditCommand::Verify { file, keys }) => {
            audit::verify(&file, &keys, &output)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Audit(AuditCommand::OnData(command)) => on_data(DataCommand::Audit(command), &global, &output).await,
        Command::Vault(VaultCommand::OnData(command)) => on_data(DataCommand::Vault(command), &global, &output).await,
        Command::Vault(VaultCommand::MoveKeys { to }) => vault_keeping::move_keys(to, &global, &output).await,
        Command::Vault(VaultCommand::Certificates { dir, names, days }) => {
            vault_keeping::certificates(&dir, &names, days, &output)
        }
        Command::Vault(VaultCommand::Backup { file }) => vault_keeping::backup(&file, &global, &output).await,
        Command::OnData(command) => on_data(command, &global, &output).await,
        Command::Match(args) => match_files::run(&args, &output),
        Command::Model(ModelCommand::OnFiles(command)) => model::run(&command, &output),
        Command::Model(ModelCommand::OnData(command)) => on_data(DataCommand::Model(command), &global, &output).await,
        Command::Codes(AnyCodesCommand::VerifyBundle { file, key }) => {
            code_versions::verify_bundle(&file, &key, &output)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Codes(AnyCodesCommand::Ask(command)) if is_data_folder(&global.data) => {
            on_data(DataCommand::AskCodes(codes::with_facts_read(command)?), &global, &output).await
        }
        Command::Codes(AnyCodesCommand::Ask(command)) => {
            let command = codes::with_facts_read(command)?;
            codes::run(&command, &Codes::builtin()?, &Holidays::builtin(), &output)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Codes(AnyCodesCommand::OnData(command)) => {
            on_data(DataCommand::Codes(command), &global, &output).await
        }
        Command::Pack(PackCommand::Verify { file, key }) => {
            pack::verify(&file, &key, &output)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Pack(PackCommand::OnData(command)) => on_data(DataCommand::Pack(command), &global, &output).await,
        Command::Restore(args) => Box::pin(restore::run(&args, &global, &output)).await,
        Command::Serve(args) => match args.role {
            ServeRole::All => Box::pin(serve::run(&args.listen, &global, &output)).await,
            ServeRole::Vault => Box::pin(serve::run_vault(&args.listen, &global, &output)).await,
        },
        Command::Synth(args) => synth::run(&args, &output),
        Command::Bench(command) => Box::pin(bench::run(&command, &global, &output)).await,
    }
}

/// Runs a command on the data folder, here or in the server that owns it.
async fn on_data(command: DataCommand, global: &Global, output: &Output) -> anyhow::Result<ExitCode> {
    let absent = if command.begins_a_deployment() { Absent::Make } else { Absent::Refuse };
    match Deployment::open_or_find_owner(global, absent).await? {
        Opened::Here(deployment) => Box::pin(run_on(&command, &deployment, output)).await?,
        Opened::Served(socket) => relay::ask(&socket, command, global.hub.as_deref(), output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a command on an open data folder: for whoever typed it here, or asked the server that owns the folder.
///
/// # Errors
/// What the user has to know when it was refused or found something wrong.
pub async fn run_on(command: &DataCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let work = async {
        run_command(command, deployment, output).await?;
        kept_checkpoint::checkpoint_if_due(deployment).await
    };
    work.await.map_err(|error: anyhow::Error| Deployment::placed(&deployment.data, &deployment.hub, error))
}

async fn run_command(command: &DataCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    match command {
        DataCommand::Ingest(args) => Box::pin(ingest::run(args, deployment, output)).await,
        DataCommand::Resolve { entities, preview: false } => Box::pin(resolve::run(entities, deployment, output)).await,
        DataCommand::Resolve { entities, preview: true } => {
            Box::pin(rules_preview::run(entities, deployment, output)).await
        }
        DataCommand::Model(command) => Box::pin(model_migrations::run(command, deployment, output)).await,
        DataCommand::Explain { ids, html, known_at, as_of } => {
            let when = explain::When { known_at: known_at.as_deref(), as_of: as_of.as_deref() };
            Box::pin(explain::run(ids, html.as_deref(), when, deployment, output)).await
        }
        DataCommand::Refresh => Box::pin(refresh::run(deployment, output)).await,
        DataCommand::Sql { query, purpose, rows_max } => {
            Box::pin(sql::run(query, purpose, *rows_max, deployment, output)).await
        }
        DataCommand::Metric(command) => Box::pin(metric::run(command, deployment, output)).await,
        DataCommand::Verify => Box::pin(verify::run(deployment, output)).await,
        DataCommand::Audit(command) => Box::pin(audit::run(command, deployment, output)).await,
        DataCommand::Backup { dir } => Box::pin(backup::run(dir, deployment, output)).await,
        DataCommand::User(command) => Box::pin(users::run_user(command, deployment, output)).await,
        DataCommand::Key(command) => Box::pin(users::run_key(command, deployment, output)).await,
        DataCommand::Webhook(command) => Box::pin(webhooks::run(command, deployment, output)).await,
        DataCommand::Schedule(command) => Box::pin(schedule::run(command, deployment, output)).await,
        DataCommand::Erase(args) => Box::pin(erase::run(args, deployment, output)).await,
        DataCommand::Hold(command) => Box::pin(hold::run(command, deployment, output)).await,
        DataCommand::Agreement(command) => Box::pin(agreement::run(command, deployment, output)).await,
        DataCommand::Consent(command) => Box::pin(consent::run(command, deployment, output)).await,
        DataCommand::AskCodes(command) => {
            codes::run(command, &deployment.codes(), &deployment.warehouse.holidays(), output)
        }
        DataCommand::Appraise(command) => Box::pin(appraise::run(command, deployment, output)).await,
        DataCommand::Pack(command) => Box::pin(pack::run(command, deployment, output)).await,
        DataCommand::Codes(command) => Box::pin(code_versions::run(command, deployment, output)).await,
        DataCommand::Vault(command) => Box::pin(vault::run(command, deployment, output)).await,
    }
}
