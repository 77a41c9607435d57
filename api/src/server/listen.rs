//! Connections: how many, and how long one may take to say what it wants.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::server::attempts::network_of;
use crate::server::unstalled::Unstalled;

/// How many connections are open at once; more wait in the system's own queue.
const CONNECTIONS_MAX: usize = 1024;
/// How many of them one address may have; more are let go. A proxy that all come through needs fewer.
const CONNECTIONS_EACH_MAX: usize = CONNECTIONS_MAX / 2;
/// How long a client may take to send a request's head, and an idle connection to begin one.
const HEAD: Duration = Duration::from_secs(10);
/// How long requests that are under way are waited for at the end.
const GRACE: Duration = Duration::from_secs(30);
/// How long a client may take nothing of what it is sent.
const STALL: Duration = Duration::from_secs(60);
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 64;
/// How often an HTTP/2 client must show that it is there, and how long it may take.
const PING: Duration = Duration::from_secs(30);

/// What one connection may do. Its own type so that tests need not wait.
#[derive(Debug, Clone, Copy)]
struct Limits {
    connections_max: usize,
    connections_each_max: usize,
    head: Duration,
    stall: Duration,
}

impl Limits {
    const SERVED: Self =
        Self { connections_max: CONNECTIONS_MAX, connections_each_max: CONNECTIONS_EACH_MAX, head: HEAD, stall: STALL };
}

/// How many connections each address has, so that none has all.
#[derive(Debug, Default)]
struct Peers(Mutex<HashMap<IpAddr, usize>>);

impl Peers {
    /// Counts a connection until what is given is dropped; `None` where its address has as many as it may.
    fn take(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Counted> {
        let network = network_of(address);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(network).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Counted { peers: Arc::clone(self), network })
    }
}

/// A connection that counts.
struct Counted {
    peers: Arc<Peers>,
    network: IpAddr,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.network);
            }
        }
    }
}

/// The certificate that a client showed, as the first 16 hex digits of its SHA-256: an extension of its requests.
#[derive(Debug, Clone)]
pub struct ClientCertificate(pub Arc<str>);

/// Serves until `stop` comes true; then takes no new connection, and waits a while for requests that are under way.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    serve_within(Limits::SERVED, listener, None, router, stop).await;
}

/// As [`serve`], over TLS, for clients that the acceptor takes.
pub async fn serve_tls(listener: TcpListener, tls: TlsAcceptor, router: Router, stop: impl Future<Output = ()>) {
    serve_within(Limits::SERVED, listener, Some(tls), router, stop).await;
}

async fn serve_within(
    limits: Limits,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let peers = Arc::new(Peers::default());
    let (ending, end) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place.expect("the places are never closed"),
            () = &mut stop => break,
        };
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // One connection that broke off, or too many open files: the next may do better.
                    tracing::warn!(%error, "Cannot take a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let Some(counted) = peers.take(address.ip(), limits.connections_each_max) else { continue };
        let (router, end, tls) = (router.clone(), end.clone(), tls.clone());
        tokio::spawn(async move {
            drop(stream.set_nodelay(true));
            let stream = Unstalled::new(stream, limits.stall);
            match tls {
                None => connection(limits, stream, (address, None), router, end).await,
                Some(tls) => secured(limits, &tls, stream, address, router, end).await,
            }
            drop((place, counted));
        });
    }
    drop(listener);
    drop(end);
    ending.send_replace(());
    // Every connection holds a receiver until it has ended.
    if tokio::time::timeout(GRACE, ending.closed()).await.is_err() {
        tracing::warn!("Requests were still under way after {} s; they are cut off", GRACE.as_secs());
    }
}

/// A connection whose client first shows who it is.
async fn secured(
    limits: Limits,
    tls: &TlsAcceptor,
    stream: Unstalled,
    address: SocketAddr,
    router: Router,
    end: watch::Receiver<()>,
) {
    match tokio::time::timeout(limits.head, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let certificate = stream.get_ref().1.peer_certificates().and_then(|shown| shown.first());
            let client = certificate.map(|shown| ClientCertificate(fingerprint(shown)));
            connection(limits, stream, (address, client), router, end).await;
        }
        Ok(Err(error)) => tracing::warn!(%address, %error, "A client at {address} was not let in: {error}"),
        Err(_) => {}
    }
}

