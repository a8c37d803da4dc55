//! A receiver of webhooks.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Extension;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::serve::IncomingStream;
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::service_fn;

/// An event as it came.
#[derive(Clone)]
pub(crate) struct Received {
    /// The id of the request, which is the same whenever the event is sent again.
    pub(crate) id: String,
    /// The number of [`mark`](Receiver::mark)s before it.
    pub(crate) marks: usize,
    /// The body.
    pub(crate) body: Value,
}

impl Received {
    pub(crate) fn position(&self) -> u64 {
        self.body["position"].as_u64().unwrap()
    }
}

#[derive(Default)]
struct Got {
    received: Mutex<Vec<Received>>,
    marks: Mutex<usize>,
    count: watch::Sender<usize>,
    /// The number of open connections.
    open: watch::Sender<usize>,
    /// Checks signatures, once the secret is known.
    secret: Mutex<Option<String>>,
    /// The positions of the events that were turned away.
    refused: Mutex<HashSet<u64>>,
}

/// A receiver that notes all events. It turns every hundredth away once, and always what isn't
/// signed.
#[derive(Clone)]
pub(crate) struct Receiver {
    got: Arc<Got>,
    address: SocketAddr,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::<Got>::default();
        let router = Router::new().route("/", post(take));
        let router = router.with_state(Arc::clone(&got));
        let counted = Arc::clone(&got);
        let connections = service_fn(move |_: IncomingStream<'_, TcpListener>| {
            let open = Extension(Open::count(&counted));
            let service = router.clone().layer(open);
            async { Ok::<_, Infallible>(service) }
        });
        tokio::spawn(axum::serve(listener, connections).into_future());
        Self { got, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Has the receiver check signatures.
    pub(crate) fn know(&self, secret: &str) {
        *self.got.secret.lock().unwrap() = Some(secret.to_owned());
    }

    /// Begins another part of what comes, once all is read that a sender had sent when it was killed.
    pub(crate) async fn mark(&self) {
        // Connections are accepted in their order: after this one, all earlier ones are counted.
        let mut last = TcpStream::connect(self.address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: receiver\r\nconnection: close\r\n\r\n";
        last.write_all(request).await.unwrap();
        last.read_to_end(&mut Vec::new()).await.unwrap();
        drop(last);
        let mut open = self.got.open.subscribe();
        open.wait_for(|open| *open == 0).await.unwrap();
        *self.got.marks.lock().unwrap() += 1;
    }

    /// What it has accepted.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.got.received.lock().unwrap().clone()
    }

    /// Waits until it has accepted so many events.
    pub(crate) async fn wait_for(&self, events: usize) {
        let mut count = self.got.count.subscribe();
        count.wait_for(|count| *count >= events).await.unwrap();
    }
}

/// A connection, counted until its service is dropped with it.
#[derive(Clone)]
struct Open {
    _counted: Arc<Counted>,
}

struct Counted(Arc<Got>);

impl Open {
    fn count(got: &Arc<Got>) -> Self {
        got.open.send_modify(|open| *open += 1);
        let counted = Counted(Arc::clone(got));
        Self {
            _counted: Arc::new(counted),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

async fn take(State(got): State<Arc<Got>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let secret = got.secret.lock().unwrap().clone();
    let Some(secret) = secret else {
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    if Webhook::new(&secret)
        .unwrap()
        .verify(&body, &headers)
        .is_err()
    {
        return StatusCode::UNAUTHORIZED;
    }
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let position = body["position"].as_u64().unwrap();
    if position.is_multiple_of(100) && got.refused.lock().unwrap().insert(position) {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    let marks = *got.marks.lock().unwrap();
    let received = Received { id, marks, body };
    got.received.lock().unwrap().push(received);
    got.count.send_modify(|count| *count += 1);
    StatusCode::NO_CONTENT
}
