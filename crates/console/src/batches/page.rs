//! The page of a batch, and those of the batches of an import.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::Page;
use stockroom_domain::{BatchId, ImportId, ProductId, Recorded};

use crate::ledger::{Row, rows_of_batch};
use crate::lookup::Titles;
use crate::page::{Layout, PAGE_ROWS, Pager, Problem, Section, show};
use crate::session::{Done, Visit};

/// The path of a batch.
#[derive(Deserialize)]
pub(super) struct BatchPath {
    batch: String,
}

/// The path of the changes of an import.
#[derive(Deserialize)]
pub(super) struct ImportPath {
    import: String,
}

/// The part of the address that says where the page begins.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    after: String,
}

/// The place at which a page begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    /// The number of the import's part, from 0. A batch has only one.
    part: u32,
    /// The number of entries of the part that come before.
    entries: usize,
}

impl Place {
    /// The place that a text names, or else the first one.
    fn parse(text: &str) -> Self {
        let place = text.split_once('.').and_then(|(part, entries)| {
            Some(Self {
                part: part.parse().ok()?,
                entries: entries.parse().ok()?,
            })
        });
        place.unwrap_or_default()
    }

    fn text(self) -> String {
        format!("{}.{}", self.part, self.entries)
    }

    /// The place after this page, of which there are `parts`.
    fn next(self, page: &Page<Recorded, ()>, parts: u32) -> Option<Self> {
        let entries = self.entries.saturating_add(page.items.len());
        let has_more = page.total.is_some_and(|total| (entries as u64) < total);
        if has_more && !page.items.is_empty() {
            return Some(Self { entries, ..self });
        }
        let part = self.part.saturating_add(1);
        (part < parts).then_some(Self { part, entries: 0 })
    }
}

/// An entry and its product.
struct Line {
    product: ProductId,
    title: String,
    sku: String,
    entry: Row,
}

#[derive(Template)]
#[template(path = "batches/page.html")]
struct BatchPage {
    layout: Layout,
    /// The batch to undo, if the page is that of one.
    batch: Option<BatchId>,
    /// The import whose changes these are, and the part of it that the page shows: its number from 1, and the
    /// number of all.
    import: Option<(ImportId, u32, u32)>,
    lines: Vec<Line>,
    /// Whether any of these entries isn't undone.
    can_be_undone: bool,
    pager: Pager,
    back: String,
}

/// Shows what was changed together.
pub(super) async fn show_batch(
    visit: Visit,
    Path(path): Path<BatchPath>,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let id = BatchId::parse(&path.batch).ok_or_else(Problem::not_found)?;
    let place = Place {
        part: 0,
        ..Place::parse(&wanted.after)
    };
    let page = read(&visit, id, place).await?;
    let page = page.ok_or_else(Problem::not_found)?;
    let path = visit.path(&format!("/batches/{id}"));
    let next = place.next(&page, 1).map(Place::text);
    let pager = Pager::new(&page, place == Place::default(), &path, &[], next);
    let lines = lines(&visit, page.items).await?;
    let layout = visit.layout("Batch", Section::Activity).await?;
    show(&BatchPage {
        layout: layout.with(done.message(&visit).await?),
        batch: Some(id),
        import: None,
        can_be_undone: lines.iter().any(|line| line.entry.can_be_undone),
        lines,
        pager,
        back: visit.here(),
    })
}

/// Shows what an import changed, one part of the file after the other.
pub(super) async fn show_import(
    visit: Visit,
    Path(path): Path<ImportPath>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let id = ImportId::parse(&path.import).ok_or_else(Problem::not_found)?;
    let stockroom = visit.stockroom();
    let import = stockroom.import(visit.administrator(), id).await?;
    let import = import.ok_or_else(Problem::not_found)?;
    let place = Place::parse(&wanted.after);
    let batch = stockroom.import_batch(visit.administrator(), id, place.part);
    let page = match batch.await? {
        Some(batch) => read(&visit, batch, place).await?,
        None => None,
    };
    let page = page.unwrap_or(Page {
        items: Vec::new(),
        total: Some(0),
        next: None,
    });
    let path = visit.path(&format!("/imports/{id}/changes"));
    let next = place.next(&page, import.chunks).map(Place::text);
    let pager = Pager::new(&page, place == Place::default(), &path, &[], next);
    let title = "What an import changed";
    show(&BatchPage {
        layout: visit.layout(title, Section::Imports).await?,
        batch: None,
        import: Some((id, place.part.saturating_add(1), import.chunks)),
        can_be_undone: false,
        lines: lines(&visit, page.items).await?,
        pager,
        back: visit.here(),
    })
}

async fn read(
    visit: &Visit,
    id: BatchId,
    place: Place,
) -> Result<Option<Page<Recorded, ()>>, Problem> {
    let rows = PAGE_ROWS as usize;
    let stockroom = visit.stockroom();
    let page = stockroom.batch(visit.administrator(), id, rows, place.entries);
    Ok(page.await?)
}

async fn lines(visit: &Visit, entries: Vec<Recorded>) -> Result<Vec<Line>, Problem> {
    let products: Vec<ProductId> = entries.iter().map(|it| it.product).collect();
    let titles = Titles::of(visit, products.iter().copied()).await?;
    let rows = rows_of_batch(visit, entries).await?;
    let lines = products.into_iter().zip(rows).map(|(product, entry)| Line {
        product,
        title: titles.title(product),
        sku: titles.sku(product),
        entry,
    });
    Ok(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(total: u64) -> Page<Recorded, ()> {
        Page {
            items: Vec::new(),
            total: Some(total),
            next: None,
        }
    }

    #[test]
    fn a_part_without_entries_is_followed_by_the_next_part() {
        let first = Place::default();
        let second = Place {
            part: 1,
            entries: 0,
        };
        assert_eq!(first.next(&page(0), 2), Some(second));
        assert_eq!(second.next(&page(0), 2), None);
    }

    #[test]
    fn a_page_behind_the_last_entry_has_no_next_one() {
        let behind = Place {
            part: 0,
            entries: 10,
        };
        assert_eq!(behind.next(&page(5), 1), None);
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let place = Place {
            part: 7,
            entries: 50,
        };
        assert_eq!(Place::parse(&place.text()), place);
        assert_eq!(Place::parse("7"), Place::default());
    }
}
