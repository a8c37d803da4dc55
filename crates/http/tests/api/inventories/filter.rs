//! Filters of the lists of stock, transactions and locations.

use serde_json::json;
use stockroom_domain::Timestamp;

use crate::support::{FORMS, Form, TestApp, id, query};

/// The clock stands at this time when the scene begins; each request is a second later.
const SCENE_STARTED_AT: &str = "2026-01-31T09:30:";

/// Checks which items of a list a filter leaves, in both forms.
async fn assert_found(app: &TestApp, list: &str, filter: &str, expected: &[String]) {
    for form in FORMS {
        let path = query(list, &[("filter", filter)]);
        let answer = app.get(&path).form(form).send().await;
        assert_eq!(answer.ids(), expected, "{filter}, {form}");
        let total = &answer.json()["meta"]["results"]["total"];
        assert_eq!(*total, expected.len(), "{filter}, {form}");
    }
}

async fn assert_refused(app: &TestApp, list: &str, filter: &str) {
    for form in FORMS {
        let answer = app
            .get(&query(list, &[("filter", filter)]))
            .form(form)
            .send()
            .await;
        answer.expect_status(400);
        assert_eq!(
            answer.json()["errors"][0]["title"],
            "Bad Request",
            "{filter}"
        );
        assert_eq!(
            answer.detail(),
            "Could not parse the supplied filter",
            "{filter}"
        );
    }
}

/// Stock 1: 10 available, unlocated. 2: 20 available and 5 allocated in `berlin`. 3: 0 in `berlin`
/// and 30 in `paris`. 4: nothing.
async fn stocks(app: &TestApp) {
    app.create_location("berlin").await;
    app.create_location("paris").await;
    for (number, data) in [
        (1, json!({ "quantity": 10 })),
        (2, json!({ "locations": { "berlin": { "available": 25 } } })),
        (
            3,
            json!({ "locations": { "berlin": { "available": 0 }, "paris": { "available": 30 } } }),
        ),
        (4, json!({})),
    ] {
        let path = format!("/v2/inventories/{}", id(number));
        let answer = app.post(&path, &json!({ "data": data })).send().await;
        answer.expect_status(201);
    }
    app.transact_at(&id(2), "berlin", "allocate", 5).await;
}

