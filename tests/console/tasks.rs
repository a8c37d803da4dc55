//! The main tasks, with scripts, without them, by keyboard alone, and with two people at once.

use fantoccini::key::Key;

use super::browser::{Browser, click, fill, find, see};
use super::screens::{assert_for_everybody, axe};
use crate::support::DataFolder;

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

/// With every row of it as wide as it gets.
#[tokio::test]
async fn a_file_is_previewed_before_it_is_applied() {
    let browser = Browser::open(true).await;
    let page = &browser.page;
    let folder = DataFolder::new();
    std::fs::create_dir_all(folder.path()).unwrap();
    let file = folder.path().join("count.csv");
    let lines = "sku,name,location,action,quantity\nFIL-V60-02,,,increment,5\nFIL-V60-02,,,increment,2\n\
                 NEW-1,A grinder that nobody knows yet,,set,3\nFIL-V60-02,,,decrement,999999\n";
    std::fs::write(&file, lines).unwrap();
    page.goto(&browser.url("/imports")).await.unwrap();
    click(page, "input[name=create_products]").await;
    let field = find(page, "#file").await;
    field.send_keys(file.to_str().unwrap()).await.unwrap();
    click(page, "form button.primary").await;
    see(page, "main h1", "Preview of count.csv").await;
    see(page, "#lines-head", "Lines that would fail").await;
    for (row, texts) in [
        (1, ["Paper filters", "0 → 5"]),
        (2, ["Paper filters", "5 → 7"]),
        (3, ["A grinder that nobody knows yet new", "0 → 3"]),
    ] {
        let row = format!("[aria-labelledby=changes-head] tbody tr:nth-child({row})");
        for text in texts {
            see(page, &row, text).await;
        }
    }
    let preview = page.current_url().await.unwrap().to_string();
    for address in [preview.clone(), format!("{preview}/preview")] {
        assert_for_everybody(page, &axe(), &address).await;
    }
    browser.close().await;
}
