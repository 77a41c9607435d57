//! Leases: one process at a time, and one that lost its lease writes nothing under it, wherever it stood.

use std::sync::Arc;
use std::time::Duration;

use kanak_model::source_system::Load;
use kanak_store::{RESOLVER, Store, StoreError};

use crate::hub::{Hub, file, on_both, on_postgres, record};

const LONG: Duration = Duration::from_secs(600);
const NONE: Duration = Duration::ZERO;

#[test]
fn a_lease_has_one_holder_until_it_runs_out_is_given_back_or_its_holder_is_known_to_be_gone() {
    on_both(async |hub: Hub| {
        let store = &hub.store;
        assert_eq!(store.find_lease(RESOLVER).await.unwrap(), None);
        let first = store.take_lease(RESOLVER, "a", None, LONG).await.unwrap().unwrap();
        assert_eq!(store.take_lease(RESOLVER, "b", None, LONG).await.unwrap(), None);
        assert_eq!(store.take_lease(RESOLVER, "b", Some("c"), LONG).await.unwrap(), None);
        assert!(store.renew_lease(&first, LONG).await.unwrap());
        let standing = store.find_lease(RESOLVER).await.unwrap().unwrap();
        assert_eq!((standing.holder.as_str(), standing.epoch, standing.is_held), ("a", 1, true));

        let second = store.take_lease(RESOLVER, "b", Some("a"), LONG).await.unwrap().unwrap();
        assert_eq!(second.epoch(), 2);
        assert!(!store.renew_lease(&first, LONG).await.unwrap(), "it is another's now");
        store.release_lease(&first).await.unwrap();
        assert!(store.renew_lease(&second, LONG).await.unwrap(), "nobody gives back what is another's");

        store.release_lease(&second).await.unwrap();
        assert!(!store.find_lease(RESOLVER).await.unwrap().unwrap().is_held);
        let third = store.take_lease(RESOLVER, "c", None, NONE).await.unwrap().unwrap();
        let fourth = store.take_lease(RESOLVER, "d", None, LONG).await.unwrap().unwrap();
        assert_eq!((third.epoch(), fourth.epoch()), (3, 4), "what lasts no time is free at once");
        assert_eq!(store.take_lease("other", "e", None, LONG).await.unwrap().unwrap().epoch(), 1);
    });
}

#[test]
fn a_lease_that_ran_out_and_that_nobody_took_is_its_holders_still() {
    on_both(async |hub: Hub| {
        let lease = hub.store.take_lease(RESOLVER, "a", None, NONE).await.unwrap().unwrap();
        hub.store.holding(&lease).put_setting("x", "1").await.unwrap();
        assert!(hub.store.renew_lease(&lease, LONG).await.unwrap());
        assert_eq!(hub.store.take_lease(RESOLVER, "b", None, LONG).await.unwrap(), None);
    });
}

#[test]
fn who_lost_the_lease_writes_nothing_under_it_and_reads_on() {
    on_both(async |hub: Hub| {
        let lease = hub.store.take_lease(RESOLVER, "a", None, NONE).await.unwrap().unwrap();
        let held = hub.store.holding(&lease);
        held.put_setting("x", "before").await.unwrap();
        // What was begun under the lease is committed before another can take it.
        hub.store.take_lease(RESOLVER, "b", None, LONG).await.unwrap().unwrap();
        let error = held.put_setting("x", "after").await.unwrap_err();
        assert!(matches!(error, StoreError::LeaseLost(RESOLVER)), "{error}");
        let error = held.begin_ingest(hub.source, file("a.csv", Load::Delta)).await.err().unwrap();
        assert!(matches!(error, StoreError::LeaseLost(RESOLVER)), "{error}");
        assert_eq!(held.get_setting("x").await.unwrap().as_deref(), Some("before"));
        hub.store.put_setting("x", "another's").await.unwrap();
    });
}

/// A process that is stopped with a transaction open has the writer's turn: nobody takes its lease before the transaction ends, and
/// so it may end well.
#[test]
fn a_lease_is_not_taken_from_under_an_open_transaction() {
    on_postgres(async |hub: Hub| {
        let lease = hub.store.take_lease(RESOLVER, "a", None, NONE).await.unwrap().unwrap();
        let mut run = hub.store.holding(&lease).begin_ingest(hub.source, file("a.csv", Load::Delta)).await.unwrap();
        run.add(vec![record("1", "Asha")]).await.unwrap();
        let other = Arc::new(Store::open(&hub.url, hub.clock.clone()).await.unwrap());
        let taking = tokio::spawn({
            let other = Arc::clone(&other);
            async move { other.take_lease(RESOLVER, "b", None, LONG).await.unwrap().unwrap() }
        });
        // Its holder renews beside the turn that is held, however long that lasts.
        assert!(hub.store.renew_lease(&lease, NONE).await.unwrap());
        assert!(!taking.is_finished());
        run.finish().await.unwrap();
        assert_eq!(taking.await.unwrap().epoch(), 2);
        assert_eq!(hub.records().await.len(), 1);
        let error = hub.store.holding(&lease).put_setting("x", "1").await.unwrap_err();
        assert!(matches!(error, StoreError::LeaseLost(RESOLVER)), "{error}");
        other.close().await;
    });
}

#[test]
fn of_many_that_ask_at_once_one_gets_the_lease() {
    on_both(async |hub: Hub| {
        let asked: Vec<_> = (0..8)
            .map(|number| {
                let store = hub.store.clone();
                tokio::spawn(async move {
                    store.take_lease(RESOLVER, &format!("process {number}"), None, LONG).await.unwrap()
                })
            })
            .collect();
        let mut got = 0;
        for one in asked {
            got += usize::from(one.await.unwrap().is_some());
        }
        assert_eq!(got, 1);
    });
}
