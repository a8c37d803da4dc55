//! `GET /v2/inventories/audit`, and histories by `page[after]`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{FORMS, Form, TestApp, Transcript, id, query};

const PATH: &str = "/v2/inventories/audit";

/// Follows a list's links to its end, and gives all that it shows.
async fn all(app: &TestApp, first: String) -> Vec<Value> {
    let mut next = first;
    let mut items = Vec::new();
    loop {
        let answer = app.get(&next).form(Form::MultiLocation).send().await;
        answer.expect_status(200);
        items.extend(answer.data().as_array().unwrap().iter().cloned());
        match answer.json()["links"]["next"].as_str() {
            Some(link) => link.clone_into(&mut next),
            None => return items,
        }
    }
}

/// An application with a product whose stock was created three times.
async fn app() -> TestApp {
    let app = TestApp::new().await;
    for pieces in 1..=3 {
        app.create_stock(&id(1), pieces).await;
        app.transact(&id(1), "increment", pieces).await;
        if pieces < 3 {
            let path = format!("/v2/inventories/{}", id(1));
            app.delete(&path).send().await.expect_status(204);
        }
    }
    app
}

#[tokio::test]
async fn audited() {
    let app = app().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let path = query(PATH, &[("product_id", &id(1)), ("page[limit]", "3")]);
        let answer = app.get(&path).form(form).send().await;
        answer.expect_status(200);
        transcript.add(form, &answer);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn pages_make_up_the_whole() {
    let app = app().await;
    let whole = all(&app, query(PATH, &[("product_id", &id(1))])).await;
    let shown: Vec<_> = whole
        .iter()
        .map(|it| {
            (
                it["attributes"]["quantity"].as_u64(),
                it["attributes"]["sequence"].as_u64(),
            )
        })
        .collect();
    let expected = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)];
    assert_eq!(
        shown,
        expected.map(|(pieces, place)| (Some(pieces), Some(place)))
    );
    for limit in ["1", "2", "4", "6", "100"] {
        let first = query(PATH, &[("product_id", &id(1)), ("page[limit]", limit)]);
        assert_eq!(all(&app, first).await, whole, "by {limit}");
    }
    let filter = "eq(quantity,2)";
    let filtered = query(
        PATH,
        &[
            ("product_id", &id(1)),
            ("page[limit]", "1"),
            ("filter", filter),
        ],
    );
    assert_eq!(all(&app, filtered).await, whole[2..4]);
}

#[tokio::test]
async fn a_history_is_paged_by_cursor() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 5).await;
    for pieces in 1..=5 {
        app.transact(&id(1), "increment", pieces).await;
    }
    let path = format!("/v2/inventories/{}/transactions", id(1));
    let whole = all(&app, path.clone()).await;
    let first = whole[0]["id"].as_str().unwrap();
    for limit in ["1", "2", "5"] {
        let behind = query(&path, &[("page[after]", first), ("page[limit]", limit)]);
        assert_eq!(all(&app, behind).await, whole[1..], "by {limit}");
    }
    let filter = "ge(quantity,4)";
    let filtered = query(
        &path,
        &[
            ("page[after]", first),
            ("page[limit]", "1"),
            ("filter", filter),
        ],
    );
    assert_eq!(all(&app, filtered).await, whole[4..]);
}

/// Where offsets end, links go on.
#[tokio::test]
async fn a_long_history_is_followed_to_its_end() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 0).await;
    let line = json!({ "product_id": id(1), "action": "increment", "quantity": 1 });
    let lines = json!({ "data": vec![line; 10_000] });
    for _ in 0..2 {
        let made = app
            .post("/v2/inventories/transactions", &lines)
            .send()
            .await;
        made.expect_status(207);
    }
    let path = format!("/v2/inventories/{}/transactions", id(1));
    let near_the_end = format!("{path}?page[limit]=100&page[offset]=9900");
    let read = all(&app, near_the_end).await;
    assert_eq!(read.len(), 20_001 - 9_900);
    assert_eq!(read.last().unwrap()["attributes"]["sequence"], 20_001);
}

#[tokio::test]
async fn refused() {
    let app = app().await;
    let unknown = app.transact(&id(1), "increment", 1).await;
    app.create_stock(&id(2), 1).await;
    let history = format!("/v2/inventories/{}/transactions", id(2));
    for (path, parameters, status) in [
        (PATH, vec![], 400),
        (PATH, vec![("product_id", "no id")], 400),
        (
            PATH,
            vec![("product_id", id(1).as_str()), ("page[offset]", "5")],
            400,
        ),
        (
            PATH,
            vec![("product_id", id(1).as_str()), ("page[after]", "5")],
            400,
        ),
        (
            PATH,
            vec![
                ("product_id", id(2).as_str()),
                ("page[after]", unknown.as_str()),
            ],
            400,
        ),
        (
            PATH,
            vec![("product_id", id(1).as_str()), ("at", "tomorrow")],
            400,
        ),
        (PATH, vec![("product_id", id(404).as_str())], 404),
        (
            history.as_str(),
            vec![("page[after]", unknown.as_str())],
            400,
        ),
        (history.as_str(), vec![("page[after]", "")], 400),
        (
            history.as_str(),
            vec![("page[after]", unknown.as_str()), ("page[offset]", "1")],
            400,
        ),
    ] {
        let answer = app.get(&query(path, &parameters)).send().await;
        assert_eq!(answer.status, status, "{parameters:?}: {}", answer.text());
    }
}

/// Of other stores nothing is seen.
#[tokio::test]
async fn others_see_nothing_of_it() {
    let app = app().await;
    let (_, other) = app.another_store("Other").await;
    let path = query(PATH, &[("product_id", &id(1))]);
    app.get(&path).token(&other).send().await.expect_status(404);
    app.get(&path)
        .organization()
        .send()
        .await
        .expect_status(404);
}
