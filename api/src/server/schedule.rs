//! The ticker: every ten seconds, when the hub is ahead of the warehouse, the warehouse is brought up.

use anyhow::Context as _;
use tokio_cron_scheduler::{Job, JobScheduler};

use crate::jobs::refresh::refresh;
use crate::output::Output;
use crate::server::state::AppState;

/// Starts the ticker. It stops when the returned scheduler is dropped with the process.
///
/// # Errors
/// When the scheduler cannot start.
pub async fn start(state: AppState) -> anyhow::Result<JobScheduler> {
    let scheduler = JobScheduler::new().await.context("cannot make the scheduler")?;
    let job = Job::new_async("*/10 * * * * *", move |_id, _scheduler| {
        let state = state.clone();
        Box::pin(async move {
            if let Err(error) = tick(&state).await {
                tracing::error!(error = format!("{error:#}"), "The scheduled refresh failed: {error:#}");
            }
        })
    })
    .context("cannot make the refresh job")?;
    scheduler.add(job).await.context("cannot add the refresh job")?;
    scheduler.start().await.context("cannot start the scheduler")?;
    Ok(scheduler)
}

/// Refreshes when the hub is ahead. Does nothing while other work is under way: the next tick looks again.
async fn tick(state: &AppState) -> anyhow::Result<()> {
    let Ok(_one_at_a_time) = state.work.try_lock() else { return Ok(()) };
    let hub = state.deployment.store.feed_position().await?;
    let served = state.deployment.warehouse.release().map_or(-1, |release| release.feed_position);
    if hub.0 > served {
        refresh(&state.deployment, &Output::silent()).await?;
        tracing::info!(feed_position = hub.0, "Brought the warehouse up to feed position {hub}");
    }
    Ok(())
}
