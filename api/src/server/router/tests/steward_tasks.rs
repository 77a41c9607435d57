//! Steward tasks over HTTP: taken up, put off, handed on, looked into on the spot, decided.

use kanak_model::match_pair::{Decision, MatchPair};
use kanak_model::{SourceRecordId, UserId};
use kanak_store::{Resolution, Scope, Unresolved};

use super::*;

/// A server over two people who may be one, and what its signed-in stewards send.
struct Desk {
    served: Served,
}

impl Desk {
    async fn with_a_task() -> Self {
        let house = House::with_two_people().await;
        let deployment = &house.deployment;
        let model = deployment.get_model("citizen").unwrap();
        let rules = deployment.store.find_rule_set("citizen").await.unwrap().unwrap().version;
        let pair = MatchPair {
            left: SourceRecordId(1),
            right: SourceRecordId(2),
            weight_bits: 1.0,
            probability: 0.6,
            decision: Decision::Review,
        };
        let resolution = Resolution {
            changes: Vec::new(),
            questions: vec![pair],
            scope: Scope::These(Vec::new()),
            unresolved: Unresolved::default(),
        };
        assert_eq!(deployment.store.apply_resolution(model, rules, resolution).await.unwrap().tasks_opened, 1);
        Self { served: Served::over(house, Cookies::Loopback).await }
    }

    /// The cookie of someone who has signed in.
    async fn signed_in(&self, name: &str, roles: &[Role]) -> String {
        let store = &self.served.house.deployment.store;
        let roles = roles.iter().copied().collect();
        let user: UserId =
            store.create_user(&by(), name, "correct-horse-battery", &roles, None, &mut os_rng()).await.unwrap();
        let token = store.start_session(user, 3_600_000_000, &mut os_rng()).await.unwrap();
        format!("{}={token}", identify::SESSION_COOKIE)
    }

