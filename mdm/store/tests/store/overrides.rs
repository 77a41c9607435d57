//! Values that stewards stated: whom they speak of, when they end, what is told of them.

use kanak_model::golden_record::ValueOverride;
use kanak_model::source_system::Load;
use kanak_model::{GoldenId, OverrideId, SourceRecordId, Timestamp, UserId};
use kanak_store::{NewOverride, StoreError};

use crate::hub::{Hub, all, model, on_both};

const THREE: [(&str, &str); 3] = [("a", "Asha"), ("b", "Asha Rani"), ("c", "Charan")];

fn stated(golden: i64, value: &str, expires: Option<i64>) -> NewOverride<'_> {
    NewOverride {
        golden_id: GoldenId(golden),
        attribute: "full_name",
        value,
        reason: "birth certificate",
        expires: expires.map(Timestamp),
    }
}

async fn held(hub: &Hub) -> Vec<(i64, i64, String)> {
    let overrides = hub.store.list_overrides("citizen").await.unwrap();
    let row = |one: ValueOverride| (one.id.0, one.subject.0, one.value);
    overrides.into_iter().map(row).collect()
}

/// Golden records 1 of {1, 2} and 2 of {3}.
async fn two(hub: &Hub) {
    hub.load(Load::Snapshot, &THREE).await.unwrap();
    hub.resolve(&[vec![1, 2], vec![3]]).await.unwrap();
}

#[test]
fn a_stated_value_speaks_of_the_first_source_record_that_is_live() {
    on_both(async |hub: Hub| {
        two(&hub).await;
        let id = hub.store.state_override(stated(1, "Asha Kumari", None), UserId(7)).await.unwrap();
        assert_eq!(id, OverrideId(1));
        assert_eq!(held(&hub).await, [(1, 1, "Asha Kumari".to_owned())]);
        let waiting = hub.store.list_unresolved("citizen").await.unwrap().source_records;
        assert_eq!(waiting, [1, 2].map(SourceRecordId));
        hub.resolve(&[vec![1, 2], vec![3]]).await.unwrap();
        // The first goes from its register: the other waits too, for it takes the value now.
        hub.load(Load::Snapshot, &THREE[1..]).await.unwrap();
        assert_eq!(held(&hub).await, [(1, 2, "Asha Kumari".to_owned())]);
        let waiting = hub.store.list_unresolved("citizen").await.unwrap().source_records;
        assert_eq!(waiting, [1, 2].map(SourceRecordId));
        hub.resolve(&[vec![2], vec![3]]).await.unwrap();
        hub.load(Load::Snapshot, &THREE[2..]).await.unwrap();
        assert!(held(&hub).await.is_empty(), "nobody is left to take it");
        hub.load(Load::Snapshot, &THREE).await.unwrap();
        assert_eq!(held(&hub).await, [(1, 1, "Asha Kumari".to_owned())]);
    });
}

#[test]
fn an_override_ends_when_its_time_has_come_and_what_it_spoke_of_is_resolved_anew() {
    on_both(async |hub: Hub| {
        two(&hub).await;
        let later = hub.store.clock().now().0 + 1_000_000_000;
        hub.store.state_override(stated(1, "Asha Kumari", Some(later)), UserId(7)).await.unwrap();
        hub.store.state_override(stated(2, "Charan Singh", None), UserId(7)).await.unwrap();
        hub.resolve(&[vec![1, 2], vec![3]]).await.unwrap();
        assert_eq!(hub.store.expire_overrides().await.unwrap(), 0);
        hub.clock.set(later);
        assert_eq!(hub.store.expired_override_count(Some("citizen")).await.unwrap(), 1);
        assert_eq!(hub.store.expired_override_count(Some("business")).await.unwrap(), 0);
        assert_eq!(held(&hub).await.len(), 2, "it holds until it is ended: a replay must come to the same");
        assert_eq!(hub.store.expire_overrides().await.unwrap(), 1);
        assert_eq!(hub.store.expire_overrides().await.unwrap(), 0);
        assert_eq!(held(&hub).await, [(2, 3, "Charan Singh".to_owned())]);
        let waiting = hub.store.list_unresolved("citizen").await.unwrap().source_records;
        assert_eq!(waiting, [1, 2].map(SourceRecordId));
        let told = hub.store.list_overrides_of(&all(), &model(), GoldenId(1)).await.unwrap();
        assert!(told[0].ended.is_some() && told[0].ended_by.is_none(), "{told:?}");
    });
}

#[test]
fn an_override_is_withdrawn_once_and_all_is_in_the_trail_without_the_value() {
    on_both(async |hub: Hub| {
        two(&hub).await;
        let first = hub.store.state_override(stated(1, "Asha Kumari", None), UserId(7)).await.unwrap();
        let second = hub.store.state_override(stated(1, "Asha Sharma", None), UserId(7)).await.unwrap();
        assert_eq!(held(&hub).await.len(), 2, "the earlier one stays behind the later");
        assert_eq!(hub.store.get_override_golden(second).await.unwrap(), ("citizen".to_owned(), GoldenId(1)));
        hub.store.withdraw_override(second, UserId(8)).await.unwrap();
        let error = hub.store.withdraw_override(second, UserId(8)).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { what: "override that holds", .. }), "{error}");
        let told = hub.store.list_overrides_of(&all(), &model(), GoldenId(1)).await.unwrap();
        assert_eq!(told.iter().map(|one| one.id).collect::<Vec<_>>(), [second, first]);
        assert_eq!((told[0].ended_by, told[1].ended), (Some(UserId(8)), None));
        assert_eq!(told[1].value.as_deref(), Some("Asha Kumari"));
        let entries = hub.store.list_audit_events(0, 9).await.unwrap();
        let actions: Vec<&str> = entries.iter().map(|entry| entry.event.action.as_str()).collect();
        assert_eq!(actions, ["value_overridden", "value_overridden", "override_withdrawn"]);
        assert!(entries.iter().all(|entry| !entry.event.detail.to_string().contains("Asha")));
    });
}

#[test]
fn a_value_that_cannot_hold_is_refused() {
    on_both(async |hub: Hub| {
        two(&hub).await;
        let now = hub.store.clock().now().0;
        let error = hub.store.state_override(stated(1, "Asha", Some(now - 1)), UserId(7)).await.unwrap_err();
        assert!(matches!(error, StoreError::ExpiresPast), "{error}");
        let error = hub.store.state_override(stated(9, "Asha", None), UserId(7)).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
        let without = NewOverride { reason: " ", ..stated(1, "Asha", None) };
        let error = hub.store.state_override(without, UserId(7)).await.unwrap_err();
        assert!(matches!(error, StoreError::Reason { .. }), "{error}");
        assert!(held(&hub).await.is_empty());
    });
}
