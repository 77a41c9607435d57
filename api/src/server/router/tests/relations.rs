//! A master that is one TOML and no code, and its relations: over HTTP, on pages, in the warehouse.

use kanak_model::{Access, UserId};
use kanak_warehouse::{QueryLimits, rows_json};

use super::*;
use crate::commands::resolve::resolve_all;
use crate::jobs::refresh::refresh;
use crate::jobs::verify::{Outcome, verify};
use crate::output::Output;

const VEHICLE: &str = r#"
[entity]
name = "vehicle"
title = { en = "Vehicle", pa = "ਵਾਹਨ", hi = "वाहन" }
label = "registration"

[[attribute]]
name = "registration"
kind = "identifier"
class = "internal"
required = true

[[attribute]]
name = "body"
kind = "text"
class = "public"

[[attribute]]
name = "owner"
kind = "source_key"
entity = "citizen"
class = "personal"

[[attribute]]
name = "office"
kind = "code"
system = "office"

[[attribute]]
name = "registered_on"
kind = "date"

[[attribute]]
name = "scrapped_on"
kind = "date"

[[relation]]
name = "owned_by"
title = { en = "Owned by" }
inverse = { en = "Vehicles owned" }
attribute = "owner"
valid_from = "registered_on"
valid_to = "scrapped_on"

[[relation]]
name = "registered_at"
title = { en = "Registered at" }
inverse = { en = "Vehicles registered here" }
attribute = "office"
valid_from = "registered_on"
valid_to = "scrapped_on"
attributes = ["body"]

[[matching.blocking]]
keys = ["registration"]

[[matching.comparison]]
attribute = "registration"

[[status]]
status = "scrapped"
when_present = "scrapped_on"
"#;

const SOURCE: &str = r#"
[source]
name = "vehicles"
title = { en = "Vehicle register" }
department = "TEST"
entity = "vehicle"
files = ["vehicles*"]
format = { type = "csv" }
key = "REG"
load = "delta"

[[column]]
from = "REG"
to = "registration"

[[column]]
from = "BODY"
to = "body"

[[column]]
from = "OWNER"
to = "owner"
source = "people"

[[column]]
from = "OFFICE"
to = "office"

[[column]]
from = "SINCE"
to = "registered_on"
date_order = "ymd"

[[column]]
from = "UNTIL"
to = "scrapped_on"
date_order = "ymd"
"#;

const PEOPLE: &str = "ID,NAME,DOB\n1,Asha Devi,1990-01-02\n2,Bina Kumari,1991-03-04\n";
const HEAD: &str = "REG,BODY,OWNER,OFFICE,SINCE,UNTIL";

/// Two people, a tractor of the first and a scrapped car of the second, both registered at one office.
async fn with_vehicles() -> House {
    let house = House::with_declared(&[("vehicle.toml", VEHICLE)], &[("vehicles.toml", SOURCE)]).await;
    house.ingest("people_1.csv", PEOPLE).await;
    let rows = "PB10T0001,tractor,1,OFF-TRN-D27,2021-01-01,\nPB10C0002,car,2,OFF-TRN-D27,2015-06-01,2022-04-01";
    house.ingest("vehicles_1.csv", &format!("{HEAD}\n{rows}\n")).await;
    resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
    refresh(&house.deployment, &Output::silent()).await.unwrap();
    house
}

/// Checks by name that do not hold.
async fn wrong(house: &House) -> Vec<(String, Outcome)> {
    let checks = verify(&house.deployment, &Output::silent()).await.unwrap();
    assert!(checks.iter().any(|check| check.name == "relations reconcile"));
    checks
        .into_iter()
        .filter(|check| check.outcome != Outcome::Holds)
        .map(|check| (check.name, check.outcome))
        .collect()
}

