//! Delivery to a receiver on this machine: what it gets, in which order, and what becomes of what it does not take.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use kanak_model::clock::FixedClock;
use kanak_model::feed::Detail;
use kanak_model::source_system::Load;
use kanak_model::{Caller, FeedPosition, Purpose, Role, Timestamp};
use kanak_store::{FileFacts, NewWebhook, Webhook, key_store};
use tokio::net::TcpListener;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

use super::deliver::ATTEMPTS_MAX;
use super::post::Message;
use super::sign::sign;
use super::*;
use crate::config::{Config, WebhookSettings};
use crate::deployment::Deployment;
use crate::secrets::os_rng;
use crate::server::state::AppState;
use crate::testing::House;

/// Before the golden records the feed tells that their rule set was published; events are counted from there.
const FIRST: i64 = 1;

fn told(events: i64) -> FeedPosition {
    FeedPosition(FIRST + events)
}

const HERE: WebhookSettings = WebhookSettings { private_addresses: false, loopback: true };

/// A message as the receiver got it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Got {
    path: String,
    id: String,
    seconds: i64,
    signature: String,
    body: String,
}

impl Got {
    fn event(&self) -> i64 {
        self.id.rsplit_once('_').unwrap().1.parse::<i64>().unwrap() - FIRST
    }
}

/// A receiver that answers as it is told, and 200 when it is told nothing.
#[derive(Clone)]
struct Receiver {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    /// Whoever holds it keeps the receiver from answering.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let this = Self { address, got: Arc::default(), answers: Arc::default(), turn: Arc::default() };
        let (got, answers, turn) = (Arc::clone(&this.got), Arc::clone(&this.answers), Arc::clone(&this.turn));
        let take = move |uri: Uri, headers: HeaderMap, body: String| {
            let text = |name: &str| headers[name].to_str().unwrap().to_owned();
            let (id, signature) = (text("webhook-id"), text("webhook-signature"));
            let seconds = text("webhook-timestamp").parse().unwrap();
            got.lock().unwrap().push(Got { path: uri.path().to_owned(), id, seconds, signature, body });
            let status = answers.lock().unwrap().pop_front().unwrap_or(200);
            let turn = Arc::clone(&turn);
            async move {
                drop(turn.lock().await);
                (StatusCode::from_u16(status).unwrap(), [(header::LOCATION, "/elsewhere")])
            }
        };
        let router = Router::new().fallback(take);
        tokio::spawn(async move { axum::serve(listener, router).await });
        this
    }

    fn answers(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    fn events(&self) -> Vec<i64> {
        self.got().iter().map(Got::event).collect()
    }
}

/// A hub with a webhook that goes to a receiver, from the beginning of the feed.
struct Subscribed {
    _house: House,
    deployment: Deployment,
    receiver: Receiver,
    poster: Poster,
}

fn by() -> Caller {
    Caller::system("test")
}

