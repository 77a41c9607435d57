//! Signing in, sessions and keys.

use std::collections::BTreeSet;

use kanak_model::{Role, Timestamp, UserId};
use kanak_store::{Activity, FAILURES_MAX, FIRST_ADMINISTRATOR, LOCKOUT_US, SignIn, StoreError};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::hub::{Hub, on_both};

fn roles() -> BTreeSet<Role> {
    [Role::Steward].into_iter().collect()
}

#[test]
fn the_first_administrator_is_made_once_and_its_password_works() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let password = hub.store.ensure_first_administrator(&mut rng).await.unwrap().unwrap();
        assert!(hub.store.ensure_first_administrator(&mut rng).await.unwrap().is_none());
        let SignIn::Welcome(user) = hub.store.sign_in(FIRST_ADMINISTRATOR, &password).await.unwrap() else {
            panic!("the printed password must work");
        };
        assert!(user.caller().has(Role::Administrator));
        assert_eq!(hub.store.sign_in(FIRST_ADMINISTRATOR, "wrong password").await.unwrap(), SignIn::Refused);
        assert_eq!(hub.store.sign_in("nobody", &password).await.unwrap(), SignIn::Refused);
    });
}

#[test]
fn too_many_wrong_passwords_lock_for_a_while() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        hub.store.create_user("deepa", "a long password", &roles(), None, &mut rng).await.unwrap();
        for _ in 0..FAILURES_MAX {
            assert_eq!(hub.store.sign_in("deepa", "something else").await.unwrap(), SignIn::Refused);
        }
        let locked = hub.store.sign_in("deepa", "a long password").await.unwrap();
        assert!(matches!(locked, SignIn::LockedUntil(_)), "{locked:?}");
        hub.clock.set(1_000_000 + LOCKOUT_US + 1);
        assert!(matches!(hub.store.sign_in("deepa", "a long password").await.unwrap(), SignIn::Welcome(_)));
        assert_eq!(hub.store.sign_in("deepa", "something else").await.unwrap(), SignIn::Refused);
        assert!(matches!(hub.store.sign_in("deepa", "a long password").await.unwrap(), SignIn::Welcome(_)));
        let refusals = hub.store.list_audit_events(0, 100).await.unwrap();
        assert_eq!(refusals.len() as i64, FAILURES_MAX + 1);
        assert!(refusals.iter().all(|entry| entry.event.action == "sign_in_refused"));
    });
}

#[test]
fn other_roles_and_districts_hold_from_the_next_request_on() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let password = kanak_store::new_password(&mut rng);
        assert_eq!((password.len(), password.matches('-').count()), (23, 3), "{password}");
        let id = hub.store.create_user("deepa", &password, &roles(), None, &mut rng).await.unwrap();
        let token = hub.store.start_session(id, 1_000_000, &mut rng).await.unwrap();
        let (auditor, districts) =
            ([Role::Auditor].into_iter().collect(), Some(["41".to_owned()].into_iter().collect()));
        hub.store.set_user_access(id, &auditor, districts.as_ref()).await.unwrap();
        let user = hub.store.find_session(&token).await.unwrap().unwrap();
        assert_eq!((user.roles, user.districts), (auditor.clone(), districts));
        hub.store.set_user_access(id, &auditor, None).await.unwrap();
        assert!(hub.store.find_session(&token).await.unwrap().unwrap().districts.is_none());
        let nobody = hub.store.set_user_access(UserId(99), &auditor, None).await.unwrap_err();
        assert!(matches!(nobody, StoreError::NotFound { .. }), "{nobody}");
    });
}

#[test]
fn a_reset_or_disabled_user_loses_its_sessions() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let districts = Some(["41".to_owned()].into_iter().collect());
        let id =
            hub.store.create_user("deepa", "a long password", &roles(), districts.as_ref(), &mut rng).await.unwrap();
        let again = hub.store.create_user("deepa", "a long password", &roles(), None, &mut rng).await.unwrap_err();
        assert!(matches!(again, StoreError::Exists { .. }), "{again}");
        assert!(matches!(
            hub.store.create_user("b", "short", &roles(), None, &mut rng).await,
            Err(StoreError::WeakPassword { .. })
        ));
        let token = hub.store.start_session(id, 1_000, &mut rng).await.unwrap();
        let user = hub.store.find_session(&token).await.unwrap().unwrap();
        assert_eq!((user.id, user.districts), (id, districts));
        hub.store.reset_password(id, "another password", &mut rng).await.unwrap();
        assert!(hub.store.find_session(&token).await.unwrap().is_none());
        assert!(matches!(hub.store.sign_in("deepa", "another password").await.unwrap(), SignIn::Welcome(_)));
        let token = hub.store.start_session(id, 1_000, &mut rng).await.unwrap();
        hub.store.set_user_disabled(id, Activity::Disabled).await.unwrap();
        assert!(hub.store.find_session(&token).await.unwrap().is_none());
        assert_eq!(hub.store.sign_in("deepa", "another password").await.unwrap(), SignIn::Refused);
        hub.store.set_user_disabled(id, Activity::Active).await.unwrap();
        assert!(hub.store.find_session(&token).await.unwrap().is_none(), "an ended session stays ended");
        assert_eq!(hub.store.list_users().await.unwrap().len(), 1);
        assert!(hub.store.reset_password(UserId(99), "another password", &mut rng).await.is_err());
    });
}

#[test]
fn a_session_ends_by_time_or_by_signing_out() {
    on_both(async |hub: Hub| {
        let mut rng = StdRng::seed_from_u64(1);
        let id = hub.store.create_user("deepa", "a long password", &roles(), None, &mut rng).await.unwrap();
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
        let secret = hub.store.create_api_key("food", &roles(), None, expires, &mut rng).await.unwrap();
        let lasting = hub.store.create_api_key("land", &roles(), None, None, &mut rng).await.unwrap();
        let key = hub.store.find_api_key(&secret).await.unwrap().unwrap();
        assert!(secret.starts_with(&key.prefix) && key.caller().name == "key:food" && key.caller().has(Role::Steward));
        assert!(hub.store.find_api_key(&key.prefix).await.unwrap().is_none());
        hub.clock.set(2_000_000);
        assert!(hub.store.find_api_key(&secret).await.unwrap().is_none());
        let key = hub.store.find_api_key(&lasting).await.unwrap().unwrap();
        hub.store.disable_api_key(key.id).await.unwrap();
        assert!(hub.store.find_api_key(&lasting).await.unwrap().is_none());
        assert_eq!(hub.store.list_api_keys().await.unwrap().len(), 2);
    });
}
