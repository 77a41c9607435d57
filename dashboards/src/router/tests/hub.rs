//! Short ways to fill the hub of a test.

use std::collections::BTreeMap;

use kanak_model::access::Filter;
use kanak_model::golden_record::{GoldenChange, Identity, Survived};
use kanak_model::match_pair::{Decision, MatchPair};
use kanak_model::quality::{QualityRule, RejectedRow};
use kanak_model::source_record::{NewSourceRecord, Stated, Values};
use kanak_model::source_system::Load;
use kanak_model::{GoldenId, SourceRecordId, SourceSystem, SourceSystemId, builtin};
use kanak_store::{Arriving, ArrivingPart, ArrivingRow, Expected, FileFacts, Resolution, Scope, Store};

const REGISTER: &str = r#"
[source]
name = "food"
title = { en = "Ration cards" }
department = "LGD-1349"
entity = "citizen"
files = "*.csv"
format = { type = "csv", separator = ",", encoding = "utf-8" }
load = "snapshot"
retire_share_max = 1.0
key = "id"

[[column]]
from = "NAME"
to = "full_name"
"#;

/// A register of citizens.
pub(super) async fn register(store: &Store) -> SourceSystemId {
    let source = SourceSystem::parse("food.toml", REGISTER).unwrap();
    store.ensure_source_system(&source).await.unwrap()
}

fn record(key: &str) -> NewSourceRecord {
    let values: Values = [
        ("full_name".to_owned(), Stated::new(format!("Name of {key}"), "NAME")),
        ("district".to_owned(), Stated::new("27", "27")),
    ]
    .into_iter()
    .collect();
    NewSourceRecord { key: key.to_owned(), values, updated: None }
}

/// A row of the register that a program writes by itself.
pub(super) async fn write(store: &Store, source: SourceSystemId, key: &str) {
    let landed = FileFacts { name: format!("call {key}"), content_hash: key.to_owned(), bytes: 10, load: Load::Delta };
    let row = ArrivingRow {
        key: key.to_owned(),
        what: Arriving::States(record(key)),
        expected: Expected::Anything,
        scope: Filter::Everything,
    };
    let arrivals = store.begin_arrivals().await.unwrap();
    let part = ArrivingPart { source, rows: vec![row], left_out: Vec::new() };
    let (arrivals, _) = arrivals.take_in(&landed, vec![part]).await.unwrap();
    arrivals.commit().await.unwrap();
}

/// A file of the register: its rows have these keys, and these lines of it are refused.
pub(super) async fn load(store: &Store, source: SourceSystemId, name: &str, keys: &[String], refused: &[u64]) {
    let file = FileFacts { name: name.to_owned(), content_hash: name.to_owned(), bytes: 10, load: Load::Snapshot };
    let mut run = store.begin_ingest(source, file).await.unwrap();
    run.add(keys.iter().map(|key| record(key)).collect()).await.unwrap();
    let row = |line: &u64| RejectedRow {
        line: *line,
        key: Some(format!("refused-{line}")),
        rule: QualityRule::Kind,
        column: None,
        masked: None,
        reason: "no date".to_owned(),
    };
    run.reject(refused.iter().map(row).collect()).await.unwrap();
    run.finish().await.unwrap();
}

/// `count` source records, each a golden record of its own, and a doubtful pair of each two neighbours: task 1 of the
/// first two, ever less probable.
pub(super) async fn doubt(store: &Store, count: i64) -> SourceSystemId {
    let source = register(store).await;
    let keys: Vec<String> = (1..=count).map(|number| format!("key-{number}")).collect();
    load(store, source, "first.csv", &keys, &[]).await;
    let rules = store.put_rule_set("citizen", &crate::rules_in_force::sample_body(0.97, 0.61)).await.unwrap();
    let change = |number| GoldenChange {
        identity: Identity::New,
        members: vec![SourceRecordId(number)],
        absorbed: Vec::new(),
        split_from: None,
        survived: Survived { status: "active".to_owned(), values: BTreeMap::new() },
    };
    let pair = |number: i64| MatchPair {
        left: SourceRecordId(number),
        right: SourceRecordId(number + 1),
        weight_bits: 1.0,
        probability: 0.9 / number as f64,
        decision: Decision::Review,
    };
    let resolution = Resolution {
        changes: (1..=count).map(change).collect(),
        questions: (1..count).map(pair).collect(),
        scope: Scope::Everything,
        unresolved: store.list_unresolved("citizen").await.unwrap(),
    };
    let models = builtin::entity_models().unwrap();
    let citizen = models.iter().find(|model| model.name == "citizen").unwrap();
    store.apply_resolution(citizen, rules, resolution).await.unwrap();
    source
}

/// Joins these source records into the golden record of the first.
pub(super) async fn join(store: &Store, members: &[i64]) {
    let rules = store.find_rule_set("citizen").await.unwrap().unwrap().version;
    let change = GoldenChange {
        identity: Identity::Keeps(GoldenId(members[0])),
        members: members.iter().copied().map(SourceRecordId).collect(),
        absorbed: members[1..].iter().copied().map(GoldenId).collect(),
        split_from: None,
        survived: Survived { status: "active".to_owned(), values: BTreeMap::new() },
    };
    let resolution = Resolution {
        changes: vec![change],
        questions: Vec::new(),
        scope: Scope::These(Vec::new()),
        unresolved: store.list_unresolved("citizen").await.unwrap(),
    };
    let models = builtin::entity_models().unwrap();
    let citizen = models.iter().find(|model| model.name == "citizen").unwrap();
    store.apply_resolution(citizen, rules, resolution).await.unwrap();
}
