//! What pages write into the audit trail before they show it, and the page that shows the trail.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use kanak_model::{Purpose, Role};
use kanak_store::AuditEvent;
use kanak_store::testing::break_hub;

use super::{House, NOW, house, hub, signed_in};

const STEWARD: Option<&[Role]> = Some(&[Role::Steward]);
const AUDITOR: Option<&[Role]> = Some(&[Role::Auditor]);

impl House {
    async fn trail(&self) -> Vec<AuditEvent> {
        let entries = self.store.list_audit_events(0, 1_000).await.unwrap();
        entries.into_iter().map(|entry| entry.event).collect()
    }
}

#[tokio::test]
async fn a_statement_that_may_show_people_is_written_down_before_it_runs() {
    let house = house().await;
    house.warehouse.build(7, NOW).await.unwrap();
    let ask = async |purpose: &str| {
        let form = format!("csrf=token&purpose={purpose}&sql=SELECT+40+%2B+2+AS+answer");
        house.post(STEWARD, "/sql-console", &form).await
    };
    assert!(ask("statistics").await.body.contains(">42</th>"));
    assert!(house.trail().await.is_empty(), "figures name nobody");
    for purpose in ["stewardship", "service_delivery"] {
        assert!(ask(purpose).await.body.contains(">42</th>"));
    }
    let trail = house.trail().await;
    // printf 'SELECT 40 + 2 AS answer' | sha256sum
    let subject = "statement 4123a77dc65401edc0713e13488164f3ac98cfa8ad6fd5c4a696712fd815e982";
    let said: Vec<_> =
        trail.iter().map(|event| (event.action.as_str(), event.subject.as_str(), event.purpose)).collect();
    assert_eq!(
        said,
        [("query", subject, Some(Purpose::Stewardship)), ("query", subject, Some(Purpose::ServiceDelivery))]
    );
    break_hub(&house.url, "DROP TABLE audit_events").await.unwrap();
    let unrecorded = ask("stewardship").await;
    assert_eq!(unrecorded.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!unrecorded.body.contains(">42</th>"), "what cannot be recorded is not answered");
}

#[tokio::test]
async fn the_console_opens_for_a_department_and_offers_only_its_purpose() {
    let house = house().await;
    house.warehouse.build(7, NOW).await.unwrap();
    let page = house.get(Some(&[Role::Department]), "/sql-console").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("value=\"service_delivery\"") && !page.body.contains("value=\"stewardship\""));
}

