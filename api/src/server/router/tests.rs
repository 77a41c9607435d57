//! The whole server over a small hub and its warehouse: what each endpoint answers, to whom.

mod code_versions;
mod codes;
mod fhir;
mod mdms;
mod metrics;
mod relations;
mod rules;
mod schedules;
mod source_records;
mod steward_tasks;

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use kanak_model::{Caller, Role};
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::secrets::os_rng;
use crate::server::state::Cookies;
use crate::testing::House;

mod sharing;
mod vault;

/// A server, and keys of each kind.
struct Served {
    house: House,
    state: AppState,
    department: String,
    analyst: String,
    steward: String,
}

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }
}

fn by() -> Caller {
    Caller::system("test")
}

impl Served {
    async fn over(house: House, cookies: Cookies) -> Self {
        let store = &house.deployment.store;
        let mut keys = Vec::new();
        for role in [Role::Department, Role::Analyst, Role::Steward] {
            let roles = [role].into_iter().collect();
            keys.push(store.create_api_key(&by(), role.word(), &roles, None, None, &mut os_rng()).await.unwrap());
        }
        let [department, analyst, steward] = keys.try_into().unwrap();
        let state = AppState::new(house.deployment.clone(), cookies);
        Self { house, state, department, analyst, steward }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = router(&self.state).oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str, key: &str, purpose: &str) -> Answer {
        let mut request = Request::get(path);
        if !key.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        if !purpose.is_empty() {
            request = request.header("purpose", purpose);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn find_matches(&self, purpose: &str, body: &str) -> Answer {
        self.find_matches_as(&self.department, purpose, body).await
    }

    async fn find_matches_as(&self, key: &str, purpose: &str, body: &str) -> Answer {
        let request = Request::post("/v1/golden-records/matches")
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, body.len())
            .header("purpose", purpose)
            .body(Body::from(body.to_owned()));
        self.send(request.unwrap()).await
    }

    async fn sign_in(&self, password: &str, from: &str) -> Answer {
        let form = self.get("/sign-in", "", "").await;
        let cookie = form.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let before = cookie.split_once('=').unwrap().1;
        let csrf = identify::csrf_token(before);
        let request = Request::post("/sign-in")
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("x-forwarded-for", from)
            .body(Body::from(format!("user_name=harleen&password={password}&csrf={csrf}")));
        self.send(request.unwrap()).await
    }
}

#[test]
fn the_description_is_the_one_that_is_checked_in() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let (_, openapi) = api();
    let ours = format!("{}\n", openapi.to_pretty_json().unwrap());
    if std::env::var_os("KANAK_UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &ours).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        ours == kept,
        "the API has changed; KANAK_UPDATE=1 rewrites {}, then look at the difference",
        path.display()
    );
}

#[test]
fn refusals_are_described_as_problems_with_the_statuses_that_an_endpoint_may_give() {
    let (_, openapi) = api();
    let described: Value = serde_json::from_str(&openapi.to_json().unwrap()).unwrap();
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "4") {
                let media: Vec<&String> = response["content"].as_object().unwrap().keys().collect();
                assert_eq!(media, ["application/problem+json"], "{method} {path} {status}");
            }
            let mut needed = Vec::new();
            if path.starts_with("/v1/") && operation.get("security").is_some() {
                needed.extend(["401", "403", "503"]);
            }
            if operation.get("requestBody").is_some() {
                needed.extend(["400", "413", "422"]);
            }
            for status in needed {
                assert!(responses.contains_key(status), "{method} {path} lacks {status}");
            }
        }
    }
}

