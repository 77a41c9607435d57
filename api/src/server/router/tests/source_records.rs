//! Departments write the rows of their own registers, enter people after a search, and answer to corrections.

use kanak_model::UserId;
use kanak_store::Member;

use super::*;
use crate::commands::resolve::resolve_all;
use crate::jobs::verify::{Outcome, verify};
use crate::output::Output;
use crate::testing::person;

/// A server over three hundred people, with a key of the department whose registers both are.
struct Desk {
    served: Served,
    own: String,
}

impl Desk {
    async fn new() -> Self {
        Self::over(House::with_people().await).await
    }

    async fn over(house: House) -> Self {
        let served = Served::over(house, Cookies::Loopback).await;
        let deployment = &served.state.deployment;
        crate::jobs::live::warm(deployment, deployment.get_model("citizen").unwrap()).await.unwrap();
        let own = served.own_key("own", "TEST", None).await;
        Self { served, own }
    }

    async fn put(&self, path: &str, body: &str) -> Answer {
        self.served.send_row("PUT", path, &self.own, &[], body).await
    }

    /// The cookie of a steward who has signed in.
    async fn steward(&self) -> String {
        self.steward_named("harleen").await
    }

    async fn steward_named(&self, name: &str) -> String {
        let store = &self.served.house.deployment.store;
        let roles = [Role::Steward].into_iter().collect();
        let user: UserId =
            store.create_user(&by(), name, "correct-horse-battery", &roles, None, &mut os_rng()).await.unwrap();
        let token = store.start_session(user, 3_600_000_000, &mut os_rng()).await.unwrap();
        format!("{}={token}", identify::SESSION_COOKIE)
    }

    async fn as_steward(&self, method: &str, path: &str, cookie: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, cookie)
            .header("purpose", "stewardship")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()));
        self.served.send(request.unwrap()).await
    }
}

impl Served {
    async fn own_key(&self, name: &str, department: &str, districts: Option<&[&str]>) -> String {
        let store = &self.house.deployment.store;
        let roles = [Role::Department].into_iter().collect();
        let districts = districts.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect());
        let key = store.create_api_key(&by(), name, &roles, districts.as_ref(), None, &mut os_rng()).await.unwrap();
        let id = store.find_api_key(&key).await.unwrap().unwrap().id;
        store.set_department(&by(), Member::Key(id), Some(department)).await.unwrap();
        key
    }

    async fn send_row(&self, method: &str, path: &str, key: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("purpose", "service_delivery");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }
}

