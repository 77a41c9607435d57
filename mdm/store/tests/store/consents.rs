//! Receipts of consent: they stand for the golden record that holds their source record, wherever it goes, until they end.

use std::collections::BTreeMap;

use kanak_model::access::{LegalBasis, Terms};
use kanak_model::sharing::Covered;
use kanak_model::source_system::Load;
use kanak_model::{Access, Caller, GoldenId, Purpose, Role, Timestamp, UserId};
use kanak_store::{FileKeyStore, KeyStore as _, NewConsent, StoreError};

use crate::hub::{Hub, all, model, on_both};

fn consent<'a>(key: &'a str, covers: &str) -> NewConsent<'a> {
    NewConsent {
        source: "food",
        key,
        purpose: Purpose::ServiceDelivery,
        covers: Covered::parse([covers]).unwrap(),
        how: "form 12",
        given: Timestamp(0),
        until: None,
    }
}

/// What a caller reads who rests on consent.
async fn access(hub: &Hub) -> Access {
    let roles = [Role::Department].into_iter().collect();
    let caller = Caller { user: Some(UserId(1)), name: "someone".to_owned(), roles, districts: None };
    let receipts = hub.store.list_receipts(Purpose::ServiceDelivery).await.unwrap();
    let terms = Terms { receipts: BTreeMap::from([(Purpose::ServiceDelivery, receipts)]), ..Terms::default() };
    Access::decide_under(&caller, Purpose::ServiceDelivery, Some(LegalBasis::Consent), &terms).unwrap()
}

/// The golden records that such a caller sees, each with the names of its values.
async fn seen(hub: &Hub) -> Vec<(i64, String)> {
    let access = access(hub).await;
    let listed = hub.store.list_golden(&access, &model(), None, 99).await.unwrap();
    for golden in &listed {
        let found = hub.store.find_golden(&access, &model(), golden.id).await.unwrap().unwrap();
        assert_eq!(found.record, *golden);
    }
    let names = |values: BTreeMap<String, _>| values.into_keys().collect::<Vec<_>>().join(" ");
    listed.into_iter().map(|golden| (golden.id.0, names(golden.values))).collect()
}

async fn three(hub: &Hub) {
    hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Bina"), ("c", "Chand")]).await.unwrap();
    hub.resolve(&[vec![1], vec![2], vec![3]]).await.unwrap();
}

#[test]
fn a_read_that_rests_on_consent_shows_whom_a_receipt_stands_for_and_what_it_covers() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        assert!(seen(&hub).await.is_empty());
        let id = hub.store.record_consent(&consent("a", "full_name"), "system:test").await.unwrap();
        hub.store.record_consent(&consent("c", "all"), "system:test").await.unwrap();
        let audit = NewConsent { purpose: Purpose::Audit, ..consent("b", "all") };
        hub.store.record_consent(&audit, "system:test").await.unwrap();
        let full = "district full_name".to_owned();
        assert_eq!(seen(&hub).await, [(1, "full_name".to_owned()), (3, full.clone())]);
        let one = hub.store.find_golden(&access(&hub).await, &model(), GoldenId(1)).await.unwrap().unwrap();
        assert_eq!((one.record.withheld.by_consent, one.members[0].values.len()), (1, 1));
        assert!(hub.store.find_golden(&access(&hub).await, &model(), GoldenId(2)).await.unwrap().is_none());
        let words = hub.store.search_golden(&access(&hub).await, &model(), "bina", 9).await.unwrap();
        assert!(words.is_empty(), "{words:?}");
        hub.store.withdraw_consent(id, "system:test").await.unwrap();
        assert_eq!(seen(&hub).await, [(3, full)]);
        assert!(matches!(hub.store.withdraw_consent(id, "system:test").await, Err(StoreError::NotFound { .. })));
    });
}

#[test]
fn a_receipt_follows_its_source_record_through_merges_and_splits() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        hub.store.record_consent(&consent("b", "all"), "system:test").await.unwrap();
        let ids = async || seen(&hub).await.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(ids().await, [2]);
        hub.load(Load::Delta, &[("a", "Asha Rani")]).await.unwrap();
        hub.resolve(&[vec![1, 2], vec![3]]).await.unwrap();
        assert_eq!(ids().await, [1], "it stands for all that is one with it");
        hub.load(Load::Delta, &[("a", "Asha")]).await.unwrap();
        hub.resolve(&[vec![1], vec![2], vec![3]]).await.unwrap();
        assert_eq!(ids().await, [2]);
        let listed = hub.store.list_consents(Some(GoldenId(2)), 0, 9).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert!(hub.store.list_consents(Some(GoldenId(1)), 0, 9).await.unwrap().is_empty());
    });
}

#[test]
fn a_receipt_ends_with_its_time_and_with_an_erasure() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let now = hub.store.recorded_until().await.unwrap();
        let brief = NewConsent { until: Some(Timestamp(now.0 + 1_000_000)), ..consent("a", "all") };
        hub.store.record_consent(&brief, "system:test").await.unwrap();
        hub.store.record_consent(&NewConsent { how: "said so at window 3", ..consent("b", "all") }, "x").await.unwrap();
        hub.clock.set(now.0 + 999_999);
        assert_eq!(seen(&hub).await.len(), 2);
        hub.clock.set(now.0 + 1_000_000);
        assert_eq!(seen(&hub).await.len(), 1);
        let key = FileKeyStore::open(&hub.dir.path().join("keys")).unwrap().get_key("erasure").unwrap();
        let plan = hub.store.plan_erasure(GoldenId(2), "order 12").await.unwrap();
        hub.store.erase(&plan, &key, "system:test").await.unwrap();
        assert!(seen(&hub).await.is_empty());
        let left = hub.store.list_consents(None, 0, 9).await.unwrap();
        assert_eq!(left.len(), 2, "that there was one stays on record");
        assert_eq!((left[1].how.as_str(), left[1].covers.is_nothing()), ("erased", true));
        assert!(hub.store.find_golden(&all(), &model(), GoldenId(1)).await.unwrap().is_some());
    });
}

#[test]
fn what_nobody_could_have_given_is_no_consent() {
    on_both(async |hub: Hub| {
        three(&hub).await;
        let bad = [
            NewConsent { key: "zz", ..consent("a", "all") },
            NewConsent { source: "nowhere", ..consent("a", "all") },
            NewConsent { covers: Covered::nothing(), ..consent("a", "all") },
            NewConsent { given: Timestamp(i64::MAX), ..consent("a", "all") },
            NewConsent { until: Some(Timestamp(0)), ..consent("a", "all") },
            NewConsent { how: "", ..consent("a", "all") },
        ];
        for new in bad {
            assert!(hub.store.record_consent(&new, "system:test").await.is_err(), "{new:?}");
        }
        assert!(hub.store.list_consents(None, 0, 9).await.unwrap().is_empty());
    });
}
