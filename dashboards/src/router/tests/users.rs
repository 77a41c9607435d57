//! Users, for administrators; and one's own password.

use axum::http::StatusCode;
use kanak_model::{Caller, Role, UserId};
use kanak_store::SignIn;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::{Answer, House, house, posted, signed_in};
use crate::SignedIn;

/// Makes a user and signs it in.
async fn visitor(house: &House, name: &str, role: Role) -> SignedIn {
    let roles = [role].into_iter().collect();
    let mut rng = StdRng::seed_from_u64(3);
    let id = house
        .store
        .create_user(&Caller::system("test"), name, "a long password", &roles, None, &mut rng)
        .await
        .unwrap();
    let mut visitor = signed_in(&[role]);
    visitor.caller.user = Some(id);
    name.clone_into(&mut visitor.caller.name);
    visitor
}

async fn send(house: &House, visitor: &SignedIn, path: &str, form: &str) -> Answer {
    house.send_as(Some(visitor.clone()), posted(path, &format!("csrf=token&{form}"))).await
}

/// The password that a page shows once.
fn shown(page: &str) -> &str {
    page.split("<p><code>").nth(1).and_then(|rest| rest.split("</code>").next()).expect("a password is shown")
}

async fn may_sign_in(house: &House, name: &str, password: &str) -> bool {
    matches!(house.store.sign_in(name, password, "a test").await.unwrap(), SignIn::Welcome(_))
}

#[tokio::test]
async fn an_administrator_adds_resets_disables_and_confines_users() {
    let house = house().await;
    let admin = visitor(&house, "admin", Role::Administrator).await;
    let added = send(&house, &admin, "/users", "name=gurdeep&role=steward&role=analyst&district=27").await;
    let password = shown(&added.body).to_owned();
    assert!(may_sign_in(&house, "gurdeep", &password).await);
    let user = house.store.find_user_by_name("gurdeep").await.unwrap().unwrap();
    assert_eq!(user.roles, [Role::Steward, Role::Analyst].into_iter().collect());
    assert_eq!(user.districts, Some(["27".to_owned()].into_iter().collect()));
    let path = |what: &str| format!("/users/{}/{what}", user.id);

    let reset = send(&house, &admin, &path("password"), "").await;
    let password = shown(&reset.body).to_owned();
    assert!(may_sign_in(&house, "gurdeep", &password).await);

    assert_eq!(send(&house, &admin, &path("activity"), "activity=disabled").await.status, StatusCode::OK);
    assert!(!may_sign_in(&house, "gurdeep", &password).await);
    send(&house, &admin, &path("activity"), "activity=active").await;
    assert!(may_sign_in(&house, "gurdeep", &password).await);

    send(&house, &admin, &path("access"), "role=auditor").await;
    let user = house.store.find_user_by_name("gurdeep").await.unwrap().unwrap();
    assert_eq!((user.roles, user.districts), ([Role::Auditor].into_iter().collect(), None));

    let trail = house.store.list_audit_events(0, 100).await.unwrap();
    let of_admin = trail.iter().filter(|entry| entry.event.actor == "admin");
    let said: Vec<&str> = of_admin.map(|entry| entry.event.action.as_str()).collect();
    assert_eq!(said.len(), 5, "added, reset, disabled, enabled, given other access: {said:?}");
    let text = format!("{trail:?}");
    assert!(!text.contains(&password), "no password stands in the trail");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_reason() {
    let house = house().await;
    let admin = visitor(&house, "admin", Role::Administrator).await;
    let own = format!("/users/{}", admin.caller.user.unwrap());
    for (path, form, reason) in [
        ("/users".to_owned(), "name=admin&role=analyst", "There is a user admin already."),
        ("/users".to_owned(), "name=system%3Arefresh&role=analyst", "choose another"),
        ("/users".to_owned(), "name=&role=analyst", "choose another"),
        ("/users".to_owned(), "name=gurdeep", "Choose at least one role"),
        ("/users".to_owned(), "name=gurdeep&role=king", "There is no role king."),
        ("/users".to_owned(), "name=gurdeep&role=analyst&district=0", "There is no district 0."),
        (format!("{own}/activity"), "activity=disabled", "You cannot disable yourself"),
        (format!("{own}/access"), "role=analyst", "from yourself"),
    ] {
        let answer = send(&house, &admin, &path, form).await;
        assert!(answer.status == StatusCode::OK && answer.body.contains(reason), "{form}: {}", answer.body);
    }
    assert_eq!(house.store.list_users().await.unwrap().len(), 1);
    let trail = house.store.list_audit_events(0, 9).await.unwrap();
    assert!(trail.iter().all(|entry| entry.event.actor != "admin"), "nothing was done");
    assert_eq!(send(&house, &admin, "/users/99/password", "").await.status, StatusCode::NOT_FOUND);
    let stale = house.send_as(Some(admin), posted("/users", "csrf=other&name=gurdeep&role=analyst")).await;
    assert_eq!(stale.status, StatusCode::FORBIDDEN);
    let steward = signed_in(&[Role::Steward]);
    assert_eq!(send(&house, &steward, "/users", "name=gurdeep&role=administrator").await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.store.list_users().await.unwrap()[0].id, UserId(1));
}

#[tokio::test]
async fn one_s_own_password_changes_against_the_present_one_and_ends_the_sessions() {
    let house = house().await;
    let steward = visitor(&house, "harleen", Role::Steward).await;
    let id = steward.caller.user.unwrap();
    let session = house.store.start_session(id, 1_000_000, &mut StdRng::seed_from_u64(5)).await.unwrap();
    for (form, reason) in [
        ("current=wrong+password&new=another+one+1&repeated=another+one+1", "The present password is not right."),
        ("current=a+long+password&new=another+one+1&repeated=another+one+2", "differ"),
        ("current=a+long+password&new=short&repeated=short", "at least 10 characters"),
    ] {
        let answer = send(&house, &steward, "/account", form).await;
        assert!(answer.status == StatusCode::OK && answer.body.contains(reason), "{form}: {}", answer.body);
    }
    assert!(house.store.find_session(&session).await.unwrap().is_some());
    let form = "current=a+long+password&new=another+one+1&repeated=another+one+1";
    let changed = send(&house, &steward, "/account", form).await;
    assert_eq!(changed.location, "/sign-in?next=/account");
    assert!(may_sign_in(&house, "harleen", "another one 1").await);
    assert!(house.store.find_session(&session).await.unwrap().is_none());
}
