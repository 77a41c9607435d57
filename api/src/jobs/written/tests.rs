//! Rows written one by one, or many at once, beside a file with the same rows.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use kanak_ingest::{Rows, StatedBy, check_row, landing};
use kanak_model::source_system::RowsAre;
use kanak_model::{Caller, GoldenId, Purpose, Role};
use kanak_store::ArrivedBy;

use super::*;
use crate::commands::resolve::resolve_all;
use crate::deployment::Deployment;
use crate::jobs::erase::erase;
use crate::jobs::keys::landing_key;
use crate::jobs::verify::{Outcome, verify};
use crate::output::Output;
use crate::server::state::{AppState, Cookies};
use crate::testing::{House, person};

/// A row of the register `people`: key, name, date of birth.
type Row = (String, String, String);

fn department() -> Access {
    let roles = [Role::Department].into_iter().collect();
    let caller = Caller { user: None, name: "key:people".to_owned(), roles, districts: None };
    Access::decide(&caller, Purpose::ServiceDelivery).unwrap()
}

fn to_write(deployment: &Deployment, (key, name, born): &Row) -> RowToWrite {
    let source = Arc::new(deployment.sources.find("people").unwrap().clone());
    let RowsAre::Entity(entity) = &source.rows else { panic!("people are an entity") };
    let model = deployment.get_model(entity).unwrap();
    let stated = BTreeMap::from([("NAME".to_owned(), name.clone()), ("DOB".to_owned(), born.clone())]);
    let today = deployment.clock.now().day_ist();
    let by = StatedBy::Columns;
    let checked = check_row(&source, Rows::Entity(model), key, by, &stated, &deployment.standardizer(), today).unwrap();
    RowToWrite {
        source,
        key: key.clone(),
        act: RowAct::States(Arc::new(checked)),
        body: serde_json::to_string(&stated).unwrap().into(),
        expected: Expected::Anything,
        access: department(),
        apart: Vec::new(),
    }
}

/// Writes rows, so many at a time; each must be resolved when it is answered.
async fn write_all(state: &AppState, rows: &[Row], at_once: usize) -> Vec<RowWritten> {
    let mut written = Vec::new();
    for rows in rows.chunks(at_once) {
        let calls = rows.iter().map(|row| {
            let (state, row) = (state.clone(), to_write(&state.deployment, row));
            tokio::spawn(async move { state.rows.write(&state.deployment, &state.work, row).await.unwrap() })
        });
        let calls: Vec<_> = calls.collect();
        for call in calls {
            written.push(call.await.unwrap());
        }
    }
    written
}

/// A state whose memory holds the house's people.
async fn served(house: &House) -> AppState {
    let state = AppState::new(house.deployment.clone(), Cookies::Loopback);
    let model = state.deployment.get_model("citizen").unwrap();
    crate::jobs::live::warm(&state.deployment, model).await.unwrap();
    assert!(state.deployment.live.as_ref().unwrap().find("citizen").is_some());
    state
}

/// Each golden record as the keys that it holds, and what it states by whom.
async fn golden(deployment: &Deployment) -> BTreeMap<BTreeSet<String>, BTreeMap<String, (String, String)>> {
    let model = deployment.get_model("citizen").unwrap();
    let access = Access::operation("test");
    let ids: BTreeSet<GoldenId> =
        deployment.store.list_links("citizen").await.unwrap().iter().map(|link| link.golden_id).collect();
    let mut all = BTreeMap::new();
    for id in ids {
        let golden = deployment.store.find_golden(&access, model, id).await.unwrap().unwrap();
        let name = |id: SourceRecordId| {
            let member = golden.members.iter().find(|member| member.id == id).unwrap();
            format!("{}:{}", member.source, member.key)
        };
        let keys = golden.members.iter().map(|member| name(member.id)).collect();
        let values = golden.record.values.iter();
        let values = values.map(|(attribute, one)| (attribute.clone(), (one.value.clone(), name(one.source_record))));
        all.insert(keys, values.collect());
    }
    all
}

