//! What a preview would change: now and then.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use stockroom_application::LineChangePlace;
use stockroom_domain::{Balance, ChangedProduct, Import, ImportId, LineChange, ProductId};

use super::At;
use super::job::Wanted;
use super::words::title;
use crate::ledger::Step;
use crate::lookup::Titles;
use crate::page::{Layout, Number, PAGE_ROWS, Pager, Problem, Section, page_after, show};
use crate::session::Visit;

/// A change that a line would make.
pub(super) struct Row {
    pub(super) line: Number,
    /// The product; `None` if the import would register it.
    pub(super) product: Option<ProductId>,
    pub(super) title: String,
    pub(super) sku: String,
    /// The slug of the location, or nothing.
    pub(super) place: String,
    /// The figures of the position.
    pub(super) total: Step,
    pub(super) available: Step,
}

/// A page of changes.
pub(super) struct Changes {
    pub(super) rows: Vec<Row>,
    /// Whether there may be more than those that are kept.
    pub(super) is_cut: bool,
    pub(super) pager: Pager,
}

#[derive(Template)]
#[template(path = "imports/preview.html")]
struct PreviewPage {
    layout: Layout,
    id: ImportId,
    title: String,
    changes: Changes,
}

/// Shows what a preview would change.
pub(super) async fn show_preview(
    visit: Visit,
    Path(at): Path<At>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let import = at.import(&visit).await?;
    let title = title(&import);
    let name = format!("What {title} would change");
    show(&PreviewPage {
        layout: visit.layout(&name, Section::Imports).await?,
        id: import.id,
        title,
        changes: changes(&visit, &import, &wanted.after).await?,
    })
}

/// The changes after a place, or the first ones. The pages that follow are those of the preview.
pub(super) async fn changes(
    visit: &Visit,
    import: &Import,
    after: &str,
) -> Result<Changes, Problem> {
    let place = after.parse().ok().map(LineChangePlace);
    let request = page_after(PAGE_ROWS, place);
    let found = visit
        .stockroom()
        .list_line_changes(visit.administrator(), import, request);
    let page = found.await?;
    let path = visit.path(&format!("/imports/{}/preview", import.id));
    let next = page.next.map(|LineChangePlace(place)| place.to_string());
    let pager = Pager::new(&page, place.is_none(), &path, &[], next);
    let known = page.items.iter().filter_map(|(_, it)| match it.product {
        ChangedProduct::Known(product) => Some(product),
        ChangedProduct::New { .. } => None,
    });
    let titles = Titles::of(visit, known).await?;
    let changes = page.items.into_iter();
    Ok(Changes {
        rows: changes.map(|(_, change)| row(change, &titles)).collect(),
        is_cut: import.changes >= Import::CHANGES_MAX,
        pager,
    })
}

fn row(change: LineChange, titles: &Titles) -> Row {
    let (product, title, sku) = match change.product {
        ChangedProduct::Known(product) => {
            (Some(product), titles.title(product), titles.sku(product))
        }
        ChangedProduct::New { name, sku, .. } => {
            let sku = sku.map(|sku| sku.to_string());
            (None, name.as_str().to_owned(), sku.unwrap_or_default())
        }
    };
    let (before, after) = (change.before, change.after);
    let step = |figure: fn(Balance) -> Number| Step {
        before: figure(before),
        after: figure(after),
    };
    Row {
        line: Number::from(u64::from(change.line)),
        product,
        title,
        sku,
        place: change
            .location
            .map_or_else(String::new, |it| it.as_str().to_owned()),
        total: step(|balance| balance.total().into()),
        available: step(|balance| balance.available.into()),
    }
}
