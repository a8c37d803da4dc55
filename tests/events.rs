//! Streams of events, and the example that keeps a copy.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Method, Response};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::races::organization;
use crate::support::{Client, DataFolder, FirstKey, Server, product, stockroom};

const EVENTS: &str = "/v2/inventories/events";

/// The time after which a test fails that waits for something: longer than any machine takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// Opens a stream, and waits for its first block.
async fn open(client: &Client) -> Response {
    let request = client.request(Method::GET, EVENTS);
    let request = request.header("accept", "text/event-stream");
    let mut stream = request.send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"retry: 2000\nid: "), "{first:?}");
    stream
}

/// Reads a stream to its end.
async fn rest(stream: Response) -> String {
    let rest = timeout(PATIENCE, stream.text()).await;
    rest.expect("the stream ends").unwrap()
}

/// Without it, a request in progress would have an hour.
#[tokio::test]
async fn a_stopping_server_ends_streams_and_waiting_first() {
    let folder = DataFolder::new();
    let arguments = ["--shutdown-timeout-seconds", "3600"];
    let server = Server::start_with(&folder.path(), &arguments);
    let client = server.client(&server.first_key()).await;
    let stream = open(&client).await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.get(&format!("{EVENTS}?wait=25")).await }
    });
    server.until_metric("stockroom_event_streams 2").await;
    server.signal(Signal::TERM);
    assert_eq!(rest(stream).await, "");
    let (status, page) = waiting.await.unwrap();
    assert_eq!((status, &page["data"]), (200, &json!([])));
    let (status, log) = server.wait();
    assert_eq!(status.code(), Some(0), "{log:?}");
    let ended: Vec<Value> = log
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|entry: &Value| entry["message"] == "stream ended")
        .collect();
    assert_eq!(ended.len(), 1, "{log:?}");
    assert_eq!(ended[0]["reason"], "the server is stopping");
    assert!(ended[0]["span"]["request.id"].is_string());
}

#[tokio::test]
async fn a_stream_ends_when_another_process_revokes_its_key() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let first = server.first_key();
    let path = folder.path();
    let database = ["--data-folder", path.to_str().unwrap()];
    let client = server.client(&first).await;
    let stream = open(&client).await;
    let store = [
        "--organization",
        &first.organization,
        "--store",
        &first.store,
    ];
    let run = |arguments: &[&str]| {
        let command = &mut stockroom();
        let output = command.args(arguments).args(store).args(database).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let keys = run(&["key", "list"]);
    let id = keys.split_whitespace().next().unwrap();
    run(&["key", "revoke", id]);
    assert_eq!(rest(stream).await, "");
    let metrics = server.metrics().await;
    assert!(metrics.contains("stockroom_event_streams 0"), "{metrics}");
}

