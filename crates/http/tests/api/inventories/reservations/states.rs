//! `POST /v2/inventories/reservations/{id}/{pay, release, fulfil, extend}`

use insta::assert_snapshot;
use serde_json::json;

use super::{Shop, item, item_at, shown};
use crate::support::{Transcript, id};

const VERBS: [&str; 4] = ["pay", "release", "fulfil", "extend"];

/// A reservation of two pieces in a state, in a shop of its own.
async fn in_state(state: &str) -> (Shop, String) {
    let shop = Shop::new().await;
    if state == "held" {
        let held = json!({ "hold_reason": "damaged", "items": [item(1, 2)] });
        let reservation = shop.reserve(&held).send().await.created_id();
        assert_eq!(shop.state(&reservation).await, state);
        return (shop, reservation);
    }
    let reservation = shop.reserved("order 1", 2).await;
    let verbs: &[&str] = match state {
        "paid" => &["pay"],
        "fulfilled" => &["pay", "fulfil"],
        "released" => &["release"],
        _ => &[],
    };
    for verb in verbs {
        shop.act(&reservation, verb).await.expect_status(200);
    }
    if state == "expired" {
        shop.app.clock.advance_seconds(900);
    }
    assert_eq!(shop.state(&reservation).await, state);
    (shop, reservation)
}

#[tokio::test]
async fn every_way_from_every_state() {
    for (state, becomes, figures) in [
        (
            "pending",
            [Some("paid"), Some("released"), None, Some("pending")],
            [13, 2],
        ),
        (
            "paid",
            [Some("paid"), Some("released"), Some("fulfilled"), None],
            [13, 2],
        ),
        ("fulfilled", [None, None, Some("fulfilled"), None], [13, 0]),
        ("released", [None, Some("released"), None, None], [15, 0]),
        ("expired", [None, Some("expired"), None, None], [15, 0]),
        (
            "held",
            [None, Some("released"), Some("fulfilled"), None],
            [13, 2],
        ),
    ] {
        for (verb, becomes) in VERBS.into_iter().zip(becomes) {
            let (shop, reservation) = in_state(state).await;
            assert_eq!(shop.figures().await, figures, "{state}");
            let before = shop.app.readings().await;
            let answer = shop.act(&reservation, verb).await;
            let Some(becomes) = becomes else {
                answer.expect_status(409);
                assert_eq!(answer.detail(), format!("The reservation is {state}"));
                let error = answer.json()["errors"][0].take();
                assert_eq!(error["meta"], json!({ "state": state }));
                assert_eq!(shop.app.readings().await, before, "{verb} when {state}");
                continue;
            };
            answer.expect_status(200);
            assert_eq!(answer.data()["attributes"]["state"], becomes);
            assert_eq!(answer.data(), shop.read(&reservation).await);
            if becomes == state && verb != "extend" {
                assert_eq!(shop.app.readings().await, before, "{verb} when {state}");
            }
        }
    }
}

