//! A product as it stood at a time, beside now, with the entries that explain the difference.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use stockroom_application::HistoryError;
use stockroom_application::filter::Comparison;
use stockroom_application::ports::TransactionCondition;
use stockroom_domain::{Balance, LocationId, Recorded, Stock};

use super::asked::{Moment, Pairs, Wanted};
use crate::ledger::{self, rows};
use crate::page::{Layout, PAGE_ROWS, Problem, Section, query, show_as};
use crate::product::{Ids, Known};
use crate::session::Visit;

/// A position then and now.
struct Row {
    /// The slug; empty for the pieces without a location.
    place: String,
    figures: Pairs,
}

#[derive(Template)]
#[template(path = "then/product.html")]
struct ProductThenPage {
    layout: Layout,
    /// The path of the page.
    path: String,
    /// The path of the product's page.
    product: String,
    title: String,
    wanted: Wanted,
    moment: Moment,
    had_stock: bool,
    has_stock: bool,
    sums: Pairs,
    positions: Vec<Row>,
    entries: Vec<ledger::Row>,
    /// The whole ledger since then, if it is longer than what is shown.
    more: Option<String>,
}

/// Shows the page.
pub(super) async fn show_product(
    visit: Visit,
    Path(ids): Path<Ids>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let known = Known::read(&visit, ids.product()?).await?;
    let product = visit.path(&format!("/products/{}", known.id));
    let path = format!("{product}/then");
    let moment = wanted.moment(&visit, &path);
    let (stockroom, now) = (visit.stockroom(), known.stock.as_ref());
    let then = stockroom.stock_at(visit.caller(), known.id, moment.at);
    let then = then.await?;
    let ledger = format!("{product}/ledger");
    let (entries, has_more) = since(&visit, &known, &moment).await?;
    let more = query(&ledger, &[("from", &moment.field)]);
    let title = format!("{}, then and now", known.title());
    let status = moment
        .problem
        .map_or(StatusCode::OK, |_| StatusCode::BAD_REQUEST);
    let page = ProductThenPage {
        layout: visit.layout(&title, Section::Stock).await?,
        path,
        product,
        title: known.title(),
        wanted,
        had_stock: then.is_some(),
        has_stock: now.is_some(),
        sums: Pairs::new(then.as_ref().map(Stock::sums), now.map(Stock::sums)),
        positions: positions(then.as_ref(), now),
        entries: rows(&visit, &ledger, now.map(|stock| stock.id), entries).await?,
        more: has_more.then_some(more),
        moment,
    };
    show_as(status, &page)
}

/// The first entries since that moment, and whether there are more.
async fn since(
    visit: &Visit,
    known: &Known,
    moment: &Moment,
) -> Result<(Vec<Recorded>, bool), Problem> {
    let filter = [TransactionCondition::CreatedAt(Comparison::Greater(
        moment.at,
    ))];
    let administrator = visit.administrator();
    let stockroom = visit.stockroom();
    let found = stockroom.audit(administrator, known.id, &filter, None, PAGE_ROWS);
    match found.await {
        // The product never had stock.
        Err(HistoryError::UnknownStock) => Ok((Vec::new(), false)),
        found => {
            let page = found?;
            Ok((page.items, page.next.is_some()))
        }
    }
}

/// The positions that there were then, or are now, in the order of their names.
fn positions(then: Option<&Stock>, now: Option<&Stock>) -> Vec<Row> {
    type Found = (String, Option<Balance>, Option<Balance>);
    let mut found: BTreeMap<Option<LocationId>, Found> = BTreeMap::new();
    for (location, slug, balance) in then.into_iter().flat_map(all) {
        let entry = found.entry(location).or_default();
        entry.0 = slug;
        entry.1 = Some(balance);
    }
    for (location, slug, balance) in now.into_iter().flat_map(all) {
        let entry = found.entry(location).or_default();
        entry.0 = slug;
        entry.2 = Some(balance);
    }
    let mut rows: Vec<Row> = found
        .into_values()
        .map(|(place, then, now)| Row {
            place,
            figures: Pairs::new(then, now),
        })
        .collect();
    rows.sort_by(|one, other| one.place.cmp(&other.place));
    rows
}

/// All positions of a stock.
fn all(stock: &Stock) -> impl Iterator<Item = (Option<LocationId>, String, Balance)> {
    let located = stock.located.iter().map(|(id, position)| {
        let slug = position.slug.as_str().to_owned();
        (Some(*id), slug, position.balance)
    });
    std::iter::once((None, String::new(), stock.unlocated)).chain(located)
}
