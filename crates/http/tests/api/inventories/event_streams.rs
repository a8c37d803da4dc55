//! `GET /v2/inventories/events` with `Accept: text/event-stream`

use std::time::Duration;

use axum::http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};
use stockroom_application::Limits;
use stockroom_domain::Owner;
use stockroom_http::Options;

use crate::support::{Block, EventReader, TestApp, TestRequest, Transcript, id};

const EVENTS: &str = "/v2/inventories/events";

/// The cursor of the head, as a page shows it.
async fn head(app: &TestApp) -> String {
    let page = app.get(EVENTS).query("page[limit]=1000").send().await;
    page.json()["meta"]["next"].as_str().unwrap().to_owned()
}

/// A request for a stream, of which the whole answer is read.
fn stream<'a>(app: &'a TestApp, query: &str) -> TestRequest<'a> {
    let request = app.get(EVENTS).query(query);
    request.header("accept", "text/event-stream")
}

fn limits(organization_streams_max: usize, streams_max: usize) -> Limits {
    Limits {
        organization_streams_max,
        streams_max,
        ..Limits::default()
    }
}

#[tokio::test]
async fn events_are_sent_as_they_happen() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    let head = head(&app).await;
    let mut reader = app.get(EVENTS).open().await;
    // Who connects again before the first event goes on from here.
    let first = Block {
        retry: Some("2000".to_owned()),
        id: Some(head.clone()),
        ..Block::default()
    };
    assert_eq!(reader.block().await, Some(first));
    app.transact(&id(1), "increment", 1).await;
    let event = reader.event().await.unwrap();
    app.create_stock(&id(2), 1).await;
    let more = reader.events(2).await;
    // An element of a page is the data of an event.
    let page = app.get(EVENTS).query(&format!("page[after]={head}"));
    let page = page.send().await.data();
    let data = event.data.clone().unwrap();
    assert_eq!(page, json!([data, more[0], more[1]]));
    assert_eq!(event.event.as_deref(), Some("stock-transaction.created"));
    let (feed, _) = head.split_once(':').unwrap();
    let position = &data["attributes"]["position"];
    assert_eq!(event.id, Some(format!("{feed}:{position}")));
    assert_eq!((event.retry, event.comment), (None, None));
}

#[tokio::test]
async fn a_stream_begins_where_it_is_told() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    let head = head(&app).await;
    app.transact(&id(1), "increment", 1).await;
    app.transact(&id(1), "increment", 2).await;
    let (feed, _) = head.split_once(':').unwrap();
    let third = format!("{feed}:3");
    let after = |query: &str| app.get(EVENTS).query(query);
    for (request, position) in [
        (after("page[after]=0"), 1),
        (after(&format!("page[after]={head}")), 3),
        (after("").header("last-event-id", &head), 3),
        (after("page[after]=0").header("last-event-id", &third), 4),
        (after("page[after]=0").header("last-event-id", ""), 1),
        // These say nothing about a stream.
        (after("page[after]=0&page[limit]=1&wait=1"), 1),
    ] {
        let mut reader = request.open().await;
        let expected = 5 - position;
        let events = reader.events(expected).await;
        let positions = events
            .iter()
            .map(|event| event["attributes"]["position"].clone());
        assert!(positions.eq((position..5).map(|it| json!(it))));
    }
}

