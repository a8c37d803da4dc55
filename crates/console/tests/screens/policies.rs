//! Safety stock and alerts.

use axum::http::StatusCode;

use crate::counts::hidden;
use crate::product::page_of;
use crate::support::Shop;

#[tokio::test]
async fn a_policy_is_set_and_shown_where_it_matters() {
    let mut shop = Shop::open().await;
    let policy = page_of(1, "/policy");
    let page = shop.page(&policy).await;
    assert_eq!(page.status, StatusCode::OK);
    let fields = [
        ("seen", ""),
        ("safety_stock.", "4"),
        ("alerts.", "20/25, 0"),
        ("safety_stock.berlin", "1"),
        ("alerts.berlin", ""),
    ];
    let page = shop.do_and_see(&policy, &fields).await;
    let main = page.main();
    assert!(main.contains("Saved."), "{main}");
    assert!(main.contains("20/25, 0/1"), "{main}");
    assert!(main.contains("low</span>"), "{main}");
    assert_eq!(hidden(&page, "seen"), ":4:20/25, 0/1;berlin:1:");
    let product = shop.page(&page_of(1, "")).await.main();
    assert!(product.contains("May be sold") && product.contains("low</span>"));
    let listed = shop.page("/stock?show=low").await.main();
    assert!(listed.contains(&page_of(1, "")) && !listed.contains(&page_of(2, "")));
    assert!(!listed.contains("/export"));
    let overview = shop.page("/").await.main();
    assert!(overview.contains("id=\"low-"), "{overview}");
    let export = shop.page("/export?show=low").await;
    assert_eq!(export.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_policy_that_is_refused_is_shown_again_with_the_reason() {
    let mut shop = Shop::open().await;
    let policy = page_of(1, "/policy");
    for (fields, status, told) in [
        (
            [("seen", ""), ("safety_stock.", "many"), ("alerts.", "")],
            StatusCode::BAD_REQUEST,
            "“many”, the safety stock of the whole stock",
        ),
        (
            [("seen", ""), ("safety_stock.", "1"), ("alerts.", "5/5")],
            StatusCode::BAD_REQUEST,
            "“5/5”, an alert of the whole stock",
        ),
        (
            [("seen", ":9:"), ("safety_stock.", "1"), ("alerts.", "")],
            StatusCode::CONFLICT,
            "Somebody has changed this policy",
        ),
        (
            [("seen", ""), ("safety_stock.nowhere", "1"), ("alerts.", "")],
            StatusCode::BAD_REQUEST,
            "nowhere",
        ),
    ] {
        let page = shop.post(&policy, &fields).await;
        assert_eq!(page.status, status, "{told}: {}", page.main());
        let main = page.main().replace("&#39;", "'");
        assert!(main.contains(told), "{told}: {main}");
        assert!(main.contains("Nothing was saved."), "{main}");
    }
    let unknown = page_of(77, "/policy");
    assert_eq!(shop.page(&unknown).await.status, StatusCode::NOT_FOUND);
}
