//! The list of keys.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use stockroom_domain::{ApplicationKey, KeyId};

use crate::page::{Layout, Number, PAGE_ROWS, Pager, Problem, Section, TimeTag, page_after, show};
use crate::session::{Done, Visit};

/// The part of the address that says which page is shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    after: String,
}

/// A key.
struct Row {
    id: KeyId,
    name: String,
    client_id: String,
    is_read: bool,
    is_implicit: bool,
    reserved: Number,
    created_at: TimeTag,
    last_used_at: Option<TimeTag>,
    /// Whether the person is signed in with it.
    is_own: bool,
}

#[derive(Template)]
#[template(path = "keys/list.html")]
struct KeysPage {
    layout: Layout,
    rows: Vec<Row>,
    /// The sum of all reserved rate limits.
    reserved: Number,
    pager: Pager,
}

/// Shows the list.
pub(super) async fn show_list(
    visit: Visit,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let layout = visit.layout("Keys", Section::Keys).await?;
    let page = page_after(PAGE_ROWS, KeyId::parse(&wanted.after));
    let found = visit.stockroom().list_keys(visit.administrator(), page);
    let found = found.await?;
    let next = found.page.next.map(|id| id.to_string());
    let path = visit.path("/keys");
    let pager = Pager::new(&found.page, wanted.after.is_empty(), &path, &[], next);
    let rows = found.page.items.into_iter().map(|key| row(&visit, key));
    show(&KeysPage {
        layout: layout.with(message),
        rows: rows.collect(),
        reserved: found.totals.reserved_rate_limit.into(),
        pager,
    })
}

fn row(visit: &Visit, key: ApplicationKey) -> Row {
    Row {
        id: key.id,
        is_read: !key.access.is_full(),
        is_implicit: key.allow_implicit,
        reserved: u64::from(key.reserved_rate_limit).into(),
        created_at: TimeTag(key.created_at),
        last_used_at: key.last_used_at.map(TimeTag),
        is_own: visit.caller().actor.key == Some(key.id),
        client_id: key.client_id,
        name: key.name.to_string(),
    }
}
