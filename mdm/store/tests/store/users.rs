//! Signing in, sessions and keys.

use std::collections::BTreeSet;

use kanak_model::{Caller, Role, Timestamp, UserId};
use kanak_store::{Activity, FAILURES_MAX, FIRST_ADMINISTRATOR, LOCKOUT_US, PASSWORD_BYTES_MAX, SignIn, StoreError};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::hub::{Hub, on_both};

/// The address that people sign in from.
const HERE: &str = "10.0.0.1";

fn by() -> Caller {
    Caller::system("test")
}

fn roles() -> BTreeSet<Role> {
    [Role::Steward].into_iter().collect()
}

#[test]
fn the_first_administrator_is_made_once_and_its_password_works() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let password = hub.store.ensure_first_administrator(&mut rng).await.unwrap().unwrap();
        assert!(hub.store.ensure_first_administrator(&mut rng).await.unwrap().is_none());
        let SignIn::Welcome(user) = hub.store.sign_in(FIRST_ADMINISTRATOR, &password, HERE).await.unwrap() else {
            panic!("the printed password must work");
        };
        assert!(user.caller().has(Role::Administrator));
        assert_eq!(hub.store.sign_in(FIRST_ADMINISTRATOR, "wrong password", HERE).await.unwrap(), SignIn::Refused);
        assert_eq!(hub.store.sign_in("nobody", &password, HERE).await.unwrap(), SignIn::Refused);
    });
}

#[test]
fn too_many_wrong_passwords_lock_for_a_while() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        hub.store.create_user(&by(), "deepa", "a long password", &roles(), None, &mut rng).await.unwrap();
        for _ in 0..FAILURES_MAX {
            assert_eq!(hub.store.sign_in("deepa", "something else", HERE).await.unwrap(), SignIn::Refused);
        }
        let locked = hub.store.sign_in("deepa", "a long password", HERE).await.unwrap();
        assert!(matches!(locked, SignIn::LockedUntil(_)), "{locked:?}");
        hub.clock.set(1_000_000 + LOCKOUT_US + 1);
        assert_eq!(
            hub.store.sign_in("deepa", "something else", HERE).await.unwrap(),
            SignIn::Refused,
            "counting begins anew"
        );
        assert!(matches!(hub.store.sign_in("deepa", "a long password", HERE).await.unwrap(), SignIn::Welcome(_)));
        for _ in 1..FAILURES_MAX {
            assert_eq!(hub.store.sign_in("deepa", "something else", HERE).await.unwrap(), SignIn::Refused);
        }
        assert!(matches!(hub.store.sign_in("deepa", "a long password", HERE).await.unwrap(), SignIn::Welcome(_)));
        let events = hub.store.list_audit_events(0, 100).await.unwrap();
        let count = |action: &str| events.iter().filter(|entry| entry.event.action == action).count() as i64;
        assert_eq!((count("sign_in_refused"), count("signed_in")), (2 * FAILURES_MAX, 2));
    });
}

#[test]
fn the_wait_grows_with_each_further_wrong_password_and_is_of_that_address_alone() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        hub.store.create_user(&by(), "deepa", "a long password", &roles(), None, &mut rng).await.unwrap();
        let wrong = async || hub.store.sign_in("deepa", "something else", "10.0.0.9").await.unwrap();
        for _ in 0..FAILURES_MAX {
            assert_eq!(wrong().await, SignIn::Refused);
        }
        // Whoever guesses there keeps nobody out here.
        assert!(matches!(hub.store.sign_in("deepa", "a long password", HERE).await.unwrap(), SignIn::Welcome(_)));
        let mut waits = Vec::new();
        for _ in 0..6 {
            let now = hub.store.clock().now().0;
            let SignIn::LockedUntil(until) = wrong().await else { panic!("a right password elsewhere lifts nothing") };
            waits.push((until.0 - now) / 1_000_000);
            hub.clock.set(until.0);
            if until.0 - now < LOCKOUT_US {
                assert_eq!(wrong().await, SignIn::Refused);
            }
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, LOCKOUT_US / 1_000_000]);
    });
}

