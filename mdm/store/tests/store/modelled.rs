//! Random histories beside a model of the hub in plain Rust. After every step hub and model agree, a reader that
//! follows the feed holds what the hub holds, and what the hub answered once it answers at the end.

use std::collections::{BTreeMap, BTreeSet};

use kanak_model::feed::{Change, Detail, FeedEntry};
use kanak_model::golden_record::{GoldenChange, GoldenValues, Identity};
use kanak_model::match_pair::{ConstraintKind, Decision, MatchPair};
use kanak_model::source_record::{NewSourceRecord, Stated};
use kanak_model::source_system::{Load, RowsAre};
use kanak_model::{
    EntityModel, FeedPosition, GoldenId, RuleSetVersion, SourceRecordId, SourceSystemId, StewardTaskId, Timestamp,
    UserId,
};
use kanak_store::{Applied, Crosswalk, HubUrl, Link, Resolution, Scope, StoreError, TaskFilter, TaskQuery};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::histories::partition;
use crate::hub::{Hub, MODEL, all, doubtful, file, hub_at, identified, on_postgres, record, runtime, source};

/// What a register says of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    name: u8,
    life: Life,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Alive,
    Dead,
}

#[derive(Debug, Clone, Copy)]
enum Register {
    Food,
    Health,
}

#[derive(Debug, Clone)]
enum Step {
    /// A file: arrivals, corrections, deaths, returns; a snapshot also deletes what it lacks.
    Load { register: Register, load: Load, rows: BTreeMap<u8, Row> },
    /// Everything is resolved into these groups, bent so that decisions hold.
    Resolve { groups: Vec<u8>, doubts: Vec<(u8, u8)> },
    /// Only what hangs together with one source record is.
    ResolvePart { seed: u8, groups: Vec<u8> },
    /// A steward decides an open task.
    Decide { task: u8, decision: Decision },
    /// A steward undoes a decision.
    Undo { task: u8 },
    /// Two golden records are merged by a steward; others arrive; the merge is undone.
    MergeAndUndo { groups: Vec<u8>, left: u8, right: u8, meanwhile: Row },
    /// Rules are published.
    Publish { rules: u8 },
}

fn row() -> impl Strategy<Value = Row> {
    let life = prop_oneof![4 => Just(Life::Alive), 1 => Just(Life::Dead)];
    (0_u8..4, life).prop_map(|(name, life)| Row { name, life })
}

fn groups() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0_u8..6, 14)
}

fn step() -> impl Strategy<Value = Step> {
    let register = prop_oneof![Just(Register::Food), Just(Register::Health)];
    let load = prop_oneof![Just(Load::Snapshot), Just(Load::Delta)];
    let rows = proptest::collection::btree_map(0_u8..7, row(), 0..7);
    let doubts = proptest::collection::vec((0_u8..14, 0_u8..14), 0..6);
    let decision = prop_oneof![Just(Decision::Match), Just(Decision::NoMatch)];
    prop_oneof![
        4 => (register, load, rows).prop_map(|(register, load, rows)| Step::Load { register, load, rows }),
        3 => (groups(), doubts).prop_map(|(groups, doubts)| Step::Resolve { groups, doubts }),
        2 => (any::<u8>(), groups()).prop_map(|(seed, groups)| Step::ResolvePart { seed, groups }),
        3 => (any::<u8>(), decision).prop_map(|(task, decision)| Step::Decide { task, decision }),
        1 => any::<u8>().prop_map(|task| Step::Undo { task }),
        1 => (groups(), any::<u8>(), any::<u8>(), row())
            .prop_map(|(groups, left, right, meanwhile)| Step::MergeAndUndo { groups, left, right, meanwhile }),
        1 => (0_u8..3).prop_map(|rules| Step::Publish { rules }),
    ]
}

/// A source record in all its versions.
#[derive(Debug, Clone)]
struct Modelled {
    source: SourceSystemId,
    key: String,
    versions: Vec<Row>,
    is_live: bool,
}

/// A decision that holds: its task, both source records and what must be.
type Held = (StewardTaskId, SourceRecordId, SourceRecordId, ConstraintKind);

/// What a reader of the feed knows of one golden record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Live { version: i32 },
    MergedInto(GoldenId),
    Emptied,
}

