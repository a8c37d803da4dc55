//! The list of stock as it stood at a time, beside that of now.

use std::collections::HashMap;

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use stockroom_application::Page;
use stockroom_application::filter::Comparison;
use stockroom_application::ports::StockCondition;
use stockroom_domain::{ProductId, Stock, StockId, Timestamp};

use super::asked::{Moment, Pairs, Wanted};
use crate::lookup::Titles;
use crate::page::{Layout, PAGE_ROWS, Pager, Problem, Section, page_after, show_as};
use crate::session::Visit;

/// The number of stocks of that time that are looked at together, in search of those that are gone.
const CHUNK: u32 = 500;

/// The number of such chunks for one page.
const CHUNKS_MAX: u32 = 4;

/// A product that had stock then, or has some now.
struct Item {
    product: ProductId,
    then: Option<Stock>,
    now: Option<Stock>,
}

/// The same as the page shows it.
struct Row {
    product: ProductId,
    title: String,
    sku: String,
    figures: Pairs,
    had_stock: bool,
    has_stock: bool,
}

#[derive(Template)]
#[template(path = "then/list.html")]
struct ThenPage {
    layout: Layout,
    /// The path of the page.
    path: String,
    wanted: Wanted,
    moment: Moment,
    rows: Vec<Row>,
    pager: Pager,
}

/// A part of the list. Its parts follow each other.
#[derive(Clone, Copy)]
enum Part {
    /// All stock of that time.
    Then,
    /// Stock of products that had none then.
    Since,
    /// Stock of now that was changed since.
    Changed,
    /// Stock of that time that isn't there any more.
    Gone,
}

impl Part {
    const fn word(self) -> &'static str {
        match self {
            Self::Then => "then",
            Self::Since => "since",
            Self::Changed => "changed",
            Self::Gone => "gone",
        }
    }

    const fn following(self) -> Option<Self> {
        match self {
            Self::Then => Some(Self::Since),
            Self::Changed => Some(Self::Gone),
            Self::Since | Self::Gone => None,
        }
    }

    /// The part and the place in it after which a page begins.
    fn begin(wanted: &Wanted) -> (Self, Option<StockId>) {
        let parts = if wanted.changed.is_empty() {
            [Self::Then, Self::Since]
        } else {
            [Self::Changed, Self::Gone]
        };
        let [first, second] = parts;
        match wanted.after.split_once('.') {
            Some((word, id)) if word == second.word() => (second, StockId::parse(id)),
            Some((_, id)) => (first, StockId::parse(id)),
            None => (first, None),
        }
    }
}

/// Shows the list.
pub(super) async fn show_list(
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let path = visit.path("/then");
    let moment = wanted.moment(&visit, &path);
    let (items, next) = read(&visit, &wanted, moment.at).await?;
    let page = Page {
        items: rows(&visit, items).await?,
        total: None,
        next: None::<()>,
    };
    let kept = [("at", moment.field.as_str()), ("changed", &wanted.changed)];
    let pager = Pager::new(&page, wanted.after.is_empty(), &path, &kept, next);
    let status = moment
        .problem
        .map_or(StatusCode::OK, |_| StatusCode::BAD_REQUEST);
    let page = ThenPage {
        layout: visit.layout("Then and now", Section::Stock).await?,
        path,
        wanted,
        moment,
        rows: page.items,
        pager,
    };
    show_as(status, &page)
}

/// Reads a page, and the text of the place after which the next one begins. Where one part of the list ends,
/// the page goes on with the next part.
async fn read(
    visit: &Visit,
    wanted: &Wanted,
    at: Timestamp,
) -> Result<(Vec<Item>, Option<String>), Problem> {
    let (mut part, mut after) = Part::begin(wanted);
    let mut items = Vec::new();
    loop {
        let (found, next) = read_part(visit, part, after, at).await?;
        items.extend(found);
        if let Some(next) = next {
            return Ok((items, Some(format!("{}.{next}", part.word()))));
        }
        match part.following() {
            Some(following) => (part, after) = (following, None),
            None => return Ok((items, None)),
        }
    }
}

