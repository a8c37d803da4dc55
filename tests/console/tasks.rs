//! The main tasks, with scripts, without them, by keyboard alone, and with two people at once.

use fantoccini::key::Key;

use super::browser::{Browser, click, fill, find, see};

/// Changes what lies nowhere in particular of a product, and undoes it.
async fn change_and_undo(browser: &Browser) {
    let page = &browser.page;
    fill(page, "#search", "FIL-V60").await;
    click(page, ".search button").await;
    see(page, "tbody th", "Paper filters").await;
    click(page, "tbody th a").await;
    see(page, "main h1", "Paper filters").await;
    fill(page, "form input[name=change]", "+5").await;
    click(page, "td form button").await;
    see(page, ".message", "increment 5").await;
    click(page, ".message button").await;
    see(page, ".message", "Undone").await;
}

#[tokio::test]
async fn stock_is_found_changed_and_put_back() {
    let browser = Browser::open(true).await;
    change_and_undo(&browser).await;
    browser.close().await;
}

#[tokio::test]
async fn everything_works_without_scripts() {
    let browser = Browser::open(false).await;
    change_and_undo(&browser).await;
    let page = &browser.page;
    page.goto(&browser.url("/reservations?sort=expiry"))
        .await
        .unwrap();
    click(page, "tbody a[href*='/reservations/']").await;
    see(page, "main h1", "Reservation").await;
    browser.close().await;
}

#[tokio::test]
async fn the_keyboard_is_enough() {
    let browser = Browser::open(true).await;
    let page = &browser.page;
    let keys = |keys: &'static str| async move {
        page.active_element()
            .await
            .unwrap()
            .send_keys(keys)
            .await
            .unwrap();
    };
    find(page, "#search").await;
    keys("/").await;
    let focused = page.active_element().await.unwrap();
    assert_eq!(focused.attr("id").await.unwrap().as_deref(), Some("search"));
    focused.send_keys("FIL-V60").await.unwrap();
    focused
        .send_keys(&String::from(char::from(Key::Enter)))
        .await
        .unwrap();
    see(page, "tbody th", "Paper filters").await;
    keys("j").await;
    find(page, "tr.at").await;
    keys("e").await;
    let field = page.active_element().await.unwrap();
    field.send_keys("+1").await.unwrap();
    field
        .send_keys(&String::from(char::from(Key::Enter)))
        .await
        .unwrap();
    see(page, "main h1", "Change stock").await;
    keys("gr").await;
    see(page, "main h1", "Reservations").await;
    keys("?").await;
    find(page, "dialog[open]").await;
    browser.close().await;
}

#[tokio::test]
async fn two_people_see_each_others_changes_and_overwrite_nothing() {
    let browser = Browser::open(true).await;
    // The demonstration sells from its locations, and from nowhere else.
    let product = browser.product("FIL-V60").await;
    let (one, other) = (&browser.page, browser.another().await);
    one.goto(&product).await.unwrap();
    other.goto(&product).await.unwrap();
    find(&other, "form input[name=change]").await;
    fill(one, "form input[name=change]", "=7").await;
    fill(&other, "form input[name=change]", "+2").await;
    click(&other, "td form button").await;
    see(&other, ".message", "increment 2").await;
    click(one, "td form button").await;
    see(one, "[role=alert]", "").await;
    see(one, "[data-live=positions] tbody", "2").await;
    other.close().await.unwrap();
    browser.close().await;
}