impl Subscribed {
    /// With `people` events in the feed, for a key confined to these districts.
    async fn with(people: usize, detail: Detail, districts: Option<&[&str]>) -> Self {
        let house = House::new().await;
        let row = |n: usize| {
            let (name, year) = (NAMES[(n - 1) % NAMES.len()], (n * 9 + 5) % 100);
            format!("{n},{name},19{year:02}-{:02}-{:02}\n", 1 + (n - 1) % 12, 1 + (n * 3 - 1) % 28)
        };
        let rows: String = (1..=people).map(row).collect();
        house.ingest("people_1.csv", &format!("ID,NAME,DOB\n{rows}")).await;
        crate::commands::resolve::resolve_all(&house.deployment, &[], &crate::output::Output::silent()).await.unwrap();
        let mut deployment = house.deployment.clone();
        deployment.config = Arc::new(Config { webhooks: HERE, ..(*deployment.config).clone() });
        let receiver = Receiver::start().await;
        let roles = [Role::Department].into_iter().collect();
        let districts: Option<BTreeSet<String>> =
            districts.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect());
        deployment
            .store
            .create_api_key(&by(), "reader", &roles, districts.as_ref(), None, &mut os_rng())
            .await
            .unwrap();
        let this = Self { _house: house, deployment, receiver, poster: Poster::new(HERE).unwrap() };
        this.add("welfare", detail, None).await;
        this
    }

    fn new_webhook(&self) -> NewWebhook {
        NewWebhook {
            name: "welfare".to_owned(),
            url: format!("http://{}/hook", self.receiver.address),
            entities: None,
            key: "reader".to_owned(),
            purpose: Purpose::ServiceDelivery,
            detail: Detail::Changes,
            after: Some(told(0)),
        }
    }

    async fn add(&self, name: &str, detail: Detail, entities: Option<&[&str]>) -> String {
        let entities = entities.map(|words| words.iter().map(|word| (*word).to_owned()).collect());
        let new = NewWebhook { name: name.to_owned(), detail, entities, ..self.new_webhook() };
        let key = self.deployment.keys.get_key(key_store::WEBHOOKS).unwrap();
        self.deployment.store.create_webhook(&by(), &new, &key, &mut os_rng()).await.unwrap().to_string()
    }

    async fn webhook(&self) -> Webhook {
        self.deployment.store.get_webhook("welfare").await.unwrap()
    }

    async fn deliver(&self) {
        Box::pin(deliver(&self.deployment, &self.poster, self.webhook().await.id)).await.unwrap();
    }

    fn set_time(&mut self, us: i64) {
        self.deployment.clock = Arc::new(FixedClock(Timestamp(us)));
    }
}

/// What a server delivers that holds the lease.
fn running(state: &AppState) -> Running {
    let lease = state.lease.borrow().clone();
    Running { lease, deliveries: BTreeMap::new() }
}

const NAMES: [&str; 8] = [
    "Asha Devi",
    "Bina Kumari",
    "Chitra Rani",
    "Deepak Singh",
    "Esha Sharma",
    "Farid Khan",
    "Gita Bala",
    "Harjit Gill",
];

#[tokio::test]
async fn a_receiver_gets_every_event_in_order_with_its_values_and_a_signature_it_can_check() {
    let subscribed = Subscribed::with(5, Detail::Values, None).await;
    let secret = subscribed.add("second", Detail::Values, None).await;
    let second = subscribed.deployment.store.get_webhook("second").await.unwrap();
    Box::pin(deliver(&subscribed.deployment, &subscribed.poster, second.id)).await.unwrap();
    let got = subscribed.receiver.got();
    assert_eq!(subscribed.receiver.events(), [1, 2, 3, 4, 5]);
    for one in &got {
        assert_eq!(sign(&secret, &one.id, one.seconds, &one.body).unwrap(), one.signature);
        let body: serde_json::Value = serde_json::from_str(&one.body).unwrap();
        assert_eq!(
            (&body["type"], &body["data"]["position"]),
            (&"golden_record.created".into(), &told(one.event()).0.into())
        );
        assert!(body["data"]["after"]["values"]["full_name"].is_string(), "{body}");
    }
    let entries = subscribed.deployment.store.list_audit_events(0, 100).await.unwrap();
    let sent = entries.iter().filter(|entry| entry.event.action == "sent golden record by webhook");
    assert_eq!(sent.filter(|entry| entry.event.actor == "key:reader").count(), 5);
}

#[tokio::test]
async fn a_receiver_hears_of_rules_before_the_golden_records_that_were_resolved_by_them() {
    let subscribed = Subscribed::with(1, Detail::Changes, None).await;
    let whole =
        NewWebhook { name: "whole".to_owned(), after: Some(FeedPosition(FIRST - 1)), ..subscribed.new_webhook() };
    let key = subscribed.deployment.keys.get_key(key_store::WEBHOOKS).unwrap();
    subscribed.deployment.store.create_webhook(&by(), &whole, &key, &mut os_rng()).await.unwrap();
    let webhook = subscribed.deployment.store.get_webhook("whole").await.unwrap();
    Box::pin(deliver(&subscribed.deployment, &subscribed.poster, webhook.id)).await.unwrap();
    let kinds: Vec<serde_json::Value> =
        subscribed.receiver.got().iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect();
    assert_eq!(
        (kinds[0]["type"].as_str(), kinds[1]["type"].as_str()),
        (Some("rules.published"), Some("golden_record.created"))
    );
    assert_eq!(
        (&kinds[0]["data"]["published"]["name"], &kinds[0]["data"]["published"]["version"]),
        (&"citizen".into(), &"1".into())
    );
}

