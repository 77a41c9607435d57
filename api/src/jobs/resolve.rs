//! What is new in the hub, matched and survived: source records become golden records.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use anyhow::Context as _;
use kanak_engine::matching::{
    Around, Assigned, Columns, ColumnsBuilder, MatchRules, Matched, Rank, RuleSet, Silent, Statement,
    assign_identities, match_around, match_batch, reading, train_and_match_agreed,
};
use kanak_engine::survivorship::PREFERENCE;
use kanak_model::access::Filter;
use kanak_model::golden_record::{GoldenChange, Survived, ValueOverride};
use kanak_model::match_pair::{Constraint, MatchPair};
use kanak_model::sharing::AgreedLinks;
use kanak_model::{
    Access, EntityModel, GoldenId, RuleSetVersion, SourceRecord, SourceRecordId, SourceSystem, SourceSystemId,
    Timestamp,
};
use kanak_store::{Applied, Choose, Link, Resolution, RestatedLink, Scope, SourceSystemRow, StoreError, Unresolved};
use sha2::{Digest as _, Sha256};

use crate::deployment::Deployment;
use crate::jobs::declared_models;
use crate::jobs::hub::Hub;
use crate::jobs::live::{Live, is_kept};
use crate::jobs::written::hub_source;

use chosen_values::{Chooser, Survivorship};

mod chosen_values;

/// The seed of sampling in training: fixed, so that the same records give the same rule set.
const TRAINING_SEED: u64 = 0x4b41_4e41_4b00_0001;

/// Rules trained on fewer than one in so many of the source records there are now are trained anew: the share of pairs that
/// match falls as a hub grows, and what is rare among few is common among many.
const OUTGROWN: u64 = 2;

/// What a resolution did to one entity type.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The entity type.
    pub entity: String,
    /// Source records that were matched; 0 when nothing was due.
    pub source_records: usize,
    /// Pairs compared.
    pub compared: u64,
    /// Questions left for people.
    pub reviews: usize,
    /// Why a new version of the rules was published, if one was.
    pub published: Option<String>,
    /// What changed in the hub.
    pub applied: Option<Applied>,
}

