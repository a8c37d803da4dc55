//! A process that does to a server what hostile or broken clients do. Each load is bounded, and ends by
//! itself.

use std::cell::Cell;
use std::future;
use std::io::{self, BufRead as _, Write as _};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use stockroom_test_server::http::Connection;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep};

use crate::products::products;

/// The longest that any load may last once all of it is there, and how long that may take: ten seconds
/// in all.
const DURATION_MAX: Duration = Duration::from_secs(7);
const GATHERING_MAX: Duration = Duration::from_secs(3);

/// How long those who go away wait for an answer.
const PATIENCE: Duration = Duration::from_millis(1);

/// How long a client waits before it connects again, once it was cut off.
const PAUSE: Duration = Duration::from_millis(10);

/// As many as the server works on at once, unless it is told otherwise.
const HALF_REQUESTS: usize = 4_096;

/// The largest body of a batch, and how many lines it may have.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
const BATCH_LINES: usize = 10_000;

/// What another tenant, or a stranger without a token, does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Load {
    GoneTokens,
    GoneReady,
    HalfTokens,
    HalfBodies,
    HalfBatches,
    LargeBody,
    LargeBodies,
    Unread,
    Filters,
    Batches,
}

/// An attack.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Attack {
    pub(crate) load: Load,
    pub(crate) address: SocketAddr,
    /// The attacker's own token.
    pub(crate) token: String,
    /// The attacker's products follow from this, and there are so many.
    pub(crate) seed: u64,
    pub(crate) products: usize,
    pub(crate) duration: Duration,
}

/// What an attacker got done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    /// Requests sent, in so far as they were meant to be.
    pub(crate) requests: u64,
    /// How many of them were answered with another status than 2xx, or not at all though awaited.
    pub(crate) failures: u64,
}

/// A request.
struct Request {
    head: Vec<u8>,
    body: Vec<u8>,
}

/// What the clients of an attack have in common.
struct Shared {
    address: SocketAddr,
    requests: Cell<u64>,
    failures: Cell<u64>,
}

impl Load {
    pub(crate) const ALL: [Self; 10] = [
        Self::GoneTokens,
        Self::GoneReady,
        Self::HalfTokens,
        Self::HalfBodies,
        Self::HalfBatches,
        Self::LargeBody,
        Self::LargeBodies,
        Self::Unread,
        Self::Filters,
        Self::Batches,
    ];

    /// For readers.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::GoneTokens => "token requests given up after 1 ms, 8 sockets",
            Self::GoneReady => "`/health/ready` given up after 1 ms, 8 sockets",
            Self::HalfTokens => "4,096 half token requests",
            Self::HalfBodies => "4,096 half bodies with another's token",
            Self::HalfBatches => "8 half batches",
            Self::LargeBody => "8 MiB of `{\"\":0}`, one at a time",
            Self::LargeBodies => "8 MiB of `{\"\":0}`, four at once",
            Self::Unread => "40 replayed batches of 10,000, never read",
            Self::Filters => "12 clients with expensive filters",
            Self::Batches => "4 clients with batches of 10,000",
        }
    }

    const fn clients(self) -> usize {
        match self {
            Self::GoneTokens | Self::GoneReady | Self::HalfBatches => 8,
            Self::HalfTokens | Self::HalfBodies => HALF_REQUESTS,
            Self::LargeBody => 1,
            Self::LargeBodies | Self::Batches => 4,
            Self::Unread => 40,
            Self::Filters => 12,
        }
    }
}

