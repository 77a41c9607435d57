//! What a department's key is told where reads need agreements, and where a purpose rests on consent.

use kanak_model::sharing::{Covered, Party};
use kanak_model::{Purpose, Timestamp};
use kanak_store::{ApiKeyId, Member, NewConsent};
use serde_json::json;

use super::*;
use crate::jobs::live::warm;
use crate::jobs::refresh::refresh;
use crate::output::Output;
use crate::sharing::tests::{agree, house};

/// A server of these settings; the department's key is HEALTH's, and the people are in memory.
async fn served(settings: &str) -> Served {
    let house = house(settings, None).await;
    refresh(&house.deployment, &Output::silent()).await.unwrap();
    let served = Served::over(house, Cookies::Loopback).await;
    let keys = served.state.deployment.store.list_api_keys().await.unwrap();
    let key = keys.iter().find(|key| key.name == "department").unwrap().id;
    set_department(&served, key, Some("HEALTH")).await;
    warm(&served.state.deployment, served.state.deployment.get_model("citizen").unwrap()).await.unwrap();
    served
}

async fn set_department(served: &Served, key: ApiKeyId, department: Option<&str>) {
    served.state.deployment.store.set_department(&by(), Member::Key(key), department).await.unwrap();
}

const AGREED: &str = "[sharing]\nreads = \"agreed\"\n";

#[tokio::test]
async fn values_of_another_register_are_withheld_counted_and_found_by_nobody() {
    let served = served(AGREED).await;
    let (key, deployment) = (&served.department, &served.state.deployment);
    // Person 1 is not in health's register; person 2 is in food's and health's.
    let of_food = served.get("/v1/crosswalks/food/1", key, "service_delivery").await;
    assert_eq!(of_food.status, StatusCode::NOT_FOUND, "{}", of_food.body);
    let steward = served.get("/v1/crosswalks/food/2", &served.steward, "stewardship").await.json();
    let id = steward["golden_id"].as_str().unwrap();
    assert!(steward.get("withheld").is_none(), "stewardship needs no agreement: {steward}");
    let theirs = served.get(&format!("/v1/golden-records/{id}"), key, "service_delivery").await.json();
    let withheld = theirs["withheld"]["by_agreement"].as_u64().unwrap();
    let shown = theirs["values"].as_object().unwrap().len() as u64;
    assert_eq!(shown + withheld, steward["values"].as_object().unwrap().len() as u64, "none is silently absent");
    assert!(withheld > 0, "{theirs}");
    assert!(theirs["crosswalks"].as_array().unwrap().iter().all(|one| one["source"] == "health"), "{theirs}");
    assert!(steward["values"]["full_name"]["stated"].as_u64().unwrap() > 1, "{steward}");
    for value in theirs["values"].as_object().unwrap().values() {
        assert_eq!((&value["agreeing"], &value["stated"]), (&json!(1), &json!(1)), "food's is not counted: {theirs}");
    }

    let name = served.get("/v1/crosswalks/food/1", &served.steward, "stewardship").await.json();
    let name = name["values"]["full_name"]["value"].as_str().unwrap().to_owned();
    let query = format!("/v1/golden-records?entity=citizen&limit=100&search={}", name.replace(' ', "%20"));
    let alone =
        async |key: &str, purpose: &str| served.get(&query, key, purpose).await.json().as_array().unwrap().len();
    let body = json!({ "entity": "citizen", "limit": 50, "values": { "full_name": name, "date_of_birth": born(&served).await } });
    let before = (alone(key, "service_delivery").await, matches(&served, &body.to_string()).await);
    assert!(before.0 < alone(&served.steward, "stewardship").await);
    assert!(!before.1, "whom only another register knows is not found");
    for register in ["food", "land"] {
        agree(deployment, register, Party::ReadBy("HEALTH".to_owned()), &["all"]).await;
    }
    assert!(alone(key, "service_delivery").await > before.0);
    assert!(matches(&served, &body.to_string()).await, "what is agreed is found by");
    let of_food = served.get("/v1/crosswalks/food/1", key, "service_delivery").await;
    assert_eq!(of_food.status, StatusCode::OK, "{}", of_food.body);
}

/// The birthday of food's person 1.
async fn born(served: &Served) -> String {
    let golden = served.get("/v1/crosswalks/food/1", &served.steward, "stewardship").await.json();
    golden["values"]["date_of_birth"]["value"].as_str().unwrap().to_owned()
}

