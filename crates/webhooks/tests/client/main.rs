//! The client against receivers on this machine.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

mod receiver;
mod tls;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use stockroom_application::Environment;
use stockroom_application::webhooks::{SendError, WebhookRequest, WebhookResponse, WebhookSender};
use stockroom_webhooks::{Resolver, RootCertStore, Settings, WebhookClient};

use receiver::{Receiver, Then};

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(30);

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Answers with one list of addresses after the other, and then with the last one again.
struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        let last = self.answers.len().checked_sub(1);
        let last = last.ok_or_else(|| io::Error::other("no such name"))?;
        Ok(self.answers[asked.min(last)].clone())
    }
}

fn names(answers: &[&[IpAddr]]) -> Arc<Names> {
    Arc::new(Names {
        answers: answers.iter().map(|answer| answer.to_vec()).collect(),
        asked: AtomicUsize::new(0),
    })
}

fn local(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

fn client_with(networks: &str, resolver: Arc<Names>, roots: RootCertStore) -> WebhookClient {
    let settings = Settings {
        networks: networks.parse().unwrap(),
        allow_http: true,
    };
    WebhookClient::with(Environment::system(), settings, resolver, roots).unwrap()
}

/// A client that may call addresses of this machine, for which every name stands.
fn client() -> WebhookClient {
    let resolver = names(&[&[local(1)]]);
    client_with("public,127.0.0.0/8", resolver, RootCertStore::empty())
}

fn request(url: &str) -> WebhookRequest {
    WebhookRequest {
        url: url.to_owned(),
        headers: vec![("webhook-id".to_owned(), "evt_1".to_owned())],
        body: b"{\"a\":1}".to_vec(),
        timeout: LONG,
    }
}

async fn send(client: &WebhookClient, url: &str) -> Result<WebhookResponse, SendError> {
    client.send(request(url)).await
}

#[tokio::test]
async fn a_request_is_sent_and_its_answer_returned() {
    let receiver = Receiver::start(vec![(ANSWER, Then::Close)]).await;
    let answer = send(&client(), &receiver.url("/hooks?a=%20b#c"))
        .await
        .unwrap();
    let expected = WebhookResponse {
        status: 200,
        body: "ok".to_owned(),
        retry_after: None,
    };
    assert_eq!(answer, expected);
    let requests = receiver.received().await;
    let host = format!("host: 127.0.0.1:{}", receiver.port());
    let mut lines: Vec<&str> = requests[0].lines().collect();
    lines[1..].sort_unstable();
    let agent = concat!("user-agent: Stockroom/", env!("CARGO_PKG_VERSION"));
    let expected = [
        "POST /hooks?a=%20b HTTP/1.1",
        "",
        "content-length: 7",
        "content-type: application/json",
        &host,
        agent,
        "webhook-id: evt_1",
        "{\"a\":1}",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Receiver::start(vec![(ANSWER, Then::Close)]).await;
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        elsewhere.url("/")
    );
    let receiver = Receiver::start(vec![(&redirect, Then::Close)]).await;
    let answer = send(&client(), &receiver.url("/")).await.unwrap();
    assert_eq!(answer.status, 307);
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn what_an_answer_asks_for_is_told() {
    let busy = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 90\r\ncontent-length: 4\r\n\r\nbusy";
    let receiver = Receiver::start(vec![(busy, Then::Close)]).await;
    let answer = send(&client(), &receiver.url("/")).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (429, "busy"));
    assert_eq!(answer.retry_after, Some(Duration::from_secs(90)));
}

#[tokio::test]
async fn a_receiver_that_hangs_times_out() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n"] {
        let receiver = Receiver::start(vec![(answer, Then::Hang)]).await;
        let mut request = request(&receiver.url("/"));
        request.timeout = Duration::from_millis(250);
        let error = client().send(request).await.unwrap_err();
        assert_eq!(error.to_string(), "timed out after 0.25 s");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error() {
    for answer in ["", "HTTP/1.1 200 OK\r\n"] {
        let receiver = Receiver::start(vec![(answer, Then::Close)]).await;
        let answered = send(&client(), &receiver.url("/")).await;
        assert_eq!(answered, Err(SendError::Closed), "{answer}");
    }
}

/// The status is the answer, whatever becomes of the body.
#[tokio::test]
async fn an_answer_whose_body_breaks_off_counts() {
    for (answer, then) in [
        ("content-length: 9\r\n\r\nhalf", Then::Close),
        ("content-length: 9\r\n\r\nhalf", Then::Hang),
        (
            "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n9\r\n",
            Then::Close,
        ),
    ] {
        for status in [200, 410] {
            let answer = format!("HTTP/1.1 {status} So\r\n{answer}");
            let receiver = Receiver::start(vec![(&answer, then)]).await;
            let mut request = request(&receiver.url("/"));
            request.timeout = Duration::from_millis(250);
            let answered = client().send(request).await.unwrap();
            assert_eq!((answered.status, &*answered.body), (status, "half"));
        }
    }
}

#[tokio::test]
async fn what_is_not_http_is_an_error() {
    let endless = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(200_000));
    for answer in ["SSH-2.0-OpenSSH_9.6\r\n", &endless] {
        let receiver = Receiver::start(vec![(answer, Then::Hang)]).await;
        let answered = send(&client(), &receiver.url("/")).await;
        assert_eq!(answered, Err(SendError::InvalidAnswer));
    }
}

