//! Webhooks: the change feed posted to subscribers, in order, at least once.
//!
//! Of several servers on one hub the holder of the lease delivers. A message is one event. Its id names webhook and position, and its content follows from the feed: whoever keeps ids
//! sees each once. The position is written after the receiver's answer, so that a kill at any point loses nothing.

mod deliver;
mod post;
mod sign;
mod target;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use kanak_store::{Lease, Webhook, WebhookId};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use deliver::{Taken, deliver, redeliver};
pub use post::Poster;
pub use target::Target;

use crate::deployment::Deployment;

/// How often it is looked whether there is something to deliver.
const LOOK: Duration = Duration::from_secs(1);

/// Deliveries in the background; dropped, they stop where they are.
pub struct Deliveries(JoinHandle<()>);

impl Drop for Deliveries {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts to deliver while this server holds the lease, each webhook in a task of its own: a slow receiver holds up no other.
///
/// # Errors
/// When TLS cannot be set up.
pub fn start(deployment: Deployment, lease: watch::Receiver<Option<Lease>>) -> anyhow::Result<Deliveries> {
    let poster = Poster::new(deployment.config.webhooks)?;
    Ok(Deliveries(tokio::spawn(async move {
        let mut running = Running::default();
        loop {
            let held = lease.borrow().clone();
            if running.lease != held {
                running = Running { lease: held, deliveries: BTreeMap::new() };
            }
            if let Err(error) = running.look(&deployment, &poster).await {
                let reason = format!("{error:#}");
                tracing::error!(error = reason, "Cannot tell which webhooks are due: {reason}");
                tokio::time::sleep(Duration::from_secs(30)).await;
            }
            tokio::time::sleep(LOOK).await;
        }
    })))
}

/// The webhooks that are being delivered.
#[derive(Default)]
struct Running {
    /// The lease under which they are; without one there are none.
    lease: Option<Lease>,
    deliveries: BTreeMap<WebhookId, JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.deliveries.values().for_each(JoinHandle::abort);
    }
}

impl Running {
    /// Begins what is due and not under way; ends what is not wanted any more.
    async fn look(&mut self, deployment: &Deployment, poster: &Poster) -> anyhow::Result<()> {
        let Some(lease) = &self.lease else { return Ok(()) };
        let deployment = &deployment.holding(lease);
        let webhooks = deployment.store.list_webhooks().await.context("cannot list webhooks")?;
        let end = deployment.store.feed_position().await?;
        let now = deployment.clock.now();
        self.deliveries.retain(|id, task| {
            let is_wanted = webhooks.iter().any(|webhook| webhook.id == *id && webhook.paused.is_none());
            if !is_wanted {
                task.abort();
            }
            is_wanted && !task.is_finished()
        });
        let is_due = |webhook: &Webhook| webhook.paused.is_none() && webhook.due <= now && webhook.position != end;
        for webhook in webhooks.into_iter().filter(is_due) {
            let (deployment, poster) = (deployment.clone(), poster.clone());
            self.deliveries.entry(webhook.id).or_insert_with(|| {
                tokio::spawn(async move {
                    if let Err(error) = deliver(&deployment, &poster, webhook.id).await {
                        let (name, reason) = (webhook.name, format!("{error:#}"));
                        tracing::error!(error = reason, "Webhook {name} cannot be delivered: {reason}");
                        tokio::time::sleep(Duration::from_secs(30)).await;
                    }
                })
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
