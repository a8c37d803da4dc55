//! The list of stores, for keys of the organization.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::Page;
use stockroom_domain::{OrganizationId, Owner, Store, StoreId};

use crate::page::{Layout, PAGE_ROWS, Pager, Problem, Section, TimeTag, page_after, show};
use crate::session::Visit;

/// The part of the address that says which page is shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    after: String,
}

/// A store.
struct Row {
    id: StoreId,
    name: String,
    created_at: TimeTag,
    /// Whether its things are looked at.
    is_current: bool,
}

#[derive(Template)]
#[template(path = "stores/list.html")]
struct StoresPage {
    layout: Layout,
    organization: OrganizationId,
    rows: Vec<Row>,
    pager: Pager,
}

/// Shows the list.
pub(super) async fn show_list(
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    if !visit.is_of_organization() {
        return Err(Problem::not_found());
    }
    let layout = visit.layout("Stores", Section::Stores).await?;
    let organization = visit.caller().organization;
    let mut stores = visit.stockroom().stores(organization).await?;
    stores.sort_by_key(|store| store.id);
    let after = StoreId::parse(&wanted.after);
    let request = page_after(PAGE_ROWS, after);
    let page = Page::of(stores, &request, |store: &Store| store.id);
    let next = page.next.map(|id| id.to_string());
    let path = visit.path("/stores");
    let pager = Pager::new(&page, after.is_none(), &path, &[], next);
    let rows = page.items.into_iter().map(|store| Row {
        id: store.id,
        is_current: visit.acting() == Owner::Store(store.id),
        created_at: TimeTag(store.created_at),
        name: store.name.to_string(),
    });
    show(&StoresPage {
        layout,
        organization,
        rows: rows.collect(),
        pager,
    })
}
