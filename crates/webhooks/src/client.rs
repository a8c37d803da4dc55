//! The client.
//!
//! # Why no request reaches an address that isn't allowed
//! Every connection is made by [`Connector`], which checks each address right before it connects to it. The
//! pool keeps a few connections for later requests to the same scheme, host and port. What the name
//! resolves to by then doesn't matter: the connection still leads to the address that was checked, and the
//! networks don't change while the program runs. There is no proxy, and no redirect is followed.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{HeaderMap, Method, Request, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use stockroom_application::Environment;
use stockroom_application::webhooks::{
    ANSWER_BYTES_KEPT, RETRY_AFTER_MAX, SendError, WebhookRequest, WebhookResponse, WebhookSender,
};
use stockroom_domain::Timestamp;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tower::BoxError;
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;
use url::{Host, Url};

use crate::connect::{Connector, Resolver, SystemResolver};
use crate::networks::Networks;

/// The part of an answer's body that is read.
const ANSWER_BYTES_READ: usize = 64 * 1024;

/// The largest head of an answer.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The time after which a connection that isn't ready is given up: also one that nobody waits for any more,
/// because a kept one became free.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// The number of connections to one receiver that are kept for later: that of requests under way at once.
const IDLE_MAX: usize = 8;

/// The time for which a connection is kept: shorter than the time after which most servers close it.
const IDLE_TIME_MAX: Duration = Duration::from_secs(15);

const AGENT: &str = concat!("Stockroom/", env!("CARGO_PKG_VERSION"));

/// Makes connections, with TLS where the address asks for it, and not for longer than they may take.
type Connections = BoxCloneSyncService<Uri, MaybeHttpsStream<TokioIo<TcpStream>>, BoxError>;

/// What the operator allows.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The networks that may be called.
    pub networks: Networks,
    /// Whether http may be used as well as https.
    pub allow_http: bool,
}

/// Sends webhooks.
pub struct WebhookClient {
    environment: Environment,
    networks: Arc<Networks>,
    allow_http: bool,
    client: Client<Connections, Full<Bytes>>,
}

impl WebhookClient {
    /// A client with the resolver of the operating system, and the certificate authorities that it trusts.
    ///
    /// # Errors
    /// If TLS can't be set up, which is a fault of the program.
    pub fn new(environment: Environment, settings: Settings) -> Result<Self, rustls::Error> {
        let resolver = Arc::new(SystemResolver::default());
        Self::with(environment, settings, resolver, trusted_roots())
    }

