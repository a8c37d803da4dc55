//! `?include=planning`, and the filter `low`: what of the stock may be sold, and what runs low.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::policy::{set, shop};
use crate::support::{FORMS, Form, TestApp, Transcript, id, query};

const PLANNING: &str = "include=planning";

fn stock(product: u32) -> String {
    format!("/v2/inventories/{}", id(product))
}

/// The planning of a product's stock.
async fn planning(app: &TestApp, product: u32) -> Value {
    let answer = app.get(&stock(product)).query(PLANNING).send().await;
    answer.expect_status(200);
    answer.data()["planning"].take()
}

/// Has buyers no longer order from a location.
async fn disable(app: &TestApp, slug: &str) {
    let filter = format!("eq(slug,{slug})");
    let found = query("/v2/inventories/locations", &[("filter", &filter)]);
    let id = app.get(&found).send().await.ids()[0].clone();
    let path = format!("/v2/inventories/locations/{id}");
    let body = json!({ "data": { "enabled": false } });
    app.put(&path, &body).send().await.expect_status(200);
}

/// The store of `shop`, with a policy, alerts that are on, and a location that sells nothing.
async fn planned() -> TestApp {
    let app = shop().await;
    let york = json!({ "safety_stock": 1, "alerts": [{ "at": 2 }, { "at": 0 }] });
    let berlin = json!({ "alerts": [{ "at": 5 }] });
    let locations = json!({ "york": york, "berlin": berlin });
    let alerts = json!([{ "at": 12 }, { "at": 40 }]);
    let policy = json!({ "safety_stock": 5, "alerts": alerts, "locations": locations });
    set(&app, 1, policy).await;
    disable(&app, "berlin").await;
    let chair =
        json!({ "data": { "type": "product", "id": id(1), "name": "Chair", "sku": "CHAIR" } });
    let chair = app.post("/v2/products", &chair).send().await;
    chair.expect_status(201);
    app
}

#[tokio::test]
async fn shown() {
    let app = planned().await;
    app.create_stock(&id(2), 4).await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let get = |path: &str, query: &str| app.get(path).query(query).form(form);
        let one = get(&stock(1), PLANNING).send().await;
        transcript.add(format!("{form}: one"), &one);
        let plain = get(&stock(2), PLANNING).send().await;
        transcript.add(format!("{form}: without a policy"), &plain);
        let all = get(&stock(1), "include=planning,product,sequence")
            .send()
            .await;
        transcript.add(format!("{form}: with all else"), &all);
        let several = json!({ "data": [{ "id": id(2) }, { "id": id(1) }] });
        let several = app.post("/v2/inventories/multiple", &several);
        let several = several.query(PLANNING).form(form).send().await.data();
        assert_eq!(several, json!([plain.data(), one.data()]));
        for query in [PLANNING, "include=planning&sort=-total"] {
            let list = get("/v2/inventories", query).send().await.data();
            assert_eq!(list, json!([one.data(), plain.data()]));
        }
    }
    assert_snapshot!(transcript.text());
}

/// A storefront sees what can be bought, and neither what is held back nor what runs low.
#[tokio::test]
async fn shown_to_implicit_tokens() {
    let app = planned().await;
    let token = app.implicit_token().await;
    let mut transcript = Transcript::default();
    for form in FORMS {
        let one = app.get(&stock(1)).query(PLANNING).token(&token).form(form);
        let one = one.send().await;
        transcript.add(form, &one);
        let list = app.get("/v2/inventories").query(PLANNING).token(&token);
        assert_eq!(list.form(form).send().await.data(), json!([one.data()]));
        let several = json!({ "data": [{ "id": id(1) }] });
        let several = app.post("/v2/inventories/multiple", &several);
        let several = several.query(PLANNING).token(&token).form(form);
        assert_eq!(several.send().await.data(), json!([one.data()]));
        let both = app.get(&stock(1)).query("include=planning,product");
        let both = both.token(&token).form(form).send().await;
        both.expect_status(403);
    }
    assert_snapshot!(transcript.text());
}

