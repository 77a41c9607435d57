//! `kanak agreement`: which register may be linked with another or read by a department.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use kanak_model::sharing::{Agreement, AgreementTerms, Covered, Party};
use kanak_model::toml_text::choices;
use kanak_model::{Purpose, Timestamp};
use serde_json::{Value, json};

use crate::cli::{AgreementAddArgs, AgreementCommand};
use crate::config::{Approvals, Shared};
use crate::deployment::Deployment;
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// When a word is not known, a person may not, or there is no such agreement.
pub async fn run(command: &AgreementCommand, deployment: &Deployment, output: &Output) -> anyhow::Result<()> {
    let store = &deployment.store;
    match command {
        AgreementCommand::Add(args) => {
            let id = store.propose_agreement(&terms(args, deployment)?, &args.by).await?;
            if output.json {
                return output.document(&json!({ "agreement": id }));
            }
            output.line(format!(
                "agreement {id} waits for another person of the owner: kanak agreement approve {id} --by USER"
            ));
        }
        AgreementCommand::Approve { agreement, by } => {
            if deployment.config.sharing.approvals == Approvals::SignedIn {
                bail!(
                    "agreements are approved by who has signed in (kanak.toml, [sharing] approvals): \
                     POST /v1/agreements/{agreement}/approval"
                );
            }
            let approved = store.approve_agreement(*agreement, by).await?;
            output.note(format!("agreement {agreement} is approved{}", what_follows(&approved, deployment)));
        }
        AgreementCommand::End { agreement, by } => {
            let ended = store.end_agreement(*agreement, by).await?;
            output.note(format!("agreement {agreement} has no force any more{}", what_follows(&ended, deployment)));
        }
        AgreementCommand::List => {
            let agreements = store.list_agreements().await?;
            let now = deployment.clock.now();
            if output.json {
                let all: Vec<Value> = agreements.iter().map(|agreement| document_of(agreement, now)).collect();
                return output.document(&all);
            }
            let header = [
                "agreement",
                "register",
                "may be",
                "for",
                "covers",
                "from",
                "until",
                "stands",
                "proposed by",
                "approved by",
                "paper",
            ];
            let rows: Vec<Vec<String>> = agreements.iter().map(|agreement| row_of(agreement, now)).collect();
            output.table(&header, &rows);
        }
    }
    Ok(())
}

/// What is to be done where links follow from agreements.
fn what_follows(agreement: &Agreement, deployment: &Deployment) -> &'static str {
    match (&agreement.terms.party, deployment.config.sharing.links) {
        (Party::LinkedWith(_), Shared::Agreed) => "; `kanak resolve` links and parts what follows from it",
        (Party::LinkedWith(_), Shared::All) => "; links need no agreement here: kanak.toml, [sharing] links",
        (Party::ReadBy(_), _) => "",
    }
}

fn terms(args: &AgreementAddArgs, deployment: &Deployment) -> anyhow::Result<AgreementTerms> {
    let party = match (&args.linked_with, &args.read_by) {
        (Some(register), None) => Party::LinkedWith(register.clone()),
        (None, Some(department)) => Party::ReadBy(department.clone()),
        _ => bail!("name either --linked-with or --read-by"),
    };
    for register in [Some(&args.register), args.linked_with.as_ref()].into_iter().flatten() {
        if deployment.find_register(register).is_none() {
            let known = choices(deployment.sources.iter().map(|source| source.name.as_str()));
            bail!("no source `{register}`; there are {known}");
        }
    }
    let covers = Covered::parse(args.covers.iter().map(String::as_str))?;
    check_covered(&covers, deployment)?;
    Ok(AgreementTerms {
        register: args.register.clone(),
        party,
        purposes: args.purposes.iter().map(|word| find_purpose(word)).collect::<anyhow::Result<BTreeSet<_>>>()?,
        covers,
        from: args.from.as_deref().map_or_else(|| Ok(deployment.clock.now()), begin_of)?,
        until: args.until.as_deref().map(end_of).transpose()?,
        reference: args.reference.clone(),
    })
}

/// The purpose of this name.
///
/// # Errors
/// When there is none; names those there are.
pub fn find_purpose(word: &str) -> anyhow::Result<Purpose> {
    Purpose::find(word).with_context(|| {
        format!("no purpose `{word}`; there are {}", choices(Purpose::ALL.iter().map(|one| one.word())))
    })
}

/// Refuses attributes that no entity model has: an agreement or a receipt would seem to cover something.
///
/// # Errors
/// Names the first of them.
pub fn check_covered(covers: &Covered, deployment: &Deployment) -> anyhow::Result<()> {
    let Covered::Some { attributes, .. } = covers else { return Ok(()) };
    let has = |name: &String| deployment.models.iter().any(|model| model.find_attribute(name).is_some());
    match attributes.iter().find(|name| !has(name)) {
        None => Ok(()),
        Some(name) => bail!("no entity model has an attribute `{name}`; `kanak model check` names those of a model"),
    }
}

/// The instant at which a day in India begins, or a time.
///
/// # Errors
/// When the text is neither.
pub fn begin_of(text: &str) -> anyhow::Result<Timestamp> {
    let at = parse(text)?;
    Ok(if is_day(text) { Timestamp::start_of_day_ist(at.day_ist()) } else { at })
}

/// The instant at which a day in India is over, or a time.
///
/// # Errors
/// When the text is neither.
pub fn end_of(text: &str) -> anyhow::Result<Timestamp> {
    let at = parse(text)?;
    Ok(if is_day(text) { Timestamp(at.0 + 1) } else { at })
}

fn is_day(text: &str) -> bool {
    !text.contains(['T', 't'])
}

fn parse(text: &str) -> anyhow::Result<Timestamp> {
    Timestamp::parse(text)
        .with_context(|| format!("`{text}` is no time; write a day as 2026-04-01, or 2026-04-01T09:30:00Z"))
}

fn document_of(agreement: &Agreement, now: Timestamp) -> Value {
    let terms = &agreement.terms;
    let (by, at) = (|pair: &(String, Timestamp)| pair.0.clone(), |pair: &(String, Timestamp)| pair.1.to_string());
    json!({
        "agreement": agreement.id, "register": terms.register, terms.party.word(): terms.party.name(),
        "purposes": terms.purposes.iter().map(|purpose| purpose.word()).collect::<Vec<_>>(), "covers": terms.covers.words(),
        "from": terms.from.to_string(), "until": terms.until.map(|until| until.to_string()), "reference": terms.reference,
        "stands": agreement.standing(now).word(), "proposed_by": by(&agreement.proposed), "proposed": at(&agreement.proposed),
        "approved_by": agreement.approved.as_ref().map(by), "approved": agreement.approved.as_ref().map(at),
        "ended_by": agreement.ended.as_ref().map(by), "ended": agreement.ended.as_ref().map(at),
    })
}

fn row_of(agreement: &Agreement, now: Timestamp) -> Vec<String> {
    let terms = &agreement.terms;
    let purposes: Vec<&str> = terms.purposes.iter().map(|purpose| purpose.word()).collect();
    vec![
        agreement.id.to_string(),
        terms.register.clone(),
        format!("{} {}", terms.party.word(), terms.party.name()),
        purposes.join(" "),
        terms.covers.words().join(" "),
        terms.from.to_string(),
        terms.until.map_or_else(String::new, |until| until.to_string()),
        agreement.standing(now).word().to_owned(),
        agreement.proposed.0.clone(),
        agreement.approved.as_ref().map_or_else(String::new, |(by, _)| by.clone()),
        terms.reference.clone(),
    ]
}
