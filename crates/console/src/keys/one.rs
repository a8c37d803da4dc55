//! Creating, changing and revoking a key.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use axum_extra::extract::Form;
use serde::Deserialize;
use stockroom_domain::{ApplicationKey, KeyId};

use super::typed::Typed;
use crate::page::{Layout, Message, Problem, Refused, Section, TimeTag, show, show_as};
use crate::session::{Done, Visit};

/// The path of a key's page.
#[derive(Deserialize)]
pub(super) struct At {
    id: String,
}

impl At {
    async fn key(&self, visit: &Visit) -> Result<ApplicationKey, Problem> {
        let id = KeyId::parse(&self.id).ok_or_else(Problem::not_found)?;
        let found = visit.stockroom().key(visit.administrator(), id);
        found.await?.ok_or_else(Problem::not_found)
    }
}

#[derive(Template)]
#[template(path = "keys/new.html")]
struct NewPage {
    layout: Layout,
    typed: Typed,
    refused: Option<Refused>,
}

#[derive(Template)]
#[template(path = "keys/secret.html")]
struct SecretPage {
    layout: Layout,
    name: String,
    client_id: String,
    client_secret: String,
    is_read: bool,
}

#[derive(Template)]
#[template(path = "keys/one.html")]
struct KeyPage {
    layout: Layout,
    id: KeyId,
    name: String,
    client_id: String,
    /// Whether the person is signed in with it.
    is_own: bool,
    created_at: TimeTag,
    updated_at: TimeTag,
    last_used_at: Option<TimeTag>,
    typed: Typed,
    refused: Option<Refused>,
}

/// Shows the form for a new key.
pub(super) async fn show_new(visit: Visit) -> Result<Response, Problem> {
    visit.writer()?;
    let typed = Typed {
        access: "full".to_owned(),
        reserved: "0".to_owned(),
        ..Typed::default()
    };
    answer_new(&visit, typed, None).await
}

/// Creates a key. The answer is the page with its secret, which no other page can show.
pub(super) async fn create(visit: Visit, Form(typed): Form<Typed>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let refused = match typed.create() {
        Err(detail) => Refused::invalid(detail),
        Ok(request) => match visit.stockroom().create_key(writer, request).await {
            Ok(new) => {
                return show(&SecretPage {
                    layout: visit.layout("New key", Section::Keys).await?,
                    name: new.key.name.to_string(),
                    is_read: !new.key.access.is_full(),
                    client_id: new.key.client_id,
                    client_secret: new.client_secret,
                });
            }
            Err(error) => Refused::of(error)?,
        },
    };
    answer_new(&visit, typed, Some(refused)).await
}

/// Shows a key, with a form for those who may change it.
pub(super) async fn show_one(
    visit: Visit,
    Path(at): Path<At>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let key = at.key(&visit).await?;
    answer(&visit, &key, Typed::of(&key), None, message).await
}

/// Saves a key.
pub(super) async fn save(
    visit: Visit,
    Path(at): Path<At>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let key = at.key(&visit).await?;
    let screen = format!("/keys/{}", key.id);
    let done = |done| Done::redirect(&visit, "", &screen, done);
    let refused = if typed.seen == key.updated_at.to_string() {
        match typed.update(&key) {
            Err(detail) => Refused::invalid(detail),
            Ok(None) => return Ok(done("done=nothing")),
            Ok(Some(update)) => match visit.stockroom().update_key(writer, update).await {
                Ok(_) => return Ok(done("done=saved")),
                Err(error) => Refused::of(error)?,
            },
        }
    } else {
        Refused::outdated("key")
    };
    // It is decided on what the answer shows, so the form can be sent again once a conflict was seen.
    let typed = Typed {
        seen: key.updated_at.to_string(),
        ..typed
    };
    answer(&visit, &key, typed, Some(refused), None).await
}

/// Revokes a key, and goes to the list: or to the page for signing in, if it was the person's own.
pub(super) async fn revoke(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let key = at.key(&visit).await?;
    visit.stockroom().delete_key(writer, key.id).await?;
    Ok(Done::redirect(&visit, "", "/keys", "done=revoked"))
}

async fn answer_new(
    visit: &Visit,
    typed: Typed,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let status = Refused::status(refused.as_ref());
    let page = NewPage {
        layout: visit.layout("New key", Section::Keys).await?,
        typed,
        refused,
    };
    show_as(status, &page)
}

async fn answer(
    visit: &Visit,
    key: &ApplicationKey,
    typed: Typed,
    refused: Option<Refused>,
    message: Option<Message>,
) -> Result<Response, Problem> {
    let status = Refused::status(refused.as_ref());
    let layout = visit.layout(key.name.as_str(), Section::Keys).await?;
    let page = KeyPage {
        layout: layout.with(message),
        id: key.id,
        name: key.name.to_string(),
        client_id: key.client_id.clone(),
        is_own: visit.caller().actor.key == Some(key.id),
        created_at: TimeTag(key.created_at),
        updated_at: TimeTag(key.updated_at),
        last_used_at: key.last_used_at.map(TimeTag),
        typed,
        refused,
    };
    show_as(status, &page)
}
