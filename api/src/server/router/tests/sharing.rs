//! What a department's key is told where reads need agreements, and where a purpose rests on consent.

use kanak_model::sharing::{Covered, Party};
use kanak_model::{Purpose, Timestamp};
use kanak_store::{ApiKeyId, Member, NewConsent};
use serde_json::json;

use super::*;
use crate::cli::{AgreementAddArgs, AgreementCommand};
use crate::commands::agreement;
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
async fn an_agreement_is_approved_by_a_second_officer_of_the_owner_who_has_signed_in() {
    let served = served(&format!("{AGREED}approvals = \"signed_in\"\n")).await;
    let deployment = &served.state.deployment;
    let store = &deployment.store;
    let propose = AgreementCommand::Add(AgreementAddArgs {
        register: "food".to_owned(),
        linked_with: None,
        read_by: Some("HEALTH".to_owned()),
        purposes: vec!["service_delivery".to_owned()],
        covers: vec!["all".to_owned()],
        from: None,
        until: None,
        reference: "order 7 of 2026".to_owned(),
        by: "asha.food".to_owned(),
    });
    agreement::run(&propose, deployment, &Output::silent()).await.unwrap();
    let at_the_command_line = AgreementCommand::Approve { agreement: 1, by: "bina.food".to_owned() };
    let refused = agreement::run(&at_the_command_line, deployment, &Output::silent()).await.unwrap_err().to_string();
    assert!(refused.contains("/v1/agreements/1/approval"), "{refused}");

    let approve = async |id: i64, name: &str| {
        let user = store.find_user_by_name(name).await.unwrap().unwrap().id;
        let token = store.start_session(user, 3_600_000_000, &mut os_rng()).await.unwrap();
        let request = Request::post(format!("/v1/agreements/{id}/approval"))
            .header(header::COOKIE, format!("{}={token}", identify::SESSION_COOKIE));
        served.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(approve(1, "asha.food").await.status, StatusCode::CONFLICT, "asha proposed it");
    let (foreign, missing) = (approve(1, "asha.health").await, approve(9, "asha.health").await);
    assert_eq!((foreign.status, missing.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(foreign.body.replace(" 1 ", " 9 "), missing.body, "whether there is one is not told");
    let key = Request::post("/v1/agreements/1/approval")
        .header(header::AUTHORIZATION, format!("Bearer {}", served.department))
        .body(Body::empty());
    assert_eq!(served.send(key.unwrap()).await.status, StatusCode::FORBIDDEN);
    let approved = approve(1, "bina.food").await;
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.body);
    let approved = approved.json();
    assert_eq!((&approved["stands"], &approved["approved_by"]), (&json!("in_force"), &json!("bina.food")));
    assert_eq!(approve(1, "bina.food").await.status, StatusCode::CONFLICT);
    let entries = store.list_audit_events(0, 10_000).await.unwrap();
    let told = entries.iter().find(|entry| entry.event.action == "agreement_approved").unwrap();
    assert_eq!((told.event.actor.as_str(), &told.event.detail["signed_in"]), ("bina.food", &json!(true)));
}

#[tokio::test]
async fn a_purpose_that_rests_on_consent_shows_whom_a_receipt_stands_for() {
    let served = served("[purposes]\nservice_delivery = [\"consent\"]\n").await;
    let (key, store) = (&served.department, &served.state.deployment.store);
    let steward = served.get("/v1/crosswalks/health/2", &served.steward, "stewardship").await.json();
    let path = format!("/v1/golden-records/{}", steward["golden_id"].as_str().unwrap());
    let withheld = served.get(&path, key, "service_delivery").await;
    assert_eq!(withheld.status, StatusCode::NOT_FOUND);
    assert!(withheld.body.contains("no receipt stands"), "{}", withheld.body);
    // Whether there is one is not told either.
    let missing = kanak_model::GoldenId(900_000).to_string();
    let nobody = served.get(&format!("/v1/golden-records/{missing}"), key, "service_delivery").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    assert_eq!(nobody.body.replace(&missing, steward["golden_id"].as_str().unwrap()), withheld.body);

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
    assert_eq!(served.get(&path, key, "service_delivery").await.status, StatusCode::NOT_FOUND);
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
