//! `GET /v2/inventories/transfers`

use insta::assert_snapshot;
use serde_json::json;

use super::{PATH, Shop, item};
use crate::support::{Form, Transcript, id, query};

/// A shop with five transfers, one in each state.
async fn shop() -> (Shop, [String; 5]) {
    let shop = Shop::new().await;
    let places = [
        json!({ "location": "york" }),
        json!({ "location": "leeds" }),
    ];
    let [york, leeds] = &places;
    let draft = json!({
        "from": york, "to": leeds, "reference": "a-1", "items": [item(1, 1)],
        "expected_at": "2026-02-01",
    });
    let ready = json!({
        "from": york, "to": { "location": null }, "reference": "a-2", "state": "ready",
        "items": [item(1, 1), item(2, 1)],
    });
    let under_way = json!({
        "from": { "supplier": "ACME" }, "to": leeds, "state": "in_transit", "items": [item(2, 5)],
        "expected_at": "2026-03-01",
    });
    let received = json!({
        "from": { "supplier": "Bolts" }, "to": york, "reference": "b-1", "state": "received",
        "items": [item(2, 5)],
    });
    let cancelled = json!({
        "from": { "location": null }, "to": leeds, "state": "in_transit", "items": [item(1, 1)],
    });
    shop.app.transact(&id(1), "increment", 3).await;
    let mut all = Vec::new();
    for data in [draft, ready, under_way, received, cancelled] {
        all.push(shop.created(&data).await);
    }
    shop.act(&all[4], "cancel").await.expect_status(200);
    (shop, all.try_into().unwrap())
}

#[tokio::test]
async fn listed() {
    let (shop, all) = shop().await;
    let mut transcript = Transcript::default();
    for (what, path) in [
        ("all", PATH.to_owned()),
        ("a page", format!("{PATH}?page[limit]=2&page[offset]=2")),
        ("filtered", query(PATH, &[("filter", "eq(state,ready)")])),
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
    let first = format!("eq(product_id,{})", id(1));
    let both = format!("in(product_id,{},{})", id(2), id(404));
    for (filter, expected) in [
        ("eq(state,draft)", &[0][..]),
        ("in(state,in_transit,cancelled)", &[2, 4]),
        ("like(state,rec*)", &[3]),
        ("eq(state,nothing)", &[]),
        ("eq(from,york)", &[0, 1]),
        ("is_null(from)", &[4]),
        ("in(to,leeds,nowhere)", &[0, 2, 4]),
        ("like(to,y*)", &[3]),
        ("is_null(to)", &[1]),
        ("eq(supplier,ACME)", &[2]),
        ("like(supplier,*o*)", &[3]),
        ("is_null(supplier)", &[0, 1, 4]),
        ("eq(reference,a-2)", &[1]),
        ("like(reference,a-*)", &[0, 1]),
        ("is_null(reference)", &[2, 4]),
        (&first, &[0, 1, 4]),
        (&both, &[1, 2, 3]),
        ("lt(expected_at,2026-02-15)", &[0]),
        ("ge(expected_at,2026-01-01T00:00:00Z)", &[0, 2]),
        ("ge(created_at,2026-01-31)", &[0, 1, 2, 3, 4]),
        ("lt(created_at,2026-01-31)", &[]),
        ("in(state,ready,received):like(reference,*1)", &[3]),
    ] {
        let path = query(PATH, &[("filter", filter)]);
        let answer = shop.app.get(&path).send().await;
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
async fn a_location_is_found_by_its_new_name() {
    let (shop, all) = shop().await;
    let locations = "/v2/inventories/locations?filter=eq(slug,york)";
    let york = &shop.app.get(locations).send().await.ids()[0];
    let path = format!("/v2/inventories/locations/{york}");
    let renamed = json!({ "data": { "slug": "jorvik" } });
    shop.app
        .put(&path, &renamed)
        .send()
        .await
        .expect_status(200);
    let named = shop.read(&all[0]).await;
    assert_eq!(named["attributes"]["from"], json!({ "location": "jorvik" }));
    for (filter, expected) in [("eq(from,york)", &all[..0]), ("eq(from,jorvik)", &all[..2])] {
        let path = query(PATH, &[("filter", filter)]);
        assert_eq!(shop.app.get(&path).send().await.ids(), expected);
    }
}

#[tokio::test]
async fn filters_that_are_none() {
    let (shop, _) = shop().await;
    for filter in [
        "gt(state,ready)",
        "is_null(state)",
        "is_null(product_id)",
        "eq(product_id,5)",
        "like(expected_at,2026*)",
        "is_null(expected_at)",
        "ge(expected_at,soon)",
        "gt(from,a)",
        "eq(note,a)",
        "eq(quantity,1)",
    ] {
        let path = query(PATH, &[("filter", filter)]);
        let answer = shop.app.get(&path).send().await;
        answer.expect_status(400);
        assert_eq!(answer.detail(), "Could not parse the supplied filter");
    }
}

#[tokio::test]
async fn links_lead_through_all_pages() {
    let (shop, all) = shop().await;
    for (filter, expected) in [
        ("ge(created_at,2026-01-01)", &all[..]),
        ("like(reference,a*)", &all[..2]),
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