#[tokio::test]
async fn a_master_that_is_one_toml_is_found_over_http_on_pages_and_in_the_warehouse_with_its_relations() {
    let served = Served::over(with_vehicles().await, Cookies::Loopback).await;
    let read = async |path: &str| {
        let answer = served.get(path, &served.department, "service_delivery").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.json()
    };
    let found = read("/v1/golden-records?entity=vehicle&search=PB10T0001").await;
    let tractor = found[0]["golden_id"].as_str().unwrap().to_owned();
    let related = read(&format!("/v1/golden-records/{tractor}/relations")).await;
    let owner = &related["relations"][0];
    assert_eq!((&owner["relation"], &owner["direction"]), (&"owned_by".into(), &"forward".into()));
    assert_eq!((&owner["other"]["label"], &owner["other"]["entity"]), (&"Asha Devi".into(), &"citizen".into()));
    assert_eq!((&owner["valid_from"], owner.get("valid_to")), (&"2021-01-01".into(), None));
    assert_eq!((&owner["source"], &owner["key"]), (&"vehicles".into(), &"PB10T0001".into()));
    let registered = &related["relations"][1];
    assert_eq!(registered["other"]["code"], "OFF-TRN-D27");
    assert_eq!(registered["attributes"]["body"], "tractor");

    let asha = owner["other"]["golden_id"].as_str().unwrap();
    let of_asha = read(&format!("/v1/golden-records/{asha}/relations?relation=owned_by")).await;
    assert_eq!(of_asha["relations"][0]["other"]["golden_id"], tractor.as_str());
    assert_eq!(of_asha["relations"][0]["direction"], "inverse");
    let at_office = "/v1/code-systems/office/codes/OFF-TRN-D27/relations";
    for (day, count) in [("2014-01-01", 0), ("2021-01-01", 2), ("2022-04-01", 1)] {
        let there = read(&format!("{at_office}?as_of={day}")).await;
        assert_eq!(there["relations"].as_array().unwrap().len(), count, "{day}");
    }
    let first = read(&format!("{at_office}?limit=1")).await;
    let next = read(&format!("{at_office}?limit=1&after={}", first["next"].as_str().unwrap())).await;
    assert_ne!(first["relations"][0]["other"], next["relations"][0]["other"]);
    assert_eq!(next["known_at"], first["known_at"]);

    let trail = served.house.deployment.store.list_audit_events(0, 1_000).await.unwrap();
    let reads = |subject: &str| {
        trail.iter().filter(|entry| entry.event.action == "read relations" && entry.event.subject == subject).count()
    };
    assert!(reads(&tractor) >= 2 && reads(asha) >= 2, "both ends of what was read are on record");
    for path in [&format!("/v1/golden-records/{tractor}/relations"), at_office] {
        for asked in ["as_of=soon", "known_at=soon", "after=there"] {
            let refused = served.get(&format!("{path}?{asked}"), &served.department, "service_delivery").await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}?{asked}: {}", refused.body);
        }
        assert_eq!(served.get(path, "", "").await.status, StatusCode::UNAUTHORIZED);
    }
    let none = served.get("/v1/code-systems/nowhere/codes/1/relations", &served.department, "service_delivery").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let figures = served.get(&format!("/v1/golden-records/{tractor}/relations"), &served.analyst, "statistics").await;
    assert!(!figures.body.contains("Asha") && figures.body.contains("registered_at"), "{}", figures.body);
}