#[tokio::test]
async fn killed_between_the_receivers_answer_and_the_commit_the_same_message_comes_again() {
    let subscribed = Subscribed::with(3, Detail::Changes, None).await;
    let store = &subscribed.deployment.store;
    let source = store.list_source_systems().await.unwrap()[0].id;
    // Whoever holds the writer's turn keeps the position from being written.
    let facts = FileFacts { name: "a".to_owned(), content_hash: "a".to_owned(), bytes: 1, load: Load::Delta };
    let writer = store.begin_ingest(source, facts).await.unwrap();
    let (deployment, poster, id) =
        (subscribed.deployment.clone(), subscribed.poster.clone(), subscribed.webhook().await.id);
    let delivering = tokio::spawn(async move { Box::pin(deliver(&deployment, &poster, id)).await });
    while subscribed.receiver.got().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    delivering.abort();
    drop(delivering.await);
    drop(writer);
    assert_eq!(subscribed.webhook().await.position, told(0), "the answer came and was not kept");
    subscribed.deliver().await;
    assert_eq!(subscribed.receiver.events(), [1, 1, 2, 3]);
    let got = subscribed.receiver.got();
    assert_eq!((&got[0].id, &got[0].body), (&got[1].id, &got[1].body), "whoever keeps ids knows it again");
    assert_eq!(subscribed.webhook().await.position, told(3));
}

