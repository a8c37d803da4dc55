//! The page of a ledger, its proof, and undoing.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::Form;
use serde::Deserialize;
use stockroom_domain::{BatchId, ProductId};

use super::proof::Proof;
use super::read::{Entries, NO_PLACE, Order, Wanted, read};
use super::row::{Row, rows};
use crate::lookup::Places;
use crate::page::{Layout, Message, Pager, Problem, Refused, Section, query, query_of, show_as};
use crate::product::{Ids, Known};
use crate::session::{Done, Visit};

/// The page that a form was on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Back {
    back: String,
}

/// A batch that the path names.
#[derive(Debug, Deserialize)]
pub(super) struct BatchPath {
    batch: String,
}

/// What the page tells besides the entries.
#[derive(Default)]
struct Told {
    status: StatusCode,
    message: Option<Message>,
    problem: Option<String>,
    proof: Option<Proof>,
    /// The address of the page, if it isn't that of the request.
    back: Option<String>,
}

#[derive(Template)]
#[template(path = "ledger/page.html")]
struct LedgerPage {
    layout: Layout,
    /// The path of the product's page.
    product: String,
    title: String,
    wanted: Wanted,
    locations: Vec<String>,
    rows: Vec<Row>,
    pager: Pager,
    order: Order,
    is_filtered: bool,
    /// The same entries in the other order.
    other_order: String,
    has_stock: bool,
    problem: Option<String>,
    proof: Option<Proof>,
    back: String,
}

/// Shows the ledger.
pub(super) async fn show_page(
    visit: Visit,
    Path(ids): Path<Ids>,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let told = Told {
        message: done.message(&visit).await?,
        ..Told::default()
    };
    show_ledger(&visit, ids.product()?, wanted, told).await
}

/// Undoes an entry.
pub(super) async fn undo(
    visit: Visit,
    Path(ids): Path<Ids>,
    Form(form): Form<Back>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let product = ids.product()?;
    let stockroom = visit.stockroom();
    let undone = stockroom.undo(writer, product, ids.entry()?);
    let screen = format!("/products/{product}/ledger");
    match undone.await {
        Ok(recorded) => Ok(Done::redirect(
            &visit,
            &form.back,
            &screen,
            &Done::entry(&recorded),
        )),
        Err(error) => show_refused(&visit, product, form.back, Refused::of(error)?).await,
    }
}

/// Undoes a batch.
pub(super) async fn undo_batch(
    visit: Visit,
    Path(path): Path<BatchPath>,
    Form(form): Form<Back>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let batch = BatchId::parse(&path.batch).ok_or_else(Problem::not_found)?;
    let undone = visit.stockroom().undo_batch(writer, batch).await;
    let Err(error) = undone else {
        return Ok(Done::redirect(
            &visit,
            &form.back,
            "/stock",
            "done=batch-undone",
        ));
    };
    // The reason is shown in the ledger that the form was in, if it was in one.
    match product_of(&visit, &form.back) {
        None => Err(error.into()),
        Some(product) => show_refused(&visit, product, form.back, Refused::of(error)?).await,
    }
}

/// The product whose ledger this page is.
fn product_of(visit: &Visit, back: &str) -> Option<ProductId> {
    let rest = back.strip_prefix(&visit.path("/products/"))?;
    let (product, rest) = rest.split_once('/')?;
    let is_ledger = rest == "ledger" || rest.starts_with("ledger?");
    ProductId::parse(product).filter(|_| is_ledger)
}

/// Recomputes the stock from its ledger, and shows what came of it. It changes nothing, so that every key
/// may ask for it.
pub(super) async fn verify(
    visit: Visit,
    Path(ids): Path<Ids>,
    Form(form): Form<Back>,
) -> Result<Response, Problem> {
    let product = ids.product()?;
    let stockroom = visit.stockroom();
    let verified = stockroom.verify_stock(visit.administrator(), product);
    let mut told = Told::default();
    if let Some(verification) = verified.await? {
        told.proof = Some(Proof::new(verification, stockroom.now()));
    } else {
        told.status = StatusCode::NOT_FOUND;
        told.problem = Some("There is no stock now that could be verified.".to_owned());
    }
    let wanted = query_of(&form.back);
    told.back = Some(form.back);
    show_ledger(&visit, product, wanted, told).await
}

async fn show_refused(
    visit: &Visit,
    product: ProductId,
    back: String,
    refused: Refused,
) -> Result<Response, Problem> {
    let told = Told {
        status: refused.status,
        problem: Some(format!("Nothing was undone. {}", refused.detail)),
        ..Told::default()
    };
    let wanted = query_of(&back);
    let told = Told {
        back: Some(back),
        ..told
    };
    show_ledger(visit, product, wanted, told).await
}

async fn show_ledger(
    visit: &Visit,
    product: ProductId,
    wanted: Wanted,
    mut told: Told,
) -> Result<Response, Problem> {
    let known = Known::read(visit, product).await?;
    let path = visit.path(&format!("/products/{product}"));
    let ledger = format!("{path}/ledger");
    let (filter, faulty) = match wanted.conditions() {
        Ok(filter) => (filter, false),
        Err(problem) => {
            told.status = StatusCode::BAD_REQUEST;
            told.problem = Some(format!("{problem} All entries are shown."));
            (Vec::new(), true)
        }
    };
    let entries = read(visit, &known, &wanted, &filter).await?;
    let Entries { page, next, .. } = entries;
    let pager = Pager::new(
        &page,
        wanted.after.is_empty(),
        &ledger,
        &wanted.kept(),
        next,
    );
    let current = known.stock.as_ref().map(|stock| stock.id);
    let title = format!("Ledger of {}", known.title());
    let layout = visit.layout(&title, Section::Stock).await?;
    let page = LedgerPage {
        layout: layout.with(told.message),
        product: path,
        title: known.title(),
        locations: Places::of(visit).await?.0,
        rows: rows(visit, &ledger, current, page.items).await?,
        pager,
        order: entries.order,
        is_filtered: !filter.is_empty() || faulty,
        other_order: other_order(&ledger, &wanted),
        has_stock: current.is_some(),
        problem: told.problem,
        proof: told.proof,
        back: told.back.unwrap_or_else(|| visit.here()),
        wanted,
    };
    show_as(told.status, &page)
}

/// The address of the same entries in the other order.
fn other_order(ledger: &str, wanted: &Wanted) -> String {
    let order = if wanted.order == "oldest" {
        ""
    } else {
        "oldest"
    };
    let mut kept = wanted.kept();
    kept.retain(|(name, _)| *name != "order");
    kept.push(("order", order));
    query(ledger, &kept)
}
