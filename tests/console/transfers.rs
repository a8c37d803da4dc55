//! A delivery: made, received line by line, and put right, with scripts and without.

use fantoccini::key::Key;

use super::browser::{Browser, click, fill, find, see};
use super::screens::{assert_for_everybody, axe};

/// The products of the delivery.
const SKUS: [&str; 3] = ["COF-ETH-250", "COF-ETH-1000", "COF-COL-250"];

/// Expects a delivery of ten pieces of each product, and gives the address of its page.
pub(super) async fn order(browser: &Browser) -> String {
    let page = &browser.page;
    page.goto(&browser.url("/transfers/new?kind=delivery"))
        .await
        .unwrap();
    fill(page, "#from", "Finca & Söhne").await;
    fill(page, "#to", "warehouse").await;
    for (line, sku) in SKUS.iter().enumerate() {
        fill(page, &format!("[name='product.{line}']"), sku).await;
        fill(page, &format!("[name='quantity.{line}']"), "10").await;
    }
    click(page, "main button.primary").await;
    see(page, "main h1", "Delivery from Finca & Söhne").await;
    let url = page.current_url().await.unwrap().to_string();
    url.split('?').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_delivery_is_received_by_keyboard() {
    let browser = Browser::open(true).await;
    let page = &browser.page;
    let keys = |keys: &'static [Key], text: &'static str| async move {
        let keys: String = keys.iter().map(|key| char::from(*key)).collect();
        let field = page.active_element().await.unwrap();
        field.send_keys(&format!("{keys}{text}")).await.unwrap();
    };
    order(&browser).await;
    click(page, ".actions a.primary").await;
    find(page, "[name='received.0']:focus").await;
    // The second line is two short; of the third, a piece is damaged, and one is too many.
    keys(&[Key::Down], "8").await;
    keys(&[Key::Down], "9").await;
    keys(&[Key::Tab], "1").await;
    keys(&[Key::Tab, Key::Tab], "1").await;
    keys(&[Key::Enter], "").await;
    let told = "The receipt is entered: 27 received, 1 damaged, 1 surplus.";
    see(page, ".message", told).await;
    see(page, "#line-1 strong", "2").await;
    click(page, ".message button").await;
    see(page, ".message", "The receipt is undone.").await;
    see(page, "#line-1 strong", "10").await;
    browser.close().await;
}

#[tokio::test]
async fn a_delivery_is_received_without_scripts() {
    let browser = Browser::open(false).await;
    let page = &browser.page;
    order(&browser).await;
    click(page, ".actions a.primary").await;
    find(page, "[name='received.0']:focus").await;
    fill(page, "[name='damaged.2']", "1").await;
    click(page, "main button.primary").await;
    see(page, "#fault-2", "and only").await;
    fill(page, "[name='received.2']", "9").await;
    click(page, "main button.primary").await;
    see(page, ".message", "29").await;
    see(page, "main .badge.good", "received").await;
    click(page, "#main .timeline .confirm summary").await;
    click(page, "#main .timeline .confirm button").await;
    see(page, ".message", "The receipt is undone.").await;
    browser.close().await;
}

#[tokio::test]
async fn every_screen_of_a_delivery_is_for_everybody() {
    let (axe, browser) = (axe(), Browser::open(true).await);
    let page = &browser.page;
    let delivery = order(&browser).await;
    for screen in ["", "/edit", "/receive"] {
        assert_for_everybody(page, &axe, &format!("{delivery}{screen}")).await;
    }
    fill(page, "[name='received.1']", "4").await;
    click(page, "main button.primary").await;
    see(page, ".message", "The receipt is entered").await;
    for address in [&delivery, &browser.url("/transfers?state=all")] {
        assert_for_everybody(page, &axe, address).await;
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.close().await;
}
