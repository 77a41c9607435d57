//! The audit trail and what a change to it shows.

use kanak_model::Purpose;
use kanak_store::{AuditChain, AuditEvent};

use crate::hub::{Hub, on_both};

fn event(subject: &str) -> AuditEvent {
    AuditEvent {
        actor: "deepa".to_owned(),
        action: "read".to_owned(),
        subject: subject.to_owned(),
        purpose: Some(Purpose::Stewardship),
        detail: serde_json::json!({"b": 1, "a": ["x"]}),
    }
}

#[test]
fn entries_read_back_and_the_chain_holds() {
    on_both(async |hub: Hub| {
        let empty = AuditChain { events: 0, broken_at: None };
        assert_eq!(hub.store.verify_audit_chain().await.unwrap(), empty);
        assert_eq!(hub.store.audit(event("K-1")).await.unwrap(), 1);
        assert_eq!(hub.store.audit_many(vec![event("K-2"), event("K-3")]).await.unwrap(), 3);
        assert_eq!(hub.store.audit_many(Vec::new()).await.unwrap(), 3);
        let entries = hub.store.list_audit_events(1, 10).await.unwrap();
        assert_eq!(entries.iter().map(|entry| entry.position).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(entries[0].event, event("K-2"));
        assert_eq!(hub.store.verify_audit_chain().await.unwrap(), AuditChain { events: 3, broken_at: None });
    });
}

#[test]
fn a_changed_a_removed_and_an_inserted_entry_are_found() {
    for (statement, place) in [
        ("UPDATE audit_events SET actor = 'balbir' WHERE position = 2", 2),
        ("DELETE FROM audit_events WHERE position = 2", 3),
        ("UPDATE audit_events SET purpose = NULL WHERE position = 3", 3),
        ("UPDATE audit_events SET position = position + 10", 11),
        ("UPDATE audit_events SET previous_hash = '' WHERE position = 3", 3),
    ] {
        on_both(async |hub: Hub| {
            hub.store.audit_many((1..=4).map(|n| event(&format!("K-{n}"))).collect()).await.unwrap();
            kanak_store::testing::break_hub(&hub.url, statement).await.unwrap();
            assert_eq!(hub.store.verify_audit_chain().await.unwrap().broken_at, Some(place), "{statement}");
        });
    }
}

#[test]
fn reads_are_recorded_one_entry_a_subject_with_purpose_and_basis() {
    on_both(async |hub: Hub| {
        hub.store.audit(event("K-1")).await.unwrap();
        let access = kanak_model::Access::operation("refresh");
        hub.store.record_reads(&access, "read", Vec::<String>::new()).await.unwrap();
        hub.store.record_reads(&access, "search", ["a\0b 'c' \"d\" \\u0000 ਕ"]).await.unwrap();
        hub.store.record_reads(&access, "read", 0..6_000).await.unwrap();
        let entries = hub.store.list_audit_events(1, 10).await.unwrap();
        assert_eq!(entries[0].event.subject, "ab 'c' \"d\" \\u0000 ਕ");
        let second = &entries[1].event;
        assert_eq!((second.actor.as_str(), second.subject.as_str()), ("system:refresh", "0"));
        assert_eq!(
            (second.purpose, &second.detail),
            (Some(Purpose::Operation), &serde_json::json!({"basis": "legal_duty"}))
        );
        assert_eq!(hub.store.verify_audit_chain().await.unwrap(), AuditChain { events: 6_002, broken_at: None });
    });
}
