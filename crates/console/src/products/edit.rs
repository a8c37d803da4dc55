//! Changing and deleting a product.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use stockroom_application::Error;
use stockroom_domain::{Product, Refusal, Stock};

use super::typed::{Typed, nothing, unlocated};
use crate::page::{Done, Layout, Message, Problem, Section, TimeTag, show};
use crate::product::Ids;
use crate::session::Visit;

/// The reason why a form was refused.
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) detail: String,
    /// The words and the address of a page that helps.
    pub(super) link: Option<(&'static str, String)>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            link: None,
        }
    }

    /// The reason of an error.
    ///
    /// # Errors
    /// [`Problem`] if the server failed, or has too much to do.
    pub(super) fn of(visit: &Visit, error: Error) -> Result<Self, Problem> {
        let (detail, link) = match &error {
            Error::Refused(Refusal::SkuTaken { product }) => {
                let page = visit.path(&format!("/products/{product}"));
                let detail = "Another product has this SKU.";
                (detail, Some(("Look at that product", page)))
            }
            Error::Refused(Refusal::ExternalRefTaken { product }) => {
                let page = visit.path(&format!("/products/{product}"));
                let detail = "Another product has this external reference.";
                (detail, Some(("Look at that product", page)))
            }
            Error::Refused(Refusal::InvalidProductIdentifier) => (
                "Another owner keeps the stock of this product, so none can be kept here.",
                None,
            ),
            _ => ("", None),
        };
        let (status, words) = crate::product::refused(error)?;
        let detail = if detail.is_empty() {
            words
        } else {
            detail.to_owned()
        };
        Ok(Self {
            status,
            detail,
            link,
        })
    }
}

#[derive(Template)]
#[template(path = "products/edit.html")]
struct EditPage {
    layout: Layout,
    name: String,
    /// The path of the product's page.
    path: String,
    /// Whether the key may change this product.
    may_edit: bool,
    is_shared: bool,
    has_stock: bool,
    created_at: TimeTag,
    updated_at: TimeTag,
    typed: Typed,
    refused: Option<Refused>,
}

/// A product that is looked at, and its stock.
struct Known {
    product: Product,
    stock: Option<Stock>,
}

impl Known {
    async fn read(visit: &Visit, ids: &Ids) -> Result<Self, Problem> {
        let id = ids.product()?;
        let found = visit.stockroom().product(visit.administrator(), id);
        let found = found.await?.ok_or_else(Problem::not_found)?;
        Ok(Self {
            product: found.product,
            stock: visit.stockroom().stock(visit.caller(), id).await?,
        })
    }

    fn screen(&self) -> String {
        format!("/products/{}", self.product.id)
    }

    /// Why a form doesn't fit any more, if somebody has changed the product since it was loaded.
    fn is_outdated(&self, typed: &Typed) -> Option<Refused> {
        let detail = if typed.version != self.product.version.to_string() {
            "Somebody has changed this product since you loaded the form. Below is what you typed: save it again, \
             and it replaces their changes."
        } else if !typed.stock.trim().is_empty() && typed.seen != unlocated(self.stock.as_ref()) {
            "The stock is another one than the form showed. Look at the figures again, and save again if they are \
             right."
        } else {
            return None;
        };
        Some(Refused::new(StatusCode::CONFLICT, detail))
    }
}

/// Shows the form, or the fields alone to somebody who may not change them.
pub(super) async fn show_form(
    visit: Visit,
    Path(ids): Path<Ids>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let known = Known::read(&visit, &ids).await?;
    let typed = Typed::of(&known.product, known.stock.as_ref());
    answer(&visit, &known, typed, None, message).await
}

/// Saves the product, and goes to its page.
pub(super) async fn save(
    visit: Visit,
    Path(ids): Path<Ids>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let known = Known::read(&visit, &ids).await?;
    visit.caller().actor.may_administer(known.product.owner)?;
    let refused = match (known.is_outdated(&typed), typed.update(&known.product)) {
        (Some(refused), _) => refused,
        (None, Err(detail)) => Refused::new(StatusCode::BAD_REQUEST, detail),
        (None, Ok(update)) if update == nothing(known.product.id) => {
            let page = Done::on(&visit, "", &known.screen(), "done=nothing");
            return Ok(Redirect::to(&page).into_response());
        }
        (None, Ok(update)) => match visit.stockroom().execute(writer, update).await {
            Ok(_) => {
                let page = Done::on(&visit, "", &known.screen(), "done=saved");
                return Ok(Redirect::to(&page).into_response());
            }
            Err(error) => Refused::of(&visit, error)?,
        },
    };
    // It is decided on what the answer shows, so the form can be sent again once a conflict was seen.
    let shown = Typed::of(&known.product, known.stock.as_ref());
    let typed = Typed {
        id: shown.id,
        version: shown.version,
        seen: shown.seen,
        ..typed
    };
    answer(&visit, &known, typed, Some(refused), None).await
}

/// Deletes the product, and goes to the list.
pub(super) async fn delete(visit: Visit, Path(ids): Path<Ids>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let known = Known::read(&visit, &ids).await?;
    visit.caller().actor.may_administer(known.product.owner)?;
    let deleted = visit.stockroom().delete_product(writer, known.product.id);
    let refused = match deleted.await {
        Ok(()) => {
            let page = Done::on(&visit, "", "/products", "done=deleted");
            return Ok(Redirect::to(&page).into_response());
        }
        Err(Error::Refused(refusal @ Refusal::ProductHasStock)) => {
            let mut refused = Refused::of(&visit, refusal.into())?;
            if known.stock.is_some() {
                "Nothing was deleted: the product has stock. Delete its stock first."
                    .clone_into(&mut refused.detail);
                refused.link = Some(("Look at its stock", visit.path(&known.screen())));
            } else {
                "Nothing was deleted: a store has stock of the product. Delete that stock first."
                    .clone_into(&mut refused.detail);
            }
            refused
        }
        Err(error) => Refused::of(&visit, error)?,
    };
    let typed = Typed::of(&known.product, known.stock.as_ref());
    answer(&visit, &known, typed, Some(refused), None).await
}

async fn answer(
    visit: &Visit,
    known: &Known,
    typed: Typed,
    refused: Option<Refused>,
    message: Option<Message>,
) -> Result<Response, Problem> {
    let product = &known.product;
    let title = format!("Edit {}", product.name);
    let layout = visit.layout(&title, Section::Products).await?;
    let status = refused.as_ref().map_or(StatusCode::OK, |it| it.status);
    let may_administer = visit.caller().actor.may_administer(product.owner);
    let mut response = show(&EditPage {
        may_edit: layout.may_change && may_administer.is_ok(),
        layout: layout.with(message),
        name: product.name.to_string(),
        path: visit.path(&known.screen()),
        is_shared: product.owner != visit.acting(),
        has_stock: known.stock.is_some(),
        created_at: TimeTag(product.created_at),
        updated_at: TimeTag(product.updated_at),
        typed,
        refused,
    })?;
    *response.status_mut() = status;
    Ok(response)
}