    async fn send(&self, method: &str, path: &str, cookie: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1/steward-tasks{path}"))
            .header(header::COOKIE, cookie)
            .header("purpose", "stewardship")
            .header(header::CONTENT_TYPE, "application/json");
        self.served.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    async fn post(&self, path: &str, cookie: &str, body: &str) -> Answer {
        self.send("POST", path, cookie, body).await
    }

    /// The states of all tasks that a listing gives.
    async fn listed(&self, query: &str, cookie: &str) -> Vec<String> {
        let answer = self.send("GET", query, cookie, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let tasks = answer.json();
        tasks.as_array().unwrap().iter().map(|task| task["state"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_task_is_taken_up_by_one_steward_at_a_time() {
    let desk = Desk::with_a_task().await;
    let asha = desk.signed_in("asha", &[Role::Steward]).await;
    let bina = desk.signed_in("bina", &[Role::Steward]).await;
    let claimed = desk.post("/1/claim", &asha, "").await;
    assert_eq!(claimed.status, StatusCode::OK, "{}", claimed.body);
    let claimed = claimed.json();
    assert_eq!((&claimed["state"], &claimed["by"]), (&"claimed".into(), &"asha".into()));
    let until = claimed["until"].as_str().unwrap().to_owned();
    for (path, body) in [
        ("/1/claim", ""),
        ("/1/release", ""),
        ("/1/deferral", r#"{"until": "2999-01-01", "reason": "x"}"#),
        ("/1/escalation", r#"{"to": "supervisor", "reason": "x"}"#),
        ("/1/field-checks", r#"{"question": "who?", "office": "patwari"}"#),
        ("/1/decision", r#"{"decision": "match", "reason": "x"}"#),
    ] {
        let refused = desk.post(path, &bina, body).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{path}: {}", refused.body);
        assert_eq!(refused.headers[header::CONTENT_TYPE], "application/problem+json");
        if path != "/1/deferral" {
            assert!(refused.body.contains("held by asha") && refused.body.contains(&until), "{path}: {}", refused.body);
        }
    }
    assert_eq!(desk.listed("?state=claimed&mine=true", &asha).await, ["claimed"]);
    assert!(desk.listed("?state=claimed&mine=true", &bina).await.is_empty());
    assert!(desk.listed("", &bina).await.is_empty());
    assert_eq!(desk.post("/1/release", &asha, "").await.json()["state"], "open");
    assert_eq!(desk.listed("", &bina).await, ["open"]);
    // Nobody but a signed-in steward, and none without the purpose.
    let key = &desk.served.steward;
    let by_key = Request::post("/v1/steward-tasks/1/claim").header(header::AUTHORIZATION, format!("Bearer {key}"));
    assert_eq!(desk.served.send(by_key.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
    let analyst = desk.signed_in("chitra", &[Role::Analyst]).await;
    assert_eq!(desk.post("/1/claim", &analyst, "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(desk.post("/9/claim", &asha, "").await.status, StatusCode::NOT_FOUND);
    let figures = desk.served.get("/v1/steward-tasks", &desk.served.analyst, "statistics").await;
    assert!(figures.status == StatusCode::FORBIDDEN && figures.body.contains("Purpose: stewardship"));
}

#[tokio::test]
async fn a_task_is_put_off_and_handed_on_with_a_reason() {
    let desk = Desk::with_a_task().await;
    let asha = desk.signed_in("asha", &[Role::Steward]).await;
    let deepa = desk.signed_in("deepa", &[Role::Steward, Role::Supervisor]).await;
    let today = desk.served.state.deployment.clock.now().day_ist();
    let day = |days: u64| (today + chrono::Days::new(days)).to_string();
    for (until, status, says) in [
        ("soon".to_owned(), StatusCode::BAD_REQUEST, "2027-03-31"),
        (today.to_string(), StatusCode::CONFLICT, "later day"),
        (day(91), StatusCode::CONFLICT, "at most 90 days"),
    ] {
        let refused = desk.post("/1/deferral", &asha, &format!(r#"{{"until": "{until}", "reason": "papers"}}"#)).await;
        assert!(refused.status == status && refused.body.contains(says), "{until}: {}", refused.body);
    }
    let until = day(90);
    let put_off =
        desk.post("/1/deferral", &asha, &format!(r#"{{"until": "{until}", "reason": "papers"}}"#)).await.json();
    assert_eq!((&put_off["state"], &put_off["reason"]), (&"deferred".into(), &"papers".into()));
    assert_eq!(desk.listed("?state=deferred", &deepa).await, ["deferred"]);
    let refused = desk.post("/1/escalation", &asha, r#"{"to": "auditor", "reason": "x"}"#).await;
    assert!(refused.status == StatusCode::BAD_REQUEST && refused.body.contains("supervisor"), "{}", refused.body);
    let handed = desk.post("/1/escalation", &asha, r#"{"to": "supervisor", "reason": "twins perhaps"}"#).await.json();
    assert_eq!((&handed["state"], &handed["escalation"]["to"]), (&"escalated".into(), &"supervisor".into()));
    let refused = desk.post("/1/decision", &asha, r#"{"decision": "match", "reason": "x"}"#).await;
    assert!(refused.status == StatusCode::CONFLICT && refused.body.contains("supervisor"), "{}", refused.body);
    let decided = desk.post("/1/decision", &deepa, r#"{"decision": "match", "reason": "one woman"}"#).await;
    assert!(decided.status == StatusCode::OK && decided.json()["merged"] == 1, "{}", decided.body);
    let aadhaar = desk.post("/1/undo", &deepa, r#"{"reason": "it is 2341 2341 2346"}"#).await;
    assert!(aadhaar.status == StatusCode::CONFLICT && aadhaar.body.contains("Aadhaar"), "{}", aadhaar.body);
    let misspelt = desk.post("/1/undo", &deepa, r#"{"reasons": "two sisters"}"#).await;
    assert!(
        misspelt.status == StatusCode::UNPROCESSABLE_ENTITY && misspelt.body.contains("`reason`"),
        "{}",
        misspelt.body
    );
    assert_eq!(desk.post("/1/undo", &deepa, r#"{"reason": "two sisters"}"#).await.json()["restored"], 1);
    let store = &desk.served.house.deployment.store;
    let golden = store.list_links("citizen").await.unwrap()[0].golden_id;
    let acts = store.list_steward_acts(golden, kanak_model::Timestamp(i64::MAX)).await.unwrap();
    let reasons: Vec<Option<&str>> = acts.iter().map(|act| act.reason.as_deref()).collect();
    assert_eq!(reasons, [Some("one woman"), Some("two sisters")]);
    // Undoing resolves both anew, and the rules have no doubt about these two: nobody is asked again.
    assert_eq!(desk.listed("?state=lapsed", &deepa).await, ["lapsed"]);
}

#[tokio::test]
async fn what_was_found_on_the_spot_is_evidence_that_a_decision_names() {
    let desk = Desk::with_a_task().await;
    let asha = desk.signed_in("asha", &[Role::Steward]).await;
    let asked = desk.post("/1/field-checks", &asha, r#"{"question": "One woman?", "office": "Patwari, Verka"}"#).await;
    assert_eq!(asked.json()["field_checks"][0]["state"], "asked", "{}", asked.body);
    assert_eq!(desk.listed("?field_check=asked", &asha).await, ["open"]);
    let decision = |check: &str| format!(r#"{{"decision": "match", "reason": "seen"{check}}}"#);
    let early = desk.post("/1/decision", &asha, &decision("")).await;
    assert!(early.status == StatusCode::CONFLICT && early.body.contains("waits for its answer"), "{}", early.body);
    let today = desk.served.state.deployment.clock.now().day_ist();
    let answer = |finding: &str, day: &str| {
        format!(r#"{{"finding": "{finding}", "found_by": "R. Kaur", "found_on": "{day}", "note": "one household"}}"#)
    };
    let (now, later) = (today.to_string(), (today + chrono::Days::new(1)).to_string());
    for (body, status) in [
        (answer("perhaps", &now), StatusCode::BAD_REQUEST),
        (answer("same", "soon"), StatusCode::BAD_REQUEST),
        (answer("same", &later), StatusCode::CONFLICT),
    ] {
        assert_eq!(desk.post("/1/field-checks/1/answer", &asha, &body).await.status, status, "{body}");
    }
    let own = desk.post("/1/field-checks/1/answer", &asha, &answer("same", &now)).await;
    assert!(own.status == StatusCode::CONFLICT && own.body.contains("asked by you"), "{}", own.body);
    let bina = desk.signed_in("bina", &[Role::Steward]).await;
    let answered = desk.post("/1/field-checks/1/answer", &bina, &answer("same", &now)).await.json();
    assert_eq!((&answered["state"], &answered["field_checks"][0]["finding"]), (&"open".into(), &"same".into()));
    let unnamed = desk.post("/1/decision", &asha, &decision("")).await;
    assert!(unnamed.status == StatusCode::CONFLICT && unnamed.body.contains("field check 1"), "{}", unnamed.body);
    let decided = desk.post("/1/decision", &asha, &decision(r#", "field_check": 1"#)).await;
    assert_eq!(decided.status, StatusCode::OK, "{}", decided.body);
    let task = desk.send("GET", "/1", &asha, "").await.json();
    assert_eq!((&task["decision_field_check"], &task["decision"]), (&1.into(), &"match".into()));
    assert_eq!(desk.send("DELETE", "/1/field-checks/1", &asha, "").await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn the_queue_goes_on_after_a_cursor_and_says_which_filters_there_are() {
    let desk = Desk::with_a_task().await;
    let asha = desk.signed_in("asha", &[Role::Steward]).await;
    let first = desk.send("GET", "", &asha, "").await.json();
    let cursor = first[0]["cursor"].as_str().unwrap();
    assert!(desk.listed(&format!("?after={cursor}"), &asha).await.is_empty());
    let priority = first[0]["priority"].as_f64().unwrap();
    assert_eq!(desk.listed(&format!("?priority_min={priority}&department=TEST"), &asha).await, ["open"]);
    assert!(desk.listed("?district=27", &asha).await.is_empty());
    for (query, says) in [("?state=done", "deferred"), ("?after=x", "cursor"), ("?field_check=x", "answered")] {
        let answer = desk.send("GET", query, &asha, "").await;
        assert!(answer.status == StatusCode::BAD_REQUEST && answer.body.contains(says), "{}", answer.body);
    }
    let key = desk.served.get("/v1/steward-tasks?mine=true", &desk.served.steward, "stewardship").await;
    assert_eq!(key.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_the_deployment_wants_two_stewards_for_waits_for_the_second() {
    let mut desk = Desk::with_a_task().await;
    let mut config = (*desk.served.state.deployment.config).clone();
    config.stewardship.four_eyes.match_below = Some(0.9);
    config.stewardship.four_eyes.overrides = ["citizen.full_name".to_owned()].into();
    desk.served.state.deployment.config = Arc::new(config);
    let asha = desk.signed_in("asha", &[Role::Steward]).await;
    let bina = desk.signed_in("bina", &[Role::Steward]).await;
    let proposed = desk.post("/1/decision", &asha, r#"{"decision": "match", "reason": "one woman"}"#).await;
    assert!(proposed.status == StatusCode::ACCEPTED && proposed.json()["proposal"] == 1, "{}", proposed.body);
    let task = desk.send("GET", "/1", &asha, "").await.json();
    assert_eq!((&task["state"], &task["decision"], &task["by"]), (&"proposed".into(), &"match".into(), &"asha".into()));
    assert_ne!(task["left_golden_id"], task["right_golden_id"], "nothing is in force");
    let send = async |method: &str, path: &str, cookie: &str, body: &str| {
        let request = Request::builder()
            .method(method)
            .uri(format!("/v1{path}"))
            .header(header::COOKIE, cookie)
            .header("purpose", "stewardship")
            .header(header::CONTENT_TYPE, "application/json");
        desk.served.send(request.body(Body::from(body.to_owned())).unwrap()).await
    };
    let listed = send("GET", "/proposals", &bina, "").await.json();
    assert_eq!((&listed[0]["steward_task"], &listed[0]["proposed_by"]), (&1.into(), &"asha".into()));
    let own = send("POST", "/proposals/1/approval", &asha, "").await;
    assert!(own.status == StatusCode::CONFLICT && own.body.contains("your own"), "{}", own.body);
    let many = desk.post("/decisions", &bina, r#"{"tasks": [1], "decision": "match", "reason": "x"}"#).await;
    assert!(many.status == StatusCode::CONFLICT && many.body.contains("second steward"), "{}", many.body);
    let empty = send("POST", "/proposals/1/rejection", &bina, r#"{"reason": " "}"#).await;
    assert_eq!(empty.status, StatusCode::CONFLICT, "{}", empty.body);
    let rejected = send("POST", "/proposals/1/rejection", &bina, r#"{"reason": "the fathers differ"}"#).await;
    assert_eq!(rejected.status, StatusCode::NO_CONTENT, "{}", rejected.body);
    desk.post("/1/decision", &asha, r#"{"decision": "match", "reason": "seen the papers"}"#).await;
    let approved = send("POST", "/proposals/2/approval", &bina, "").await;
    assert!(approved.status == StatusCode::OK && approved.json()["merged"] == 1, "{}", approved.body);
    assert_eq!(desk.send("GET", "/1", &asha, "").await.json()["state"], "decided");
    assert_eq!(send("POST", "/proposals/2/approval", &bina, "").await.status, StatusCode::CONFLICT);

    let golden = desk.send("GET", "/1", &asha, "").await.json()["left_golden_id"].as_str().unwrap().to_owned();
    let stated = r#"{"attribute": "full_name", "value": "Asha Rani Devi", "reason": "birth certificate"}"#;
    let proposed = send("POST", &format!("/golden-records/{golden}/overrides"), &asha, stated).await;
    assert_eq!(proposed.status, StatusCode::ACCEPTED, "{}", proposed.body);
    let listed = send("GET", "/proposals", &bina, "").await.json();
    assert_eq!((&listed[0]["attribute"], &listed[0]["value"]), (&"full_name".into(), &"Asha Rani Devi".into()));
    let value = async || {
        let record = send("GET", &format!("/golden-records/{golden}"), &bina, "").await.json();
        record["values"]["full_name"]["value"].as_str().unwrap().to_owned()
    };
    assert_ne!(value().await, "Asha Rani Devi");
    assert_eq!(send("POST", "/proposals/3/approval", &bina, "").await.status, StatusCode::OK);
    assert_eq!(value().await, "Asha Rani Devi");

    // What two agreed to, one alone does not take back.
    let withdrawn = send("DELETE", &format!("/golden-records/{golden}/overrides/1"), &asha, "").await;
    assert!(withdrawn.status == StatusCode::ACCEPTED && withdrawn.json()["proposal"] == 4, "{}", withdrawn.body);
    assert_eq!(value().await, "Asha Rani Devi");
    let listed = send("GET", "/proposals", &bina, "").await.json();
    assert_eq!((&listed[0]["act"], &listed[0]["override_id"]), (&"withdraw_value".into(), &1.into()));
    assert_eq!(send("POST", "/proposals/4/approval", &asha, "").await.status, StatusCode::CONFLICT);
    assert_eq!(send("POST", "/proposals/4/approval", &bina, "").await.status, StatusCode::OK);
    assert_ne!(value().await, "Asha Rani Devi");
    let undone = desk.post("/1/undo", &asha, r#"{"reason": "two sisters"}"#).await;
    assert!(undone.status == StatusCode::ACCEPTED && undone.json()["proposal"] == 5, "{}", undone.body);
    assert_eq!(desk.send("GET", "/1", &asha, "").await.json()["state"], "decided");
    assert_eq!(send("GET", "/proposals", &bina, "").await.json()[0]["reason"], "two sisters");
    let again = desk.post("/1/undo", &bina, "").await;
    assert!(again.status == StatusCode::CONFLICT && again.body.contains("proposal 5 of asha"), "{}", again.body);
    let approved = send("POST", "/proposals/5/approval", &bina, "").await;
    assert!(approved.status == StatusCode::OK && approved.json()["restored"] == 1, "{}", approved.body);
    assert_ne!(desk.send("GET", "/1", &asha, "").await.json()["state"], "decided");

    assert_eq!(send("GET", "/proposals?after=5", &bina, "").await.json().as_array().unwrap().len(), 0);
    for path in ["/proposals/99/approval", "/proposals/99/rejection"] {
        let unknown = send("POST", path, &bina, r#"{"reason": "who?"}"#).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND, "{}", unknown.body);
    }
}

#[tokio::test]
async fn what_stewards_stated_is_read_for_stewardship_alone() {
    let desk = Desk::with_a_task().await;
    let asha = desk.signed_in("asha", &[Role::Steward]).await;
    let golden = desk.send("GET", "/1", &asha, "").await.json()["left_golden_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/golden-records/{golden}/overrides");
    let served = &desk.served;
    let refused = served.get(&path, &served.department, "service_delivery").await;
    assert!(
        refused.status == StatusCode::FORBIDDEN && refused.body.contains("Purpose: stewardship"),
        "{}",
        refused.body
    );
    assert_eq!(served.get(&path, &served.steward, "stewardship").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_last_day_of_a_stated_value_reads_back_as_it_was_stated() {
    let desk = Desk::with_a_task().await;
    let asha = desk.signed_in("asha", &[Role::Steward]).await;
    let golden = desk.send("GET", "/1", &asha, "").await.json()["left_golden_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/golden-records/{golden}/overrides");
    let stated = r#"{"attribute": "full_name", "value": "Asha Rani Devi", "reason": "seen", "until": "2099-12-31"}"#;
    let request = Request::post(&path)
        .header(header::COOKIE, &asha)
        .header("purpose", "stewardship")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(stated));
    let done = desk.served.send(request.unwrap()).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let listed = desk.served.get(&path, &desk.served.steward, "stewardship").await.json();
    assert_eq!(listed[0]["until"], "2099-12-31", "{listed}");
    assert_eq!(listed[0]["expires"], "2099-12-31T18:30:00Z", "that day ends in India");
}

#[tokio::test]
async fn many_tasks_are_decided_at_once_and_undone_at_once() {
    let desk = Desk::with_a_task().await;
    let asha = desk.signed_in("asha", &[Role::Steward]).await;
    let body =
        |tasks: &str, more: &str| format!(r#"{{"tasks": {tasks}, "decision": "match", "reason": "one family"{more}}}"#);
    let refused = desk.post("/decisions", &asha, &body("[1, 9]", "")).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert_eq!(refused.headers[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!((&refused.json()["refused"][0]["task"], &refused.json()["status"]), (&9.into(), &409.into()));
    assert_eq!(desk.listed("", &asha).await, ["open"], "nothing was decided");
    let done = desk.post("/decisions", &asha, &body("[1, 9]", r#", "partial": true"#)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let done = done.json();
    assert_eq!((&done["decided"][0], &done["refused"][0]["task"]), (&1.into(), &9.into()));
    assert_eq!(done["applied"][0]["merged"], 1);
    let why = r#"{"reason": "the mothers differ"}"#;
    let undone = desk.post(&format!("/decisions/{}/undo", done["id"]), &asha, why).await;
    assert!(undone.status == StatusCode::OK && undone.json()[0]["restored"] == 1, "{}", undone.body);
    assert_eq!(desk.post(&format!("/decisions/{}/undo", done["id"]), &asha, "").await.status, StatusCode::CONFLICT);
    assert_eq!(desk.post("/decisions", &asha, &body("[]", "")).await.status, StatusCode::CONFLICT);
    let review = body("[1]", "").replace("match", "review");
    assert_eq!(desk.post("/decisions", &asha, &review).await.status, StatusCode::BAD_REQUEST);
}