#[tokio::test]
async fn streams_are_counted() {
    let folder = DataFolder::new();
    let limit = ["--organization-event-streams-max", "1"];
    let server = Server::start_with(&folder.path(), &limit);
    let client = server.client(&server.first_key()).await;
    let mut stream = open(&client).await;
    client.create_stock(&product(1), 5).await;
    let mut text = String::new();
    while text.matches("\ndata: ").count() < 2 {
        let part = timeout(PATIENCE, stream.chunk()).await.unwrap();
        text.push_str(std::str::from_utf8(&part.unwrap().unwrap()).unwrap());
    }
    let (status, refusal) = client.get(&format!("{EVENTS}?wait=1&page[after]=0")).await;
    assert_eq!(status, 200, "{refusal}");
    let next = refusal["meta"]["next"].as_str().unwrap();
    let path = format!("{EVENTS}?wait=1&page[after]={next}");
    assert_eq!(client.get(&path).await.0, 429);
    let metrics = server.metrics().await;
    for line in [
        "stockroom_event_streams 1",
        "stockroom_events_sent_total 2",
        r#"stockroom_event_streams_refused_total{limit="organization"} 1"#,
        "stockroom_event_delay_seconds_count 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_keeps_a_copy() {
    if !has_python() {
        return;
    }
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let first = server.first_key();
    let path = folder.path();
    let database = ["--data-folder", path.to_str().unwrap()];
    follow_and_compare(&[&server], &first, database).await;
}

/// Whether the example can be run here.
pub(crate) fn has_python() -> bool {
    let check = "import sys; sys.exit(sys.version_info < (3, 11))";
    let python = Command::new("python3").args(["-c", check]).status();
    let has_python = python.is_ok_and(|status| status.success());
    if !has_python {
        eprintln!("left out: there is no python3 of version 3.11 or later");
    }
    has_python
}

/// Runs the example with the key of a store and with that of its organization, both at the last server,
/// while many clients change stock at all servers. Then the copies must be what the API shows.
pub(crate) async fn follow_and_compare(servers: &[&Server], first: &FirstKey, database: [&str; 2]) {
    let (of_organization, _) = organization(first, database);
    let keys = [first, &of_organization];
    let last = servers.last().unwrap();
    let mut examples = keys.map(|key| Example::start(last, key));
    // The copies begin in the midst of changes.
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut writers = Vec::new();
    for (number, server) in (0..).zip(servers.iter().cycle().take(6)) {
        // Writers of the store twice as often.
        let client = server.client(keys[usize::from(number % 3 == 2)]).await;
        writers.push(change(client, StdRng::seed_from_u64(seed + number)));
    }
    join_all(writers).await;
    for (key, example) in keys.iter().zip(&mut examples) {
        let client = last.client(key).await;
        let (_, page) = client.get(&format!("{EVENTS}?page[limit]=1")).await;
        let (feed, head) = (&page["meta"]["feed_id"], &page["meta"]["head"]);
        example.until_at(&format!("{}:{head}", feed.as_str().unwrap()));
        let copy = example.stop();
        assert!(!copy.is_empty(), "seed {seed}");
        assert_eq!(copy, all_stock(&client).await, "seed {seed}");
    }
}

/// Makes random changes of the stock of a few products, which are deleted and created again.
async fn change(client: Client, mut random: StdRng) {
    const CHANGES: usize = 150;
    const PRODUCTS: u64 = 12;
    const ACTIONS: [&str; 5] = ["increment", "decrement", "allocate", "deallocate", "set"];
    for _ in 0..CHANGES {
        let product = product(random.random_range(0..PRODUCTS));
        let path = format!("/v2/inventories/{product}");
        let quantity = random.random_range(0..50);
        match random.random_range(0..10) {
            0 => {
                let deleted = client.try_send(Method::DELETE, &path, None).await;
                assert!(deleted.unwrap().0 < 500);
            }
            1 | 2 => assert!(client.create_stock(&product, quantity).await.0 < 500),
            action => {
                let action = ACTIONS[action % ACTIONS.len()];
                assert!(client.transact(&product, action, quantity).await.0 < 500);
            }
        }
    }
}

/// The example as a process.
struct Example {
    process: Child,
    messages: BufReader<std::process::ChildStderr>,
}

impl Example {
    fn start(server: &Server, key: &FirstKey) -> Self {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../examples/events/keep_a_copy.py"
        );
        let mut process = Command::new("python3")
            .args([script, "--verbose"])
            .env("STOCKROOM_URL", server.url(""))
            .env("STOCKROOM_CLIENT_ID", &key.client_id)
            .env("STOCKROOM_CLIENT_SECRET", &key.client_secret)
            .env("NO_PROXY", "*")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let messages = BufReader::new(process.stderr.take().unwrap());
        Self { process, messages }
    }

    /// Waits until it has come to this cursor.
    fn until_at(&mut self, cursor: &str) {
        let mut message = String::new();
        while message.trim_end() != format!("at {cursor}") {
            message.clear();
            let length = self.messages.read_line(&mut message).unwrap();
            assert_ne!(length, 0, "the example has ended before {cursor}");
        }
    }

    /// Ends it, and returns its copy.
    fn stop(&mut self) -> BTreeMap<String, Value> {
        let pid = Pid::from_child(&self.process);
        kill_process(pid, Signal::TERM).unwrap();
        let mut copy = String::new();
        let stdout = self.process.stdout.as_mut().unwrap();
        stdout.read_to_string(&mut copy).unwrap();
        assert!(self.process.wait().unwrap().success());
        serde_json::from_str(&copy).unwrap()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _already_ended = self.process.kill();
        let _already_waited_for = self.process.wait();
    }
}

/// All stock that a client sees, in the form of the example's copy.
async fn all_stock(client: &Client) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut next = Some("/v2/inventories?include=sequence&page[limit]=5".to_owned());
    while let Some(path) = next {
        let (status, page) = client.get(&path).await;
        assert_eq!(status, 200, "{page}");
        for stock in page["data"].as_array().unwrap() {
            let owner = &stock["owner"];
            let store = (owner["type"] == "store").then(|| owner["id"].clone());
            let copied = json!({
                "product_id": stock["id"],
                "store_id": store,
                "available": stock["available"],
                "allocated": stock["allocated"],
                "total": stock["total"],
                "sequence": stock["sequence"],
            });
            all.insert(stock["stock_id"].as_str().unwrap().to_owned(), copied);
        }
        next = page["links"]["next"].as_str().map(ToOwned::to_owned);
    }
    all
}