#[tokio::test]
async fn killed_and_refused_at_any_point_every_event_comes_and_new_ones_come_in_order() {
    let subscribed = Subscribed::with(8, Detail::Changes, None).await;
    for round in 0..60_u64 {
        if round % 3 == 0 {
            subscribed.receiver.answers(&[200, 503]);
        }
        let work = deliver(&subscribed.deployment, &subscribed.poster, subscribed.webhook().await.id);
        drop(tokio::time::timeout(Duration::from_micros(300 + round * 137 % 6_000), Box::pin(work)).await);
    }
    subscribed.receiver.answers.lock().unwrap().clear();
    subscribed.deliver().await;
    let mut seen = BTreeSet::new();
    let first: Vec<i64> = subscribed.receiver.events().into_iter().filter(|position| seen.insert(*position)).collect();
    assert_eq!(first, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(subscribed.webhook().await.position, told(8));
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_later_and_holds_back_what_follows() {
    let mut subscribed = Subscribed::with(3, Detail::Changes, None).await;
    subscribed.set_time(1_000_000_000);
    subscribed.receiver.answers(&[200, 503]);
    subscribed.deliver().await;
    assert_eq!(subscribed.receiver.events(), [1, 2]);
    let failing = subscribed.webhook().await;
    assert_eq!((failing.position, failing.attempts), (told(1), 1));
    assert!(failing.due.0 >= 1_002_500_000 && failing.due.0 <= 1_005_000_000, "{:?}", failing.due);
    assert_eq!(failing.problem.as_deref(), Some("the receiver answers 503"));
    let state = AppState::holding_the_lease(subscribed.deployment.clone()).await;
    let mut waiting = running(&state);
    waiting.look(&state.deployment, &subscribed.poster).await.unwrap();
    assert!(waiting.deliveries.is_empty(), "it is not due yet");
    subscribed.set_time(failing.due.0);
    let state = AppState::holding_the_lease(subscribed.deployment.clone()).await;
    let mut running = running(&state);
    running.look(&state.deployment, &subscribed.poster).await.unwrap();
    for (_, task) in std::mem::take(&mut running.deliveries) {
        task.await.unwrap();
    }
    assert_eq!(subscribed.receiver.events(), [1, 2, 2, 3]);
    let well = subscribed.webhook().await;
    assert_eq!((well.position, well.attempts, well.problem), (told(3), 0, None));
}

#[tokio::test]
async fn an_event_that_is_never_taken_becomes_a_dead_letter_that_a_person_can_send_again() {
    let mut subscribed = Subscribed::with(2, Detail::Changes, None).await;
    let mut now = 1_000_000_000;
    for _ in 0..ATTEMPTS_MAX {
        subscribed.set_time(now);
        subscribed.receiver.answers(&[422]);
        subscribed.deliver().await;
        now = subscribed.webhook().await.due.0;
    }
    assert_eq!(subscribed.webhook().await.dead_letters, 1);
    subscribed.set_time(now);
    subscribed.deliver().await;
    assert_eq!(subscribed.receiver.events().last(), Some(&2), "the next one is delivered");
    let again = async || {
        let outcomes = redeliver(&subscribed.deployment, &subscribed.poster, subscribed.webhook().await).await.unwrap();
        outcomes.into_iter().map(|(letter, taken)| (letter.position.0 - FIRST, taken)).collect::<Vec<_>>()
    };
    subscribed.receiver.answers(&[422]);
    assert_eq!(again().await, [(1, Taken::No("the receiver answers 422".to_owned()))]);
    assert_eq!(again().await, [(1, Taken::Yes)]);
    assert!(again().await.is_empty());
    assert_eq!(subscribed.webhook().await.dead_letters, 0);
    assert_eq!(subscribed.webhook().await.position, told(2));
}

#[tokio::test]
async fn a_webhook_that_fails_for_days_is_paused_and_one_that_is_gone_at_once() {
    let mut subscribed = Subscribed::with(2, Detail::Changes, None).await;
    subscribed.set_time(1_000_000_000);
    subscribed.receiver.answers(&[500]);
    subscribed.deliver().await;
    subscribed.set_time(1_000_000_000 + 3 * 24 * 3600 * 1_000_000);
    subscribed.receiver.answers(&[500]);
    subscribed.deliver().await;
    let paused = subscribed.webhook().await;
    assert!(paused.paused.is_some() && paused.position == told(0), "{paused:?}");
    let state = AppState::holding_the_lease(subscribed.deployment.clone()).await;
    let mut running = running(&state);
    running.look(&state.deployment, &subscribed.poster).await.unwrap();
    assert!(running.deliveries.is_empty());
    subscribed.deployment.store.resume_webhook(&by(), paused.id).await.unwrap();
    subscribed.receiver.answers(&[200, 410]);
    subscribed.deliver().await;
    let gone = subscribed.webhook().await;
    assert_eq!((gone.position, gone.paused.is_some()), (told(1), true));
    assert!(gone.problem.unwrap().contains("410"));
}

#[tokio::test]
async fn a_server_without_the_lease_delivers_nothing_and_one_that_lost_it_writes_no_position() {
    let subscribed = Subscribed::with(2, Detail::Changes, None).await;
    let state = AppState::new(subscribed.deployment.clone(), crate::server::state::Cookies::Loopback);
    let mut without = running(&state);
    without.look(&state.deployment, &subscribed.poster).await.unwrap();
    assert!(without.deliveries.is_empty());
    let former = AppState::holding_the_lease(subscribed.deployment.clone()).await;
    let lease = former.lease.borrow().clone().unwrap();
    let stale = former.deployment.holding(&lease);
    let _taken = AppState::holding_the_lease(subscribed.deployment.clone()).await;
    let error = deliver(&stale, &subscribed.poster, subscribed.webhook().await.id);
    let error = Box::pin(error).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(kanak_store::StoreError::LeaseLost("resolver"))), "{error:#}");
    assert_eq!(subscribed.webhook().await.position, told(0));
    subscribed.deliver().await;
    assert_eq!(subscribed.receiver.events(), [1, 1, 2], "the same message came again, by the new holder");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let subscribed = Subscribed::with(1, Detail::Changes, None).await;
    subscribed.receiver.answers(&[307]);
    subscribed.deliver().await;
    let got = subscribed.receiver.got();
    assert_eq!(got.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["/hook"]);
    assert!(subscribed.webhook().await.problem.unwrap().contains("redirects"));
}

