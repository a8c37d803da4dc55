//! A receiver of webhooks.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::net::TcpListener;
use tokio::sync::watch;

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
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { got, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Has the receiver check signatures.
    pub(crate) fn know(&self, secret: &str) {
        *self.got.secret.lock().unwrap() = Some(secret.to_owned());
    }

    /// Begins another part of what comes.
    pub(crate) fn mark(&self) {
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