#[tokio::test]
async fn every_endpoint_answers_whom_it_is_for() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    for path in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/sign-in",
        "/v1/code-systems",
        "/v1/code-systems/ifsc",
    ] {
        assert_eq!(served.get(path, "", "").await.status, StatusCode::OK, "{path}");
    }
    assert!(served.get("/docs", "", "").await.body.contains("<link rel=\"icon\" href=\"/assets/"));
    let search = served.get("/v1/code-systems/lgd-district/codes?search=ludhiana", "", "").await.json();
    let code = search[0]["code"].as_str().unwrap();
    let looked_up = served.get(&format!("/v1/code-systems/lgd-district/codes/{code}"), "", "").await;
    assert_eq!(looked_up.json()["display"], search[0]["display"]);
    assert!(looked_up.headers.contains_key(header::ETAG));

    for path in ["/v1/sources", "/v1/feed", "/v1/metrics", "/v1/metrics/duplicates_found", "/v1/appraisals"] {
        assert_eq!(served.get(path, "", "").await.status, StatusCode::UNAUTHORIZED, "{path}");
        let answer = served.get(path, &served.analyst, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    }
    for path in ["/v1/appraisals/A-2025-26-0", "/v1/appraisals/..%2Fkeys", "/v1/appraisals/A-2025-26-0/officers/K-1"] {
        assert_eq!(served.get(path, &served.analyst, "").await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let sources = served.get("/v1/sources", &served.analyst, "").await.json();
    assert_eq!((&sources[0]["name"], &sources[0]["live"]), (&"people".into(), &2.into()));
    assert_eq!(served.get("/v1/feed", &served.analyst, "").await.json().as_array().unwrap().len(), 3);
    let tasks = served.get("/v1/steward-tasks", &served.steward, "stewardship").await;
    assert_eq!((tasks.status, tasks.json().as_array().unwrap().len()), (StatusCode::OK, 0));
    let decided = Request::post("/v1/steward-tasks/1/decision")
        .header(header::AUTHORIZATION, format!("Bearer {}", served.steward))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(r#"{ "decision": "match", "reason": "the same" }"#));
    assert_eq!(served.send(decided.unwrap()).await.status, StatusCode::FORBIDDEN, "a decision is a person's");

    let found =
        served.get("/v1/golden-records?entity=citizen&search=asha", &served.department, "service_delivery").await;
    let id = found.json()[0]["golden_id"].as_str().unwrap().to_owned();
    let history = served.get(&format!("/v1/golden-records/{id}/history"), &served.department, "service_delivery").await;
    assert_eq!(history.json()[0]["values"]["full_name"]["value"], "Asha Devi");
}

#[tokio::test]
async fn a_departments_keys_are_shown_only_for_a_purpose_that_shows_a_person() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let personal = served.get("/v1/crosswalks/people/1", &served.department, "service_delivery").await;
    assert_eq!(personal.status, StatusCode::OK);
    let golden = personal.json();
    assert_eq!((&golden["crosswalks"][0]["source"], &golden["crosswalks"][0]["key"]), (&"people".into(), &"1".into()));
    assert_eq!(golden["values"]["full_name"]["source"], "people:1");
    let id = golden["golden_id"].as_str().unwrap();
    let figures = served.get(&format!("/v1/golden-records/{id}"), &served.analyst, "statistics").await;
    assert_eq!(figures.status, StatusCode::OK);
    assert!(!figures.body.contains("people") && figures.json().get("crosswalks").is_none(), "{}", figures.body);
    let refused = served.get("/v1/crosswalks/people/1", &served.analyst, "statistics").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("service_delivery"), "{}", refused.body);
}

#[tokio::test]
async fn an_answer_asked_again_at_its_own_time_is_the_same_byte_for_byte() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let read = async |path: &str| {
        let answer = served.get(path, &served.department, "service_delivery").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer
    };
    let by_key = "/v1/crosswalks/people/1";
    let first = read(by_key).await;
    let golden = format!("/v1/golden-records/{}", first.json()["golden_id"].as_str().unwrap());
    let given = [(by_key.to_owned(), first.body.clone()), (golden.clone(), read(&golden).await.body)];
    let history = read(&format!("{golden}/history")).await.body;
    let known_at = first.json()["known_at"].as_str().unwrap().to_owned();

    served.house.ingest("people_2.csv", "ID,NAME,DOB\n1,Asha Rani Devi,1990-01-02\n").await;
    let output = crate::output::Output::silent();
    crate::commands::resolve::resolve_all(&served.house.deployment, &[], &output).await.unwrap();
    for (path, body) in &given {
        assert!(read(path).await.body.contains("Asha Rani Devi") && !body.contains("Asha Rani Devi"));
        assert_eq!(read(&format!("{path}?known_at={known_at}")).await.body, *body, "{path}");
    }
    assert_eq!(read(&format!("{golden}/history?known_at={known_at}")).await.body, history);
    assert!(read(&format!("{golden}?known_at=2999-12-31")).await.body.contains("Asha Rani Devi"), "no more than now");
    for (asked, status) in [("soon", StatusCode::BAD_REQUEST), ("2001-01-01", StatusCode::NOT_FOUND)] {
        for path in [by_key.to_owned(), golden.clone(), format!("{golden}/history")] {
            let answer = served.get(&format!("{path}?known_at={asked}"), &served.department, "service_delivery").await;
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
            let tells = status == StatusCode::NOT_FOUND && path != by_key;
            assert_eq!(answer.body.contains("it is known since 2"), tells, "{path}: {}", answer.body);
        }
    }
    let nobody = format!("/v1/golden-records/{}?known_at=2001-01-01", kanak_model::GoldenId(99));
    let nobody = served.get(&nobody, &served.department, "service_delivery").await;
    assert!(!nobody.body.contains("known since"), "{}", nobody.body);
}