#[tokio::test]
async fn its_pages_show_who_it_belongs_to_and_what_was_at_an_office_on_a_day() {
    let served = Served::over(with_vehicles().await, Cookies::Loopback).await;
    let store = &served.house.deployment.store;
    let roles = [Role::Steward].into_iter().collect();
    let user: UserId =
        store.create_user(&by(), "harleen", "correct-horse-battery", &roles, None, &mut os_rng()).await.unwrap();
    let token = store.start_session(user, 3_600_000_000, &mut os_rng()).await.unwrap();
    let page = async |path: &str| {
        let cookie = format!("{}={token}", identify::SESSION_COOKIE);
        let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        let answer = served.send(request).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.body
    };
    assert!(page("/golden-records").await.contains("value=\"vehicle\""), "it can be looked for");
    let found = served.get("/v1/golden-records?entity=vehicle&search=PB10T0001", &served.steward, "stewardship").await;
    let tractor = found.json()[0]["golden_id"].as_str().unwrap().to_owned();
    let shown = page(&format!("/golden-records/{tractor}?purpose=stewardship")).await;
    for needed in ["Owned by", "Asha Devi", "Registered at", "/relations/office/OFF-TRN-D27", "1 Jan 2021"] {
        assert!(shown.contains(needed), "{needed}");
    }
    let office = "/relations/office/OFF-TRN-D27?purpose=stewardship";
    let then = page(&format!("{office}&as_of=2022-03-31")).await;
    assert!(then.contains("PB10C0002") && then.contains("PB10T0001") && then.contains("Vehicles registered here"));
    let later = page(&format!("{office}&as_of=2022-04-01")).await;
    assert!(!later.contains("PB10C0002") && later.contains("PB10T0001"), "a period ends before its last day");
}

#[tokio::test]
async fn the_lake_holds_its_dimension_and_its_relations_and_verify_sees_when_they_differ() {
    let house = with_vehicles().await;
    assert_eq!(wrong(&house).await, []);
    let access = Access::operation("test");
    let rows = async |sql: &str| {
        let result = house.deployment.warehouse.query(&access, sql, QueryLimits::default()).await.unwrap();
        rows_json(&result)
    };
    let held = rows("select registration, status from dim_vehicles where is_current order by 1").await;
    assert_eq!(held.len(), 2, "{held:?}");
    let registered =
        "select d.body from bridge_relations r join dim_vehicles d on d.golden_id = r.golden_id and d.is_current
        where r.relation = 'registered_at' and r.entity = 'vehicle' and r.to_code = 'OFF-TRN-D27' and r.is_current
        and r.valid_from <= DATE '2022-04-01' and (r.valid_to is null or r.valid_to > DATE '2022-04-01')";
    assert_eq!(rows(registered).await[0]["body"], "tractor");
    assert_eq!(rows(registered).await.len(), 1);
    let owners =
        "select count(*) as n from bridge_relations_personal r join dim_citizens c on c.golden_id = r.to_golden_id
        where r.relation = 'owned_by' and r.is_current and c.is_current";
    assert_eq!(rows(owners).await[0]["n"], 2);

    // The tractor is said to be registered elsewhere: no golden record wins or loses by the day, the relation changes.
    house.ingest("vehicles_2.csv", &format!("{HEAD}\nPB10T0001,tractor,1,OFF-TRN-D27,2021-01-01,2026-01-01\n")).await;
    resolve_all(&house.deployment, &[], &Output::silent()).await.unwrap();
    assert!(wrong(&house).await.iter().all(|(_, outcome)| *outcome == Outcome::NotYet));
    refresh(&house.deployment, &Output::silent()).await.unwrap();
    assert_eq!(wrong(&house).await, []);
    let versions =
        rows("select is_current from bridge_relations where relation = 'registered_at' and entity = 'vehicle'").await;
    assert_eq!(versions.len(), 3, "the former statement stays with the time for which it was held: {versions:?}");
}

#[tokio::test]
async fn a_relation_that_leads_nowhere_is_reported_with_file_and_line() {
    let broken = VEHICLE.replace("entity = \"citizen\"", "entity = \"citizens\"");
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("models")).unwrap();
    std::fs::write(folder.path().join("kanak.toml"), "models = \"models\"\n").unwrap();
    std::fs::write(folder.path().join("models/vehicle.toml"), broken).unwrap();
    let global = crate::cli::Global { data: folder.path().join("kanak-data"), hub: None, json: false, quiet: true };
    let error = crate::deployment::Deployment::open(&global).await.err().unwrap().to_string();
    assert!(
        error.contains("vehicle.toml:37") && error.contains("`citizens`") && error.contains("`citizen`"),
        "{error}"
    );
}