async fn read_part(
    visit: &Visit,
    part: Part,
    after: Option<StockId>,
    at: Timestamp,
) -> Result<(Vec<Item>, Option<StockId>), Problem> {
    match part {
        Part::Then => {
            let page = of_then(visit, after, PAGE_ROWS, at).await?;
            Ok((with_now(visit, page.items).await?, page.next))
        }
        Part::Since => {
            let filter = StockCondition::CreatedAt(Comparison::Greater(at));
            let (mut items, next) = of_now(visit, filter, after, at).await?;
            items.retain(|item| item.then.is_none());
            Ok((items, next))
        }
        Part::Changed => {
            let filter = StockCondition::UpdatedAt(Comparison::Greater(at));
            of_now(visit, filter, after, at).await
        }
        Part::Gone => gone(visit, after, at).await,
    }
}

async fn of_then(
    visit: &Visit,
    after: Option<StockId>,
    limit: u32,
    at: Timestamp,
) -> Result<Page<Stock, StockId>, Problem> {
    let page = page_after(limit, after);
    let stockroom = visit.stockroom();
    Ok(stockroom
        .list_stocks_at(visit.caller(), &[], page, at)
        .await?)
}

/// Stock of now that fulfils the condition, with the stock of its products then.
async fn of_now(
    visit: &Visit,
    filter: StockCondition,
    after: Option<StockId>,
    at: Timestamp,
) -> Result<(Vec<Item>, Option<StockId>), Problem> {
    let page = page_after(PAGE_ROWS, after);
    let stockroom = visit.stockroom();
    let filter = [filter];
    let page = stockroom.list_stocks(visit.caller(), &filter, page).await?;
    let ids: Vec<String> = page.items.iter().map(|it| it.product.to_string()).collect();
    let then = stockroom.stock_of_several_at(visit.caller(), &ids, at);
    let mut then = by_product(then.await?.0);
    let items = page.items.into_iter().map(|stock| Item {
        product: stock.product,
        then: then.remove(&stock.product),
        now: Some(stock),
    });
    Ok((items.collect(), page.next))
}

/// Stock of that time in whose place there is none now, or other stock that wasn't changed since.
async fn gone(
    visit: &Visit,
    after: Option<StockId>,
    at: Timestamp,
) -> Result<(Vec<Item>, Option<StockId>), Problem> {
    let (mut items, mut after) = (Vec::new(), after);
    for _ in 0..CHUNKS_MAX {
        let page = of_then(visit, after, CHUNK, at).await?;
        let mut found = with_now(visit, page.items).await?;
        found.retain(|item| match (&item.then, &item.now) {
            (Some(then), Some(now)) => then.id != now.id && now.updated_at <= at,
            _ => true,
        });
        items.extend(found);
        match page.next {
            Some(next) if items.len() < PAGE_ROWS as usize => after = Some(next),
            next => return Ok((items, next)),
        }
    }
    Ok((items, after))
}

/// Stock of then with the stock of its products now.
async fn with_now(visit: &Visit, then: Vec<Stock>) -> Result<Vec<Item>, Problem> {
    let ids: Vec<ProductId> = then.iter().map(|stock| stock.product).collect();
    let stockroom = visit.stockroom();
    let now = stockroom.stock_of_products(visit.administrator(), &ids);
    let mut now = by_product(now.await?);
    let items = then.into_iter().map(|stock| Item {
        product: stock.product,
        now: now.remove(&stock.product),
        then: Some(stock),
    });
    Ok(items.collect())
}

fn by_product(stocks: Vec<Stock>) -> HashMap<ProductId, Stock> {
    let stocks = stocks.into_iter();
    stocks.map(|stock| (stock.product, stock)).collect()
}

async fn rows(visit: &Visit, items: Vec<Item>) -> Result<Vec<Row>, Problem> {
    let titles = Titles::of(visit, items.iter().map(|item| item.product)).await?;
    let rows = items.into_iter().map(|item| {
        let then = item.then.as_ref().map(Stock::sums);
        let now = item.now.as_ref().map(Stock::sums);
        Row {
            product: item.product,
            title: titles.title(item.product),
            sku: titles.sku(item.product),
            figures: Pairs::new(then, now),
            had_stock: then.is_some(),
            has_stock: now.is_some(),
        }
    });
    Ok(rows.collect())
}
