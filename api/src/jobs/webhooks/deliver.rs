//! Delivering to one receiver: from where it stands to the end of the feed, or to the first failure.

use std::collections::BTreeSet;

use anyhow::Context as _;
use axum::http::StatusCode;
use kanak_model::feed::{Detail, FeedEntry};
use kanak_model::{Access, FeedPosition, Timestamp};
use kanak_store::{AfterFailure, AuditEvent, DeadLetter, StoreError, Webhook, WebhookId, key_store};
use rand::Rng;
use zeroize::Zeroizing;

use super::post::{Message, Poster};
use super::sign::sign;
use super::target::Target;
use crate::deployment::Deployment;
use crate::feed_view::FeedEventView;
use crate::secrets::os_rng;

/// Events that are read at a time.
const PAGE: u32 = 100;
/// Attempts until an event becomes a dead letter: with the waits below, after about half a day.
pub(super) const ATTEMPTS_MAX: u32 = 8;
/// The first wait after a failure; each further one is four times as long.
const WAIT_FIRST_US: i64 = 5_000_000;
/// The longest wait: six hours.
const WAIT_MAX_US: i64 = 6 * 3600 * 1_000_000;
/// How long a receiver may fail, one event after the other, until its webhook is paused: three days.
const FAILING_MAX_US: i64 = 3 * 24 * 3600 * 1_000_000;

/// How long to wait after so many failed attempts: between half of the full wait and all of it, so that receivers that
/// failed together do not come back together.
fn wait_us(attempts: u32, rng: &mut impl Rng) -> i64 {
    let full = WAIT_FIRST_US.saturating_mul(4_i64.saturating_pow(attempts.saturating_sub(1))).min(WAIT_MAX_US);
    rng.random_range(full / 2..=full)
}

/// What a receiver's answer means.
enum Answer {
    /// It has the message.
    Taken,
    /// It does not have it, and may take it later.
    NotTaken(String),
    /// It wants no messages any more.
    Gone,
}

/// What a webhook's messages are made with.
struct Line<'a> {
    deployment: &'a Deployment,
    poster: &'a Poster,
    webhook: Webhook,
    access: Access,
    target: Target,
    secret: Zeroizing<String>,
}

/// Delivers what a webhook has not been told. After a failure, when the next attempt is due stands in the hub. Before each page it is asked
/// anew whether there is such a webhook, is not paused, and may be told anything: what a person did meanwhile counts at once.
///
/// # Errors
/// When the hub cannot be read or written.
pub async fn deliver(deployment: &Deployment, poster: &Poster, id: WebhookId) -> anyhow::Result<()> {
    loop {
        let webhook = deployment.store.find_webhook(id).await?;
        let Some(webhook) = webhook.filter(|webhook| webhook.paused.is_none()) else { return Ok(()) };
        let (now, position) = (deployment.clock.now(), webhook.position);
        let mut line = match Line::open(deployment, poster, webhook).await? {
            Ok(line) => line,
            Err(reason) => return pause(deployment, id, position, &reason, now).await,
        };
        match line.deliver_page().await? {
            Step::More => {}
            Step::AtTheEnd | Step::Stopped => return Ok(()),
            Step::Refused(reason) => return pause(deployment, id, line.webhook.position, &reason, now).await,
        }
    }
}

async fn pause(
    deployment: &Deployment,
    id: WebhookId,
    position: FeedPosition,
    reason: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    tracing::error!(webhook.id = id.0, reason, "Webhook {} is paused: {reason}", id.0);
    Ok(deployment.store.webhook_failed(id, position, reason, now, AfterFailure::Pause).await?)
}

/// What became of a dead letter that was sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// The receiver took it.
    Yes,
    /// It did not, for this reason.
    No(String),
    /// Its key may not see the event any more: the letter is closed.
    Withdrawn,
}

/// Sends the dead letters of a webhook again, in the feed's order; tells of each what became of it.
///
/// # Errors
/// When the webhook may send nothing at all, or the hub cannot be read or written.
pub async fn redeliver(
    deployment: &Deployment,
    poster: &Poster,
    webhook: Webhook,
) -> anyhow::Result<Vec<(DeadLetter, Taken)>> {
    let letters = deployment.store.list_dead_letters(webhook.id).await?;
    let line = Line::open(deployment, poster, webhook).await?.map_err(anyhow::Error::msg)?;
    let mut outcomes = Vec::with_capacity(letters.len());
    for letter in letters {
        let taken = line.redeliver_one(letter.position).await?;
        if !matches!(taken, Taken::No(_)) {
            deployment.store.dead_letter_delivered(line.webhook.id, letter.position).await?;
        }
        outcomes.push((letter, taken));
    }
    Ok(outcomes)
}

