//! What is new in the hub, matched and survived: source records become golden records.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use anyhow::Context as _;
use kanak_engine::matching::{
    Assigned, Columns, MatchRules, Matched, RuleSet, Silent, assign_identities, match_batch, train,
};
use kanak_engine::survivorship::{Member, survive};
use kanak_model::golden_record::{GoldenChange, Identity};
use kanak_model::match_pair::{Constraint, Decision, MatchPair};
use kanak_model::{
    Access, EntityModel, GoldenId, RuleSetVersion, SourceRecord, SourceRecordId, SourceSystem, SourceSystemId,
};
use kanak_store::{Applied, Link, Resolution, Scope};

use crate::deployment::Deployment;

/// The seed of sampling in training: fixed, so that the same records give the same rule set.
const TRAINING_SEED: u64 = 0x4b41_4e41_4b00_0001;

/// What a resolution did to one entity type.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The entity type.
    pub entity: String,
    /// Source records that were matched; 0 when nothing was new.
    pub source_records: usize,
    /// Pairs compared.
    pub compared: u64,
    /// Pairs left for people.
    pub reviews: usize,
    /// What changed in the hub.
    pub applied: Option<Applied>,
}

/// Resolves one entity type. Does nothing when no source record and no decision is new.
///
/// # Errors
/// When the model cannot be compiled or the hub cannot be read or written.
pub async fn resolve(deployment: &Deployment, model: &EntityModel) -> anyhow::Result<Resolved> {
    let store = &deployment.store;
    let unresolved = store.list_unresolved(&model.name).await?;
    if unresolved.source_records.is_empty() {
        return Ok(Resolved { entity: model.name.clone(), source_records: 0, compared: 0, reviews: 0, applied: None });
    }
    let access = Access::operation("resolve");
    let records = Arc::new(store.list_source_records(&access, &model.name).await?);
    let held = Held {
        links: pairs(&store.list_links(&model.name).await?),
        redirected: pairs(&store.list_ended_links(&model.name).await?),
        constraints: store.list_constraints(&model.name).await?,
    };
    let trust = trust_table(deployment).await?;
    let known = find_rules(deployment, &model.name).await?;
    let count = records.len();
    let work = {
        let (model, records) = (model.clone(), Arc::clone(&records));
        tokio::task::spawn_blocking(move || compute(&model, &records, &held, &trust, known)).await??
    };
    let version = match work.version {
        Some(version) => version,
        None => store.put_rule_set(&model.name, &serde_json::to_value(&work.rule_set)?).await?,
    };
    let review_pairs: Vec<MatchPair> =
        work.matched.pairs.iter().filter(|pair| pair.decision == Decision::Review).copied().collect();
    let reviews = review_pairs.len();
    let resolution = Resolution { changes: work.changes, review_pairs, scope: Scope::Everything, unresolved };
    let applied = store.apply_resolution(model, version, resolution).await?;
    let compared = work.matched.stats.compared;
    Ok(Resolved { entity: model.name.clone(), source_records: count, compared, reviews, applied: Some(applied) })
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
    /// What golden records that were merged away or emptied held at their end.
    pub redirected: Vec<(SourceRecordId, GoldenId)>,
    /// The stewards' decisions.
    pub constraints: Vec<Constraint>,
}

/// How far each source is trusted for each attribute.
pub type TrustTable = HashMap<SourceSystemId, SourceSystem>;

/// The declared sources by their id in this hub.
///
/// # Errors
/// When the hub cannot be read.
pub async fn trust_table(deployment: &Deployment) -> anyhow::Result<TrustTable> {
    let mut table = HashMap::new();
    for stored in deployment.store.list_source_systems().await? {
        if let Some(source) = deployment.sources.find(&stored.name) {
            table.insert(stored.id, source.clone());
        }
    }
    Ok(table)
}