#[test]
fn a_name_that_nobody_has_is_answered_as_one_that_somebody_has() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        hub.store.create_user(&by(), "deepa", "a long password", &roles(), None, &mut rng).await.unwrap();
        let mut answers = Vec::new();
        for name in ["deepa", "nobody"] {
            let mut given = Vec::new();
            for _ in 0..FAILURES_MAX + 2 {
                given.push(hub.store.sign_in(name, "something else", HERE).await.unwrap());
            }
            answers.push(given);
        }
        assert_eq!(answers[0], answers[1]);
        assert!(matches!(answers[0].last(), Some(SignIn::LockedUntil(_))));
        let text = format!("{:?}", hub.store.list_audit_events(0, 100).await.unwrap());
        assert!(!text.contains("nobody"), "what was typed as a name may be a password");
    });
}

#[test]
fn guesses_made_at_the_same_time_are_all_counted() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        hub.store.create_user(&by(), "deepa", "a long password", &roles(), None, &mut rng).await.unwrap();
        let guesses = (0..20).map(|n| {
            let store = hub.store.clone();
            async move { store.sign_in("deepa", &format!("a wrong password {n}"), HERE).await.unwrap() }
        });
        let answers = futures::future::join_all(guesses).await;
        let looked_at = answers.iter().filter(|answer| **answer == SignIn::Refused).count();
        assert_eq!(looked_at as i64, FAILURES_MAX, "{answers:?}");
    });
}

#[test]
fn a_password_reset_lifts_the_lock_and_an_overlong_password_is_refused() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let long = "x".repeat(PASSWORD_BYTES_MAX + 1);
        let error = hub.store.create_user(&by(), "deepa", &long, &roles(), None, &mut rng).await.unwrap_err();
        assert!(matches!(error, StoreError::LongPassword { .. }), "{error}");
        let most = &long[1..];
        let id = hub.store.create_user(&by(), "deepa", most, &roles(), None, &mut rng).await.unwrap();
        assert!(matches!(hub.store.sign_in("deepa", most, HERE).await.unwrap(), SignIn::Welcome(_)));
        for _ in 0..FAILURES_MAX {
            assert_eq!(hub.store.sign_in("deepa", &long, HERE).await.unwrap(), SignIn::Refused);
        }
        assert!(matches!(hub.store.sign_in("deepa", most, HERE).await.unwrap(), SignIn::LockedUntil(_)));
        hub.store.reset_password(&by(), id, "another password", &mut rng).await.unwrap();
        assert!(matches!(hub.store.sign_in("deepa", "another password", HERE).await.unwrap(), SignIn::Welcome(_)));
    });
}

#[test]
fn other_roles_and_districts_hold_from_the_next_request_on() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let password = kanak_store::new_password(&mut rng);
        assert_eq!((password.len(), password.matches('-').count()), (23, 3), "{password}");
        let id = hub.store.create_user(&by(), "deepa", &password, &roles(), None, &mut rng).await.unwrap();
        let token = hub.store.start_session(id, 1_000_000, &mut rng).await.unwrap();
        let (auditor, districts) =
            ([Role::Auditor].into_iter().collect(), Some(["41".to_owned()].into_iter().collect()));
        hub.store.set_user_access(&by(), id, &auditor, districts.as_ref()).await.unwrap();
        let user = hub.store.find_session(&token).await.unwrap().unwrap();
        assert_eq!((user.roles, user.districts), (auditor.clone(), districts));
        hub.store.set_user_access(&by(), id, &auditor, None).await.unwrap();
        assert!(hub.store.find_session(&token).await.unwrap().unwrap().districts.is_none());
        let nobody = hub.store.set_user_access(&by(), UserId(99), &auditor, None).await.unwrap_err();
        assert!(matches!(nobody, StoreError::NotFound { .. }), "{nobody}");
    });
}

