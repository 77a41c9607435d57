//! Sharing agreements: two persons of the owner make one, one of them ends it, and nothing stands on it from that moment.

use std::collections::BTreeSet;

use kanak_model::access::{OfDepartment, Terms};
use kanak_model::golden_record::WithheldCounts;
use kanak_model::match_pair::Decision;
use kanak_model::sharing::{AgreementTerms, Covered, Party, Registers};
use kanak_model::source_record::Stated;
use kanak_model::source_system::Load;
use kanak_model::{Access, Caller, Class, GoldenId, Purpose, Role, StewardTaskId, Timestamp, UserId};
use kanak_store::{Member, StoreError, TaskFilter, TaskQuery};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::hub::{Hub, all, citizens, doubtful, file, model, on_both, record};

pub(crate) fn by() -> Caller {
    Caller::system("test")
}

/// A user of a department.
pub(crate) async fn person(hub: &Hub, name: &str, department: &str) -> UserId {
    let (mut rng, roles) = (StdRng::seed_from_u64(1), BTreeSet::from([Role::Department]));
    let id = hub.store.create_user(&by(), name, "a long password", &roles, None, &mut rng).await.unwrap();
    hub.store.set_department(&by(), Member::User(id), Some(department)).await.unwrap();
    id
}

pub(crate) fn terms(party: Party, covers: &str) -> AgreementTerms {
    AgreementTerms {
        register: "food".to_owned(),
        party,
        purposes: [Purpose::Stewardship, Purpose::ServiceDelivery].into(),
        covers: Covered::parse([covers]).unwrap(),
        from: Timestamp(0),
        until: None,
        reference: "order 7 of 2026".to_owned(),
    }
}

/// The hub with a register of health beside the one of food, whose persons Asha and Bina are, and Chand is health's.
pub(crate) async fn two_registers(hub: &Hub) {
    let mut health = citizens("health");
    "health".clone_into(&mut health.department);
    let health = hub.store.ensure_source_system(&health).await.unwrap();
    for (name, department) in [("asha", "food"), ("bina", "food"), ("chand", "health")] {
        person(hub, name, department).await;
    }
    hub.load(Load::Snapshot, &[("f1", "Deepa"), ("f2", "Ekta")]).await.unwrap();
    let mut run = hub.store.begin_ingest(health, file("health.csv", Load::Snapshot)).await.unwrap();
    let mut one = record("h1", "Deepa Rani");
    one.values.insert("mobile", Stated::new("9876543210", "9876543210"));
    run.add(vec![one, record("h2", "Ekta")]).await.unwrap();
    run.finish().await.unwrap();
}

async fn stand(hub: &Hub) -> Vec<i64> {
    let now = hub.store.clock().now().max(hub.store.recorded_until().await.unwrap());
    let all = hub.store.list_agreements().await.unwrap();
    all.into_iter().filter(|agreement| agreement.stands(now)).map(|agreement| agreement.id).collect()
}

#[test]
fn two_persons_of_the_owner_make_an_agreement_and_one_ends_it() {
    on_both(async |hub: Hub| {
        two_registers(&hub).await;
        let store = &hub.store;
        let with_health = terms(Party::LinkedWith("health".to_owned()), "all");
        let stranger = store.propose_agreement(&with_health, "chand").await.unwrap_err();
        assert!(matches!(&stranger, StoreError::NotOfOwner { owner, .. } if owner == "food"), "{stranger}");
        assert!(store.propose_agreement(&with_health, "nobody").await.is_err());
        let id = store.propose_agreement(&with_health, "asha").await.unwrap();
        assert!(stand(&hub).await.is_empty(), "one person is not enough");
        assert!(matches!(store.approve_agreement(id, "asha").await, Err(StoreError::SamePerson { .. })));
        assert!(matches!(store.approve_agreement(id, "chand").await, Err(StoreError::NotOfOwner { .. })));
        let approved = store.approve_agreement(id, "bina").await.unwrap();
        assert_eq!(approved.approved.unwrap().0, "bina");
        assert_eq!(stand(&hub).await, [id]);
        assert!(store.list_agreed_links().await.unwrap().allows("health", "food"));
        assert!(store.approve_agreement(id, "bina").await.is_err(), "it waits for nobody");
        store.end_agreement(id, "asha").await.unwrap();
        assert!(stand(&hub).await.is_empty());
        assert!(!store.list_agreed_links().await.unwrap().allows("health", "food"));
        assert!(matches!(store.end_agreement(99, "asha").await, Err(StoreError::NotFound { .. })));
        let told: Vec<String> = store
            .list_audit_events(0, 999)
            .await
            .unwrap()
            .into_iter()
            .map(|entry| format!("{} {}", entry.event.actor, entry.event.action))
            .filter(|entry| entry.contains("agreement"))
            .collect();
        assert_eq!(told, ["asha agreement_proposed", "bina agreement_approved", "asha agreement_ended"]);
    });
}

