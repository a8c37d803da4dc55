//! The first page: what needs somebody's eye now.

mod read;

use askama::Template;
use axum::Router;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::get;

use self::read::{Imported, Low, OutOfStock, Waiting};
use crate::activity::Told;
use crate::page::{Layout, Number, Problem, Section, show};
use crate::reservations::Row;
use crate::service::AppState;
use crate::session::{Done, Visit};

pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/", get(show_overview))
}

/// The most stocks that are looked through for those that are out: more would keep the page waiting.
const LOOKED_THROUGH_MAX: i64 = 10_000;

#[derive(Template)]
#[template(path = "overview/overview.html")]
struct OverviewPage {
    layout: Layout,
    stocks: Option<Number>,
    /// `None` if there are too many to count.
    products: Option<Number>,
    out: Option<OutOfStock>,
    low: Low,
    waiting: Waiting,
    /// The reservations that run out next, and whether there are more.
    next: Vec<Row>,
    has_more_next: bool,
    changes: Vec<Told>,
    import: Option<Imported>,
    /// Whether there is nothing at all yet.
    is_new: bool,
}

/// Shows the page.
pub(crate) async fn show_overview(
    visit: Visit,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let layout = visit.layout("Overview", Section::Overview).await?;
    let stocks = read::stocks(&visit).await?;
    let products = read::products(&visit).await?;
    let (next, has_more_next) = read::next(&visit).await?;
    let changes = read::changes(&visit).await?;
    let is_none = |number: Option<Number>| number == Some(Number(0));
    let out = match stocks {
        Some(Number(count)) if count > LOOKED_THROUGH_MAX => None,
        _ => read::out_of_stock(&visit).await?,
    };
    show(&OverviewPage {
        layout: layout.with(message),
        out,
        low: read::low(&visit).await?,
        waiting: read::waiting(&visit).await?,
        import: read::last_import(&visit).await?,
        is_new: is_none(stocks) && is_none(products),
        stocks,
        products,
        next,
        has_more_next,
        changes,
    })
}