/// Resolves one entity type. Does nothing when no source record, no decision and no rule is new. Where the source records are in
/// memory, only what changed and what it touches is looked at; the result is the same.
///
/// # Errors
/// When the model cannot be compiled or the hub cannot be read or written.
pub async fn resolve(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<Resolved> {
    let store = &deployment.store;
    declared_models::declare(deployment, model).await?;
    store.expire_overrides().await?;
    let unresolved = store.list_unresolved(&model.name).await?;
    if unresolved.source_records.is_empty()
        && !has_new_rules(deployment, model, store.list_constraints(&model.name).await?.len()).await?
    {
        let entity = model.name.clone();
        return Ok(Resolved { entity, source_records: 0, compared: 0, reviews: 0, published: None, applied: None });
    }
    if let Some(resolved) = resolve_changed(deployment, model, &unresolved).await? {
        return Ok(resolved);
    }
    resolve_all_of(deployment, model, unresolved).await
}

/// Resolves an entity type over all its source records.
async fn resolve_all_of(
    deployment: &Deployment,
    model: &EntityModel,
    unresolved: Unresolved,
) -> anyhow::Result<Resolved> {
    let store = &deployment.store;
    let mut hub = Hub::Committed(store);
    let Computed { work, choose, published } = loop {
        let computed = compute_all(deployment, model, &unresolved).await?;
        if !leave_to_stewards(model, &computed.work.changes, &unresolved, &mut hub).await? {
            break computed;
        }
    };
    let count = work.columns.len();
    let columns = Some(work.columns).filter(|_| is_kept(deployment, count as u64));
    let version = match work.version {
        Some(version) => version,
        None => store.put_rule_set(&model.name, &serde_json::to_value(&*work.rule_set)?).await?,
    };
    let Matched { questions, stats, .. } = work.matched;
    let reviews = questions.len();
    let resolution = Resolution { changes: work.changes, questions, scope: Scope::Everything, unresolved };
    let applied = store.apply_resolution_choosing(model, version, resolution, choose).await?;
    store.put_setting(&applied_setting(&model.name), &version.to_string()).await?;
    match (&deployment.live, columns) {
        (Some(kept), Some(columns)) => {
            let rule_set = work.rule_set;
            let live =
                tokio::task::spawn_blocking(move || Live::of(version, rule_set, applied.recorded, columns)).await?;
            kept.keep(&model.name, live);
        }
        // There are too many by now: what is kept from before would never follow the hub again.
        (Some(kept), None) => kept.forget(&model.name),
        (None, _) => {}
    }
    let (entity, compared) = (model.name.clone(), stats.compared);
    Ok(Resolved { entity, source_records: count, compared, reviews, published, applied: Some(applied) })
}

/// What a resolution over all source records of an entity type is to write.
pub struct Computed {
    /// The work.
    pub work: Work<()>,
    /// What chooses the values of its changes.
    pub choose: Choose,
    /// Why new rules are published with it, if they are.
    pub published: Option<String>,
}

/// Computes a resolution over all source records of an entity type, and writes nothing. What they state is read twice: for matching,
/// which keeps what it compares, and when golden values are chosen, some thousand at a time; so that memory holds what is compared
/// and who belongs together, and never all values.
///
/// # Errors
/// When the model cannot be compiled or the hub cannot be read.
pub async fn compute_all(
    deployment: &Deployment,
    model: &EntityModel,
    unresolved: &Unresolved,
) -> anyhow::Result<Computed> {
    let store = &deployment.store;
    let access = Access::operation("resolve");
    let held = Held {
        links: pairs(&store.list_links(&model.name).await?),
        ended: pairs(&store.list_ended_links(&model.name).await?),
        restated: store.list_restated_links(&model.name).await?,
        constraints: Hub::Committed(store).list_decisions(&model.name).await?,
        overrides: store.list_overrides(&model.name).await?,
    };
    let registers = registers(deployment).await?;
    let known = find_rules(deployment, &model.name).await?;
    let agreed = deployment.agreed_links().await?;
    let count = store.source_record_count(&model.name).await?;
    let (rules, published) = rules_for(model, &registers, agreed, known, count, answers(&held.constraints))?;
    let touched = match &rules {
        Rules::InForce { version, .. } if is_applied(deployment, &model.name, *version).await? => {
            Touched::Some(unresolved.source_records.iter().copied().collect())
        }
        // Also where a resolution was cut off after it had published its rules: it left golden values of the ones before.
        Rules::InForce { .. } | Rules::Changed(_) | Rules::Untrained { .. } => Touched::All,
    };
    let mut builder = rules.columns();
    let push = |record: SourceRecord| builder.push(record.id, rank(&registers, &record), &record.values);
    store.visit_source_records(&access, &model.name, push).await?;
    let ids: Vec<SourceRecordId> = held.restated.iter().map(|one| one.link.source_record).collect();
    let restated = store.list_source_records_of(&access, &ids).await?;
    let (store, model) = (store.clone(), model.clone());
    let work = move || {
        let work = match_all(builder.finish(), &held, &restated, rules, &touched, None);
        let chooser = Chooser { store, model, registers, overrides: held.overrides };
        (work, Arc::new(chooser).choose())
    };
    let (work, choose) = tokio::task::spawn_blocking(work).await?;
    Ok(Computed { work, choose, published })
}

/// Resolves what changed and what that touches, by the source records in memory; `None` where there are none, the rules are new, or
/// so much changed that a resolution over all is as good.
///
/// # Errors
/// When the hub cannot be read or written. The next resolution is one over all then.
pub async fn resolve_changed(
    deployment: &Deployment,
    model: &EntityModel,
    unresolved: &Unresolved,
) -> anyhow::Result<Option<Resolved>> {
    let mut hub = Hub::Committed(&deployment.store);
    let done = Box::pin(resolve_in(deployment, model, unresolved, &mut hub)).await?;
    Ok(done.map(|(resolved, following)| {
        following.committed();
        resolved
    }))
}

/// Memory that follows the hub once what was resolved is committed.
pub struct Following {
    live: Arc<Live>,
    mark: Timestamp,
}

impl Following {
    /// What was resolved is in the hub.
    pub fn committed(self) {
        self.live.mark(self.mark);
    }
}

/// The same as [`resolve_changed`] in a hub that may hold what is not committed yet. Memory follows when the caller says that it is.
///
/// # Errors
/// When the hub cannot be read or written.
pub async fn resolve_in(
    deployment: &Deployment,
    model: &EntityModel,
    unresolved: &Unresolved,
    hub: &mut Hub<'_>,
) -> anyhow::Result<Option<(Resolved, Following)>> {
    let Some(live) = deployment.live.as_ref().and_then(|kept| kept.find(&model.name)) else { return Ok(None) };
    // Until all is written, memory and hub differ.
    let Some(mark) = live.take_mark() else { return Ok(None) };
    if hub.last_resolved(&model.name).await? != Some(mark) {
        // Another server resolved. Memory stays what it was, for searches, until it is read again.
        live.mark(mark);
        return Ok(None);
    }
    let constraints = hub.list_decisions(&model.name).await?;
    let registers = registers_of(deployment, hub.list_source_systems().await?);
    if !live.is_in_force(model, &registers, answers(&constraints), hub).await?
        || live.rule_set.agreed != deployment.agreed_links().await?
    {
        return Ok(None);
    }
    let Some(around) = take_in(&live, unresolved, &constraints, &registers, hub).await? else { return Ok(None) };
    let before = Before { constraints, registers };
    let done = resolve_around(model, (&live, mark), around, unresolved, before, hub).await?;
    Ok(done.map(|(resolved, mark)| (resolved, Following { live, mark })))
}

impl Live {
    /// Whether the hub's golden records follow from the rules that the source records are kept under, and these are the rules that are
    /// declared now: [`has_new_rules`] without reading them. What is kept is of the declared model: [`is_of_model`].
    async fn is_in_force(
        &self,
        model: &EntityModel,
        registers: &Registers,
        answers: usize,
        hub: &mut Hub<'_>,
    ) -> anyhow::Result<bool> {
        Ok(hub.find_rule_set_version(&model.name).await? == Some(self.version)
            && hub.get_setting(&applied_setting(&model.name)).await? == Some(self.version.to_string())
            && !is_due_by_answers(&self.rule_set, answers)
            && self.rule_set.declared == declared(model, registers))
    }
}

/// Takes what changed into memory; tells what to look at and gives what is heard, where that is less than half of all.
async fn take_in(
    live: &Arc<Live>,
    unresolved: &Unresolved,
    constraints: &[Constraint],
    registers: &Registers,
    hub: &mut Hub<'_>,
) -> anyhow::Result<Option<(Around, Columns)>> {
    let ids = unresolved.source_records.clone();
    let records = hub.list_source_records_of(&ids).await?;
    let ranks: Vec<Rank> = records.iter().map(|record| rank(registers, record)).collect();
    let (live, constraints) = (Arc::clone(live), constraints.to_vec());
    let take_in = move || {
        let mut all = live.incremental.write().unwrap_or_else(PoisonError::into_inner);
        let here: HashSet<SourceRecordId> = records.iter().map(|record| record.id).collect();
        for id in ids.iter().filter(|id| !here.contains(id)) {
            all.remove(*id);
        }
        for (record, rank) in records.iter().zip(ranks) {
            all.put(record.id, rank, &record.values);
        }
        let is_outgrown = all.index().len() as u64 >= live.rule_set.trained_on.saturating_mul(OUTGROWN);
        let heard_max = all.index().len() / 2;
        if is_outgrown {
            return None;
        }
        let around = all.around(&constraints, heard_max)?;
        // Searches go on from here; changes are taken in by one resolution at a time.
        drop(all);
        let all = live.incremental.read().unwrap_or_else(PoisonError::into_inner);
        let columns = all.columns_of(&around.heard);
        Some((around, columns))
    };
    Ok(tokio::task::spawn_blocking(take_in).await?)
}

/// What stood before a resolution, as far as all of it is read.
struct Before {
    constraints: Vec<Constraint>,
    registers: Registers,
}

/// What is computed around a change: it goes to the thread that computes, and comes back.
struct Given {
    held: Held,
    restated: Vec<SourceRecord>,
    touched: Touched,
    settled: Vec<SourceRecordId>,
}

impl Given {
    fn matched(&self, columns: Columns, rules: Rules) -> Work<()> {
        match_all(columns, &self.held, &self.restated, rules, &self.touched, Some(&self.settled))
    }
}

/// Resolves the source records around what changed: by what is in memory of all that are heard. What the members of golden records
/// state that may change is read, to choose their values. `None` where the hub's golden records do not follow from the same rules.
async fn resolve_around(
    model: &EntityModel,
    (live, mark): (&Live, Timestamp),
    (around, mut columns): (Around, Columns),
    unresolved: &Unresolved,
    before: Before,
    hub: &mut Hub<'_>,
) -> anyhow::Result<Option<(Resolved, Timestamp)>> {
    let Before { constraints, registers } = before;
    let settled = around.settled;
    let mut scope: Vec<SourceRecordId> = settled.iter().chain(&unresolved.source_records).copied().collect();
    scope.sort_unstable();
    scope.dedup();
    let links = pairs(&hub.list_links_around(&scope).await?);
    if links.iter().any(|(source_record, _)| scope.binary_search(source_record).is_err()) {
        return Ok(None);
    }
    let ended = pairs(&hub.list_ended_links_around(&scope).await?);
    // Nothing ended, nothing that ended stated anything.
    let restated = if ended.is_empty() { Vec::new() } else { hub.list_restated_links_around(&scope).await? };
    let ids: Vec<SourceRecordId> = restated.iter().map(|one| one.link.source_record).collect();
    let held = Held { links, ended, restated, constraints, overrides: hub.list_overrides(&model.name).await? };
    let restated = if ids.is_empty() { Vec::new() } else { hub.list_source_records_of(&ids).await? };
    let touched = Touched::Some(unresolved.source_records.iter().copied().collect());
    let (version, count) = (live.version, columns.len());
    let mut given = Given { held, restated, touched, settled };
    let (matched, changes, overrides) = loop {
        let rules = Rules::InForce { version, rule_set: Arc::clone(&live.rule_set) };
        let (work, back) = tokio::task::spawn_blocking(move || (given.matched(columns, rules), given)).await?;
        if !leave_to_stewards(model, &work.changes, unresolved, hub).await? {
            break (work.matched, work.changes, back.held.overrides);
        }
        (given, columns) = (back, work.columns);
        given.held.constraints = hub.list_decisions(&model.name).await?;
    };
    let members: Vec<SourceRecordId> = changes.iter().flat_map(|change| change.members.iter().copied()).collect();
    let records = hub.list_source_records_of(&members).await?;
    if records.len() != members.len() {
        // Some were retired since; the next resolution hears of it.
        return Ok(None);
    }
    let of_model = model.clone();
    let choose = move || valued(&of_model, &records, &registers, &overrides, changes);
    let changes = tokio::task::spawn_blocking(choose).await?;
    let compared = matched.stats.compared;
    let scope = Scope::These(scope);
    let unresolved = unresolved.clone();
    let done = Done { changes, questions: matched.questions, scope, unresolved };
    let Written { reviews, applied } = match apply(model, version, done, Some(mark), hub).await {
        Ok(done) => done,
        // A source record changed since it was taken in, or another server has resolved.
        Err(error) if is_stale(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let entity = model.name.clone();
    let resolved =
        Resolved { entity, source_records: count, compared, reviews, published: None, applied: Some(applied) };
    Ok(Some((resolved, applied.recorded)))
}

/// Leaves it to stewards whether rows whose writers are confined stand with what these may not read; whether anything was, so that the
/// resolution is to be computed again. Who may write rows of some districts could else state there what is known of somebody elsewhere,
/// and read whom the rules then hold to be the same one.
async fn leave_to_stewards<S: Sync>(
    model: &EntityModel,
    changes: &[GoldenChange<S>],
    unresolved: &Unresolved,
    hub: &mut Hub<'_>,
) -> anyhow::Result<bool> {
    if unresolved.confined.is_empty() {
        return Ok(false);
    }
    let scopes: HashMap<SourceRecordId, &Filter> =
        unresolved.confined.iter().map(|(row, scope)| (*row, scope)).collect();
    let mut new = 0;
    for change in changes {
        for row in &change.members {
            let Some(scope) = scopes.get(row) else { continue };
            let others: Vec<SourceRecordId> = change.members.iter().copied().filter(|member| member != row).collect();
            let outside = hub.list_outside(scope, &others).await?;
            if !outside.is_empty() {
                new += hub.leave_to_steward(&model.name, *row, &outside).await?;
            }
        }
    }
    Ok(new > 0)
}

fn is_stale(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Stale { .. } | StoreError::ChangeMissing { .. }))
}

/// What a resolution made, to be written.
struct Done {
    changes: Vec<GoldenChange>,
    questions: Vec<MatchPair>,
    scope: Scope,
    unresolved: Unresolved,
}

/// What was written of it.
struct Written {
    /// Questions left for people.
    reviews: usize,
    applied: Applied,
}

/// Writes a resolution; one from memory only after the one that memory follows from.
async fn apply(
    model: &EntityModel,
    version: RuleSetVersion,
    done: Done,
    after: Option<Timestamp>,
    hub: &mut Hub<'_>,
) -> anyhow::Result<Written> {
    let Done { changes, questions, scope, unresolved } = done;
    let reviews = questions.len();
    let resolution = Resolution { changes, questions, scope, unresolved };
    let applied = match (hub, after) {
        (Hub::Arriving(arrivals), after) => arrivals.apply_resolution(after, model, version, resolution).await?,
        (Hub::Committed(store), Some(mark)) => store.apply_resolution_after(mark, model, version, resolution).await?,
        (Hub::Committed(store), None) => store.apply_resolution(model, version, resolution).await?,
    };
    Ok(Written { reviews, applied })
}

/// Why a resolution of an entity type is due, in words; `None` when everything stands as the rules say.
///
/// # Errors
/// When the hub cannot be read.
pub async fn is_due(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<Option<String>> {
    let Unresolved { source_records, .. } = deployment.store.list_unresolved(&model.name).await?;
    if !source_records.is_empty() {
        return Ok(Some(format!("{} source records are new, changed or decided about", source_records.len())));
    }
    let expired = deployment.store.expired_override_count(Some(&model.name)).await?;
    if expired > 0 {
        return Ok(Some(format!("{expired} values that stewards stated have expired")));
    }
    let answers = deployment.store.list_constraints(&model.name).await?.len();
    if has_other_links(deployment, model).await? {
        return Ok(Some("sharing agreements that let registers stand together began or ended".to_owned()));
    }
    let is_changed = has_new_rules(deployment, model, answers).await?;
    Ok(is_changed.then(|| "the entity model or the trust in its sources was changed".to_owned()))
}

/// Whether the hub's golden records follow from other rules than are declared now, or than the stewards' answers are due to make.
/// Nothing was resolved yet: no.
async fn has_new_rules(deployment: &Deployment, model: &EntityModel, answers: usize) -> anyhow::Result<bool> {
    let Some((version, rule_set)) = find_rules(deployment, &model.name).await? else { return Ok(false) };
    Ok(!is_applied(deployment, &model.name, version).await?
        || why_trained_anew(&MatchRules::compile(model)?, &rule_set, answers).is_some()
        || rule_set.declared != declared(model, &registers(deployment).await?)
        || rule_set.agreed != deployment.agreed_links().await?)
}

/// Whether other registers may stand together by now than when an entity type was resolved. Nothing was resolved yet: no.
///
/// # Errors
/// When the hub cannot be read.
pub async fn has_other_links(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<bool> {
    let Some((_, rule_set)) = find_rules(deployment, &model.name).await? else { return Ok(false) };
    Ok(rule_set.agreed != deployment.agreed_links().await?)
}

/// Whether an entity type was resolved as a whole under these rules.
async fn is_applied(deployment: &Deployment, entity: &str, version: RuleSetVersion) -> anyhow::Result<bool> {
    let applied = deployment.store.get_setting(&applied_setting(entity)).await?;
    Ok(applied.is_some_and(|applied| applied == version.to_string()))
}

/// The setting that holds the version of the rules under which an entity type was resolved as a whole.
fn applied_setting(entity: &str) -> String {
    format!("rules_applied.{entity}")
}

/// The rule set in force of an entity type, and its version.
///
/// # Errors
/// When the hub cannot be read, or holds rules that this version does not understand.
pub async fn find_rules(deployment: &Deployment, entity: &str) -> anyhow::Result<Option<(RuleSetVersion, RuleSet)>> {
    let Some(stored) = deployment.store.find_rule_set(entity).await? else { return Ok(None) };
    let rules = serde_json::from_value(stored.body)
        .with_context(|| format!("rule set {} of {entity} cannot be read by this version of kanak", stored.version))?;
    Ok(Some((stored.version, rules)))
}

/// Links as pairs, in their order.
pub fn pairs(links: &[Link]) -> Vec<(SourceRecordId, GoldenId)> {
    links.iter().map(|link| (link.source_record, link.golden_id)).collect()
}

/// What the hub holds before a resolution.
pub struct Held {
    /// Which golden record each source record belongs to.
    pub links: Vec<(SourceRecordId, GoldenId)>,
    /// What golden records that were merged away or lost their last member held at their end.
    pub ended: Vec<(SourceRecordId, GoldenId)>,
    /// Those of `ended` whose source record stated something else then.
    pub restated: Vec<RestatedLink>,
    /// The stewards' decisions, and what they confirmed.
    pub constraints: Vec<Constraint>,
    /// Values that stewards stated.
    pub overrides: Vec<ValueOverride>,
}

/// How many decisions answer a question about a pair.
fn answers(constraints: &[Constraint]) -> usize {
    constraints.iter().filter(|one| one.kind.is_answer()).count()
}

/// A register that the hub holds source records of.
pub struct Register {
    /// What it is called in every hub.
    pub name: String,
    /// Its declaration; a register that is not declared any more is not trusted.
    declared: Option<SourceSystem>,
}

impl Register {
    /// How far it is trusted for an attribute, 0 to 1.
    pub fn trust_for(&self, attribute: &str) -> f64 {
        self.declared.as_ref().map_or(0.0, |source| source.trust_for(attribute))
    }
}

/// The registers by their id in this hub.
pub type Registers = HashMap<SourceSystemId, Register>;

/// What a register is called in every hub; empty where it is not known.
pub fn register_name(registers: &Registers, id: SourceSystemId) -> &str {
    registers.get(&id).map_or("", |register| &register.name)
}

/// All registers of a hub.
///
/// # Errors
/// When the hub cannot be read.
pub async fn registers(deployment: &Deployment) -> anyhow::Result<Registers> {
    Ok(registers_of(deployment, deployment.store.list_source_systems().await?))
}

/// The registers that a hub lists, with their declarations.
fn registers_of(deployment: &Deployment, stored: Vec<SourceSystemRow>) -> Registers {
    let register = |name: String| Register { declared: deployment.find_register(&name), name };
    stored.into_iter().map(|row| (row.id, register(row.name))).collect()
}

/// The rules that a resolution goes by.
pub enum Rules {
    /// Those that were published.
    InForce {
        /// Their version.
        version: RuleSetVersion,
        /// The rules.
        rule_set: Arc<RuleSet>,
    },
    /// Trained ones that become a new version, because something beside matching was declared anew.
    Changed(Arc<RuleSet>),
    /// Rules to be trained on what there is.
    Untrained {
        /// What they say.
        rules: MatchRules,
        /// See [`RuleSet::declared`].
        declared: String,
        /// See [`RuleSet::agreed`].
        agreed: Option<AgreedLinks>,
    },
}

/// Rules learn from stewards again when these have decided so many pairs more, and twice as many as the rules have learned from.
const ANSWERS_MORE: u64 = 50;

/// Why rules are due to be trained again, whatever the number of source records.
fn why_trained_anew(rules: &MatchRules, rule_set: &RuleSet, answers: usize) -> Option<String> {
    if rule_set.rules != *rules {
        return Some("the entity model matches by other rules than before".to_owned());
    }
    if rule_set.reading != reading() {
        return Some(
            "this version of kanak reads names and places otherwise than the one that trained the rules".to_owned(),
        );
    }
    is_due_by_answers(rule_set, answers).then(|| {
        format!("the rules were trained on {} decisions of stewards and there are {answers}", rule_set.answers)
    })
}

/// Whether stewards have decided so many pairs since that rules are due to learn from them.
fn is_due_by_answers(rule_set: &RuleSet, answers: usize) -> bool {
    answers as u64 >= (2 * rule_set.answers).max(rule_set.answers + ANSWERS_MORE)
}

/// Whether a rule set is one that this version of kanak matches by under the model that is declared now.
///
/// # Errors
/// When the model cannot be compiled.
pub fn is_of_model(rule_set: &RuleSet, model: &EntityModel) -> anyhow::Result<bool> {
    Ok(rule_set.rules == MatchRules::compile(model)? && rule_set.reading == reading())
}

/// Decides between the rules in force and new ones, and says why they are new.
fn rules_for(
    model: &EntityModel,
    registers: &Registers,
    agreed: Option<AgreedLinks>,
    known: Option<(RuleSetVersion, RuleSet)>,
    count: u64,
    answers: usize,
) -> anyhow::Result<(Rules, Option<String>)> {
    let rules = MatchRules::compile(model)?;
    let declared = declared(model, registers);
    let Some((version, rule_set)) = known else { return Ok((Rules::Untrained { rules, declared, agreed }, None)) };
    if let Some(reason) = why_trained_anew(&rules, &rule_set, answers) {
        return Ok((Rules::Untrained { rules, declared, agreed }, Some(reason)));
    }
    if count >= rule_set.trained_on.saturating_mul(OUTGROWN) {
        let reason = format!("the rules were trained on {} source records and there are {count}", rule_set.trained_on);
        return Ok((Rules::Untrained { rules, declared, agreed }, Some(reason)));
    }
    if rule_set.agreed != agreed {
        let reason = "other registers may stand together by sharing agreements than before".to_owned();
        return Ok((Rules::Changed(Arc::new(RuleSet { declared, agreed, ..rule_set })), Some(reason)));
    }
    if rule_set.declared != declared {
        let reason = "survivorship or the trust in sources was declared anew".to_owned();
        return Ok((Rules::Changed(Arc::new(RuleSet { declared, ..rule_set })), Some(reason)));
    }
    Ok((Rules::InForce { version, rule_set: Arc::new(rule_set) }, None))
}

/// The mark of what decides golden values beside matching: survivorship, status rules, and how far each source is trusted.
fn declared(model: &EntityModel, registers: &Registers) -> String {
    let trust: BTreeMap<&str, Vec<f64>> = registers
        .values()
        // The hub's own are declared in its code: where the first row of one comes, nothing was declared anew.
        .filter(|register| !hub_source::is_one(register.declared.as_ref()))
        .map(|register| {
            let trust = model.survivorship.iter().map(|rule| register.trust_for(&rule.attribute));
            (register.name.as_str(), trust.collect())
        })
        .collect();
    let kinds: Vec<_> = model.attributes.iter().map(|attribute| (&attribute.name, attribute.kind)).collect();
    let declared = (&model.survivorship, &model.status_rules, &model.status_default, kinds, trust, PREFERENCE);
    let all = format!("{declared:?}");
    Sha256::digest(all).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Which golden records get their values chosen: a cluster with a member among these, and every one that has other members
/// than before.
pub enum Touched {
    /// All of them.
    All,
    /// Those of these source records.
    Some(HashSet<SourceRecordId>),
}

impl Touched {
    fn is_touched(&self, members: &[SourceRecordId]) -> bool {
        match self {
            Self::All => true,
            Self::Some(records) => members.iter().any(|member| records.contains(member)),
        }
    }
}

impl Rules {
    /// What collects the source records for matching by them.
    fn columns(&self) -> ColumnsBuilder {
        match self {
            Self::InForce { rule_set, .. } | Self::Changed(rule_set) => rule_set.rules.columns(),
            Self::Untrained { rules, .. } => rules.columns(),
        }
    }
}

/// What a resolution is to write.
pub struct Work<S = Survived> {
    /// The version of the rules, when they were published already.
    pub version: Option<RuleSetVersion>,
    /// The rules.
    pub rule_set: Arc<RuleSet>,
    /// Pairs, clusters and counts.
    pub matched: Matched,
    /// Golden records that may change.
    pub changes: Vec<GoldenChange<S>>,
    /// The source records that were matched.
    pub columns: Columns,
}

/// The pure part: source records, links, decisions and rules in; changes out.
pub fn compute(
    model: &EntityModel,
    records: &[SourceRecord],
    held: &Held,
    registers: &Registers,
    rules: Rules,
    touched: &Touched,
) -> Work {
    let mut builder = rules.columns();
    for record in records {
        builder.push(record.id, rank(registers, record), &record.values);
    }
    let Work { version, rule_set, matched, changes, columns } =
        match_all(builder.finish(), held, records, rules, touched, None);
    let changes = valued(model, records, registers, &held.overrides, changes);
    Work { version, rule_set, matched, changes, columns }
}

/// Changes with their values, chosen from what these source records state.
fn valued(
    model: &EntityModel,
    records: &[SourceRecord],
    registers: &Registers,
    overrides: &[ValueOverride],
    changes: Vec<GoldenChange<()>>,
) -> Vec<GoldenChange> {
    let survivorship = Survivorship::new(model, records, registers, overrides);
    let valued = |change: GoldenChange<()>| {
        let survived = survivorship.survive(&change.members);
        change.with(survived).0
    };
    changes.into_iter().map(valued).collect()
}

/// Matches, and finds which golden record each cluster is; without their values. `restated` has at least the source records of
/// `held.restated`.
fn match_all(
    columns: Columns,
    held: &Held,
    restated: &[SourceRecord],
    rules: Rules,
    touched: &Touched,
    settled: Option<&[SourceRecordId]>,
) -> Work<()> {
    let constraints = &held.constraints;
    let under = |rule_set: Arc<RuleSet>| {
        let matched = match settled {
            None => match_batch(&rule_set, &columns, constraints, &Silent),
            Some(settled) => match_around(&rule_set, &columns, constraints, settled, &Silent),
        };
        (rule_set, matched)
    };
    let (version, (rule_set, matched)) = match rules {
        Rules::InForce { version, rule_set } => (Some(version), under(rule_set)),
        Rules::Changed(rule_set) => (None, under(rule_set)),
        Rules::Untrained { rules, declared, agreed } => {
            let (rule_set, matched) =
                train_and_match_agreed(&rules, &columns, TRAINING_SEED, agreed.as_ref(), constraints, &Silent);
            (None, (Arc::new(RuleSet { declared, ..rule_set }), matched))
        }
    };
    let changes = assign_identities(&held.links, &still_theirs(held, &rule_set, restated), &matched.clusters)
        .into_iter()
        .filter(|assigned| assigned.changed || touched.is_touched(&assigned.members))
        .map(|Assigned { identity, members, absorbed, split_from, .. }| GoldenChange {
            identity,
            members,
            absorbed,
            split_from,
            survived: (),
        })
        .collect();
    Work { version, rule_set, matched, changes, columns }
}

/// Where a source record stands in an order that every hub has.
pub fn rank(registers: &Registers, record: &SourceRecord) -> Rank {
    Rank::of(register_name(registers, record.source_system), &record.key)
}

/// What ended golden records held, without the source records that are of another one by now: what they state speaks more against what they
/// stated then than for it. Departments give the keys of those who left to others, and an ended id must not come back with such a key.
/// How rare matches are, and that a register lists nobody twice, is left out: of one key it is as likely as not the same one.
fn still_theirs(held: &Held, rule_set: &RuleSet, restated: &[SourceRecord]) -> Vec<(SourceRecordId, GoldenId)> {
    let by_id: HashMap<SourceRecordId, &SourceRecord> = if held.restated.is_empty() {
        HashMap::new()
    } else {
        restated.iter().map(|record| (record.id, record)).collect()
    };
    let is_another = |one: &&RestatedLink| {
        by_id.get(&one.link.source_record).is_some_and(|record| {
            let then = Statement::of("", &one.stated);
            rule_set.weigh(then, Statement::of("", &record.values)).weight_bits < 0.0
        })
    };
    let others: HashSet<(SourceRecordId, GoldenId)> =
        held.restated.iter().filter(is_another).map(|one| (one.link.source_record, one.link.golden_id)).collect();
    held.ended.iter().filter(|link| !others.contains(*link)).copied().collect()
}

#[cfg(test)]
mod tests;
