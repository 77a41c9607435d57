//! Webhooks: how far each receiver has been told, and what it did not take.

use kanak_model::feed::Detail;
use kanak_model::source_system::Load;
use kanak_model::{Caller, FeedPosition, Purpose, Role, Timestamp};
use kanak_store::{AfterFailure, FileKeyStore, Key, KeyStore as _, NewWebhook, StoreError, key_store};
use rand::SeedableRng as _;

use crate::hub::{Hub, on_both};

fn by() -> Caller {
    Caller::system("test")
}

fn rng() -> rand::rngs::StdRng {
    rand::rngs::StdRng::seed_from_u64(7)
}

fn key(hub: &Hub) -> Key {
    FileKeyStore::open(&hub.dir.path().join("keys")).unwrap().get_key(key_store::WEBHOOKS).unwrap()
}

fn welfare() -> NewWebhook {
    NewWebhook {
        name: "welfare".to_owned(),
        url: "https://welfare.example/hook".to_owned(),
        entities: None,
        key: "welfare".to_owned(),
        purpose: Purpose::ServiceDelivery,
        detail: Detail::Values,
        after: Some(FeedPosition(0)),
    }
}

/// Two events, a key and a webhook.
async fn fill(hub: &Hub) -> String {
    hub.load(Load::Snapshot, &[("a", "Asha"), ("b", "Balbir")]).await.unwrap();
    hub.resolve(&[vec![1], vec![2]]).await.unwrap();
    let roles = [Role::Department].into_iter().collect();
    hub.store.create_api_key(&by(), "welfare", &roles, None, None, &mut rng()).await.unwrap();
    hub.store.create_webhook(&by(), &welfare(), &key(hub), &mut rng()).await.unwrap().to_string()
}

#[test]
fn a_webhook_has_one_name_one_working_key_and_a_secret_that_the_hub_alone_does_not_tell() {
    on_both(async |hub: Hub| {
        let secret = fill(&hub).await;
        let made = hub.store.get_webhook("welfare").await.unwrap();
        assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
        assert_eq!(*made.secret(&key(&hub)), secret);
        let elsewhere = FileKeyStore::open(&hub.dir.path().join("other")).unwrap();
        assert_ne!(*made.secret(&elsewhere.get_key(key_store::WEBHOOKS).unwrap()), secret);
        assert!(!format!("{made:?}").contains(&secret));
        let refused =
            async |new: NewWebhook| hub.store.create_webhook(&by(), &new, &key(&hub), &mut rng()).await.unwrap_err();
        assert!(matches!(refused(welfare()).await, StoreError::Exists { .. }));
        let named = |name: &str| NewWebhook { name: name.to_owned(), ..welfare() };
        let keyless = NewWebhook { key: "nobody".to_owned(), ..named("other") };
        assert!(matches!(refused(keyless).await, StoreError::NotFound { .. }));
        let ahead = NewWebhook { after: Some(FeedPosition(4)), ..named("other") };
        assert!(matches!(refused(ahead).await, StoreError::FeedPosition { .. }));
        let from_now = NewWebhook { after: None, ..named("other") };
        hub.store.create_webhook(&by(), &from_now, &key(&hub), &mut rng()).await.unwrap();
        assert_eq!(hub.store.get_webhook("other").await.unwrap().position, FeedPosition(3));
        hub.store.remove_webhook(&by(), made.id).await.unwrap();
        assert_eq!(hub.store.list_webhooks().await.unwrap().len(), 1);
        hub.store.create_webhook(&by(), &welfare(), &key(&hub), &mut rng()).await.unwrap();
    });
}

#[test]
fn a_position_moves_on_and_never_back_and_a_success_ends_a_run_of_failures() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let get = async || hub.store.get_webhook("welfare").await.unwrap();
        let id = get().await.id;
        let event = FeedPosition(1);
        for (at, due) in [(10, 20), (30, 60)] {
            let then = AfterFailure::Retry(Timestamp(due));
            hub.store.webhook_failed(id, event, "503", Timestamp(at), then).await.unwrap();
        }
        let failing = get().await;
        assert_eq!((failing.attempts, failing.due, failing.position), (2, Timestamp(60), FeedPosition(0)));
        assert_eq!((failing.failing_since, failing.problem.as_deref()), (Some(Timestamp(10)), Some("503")));
        hub.store.webhook_delivered(id, event).await.unwrap();
        hub.store.webhook_delivered(id, FeedPosition(0)).await.unwrap();
        let well = get().await;
        assert_eq!((well.attempts, well.position, well.failing_since, well.problem), (0, event, None, None));
    });
}

#[test]
fn what_is_given_up_is_kept_until_it_is_taken_and_a_pause_lasts_until_a_person_ends_it() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let get = async || hub.store.get_webhook("welfare").await.unwrap();
        let id = get().await.id;
        let give_up = AfterFailure::GiveUp(Timestamp(90));
        hub.store.webhook_failed(id, FeedPosition(1), "422", Timestamp(80), give_up).await.unwrap();
        let after = get().await;
        assert_eq!((after.position, after.attempts, after.dead_letters), (FeedPosition(1), 0, 1));
        let letters = hub.store.list_dead_letters(id).await.unwrap();
        assert_eq!((letters[0].position, letters[0].problem.as_str()), (FeedPosition(1), "422"));
        hub.store.webhook_passed(id, FeedPosition(2)).await.unwrap();
        assert_eq!(get().await.failing_since, Some(Timestamp(80)), "passing over others' events is no success");
        hub.store.dead_letter_delivered(id, FeedPosition(1)).await.unwrap();
        assert!(hub.store.list_dead_letters(id).await.unwrap().is_empty());
        hub.store.webhook_failed(id, FeedPosition(2), "410", Timestamp(95), AfterFailure::Pause).await.unwrap();
        assert_eq!(get().await.paused, Some(Timestamp(95)));
        hub.store.resume_webhook(&by(), id).await.unwrap();
        let resumed = get().await;
        assert_eq!((resumed.paused, resumed.problem, resumed.due), (None, None, Timestamp(0)));
        let entries = hub.store.list_audit_events(0, 100).await.unwrap();
        let actions: Vec<&str> = entries.iter().map(|entry| entry.event.action.as_str()).collect();
        assert_eq!(actions, ["api_key_created", "webhook_created", "webhook_paused", "webhook_resumed"]);
    });
}

#[test]
fn a_word_of_detail_that_is_none_is_an_error_and_not_taken_for_another() {
    on_both(async |hub: Hub| {
        fill(&hub).await;
        let broken = match hub.url {
            kanak_store::HubUrl::Sqlite(_) => {
                "PRAGMA ignore_check_constraints = ON; UPDATE webhooks SET detail = 'everything'"
            }
            kanak_store::HubUrl::Postgres(_) => {
                "ALTER TABLE webhooks DROP CONSTRAINT webhooks_detail_check; UPDATE webhooks SET detail = 'everything'"
            }
        };
        kanak_store::testing::break_hub(&hub.url, broken).await.unwrap();
        let error = hub.store.get_webhook("welfare").await.unwrap_err();
        assert!(matches!(error, StoreError::Stored { table: "webhooks", column: "detail", .. }), "{error}");
    });
}
