//! The attempts to deliver events: of all webhooks, of one, or of one event.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::ports::DeliveryLog;
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{EventId, IntegrationId, LogId};

use super::At;
use crate::page::{Layout, Number, PAGE_ROWS, Pager, Problem, Section, TimeTag, show};
use crate::session::{Done, Visit};

/// The part of the address that says which page is shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Offset {
    /// The number of rows before the page.
    after: String,
}

impl Offset {
    pub(super) fn number(&self) -> u32 {
        let number = self.after.parse().unwrap_or(0);
        PageRequest::OFFSET_MAX.min(number)
    }
}

/// A part of a list that is counted, and the place of the next one.
pub(super) fn page_of<T>(
    (items, total): (Vec<T>, u64),
    offset: u32,
) -> (Page<T, ()>, Option<String>) {
    let next = offset.saturating_add(PAGE_ROWS);
    let has_more = u64::from(next) < total && next <= PageRequest::OFFSET_MAX;
    let page = Page {
        items,
        total: Some(total),
        next: None,
    };
    (page, has_more.then(|| next.to_string()))
}

/// An attempt.
struct Row {
    id: LogId,
    webhook: IntegrationId,
    webhook_name: String,
    event: EventId,
    at: TimeTag,
    number: Number,
    succeeded: bool,
    status: Option<u16>,
    error: String,
    /// The beginning of the answer.
    answer: String,
}

/// What the attempts are of.
struct Of {
    id: IntegrationId,
    name: String,
    event: Option<EventId>,
}

#[derive(Template)]
#[template(path = "webhooks/attempts.html")]
struct AttemptsPage {
    layout: Layout,
    /// The webhook; `None` for all.
    of: Option<Of>,
    rows: Vec<Row>,
    pager: Pager,
}

impl AttemptsPage {
    /// The event, if the attempts are those of one delivery.
    fn event(&self) -> Option<EventId> {
        self.of.as_ref()?.event
    }
}

/// Shows the attempts.
pub(super) async fn show_all(
    visit: Visit,
    Path(at): Path<At>,
    Query(offset): Query<Offset>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let of = if at.id.is_empty() {
        None
    } else {
        let integration = at.status(&visit).await?.state.integration;
        Some(Of {
            id: integration.id,
            name: integration.name.to_string(),
            event: at.event()?,
        })
    };
    let title = match &of {
        Some(Of { event: Some(_), .. }) => "Delivery",
        _ => "Attempts",
    };
    let layout = visit.layout(title, Section::Webhooks).await?;
    let offset = offset.number();
    let logs = visit.stockroom().delivery_logs(
        visit.administrator(),
        of.as_ref().map(|of| (of.id, of.event)),
        PAGE_ROWS,
        offset,
    );
    let (logs, total) = logs.await?.ok_or_else(Problem::not_found)?;
    let is_delivery = of.as_ref().is_some_and(|of| of.event.is_some());
    if is_delivery && total == 0 {
        return Err(Problem::not_found());
    }
    let names = names(&visit).await?;
    let (page, next) = page_of((logs, total), offset);
    let path = visit.path(&screen(of.as_ref()));
    show(&AttemptsPage {
        layout: layout.with(message),
        of,
        pager: Pager::new(&page, offset == 0, &path, &[], next),
        rows: page.items.into_iter().map(|log| row(log, &names)).collect(),
    })
}

/// The screen that shows these attempts.
fn screen(of: Option<&Of>) -> String {
    match of {
        None => "/webhooks/attempts".to_owned(),
        Some(Of { id, event, .. }) => match event {
            None => format!("/webhooks/{id}/attempts"),
            Some(event) => format!("/webhooks/{id}/deliveries/{event}"),
        },
    }
}

/// The names of the webhooks, of which there are few.
async fn names(visit: &Visit) -> Result<HashMap<IntegrationId, String>, Problem> {
    let page = PageRequest::from_offset(PageRequest::LIMIT_MAX, 0);
    let found = visit
        .stockroom()
        .list_integrations(visit.administrator(), page);
    let found = found.await?.items.into_iter();
    let names = found.map(|status| status.state.integration);
    Ok(names.map(|it| (it.id, it.name.to_string())).collect())
}

fn row(log: DeliveryLog, names: &HashMap<IntegrationId, String>) -> Row {
    Row {
        id: log.id,
        webhook: log.integration,
        webhook_name: names.get(&log.integration).cloned().unwrap_or_default(),
        event: log.event,
        at: TimeTag(log.created_at),
        number: u64::from(log.attempt).into(),
        succeeded: log.succeeded,
        status: log.status_code,
        error: log.error_detail.unwrap_or_default(),
        answer: log.body.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end_with_the_list_and_where_the_database_stops() {
        let next = |offset, total| page_of((Vec::<()>::new(), total), offset).1;
        assert_eq!(next(0, 50), None);
        assert_eq!(next(0, 51).as_deref(), Some("50"));
        assert_eq!(next(10_000, 20_000), None);
        let offset = |after: &str| {
            let after = after.to_owned();
            Offset { after }.number()
        };
        assert_eq!((offset("x"), offset("7"), offset("99999")), (0, 7, 10_000));
    }
}
