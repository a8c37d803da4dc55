//! The list of stock: found, filtered, sorted, with a column for each location.

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::Page;
use stockroom_application::filter::{Comparison, TextCondition};
use stockroom_application::ports::{
    ProductFilter, ProductOrder, StockCondition, StockOrder, StockPlace,
};
use stockroom_domain::{Balance, Product, ProductId, Stock, StockId};

use super::order::{Item, Order};
use super::search;
use super::seen::Seen;
use crate::lookup::{Places, Titles};
use crate::page::product_place::{place_of, text_of};
use crate::page::{
    Layout, Number, PAGE_ROWS, Pager, Problem, Section, TimeTag, page_after, query, show, sorted_by,
};
use crate::session::{Done, Visit};

/// The most locations that have a column.
const COLUMNS_MAX: usize = 8;

/// The part of the address that says what is listed.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Wanted {
    /// The text that is searched for.
    #[serde(default)]
    pub(super) q: String,
    /// The slug of a location that the stock has.
    #[serde(default)]
    pub(super) location: String,
    /// `in` for stock of which some is available, `out` for stock of which none is, `low` for stock with an alert
    /// that is on.
    #[serde(default)]
    pub(super) show: String,
    /// The order, such as `name` or `-available`.
    #[serde(default)]
    pub(super) sort: String,
    /// The place after which the page begins.
    #[serde(default)]
    after: String,
}

/// The figures of a position, or of a whole stock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) available: Number,
    pub(crate) allocated: Number,
    pub(crate) total: Number,
}

impl From<Balance> for Figures {
    fn from(balance: Balance) -> Self {
        Self {
            available: balance.available.into(),
            allocated: balance.allocated.into(),
            total: balance.total().into(),
        }
    }
}

/// A stock, or a product without stock.
pub(super) struct Row {
    pub(super) product: ProductId,
    pub(super) name: Option<String>,
    pub(super) sku: Option<String>,
    pub(super) sums: Option<Figures>,
    /// The figures in the locations that have columns.
    cells: Vec<Option<Figures>>,
    /// The figures that the page shows, for comparison when they are changed.
    seen: String,
    updated_at: Option<TimeTag>,
}

impl Row {
    /// The words for the product.
    pub(super) fn title(&self) -> String {
        self.name
            .clone()
            .unwrap_or_else(|| self.product.to_string())
    }
}

/// A column that can be sorted by.
struct Column {
    name: &'static str,
    href: String,
    /// `ascending`, `descending` or `none`.
    sorted: &'static str,
}

/// A filter that is on, and the address without it.
struct Chip {
    text: String,
    href: String,
}

#[derive(Template)]
#[template(path = "stock/list.html")]
struct StockPage {
    layout: Layout,
    wanted: Wanted,
    chips: Vec<Chip>,
    columns: Vec<Column>,
    places: Vec<String>,
    has_more_places: bool,
    /// The locations of this level.
    locations: Vec<String>,
    rows: Vec<Row>,
    pager: Pager,
    has_more_found: bool,
    /// Whether only the beginnings of names were looked at.
    beginnings_only: bool,
    /// The address of the file with the same stock, if there is one.
    export: Option<String>,
}

/// Shows the list.
pub(crate) async fn show_list(
    visit: Visit,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let layout = visit.layout("Stock", Section::Stock).await?.with(message);
    let path = visit.path("/stock");
    let list = read(&visit, &wanted).await?;
    let kept = kept(&wanted);
    let pager = Pager::new(&list.page, wanted.after.is_empty(), &path, &kept, list.next);
    let (places, has_more_places) = places(list.page.items.iter().filter_map(|it| it.1.as_ref()));
    let rows = list.page.items.into_iter();
    let rows = rows.map(|(product, stock, known)| row(product, stock.as_ref(), known, &places));
    let locations = Places::of(&visit).await?.0;
    show(&StockPage {
        chips: chips(&wanted, &path),
        // A file has stock as of an instant, which has no alerts.
        export: (wanted.show != "low").then(|| query(&visit.path("/export"), &kept)),
        columns: columns(&wanted, &path),
        rows: rows.collect(),
        has_more_found: list.has_more_found,
        beginnings_only: list.beginnings_only,
        layout,
        wanted,
        places,
        has_more_places,
        locations,
        pager,
    })
}