#[tokio::test]
async fn refusals_come_before_the_stream() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 1).await;
    let head = head(&app).await;
    let (feed, _) = head.split_once(':').unwrap();
    let mut transcript = Transcript::default();
    for (what, request, status) in [
        ("no cursor", stream(&app, "page[after]=5"), 400),
        ("no id", stream(&app, "").header("last-event-id", "5"), 400),
        ("no filter", stream(&app, "filter=x"), 400),
        ("no seconds", stream(&app, "wait=26"), 400),
        ("all stores", stream(&app, "stores=all"), 403),
        (
            "an implicit token",
            stream(&app, "").token(&app.implicit_token().await),
            403,
        ),
        (
            "another feed",
            stream(&app, "").header("last-event-id", format!("{}:1", id(9))),
            409,
        ),
        ("ahead", stream(&app, &format!("page[after]={feed}:9")), 409),
    ] {
        let answer = request.send().await;
        answer.expect_status(status);
        transcript.add(what, &answer);
    }
    // Eight days later.
    app.clock.advance_seconds(8 * 24 * 60 * 60);
    app.stockroom.forget_events().await.unwrap();
    let token = app.token_of(Owner::Store(app.store.id)).await;
    let forgotten = stream(&app, &format!("page[after]={feed}:1"));
    let answer = forgotten.token(&token).send().await;
    answer.expect_status(410);
    transcript.add("forgotten", &answer);
    assert_snapshot!(transcript.text());
}

/// Those who take JSON, too, get a page.
#[tokio::test]
async fn who_takes_json_gets_a_page() {
    let app = TestApp::new().await;
    for accept in ["*/*", "application/json, text/event-stream", "text/*"] {
        let answer = app.get(EVENTS).header("accept", accept).send().await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let accept = "text/html;q=0.5, Text/Event-Stream;q=0.9";
    let head = app.request(Method::HEAD, EVENTS).header("accept", accept);
    let answer = head.send().await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert!(answer.body.is_empty());
}

/// The same as in pages, whoever else makes events before, between and after.
#[tokio::test]
async fn who_sees_what() {
    let app = TestApp::new().await;
    let (_, another_store) = app.another_store("Another store").await;
    let (_, stranger, strangers) = app.stranger().await;
    let callers = [
        (app.token.clone(), ""),
        (another_store, ""),
        (app.organization_token.clone(), ""),
        (app.organization_token.clone(), "stores=all"),
        (stranger, ""),
        (strangers, ""),
    ];
    let mut readers = Vec::new();
    for (token, query) in &callers {
        let request = app.get(EVENTS).token(token).query(query);
        readers.push(request.open().await);
    }
    let mut number = 0;
    // What comes at the end of a round is seen by its maker. So nothing is to come before it that he
    // doesn't see.
    for _ in 0..2 {
        for (token, _) in &callers {
            number += 1;
            let stock = json!({ "data": { "quantity": 1 } });
            let stock = app.post(&format!("/v2/inventories/{}", id(number)), &stock);
            stock.token(token).send().await.expect_status(201);
            let location =
                json!({ "data": { "name": "A shelf", "slug": format!("shelf-{number}") } });
            let location = app.post("/v2/inventories/locations", &location);
            location.token(token).send().await.expect_status(201);
        }
    }
    for ((token, query), reader) in callers.iter().zip(&mut readers) {
        let page = app.get(EVENTS).token(token).query(query).send().await;
        let page = page.data();
        let page = page.as_array().unwrap();
        assert!(page.len() >= 6, "{}", page.len());
        assert_eq!(reader.events(page.len()).await, *page);
    }
}

/// A client whose filter leaves out nearly everything doesn't start far behind when it connects again.
#[tokio::test]
async fn what_is_left_out_is_passed() {
    let app = TestApp::new().await;
    let head = head(&app).await;
    let (feed, _) = head.split_once(':').unwrap();
    app.create_many_stocks(600).await;
    let query = "page[after]=0&filter=eq(event,stock.deleted)";
    let mut reader = app.get(EVENTS).query(query).open().await;
    reader.block().await.unwrap();
    let passed = reader.block().await.unwrap();
    let position = passed.id.as_deref().unwrap().split_once(':').unwrap();
    assert_eq!(position.0, feed);
    assert!(position.1.parse::<u64>().unwrap() >= 1_000, "{passed:?}");
    let only_id = Block {
        id: passed.id.clone(),
        ..Block::default()
    };
    assert_eq!(passed, only_id);
    let deleted = app
        .delete(&format!("/v2/inventories/{}", id(7)))
        .send()
        .await;
    deleted.expect_status(204);
    let event = reader.event().await.unwrap();
    assert_eq!(event.event.as_deref(), Some("stock.deleted"));
}

/// Clients that read slowly, or begin far back, get everything.
#[tokio::test]
async fn a_stream_far_behind_catches_up() {
    let app = TestApp::new().await;
    let mut slow = app.get(EVENTS).open().await;
    app.create_many_stocks(400).await;
    let mut late = app.get(EVENTS).query("page[after]=0").open().await;
    for round in 0..100 {
        app.transact(&id(round), "increment", 1).await;
    }
    let page = async |after: u64| {
        let feed = app.organization.id;
        let query = format!("page[after]={feed}:{after}&page[limit]=1000");
        app.get(EVENTS).query(&query).send().await.data()
    };
    let all = page(0).await;
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 900);
    assert_eq!(late.events(900).await, *all);
    assert_eq!(slow.events(900).await, *all);
}

