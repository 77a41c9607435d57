//! `kanak explain`: why a golden record is as it is; why two source records do or do not match.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context as _, bail};
use kanak_dashboards::{GoldenFigures, LinkFigures, golden_page, pair_page};
use kanak_engine::matching::{ClusterLink, Explanation};
use kanak_engine::standardize::redact;
use kanak_model::entity_model::{Attribute, SurvivorshipStrategy};
use kanak_model::feed::Change;
use kanak_model::golden_record::{EMPTIED_REASON, GoldenValue};
use kanak_model::sharing::{Agreement, AgreementTerms, Party};
use kanak_model::{
    Access, EntityModel, GoldenId, GoldenRecord, Purpose, SourceRecord, SourceRecordId, SourceSystemId, Timestamp,
};
use kanak_store::{
    ActKind, AuditEvent, Crosswalk, ErasureView, Golden, IdentityChange, MemberRecord, ModelThen, user_name,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::commands::waterfall;
use crate::config::Shared;
use crate::deployment::Deployment;
use crate::jobs::as_of::{AsOf, find_as_of, find_by_key_as_of};
use crate::jobs::explain::{explain, explain_together};
use crate::jobs::resolve::{Registers, registers};
use crate::output::{Output, write_private};

/// Of which time an explanation is asked, as it was typed.
#[derive(Debug, Clone, Copy, Default)]
pub struct When<'a> {
    /// What the hub held then: a day or a time.
    pub known_at: Option<&'a str>,
    /// What the golden record was on this day.
    pub as_of: Option<&'a str>,
}

/// The same, read.
#[derive(Debug, Clone, Copy)]
struct Asked {
    known_at: Option<Timestamp>,
    as_of: Option<Timestamp>,
}

impl Asked {
    fn parse(when: When<'_>) -> anyhow::Result<Self> {
        let time = |text: &str| Timestamp::parse(text).with_context(|| Timestamp::no_time(text));
        let day = |text: &str| {
            Timestamp::parse_day_end(text).with_context(|| format!("`{text}` is no day; write it as 2026-04-01"))
        };
        Ok(Self { known_at: when.known_at.map(time).transpose()?, as_of: when.as_of.map(day).transpose()? })
    }

    fn is_past(self) -> bool {
        self.known_at.is_some() || self.as_of.is_some()
    }

    /// Whether the hub may still learn something before the time that was asked for.
    fn may_grow(self, now: Timestamp) -> bool {
        self.known_at.is_some_and(|at| at > now)
    }
}

