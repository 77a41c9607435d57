//! A merge undone after a month in which everything else went on.

use std::collections::{BTreeMap, BTreeSet};

use kanak_model::feed::{Change, Detail, FeedEntry};
use kanak_model::match_pair::Decision;
use kanak_model::source_record::Stated;
use kanak_model::source_system::Load;
use kanak_model::{EntityModel, FeedPosition, GoldenId, StewardTaskId, UserId};
use kanak_store::{Other, RelationQuery, TaskFilter, TaskQuery};
use sha2::{Digest as _, Sha256};

use crate::hub::{Hub, MODEL, all, doubtful, file, model, on_both, record};

/// The source records of the two golden records: 1 and 2, 3 and 4.
const PAIR: [[i64; 2]; 2] = [[1, 2], [3, 4]];
/// Source records of others at the begin; each day of the month brings one more.
const OTHERS: i64 = 24;
/// Changes in the month.
const CHANGES: i64 = 240;

/// A clock's day, in microseconds.
const DAY_US: i64 = 86_400_000_000;

/// One source record of each golden record states the same card.
const RELATIONS: &str = r#"
[[attribute]]
name = "card"
kind = "identifier"
class = "personal"

[[relation]]
name = "household"
title = { en = "Household" }
attribute = "card"
to = "citizen"
by = "card"

[[relation]]
name = "lives_in"
title = { en = "Lives in" }
attribute = "district"
"#;

fn related() -> [EntityModel; 1] {
    [EntityModel::parse("citizen.toml", &format!("{MODEL}{RELATIONS}")).unwrap()]
}

/// The relations of a golden record, each with its evidence.
async fn relations(hub: &Hub, id: GoldenId) -> Vec<String> {
    let query = RelationQuery { limit: 100, ..RelationQuery::default() };
    let page = hub.store.list_relations_of(&all(), &related(), id, &query).await.unwrap().unwrap();
    let told = page.relations.into_iter().map(|one| {
        let other = match one.other {
            Other::Golden(record) => record.id.to_string(),
            other @ (Other::Code { .. } | Other::Nobody) => format!("{other:?}"),
        };
        format!("{} {:?} {other} {:?} {} {:?}", one.relation, one.direction, one.period, one.source, one.key)
    });
    told.collect()
}