#[test]
fn what_gives_nothing_or_cannot_be_kept_is_no_agreement() {
    on_both(async |hub: Hub| {
        two_registers(&hub).await;
        let good = terms(Party::LinkedWith("health".to_owned()), "all");
        let bad = [
            AgreementTerms { purposes: BTreeSet::new(), ..good.clone() },
            AgreementTerms { purposes: [Purpose::Audit].into(), ..good.clone() },
            AgreementTerms { covers: Covered::nothing(), ..good.clone() },
            AgreementTerms { until: Some(Timestamp(0)), ..good.clone() },
            AgreementTerms { reference: " ".to_owned(), ..good.clone() },
            AgreementTerms { register: "nowhere".to_owned(), ..good.clone() },
            AgreementTerms { party: Party::LinkedWith("nowhere".to_owned()), ..good.clone() },
        ];
        for terms in bad {
            assert!(hub.store.propose_agreement(&terms, "asha").await.is_err(), "{terms:?}");
        }
        assert!(hub.store.list_agreements().await.unwrap().is_empty());
        hub.store.propose_agreement(&good, "asha").await.unwrap();
    });
}

#[test]
fn an_agreement_that_expired_has_no_force_though_nobody_ended_it() {
    on_both(async |hub: Hub| {
        two_registers(&hub).await;
        let until = Some(Timestamp(5_000_000));
        let brief = AgreementTerms { until, ..terms(Party::ReadBy("health".to_owned()), "all") };
        let id = hub.store.propose_agreement(&brief, "asha").await.unwrap();
        hub.store.approve_agreement(id, "bina").await.unwrap();
        hub.clock.set(4_999_999);
        assert_eq!(stand(&hub).await, [id]);
        hub.clock.set(5_000_000);
        assert!(stand(&hub).await.is_empty());
    });
}

/// What the caller of a department may read where reads need an agreement.
async fn access_of(hub: &Hub, user: UserId) -> Access {
    let caller = hub.store.find_user(user).await.unwrap().unwrap().caller();
    let (of_department, registers) = hub.store.agreed_registers(&caller).await.unwrap();
    let terms = Terms { agreed: Some(registers.into_iter().collect()), of_department, ..Terms::default() };
    Access::decide_under(&caller, Purpose::ServiceDelivery, None, &terms).unwrap()
}

#[test]
fn a_department_reads_values_of_its_registers_and_of_others_what_is_agreed() {
    on_both(async |hub: Hub| {
        two_registers(&hub).await;
        hub.resolve(&[vec![1, 3], vec![2], vec![4]]).await.unwrap();
        let chand = hub.store.find_user_by_name("chand").await.unwrap().unwrap().id;
        let see = async || {
            let access = access_of(&hub, chand).await;
            let golden = hub.store.find_golden(&access, &model(), GoldenId(1)).await.unwrap().unwrap();
            let names: Vec<String> = golden.record.values.keys().cloned().collect();
            (names.join(" "), golden.record.withheld, golden.members.len(), access)
        };
        // The name and the district are food's, the mobile is health's own.
        let (names, withheld, members, access) = see().await;
        assert_eq!((names.as_str(), withheld.by_agreement, withheld.source_records, members), ("mobile", 2, 1, 1));
        let found = async |access: &Access, words: &str| {
            let found = hub.store.search_golden(access, &model(), words, 9).await.unwrap();
            found.into_iter().map(|golden| golden.id.0).collect::<Vec<_>>()
        };
        assert!(found(&access, "deepa").await.is_empty(), "a withheld name finds nobody");
        assert_eq!(found(&access, "9876543210").await, [1]);
        assert_eq!(found(&access, "ekta").await, [3], "of two of one name the one whose register it is");
        let by_key = hub.store.find_golden_by_crosswalk(&access, &model(), "food", "f1").await.unwrap();
        assert!(by_key.is_none(), "a key of a register that is not read leads nowhere");
        let crosswalks = hub.store.list_crosswalks_of(&access, &[GoldenId(1)]).await.unwrap();
        assert_eq!(crosswalks.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["h1"]);

        let names_only = terms(Party::ReadBy("health".to_owned()), "full_name");
        let id = hub.store.propose_agreement(&names_only, "asha").await.unwrap();
        hub.store.approve_agreement(id, "bina").await.unwrap();
        let (names, withheld, members, access) = see().await;
        assert_eq!((names.as_str(), withheld.by_agreement, members), ("full_name mobile", 1, 2));
        assert_eq!(found(&access, "deepa").await, [1]);
        let golden = hub.store.find_golden_by_crosswalk(&access, &model(), "food", "f1").await.unwrap().unwrap();
        let food = golden.members.iter().find(|member| member.source == "food").unwrap();
        assert_eq!(food.values.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["full_name"]);

        hub.store.end_agreement(id, "bina").await.unwrap();
        assert_eq!(see().await.0, "mobile", "it had force until this moment");
        // Who is of no department has nothing agreed.
        hub.store.set_department(&by(), Member::User(chand), None).await.unwrap();
        assert_eq!(see().await.0, "");
        let everything = hub.store.find_golden(&all(), &model(), GoldenId(1)).await.unwrap().unwrap();
        assert_eq!(everything.record.withheld, WithheldCounts::default(), "the hub itself reads all");
    });
}

