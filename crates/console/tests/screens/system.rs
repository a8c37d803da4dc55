//! The server and its database.

use axum::http::StatusCode;

use crate::support::{Shop, product, registered};

#[tokio::test]
async fn the_page_says_how_the_server_is() {
    let mut shop = Shop::open().await;
    let page = shop.page("/system").await;
    let version = env!("CARGO_PKG_VERSION");
    insta::assert_snapshot!(
        page.main()
            .replace(version, "VERSION")
            .replace(&shop.store.id.to_string(), "STORE")
    );
    let mut shop = Shop::of_organization().await;
    let page = shop.get("/console/organization/system").await;
    let organization = shop.organization.id;
    let command = format!("stockroom verify --organization {organization}");
    assert!(page.body.contains(&command));
    assert!(page.body.contains("/organization/stores\">1</a>"));
}

#[tokio::test]
async fn the_stock_of_a_product_is_verified() {
    let mut shop = Shop::open().await;
    let page = shop.page("/system?product=BEAN-1").await;
    assert_eq!(page.status, StatusCode::OK);
    let main = page.main();
    assert!(
        main.contains("<span class=\"badge good\">intact</span> <bdi>Espresso beans, 1 kg</bdi>")
    );
    assert!(main.contains("2 entries were recomputed"), "{main}");
    assert!(main.contains("Hash of the last entry: <code>"));
    let ledger = shop.path(&format!("/products/{}/ledger", product(1)));
    assert!(main.contains(&format!("href=\"{ledger}\"")));
    // A key that may only look may verify, too.
    shop.look_only().await;
    let page = shop.page(&format!("/system?product={}", product(2))).await;
    assert!(
        page.main()
            .contains("intact</span> <bdi>Filter &#60;paper&#62;")
    );
}

#[tokio::test]
async fn what_cannot_be_verified_is_told() {
    let mut shop = Shop::open().await;
    let owner = shop.owner();
    let request = registered(9, "Without stock");
    shop.stockroom.execute(&owner, request).await.unwrap();
    let id = product(9);
    for (text, status, told) in [
        (
            "%3CX%3E".to_owned(),
            StatusCode::BAD_REQUEST,
            "No product has the id or SKU “&#60;X&#62;”.",
        ),
        (
            id.to_string(),
            StatusCode::NOT_FOUND,
            "There is no stock of “",
        ),
        (
            product(77).to_string(),
            StatusCode::NOT_FOUND,
            "There is no stock of “",
        ),
    ] {
        let page = shop.page(&format!("/system?product={text}")).await;
        assert_eq!(page.status, status, "{text}");
        assert!(page.body.contains(told), "{}", page.main());
    }
}