#[tokio::test]
async fn a_day_is_answered_with_its_statuses_and_the_epochs_of_its_key() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let today = served.state.deployment.clock.now().day_ist();
    let read = async |path: &str| {
        let answer = served.get(path, &served.department, "service_delivery").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.json()
    };
    let by_key = read(&format!("/v1/crosswalks/people/1?as_of={today}")).await;
    let id = by_key["golden_id"].as_str().unwrap();
    assert_eq!(by_key["as_of"], today.to_string());
    assert_eq!(
        (&by_key["key_epochs"][0]["golden_id"], &by_key["status_history"][0]["status"]),
        (&id.into(), &"active".into())
    );
    let golden = read(&format!("/v1/golden-records/{id}?as_of={today}")).await;
    assert_eq!(golden["values"], by_key["values"]);
    let search = "/v1/golden-records?entity=citizen&search=asha";
    let found = read(search).await;
    let known_at = by_key["known_at"].as_str().unwrap();
    for past in [format!("as_of={today}"), format!("known_at={known_at}"), format!("as_of={today}&known_at={known_at}")]
    {
        let again = read(&format!("{search}&{past}")).await;
        assert_eq!((again.as_array().unwrap().len(), &again[0]["values"]), (1, &found[0]["values"]), "{past}");
    }
    for nothing in ["as_of=2001-01-01", "known_at=2001-01-01"] {
        assert_eq!(read(&format!("{search}&{nothing}")).await.as_array().unwrap().len(), 0, "{nothing}");
    }
    for (asked, status) in [("yesterday", StatusCode::BAD_REQUEST), ("2001-01-01", StatusCode::NOT_FOUND)] {
        for path in ["/v1/crosswalks/people/1".to_owned(), format!("/v1/golden-records/{id}")] {
            let answer = served.get(&format!("{path}?as_of={asked}"), &served.department, "service_delivery").await;
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn each_golden_record_that_a_search_shows_is_on_record() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let store = &served.house.deployment.store;
    let path = "/v1/golden-records?entity=citizen&search=";
    let found = served.get(&format!("{path}asha"), &served.department, "service_delivery").await.json();
    served.get(&format!("{path}zebra"), &served.department, "service_delivery").await;
    let entries = store.list_audit_events(0, 1000).await.unwrap();
    let subjects: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.event.action == "searched golden records")
        .map(|entry| entry.event.subject.as_str())
        .collect();
    assert_eq!(subjects, [found[0]["golden_id"].as_str().unwrap(), "citizen, nothing found"]);
}

