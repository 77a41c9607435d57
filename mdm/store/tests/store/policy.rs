//! Invariant 12 on stored words: a policy or scope that is missing, unknown or unreadable denies; whatever is written into its columns,
//! nobody sees more than before.

use std::collections::{BTreeMap, BTreeSet};

use kanak_model::access::{LegalBasis, Terms};
use kanak_model::sharing::{Covered, Party, Receipts};
use kanak_model::{Access, Caller, GoldenId, Purpose, Role, Timestamp, UserId};
use kanak_store::{ApiKeyId, HubUrl, Member, NewConsent};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::agreements::{by, terms, two_registers};
use crate::hub::{Hub, model, on_both};

/// Columns that hold a policy or a scope, each with what it holds.
const COLUMNS: [(&str, &str); 9] = [
    ("agreements", "purposes"),
    ("agreements", "covers"),
    ("agreements", "party_kind"),
    ("agreements", "party"),
    ("consents", "purpose"),
    ("consents", "covers"),
    ("api_keys", "roles"),
    ("api_keys", "districts"),
    ("api_keys", "department"),
];

/// What stands in a column afterwards: words that look like policies and are none, and texts that are no JSON at all.
fn corrupted() -> impl Strategy<Value = (usize, String)> {
    let word = prop_oneof![
        Just("[\"everything\"]".to_owned()),
        Just("[\"service_delivery\",\"curiosity\"]".to_owned()),
        Just("[\"all\",\"class:secret\"]".to_owned()),
        Just("[]".to_owned()),
        Just("null".to_owned()),
        Just("{}".to_owned()),
        Just("7".to_owned()),
        Just("[[\"all\"]]".to_owned()),
        Just("[\"all\"".to_owned()),
        Just(String::new()),
        Just("*".to_owned()),
        "[a-z\\[\\]{}:, \"]{0,20}",
    ];
    (0..COLUMNS.len(), word)
}

/// A key of health's that reads one district, what food lets health read, and a consent of one citizen.
async fn fill(hub: &Hub) -> String {
    two_registers(hub).await;
    hub.resolve(&[vec![1, 3], vec![2], vec![4]]).await.unwrap();
    let id =
        hub.store.propose_agreement(&terms(Party::ReadBy("health".to_owned()), "full_name"), "asha").await.unwrap();
    hub.store.approve_agreement(id, "bina").await.unwrap();
    let consent = NewConsent {
        source: "food",
        key: "f1",
        purpose: Purpose::ServiceDelivery,
        covers: Covered::parse(["full_name"]).unwrap(),
        how: "form",
        given: Timestamp(0),
        until: None,
    };
    hub.store.record_consent(&consent, "system:test").await.unwrap();
    let roles = BTreeSet::from([Role::Department]);
    let districts = BTreeSet::from(["41".to_owned()]);
    let mut rng = StdRng::seed_from_u64(3);
    let secret = hub.store.create_api_key(&by(), "clinic", &roles, Some(&districts), None, &mut rng).await.unwrap();
    hub.store.set_department(&by(), Member::Key(ApiKeyId(1)), Some("health")).await.unwrap();
    secret
}

/// All that the key shows for any purpose on any basis where reads need agreements: golden record, attribute, value.
async fn seen(hub: &Hub, secret: &str) -> BTreeSet<(i64, String, String)> {
    let mut seen = BTreeSet::new();
    let Ok(Some(key)) = hub.store.find_api_key(secret).await else { return seen };
    let caller = key.caller();
    let Ok((of_department, registers)) = hub.store.agreed_registers(&caller).await else { return seen };
    for purpose in Purpose::ALL {
        for basis in LegalBasis::ALL {
            let Ok(receipts) = hub.store.list_receipts(purpose).await else { continue };
            let terms = Terms {
                agreed: Some(registers.iter().cloned().collect()),
                of_department,
                receipts: BTreeMap::from([(purpose, receipts)]),
                ..Terms::default()
            };
            let Ok(access) = Access::decide_under(&caller, purpose, Some(basis), &terms) else { continue };
            for golden in hub.store.list_golden(&access, &model(), None, 99).await.unwrap_or_default() {
                let values = golden.values.into_iter().map(|(name, value)| (golden.id.0, name, value.value));
                seen.extend(values);
            }
        }
    }
    seen
}

/// Writes a text into a column of every row; a column that takes no such value stays as it is.
async fn write(url: &HubUrl, (table, column): (&str, &str), text: &str) {
    let quoted = text.replace('\'', "''");
    let statement: &'static str = format!("UPDATE {table} SET {column} = '{quoted}'").leak();
    drop(kanak_store::testing::break_hub(url, statement).await);
}

#[test]
fn whatever_is_written_where_a_policy_or_scope_stands_nobody_sees_more() {
    on_both(async |hub: Hub| {
        let secret = fill(&hub).await;
        let before = seen(&hub, &secret).await;
        assert!(before.contains(&(1, "full_name".to_owned(), "Deepa".to_owned())), "{before:?}");
        let mut runner = TestRunner::deterministic();
        for _ in 0..60 {
            let (at, text) = corrupted().new_tree(&mut runner).unwrap().current();
            // The words of one row are a policy of their own; they are put back afterwards.
            let (table, column) = COLUMNS[at];
            kanak_store::testing::break_hub(
                &hub.url,
                format!("CREATE TABLE kept AS SELECT id, {column} AS word FROM {table}").leak(),
            )
            .await
            .unwrap();
            write(&hub.url, COLUMNS[at], &text).await;
            let after = seen(&hub, &secret).await;
            let more: Vec<_> = after.difference(&before).collect();
            assert!(more.is_empty(), "{table}.{column} = {text}: {more:?}");
            let back = format!(
                "UPDATE {table} SET {column} = (SELECT word FROM kept WHERE kept.id = {table}.id); DROP TABLE kept"
            );
            kanak_store::testing::break_hub(&hub.url, back.leak()).await.unwrap();
        }
        assert_eq!(seen(&hub, &secret).await, before);
    });
}

#[test]
fn an_agreement_or_a_receipt_that_cannot_be_read_gives_nothing() {
    on_both(async |hub: Hub| {
        let secret = fill(&hub).await;
        let by_agreement = (1, "full_name".to_owned(), "Deepa".to_owned());
        for column in [("agreements", "purposes"), ("agreements", "covers"), ("agreements", "party_kind")] {
            write(&hub.url, column, "[\"all\"").await;
        }
        assert!(!seen(&hub, &secret).await.contains(&by_agreement));
        write(&hub.url, ("consents", "covers"), "{").await;
        assert_eq!(hub.store.list_receipts(Purpose::ServiceDelivery).await.unwrap(), Receipts::default());
        write(&hub.url, ("rule_sets", "body"), "{\"agreed\": \"everyone\"}").await;
        let links = hub.store.list_agreed_links().await.unwrap();
        assert!(!links.allows("food", "health"));
        let user = Caller { user: Some(UserId(99)), name: "gone".to_owned(), roles: BTreeSet::new(), districts: None };
        assert_eq!(hub.store.find_department(&user).await.unwrap(), None);
        assert!(hub.store.find_golden_entity(GoldenId(1)).await.unwrap().is_some());
    });
}