/// Stock is shown as ever to whoever doesn't ask for more, whatever its policy.
#[tokio::test]
async fn who_does_not_ask_sees_nothing_of_it() {
    let app = shop().await;
    let paths = [
        stock(1),
        format!("{}?include=sequence", stock(1)),
        format!("{}?include=plannings,Planning", stock(1)),
        "/v2/inventories".to_owned(),
        "/v2/inventories?sort=total".to_owned(),
    ];
    let mut before = Vec::new();
    for form in FORMS {
        for path in &paths {
            before.push(app.get(path).form(form).send().await.json());
        }
    }
    set(
        &app,
        1,
        json!({ "safety_stock": 5, "alerts": [{ "at": 40 }] }),
    )
    .await;
    let mut before = before.into_iter();
    for form in FORMS {
        for path in &paths {
            let mut expected = before.next().unwrap();
            let mut after = app.get(path).form(form).send().await.json();
            // A change of the policy is a change of the stock.
            for answer in [&mut expected, &mut after] {
                let data = &mut answer["data"];
                let stock = if data.is_array() { &mut data[0] } else { data };
                if form == Form::MultiLocation {
                    stock["meta"]["timestamps"]["updated_at"].take();
                }
            }
            assert_eq!(after, expected, "{path}, {form}");
        }
    }
}

#[tokio::test]
async fn the_past_has_no_planning() {
    let app = planned().await;
    let mut transcript = Transcript::default();
    let query = "include=planning&at=2026-01-31T09:30:07Z";
    let several = json!({ "data": [{ "id": id(1) }] });
    for form in FORMS {
        for request in [
            app.get(&stock(1)),
            app.get("/v2/inventories"),
            app.post("/v2/inventories/multiple", &several),
        ] {
            let answer = request.clone().query(query).form(form).send().await;
            answer.expect_status(400);
            transcript.add(form, &answer);
            // Each alone is fine.
            for query in [PLANNING, "at=2026-01-31T09:30:07Z"] {
                let answer = request.clone().query(query).form(form).send().await;
                answer.expect_status(200);
            }
        }
    }
    assert_snapshot!(transcript.text());
}

/// The figures: `sellable` in all, outside of locations, in `berlin` and in `york`.
async fn sellable(app: &TestApp) -> [u64; 4] {
    let planning = planning(app, 1).await;
    let locations = &planning["locations"];
    [
        &planning,
        &planning["unlocated"],
        &locations["berlin"],
        &locations["york"],
    ]
    .map(|it| it["sellable"].as_u64().unwrap())
}

/// 10 pieces lie outside of locations, 5 in `berlin`, 2 in `york`.
#[tokio::test]
async fn safety_stocks_overlap() {
    let app = shop().await;
    assert_eq!(sellable(&app).await, [17, 10, 5, 2]);
    let york = |pieces: u64| json!({ "york": { "safety_stock": pieces } });
    for (policy, expected) in [
        (json!({ "safety_stock": 1 }), [16, 10, 5, 2]),
        (json!({ "locations": york(1) }), [16, 10, 5, 1]),
        (json!({ "locations": york(2) }), [15, 10, 5, 0]),
        (json!({ "safety_stock": 3 }), [14, 10, 5, 0]),
        (json!({ "locations": york(9) }), [14, 10, 5, 0]),
        (json!({ "safety_stock": 17 }), [0, 10, 5, 0]),
        (json!({ "safety_stock": 18 }), [0, 10, 5, 0]),
        (
            json!({ "safety_stock": 12, "locations": null }),
            [5, 10, 5, 2],
        ),
    ] {
        set(&app, 1, policy.clone()).await;
        assert_eq!(sellable(&app).await, expected, "{policy}");
    }
    // What is not sold from a location doesn't cover the safety stock either.
    disable(&app, "berlin").await;
    assert_eq!(sellable(&app).await, [0, 10, 0, 2]);
    set(&app, 1, json!({ "safety_stock": 2 })).await;
    assert_eq!(sellable(&app).await, [10, 10, 0, 2]);
}

