//! The queue page by page, and tasks whose source records are gone.

use axum::http::StatusCode;
use kanak_model::match_pair::Decision;
use kanak_model::{Caller, Role, StewardTaskId};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::{house, hub};

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
    assert_eq!(seen, (1..=95).collect::<Vec<i64>>(), "the likeliest first, each once");
    assert_eq!(pages.len(), 3);
    assert!(pages[0].contains("Name of key-1") && pages[0].contains("Ration cards"), "both names are shown");
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