#[tokio::test]
async fn of_a_huge_answer_the_start_is_read_and_a_little_kept() {
    // It promises more than it has, and then hangs: whoever waits for the end never returns.
    let body = "x".repeat(100_000);
    let huge = format!("HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n{body}");
    let receiver = Receiver::start(vec![(&huge, Then::Hang)]).await;
    let answer = send(&client(), &receiver.url("/")).await.unwrap();
    assert_eq!(answer.body, "x".repeat(1024));
}

#[tokio::test]
async fn nothing_listens() {
    let receiver = Receiver::start(vec![]).await;
    let url = receiver.url("/");
    receiver.stop().await;
    let answered = send(&client(), &url).await;
    assert_eq!(answered, Err(SendError::ConnectionRefused));
}

#[tokio::test]
async fn addresses_that_are_not_allowed_are_refused_in_every_spelling() {
    let client = client_with("public", names(&[]), RootCertStore::empty());
    for url in [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://\u{ff11}27.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::]/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://localhost/",
        "http://localhost.:8080/",
        "http://LOCALHOST/",
        "http://a.localhost/",
    ] {
        let refused = Err(SendError::AddressNotAllowed);
        assert_eq!(client.check(url), refused, "{url}");
        assert_eq!(send(&client, url).await.map(|_| ()), refused, "{url}");
    }
    let text = SendError::AddressNotAllowed.to_string();
    assert_eq!(text, "address not allowed (see --webhook-networks)");
}

#[tokio::test]
async fn urls_are_checked_when_an_integration_is_made() {
    let client = client();
    for (url, expected) in [
        ("https://example.com/hooks", Ok(())),
        ("http://example.com:8080/hooks", Ok(())),
        ("https://127.0.0.1/", Ok(())),
        ("https://localhost/", Ok(())),
        ("", Err(SendError::InvalidUrl)),
        ("example.com", Err(SendError::InvalidUrl)),
        ("https://", Err(SendError::InvalidUrl)),
        ("ftp://example.com", Err(SendError::SchemeNotSupported)),
        ("file:///etc/passwd", Err(SendError::SchemeNotSupported)),
        ("https://me@example.com", Err(SendError::HasUserInfo)),
        ("https://:pw@example.com", Err(SendError::HasUserInfo)),
    ] {
        assert_eq!(client.check(url), expected, "{url}");
    }
}

