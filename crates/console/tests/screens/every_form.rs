//! Every form: what a key that may only look, and a page of another site, can do with it.

use std::fs;
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use crate::support::{Shop, product};

/// An id of which nothing is, in place of those in braces.
const NOTHING: &str = "00000000-0000-0000-0000-0000000000ff";

/// The paths that forms are sent to.
const FORMS: [&str; 46] = [
    "/batches/{}/undo",
    "/counts/berlin",
    PREVIEW,
    "/imports?step=apply",
    "/imports/{}/cancel",
    "/imports/{}/undo",
    "/keys",
    "/keys/{}",
    "/keys/{}/revoke",
    "/locations",
    "/locations/{}",
    "/locations/{}/delete",
    "/products",
    "/products/{}/change",
    "/products/{}/count",
    "/products/{}/delete",
    "/products/{}/edit",
    "/products/{}/holds/{}/extend",
    "/products/{}/holds/{}/release",
    "/products/{}/ledger/{}/undo",
    VERIFY,
    "/products/{}/policy",
    "/products/{}/set-aside",
    "/products/{}/stock",
    "/products/{}/stock/delete",
    "/reservations",
    "/reservations/{}/edit",
    "/reservations/{}/move",
    "/reservations/{}/pay",
    "/reservations/{}/return",
    "/settings",
    "/stock/changes",
    "/transfers",
    "/transfers/{}/delete",
    "/transfers/{}/edit",
    "/transfers/{}/parts",
    "/transfers/{}/receipts/{}/undo",
    "/transfers/{}/receive",
    "/transfers/{}/ship",
    "/webhooks",
    "/webhooks/{}/delete",
    "/webhooks/{}/edit",
    "/webhooks/{}/replay",
    "/webhooks/{}/rotate",
    "/webhooks/{}/test",
    "/reservations/{}/release",
];

/// The forms that change nothing: a proof, and a file that is only tried, of which `imports.rs` holds that.
const VERIFY: &str = "/products/{}/ledger/verify";
const PREVIEW: &str = "/imports?step=preview";

/// The number of forms in the list that a route takes besides others.
const STEPS_OF_ONE_ROUTE: usize = 4;

/// The number of routes of the screens that take forms.
fn routes() -> usize {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folders = fs::read_dir(sources).unwrap();
    let routes = folders.filter_map(|folder| {
        let routes = folder.unwrap().path().join("mod.rs");
        let routes = fs::read_to_string(routes).ok()?;
        Some(routes.matches("post(").count())
    });
    routes.sum()
}

#[test]
fn every_form_is_in_the_list() {
    assert_eq!(FORMS.len(), routes() + STEPS_OF_ONE_ROUTE);
}

#[tokio::test]
async fn a_key_that_looks_can_send_no_form() {
    let mut shop = Shop::open().await;
    shop.look_only().await;
    let is_change = |form: &&str| ![VERIFY, PREVIEW].contains(form);
    for form in FORMS.into_iter().filter(is_change) {
        let path = form.replace("{}", NOTHING);
        let answer = shop.post(&path, &[]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{form}");
        assert!(answer.body.contains("change nothing"), "{form}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_can_send_no_form() {
    let mut shop = Shop::open().await;
    for form in FORMS {
        let path = shop.path(&form.replace("{}", NOTHING));
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, "https://evil.example")
            .header("sec-fetch-site", "cross-site");
        let answer = shop.send(request, Body::empty()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{form}");
        assert!(!answer.body.contains("change nothing"), "{form}");
    }
}

/// A form that was refused is shown at its own address. Whoever loads that again gets to a screen.
#[tokio::test]
async fn the_address_of_a_form_leads_to_its_screen() {
    let mut shop = Shop::open().await;
    let product = product(1).to_string();
    for (form, screen) in [
        ("/stock/changes", "/stock"),
        ("/products/{}/change", "/products/{}"),
        ("/products/{}/stock/delete", "/products/{}"),
        ("/products/{}/holds/{}/extend", "/products/{}"),
        ("/products/{}/ledger/{}/undo", "/products/{}/ledger"),
        ("/products/{}/ledger/verify", "/products/{}/ledger"),
    ] {
        let mut path = shop.path(&form.replace("{}", &product));
        let screen = shop.path(&screen.replace("{}", &product));
        let mut page = shop.get(&path).await;
        while page.status == StatusCode::SEE_OTHER {
            path = page.headers[header::LOCATION].to_str().unwrap().to_owned();
            page = shop.get(&path).await;
        }
        assert_eq!((page.status, path), (StatusCode::OK, screen), "{form}");
    }
}

#[tokio::test]
async fn nothing_of_others_is_found_by_any_form() {
    let mut shop = Shop::open().await;
    for form in FORMS.into_iter().filter(|form| form.contains("{}")) {
        let answer = shop.post(&form.replace("{}", NOTHING), &[]).await;
        let told = answer.status;
        // A form without its fields may be refused before its thing is looked for.
        let is_refused = told == StatusCode::NOT_FOUND
            || told == StatusCode::BAD_REQUEST
            || told == StatusCode::UNPROCESSABLE_ENTITY;
        assert!(is_refused, "{form}: {told}");
    }
}
