//! Versions of code systems over HTTP: two stewards, a dry run, and the signed bundle.

use kanak_store::AuditKey;
use serde_json::json;

use super::*;
use crate::jobs::code_bundle;

const TABLE: &str = "code,display\nX-1,First new post\nX-2,Second new post\n";

struct Office {
    served: Served,
}

impl Office {
    async fn new() -> Self {
        let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
        for (name, role) in [("asha", Role::Steward), ("bina", Role::Steward), ("anil", Role::Analyst)] {
            let roles = [role].into_iter().collect();
            let store = &served.state.deployment.store;
            store.create_user(&by(), name, "a long password", &roles, None, &mut os_rng()).await.unwrap();
        }
        Self { served }
    }

    async fn post(&self, name: &str, path: &str, body: &str) -> Answer {
        let store = &self.served.state.deployment.store;
        let user = store.find_user_by_name(name).await.unwrap().unwrap().id;
        let token = store.start_session(user, 3_600_000_000, &mut os_rng()).await.unwrap();
        let request = Request::post(format!("/v1/code-systems/{path}"))
            .header(header::COOKIE, format!("{}={token}", identify::SESSION_COOKIE))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, body.len())
            .body(Body::from(body.to_owned()));
        self.served.send(request.unwrap()).await
    }
}

#[tokio::test]
async fn a_list_is_proposed_by_one_steward_and_published_by_another() {
    let office = Office::new().await;
    let served = &office.served;
    let import = "designation/versions?version=new&reason=posts+of+2026";
    let dry = office.post("asha", &format!("{import}&dry_run=true"), TABLE).await;
    assert_eq!(dry.status, StatusCode::OK, "{}", dry.body);
    let difference = &dry.json()["difference"];
    assert_eq!((&difference["added"], &difference["rows"][0]["change"]), (&json!(2), &json!("removed")));
    assert!(dry.json().get("proposed").is_none());
    let version = "/v1/code-systems/designation/versions/new";
    assert_eq!(served.get(version, &served.steward, "").await.status, StatusCode::NOT_FOUND, "nothing was written");

    assert_eq!(office.post("anil", import, TABLE).await.status, StatusCode::FORBIDDEN);
    let key = Request::post(format!("/v1/code-systems/{import}"))
        .header(header::AUTHORIZATION, format!("Bearer {}", served.steward))
        .body(Body::from(TABLE));
    assert_eq!(served.send(key.unwrap()).await.status, StatusCode::FORBIDDEN, "a key is nobody");
    let bad = office.post("asha", import, "code,display\nX-1,\n").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", bad.body);
    assert!(bad.body.contains("line 2"), "{}", bad.body);

    let proposed = office.post("asha", import, TABLE).await;
    assert_eq!(proposed.status, StatusCode::CREATED, "{}", proposed.body);
    assert_eq!(proposed.json()["proposed"]["state"], "proposed");
    let other = office.post("bina", import, "code,display\nX-1,Another post\n").await;
    assert_eq!(other.status, StatusCode::CONFLICT, "{}", other.body);
    assert!(other.body.contains("has version `new` already"), "{}", other.body);
    let own = office.post("asha", "designation/versions/new/publication", "").await;
    assert_eq!(own.status, StatusCode::CONFLICT, "{}", own.body);
    assert_eq!(served.get("/v1/code-systems/designation/codes/X-1", "", "").await.status, StatusCode::NOT_FOUND);
    let current = async || {
        let told = served.get("/v1/code-currency", "", "").await.json();
        told.as_array().unwrap().iter().find(|one| one["system"] == "designation").unwrap().clone()
    };
    assert!(current().await["version"] != "new" && current().await.get("published_after_days").is_none());
    let published = office.post("bina", "designation/versions/new/publication", "").await;
    assert_eq!(published.status, StatusCode::OK, "{}", published.body);
    assert_eq!((&current().await["version"], &current().await["rows_real"]), (&json!("new"), &json!(2)));
    assert_eq!(published.json()["people"]["decided_by"], "bina");
    let found = served.get("/v1/code-systems/designation/codes/X-1", "", "").await;
    assert_eq!(found.json()["display"], "First new post");
    assert_eq!(served.get("/v1/code-systems/designation", "", "").await.json()["version"], "new");

    let told = served.get("/v1/feed?after=3", &served.analyst, "").await.json();
    let event = told.as_array().unwrap().last().unwrap().clone();
    assert_eq!((&event["change"], &event["published"]["added"]), (&json!("codes_published"), &json!(2)), "{event}");
    assert_eq!(event["published"]["codes"]["added"], json!(["X-1", "X-2"]));
    let link = event["published"]["codes"]["difference"].as_str().unwrap();
    let shown = served.get(link, &served.analyst, "").await;
    assert_eq!(shown.json()["difference"]["added"], 2, "{}", shown.body);
    assert!(!shown.body.contains("bina"), "who curates is not told to everybody: {}", shown.body);
}