struct List {
    page: Page<Item, ()>,
    /// The text of the place after which the next page begins.
    next: Option<String>,
    has_more_found: bool,
    /// Whether only the beginnings of names were looked at.
    beginnings_only: bool,
}

async fn read(visit: &Visit, wanted: &Wanted) -> Result<List, Problem> {
    let text = wanted.q.trim();
    if !text.is_empty() {
        return found(visit, wanted, text).await;
    }
    match Order::of(&wanted.sort) {
        Some(Order::Figure(order)) => by_figure(visit, wanted, order).await,
        Some(Order::Text(order)) => by_text(visit, wanted, order).await,
        None => as_created(visit, wanted).await,
    }
}

async fn by_figure(visit: &Visit, wanted: &Wanted, order: StockOrder) -> Result<List, Problem> {
    let place = wanted.after.split_once('.').and_then(|(figure, id)| {
        let figure = figure.parse().ok()?;
        let id = StockId::parse(id)?;
        Some(StockPlace { figure, id })
    });
    let request = page_after(PAGE_ROWS, place);
    let filter = conditions(wanted);
    let page = visit
        .stockroom()
        .sort_stocks(visit.administrator(), &filter, order, request);
    let page = page.await?;
    let next = page
        .next
        .as_ref()
        .map(|place| format!("{}.{}", place.figure, place.id));
    with_products(visit, page.map(|stock| stock), next).await
}

async fn as_created(visit: &Visit, wanted: &Wanted) -> Result<List, Problem> {
    let request = page_after(PAGE_ROWS, StockId::parse(&wanted.after));
    let filter = conditions(wanted);
    let page = visit
        .stockroom()
        .list_stocks(visit.caller(), &filter, request)
        .await?;
    let next = page.next.map(|place| place.to_string());
    with_products(visit, page, next).await
}

/// Stock in the order of its products' texts. Products without stock are left out, and so is stock of
/// products that aren't registered.
async fn by_text(visit: &Visit, wanted: &Wanted, order: ProductOrder) -> Result<List, Problem> {
    let request = page_after(PAGE_ROWS, place_of(order, &wanted.after));
    let filter = ProductFilter(Vec::new());
    let page = visit
        .stockroom()
        .list_products(visit.administrator(), &filter, order, request);
    let page = page.await?;
    let next = page.next.as_ref().map(text_of);
    let products: Vec<Product> = page.items.into_iter().map(|found| found.product).collect();
    let items = with_stock(visit, wanted, products).await?;
    let page = Page {
        items,
        total: None,
        next: None,
    };
    Ok(List {
        page,
        next,
        has_more_found: false,
        beginnings_only: false,
    })
}

/// The products that a search finds, with or without stock.
async fn found(visit: &Visit, wanted: &Wanted, text: &str) -> Result<List, Problem> {
    let found = search::find(visit, text).await?;
    let hits = found.hits;
    let mut items = with_stock(visit, wanted, hits.products).await?;
    if let Some(id) = found.id
        && let Some(stock) = visit.stockroom().stock(visit.caller(), id).await?
    {
        items.push((id, Some(stock), None));
    }
    if let Some(order) = Order::of(&wanted.sort) {
        order.sort(&mut items);
    }
    let page = Page {
        total: (!hits.has_more).then_some(items.len() as u64),
        items,
        next: None,
    };
    Ok(List {
        page,
        next: None,
        has_more_found: hits.has_more,
        beginnings_only: hits.beginnings_only,
    })
}

/// These products with their stock; without stock only if no filter asks for it.
async fn with_stock(
    visit: &Visit,
    wanted: &Wanted,
    products: Vec<Product>,
) -> Result<Vec<Item>, Problem> {
    let ids: Vec<ProductId> = products.iter().map(|product| product.id).collect();
    let stocks = visit
        .stockroom()
        .stock_of_products(visit.administrator(), &ids);
    let stocks = stocks.await?.into_iter();
    let mut stocks: HashMap<ProductId, Stock> = stocks.map(|it| (it.product, it)).collect();
    let filter = conditions(wanted);
    let is_search = !wanted.q.trim().is_empty();
    let items = products.into_iter().map(|product| {
        let stock = stocks.remove(&product.id);
        (product.id, stock, Some(product))
    });
    let is_wanted = |(_, stock, _): &Item| match stock {
        Some(stock) => filter.iter().all(|condition| condition.matches(stock)),
        None => is_search && filter.is_empty(),
    };
    Ok(items.filter(is_wanted).collect())
}

