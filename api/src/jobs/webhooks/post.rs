//! Posting one message: a connection to an address that was judged, TLS, one request, the status of its answer. Nothing
//! is followed, and nothing of the answer is read but its status.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::target::Target;
use crate::config::WebhookSettings;

/// How long a receiver may take, from looking up its name to the head of its answer.
const ANSWER: Duration = Duration::from_secs(15);

/// What posts messages.
#[derive(Clone)]
pub struct Poster {
    tls: TlsConnector,
    settings: WebhookSettings,
}

/// A message to be posted.
pub struct Message {
    /// The same for the same event of the same webhook, however often it is sent.
    pub id: String,
    /// When it is sent, in seconds since 1970.
    pub seconds: i64,
    /// See [`super::sign::sign`].
    pub signature: String,
    /// JSON.
    pub body: String,
}

impl Poster {
    /// One that trusts the authorities that this machine trusts.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(settings: WebhookSettings) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        let trusted = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(trusted.certs);
        if roots.is_empty() {
            tracing::warn!("This machine trusts no certificate authority: no webhook over `https` can be delivered");
        }
        Self::trusting(roots, settings)
    }

    /// One that trusts these authorities.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn trusting(roots: RootCertStore, settings: WebhookSettings) -> anyhow::Result<Self> {
        let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("cannot set up TLS")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), settings })
    }

    /// Posts a message; gives the status of the answer.
    ///
    /// # Errors
    /// When the receiver may not be spoken to, cannot be reached, or does not answer in time.
    pub async fn post(&self, target: &Target, message: Message) -> anyhow::Result<StatusCode> {
        let exchange = Box::pin(self.exchange(target, message));
        match tokio::time::timeout(ANSWER, exchange).await {
            Ok(status) => status,
            Err(_) => bail!("no answer within {} s", ANSWER.as_secs()),
        }
    }

    async fn exchange(&self, target: &Target, message: Message) -> anyhow::Result<StatusCode> {
        let addresses = target.addresses(self.settings).await?;
        let stream = TcpStream::connect(&addresses[..]).await.context("cannot connect")?;
        drop(stream.set_nodelay(true));
        let request = request(target, message)?;
        if !target.is_tls() {
            return send(stream, request).await;
        }
        let host = target.url().host_str().context("the URL names no host")?.trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).context("its host is no name for a certificate")?;
        send(self.tls.connect(name, stream).await.context("no TLS")?, request).await
    }
}

fn request(target: &Target, message: Message) -> anyhow::Result<Request<Body>> {
    let url = target.url();
    let host = url.host_str().context("the URL names no host")?;
    let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    Request::post(path)
        .header(header::HOST, authority)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, message.body.len())
        .header(header::USER_AGENT, concat!("kanak/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .header("webhook-id", message.id)
        .header("webhook-timestamp", message.seconds)
        .header("webhook-signature", message.signature)
        .body(Body::from(message.body))
        .context("cannot write the request")
}

async fn send<S>(stream: S, request: Request<Body>) -> anyhow::Result<StatusCode>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.context("no HTTP")?;
    let answer = sender.send_request(request);
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(answer);
    // The connection does its work only while it is asked to, and ends when the answer's head is here.
    let answer = tokio::select! {
        answer = &mut answer => answer,
        _ = &mut connection => answer.await,
    };
    Ok(answer.context("no answer")?.status())
}