#[tokio::test]
async fn answers() {
    let mut transcript = Transcript::default();
    for state in [
        "pending",
        "paid",
        "fulfilled",
        "released",
        "expired",
        "held",
    ] {
        for verb in VERBS {
            let (shop, reservation) = in_state(state).await;
            let answer = shop.act(&reservation, verb).await;
            transcript.add(format!("{state}: {verb}"), &answer);
        }
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn a_reservation_that_there_is_not() {
    let shop = Shop::new().await;
    for name in [&id(404), "no-uuid"] {
        for verb in VERBS {
            let answer = shop.act(name, verb).await;
            answer.expect_status(404);
            assert_eq!(answer.detail(), "There is no such reservation");
        }
    }
}

/// A shop with a paid reservation of three lines: 4 and 2 of the first product, and 3 in `berlin`.
async fn paid() -> (Shop, String) {
    let shop = Shop::new().await;
    let items = json!([item(1, 4), item_at(1, 3, "berlin"), item(1, 2)]);
    let reservation = shop.reserve(&json!({ "items": items })).send().await;
    let reservation = reservation.created_id();
    shop.act(&reservation, "pay").await.expect_status(200);
    (shop, reservation)
}

#[tokio::test]
async fn shipped_in_parts() {
    let (shop, reservation) = paid().await;
    let first = json!([item(1, 5), item_at(1, 1, "berlin")]);
    let answer = shop.act_on(&reservation, "fulfil", &first).await;
    answer.expect_status(200);
    let lines = vec![[4, 4, 0], [3, 1, 0], [2, 1, 0]];
    assert_eq!(shown(&answer.data()), ("paid".to_owned(), lines));
    assert_eq!(shop.app.figures(&id(1)).await, [6, 3, 9]);
    let rest = shop.act(&reservation, "fulfil").await;
    rest.expect_status(200);
    let lines = vec![[4, 4, 0], [3, 3, 0], [2, 2, 0]];
    assert_eq!(shown(&rest.data()), ("fulfilled".to_owned(), lines));
    assert_eq!(shop.app.figures(&id(1)).await, [6, 0, 6]);
}

#[tokio::test]
async fn shipped_and_given_back() {
    for last in ["fulfil", "release"] {
        let (shop, reservation) = paid().await;
        let shipped = json!([item(1, 6)]);
        shop.act_on(&reservation, "fulfil", &shipped)
            .await
            .expect_status(200);
        let given_back = json!([item_at(1, 1, "berlin")]);
        let answer = shop.act_on(&reservation, "release", &given_back).await;
        answer.expect_status(200);
        let lines = vec![[4, 4, 0], [3, 0, 1], [2, 2, 0]];
        assert_eq!(shown(&answer.data()), ("paid".to_owned(), lines));
        let answer = shop.act(&reservation, last).await;
        answer.expect_status(200);
        // What was shipped stays so.
        let (state, line, figures) = if last == "fulfil" {
            ("fulfilled", [3, 2, 1], [7, 0, 7])
        } else {
            ("released", [3, 0, 3], [9, 0, 9])
        };
        let lines = vec![[4, 4, 0], line, [2, 2, 0]];
        assert_eq!(shown(&answer.data()), (state.to_owned(), lines));
        assert_eq!(shop.app.figures(&id(1)).await, figures);
    }
}

/// Whichever items are named: nothing is left that could be taken.
#[tokio::test]
async fn what_is_over_stays_so() {
    for (state, verb) in [("fulfilled", "fulfil"), ("released", "release")] {
        let (shop, reservation) = in_state(state).await;
        let before = shop.app.readings().await;
        for items in [json!([item(1, 1)]), json!([item(2, 5)])] {
            let answer = shop.act_on(&reservation, verb, &items).await;
            answer.expect_status(200);
            assert_eq!(answer.data(), shop.read(&reservation).await);
        }
        assert_eq!(shop.app.readings().await, before);
    }
}

#[tokio::test]
async fn more_than_is_open() {
    let (shop, reservation) = paid().await;
    let shipped = json!([item(1, 5)]);
    shop.act_on(&reservation, "fulfil", &shipped)
        .await
        .expect_status(200);
    let before = shop.app.readings().await;
    for verb in ["fulfil", "release"] {
        for (items, product, open) in [
            (json!([item(1, 2)]), 1, 1),
            (json!([item(1, 1), item(1, 1)]), 1, 1),
            (json!([item_at(1, 1, "berlin"), item(1, 2)]), 1, 1),
            (json!([item_at(1, 4, "berlin")]), 1, 3),
            (json!([item_at(1, 1, "nowhere")]), 1, 0),
            (json!([item(2, 1)]), 2, 0),
            (json!([item(404, 1)]), 404, 0),
        ] {
            let answer = shop.act_on(&reservation, verb, &items).await;
            answer.expect_status(422);
            let error = answer.json()["errors"][0].take();
            assert_eq!(error["title"], "Cannot complete request");
            assert_eq!(
                error["meta"],
                json!({ "product_id": id(product), "open": open })
            );
        }
    }
    assert_eq!(shop.app.readings().await, before);
}
