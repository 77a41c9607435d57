//! Deciding what a resolution writes. No I/O: the same changes on the same state give the same plan.

use kanak_model::feed::Change;
use kanak_model::golden_record::{GoldenChange, Identity};
use kanak_model::{FeedPosition, GoldenId, Timestamp};
use rustc_hash::FxHashSet;

use super::current::{Current, State};
use super::{Applied, Unresolved};
use crate::error::StoreError;
use crate::feed_events::NewEvent;

/// A version to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewVersion {
    pub(crate) golden_id: i64,
    pub(crate) version: i32,
    /// The place of the change that holds its values.
    pub(crate) change: usize,
}

/// What is written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Golden records that come to be; their ids ascend.
    pub(crate) created: Vec<i64>,
    /// Versions that begin. Those of golden records not in `created` make them live.
    pub(crate) versions: Vec<NewVersion>,
    /// Golden records whose current version ends.
    pub(crate) closed: Vec<i64>,
    /// Golden records that end in another.
    pub(crate) redirects: Vec<(i64, i64)>,
    /// Golden records that have no member left.
    pub(crate) emptied: Vec<i64>,
    /// Source records that leave their golden record, ascending.
    pub(crate) unlinked: Vec<i64>,
    /// Source records and the golden records they join, ascending.
    pub(crate) linked: Vec<(i64, i64)>,
    /// Events, in feed order.
    pub(crate) events: Vec<NewEvent>,
    unchanged: u64,
}

impl Plan {
    pub(crate) fn counts(&self) -> Applied {
        let count = |wanted: Change| self.events.iter().filter(|event| event.change == wanted).count() as u64;
        Applied {
            created: count(Change::Created) + count(Change::SplitFrom),
            updated: count(Change::Updated),
            merged: count(Change::MergedInto),
            split: count(Change::SplitFrom),
            restored: count(Change::Restored),
            emptied: count(Change::Emptied),
            unchanged: self.unchanged,
            tasks_opened: 0,
            tasks_lapsed: 0,
            feed_position: FeedPosition(0),
            recorded: Timestamp(0),
        }
    }

    fn event(&mut self, golden_id: i64, change: Change, version: i32, other: Option<i64>) {
        let other = other.map(GoldenId);
        self.events.push(NewEvent { golden_id: GoldenId(golden_id), change, version, other });
    }
}

/// Which golden record a change is about, and what becomes of it.
struct Target {
    id: i64,
    is_new: bool,
}

pub(crate) fn plan(
    changes: &[GoldenChange<()>],
    current: &Current,
    unresolved: &Unresolved,
) -> Result<Plan, StoreError> {
    let moving = check_members(changes)?;
    let targets = targets(changes, current)?;
    let named: FxHashSet<i64> = targets.iter().map(|target| target.id).collect();
    if named.len() != targets.len() {
        return Err(StoreError::Stale { what: "two changes are about the same golden record".to_owned() });
    }
    let mut plan = Plan::default();
    let mut ended: FxHashSet<i64> = FxHashSet::default();
    for (place, (change, target)) in changes.iter().zip(&targets).enumerate() {
        let members_changed = link(&mut plan, change, target, current, &moving)?;
        version(&mut plan, place, change, target, current, members_changed);
        for absorbed in &change.absorbed {
            absorb(&mut plan, absorbed.0, target.id, current, &moving, &named)?;
            if !ended.insert(absorbed.0) {
                return Err(StoreError::Stale { what: format!("golden record {absorbed} is absorbed twice") });
            }
        }
    }
    let retired = unresolved.source_records.iter().map(|id| id.0).filter(|id| current.retired.contains(id));
    plan.unlinked.extend(retired.filter(|id| current.link.contains_key(id)));
    plan.unlinked.sort_unstable();
    plan.unlinked.dedup();
    plan.linked.sort_unstable();
    empty(&mut plan, current, &named, &ended)?;
    Ok(plan)
}

/// Each source record stands in one change at most; gives all of them.
fn check_members(changes: &[GoldenChange<()>]) -> Result<FxHashSet<i64>, StoreError> {
    let mut moving = FxHashSet::default();
    for member in changes.iter().flat_map(|change| &change.members) {
        if !moving.insert(member.0) {
            return Err(StoreError::Stale { what: format!("source record {member} stands in two changes") });
        }
    }
    Ok(moving)
}

fn targets(changes: &[GoldenChange<()>], current: &Current) -> Result<Vec<Target>, StoreError> {
    let mut next = current.next_golden;
    // Ids that a change names are not given back to another.
    let mut taken: FxHashSet<i64> = changes
        .iter()
        .filter_map(|change| match change.identity {
            Identity::Keeps(id) => Some(id.0),
            Identity::New => None,
        })
        .collect();
    let mut targets = Vec::with_capacity(changes.len());
    for change in changes {
        let target = match change.identity {
            Identity::Keeps(id) if current.golden.contains_key(&id.0) => Target { id: id.0, is_new: false },
            Identity::Keeps(id) => {
                return Err(StoreError::Stale { what: format!("there is no golden record {id} of this entity type") });
            }
            Identity::New if change.members.is_empty() => {
                return Err(StoreError::Stale { what: "a new golden record has no source record".to_owned() });
            }
            Identity::New => match find_restored(change, current).filter(|id| taken.insert(*id)) {
                Some(id) => Target { id, is_new: false },
                None => {
                    next += 1;
                    Target { id: next - 1, is_new: true }
                }
            },
        };
        targets.push(target);
    }
    Ok(targets)
}