/// Runs the command.
///
/// # Errors
/// When an id is not one, nothing has it, or the page cannot be written.
pub async fn run(
    ids: &[String],
    html: Option<&Path>,
    when: When<'_>,
    deployment: &Deployment,
    output: &Output,
) -> anyhow::Result<()> {
    let asked = Asked::parse(when)?;
    let access = Access::operation("command line");
    match ids {
        [one] => {
            let (model, golden) = find(deployment, &access, one, asked).await?;
            audit(deployment, &access, golden.record.id.to_string()).await?;
            // Links are weighed by the rules in force now: nothing that the past could answer.
            let links = if asked.is_past() {
                Vec::new()
            } else {
                let ids: Vec<_> = golden.members.iter().map(|member| member.id).collect();
                let records = deployment.store.list_source_records_of(&access, &ids).await?;
                let links = explain_together(deployment, model, &records).await?;
                named(&golden, &records, links)
            };
            let stewards = Stewards::read(deployment, &access, model, &golden).await?;
            let timeline = timeline(deployment, &access, model, &golden).await?;
            let agreements = agreements(deployment, &golden).await?;
            let erasures = deployment.store.list_erasures_of(golden.record.id).await?;
            let trusts = Trusts::read(deployment, model, golden.known_at).await?;
            let model = if asked.is_past() { &trusts.then.model } else { model };
            let figures = figures(model, &golden, &stewards, &trusts, links, asked);
            let now = deployment.clock.now();
            if let Some(file) = html {
                write_page(file, &golden_page(&figures, now))?;
            }
            if output.json {
                let mut document = document_of(&golden, asked, &stewards, &trusts, &figures.links, &timeline);
                if asked.may_grow(now) {
                    document["may_grow"] = json!(true);
                }
                if !erasures.is_empty() {
                    let erased =
                        |one: &ErasureView| json!({ "at": one.at.to_string(), "by": one.by, "order": one.order });
                    document["erased"] = erasures.iter().map(erased).collect();
                }
                if let Some(agreements) = agreements {
                    document["agreements"] = json!(agreements);
                }
                return output.document(&document);
            }
            print_head(&golden, &figures, &erasures, asked, now, output);
            print_golden(&figures, &timeline, output);
            if asked.is_past() && golden.members.len() > 1 {
                output.line("");
                output.line("links are weighed by the rules in force now, and not told of the past; leave out --known-at and --as-of to see them");
            }
            print_agreements(agreements.as_deref(), output);
        }
        [_, _] if asked.is_past() => {
            bail!(
                "two source records are weighed by the rules in force now; leave out --known-at and --as-of, or name one golden record"
            )
        }
        [left, right] => {
            let (model, left_record, left_golden) = find_source_record(deployment, &access, left).await?;
            let (other, right_record, right_golden) = find_source_record(deployment, &access, right).await?;
            if model.name != other.name {
                bail!(
                    "`{left}` is a {} and `{right}` a {}: only records of one entity type are compared",
                    model.name,
                    other.name
                );
            }
            let explanation = explain(deployment, model, &left_record, &right_record).await?;
            audit(deployment, &access, format!("source records {} and {}", left_record.id, right_record.id)).await?;
            let link = LinkFigures { left: left.clone(), right: right.clone(), explanation };
            if let Some(file) = html {
                write_page(file, &pair_page(&link, deployment.clock.now()))?;
            }
            if output.json {
                return output.document(&link.explanation);
            }
            waterfall::print(left, right, &link.explanation, output);
            output.line(if left_golden == right_golden {
                format!("both stand in golden record {left_golden}")
            } else {
                format!("they stand in two golden records, {left_golden} and {right_golden}")
            });
        }
        _ => bail!("name one golden record, or two source records as SOURCE:KEY"),
    }
    Ok(())
}

/// Writes down what is about to be shown, by the hub's own ids: what was typed may be anything, an Aadhaar number too.
async fn audit(deployment: &Deployment, access: &Access, subject: String) -> anyhow::Result<()> {
    deployment.store.audit(AuditEvent::read(access, "explained", subject)).await?;
    Ok(())
}

async fn find<'a>(
    deployment: &'a Deployment,
    access: &Access,
    id: &str,
    asked: Asked,
) -> anyhow::Result<(&'a EntityModel, Golden)> {
    let Asked { known_at, as_of } = asked;
    let as_of = as_of.map(|at| AsOf { at, known_at });
    let store = &deployment.store;
    let golden = match id.split_once(':') {
        Some((source, key)) => {
            let model = model_of_source(deployment, source)?;
            let found = match (as_of, known_at) {
                (Some(as_of), _) => find_by_key_as_of(deployment, access, model, (source, key), as_of).await?,
                (None, None) => store.find_golden_by_crosswalk(access, model, source, key).await?,
                (None, Some(at)) => store.find_golden_by_crosswalk_at(access, model, source, key, at).await?,
            };
            found.map(|golden| (model, golden))
        }
        None => {
            // Not in its own words: what was typed may be an Aadhaar number.
            let id: GoldenId = id
                .parse()
                .ok()
                .with_context(|| format!("`{}` is no golden id; one looks like K-000001-1", redact(id)))?;
            let entity =
                deployment.store.find_golden_entity(id).await?.with_context(|| format!("no golden record {id}"))?;
            let model = deployment.get_model(&entity)?;
            let found = match (as_of, known_at) {
                (Some(as_of), _) => find_as_of(deployment, access, model, id, as_of).await?,
                (None, None) => store.find_golden(access, model, id).await?,
                (None, Some(at)) => store.find_golden_at(access, model, id, at).await?,
            };
            if found.is_none()
                && let Some(known_at) = known_at
                && let Some(since) = store.find_known_since(access, model, id, known_at).await?
            {
                bail!("nothing was known of {id} at {known_at}; it is known since {since}");
            }
            found.map(|golden| (model, golden))
        }
    };
    golden.with_context(|| {
        let day = asked.as_of.map_or_else(String::new, |at| format!(" as of {}", at.day_ist()));
        let then = known_at.map_or_else(String::new, |at| format!(" at {at}"));
        format!("nothing is known of `{}`{day}{then}; name a golden id (K-000001-1) or SOURCE:KEY", redact(id))
    })
}