/// Whether a likely match is told.
async fn matches(served: &Served, body: &str) -> bool {
    let answer = served.find_matches("service_delivery", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let found = answer.json()["matches"].as_array().unwrap().clone();
    found.iter().any(|one| one["probability"].as_f64().unwrap() > 0.5)
}

#[tokio::test]
async fn agreements_are_told_to_auditors_and_their_parties_alone() {
    let served = served(AGREED).await;
    let deployment = &served.state.deployment;
    agree(deployment, "food", Party::ReadBy("HEALTH".to_owned()), &["full_name"]).await;
    agree(deployment, "food", Party::LinkedWith("land".to_owned()), &["all"]).await;
    let theirs = served.get("/v1/agreements", &served.department, "").await.json();
    assert_eq!(theirs.as_array().unwrap().len(), 1);
    assert_eq!((&theirs[0]["read_by"], &theirs[0]["stands"]), (&json!("HEALTH"), &json!("in_force")));
    assert_eq!(theirs[0]["covers"], json!(["full_name"]));
    let stranger = served.get("/v1/agreements", &served.analyst, "").await;
    assert_eq!(stranger.status, StatusCode::FORBIDDEN, "{}", stranger.body);
    let roles = [Role::Auditor].into_iter().collect();
    let auditor = deployment.store.create_api_key(&by(), "auditor", &roles, None, None, &mut os_rng()).await.unwrap();
    assert_eq!(served.get("/v1/agreements", &auditor, "audit").await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_purpose_that_rests_on_consent_shows_whom_a_receipt_stands_for() {
    let served = served("[purposes]\nservice_delivery = [\"consent\"]\n").await;
    let (key, store) = (&served.department, &served.state.deployment.store);
    let steward = served.get("/v1/crosswalks/health/2", &served.steward, "stewardship").await.json();
    let path = format!("/v1/golden-records/{}", steward["golden_id"].as_str().unwrap());
    let withheld = served.get(&path, key, "service_delivery").await;
    assert_eq!(withheld.status, StatusCode::FORBIDDEN);
    assert!(withheld.body.contains("no receipt stands"), "{}", withheld.body);

    let body = json!({ "source": "health", "key": "2", "purpose": "service_delivery", "covers": ["full_name"], "how": "form 3" });
    let post = |body: String| {
        Request::post("/v1/consents")
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, body.len())
            .body(Body::from(body))
            .unwrap()
    };
    let foreign = served.send(post(body.to_string().replace("health", "food"))).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN, "{}", foreign.body);
    let made = served.send(post(body.to_string())).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let shown = served.get(&path, key, "service_delivery").await.json();
    assert_eq!(shown["values"].as_object().unwrap().keys().collect::<Vec<_>>(), ["full_name"]);
    assert!(shown["withheld"]["by_consent"].as_u64().unwrap() > 0, "{shown}");
    let entries = store.list_audit_events(0, 10_000).await.unwrap();
    let read = entries.iter().rev().find(|entry| entry.event.action == "read golden record").unwrap();
    assert_eq!((read.event.purpose, &read.event.detail["basis"]), (Some(Purpose::ServiceDelivery), &json!("consent")));

    let withdraw = |id: &Value| {
        let request =
            Request::delete(format!("/v1/consents/{id}")).header(header::AUTHORIZATION, format!("Bearer {key}"));
        request.body(Body::empty()).unwrap()
    };
    let other = NewConsent {
        source: "food",
        key: "2",
        purpose: Purpose::ServiceDelivery,
        covers: Covered::All,
        how: "form 4",
        given: Timestamp(0),
        until: None,
    };
    let of_food = store.record_consent(&other, "test").await.unwrap();
    assert_eq!(served.send(withdraw(&json!(of_food))).await.status, StatusCode::NOT_FOUND, "it is not theirs");
    store.withdraw_consent(of_food, "test").await.unwrap();
    assert_eq!(served.send(withdraw(&made.json()["id"])).await.status, StatusCode::NO_CONTENT);
    assert_eq!(served.get(&path, key, "service_delivery").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_stated_basis_is_one_that_carries_the_purpose_and_stands_in_the_trail() {
    let served = served("").await;
    let ask = async |basis: &str| {
        let request = Request::get("/v1/crosswalks/health/2")
            .header(header::AUTHORIZATION, format!("Bearer {}", served.department))
            .header("purpose", "service_delivery")
            .header("legal-basis", basis);
        served.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(ask("court_order").await.status, StatusCode::OK);
    let entries = served.state.deployment.store.list_audit_events(0, 10_000).await.unwrap();
    assert_eq!(entries.last().unwrap().event.detail["basis"], "court_order");
    let unknown = ask("because").await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    assert!(unknown.body.contains("`court_order`"), "{}", unknown.body);
    let other = ask("statistics").await;
    assert_eq!(other.status, StatusCode::FORBIDDEN);
    assert!(other.body.contains("does not carry it"), "{}", other.body);
    let without_receipt = ask("consent").await;
    assert_eq!(without_receipt.status, StatusCode::NOT_FOUND, "{}", without_receipt.body);
}