#[tokio::test]
async fn reads_that_are_refused_or_find_nobody_are_on_record_by_id_and_never_by_key() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let store = &served.house.deployment.store;
    let roles = [Role::Department].into_iter().collect();
    let districts = ["41".to_owned()].into_iter().collect();
    let key = store.create_api_key(&by(), "confined", &roles, Some(&districts), None, &mut os_rng()).await.unwrap();
    let golden = store.list_links("citizen").await.unwrap()[0].golden_id.to_string();
    let missing = kanak_model::GoldenId(900_000).to_string();
    let record = |id: &str| format!("/v1/golden-records/{id}");
    for (path, purpose, status) in [
        (record(&golden), "service_delivery", StatusCode::NOT_FOUND),
        (record(&missing), "service_delivery", StatusCode::NOT_FOUND),
        (record(&golden), "stewardship", StatusCode::FORBIDDEN),
        (format!("{}/history", record(&golden)), "service_delivery", StatusCode::NOT_FOUND),
        ("/v1/crosswalks/people/1".to_owned(), "service_delivery", StatusCode::NOT_FOUND),
        ("/v1/crosswalks/people/PB-77".to_owned(), "service_delivery", StatusCode::NOT_FOUND),
        ("/v1/golden-records?entity=citizen&search=asha".to_owned(), "audit", StatusCode::FORBIDDEN),
        ("/v1/steward-tasks/9".to_owned(), "stewardship", StatusCode::FORBIDDEN),
        ("/v1/metrics/nothing".to_owned(), "audit", StatusCode::FORBIDDEN),
        ("/v1/code-systems/nothing".to_owned(), "", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(served.get(&path, &key, purpose).await.status, status, "{path}");
    }
    let entries = store.list_audit_events(0, 1000).await.unwrap();
    let of_key: Vec<_> =
        entries.iter().map(|entry| &entry.event).filter(|event| event.actor == "key:confined").collect();
    let told: Vec<(&str, &str, &str)> = of_key
        .iter()
        .map(|event| (event.action.as_str(), event.subject.as_str(), event.purpose.unwrap().word()))
        .collect();
    let (refused, nothing) = ("read refused", "read found nothing");
    assert_eq!(
        told,
        [
            (nothing, golden.as_str(), "service_delivery"),
            (nothing, missing.as_str(), "service_delivery"),
            (refused, golden.as_str(), "stewardship"),
            (nothing, golden.as_str(), "service_delivery"),
            (nothing, "source record 1", "service_delivery"),
            (nothing, "source people, no such key", "service_delivery"),
            (refused, "/v1/golden-records", "audit"),
            (refused, "steward task 9", "stewardship"),
        ]
    );
    assert!(!format!("{of_key:?}").contains("PB-77") && !format!("{of_key:?}").contains("asha"), "{of_key:?}");
    assert_eq!(of_key[0].detail["asked"], "/v1/golden-records/{id}");
    // Whom nobody was shown is not affected.
    let (from, to) = (kanak_model::Timestamp(0), kanak_model::Timestamp(i64::MAX));
    let affected = store.list_affected_by_actor("key:confined", from, to).await.unwrap();
    assert!(affected.golden.is_empty(), "{affected:?}");
    assert_eq!((affected.unnamed[refused], affected.unnamed[nothing]), (3, 5));
}