#[tokio::test]
async fn a_stream_whose_place_is_forgotten_ends() {
    let app = TestApp::new().await;
    app.create_many_stocks(600).await;
    let mut reader = app.get(EVENTS).query("page[after]=0").open().await;
    reader.events(1).await;
    app.clock.advance_seconds(8 * 24 * 60 * 60);
    app.stockroom.forget_events().await.unwrap();
    let mut read = 1;
    while reader.event().await.is_some() {
        read += 1;
    }
    assert!(read < 1_200, "{read}");
}

#[tokio::test]
async fn a_stream_of_a_feed_that_is_restarted_ends() {
    let app = TestApp::new().await;
    let mut reader = app.get(EVENTS).open().await;
    reader.block().await.unwrap();
    app.create_stock(&id(1), 1).await;
    reader.events(2).await;
    app.stockroom.restart_feeds().await.unwrap();
    reader.end().await;
}

#[tokio::test]
async fn a_stream_ends_when_its_key_is_deleted() {
    let app = TestApp::new().await;
    let key = app.key(Owner::Store(app.store.id), false).await;
    let token = app.token_for(&key.key.client_id, &key.client_secret).await;
    let mut reader = app.get(EVENTS).token(&token).open().await;
    let mut other = app.get(EVENTS).open().await;
    reader.block().await.unwrap();
    let waiting = app.get(EVENTS).token(&token).query("wait=25").send();
    let deleted = async {
        let path = format!("/v2/application-keys/{}", key.key.id);
        app.delete(&path).send().await.expect_status(204);
    };
    let (waited, ()) = tokio::join!(waiting, deleted);
    waited.expect_status(401);
    reader.end().await;
    app.create_stock(&id(1), 1).await;
    other.events(2).await;
}

