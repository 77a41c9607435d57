//! How fast a hub takes in source records and a first resolution: `load [RECORDS] [HUB]`, 100,000 into a temporary
//! `SQLite` file by default. Prints seconds a step and rows a second.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, run by hand")]

use std::sync::Arc;
use std::time::Instant;

use kanak_model::entity_model::SurvivorshipStrategy;
use kanak_model::golden_record::{GoldenChange, GoldenValue, Identity, Survived};
use kanak_model::source_record::{NewSourceRecord, Stated};
use kanak_model::source_system::{Load, SourceSystem};
use kanak_model::{Access, FeedPosition, SourceRecord, SystemClock, builtin};
use kanak_store::{FileFacts, FileKeyStore, HubUrl, Resolution, Scope, Store, Vault};

const SOURCE: &str = r#"
[source]
name = "food"
title = { en = "Food" }
department = "food"
entity = "citizen"
files = "*.csv"
format = { type = "csv" }
key = "id"
[[column]]
from = "name"
to = "full_name"
"#;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().map_or(100_000, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let url = arguments.next().unwrap_or_else(|| dir.path().join("hub.sqlite").display().to_string());
    let clock = Arc::new(SystemClock);
    let store = Store::open(&HubUrl::parse(&url).unwrap(), clock.clone()).await.unwrap();
    let model = builtin::entity_models().unwrap().into_iter().find(|model| model.name == "citizen").unwrap();
    let source = store.ensure_source_system(&SourceSystem::parse("food.toml", SOURCE).unwrap()).await.unwrap();
    let rules = store.put_rule_set("citizen", &serde_json::json!({})).await.unwrap();

    let step = Instant::now();
    let facts = FileFacts { name: "food.csv".into(), content_hash: "h".into(), bytes: 1, load: Load::Snapshot };
    let mut run = store.begin_ingest(source, facts.clone()).await.unwrap();
    for from in (0..count).step_by(10_000) {
        run.add((from..count.min(from + 10_000)).map(source_record).collect()).await.unwrap();
    }
    run.finish().await.unwrap();
    print(&step, "ingest", count);

    let step = Instant::now();
    let mut run = store.begin_ingest(source, facts).await.unwrap();
    for from in (0..count).step_by(10_000) {
        run.add((from..count.min(from + 10_000)).map(source_record).collect()).await.unwrap();
    }
    assert_eq!(run.finish().await.unwrap().unchanged, count);
    print(&step, "ingest again", count);

    let step = Instant::now();
    let unresolved = store.list_unresolved("citizen").await.unwrap();
    let records = store.list_source_records(&Access::operation("bench"), "citizen").await.unwrap();
    print(&step, "list", count);
    let changes: Vec<GoldenChange> = records.chunks(2).map(change).collect();
    let golden = changes.len() as u64;

    let step = Instant::now();
    let resolution =
        Resolution { changes: changes.clone(), questions: Vec::new(), scope: Scope::Everything, unresolved };
    let applied = store.apply_resolution(&model, rules, resolution).await.unwrap();
    assert_eq!((applied.created, applied.feed_position), (golden, FeedPosition(golden as i64)));
    print(&step, "apply", count + golden);

    let links = store.list_links("citizen").await.unwrap();
    let kept = changes.into_iter().zip(links.iter().step_by(2));
    let changes =
        kept.map(|(change, link)| GoldenChange { identity: Identity::Keeps(link.golden_id), ..change }).collect();
    let step = Instant::now();
    let unresolved = store.list_unresolved("citizen").await.unwrap();
    let resolution = Resolution { changes, questions: Vec::new(), scope: Scope::Everything, unresolved };
    assert_eq!(store.apply_resolution(&model, rules, resolution).await.unwrap().unchanged, golden);
    print(&step, "apply again", count + golden);

    let step = Instant::now();
    assert!(store.check_invariants().await.unwrap().iter().all(|check| check.passed));
    print(&step, "check invariants", count);

    let keys = FileKeyStore::open(&dir.path().join("keys")).unwrap();
    let vault = Vault::open(&dir.path().join("vault.sqlite"), Arc::new(keys), clock).await.unwrap();
    let numbers: Vec<String> = (0..count).map(|n| (200_000_000_000 + n * 7_919).to_string()).collect();
    let step = Instant::now();
    for chunk in numbers.chunks(10_000) {
        let digits: Vec<&str> = chunk.iter().map(String::as_str).collect();
        vault.tokenise("hub", &digits).await.unwrap();
    }
    print(&step, "vault", count);
}

fn print(step: &Instant, what: &str, rows: u64) {
    let seconds = step.elapsed().as_secs_f64();
    println!("{what:20} {seconds:8.3} s {:10.0} rows/s", rows as f64 / seconds);
}

fn source_record(n: u64) -> NewSourceRecord {
    let person = n / 2;
    let given = ["Gurpreet", "Harjinder", "Balbir", "Asha", "Kamaljit"][(person % 5) as usize];
    let values = [
        ("full_name", format!("{given} Singh {person}"), format!("{} SINGH {person}", given.to_uppercase())),
        ("father_name", format!("Karam Singh {}", person % 977), format!("KARAM SINGH {}", person % 977)),
        ("sex", "M".to_owned(), "M".to_owned()),
        ("date_of_birth", format!("19{:02}-0{}-1{}", person % 100, 1 + person % 9, person % 10), "x".to_owned()),
        ("mobile", format!("98{person:08}"), format!("98{person:08}")),
        ("address", format!("House {}, Street {}", n % 400, n % 31), format!("H.NO. {} ST {}", n % 400, n % 31)),
        ("village", format!("Village {}", person % 12_000), format!("VILLAGE {}", person % 12_000)),
        ("district", format!("{}", 27 + person % 23), format!("D{}", person % 23)),
        ("pin", format!("14{:04}", person % 10_000), format!("14{:04}", person % 10_000)),
    ];
    let values =
        values.into_iter().map(|(name, standard, raw)| (name.to_owned(), Stated::new(standard, &raw))).collect();
    NewSourceRecord { key: format!("RC{n:09}"), values, updated: None }
}

fn change(members: &[SourceRecord]) -> GoldenChange {
    let first = &members[0];
    let values = first.values.iter().map(|(name, stated)| {
        let value = GoldenValue {
            value: stated.standard.clone(),
            source_record: first.id,
            source_version: first.version,
            strategy: SurvivorshipStrategy::MostTrusted,
            agreeing: 1,
            stated: members.len() as u32,
        };
        (name.to_owned(), value)
    });
    GoldenChange {
        identity: Identity::New,
        members: members.iter().map(|record| record.id).collect(),
        absorbed: Vec::new(),
        split_from: None,
        survived: Survived { status: "active".to_owned(), values: values.collect() },
    }
}
