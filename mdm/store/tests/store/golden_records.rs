//! Reading back: by id, by key, by words; under the caller's access.

use std::collections::BTreeSet;

use kanak_model::source_record::{NewSourceRecord, Stated};
use kanak_model::source_system::Load;
use kanak_model::{Access, Caller, GoldenId, Purpose, Role, UserId};
use kanak_store::{Place, Store};

use crate::hub::{Hub, all, file, model, on_both, record};

fn caller(role: Role, districts: Option<&[&str]>) -> Caller {
    Caller {
        user: Some(UserId(1)),
        name: "someone".to_owned(),
        roles: [role].into_iter().collect(),
        districts: districts.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>()),
    }
}

fn steward(districts: Option<&[&str]>) -> Access {
    Access::decide(&caller(Role::Steward, districts), Purpose::Stewardship).unwrap()
}

fn analyst() -> Access {
    Access::decide(&caller(Role::Analyst, None), Purpose::Statistics).unwrap()
}

fn with(mut record: NewSourceRecord, attribute: &str, value: &str) -> NewSourceRecord {
    record.values.insert(attribute, Stated::new(value, value));
    record
}

/// Three golden records: Asha in 41 (two source records), Balbir in 42, Charan without a district.
async fn fill(hub: &Hub) {
    let mut run = hub.store.begin_ingest(hub.source, file("food.csv", Load::Snapshot)).await.unwrap();
    let mut charan = record("c", "Charan Kaur");
    charan.values =
        charan.values.iter().filter(|(name, _)| *name != "district").map(|(n, s)| (n.to_owned(), s.clone())).collect();
    let rows = vec![
        with(with(record("a", "Asha Singh"), "pan", "ABCPE1234F"), "mobile", "9876543210"),
        with(record("a2", "Asha Rani Singh"), "district", "42"),
        with(record("b", "Balbir Singh"), "district", "42"),
        charan,
    ];
    run.add(rows).await.unwrap();
    run.finish().await.unwrap();
    hub.resolve(&[vec![1, 2], vec![3], vec![4]]).await.unwrap();
}

#[test]
fn a_key_leads_to_its_golden_record_with_its_members_and_provenance() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let golden = hub.store.find_golden_by_crosswalk(&all(), &model(), "food", "a2").await.unwrap().unwrap();
        assert_eq!(golden.record.id, GoldenId(1));
        assert_eq!(
            golden.members.iter().map(|m| (m.source.as_str(), m.key.as_str())).collect::<Vec<_>>(),
            [("food", "a"), ("food", "a2")]
        );
        let name = &golden.record.values["full_name"];
        assert_eq!(
            (name.value.as_str(), name.source_record, name.source_version),
            ("Asha Singh", golden.members[0].id, 1)
        );
        assert!(hub.store.find_golden_by_crosswalk(&all(), &model(), "food", "zz").await.unwrap().is_none());
        assert!(hub.store.find_golden(&all(), &model(), GoldenId(99)).await.unwrap().is_none());
        assert_eq!(hub.store.find_golden_entity(GoldenId(1)).await.unwrap().as_deref(), Some("citizen"));
    });
}

/// One of nine questions: by a department's key, or by id.
async fn ask(store: Store, access: Access, number: usize) -> String {
    let golden = match ["a", "a2", "b", "c", "zz"].get(number) {
        Some(key) => store.find_golden_by_crosswalk(&access, &model(), "food", key).await.unwrap(),
        None => store.find_golden(&access, &model(), GoldenId(number as i64 - 4)).await.unwrap(),
    };
    format!("{golden:?}")
}

#[test]
fn many_who_read_at_once_are_each_told_what_they_would_be_alone() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        hub.resolve(&[vec![1, 2, 3], vec![4]]).await.unwrap();
        let readers = [all(), steward(Some(&["41"])), steward(Some(&["42"]))];
        let mut alone = Vec::new();
        for access in &readers {
            for number in 0..9 {
                alone.push(ask(hub.store.clone(), access.clone(), number).await);
            }
        }
        let shown: BTreeSet<&String> = alone.iter().collect();
        assert!(shown.len() > 5, "the readers are shown different things: {shown:?}");
        let asked = |number: usize| {
            let (store, access) = (hub.store.clone(), readers[number / 9 % 3].clone());
            tokio::spawn(ask(store, access, number % 9))
        };
        let together: Vec<_> = (0..540).map(asked).collect();
        for (number, answer) in together.into_iter().enumerate() {
            assert_eq!(answer.await.unwrap(), alone[number % 27], "reader {number}");
        }
    });
}

#[test]
fn classes_not_shown_are_masked_or_left_out() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let seen = hub.store.find_golden(&steward(None), &model(), GoldenId(1)).await.unwrap().unwrap();
        assert_eq!(seen.record.values["pan"].value, "A********F");
        assert_eq!(seen.members[0].values.find("pan"), Some("A********F"));
        assert_eq!(seen.record.values["mobile"].value, "9876543210");
        let figures = hub.store.find_golden(&analyst(), &model(), GoldenId(1)).await.unwrap().unwrap();
        assert_eq!(figures.record.values.keys().collect::<Vec<_>>(), ["district"]);
        assert_eq!(figures.members[0].values.len(), 1);
        let mut smaller = model();
        smaller.attributes.retain(|attribute| attribute.name != "mobile");
        let unknown = hub.store.find_golden(&all(), &smaller, GoldenId(1)).await.unwrap().unwrap();
        assert!(!unknown.record.values.contains_key("mobile"), "what the model does not know is not shown");
    });
}