/// What the hub says of one golden record.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    version: i32,
    status: String,
    values: GoldenValues,
    rules: RuleSetVersion,
}

/// All that the hub answered at one time.
struct Answered {
    at: Timestamp,
    golden: BTreeMap<GoldenId, Answer>,
    links: BTreeSet<Link>,
}

/// The hub and what a model, a reader and an auditor beside it know.
struct Beside<'a> {
    hub: &'a Hub,
    model: EntityModel,
    health: SourceSystemId,
    rules: RuleSetVersion,
    published: BTreeMap<RuleSetVersion, serde_json::Value>,
    /// Rule sets that the feed told of.
    told: BTreeSet<RuleSetVersion>,
    /// By source record, in the order of arrival.
    records: BTreeMap<SourceRecordId, Modelled>,
    decisions: Vec<Held>,
    position: FeedPosition,
    heard: BTreeMap<GoldenId, Heard>,
    answered: Vec<Answered>,
    strangers: usize,
}

fn entity_model() -> EntityModel {
    let died = "\n[[attribute]]\nname = \"date_of_death\"\nkind = \"date\"\nclass = \"personal\"\n";
    EntityModel::parse("citizen.toml", &format!("{MODEL}{died}")).unwrap()
}

fn stated(key: &str, row: Row) -> NewSourceRecord {
    let alive = record(key, &format!("Name {}", row.name));
    if row.life == Life::Alive {
        return alive;
    }
    let died = ("date_of_death".to_owned(), Stated::new("2025-01-31", "2025-01-31"));
    let values = alive.values.iter().map(|(name, stated)| (name.to_owned(), stated.clone())).chain([died]).collect();
    NewSourceRecord { values, ..alive }
}

