//! Every screen: no barriers, nothing that the browser refuses, and room on a small telephone.

use std::path::PathBuf;

use fantoccini::Client as Page;
use serde_json::Value;

use super::browser::{Browser, click, find, see};

/// The screens of the organization; those of a product stand under `PRODUCT`.
const SCREENS: &[&str] = &[
    "/",
    "/stock",
    "/stock?show=out",
    "/then",
    "/counts",
    "/counts/warehouse",
    "/reservations",
    "/reservations/new",
    "/transfers",
    "/transfers/new",
    "/transfers/new?kind=delivery",
    "/activity",
    "/products",
    "/products/new",
    "/locations",
    "/locations/new",
    "/imports",
    "/keys",
    "/keys/new",
    "/stores",
    "/settings",
    "/webhooks",
    "/webhooks/new",
    "/system",
    "PRODUCT",
    "PRODUCT/ledger",
    "PRODUCT/policy",
    "PRODUCT/then",
];

/// The lists of which the first thing has a screen of its own.
const LISTS: &[&str] = &[
    "/reservations",
    "/products",
    "/locations",
    "/imports",
    "/keys",
    "/webhooks",
];

/// Finds barriers with axe-core, by the rules of WCAG 2.2 AA.
const AXE: &str = r#"
const done = arguments[arguments.length - 1];
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
axe.run(document, { runOnly: rules }).then((found) => done(found.violations.map((it) =>
  `${it.id}: ${it.nodes[0].html.slice(0, 200)} ${it.nodes[0].failureSummary}`)));
"#;

pub(super) fn axe() -> String {
    let path = std::env::var_os("STOCKROOM_TEST_AXE");
    let path =
        PathBuf::from(path.expect("STOCKROOM_TEST_AXE names no script: use `cargo xtask test`"));
    std::fs::read_to_string(path).unwrap()
}

async fn addresses(browser: &Browser) -> Vec<String> {
    let product = browser.product("FIL-V60").await;
    let screens = SCREENS
        .iter()
        .map(|screen| match screen.strip_prefix("PRODUCT") {
            Some(rest) => format!("{product}{rest}"),
            None => browser.url(screen),
        });
    let mut addresses: Vec<String> = screens.collect();
    for list in LISTS {
        browser.page.goto(&browser.url(list)).await.unwrap();
        let link = find(&browser.page, "main table a").await;
        addresses.push(link.prop("href").await.unwrap().unwrap());
    }
    // The forms of the first open reservation.
    browser
        .page
        .goto(&browser.url("/reservations"))
        .await
        .unwrap();
    click(&browser.page, "main table a").await;
    for form in ["main a[href$='/edit']", "main a[href*='/move?']"] {
        let link = find(&browser.page, form).await;
        addresses.push(link.prop("href").await.unwrap().unwrap());
    }
    addresses
}

async fn set_theme(page: &Page, theme: &str) {
    let script = format!("document.documentElement.dataset.theme = '{theme}'");
    page.execute(&script, Vec::new()).await.unwrap();
}

/// Checks that a screen has no barriers, and room on a small telephone.
pub(super) async fn assert_for_everybody(page: &Page, axe: &str, address: &str) {
    for (theme, width) in [("light", 1_440), ("dark", 360)] {
        page.set_window_size(width, 900).await.unwrap();
        page.goto(address).await.unwrap();
        find(page, "main h1").await;
        set_theme(page, theme).await;
        page.execute(axe, Vec::new()).await.unwrap();
        let found = page.execute_async(AXE, Vec::new()).await.unwrap();
        let found: Vec<String> = serde_json::from_value(found).unwrap();
        assert!(found.is_empty(), "{address} in {theme}: {found:#?}");
        let over = "return document.documentElement.scrollWidth - innerWidth";
        let over = page.execute(over, Vec::new()).await.unwrap();
        let over = over.as_i64().unwrap();
        assert!(over <= 0, "{address} is {over} px wider than {width}");
    }
}

#[tokio::test]
async fn every_screen_is_for_everybody() {
    let axe = axe();
    let browser = Browser::open(true).await;
    let page = &browser.page;
    for address in addresses(&browser).await {
        assert_for_everybody(page, &axe, &address).await;
    }
    let complaints: Vec<Value> = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.close().await;
}

#[tokio::test]
async fn the_menu_is_there_on_a_screen_that_becomes_wide() {
    let browser = Browser::open(true).await;
    let page = &browser.page;
    let menu = ".sections ul";
    page.set_window_size(600, 800).await.unwrap();
    page.goto(&browser.url("/")).await.unwrap();
    find(page, ".sections:not([open])").await;
    page.set_window_size(1_200, 800).await.unwrap();
    see(page, menu, "Reservations").await;
    page.set_window_size(600, 800).await.unwrap();
    find(page, ".sections:not([open])").await;
    browser.close().await;
}

/// The pictures of the documentation, if the environment names a folder for them.
#[tokio::test]
async fn pictures_for_the_documentation() {
    let Some(folder) = std::env::var_os("STOCKROOM_SCREENSHOTS") else {
        return;
    };
    let browser = Browser::open(true).await;
    let page = &browser.page;
    let product = browser.product("FIL-V60").await;
    page.set_window_size(1_100, 760).await.unwrap();
    for (name, address) in [
        ("overview", browser.url("/")),
        ("stock", browser.url("/stock")),
        ("product", product.clone()),
        ("ledger", format!("{product}/ledger")),
        ("then", browser.url("/then")),
        ("counting", browser.url("/counts/warehouse")),
        ("reservations", browser.url("/reservations")),
        ("activity", browser.url("/activity")),
    ] {
        page.goto(&address).await.unwrap();
        find(page, "main h1").await;
        set_theme(page, "light").await;
        let file = PathBuf::from(&folder).join(format!("console-{name}.png"));
        std::fs::write(file, page.screenshot().await.unwrap()).unwrap();
    }
    browser.close().await;
}
