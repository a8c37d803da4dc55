//! The list of registered products.

use std::collections::HashMap;

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::filter::Pattern;
use stockroom_application::ports::{
    IndexedText, ProductCondition, ProductFilter, ProductOrder, ProductPlace, ProductSort,
    ProductTextCondition, SortValue,
};
use stockroom_application::{Page, PageRequest, SearchError};
use stockroom_domain::{ProductId, ProductStatus, SearchKey, Stock, StockedProduct, Timestamp};

use crate::page::{Done, Layout, Number, PAGE_ROWS, Pager, Problem, Section, TimeTag, query, show};
use crate::session::Visit;

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
    let page = match place_of(order, &wanted.after) {
        Some(place) => PageRequest::after(PAGE_ROWS, place),
        None => PageRequest::from_offset(PAGE_ROWS, 0),
    };
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

/// A place as text: the id, and the value that the list is sorted by.
fn text_of(place: &ProductPlace) -> String {
    match &place.value {
        SortValue::Time(time) => format!("{}.{}", place.id, time.as_milliseconds()),
        SortValue::Text(key) => format!("{}.{}", place.id, key.as_str()),
    }
}

fn place_of(order: ProductOrder, text: &str) -> Option<ProductPlace> {
    let (id, value) = text.split_once('.')?;
    let value = match order.by {
        ProductSort::CreatedAt | ProductSort::UpdatedAt => {
            SortValue::Time(Timestamp::from_milliseconds(value.parse().ok()?)?)
        }
        ProductSort::Name | ProductSort::Sku => SortValue::Text(SearchKey::of_folded(value)),
    };
    let id = ProductId::parse(id)?;
    Some(ProductPlace { value, id })
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
    let columns = columns.map(|(name, by)| {
        let is_number = name == "Available";
        let Some(by) = by else {
            return Column {
                name,
                is_number,
                href: None,
                sorted: "none",
            };
        };
        let descending = format!("-{by}");
        // Without a word for the order, it is that of registration.
        let is_first = wanted.sort.is_empty() && by == "created_at";
        let (sorted, next) = if wanted.sort == by || is_first {
            ("ascending", descending.as_str())
        } else if wanted.sort == descending {
            ("descending", "")
        } else {
            ("none", by)
        };
        let mut parameters = kept(wanted);
        parameters.retain(|(name, _)| *name != "sort");
        parameters.push(("sort", next));
        Column {
            name,
            is_number,
            href: Some(query(path, &parameters)),
            sorted,
        }
    });
    columns.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back() {
        let id = ProductId::new(uuid::Uuid::from_u128(7));
        let time = Timestamp::from_milliseconds(1_769_851_800_007).unwrap();
        for (sort, value) in [
            ("", SortValue::Time(time)),
            ("-updated_at", SortValue::Time(time)),
            ("name", SortValue::Text(SearchKey::of("A. Straße"))),
            ("-sku", SortValue::Text(SearchKey::default())),
        ] {
            let place = ProductPlace { value, id };
            assert_eq!(place_of(order(sort), &text_of(&place)), Some(place));
        }
        for text in ["", ".", "7.x", "00000000-0000-0000-0000-000000000007.x"] {
            assert_eq!(place_of(order("created_at"), text), None, "{text}");
        }
    }
}
