//! Creating, changing and deleting a location.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use axum_extra::extract::Form;
use serde::Deserialize;
use stockroom_application::Error;
use stockroom_domain::{Location, LocationId, Refusal, UpdateLocation};

use super::typed::Typed;
use crate::page::{Layout, Message, Problem, Refused, Section, TimeTag, query, show_as};
use crate::session::{Done, Visit};

/// The path of a location's page.
#[derive(Deserialize)]
pub(super) struct At {
    id: String,
}

impl At {
    async fn location(&self, visit: &Visit) -> Result<Location, Problem> {
        let id = LocationId::parse(&self.id).ok_or_else(Problem::not_found)?;
        let found = visit.stockroom().location(visit.caller(), id);
        found.await?.ok_or_else(Problem::not_found)
    }
}

#[derive(Template)]
#[template(path = "locations/new.html")]
struct NewPage {
    layout: Layout,
    typed: Typed,
    refused: Option<Refused>,
}

#[derive(Template)]
#[template(path = "locations/one.html")]
struct LocationPage {
    layout: Layout,
    id: LocationId,
    name: String,
    slug: String,
    /// Whether the key may change this location.
    may_edit: bool,
    is_shared: bool,
    created_at: TimeTag,
    updated_at: TimeTag,
    typed: Typed,
    refused: Option<Refused>,
}

/// Shows the form for a new location.
pub(super) async fn show_new(visit: Visit) -> Result<Response, Problem> {
    visit.writer()?;
    answer_new(&visit, Typed::of_new(), None).await
}

/// Creates a location, and goes to its page.
pub(super) async fn create(visit: Visit, Form(typed): Form<Typed>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let refused = match typed.create() {
        Err(detail) => Refused::invalid(detail),
        Ok(request) => match visit.stockroom().execute(writer, request).await {
            Ok(location) => {
                let screen = format!("/locations/{}", location.id);
                return Ok(Done::redirect(&visit, "", &screen, "done=created"));
            }
            Err(error) => Refused::of(error)?,
        },
    };
    answer_new(&visit, typed, Some(refused)).await
}

/// Shows a location, with a form for those who may change it.
pub(super) async fn show_one(
    visit: Visit,
    Path(at): Path<At>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let location = at.location(&visit).await?;
    let typed = Typed::of(&location);
    answer(&visit, &location, typed, None, message).await
}

/// Saves a location.
pub(super) async fn save(
    visit: Visit,
    Path(at): Path<At>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let location = at.location(&visit).await?;
    visit.caller().actor.may_administer(location.owner)?;
    let screen = format!("/locations/{}", location.id);
    let refused = if typed.version == location.version.to_string() {
        match typed.update(&location) {
            Err(detail) => Refused::invalid(detail),
            Ok(update) if update == UpdateLocation::new(location.id) => {
                return Ok(Done::redirect(&visit, "", &screen, "done=nothing"));
            }
            Ok(update) => match visit.stockroom().execute(writer, update).await {
                Ok(_) => {
                    return Ok(Done::redirect(&visit, "", &screen, "done=saved"));
                }
                Err(error) => Refused::of(error)?,
            },
        }
    } else {
        Refused::outdated("location")
    };
    // It is decided on what the answer shows, so the form can be sent again once a conflict was seen.
    let typed = Typed {
        version: location.version.to_string(),
        ..typed
    };
    answer(&visit, &location, typed, Some(refused), None).await
}

/// Deletes a location, and goes to the list.
pub(super) async fn delete(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let location = at.location(&visit).await?;
    visit.caller().actor.may_administer(location.owner)?;
    let deleted = visit.stockroom().delete_location(writer, location.id);
    let refused = match deleted.await {
        Ok(()) => {
            return Ok(Done::redirect(&visit, "", "/locations", "done=deleted"));
        }
        Err(Error::Refused(refusal @ Refusal::LocationInUse)) => {
            let stock = query(
                &visit.path("/stock"),
                &[("location", location.slug.as_str())],
            );
            Refused::of(refusal.into())?
                .saying("Nothing was deleted: stock has this location. Move it elsewhere first.")
                .see("Look at that stock", stock)
        }
        Err(error) => Refused::of(error)?,
    };
    let typed = Typed::of(&location);
    answer(&visit, &location, typed, Some(refused), None).await
}

async fn answer_new(
    visit: &Visit,
    typed: Typed,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let status = Refused::status(refused.as_ref());
    let page = NewPage {
        layout: visit.layout("New location", Section::Locations).await?,
        typed,
        refused,
    };
    show_as(status, &page)
}

async fn answer(
    visit: &Visit,
    location: &Location,
    typed: Typed,
    refused: Option<Refused>,
    message: Option<Message>,
) -> Result<Response, Problem> {
    let status = Refused::status(refused.as_ref());
    let title = location.name.as_str();
    let layout = visit.layout(title, Section::Locations).await?;
    let may_administer = visit.caller().actor.may_administer(location.owner);
    let page = LocationPage {
        may_edit: layout.may_change && may_administer.is_ok(),
        layout: layout.with(message),
        id: location.id,
        name: location.name.to_string(),
        slug: location.slug.to_string(),
        is_shared: location.owner != visit.acting(),
        created_at: TimeTag(location.created_at),
        updated_at: TimeTag(location.updated_at),
        typed,
        refused,
    };
    show_as(status, &page)
}
