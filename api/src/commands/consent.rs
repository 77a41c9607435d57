//! `kanak consent`: receipts of citizens' consent.

use anyhow::Context as _;
use kanak_model::sharing::Covered;
use kanak_model::{Access, GoldenId, Purpose, Timestamp};
use kanak_store::{Consent, NewConsent};
use serde_json::{Value, json};

use crate::cli::{ConsentCommand, ConsentRecordArgs};
use crate::commands::agreement::{begin_of, check_covered, end_of, find_purpose};
use crate::deployment::Deployment;
use crate::output::Output;

/// Receipts read at a time.
const PAGE: u32 = 10_000;

/// Runs the command.
///
/// # Errors
/// When a word is not known, the register knows no such key, or there is no such receipt.
pub async fn run(command: &ConsentCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    let actor = Access::operation("command line").caller().name.clone();
    match command {
        ConsentCommand::Record(args) => {
            let id = record(args, deployment, &actor).await?;
            if output.json {
                return output.document(&json!({ "consent": id }));
            }
            output.line(format!("consent {id} stands until it ends or is withdrawn"));
        }
        ConsentCommand::Withdraw { consent } => {
            store.withdraw_consent(*consent, &actor).await?;
            output.note(format!("consent {consent} is withdrawn: from now on it does not stand"));
        }
        ConsentCommand::List { golden } => {
            let parse = |text: &String| text.parse().with_context(|| format!("`{text}` is no golden id"));
            let golden: Option<GoldenId> = golden.as_ref().map(parse).transpose()?;
            let mut all: Vec<Consent> = Vec::new();
            loop {
                let after = all.last().map_or(0, |consent| consent.id);
                let page = store.list_consents(golden, after, PAGE).await?;
                if page.is_empty() {
                    break;
                }
                all.extend(page);
            }
            let now = deployment.clock.now();
            if output.json {
                return output.document(&all.iter().map(|consent| document_of(consent, now)).collect::<Vec<_>>());
            }
            let rows: Vec<Vec<String>> = all.iter().map(|consent| row_of(consent, now)).collect();
            output.table(&["consent", "golden record", "for", "covers", "given", "until", "stands", "how"], &rows);
        }
    }
    Ok(())
}

async fn record(args: &ConsentRecordArgs, deployment: &Deployment, actor: &str) -> anyhow::Result<i64> {
    let covers = Covered::parse(args.covers.iter().map(String::as_str))?;
    check_covered(&covers, deployment)?;
    let new = NewConsent {
        source: &args.source,
        key: &args.key,
        purpose: find_purpose(&args.purpose)?,
        covers,
        how: &args.how,
        given: args.given.as_deref().map_or_else(|| Ok(deployment.clock.now()), begin_of)?,
        until: args.until.as_deref().map(end_of).transpose()?,
    };
    Ok(deployment.store.record_consent(&new, actor).await?)
}

fn purpose(consent: &Consent) -> &'static str {
    consent.purpose.map_or("nothing that is known", Purpose::word)
}

fn document_of(consent: &Consent, now: Timestamp) -> Value {
    json!({
        "consent": consent.id, "golden_id": consent.golden.map(|golden| golden.to_string()),
        "source_record": consent.source_record.0, "purpose": purpose(consent), "covers": consent.covers.words(),
        "how": consent.how, "given": consent.given.to_string(), "until": consent.until.map(|until| until.to_string()),
        "recorded_by": consent.recorded.0, "recorded": consent.recorded.1.to_string(), "stands": consent.stands(now),
        "withdrawn_by": consent.withdrawn.as_ref().map(|(by, _)| by),
        "withdrawn": consent.withdrawn.as_ref().map(|(_, at)| at.to_string()),
    })
}

fn row_of(consent: &Consent, now: Timestamp) -> Vec<String> {
    vec![
        consent.id.to_string(),
        consent.golden.map_or_else(String::new, |golden| golden.to_string()),
        purpose(consent).to_owned(),
        consent.covers.words().join(" "),
        consent.given.to_string(),
        consent.until.map_or_else(String::new, |until| until.to_string()),
        if consent.stands(now) { "yes" } else { "no" }.to_owned(),
        consent.how.clone(),
    ]
}
