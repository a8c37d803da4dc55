//! Creating and changing a webhook.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use axum_extra::extract::Form;
use stockroom_application::IntegrationWithSecret;
use stockroom_domain::{Integration, IntegrationId};

use super::events::{Group, groups};
use super::filter::Fields;
use super::typed::Typed;
use super::{At, refused};
use crate::page::{Layout, Problem, Refused, Section, show, show_as};
use crate::session::{Done, Visit};

#[derive(Template)]
#[template(path = "webhooks/form.html")]
struct FormPage {
    layout: Layout,
    /// The webhook that is changed; `None` for a new one.
    changed: Option<Changed>,
    groups: Vec<Group>,
    typed: Typed,
    refused: Option<Refused>,
}

/// The webhook that is changed.
struct Changed {
    id: IntegrationId,
    name: String,
    /// A filter that the fields can't say.
    filter: Option<String>,
}

#[derive(Template)]
#[template(path = "webhooks/secret.html")]
struct SecretPage {
    layout: Layout,
    id: IntegrationId,
    name: String,
    secret: String,
    is_new: bool,
}

/// Shows the form for a new webhook.
pub(super) async fn show_new(visit: Visit) -> Result<Response, Problem> {
    visit.writer()?;
    answer(&visit, None, Typed::new(), None).await
}

/// Creates a webhook. The answer is the page with its secret, which no other page can show.
pub(super) async fn create(visit: Visit, Form(typed): Form<Typed>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let refused = match typed.create(&visit).await? {
        Err(detail) => Refused::invalid(detail),
        Ok(request) => match visit.stockroom().create_integration(writer, request).await {
            Ok(created) => return show_secret(&visit, created, true).await,
            Err(error) => refused(error)?,
        },
    };
    answer(&visit, None, typed, Some(refused)).await
}

/// Shows the form for a webhook.
pub(super) async fn show_edit(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    visit.writer()?;
    let integration = at.status(&visit).await?.state.integration;
    let typed = Typed::of(&integration);
    answer(&visit, Some(&integration), typed, None).await
}

/// Saves a webhook, and goes to its page.
pub(super) async fn save(
    visit: Visit,
    Path(at): Path<At>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let integration = at.status(&visit).await?.state.integration;
    let screen = format!("/webhooks/{}", integration.id);
    let done = |done| Done::redirect(&visit, "", &screen, done);
    let refused = if typed.version == integration.version.to_string() {
        match typed.update(&visit, &integration).await? {
            Err(detail) => Refused::invalid(detail),
            Ok(None) => return Ok(done("done=nothing")),
            Ok(Some(update)) => match visit.stockroom().update_integration(writer, update).await {
                Ok(_) => return Ok(done("done=saved")),
                Err(error) => refused(error)?,
            },
        }
    } else {
        Refused::outdated("webhook")
    };
    // It is decided on what the answer shows, so the form can be sent again once a conflict was seen.
    let typed = Typed {
        version: integration.version.to_string(),
        ..typed
    };
    answer(&visit, Some(&integration), typed, Some(refused)).await
}

/// Shows a secret, once.
///
/// # Errors
/// [`Problem`] if the database fails.
pub(super) async fn show_secret(
    visit: &Visit,
    created: IntegrationWithSecret,
    is_new: bool,
) -> Result<Response, Problem> {
    let IntegrationWithSecret {
        integration,
        secret,
    } = created;
    show(&SecretPage {
        layout: visit
            .layout(integration.name.as_str(), Section::Webhooks)
            .await?,
        id: integration.id,
        name: integration.name.to_string(),
        secret: secret.expose().to_owned(),
        is_new,
    })
}

async fn answer(
    visit: &Visit,
    integration: Option<&Integration>,
    typed: Typed,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let status = Refused::status(refused.as_ref());
    let title = if integration.is_some() {
        "Edit webhook"
    } else {
        "New webhook"
    };
    let changed = integration.map(|integration| {
        let filter = integration.configuration.filter.as_ref();
        let filter = filter.filter(|filter| Fields::of(Some(filter)).is_none());
        Changed {
            id: integration.id,
            name: integration.name.to_string(),
            filter: filter.map(|filter| filter.text.clone()),
        }
    });
    let page = FormPage {
        layout: visit.layout(title, Section::Webhooks).await?,
        changed,
        groups: groups(&typed.observes),
        typed,
        refused,
    };
    show_as(status, &page)
}
