//! The queue page by page, and tasks whose source records are gone.

use axum::http::StatusCode;
use kanak_model::match_pair::Decision;
use kanak_model::steward_task::{FieldAnswer, Finding};
use kanak_model::{Caller, Role, StewardTaskId, UserId};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::{NOW, house, hub};

const STEWARD: Option<&[Role]> = Some(&[Role::Steward]);

/// Where a link of the pager leads.
fn link(page: &str, rel: &str) -> Option<String> {
    let before = page.split(&format!("\" rel=\"{rel}\"")).next().filter(|before| before.len() < page.len())?;
    Some(before.rsplit("href=\"").next()?.replace("&#38;", "&"))
}

fn tasks(page: &str) -> Vec<i64> {
    let rows = page.split("<th scope=\"row\"><a href=\"/steward-tasks/").skip(1);
    rows.map(|row| row.split('"').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn every_task_is_reached_page_by_page_and_the_way_leads_back() {
    let house = house().await;
    hub::doubt(&house.store, 96).await;
    let mut seen = Vec::new();
    let mut path = "/steward-tasks".to_owned();
    let mut pages = Vec::new();
    loop {
        let page = house.get(STEWARD, &path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        seen.extend(tasks(&page.body));
        pages.push(page.body);
        match link(pages.last().unwrap(), "next") {
            Some(next) => path = next,
            None => break,
        }
    }
    let tasks_by_doubt = |number: &i64| (0.9 / *number as f64 - 0.5).abs();
    let mut expected: Vec<i64> = (1..=95).collect();
    expected.sort_by(|one, other| tasks_by_doubt(one).total_cmp(&tasks_by_doubt(other)));
    assert_eq!(seen, expected, "what the rules know least of first, each once");
    assert_eq!(pages.len(), 3);
    assert!(pages[0].contains("Name of key-2") && pages[0].contains("Ration cards"), "both names are shown");
    assert_eq!(link(&pages[0], "prev"), None);
    let back = house.get(STEWARD, &link(&pages[2], "prev").unwrap()).await.body;
    assert_eq!(tasks(&back), tasks(&pages[1]));
}

#[tokio::test]
async fn a_decided_task_opens_and_can_be_undone_after_its_source_record_is_retired() {
    let house = house().await;
    let source = hub::doubt(&house.store, 3).await;
    let roles = [Role::Steward].into_iter().collect();
    let mut rng = StdRng::seed_from_u64(1);
    let by = house
        .store
        .create_user(&Caller::system("test"), "harleen", "a long password", &roles, None, &mut rng)
        .await
        .unwrap();
    house.store.decide_task(StewardTaskId(1), by, Decision::Match, "seen both").await.unwrap();
    hub::load(&house.store, source, "later.csv", &["key-1".to_owned(), "key-3".to_owned()], &[]).await;

    let task = house.get(STEWARD, "/steward-tasks/1").await;
    assert_eq!(task.status, StatusCode::OK, "{}", task.body);
    assert!(task.body.contains("action=\"/steward-tasks/1/undo\"") && task.body.contains("seen both"));
    assert!(task.body.contains("cannot be weighed any more") && task.body.contains("Name of key-2"));
    assert!(task.body.contains("97.0\u{a0}%"), "thresholds are those of the rule set in force");
    let decided = house.get(STEWARD, "/steward-tasks?state=decided").await;
    assert!(decided.status == StatusCode::OK && decided.body.contains("Name of key-2"), "{}", decided.body);
}

#[tokio::test]
async fn a_steward_takes_a_task_up_puts_it_off_hands_it_on_and_has_it_looked_into() {
    let house = house().await;
    hub::doubt(&house.store, 3).await;
    let page = house.get(STEWARD, "/steward-tasks/1").await.body;
    for needed in
        ["/1/claim\"", "/1/deferral\"", "/1/escalation\"", "/1/field-check\"", "value=\"supervisor\"", "priority "]
    {
        assert!(page.contains(needed), "{needed}");
    }
    assert!(!page.contains("/1/release\""), "there is nothing to give back");
    let check = async |path: &str, form: &str, does: Option<&str>| {
        let path = format!("/steward-tasks/1/{path}");
        assert_eq!(house.post(STEWARD, &path, &form.replace("token", "other")).await.status, StatusCode::FORBIDDEN);
        assert_eq!(house.post(Some(&[Role::Analyst]), &path, form).await.status, StatusCode::FORBIDDEN);
        let before = house.actions.0.lock().unwrap().len();
        let answer = house.post(STEWARD, &path, form).await;
        let done = house.actions.0.lock().unwrap()[before..].to_vec();
        match does {
            Some(does) => {
                assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, "/steward-tasks/1"));
                assert!(done.len() == 1 && done[0].contains(does), "{done:?}");
            }
            None => {
                assert!(answer.status == StatusCode::OK && answer.body.contains("role=\"alert\"") && done.is_empty());
            }
        }
    };
    check("claim", "csrf=token", Some("1 Claim")).await;
    check("release", "csrf=token", Some("1 Release")).await;
    check("deferral", "csrf=token&until=2027-03-31&reason=papers", Some("Defer { until: 2027-03-31")).await;
    check("deferral", "csrf=token&until=soon&reason=papers", None).await;
    check("escalation", "csrf=token&to=supervisor&reason=twins", Some("Escalate { to: Supervisor")).await;
    check("escalation", "csrf=token&to=auditor&reason=twins", None).await;
    check("field-check", "csrf=token&question=who&office=patwari", Some("AskFieldCheck { question: \"who\"")).await;
    let answer = "csrf=token&check=4&finding=same&found_by=kaur&found_on=2026-11-20&note=one";
    check("field-check/answer", answer, Some("finding: Same, found_by: \"kaur\", found_on: 2026-11-20")).await;
    check("field-check/answer", &answer.replace("same", "perhaps"), None).await;
    check("field-check/answer", &answer.replace("2026-11-20", "soon"), None).await;
    check("field-check/withdrawal", "csrf=token&check=4", Some("WithdrawFieldCheck { check: FieldCheckId(4) }")).await;
    let on = "csrf=token&decision=match&reason=seen&field_check=4";
    check("decision", on, Some("1 match seen on 4")).await;
}

#[tokio::test]
async fn what_others_hold_and_what_was_found_is_on_the_page_and_on_the_golden_record() {
    let house = house().await;
    hub::doubt(&house.store, 3).await;
    let (task, by) = (StewardTaskId(1), UserId(9));
    house.store.claim_task(task, by, std::time::Duration::from_secs(600)).await.unwrap();
    let held = house.get(STEWARD, "/steward-tasks/1").await.body;
    assert!(held.contains("user 9 holds it until") && !held.contains("/1/decision\""), "{held}");
    assert!(house.get(STEWARD, "/steward-tasks?state=claimed").await.body.contains("/steward-tasks/1\""));
    assert!(!house.get(STEWARD, "/steward-tasks").await.body.contains("/steward-tasks/1\""));

    let check = house.store.ask_field_check(task, by, "One woman?", "Patwari, Verka").await.unwrap();
    house.store.release_task(task, by).await.unwrap();
    let waits = house.get(STEWARD, "/steward-tasks/1").await.body;
    assert!(waits.contains("waits for its answer from Patwari, Verka") && !waits.contains("/1/decision\""));
    assert!(waits.contains("/field-check/answer\"") && waits.contains("One woman?"));
    let answer = FieldAnswer {
        finding: Finding::Same,
        found_by: "R. Kaur".to_owned(),
        found_on: NOW.day_ist(),
        note: "one household".to_owned(),
    };
    house.store.answer_field_check(task, check, by, &answer).await.unwrap();
    let found = house.get(STEWARD, "/steward-tasks/1").await.body;
    assert!(found.contains("one household") && found.contains("/1/decision\""), "{found}");
    assert!(found.contains(&format!("<option value=\"{check}\">")), "the decision names it");
    assert_eq!(tasks(&house.get(STEWARD, "/steward-tasks?check=answered").await.body), [1]);

    house.store.decide_task_on(task, by, Decision::Match, "seen", Some(check)).await.unwrap();
    hub::join(&house.store, &[1, 2]).await;
    let decided = house.get(STEWARD, "/steward-tasks/1").await.body;
    assert!(decided.contains(&format!("It rests on field check {check}.")), "{decided}");
    let id = kanak_model::GoldenId(1);
    let golden = house.get(STEWARD, &format!("/golden-records/{id}?purpose=stewardship")).await.body;
    assert!(golden.contains("found to be the same one"), "{golden}");
}
