//! The queue page by page, and tasks whose source records are gone.

use axum::http::StatusCode;
use kanak_model::match_pair::Decision;
use kanak_model::steward_task::{FieldAnswer, Finding, Impact};
use kanak_model::{Access, Caller, Role, StewardTaskId, UserId};
use kanak_store::{TaskFilter, TaskQuery};
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
    let impact = Impact { source_records: 2, ..Impact::default() };
    let priority = |number: &i64| impact.priority(0.9 / *number as f64);
    let mut expected: Vec<i64> = (1..=95).collect();
    expected.sort_by(|one, other| priority(other).total_cmp(&priority(one)));
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
    house.store.answer_field_check(task, check, UserId(8), &answer).await.unwrap();
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

#[tokio::test]
async fn chosen_tasks_are_decided_at_once_and_undone_at_once() {
    let house = house().await;
    hub::doubt(&house.store, 4).await;
    let queue = house.get(STEWARD, "/steward-tasks").await.body;
    assert!(queue.contains("name=\"task\" value=\"3\" form=\"several\"") && queue.contains("id=\"several\""));
    let decided = house.get(STEWARD, "/steward-tasks?state=decided").await.body;
    assert!(!decided.contains("id=\"several\""), "what is decided is not chosen");
    let post = async |form: &str| house.post(STEWARD, "/steward-tasks", form).await;
    assert_eq!(post("csrf=other&task=1&decision=match&reason=seen").await.status, StatusCode::FORBIDDEN);
    let analyst = house.post(Some(&[Role::Analyst]), "/steward-tasks", "csrf=token&task=1&decision=match").await;
    assert_eq!(analyst.status, StatusCode::FORBIDDEN);
    assert!(post("csrf=token&decision=match&reason=seen").await.body.contains("Choose the tasks"));
    assert!(post("csrf=token&task=1&decision=review&reason=seen").await.body.contains("Choose match or no match"));
    assert!(house.actions.0.lock().unwrap().is_empty());
    let done = post("csrf=token&task=1&task=3&decision=match&reason=seen").await.body;
    assert!(done.contains("2 decided at once, as number 5") && done.contains("/steward-tasks/decisions/5/undo\""));
    let refused = post("csrf=token&task=1&task=2&decision=no_match&reason=seen").await.body;
    assert!(
        refused.contains("Nothing was decided") && refused.contains("</a>: held by asha until 28 Nov 2026, 14:30 IST"),
        "{refused}"
    );
    let undone = house.post(STEWARD, "/steward-tasks/decisions/5/undo", "csrf=token").await.body;
    assert!(undone.contains("The decisions are undone."));
    let done = house.actions.0.lock().unwrap().clone();
    assert_eq!(done, ["1,3 match seen", "1,2 no_match seen", "decisions 5 undo"]);
}

#[tokio::test]
async fn a_second_steward_answers_what_the_first_proposed() {
    let house = house().await;
    hub::doubt(&house.store, 3).await;
    let policy = kanak_model::four_eyes::FourEyes { match_below: Some(1.0), ..Default::default() };
    let task = StewardTaskId(1);
    house.store.decide_task_under(&policy, task, UserId(9), Decision::Match, "seen both", None).await.unwrap();
    let list = house.get(STEWARD, "/proposals").await.body;
    for needed in ["Decide: match", "seen both", "user 9", "below 1", "/proposals/1/approval\"", "/steward-tasks/1\""] {
        assert!(list.contains(needed), "{needed}");
    }
    let page = house.get(STEWARD, "/steward-tasks/1").await.body;
    assert!(page.contains("user 9 proposed a decision") && !page.contains("/1/decision\""), "{page}");
    assert!(tasks(&house.get(STEWARD, "/steward-tasks?state=proposed").await.body) == [1]);
    assert_eq!(house.get(Some(&[Role::Analyst]), "/proposals").await.status, StatusCode::FORBIDDEN);
    for (path, form) in [("approval", "csrf=token"), ("rejection", "csrf=token&reason=no")] {
        let path = format!("/proposals/1/{path}");
        assert_eq!(house.post(STEWARD, &path, &form.replace("token", "other")).await.status, StatusCode::FORBIDDEN);
        assert_eq!(house.post(STEWARD, &path, form).await.location, "/proposals");
    }
    let done = house.actions.0.lock().unwrap().clone();
    assert_eq!(done, ["proposal 1 Approve", "proposal 1 TurnDown { reason: \"no\" }"]);
}

#[tokio::test]
async fn an_undoing_that_waits_is_on_the_task_and_proposals_go_on_from_page_to_page() {
    let house = house().await;
    hub::doubt(&house.store, 60).await;
    let policy = kanak_model::four_eyes::FourEyes { match_below: Some(1.0), ..Default::default() };
    let task = StewardTaskId(1);
    house.store.decide_task(task, UserId(9), Decision::Match, "seen both").await.unwrap();
    house.store.undo_decision_under(&policy, task, UserId(9), "").await.unwrap();
    let page = house.get(STEWARD, "/steward-tasks/1").await.body;
    assert!(page.contains("user 9 proposed to undo it") && !page.contains("/1/undo\""), "{page}");
    let (access, open) = (Access::operation("test"), TaskQuery::new(TaskFilter::Open, 99));
    let waiting = house.store.list_steward_tasks(&access, &open).await.unwrap();
    assert!(waiting.len() >= 51, "{}", waiting.len());
    for one in &waiting {
        house.store.decide_task_under(&policy, one.id, UserId(9), Decision::Match, "seen both", None).await.unwrap();
    }
    let first = house.get(STEWARD, "/proposals").await.body;
    assert!(first.contains("Undo a decision") && first.contains("/proposals/50/approval\""), "{first}");
    assert!(!first.contains("/proposals/51/approval\"") && first.contains("/proposals?after=50\""));
    let second = house.get(STEWARD, "/proposals?after=50").await.body;
    assert!(second.contains("/proposals/51/approval\"") && !second.contains("/proposals/50/approval\""), "{second}");
    assert!(!second.contains("/proposals?after="), "{second}");
}
