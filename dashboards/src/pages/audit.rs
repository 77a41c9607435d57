//! The audit trail, for auditors: who did what, to what and why, newest first; and whether its chains hold. Reading it is
//! itself written down.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use kanak_model::access::Filter;
use kanak_model::{Language, Purpose};
use kanak_store::{AuditEntry, AuditEvent, AuditFault, AuditVerdict, Store};
use serde::Deserialize;
use serde_json::json;

use super::show_page;
use crate::component::{Cell, Head, Pager, Table, Tone, Trail};
use crate::error::PageError;
use crate::format;
use crate::samples::Sampler;
use crate::session::{Signed, percent_encode};
use crate::shell::Shell;
use crate::state::DashboardState;

/// The audit trail.
#[derive(Template)]
#[template(path = "pages/audit.html")]
pub(crate) struct AuditPage {
    shell: Shell,
    actor: String,
    subject: String,
    /// What the check of the whole chain found; on the first page only, since it reads all of it.
    verdict: Option<(Tone, String)>,
    entries: Table,
    pager: Pager,
}

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// Words within the name of who did it.
    #[serde(default)]
    actor: String,
    /// Words within what it was done to, or the golden records that it touched.
    #[serde(default)]
    subject: String,
    /// The number of the last entry looked at for each page before this one.
    #[serde(default)]
    trail: String,
}

/// A page of entries, newest first.
#[derive(Debug, Default, PartialEq)]
struct Found {
    entries: Vec<AuditEntry>,
    /// Where the next page goes on: before this entry.
    next: Option<i64>,
}

const SHOWN_MAX: usize = 100;
/// So many entries are looked through for one page; a filter that fits few goes on from there on the next page.
const LOOKED_AT_MAX: i64 = 200_000;

/// `GET /audit`
pub(crate) async fn show(
    State(state): State<DashboardState>,
    Query(asked): Query<Asked>,
    signed: Signed,
) -> Result<Response, PageError> {
    let access = signed.access(Purpose::Audit)?;
    if *access.filter() != Filter::Everything {
        return Err(PageError::Confined);
    }
    let store = &state.store;
    let event = AuditEvent::read(&access, "read audit trail", "audit trail".to_owned());
    store.audit(event).await.map_err(PageError::inside)?;
    let newest = store.last_audit_position().await.map_err(PageError::inside)?;
    let before = Trail(&asked.trail).cursor().and_then(|cursor| cursor.parse().ok());
    let trail = match before {
        None => Some(store.verify_audit().await.map_err(PageError::inside)?),
        Some(_) => None,
    };
    let before = before.unwrap_or(i64::MAX).min(newest.saturating_add(1));
    let found = find(store, &asked, before).await?;
    let shell = Shell::new("audit", &signed.visit, state.made_up);
    show_page(&AuditPage::build(shell, &asked, trail.as_ref(), &found))
}

/// Looks backwards through the trail in blocks of positions, which have few gaps.
async fn find(store: &Store, asked: &Asked, before: i64) -> Result<Found, PageError> {
    let block = if asked.fits_all() { SHOWN_MAX as i64 } else { 5_000 };
    let mut found = Found::default();
    let (mut end, last) = (before, before.saturating_sub(LOOKED_AT_MAX));
    while end > 1 && end > last {
        let after = (end - 1 - block).max(0);
        let limit = u32::try_from(end - 1 - after).unwrap_or(u32::MAX);
        let entries = store.list_audit_events(after, limit).await.map_err(PageError::inside)?;
        for entry in entries.into_iter().rev().filter(|entry| entry.position < end && asked.fits(&entry.event)) {
            if found.entries.len() == SHOWN_MAX {
                found.next = found.entries.last().map(|shown| shown.position);
                return Ok(found);
            }
            found.entries.push(entry);
        }
        end = after + 1;
    }
    found.next = (end > 1).then_some(end);
    Ok(found)
}

impl Asked {
    fn fits_all(&self) -> bool {
        self.actor.trim().is_empty() && self.subject.trim().is_empty()
    }

    fn fits(&self, event: &AuditEvent) -> bool {
        let holds = |text: &str, words: &str| text.to_lowercase().contains(&words.trim().to_lowercase());
        holds(&event.actor, &self.actor)
            && (holds(&event.subject, &self.subject)
                || golden_records(event).any(|golden_id| holds(golden_id, &self.subject)))
    }
}

/// The golden records that an entry about something else names: those of a steward task, of an override.
fn golden_records(event: &AuditEvent) -> impl Iterator<Item = &str> {
    let many = event.detail.get("golden_records").and_then(serde_json::Value::as_array);
    let one = event.detail.get("golden_record");
    many.into_iter().flatten().chain(one).filter_map(serde_json::Value::as_str)
}

