//! The port to the network.

use std::time::Duration;

use async_trait::async_trait;

/// The largest part of a receiver's answer that is kept, in bytes.
pub const ANSWER_BYTES_KEPT: usize = 1024;

/// Sends requests to receivers.
#[async_trait]
pub trait WebhookSender: Send + Sync {
    /// Sends one request, and returns the answer, whatever its status. Redirects aren't followed.
    async fn send(&self, request: WebhookRequest) -> Result<WebhookResponse, SendError>;

    /// Checks what can be known of an address before it is called: its form, its scheme, and the host if
    /// that is written as an IP address. Names are resolved, and checked, with each request.
    ///
    /// # Errors
    /// If requests to this address would be refused.
    fn check(&self, url: &str) -> Result<(), SendError>;
}

/// A `POST` request with a body in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRequest {
    /// The address.
    pub url: String,
    /// Headers beside `Content-Type` and `User-Agent`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The time after which the request has failed if its answer isn't complete.
    pub timeout: Duration,
}

/// A receiver's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookResponse {
    /// The HTTP status.
    pub status: u16,
    /// The start of the body, of at most [`ANSWER_BYTES_KEPT`] bytes. What isn't UTF-8, or zero, is replaced.
    pub body: String,
    /// The time to wait that `Retry-After` asks for, at most [`RETRY_AFTER_MAX`](super::RETRY_AFTER_MAX).
    pub retry_after: Option<Duration>,
}

/// The reason why there is no answer. The texts are shown to the integration's owner, and tell nothing of
/// the network that this server is in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// This server has no way to send webhooks.
    #[error("this server sends no webhooks")]
    NotSupported,
    /// The text isn't a URL with a host.
    #[error("not a URL with a host")]
    InvalidUrl,
    /// The scheme is another one than http and https.
    #[error("the scheme must be https")]
    SchemeNotSupported,
    /// The scheme is http, which the operator doesn't allow.
    #[error("http not allowed (see --webhook-allow-http)")]
    HttpNotAllowed,
    /// The URL contains a user name or a password.
    #[error("the URL must not contain a user name or a password")]
    HasUserInfo,
    /// A header can't be sent.
    #[error("a header has characters that are not allowed")]
    InvalidHeader,
    /// The host has no address that may be called.
    #[error("address not allowed (see --webhook-networks)")]
    AddressNotAllowed,
    /// The host's name has no address.
    #[error("name not found")]
    NameNotFound,
    /// There was no complete answer in time.
    #[error("timed out after {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// Nothing listens at the address.
    #[error("connection refused")]
    ConnectionRefused,
    /// No connection came about, for another reason.
    #[error("no connection")]
    NotConnected,
    /// TLS failed.
    #[error("TLS: {0}")]
    Tls(&'static str),
    /// The connection ended before the answer was complete.
    #[error("connection closed before the answer was complete")]
    Closed,
    /// The answer isn't HTTP.
    #[error("the answer is not HTTP/1.1")]
    InvalidAnswer,
}
