//! `/v2/inventories/reservations/{reservation}/move`

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{PATH, Shop, item, item_at};
use crate::support::{Transcript, id};

fn step(from: &Value, to: &Value, pieces: u64) -> Value {
    json!({ "product_id": id(3), "from": from, "to": to, "quantity": pieces })
}

#[tokio::test]
async fn moved() {
    let shop = Shop::with_locations().await;
    let items = json!([item_at(3, 3, "york"), item(3, 1)]);
    let reserved = shop.reserve(&json!({ "items": items })).send().await;
    let reservation = reserved.created_id();
    let (york, leeds) = (json!("york"), json!("leeds"));
    let mut transcript = Transcript::default();
    for (items, status) in [
        (json!([]), 400),
        (json!([step(&york, &york, 1)]), 400),
        (json!([{ "product_id": id(3), "quantity": 1 }]), 400),
        (json!([step(&york, &leeds, 0)]), 400),
        (json!([step(&york, &json!("nowhere"), 1)]), 400),
        (json!([step(&york, &json!(5), 1)]), 400),
        (
            json!([{ "product_id": id(404), "from": null, "to": "york", "quantity": 1 }]),
            422,
        ),
        (json!([step(&york, &leeds, 4)]), 422),
        (json!([step(&york, &json!("berlin"), 1)]), 422),
        (
            json!([step(&york, &leeds, 2), step(&Value::Null, &york, 1)]),
            200,
        ),
    ] {
        let answer = shop.act_on(&reservation, "move", &items).await;
        answer.expect_status(status);
        transcript.add(items.to_string(), &answer);
    }
    transcript.add(
        "read",
        &shop.app.get(&format!("{PATH}/{reservation}")).send().await,
    );
    shop.act(&reservation, "release").await.expect_status(200);
    let late = shop
        .act_on(&reservation, "move", &json!([step(&leeds, &york, 1)]))
        .await;
    late.expect_status(409);
    transcript.add("released", &late);
    assert_snapshot!(transcript.text());
    assert_eq!(shop.app.figures(&id(3)).await, [12, 0, 12]);
}
