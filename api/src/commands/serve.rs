//! `kanak serve`: pages and the API.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::cli::Global;
use crate::commands::users::os_rng;
use crate::deployment::Deployment;
use crate::output::Output;
use crate::relay;
use crate::server::router::router;
use crate::server::schedule;
use crate::server::state::{AppState, Cookies};

/// Runs the command until it is told to stop.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn run(listen: &str, global: &Global, output: &Output) -> anyhow::Result<ExitCode> {
    let deployment = Deployment::open(global).await?;
    serve(deployment, listen, output).await?;
    Ok(ExitCode::SUCCESS)
}

/// Serves a deployment until SIGINT or SIGTERM; requests that are under way are answered.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(deployment: Deployment, listen: &str, output: &Output) -> anyhow::Result<()> {
    let address: SocketAddr = listen
        .parse()
        .with_context(|| format!("`{listen}` is not an address to listen on; write one like 127.0.0.1:8080"))?;
    start_log();
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; is something else there? name another with --listen"))?;
    let address = listener.local_addr()?;
    if let Some(password) = deployment.store.ensure_first_administrator(&mut os_rng()).await? {
        output.line(format!("user admin, password (shown once): {password}"));
    }
    let cookies = if address.ip().is_loopback() { Cookies::Loopback } else { Cookies::Secure };
    let state = AppState::new(deployment, cookies);
    let _ticker = schedule::start(state.clone()).await?;
    let _commands = relay::listen(state.clone())?;
    output.line(format!("listening on http://{address}  (pages /, API /docs, health /healthz; stop with Ctrl-C)"));
    axum::serve(listener, router(&state)).with_graceful_shutdown(told_to_stop()).await?;
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
