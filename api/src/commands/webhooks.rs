//! `kanak webhook`: who is told of the change feed.

use anyhow::Context as _;
use kanak_model::feed::Detail;
use kanak_model::{Access, Caller, FeedPosition, Purpose};
use kanak_store::{NewWebhook, Webhook, key_store};
use serde_json::json;

use crate::cli::{WebhookAddArgs, WebhookCommand};
use crate::deployment::Deployment;
use crate::jobs::webhooks::{Poster, Taken, Target, redeliver};
use crate::output::Output;
use crate::secrets::os_rng;

/// Runs a `webhook` command.
///
/// # Errors
/// When a name, key, entity type or URL is unknown or not allowed.
pub async fn run(command: &WebhookCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    let by = Caller::system("command line");
    match command {
        WebhookCommand::Add(args) => add(args, deployment, output).await,
        WebhookCommand::List => list(deployment, output).await,
        WebhookCommand::Remove { name } => {
            store.remove_webhook(&by, store.get_webhook(name).await?.id).await?;
            output.note(format!("webhook {name} is told nothing any more"));
            Ok(())
        }
        WebhookCommand::Resume { name } => {
            let webhook = store.get_webhook(name).await?;
            store.resume_webhook(&by, webhook.id).await?;
            output.note(format!("webhook {name} goes on after position {}", webhook.position));
            Ok(())
        }
        WebhookCommand::Redeliver { name } => send_again(name, deployment, output).await,
    }
}

async fn add(args: &WebhookAddArgs, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    Target::parse(&args.url, deployment.config.webhooks)?;
    for entity in &args.entities {
        deployment.get_model(entity)?;
    }
    let purpose = Purpose::find(&args.purpose).context("no such purpose")?;
    let keys = deployment.store.list_api_keys().await?;
    if let Some(key) = keys.iter().find(|key| key.name == args.key && key.disabled.is_none()) {
        Access::decide(&key.caller(), purpose)?;
    }
    let new = NewWebhook {
        name: args.name.clone(),
        url: args.url.clone(),
        entities: (!args.entities.is_empty()).then(|| args.entities.iter().cloned().collect()),
        key: args.key.clone(),
        purpose,
        detail: if args.values { Detail::Values } else { Detail::Changes },
        after: args.after.map(FeedPosition),
    };
    let key = deployment.keys.get_key(key_store::WEBHOOKS)?;
    let by = Caller::system("command line");
    let secret = deployment.store.create_webhook(&by, &new, &key, &mut os_rng()).await?;
    if output.json {
        return output.document(&json!({ "webhook": args.name, "secret": *secret }));
    }
    output.line(format!("webhook {}, signing secret (shown once): {}", args.name, *secret));
    Ok(())
}

/// How a webhook stands, in a word.
fn standing(webhook: &Webhook) -> &'static str {
    match (webhook.paused, webhook.failing_since) {
        (Some(_), _) => "paused",
        (None, Some(_)) => "failing",
        (None, None) => "working",
    }
}

async fn list(deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let webhooks = deployment.store.list_webhooks().await?;
    if output.json {
        let documents: Vec<_> = webhooks
            .iter()
            .map(|webhook| {
                json!({
                    "name": webhook.name, "url": webhook.url, "entities": webhook.entities, "state": standing(webhook),
                    "purpose": webhook.purpose.word(), "position": webhook.position, "attempts": webhook.attempts,
                    "dead_letters": webhook.dead_letters, "problem": webhook.problem,
                    "failing_since": webhook.failing_since.map(|at| at.to_string()),
                    "paused": webhook.paused.map(|at| at.to_string()),
                })
            })
            .collect();
        return output.document(&json!(documents));
    }
    let end = deployment.store.feed_position().await?;
    for webhook in &webhooks {
        let problem =
            webhook.problem.as_deref().map(|problem| format!("; last failure: {problem}")).unwrap_or_default();
        output.line(format!(
            "{}  {}  {}, told up to {} of {end}, {} dead letters{problem}",
            webhook.name,
            webhook.url,
            standing(webhook),
            webhook.position,
            webhook.dead_letters
        ));
    }
    if webhooks.is_empty() {
        output.note("no webhook; `kanak webhook add` makes one".to_owned());
    }
    Ok(())
}

async fn send_again(name: &str, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let webhook = deployment.store.get_webhook(name).await?;
    let poster = Poster::new(deployment.config.webhooks)?;
    let outcomes = Box::pin(redeliver(deployment, &poster, webhook)).await?;
    for (letter, taken) in &outcomes {
        let what = match taken {
            Taken::Yes => "taken".to_owned(),
            Taken::Withdrawn => "closed: its key may not see this event any more".to_owned(),
            Taken::No(problem) => format!("not taken: {problem}"),
        };
        output.line(format!("event {}: {what}", letter.position));
    }
    let left = outcomes.iter().filter(|(_, taken)| matches!(taken, Taken::No(_))).count();
    anyhow::ensure!(left == 0, "{left} of {} dead letters were not taken; they stay", outcomes.len());
    output.note(format!("{} dead letters sent again", outcomes.len()));
    Ok(())
}