#[test]
fn a_caller_confined_to_districts_finds_only_theirs_and_the_sql_agrees_with_the_filter() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        for districts in [&["41"][..], &["42"], &["41", "42"], &[], &["%"], &["'"]] {
            let access = steward(Some(districts));
            let everyone = hub.store.list_golden(&all(), &model(), None, 10).await.unwrap();
            let expected: Vec<GoldenId> = everyone
                .iter()
                .filter(|g| access.filter().passes(&|name| g.values.get(name).map(|v| v.value.as_str())))
                .map(|g| g.id)
                .collect();
            let listed = hub.store.list_golden(&access, &model(), None, 10).await.unwrap();
            assert_eq!(listed.iter().map(|g| g.id).collect::<Vec<_>>(), expected, "{districts:?}");
            let versions = hub.store.list_golden_versions(&access, &model(), None, 10).await.unwrap();
            assert_eq!(versions.iter().map(|g| g.id).collect::<Vec<_>>(), expected, "{districts:?}");
            let sources = hub.store.list_source_records(&access, "citizen").await.unwrap();
            let everything = hub.records().await;
            let passing: Vec<_> =
                everything.into_iter().filter(|r| access.filter().passes(&|name| r.values.find(name))).collect();
            assert_eq!(sources, passing, "{districts:?}");
            for id in [1, 2, 3] {
                let found = hub.store.find_golden(&access, &model(), GoldenId(id)).await.unwrap();
                assert_eq!(found.is_some(), expected.contains(&GoldenId(id)), "{districts:?} {id}");
            }
        }
    });
}

#[test]
fn a_source_record_outside_the_callers_districts_shows_its_key_alone() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let access = steward(Some(&["41"]));
        let golden = hub.store.find_golden(&access, &model(), GoldenId(1)).await.unwrap().unwrap();
        let shown: Vec<_> = golden.members.iter().map(|m| (m.key.as_str(), m.place, m.values.is_empty())).collect();
        assert_eq!(shown, [("a", Place::Inside, false), ("a2", Place::Outside, true)]);
        let crosswalks = async |access: &Access| hub.store.list_crosswalks_of(access, &[GoldenId(1)]).await.unwrap();
        assert_eq!(crosswalks(&access).await.len(), 2);
        assert_eq!(crosswalks(&steward(Some(&["42"]))).await, [], "the golden record lies in 41");
        assert_eq!(crosswalks(&all()).await.len(), 2);
    });
}

#[test]
fn words_find_golden_records_and_the_nearest_label_comes_first() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let find = async |access: &Access, text: &str| -> Vec<i64> {
            let found = hub.store.search_golden(access, &model(), text, 10).await.unwrap();
            found.iter().map(|golden| golden.id.0).collect()
        };
        assert_eq!(find(&all(), "singh").await, [1, 2]);
        assert_eq!(find(&all(), "BALBIR singh").await, [2]);
        assert_eq!(find(&all(), "bal").await, [2]);
        assert_eq!(find(&all(), "9876543210").await, [1]);
        assert_eq!(find(&all(), "ABCPE1234F").await, [0; 0], "a sensitive attribute is not indexed");
        assert_eq!(find(&all(), "nobody").await, [0; 0]);
        for odd in ["", " ", "\"", "a*\" OR", "'':* & |", "।", "NEAR(a b)"] {
            find(&all(), odd).await;
        }
        assert_eq!(find(&analyst(), "singh").await, [0; 0]);
        assert_eq!(find(&steward(Some(&["42"])), "singh").await, [2]);
        // After a merge the words of the ended one are gone.
        hub.resolve(&[vec![1, 2, 3], vec![4]]).await.unwrap();
        assert_eq!(find(&all(), "balbir").await, [0; 0]);
        assert_eq!(find(&all(), "singh").await, [1]);
    });
}

#[test]
fn listings_go_on_after_their_cursor() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        hub.resolve(&[vec![1], vec![2], vec![3], vec![4]]).await.unwrap();
        let mut after = None;
        let mut seen = Vec::new();
        loop {
            let page = hub.store.list_golden_versions(&all(), &model(), after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.id, last.version));
            seen.extend(page.iter().map(|g| (g.id.0, g.version)));
        }
        assert_eq!(seen, [(1, 1), (1, 2), (2, 1), (3, 1), (4, 1)]);
        let first = hub.store.list_crosswalks(None, 3).await.unwrap();
        let cursor = first.last().map(|c| (c.source_record, c.recorded_from));
        let rest = hub.store.list_crosswalks(cursor, 100).await.unwrap();
        assert_eq!((first.len(), rest.len()), (3, 2));
        let counts = hub.store.counts().await.unwrap();
        assert_eq!((counts.golden_records["citizen"], counts.source_records["citizen"]), (4, 4));
    });
}