impl Attack {
    /// What one of its clients sends, and again and again if there is an answer.
    fn request(&self, client: usize) -> Request {
        match self.load {
            Load::GoneTokens | Load::HalfTokens => {
                let credentials = format!(
                    "grant_type=client_credentials&client_id=nobody-{client}&client_secret=none"
                );
                Request::new("POST", "/oauth/access_token", "", &credentials)
            }
            Load::GoneReady => Request::new("GET", "/health/ready", "", ""),
            Load::HalfBodies => {
                let products = products(self.seed, 1);
                let product = products.first().copied().unwrap_or_default();
                let path = format!("/v2/inventories/{product}/transactions");
                let body = r#"{"data":{"action":"increment","quantity":1}}"#;
                Request::new("POST", &path, &self.authorization(), body)
            }
            Load::LargeBody | Load::LargeBodies => {
                let line = r#"{"":0}"#;
                let lines = vec![line; BATCH_BYTES / (line.len() + 1) - 2];
                let body = format!(r#"{{"data":[{}]}}"#, lines.join(","));
                let headers = self.authorization();
                Request::new("POST", "/v2/inventories/transactions", &headers, &body)
            }
            Load::HalfBatches | Load::Batches | Load::Unread => self.batch(client),
            Load::Filters => {
                // Nothing is so: all of it is looked at.
                let path = format!("/v2/inventories?filter=lt(available,{client})");
                Request::new("GET", &path, &self.authorization(), "")
            }
        }
    }

    fn authorization(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token)
    }

    /// A batch of products that no other client's batch has, but for those that are replayed.
    fn batch(&self, client: usize) -> Request {
        let is_replayed = self.load == Load::Unread;
        let from = if is_replayed { 0 } else { client * BATCH_LINES };
        let products = products(self.seed, self.products);
        let products = products.iter().cycle().skip(from).take(BATCH_LINES);
        let lines = products.map(|product| {
            format!(r#"{{"product_id":"{product}","action":"increment","quantity":1}}"#)
        });
        let body = format!(r#"{{"data":[{}]}}"#, lines.collect::<Vec<_>>().join(","));
        let mut headers = self.authorization();
        if is_replayed {
            headers += "EP-Inventories-Multi-Location: true\r\nIdempotency-Key: unread\r\n";
        }
        Request::new("POST", "/v2/inventories/transactions", &headers, &body)
    }
}

impl Request {
    /// With more headers, each with its end of line.
    fn new(method: &str, path: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: stockroom\r\n{headers}Content-Length: {length}\r\n\
             Content-Type: application/json\r\n\r\n"
        );
        Self {
            head: head.into_bytes(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn whole(&self) -> Vec<u8> {
        [&*self.head, &*self.body].concat()
    }

    /// The head, and half of the body.
    fn half(&self) -> Vec<u8> {
        let half = self.body.get(..self.body.len() / 2).unwrap_or_default();
        [&*self.head, half].concat()
    }
}

/// The process: does what its standard input says, and says what it got done.
///
/// # Errors
/// If what it was told makes no sense.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let attack: Attack = serde_json::from_str(&line)?;
    ensure!(attack.duration <= DURATION_MAX, "{:?}", attack.duration);
    let address = attack.address;
    ensure!(address.ip().is_loopback(), "{address} isn't this machine's");
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, most)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(LocalSet::new().run_until(attack_with(&attack)))?;
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, &done)?;
    Ok(output.flush()?)
}

async fn attack_with(attack: &Attack) -> anyhow::Result<Done> {
    if attack.load == Load::Unread {
        // What is replayed has to be there first.
        let mut connection = Connection::open(attack.address).await?;
        connection.send(&attack.request(0).whole()).await?;
        let answer = connection.answer(false).await?.context("no answer")?;
        ensure!(answer.status < 300, "a batch: {}", answer.status);
    }
    let clients = 0..attack.load.clients();
    let requests: Vec<Request> = clients.map(|client| attack.request(client)).collect();
    let shared = Rc::new(Shared {
        address: attack.address,
        requests: Cell::default(),
        failures: Cell::default(),
    });
    for request in requests {
        let shared = Rc::clone(&shared);
        match attack.load {
            Load::GoneTokens | Load::GoneReady => spawn_local(go_away(shared, request.whole())),
            Load::HalfTokens | Load::HalfBodies | Load::HalfBatches => {
                spawn_local(hold(shared, request.half()))
            }
            Load::Unread => spawn_local(leave_unread(shared, request.whole())),
            Load::LargeBody | Load::LargeBodies | Load::Filters | Load::Batches => {
                spawn_local(repeat(shared, request.whole()))
            }
        };
    }
    // Those who hold something are to be there before anything is measured.
    let clients = attack.load.clients() as u64;
    let gathered = Instant::now() + GATHERING_MAX;
    while shared.requests.get() < clients && Instant::now() < gathered {
        sleep(PAUSE).await;
    }
    println!("The attack begins.");
    // What is under way at the end ends with the process.
    sleep(attack.duration).await;
    Ok(Done {
        requests: shared.requests.get(),
        failures: shared.failures.get(),
    })
}

impl Shared {
    fn count(&self) {
        self.requests.set(self.requests.get() + 1);
    }

