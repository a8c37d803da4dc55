//! The places that can be counted.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::filter::{Pattern, TextCondition};
use stockroom_application::ports::LocationCondition;
use stockroom_application::{LocationOrder, LocationPlace};
use stockroom_domain::{LocationId, Slug};

use super::asked::UNLOCATED;
use crate::page::{Layout, PAGE_ROWS, Pager, Problem, Section, page_after, show};
use crate::session::Visit;

/// The part of the address that says what is listed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// A part of the name.
    q: String,
    /// The location after which the page begins.
    after: String,
}

struct Row {
    name: String,
    slug: Slug,
}

#[derive(Template)]
#[template(path = "counts/places.html")]
struct PlacesPage {
    layout: Layout,
    wanted: Wanted,
    unlocated: &'static str,
    rows: Vec<Row>,
    pager: Pager,
}

/// Shows the places.
pub(super) async fn show_places(
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let mut filter = Vec::new();
    if !wanted.q.is_empty() {
        filter.push(LocationCondition::Name(TextCondition::Like(Pattern {
            text: wanted.q.clone(),
            open_start: true,
            open_end: true,
        })));
    }
    let request = page_after(
        PAGE_ROWS,
        LocationId::parse(&wanted.after).map(|id| LocationPlace { rank: 0, id }),
    );
    let found =
        visit
            .stockroom()
            .list_locations(visit.caller(), &filter, LocationOrder::Created, request);
    let page = found.await?;
    let next = page.next.map(|place| place.id.to_string());
    let (path, kept) = (visit.path("/counts"), [("q", wanted.q.as_str())]);
    let pager = Pager::new(&page, wanted.after.is_empty(), &path, &kept, next);
    let rows = page.items.into_iter().map(|location| Row {
        name: location.name.as_str().to_owned(),
        slug: location.slug,
    });
    show(&PlacesPage {
        layout: visit.layout("Counting", Section::Counts).await?,
        unlocated: UNLOCATED,
        rows: rows.collect(),
        pager,
        wanted,
    })
}