fn fingerprint(certificate: &[u8]) -> Arc<str> {
    Sha256::digest(certificate).iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

async fn connection(
    limits: Limits,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    (address, client): (SocketAddr, Option<ClientCertificate>),
    router: Router,
    mut end: watch::Receiver<()>,
) {
    let begun = Arc::new(AtomicBool::new(false));
    let begins = Arc::clone(&begun);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        begins.store(true, Ordering::Relaxed);
        let (router, client) = (router.clone(), client.clone());
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(address));
            if let Some(client) = client {
                request.extensions_mut().insert(client);
            }
            let answer: Result<Response<Body>, Infallible> = router.oneshot(request).await;
            answer
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(PING)
        .keep_alive_timeout(limits.head);
    let stream = TokioIo::new(stream);
    let mut serving = pin!(builder.serve_connection(stream, service));
    // Before its protocol is known the builder waits for a connection for ever: the first request has a time of its own.
    let mut first = pin!(tokio::time::sleep(limits.head));
    let mut is_first_due = true;
    loop {
        tokio::select! {
            // A client that broke off, or was too slow, is no fault of ours.
            _ = serving.as_mut() => return,
            _ = end.changed() => {
                serving.as_mut().graceful_shutdown();
                let _ = serving.await;
                return;
            }
            () = first.as_mut(), if is_first_due => {
                if !begun.load(Ordering::Relaxed) {
                    return;
                }
                is_first_due = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::sync::oneshot;

    use super::*;

    struct Served {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        task: tokio::task::JoinHandle<()>,
    }

    async fn served(connections_max: usize) -> Served {
        served_each(connections_max, connections_max).await
    }

    async fn served_each(connections_max: usize, connections_each_max: usize) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slow = get(|| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "slow"
        });
        let who = get(|ConnectInfo(address): ConnectInfo<SocketAddr>| async move { address.ip().to_string() });
        let large = get(|| async { vec![b'x'; 64 << 20] });
        let router = Router::new().route("/slow", slow).route("/who", who).route("/large", large);
        let (stop, stopped) = oneshot::channel();
        let head = Duration::from_millis(200);
        let limits = Limits { connections_max, connections_each_max, head, stall: Duration::from_millis(300) };
        let task = tokio::spawn(serve_within(limits, listener, None, router, async {
            drop(stopped.await);
        }));
        Served { address, stop, task }
    }

    async fn ask(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_handler_learns_who_is_connected() {
        let served = served(4).await;
        assert!(ask(served.address, "/who").await.ends_with("127.0.0.1"));
    }

    #[tokio::test]
    async fn a_client_that_does_not_finish_its_head_is_let_go() {
        let served = served(4).await;
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"GET /who HTTP/1.1\r\nHost:").await.unwrap();
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "the connection is still open");
        assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    }

    #[tokio::test]
    async fn a_client_that_might_yet_speak_another_protocol_is_let_go_as_well() {
        let served = served(4).await;
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        // The beginning of POST, and of HTTP/2's preface.
        stream.write_all(b"P").await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "the connection is still open");
    }

    #[tokio::test]
    async fn a_connection_too_many_waits_until_one_ends() {
        let served = served(1).await;
        let idle = TcpStream::connect(served.address).await.unwrap();
        let second = tokio::time::timeout(Duration::from_secs(5), ask(served.address, "/who")).await;
        assert!(second.is_ok_and(|answer| answer.ends_with("127.0.0.1")), "the idle one was let go, the other served");
        drop(idle);
    }

    #[test]
    fn an_address_with_many_connections_leaves_places_to_others() {
        let peers = Arc::new(Peers::default());
        let (one, other): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let first = peers.take(one, 2).unwrap();
        let second = peers.take(one, 2).unwrap();
        assert!(peers.take(one, 2).is_none());
        assert!(peers.take(other, 2).is_some());
        drop(first);
        assert!(peers.take(one, 2).is_some(), "its place is free again");
        drop(second);
        assert!(peers.0.lock().unwrap().is_empty(), "nobody is kept in mind");
    }

    #[tokio::test]
    async fn a_connection_too_many_of_one_address_is_let_go() {
        let served = served_each(4, 0).await;
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        // The connection may be gone before anything is written.
        drop(stream.write_all(b"GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await);
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer).await);
        assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_of_its_answer_is_let_go() {
        let served = served(1).await;
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let second = tokio::time::timeout(Duration::from_secs(5), ask(served.address, "/who")).await;
        assert!(
            second.is_ok_and(|answer| answer.ends_with("127.0.0.1")),
            "the stalled one was let go, the other served"
        );
        drop(stream);
    }

    #[tokio::test]
    async fn a_request_under_way_is_answered_before_the_server_ends() {
        let served = served(4).await;
        let asking = tokio::spawn(ask(served.address, "/slow"));
        tokio::time::sleep(Duration::from_millis(100)).await;
        served.stop.send(()).unwrap();
        assert!(asking.await.unwrap().ends_with("slow"));
        tokio::time::timeout(Duration::from_secs(5), served.task).await.unwrap().unwrap();
    }
}