#[test]
fn the_feed_and_the_past_withhold_what_a_reader_is_not_given() {
    on_both(async |hub: Hub| {
        two_registers(&hub).await;
        hub.resolve(&[vec![1, 3], vec![2], vec![4]]).await.unwrap();
        let chand = hub.store.find_user_by_name("chand").await.unwrap().unwrap().id;
        let access = access_of(&hub, chand).await;
        let (from, detail) = (kanak_model::FeedPosition(0), kanak_model::feed::Detail::Values);
        let page = hub.store.read_feed(&access, &[model()], from, 99, detail).await.unwrap();
        let told: Vec<Vec<String>> = page
            .entries
            .iter()
            .filter_map(|entry| Some(entry.golden()?.after.as_ref()?.values.keys().cloned().collect()))
            .collect();
        assert_eq!(told, [vec!["mobile".to_owned()], vec![], vec!["district".to_owned(), "full_name".to_owned()]]);
        let now = hub.store.recorded_until().await.unwrap();
        let then = hub.store.find_golden_at(&access, &model(), GoldenId(1), now).await.unwrap().unwrap();
        assert_eq!(then.record.values.keys().collect::<Vec<_>>(), ["mobile"]);
        assert_eq!((then.members.len(), then.record.withheld.source_records), (1, 1));
        let epochs = hub.store.list_crosswalks_of_at(&access, &[GoldenId(1)], now).await.unwrap();
        assert_eq!(epochs.len(), 1);
    });
}

#[test]
fn a_match_across_registers_without_an_agreement_is_refused_at_entry() {
    on_both(async |hub: Hub| {
        two_registers(&hub).await;
        hub.resolve_with(&[vec![1], vec![2], vec![3], vec![4]], vec![doubtful(1, 3, 0.8), doubtful(1, 2, 0.7)])
            .await
            .unwrap();
        hub.store.put_rule_set("citizen", &serde_json::json!({ "prior": 0.5, "agreed": [] })).await.unwrap();
        let open = hub.store.list_steward_tasks(&all(), &TaskQuery::new(TaskFilter::Open, 9)).await.unwrap();
        let task = |right: i64| open.iter().find(|task| task.pair.right.0 == right).unwrap().id;
        let decide =
            async |task: StewardTaskId, decision| hub.store.decide_task(task, UserId(1), decision, "same mother").await;
        let (across, within) = (task(3), task(2));
        let refused = decide(across, Decision::Match).await.unwrap_err();
        assert!(refused.is_refusal() && refused.to_string().contains("`food` stand with `health`"), "{refused}");
        decide(within, Decision::Match).await.unwrap();
        decide(across, Decision::NoMatch).await.unwrap();
        hub.store.undo_decision(across, UserId(1)).await.unwrap();
        let id =
            hub.store.propose_agreement(&terms(Party::LinkedWith("health".to_owned()), "all"), "asha").await.unwrap();
        hub.store.approve_agreement(id, "bina").await.unwrap();
        decide(across, Decision::Match).await.unwrap();
    });
}

#[test]
fn a_department_is_found_by_user_and_by_working_key_and_by_nothing_else() {
    on_both(async |hub: Hub| {
        two_registers(&hub).await;
        let mut rng = StdRng::seed_from_u64(2);
        let roles = BTreeSet::from([Role::Department]);
        let secret = hub.store.create_api_key(&by(), "clinic", &roles, None, None, &mut rng).await.unwrap();
        let key = hub.store.find_api_key(&secret).await.unwrap().unwrap();
        let registers = async |caller: &Caller| hub.store.agreed_registers(caller).await.unwrap();
        assert_eq!(registers(&key.caller()).await, (OfDepartment::No, Vec::new()));
        hub.store.set_department(&by(), Member::Key(key.id), Some("health")).await.unwrap();
        let (of_department, found) = registers(&key.caller()).await;
        assert_eq!(of_department, OfDepartment::Yes);
        for (purpose, registers) in found {
            assert!(registers.show(Some("health"), "full_name", Class::Personal), "{purpose:?}");
            assert!(!registers.read("food") && registers != Registers::Any, "{purpose:?}");
        }
        hub.store.disable_api_key(&by(), key.id).await.unwrap();
        assert_eq!(registers(&key.caller()).await.0, OfDepartment::No, "a key that does not work is nobody's");
        assert_eq!(registers(&by()).await.0, OfDepartment::No);
        let unknown = Member::Key(kanak_store::ApiKeyId(99));
        assert!(hub.store.set_department(&by(), unknown, Some("health")).await.is_err());
    });
}