/// What the two golden records are: values with their origin, relations, crosswalks, the tasks about them, and their state as a reader of
/// the whole feed has it.
async fn checksum(hub: &Hub) -> String {
    let (store, model) = (&hub.store, model());
    let mut told = Vec::new();
    for id in [1, 2].map(GoldenId) {
        let golden = store.find_golden(&all(), &model, id).await.unwrap().unwrap();
        let members: Vec<_> = golden.members.iter().map(|one| (&one.key, one.version, &one.values)).collect();
        told.push(format!(
            "{id} {:?} {} {:?} {members:?}",
            golden.redirected_from, golden.record.status, golden.record.values
        ));
        told.push(format!("{:?}", relations(hub, id).await));
    }
    let links: BTreeMap<i64, i64> = hub.links().await.iter().map(|(source, golden)| (source.0, golden.0)).collect();
    let of_pair: Vec<_> = PAIR.iter().flatten().map(|source| links.get(source)).collect();
    told.push(format!("{of_pair:?}"));
    let open = store.list_steward_tasks(&all(), &TaskQuery::new(TaskFilter::Open, 1000)).await.unwrap();
    let about: BTreeSet<_> = open.iter().filter(|task| task.id == StewardTaskId(1)).map(|task| task.id.0).collect();
    told.push(format!("{about:?}"));
    told.push(format!("{:?}", read_by_feed(hub).await));
    let digest = Sha256::digest(told.join("\n"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Status, values and redirect of the two golden records, as a reader holds them who has read the feed from its begin.
async fn read_by_feed(hub: &Hub) -> BTreeMap<i64, String> {
    let mut state: BTreeMap<i64, String> = BTreeMap::new();
    let mut after = FeedPosition(0);
    loop {
        let page = hub.store.read_feed(&all(), &[model()], after, 500, Detail::Values).await.unwrap();
        for entry in page.entries {
            let FeedEntry::Golden(seen) = entry else { continue };
            let held = match (seen.event.change, seen.after) {
                (Change::MergedInto, _) => format!("in {:?}", seen.event.other),
                (Change::Emptied, _) => "empty".to_owned(),
                (_, after) => format!("{:?}", after.map(|side| (side.status, side.values))),
            };
            state.insert(seen.event.golden_id.0, held);
        }
        if page.through == page.end {
            break;
        }
        after = page.through;
    }
    state.retain(|id, _| *id <= 2);
    state
}

/// The others in groups of one to three, other ones each time, beside the groups of the pair.
async fn resolve(hub: &Hub, pair: &[Vec<i64>], size: usize) {
    let others: Vec<i64> = hub.records().await.iter().map(|one| one.id.0).filter(|id| *id > 4).collect();
    let groups: Vec<Vec<i64>> = pair.iter().cloned().chain(others.chunks(size).map(<[i64]>::to_vec)).collect();
    let doubted = if pair.len() == 2 { vec![doubtful(1, 3, 0.6)] } else { Vec::new() };
    hub.resolve_with(&groups, doubted).await.unwrap();
}

/// One change to others: an arrival, a correction, a move to another district, a death's row that goes from the register.
async fn change(hub: &Hub, number: i64, keys: &mut BTreeSet<i64>) {
    let mut rows = vec![];
    match number % 4 {
        0 => {
            let next = keys.iter().max().unwrap() + 1;
            keys.insert(next);
            rows.push(record(&format!("other{next}"), &format!("Arrived {next}")));
        }
        1 => {
            let key = keys.iter().nth(number as usize % keys.len()).unwrap();
            rows.push(record(&format!("other{key}"), &format!("Corrected {number}")));
        }
        2 => {
            let key = keys.iter().nth(number as usize % keys.len()).unwrap();
            let mut row = record(&format!("other{key}"), &format!("Moved {number}"));
            row.values.insert("district", Stated::new("42", "42"));
            rows.push(row);
        }
        _ => {
            // The whole register, without one of the others.
            let gone = *keys.iter().nth(number as usize % keys.len()).unwrap();
            keys.remove(&gone);
            let mut run = hub.store.begin_ingest(hub.source, file("all.csv", Load::Snapshot)).await.unwrap();
            run.add(whole(keys)).await.unwrap();
            run.finish_confirmed().await.unwrap();
            return;
        }
    }
    let mut run = hub.store.begin_ingest(hub.source, file("delta.csv", Load::Delta)).await.unwrap();
    run.add(rows).await.unwrap();
    run.finish().await.unwrap();
}

fn whole(keys: &BTreeSet<i64>) -> Vec<kanak_model::source_record::NewSourceRecord> {
    let pair = [("a1", "Asha Devi"), ("a2", "Asha Rani Devi"), ("b1", "Asha Kaur"), ("b2", "A. Kaur")];
    let others = keys.iter().map(|key| record(&format!("other{key}"), &format!("Other {key}")));
    let pair = pair.iter().map(|(key, name)| {
        let mut row = record(key, name);
        if key.ends_with('1') {
            row.values.insert("card", Stated::new("C-77", "C-77"));
        }
        row
    });
    pair.chain(others).collect()
}

#[test]
fn a_merge_undone_after_a_month_of_other_changes_restores_both_golden_records() {
    on_both(async |hub: Hub| {
        hub.store.declare_relations(&related()).await.unwrap();
        let mut keys: BTreeSet<i64> = (1..=OTHERS).collect();
        let mut run = hub.store.begin_ingest(hub.source, file("all.csv", Load::Snapshot)).await.unwrap();
        run.add(whole(&keys)).await.unwrap();
        run.finish().await.unwrap();
        let apart = PAIR.map(|pair| pair.to_vec());
        resolve(&hub, &apart, 2).await;
        let before = checksum(&hub).await;
        let households = async || {
            let all = relations(&hub, GoldenId(1)).await;
            all.into_iter().filter(|one| one.starts_with("household")).collect::<Vec<_>>()
        };
        assert!(households().await.iter().any(|one| one.contains(&GoldenId(2).to_string())));

        let decided = hub.store.decide_task(StewardTaskId(1), UserId(1), Decision::Match, "both papers seen").await;
        decided.unwrap();
        let together = [apart.concat()];
        resolve(&hub, &together, 2).await;
        assert_eq!(hub.links().await.values().filter(|golden| golden.0 == 1).count(), 4, "both are one");
        assert_eq!(households().await, [""; 0], "nobody is related to itself");
        for number in 0..CHANGES {
            hub.clock.set(DAY_US + number * (30 * DAY_US / CHANGES));
            change(&hub, number, &mut keys).await;
            if number % 3 == 0 {
                // Others merge and part meanwhile.
                resolve(&hub, &together, 1 + number as usize % 4).await;
            }
        }
        hub.store.undo_decision(StewardTaskId(1), UserId(2)).await.unwrap();
        resolve(&hub, &apart, 2).await;
        assert_eq!(checksum(&hub).await, before);
        for check in hub.store.check_invariants().await.unwrap() {
            assert!(check.passed, "{}: {} ({})", check.name, check.what, check.detail);
        }
    });
}
