//! Requests that no well-meaning client sends: refused, never failing, and without a trace.

use serde_json::json;

use crate::support::{FORMS, TestApp, id, query};

#[tokio::test]
async fn filters_that_are_bombs() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let lists = [
        "/v2/inventories".to_owned(),
        format!("/v2/inventories/{}/transactions", scene.stocked),
        "/v2/inventories/locations".to_owned(),
        "/v2/inventories/reservations".to_owned(),
    ];
    let stars = format!("like(name,{}a)", "*".repeat(4_000));
    for path in &lists {
        for filter in [
            &["eq(location,berlin)"; 11].join(":"),
            &format!("eq(slug,{})", "x".repeat(8 * 1024)),
            &"(".repeat(8_000),
            &format!("eq{}", "(".repeat(8_000)),
            &format!("eq({}a{})", "(".repeat(4_000), ")".repeat(4_000)),
            &":".repeat(8_000),
            &"eq(location,".repeat(600),
            &stars,
            "eq(location,'",
            r"eq(location,\",
            "eq(\0,\0)",
            "eq(location,berlin); DROP TABLE stocks",
        ] {
            for form in FORMS {
                let answer = app
                    .get(&query(path, &[("filter", filter)]))
                    .form(form)
                    .send()
                    .await;
                answer.expect_status(400);
                assert_eq!(answer.detail(), "Could not parse the supplied filter");
                assert_eq!(answer.json()["errors"][0]["title"], "Bad Request");
            }
        }
        // Its bytes are no UTF-8.
        let answer = app
            .get(&format!("{path}?filter=eq(slug,%ff%fe)"))
            .send()
            .await;
        assert!([200, 400].contains(&answer.status));
    }
}

#[tokio::test]
async fn pages_that_are_none() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    for path in [
        "/v2/inventories",
        &format!("/v2/inventories/{}/transactions", scene.stocked),
        "/v2/inventories/locations",
        "/v2/inventories/reservations",
        &format!("/v2/inventories/{}/holds", scene.reserved),
        "/v2/products",
        "/v2/application-keys",
    ] {
        for (name, value) in [
            ("page[limit]", "101"),
            ("page[limit]", "-1"),
            ("page[limit]", "1.0"),
            ("page[limit]", "ten"),
            ("page[limit]", ""),
            ("page[limit]", "+5"),
            ("page[limit]", "99999999999999999999999"),
            ("page[offset]", "10001"),
            ("page[offset]", "-1"),
            ("page[offset]", "1e3"),
            ("page[offset]", " 1"),
            ("page[offset]", "18446744073709551616"),
        ] {
            for form in FORMS {
                let encoded = app
                    .get(&query(path, &[(name, value)]))
                    .form(form)
                    .send()
                    .await;
                encoded.expect_status(400);
                let plain = format!("{path}?{name}={}", value.replace(' ', "%20"));
                let plain = app.get(&plain).form(form).send().await;
                assert_eq!(plain.text(), encoded.text(), "{name}={value}");
            }
        }
        for twice in [
            "page[limit]=1&page[limit]=2",
            "page[offset]=1&page%5Boffset%5D=1",
        ] {
            app.get(&format!("{path}?{twice}"))
                .send()
                .await
                .expect_status(400);
        }
        for fine in [
            "page[limit]=0",
            "page[limit]=100",
            "page[offset]=10000",
            "page[limit]=001",
            "unknown=1&unknown=2",
            "page[number]=5",
            "page=5",
            "&&&=",
        ] {
            app.get(&format!("{path}?{fine}"))
                .send()
                .await
                .expect_status(200);
        }
    }
}

#[tokio::test]
async fn slugs_that_name_no_location() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let long = "x".repeat(129);
    for slug in [
        "nowhere",
        "Berlin",
        "",
        " ",
        "ber lin",
        "../",
        "../../etc/passwd",
        "berlin\0",
        "bérlin",
        "%62erlin",
        "'; --",
        &long,
    ] {
        let transact = format!("/v2/inventories/{}/transactions", scene.stocked);
        let put = format!("/v2/inventories/{}", scene.stocked);
        for form in FORMS {
            for action in ["increment", "decrement", "allocate", "deallocate", "set"] {
                let body = json!({
                    "data": { "action": action, "quantity": 1, "location": slug }
                });
                app.post(&transact, &body)
                    .form(form)
                    .send()
                    .await
                    .expect_status(400);
            }
            for figures in [json!({ "available": 1 }), json!(null)] {
                let body = json!({ "data": { "attributes": { "locations": { slug: figures } } } });
                app.put(&put, &body)
                    .form(form)
                    .send()
                    .await
                    .expect_status(400);
            }
            let body = json!({
                "data": { "id": id(7), "attributes": { "locations": { slug: { "available": 1 } } } }
            });
            app.post("/v2/inventories", &body)
                .form(form)
                .send()
                .await
                .expect_status(400);
        }
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn slugs_that_no_location_may_have() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let before = app.readings().await;
    let long = json!("x".repeat(129));
    for slug in [
        json!(""),
        json!(" "),
        json!("ber lin"),
        json!("../"),
        json!("a/b"),
        json!("a.b"),
        json!("bérlin"),
        json!("a\0"),
        json!(5),
        json!(null),
        json!(["a"]),
        json!({}),
        long,
    ] {
        let body = json!({ "data": { "attributes": { "name": "Name", "slug": slug } } });
        let create = app.post("/v2/inventories/locations", &body).send().await;
        create.expect_status(400);
        let path = format!("/v2/inventories/locations/{}", scene.location);
        app.put(&path, &body).send().await.expect_status(400);
    }
    assert_eq!(app.readings().await, before);
    app.create_location(&"x".repeat(128)).await;
    app.create_location("AZaz09-_").await;
}
