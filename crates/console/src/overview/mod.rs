//! The first page: what needs somebody's eye now.

mod read;

use askama::Template;
use axum::Router;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::get;

use self::read::{Imported, OutOfStock, Waiting};
use crate::activity::Told;
use crate::page::{Done, Layout, Number, Problem, Section, show};
use crate::reservations::Row;
use crate::service::AppState;
use crate::session::Visit;

pub(crate) fn routes() -> Router<AppState> {
    Router::new().route("/", get(show_overview))
}

#[derive(Template)]
#[template(path = "overview/overview.html")]
struct OverviewPage {
    layout: Layout,
    stocks: Option<Number>,
    /// `None` if there are too many to count.
    products: Option<Number>,
    out: Option<OutOfStock>,
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
    show(&OverviewPage {
        layout: layout.with(message),
        out: read::out_of_stock(&visit).await?,
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
