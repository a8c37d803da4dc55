//! How the server is, and whether a stock is as its ledger says.

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::StockVerification;
use stockroom_domain::{OrganizationId, ProductId};

use crate::activity::Window;
use crate::lookup::{Titles, product_named};
use crate::page::{Layout, Number, Problem, Refused, Section, TimeTag, show_as};
use crate::session::Visit;

/// The most differences that are shown.
const SHOWN_MAX: usize = 20;

/// The part of the address that says which stock is verified.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// A product, by id or SKU.
    product: String,
}

/// What came of verifying a stock.
struct Report {
    product: ProductId,
    title: String,
    at: TimeTag,
    entries: Number,
    /// The hash of the last entry.
    hash: Option<String>,
    is_intact: bool,
    differences: Vec<String>,
    differences_total: Number,
}

impl Report {
    async fn new(visit: &Visit, verification: StockVerification) -> Result<Self, Problem> {
        let product = verification.product;
        let titles = Titles::of(visit, [product]).await?;
        let is_intact = verification.is_intact();
        let differences = verification.differences.into_iter().take(SHOWN_MAX);
        let differences = differences.map(|difference| match difference.sequence {
            Some(number) => format!("Entry {number}: {}.", difference.problem),
            None => format!("{}.", difference.problem),
        });
        Ok(Self {
            product,
            title: titles.title(product),
            at: TimeTag(visit.stockroom().now()),
            entries: verification.entries.into(),
            hash: verification.last_hash.map(|hash| hash.to_string()),
            is_intact,
            differences: differences.collect(),
            differences_total: verification.differences_total.into(),
        })
    }
}

#[derive(Template)]
#[template(path = "system/page.html")]
struct SystemPage {
    layout: Layout,
    wanted: Wanted,
    version: &'static str,
    database: &'static str,
    answers: bool,
    /// The positions of the oldest and of the last event that is kept.
    oldest: Number,
    head: Number,
    kept: Number,
    streams: Number,
    /// The number of stores, and the organization, for its own keys.
    stores: Option<Number>,
    organization: Option<OrganizationId>,
    report: Option<Report>,
    refused: Option<Refused>,
}

/// Shows the page, and verifies the stock that the address names.
pub(super) async fn show_page(
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let layout = visit.layout("System", Section::System).await?;
    let stockroom = visit.stockroom();
    let organization = visit.is_of_organization();
    let organization = organization.then_some(visit.caller().organization);
    let stores = match organization {
        Some(organization) => Some(stockroom.stores(organization).await?.len()),
        None => None,
    };
    let feed = Window::read(&visit, None, 0).await?.feed;
    let (report, refused) = match verify(&visit, wanted.product.trim()).await? {
        None => (None, None),
        Some(Ok(report)) => (Some(report), None),
        Some(Err(refused)) => (None, Some(refused)),
    };
    let number = |number: usize| Number::from(u64::try_from(number).unwrap_or(u64::MAX));
    let about = &visit.app.options.about;
    let status = Refused::status(refused.as_ref());
    let page = SystemPage {
        layout,
        wanted,
        version: about.version,
        database: about.database,
        answers: stockroom.ping().await.is_ok(),
        oldest: feed.oldest.into(),
        head: feed.head.into(),
        kept: feed
            .head
            .saturating_add(1)
            .saturating_sub(feed.oldest)
            .into(),
        streams: number(stockroom.open_streams()),
        stores: stores.map(number),
        organization,
        report,
        refused,
    };
    show_as(status, &page)
}

/// Verifies the stock of the product that a text names; `None` if it names none.
async fn verify(visit: &Visit, text: &str) -> Result<Option<Result<Report, Refused>>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let Some(product) = product_named(visit, text).await? else {
        let detail = format!("No product has the id or SKU “{text}”.");
        return Ok(Some(Err(Refused::invalid(detail))));
    };
    let verified = visit
        .stockroom()
        .verify_stock(visit.administrator(), product);
    let Some(verification) = verified.await? else {
        let detail = format!("There is no stock of “{text}”.");
        return Ok(Some(Err(Refused::new(StatusCode::NOT_FOUND, detail))));
    };
    Ok(Some(Ok(Report::new(visit, verification).await?)))
}
