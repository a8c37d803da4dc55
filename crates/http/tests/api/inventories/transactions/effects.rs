//! `POST /v2/inventories/{product}/transactions`: what it does.

use serde_json::{Value, json};

use crate::support::{FORMS, Form, QUANTITY_MAX, TestApp, id};

/// Makes a transaction on stock with these figures, all in one position; gives the status and the
/// figures afterwards.
async fn on(figures: [u64; 2], action: &str, quantity: u64, located: bool) -> (u16, [u64; 3]) {
    let app = TestApp::new().await;
    app.create_location("berlin").await;
    app.create_stock(&id(1), 0).await;
    let [available, allocated] = figures;
    let location = located.then_some("berlin");
    let transact = async |action: &str, quantity: u64| {
        let mut data = json!({ "action": action, "quantity": quantity });
        if let Some(location) = location {
            data["location"] = json!(location);
        }
        let path = format!("/v2/inventories/{}/transactions", id(1));
        app.post(&path, &json!({ "data": data })).send().await
    };
    transact("increment", available + allocated)
        .await
        .expect_status(200);
    transact("allocate", allocated).await.expect_status(200);
    let before = app.readings().await;
    let answer = transact(action, quantity).await;
    if answer.status != 200 {
        assert_eq!(
            app.readings().await,
            before,
            "refused, and yet something changed"
        );
    }
    (answer.status, app.figures(&id(1)).await)
}

#[tokio::test]
async fn each_action_at_its_limits() {
    const MAX: u64 = QUANTITY_MAX;
    for (figures, action, quantity, status, expected) in [
        ([7, 3], "increment", 0, 200, [7, 3]),
        ([7, 3], "increment", 5, 200, [12, 3]),
        ([7, 3], "increment", MAX - 10, 200, [MAX - 3, 3]),
        ([7, 3], "increment", MAX - 9, 422, [7, 3]),
        ([7, 3], "increment", MAX, 422, [7, 3]),
        ([7, 3], "decrement", 0, 200, [7, 3]),
        ([7, 3], "decrement", 7, 200, [0, 3]),
        ([7, 3], "decrement", 8, 422, [7, 3]),
        ([7, 3], "decrement", MAX, 422, [7, 3]),
        ([7, 3], "allocate", 0, 200, [7, 3]),
        ([7, 3], "allocate", 7, 200, [0, 10]),
        ([7, 3], "allocate", 8, 422, [7, 3]),
        ([7, 3], "deallocate", 0, 200, [7, 3]),
        ([7, 3], "deallocate", 3, 200, [10, 0]),
        ([7, 3], "deallocate", 4, 422, [7, 3]),
        ([7, 3], "set", 10, 200, [7, 3]),
        ([7, 3], "set", 25, 200, [22, 3]),
        ([7, 3], "set", 3, 200, [0, 3]),
        ([7, 3], "set", 2, 422, [7, 3]),
        ([7, 3], "set", 0, 422, [7, 3]),
        ([7, 3], "set", MAX, 200, [MAX - 3, 3]),
        ([0, 0], "set", 0, 200, [0, 0]),
        ([MAX, 0], "increment", 1, 422, [MAX, 0]),
        ([MAX, 0], "allocate", MAX, 200, [0, MAX]),
        ([0, MAX], "deallocate", MAX, 200, [MAX, 0]),
    ] {
        for located in [false, true] {
            let [available, allocated] = expected;
            let expected = [available, allocated, available + allocated];
            let found = on(figures, action, quantity, located).await;
            assert_eq!(
                found,
                (status, expected),
                "{action} {quantity} on {figures:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_set_is_recorded_as_what_it_amounts_to() {
    for form in FORMS {
        let app = TestApp::new().await;
        app.create_stock(&id(1), 10).await;
        for (total, action, quantity) in [
            (15, "increment", 5),
            (12, "decrement", 3),
            (12, "increment", 0),
            (0, "decrement", 12),
        ] {
            let path = format!("/v2/inventories/{}/transactions", id(1));
            let body = json!({ "data": { "action": "set", "quantity": total } });
            let answered = app.post(&path, &body).form(form).send().await.data();
            let listed = app.get(&path).form(form).send().await.data();
            assert_eq!(listed.as_array().unwrap().last(), Some(&answered));
            let fields = match form {
                Form::Basic => &answered,
                Form::MultiLocation => &answered["attributes"],
            };
            assert_eq!(fields["action"], action);
            assert_eq!(fields["quantity"], quantity);
        }
    }
}

#[tokio::test]
async fn positions_are_apart() {
    let app = TestApp::new().await;
    let scene = app.scene().await;
    let refused = json!({ "data": { "action": "decrement", "quantity": 71 } });
    let path = format!("/v2/inventories/{}/transactions", scene.stocked);
    // 90 are available, but not in one place.
    app.post(&path, &refused).send().await.expect_status(422);
    app.transact_at(&scene.stocked, "berlin", "allocate", 20)
        .await;
    app.transact_at(&scene.stocked, "empty", "set", 4).await;
    app.transact(&scene.stocked, "decrement", 70).await;
    let stock = app.stock(&scene.stocked).await;
    assert_eq!(
        stock["attributes"],
        json!({
            "available": 4,
            "allocated": 30,
            "total": 34,
            "locations": {
                "berlin": { "available": 0, "allocated": 20, "total": 20 },
                "empty": { "available": 4, "allocated": 0, "total": 4 },
            },
        })
    );
}

#[tokio::test]
async fn the_limit_holds_for_the_whole_total() {
    let app = TestApp::new().await;
    app.create_location("berlin").await;
    app.create_stock(&id(1), QUANTITY_MAX - 5).await;
    let path = format!("/v2/inventories/{}/transactions", id(1));
    for (action, quantity, status) in [
        ("increment", 6, 422),
        ("set", 6, 422),
        ("increment", 5, 200),
        ("increment", 1, 422),
        ("set", 5, 200),
        ("set", 6, 422),
    ] {
        let data = json!({ "action": action, "quantity": quantity, "location": "berlin" });
        let answer = app.post(&path, &json!({ "data": data })).send().await;
        answer.expect_status(status);
    }
    assert_eq!(app.figures(&id(1)).await[2], QUANTITY_MAX);
}

#[tokio::test]
async fn history_refers_to_the_location_and_not_to_its_name() {
    let app = TestApp::new().await;
    let berlin = app.create_location("berlin").await;
    app.create_stock(&id(1), 0).await;
    app.transact_at(&id(1), "berlin", "increment", 5).await;
    let update = json!({ "data": { "slug": "spree" } });
    let path = format!("/v2/inventories/locations/{berlin}");
    app.put(&path, &update).send().await.expect_status(200);
    // The old name is free for another location.
    app.create_location("berlin").await;
    app.transact_at(&id(1), "spree", "increment", 1).await;
    app.transact_at(&id(1), "berlin", "increment", 2).await;
    let path = format!("/v2/inventories/{}/transactions", id(1));
    let entries = app.get(&path).form(Form::MultiLocation).send().await.data();
    let places: Vec<&Value> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["attributes"]["location"])
        .collect();
    assert_eq!(
        places,
        [
            &Value::Null,
            &json!("spree"),
            &json!("spree"),
            &json!("berlin")
        ]
    );
    let stock = app.stock(&id(1)).await;
    let spree = &stock["attributes"]["locations"]["spree"]["available"];
    assert_eq!(*spree, 6);
}