fn model_of_source<'a>(deployment: &'a Deployment, source: &str) -> anyhow::Result<&'a EntityModel> {
    let declared = deployment.find_register(source).with_context(|| {
        let known: Vec<&str> = deployment.sources.iter().map(|source| source.name.as_str()).collect();
        format!("no source `{}`; there are {}", redact(source), known.join(", "))
    })?;
    match &declared.rows {
        kanak_model::source_system::RowsAre::Entity(entity) => deployment.get_model(entity),
        kanak_model::source_system::RowsAre::Event(_) => bail!("`{source}` brings events, not source records"),
    }
}

async fn find_source_record<'a>(
    deployment: &'a Deployment,
    access: &Access,
    id: &str,
) -> anyhow::Result<(&'a EntityModel, SourceRecord, GoldenId)> {
    let (source, key) =
        id.split_once(':').with_context(|| format!("`{}` is not a source record; write SOURCE:KEY", redact(id)))?;
    let (model, golden) = find(deployment, access, id, Asked { known_at: None, as_of: None }).await?;
    let member = golden
        .members
        .iter()
        .find(|member| member.source == source && member.key == key)
        .with_context(|| format!("`{}` is not linked to its golden record", redact(id)))?;
    let records = deployment.store.list_source_records_of(access, &[member.id]).await?;
    let record = records.into_iter().next().with_context(|| format!("`{}` has no current version", redact(id)))?;
    Ok((model, record, golden.record.id))
}

fn name_of(member: &MemberRecord) -> String {
    format!("{}:{}", member.source, member.key)
}

fn named(golden: &Golden, records: &[SourceRecord], links: Vec<ClusterLink>) -> Vec<LinkFigures> {
    let name = |at: usize| {
        let member = golden.members.iter().find(|member| member.id == records[at].id);
        member.map_or_else(|| records[at].key.clone(), name_of)
    };
    let named = |link: ClusterLink| LinkFigures {
        left: name(link.left),
        right: name(link.right),
        explanation: link.explanation,
    };
    links.into_iter().map(named).collect()
}

/// The strongest evidence of a link in a few words.
fn told_by(explanation: &Explanation) -> String {
    let mut rows: Vec<_> = explanation.rows.iter().filter(|row| row.weight_bits.abs() >= 0.5).collect();
    rows.sort_by(|a, b| b.weight_bits.abs().total_cmp(&a.weight_bits.abs()));
    let words: Vec<String> =
        rows.iter().take(4).map(|row| format!("{} {:+.1}", row.attribute, row.weight_bits)).collect();
    words.join(", ")
}

/// Who stated the values that stewards stated, by attribute: the latest override that held.
struct Stewards(BTreeMap<String, String>);

impl Stewards {
    async fn read(
        deployment: &Deployment,
        access: &Access,
        model: &EntityModel,
        golden: &Golden,
    ) -> anyhow::Result<Self> {
        let is_stated = |value: &GoldenValue| value.strategy == SurvivorshipStrategy::StewardOverride;
        if !golden.record.values.values().any(is_stated) {
            return Ok(Self(BTreeMap::new()));
        }
        let (store, known_at) = (&deployment.store, golden.known_at);
        let users = store.list_users().await?;
        let mut words = BTreeMap::new();
        for one in store.list_overrides_of_at(access, model, golden.record.id, known_at).await? {
            if one.at > known_at || one.ended.is_some_and(|ended| ended <= known_at) {
                continue;
            }
            let name = user_name(&users, one.by);
            words.entry(one.attribute).or_insert_with(|| format!("steward {name}, {}: “{}”", one.at, one.reason));
        }
        Ok(Self(words))
    }
}

/// Where a value comes from.
fn taken_from(golden: &Golden, stewards: &Stewards, attribute: &str, value: &GoldenValue) -> String {
    if value.strategy == SurvivorshipStrategy::StewardOverride {
        return stewards
            .0
            .get(attribute)
            .cloned()
            .unwrap_or_else(|| "a steward, who has withdrawn it since".to_owned());
    }
    golden.members.iter().find(|member| member.id == value.source_record).map_or_else(String::new, name_of)
}

/// How far registers were trusted when the values were chosen.
struct Trusts {
    then: ModelThen,
    /// For a hub that has kept no trust of any time.
    registers: Registers,
}