/// Waits until this number of streams is open, requests that wait among them.
async fn until_open(app: &TestApp, streams: usize) {
    while app.stockroom.open_streams() != streams {
        pause().await;
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[tokio::test]
async fn too_many_streams_are_refused() {
    let app = TestApp::with_limits(Options::default(), limits(2, 3)).await;
    let (_, stranger, _) = app.stranger().await;
    let first = app.get(EVENTS).open().await;
    // Others of the same organization count, and requests that wait.
    let waiting = app.get(EVENTS).organization().query("wait=25").send();
    let others = async {
        until_open(&app, 2).await;
        let mut transcript = Transcript::default();
        let answer = stream(&app, "").send().await;
        transcript.add("the third of an organization", &answer);
        // Who needn't wait isn't turned away.
        app.get(EVENTS).send().await.expect_status(200);
        let answer = app.get(EVENTS).query("wait=1").send().await;
        transcript.add("one that would have to wait", &answer);
        let of_stranger = app.get(EVENTS).token(&stranger);
        let opened = of_stranger.clone().open().await;
        let answer = of_stranger.header("accept", "text/event-stream");
        transcript.add("the fourth of the server", &answer.send().await);
        assert_snapshot!(transcript.text());
        drop((first, opened));
        until_open(&app, 1).await;
        drop(app.get(EVENTS).open().await);
        let location = json!({ "data": { "name": "A shelf", "slug": "shelf" } });
        let location = app.post("/v2/inventories/locations", &location);
        location.organization().send().await.expect_status(201);
    };
    let (waited, ()) = tokio::join!(waiting, others);
    assert_eq!(waited.data().as_array().unwrap().len(), 1);
}

/// With one place for all requests.
#[tokio::test]
async fn streams_and_waiting_requests_are_no_requests_in_progress() {
    let options = Options {
        concurrent_requests_max: 1,
        ..Options::default()
    };
    let app = TestApp::with(options).await;
    let mut reader = app.get(EVENTS).open().await;
    let waiting = app.get(EVENTS).query("wait=25").send();
    let others = async {
        // Until the other request waits, it has the place.
        loop {
            let stock = json!({ "data": { "quantity": 1 } });
            let stock = app.post(&format!("/v2/inventories/{}", id(1)), &stock);
            match stock.send().await.status {
                503 => pause().await,
                status => break assert_eq!(status, 201),
            }
        }
        reader.events(2).await
    };
    let (waited, events) = tokio::join!(waiting, others);
    waited.expect_status(200);
    assert_eq!(waited.data()[0], events[0]);
}

#[tokio::test]
async fn waiting_takes_no_time_of_the_request() {
    let app = TestApp::with(Options {
        request_timeout: Duration::from_millis(500),
        ..Options::default()
    })
    .await;
    let plain = app.get(EVENTS).send().await;
    // Nothing happens.
    let waited = app.get(EVENTS).query("wait=1").send().await;
    waited.expect_status(200);
    assert_eq!(waited.json(), plain.json());
}

#[tokio::test]
async fn a_waiting_request_is_answered_with_what_its_filter_lets_through() {
    let app = TestApp::new().await;
    let head = head(&app).await;
    let query = format!("wait=25&page[after]={head}&filter=eq(event,stock-transaction.created)");
    let waiting = app.get(EVENTS).query(&query).send();
    let others = async {
        until_open(&app, 1).await;
        app.create_location("berlin").await;
        app.create_stock(&id(1), 1).await;
    };
    let (waited, ()) = tokio::join!(waiting, others);
    let page = waited.json();
    let data = page["data"].as_array().unwrap();
    assert_eq!(data.len(), 1, "{page}");
    assert_eq!(data[0]["attributes"]["position"], 3);
    let (feed, _) = head.split_once(':').unwrap();
    assert_eq!(page["meta"]["next"], format!("{feed}:3"));
    assert_eq!(page["meta"]["head"], 3);
    assert_eq!(page["links"]["next"], Value::Null);
}

#[tokio::test]
async fn a_server_that_stops_ends_streams_and_waiting() {
    let app = TestApp::new().await;
    let mut reader = app.get(EVENTS).open().await;
    let waiting = app.get(EVENTS).query("wait=25").send();
    let stop = async {
        until_open(&app, 2).await;
        app.stockroom.end_streams();
        reader.end().await;
    };
    let (waited, ()) = tokio::join!(waiting, stop);
    waited.expect_status(200);
    assert_eq!(waited.data(), json!([]));
    let refused = stream(&app, "").send().await;
    refused.expect_status(503);
    assert_eq!(refused.detail(), "The server is stopping");
    // Pages are read to the end.
    app.get(EVENTS).send().await.expect_status(200);
    let unwaited = app.get(EVENTS).query("wait=25").send().await;
    assert_eq!(unwaited.json(), waited.json());
}

#[tokio::test]
async fn all_streams_of_an_organization_get_the_same() {
    let app = TestApp::new().await;
    let mut readers: Vec<EventReader> = Vec::new();
    for _ in 0..20 {
        readers.push(app.get(EVENTS).open().await);
    }
    for number in 0..5 {
        app.create_stock(&id(number), 1).await;
    }
    let all = app.get(EVENTS).send().await.data();
    for reader in &mut readers {
        assert_eq!(json!(reader.events(10).await), all);
    }
}