#[tokio::test]
async fn quarantined_rows_are_for_stewards_of_the_whole_state_newest_first_and_audited() {
    let house = house().await;
    let source = hub::register(&house.store).await;
    hub::load(&house.store, source, "first.csv", &[], &[2, 3]).await;
    let lines: Vec<u64> = (10..80).collect();
    hub::load(&house.store, source, "second.csv", &[], &lines).await;

    let mut confined = signed_in(&[Role::Steward]);
    confined.caller.districts = Some(["27".to_owned()].into_iter().collect());
    let request = Request::get("/data-quality").body(Body::empty()).unwrap();
    let denied = house.send_as(Some(confined), request).await;
    assert_eq!(denied.status, StatusCode::OK);
    assert!(denied.body.contains("you work for some districts only") && !denied.body.contains("refused-79"));
    assert!(house.trail().await.is_empty());

    let page = house.get(STEWARD, "/data-quality").await.body;
    let place = |key: &str| page.find(key).unwrap_or_else(|| panic!("{key} is missing"));
    assert!(place("refused-79") < place("refused-30"), "newest first");
    assert!(page.contains(">Ration cards</th>") && !page.contains(">Food</th>"), "a register is called by its title");
    assert!(!page.contains("refused-29") && !page.contains("refused-2<"), "50 rows, none of an earlier file");
    let older = page.split("\" rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap().replace("&#38;", "&");
    let older = house.get(STEWARD, &older).await.body;
    assert!(older.contains("refused-29") && older.contains("refused-10") && !older.contains("refused-30"));
    let trail = house.trail().await;
    let said: Vec<_> = trail.iter().map(|event| (event.action.as_str(), event.subject.as_str())).collect();
    assert_eq!(
        said,
        [("list quarantine", "quarantined rows 23 to 72"), ("list quarantine", "quarantined rows 3 to 22")]
    );
}

#[tokio::test]
async fn files_stay_in_sight_beside_rows_that_programs_write_and_rows_put_right_leave_the_quarantine() {
    let house = house().await;
    let source = hub::register(&house.store).await;
    hub::load(&house.store, source, "first.csv", &[], &[2, 3]).await;
    for number in 0..40 {
        hub::write(&house.store, source, &format!("key-{number}")).await;
    }
    hub::write(&house.store, source, "refused-2").await;
    let page = house.get(STEWARD, "/data-quality").await.body;
    let files = page.split("id=\"runs-title\"").nth(1).unwrap();
    let (files, written) = files.split_once("id=\"written-title\"").unwrap();
    assert!(files.contains("first.csv") && !files.contains("call key-"), "{files}");
    assert_eq!(written.matches("Ration cards").count(), 1, "one line a register and day");
    assert!(written.contains(">41</td>"), "{written}");
    assert!(!page.contains("refused-2<") && page.contains("refused-3<"), "one was put right");
}

#[tokio::test]
async fn auditors_read_the_trail_newest_first_page_by_page_and_filtered() {
    let house = house().await;
    let event = |number: i64| AuditEvent {
        actor: if number == 7 { "Jasleen".to_owned() } else { "harleen".to_owned() },
        action: "read".to_owned(),
        subject: format!("golden {number}."),
        purpose: Some(Purpose::Stewardship),
        detail: serde_json::json!({}),
    };
    house.store.audit_many((1..=250).map(event).collect()).await.unwrap();
    let first = house.get(AUDITOR, "/audit").await;
    assert_eq!(first.status, StatusCode::OK);
    assert!(first.body.contains("each of 251 entries fits the one before it"), "its own read is an entry too");
    let place = |subject: &str| first.body.find(subject).unwrap_or_else(|| panic!("{subject} is missing"));
    assert!(place("golden 250.") < place("golden 152.") && !first.body.contains("golden 151."));
    let older = first.body.split("\" rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let older = house.get(AUDITOR, &older.replace("&#38;", "&")).await.body;
    assert!(older.contains("golden 151.") && older.contains("golden 52.") && !older.contains("golden 152."));
    assert!(!older.contains("The trail holds"), "the trail is checked on the first page");

    let one = house.get(AUDITOR, "/audit?actor=jasl").await.body;
    assert!(one.contains("golden 7.") && !one.contains("golden 8."));
    let none = house.get(AUDITOR, "/audit?actor=jasl&subject=nothing").await.body;
    assert!(none.contains("No entry here fits."));

    break_hub(&house.url, "UPDATE audit_events SET actor = 'nobody' WHERE position = 3").await.unwrap();
    assert!(house.get(AUDITOR, "/audit").await.body.contains("The trail is broken: entry 3 of chain 2 was changed"));
}

#[tokio::test]
async fn the_trail_of_a_golden_record_holds_what_stewards_did_to_it() {
    let house = house().await;
    let event = |subject: &str, detail: serde_json::Value| AuditEvent {
        actor: "harleen".to_owned(),
        action: "did".to_owned(),
        subject: subject.to_owned(),
        purpose: None,
        detail,
    };
    let events = vec![
        event("steward task 9", serde_json::json!({ "golden_records": ["K-000001-1", "K-000003-3"] })),
        event("override 7", serde_json::json!({ "golden_record": "K-000001-1" })),
        event("override 8", serde_json::json!({ "golden_record": "K-000002-2" })),
        event("K-000001-1", serde_json::json!({})),
    ];
    house.store.audit_many(events).await.unwrap();
    let found = house.get(AUDITOR, "/audit?subject=K-000001-1").await.body;
    assert!(found.contains("steward task 9") && found.contains("override 7") && !found.contains("override 8"));
}

#[tokio::test]
async fn an_auditor_of_some_districts_does_not_see_the_state_s_trail() {
    let house = house().await;
    let mut confined = signed_in(&[Role::Auditor]);
    confined.caller.districts = Some(["27".to_owned()].into_iter().collect());
    let answer = house.send_as(Some(confined), Request::get("/audit").body(Body::empty()).unwrap()).await;
    assert!(answer.status == StatusCode::FORBIDDEN && answer.body.contains("ask an administrator"));
}
