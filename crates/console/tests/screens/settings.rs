//! The organization's settings.

use axum::http::StatusCode;

use crate::support::Shop;

impl Shop {
    async fn is_per_store(&self) -> bool {
        let owner = self.owner();
        let settings = self.stockroom.settings(owner.administrator());
        settings.await.unwrap().per_store_stock
    }
}

#[tokio::test]
async fn the_organization_changes_its_settings() {
    let mut shop = Shop::of_organization().await;
    let page = shop.page("/settings").await;
    insta::assert_snapshot!(page.main().replace(&shop.store.id.to_string(), "STORE"));
    let fields = [("per_store_stock", "on")];
    let page = shop.do_and_see("/settings", &fields).await;
    assert!(page.body.contains("Saved."));
    assert!(page.body.contains("value=\"on\" checked"));
    assert!(shop.is_per_store().await);
    let page = shop.do_and_see("/settings", &fields).await;
    assert!(page.body.contains("Nothing was to be changed."));
    shop.do_and_see("/settings", &[]).await;
    assert!(!shop.is_per_store().await);
}

#[tokio::test]
async fn a_store_sees_the_settings_and_changes_none() {
    let mut shop = Shop::open().await;
    let page = shop.page("/settings").await;
    insta::assert_snapshot!(page.main());
    let fields = [("per_store_stock", "on")];
    let answer = shop.post("/settings", &fields).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    shop.look_only().await;
    assert!(!shop.page("/settings").await.main().contains("Only one of"));
    let answer = shop.post("/settings", &fields).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(!shop.is_per_store().await);
}
