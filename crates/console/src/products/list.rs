//! The list of registered products.

use std::collections::HashMap;

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::filter::Pattern;
use stockroom_application::ports::{
    IndexedText, ProductCondition, ProductFilter, ProductOrder, ProductPlace, ProductSort,
    ProductTextCondition,
};
use stockroom_application::{Page, SearchError};
use stockroom_domain::{ProductId, ProductStatus, Stock, StockedProduct};

use crate::page::product_place::{place_of, text_of};
use crate::page::{
    Layout, Number, PAGE_ROWS, Pager, Problem, Section, TimeTag, page_after, show, sorted_by,
};
use crate::session::{Done, Visit};

/// The part of the address that says what is listed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// A part of the name.
    name: String,
    /// The beginning of the SKU.
    sku: String,
    /// `live` or `draft`.
    status: String,
    /// The order, such as `name` or `-updated_at`.
    sort: String,
    /// The place after which the page begins.
    after: String,
}

/// A product.
struct Row {
    id: ProductId,
    name: String,
    sku: String,
    is_live: bool,
    /// Whether the organization shares it with this store.
    is_shared: bool,
    may_edit: bool,
    /// What is available; `None` without stock.
    available: Option<Number>,
    created_at: TimeTag,
    updated_at: TimeTag,
}

/// A column, and the address that sorts by it, if that can be.
struct Column {
    name: &'static str,
    is_number: bool,
    href: Option<String>,
    sorted: &'static str,
}

#[derive(Template)]
#[template(path = "products/list.html")]
struct ProductsPage {
    layout: Layout,
    wanted: Wanted,
    is_filtered: bool,
    /// Whether names had to begin as asked.
    only_beginnings: bool,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pager: Pager,
}

/// Shows the list.
pub(super) async fn show_list(
    visit: Visit,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let layout = visit.layout("Products", Section::Products).await?;
    let path = visit.path("/products");
    let (page, only_beginnings) = match read(&visit, &wanted, true).await {
        // An index leads to the beginnings of names.
        Err(SearchError::TooMany { .. }) if !wanted.name.trim().is_empty() => {
            (read(&visit, &wanted, false).await?, true)
        }
        page => (page?, false),
    };
    let next = page.next.as_ref().map(text_of);
    let kept = kept(&wanted);
    let pager = Pager::new(&page, wanted.after.is_empty(), &path, &kept, next);
    show(&ProductsPage {
        layout: layout.with(message),
        is_filtered: kept
            .iter()
            .any(|(name, value)| *name != "sort" && !value.trim().is_empty()),
        only_beginnings,
        columns: columns(&wanted, &path),
        rows: rows(&visit, page.items).await?,
        pager,
        wanted,
    })
}

async fn read(
    visit: &Visit,
    wanted: &Wanted,
    anywhere: bool,
) -> Result<Page<StockedProduct, ProductPlace>, SearchError> {
    let filter = filter(wanted, anywhere);
    let order = order(&wanted.sort);
    let page = page_after(PAGE_ROWS, place_of(order, &wanted.after));
    let found = visit
        .stockroom()
        .list_products(visit.administrator(), &filter, order, page);
    found.await
}

fn filter(wanted: &Wanted, anywhere: bool) -> ProductFilter {
    let mut conditions = Vec::new();
    let fields = [
        (IndexedText::Name, &wanted.name, anywhere),
        (IndexedText::Sku, &wanted.sku, false),
    ];
    for (field, text, open_start) in fields {
        let text = text.trim();
        if !text.is_empty() {
            let condition = ProductTextCondition::ignoring_case(&Pattern {
                text: text.to_owned(),
                open_start,
                open_end: true,
            });
            conditions.push(ProductCondition::Text(field, condition));
        }
    }
    match wanted.status.as_str() {
        "live" => conditions.push(ProductCondition::Status(vec![ProductStatus::Live])),
        "draft" => conditions.push(ProductCondition::Status(vec![ProductStatus::Draft])),
        _ => {}
    }
    ProductFilter(conditions)
}

fn order(sort: &str) -> ProductOrder {
    let (descending, by) = match sort.strip_prefix('-') {
        Some(by) => (true, by),
        None => (false, sort),
    };
    let by = match by {
        "name" => ProductSort::Name,
        "sku" => ProductSort::Sku,
        "updated_at" => ProductSort::UpdatedAt,
        "created_at" => ProductSort::CreatedAt,
        _ => return ProductOrder::default(),
    };
    ProductOrder { by, descending }
}

async fn rows(visit: &Visit, found: Vec<StockedProduct>) -> Result<Vec<Row>, Problem> {
    let ids: Vec<ProductId> = found.iter().map(|it| it.product.id).collect();
    let stocks = visit
        .stockroom()
        .stock_of_products(visit.administrator(), &ids);
    let stocks = stocks.await?.into_iter();
    let stocks: HashMap<ProductId, Stock> = stocks.map(|it| (it.product, it)).collect();
    let actor = &visit.caller().actor;
    let rows = found
        .into_iter()
        .map(|StockedProduct { product, level }| Row {
            id: product.id,
            is_live: product.status == ProductStatus::Live,
            is_shared: product.owner != actor.acting,
            may_edit: actor.may_administer(product.owner).is_ok(),
            available: stocks.contains_key(&product.id).then(|| level.into()),
            created_at: TimeTag(product.created_at),
            updated_at: TimeTag(product.updated_at),
            sku: product.sku.map(|it| it.to_string()).unwrap_or_default(),
            name: product.name.to_string(),
        });
    Ok(rows.collect())
}

/// The parameters that all pages of the list have.
fn kept(wanted: &Wanted) -> Vec<(&'static str, &str)> {
    vec![
        ("name", &wanted.name),
        ("sku", &wanted.sku),
        ("status", &wanted.status),
        ("sort", &wanted.sort),
    ]
}

fn columns(wanted: &Wanted, path: &str) -> Vec<Column> {
    let columns = [
        ("Product", Some("name")),
        ("SKU", Some("sku")),
        ("Status", None),
        ("Available", None),
        ("Registered", Some("created_at")),
        ("Changed", Some("updated_at")),
    ];
    // Without a word for the order, it is that of registration.
    let sort = match wanted.sort.as_str() {
        "" => "created_at",
        sort => sort,
    };
    let columns = columns.map(|(name, by)| {
        let sorting = by.map(|by| sorted_by(by, sort, path, &kept(wanted)));
        let (sorted, href) = sorting.unzip();
        Column {
            name,
            is_number: name == "Available",
            href,
            sorted: sorted.unwrap_or("none"),
        }
    });
    columns.into()
}