impl Trusts {
    async fn read(deployment: &Deployment, model: &EntityModel, known_at: Timestamp) -> anyhow::Result<Self> {
        let then = deployment.store.find_model_at(model, known_at).await?;
        Ok(Self { then, registers: registers(deployment).await? })
    }

    fn of(&self, member: &MemberRecord, attribute: &str) -> f64 {
        match &self.then.version {
            Some(version) => version.trust_for(&member.source, attribute),
            None => self.registers.get(&member.source_system).map_or(0.0, |register| register.trust_for(attribute)),
        }
    }
}

/// Something that happened to a golden record: when, who did it, what it was.
#[derive(Serialize)]
struct Happened {
    at: String,
    by: String,
    what: String,
}

/// Who changed what when, oldest first, as far as was known at the golden record's time.
async fn timeline(
    deployment: &Deployment,
    access: &Access,
    model: &EntityModel,
    golden: &Golden,
) -> anyhow::Result<Vec<Happened>> {
    let (store, id, known_at) = (&deployment.store, golden.record.id, golden.known_at);
    let sources = store.list_source_systems().await?;
    let epochs = store.list_crosswalks_of_at(access, &[id], known_at).await?;
    let key_in = |system: SourceSystemId, key: &str| {
        let source = sources.iter().find(|source| source.id == system);
        format!("{}:{key}", source.map_or("?", |source| source.name.as_str()))
    };
    let key_of = |epoch: &Crosswalk| key_in(epoch.source_system, &epoch.key);
    let mut all: Vec<(Timestamp, u8, String, String)> = Vec::new();
    for epoch in &epochs {
        all.push((epoch.recorded_from, 1, "a resolution".to_owned(), format!("linked {}", key_of(epoch))));
        if let Some(to) = epoch.recorded_to {
            all.push((to, 1, "a resolution".to_owned(), format!("parted with {}", key_of(epoch))));
        }
    }
    let users = store.list_users().await?;
    let acts = store.list_steward_acts(id, known_at).await?;
    let mut names: HashMap<SourceRecordId, String> =
        epochs.iter().map(|epoch| (epoch.source_record, key_of(epoch))).collect();
    // Those that were kept apart from it belong to other golden records.
    let others: Vec<SourceRecordId> =
        acts.iter().flat_map(|act| &act.source_records).filter(|id| !names.contains_key(*id)).copied().collect();
    for record in store.list_source_records_of(access, &others).await? {
        names.insert(record.id, key_in(record.source_system, &record.key));
    }
    for act in acts {
        let reason = act.reason.map_or_else(String::new, |reason| format!(": “{reason}”"));
        let gone = || "a source record that is gone".to_owned();
        let about: Vec<String> =
            act.source_records.iter().map(|id| names.get(id).cloned().unwrap_or_else(gone)).collect();
        let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(" and ")) };
        let by = match (act.by, &act.what) {
            (Some(by), _) => format!("steward {}", user_name(&users, by)),
            (None, ActKind::StatedAnew(_)) => "a migration of the model".to_owned(),
            (None, _) => "its time".to_owned(),
        };
        all.push((act.at, 0, by, format!("{}{about}{reason}", act_words(&act.what))));
    }
    let identity = store.list_identity_changes(id, known_at).await?;
    let told = identity
        .iter()
        .filter_map(|change| Some((change.at, 1, "a resolution".to_owned(), identity_words(id, change)?)));
    all.extend(told);
    for one in store.list_erasures_of(id).await? {
        let what = format!("erased it under the order “{}”: its values are forgotten", one.order);
        all.push((one.at, 4, one.by, what));
    }
    let then = store.find_model_at(model, known_at).await?.model;
    let mut before: Option<GoldenRecord> = None;
    for version in store.list_history_at(access, model, id, known_at).await? {
        let by = format!("rule set {}", version.rule_set);
        let back = identity.iter().find(|change| {
            change.change == Change::Restored && change.golden_id == id && change.version == version.version
        });
        all.push((version.recorded_from, 2, by, changes(&then, before.as_ref(), &version, back)));
        before = Some(version);
    }
    if let Some(end) = before.and_then(|last| last.recorded_to) {
        all.push((end, 3, "a resolution".to_owned(), "ended".to_owned()));
    }
    all.sort();
    Ok(all.into_iter().map(|(at, _, by, what)| Happened { at: at.to_string(), by, what }).collect())
}

