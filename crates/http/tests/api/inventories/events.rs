//! `GET /v2/inventories/events`

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Answer, FORMS, TestApp, Transcript, id};

const EVENTS: &str = "/v2/inventories/events";

fn position(event: &Value) -> u64 {
    event["attributes"]["position"].as_u64().unwrap()
}

fn meta(answer: &Answer, name: &str) -> Value {
    answer.json()["meta"][name].clone()
}

fn names(answer: &Answer) -> Vec<String> {
    let data = answer.data();
    let events = data.as_array().unwrap().iter();
    let name = |event: &Value| event["attributes"]["event"].as_str().unwrap().to_owned();
    events.map(name).collect()
}

/// Makes an event of each kind.
async fn make_events(app: &TestApp) {
    app.create_location("berlin").await;
    app.create_stock(&id(1), 10).await;
    app.transact_at(&id(1), "berlin", "increment", 3).await;
    let product = json!({ "data": { "type": "product", "id": id(2), "name": "A lamp" } });
    let product = app.post("/v2/products", &product).send().await;
    product.expect_status(201);
    let reservation = json!({ "data": { "items": [{ "product_id": id(1), "quantity": 2 }] } });
    let reservation = app
        .post("/v2/inventories/reservations", &reservation)
        .send()
        .await;
    let path = format!("/v2/inventories/reservations/{}", reservation.created_id());
    let paid = app.post_nothing(&format!("{path}/pay")).send().await;
    paid.expect_status(200);
    let fulfilled = app.post_nothing(&format!("{path}/fulfil")).send().await;
    fulfilled.expect_status(200);
    let deleted = app.delete(&format!("/v2/products/{}", id(2))).send().await;
    deleted.expect_status(204);
    let deleted = app
        .delete(&format!("/v2/inventories/{}", id(1)))
        .send()
        .await;
    deleted.expect_status(204);
}

#[tokio::test]
async fn every_kind_of_event() {
    let app = TestApp::new().await;
    make_events(&app).await;
    let mut transcript = Transcript::default();
    transcript.add("all", &app.get(EVENTS).send().await);
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn pages_lead_to_the_head() {
    let app = TestApp::new().await;
    make_events(&app).await;
    let all = app.get(EVENTS).send().await.data();
    let mut read = Vec::new();
    let mut path = format!("{EVENTS}?page[limit]=3&page[after]=0");
    loop {
        let page = app.get(&path).send().await;
        page.expect_status(200);
        read.extend(page.data().as_array().unwrap().clone());
        let next = &page.json()["links"]["next"];
        let Some(next) = next.as_str() else {
            let after = meta(&page, "next");
            let feed = meta(&page, "feed_id");
            let head = meta(&page, "head");
            assert_eq!(after, format!("{}:{head}", feed.as_str().unwrap()));
            // New events come after it.
            app.create_stock(&id(3), 1).await;
            path = format!("{EVENTS}?page[after]={}", after.as_str().unwrap());
            let page = app.get(&path).send().await;
            assert_eq!(names(&page), ["stock.created", "stock-transaction.created"]);
            break;
        };
        path = next.to_owned();
    }
    assert_eq!(json!(read), all);
    assert!(read.iter().map(position).eq(1..=read.len() as u64));
}

#[tokio::test]
async fn filters() {
    let app = TestApp::new().await;
    make_events(&app).await;
    for (filter, count) in [
        ("eq(event,stock.created)".to_owned(), 1),
        ("in(event,product.created,product.deleted)".to_owned(), 2),
        (format!("eq(product_id,{})", id(2)), 2),
        (format!("eq(subject_id,{})", id(1)), 7),
        ("eq(location,berlin)".to_owned(), 2),
        ("eq(event,stock.created):eq(location,berlin)".to_owned(), 0),
    ] {
        let answer = app
            .get(EVENTS)
            .query(&format!("filter={filter}"))
            .send()
            .await;
        answer.expect_status(200);
        assert_eq!(
            names(&answer).len(),
            count,
            "{filter}: {:?}",
            names(&answer)
        );
        // It was looked through to the head all the same.
        assert_eq!(answer.json()["links"]["next"], Value::Null, "{filter}");
    }
    let mut transcript = Transcript::default();
    let answer = app.get(EVENTS).query("filter=gt(event,5)").send().await;
    transcript.add("an operator that it doesn't have", &answer);
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn refusals() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 1).await;
    let page = app.get(EVENTS).send().await;
    let feed = meta(&page, "feed_id").as_str().unwrap().to_owned();
    let mut transcript = Transcript::default();
    for (what, query, status) in [
        ("no cursor", "page[after]=5".to_owned(), 400),
        ("no position", format!("page[after]={feed}:x"), 400),
        ("a sign", format!("page[after]={feed}:%2B1"), 400),
        ("another feed", format!("page[after]={}:1", id(9)), 409),
        ("ahead", format!("page[after]={feed}:3"), 409),
        ("all stores", "stores=all".to_owned(), 403),
        ("some stores", "stores=some".to_owned(), 400),
    ] {
        let answer = app.get(EVENTS).query(&query).send().await;
        answer.expect_status(status);
        transcript.add(what, &answer);
    }
    let answer = app
        .get(EVENTS)
        .token(&app.implicit_token().await)
        .send()
        .await;
    answer.expect_status(403);
    transcript.add("an implicit token", &answer);
    assert_snapshot!(transcript.text());
}