#[tokio::test]
async fn of_stock() {
    let app = TestApp::new().await;
    stocks(&app).await;
    for (filter, expected) in [
        ("eq(location,berlin)", &[2, 3][..]),
        ("eq(locations,berlin)", &[2, 3]),
        ("eq(location,paris)", &[3]),
        ("eq(location,rome)", &[]),
        ("eq(location,Berlin)", &[]),
        ("in(location,paris,rome)", &[3]),
        ("in(location,paris,berlin)", &[2, 3]),
        ("like(location,*ar*)", &[3]),
        ("like(location,ber*)", &[2, 3]),
        ("like(location,*lin)", &[2, 3]),
        ("like(location,berlin)", &[2, 3]),
        ("like(location,ber)", &[]),
        ("like(location,*)", &[2, 3]),
        ("is_null(location)", &[1, 4]),
        ("is_null(locations)", &[1, 4]),
        ("eq(available,10)", &[1]),
        ("in(available,10,0,99)", &[1, 4]),
        ("gt(available,10)", &[2, 3]),
        ("ge(available,10)", &[1, 2, 3]),
        ("lt(available,10)", &[4]),
        ("le(available,10)", &[1, 4]),
        ("eq(allocated,5)", &[2]),
        ("gt(allocated,0)", &[2]),
        ("eq(total,25)", &[2]),
        ("ge(total,25)", &[2, 3]),
        ("gt(total,-1)", &[1, 2, 3, 4]),
        ("gt(total,9007199254740991)", &[]),
        ("gt(total,9223372036854775807)", &[]),
        ("eq(location,berlin):gt(available,25)", &[3]),
        ("eq(location,berlin):eq(location,paris)", &[3]),
        ("gt(available,10):lt(available,30):eq(allocated,5)", &[2]),
        ("eq( location , 'berlin' )", &[2, 3]),
        (r#"eq(location,"berlin")"#, &[2, 3]),
        (r"eq(location,b\erlin)", &[2, 3]),
    ] {
        let expected: Vec<String> = expected.iter().copied().map(id).collect();
        assert_found(&app, "/v2/inventories", filter, &expected).await;
    }
    let several = format!("in(id,{},{},{})", id(3), id(1), id(9));
    assert_found(&app, "/v2/inventories", &several, &[id(1), id(3)]).await;
    let one = format!("eq(id,'{}')", id(2).to_uppercase());
    assert_found(&app, "/v2/inventories", &one, &[id(2)]).await;
    let ten = ["ge(total,0)"; 10].join(":");
    assert_found(&app, "/v2/inventories", &ten, &[1, 2, 3, 4].map(id)).await;
}

#[tokio::test]
async fn of_stock_by_time() {
    let app = TestApp::new().await;
    stocks(&app).await;
    let stock = app.stock(&id(3)).await;
    let third = stock["meta"]["timestamps"]["created_at"].as_str().unwrap();
    assert!(third.starts_with(SCENE_STARTED_AT), "{third}");
    let second = app.stock(&id(2)).await["meta"]["timestamps"]["updated_at"].take();
    let second = second.as_str().unwrap();
    // The same instant in milliseconds, and with another offset.
    let third_ms = Timestamp::from_rfc3339(third).unwrap().as_milliseconds();
    let elsewhere = third.replace("T09:", "T11:").replace('Z', "+02:00");
    for (filter, expected) in [
        (format!("eq(created_at,{third})"), &[3][..]),
        (format!("eq(created_at,'{elsewhere}')"), &[3]),
        (format!("eq(created_at,{third_ms})"), &[3]),
        (format!("in(created_at,{third_ms},0)"), &[3]),
        (format!("gt(created_at,{third})"), &[4]),
        (format!("ge(created_at,{third})"), &[3, 4]),
        (format!("lt(created_at,{third})"), &[1, 2]),
        (format!("le(created_at,{third})"), &[1, 2, 3]),
        (format!("eq(updated_at,{second})"), &[2]),
        (format!("ge(updated_at,{second})"), &[2]),
        ("ge(created_at,2026-01-31)".to_owned(), &[1, 2, 3, 4]),
        ("ge(created_at,2026-02-01)".to_owned(), &[]),
        ("lt(updated_at,2026-01-31)".to_owned(), &[]),
    ] {
        let expected: Vec<String> = expected.iter().copied().map(id).collect();
        assert_found(&app, "/v2/inventories", &filter, &expected).await;
    }
}

#[tokio::test]
async fn of_stock_refused() {
    let app = TestApp::new().await;
    stocks(&app).await;
    for filter in [
        "eq(name,berlin)",
        "eq(name,1)",
        "gt(location,berlin)",
        "like(location,b*n)",
        "like(location,a,b)",
        "is_null(available)",
        "is_null(id)",
        "is_null(location,x)",
        "like(id,15*)",
        "gt(id,15fbeab0-75a3-4d6b-b23b-000000000001)",
        "eq(id,5)",
        "eq(available,ten)",
        "eq(available,5.0)",
        "eq(available,'')",
        "eq(available,1,2)",
        "eq(available)",
        "in(available)",
        "like(available,5*)",
        "eq(available,9223372036854775808)",
        "eq(created_at,yesterday)",
        "eq(created_at,2026-02-30)",
        "eq(created_at,31.01.2026)",
        "is_null(created_at)",
        "like(created_at,2026*)",
        "ne(available,5)",
        "EQ(available,5)",
        "eq(Available,5)",
        "eq(available,5) ",
        "eq (available,5)",
        "eq(available,5)and(total,5)",
        "eq(available,5):",
        "eq(available,5)::eq(total,5)",
        "",
    ] {
        assert_refused(&app, "/v2/inventories", filter).await;
    }
}

#[tokio::test]
async fn of_transactions() {
    let app = TestApp::new().await;
    app.create_location("berlin").await;
    app.create_stock(&id(1), 10).await;
    app.transact(&id(1), "increment", 5).await;
    app.transact_at(&id(1), "berlin", "increment", 20).await;
    app.transact_at(&id(1), "berlin", "allocate", 5).await;
    app.transact(&id(1), "decrement", 5).await;
    app.transact_at(&id(1), "berlin", "deallocate", 1).await;
    let list = format!("/v2/inventories/{}/transactions", id(1));
    let all = app.get(&list).send().await.ids();
    for (filter, expected) in [
        ("eq(location,berlin)", &[2, 3, 5][..]),
        ("is_null(location)", &[0, 1, 4]),
        ("like(location,*li*)", &[2, 3, 5]),
        ("in(location,rome,berlin)", &[2, 3, 5]),
        ("eq(quantity,5)", &[1, 3, 4]),
        ("in(quantity,1,20)", &[2, 5]),
        ("gt(quantity,5)", &[0, 2]),
        ("le(quantity,5)", &[1, 3, 4, 5]),
        ("eq(action,allocate)", &[3]),
        ("in(action,allocate,decrement)", &[3, 4]),
        ("like(action,*allocate)", &[3, 5]),
        ("eq(action,nothing)", &[]),
        ("eq(action,set)", &[]),
        ("ge(created_at,2026-01-31)", &[0, 1, 2, 3, 4, 5]),
        ("lt(created_at,1769851800000)", &[]),
        ("eq(quantity,5):eq(location,berlin)", &[3]),
    ] {
        let expected: Vec<String> = expected.iter().map(|index| all[*index].clone()).collect();
        assert_found(&app, &list, filter, &expected).await;
    }
    for filter in [
        "eq(available,5)",
        "gt(action,allocate)",
        "is_null(action)",
        "is_null(quantity)",
        "like(quantity,5*)",
        "eq(id,15fbeab0-75a3-4d6b-b23b-000000000001)",
        "eq(locations,berlin)",
        "eq(updated_at,2026-01-31)",
    ] {
        assert_refused(&app, &list, filter).await;
    }
}

#[tokio::test]
async fn actions_are_compared_with_what_the_form_shows() {
    let app = TestApp::new().await;
    app.create_stock(&id(1), 10).await;
    app.transact(&id(1), "increment", 5).await;
    let list = format!("/v2/inventories/{}/transactions", id(1));
    let all = app.get(&list).send().await.ids();
    for (filter, form, expected) in [
        ("eq(action,create)", Form::Basic, &all[..1]),
        ("eq(action,create)", Form::MultiLocation, &[]),
        ("eq(action,increment)", Form::Basic, &all[1..]),
        ("eq(action,increment)", Form::MultiLocation, &all[..]),
        ("like(action,cre*)", Form::Basic, &all[..1]),
        ("like(action,cre*)", Form::MultiLocation, &[]),
        ("like(action,*ement)", Form::MultiLocation, &all[..]),
    ] {
        let answer = app
            .get(&query(&list, &[("filter", filter)]))
            .form(form)
            .send()
            .await;
        assert_eq!(answer.ids(), expected, "{filter}, {form}");
    }
}

#[tokio::test]
async fn of_locations() {
    let app = TestApp::new().await;
    for (name, slug, external_ref) in [
        ("Berlin Mitte", "berlin-1", json!("WH*1")),
        ("Berlin, Nord", "berlin_2", json!("wh2")),
        ("Paris", "paris", json!(null)),
    ] {
        let data = json!({ "name": name, "slug": slug, "external_ref": external_ref });
        let body = json!({ "data": data });
        let answer = app.post("/v2/inventories/locations", &body).send().await;
        answer.expect_status(201);
    }
    let list = "/v2/inventories/locations";
    let all = app.get(list).send().await.ids();
    for (filter, expected) in [
        ("eq(name,Paris)", &[2][..]),
        ("eq(name,paris)", &[]),
        ("eq(name,Berlin Mitte)", &[0]),
        ("eq(name,'Berlin, Nord')", &[1]),
        (r"eq(name,Berlin\, Nord)", &[1]),
        ("like(name,Berlin*)", &[0, 1]),
        ("like(name,*i*)", &[0, 1, 2]),
        ("in(name,Paris,'Berlin Mitte')", &[0, 2]),
        ("eq(slug,paris)", &[2]),
        // Nothing but an asterisk is special in a pattern.
        ("like(slug,berlin_*)", &[1]),
        ("like(slug,%)", &[]),
        ("in(slug,paris,berlin-1)", &[0, 2]),
        ("eq(external_ref,wh2)", &[1]),
        (r"like(external_ref,WH\*1)", &[0]),
        (r"like(external_ref,*\**)", &[0]),
        ("is_null(external_ref)", &[2]),
        ("like(external_ref,*)", &[0, 1]),
        ("like(name,B*):is_null(external_ref)", &[]),
    ] {
        let expected: Vec<String> = expected.iter().map(|index| all[*index].clone()).collect();
        assert_found(&app, list, filter, &expected).await;
    }
    for filter in [
        "is_null(name)",
        "is_null(slug)",
        "gt(name,A)",
        "eq(description,x)",
        "eq(id,15fbeab0-75a3-4d6b-b23b-000000000001)",
        "eq(created_at,2026-01-31)",
        "like(name,B*n)",
    ] {
        assert_refused(&app, list, filter).await;
    }
}

#[tokio::test]
async fn a_renamed_location_is_found_by_the_name_that_it_has_now() {
    let app = TestApp::new().await;
    stocks(&app).await;
    let berlin = app.get("/v2/inventories/locations").send().await.ids()[0].clone();
    let body = json!({ "data": { "slug": "spree" } });
    let path = format!("/v2/inventories/locations/{berlin}");
    app.put(&path, &body).send().await.expect_status(200);
    assert_found(&app, "/v2/inventories", "eq(location,berlin)", &[]).await;
    assert_found(
        &app,
        "/v2/inventories",
        "eq(location,spree)",
        &[id(2), id(3)],
    )
    .await;
    let history = format!("/v2/inventories/{}/transactions", id(2));
    let all = app.get(&history).send().await.ids();
    assert_found(&app, &history, "eq(location,spree)", &all).await;
}