fn columns(id: u64) -> String {
    let (name, born) = person(id);
    format!(r#"{{"columns":{{"NAME":"{name}","DOB":"{born}"}}}}"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_department_writes_a_row_and_is_told_with_whom_it_stands() {
    let desk = Desk::new().await;
    let path = "/v1/sources/people/source-records/250";
    let first = desk.put(path, &columns(250)).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let row = first.json();
    assert_eq!((&row["outcome"], &row["version"], &row["resolution"]), (&"new".into(), &1.into(), &"done".into()));
    assert_eq!(row["crosswalks"].as_array().unwrap().len(), 2, "{}", first.body);
    assert_eq!(first.headers[header::ETAG], "\"1\"");
    let again = desk.put(path, &columns(250)).await;
    assert_eq!((again.status, &again.json()["outcome"]), (StatusCode::OK, &"unchanged".into()));
    let read = desk.served.get("/v1/crosswalks/people/250", &desk.own, "service_delivery").await.json();
    assert_eq!(read["golden_id"], row["golden_id"]);
    for odd in ["a%00b".to_owned(), "%0Aab".to_owned(), "k".repeat(501)] {
        let refused = desk.put(&format!("/v1/sources/people/source-records/{odd}"), &columns(251)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{odd}: {}", refused.body);
    }
    let stale = desk.served.send_row("PUT", path, &desk.own, &[("if-match", "\"7\"")], &columns(251)).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    let there = desk.served.send_row("PUT", path, &desk.own, &[("if-none-match", "*")], &columns(251)).await;
    assert_eq!(there.status, StatusCode::PRECONDITION_FAILED);
    let by_attributes = r#"{"attributes":{"full_name":"Gurpreet Gill","date_of_birth":"1960-01-02"}}"#;
    let changed = desk.served.send_row("PUT", path, &desk.own, &[("if-match", "\"1\"")], by_attributes).await;
    assert_eq!((changed.status, &changed.json()["outcome"]), (StatusCode::OK, &"changed".into()), "{}", changed.body);
    let gone = desk.served.send_row("DELETE", path, &desk.own, &[], "").await;
    assert_eq!((gone.status, &gone.json()["outcome"]), (StatusCode::OK, &"retired".into()));
    assert_eq!(desk.served.send_row("DELETE", path, &desk.own, &[], "").await.status, StatusCode::NOT_FOUND);
    let trail = desk.served.house.deployment.store.list_audit_events(0, 1_000).await.unwrap();
    let written: Vec<_> = trail.iter().filter(|entry| entry.event.action == "wrote source record").collect();
    assert_eq!(written.len(), 7, "refused rows are in the trail as well");
    assert!(written.iter().all(|entry| entry.event.actor == "key:own" && entry.event.purpose.is_some()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_key_of_the_registers_own_department_writes_it() {
    let desk = Desk::new().await;
    let path = "/v1/sources/people/source-records/250";
    let other = desk.served.own_key("other", "HEALTH", None).await;
    for key in [&other, &desk.served.department, &desk.served.steward, &desk.served.analyst] {
        let refused = desk.served.send_row("PUT", path, key, &[], &columns(250)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
        assert_eq!(desk.served.send_row("DELETE", path, key, &[], "").await.status, StatusCode::FORBIDDEN);
        let corrections = desk.served.get("/v1/sources/people/corrections", key, "service_delivery").await;
        assert_eq!(corrections.status, StatusCode::FORBIDDEN);
    }
    let purpose = Request::put(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", desk.own))
        .header("purpose", "statistics")
        .body(Body::from(columns(250)));
    assert_eq!(desk.served.send(purpose.unwrap()).await.status, StatusCode::FORBIDDEN);
    // Without a purpose the answer says which it is for.
    let stranger = new_person("Wholly Otherwise", "1931-12-30", "");
    let matches = r#"{"entity":"citizen","values":{"full_name":"Wholly Otherwise"}}"#;
    for (method, path, body, needs) in [
        ("PUT", path, columns(250).as_str(), "send `Purpose: service_delivery`"),
        ("DELETE", path, "", "send `Purpose: service_delivery`"),
        ("POST", "/v1/golden-records", stranger.as_str(), "`Purpose: service_delivery` or `Purpose: stewardship`"),
        (
            "POST",
            "/v1/golden-records/matches",
            matches,
            "header `Purpose` what for; your roles serve `service_delivery`",
        ),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", desk.own))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()));
        let answer = desk.served.send(request.unwrap()).await;
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(answer.status == StatusCode::FORBIDDEN && detail.contains(needs), "{method} {path}: {detail}");
        assert!(!detail.contains("statistics"), "{method} {path}: {detail}");
    }
    let unknown = desk.put("/v1/sources/nothing/source-records/1", &columns(250)).await;
    assert_eq!(unknown.status, StatusCode::FORBIDDEN, "what there is, is not told");
    let links = desk.served.house.deployment.store.list_links("citizen").await.unwrap();
    assert_eq!(links.len(), 500, "nothing was written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_row_names_rule_and_column_and_no_value() {
    let desk = Desk::new().await;
    let path = "/v1/sources/people/source-records/9001";
    let refused = desk.put(path, r#"{"columns":{"DOB":"1960-01-02"}}"#).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert_eq!(refused.headers[header::CONTENT_TYPE], "application/problem+json");
    let problem = refused.json();
    assert_eq!((&problem["rule"], &problem["column"]), (&"required".into(), &"NAME".into()), "{}", refused.body);
    let access = kanak_model::Access::operation("test");
    let store = &desk.served.house.deployment.store;
    let quarantined = store.list_quarantined_rows(&access, None, None, None, 10).await.unwrap();
    assert_eq!((quarantined.len(), quarantined[0].row.line), (1, 2));
    let other = desk.put(path, r#"{"columns":{"ID":"9002","NAME":"Asha Devi"}}"#).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST, "{}", other.body);
    assert!(!other.body.contains("9002"), "{}", other.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_confined_to_districts_writes_rows_of_these_alone() {
    let desk = Desk::new().await;
    let confined = desk.served.own_key("ludhiana", "TEST", Some(&["41"])).await;
    let row = |district: &str| {
        format!(r#"{{"attributes":{{"full_name":"Wholly Otherwise","date_of_birth":"1931-12-30"{district}}}}}"#)
    };
    let path = "/v1/sources/people/source-records/9001";
    let nowhere = desk.served.send_row("PUT", path, &confined, &[], &row("")).await;
    assert_eq!(nowhere.status, StatusCode::FORBIDDEN, "{}", nowhere.body);
    // Someone of the roll lies in no district: the key changes nothing of it, takes nothing out, and is not told that it is there.
    let sources = "/v1/sources/people/source-records";
    let matched = [("if-match", "\"1\"")];
    for (headers, status) in [(&[][..], StatusCode::NOT_FOUND), (&matched[..], StatusCode::PRECONDITION_FAILED)] {
        let hidden = desk.served.send_row("DELETE", &format!("{sources}/7"), &confined, headers, "").await;
        let missing = desk.served.send_row("DELETE", &format!("{sources}/9001"), &confined, headers, "").await;
        assert_eq!((hidden.status, &hidden.body), (status, &missing.body));
        assert_eq!(missing.status, status);
    }
    let trail = desk.served.house.deployment.store.list_audit_events(0, 1_000).await.unwrap();
    assert!(trail.iter().any(|entry| entry.event.detail["outcome"] == "out_of_scope"), "the trail knows");
    let deployment = &desk.served.house.deployment;
    let codes = deployment.codes();
    let code = codes.find_district("Ludhiana").unwrap();
    let own = desk.served.own_key("own district", "TEST", Some(&[code])).await;
    let inside = desk.served.send_row("PUT", path, &own, &[], &row(r#","district":"Ludhiana""#)).await;
    assert_eq!(inside.status, StatusCode::CREATED, "{}", inside.body);
    assert!(inside.json()["golden_id"].is_string(), "{}", inside.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_a_confined_key_joins_nobody_outside_its_districts_until_a_steward_says_so() {
    let desk = Desk::new().await;
    let store = &desk.served.house.deployment.store;
    let codes = desk.served.house.deployment.codes();
    let ludhiana = codes.find_district("Ludhiana").unwrap();
    let confined = desk.served.own_key("ludhiana", "TEST", Some(&[ludhiana])).await;
    let cookie = desk.steward().await;
    // Of the roll alone, and of no district.
    let (name, born) = person(250);
    let target = desk.as_steward("GET", "/v1/crosswalks/roll/250", &cookie, "").await.json()["golden_id"].clone();
    let row = |mobile: &str| {
        format!(
            r#"{{"attributes":{{"full_name":"{name}","date_of_birth":"{born}","district":"Ludhiana","mobile":"{mobile}"}}}}"#
        )
    };
    let path = "/v1/sources/people/source-records/STEAL-0";
    let written = desk.served.send_row("PUT", path, &confined, &[], &row("9876543210")).await;
    assert_eq!(written.status, StatusCode::CREATED, "{}", written.body);
    let own = written.json()["golden_id"].clone();
    assert!(own.is_string() && own != target, "{}", written.body);
    assert_eq!(written.json()["crosswalks"].as_array().unwrap().len(), 1, "{}", written.body);
    assert!(written.json()["steward_tasks"].is_null(), "{}", written.body);
    let there = format!("/v1/golden-records/{}", target.as_str().unwrap());
    let read = async || desk.served.get(&there, &confined, "service_delivery").await.status;
    assert_eq!(read().await, StatusCode::NOT_FOUND);
    let changed = desk.served.send_row("PUT", path, &confined, &[], &row("9876543211")).await;
    assert_eq!((changed.status, &changed.json()["golden_id"]), (StatusCode::OK, &own), "{}", changed.body);
    // A resolution over all knows of it, and so does a replay of the ledger.
    desk.served.state.deployment.live.as_ref().unwrap().forget("citizen");
    desk.served.house.ingest("people_2.csv", "ID,NAME,DOB\n9001,Wholly Otherwise,1931-12-30\n").await;
    resolve_all(&desk.served.state.deployment, &[], &Output::silent()).await.unwrap();
    assert_eq!(read().await, StatusCode::NOT_FOUND);
    for one in verify(&desk.served.state.deployment, &Output::silent()).await.unwrap() {
        assert!(one.outcome != Outcome::Broken, "{}: {}", one.name, one.detail);
    }
    let tasks = desk.as_steward("GET", "/v1/steward-tasks", &cookie, "").await.json();
    let links = store.list_links("citizen").await.unwrap();
    let golden_of = |side: &Value| {
        let id = side.as_i64().unwrap();
        links.iter().find(|link| link.source_record.0 == id).unwrap().golden_id.to_string()
    };
    let stands = [&own, &target].map(|id| id.as_str().unwrap().to_owned());
    let asked = |task: &&Value| {
        let sides = [golden_of(&task["left"]), golden_of(&task["right"])];
        stands.iter().all(|id| sides.contains(id))
    };
    let task = tasks.as_array().unwrap().iter().find(asked).unwrap_or_else(|| panic!("nobody is asked: {tasks}"));
    let decision = format!("/v1/steward-tasks/{}/decision", task["id"]);
    let decided = desk.as_steward("POST", &decision, &cookie, r#"{"decision":"match","reason":"seen"}"#).await;
    assert_eq!(decided.status, StatusCode::OK, "{}", decided.body);
    let joined = desk.as_steward("GET", "/v1/crosswalks/people/STEAL-0", &cookie, "").await.json();
    let of_roll = desk.as_steward("GET", "/v1/crosswalks/roll/250", &cookie, "").await.json();
    assert_eq!(joined["golden_id"], of_roll["golden_id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_a_confined_key_that_waits_joins_nobody_outside_its_districts_later() {
    let desk = Desk::new().await;
    let deployment = &desk.served.state.deployment;
    let codes = deployment.codes();
    let ludhiana = codes.find_district("Ludhiana").unwrap();
    let confined = desk.served.own_key("ludhiana", "TEST", Some(&[ludhiana])).await;
    // Without source records in memory rows wait for the next resolution.
    deployment.live.as_ref().unwrap().forget("citizen");
    let (name, born) = person(250);
    let row = format!(r#"{{"attributes":{{"full_name":"{name}","date_of_birth":"{born}","district":"Ludhiana"}}}}"#);
    let path = "/v1/sources/people/source-records/STEAL-0";
    let written = desk.served.send_row("PUT", path, &confined, &[], &row).await;
    assert_eq!(written.status, StatusCode::ACCEPTED, "{}", written.body);
    resolve_all(deployment, &[], &Output::silent()).await.unwrap();
    let of_key = async |path: &str, key: &str| desk.served.get(path, key, "service_delivery").await;
    let own = of_key("/v1/crosswalks/people/STEAL-0", &confined).await.json();
    assert!(own["golden_id"].is_string(), "{own}");
    assert_ne!(own["golden_id"], of_key("/v1/crosswalks/roll/250", &desk.own).await.json()["golden_id"]);
    assert_eq!(of_key("/v1/crosswalks/roll/250", &confined).await.status, StatusCode::NOT_FOUND);
}

fn new_person(name: &str, born: &str, more: &str) -> String {
    format!(r#"{{"entity":"citizen","values":{{"full_name":"{name}","date_of_birth":"{born}"}}{more}}}"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_is_entered_after_a_search_and_never_twice() {
    let desk = Desk::new().await;
    let post = async |headers: &[(&str, &str)], body: &str| {
        desk.served.send_row("POST", "/v1/golden-records", &desk.own, headers, body).await
    };
    let (name, born) = person(7);
    let there = post(&[], &new_person(&name, &born, "")).await;
    assert_eq!(there.status, StatusCode::CONFLICT, "{}", there.body);
    let candidates = there.json()["candidates"].as_array().unwrap().clone();
    assert_eq!(candidates[0]["golden_record"]["values"]["full_name"]["value"], name);
    // The rules hold them to be the same one: a department's word does not enter somebody beside it.
    let named: Vec<String> = candidates
        .iter()
        .map(|one| one["golden_record"]["golden_id"].as_str().unwrap())
        .map(|id| format!(r#"{{"golden_id":"{id}","reason":"his cousin"}}"#))
        .collect();
    let different = format!(r#","different_from":[{}]"#, named.join(","));
    let refused = post(&[], &new_person(&name, &born, &different)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("a steward"), "{}", refused.body);

    let key = [("idempotency-key", "form 7")];
    let stranger = new_person("Wholly Otherwise", "1931-12-30", "");
    let entered = post(&key, &stranger).await;
    assert_eq!(entered.status, StatusCode::CREATED, "{}", entered.body);
    let location = entered.headers[header::LOCATION].to_str().unwrap().to_owned();
    let golden = desk.served.get(&location, &desk.own, "service_delivery").await.json();
    assert_eq!(golden["crosswalks"][0]["source"], "hub_citizen");
    let again = post(&key, &stranger).await;
    assert_eq!((again.status, &again.json()["golden_id"]), (StatusCode::OK, &golden["golden_id"]), "{}", again.body);
    assert_eq!(again.headers[header::LOCATION], location);
    // The word of one request is no word of another, and no way past the search.
    let of_business = r#"{"entity":"business","values":{"business_name":"Wholly Otherwise"}}"#;
    for other in [new_person(&name, &born, ""), of_business.to_owned()] {
        let other = post(&key, &other).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.body);
        assert_eq!(other.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(other.json()["type"], "/docs#idempotency_key_reused");
        let detail = other.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("`Idempotency-Key: form 7`") && detail.contains("send a new key"), "{detail}");
        assert!(!other.body.contains(golden["golden_id"].as_str().unwrap()), "{}", other.body);
    }
    let page = desk.served.get("/docs", "", "").await.body;
    assert!(page.contains("id=\"idempotency_key_reused\""), "the page tells what the type means");
    let unchanged = desk.served.get(&location, &desk.own, "service_delivery").await.json();
    assert_eq!(unchanged["values"], golden["values"]);
    assert_eq!(post(&[], &stranger).await.status, StatusCode::CONFLICT, "without the word it is another request");
    let unknown = post(&[], r#"{"entity":"citizen","values":{"shoe_size":"42"}}"#).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    let misspelt = post(&[], r#"{"entity":"citizen","value":{"full_name":"Asha"}}"#).await;
    assert_eq!(misspelt.status, StatusCode::UNPROCESSABLE_ENTITY);
    let detail = misspelt.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("takes no `value`") && detail.contains("`values`") && !detail.contains("Asha"), "{detail}");
    let nobody = desk.served.send_row("POST", "/v1/golden-records", &desk.served.department, &[], &stranger).await;
    assert_eq!(nobody.status, StatusCode::FORBIDDEN, "a key of no department");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_one_word_at_once_enter_one_and_all_are_told_whom() {
    let desk = Desk::new().await;
    let stranger = new_person("Wholly Otherwise", "1931-12-30", "");
    let key = [("idempotency-key", "form 8")];
    let post = || desk.served.send_row("POST", "/v1/golden-records", &desk.own, &key, &stranger);
    let answers = futures::future::join_all((0..6).map(|_| post())).await;
    let entered: Vec<&Answer> = answers.iter().filter(|one| one.status == StatusCode::CREATED).collect();
    assert_eq!(entered.len(), 1);
    for answer in &answers {
        assert!(answer.status.is_success(), "{}: {}", answer.status, answer.body);
        assert_eq!(answer.json()["golden_id"], entered[0].json()["golden_id"], "{}", answer.body);
        assert_eq!(answer.headers[header::LOCATION], entered[0].headers[header::LOCATION]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_steward_enters_somebody_beside_who_looks_the_same_and_may_undo_it() {
    let desk = Desk::new().await;
    let cookie = desk.steward().await;
    let (name, born) = person(7);
    let there = desk.as_steward("POST", "/v1/golden-records", &cookie, &new_person(&name, &born, "")).await;
    assert_eq!(there.status, StatusCode::CONFLICT, "{}", there.body);
    let found = there.json();
    let ids: Vec<&str> = found["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["golden_record"]["golden_id"].as_str().unwrap())
        .collect();
    let named: Vec<String> = ids.iter().map(|id| format!(r#"{{"golden_id":"{id}","reason":"his cousin"}}"#)).collect();
    let different = format!(r#","different_from":[{}]"#, named.join(","));
    let entered = desk.as_steward("POST", "/v1/golden-records", &cookie, &new_person(&name, &born, &different)).await;
    assert_eq!(entered.status, StatusCode::CREATED, "{}", entered.body);
    let golden_id = entered.json()["golden_id"].as_str().unwrap().to_owned();
    assert!(!ids.contains(&golden_id.as_str()), "it stands by itself");
    let of_row = async |register: &str, key: &str| {
        desk.as_steward("GET", &format!("/v1/crosswalks/{register}/{key}"), &cookie, "").await.json()["golden_id"]
            .clone()
    };
    for register in ["roll", "people"] {
        assert_eq!(of_row(register, "7").await, ids[0], "who was there loses no row to the new one");
    }
    let decided = desk.as_steward("GET", "/v1/steward-tasks?state=decided", &cookie, "").await.json();
    assert_eq!(decided.as_array().unwrap().len(), ids.len());
    for task in decided.as_array().unwrap() {
        let path = format!("/v1/steward-tasks/{}/undo", task["id"]);
        let undone = desk.as_steward("POST", &path, &cookie, "").await;
        assert!(undone.status.is_success(), "{}", undone.body);
    }
    let key = entered.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(of_row("hub_citizen", &key).await, ids[0], "the rules hold it to be the same one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_should_not_have_been_entered_is_taken_out_by_a_steward_alone() {
    let desk = Desk::new().await;
    let stranger = new_person("Wholly Otherwise", "1931-12-30", "");
    let entered = desk.served.send_row("POST", "/v1/golden-records", &desk.own, &[], &stranger).await;
    assert_eq!(entered.status, StatusCode::CREATED, "{}", entered.body);
    let path = format!("/v1/sources/hub_citizen/source-records/{}", entered.json()["key"].as_str().unwrap());
    let refused = desk.served.send_row("DELETE", &path, &desk.own, &[], "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    let cookie = desk.steward().await;
    let of_department = desk.as_steward("DELETE", "/v1/sources/people/source-records/7", &cookie, "").await;
    assert_eq!(of_department.status, StatusCode::FORBIDDEN, "{}", of_department.body);
    let gone = desk.as_steward("DELETE", &path, &cookie, "").await;
    assert_eq!((gone.status, &gone.json()["outcome"]), (StatusCode::OK, &"retired".into()), "{}", gone.body);
    assert_eq!(desk.as_steward("DELETE", &path, &cookie, "").await.status, StatusCode::NOT_FOUND);
    let golden = format!("/v1/golden-records/{}", entered.json()["golden_id"].as_str().unwrap());
    let left = desk.as_steward("GET", &golden, &cookie, "").await.json();
    assert_eq!((&left["status"], &left["emptied"]["at"]), (&"emptied".into(), &left["recorded_to"]), "{left}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeping_apart_what_a_policy_names_takes_a_second_steward() {
    let mut desk = Desk::new().await;
    let mut config = (*desk.served.state.deployment.config).clone();
    config.stewardship.four_eyes.no_match_above = Some(0.01);
    desk.served.state.deployment.config = Arc::new(config);
    let cookie = desk.steward().await;
    let (name, born) = person(7);
    let there = desk.as_steward("POST", "/v1/golden-records", &cookie, &new_person(&name, &born, "")).await.json();
    let ids: Vec<&str> = there["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["golden_record"]["golden_id"].as_str().unwrap())
        .collect();
    let named: Vec<String> = ids.iter().map(|id| format!(r#"{{"golden_id":"{id}","reason":"his cousin"}}"#)).collect();
    let different = format!(r#","different_from":[{}]"#, named.join(","));
    let entered = desk.as_steward("POST", "/v1/golden-records", &cookie, &new_person(&name, &born, &different)).await;
    assert_eq!(entered.status, StatusCode::CREATED, "{}", entered.body);
    let row = entered.json();
    let new = row["golden_id"].as_str().unwrap();
    assert!(!ids.contains(&new), "no rule joins it: {row}");
    // What is asked is decided by two.
    let task = row["steward_tasks"][0].as_i64().unwrap_or_else(|| panic!("nobody is asked: {row}"));
    let decision = format!("/v1/steward-tasks/{task}/decision");
    let body = r#"{"decision":"no_match","reason":"his cousin"}"#;
    let proposed = desk.as_steward("POST", &decision, &cookie, body).await;
    assert_eq!(proposed.status, StatusCode::ACCEPTED, "{}", proposed.body);
    let approval = format!("/v1/proposals/{}/approval", proposed.json()["proposal"]);
    let own = desk.as_steward("POST", &approval, &cookie, "").await;
    assert_eq!(own.status, StatusCode::CONFLICT, "{}", own.body);
    let approved = desk.as_steward("POST", &approval, &desk.steward_named("mohan").await, "").await;
    assert_eq!(approved.status, StatusCode::OK, "{}", approved.body);
    let path = format!("/v1/crosswalks/hub_citizen/{}", row["key"].as_str().unwrap());
    assert_eq!(desk.as_steward("GET", &path, &cookie, "").await.json()["golden_id"], new, "it stands by itself still");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_department_answers_to_corrections_and_a_steward_takes_note() {
    let desk = Desk::new().await;
    let (name, born) = person(7);
    let path = "/v1/sources/people/source-records/7";
    // Written otherwise than on the roll, which stands first by trust, frequency and place or not: one of both is corrected.
    let written = name.replacen(' ', " Kaur ", 1);
    let row = format!(r#"{{"columns":{{"NAME":"{written}","DOB":"{born}"}}}}"#);
    let changed = desk.put(path, &row).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    let (mut source, mut found) = ("", Value::Null);
    for one in ["people", "roll"] {
        let page = desk.served.get(&format!("/v1/sources/{one}/corrections"), &desk.own, "service_delivery").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        if let Some(first) = page.json()["corrections"].as_array().unwrap().first() {
            (source, found) = (one, first.clone());
        }
    }
    assert_eq!((&found["key"], &found["attribute"]), (&"7".into(), &"full_name".into()));
    let answer = format!("/v1/sources/{source}/corrections/7/full_name");
    let reasonless = desk.put(&answer, r#"{"answer":"reject"}"#).await;
    assert_eq!(reasonless.status, StatusCode::BAD_REQUEST, "{}", reasonless.body);
    let rejected = desk.put(&answer, r#"{"answer":"reject","reason":"as in her passport"}"#).await;
    assert_eq!(rejected.status, StatusCode::OK, "{}", rejected.body);
    assert_eq!(
        desk.put(&answer.replace("full_name", "mobile"), r#"{"answer":"accept"}"#).await.status,
        StatusCode::NOT_FOUND
    );
    let cookie = desk.steward().await;
    let waiting = desk.as_steward("GET", "/v1/department-answers", &cookie, "").await;
    let id = waiting.json()[0]["id"].as_i64().unwrap();
    assert_eq!(waiting.json()[0]["reason"], "as in her passport");
    let by_key = desk.served.send_row("POST", &format!("/v1/department-answers/{id}/note"), &desk.own, &[], "").await;
    assert_eq!(by_key.status, StatusCode::FORBIDDEN);
    let noted = desk.as_steward("POST", &format!("/v1/department-answers/{id}/note"), &cookie, "").await;
    assert_eq!(noted.status, StatusCode::NO_CONTENT, "{}", noted.body);
    let waiting = desk.as_steward("GET", "/v1/department-answers", &cookie, "").await;
    assert!(waiting.json().as_array().unwrap().is_empty());
    let golden = found["golden_id"].as_str().unwrap();
    let of_golden = desk.as_steward("GET", &format!("/v1/department-answers?golden_id={golden}"), &cookie, "").await;
    assert_eq!(of_golden.json()[0]["seen_by"], "harleen");
}
