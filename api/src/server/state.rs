//! What handlers share.

use std::sync::Arc;

use crate::deployment::Deployment;
use crate::server::telemetry::Telemetry;

/// State of the server. Cloned for each request; all parts are handles.
#[derive(Clone)]
pub struct AppState {
    /// The deployment that is served.
    pub deployment: Deployment,
    /// Counters for `/metrics`.
    pub telemetry: Arc<Telemetry>,
    /// Whether cookies travel over TLS only: everywhere but on loopback.
    pub cookies: Cookies,
    /// One resolution, ingest or refresh at a time.
    pub work: Arc<tokio::sync::Mutex<()>>,
}

/// How cookies may travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookies {
    /// Over TLS only.
    Secure,
    /// Also in clear: the server listens on loopback.
    Loopback,
}

impl AppState {
    /// State for a deployment.
    pub fn new(deployment: Deployment, cookies: Cookies) -> Self {
        Self { deployment, telemetry: Arc::default(), cookies, work: Arc::default() }
    }
}