#[tokio::test]
async fn a_key_that_is_disabled_tells_nothing_more_and_a_confined_one_only_of_its_districts() {
    let confined = Subscribed::with(2, Detail::Values, Some(&["41"])).await;
    confined.deliver().await;
    assert!(confined.receiver.got().is_empty(), "nobody in the feed lives there");
    assert_eq!(confined.webhook().await.position, told(2));

    let subscribed = Subscribed::with(2, Detail::Changes, None).await;
    let key = subscribed.deployment.store.list_api_keys().await.unwrap()[0].id;
    subscribed.deployment.store.disable_api_key(&by(), key).await.unwrap();
    subscribed.deliver().await;
    assert!(subscribed.receiver.got().is_empty());
    let paused = subscribed.webhook().await;
    assert!(paused.paused.is_some() && paused.problem.unwrap().contains("reader"));
}

#[tokio::test]
async fn what_a_person_does_while_a_line_delivers_counts_from_its_next_page_on() {
    for act in ["disable the key", "pause", "remove"] {
        let subscribed = Subscribed::with(130, Detail::Changes, None).await;
        let store = &subscribed.deployment.store;
        assert!(store.feed_position().await.unwrap() > told(100), "two pages");
        let held = subscribed.receiver.turn.lock().await;
        let (deployment, poster, id) =
            (subscribed.deployment.clone(), subscribed.poster.clone(), subscribed.webhook().await.id);
        let delivering = tokio::spawn(async move { Box::pin(deliver(&deployment, &poster, id)).await });
        while subscribed.receiver.got().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        match act {
            "disable the key" => {
                let key = store.list_api_keys().await.unwrap()[0].id;
                store.disable_api_key(&by(), key).await.unwrap();
            }
            "pause" => {
                let now = subscribed.deployment.clock.now();
                store
                    .webhook_failed(id, told(0), "a person looks", now, kanak_store::AfterFailure::Pause)
                    .await
                    .unwrap();
            }
            _ => store.remove_webhook(&by(), id).await.unwrap(),
        }
        drop(held);
        delivering.await.unwrap().unwrap();
        assert_eq!(subscribed.receiver.got().len(), 100, "{act}: the page under way and no other");
        let stands = store.find_webhook(id).await.unwrap();
        assert_eq!(stands.map(|webhook| webhook.paused.is_some()), (act != "remove").then_some(true), "{act}");
    }
}

#[tokio::test]
async fn a_webhook_about_other_entity_types_passes_over_the_rest() {
    let subscribed = Subscribed::with(2, Detail::Changes, None).await;
    subscribed.add("firms", Detail::Changes, Some(&["business"])).await;
    let firms = subscribed.deployment.store.get_webhook("firms").await.unwrap();
    Box::pin(deliver(&subscribed.deployment, &subscribed.poster, firms.id)).await.unwrap();
    assert!(subscribed.receiver.got().is_empty());
    assert_eq!(subscribed.deployment.store.get_webhook("firms").await.unwrap().position, told(2));
}

/// A receiver over TLS whose certificate for `localhost` the test root signed; both hold for a hundred years.
async fn start_tls_receiver() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let leaf = CertificateDer::from(include_bytes!("test_tls/leaf.der").as_slice());
    let key = PrivateKeyDer::Pkcs8(include_bytes!("test_tls/leaf-key.der").as_slice().into());
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let router = Router::new().fallback(|| async { "taken" });
                let service = TowerToHyperService::new(router);
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                drop(server.serve_connection(TokioIo::new(stream), service).await);
            });
        }
    });
    address
}

#[tokio::test]
async fn over_tls_a_receiver_must_be_vouched_for() {
    let address = start_tls_receiver().await;
    let target = Target::parse(&format!("https://localhost:{}/hook", address.port()), HERE).unwrap();
    let message = || Message { id: "a".to_owned(), seconds: 1, signature: "v1,".to_owned(), body: "{}".to_owned() };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(include_bytes!("test_tls/root.der").as_slice())).unwrap();
    let trusting = Poster::trusting(roots, HERE).unwrap();
    assert_eq!(trusting.post(&target, message()).await.unwrap(), StatusCode::OK);
    let wary = Poster::trusting(RootCertStore::empty(), HERE).unwrap();
    let refused = format!("{:#}", wary.post(&target, message()).await.unwrap_err());
    assert!(refused.contains("TLS"), "{refused}");
    let other_name = Target::parse(&format!("https://127.0.0.1:{}/hook", address.port()), HERE).unwrap();
    assert!(trusting.post(&other_name, message()).await.is_err(), "the certificate names localhost alone");
}