impl<'a> Beside<'a> {
    async fn open(hub: &'a Hub) -> Self {
        let health = hub.store.ensure_source_system(&source("health", RowsAre::Entity("citizen".to_owned()))).await;
        let body = hub.store.get_rule_set("citizen", hub.rules).await.unwrap().body;
        Self {
            hub,
            model: entity_model(),
            health: health.unwrap(),
            rules: hub.rules,
            published: BTreeMap::from([(hub.rules, body)]),
            told: BTreeSet::new(),
            records: BTreeMap::new(),
            decisions: Vec::new(),
            position: FeedPosition(0),
            heard: BTreeMap::new(),
            answered: Vec::new(),
            strangers: 0,
        }
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Load { register, load, rows } => {
                let rows: Vec<(String, Row)> = rows.iter().map(|(key, row)| (format!("key{key}"), *row)).collect();
                let source = match register {
                    Register::Food => self.hub.source,
                    Register::Health => self.health,
                };
                self.load_twice(source, *load, &rows).await;
            }
            Step::Resolve { groups, doubts } => {
                let groups = partition(self.hub, groups).await;
                self.resolve_all(&groups, doubted(&groups, doubts)).await;
            }
            Step::ResolvePart { seed, groups } => self.resolve_part(*seed, groups).await,
            Step::Decide { task, decision } => {
                let open = self.tasks(TaskFilter::Open).await;
                if let Some(task) = pick(&open, *task) {
                    self.decide(task, *decision).await;
                }
            }
            Step::Undo { task } => {
                let decided = self.tasks(TaskFilter::Decided).await;
                if let Some((task, ..)) = pick(&decided, *task) {
                    self.undo(task).await;
                }
            }
            Step::MergeAndUndo { groups, left, right, meanwhile } => {
                self.merge_and_undo(groups, (*left, *right), *meanwhile).await;
            }
            Step::Publish { rules } => self.publish(*rules).await,
        }
    }

    /// Loads a file, and again: what the first time does is what the model says, and the second does nothing.
    async fn load_twice(&mut self, source: SourceSystemId, load: Load, rows: &[(String, Row)]) {
        let expected = self.model_load(source, load, rows);
        let feed = self.hub.store.feed_position().await.unwrap();
        assert_eq!(self.load(source, load, rows).await, expected, "new, changed, unchanged, retired");
        let waiting = self.hub.store.unresolved_count("citizen").await.unwrap();
        assert_eq!(self.load(source, load, rows).await, [0, 0, rows.len() as u64, 0], "the same file again");
        assert_eq!(self.hub.store.unresolved_count("citizen").await.unwrap(), waiting);
        assert_eq!(self.hub.store.feed_position().await.unwrap(), feed, "a file alone emits nothing");
    }

    async fn load(&self, source: SourceSystemId, load: Load, rows: &[(String, Row)]) -> [u64; 4] {
        let mut run = self.hub.store.begin_ingest(source, file("a.csv", load)).await.unwrap();
        run.add(rows.iter().map(|(key, row)| stated(key, *row)).collect()).await.unwrap();
        let done = run.finish_confirmed().await.unwrap();
        [done.new, done.changed, done.unchanged, done.retired]
    }

    fn model_load(&mut self, source: SourceSystemId, load: Load, rows: &[(String, Row)]) -> [u64; 4] {
        let [mut new, mut changed, mut unchanged, mut retired] = [0; 4];
        for (key, row) in rows {
            let known = self.records.values_mut().find(|one| one.source == source && one.key == *key);
            match known {
                None => {
                    let id = SourceRecordId(self.records.len() as i64 + 1);
                    let one = Modelled { source, key: key.clone(), versions: vec![*row], is_live: true };
                    self.records.insert(id, one);
                    new += 1;
                }
                Some(one) if one.is_live && one.versions.last() == Some(row) => unchanged += 1,
                Some(one) => {
                    one.versions.push(*row);
                    one.is_live = true;
                    changed += 1;
                }
            }
        }
        if load == Load::Snapshot {
            let stays = |one: &Modelled| rows.iter().any(|(key, _)| *key == one.key);
            for one in self.records.values_mut().filter(|one| one.source == source && one.is_live && !stays(one)) {
                one.is_live = false;
                retired += 1;
            }
        }
        [new, changed, unchanged, retired]
    }

    async fn resolve_all(&self, groups: &[Vec<i64>], pairs: Vec<MatchPair>) {
        self.apply(groups, pairs.clone(), None).await;
        assert_eq!(self.hub.store.unresolved_count("citizen").await.unwrap(), 0);
        let made: BTreeSet<BTreeSet<i64>> = groups.iter().map(|group| group.iter().copied().collect()).collect();
        assert_eq!(self.clusters().await, made, "the golden records hold the groups");
        let again = self.apply(groups, pairs, None).await;
        let emitted = again.created + again.updated + again.merged + again.restored + again.emptied;
        assert_eq!(emitted + again.tasks_opened + again.tasks_lapsed, 0, "the same resolution again: {again:?}");
    }

    async fn clusters(&self) -> BTreeSet<BTreeSet<i64>> {
        let mut clusters: BTreeMap<GoldenId, BTreeSet<i64>> = BTreeMap::new();
        for (id, golden) in self.hub.links().await {
            clusters.entry(golden).or_default().insert(id.0);
        }
        clusters.into_values().collect()
    }

    /// Resolves what one source record, its golden record and its new group touch: nothing else moves.
    async fn resolve_part(&self, seed: u8, groups: &[u8]) {
        let groups = partition(self.hub, groups).await;
        let clusters = self.clusters().await;
        let live: Vec<i64> = groups.iter().flatten().copied().collect();
        let Some(seed) = pick(&live, seed) else { return };
        let touching: Vec<BTreeSet<i64>> =
            groups.iter().map(|group| group.iter().copied().collect()).chain(clusters).collect();
        let mut part = BTreeSet::from([seed]);
        loop {
            let before = part.len();
            for set in touching.iter().filter(|set| !set.is_disjoint(&part)).cloned().collect::<Vec<_>>() {
                part.extend(set);
            }
            if part.len() == before {
                break;
            }
        }
        let inside: Vec<Vec<i64>> = groups.into_iter().filter(|group| part.contains(&group[0])).collect();
        let outside = |links: BTreeMap<SourceRecordId, GoldenId>| {
            links.into_iter().filter(|(id, _)| !part.contains(&id.0)).collect::<Vec<_>>()
        };
        let before = outside(self.hub.links().await);
        self.apply(&inside, Vec::new(), Some(&part)).await;
        assert_eq!(outside(self.hub.links().await), before, "what a part does not touch stays");
        let clusters = self.clusters().await;
        let held = |group: &Vec<i64>| clusters.contains(&group.iter().copied().collect::<BTreeSet<_>>());
        assert!(inside.iter().all(held), "{inside:?} became {clusters:?}");
    }

    async fn apply(&self, groups: &[Vec<i64>], pairs: Vec<MatchPair>, part: Option<&BTreeSet<i64>>) -> Applied {
        let changes = self.changes(groups).await;
        self.write(changes, pairs, part).await
    }

    /// What an engine would make of groups, with status by the dates of death.
    async fn changes(&self, groups: &[Vec<i64>]) -> Vec<GoldenChange> {
        let (records, links) = (self.hub.records().await, self.hub.links().await);
        let ended = self.hub.store.list_ended_links("citizen").await.unwrap();
        let mut changes = identified(groups, &records, &links, &ended);
        for change in &mut changes {
            if change.survived.values.contains_key("date_of_death") {
                "deceased".clone_into(&mut change.survived.status);
            }
        }
        changes
    }

    /// Writes changes, of everything or of a part.
    async fn write(&self, changes: Vec<GoldenChange>, pairs: Vec<MatchPair>, part: Option<&BTreeSet<i64>>) -> Applied {
        let store = &self.hub.store;
        let mut unresolved = store.list_unresolved("citizen").await.unwrap();
        let scope = part.map_or(Scope::Everything, |part| {
            unresolved.source_records.retain(|id| part.contains(&id.0));
            Scope::These(part.iter().copied().map(SourceRecordId).collect())
        });
        let resolution = Resolution { changes, questions: pairs, scope, unresolved };
        store.apply_resolution(&self.model, self.rules, resolution).await.unwrap()
    }

    /// Parts a merged golden record again: the part that gave it its id keeps it, the other comes off and must get the
    /// id back that it had.
    async fn part_again(&self, groups: &[Vec<i64>], before: &BTreeMap<SourceRecordId, GoldenId>) {
        let merged = self.hub.links().await;
        let mut changes = self.changes(groups).await;
        for change in &mut changes {
            let Some(had) = before.get(&change.members[0]) else { continue };
            let survivor = merged[&change.members[0]];
            let holds_more = merged.values().filter(|golden| **golden == survivor).count() > change.members.len();
            if holds_more {
                let keeps = *had == survivor;
                change.identity = if keeps { Identity::Keeps(survivor) } else { Identity::New };
                change.split_from = (!keeps).then_some(survivor);
                change.absorbed = Vec::new();
            }
        }
        self.write(changes, Vec::new(), None).await;
    }

    async fn tasks(&self, filter: TaskFilter) -> Vec<(StewardTaskId, SourceRecordId, SourceRecordId)> {
        let tasks = self.hub.store.list_steward_tasks(&all(), &TaskQuery::new(filter, 1_000)).await.unwrap();
        tasks.iter().map(|task| (task.id, task.pair.left, task.pair.right)).collect()
    }

    /// Decides a task; tells whether the hub took it. It must refuse exactly what contradicts earlier decisions.
    async fn decide(
        &mut self,
        (task, left, right): (StewardTaskId, SourceRecordId, SourceRecordId),
        decision: Decision,
    ) -> bool {
        let kind = if decision == Decision::Match { ConstraintKind::MustLink } else { ConstraintKind::CannotLink };
        let mut with = self.decisions.clone();
        with.push((task, left, right, kind));
        match self.hub.store.decide_task(task, UserId(1), decision, "seen").await {
            Ok(_) => {
                assert!(!contradict(&with), "taken although it contradicts: {with:?}");
                self.decisions = with;
                true
            }
            Err(StoreError::Contradicts { .. }) => {
                assert!(contradict(&with), "refused without a contradiction: {with:?}");
                false
            }
            Err(error) => panic!("{error}"),
        }
    }

    async fn undo(&mut self, task: StewardTaskId) {
        self.hub.store.undo_decision(task, UserId(2)).await.unwrap();
        self.decisions.retain(|held| held.0 != task);
    }

    /// `unmerge(merge(x))` is `x`: ids, links, status and values, whatever else came meanwhile.
    async fn merge_and_undo(&mut self, groups: &[u8], (left, right): (u8, u8), meanwhile: Row) {
        let mut groups = partition(self.hub, groups).await;
        if groups.len() < 2 {
            return;
        }
        let (one, other) = (usize::from(left) % groups.len(), usize::from(right) % groups.len());
        let (first, second) = (groups[one][0].min(groups[other][0]), groups[one][0].max(groups[other][0]));
        if one == other {
            return;
        }
        self.resolve_all(&groups, vec![doubtful(first, second, 0.7)]).await;
        let before = (self.hub.links().await, self.answers().await);
        let pair = (SourceRecordId(first), SourceRecordId(second));
        let task = self.tasks(TaskFilter::Open).await.into_iter().find(|task| (task.1, task.2) == pair);
        let Some(task) = task else { return };
        if !self.decide(task, Decision::Match).await {
            return;
        }
        self.strangers += 1;
        let key = format!("stranger{}", self.strangers);
        self.load_twice(self.health, Load::Delta, &[(key, meanwhile)]).await;
        let stranger = self.records.len() as i64;
        let mut merged: Vec<Vec<i64>> =
            groups.iter().enumerate().filter(|(place, _)| ![one, other].contains(place)).map(|g| g.1.clone()).collect();
        merged.push([groups[one].clone(), groups[other].clone()].concat());
        merged.push(vec![stranger]);
        let parted = |held: &Held| held.3 == ConstraintKind::CannotLink && is_together(&merged, held);
        if !self.decisions.iter().any(parted) {
            self.resolve_all(&merged, Vec::new()).await;
        }
        self.undo(task.0).await;
        groups.push(vec![stranger]);
        self.part_again(&groups, &before.0).await;
        let mut links = self.hub.links().await;
        let apart = links.remove(&SourceRecordId(stranger)).unwrap();
        let mut answers = self.answers().await;
        answers.remove(&apart);
        assert_eq!(links, before.0, "links after the undoing");
        let told = |answers: BTreeMap<GoldenId, Answer>| {
            answers.into_iter().map(|(id, one)| (id, one.status, one.values)).collect::<Vec<_>>()
        };
        assert_eq!(told(answers), told(before.1), "golden records after the undoing");
    }

    async fn publish(&mut self, rules: u8) {
        let body = serde_json::json!({ "prior": f64::from(rules) / 8.0 });
        let version = self.hub.store.put_rule_set("citizen", &body).await.unwrap();
        let is_known = self.published.get(&self.rules) == Some(&body);
        assert_eq!(version == self.rules, is_known, "equal rules keep their version, others get the next");
        self.rules = version;
        self.published.insert(version, body);
    }

    async fn answers(&self) -> BTreeMap<GoldenId, Answer> {
        let golden = self.hub.store.list_golden(&all(), &self.model, None, 1_000).await.unwrap();
        golden
            .into_iter()
            .map(|one| {
                let answer =
                    Answer { version: one.version, status: one.status, values: one.values, rules: one.rule_set };
                (one.id, answer)
            })
            .collect()
    }

    async fn check(&mut self) {
        for check in self.hub.store.check_invariants().await.unwrap() {
            assert!(check.passed, "{}: {} ({})", check.name, check.what, check.detail);
        }
        self.check_source_records().await;
        self.check_decisions().await;
        let golden = self.answers().await;
        self.read_feed().await;
        self.check_heard(&golden).await;
        let links = self.hub.store.list_links("citizen").await.unwrap();
        self.check_links(&links).await;
        self.check_provenance(&golden, &links);
        let at = self.hub.store.list_unresolved("citizen").await.unwrap().through;
        self.answered.push(Answered { at, golden, links: links.into_iter().collect() });
    }

    async fn check_source_records(&self) {
        let held: Vec<_> =
            self.hub.records().await.into_iter().map(|r| (r.id, r.source_system, r.key, r.version)).collect();
        let live = self.records.iter().filter(|(_, one)| one.is_live);
        let modelled: Vec<_> =
            live.map(|(id, one)| (*id, one.source, one.key.clone(), one.versions.len() as i32)).collect();
        assert_eq!(held, modelled);
    }

    async fn check_decisions(&self) {
        let held = self.hub.store.list_constraints("citizen").await.unwrap();
        let held: Vec<_> = held.iter().map(|one| (one.left, one.right, one.kind.word())).collect();
        let live = |id: &SourceRecordId| self.records[id].is_live;
        let decided = self.decisions.iter().filter(|one| live(&one.1) && live(&one.2));
        assert_eq!(held, decided.map(|one| (one.1, one.2, one.3.word())).collect::<Vec<_>>());
    }

    /// Reads on from the position it kept, a few events at a time.
    async fn read_feed(&mut self) {
        loop {
            let page = self.hub.store.read_feed(&all(), &[], self.position, 3, Detail::Changes).await.unwrap();
            if page.entries.is_empty() {
                let told: Vec<_> = self.told.iter().copied().collect();
                assert_eq!(told, self.published.keys().copied().collect::<Vec<_>>(), "every rule set is told once");
                return;
            }
            for entry in page.entries {
                assert_eq!(entry.position().0, self.position.0 + 1, "numbers without gaps");
                self.position = entry.position();
                let event = match entry {
                    FeedEntry::Golden(seen) => seen.event,
                    FeedEntry::Published(event) => {
                        let version = RuleSetVersion(event.publication.version.parse().unwrap());
                        assert!(self.told.insert(version), "{version:?} is told twice");
                        continue;
                    }
                };
                let before = self.heard.get(&event.golden_id).copied();
                let heard = match (event.change, before) {
                    (Change::Created | Change::SplitFrom, None) => {
                        let newest = self.heard.keys().next_back();
                        assert!(newest.is_none_or(|id| *id < event.golden_id), "an id is given once: {event:?}");
                        Heard::Live { version: event.version }
                    }
                    (Change::Updated, Some(Heard::Live { version })) if event.version == version + 1 => {
                        Heard::Live { version: event.version }
                    }
                    (Change::Restored, Some(Heard::MergedInto(_) | Heard::Emptied)) => {
                        Heard::Live { version: event.version }
                    }
                    (Change::MergedInto, Some(Heard::Live { version })) if event.version == version => {
                        Heard::MergedInto(event.other.unwrap())
                    }
                    (Change::Emptied, Some(Heard::Live { version })) if event.version == version => Heard::Emptied,
                    _ => panic!("{event:?} cannot follow {before:?}"),
                };
                self.heard.insert(event.golden_id, heard);
            }
        }
    }

    /// The feed replayed is the hub; a merged-away id answers with what it ended in.
    async fn check_heard(&self, golden: &BTreeMap<GoldenId, Answer>) {
        let live = self.heard.iter().filter_map(|(id, heard)| match heard {
            Heard::Live { version } => Some((*id, *version)),
            Heard::MergedInto(_) | Heard::Emptied => None,
        });
        assert_eq!(live.collect::<Vec<_>>(), golden.iter().map(|(id, one)| (*id, one.version)).collect::<Vec<_>>());
        for (id, heard) in &self.heard {
            let mut end = *id;
            while let Some(Heard::MergedInto(next)) = self.heard.get(&end) {
                end = *next;
            }
            if matches!(heard, Heard::MergedInto(_)) {
                let found = self.hub.store.find_golden(&all(), &self.model, *id).await.unwrap().unwrap();
                assert_eq!((found.record.id, found.redirected_from), (end, Some(*id)));
                assert_eq!(found.is_live(), matches!(self.heard[&end], Heard::Live { .. }));
            }
        }
    }

    async fn check_links(&self, links: &[Link]) {
        let linked: BTreeSet<SourceRecordId> = links.iter().map(|link| link.source_record).collect();
        assert_eq!(linked.len(), links.len(), "a source record is linked once");
        let waiting = self.hub.store.list_unresolved("citizen").await.unwrap().source_records;
        for (id, one) in &self.records {
            let waits = waiting.contains(id);
            assert!(waits || linked.contains(id) == one.is_live, "{id} neither waits nor stands as it should");
        }
    }

    fn check_provenance(&self, golden: &BTreeMap<GoldenId, Answer>, links: &[Link]) {
        for (id, answer) in golden {
            assert!(self.published.contains_key(&answer.rules), "{id} names rules that were published");
            for (name, value) in &answer.values {
                let link = Link { source_record: value.source_record, golden_id: *id };
                assert!(links.contains(&link), "{name} of {id} names a linked source record");
                let version = self.records[&value.source_record].versions[value.source_version as usize - 1];
                let stated = stated("", version);
                assert_eq!(stated.values.find(name), Some(value.value.as_str()), "{name} of {id}");
            }
            let died = answer.values.contains_key("date_of_death");
            assert_eq!(answer.status == "deceased", died, "status of {id}");
        }
    }

    /// Asks again for everything that the hub answered, as known at its time.
    async fn ask_again(&self) {
        let versions = self.hub.store.list_golden_versions(&all(), &self.model, None, 100_000).await.unwrap();
        let crosswalks = self.hub.store.list_crosswalks(None, 100_000).await.unwrap();
        for answered in &self.answered {
            let at = answered.at;
            let held = |from: Timestamp, to: Option<Timestamp>| from <= at && to.is_none_or(|to| at < to);
            let golden: Vec<_> = versions.iter().filter(|one| held(one.recorded_from, one.recorded_to)).collect();
            assert_eq!(golden.len(), answered.golden.len(), "golden records as known at {at:?}");
            for one in golden {
                let (version, status, values) = (one.version, one.status.clone(), one.values.clone());
                let answer = Answer { version, status, values, rules: one.rule_set };
                assert_eq!(Some(&answer), answered.golden.get(&one.id), "{} as known at {at:?}", one.id);
            }
            let links = crosswalks.iter().filter(|one| held(one.recorded_from, one.recorded_to));
            let links: BTreeSet<Link> = links.map(link).collect();
            assert_eq!(links, answered.links, "links as known at {at:?}");
        }
        for (version, body) in &self.published {
            assert_eq!(self.hub.store.get_rule_set("citizen", *version).await.unwrap().body, *body);
        }
    }
}