/// What became of a golden record's identity, in its own history.
fn identity_words(id: GoldenId, change: &IdentityChange) -> Option<String> {
    let one = change.golden_id;
    match (change.change, change.other.filter(|_| one == id)) {
        (Change::MergedInto, Some(other)) => Some(format!("merged into {other}")),
        (Change::MergedInto, None) => Some(format!("{one} was merged into it")),
        (Change::SplitFrom, Some(other)) => Some(format!("split off from {other}")),
        (Change::Restored, Some(other)) => Some(format!("restored out of {other}")),
        (Change::Restored, None) if one == id => Some("restored".to_owned()),
        (Change::Restored, None) => Some(format!("{one} was restored out of it")),
        (Change::SplitFrom, None) | (Change::Created | Change::Updated | Change::Emptied, _) => None,
    }
}

/// An agreement that lets two registers of a golden record stand together.
#[derive(Serialize)]
struct Allowing {
    registers: [String; 2],
    agreement: i64,
    reference: String,
    approved_by: String,
    until: Option<String>,
}

/// The agreements that let the registers of a golden record stand together, as they stood at its time; `None` where links need none.
async fn agreements(deployment: &Deployment, golden: &Golden) -> anyhow::Result<Option<Vec<Allowing>>> {
    if deployment.config.sharing.links == Shared::All {
        return Ok(None);
    }
    let all = deployment.store.list_agreements().await?;
    let has = |register: &str| golden.members.iter().any(|member| member.source == register);
    let allowing = |agreement: Agreement| {
        let AgreementTerms { register, party, purposes, until, reference, .. } = &agreement.terms;
        let Party::LinkedWith(other) = party else { return None };
        let is_of_them = has(register) && has(other) && purposes.contains(&Purpose::Stewardship);
        (is_of_them && agreement.stands(golden.known_at)).then(|| Allowing {
            registers: [register.clone(), other.clone()],
            agreement: agreement.id,
            reference: reference.clone(),
            approved_by: agreement.approved.as_ref().map_or_else(String::new, |(by, _)| by.clone()),
            until: until.map(|until| until.to_string()),
        })
    };
    Ok(Some(all.into_iter().filter_map(allowing).collect()))
}