/// How far one source is trusted, by attribute. A source that is not declared any more is not trusted.
type TrustOf<'a> = Box<dyn Fn(&str) -> f64 + 'a>;

/// What a resolution is to write.
pub struct Work {
    /// The version of the rules, when they were frozen already.
    pub version: Option<RuleSetVersion>,
    /// The rules.
    pub rule_set: RuleSet,
    /// Pairs, clusters and counts.
    pub matched: Matched,
    /// Golden records that change.
    pub changes: Vec<GoldenChange>,
}

/// The pure part: records, links and decisions in; changes out.
///
/// # Errors
/// When the model's matching rules cannot be compiled.
pub fn compute(
    model: &EntityModel,
    records: &[SourceRecord],
    held: &Held,
    trust: &TrustTable,
    known: Option<(RuleSetVersion, RuleSet)>,
) -> anyhow::Result<Work> {
    let mut builder = Columns::builder(model);
    for record in records {
        builder.push(record.id, record.source_system, &record.values);
    }
    let columns = builder.finish();
    let (version, rule_set) = match known {
        Some((version, rule_set)) => (Some(version), rule_set),
        None => (None, train(&MatchRules::compile(model)?, &columns, TRAINING_SEED)),
    };
    let matched = match_batch(&rule_set, &columns, &held.constraints, &Silent);
    let trusts: HashMap<SourceSystemId, TrustOf<'_>> = trust
        .iter()
        .map(|(id, source)| (*id, Box::new(|attribute: &str| source.trust_for(attribute)) as TrustOf<'_>))
        .collect();
    let unknown: TrustOf<'_> = Box::new(|_| 0.0);
    let by_id: HashMap<SourceRecordId, &SourceRecord> = records.iter().map(|record| (record.id, record)).collect();
    let changes = restore_identities(assign_identities(&held.links, &matched.clusters), &held.redirected)
        .into_iter()
        .map(|assigned| {
            let members: Vec<Member<'_>> = assigned
                .members
                .iter()
                .map(|id| {
                    let record = by_id[id];
                    Member {
                        id: record.id,
                        version: record.version,
                        values: &record.values,
                        updated: record.updated,
                        recorded_from: record.recorded_from,
                        trust: trusts.get(&record.source_system).unwrap_or(&unknown).as_ref(),
                    }
                })
                .collect();
            let survived = survive(model, &members);
            GoldenChange {
                identity: assigned.identity,
                members: assigned.members,
                absorbed: assigned.absorbed,
                split_from: assigned.split_from,
                survived,
            }
        })
        .collect();
    Ok(Work { version, rule_set, matched, changes })
}

/// Gives a parted cluster the id it had before it was merged away, and source records that are back from a retirement
/// the id that they emptied: the largest share of its last members decides, then the oldest id. No id is given twice.
fn restore_identities(mut assigned: Vec<Assigned>, redirected: &[(SourceRecordId, GoldenId)]) -> Vec<Assigned> {
    if redirected.is_empty() {
        return assigned;
    }
    let former: HashMap<SourceRecordId, Vec<GoldenId>> =
        redirected.iter().fold(HashMap::new(), |mut map, (record, id)| {
            map.entry(*record).or_insert_with(Vec::new).push(*id);
            map
        });
    let mut given: HashSet<GoldenId> = HashSet::new();
    for cluster in assigned.iter_mut().filter(|cluster| cluster.identity == Identity::New) {
        let mut shares: BTreeMap<GoldenId, usize> = BTreeMap::new();
        for id in cluster.members.iter().filter_map(|member| former.get(member)).flatten() {
            *shares.entry(*id).or_default() += 1;
        }
        let best =
            shares.into_iter().filter(|(id, _)| !given.contains(id)).max_by_key(|(id, share)| (*share, Reverse(*id)));
        if let Some((id, _)) = best {
            given.insert(id);
            cluster.identity = Identity::Keeps(id);
        }
    }
    assigned
}