    /// Takes note of a failure, and waits before the next try.
    async fn fail(&self) {
        self.failures.set(self.failures.get() + 1);
        sleep(PAUSE).await;
    }

    /// A connection over which a request was sent, or a part of one.
    async fn send(&self, request: &[u8]) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        // What isn't read may never be written to its end.
        self.count();
        stream.write_all(request).await?;
        Ok(stream)
    }
}

/// Sends, and goes away before there is an answer.
async fn go_away(shared: Rc<Shared>, request: Vec<u8>) {
    loop {
        match shared.send(&request).await {
            Ok(_stream) => sleep(PATIENCE).await,
            Err(_) => shared.fail().await,
        }
    }
}

/// Sends half a request, and waits. Whoever is cut off does it again.
async fn hold(shared: Rc<Shared>, half: Vec<u8>) {
    loop {
        if let Ok(mut stream) = shared.send(&half).await {
            let _answered_or_closed = stream.read_u8().await;
        }
        shared.fail().await;
    }
}

/// Sends a request, and reads nothing of the answer.
async fn leave_unread(shared: Rc<Shared>, request: Vec<u8>) {
    match shared.send(&request).await {
        Ok(_stream) => future::pending().await,
        Err(_) => shared.fail().await,
    }
}

/// Sends a request again and again, as fast as it is answered.
async fn repeat(shared: Rc<Shared>, request: Vec<u8>) {
    let mut kept = None;
    loop {
        let connection = match kept.take() {
            Some(connection) => Ok(connection),
            None => Connection::open(shared.address).await,
        };
        let Ok(mut connection) = connection else {
            shared.fail().await;
            continue;
        };
        // One that reads no further may have answered all the same.
        let _its_answer_tells = connection.send(&request).await;
        shared.count();
        match connection.answer(false).await {
            Ok(Some(answer)) if (200..300).contains(&answer.status) => {}
            _ => shared.fail().await,
        }
        if connection.is_usable() {
            kept = Some(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    fn attack(load: Load, address: SocketAddr) -> Attack {
        Attack {
            load,
            address,
            token: "T".to_owned(),
            seed: 4,
            products: 3,
            duration: Duration::from_millis(200),
        }
    }

    #[test]
    fn bodies_are_as_large_as_they_may_be() {
        let address = "127.0.0.1:80".parse().unwrap();
        for load in Load::ALL {
            let request = attack(load, address).request(0);
            assert!(request.body.len() <= BATCH_BYTES, "{load:?}");
            let head = String::from_utf8(request.head.clone()).unwrap();
            assert!(head.contains(&format!("Content-Length: {}\r\n", request.body.len())));
            assert!(request.half().len() <= request.whole().len());
        }
        let large = attack(Load::LargeBody, address).request(0);
        assert!(large.body.len() > BATCH_BYTES - 64);
    }

    #[tokio::test]
    async fn an_attack_ends_by_itself_and_counts() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            // Everybody is taken in, and nobody is answered.
            let mut taken = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                taken.push(stream);
            }
        });
        for load in [Load::GoneReady, Load::HalfBatches, Load::Filters] {
            let attack = attack(load, address);
            let done = LocalSet::new().run_until(attack_with(&attack)).await;
            let done = done.unwrap();
            assert!(done.requests >= load.clients() as u64, "{load:?}: {done:?}");
            assert_eq!(done.failures, 0, "{load:?}");
        }
        serving.abort();
    }
}