#[test]
fn a_reset_or_disabled_user_loses_its_sessions() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let districts = Some(["41".to_owned()].into_iter().collect());
        let id = hub
            .store
            .create_user(&by(), "deepa", "a long password", &roles(), districts.as_ref(), &mut rng)
            .await
            .unwrap();
        let again =
            hub.store.create_user(&by(), "deepa", "a long password", &roles(), None, &mut rng).await.unwrap_err();
        assert!(matches!(again, StoreError::Exists { .. }), "{again}");
        assert!(matches!(
            hub.store.create_user(&by(), "b", "short", &roles(), None, &mut rng).await,
            Err(StoreError::WeakPassword { .. })
        ));
        let token = hub.store.start_session(id, 1_000, &mut rng).await.unwrap();
        let user = hub.store.find_session(&token).await.unwrap().unwrap();
        assert_eq!((user.id, user.districts), (id, districts));
        hub.store.reset_password(&by(), id, "another password", &mut rng).await.unwrap();
        assert!(hub.store.find_session(&token).await.unwrap().is_none());
        assert!(matches!(hub.store.sign_in("deepa", "another password", HERE).await.unwrap(), SignIn::Welcome(_)));
        let token = hub.store.start_session(id, 1_000, &mut rng).await.unwrap();
        hub.store.set_user_disabled(&by(), id, Activity::Disabled).await.unwrap();
        assert!(hub.store.find_session(&token).await.unwrap().is_none());
        assert_eq!(hub.store.sign_in("deepa", "another password", HERE).await.unwrap(), SignIn::Refused);
        hub.store.set_user_disabled(&by(), id, Activity::Active).await.unwrap();
        assert!(hub.store.find_session(&token).await.unwrap().is_none(), "an ended session stays ended");
        assert_eq!(hub.store.list_users().await.unwrap(), [hub.store.find_user(id).await.unwrap().unwrap()]);
        assert!(hub.store.find_user(UserId(99)).await.unwrap().is_none());
        assert!(hub.store.reset_password(&by(), UserId(99), "another password", &mut rng).await.is_err());
    });
}

#[test]
fn a_session_ends_by_time_or_by_signing_out() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let id = hub.store.create_user(&by(), "deepa", "a long password", &roles(), None, &mut rng).await.unwrap();
        let first = hub.store.start_session(id, 1_000, &mut rng).await.unwrap();
        let second = hub.store.start_session(id, 1_000, &mut rng).await.unwrap();
        assert_ne!(first, second);
        hub.store.end_session(&first).await.unwrap();
        assert!(hub.store.find_session(&first).await.unwrap().is_none());
        assert!(hub.store.find_session("").await.unwrap().is_none());
        assert!(hub.store.find_session(&second).await.unwrap().is_some());
        hub.clock.set(1_000_000 + 1_000);
        assert!(hub.store.find_session(&second).await.unwrap().is_none());
    });
}

#[test]
fn a_key_works_until_it_expires_or_is_disabled() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let expires = Some(Timestamp(2_000_000));
        let secret = hub.store.create_api_key(&by(), "food", &roles(), None, expires, &mut rng).await.unwrap();
        let lasting = hub.store.create_api_key(&by(), "land", &roles(), None, None, &mut rng).await.unwrap();
        let key = hub.store.find_api_key(&secret).await.unwrap().unwrap();
        assert!(secret.starts_with(&key.prefix) && key.caller().name == "key:food" && key.caller().has(Role::Steward));
        assert!(hub.store.find_api_key(&key.prefix).await.unwrap().is_none());
        hub.clock.set(2_000_000);
        assert!(hub.store.find_api_key(&secret).await.unwrap().is_none());
        let key = hub.store.find_api_key(&lasting).await.unwrap().unwrap();
        let refused = hub.store.create_api_key(&by(), "land", &roles(), None, None, &mut rng).await.unwrap_err();
        assert!(refused.to_string().contains("`land` exists already"), "{refused}");
        hub.store.disable_api_key(&by(), key.id).await.unwrap();
        assert!(hub.store.find_api_key(&lasting).await.unwrap().is_none());
        assert_eq!(hub.store.list_api_keys().await.unwrap().len(), 2);
        // The name of a key that no longer works is free, expired or disabled.
        for name in ["food", "land"] {
            hub.store.create_api_key(&by(), name, &roles(), None, None, &mut rng).await.unwrap();
        }
    });
}

