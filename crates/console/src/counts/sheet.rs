//! The sheet of a place: what is expected there, and a field for what was counted.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::PageRequest;
use stockroom_application::filter::TextCondition;
use stockroom_application::ports::StockCondition;
use stockroom_domain::{Balance, ProductId, Slug, Stock, StockId};

use super::asked::{Asked, Place};
use crate::lookup::Titles;
use crate::page::{
    Layout, Message, Number, Pager, Problem, Refused, Section, TimeTag, page_after, show_as,
};
use crate::session::{Done, Visit};

/// The rows of a sheet: as many as a use case gives, so that few sheets have to be entered.
const ROWS: u32 = PageRequest::LIMIT_MAX;

/// The path of a sheet.
#[derive(Deserialize)]
pub(super) struct At {
    pub(super) place: String,
}

/// The part of the address that says where the page begins.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    after: String,
}

struct Row {
    product: ProductId,
    title: String,
    sku: String,
    /// The pieces that should be there, allocated or not; `None` if the stock isn't in this place any more.
    expected: Option<Number>,
    typed: String,
    /// Whether that is no number of pieces.
    is_invalid: bool,
}

#[derive(Template)]
#[template(path = "counts/sheet.html")]
struct SheetPage {
    layout: Layout,
    place: Place,
    rows: Vec<Row>,
    pager: Pager,
    asked: Asked,
    /// The time that the counts are for, unless another one is named.
    as_of: Option<TimeTag>,
    /// Why nothing was entered.
    refused: Option<Refused>,
}

/// Shows the sheet.
pub(super) async fn show_sheet(
    visit: Visit,
    Path(at): Path<At>,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let place = Place::named(&visit, at.place).await?;
    let message = done.message(&visit).await?;
    let asked = Asked {
        // Before the stock is read: what moves from now on comes after the count.
        as_of: visit.stockroom().now().to_string(),
        after: wanted.after,
        ..Asked::default()
    };
    answer(&visit, place, asked, None, message).await
}

/// The sheet, perhaps with what was typed and the reason why it wasn't entered.
pub(super) async fn answer(
    visit: &Visit,
    place: Place,
    asked: Asked,
    refused: Option<Refused>,
    message: Option<Message>,
) -> Result<Response, Problem> {
    let status = Refused::status(refused.as_ref());
    let mut filter = Vec::new();
    if let Some(slug) = &place.slug {
        let slug = TextCondition::In(vec![slug.to_string()]);
        filter.push(StockCondition::Location(slug));
    }
    let request = page_after(ROWS, StockId::parse(&asked.after));
    let found = visit
        .stockroom()
        .list_stocks(visit.caller(), &filter, request);
    let page = found.await?;
    let next = page.next.map(|id| id.to_string());
    let path = visit.path(&format!("/counts/{}", place.word));
    let pager = Pager::new(&page, asked.after.is_empty(), &path, &[], next);
    let title = place.title();
    let page = SheetPage {
        layout: visit.layout(&title, Section::Counts).await?.with(message),
        rows: rows(visit, &place, &asked, &page.items).await?,
        place,
        pager,
        as_of: stockroom_domain::Timestamp::from_rfc3339(&asked.as_of).map(TimeTag),
        asked,
        refused,
    };
    show_as(status, &page)
}

async fn rows(
    visit: &Visit,
    place: &Place,
    asked: &Asked,
    stocks: &[Stock],
) -> Result<Vec<Row>, Problem> {
    let listed: BTreeSet<ProductId> = stocks.iter().map(|stock| stock.product).collect();
    // What was typed stays, even if the stock has left the list meanwhile.
    let typed = asked.counted.keys().copied();
    let others = typed.filter(|product| !listed.contains(product));
    let others: Vec<ProductId> = others.collect();
    let titles = Titles::of(visit, listed.into_iter().chain(others.iter().copied())).await?;
    let row = |product, expected| Row {
        product,
        title: titles.title(product),
        sku: titles.sku(product),
        expected,
        typed: asked.counted.get(&product).cloned().unwrap_or_default(),
        is_invalid: asked.is_invalid(product),
    };
    let rows = stocks.iter().map(|stock| {
        let expected = balance(stock, place.slug.as_ref()).map(|it| it.total().into());
        row(stock.product, expected)
    });
    let others = others.iter().map(|product| row(*product, None));
    Ok(rows.chain(others).collect())
}

/// The figures of a position.
fn balance(stock: &Stock, slug: Option<&Slug>) -> Option<Balance> {
    let Some(slug) = slug else {
        return Some(stock.unlocated);
    };
    let mut positions = stock.located.values();
    let position = positions.find(|position| position.slug == *slug);
    position.map(|position| position.balance)
}
