//! How a golden value is chosen among the values that a cluster states.
//!
//! The choice is a pure function of the linked source records, the entity model and the trust of their sources. It does not depend
//! on the order of members, nor on when the hub learned of them, so that any order of arrival gives the same golden record.

mod agree;
mod as_of;
mod explain;
mod rank;
mod relative;

use std::collections::BTreeMap;

use kanak_model::clock::Timestamp;
use kanak_model::entity_model::{Attribute, EntityModel, SurvivorshipRule, SurvivorshipStrategy};
use kanak_model::golden_record::{GoldenValue, GoldenValues, Survived, ValueOverride};
use kanak_model::id::SourceRecordId;
use kanak_model::source_record::Values;

use crate::matching::Rank;

pub use agree::recount;
pub use as_of::{Witnesses, survive_as_of};
pub use explain::{Contender, Explained, Loss, Standing, explain_value, losers};

/// Raised whenever values are preferred otherwise than before, so that hubs learn that their golden values are due.
pub const PREFERENCE: u32 = 3;

/// One linked source record, as survivorship sees it.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    /// The source record.
    pub id: SourceRecordId,
    /// Where it stands among others: breaks ties, because ids follow the order of arrival.
    pub rank: Rank,
    /// Its version.
    pub version: i32,
    /// What it states.
    pub values: &'a Values,
    /// When the department last changed it. Where it does not say, the record counts as older than any that says so.
    pub updated: Option<Timestamp>,
    /// When the hub learned this version. Shown by [`explain_value`]; never decides, for it depends on the order of arrival.
    pub recorded_from: Timestamp,
    /// How far its source is trusted for an attribute, 0 to 1: `SourceSystem::trust_for`.
    pub trust: &'a (dyn Fn(&str) -> f64 + Sync),
}

impl std::fmt::Debug for Member<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").field("id", &self.id).field("version", &self.version).finish_non_exhaustive()
    }
}

/// The golden values and status of a cluster.
///
/// For each attribute that any member states, the model's strategy chooses; ties fall through to trust (of values as complete as each
/// other first to how many members agree), then to the most recent update, then to the smallest rank (an order by source and key). What
/// names the husband or wife is no father (`relative`): one that is chosen gives way to the next, or to none. A cluster without members
/// survives as nothing in the model's default status.
pub fn survive(model: &EntityModel, members: &[Member<'_>]) -> Survived {
    survive_with(model, members, &[])
}

/// [`survive`], where stewards stated some values themselves: these win over every strategy, of several for one attribute the one
/// stated last. What sources state stays beside them: `agreeing` and `stated` count the members as ever. An override whose subject
/// is no member, or whose attribute the model does not have, says nothing.
pub fn survive_with(model: &EntityModel, members: &[Member<'_>], overrides: &[&ValueOverride]) -> Survived {
    let mut values: GoldenValues = BTreeMap::new();
    for rule in &model.survivorship {
        let Some(attribute) = model.find_attribute(&rule.attribute) else { continue };
        if let Some(value) = choose(attribute, rule, members) {
            values.insert(rule.attribute.clone(), value);
        }
    }
    let mut stated: Vec<&ValueOverride> = overrides.to_vec();
    stated.sort_unstable_by_key(|one| one.id);
    for one in stated {
        if let Some(value) = overridden(model, one, members) {
            values.insert(one.attribute.clone(), value);
        }
    }
    for rule in &model.survivorship {
        let Some(attribute) = model.find_attribute(&rule.attribute) else { continue };
        let Some(relative) = named_beside(model, attribute, &values) else { continue };
        match choose(attribute, rule, &relative::not_naming(attribute, members, relative)) {
            Some(value) => values.insert(rule.attribute.clone(), value),
            None => values.remove(&rule.attribute),
        };
    }
    let status = model.status_rules.iter().find(|rule| values.contains_key(&rule.when_present));
    Survived { status: status.map_or(&model.status_default, |rule| &rule.status).clone(), values }
}

/// The other relative whom the chosen value of an attribute names, if it does. What a steward states is as the steward says.
fn named_beside<'v>(model: &EntityModel, attribute: &Attribute, values: &'v GoldenValues) -> Option<&'v str> {
    let chosen = values.get(&attribute.name).filter(|value| value.strategy != SurvivorshipStrategy::StewardOverride)?;
    let other = relative::other_relative(model, attribute)?;
    let relative = values.get(&other.name)?.value.as_str();
    relative::may_be_one(&chosen.value, relative).then_some(relative)
}

fn overridden(model: &EntityModel, one: &ValueOverride, members: &[Member<'_>]) -> Option<GoldenValue> {
    let attribute = model.find_attribute(&one.attribute)?;
    let subject = members.iter().find(|member| member.id == one.subject)?;
    let stated = members.iter().filter_map(|member| member.values.find(&attribute.name));
    let (agreeing, stated) = agree::count(attribute.kind, &one.value, stated);
    Some(GoldenValue {
        value: one.value.clone(),
        source_record: subject.id,
        source_version: subject.version,
        strategy: SurvivorshipStrategy::StewardOverride,
        agreeing,
        stated,
    })
}

fn choose(attribute: &Attribute, rule: &SurvivorshipRule, members: &[Member<'_>]) -> Option<GoldenValue> {
    let mut first = None;
    let mut stated = 0;
    for (at, member) in members.iter().enumerate() {
        if member.values.find(&attribute.name).is_some() {
            first = first.or(Some(at));
            stated += 1;
        }
    }
    let first = first?;
    let (winner, agreeing) = if stated == 1 {
        (first, 1)
    } else {
        let candidates = rank::candidates(attribute, rule.strategy, members);
        let best = candidates
            .iter()
            .max_by(|left, right| left.cmp_for(rule.strategy, right))
            .expect("two members state the attribute");
        (best.member, best.agreeing)
    };
    let member = &members[winner];
    Some(GoldenValue {
        value: member.values.find(&attribute.name)?.to_owned(),
        source_record: member.id,
        source_version: member.version,
        strategy: rule.strategy,
        agreeing,
        stated,
    })
}

#[cfg(test)]
mod tests;
