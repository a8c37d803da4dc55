//! One webhook: how its deliveries are, and what can be done with it.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::IntegrationStatus;
use stockroom_application::ports::DeliveryJob;
use stockroom_domain::{EventFormat, EventId, IntegrationId};

use super::attempts::{Offset, page_of};
use super::events;
use super::{At, State};
use crate::page::{
    Layout, Message, Number, PAGE_ROWS, Pager, Problem, Refused, Section, TimeTag, show_as,
};
use crate::session::{Done, Visit};

/// The part of the address that tells that events are sent again.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Again {
    done: String,
}

/// The word for it.
pub(super) const AGAIN: &str = "again";

/// The fields of the forms on the page, which are shown again if they are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    pub(super) position: String,
    pub(super) since: String,
    pub(super) hours: String,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            position: String::new(),
            since: String::new(),
            hours: "24".to_owned(),
        }
    }
}

/// The delivery of an event.
struct Row {
    event: EventId,
    succeeded: bool,
    attempts: Number,
    created_at: TimeTag,
    updated_at: TimeTag,
}

impl Row {
    fn of(job: &DeliveryJob) -> Self {
        Self {
            event: job.event,
            succeeded: job.succeeded,
            attempts: u64::from(job.attempts).into(),
            created_at: TimeTag(job.created_at),
            updated_at: TimeTag(job.updated_at),
        }
    }
}

#[derive(Template)]
#[template(path = "webhooks/one.html")]
struct WebhookPage {
    layout: Layout,
    id: IntegrationId,
    name: String,
    description: String,
    url: String,
    enabled: bool,
    state: State,
    events: Vec<&'static str>,
    format: &'static str,
    timeout: u8,
    filter: Option<String>,
    position: Number,
    behind: Number,
    created_at: TimeTag,
    updated_at: TimeTag,
    rows: Vec<Row>,
    pager: Pager,
    typed: Typed,
    refused: Option<Refused>,
}

/// Shows a webhook.
pub(super) async fn show_one(
    visit: Visit,
    Path(at): Path<At>,
    Query(offset): Query<Offset>,
    Query(done): Query<Done>,
    Query(again): Query<Again>,
) -> Result<Response, Problem> {
    let message = if again.done == AGAIN {
        Some(Message {
            text: "The events are sent again, in their order.".to_owned(),
            undo: None,
        })
    } else {
        done.message(&visit).await?
    };
    let status = at.status(&visit).await?;
    answer(&visit, status, &offset, Typed::default(), None, message).await
}

/// Shows the page again, with the reason why a form was refused and what was typed.
///
/// # Errors
/// [`Problem`] if the database fails.
pub(super) async fn show_refused(
    visit: &Visit,
    at: &At,
    typed: Typed,
    refused: Refused,
) -> Result<Response, Problem> {
    let status = at.status(visit).await?;
    answer(
        visit,
        status,
        &Offset::default(),
        typed,
        Some(refused),
        None,
    )
    .await
}

async fn answer(
    visit: &Visit,
    status: IntegrationStatus,
    offset: &Offset,
    typed: Typed,
    refused: Option<Refused>,
    message: Option<Message>,
) -> Result<Response, Problem> {
    let state = State::of(&status);
    let integration = status.state.integration;
    let configuration = integration.configuration;
    let layout = visit.layout(integration.name.as_str(), Section::Webhooks);
    let layout = layout.await?.with(message);
    let path = visit.path(&format!("/webhooks/{}", integration.id));
    let offset = offset.number();
    let jobs =
        visit
            .stockroom()
            .delivery_jobs(visit.administrator(), integration.id, PAGE_ROWS, offset);
    let jobs = jobs.await?.ok_or_else(Problem::not_found)?;
    let (jobs, next) = page_of(jobs, offset);
    let code = Refused::status(refused.as_ref());
    let page = WebhookPage {
        layout,
        id: integration.id,
        state,
        name: integration.name.to_string(),
        description: integration
            .description
            .map(|it| it.to_string())
            .unwrap_or_default(),
        url: configuration.url.to_string(),
        enabled: integration.enabled,
        events: events::told(&integration.observes),
        format: match configuration.format {
            EventFormat::Standard => "Standard Webhooks",
            EventFormat::ElasticPath => "Elastic Path",
        },
        timeout: configuration.timeout.seconds(),
        filter: configuration.filter.map(|filter| filter.text),
        position: status.state.position.into(),
        behind: status.behind.into(),
        created_at: TimeTag(integration.created_at),
        updated_at: TimeTag(integration.updated_at),
        pager: Pager::new(&jobs, offset == 0, &path, &[], next),
        rows: jobs.items.iter().map(Row::of).collect(),
        typed,
        refused,
    };
    show_as(code, &page)
}