#[test]
fn a_name_poses_as_nothing_else_and_is_no_number_of_the_vault() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let long = "a".repeat(61);
        for name in [
            "",
            " ",
            " deepa",
            "key:k_health",
            "system:resolve2",
            "234123412346",
            "2341-2341 2346",
            "\"><img src=x>",
            "a\nb",
            long.as_str(),
        ] {
            let user = hub.store.create_user(&by(), name, "a long password", &roles(), None, &mut rng).await;
            let key = hub.store.create_api_key(&by(), name, &roles(), None, None, &mut rng).await;
            assert!(matches!(user, Err(StoreError::Text { .. })), "{name}");
            assert!(matches!(key, Err(StoreError::Text { .. })), "{name}");
            assert!(!user.unwrap_err().to_string().contains("2341"), "{name}");
        }
        assert!(hub.store.list_users().await.unwrap().is_empty());
        assert!(hub.store.list_api_keys().await.unwrap().is_empty());
        for name in ["deepa.fcs", "ਹਰਲੀਨ", "Audit office 2", "d@punjab.gov.in"] {
            hub.store.create_user(&by(), name, "a long password", &roles(), None, &mut rng).await.unwrap();
            hub.store.create_api_key(&by(), name, &roles(), None, None, &mut rng).await.unwrap();
        }
    });
}

#[test]
fn who_made_changed_and_ended_users_and_keys_is_in_the_trail() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let id = hub.store.create_user(&by(), "deepa", "a long password", &roles(), None, &mut rng).await.unwrap();
        hub.store.create_user(&by(), "deepa", "a long password", &roles(), None, &mut rng).await.unwrap_err();
        hub.store.sign_in("deepa", "a long password", HERE).await.unwrap();
        hub.store.reset_password(&by(), id, "another password", &mut rng).await.unwrap();
        hub.store.set_user_disabled(&by(), id, Activity::Disabled).await.unwrap();
        hub.store.set_user_disabled(&by(), id, Activity::Active).await.unwrap();
        let secret = hub.store.create_api_key(&by(), "food", &roles(), None, None, &mut rng).await.unwrap();
        let key = hub.store.find_api_key(&secret).await.unwrap().unwrap().id;
        for _ in 0..2 {
            hub.store.disable_api_key(&by(), key).await.unwrap();
        }
        let entries = hub.store.list_audit_events(0, 100).await.unwrap();
        let told: Vec<(&str, &str, &str)> = entries
            .iter()
            .map(|e| (e.event.actor.as_str(), e.event.action.as_str(), e.event.subject.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("system:test", "user_created", "user 1"),
                ("deepa", "signed_in", "user 1"),
                ("system:test", "password_reset", "user 1"),
                ("system:test", "user_disabled", "user 1"),
                ("system:test", "user_enabled", "user 1"),
                ("system:test", "api_key_created", "api key 1"),
                ("system:test", "api_key_disabled", "api key 1"),
            ]
        );
        let text = format!("{entries:?}");
        assert!(!text.contains("password\"") && !text.contains(&secret), "{text}");
        assert!(hub.store.verify_audit().await.unwrap().holds());
    });
}

#[test]
fn a_key_that_is_reset_has_a_new_secret_and_may_do_what_it_did() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let districts = BTreeSet::from(["41".to_owned()]);
        let former = hub.store.create_api_key(&by(), "food", &roles(), Some(&districts), None, &mut rng).await.unwrap();
        let before = hub.store.find_api_key(&former).await.unwrap().unwrap();
        let secret = hub.store.reset_api_key(&by(), "food", &mut rng).await.unwrap();
        assert!(hub.store.find_api_key(&former).await.unwrap().is_none());
        let after = hub.store.find_api_key(&secret).await.unwrap().unwrap();
        assert_eq!((after.id, &after.roles, &after.districts), (before.id, &before.roles, &before.districts));
        assert!(secret.starts_with(&after.prefix) && after.prefix != before.prefix);
        let entries = hub.store.list_audit_events(0, 100).await.unwrap();
        let last = entries.last().unwrap();
        assert_eq!((last.event.action.as_str(), last.event.actor.as_str()), ("api_key_reset", by().name.as_str()));
        assert!(!format!("{entries:?}").contains(&secret));
        hub.store.disable_api_key(&by(), after.id).await.unwrap();
        for name in ["food", "nobody"] {
            let error = hub.store.reset_api_key(&by(), name, &mut rng).await.unwrap_err();
            assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
        }
    });
}