#[tokio::test]
async fn a_version_is_refused_with_a_reason_or_taken_back() {
    let office = Office::new().await;
    let import = "designation/versions?version=new";
    office.post("asha", import, TABLE).await;
    let refuse = "designation/versions/new/refusal";
    let own = office.post("asha", refuse, r#"{"reason":"a slip"}"#).await;
    assert_eq!(own.status, StatusCode::CONFLICT, "{}", own.body);
    assert_eq!(office.post("bina", refuse, r#"{"reason":" "}"#).await.status, StatusCode::CONFLICT);
    let refused = office.post("bina", refuse, r#"{"reason":"X-3 is missing"}"#).await;
    assert_eq!((refused.status, &refused.json()["state"]), (StatusCode::OK, &json!("refused")), "{}", refused.body);
    let again = office.post("asha", import, &format!("{TABLE}X-3,Third\n")).await;
    assert_eq!(again.status, StatusCode::CREATED, "its name is free: {}", again.body);
    let withdraw = "designation/versions/new/withdrawal";
    assert_eq!(office.post("bina", withdraw, "").await.status, StatusCode::CONFLICT);
    assert_eq!(office.post("asha", withdraw, "").await.status, StatusCode::OK);
    assert_eq!(office.post("bina", "designation/versions/new/publication", "").await.status, StatusCode::CONFLICT);
    assert_eq!(office.post("bina", "designation/versions/none/publication", "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_bundle_is_public_kept_by_its_tag_and_another_after_a_publication() {
    let office = Office::new().await;
    let served = &office.served;
    let get = async |tag: Option<&axum::http::HeaderValue>| {
        let mut request = Request::get("/v1/code-bundle").header(header::ACCEPT_ENCODING, "gzip");
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let response = router(&served.state).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        (status, headers, axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap())
    };
    let (status, headers, bytes) = get(None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!headers.contains_key(header::CONTENT_ENCODING), "what is packed is not packed again");
    let key: AuditKey = served.state.deployment.store.audit_key().unwrap();
    assert!(code_bundle::open(&bytes, &key).unwrap().systems.len() > 15);
    let tag = headers[header::ETAG].clone();
    assert!(tag.to_str().unwrap().starts_with('"'), "strong: {tag:?}");
    let (status, _, bytes) = get(Some(&tag)).await;
    assert_eq!((status, bytes.len()), (StatusCode::NOT_MODIFIED, 0));
    office.post("asha", "designation/versions?version=new", TABLE).await;
    assert_eq!(get(Some(&tag)).await.0, StatusCode::NOT_MODIFIED, "what waits is not in it");
    office.post("bina", "designation/versions/new/publication", "").await;
    let (status, headers, bytes) = get(Some(&tag)).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(headers[header::ETAG], tag);
    let opened = code_bundle::open(&bytes, &key).unwrap();
    assert!(opened.systems.contains(&("designation".to_owned(), "new".to_owned(), 2)), "{:?}", opened.systems);
}

#[tokio::test]
async fn defects_are_listed_by_system_for_whoever_has_a_key() {
    let served = Served::over(House::with_two_people().await, Cookies::Loopback).await;
    assert_eq!(served.get("/v1/code-defects", "", "").await.status, StatusCode::UNAUTHORIZED);
    let all = served.get("/v1/code-defects?limit=3", &served.steward, "").await.json();
    assert_eq!(all["defects"].as_array().unwrap().len(), 3);
    assert!(all["total"].as_u64().unwrap() > 3, "{all}");
    let next = served.get("/v1/code-defects?limit=1&skip=2", &served.steward, "").await.json();
    assert_eq!(next["defects"][0], all["defects"][2]);
    let of_one = served.get("/v1/code-defects?system=department", &served.steward, "").await.json();
    let defects = of_one["defects"].as_array().unwrap();
    assert!(!defects.is_empty() && defects.iter().all(|one| one["system"] == "department"), "{of_one}");
    assert!(defects.iter().all(|one| !one["remedy"].as_str().unwrap().is_empty()));
    let missing = served.get("/v1/code-defects?system=nowhere", &served.steward, "").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);

    let rows = crate::jobs::code_currency::list_currency(&served.state.deployment).await.unwrap();
    let department = rows.iter().find(|row| row.system == "department").unwrap();
    assert_eq!(department.defects, defects.len());
    assert!(department.age_days.is_some() && department.published_after_days.is_none(), "{department:?}");
}

#[tokio::test]
async fn a_list_that_lacks_a_district_is_published_only_with_consent_and_its_outline_says_so() {
    let office = Office::new().await;
    let served = &office.served;
    let codes = served.state.deployment.codes();
    let punjab = codes.get_system("lgd-district").unwrap().children("3").filter(|district| district.code() != "27");
    let rows: String = punjab.map(|district| format!("{},{},3\n", district.code(), district.display())).collect();
    let table = format!("code,display,parent\n{rows}");
    let import = "lgd-district/versions?version=new";
    let dry = office.post("asha", &format!("{import}&dry_run=true"), &table).await;
    assert_eq!(dry.status, StatusCode::OK, "{}", dry.body);
    let lost = dry.json()["difference"]["references_lost"].clone();
    assert!(lost["count"].as_u64().unwrap() > 1_000, "{lost}");
    let refused = office.post("asha", import, &table).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert!(refused.body.contains("lgd-subdistrict") && refused.body.contains("accept_removed"), "{}", refused.body);
    let proposed = office.post("asha", &format!("{import}&accept_removed=true"), &table).await;
    assert_eq!(proposed.status, StatusCode::CREATED, "{}", proposed.body);
    let publish = "lgd-district/versions/new/publication";
    assert_eq!(office.post("bina", publish, "").await.status, StatusCode::CONFLICT);
    let amritsar = "/v1/code-systems/lgd-district/at?lat=31.62&lon=74.876";
    assert_eq!(served.get(amritsar, "", "").await.status, StatusCode::OK);
    let published = office.post("bina", &format!("{publish}?accept_removed=true"), "").await;
    assert_eq!(published.status, StatusCode::OK, "{}", published.body);
    let missing = served.get(amritsar, "", "").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND, "{}", missing.body);
    assert!(missing.body.contains("Amritsar") && missing.body.contains("`new`"), "{}", missing.body);
    let ludhiana = served.get("/v1/code-systems/lgd-district/at?lat=30.9&lon=75.85", "", "").await;
    assert_eq!((ludhiana.status, &ludhiana.json()["district"]["code"]), (StatusCode::OK, &json!("36")));

    let again = office.post("asha", import, &table).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    let again = again.json();
    assert_eq!((&again["is_there"], &again["proposed"]["state"]), (&json!(true), &json!("published")));
}

#[tokio::test]
async fn a_master_of_digit_as_it_is_answered_here_changes_nothing_when_it_is_imported() {
    let office = Office::new().await;
    for (system, schema) in
        [("department", "common-masters.Department"), ("complaint-type", "RAINMAKER-PGR.ServiceDefs")]
    {
        let criteria = json!({ "MdmsCriteria": { "tenantId": "pb", "schemaCode": schema, "limit": 10_000 } });
        let request = Request::post("/mdms-v2/v2/_search").header(header::CONTENT_TYPE, "application/json");
        let answered = office.served.send(request.body(Body::from(criteria.to_string())).unwrap()).await;
        assert!(answered.json()["mdms"].as_array().unwrap().len() > 40, "{}", answered.body);
        let import = format!("{system}/versions?version=new&dry_run=true");
        let read = office.post("asha", &import, &answered.body).await;
        assert_eq!(read.status, StatusCode::OK, "{}", read.body);
        let difference = read.json()["difference"].clone();
        let counts = ["added", "changed", "retired", "removed"].map(|kind| difference[kind].as_u64());
        assert_eq!(counts, [Some(0); 4], "{difference}");
    }
}