fn link(crosswalk: &Crosswalk) -> Link {
    Link { source_record: crosswalk.source_record, golden_id: crosswalk.golden_id }
}

fn pick<T: Clone>(from: &[T], place: u8) -> Option<T> {
    from.get(usize::from(place) % from.len().max(1)).cloned()
}

fn doubted(groups: &[Vec<i64>], doubts: &[(u8, u8)]) -> Vec<MatchPair> {
    let mut live: Vec<i64> = groups.iter().flatten().copied().collect();
    live.sort_unstable();
    let pair = |(left, right): &(u8, u8)| Some((*live.get(usize::from(*left))?, *live.get(usize::from(*right))?));
    doubts
        .iter()
        .filter_map(pair)
        .filter(|(left, right)| left < right)
        .map(|(left, right)| doubtful(left, right, 0.6))
        .collect()
}

fn is_together(groups: &[Vec<i64>], held: &Held) -> bool {
    groups.iter().any(|group| group.contains(&held.1.0) && group.contains(&held.2.0))
}

/// Whether a cannot-link stands between two that must-links join, found by walking from each end.
fn contradict(decisions: &[Held]) -> bool {
    let reached = |from: SourceRecordId| {
        let mut reached = BTreeSet::from([from]);
        for _ in 0..decisions.len() {
            for (_, left, right, kind) in decisions {
                if *kind == ConstraintKind::MustLink && (reached.contains(left) || reached.contains(right)) {
                    reached.extend([*left, *right]);
                }
            }
        }
        reached
    };
    decisions.iter().any(|held| held.3 == ConstraintKind::CannotLink && reached(held.1).contains(&held.2))
}

