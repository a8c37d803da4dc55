//! `GET /v2/inventories/{product}/holds`

use insta::assert_snapshot;
use serde_json::json;

use super::{Shop, item, item_at};
use crate::support::{FORMS, Transcript, id};

fn path() -> String {
    format!("/v2/inventories/{}/holds", id(1))
}

#[tokio::test]
async fn held() {
    let mut transcript = Transcript::default();
    for form in FORMS {
        let shop = Shop::new().await;
        shop.app.transact(&id(1), "allocate", 1).await;
        let paid = json!({ "items": [item(1, 2), item_at(1, 3, "berlin"), item(2, 1)] });
        let paid = shop.reserve(&paid).send().await.created_id();
        shop.act(&paid, "pay").await.expect_status(200);
        let shipped = json!([item(1, 1)]);
        let shipped = shop.act_on(&paid, "fulfil", &shipped).await;
        shipped.expect_status(200);
        shop.reserved("order 2", 4).await;
        let released = shop.reserved("order 3", 1).await;
        shop.act(&released, "release").await.expect_status(200);
        let page = format!("{}?page[limit]=1&page[offset]=1", path());
        for path in [path(), page, format!("/v2/inventories/{}/holds", id(2))] {
            let answer = shop.app.get(&path).form(form).send().await;
            answer.expect_status(200);
            transcript.add(form, &answer);
        }
        // What is held, and what is allocated plainly, make up what is allocated.
        assert_eq!(shop.figures().await, [5, 9]);
        shop.app.clock.advance_seconds(900);
        let answer = shop.app.get(&path()).send().await;
        assert_eq!(answer.ids(), [paid.clone(), paid]);
    }
    assert_snapshot!(transcript.text());
}

#[tokio::test]
async fn nothing_held() {
    let shop = Shop::new().await;
    let answer = shop.app.get(&path()).send().await;
    assert_eq!(answer.ids(), [""; 0]);
    assert_eq!(answer.json()["meta"]["allocated_unreserved"], 0);
    for unknown in [&id(404), "no-uuid"] {
        let path = format!("/v2/inventories/{unknown}/holds");
        let answer = shop.app.get(&path).send().await;
        answer.expect_status(404);
        assert_eq!(answer.detail(), "The product's stock is not managed");
    }
}
