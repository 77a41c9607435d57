//! Numbers leave the vault by two people's word, and references are compared inside it.

use super::*;
use crate::jobs::ingest_file::HUB_DOMAIN;

struct People {
    served: Served,
    reference: String,
    food: String,
}

impl People {
    async fn new() -> Self {
        let served = Served::over(House::new().await, Cookies::Loopback).await;
        let vault = &served.house.deployment.vault;
        let reference = vault.tokenise(HUB_DOMAIN, &["234123412346"]).await.unwrap().remove(0);
        let food = vault.tokenise("food", &["234123412346"]).await.unwrap().remove(0);
        Self { served, reference: reference.as_str().to_owned(), food: food.as_str().to_owned() }
    }

    /// Signs a person in; gives the cookie.
    async fn person(&self, name: &str, role: Role) -> String {
        let store = &self.served.house.deployment.store;
        let roles = [role].into_iter().collect();
        let user = store.create_user(&by(), name, "correct-horse-battery", &roles, None, &mut os_rng()).await.unwrap();
        let token = store.start_session(user, 3600 * 1_000_000, &mut os_rng()).await.unwrap();
        format!("{}={token}", Cookies::Loopback.name(identify::SESSION_COOKIE))
    }

    async fn ask(&self, (who, what): (header::HeaderName, &str), purpose: &str, path: &str, body: &str) -> Answer {
        let request = Request::post(format!("/v1/vault/{path}"))
            .header(who, what)
            .header(header::CONTENT_TYPE, "application/json")
            .header("purpose", purpose)
            .body(Body::from(body.to_owned()));
        self.served.send(request.unwrap()).await
    }

    async fn asks(&self, cookie: &str, path: &str, body: &str) -> Answer {
        self.ask((header::COOKIE, cookie), "audit", path, body).await
    }
}

#[tokio::test]
async fn a_number_leaves_the_vault_once_by_the_word_of_two_auditors() {
    let people = People::new().await;
    let (asker, other) = (people.person("harleen", Role::Auditor).await, people.person("jaspal", Role::Auditor).await);
    let asked = format!(r#"{{ "domain": "hub", "reference": "{}", "reason": "inquiry 7" }}"#, people.reference);
    let made = people.asks(&asker, "requests", &asked).await;
    assert_eq!((made.status, made.json()["id"].as_i64()), (StatusCode::OK, Some(1)), "{}", made.body);
    let approve = r#"{ "decision": "approved" }"#;
    assert_eq!(people.asks(&asker, "requests/1/number", "").await.status, StatusCode::CONFLICT);
    assert_eq!(people.asks(&asker, "requests/1/decision", approve).await.status, StatusCode::FORBIDDEN);
    let list = Request::get("/v1/vault/requests").header(header::COOKIE, &other).header("purpose", "audit");
    let listed = people.served.send(list.body(Body::empty()).unwrap()).await.json();
    assert_eq!((&listed[0]["state"], &listed[0]["requested_by"]), (&"waiting".into(), &"harleen".into()));
    let approved = people.asks(&other, "requests/1/decision", approve).await;
    assert_eq!(approved.status, StatusCode::NO_CONTENT, "{}", approved.body);
    assert_eq!(people.asks(&other, "requests/1/number", "").await.status, StatusCode::FORBIDDEN);
    let number = people.asks(&asker, "requests/1/number", "").await;
    assert_eq!(number.json()["aadhaar"], "234123412346");
    assert_eq!(number.headers[header::CACHE_CONTROL], "no-store");
    let again = people.asks(&asker, "requests/1/number", "").await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body.contains("answered") && !again.body.contains("234123412346"), "{}", again.body);
}

#[tokio::test]
async fn whoever_lacks_the_role_gets_no_number_and_is_on_record() {
    let people = People::new().await;
    let steward = people.person("deepa", Role::Steward).await;
    let asked = format!(r#"{{ "domain": "hub", "reference": "{}", "reason": "inquiry" }}"#, people.reference);
    assert_eq!(people.asks(&steward, "requests", &asked).await.status, StatusCode::FORBIDDEN);
    let roles = [Role::Auditor].into_iter().collect();
    let store = &people.served.house.deployment.store;
    let key = store.create_api_key(&by(), "audit office", &roles, None, None, &mut os_rng()).await.unwrap();
    let bearer = format!("Bearer {key}");
    let by_key = people.ask((header::AUTHORIZATION, &bearer), "audit", "requests", &asked).await;
    assert_eq!(by_key.status, StatusCode::FORBIDDEN, "a person asks: {}", by_key.body);
    let wrong = people.asks(&steward, "requests", r#"{ "domain": "hub", "reference": "234123412346", "reason": "x" }"#);
    let wrong = wrong.await;
    assert!(wrong.status == StatusCode::BAD_REQUEST && !wrong.body.contains("2341"), "{}", wrong.body);
    // A number in the place of a request's own stands neither in the answer nor in the trail.
    let approve = r#"{ "decision": "approved" }"#;
    let number = people.asks(&steward, "requests/234123412346/decision", approve).await;
    assert!(number.status == StatusCode::FORBIDDEN && !number.body.contains("2341"), "{}", number.body);
    let entries = store.list_audit_events(0, 100).await.unwrap();
    let on_record = |action: &str| entries.iter().filter(|entry| entry.event.action == action).count();
    assert_eq!((on_record("vault_refused"), on_record("reveal_refused")), (2, 1));
    assert!(!format!("{entries:?}").contains("234123412346"));
    assert!(entries.iter().any(|entry| entry.event.subject == "reveal request [Aadhaar removed]"));
}

#[tokio::test]
async fn a_number_in_the_place_of_a_name_is_not_repeated() {
    let people = People::new().await;
    let key = people.served.department.clone();
    for path in [
        "/v1/golden-records/234123412346",
        "/v1/golden-records?entity=234123412346&search=a",
        "/v1/crosswalks/234123412346/1",
        "/v1/crosswalks/people/234123412346",
        "/v1/metrics/234123412346",
        "/v1/steward-tasks/234123412346",
        "/v1/code-systems/234123412346",
        "/v1/sources/234123412346/corrections",
        "/v1/234123412346",
    ] {
        let answer = people.served.get(path, &key, "service_delivery").await;
        assert!(answer.status != StatusCode::OK && !answer.body.contains("234123412346"), "{path}: {}", answer.body);
    }
    let entries = people.served.house.deployment.store.list_audit_events(0, 100).await.unwrap();
    assert!(!format!("{entries:?}").contains("234123412346"));
}

#[tokio::test]
async fn references_of_two_departments_are_compared_for_those_whose_purpose_it_is() {
    let people = People::new().await;
    let two = |left: &str, right: &str| {
        format!(
            r#"{{ "left": {{ "domain": "hub", "reference": "{left}" }}, "right": {{ "domain": "food", "reference": "{right}" }} }}"#
        )
    };
    let steward = format!("Bearer {}", people.served.steward);
    let asked = two(&people.reference, &people.food);
    let answer = people.ask((header::AUTHORIZATION, &steward), "stewardship", "same-person", &asked).await;
    assert_eq!(answer.json()["same_person"], true, "{}", answer.body);
    let swapped = two(&people.food, &people.reference);
    let answer = people.ask((header::AUTHORIZATION, &steward), "stewardship", "same-person", &swapped).await;
    assert_eq!(answer.json()["same_person"], false);
    let department = format!("Bearer {}", people.served.department);
    let answer = people.ask((header::AUTHORIZATION, &department), "service_delivery", "same-person", &asked).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}
