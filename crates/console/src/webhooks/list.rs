//! The list of webhooks.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::IntegrationStatus;
use stockroom_domain::{IntegrationId, Observed};

use super::State;
use crate::page::{Layout, Number, PAGE_ROWS, Pager, Problem, Section, TimeTag, page_after, show};
use crate::session::{Done, Visit};

/// The part of the address that says which page is shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    after: String,
}

/// A webhook.
struct Row {
    id: IntegrationId,
    name: String,
    /// The beginning of its address. The rest is a secret with many services.
    host: String,
    state: State,
    /// The number of kinds of events; `None` for all.
    events: Option<Number>,
    behind: Number,
    updated_at: TimeTag,
}

impl Row {
    fn of(status: &IntegrationStatus) -> Self {
        let integration = &status.state.integration;
        let events = match &integration.observes {
            Observed::All => None,
            Observed::Only(only) => u64::try_from(only.len()).ok().map(Number::from),
        };
        Self {
            id: integration.id,
            name: integration.name.to_string(),
            host: host(integration.configuration.url.as_str()),
            state: State::of(status),
            events,
            behind: status.behind.into(),
            updated_at: TimeTag(integration.updated_at),
        }
    }
}

/// The scheme and the host of an address.
fn host(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}")
}

#[derive(Template)]
#[template(path = "webhooks/list.html")]
struct WebhooksPage {
    layout: Layout,
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
    let layout = visit.layout("Webhooks", Section::Webhooks).await?;
    let after = IntegrationId::parse(&wanted.after);
    let page = page_after(PAGE_ROWS, after);
    let found = visit
        .stockroom()
        .list_integrations(visit.administrator(), page);
    let found = found.await?;
    let next = found.next.map(|id| id.to_string());
    let path = visit.path("/webhooks");
    show(&WebhooksPage {
        layout: layout.with(message),
        pager: Pager::new(&found, after.is_none(), &path, &[], next),
        rows: found.items.iter().map(Row::of).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn an_address_is_shown_up_to_its_path() {
        for url in [
            "https://a.example:8/x?y",
            "https://a.example:8#z",
            "https://a.example:8",
        ] {
            assert_eq!(host(url), "https://a.example:8");
        }
    }
}