async fn check_verified(deployment: &Deployment) {
    for one in verify(deployment, &Output::silent()).await.unwrap() {
        assert!(one.outcome != Outcome::Broken, "{}: {}", one.name, one.detail);
    }
}

/// People who come, some of them known already, some written otherwise, some born on another day.
fn rows(seed: u64) -> Vec<Row> {
    let mut ids: Vec<u64> = (0..40).map(|at| (seed * 131 + at * 17) % 320).collect();
    ids.sort_unstable();
    ids.dedup();
    let row = |id: u64| {
        let (name, born) = person(id);
        let name =
            if (id + seed).is_multiple_of(3) { name.replace("ee", "i").replace("Sidhu", "Sidhoo") } else { name };
        let born = if (id + seed).is_multiple_of(7) { born.replace("-0", "-1") } else { born };
        (id.to_string(), name, born)
    };
    ids.into_iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_one_by_one_or_at_once_give_what_a_file_with_them_gives() {
    let files = House::with_people().await;
    let mut served_houses = Vec::new();
    for at_once in [1, 7, 40] {
        let house = House::with_people().await;
        let state = served(&house).await;
        served_houses.push((house, state, at_once));
    }
    let mut done = 0;
    for seed in 1..4 {
        let rows = rows(seed);
        let mut text = "ID,NAME,DOB\n".to_owned();
        for (key, name, born) in &rows {
            text.push_str(&format!("{key},{name},{born}\n"));
        }
        let ingested = files.ingest(&format!("people_{}.csv", seed + 1), &text).await;
        resolve_all(&files.deployment, &[], &Output::silent()).await.unwrap();
        let expected = golden(&files.deployment).await;
        for (_, state, at_once) in &served_houses {
            let written = write_all(state, &rows, *at_once).await;
            done += written.iter().filter(|one| one.resolution == RowResolution::Done).count();
            // What touched too much waited; the next resolution takes it.
            resolve_all(&state.deployment, &[], &Output::silent()).await.unwrap();
            let count = |outcome: fn(Arrived) -> bool| {
                written
                    .iter()
                    .filter(|one| matches!(&one.arrived, RowArrived::As(arrived) if outcome(*arrived)))
                    .count()
            };
            let counts = [
                count(|one| matches!(one, Arrived::New(_))),
                count(|one| matches!(one, Arrived::Changed(..))),
                count(|one| matches!(one, Arrived::Unchanged(..))),
            ];
            let of_file = [ingested.new, ingested.changed, ingested.unchanged].map(|count| count as usize);
            assert_eq!(counts, of_file, "{at_once} at once");
            assert_eq!(golden(&state.deployment).await, expected, "{at_once} at once, rows {seed}");
        }
    }
    assert!(done > 100, "only {done} rows were resolved when they were answered");
    for (_, state, _) in &served_houses {
        check_verified(&state.deployment).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_is_answered_with_whom_it_stands_and_a_retired_one_comes_back_to_it() {
    let house = House::with_people().await;
    let state = served(&house).await;
    let (name, born) = person(250);
    let row: Row = ("250".to_owned(), name, born);
    let one = &write_all(&state, std::slice::from_ref(&row), 1).await[0];
    let standing = one.standing.as_ref().unwrap();
    let keys: Vec<String> = standing.crosswalks.iter().map(|(source, key)| format!("{source}:{key}")).collect();
    assert_eq!(keys, ["roll:250", "people:250"]);
    let retires = RowToWrite { act: RowAct::Retires, ..to_write(&state.deployment, &row) };
    let gone = state.rows.write(&state.deployment, &state.work, retires).await.unwrap();
    assert!(matches!(gone.arrived, RowArrived::As(Arrived::Retired(..))));
    assert_eq!((gone.standing, gone.resolution), (None, RowResolution::Done));
    let back = &write_all(&state, &[row], 1).await[0];
    assert_eq!(back.standing.as_ref().unwrap().golden_id, standing.golden_id);
    // Alone in a golden record, it leaves it empty and comes back to it.
    let stranger: Row = ("9001".to_owned(), "Wholly Otherwise".to_owned(), "1931-12-30".to_owned());
    let first = write_all(&state, std::slice::from_ref(&stranger), 1).await[0].standing.clone().unwrap();
    let retires = RowToWrite { act: RowAct::Retires, ..to_write(&state.deployment, &stranger) };
    state.rows.write(&state.deployment, &state.work, retires).await.unwrap();
    let again = write_all(&state, &[stranger], 1).await[0].standing.clone().unwrap();
    assert_eq!(again.golden_id, first.golden_id);
    check_verified(&state.deployment).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_source_records_in_memory_a_row_is_in_the_hub_and_waits() {
    let house = House::with_people().await;
    let state = AppState::new(house.deployment.clone(), Cookies::Loopback);
    let (name, born) = person(250);
    let rows = [("250".to_owned(), name, born)];
    let one = &write_all(&state, &rows, 1).await[0];
    assert!(matches!(one.arrived, RowArrived::As(Arrived::New(_))));
    assert_eq!((&one.standing, one.resolution), (&None, RowResolution::Pending));
    resolve_all(&state.deployment, &[], &Output::silent()).await.unwrap();
    let again = &write_all(&state, &rows, 1).await[0];
    assert!(matches!(again.arrived, RowArrived::As(Arrived::Unchanged(..))));
    assert_eq!(again.standing.as_ref().unwrap().crosswalks.len(), 2);
    check_verified(&state.deployment).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_landing_holds_what_was_sent_until_it_is_erased() {
    let house = House::with_people().await;
    let state = served(&house).await;
    let stranger: Row = ("kyz-9".to_owned(), "Zarqabanu Otherwise".to_owned(), "1931-12-30".to_owned());
    let (name, born) = person(250);
    let written = write_all(&state, &[stranger.clone(), ("250".to_owned(), name, born)], 2).await;
    let deployment = &state.deployment;
    let runs = deployment.store.list_ingest_runs(None, None, 99).await.unwrap();
    let landed = || {
        let key = landing_key(deployment).unwrap();
        let written = runs.iter().filter(|run| run.arrived_by == ArrivedBy::Call);
        let text = written.map(|run| {
            let mut text = String::new();
            landing::open(&house.sealed(&run.content_hash), &key).unwrap().read_to_string(&mut text).unwrap();
            text
        });
        text.collect::<String>()
    };
    assert!(landed().contains("Zarqabanu Otherwise") && landed().contains("kyz-9"));
    let id = written[0].standing.as_ref().unwrap().golden_id;
    let done = erase(deployment, "citizen", id, "order 7", "test", &Output::silent()).await.unwrap();
    assert_eq!(done.source_records, 1);
    assert!(!landed().contains("Zarqabanu") && !landed().contains("kyz-9"));
    assert!(landed().contains("\"250\""), "other rows stay");
    let again = write_all(&state, &[stranger], 1).await;
    assert!(matches!(again[0].arrived, RowArrived::Erased));
    check_verified(deployment).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_row_twice_at_once_is_written_twice_in_order() {
    let house = House::with_people().await;
    let state = served(&house).await;
    let row = |name: &str| ("9001".to_owned(), name.to_owned(), "1931-12-30".to_owned());
    let rows: Vec<Row> =
        (0..20).map(|at| row(if at % 2 == 0 { "Wholly Otherwise" } else { "Otherwise Wholly" })).collect();
    let written = write_all(&state, &rows, 20).await;
    let versions: BTreeSet<i32> = written
        .iter()
        .filter_map(|one| match &one.arrived {
            RowArrived::As(arrived @ (Arrived::New(_) | Arrived::Changed(..))) => {
                arrived.source_record().map(|one| one.1)
            }
            _ => None,
        })
        .collect();
    let last = *versions.last().unwrap();
    assert!(versions.into_iter().eq(1..=last), "each change is a version of its own");
    check_verified(&state.deployment).await;
}
