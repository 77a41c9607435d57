//! New evidence that breaks a golden record.

use kanak_model::feed::Change;
use kanak_model::{Access, FeedPosition, GoldenId, UserId};
use kanak_store::{TaskFilter, TaskQuery};

use super::*;
use crate::testing::{House, PEOPLE};

/// Two source records of one person, which agree in all that they state.
async fn house() -> House {
    let mobile = "\n[[column]]\nfrom = \"MOBILE\"\nto = \"mobile\"\n";
    let people = format!("{PEOPLE}{mobile}");
    let roll = people.replace("people", "roll");
    let house = House::declared_by(&[("sources/people.toml", &people), ("sources/roll.toml", &roll)]).await;
    house.ingest("people_1.csv", "ID,NAME,DOB,MOBILE\n1,Gurpreet Kaur Sandhu,1990-01-02,9876543210\n").await;
    house.ingest("roll_1.csv", "ID,NAME,DOB,MOBILE\n7,Gurpreet Kaur Sandhu,1990-01-02,9876543210\n").await;
    resolve_citizens(&house).await;
    assert_eq!(golden_ids(&house).await, [1, 1], "they are one");
    house
}

async fn resolve_citizens(house: &House) -> Applied {
    let model = house.deployment.get_model("citizen").unwrap();
    resolve(&house.deployment, model).await.unwrap().applied.unwrap()
}

async fn golden_ids(house: &House) -> Vec<i64> {
    house.deployment.store.list_links("citizen").await.unwrap().iter().map(|link| link.golden_id.0).collect()
}

/// The roll corrects its row: it is of somebody else altogether.
async fn correct(house: &House) {
    house.ingest("roll_2.csv", "ID,NAME,DOB,MOBILE\n7,Mohammad Iqbal,1951-11-30,9811122233\n").await;
}

#[tokio::test]
async fn new_evidence_parts_a_golden_record_and_the_feed_tells_it() {
    let house = house().await;
    let before = house.deployment.store.feed_position().await.unwrap();
    correct(&house).await;
    let applied = resolve_citizens(&house).await;
    assert_eq!((applied.split, golden_ids(&house).await), (1, vec![1, 2]));
    let told = house.deployment.store.list_feed(before, 100).await.unwrap();
    let split = told.iter().find(|event| event.change == Change::SplitFrom).unwrap();
    assert_eq!((split.golden_id, split.other), (GoldenId(2), Some(GoldenId(1))));
    assert!(told.iter().any(|event| event.change == Change::Updated && event.golden_id == GoldenId(1)));
    assert!(told.iter().all(|event| event.position > FeedPosition(before.0)));
}

#[tokio::test]
async fn new_evidence_against_a_confirmed_golden_record_asks_a_steward() {
    let house = house().await;
    let store = &house.deployment.store;
    store.confirm_golden(GoldenId(1), UserId(1), "both papers seen").await.unwrap();
    correct(&house).await;
    let applied = resolve_citizens(&house).await;
    assert_eq!((applied.split, applied.tasks_opened, golden_ids(&house).await), (0, 1, vec![1, 1]));
    let access = Access::operation("test");
    let open = store.list_steward_tasks(&access, &TaskQuery::new(TaskFilter::Open, 10)).await.unwrap();
    assert_eq!(open.len(), 1);
    // The steward says that they do not match: then they part.
    let decision = kanak_model::match_pair::Decision::NoMatch;
    store.decide_task(open[0].id, UserId(1), decision, "the roll's row is of a neighbour").await.unwrap();
    let applied = resolve_citizens(&house).await;
    assert_eq!((applied.split, golden_ids(&house).await), (1, vec![1, 2]));
    for check in store.check_invariants().await.unwrap() {
        assert!(check.passed, "{}: {} ({})", check.name, check.what, check.detail);
    }
}
