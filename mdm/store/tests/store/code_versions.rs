//! Versions of code systems that the deployment publishes itself: two persons, one word each, and nothing changes afterwards.

use std::collections::BTreeSet;

use kanak_model::feed::{ChangedCodes, Counts, Detail, FeedEntry, Publication, Published};
use kanak_model::{FeedPosition, Role, UserId};
use kanak_store::{
    CodeCounts, CodeParts, CodeVersionState, CodesTold, Curator, Edition, Items, NewCodeVersion, StoreError,
};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::agreements::by;
use crate::hub::{Hub, all, on_both};

async fn user(hub: &Hub, name: &str, role: Role, districts: Option<&BTreeSet<String>>) -> UserId {
    let mut rng = StdRng::seed_from_u64(1);
    hub.store.create_user(&by(), name, "a long password", &BTreeSet::from([role]), districts, &mut rng).await.unwrap()
}

async fn stewards(hub: &Hub) {
    for name in ["asha", "bina"] {
        user(hub, name, Role::Steward, None).await;
    }
}

fn version(version: &'static str, table: &[u8]) -> NewCodeVersion<'static> {
    NewCodeVersion {
        system: "guild",
        version,
        effective_from: Some("2026-04-01".to_owned()),
        parts: CodeParts { sidecar: format!("name = \"guild\"\nversion = \"{version}\""), packed_csv: table.to_vec() },
        concepts: 2,
        previous: None,
        differs: CodeCounts { added: 2, ..CodeCounts::default() },
        reason: "the list of April",
    }
}

fn told(version: &str, published_before: i64) -> CodesTold {
    let codes = ChangedCodes { added: vec!["A".to_owned(), "B".to_owned()], ..ChangedCodes::default() };
    CodesTold {
        published_before,
        publication: Publication {
            kind: Published::Codes,
            name: "guild".to_owned(),
            version: version.to_owned(),
            counts: Some(Counts { added: 2, ..Counts::default() }),
            codes: Some(codes),
        },
        edition: Some(Edition {
            kind: Published::Codes,
            name: "guild".to_owned(),
            version: version.to_owned(),
            stamp: format!("{version} stamp"),
            items: Items::new(),
        }),
    }
}

const ASHA: Curator<'_> = Curator::Named("asha");
const BINA: Curator<'_> = Curator::Named("bina");

#[test]
fn one_steward_proposes_a_version_and_another_publishes_it() {
    on_both(async |hub: Hub| {
        stewards(&hub).await;
        let store = &hub.store;
        let new = version("1", b"table");
        let proposed = store.propose_code_version(&new, ASHA).await.unwrap();
        assert_eq!((proposed.state, proposed.proposed.0.as_str()), (CodeVersionState::Proposed, "asha"));
        assert_eq!(store.count_published_codes().await.unwrap(), 0, "one person is not enough");
        let before = store.feed_position().await.unwrap();
        let own = store.publish_code_version("guild", "1", (ASHA, ""), &told("1", 0)).await.unwrap_err();
        assert!(matches!(&own, StoreError::OwnCodeVersion { person, .. } if person == "asha"), "{own}");
        assert!(own.is_refusal() && own.to_string().contains("another steward"), "{own}");
        assert_eq!(store.feed_position().await.unwrap(), before, "a refusal tells nobody");

        let (published, at) =
            store.publish_code_version("guild", "1", (BINA, "as printed"), &told("1", 0)).await.unwrap();
        assert_eq!((published.state, at), (CodeVersionState::Published, FeedPosition(before.0 + 1)));
        assert_eq!(published.decided.unwrap().0, "bina");
        assert_eq!(store.list_published_codes().await.unwrap(), (1, vec![new.parts.clone()]));
        let stamp = store.find_edition_stamp(Published::Codes, "guild").await.unwrap();
        assert_eq!(stamp.as_deref(), Some("1 stamp"), "it is not told once more");

        let page = store.read_feed(&all(), &[], before, 10, Detail::Changes).await.unwrap();
        let [FeedEntry::Published(event)] = page.entries.as_slice() else { panic!("{page:?}") };
        assert_eq!(event.publication, told("1", 0).publication);
        let acts: Vec<String> = store
            .list_audit_events(0, 999)
            .await
            .unwrap()
            .into_iter()
            .filter(|entry| entry.event.action.starts_with("code_version"))
            .map(|entry| format!("{} {} {}", entry.event.actor, entry.event.action, entry.event.subject))
            .collect();
        let about = "code system guild version 1";
        assert_eq!(
            acts,
            [format!("asha code_version_proposed {about}"), format!("bina code_version_published {about}")]
        );
        for check in store.check_invariants().await.unwrap() {
            assert!(check.passed, "{}: {}", check.name, check.detail);
        }
    });
}

#[test]
fn a_version_is_proposed_once_and_never_says_something_else() {
    on_both(async |hub: Hub| {
        stewards(&hub).await;
        let store = &hub.store;
        let first = store.propose_code_version(&version("1", b"table"), ASHA).await.unwrap();
        let again = store.propose_code_version(&version("1", b"table"), BINA).await.unwrap();
        assert_eq!(again, first, "the same once more is no second proposal");
        let other = store.propose_code_version(&version("1", b"other"), BINA).await.unwrap_err().to_string();
        assert!(
            other.contains("`guild` has version `1` already, proposed") && other.contains("another version"),
            "{other}"
        );
        store.publish_code_version("guild", "1", (BINA, ""), &told("1", 0)).await.unwrap();
        let other = store.propose_code_version(&version("1", b"other"), ASHA).await.unwrap_err();
        assert!(matches!(&other, StoreError::CodeVersionExists { state: "published", .. }), "{other}");
        let twice = store.publish_code_version("guild", "1", (BINA, ""), &told("1", 1)).await.unwrap_err();
        assert!(matches!(&twice, StoreError::CodeVersionState { state: "published", .. }), "{twice}");
        assert_eq!(store.list_code_versions().await.unwrap().len(), 1);
    });
}

#[test]
fn what_is_refused_or_withdrawn_was_never_in_force_and_its_name_is_free() {
    on_both(async |hub: Hub| {
        stewards(&hub).await;
        let store = &hub.store;
        store.propose_code_version(&version("1", b"slip"), ASHA).await.unwrap();
        assert!(store.refuse_code_version("guild", "1", (BINA, " ")).await.is_err(), "a refusal says why");
        assert!(matches!(
            store.refuse_code_version("guild", "1", (ASHA, "a slip")).await,
            Err(StoreError::OwnCodeVersion { .. })
        ));
        let refused = store.refuse_code_version("guild", "1", (BINA, "code B is missing")).await.unwrap();
        assert_eq!(refused.decided_reason.as_deref(), Some("code B is missing"));
        store.propose_code_version(&version("1", b"worse"), ASHA).await.unwrap();
        let foreign = store.withdraw_code_version("guild", "1", (BINA, "")).await.unwrap_err();
        assert!(matches!(&foreign, StoreError::ForeignCodeVersion { proposer, .. } if proposer == "asha"), "{foreign}");
        store.withdraw_code_version("guild", "1", (ASHA, "")).await.unwrap();
        assert!(matches!(
            store.publish_code_version("guild", "1", (BINA, ""), &told("1", 0)).await,
            Err(StoreError::CodeVersionState { state: "withdrawn", .. })
        ));
        assert!(matches!(
            store.publish_code_version("guild", "9", (BINA, ""), &told("9", 0)).await,
            Err(StoreError::NotFound { .. })
        ));
        let third = version("1", b"right");
        store.propose_code_version(&third, ASHA).await.unwrap();
        store.publish_code_version("guild", "1", (BINA, ""), &told("1", 0)).await.unwrap();
        let (found, parts) = store.find_code_version("guild", "1").await.unwrap().unwrap();
        assert_eq!((found.state, parts), (CodeVersionState::Published, third.parts));
        let states: Vec<&str> =
            store.list_code_versions().await.unwrap().into_iter().map(|one| one.state.word()).collect();
        assert_eq!(states, ["refused", "withdrawn", "published"]);
    });
}

#[test]
fn what_is_told_of_a_version_is_made_anew_once_another_was_published() {
    on_both(async |hub: Hub| {
        stewards(&hub).await;
        let store = &hub.store;
        for name in ["1", "2"] {
            store.propose_code_version(&version(name, name.as_bytes()), ASHA).await.unwrap();
        }
        store.publish_code_version("guild", "1", (BINA, ""), &told("1", 0)).await.unwrap();
        let stale = store.publish_code_version("guild", "2", (BINA, ""), &told("2", 0)).await.unwrap_err();
        assert!(matches!(stale, StoreError::Stale { .. }), "{stale}");
        store.publish_code_version("guild", "2", (BINA, ""), &told("2", 1)).await.unwrap();
        let (count, parts) = store.list_published_codes().await.unwrap();
        assert_eq!((count, parts[1].packed_csv.as_slice()), (2, b"2".as_slice()), "in the order of publication");
    });
}

#[test]
fn only_a_steward_of_the_whole_state_curates_code_systems() {
    on_both(async |hub: Hub| {
        stewards(&hub).await;
        let store = &hub.store;
        let analyst = user(&hub, "anil", Role::Analyst, None).await;
        let of_a_district = user(&hub, "dev", Role::Steward, Some(&BTreeSet::from(["27".to_owned()]))).await;
        let gone = user(&hub, "gita", Role::Steward, None).await;
        store.set_user_disabled(&by(), gone, kanak_store::Activity::Disabled).await.unwrap();
        let new = version("1", b"table");
        store.propose_code_version(&new, ASHA).await.unwrap();
        for user in [analyst, of_a_district, gone] {
            let who = Curator::SignedIn(user);
            let refused = store.publish_code_version("guild", "1", (who, ""), &told("1", 0)).await.unwrap_err();
            assert!(matches!(refused, StoreError::NotACurator { .. }), "{refused}");
            assert!(store.propose_code_version(&version("2", b"2"), who).await.is_err());
        }
        assert!(store.propose_code_version(&version("2", b"2"), Curator::Named("nobody")).await.is_err());
    });
}

#[test]
fn a_table_that_was_changed_beside_the_hub_is_not_served() {
    on_both(async |hub: Hub| {
        stewards(&hub).await;
        hub.store.propose_code_version(&version("1", b"table"), ASHA).await.unwrap();
        hub.store.publish_code_version("guild", "1", (BINA, ""), &told("1", 0)).await.unwrap();
        let changed = "UPDATE code_versions SET packed_csv = 'b3RoZXI'";
        kanak_store::testing::break_hub(&hub.url, changed).await.unwrap();
        let error = hub.store.list_published_codes().await.unwrap_err().to_string();
        assert!(error.contains("code_versions") && error.contains("sha256"), "{error}");
    });
}

#[test]
fn a_version_that_was_put_in_use_beside_the_two_stewards_is_noticed() {
    on_both(async |hub: Hub| {
        stewards(&hub).await;
        let broken = async || {
            let checks = hub.store.check_invariants().await.unwrap();
            checks.into_iter().filter(|check| !check.passed).map(|check| check.detail).collect::<Vec<_>>()
        };
        hub.store.propose_code_version(&version("1", b"table"), ASHA).await.unwrap();
        assert_eq!(broken().await, Vec::<String>::new());
        let forged = "UPDATE code_versions SET state = 'published', decided_by = 'bina', decided_us = 7";
        kanak_store::testing::break_hub(&hub.url, forged).await.unwrap();
        let told = broken().await.join(" ");
        assert!(told.contains("publication of a code version"), "{told}");
    });
}

#[test]
fn nothing_is_published_of_a_proposer_who_is_no_steward_any_more() {
    on_both(async |hub: Hub| {
        stewards(&hub).await;
        hub.store.propose_code_version(&version("1", b"table"), ASHA).await.unwrap();
        let asha = hub.store.find_user_by_name("asha").await.unwrap().unwrap().id;
        hub.store.set_user_disabled(&by(), asha, kanak_store::Activity::Disabled).await.unwrap();
        let gone = hub.store.publish_code_version("guild", "1", (BINA, ""), &told("1", 0)).await.unwrap_err();
        assert!(matches!(&gone, StoreError::CodeProposerGone { by, .. } if by == "asha"), "{gone}");
        hub.store.refuse_code_version("guild", "1", (BINA, "who proposed it has left")).await.unwrap();
    });
}
