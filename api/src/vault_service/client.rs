//! The hub's side: one connection a call, which carries up to twenty thousand numbers. Nothing is asked twice by itself: whether
//! a call that was cut off was heard, only who asked can judge.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use kanak_store::{VaultAnswer, VaultCall, VaultError, VaultRefusal, VaultService};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::{CALLS, VaultAddress, VaultSettings, tls};

/// How long the vault may take to be reached.
const CONNECT: Duration = Duration::from_secs(10);
/// How long it may take for an answer: the slowest is checking a long trail.
const ANSWER: Duration = Duration::from_secs(300);
/// The longest answer that is read: fifty thousand references are a megabyte.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A vault on another machine.
pub struct RemoteVault {
    pub(super) at: VaultAddress,
    pub(super) tls: TlsConnector,
}

impl RemoteVault {
    /// Gets ready to ask; nothing is sent yet, so that the hub works while the vault is away.
    ///
    /// # Errors
    /// When the certificates cannot be read.
    pub fn new(at: VaultAddress, settings: &VaultSettings) -> anyhow::Result<Self> {
        Ok(Self { at, tls: tls::connector(settings)? })
    }

    async fn connect(&self) -> anyhow::Result<http1::SendRequest<Body>> {
        let stream = TcpStream::connect((self.at.host(), self.at.port())).await.context("cannot connect")?;
        drop(stream.set_nodelay(true));
        let name = ServerName::try_from(self.at.host().to_owned()).context("its host is no name for a certificate")?;
        let stream = self.tls.connect(name, stream).await.context("no TLS with it")?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.context("no HTTP with it")?;
        // It ends with the answer, or when the sender is dropped.
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn exchange(&self, call: &VaultCall) -> anyhow::Result<Result<VaultAnswer, VaultRefusal>> {
        let Ok(sender) = tokio::time::timeout(CONNECT, self.connect()).await else {
            bail!("not reached within {} s", CONNECT.as_secs());
        };
        let body = serde_json::to_vec(call)?;
        let request = Request::post(CALLS)
            .header(header::HOST, self.at.authority())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, body.len())
            .header(header::CONNECTION, "close")
            .body(Body::from(body))?;
        let mut sender = sender?;
        let answer = sender.send_request(request).await.context("it broke the connection off")?;
        let status = answer.status();
        let body =
            axum::body::to_bytes(Body::new(answer.into_body()), ANSWER_BYTES_MAX).await.context("half an answer")?;
        Ok(match status {
            StatusCode::OK => {
                Ok(serde_json::from_slice(&body).context("its answer is none; is it of the same version?")?)
            }
            StatusCode::CONFLICT => {
                Err(serde_json::from_slice(&body).context("its refusal is none; is it of the same version?")?)
            }
            other => bail!("it answers {other}; is it a vault of the same version?"),
        })
    }
}

impl VaultService for RemoteVault {
    fn call(&self, call: VaultCall) -> Pin<Box<dyn Future<Output = Result<VaultAnswer, VaultError>> + Send + '_>> {
        Box::pin(async move {
            let away = |why: String| VaultError::Away { at: self.at.to_string(), why };
            match tokio::time::timeout(ANSWER, self.exchange(&call)).await {
                Ok(Ok(answer)) => answer.map_err(VaultError::from),
                Ok(Err(error)) => Err(away(format!("{error:#}"))),
                Err(_) => Err(away(format!("no answer within {} s", ANSWER.as_secs()))),
            }
        })
    }
}