/// A store sees its own events and those of its organization's stock; an organization its own, or all.
#[tokio::test]
async fn who_sees_what() {
    let app = TestApp::new().await;
    let (_, another_store) = app.another_store("Another store").await;
    let organization = app.organization_token.clone();
    let (_, stranger, _) = app.stranger().await;
    let create = async |token: &str, number: u32| {
        let stock = json!({ "data": { "quantity": 1 } });
        let path = format!("/v2/inventories/{}", id(number));
        app.post(&path, &stock)
            .token(token)
            .send()
            .await
            .expect_status(201);
        let location = json!({ "data": { "name": "A shelf", "slug": format!("shelf-{number}") } });
        let location = app.post("/v2/inventories/locations", &location);
        location.token(token).send().await.expect_status(201);
    };
    let own = app.token.clone();
    for (token, number) in [
        (&own, 1),
        (&another_store, 2),
        (&organization, 3),
        (&stranger, 4),
    ] {
        create(token, number).await;
    }
    let sees = async |token: &str, query: &str| {
        let answer = app.get(EVENTS).token(token).query(query).send().await;
        answer.expect_status(200);
        let data = answer.data();
        let events = data.as_array().unwrap().iter();
        let mut seen = Vec::new();
        for event in events {
            let attributes = &event["attributes"];
            let data = &attributes["data"];
            let of = match attributes["event"].as_str().unwrap() {
                "stock.created" => data["id"].as_str().unwrap().to_owned(),
                "inventory-location.created" => {
                    data["attributes"]["slug"].as_str().unwrap().to_owned()
                }
                _ => continue,
            };
            seen.push(of);
        }
        seen
    };
    let shelf = |number: u32| format!("shelf-{number}");
    assert_eq!(sees(&own, "").await, [id(1), shelf(1), id(3)]);
    assert_eq!(sees(&another_store, "").await, [id(2), shelf(2), id(3)]);
    assert_eq!(sees(&organization, "").await, [id(3), shelf(3)]);
    let all = [id(1), shelf(1), id(2), shelf(2), id(3), shelf(3)];
    assert_eq!(sees(&organization, "stores=all").await, all);
    assert_eq!(sees(&stranger, "").await, [id(4), shelf(4)]);
}

/// Who copies a list misses nothing, though stock in front of the next page is deleted meanwhile.
#[tokio::test]
async fn a_list_to_be_copied_leads_on_by_places() {
    let app = TestApp::new().await;
    for number in 1..=5 {
        app.create_stock(&id(number), 1).await;
    }
    let mut copied = Vec::new();
    let mut path = "/v2/inventories?page[limit]=2&include=sequence".to_owned();
    loop {
        let page = app.get(&path).send().await;
        page.expect_status(200);
        let data = page.data();
        for stock in data.as_array().unwrap() {
            assert_eq!(stock["sequence"], 1, "{path}");
        }
        copied.extend(page.ids());
        app.delete(&format!("/v2/inventories/{}", copied[0]))
            .send()
            .await;
        match page.json()["links"]["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(copied, [1, 2, 3, 4, 5].map(id));
}

/// The numbers for those who keep a copy.
#[tokio::test]
async fn stock_with_its_sequence() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    app.transact(&id(1), "increment", 1).await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let path = format!("/v2/inventories/{}", id(1));
        let one = app
            .get(&path)
            .query("include=sequence")
            .form(form)
            .send()
            .await;
        transcript.add(format!("{form}: one"), &one);
        let list = app.get("/v2/inventories").query("include=product,sequence");
        transcript.add(format!("{form}: list"), &list.form(form).send().await);
        let several = json!({ "data": [{ "id": id(1) }] });
        let several = app.post("/v2/inventories/multiple", &several);
        let several = several.query("include=sequence").form(form).send().await;
        assert_eq!(several.data()[0], one.data());
    }
    assert_snapshot!(transcript.text());
}