#[tokio::test]
async fn http_is_refused_unless_the_operator_allows_it() {
    let receiver = Receiver::start(vec![(ANSWER, Then::Close)]).await;
    let settings = Settings {
        networks: "127.0.0.0/8".parse().unwrap(),
        allow_http: false,
    };
    let client = WebhookClient::new(Environment::system(), settings).unwrap();
    let url = receiver.url("/");
    assert_eq!(client.check(&url), Err(SendError::HttpNotAllowed));
    assert_eq!(send(&client, &url).await, Err(SendError::HttpNotAllowed));
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_told() {
    let mut request = request("http://example.com");
    request.headers = vec![("x-moltin-secret-key".to_owned(), "a\r\nb: c".to_owned())];
    let error = client().send(request).await.unwrap_err();
    assert_eq!(error, SendError::InvalidHeader);
}

#[tokio::test]
async fn a_name_without_an_address_is_told() {
    for resolver in [names(&[]), names(&[&[]])] {
        let client = client_with("public", resolver, RootCertStore::empty());
        let error = send(&client, "http://example.com/").await.unwrap_err();
        assert_eq!(error.to_string(), "name not found");
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_loopback_is_refused() {
    let receiver = Receiver::start(vec![(ANSWER, Then::Close)]).await;
    let resolver = names(&[&[local(1), "::1".parse().unwrap()]]);
    let client = client_with("public", resolver, RootCertStore::empty());
    let url = format!("http://hooks.example:{}/", receiver.port());
    assert_eq!(client.check(&url), Ok(()));
    assert_eq!(send(&client, &url).await, Err(SendError::AddressNotAllowed));
    assert_eq!(receiver.connections(), 0);
}

/// The receiver listens on all addresses of this machine, of which one is allowed. What the name resolves
/// to changes after the first answer.
#[tokio::test]
async fn a_name_that_changes_between_requests_is_checked_again() {
    let answers = vec![(ANSWER, Then::Close), (ANSWER, Then::Close)];
    let receiver = Receiver::start(answers).await;
    let resolver = names(&[&[local(1)], &[local(2)]]);
    let client = client_with(
        "127.0.0.1/32",
        Arc::clone(&resolver),
        RootCertStore::empty(),
    );
    let url = format!("http://hooks.example:{}/", receiver.port());
    assert_eq!(send(&client, &url).await.unwrap().status, 200);
    receiver.received().await;
    assert_eq!(send(&client, &url).await, Err(SendError::AddressNotAllowed));
    assert_eq!(receiver.connections(), 1);
    assert_eq!(resolver.asked.load(Ordering::Relaxed), 2);
}

/// One look-up for one connection: there is no second one whose answer could differ from what was checked.
#[tokio::test]
async fn a_name_is_resolved_once_for_a_connection() {
    let receiver = Receiver::start(vec![(ANSWER, Then::Close)]).await;
    let resolver = names(&[&[local(1)], &[local(2)]]);
    let client = client_with(
        "127.0.0.1/32",
        Arc::clone(&resolver),
        RootCertStore::empty(),
    );
    let url = format!("http://hooks.example:{}/", receiver.port());
    client.check(&url).unwrap();
    assert_eq!(send(&client, &url).await.unwrap().status, 200);
    assert_eq!(resolver.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn of_several_addresses_only_those_allowed_are_called() {
    let receiver = Receiver::start(vec![(ANSWER, Then::Close)]).await;
    let resolver = names(&[&[local(2), local(3), local(1)]]);
    let client = client_with("127.0.0.1", resolver, RootCertStore::empty());
    let url = format!("http://hooks.example:{}/", receiver.port());
    assert_eq!(send(&client, &url).await.unwrap().status, 200);
    assert_eq!(receiver.called(), [local(1)]);
}

#[tokio::test]
async fn the_next_address_is_tried_if_one_refuses() {
    let receiver = Receiver::start_at(local(1), vec![(ANSWER, Then::Close)]).await;
    let resolver = names(&[&[local(9), local(1)]]);
    let client = client_with("127.0.0.0/8", resolver, RootCertStore::empty());
    let url = format!("http://hooks.example:{}/", receiver.port());
    assert_eq!(send(&client, &url).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_connection_is_used_again_and_leads_to_the_address_that_was_checked() {
    let answers = vec![(ANSWER, Then::Keep), (ANSWER, Then::Keep)];
    let receiver = Receiver::start(answers).await;
    let resolver = names(&[&[local(1)], &[local(2)]]);
    let client = client_with("127.0.0.1", Arc::clone(&resolver), RootCertStore::empty());
    let url = format!("http://hooks.example:{}/", receiver.port());
    for _ in 0..2 {
        assert_eq!(send(&client, &url).await.unwrap().status, 200);
    }
    assert_eq!(receiver.called(), [local(1)]);
    assert_eq!(resolver.asked.load(Ordering::Relaxed), 1);
}