#[tokio::test]
async fn expired_reservations_are_sellable_at_once() {
    let app = shop().await;
    set(&app, 1, json!({ "alerts": [{ "at": 8 }] })).await;
    let items = json!([{ "product_id": id(1), "quantity": 10 }]);
    let order = json!({ "data": { "items": items, "expires_in": 60 } });
    let order = app.post("/v2/inventories/reservations", &order);
    order.send().await.expect_status(201);
    assert_eq!(sellable(&app).await, [7, 0, 5, 2]);
    assert_found(&app, "eq(low,true)", &[1]).await;
    app.clock.advance_seconds(60);
    assert_found(&app, "eq(low,true)", &[]).await;
    assert_eq!(sellable(&app).await, [17, 10, 5, 2]);
    assert_eq!(planning(&app, 1).await["alerts_on"], json!([]));
}

/// Checks which stock a filter leaves, in both forms.
async fn assert_found(app: &TestApp, filter: &str, expected: &[u32]) {
    let expected: Vec<String> = expected.iter().copied().map(id).collect();
    for form in FORMS {
        let found = query("/v2/inventories", &[("filter", filter)]);
        let found = app.get(&found).form(form).send().await;
        assert_eq!(found.ids(), expected, "{filter}");
        let total = &found.json()["meta"]["results"]["total"];
        assert_eq!(*total, expected.len(), "{filter}");
        let sorted = [("filter", filter), ("sort", "-total")];
        let sorted = app.get(&query("/v2/inventories", &sorted)).send().await;
        let mut sorted = sorted.ids();
        sorted.sort();
        assert_eq!(sorted, expected, "{filter}");
    }
}

/// 1: an alert of a location is on. 2: none is on. 3: one of the whole stock is on. 4: no policy.
#[tokio::test]
async fn what_runs_low_is_found() {
    let app = shop().await;
    for (number, quantity) in [(2, 5), (3, 4), (4, 0)] {
        app.create_stock(&id(number), quantity).await;
    }
    let york = json!({ "york": { "alerts": [{ "at": 2 }] } });
    set(
        &app,
        1,
        json!({ "locations": york, "alerts": [{ "at": 3 }] }),
    )
    .await;
    for number in [2, 3] {
        set(
            &app,
            number,
            json!({ "alerts": [{ "at": 4, "rearm_at": 9 }] }),
        )
        .await;
    }
    for (filter, expected) in [
        ("eq(low,true)", &[1, 3][..]),
        ("eq(low,false)", &[2, 4]),
        ("in(low,true)", &[1, 3]),
        ("in(low,true,true)", &[1, 3]),
        ("in(low,true,false)", &[1, 2, 3, 4]),
        ("eq(low,true):eq(low,false)", &[]),
        ("eq(low,true):gt(available,4)", &[1]),
        ("eq(low,true):eq(location,york)", &[1]),
    ] {
        assert_found(&app, filter, expected).await;
    }
    // Between its two levels an alert stays as it was.
    app.transact(&id(2), "increment", 2).await;
    app.transact(&id(3), "increment", 3).await;
    assert_found(&app, "eq(low,true)", &[1, 3]).await;
    app.transact(&id(3), "increment", 2).await;
    app.transact_at(&id(1), "york", "increment", 1).await;
    app.transact(&id(2), "decrement", 4).await;
    assert_found(&app, "eq(low,true)", &[2]).await;
}

#[tokio::test]
async fn filters_refused() {
    let app = planned().await;
    let implicit = app.implicit_token().await;
    let mut transcript = Transcript::default();
    for (what, path, status) in [
        ("a number", "/v2/inventories?filter=eq(low,1)", 400),
        (
            "of the past",
            "/v2/inventories?filter=eq(low,true)&at=2026-01-31T09:30:07Z",
            400,
        ),
        (
            "in an export",
            "/v2/inventories/export?filter=eq(low,true)",
            400,
        ),
    ] {
        let answer = app.get(path).send().await;
        answer.expect_status(status);
        transcript.add(what, &answer);
    }
    for filter in ["in(low)", "like(low,t*)", "eq(low,True)", "is_null(low)"] {
        let path = query("/v2/inventories", &[("filter", filter)]);
        app.get(&path).send().await.expect_status(400);
    }
    for filter in ["eq(low,true)", "in(low,true,false)"] {
        let path = query("/v2/inventories", &[("filter", filter)]);
        let answer = app.get(&path).token(&implicit).send().await;
        answer.expect_status(403);
        transcript.add("an implicit token", &answer);
    }
    assert_snapshot!(transcript.text());
}