fn print_agreements(agreements: Option<&[Allowing]>, output: &Output) {
    let Some(agreements) = agreements.filter(|agreements| !agreements.is_empty()) else { return };
    output.line("");
    let row = |one: &Allowing| {
        let until = one.until.clone().unwrap_or_default();
        vec![
            one.registers.join(" and "),
            one.agreement.to_string(),
            one.approved_by.clone(),
            until,
            one.reference.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = agreements.iter().map(row).collect();
    output.table(&["may stand together", "by agreement", "approved by", "until", "paper"], &rows);
}

/// What a steward did, in words that name no value.
fn act_words(what: &ActKind) -> String {
    match what {
        ActKind::Joined => "decided that two source records match".to_owned(),
        ActKind::JoinedUndone => "undid the decision that they match".to_owned(),
        ActKind::Parted => "decided that two source records do not match".to_owned(),
        ActKind::PartedUndone => "undid the decision that they do not match".to_owned(),
        ActKind::Confirmed => "confirmed it".to_owned(),
        ActKind::ConfirmationWithdrawn => "withdrew the confirmation".to_owned(),
        ActKind::Stated(attribute) => format!("stated {attribute}"),
        ActKind::StatedEnded(attribute) => format!("the stated {attribute} ended"),
        ActKind::StatedAnew(attribute) => format!("the stated {attribute} goes on as the model has it now"),
    }
}

/// What one version has that the one before had not; `back` is how the golden record came back with it, where it did.
fn changes(
    model: &EntityModel,
    before: Option<&GoldenRecord>,
    version: &GoldenRecord,
    back: Option<&IdentityChange>,
) -> String {
    let Some(before) = before else {
        return format!("version {}: {} values, {}", version.version, version.values.len(), version.status);
    };
    let mut words = Vec::new();
    for attribute in &model.attributes {
        let value = |of: &GoldenRecord| of.values.get(&attribute.name).map(|value| value.value.clone());
        let (was, is) = (value(before), value(version));
        if was != is {
            let show = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
            words.push(format!("{} from {} to {}", attribute.name, show(was), show(is)));
        }
    }
    if before.status != version.status {
        words.push(format!("{} instead of {}", version.status, before.status));
    }
    let same = match back {
        Some(_) => "restored with the values that it had",
        None => "the same values, of other source records or agreement",
    };
    match (words.is_empty(), back) {
        (true, _) => words.push(same.to_owned()),
        (false, Some(_)) => words.insert(0, "restored".to_owned()),
        (false, None) => {}
    }
    format!("version {}: {}", version.version, words.join("; "))
}

/// What the golden record is, its values, its source records and its links, in words.
fn figures(
    model: &EntityModel,
    golden: &Golden,
    stewards: &Stewards,
    trusts: &Trusts,
    links: Vec<LinkFigures>,
    asked: Asked,
) -> GoldenFigures {
    let record = &golden.record;
    let row = |attribute: &Attribute| {
        let value = record.values.get(&attribute.name)?;
        let agreement = format!("{} of {}", value.agreeing, value.stated);
        let from = taken_from(golden, stewards, &attribute.name, value);
        Some([attribute.name.clone(), value.value.clone(), value.strategy.word().to_owned(), agreement, from])
    };
    let attributes: Vec<String> =
        model.attributes.iter().map(|a| a.name.clone()).filter(|a| record.values.contains_key(a)).collect();
    let stated = |member: &MemberRecord| {
        let changed = member.updated.map_or_else(String::new, |at| at.to_string());
        let values = attributes.iter().map(|name| shown(record, member, name, trusts));
        (name_of(member), std::iter::once(changed).chain(values).collect())
    };
    let (title, id, status) = (&model.title.en, record.id, &record.status);
    let lead = match (asked.as_of, record.emptied()) {
        // What is chosen for a day may be no version that ever was.
        (Some(day), _) => format!("{title} {id}, {status} on {}, its values chosen for that day", day.day_ist()),
        (None, Some(at)) => {
            format!("{title} {id}, {status} at {at} ({EMPTIED_REASON}), with the values that it had last")
        }
        (None, None) => {
            format!("{title} {id}, {status}, version {} under rule set {}", record.version, record.rule_set)
        }
    };
    GoldenFigures {
        lead,
        values: model.attributes.iter().filter_map(row).collect(),
        source_records: golden.members.iter().map(stated).collect(),
        attributes: std::iter::once("changed there".to_owned()).chain(attributes.iter().cloned()).collect(),
        links,
    }
}

/// What a source record states, with how far it is trusted where trust decided.
fn shown(record: &GoldenRecord, member: &MemberRecord, attribute: &str, trusts: &Trusts) -> String {
    let Some(stated) = member.values.find(attribute) else { return String::new() };
    let is_by_trust =
        record.values.get(attribute).is_some_and(|value| value.strategy == SurvivorshipStrategy::MostTrusted);
    if is_by_trust { format!("{stated} (trust {})", trusts.of(member, attribute)) } else { stated.to_owned() }
}

fn document_of(
    golden: &Golden,
    asked: Asked,
    stewards: &Stewards,
    trusts: &Trusts,
    links: &[LinkFigures],
    timeline: &[Happened],
) -> Value {
    let record = &golden.record;
    let values: Vec<_> = record
        .values
        .iter()
        .map(|(name, value)| {
            let others: Vec<_> = golden
                .members
                .iter()
                .filter_map(|m| {
                    Some(json!({
                        "source_record": name_of(m), "states": m.values.find_stated(name)?.words(), "trust": trusts.of(m, name),
                        "changed_there": m.updated.map(|at| at.to_string()), "learned": m.recorded_from.to_string(),
                    }))
                })
                .collect();
            json!({ "attribute": name, "value": value.value, "from": taken_from(golden, stewards, name, value),
                    "strategy": value.strategy.word(), "agreeing": value.agreeing, "stated": value.stated, "all": others })
        })
        .collect();
    let link = |link: &LinkFigures| json!({ "left": link.left, "right": link.right, "explanation": link.explanation });
    let mut document = json!({
        "golden_id": record.id, "entity": record.entity, "status": record.status, "version": record.version,
        "rule_set": record.rule_set, "known_at": golden.known_at.to_string(), "values": values, "history": timeline,
        "source_records": golden.members.iter().map(name_of).collect::<Vec<_>>(),
        "links": links.iter().map(link).collect::<Vec<_>>(),
    });
    if let Some(at) = record.emptied() {
        document["emptied"] = json!({ "at": at.to_string(), "reason": EMPTIED_REASON });
    }
    if let Some(at) = asked.as_of {
        document["as_of"] = json!(at.day_ist().to_string());
    }
    document
}

/// What the answer is, and of which time.
fn print_head(
    golden: &Golden,
    figures: &GoldenFigures,
    erasures: &[ErasureView],
    asked: Asked,
    now: Timestamp,
    output: &Output,
) {
    output.line(&figures.lead);
    for one in erasures {
        output.line(format!(
            "erased at {} by {} under the order “{}”; its values are forgotten",
            one.at, one.by, one.order
        ));
    }
    if let Some(at) = asked.as_of {
        output.line(format!("as it was on {}, by what the hub knew at {}", at.day_ist(), golden.known_at));
    } else if asked.known_at.is_some() {
        output.line(format!("as the hub held it at {}, also where it learned better since", golden.known_at));
    }
    if let Some(at) = asked.known_at.filter(|_| asked.may_grow(now)) {
        let day = at.day_ist();
        output.line(format!("{day} has not ended: the hub may still learn more before {at}, and the answer grow"));
    }
    if let Some(asked) = golden.redirected_from {
        output.line(format!("{asked} was merged into it"));
    }
}

fn print_golden(figures: &GoldenFigures, timeline: &[Happened], output: &Output) {
    output.line("");
    let rows: Vec<Vec<String>> = figures.values.iter().map(|row| row.to_vec()).collect();
    output.table(&["attribute", "value", "chosen as", "stated by", "taken from"], &rows);
    output.line("");
    let header: Vec<&str> =
        std::iter::once("source record").chain(figures.attributes.iter().map(String::as_str)).collect();
    let row = |(name, stated): &(String, Vec<String>)| std::iter::once(name).chain(stated).cloned().collect();
    let rows: Vec<Vec<String>> = figures.source_records.iter().map(row).collect();
    output.table(&header, &rows);
    output.line("");
    let rows: Vec<Vec<String>> =
        timeline.iter().map(|one| vec![one.at.clone(), one.by.clone(), one.what.clone()]).collect();
    output.table(&["when", "who", "did what"], &rows);
    if figures.links.is_empty() {
        return;
    }
    output.line("");
    let row = |link: &LinkFigures| {
        let Explanation { total_bits, probability, .. } = link.explanation;
        let told_by = told_by(&link.explanation);
        vec![link.left.clone(), link.right.clone(), format!("{total_bits:+.1}"), format!("{probability:.4}"), told_by]
    };
    let rows: Vec<Vec<String>> = figures.links.iter().map(row).collect();
    output.table(&["held together by", "and", "bits in all", "probability", "told by (bits)"], &rows);
}

/// Writes a page that shows values of people: nobody but its owner reads it.
fn write_page(file: &Path, page: &str) -> anyhow::Result<()> {
    write_private(file, page).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use kanak_model::{Caller, Role};
    use kanak_store::NewOverride;

    use super::*;
    use crate::commands::resolve::resolve_all;
    use crate::jobs::erase::erase;
    use crate::secrets::os_rng;
    use crate::testing::{House, PEOPLE};

    #[tokio::test]
    async fn a_stated_value_is_told_with_who_when_and_why_and_the_past_stays_as_it_was() {
        let house = House::with_two_people().await;
        let store = &house.deployment.store;
        let roles = [Role::Steward].into_iter().collect();
        let by = Caller::system("test");
        store.create_user(&by, "deepa", "a long password", &roles, None, &mut os_rng()).await.unwrap();
        let deepa = store.find_user_by_name("deepa").await.unwrap().unwrap().id;
        let (output, mut printed) = Output::captured();
        let explain = async |known_at: Option<&str>| {
            let when = When { known_at, as_of: None };
            Box::pin(run(&["people:1".to_owned()], None, when, &house.deployment, &output)).await
        };
        explain(None).await.unwrap();
        let before: Value = serde_json::from_str(&printed()).unwrap();
        let id: GoldenId = before["golden_id"].as_str().unwrap().parse().unwrap();
        let new = NewOverride {
            golden_id: id,
            attribute: "full_name",
            value: "Asha Rani",
            reason: "birth certificate",
            expires: None,
        };
        store.state_override(new, deepa).await.unwrap();
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();

        explain(None).await.unwrap();
        let after: Value = serde_json::from_str(&printed()).unwrap();
        let name = after["values"].as_array().unwrap().iter().find(|value| value["attribute"] == "full_name").unwrap();
        let from = name["from"].as_str().unwrap();
        assert!(from.starts_with("steward deepa, 20") && from.ends_with("“birth certificate”"), "{from}");
        let history = after["history"].to_string();
        for told in ["linked people:1", "steward deepa", "stated full_name", "full_name from Asha Devi to Asha Rani"] {
            assert!(history.contains(told), "{told}: {history}");
        }
        let known_at = before["known_at"].as_str().unwrap();
        explain(Some(known_at)).await.unwrap();
        let mut then: Value = serde_json::from_str(&printed()).unwrap();
        assert_eq!(then["links"], json!([]), "links are weighed by today's rules");
        then["links"] = before["links"].clone();
        assert_eq!(then, before);
        let refused = explain(Some("soon")).await.unwrap_err().to_string();
        assert!(refused.contains("`soon` is no time"), "{refused}");
        let early = explain(Some("2001-01-01")).await.unwrap_err().to_string();
        assert!(early.contains("nothing is known of") && early.contains("at 2001-01-01"), "{early}");
    }

    /// What `explain` tells of one id.
    async fn told(house: &House, id: &str, when: When<'_>) -> Value {
        let (output, mut printed) = Output::captured();
        Box::pin(run(&[id.to_owned()], None, when, &house.deployment, &output)).await.unwrap();
        serde_json::from_str(&printed()).unwrap()
    }

    #[test]
    fn a_merge_and_its_end_are_told_of_both() {
        let (survivor, gone) = (GoldenId(1), GoldenId(2));
        let change = |change, other| IdentityChange { at: Timestamp(0), golden_id: gone, change, version: 2, other };
        let words = |of, what| identity_words(of, &change(what, Some(survivor))).unwrap();
        assert_eq!(words(survivor, Change::MergedInto), format!("{gone} was merged into it"));
        assert_eq!(words(gone, Change::MergedInto), format!("merged into {survivor}"));
        assert_eq!(words(survivor, Change::Restored), format!("{gone} was restored out of it"));
        assert_eq!(words(gone, Change::Restored), format!("restored out of {survivor}"));
        assert_eq!(identity_words(gone, &change(Change::Restored, None)).unwrap(), "restored");
        assert_eq!(identity_words(gone, &change(Change::Updated, None)), None);
    }

    #[tokio::test]
    async fn an_erased_golden_record_says_when_and_under_which_order() {
        let house = House::with_two_people().await;
        let id = told(&house, "people:1", When::default()).await["golden_id"].as_str().unwrap().to_owned();
        let order = "order 12 of 2026";
        let quiet = Output::silent();
        erase(&house.deployment, "citizen", id.parse().unwrap(), order, "system:test", &quiet).await.unwrap();
        let erased = told(&house, &id, When::default()).await;
        assert_eq!((&erased["erased"][0]["order"], &erased["erased"][0]["by"]), (&json!(order), &json!("system:test")));
        assert!(erased["erased"][0]["at"].is_string());
        assert!(erased["history"].to_string().contains("erased it under the order “order 12 of 2026”"), "{erased}");
        assert!(!erased.to_string().contains("Asha"), "{erased}");
    }

    #[tokio::test]
    async fn each_candidate_has_its_trust_and_when_it_changed_there_and_a_day_that_goes_on_says_so() {
        let dated = PEOPLE.replace("key = \"ID\"", "key = \"ID\"\nupdated = \"CHANGED\"\ntrust = 0.7");
        let house = House::declared_by(&[("sources/people.toml", &dated)]).await;
        house.ingest("people_1.csv", "ID,NAME,DOB,CHANGED\n1,Asha Devi,1990-01-02,2024-03-01T10:00:00Z\n").await;
        resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
        let now = told(&house, "people:1", When::default()).await;
        let candidate = &now["values"][0]["all"][0];
        assert_eq!((&candidate["trust"], &candidate["changed_there"]), (&json!(0.7), &json!("2024-03-01T10:00:00Z")));
        assert!(candidate["learned"].is_string());
        assert_eq!(now["may_grow"], Value::Null);
        let later = told(&house, "people:1", When { known_at: Some("2999-01-01"), as_of: None }).await;
        assert_eq!(later["may_grow"], json!(true));
    }
}
