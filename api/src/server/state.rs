//! What handlers share.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_extra::extract::cookie::{Cookie, SameSite};
use kanak_codes::Codes;
use tokio::sync::{Mutex, Semaphore, watch};

use crate::deployment::Deployment;
use crate::jobs::written::RowWriter;
use crate::server::admit;
use crate::server::attempts::Attempts;
use crate::server::health::CountsKept;
use crate::server::telemetry::Telemetry;
use crate::server::{lease, public_rate};

/// State of the server. Cloned for each request; all parts are handles.
#[derive(Clone)]
pub struct AppState {
    /// The deployment that is served.
    pub deployment: Deployment,
    /// Counters for `/metrics`.
    pub telemetry: Arc<Telemetry>,
    /// The hub's counts for `/metrics`, kept for a while.
    pub counts: Arc<CountsKept>,
    /// How cookies travel.
    pub cookies: Cookies,
    /// Failed attempts to sign in.
    pub attempts: Arc<Attempts>,
    /// What an address may ask of public codes; `None` for no limit.
    pub public_rate: Option<Arc<Attempts>>,
    /// Room for requests that are worked on at once.
    pub room: Arc<Semaphore>,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// Room for bodies, in KiB, of requests that are worked on and of those that are not yet.
    pub bodies: Arc<Semaphore>,
    /// The same for batches of codes, which anybody may send.
    pub batches: Arc<Semaphore>,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// Room for streams of the change feed.
    pub streams: Arc<Semaphore>,
    /// Comes true when the server stops: what would go on for long ends.
    pub ending: Arc<watch::Sender<bool>>,
    /// One resolution, ingest or refresh at a time.
    pub work: Arc<Mutex<()>>,
    /// What writes rows that programs send one by one.
    pub rows: Arc<RowWriter>,
    /// The lease of the resolver, while this server holds it.
    pub lease: lease::Held,
}

/// How cookies may travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookies {
    /// Over TLS only, and under names that a browser takes from this host alone (`__Host-`).
    Secure,
    /// Also in clear: the server listens on loopback, with no TLS before it.
    Loopback,
}

impl Cookies {
    /// How they travel where the server listens on this address, and is found under this URL.
    pub fn on(listening: IpAddr, public_url: Option<&str>) -> Self {
        // The settings take no URL but an `https:` one.
        if listening.is_loopback() && public_url.is_none() { Self::Loopback } else { Self::Secure }
    }

    /// The full name of a cookie of ours.
    pub fn name(self, name: &str) -> String {
        match self {
            Self::Secure => format!("__Host-{name}"),
            Self::Loopback => name.to_owned(),
        }
    }

    /// A cookie that scripts cannot read and other sites' forms do not carry.
    pub fn make(self, name: &str, value: String) -> Cookie<'static> {
        Cookie::build((self.name(name), value))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self == Self::Secure)
            .build()
    }
}

impl AppState {
    /// State for a deployment, whose source records are kept in memory from now on.
    pub fn new(mut deployment: Deployment, cookies: Cookies) -> Self {
        deployment.live = Some(Arc::default());
        let public_rate = public_rate::allowance(deployment.config.codes.requests_a_second);
        Self {
            deployment,
            public_rate,
            telemetry: Arc::default(),
            counts: Arc::default(),
            cookies,
            attempts: Arc::default(),
            room: Arc::new(Semaphore::new(admit::REQUESTS_MAX)),
            request_timeout: admit::REQUEST,
            bodies: Arc::new(Semaphore::new(admit::BODIES_KIB_MAX)),
            batches: Arc::new(Semaphore::new(admit::BATCHES_KIB_MAX)),
            body_timeout: admit::BODY,
            streams: Arc::new(Semaphore::new(admit::FEED_STREAMS_MAX)),
            ending: Arc::new(watch::Sender::new(false)),
            work: Arc::default(),
            rows: Arc::default(),
            lease: Arc::new(watch::Sender::new(None)),
        }
    }

    /// The codes that are served now. One request asks once, and answers all of itself from this snapshot.
    pub fn codes(&self) -> Arc<Codes> {
        self.deployment.codes()
    }
}

#[cfg(test)]
impl AppState {
    /// State of a server that holds the lease of the resolver.
    pub(crate) async fn holding_the_lease(deployment: Deployment) -> Self {
        let state = Self::new(deployment, Cookies::Loopback);
        let lease =
            state.deployment.store.take_lease(kanak_store::RESOLVER, "test", None, Duration::from_secs(600)).await;
        state.lease.send_replace(Some(lease.unwrap().unwrap()));
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_travel_in_clear_only_on_loopback_without_a_public_url() {
        let (here, anywhere) = ("127.0.0.1".parse().unwrap(), "0.0.0.0".parse().unwrap());
        assert_eq!(Cookies::on(here, None), Cookies::Loopback);
        assert_eq!(Cookies::on(here, Some("https://hub.example")), Cookies::Secure);
        assert_eq!(Cookies::on(anywhere, None), Cookies::Secure);
        let secure = Cookies::Secure.make("kanak_session", "x".to_owned()).to_string();
        for word in ["__Host-kanak_session=x", "Secure", "HttpOnly", "Path=/", "SameSite=Lax"] {
            assert!(secure.contains(word), "{secure}");
        }
        assert!(!secure.contains("Domain"), "{secure}");
        assert!(!Cookies::Loopback.make("kanak_session", String::new()).to_string().contains("Secure"));
    }
}
