//! The first page.

use axum::http::StatusCode;
use stockroom_domain::{
    Count, CountStock, ExpiresIn, ItemPlace, OrderId, Owner, ProductId, Quantity, ReservationItem,
    Reserve, Transact, TransactionAction,
};

use crate::support::{Shop, product};

async fn reserve(shop: &Shop, order: &str, number: ProductId) -> stockroom_domain::ReservationId {
    let request = Reserve {
        order: Some(OrderId::new("order_id", order).unwrap()),
        expires_in: ExpiresIn::default(),
        items: vec![ReservationItem {
            product: number,
            place: ItemPlace::Unnamed,
            quantity: Quantity::new(1).unwrap(),
        }],
        sourcing: None,
    };
    let reserved = shop.stockroom.execute(&shop.owner(), request).await;
    reserved.unwrap().reservation.id
}

#[tokio::test]
async fn the_first_page_shows_what_needs_an_eye() {
    let mut shop = Shop::open().await;
    let owner = shop.owner();
    let paid = reserve(&shop, "paid <1>", product(1)).await;
    shop.stockroom.pay_reservation(&owner, paid).await.unwrap();
    let next = reserve(&shop, "next <2>", product(3)).await;
    let sale = Transact::new(
        product(1),
        TransactionAction::Decrement,
        Quantity::new(2).unwrap(),
    );
    let sold = shop.stockroom.execute(&owner, sale).await.unwrap();
    let undone = shop.stockroom.undo(&owner, product(1), sold.entry.id).await;
    undone.unwrap();
    let count = CountStock {
        count: Count {
            product: product(1),
            location: Some("berlin".to_owned()),
            counted: Quantity::new(4).unwrap(),
            reference: None,
        },
        as_of: None,
    };
    shop.stockroom.execute(&owner, count).await.unwrap();
    let page = shop.page("/").await;
    assert_eq!(page.status, StatusCode::OK);
    let main = page
        .main()
        .replace(&shop.store.id.to_string(), "STORE")
        .replace(&paid.to_string(), "PAID")
        .replace(&next.to_string(), "NEXT");
    insta::assert_snapshot!(main);
    for text in ["<1>", "<2>", "<paper>"] {
        assert!(!page.body.contains(text), "{text}");
    }
}

#[tokio::test]
async fn a_new_shop_is_told_how_to_begin() {
    let mut shop = Shop::closed().await;
    let key = shop.key.clone();
    shop.sign_in(&key).await;
    let page = shop.page("/").await;
    assert_eq!(page.status, StatusCode::OK);
    let main = page.main().replace(&shop.store.id.to_string(), "STORE");
    insta::assert_snapshot!(main);
}

#[tokio::test]
async fn each_level_has_its_own() {
    let mut shop = Shop::of_organization().await;
    let page = shop.get("/console/organization/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("How to begin"));
    assert!(!page.main().contains("Espresso"));
    let page = shop.page("/").await;
    assert!(page.body.contains("Espresso") && !page.body.contains("How to begin"));

    let name = stockroom_domain::Name::new("name", "Another").unwrap();
    let other = shop.stockroom.create_store(shop.organization.id, name);
    let other = other.await.unwrap();
    assert!(
        shop.operator(Owner::Store(other.id))
            .caller()
            .is_administrator()
    );
    let key = shop.key.clone();
    shop.sign_in(&key).await;
    let path = format!("/console/stores/{}/", other.id);
    assert_eq!(shop.get(&path).await.status, StatusCode::NOT_FOUND);
}
