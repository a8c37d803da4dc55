//! The list of stores.

use axum::http::StatusCode;
use stockroom_domain::Name;

use crate::support::Shop;

#[tokio::test]
async fn the_organization_sees_its_stores() {
    let mut shop = Shop::of_organization().await;
    let page = shop.get("/console/organization/stores").await;
    let text = page.main().replace(&shop.store.id.to_string(), "STORE");
    insta::assert_snapshot!(text.replace(&shop.organization.id.to_string(), "ORGANIZATION"));
    let page = shop.page("/stores").await;
    assert!(page.main().contains("<span class=\"badge\">here</span>"));
}

#[tokio::test]
async fn long_lists_have_pages() {
    let mut shop = Shop::of_organization().await;
    for number in 0..60 {
        let name = Name::new("name", format!("Shop <{number}>")).unwrap();
        let store = shop.stockroom.create_store(shop.organization.id, name);
        store.await.unwrap();
    }
    let page = shop.get("/console/organization/stores").await;
    assert!(page.body.contains("Shop &#60;7&#62;") && !page.body.contains("<7>"));
    assert_eq!(page.body.matches("<tr id=\"store-").count(), 50);
    let next = &page.body[page.body.find("rel=\"next\" href=\"").unwrap() + 17..];
    let next = next[..next.find('"').unwrap()].to_owned();
    let page = shop.get(&next).await;
    assert_eq!(page.body.matches("<tr id=\"store-").count(), 11);
}

#[tokio::test]
async fn a_key_of_a_store_sees_no_stores() {
    let mut shop = Shop::open().await;
    assert_eq!(shop.page("/stores").await.status, StatusCode::NOT_FOUND);
}