enum Step {
    More,
    AtTheEnd,
    /// The receiver did not take an event.
    Stopped,
    /// Nothing can be sent until a person has looked.
    Refused(String),
}

impl<'a> Line<'a> {
    /// What is needed to send; the inner error is the reason why nothing may be sent.
    async fn open(
        deployment: &'a Deployment,
        poster: &'a Poster,
        webhook: Webhook,
    ) -> anyhow::Result<Result<Self, String>> {
        let keys = deployment.store.list_api_keys().await?;
        let key = keys.iter().find(|key| key.id == webhook.key).context("a webhook names a key that never was")?;
        let now = deployment.clock.now();
        if key.disabled.is_some() || key.expires.is_some_and(|expires| expires <= now) {
            return Ok(Err(format!(
                "its key {} does not open anything any more; make a webhook with another",
                key.name
            )));
        }
        let access = match deployment.decide(&key.caller(), webhook.purpose, None).await? {
            Ok(access) => access,
            Err(denied) => return Ok(Err(denied.to_string())),
        };
        let target = match Target::parse(&webhook.url, deployment.config.webhooks) {
            Ok(target) => target,
            Err(error) => return Ok(Err(format!("{error:#}"))),
        };
        let secret = webhook.secret(&deployment.keys.get_key(key_store::WEBHOOKS)?);
        Ok(Ok(Self { deployment, poster, webhook, access, target, secret }))
    }