async fn live_through(hub: &Hub, history: &[Step]) {
    let mut beside = Beside::open(hub).await;
    for step in history {
        beside.take(step).await;
        beside.check().await;
    }
    beside.ask_again().await;
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..16)
}

/// How many histories; `PROPTEST_CASES` raises the number.
fn cases(usual: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|number| number.parse().ok());
    asked.map_or(usual, |number: u32| number.max(usual))
}

/// A folder in memory where there is one: nothing here asks what a disk keeps.
fn quick_folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

#[test]
fn hub_model_and_feed_agree_through_random_histories() {
    let runtime = runtime();
    let mut runner = TestRunner::new(Config { cases: cases(500), failure_persistence: None, ..Config::default() });
    let done = runner.run(&history(), |history| {
        runtime.block_on(async {
            let folder = quick_folder();
            let hub = hub_at(HubUrl::Sqlite(folder.path().join("hub.sqlite"))).await;
            live_through(&hub, &history).await;
            hub.store.close().await;
        });
        Ok(())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
}

#[test]
fn hub_model_and_feed_agree_on_the_other_engine() {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for _ in 0..cases(500) / 50 {
        let history = history().new_tree(&mut runner).unwrap().current();
        on_postgres(async |hub: Hub| live_through(&hub, &history).await);
    }
}
