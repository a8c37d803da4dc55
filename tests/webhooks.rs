//! Webhooks: every event arrives, signed and in order for each subject, whatever is killed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{Client, DataFolder, Received, Receiver, Server, product};

/// What lets a server call the receivers of tests.
pub(crate) const LOOPBACK: [&str; 2] = ["--webhook-networks=127.0.0.0/8", "--webhook-allow-http"];

const PRODUCTS: u64 = 8;

const INTEGRATIONS: &str = "/v2/integrations";

/// An integration that gets everything; its path.
pub(crate) async fn integrate(client: &Client, receiver: &Receiver) -> String {
    let (status, answer) = client
        .post(
            INTEGRATIONS,
            &json!({ "data": {
                "type": "integration",
                "name": "A copy",
                "observes": ["*"],
                "configuration": { "url": receiver.url() },
            } }),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    let data = &answer["data"];
    receiver.know(data["configuration"]["signing_secret"].as_str().unwrap());
    format!("{INTEGRATIONS}/{}", data["id"].as_str().unwrap())
}

/// Waits until everything is delivered.
pub(crate) async fn delivered(client: &Client, path: &str) {
    loop {
        let (_, answer) = client.get(path).await;
        let data = &answer["data"];
        assert_eq!(data["enabled"], true, "{answer}");
        if data["meta"]["behind"] == 0 {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// All events of the feed, from the first that an integration gets.
pub(crate) async fn feed(client: &Client) -> Vec<Value> {
    let mut events = Vec::new();
    let mut after = "0".to_owned();
    loop {
        let path = format!("/v2/inventories/events?page[limit]=1000&page[after]={after}");
        let (status, mut page) = client.get(&path).await;
        assert_eq!(status, 200, "{page}");
        events.append(page["data"].as_array_mut().unwrap());
        if page["links"]["next"].is_null() {
            return events;
        }
        page["meta"]["next"]
            .as_str()
            .unwrap()
            .clone_into(&mut after);
    }
}

/// Checks that all of the feed has come, and that no part between two marks is out of order for a
/// subject. Returns the number of events that came twice.
pub(crate) fn check(received: &[Received], feed: &[Value]) -> usize {
    let subjects: BTreeMap<u64, String> = feed
        .iter()
        .map(|event| {
            let attributes = &event["attributes"];
            let position = attributes["position"].as_u64().unwrap();
            let subject = &attributes["subject"];
            (position, format!("{} {}", subject["type"], subject["id"]))
        })
        .collect();
    let ids: BTreeSet<(u64, &str)> = received.iter().map(|it| (it.position(), &*it.id)).collect();
    let positions = ids.iter().map(|(position, _)| position);
    assert!(
        positions.eq(subjects.keys()),
        "not all came, or under one id"
    );
    let mut last: BTreeMap<(usize, &str), u64> = BTreeMap::new();
    for event in received {
        let subject = &subjects[&event.position()];
        let before = last.insert((event.marks, subject), event.position());
        assert!(before < Some(event.position()), "{subject} out of order");
    }
    received.len() - ids.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_although_the_sender_is_killed() {
    let folder = DataFolder::new();
    let mut server = Server::start_with(&folder.path(), &LOOPBACK);
    let key = server.first_key();
    let receiver = Receiver::start().await;
    let client = server.client(&key).await;
    let path = integrate(&client, &receiver).await;
    for number in 0..PRODUCTS {
        assert_eq!(client.create_stock(&product(number), 10).await.0, 201);
    }
    for _ in 0..5 {
        let client = server.client(&key).await;
        let before = receiver.received().len();
        for number in 0..200 {
            let product = product(number % PRODUCTS);
            let (status, answer) = client.transact(&product, "increment", 1).await;
            assert_eq!(status, 200, "{answer}");
        }
        receiver.wait_for(before + 20).await;
        server.kill();
        receiver.mark().await;
        server = Server::start_with(&folder.path(), &LOOPBACK);
    }
    let client = server.client(&key).await;
    delivered(&client, &path).await;
    let feed = feed(&client).await;
    let twice = check(&receiver.received(), &feed);
    println!("{} events, {twice} of them twice", feed.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn networks_that_are_not_allowed_are_not_called() {
    let folder = DataFolder::new();
    let server = Server::start(&folder.path());
    let client = server.client(&server.first_key()).await;
    let receiver = Receiver::start().await;
    for url in [
        &receiver.url(),
        "https://127.0.0.1:9/",
        "https://2130706433/",
        "https://localhost/",
        "https://169.254.169.254/latest",
        "https://10.0.0.8/",
        "https://[::ffff:10.0.0.8]/",
    ] {
        let (status, answer) = client
            .post(
                INTEGRATIONS,
                &json!({ "data": {
                    "type": "integration",
                    "name": "A copy",
                    "observes": ["*"],
                    "configuration": { "url": url },
                } }),
            )
            .await;
        assert_eq!(status, 422, "{url}: {answer}");
        let detail = answer["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("--webhook-"), "{detail}");
    }
}