impl AuditPage {
    fn build(shell: Shell, asked: &Asked, trail: Option<&AuditVerdict>, found: &Found) -> Self {
        let address =
            format!("/audit?actor={}&subject={}", percent_encode(&asked.actor), percent_encode(&asked.subject));
        let next = found.next.map(|next| next.to_string());
        let pager = Trail(&asked.trail).pager(&shell, &address, next.as_deref());
        Self {
            actor: asked.actor.clone(),
            subject: asked.subject.clone(),
            verdict: trail.map(verdict),
            entries: entry_table(shell.language(), &found.entries),
            pager,
            shell,
        }
    }

    pub(crate) fn sample(sampler: &Sampler) -> Self {
        let entry = |position: i64| AuditEntry {
            position,
            chain: 1 + position % 2,
            number: position,
            at: crate::samples::NOW,
            event: AuditEvent {
                actor: sampler.word.to_owned(),
                action: "read".to_owned(),
                subject: if position % 2 == 0 { sampler.word.to_owned() } else { "K-000001-1".to_owned() },
                purpose: (position % 2 == 0).then_some(Purpose::Stewardship),
                detail: json!({ "basis": "legal_duty" }),
            },
            hash: "ab".repeat(32),
        };
        let found = Found { entries: (1..=9).rev().map(entry).collect(), next: Some(1) };
        let asked = Asked { actor: sampler.word.to_owned(), subject: sampler.word.to_owned(), trail: "10".to_owned() };
        Self::build(sampler.shell("audit"), &asked, Some(&Self::sample_verdict(Vec::new())), &found)
    }

    /// The sample of a trail that somebody changed.
    pub(crate) fn sample_broken(sampler: &Sampler) -> Self {
        let trail = Self::sample_verdict(vec![AuditFault::EntryChanged { chain: 2, number: 12 }]);
        Self::build(sampler.shell("audit"), &Asked::default(), Some(&trail), &Found::default())
    }

    fn sample_verdict(faults: Vec<AuditFault>) -> AuditVerdict {
        AuditVerdict {
            entries: 41_233,
            chains: 3,
            checkpoints: 9,
            after_checkpoint: 12,
            exported_at: None,
            signatures_checked: true,
            faults,
        }
    }
}

fn verdict(trail: &AuditVerdict) -> (Tone, String) {
    let whole = |count: u64| format::whole(i64::try_from(count).unwrap_or(i64::MAX));
    let (read, chains) = (whole(trail.entries), whole(trail.chains));
    let Some(fault) = trail.faults.first() else {
        let signed = match (trail.checkpoints, trail.signatures_checked) {
            (0, _) => "No checkpoint was signed yet.".to_owned(),
            (count, true) => {
                format!(
                    "{} signed checkpoints hold, the last of them {} entries ago.",
                    whole(count),
                    whole(trail.after_checkpoint)
                )
            }
            (count, false) => {
                format!("The signatures of {} checkpoints were not checked: there is no key.", whole(count))
            }
        };
        return (
            Tone::Good,
            format!(
                "The trail holds: each of {read} entries fits the one before it in its chain, of which there are {chains}. {signed} \
                 Entries cut off after the last checkpoint would not show here."
            ),
        );
    };
    (Tone::Bad, format!("The trail is broken: {fault}. {read} entries in {chains} chains were read."))
}

fn entry_table(language: Language, entries: &[AuditEntry]) -> Table {
    let row = |entry: &AuditEntry| {
        let event = &entry.event;
        let detail = if event.detail.as_object().is_none_or(serde_json::Map::is_empty) {
            Cell::none()
        } else {
            Cell::text(event.detail.to_string()).class("small quiet")
        };
        vec![
            Cell::text(format!("{}.{}", entry.chain, format::whole(entry.number))),
            Cell::text(format::instant(entry.at)),
            Cell::text(&event.actor),
            Cell::text(format::spaced(&event.action)),
            Cell::text(&event.subject),
            Cell::maybe(event.purpose.map(|purpose| format::spaced(purpose.word()))),
            detail,
        ]
    };
    Table {
        caption: format!(
            "Entries of the audit trail, newest first, {SHOWN_MAX} a page: chain and number in it. They never hold values of people."
        ),
        heads: vec![
            Head::word(language, "entry"),
            Head::word(language, "when"),
            Head::word(language, "who"),
            Head::word(language, "did_what"),
            Head::word(language, "to_what"),
            Head::word(language, "purpose"),
            Head::word(language, "more"),
        ],
        rows: entries.iter().map(row).collect(),
        total: None,
        empty: "No entry here fits.".to_owned(),
    }
}
