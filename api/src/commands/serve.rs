//! `kanak serve`: pages and the API.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use kanak_store::FIRST_ADMINISTRATOR;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::cli::Global;
use crate::deployment::Deployment;
use crate::jobs::publish::publish;
use crate::jobs::webhooks;
use crate::output::{Output, write_private};
use crate::relay;
use crate::secrets::os_rng;
use crate::server::router::router;
use crate::server::state::{AppState, Cookies};
use crate::server::{self, lease, schedule};
use crate::vault_service::house::VaultHouse;
use crate::vault_service::{self, tls};

/// Runs the command until it is told to stop.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn run(listen: &str, global: &Global, output: &Output) -> anyhow::Result<ExitCode> {
    let deployment = Deployment::open(global).await?;
    let passwords = if std::io::stdout().is_terminal() { FirstPassword::Print } else { FirstPassword::Keep };
    serve(deployment, listen, passwords, output).await?;
    Ok(ExitCode::SUCCESS)
}

/// Serves a data folder's vault, and nothing else of it, until SIGINT or SIGTERM.
///
/// # Errors
/// When the folder, its keys or the certificates cannot be used, or the address cannot be listened on.
pub async fn run_vault(listen: &str, global: &Global, output: &Output) -> anyhow::Result<ExitCode> {
    let house = VaultHouse::open(global)?;
    if let Some(at) = &house.config.vault.at {
        bail!("kanak.toml says that the vault is at {at}; on the vault's own machine vault.at is left out");
    }
    let tls = tls::acceptor(&house.config.vault)?;
    start_log();
    let vault = house.vault().await?;
    let (listener, address) = listen_on(listen).await?;
    output.line(format!("vault listening on https://{address}  (calls of hubs with a certificate; stop with Ctrl-C)"));
    server::listen::serve_tls(listener, tls, vault_service::serve::router(vault.clone()), told_to_stop()).await;
    vault.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn listen_on(listen: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let address: SocketAddr = listen
        .parse()
        .with_context(|| format!("`{listen}` is not an address to listen on; write one like 127.0.0.1:8080"))?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; is something else there? name another with --listen"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves a deployment until SIGINT or SIGTERM; requests that are under way are answered.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(
    deployment: Deployment,
    listen: &str,
    passwords: FirstPassword,
    output: &Output,
) -> anyhow::Result<()> {
    start_log();
    let (listener, address) = listen_on(listen).await?;
    if let Some(password) = deployment.store.ensure_first_administrator(&mut os_rng()).await? {
        hand_over(&password, passwords, &deployment.data, output)?;
    }
    let cookies = Cookies::on(address.ip(), deployment.config.public_url.as_deref());
    let state = AppState::new(deployment, cookies);
    publish(&state.deployment).await?;
    let keeping = lease::start(&state)?;
    let _ticker = schedule::start(state.clone()).await?;
    let _commands = relay::listen(state.clone())?;
    let _deliveries = webhooks::start(state.deployment.clone(), state.lease.subscribe())?;
    output.line(format!("listening on http://{address}  (pages /, API /docs, health /healthz; stop with Ctrl-C)"));
    let stop = async {
        told_to_stop().await;
        state.ending.send_replace(true);
    };
    server::listen::serve(listener, router(&state), stop).await;
    drop(keeping);
    lease::give_back(&state).await;
    Ok(())
}

/// Where the first administrator's password goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstPassword {
    /// To standard output: someone reads it there.
    Print,
    /// Into a file that only the owner reads: standard output may be the log of a service.
    Keep,
}

/// The file of a password that was not printed.
const PASSWORD_FILE: &str = "first-password.txt";

fn hand_over(password: &str, passwords: FirstPassword, data: &Path, output: &Output) -> anyhow::Result<()> {
    if passwords == FirstPassword::Print {
        output.line(format!("user {FIRST_ADMINISTRATOR}, password (shown once): {password}"));
        return Ok(());
    }
    let path = data.join(PASSWORD_FILE);
    write_private(&path, &format!("{password}\n")).with_context(|| {
        format!("cannot write {}; `kanak user reset {FIRST_ADMINISTRATOR}` gives a new password", path.display())
    })?;
    output.line(format!("user {FIRST_ADMINISTRATOR}, password in {}: read it, then remove the file", path.display()));
    Ok(())
}

fn start_log() {
    let filter = EnvFilter::try_new("kanak=info,warn").unwrap_or_default();
    // A second server in one process (tests) keeps the first one's log.
    let terminal = std::io::stderr().is_terminal();
    drop(tracing_subscriber::fmt().with_env_filter(filter).with_ansi(terminal).with_writer(std::io::stderr).try_init());
}

async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
                return;
            }
            Err(error) => tracing::warn!(%error, "Cannot listen for SIGTERM: {error}"),
        }
    }
    drop(interrupt.await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_password_that_is_not_printed_stands_in_a_file_that_only_its_owner_reads() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (sender, mut printed) = tokio::sync::mpsc::unbounded_channel();
        let output = Output::to_asker(false, false, sender);
        hand_over("correct-horse", FirstPassword::Keep, folder.path(), &output).unwrap();
        let path = folder.path().join(PASSWORD_FILE);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "correct-horse\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let said = format!("{:?}", printed.try_recv().unwrap());
        assert!(said.contains(PASSWORD_FILE) && !said.contains("correct-horse"), "{said}");
        hand_over("correct-horse", FirstPassword::Print, folder.path(), &output).unwrap();
        assert!(
            format!("{:?}", printed.try_recv().unwrap()).contains("user admin, password (shown once): correct-horse")
        );
    }
}