/// The merged-away golden record that comes back: it ended in the one split from, with exactly these members.
fn find_restored(change: &GoldenChange<()>, current: &Current) -> Option<i64> {
    let ended = current.redirected.get(&change.split_from?.0)?;
    let is_same = |members: &[i64]| members.iter().eq(change.members.iter().map(|id| &id.0));
    ended.iter().find(|(_, members)| is_same(members)).map(|(id, _)| *id)
}

/// Moves the members in, lets the retired ones go; tells whether the members changed.
fn link(
    plan: &mut Plan,
    change: &GoldenChange<()>,
    target: &Target,
    current: &Current,
    moving: &FxHashSet<i64>,
) -> Result<bool, StoreError> {
    let mut changed = false;
    for member in &change.members {
        match current.link.get(&member.0) {
            Some(golden) if *golden == target.id => continue,
            Some(_) => plan.unlinked.push(member.0),
            None => {}
        }
        plan.linked.push((member.0, target.id));
        changed = true;
    }
    let before = current.golden.get(&target.id).map_or(&[][..], |golden| &golden.members);
    for left in before.iter().filter(|id| !moving.contains(id)) {
        if !current.retired.contains(left) {
            let what =
                format!("source record {left} is live and linked to {} but stands in no change", GoldenId(target.id));
            return Err(StoreError::Stale { what });
        }
        plan.unlinked.push(*left);
        changed = true;
    }
    let stays = |id: &i64| change.members.binary_search_by_key(id, |member| member.0).is_ok();
    Ok(changed || before.iter().any(|id| !stays(id)))
}

fn version(
    plan: &mut Plan,
    place: usize,
    change: &GoldenChange<()>,
    target: &Target,
    current: &Current,
    members_changed: bool,
) {
    let Some(golden) = current.golden.get(&target.id).filter(|_| !target.is_new) else {
        plan.created.push(target.id);
        plan.versions.push(NewVersion { golden_id: target.id, version: 1, change: place });
        let other = change.split_from.map(|id| id.0);
        let what = if other.is_some() { Change::SplitFrom } else { Change::Created };
        plan.event(target.id, what, 1, other);
        return;
    };
    if change.members.is_empty() {
        if golden.state == State::Live {
            plan.closed.push(target.id);
            plan.emptied.push(target.id);
            plan.event(target.id, Change::Emptied, golden.version, None);
        } else {
            plan.unchanged += 1;
        }
        return;
    }
    let next = NewVersion { golden_id: target.id, version: golden.version + 1, change: place };
    if golden.state != State::Live {
        plan.versions.push(next);
        plan.event(target.id, Change::Restored, next.version, golden.redirect_to);
    } else if members_changed || !current.same_values.contains(&place) {
        plan.closed.push(target.id);
        plan.versions.push(next);
        plan.event(target.id, Change::Updated, next.version, None);
    } else {
        plan.unchanged += 1;
    }
}

fn absorb(
    plan: &mut Plan,
    id: i64,
    into: i64,
    current: &Current,
    moving: &FxHashSet<i64>,
    named: &FxHashSet<i64>,
) -> Result<(), StoreError> {
    let stale =
        |why: &str| StoreError::Stale { what: format!("golden record {} cannot be absorbed: {why}", GoldenId(id)) };
    let golden = current.golden.get(&id).ok_or_else(|| stale("there is none of this entity type"))?;
    if golden.state != State::Live {
        return Err(stale("it has ended already"));
    }
    if named.contains(&id) {
        return Err(stale("another change keeps it"));
    }
    for member in golden.members.iter().filter(|member| !moving.contains(member)) {
        if !current.retired.contains(member) {
            return Err(stale("one of its source records stands in no change"));
        }
        plan.unlinked.push(*member);
    }
    plan.closed.push(id);
    plan.redirects.push((id, into));
    plan.event(id, Change::MergedInto, golden.version, Some(into));
    Ok(())
}

/// A golden record that loses members without a change of its own must have lost them all.
fn empty(plan: &mut Plan, current: &Current, named: &FxHashSet<i64>, ended: &FxHashSet<i64>) -> Result<(), StoreError> {
    let leaving: FxHashSet<i64> = plan.unlinked.iter().copied().collect();
    let mut losing: Vec<i64> = leaving.iter().filter_map(|source| current.link.get(source).copied()).collect();
    losing.sort_unstable();
    losing.dedup();
    for id in losing.into_iter().filter(|id| !named.contains(id) && !ended.contains(id)) {
        let Some(golden) = current.golden.get(&id) else { continue };
        if golden.members.iter().any(|member| !leaving.contains(member)) {
            return Err(StoreError::ChangeMissing { golden_id: GoldenId(id) });
        }
        plan.closed.push(id);
        plan.emptied.push(id);
        plan.event(id, Change::Emptied, golden.version, None);
    }
    Ok(())
}
