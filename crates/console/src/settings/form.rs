//! The settings, which every key sees, and those of the organization change.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use axum_extra::extract::Form;
use serde::Deserialize;
use stockroom_domain::{Owner, UpdateSettings};

use crate::page::{Layout, Problem, Section, show};
use crate::session::{Done, Visit};

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    /// Nothing if it isn't ticked.
    per_store_stock: String,
}

#[derive(Template)]
#[template(path = "settings/form.html")]
struct SettingsPage {
    layout: Layout,
    per_store_stock: bool,
    may_edit: bool,
}

/// Shows the settings.
pub(super) async fn show_form(visit: Visit, Query(done): Query<Done>) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let layout = visit.layout("Settings", Section::Settings).await?;
    let settings = visit.stockroom().settings(visit.administrator()).await?;
    show(&SettingsPage {
        may_edit: layout.may_change && visit.is_of_organization(),
        layout: layout.with(message),
        per_store_stock: settings.per_store_stock,
    })
}

/// Saves the settings.
pub(super) async fn save(visit: Visit, Form(typed): Form<Typed>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    visit.caller().actor.may_administer(Owner::Organization)?;
    let per_store_stock = !typed.per_store_stock.is_empty();
    let before = visit.stockroom().settings(visit.administrator()).await?;
    let done = if before.per_store_stock == per_store_stock {
        "done=nothing"
    } else {
        let request = UpdateSettings {
            per_store_stock: Some(per_store_stock),
        };
        visit.stockroom().execute(writer, request).await?;
        "done=saved"
    };
    Ok(Done::redirect(&visit, "", "/settings", done))
}
