//! `GET /v2/inventories/reservations`

use insta::assert_snapshot;
use serde_json::json;

use super::{PATH, Shop, item, item_at};
use crate::support::{Form, Transcript, id, query};

/// A shop with five reservations, one in each state.
async fn shop() -> (Shop, [String; 5]) {
    let shop = Shop::new().await;
    let reserve = async |data| {
        let answer = shop.reserve(&data).send().await;
        answer.expect_status(201);
        answer.created_id()
    };
    let expired = json!({ "order_id": "a-1", "expires_in": 1, "items": [item(1, 1)] });
    let expired = reserve(expired).await;
    let items = json!([item(1, 1), item(2, 1)]);
    let fulfilled = reserve(json!({ "order_id": "a-2", "items": items })).await;
    let items = json!([item_at(1, 1, "berlin")]);
    let released = reserve(json!({ "order_id": "b-1", "items": items })).await;
    let paid = reserve(json!({ "items": [item(2, 1)] })).await;
    let pending = json!({ "order_id": "b-2", "expires_in": 3_600, "items": [item(1, 1)] });
    let pending = reserve(pending).await;
    for (reservation, verb) in [
        (&fulfilled, "pay"),
        (&fulfilled, "fulfil"),
        (&released, "release"),
        (&paid, "pay"),
    ] {
        shop.act(reservation, verb).await.expect_status(200);
    }
    (shop, [expired, fulfilled, released, paid, pending])
}

#[tokio::test]
async fn listed() {
    let (shop, all) = shop().await;
    let mut transcript = Transcript::default();
    for (what, path) in [
        ("all", PATH.to_owned()),
        ("a page", format!("{PATH}?page[limit]=2&page[offset]=2")),
        ("filtered", query(PATH, &[("filter", "eq(state,paid)")])),
        ("past the end", format!("{PATH}?page[offset]=10000")),
    ] {
        let answer = shop.app.get(&path).send().await;
        answer.expect_status(200);
        transcript.add(what, &answer);
        // There is one form only.
        let other = shop.app.get(&path).form(Form::MultiLocation).send().await;
        assert_eq!(other.text(), answer.text());
    }
    assert_snapshot!(transcript.text());
    assert_eq!(shop.app.get(PATH).send().await.ids(), all);
}

#[tokio::test]
async fn filtered() {
    let (shop, all) = shop().await;
    let in_berlin = "eq(location,berlin)";
    let first = format!("eq(product_id,{})", id(1));
    let both = format!("in(product_id,{},{})", id(2), id(404));
    for (filter, expected) in [
        ("eq(state,expired)", &[0][..]),
        ("eq(state,fulfilled)", &[1]),
        ("in(state,released,pending)", &[2, 4]),
        ("like(state,*d)", &[0, 1, 2, 3]),
        ("eq(state,nothing)", &[]),
        ("eq(order_id,a-2)", &[1]),
        ("like(order_id,b-*)", &[2, 4]),
        ("is_null(order_id)", &[3]),
        (&first, &[0, 1, 2, 4]),
        (&both, &[1, 3]),
        (in_berlin, &[2]),
        ("is_null(location)", &[0, 1, 3, 4]),
        ("gt(expires_at,2026-01-31)", &[4]),
        ("lt(expires_at,2026-01-31T10:00:00Z)", &[]),
        ("ge(created_at,2026-01-31T09:30:08Z)", &[1, 2, 3, 4]),
        ("eq(created_at,2026-01-31T09:30:07Z)", &[0]),
        ("in(state,released,pending):like(order_id,*2)", &[4]),
    ] {
        let answer = shop
            .app
            .get(&query(PATH, &[("filter", filter)]))
            .send()
            .await;
        let expected: Vec<_> = expected.iter().map(|place: &usize| &all[*place]).collect();
        assert_eq!(
            answer.ids().iter().collect::<Vec<_>>(),
            expected,
            "{filter}"
        );
        let total = &answer.json()["meta"]["results"]["total"];
        assert_eq!(*total, expected.len(), "{filter}");
    }
}

#[tokio::test]
async fn filters_that_are_none() {
    let (shop, _) = shop().await;
    for filter in [
        "gt(state,paid)",
        "is_null(state)",
        "is_null(product_id)",
        "eq(product_id,5)",
        "like(expires_at,2026*)",
        "is_null(expires_at)",
        "eq(quantity,1)",
        "eq(id,5)",
    ] {
        let answer = shop
            .app
            .get(&query(PATH, &[("filter", filter)]))
            .send()
            .await;
        answer.expect_status(400);
        assert_eq!(answer.detail(), "Could not parse the supplied filter");
    }
}

#[tokio::test]
async fn links_lead_through_all_pages() {
    let (shop, all) = shop().await;
    for (filter, expected) in [
        ("ge(created_at,2026-01-01)", &all[..]),
        ("like(order_id,a*)", &all[..2]),
    ] {
        let first = query(PATH, &[("page[limit]", "1"), ("filter", filter)]);
        let mut next = Some(first);
        let mut found = Vec::new();
        while let Some(path) = next {
            let answer = shop.app.get(&path).send().await;
            found.extend(answer.ids());
            next = answer.json()["links"]["next"]
                .as_str()
                .map(ToOwned::to_owned);
        }
        assert_eq!(found, expected);
    }
}