    /// A client with another resolver and other certificate authorities.
    ///
    /// # Errors
    /// If TLS can't be set up, which is a fault of the program.
    pub fn with(
        environment: Environment,
        settings: Settings,
        resolver: Arc<dyn Resolver>,
        roots: RootCertStore,
    ) -> Result<Self, rustls::Error> {
        let networks = Arc::new(settings.networks);
        let connector = Connector {
            networks: Arc::clone(&networks),
            resolver,
        };
        // Named, because the program has several users of TLS and none of them owns the default.
        let cryptography = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(cryptography)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnector::from((connector, tls));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME_MAX)
            .pool_max_idle_per_host(IDLE_MAX)
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .build(Connections::new(Timeout::new(connector, CONNECT_TIMEOUT)));
        Ok(Self {
            environment,
            networks,
            allow_http: settings.allow_http,
            client,
        })
    }

    /// Checks the form of an address, its scheme, and its host if that is an IP address in any spelling, or
    /// a name that stands for loopback.
    fn checked(&self, url: &str) -> Result<Uri, SendError> {
        let url = Url::parse(url).map_err(|_| SendError::InvalidUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            "http" => return Err(SendError::HttpNotAllowed),
            _ => return Err(SendError::SchemeNotSupported),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SendError::HasUserInfo);
        }
        // The parser has rewritten decimal, octal and hexadecimal spellings of addresses.
        let is_allowed = match url.host() {
            None => return Err(SendError::InvalidUrl),
            Some(Host::Ipv4(address)) => self.networks.allow(address.into()),
            Some(Host::Ipv6(address)) => self.networks.allow(address.into()),
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                let is_local = name == "localhost" || name.ends_with(".localhost");
                !is_local
                    || self.networks.allow(Ipv4Addr::LOCALHOST.into())
                    || self.networks.allow(Ipv6Addr::LOCALHOST.into())
            }
        };
        if !is_allowed {
            return Err(SendError::AddressNotAllowed);
        }
        url.as_str().parse().map_err(|_| SendError::InvalidUrl)
    }

    fn request(&self, asked: WebhookRequest) -> Result<Request<Full<Bytes>>, SendError> {
        let mut request = Request::new(Full::new(Bytes::from(asked.body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.checked(&asked.url)?;
        let headers = request.headers_mut();
        for (name, value) in asked.headers {
            let name: HeaderName = name.parse().map_err(|_| SendError::InvalidHeader)?;
            let mut value: HeaderValue = value.parse().map_err(|_| SendError::InvalidHeader)?;
            // Secrets are among them.
            value.set_sensitive(true);
            headers.append(name, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        Ok(request)
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        limit: Duration,
    ) -> Result<WebhookResponse, SendError> {
        let deadline = Instant::now() + limit;
        let response = timeout_at(deadline, self.client.request(request)).await;
        let response = response.map_err(|_| SendError::TimedOut(limit))?;
        let response = response.map_err(|error| failure(&error))?;
        let (head, body) = response.into_parts();
        let retry_after = retry_after(&head.headers, self.environment.now());
        let mut start = Vec::new();
        // The status is the answer, whatever becomes of the body.
        let _ = timeout_at(deadline, read(body, &mut start)).await;
        Ok(WebhookResponse {
            status: head.status.as_u16(),
            body: text(&start),
            retry_after,
        })
    }
}

#[async_trait]
impl WebhookSender for WebhookClient {
    async fn send(&self, request: WebhookRequest) -> Result<WebhookResponse, SendError> {
        let limit = request.timeout;
        let request = self.request(request)?;
        self.exchange(request, limit).await
    }

    fn check(&self, url: &str) -> Result<(), SendError> {
        self.checked(url).map(|_| ())
    }
}

/// The certificate authorities that the machine trusts.
fn trusted_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let errors = found.errors.len();
        tracing::warn!(
            errors,
            "no certificate authorities found: webhooks to https will fail"
        );
    }
    roots
}

/// Reads the body up to its end, a fault, or the largest part that is read, and keeps the start of it.
async fn read(mut body: Incoming, start: &mut Vec<u8>) {
    let mut read = 0;
    while read < ANSWER_BYTES_READ {
        let Some(Ok(frame)) = body.frame().await else {
            break;
        };
        if let Some(data) = frame.data_ref() {
            read += data.len();
            let room = ANSWER_BYTES_KEPT.saturating_sub(start.len());
            start.extend_from_slice(&data[..room.min(data.len())]);
        }
    }
}

/// These bytes as a text that every database can store. It isn't longer than they may be.
fn text(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(bytes).replace('\0', "\u{FFFD}");
    text.truncate(text.floor_char_boundary(ANSWER_BYTES_KEPT));
    text
}

/// The wait that `Retry-After` asks for, as seconds or as a time.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let wait = if is_number {
        // More than fits is more than is granted.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let at = httpdate::parse_http_date(value).ok()?;
        let at = at.duration_since(std::time::UNIX_EPOCH).ok()?;
        let now = u64::try_from(now.as_milliseconds()).unwrap_or(0);
        at.saturating_sub(Duration::from_millis(now))
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

/// What an owner is told of an error: looked for in the error, its causes, and what those contain.
fn failure(error: &(dyn Error + 'static)) -> SendError {
    known(error).unwrap_or(SendError::NotConnected)
}

fn known(error: &(dyn Error + 'static)) -> Option<SendError> {
    if let Some(error) = error.downcast_ref::<SendError>() {
        return Some(error.clone());
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(SendError::Tls(tls_failure(error)));
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        if error.is_parse() {
            return Some(SendError::InvalidAnswer);
        }
        if error.is_incomplete_message() || error.is_body_write_aborted() {
            return Some(SendError::Closed);
        }
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        // The source of such an error is that of what it contains.
        let inner = error.get_ref().and_then(|inner| known(inner));
        return inner.or_else(|| closed(error.kind()));
    }
    error.source().and_then(known)
}

fn closed(kind: io::ErrorKind) -> Option<SendError> {
    let is_closed = matches!(
        kind,
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
    );
    is_closed.then_some(SendError::Closed)
}

fn tls_failure(error: &rustls::Error) -> &'static str {
    use rustls::{CertificateError, Error};
    match error {
        Error::InvalidCertificate(error) => match error {
            CertificateError::UnknownIssuer => "certificate of an unknown authority",
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "certificate expired"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "certificate not valid yet"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "certificate for another name"
            }
            CertificateError::Revoked => "certificate revoked",
            _ => "certificate not valid",
        },
        Error::InvalidMessage(_) => "the receiver doesn't speak TLS",
        Error::AlertReceived(_) => "the receiver ended the handshake",
        Error::PeerIncompatible(_) => "no version or cipher in common",
        _ => "handshake failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(value: &str) -> Option<u64> {
        // Sun, 06 Nov 1994 08:49:37 GMT.
        let now = Timestamp::from_milliseconds(784_111_777_000).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn retry_after_is_seconds_or_a_time() {
        for (value, expected) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("86400", Some(21_600)),
            ("99999999999999999999999", Some(21_600)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("Mon, 07 Nov 1994 08:50:37 GMT", Some(21_600)),
            ("-1", None),
            ("+5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(waits(value), expected, "{value}");
        }
    }

    #[test]
    fn answers_become_texts_that_fit() {
        assert_eq!(text(b"ok"), "ok");
        assert_eq!(text(b"a\0b\xffc"), "a\u{FFFD}b\u{FFFD}c");
        assert_eq!(text(&[0xff; 1024]).len(), 1023);
        assert_eq!(text("\u{e9}".repeat(600).as_bytes()).len(), 1024);
    }
}
