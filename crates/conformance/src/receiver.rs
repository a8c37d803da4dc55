//! A receiver of webhooks within the process.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use stockroom_application::webhooks::{SendError, WebhookRequest, WebhookResponse, WebhookSender};
use tokio::sync::watch;

/// A request as the receiver got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) position: u64,
    pub(crate) subject: String,
}

/// Answers a request with a status; 0 for none.
type Answers = dyn Fn(&Received, usize) -> u16 + Send + Sync;

/// A receiver that notes what it gets.
pub(crate) struct Receiver {
    received: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
    answers: Box<Answers>,
    /// The subjects of the requests that have no answer yet.
    under_way: Mutex<BTreeSet<String>>,
}

impl Receiver {
    pub(crate) fn new(
        answers: impl Fn(&Received, usize) -> u16 + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            received: Mutex::default(),
            count: watch::Sender::new(0),
            answers: Box::new(answers),
            under_way: Mutex::default(),
        })
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        let received = self.received.lock();
        received.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a number of requests, and returns them all.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut counted = self.count.subscribe();
        let waited = counted.wait_for(|counted| *counted >= count);
        let waited = tokio::time::timeout(Duration::from_mins(1), waited).await;
        let received = self.received();
        assert!(waited.is_ok(), "{count} requests don't come: {received:#?}");
        received
    }
}

#[async_trait]
impl WebhookSender for Receiver {
    async fn send(&self, request: WebhookRequest) -> Result<WebhookResponse, SendError> {
        let body = String::from_utf8(request.body).expect("a text");
        let mut parts = body.split(' ');
        let mut part = || parts.next().expect("a part").to_owned();
        let (name, position, subject) = (part(), part(), part());
        let header = request
            .headers
            .iter()
            .find(|(name, _)| name == "webhook-id");
        let (_, id) = header.expect("an id").clone();
        let received = Received {
            id,
            name,
            position: position.parse().expect("a position"),
            subject,
        };
        let lock = || {
            self.under_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let is_alone = lock().insert(received.subject.clone());
        assert!(is_alone, "{received:?}: two at a time");
        tokio::task::yield_now().await;
        let earlier = {
            let all = self.received.lock();
            let mut all = all.unwrap_or_else(PoisonError::into_inner);
            let earlier = all.iter().filter(|it| it.id == received.id).count();
            all.push(received.clone());
            earlier
        };
        let status = (self.answers)(&received, earlier);
        lock().remove(&received.subject);
        self.count.send_modify(|count| *count += 1);
        if status == 0 {
            return Err(SendError::ConnectionRefused);
        }
        Ok(WebhookResponse {
            status,
            body: String::new(),
            retry_after: None,
        })
    }

    fn check(&self, _url: &str) -> Result<(), SendError> {
        Ok(())
    }
}
