//! What reservations hold against everything else.

use serde_json::{Value, json};

use super::{PATH, Shop, item, item_at};
use crate::support::id;

#[tokio::test]
async fn only_what_is_allocated_unreserved_can_be_deallocated() {
    let shop = Shop::new().await;
    shop.app.transact(&id(1), "allocate", 1).await;
    shop.reserved("order 1", 4).await;
    let path = format!("/v2/inventories/{}/transactions", id(1));
    let figures = |requested: u64, available: u64, allocated: u64| {
        json!({
            "requested": requested,
            "available": available,
            "allocated": allocated,
            "total": available + allocated,
            "reserved": 4,
        })
    };
    for (action, pieces, refused) in [
        ("deallocate", 2, Some(figures(2, 5, 5))),
        ("deallocate", 6, Some(figures(6, 5, 5))),
        ("allocate", 6, Some(figures(6, 5, 5))),
        ("deallocate", 1, None),
        ("deallocate", 1, Some(figures(1, 6, 4))),
    ] {
        let body = json!({ "data": { "action": action, "quantity": pieces } });
        let answer = shop.app.post(&path, &body).send().await;
        answer.expect_status(if refused.is_some() { 422 } else { 200 });
        if let Some(figures) = refused {
            assert_eq!(answer.json()["errors"][0]["meta"], figures);
        }
    }
    assert_eq!(shop.figures().await, [11, 4]);
}

#[tokio::test]
async fn what_a_reservation_made_is_not_undone_alone() {
    let shop = Shop::new().await;
    shop.reserved("order 1", 4).await;
    let path = format!("/v2/inventories/{}/transactions", id(1));
    let entry = shop.app.get(&path).send().await.ids().pop().unwrap();
    let undo = shop.app.post_nothing(&format!("{path}/{entry}/undo"));
    let undo = undo.send().await;
    undo.expect_status(422);
    assert_eq!(
        undo.detail(),
        "Transactions made by a reservation cannot be undone individually"
    );
}

#[tokio::test]
async fn stock_and_locations_stay_as_long_as_they_are_held() {
    let shop = Shop::new().await;
    let items = json!([item_at(1, 2, "berlin")]);
    let reservation = shop.reserve(&json!({ "items": items })).send().await;
    let stock = format!("/v2/inventories/{}", id(1));
    let taken_out = json!({ "data": { "locations": { "berlin": null } } });
    let delete = shop.app.delete(&stock).send().await;
    delete.expect_status(400);
    assert_eq!(delete.detail(), "A reservation holds stock of the product");
    let put = shop.app.put(&stock, &taken_out).send().await;
    put.expect_status(400);
    let locations = shop.app.get("/v2/inventories/locations").send().await.ids();
    let location = format!("/v2/inventories/locations/{}", locations[0]);
    shop.app.delete(&location).send().await.expect_status(400);

    let release = shop.act(&reservation.created_id(), "release").await;
    release.expect_status(200);
    shop.app
        .put(&stock, &taken_out)
        .send()
        .await
        .expect_status(200);
    shop.app.delete(&location).send().await.expect_status(204);
    shop.app.delete(&stock).send().await.expect_status(204);
    let read = shop.read(&reservation.created_id()).await;
    assert_eq!(read["attributes"]["items"][0]["location"], "berlin");
}

/// A product's path and these don't get into each other's way.
#[tokio::test]
async fn static_paths_go_before_products() {
    let shop = Shop::new().await;
    shop.app.get(PATH).send().await.expect_status(200);
    for path in ["availability", "reservations"] {
        let path = format!("/v2/inventories/{path}");
        let put = shop.app.put(&path, &json!({ "data": {} }));
        put.send().await.expect_status(405);
        shop.app.delete(&path).send().await.expect_status(405);
    }
    let path = format!("{PATH}/no-uuid");
    let answer = shop.app.get(&path).send().await;
    answer.expect_status(404);
    assert_eq!(answer.detail(), "There is no such reservation");
}

/// A slug that changes changes in reservations.
#[tokio::test]
async fn a_renamed_location() {
    let shop = Shop::new().await;
    let items = json!([item_at(1, 2, "berlin")]);
    let reservation = shop.reserve(&json!({ "items": items })).send().await;
    let reservation = reservation.created_id();
    let locations = shop.app.get("/v2/inventories/locations").send().await.ids();
    let location = format!("/v2/inventories/locations/{}", locations[0]);
    let renamed = json!({ "data": { "slug": "spree" } });
    shop.app
        .put(&location, &renamed)
        .send()
        .await
        .expect_status(200);
    let read = shop.read(&reservation).await;
    assert_eq!(read["attributes"]["items"][0]["location"], "spree");
    let part = json!([item_at(1, 1, "spree")]);
    let answer = shop.act_on(&reservation, "release", &part).await;
    answer.expect_status(200);
    assert_eq!(answer.data()["attributes"]["items"][0]["location"], "spree");
}

/// Stock of the organization's is one stock, which all of its stores reserve of.
#[tokio::test]
async fn stores_that_share_stock() {
    let shop = Shop::new().await;
    let app = &shop.app;
    let (_, paris) = app.another_store("Acme Paris").await;
    let path = format!("/v2/inventories/{}", id(9));
    let stock = app.post(&path, &json!({ "data": { "quantity": 5 } }));
    stock.organization().send().await.expect_status(201);
    let order = json!({ "order_id": "order 1", "items": [item(9, 2)] });
    let mine = shop.reserve(&order).send().await;
    mine.expect_status(201);
    let theirs = shop.reserve(&order).token(&paris).send().await;
    theirs.expect_status(201);
    let short = shop
        .reserve(&json!({ "items": [item(9, 2)] }))
        .organization();
    let short = short.send().await;
    short.expect_status(422);
    let shortages = &short.json()["errors"][0]["meta"]["shortages"];
    assert_eq!(shortages[0]["available"], 1);

    // Everybody sees what holds the stock, and only their own orders and reservations.
    let ids = [mine.created_id(), theirs.created_id()];
    let order = json!("order 1");
    for (token, orders) in [
        (&app.token, [&order, &Value::Null]),
        (&paris, [&Value::Null, &order]),
        (&app.organization_token, [&Value::Null; 2]),
    ] {
        let holds = app.get(&format!("{path}/holds")).token(token).send().await;
        assert_eq!(holds.ids(), ids);
        let data = holds.data();
        assert_eq!([0, 1].map(|it| &data[it]["attributes"]["order_id"]), orders);
    }
    let path = format!("{PATH}/{}", ids[1]);
    for (token, status) in [
        (&app.token, 404),
        (&app.organization_token, 404),
        (&paris, 200),
    ] {
        let answer = app.get(&path).token(token).send().await;
        answer.expect_status(status);
        for verb in ["release", "pay", "fulfil"] {
            let path = format!("{path}/{verb}");
            let answer = app.post_nothing(&path).token(token).send().await;
            let known = if verb == "release" { 200 } else { 409 };
            answer.expect_status(if status == 404 { 404 } else { known });
        }
    }
    // An organization's key may act in a store, and sees that store's.
    let in_store = app.get(PATH).organization().in_store(&app.store.id);
    assert_eq!(in_store.send().await.ids(), [ids[0].clone()]);
}