#[tokio::test]
async fn without_a_release_a_figure_is_not_ready_rather_than_wrong() {
    let served = Served::over(House::new().await, Cookies::Loopback).await;
    let answer = served.get("/v1/metrics/duplicates_found", &served.analyst, "").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("kanak refresh"), "{}", answer.body);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn whoever_is_about_to_enter_a_person_is_told_who_is_there() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let asked = r#"{"entity": "citizen", "values": {"full_name": "ASHA DEVI", "date_of_birth": "02/01/1990"}}"#;
    let early = served.find_matches("service_delivery", asked).await;
    assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE, "{}", early.body);
    let deployment = &served.state.deployment;
    crate::jobs::live::warm(deployment, deployment.get_model("citizen").unwrap()).await.unwrap();
    let found = served.find_matches("service_delivery", asked).await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.body);
    let found = found.json();
    let best = &found["matches"][0];
    assert_eq!(best["golden_record"]["values"]["full_name"]["value"], "Asha Devi");
    assert_eq!(best["golden_record"]["values"]["date_of_birth"]["value"], "1990-01-02");
    assert!(found["compared"].as_u64().unwrap() > 0, "{found}");
    let on_record = deployment.store.list_audit_events(0, 100).await.unwrap();
    assert!(on_record.iter().any(|entry| entry.event.action == "looked for matches"));
    // Whoever is confined to a district is not told how many there are elsewhere.
    let roles = [Role::Department].into_iter().collect();
    let districts = ["41".to_owned()].into_iter().collect();
    let store = &deployment.store;
    let key = store.create_api_key(&by(), "confined", &roles, Some(&districts), None, &mut os_rng()).await.unwrap();
    let there = served.find_matches_as(&key, "service_delivery", asked).await;
    let stranger = r#"{"entity": "citizen", "values": {"full_name": "Wholly Other", "date_of_birth": "1931-12-30"}}"#;
    let nobody = served.find_matches_as(&key, "service_delivery", stranger).await;
    assert_eq!((there.status, &there.body), (StatusCode::OK, &nobody.body));
    assert_eq!(there.json()["matches"].as_array().unwrap().len(), 0);

    let check = async |purpose: &str, values: &str, status: StatusCode, says: &str| {
        let body = format!(r#"{{"entity": "citizen", "values": {values}}}"#);
        let answer = served.find_matches(purpose, &body).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.body.contains(says), "{}", answer.body);
    };
    check("service_delivery", r#"{"name": "Asha"}"#, StatusCode::BAD_REQUEST, "no attribute `name`").await;
    check("service_delivery", r#"{"date_of_birth": "31/02/1990"}"#, StatusCode::BAD_REQUEST, "no such day").await;
    let long = format!(r#"{{"full_name": "{}"}}"#, "a b ".repeat(10_000));
    check("service_delivery", &long, StatusCode::BAD_REQUEST, "`full_name` has more than").await;
    check("service_delivery", r#"{"full_name": "Wholly Other"}"#, StatusCode::OK, r#""matches":[]"#).await;
    check("statistics", r#"{"full_name": "Asha Devi"}"#, StatusCode::FORBIDDEN, "`statistics`").await;
}

#[tokio::test]
async fn counts_for_the_monitoring_are_not_read_at_every_look() {
    let served = Served::over(House::new().await, Cookies::Loopback).await;
    let before = served.get("/metrics", "", "").await.body;
    served.house.ingest("people_1.csv", "ID,NAME,DOB\n1,Asha Devi,1990-01-02\n").await;
    let gauges = |text: &str| {
        text.lines().filter(|line| line.starts_with("kanak_golden")).map(str::to_owned).collect::<Vec<_>>()
    };
    crate::commands::resolve::resolve_all(&served.house.deployment, &[], &crate::output::Output::silent())
        .await
        .unwrap();
    assert_eq!(gauges(&served.get("/metrics", "", "").await.body), gauges(&before));
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_told_to_come_back() {
    let mut served = Served::over(House::new().await, Cookies::Loopback).await;
    served.state.request_timeout = Duration::from_millis(50);
    let _all = served.state.room.acquire_many(admit::REQUESTS_MAX as u32).await.unwrap();
    let answer = served.get("/v1/code-systems", "", "").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    // Who asks whether the server lives waits for nobody's turn.
    served.state.request_timeout = admit::REQUEST;
    assert_eq!(served.get("/healthz", "", "").await.status, StatusCode::OK);
    assert!(served.get("/readyz", "", "").await.body.contains("kanak refresh"));
}

/// Sends the beginning of a request over a connection of its own, and keeps the connection.
async fn begin(address: std::net::SocketAddr, request: &str) -> tokio::net::TcpStream {
    use tokio::io::AsyncWriteExt as _;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// What is answered on a connection, until it ends.
async fn answered(mut stream: tokio::net::TcpStream) -> String {
    use tokio::io::AsyncReadExt as _;
    let mut answer = String::new();
    let all = tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut answer)).await;
    all.expect("an answer in time").unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_come_slowly_keep_nobody_waiting_and_are_given_up() {
    let mut served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    served.state.body_timeout = Duration::from_secs(8);
    served.state.room = Arc::new(tokio::sync::Semaphore::new(4));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(crate::server::listen::serve(listener, router(&served.state), std::future::pending()));
    let form = "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\nContent-Length:";
    let mut slow = Vec::new();
    for _ in 0..40 {
        slow.push(begin(address, &format!("POST /sign-in HTTP/1.1\r\nHost: a\r\n{form} 1000\r\n\r\nu")).await);
    }
    let requests = [
        "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(),
        "GET /v1/code-systems HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(),
        format!("POST /sign-in HTTP/1.1\r\nHost: a\r\n{form} 28\r\n\r\nuser_name=a&password=b&csrf="),
    ];
    for (request, status) in requests.iter().zip(["200 OK", "200 OK", "403 Forbidden"]) {
        let answer = tokio::time::timeout(Duration::from_secs(6), answered(begin(address, request).await)).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer to {request}"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    let given_up = answered(slow.pop().unwrap()).await;
    assert!(given_up.starts_with("HTTP/1.1 408"), "{given_up}");
    serving.abort();
}

#[tokio::test]
async fn an_address_that_guesses_passwords_is_stopped_and_another_is_not() {
    let mut served = Served::over(House::new().await, Cookies::Loopback).await;
    let mut config = (*served.state.deployment.config).clone();
    config.public_url = Some("https://hub.example".to_owned());
    served.state.deployment.config = Arc::new(config);
    served.state.cookies = Cookies::Secure;
    let mut refused = StatusCode::OK;
    // A slow machine gives an attempt back meanwhile: some more than it has at hand.
    for _ in 0..40 {
        refused = served.sign_in("wrong", "10.0.0.1").await.status;
        if refused == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!(refused, StatusCode::TOO_MANY_REQUESTS);
    let roles = [Role::Steward].into_iter().collect();
    let store = &served.house.deployment.store;
    store.create_user(&by(), "harleen", "correct-horse-battery", &roles, None, &mut os_rng()).await.unwrap();
    // The guesses keep nobody out elsewhere.
    let welcome = served.sign_in("correct-horse-battery", "10.0.0.2").await;
    assert_eq!(welcome.status, StatusCode::SEE_OTHER);
    let set: Vec<&str> =
        welcome.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
    assert!(set.iter().any(|line| line.starts_with("__Host-kanak_session=") && line.contains("Secure")), "{set:?}");
    assert!(set.iter().all(|line| line.contains("Secure") && line.contains("Path=/")), "{set:?}");
    assert!(welcome.headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
}

#[tokio::test]
async fn what_is_refused_before_a_handler_is_a_problem_too() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let key = served.department.clone();
    let check = |answer: Answer, status: StatusCode, says: &str| {
        let problem = answer.json();
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json", "{problem}");
        assert_eq!((answer.status, &problem["status"]), (status, &status.as_u16().into()), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    };
    let get = |path: &'static str| served.get(path, &key, "service_delivery");
    check(get("/v1/golden-record").await, StatusCode::NOT_FOUND, "/v1/golden-record");
    check(get("/v1/feed?after=soon").await, StatusCode::BAD_REQUEST, "after");
    let wrong = get("/v1/golden-records/matches").await;
    assert_eq!(wrong.headers[header::ALLOW], "POST");
    check(wrong, StatusCode::METHOD_NOT_ALLOWED, "does not take GET");
    check(served.find_matches("service_delivery", "{").await, StatusCode::BAD_REQUEST, "JSON");
    let told = "`values.full_name` in the body (line 1, column 47) cannot be taken; send a text";
    let number = served.find_matches("service_delivery", r#"{"entity": "citizen", "values": {"full_name": 7}}"#).await;
    check(number, StatusCode::UNPROCESSABLE_ENTITY, told);
    let without = served.find_matches("service_delivery", r#"{"entity": "citizen"}"#).await;
    check(without, StatusCode::UNPROCESSABLE_ENTITY, "`values` is missing in the body");
    check(get("/v1/golden-records?search=asha").await, StatusCode::BAD_REQUEST, "`entity` is missing in the query");
    check(get("/v1/steward-tasks/first").await, StatusCode::BAD_REQUEST, "digits alone");
    let large = format!("{{\"entity\": \"{}\"}}", "x".repeat(admit::BODY_BYTES_MAX));
    check(served.find_matches("service_delivery", &large).await, StatusCode::PAYLOAD_TOO_LARGE, "matches");
}

#[tokio::test]
async fn what_is_no_page_is_answered_with_a_page_and_the_right_status() {
    let served = Served::over(House::new().await, Cookies::Loopback).await;
    for (path, status, says) in [
        ("/nosuch", StatusCode::NOT_FOUND, "/nosuch"),
        ("/sign-out", StatusCode::METHOD_NOT_ALLOWED, "GET /sign-out"),
        ("/proposals/1/approval", StatusCode::METHOD_NOT_ALLOWED, "href=\"/proposals\""),
    ] {
        let answer = served.get(path, "", "").await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{path}");
        assert!(answer.body.contains("<h1>") && answer.body.contains(says), "{path}: {}", answer.body);
    }
    assert_eq!(served.get("/sign-out", "", "").await.headers[header::ALLOW], "POST");
    let number = "234123412346";
    assert!(!served.get(&format!("/{number}"), "", "").await.body.contains(number), "no Aadhaar number is repeated");
}

/// Events of a stream that is being read.
struct Stream {
    status: StatusCode,
    frames: axum::body::BodyDataStream,
    text: String,
}

impl Served {
    async fn stream(&self, key: &str, query: &str, last_event_id: Option<&str>) -> Stream {
        let mut request = Request::get(format!("/v1/feed/events{query}"))
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header("purpose", "service_delivery")
            .header(header::ACCEPT_ENCODING, "gzip");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = router(&self.state).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        Stream { status, frames: response.into_body().into_data_stream(), text: String::new() }
    }

    async fn more_people(&self, number: usize) {
        let name = ["Chitra Rani", "Deepak Singh", "Esha Kaur", "Farid Khan"][number % 4];
        let row = format!("ID,NAME,DOB\n{},{name},19{:02}-05-06\n", number + 10, number + 40);
        self.house.ingest(&format!("people_{}.csv", number + 10), &row).await;
        let silent = crate::output::Output::silent();
        crate::commands::resolve::resolve_all(&self.house.deployment, &[], &silent).await.unwrap();
    }
}

impl Stream {
    /// The next event as (id, data); `None` when the stream has ended.
    async fn next(&mut self) -> Option<(i64, Option<Value>)> {
        use futures::StreamExt as _;
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let read = line("id:").map(|id| (id.parse().unwrap(), line("data:").map(serde_json::from_str)));
                self.text = rest.to_owned();
                // A comment, the heartbeat, has neither.
                if let Some((id, data)) = read {
                    return Some((id, data.transpose().unwrap()));
                }
                continue;
            }
            let frame = tokio::time::timeout(Duration::from_secs(20), self.frames.next()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&frame.unwrap()).unwrap());
        }
    }

    async fn ids(&mut self, count: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        while ids.len() < count {
            ids.push(self.next().await.expect("the stream goes on").0);
        }
        ids
    }
}

#[tokio::test]
async fn a_stream_tells_what_is_and_what_comes_and_goes_on_where_its_reader_stopped() {
    let mut served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    // A stream outlives the time that a request may take.
    served.state.request_timeout = Duration::from_secs(2);
    let mut stream = served.stream(&served.department, "?after=1&expand=values", None).await;
    assert_eq!(stream.status, StatusCode::OK);
    let (id, data) = stream.next().await.unwrap();
    let data = data.unwrap();
    assert_eq!((id, &data["position"], &data["change"]), (2, &2.into(), &"created".into()));
    assert!(data["after"]["values"]["full_name"].as_str().unwrap().contains(' '), "{data}");
    assert_eq!(stream.ids(1).await, [3]);
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    served.more_people(0).await;
    assert_eq!(stream.ids(1).await, [4]);
    drop(stream);
    served.more_people(1).await;
    let mut again = served.stream(&served.department, "?after=0", Some("3")).await;
    // Rules that a fourth person has outgrown may be told of as well.
    let end = served.house.deployment.store.feed_position().await.unwrap().0;
    let missed: Vec<i64> = (4..=end).collect();
    assert_eq!(again.ids(missed.len()).await, missed, "Last-Event-ID goes before `after`; nothing is lost or twice");
    assert!(again.next_is_none_after_end(&served).await);
    let entries = served.house.deployment.store.list_audit_events(0, 1000).await.unwrap();
    let shown = entries.iter().filter(|entry| entry.event.action == "read golden record in feed").count();
    assert_eq!(shown, 3, "values of three golden records were shown, those of the second stream were not");
}

impl Stream {
    /// Whether the stream ends when the server does.
    async fn next_is_none_after_end(&mut self, served: &Served) -> bool {
        served.state.ending.send_replace(true);
        self.next().await.is_none()
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_key_and_with_the_role_that_opened_it() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let store = &served.house.deployment.store;
    let mut stream = served.stream(&served.department, "?after=2&expand=values", None).await;
    assert_eq!(stream.ids(1).await, [3]);
    let key = store.find_api_key(&served.department).await.unwrap().unwrap();
    store.disable_api_key(&by(), key.id).await.unwrap();
    served.more_people(0).await;
    assert_eq!(stream.next().await, None, "a key that opens nothing any more");

    let roles = [Role::Department].into_iter().collect();
    let user = store.create_user(&by(), "harleen", "correct-horse-battery", &roles, None, &mut os_rng()).await.unwrap();
    let token = store.start_session(user, 3_600_000_000, &mut os_rng()).await.unwrap();
    let end = store.feed_position().await.unwrap().0;
    let request = Request::get(format!("/v1/feed/events?after={}&expand=values", end - 1))
        .header(header::COOKIE, format!("{}={token}", identify::SESSION_COOKIE))
        .header("purpose", "service_delivery")
        .body(Body::empty());
    let response = router(&served.state).oneshot(request.unwrap()).await.unwrap();
    let mut stream =
        Stream { status: response.status(), frames: response.into_body().into_data_stream(), text: String::new() };
    assert_eq!(stream.ids(1).await, [end]);
    store.set_user_access(&by(), user, &[Role::Analyst].into_iter().collect(), None).await.unwrap();
    served.more_people(1).await;
    assert_eq!(stream.next().await, None, "somebody whose roles serve the purpose no more");
}

#[tokio::test]
async fn readers_that_are_cut_anywhere_and_come_back_see_every_event_once() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    for number in 0..4 {
        served.more_people(number).await;
    }
    let end = served.house.deployment.store.feed_position().await.unwrap().0;
    for step in 1..=4 {
        let (mut seen, mut kept) = (Vec::new(), 0);
        while kept < end {
            let mut stream = served.stream(&served.department, "", Some(&kept.to_string())).await;
            seen.extend(stream.ids(step.min((end - kept) as usize)).await);
            kept = *seen.last().unwrap();
        }
        assert_eq!(seen, (1..=end).collect::<Vec<_>>(), "cut after every {step}");
    }
}

#[tokio::test]
async fn a_stream_needs_a_place_a_key_and_a_position_that_there_is() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    assert_eq!(served.stream(&served.department, "", Some("4")).await.status, StatusCode::CONFLICT);
    assert_eq!(served.stream(&served.department, "", Some("x")).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(served.stream("kanak_none", "", None).await.status, StatusCode::UNAUTHORIZED);
    let all = Arc::clone(&served.state.streams)
        .acquire_many_owned(crate::server::admit::FEED_STREAMS_MAX as u32)
        .await
        .unwrap();
    assert_eq!(served.stream(&served.department, "", None).await.status, StatusCode::SERVICE_UNAVAILABLE);
    drop(all);
    let open = served.stream(&served.department, "", None).await;
    assert_eq!(served.state.streams.available_permits(), crate::server::admit::FEED_STREAMS_MAX - 1);
    drop(open);
    assert_eq!(served.state.streams.available_permits(), crate::server::admit::FEED_STREAMS_MAX);
}

#[tokio::test]
async fn a_reader_confined_to_a_district_is_led_past_what_is_not_its_own() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let roles = [Role::Department].into_iter().collect();
    let districts = ["41".to_owned()].into_iter().collect();
    let store = &served.house.deployment.store;
    let key = store.create_api_key(&by(), "confined", &roles, Some(&districts), None, &mut os_rng()).await.unwrap();
    let answer = served.get("/v1/feed?after=1&expand=values", &key, "service_delivery").await;
    assert_eq!((answer.body.as_str(), &answer.headers["feed-position"]), ("[]", &axum::http::HeaderValue::from(3)));
    let mut stream = served.stream(&key, "?after=1", None).await;
    assert_eq!(stream.next().await.unwrap(), (3, None), "an id without data");
}

#[tokio::test]
async fn the_feed_tells_values_to_whom_may_see_them_and_only_when_asked() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    let plain = served.get("/v1/feed?after=1&limit=1", &served.department, "service_delivery").await;
    assert_eq!(plain.headers["feed-position"], "2");
    assert!(plain.json()[0].get("after").is_none());
    let name = |answer: &Answer| answer.json()[0]["after"]["values"]["full_name"].clone();
    let person = served.get("/v1/feed?after=1&expand=values&limit=1", &served.department, "service_delivery").await;
    assert!(name(&person).is_string(), "{}", person.body);
    let figures = served.get("/v1/feed?after=1&expand=values&limit=1", &served.analyst, "statistics").await;
    assert!(figures.json()[0]["after"]["status"].is_string() && name(&figures).is_null(), "{}", figures.body);
    assert_eq!(served.get("/v1/feed?after=4", &served.analyst, "").await.status, StatusCode::CONFLICT);
    assert_eq!(served.get("/v1/feed?expand=all", &served.analyst, "").await.status, StatusCode::BAD_REQUEST);
}