/// A page of stock with the texts of its products.
async fn with_products<P>(
    visit: &Visit,
    page: Page<Stock, P>,
    next: Option<String>,
) -> Result<List, Problem> {
    let mut titles = Titles::of(visit, page.items.iter().map(|stock| stock.product)).await?;
    let items = page.items.into_iter().map(|stock| {
        let product = titles.take(stock.product);
        (stock.product, Some(stock), product)
    });
    Ok(List {
        page: Page {
            items: items.collect(),
            total: page.total,
            next: None,
        },
        next,
        has_more_found: false,
        beginnings_only: false,
    })
}

pub(super) fn conditions(wanted: &Wanted) -> Vec<StockCondition> {
    let mut conditions = Vec::new();
    if !wanted.location.is_empty() {
        let location = TextCondition::In(vec![wanted.location.clone()]);
        conditions.push(StockCondition::Location(location));
    }
    match wanted.show.as_str() {
        "in" => conditions.push(StockCondition::Available(Comparison::Greater(0))),
        "out" => conditions.push(StockCondition::Available(Comparison::In(vec![0]))),
        "low" => conditions.push(StockCondition::Low(true)),
        _ => {}
    }
    conditions
}

/// The locations of these stocks, as far as there is room for columns.
fn places<'a>(stocks: impl Iterator<Item = &'a Stock>) -> (Vec<String>, bool) {
    let places: BTreeSet<&str> = stocks
        .flat_map(|stock| {
            stock
                .located
                .values()
                .map(|position| position.slug.as_str())
        })
        .collect();
    let has_more = places.len() > COLUMNS_MAX;
    let places = places.into_iter().take(COLUMNS_MAX).map(str::to_owned);
    (places.collect(), has_more)
}

fn row(id: ProductId, stock: Option<&Stock>, product: Option<Product>, places: &[String]) -> Row {
    let cells = places.iter().map(|place| {
        let mut positions = stock?.located.values();
        let position = positions.find(|position| position.slug.as_str() == place)?;
        Some(position.balance.into())
    });
    Row {
        product: id,
        cells: cells.collect(),
        sums: stock.map(|stock| stock.sums().into()),
        seen: stock.map(Seen::of).unwrap_or_default(),
        updated_at: stock.map(|stock| TimeTag(stock.updated_at)),
        sku: product
            .as_ref()
            .and_then(|it| it.sku.as_ref())
            .map(ToString::to_string),
        name: product.map(|product| product.name.as_str().to_owned()),
    }
}

/// The parameters that all pages of the list have.
fn kept(wanted: &Wanted) -> Vec<(&'static str, &str)> {
    vec![
        ("q", &wanted.q),
        ("location", &wanted.location),
        ("show", &wanted.show),
        ("sort", &wanted.sort),
    ]
}

fn columns(wanted: &Wanted, path: &str) -> Vec<Column> {
    let columns = [
        ("Product", "name"),
        ("SKU", "sku"),
        ("Available", "available"),
        ("Allocated", "allocated"),
        ("Total", "total"),
        ("Changed", "updated_at"),
    ];
    let columns = columns.map(|(name, by)| {
        let (sorted, href) = sorted_by(by, &wanted.sort, path, &kept(wanted));
        Column { name, href, sorted }
    });
    columns.into()
}

fn chips(wanted: &Wanted, path: &str) -> Vec<Chip> {
    let texts = [
        ("q", format!("“{}”", wanted.q)),
        ("location", format!("in {}", wanted.location)),
        (
            "show",
            match wanted.show.as_str() {
                "in" => "available".to_owned(),
                "low" => "low".to_owned(),
                _ => "out of stock".to_owned(),
            },
        ),
    ];
    let parameters = kept(wanted);
    let is_on = |name: &str| {
        parameters
            .iter()
            .any(|(it, value)| *it == name && !value.is_empty())
    };
    let chips = texts.into_iter().filter(|(name, _)| is_on(name));
    let chips = chips.map(|(name, text)| {
        let mut others = parameters.clone();
        others.retain(|(it, _)| *it != name);
        let href = query(path, &others);
        Chip { text, href }
    });
    chips.collect()
}
