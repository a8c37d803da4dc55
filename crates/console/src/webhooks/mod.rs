//! Webhooks: where events are sent, and what came of it.

mod attempts;
mod events;
mod filter;
mod form;
mod list;
mod one;
mod steps;
mod typed;

use axum::Router;
use axum::routing::{get, post};
use serde::Deserialize;
use stockroom_application::webhooks::SendError;
use stockroom_application::{Error, IntegrationStatus};
use stockroom_domain::{EventId, IntegrationId, Refusal};

use crate::page::{Problem, Refused, TimeTag};
use crate::service::AppState;
use crate::session::Visit;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/webhooks", get(list::show_list).post(form::create))
        .route("/webhooks/new", get(form::show_new))
        .route("/webhooks/attempts", get(attempts::show_all))
        .route("/webhooks/{id}", get(one::show_one))
        .route("/webhooks/{id}/edit", get(form::show_edit).post(form::save))
        .route("/webhooks/{id}/attempts", get(attempts::show_all))
        .route("/webhooks/{id}/deliveries/{event}", get(attempts::show_all))
        .route("/webhooks/{id}/test", post(steps::test))
        .route("/webhooks/{id}/rotate", post(steps::rotate))
        .route("/webhooks/{id}/replay", post(steps::replay))
        .route("/webhooks/{id}/delete", post(steps::delete))
}

/// The path of a screen of a webhook.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct At {
    id: String,
    event: String,
}

impl At {
    async fn status(&self, visit: &Visit) -> Result<IntegrationStatus, Problem> {
        let id = IntegrationId::parse(&self.id).ok_or_else(Problem::not_found)?;
        let found = visit.stockroom().integration(visit.administrator(), id);
        found.await?.ok_or_else(Problem::not_found)
    }

    /// The event whose delivery is looked at, if one is.
    fn event(&self) -> Result<Option<EventId>, Problem> {
        if self.event.is_empty() {
            return Ok(None);
        }
        let event = EventId::parse(&self.event).ok_or_else(Problem::not_found)?;
        Ok(Some(event))
    }
}

/// How the deliveries of a webhook are, in words.
struct State {
    class: &'static str,
    text: &'static str,
    since: Option<TimeTag>,
    reason: String,
}

impl State {
    fn of(status: &IntegrationStatus) -> Self {
        let integration = &status.state.integration;
        let reason = integration.disabled_reason.as_ref();
        let reason = reason.map(ToString::to_string).unwrap_or_default();
        let since = status.state.failing_since.map(TimeTag);
        let (class, text) = match (integration.enabled, since) {
            (true, None) => ("badge good", "on"),
            (true, Some(_)) => ("badge warn", "fails"),
            (false, _) if reason.is_empty() => ("badge muted", "off"),
            (false, _) => ("badge bad", "switched off by the server"),
        };
        Self {
            class,
            text,
            since,
            reason,
        }
    }
}

/// The reason of an error.
///
/// # Errors
/// [`Problem`] if the server failed, or has too much to do.
fn refused(error: Error) -> Result<Refused, Problem> {
    let words = match &error {
        Error::UrlNotAllowed(SendError::NotSupported) => {
            Some("This server sends no webhooks.".to_owned())
        }
        Error::UrlNotAllowed(reason) => Some(format!("The address can't be called: {reason}.")),
        Error::Refused(Refusal::VersionIs { .. }) => return Ok(Refused::outdated("webhook")),
        Error::Refused(Refusal::IntegrationDisabled) => {
            Some("The webhook is off. Switch it on first.".to_owned())
        }
        Error::Refused(Refusal::TooManyIntegrations { integrations_max }) => {
            Some(format!("There can be at most {integrations_max} webhooks."))
        }
        _ => None,
    };
    let refused = Refused::of(error)?;
    Ok(match words {
        Some(words) => refused.saying(words),
        None => refused,
    })
}