    async fn deliver_page(&mut self) -> anyhow::Result<Step> {
        let store = &self.deployment.store;
        let read =
            store.read_feed(&self.access, &self.deployment.models, self.webhook.position, PAGE, self.webhook.detail);
        let page = match read.await {
            Ok(page) => page,
            Err(error @ StoreError::FeedPosition { .. }) => return Ok(Step::Refused(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let entries: Vec<FeedEntry> = page.entries.into_iter().filter(|entry| self.is_about(entry)).collect();
        self.put_on_record(&entries).await?;
        for entry in entries {
            let position = entry.position();
            match self.send(entry).await? {
                Answer::Taken => store.webhook_delivered(self.webhook.id, position).await?,
                Answer::NotTaken(problem) => {
                    self.fail(position, &problem).await?;
                    return Ok(Step::Stopped);
                }
                Answer::Gone => return Ok(Step::Refused("the receiver answers 410: it wants no more".to_owned())),
            }
            self.webhook.position = position;
            (self.webhook.attempts, self.webhook.failing_since) = (0, None);
        }
        if page.through != self.webhook.position {
            store.webhook_passed(self.webhook.id, page.through).await?;
            self.webhook.position = page.through;
        }
        Ok(if page.through == page.end { Step::AtTheEnd } else { Step::More })
    }

    /// Whether the webhook was made to tell of this.
    fn is_about(&self, entry: &FeedEntry) -> bool {
        let subject = match entry {
            FeedEntry::Golden(seen) => &seen.event.entity,
            FeedEntry::Published(event) => &event.publication.name,
        };
        self.webhook.entities.as_ref().is_none_or(|entities| entities.contains(subject))
    }

    /// Values are read by the receiver: an entry a golden record, before anything is sent.
    async fn put_on_record(&self, entries: &[FeedEntry]) -> anyhow::Result<()> {
        if self.webhook.detail == Detail::Changes {
            return Ok(());
        }
        let shown: BTreeSet<_> =
            entries.iter().filter_map(FeedEntry::golden).map(|seen| seen.event.golden_id).collect();
        let entry = |id| AuditEvent::read(&self.access, "sent golden record by webhook", format!("{id}"));
        self.deployment.store.audit_many(shown.into_iter().map(entry).collect()).await?;
        Ok(())
    }

    async fn send(&self, entry: FeedEntry) -> anyhow::Result<Answer> {
        let message = self.message(entry)?;
        Ok(match self.poster.post(&self.target, message).await {
            Ok(status) if status.is_success() => Answer::Taken,
            Ok(StatusCode::GONE) => Answer::Gone,
            Ok(status) if status.is_redirection() => {
                Answer::NotTaken(format!("the receiver answers {}: redirects are not followed", status.as_u16()))
            }
            Ok(status) => Answer::NotTaken(format!("the receiver answers {}", status.as_u16())),
            Err(error) => Answer::NotTaken(format!("{error:#}")),
        })
    }

    fn message(&self, entry: FeedEntry) -> anyhow::Result<Message> {
        let id = format!("kanak_{}_{}", self.webhook.id.0, entry.position());
        let seconds = self.deployment.clock.now().0 / 1_000_000;
        let (kind, at) = match &entry {
            FeedEntry::Golden(seen) => (format!("golden_record.{}", seen.event.change.word()), seen.event.at),
            FeedEntry::Published(event) => (event.publication.kind.word().replace('_', "."), event.at),
        };
        let data = FeedEventView::from(entry);
        let body = serde_json::json!({ "type": kind, "timestamp": at.to_string(), "data": data }).to_string();
        let signature = sign(&self.secret, &id, seconds, &body)?;
        Ok(Message { id, seconds, signature, body })
    }

    /// Decides what becomes of an event that was not taken.
    async fn fail(&self, event: FeedPosition, problem: &str) -> anyhow::Result<()> {
        let webhook = &self.webhook;
        let now = self.deployment.clock.now();
        let attempts = webhook.attempts + 1;
        let due = Timestamp(now.0 + wait_us(attempts, &mut os_rng()));
        let then = if webhook.failing_since.is_some_and(|since| now.0 - since.0 >= FAILING_MAX_US) {
            AfterFailure::Pause
        } else if attempts >= ATTEMPTS_MAX {
            AfterFailure::GiveUp(due)
        } else {
            AfterFailure::Retry(due)
        };
        let name = &webhook.name;
        match then {
            AfterFailure::Retry(_) => {
                tracing::warn!(webhook = name, %event, problem, "Webhook {name} did not take event {event}: {problem}");
            }
            AfterFailure::GiveUp(_) => tracing::error!(
                webhook = name, %event, problem,
                "Webhook {name} did not take event {event} in {attempts} attempts; it is a dead letter now: {problem}"
            ),
            AfterFailure::Pause => {
                tracing::error!(webhook = name, problem, "Webhook {name} fails for days and is paused: {problem}");
            }
        }
        Ok(self.deployment.store.webhook_failed(webhook.id, event, problem, now, then).await?)
    }

    async fn redeliver_one(&self, position: FeedPosition) -> anyhow::Result<Taken> {
        let before = FeedPosition(position.0 - 1);
        let store = &self.deployment.store;
        let page = store.read_feed(&self.access, &self.deployment.models, before, 1, self.webhook.detail).await?;
        let Some(entry) = page.entries.into_iter().find(|entry| entry.position() == position) else {
            return Ok(Taken::Withdrawn);
        };
        self.put_on_record(std::slice::from_ref(&entry)).await?;
        Ok(match self.send(entry).await? {
            Answer::Taken => Taken::Yes,
            Answer::NotTaken(problem) => Taken::No(problem),
            Answer::Gone => Taken::No("the receiver answers 410: it wants no more".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn waits_grow_from_seconds_to_hours_and_are_never_the_same_for_all() {
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        for attempts in 1..40 {
            let full = WAIT_FIRST_US.saturating_mul(4_i64.saturating_pow(attempts - 1)).min(WAIT_MAX_US);
            let waits: BTreeSet<i64> = (0..20).map(|_| wait_us(attempts, &mut rng)).collect();
            assert!(waits.len() > 1, "{attempts}");
            assert!(waits.iter().all(|wait| (full / 2..=full).contains(wait)), "{attempts}: {waits:?}");
        }
        assert!(wait_us(40, &mut rng) >= WAIT_MAX_US / 2);
        let most: i64 =
            (1..ATTEMPTS_MAX).map(|n| WAIT_FIRST_US.saturating_mul(4_i64.pow(n - 1)).min(WAIT_MAX_US)).sum();
        assert!(most < FAILING_MAX_US, "an event is given up before its webhook is paused");
    }
}
