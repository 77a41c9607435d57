//! Relations as source records state them: read in both directions, on a day, as known at a time; the same after a merge was
//! undone; and never shown to whom the other end is closed.

use std::collections::{BTreeMap, BTreeSet};

use kanak_model::relation::Day;
use kanak_model::source_record::{NewSourceRecord, Stated};
use kanak_model::source_system::{Load, RowsAre};
use kanak_model::{
    Access, Caller, EntityModel, GoldenId, Purpose, Role, SourceRecordId, SourceSystemId, Timestamp, UserId,
};
use kanak_store::testing::break_hub;
use kanak_store::{
    Direction, FileKeyStore, KeyStore as _, Other, Related, RelationPage, RelationQuery, Resolution, Scope,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use crate::hub::{Hub, MODEL, all, file, identified, on_both, on_sqlite, source};

const PEOPLE: &str = r#"
[[attribute]]
name = "office"
kind = "code"
system = "office"

[[attribute]]
name = "designation"
kind = "text"

[[attribute]]
name = "joined_on"
kind = "date"

[[attribute]]
name = "left_on"
kind = "date"

[[attribute]]
name = "boss"
kind = "source_key"
entity = "citizen"

[[attribute]]
name = "card"
kind = "identifier"
class = "personal"

[[relation]]
name = "posted_at"
title = { en = "Posted at" }
attribute = "office"
valid_from = "joined_on"
valid_to = "left_on"
attributes = ["designation"]

[[relation]]
name = "reports_to"
title = { en = "Reports to" }
attribute = "boss"

[[relation]]
name = "household"
title = { en = "Household" }
attribute = "card"
to = "citizen"
by = "card"
"#;

const FIRM: &str = r#"
[entity]
name = "firm"
title = { en = "Firm" }
label = "firm_name"

[[attribute]]
name = "firm_name"
kind = "text"

[[attribute]]
name = "pan"
kind = "pan"
class = "sensitive"

[[attribute]]
name = "district"
kind = "district"

[[attribute]]
name = "opened_on"
kind = "date"

[[relation]]
name = "owned_by"
title = { en = "Owned by" }
inverse = { en = "Owner of" }
attribute = "pan"
to = "citizen"
by = "pan"
valid_from = "opened_on"
class = "personal"
"#;

fn models() -> Vec<EntityModel> {
    let people = EntityModel::parse("citizen.toml", &format!("{MODEL}{PEOPLE}")).unwrap();
    let models = vec![people, EntityModel::parse("firm.toml", FIRM).unwrap()];
    kanak_model::relation::check_ends(&models).unwrap();
    models
}

fn row(key: &str, values: &[(&str, &str)]) -> NewSourceRecord {
    let name = [("full_name", key), ("district", "41")];
    let stated = name.iter().chain(values).map(|(name, value)| ((*name).to_owned(), Stated::new(*value, value)));
    NewSourceRecord { key: key.to_owned(), values: stated.collect(), updated: None }
}

async fn load(hub: &Hub, source: SourceSystemId, load: Load, rows: Vec<NewSourceRecord>) {
    let mut run = hub.store.begin_ingest(source, file("register.csv", load)).await.unwrap();
    run.add(rows).await.unwrap();
    run.finish_confirmed().await.unwrap();
}

/// Every live source record of a type by itself.
async fn resolve_firms(hub: &Hub) {
    let model = &models()[1];
    let rules = hub.store.put_rule_set("firm", &serde_json::json!({})).await.unwrap();
    let unresolved = hub.store.list_unresolved("firm").await.unwrap();
    let records = hub.store.list_source_records(&all(), "firm").await.unwrap();
    let links = hub.store.list_links("firm").await.unwrap();
    let links = links.into_iter().map(|link| (link.source_record, link.golden_id)).collect();
    let groups: Vec<Vec<i64>> = records.iter().map(|record| vec![record.id.0]).collect();
    let changes = identified(&groups, &records, &links, &[]);
    let resolution = Resolution { changes, questions: Vec::new(), scope: Scope::Everything, unresolved };
    hub.store.apply_resolution(model, rules, resolution).await.unwrap();
}

const MANY: RelationQuery<'static> =
    RelationQuery { known_at: None, as_of: None, relation: None, after: None, limit: 1_000 };

async fn relations_of(hub: &Hub, access: &Access, id: i64, query: &RelationQuery<'_>) -> RelationPage {
    hub.store.list_relations_of(access, &models(), GoldenId(id), query).await.unwrap().unwrap()
}

/// A relation in few words: `posted_at> O1`, `reports_to< 3`, `reports_to> ?`.
fn word(one: &Related) -> String {
    let other = match &one.other {
        Other::Golden(record) => record.id.0.to_string(),
        Other::Code { code, .. } => code.clone(),
        Other::Nobody => "?".to_owned(),
    };
    let direction = if one.direction == Direction::Forward { '>' } else { '<' };
    format!("{}{direction} {other}", one.relation)
}

async fn words(hub: &Hub, id: i64, query: &RelationQuery<'_>) -> Vec<String> {
    let page = relations_of(hub, &all(), id, query).await;
    let mut words: Vec<String> = page.relations.iter().map(word).collect();
    words.sort();
    words
}

async fn check_whole(hub: &Hub) {
    let broken = hub.store.check_invariants().await.unwrap().into_iter().filter(|check| !check.passed);
    let broken: Vec<_> = broken.map(|check| (check.name, check.detail)).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

fn day(text: &str) -> Option<Day> {
    text.parse().ok()
}

#[test]
fn a_relation_is_read_from_both_ends_with_its_period_its_attributes_and_its_evidence() {
    on_both(async |hub: Hub| {
        hub.store.declare_relations(&models()).await.unwrap();
        let posted =
            [("office", "O1"), ("designation", "Clerk"), ("joined_on", "2020-04-01"), ("left_on", "2021-04-01")];
        let officer = [&posted[..], &[("boss", "food:b"), ("card", "C1")]].concat();
        let rows = vec![row("a", &officer), row("b", &[("card", "C1")]), row("c", &[("boss", "food:z")])];
        load(&hub, hub.source, Load::Snapshot, rows).await;
        hub.resolve(&[vec![1], vec![2], vec![3]]).await.unwrap();

        let page = relations_of(&hub, &all(), 1, &MANY).await;
        let said: Vec<String> = page.relations.iter().map(word).collect();
        assert_eq!(said, ["posted_at> O1", "reports_to> 2", "household> 2"]);
        let posting = &page.relations[0];
        assert_eq!((posting.period.from, posting.period.to), (day("2020-04-01"), day("2021-04-01")));
        assert_eq!(posting.attributes["designation"], "Clerk");
        assert_eq!((posting.source.as_str(), posting.key.as_deref()), ("food", Some("a")));
        assert_eq!(words(&hub, 2, &MANY).await, ["household> 1", "reports_to< 1"]);
        assert_eq!(words(&hub, 3, &MANY).await, ["reports_to> ?"], "nobody answers to food:z");
        assert_eq!(words(&hub, 1, &RelationQuery { relation: Some("household"), ..MANY }).await, ["household> 2"]);

        let at = async |as_of: &str| {
            let query = RelationQuery { as_of: day(as_of), ..MANY };
            let page = hub.store.list_relations_to_code(&all(), &models(), ("office", "O1"), &query).await.unwrap();
            page.relations.iter().map(word).collect::<Vec<_>>()
        };
        assert!(at("2020-03-31").await.is_empty());
        assert_eq!(at("2020-04-01").await, ["posted_at< 1"]);
        assert_eq!(at("2021-03-31").await, ["posted_at< 1"]);
        assert!(at("2021-04-01").await.is_empty(), "the last day is not one of the period");
        assert!(hub.store.list_relations_of(&all(), &models(), GoldenId(99), &MANY).await.unwrap().is_none());
        check_whole(&hub).await;
    });
}

#[test]
fn what_was_known_stays_and_a_row_that_went_and_came_back_was_not_related_in_between() {
    on_both(async |hub: Hub| {
        hub.store.declare_relations(&models()).await.unwrap();
        let now = async || hub.store.recorded_until().await.unwrap();
        load(&hub, hub.source, Load::Snapshot, vec![row("a", &[("office", "O1")]), row("b", &[])]).await;
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        let first = now().await;
        load(&hub, hub.source, Load::Snapshot, vec![row("a", &[("office", "O2")]), row("b", &[])]).await;
        let moved = now().await;
        load(&hub, hub.source, Load::Snapshot, vec![row("b", &[])]).await;
        hub.resolve(&[vec![2]]).await.unwrap();
        let gone = now().await;
        load(&hub, hub.source, Load::Snapshot, vec![row("a", &[("office", "O2")]), row("b", &[])]).await;
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        let back = now().await;

        let posted = async |code: &str, known_at: Timestamp| {
            let query = RelationQuery { known_at: Some(known_at), ..MANY };
            let page = hub.store.list_relations_to_code(&all(), &models(), ("office", code), &query).await.unwrap();
            assert_eq!(page.known_at, known_at);
            page.relations.iter().map(word).collect::<Vec<_>>()
        };
        let (one, none) = (vec!["posted_at< 1".to_owned()], Vec::<String>::new());
        for (known_at, in_first, in_second) in
            [(first, &one, &none), (moved, &none, &one), (gone, &none, &none), (back, &none, &one)]
        {
            assert_eq!(&posted("O1", known_at).await, in_first, "O1 at {known_at}");
            assert_eq!(&posted("O2", known_at).await, in_second, "O2 at {known_at}");
        }
        assert_eq!(words(&hub, 1, &RelationQuery { known_at: Some(first), ..MANY }).await, ["posted_at> O1"]);
        assert_eq!(words(&hub, 1, &MANY).await, ["posted_at> O2"]);
        check_whole(&hub).await;
    });
}

#[test]
fn an_owner_is_found_by_a_value_that_both_state_and_the_value_is_shown_to_nobody() {
    on_both(async |hub: Hub| {
        hub.store.declare_relations(&models()).await.unwrap();
        let firms = hub.store.ensure_source_system(&source("gst", RowsAre::Entity("firm".to_owned()))).await.unwrap();
        load(&hub, hub.source, Load::Snapshot, vec![row("a", &[("pan", "ABCPS1234K")]), row("b", &[])]).await;
        let firm = row("g1", &[("firm_name", "Verka Traders"), ("pan", "ABCPS1234K"), ("opened_on", "2019")]);
        load(&hub, firms, Load::Snapshot, vec![firm]).await;
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        resolve_firms(&hub).await;
        let of_firm = relations_of(&hub, &all(), 3, &MANY).await.relations;
        assert_eq!(of_firm.iter().map(word).collect::<Vec<_>>(), ["owned_by> 1"]);
        assert_eq!(of_firm[0].period.from, day("2019-01-01"));
        let of_owner = relations_of(&hub, &all(), 1, &MANY).await.relations;
        assert_eq!(of_owner.iter().map(word).collect::<Vec<_>>(), ["owned_by< 3"]);
        assert_eq!((of_owner[0].source.as_str(), of_owner[0].key.as_deref()), ("gst", Some("g1")));
        let steward = reader(None, Purpose::Stewardship);
        for id in [1, 3] {
            let shown = format!("{:?}", relations_of(&hub, &steward, id, &MANY).await);
            assert!(shown.contains("owned_by") && !shown.contains("ABCPS1234K"), "{shown}");
        }
        let figures = reader(None, Purpose::Statistics);
        assert!(relations_of(&hub, &figures, 3, &MANY).await.relations.is_empty(), "who owns a firm is personal");
        check_whole(&hub).await;
    });
}

/// A steward and analyst, perhaps of some districts alone.
fn reader(districts: Option<&[&str]>, purpose: Purpose) -> Access {
    let caller = Caller {
        user: Some(UserId(1)),
        name: "deepa".to_owned(),
        roles: [Role::Steward, Role::Analyst].into_iter().collect(),
        districts: districts.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect()),
    };
    Access::decide(&caller, purpose).unwrap()
}

#[test]
fn an_end_that_the_caller_may_not_see_is_left_out_from_either_side() {
    on_both(async |hub: Hub| {
        hub.store.declare_relations(&models()).await.unwrap();
        let rows = vec![
            row("a", &[("boss", "food:b"), ("card", "C1"), ("office", "O1")]),
            row("b", &[("district", "42"), ("card", "C1"), ("office", "O1")]),
            // A source record of somewhere else beside one of here: what it states is not told.
            row("c", &[("district", "42"), ("office", "O9")]),
        ];
        load(&hub, hub.source, Load::Snapshot, rows).await;
        hub.resolve(&[vec![1, 3], vec![2]]).await.unwrap();
        let here = reader(Some(&["41"]), Purpose::Stewardship);
        let seen: Vec<String> = relations_of(&hub, &here, 1, &MANY).await.relations.iter().map(word).collect();
        assert_eq!(seen, ["posted_at> O1"]);
        assert!(hub.store.list_relations_of(&here, &models(), GoldenId(2), &MANY).await.unwrap().is_none());
        let posted = |access: Access| {
            let hub = &hub;
            async move {
                let page = hub.store.list_relations_to_code(&access, &models(), ("office", "O1"), &MANY).await.unwrap();
                page.relations.iter().map(word).collect::<Vec<_>>()
            }
        };
        assert_eq!(posted(here).await, ["posted_at< 1"]);
        assert_eq!(posted(reader(Some(&["42"]), Purpose::Stewardship)).await, ["posted_at< 2"]);
        assert_eq!(posted(reader(Some(&[]), Purpose::Stewardship)).await, Vec::<String>::new());
        let figures = relations_of(&hub, &reader(None, Purpose::Statistics), 2, &MANY).await.relations;
        assert_eq!(figures.iter().map(word).collect::<Vec<_>>(), ["posted_at> O1", "reports_to< 1"], "no household");
        assert!(figures.iter().all(|one| one.key.is_none()), "a department's own key is personal");
    });
}

#[test]
fn pages_hold_everybody_once_although_the_hub_goes_on_meanwhile() {
    on_both(async |hub: Hub| {
        hub.store.declare_relations(&models()).await.unwrap();
        let keys: Vec<String> = (0..7).map(|number| format!("k{number}")).collect();
        let rows = |office: &str| keys.iter().map(|key| row(key, &[("office", office)])).collect::<Vec<_>>();
        load(&hub, hub.source, Load::Snapshot, rows("O1")).await;
        let groups: Vec<Vec<i64>> = (1..=7).map(|id| vec![id]).collect();
        hub.resolve(&groups).await.unwrap();
        let mut seen = Vec::new();
        let mut query = RelationQuery { limit: 3, ..MANY };
        loop {
            let page = hub.store.list_relations_to_code(&all(), &models(), ("office", "O1"), &query).await.unwrap();
            seen.extend(page.relations.iter().map(word));
            // Everybody is posted elsewhere, and two are found to be one.
            load(&hub, hub.source, Load::Snapshot, rows(&format!("O{}", seen.len() + 1))).await;
            hub.resolve(&[vec![1, 2], vec![3], vec![4], vec![5], vec![6], vec![7]]).await.unwrap();
            match page.next {
                Some(next) => query.after = Some(next.to_string().parse().unwrap()),
                None => break,
            }
        }
        let expected: Vec<String> = (1..=7).map(|id| format!("posted_at< {id}")).collect();
        assert_eq!(seen, expected);
    });
}

/// What one source record states, drawn at random.
#[derive(Debug, Clone, PartialEq)]
struct Drawn {
    office: Option<u8>,
    joined: Option<u8>,
    left: Option<u8>,
    boss: Option<u8>,
    card: Option<u8>,
}

impl Drawn {
    fn row(&self, key: usize) -> NewSourceRecord {
        let texts = [
            ("office", self.office.map(|n| format!("O{n}"))),
            ("joined_on", self.joined.map(|n| format!("2020-01-{n:02}"))),
            ("left_on", self.left.map(|n| format!("2020-01-{n:02}"))),
            ("boss", self.boss.map(|n| format!("food:k{n}"))),
            ("card", self.card.map(|n| format!("C{n}"))),
        ];
        let stated: Vec<(&str, &str)> =
            texts.iter().filter_map(|(name, text)| Some((*name, text.as_deref()?))).collect();
        row(&format!("k{key}"), &stated)
    }

    fn is_posted_on(&self, day: u8) -> bool {
        self.joined.is_none_or(|from| from <= day) && self.left.is_none_or(|to| day < to)
    }
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let maybe = |range: std::ops::Range<u8>| proptest::option::weighted(0.7, range);
    (maybe(0..2), maybe(1..9), maybe(1..9), maybe(0..8), maybe(0..3))
        .prop_map(|(office, joined, left, boss, card)| Drawn { office, joined, left, boss, card })
}

const RECORDS: usize = 6;

/// Source records, the day that is asked about, and two ways to part them into golden records.
fn story() -> impl Strategy<Value = (Vec<Drawn>, Vec<Drawn>, u8, Vec<usize>, Vec<usize>)> {
    let records = || proptest::collection::vec(drawn(), RECORDS);
    let groups = || proptest::collection::vec(0..RECORDS, RECORDS);
    (records(), records(), 1_u8..9, groups(), groups())
}

fn parted(groups: &[usize]) -> Vec<Vec<i64>> {
    let mut found: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for (record, group) in groups.iter().enumerate() {
        found.entry(*group).or_default().push(record as i64 + 1);
    }
    found.into_values().collect()
}

/// A second opinion: the relations of every golden record, from what source records state and where they are linked.
fn expected(records: &[Drawn], links: &BTreeMap<SourceRecordId, GoldenId>, day: u8) -> BTreeMap<GoldenId, Vec<String>> {
    let golden = |at: usize| links[&SourceRecordId(at as i64 + 1)];
    let ids: BTreeSet<GoldenId> = links.values().copied().collect();
    let mut found = BTreeMap::new();
    for id in ids {
        let mut words = Vec::new();
        let mut cards = BTreeSet::new();
        for (at, one) in records.iter().enumerate() {
            let is_member = golden(at) == id;
            if is_member {
                words.extend(one.office.filter(|_| one.is_posted_on(day)).map(|n| format!("posted_at> O{n}")));
                words.extend(one.boss.map(|n| match usize::from(n) {
                    n if n < RECORDS => format!("reports_to> {}", golden(n).0),
                    _ => "reports_to> ?".to_owned(),
                }));
                cards.extend(one.card);
            }
            let boss = one.boss.map(usize::from).filter(|n| *n < RECORDS && golden(*n) == id);
            words.extend(boss.filter(|_| !is_member).map(|_| format!("reports_to< {}", golden(at).0)));
        }
        for (at, one) in records.iter().enumerate() {
            let shares = one.card.is_some_and(|card| cards.contains(&card)) && golden(at) != id;
            words.extend(shares.then(|| format!("household> {}", golden(at).0)));
        }
        words.sort();
        found.insert(id, words);
    }
    found
}

async fn answers(hub: &Hub, known_at: Timestamp, day: u8) -> BTreeMap<GoldenId, Vec<String>> {
    let as_of = format!("2020-01-{day:02}").parse().ok();
    let query = RelationQuery { known_at: Some(known_at), as_of, ..MANY };
    let mut found = BTreeMap::new();
    for id in (1..=40).map(GoldenId) {
        let held = hub.store.find_golden_at(&all(), &models()[0], id, known_at).await.unwrap();
        if held.is_some_and(|golden| golden.record.id == id && golden.is_live()) {
            found.insert(id, words(hub, id.0, &query).await);
        }
    }
    found
}

async fn tell(hub: &Hub, (first, second, day, apart, together): (Vec<Drawn>, Vec<Drawn>, u8, Vec<usize>, Vec<usize>)) {
    let rows = |drawn: &[Drawn]| drawn.iter().enumerate().map(|(at, one)| one.row(at)).collect::<Vec<_>>();
    let look = async |records: &[Drawn]| {
        let known_at = hub.store.recorded_until().await.unwrap();
        let found = answers(hub, known_at, day).await;
        assert_eq!(found, expected(records, &hub.links().await, day), "{records:?}");
        (known_at, found)
    };
    load(hub, hub.source, Load::Snapshot, rows(&first)).await;
    hub.resolve(&parted(&apart)).await.unwrap();
    let before = look(&first).await;
    // Two golden records are merged and parted again: the relations are what they were.
    let mut merged = parted(&apart);
    if merged.len() > 1 {
        let last = merged.pop().unwrap();
        merged[0].extend(last);
        hub.resolve(&merged).await.unwrap();
        let during = look(&first).await;
        hub.resolve(&parted(&apart)).await.unwrap();
        let after = look(&first).await;
        assert_eq!(after.1, before.1, "unmerge(merge(x)) == x");
        assert_eq!(answers(hub, during.0, day).await, during.1);
    }
    load(hub, hub.source, Load::Snapshot, rows(&second)).await;
    look(&second).await;
    hub.resolve(&parted(&together)).await.unwrap();
    look(&second).await;
    assert_eq!(answers(hub, before.0, day).await, before.1, "what was answered does not change");
    check_whole(hub).await;
    check_rows(hub).await;
}

/// The rows that the warehouse takes and that hold now are the relations that golden records state themselves.
async fn check_rows(hub: &Hub) {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = hub.store.list_relation_rows(after, 2).await.unwrap();
        rows.extend(page.rows);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert!(rows.iter().all(|row| row.recorded_to.is_none_or(|to| row.recorded_from < to)), "{rows:?}");
    let mut stated: Vec<String> = Vec::new();
    for id in hub.links().await.values().collect::<BTreeSet<_>>() {
        let own = relations_of(hub, &all(), id.0, &MANY).await.relations.into_iter();
        let own = own.filter(|one| one.direction == Direction::Forward && one.relation != "household");
        stated.extend(own.map(|one| format!("{} {}", id.0, word(&one))));
    }
    let current = rows.iter().filter(|row| row.recorded_to.is_none());
    let mut held: Vec<String> = Vec::new();
    let mut households: BTreeMap<i64, BTreeSet<GoldenId>> = BTreeMap::new();
    for row in current {
        if row.relation == "household" {
            households.entry(row.to_group.unwrap()).or_default().insert(row.golden_id);
            continue;
        }
        let other = row.to_code.clone().or_else(|| row.to_golden_id.map(|id| id.0.to_string()));
        held.push(format!("{} {}> {}", row.golden_id.0, row.relation, other.unwrap_or_else(|| "?".to_owned())));
    }
    stated.sort();
    held.sort();
    assert_eq!(held, stated);
    for members in households.values() {
        for id in members {
            let seen: BTreeSet<GoldenId> =
                relations_of(hub, &all(), id.0, &RelationQuery { relation: Some("household"), ..MANY })
                    .await
                    .relations
                    .iter()
                    .filter_map(|one| match &one.other {
                        Other::Golden(record) => Some(record.id),
                        _ => None,
                    })
                    .collect();
            assert!(
                members.iter().filter(|other| *other != id).all(|other| seen.contains(other)),
                "{members:?} {seen:?}"
            );
        }
    }
}

#[test]
fn random_histories_have_the_relations_that_a_second_opinion_expects_also_after_unmerging_and_in_the_past() {
    let mut runner = TestRunner::new(Config::default());
    for case in 0..60 {
        let drawn = story().new_tree(&mut runner).unwrap().current();
        let run = async |hub: Hub| {
            hub.store.declare_relations(&models()).await.unwrap();
            tell(&hub, drawn.clone()).await;
        };
        if case < 4 { on_both(run) } else { on_sqlite(run) }
    }
}

#[test]
fn a_relation_that_is_declared_later_is_read_out_of_what_is_there_and_past_answers_stay() {
    on_both(async |hub: Hub| {
        let rows = |office: &str| {
            vec![row("a", &[("office", office), ("joined_on", "2020-04-01")]), row("b", &[("card", "C1")])]
        };
        load(&hub, hub.source, Load::Snapshot, rows("O1")).await;
        hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        load(&hub, hub.source, Load::Snapshot, rows("O2")).await;
        let undeclared = hub.store.recorded_until().await.unwrap();
        assert!(words(&hub, 1, &MANY).await.is_empty());
        assert_eq!(hub.store.declare_relations(&models()).await.unwrap(), 4);
        assert_eq!(hub.store.declare_relations(&models()).await.unwrap(), 0, "once is enough");
        let declared = hub.store.recorded_until().await.unwrap();
        assert_eq!(words(&hub, 1, &MANY).await, ["posted_at> O2"]);
        assert!(words(&hub, 1, &RelationQuery { known_at: Some(undeclared), ..MANY }).await.is_empty());
        check_whole(&hub).await;

        // The period begins with another attribute from now on; then the relation is declared no more.
        let mut otherwise = models();
        otherwise[0].relations[0].valid_from = None;
        assert_eq!(hub.store.declare_relations(&otherwise).await.unwrap(), 1);
        let from = async |known_at| {
            let query = RelationQuery { known_at, ..MANY };
            relations_of(&hub, &all(), 1, &query).await.relations[0].period.from
        };
        assert_eq!((from(None).await, from(Some(declared)).await), (None, day("2020-04-01")));
        load(&hub, hub.source, Load::Snapshot, rows("O3")).await;
        check_whole(&hub).await;
        otherwise[0].relations.remove(0);
        assert_eq!(hub.store.declare_relations(&otherwise).await.unwrap(), 0);
        assert!(words(&hub, 1, &MANY).await.is_empty());
        assert_eq!(words(&hub, 1, &RelationQuery { known_at: Some(declared), ..MANY }).await, ["posted_at> O2"]);
        check_whole(&hub).await;
    });
}

#[test]
fn an_erased_source_record_states_no_relation_in_any_version() {
    on_both(async |hub: Hub| {
        hub.store.declare_relations(&models()).await.unwrap();
        for office in ["O1", "O2"] {
            let rows = vec![row("a", &[("office", office), ("card", "C7")]), row("b", &[("card", "C7")])];
            load(&hub, hub.source, Load::Snapshot, rows).await;
            hub.resolve(&[vec![1], vec![2]]).await.unwrap();
        }
        let known = hub.store.recorded_until().await.unwrap();
        assert_eq!(words(&hub, 2, &MANY).await, ["household> 1"]);
        let key = FileKeyStore::open(&hub.dir.path().join("keys")).unwrap().get_key("erasure").unwrap();
        let plan = hub.store.plan_erasure(GoldenId(1), "order 12 of 2026").await.unwrap();
        hub.store.erase(&plan, &key, "system:test").await.unwrap();
        check_whole(&hub).await;
        hub.resolve(&[vec![2]]).await.unwrap();
        assert!(words(&hub, 2, &MANY).await.is_empty());
        assert!(words(&hub, 2, &RelationQuery { known_at: Some(known), ..MANY }).await.is_empty());
        assert_eq!(hub.store.list_relation_rows(None, 99).await.unwrap().rows.len(), 1, "b's own card");
        check_whole(&hub).await;
    });
}

#[test]
fn a_relation_that_is_not_as_its_source_record_states_it_is_found() {
    const CORRUPTIONS: [&str; 6] = [
        "DELETE FROM relations WHERE source_record_id = 1 AND side = 'from'",
        "UPDATE relations SET target = 'O9' WHERE target = 'O1'",
        "UPDATE relations SET valid_from_day = valid_from_day + 1 WHERE source_record_id = 1",
        "INSERT INTO relations (source_record_id, version, relation_type_id, side, target) VALUES (2, 1, 1, 'from', 'O1')",
        "INSERT INTO relations (source_record_id, version, relation_type_id, side, target) VALUES (77, 1, 1, 'from', 'O1')",
        "UPDATE relations SET version = 2 WHERE source_record_id = 1",
    ];
    for statement in CORRUPTIONS {
        on_both(async |hub: Hub| {
            hub.store.declare_relations(&models()).await.unwrap();
            let rows = vec![row("a", &[("office", "O1"), ("joined_on", "2020-04-01")]), row("b", &[])];
            load(&hub, hub.source, Load::Snapshot, rows).await;
            hub.resolve(&[vec![1], vec![2]]).await.unwrap();
            check_whole(&hub).await;
            break_hub(&hub.url, statement).await.unwrap();
            let checks = hub.store.check_invariants().await.unwrap();
            let broken: Vec<&str> = checks.iter().filter(|check| !check.passed).map(|check| check.name).collect();
            assert_eq!(broken, ["relations_as_stated"], "{statement}");
        });
    }
}
