//! Changing and deleting a product.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::Form;
use stockroom_application::Error;
use stockroom_domain::{Product, Refusal, Stock};

use super::typed::{Typed, nothing, unlocated};
use crate::page::{Layout, Message, Problem, Refused, Section, TimeTag, show_as};
use crate::product::Ids;
use crate::session::{Done, Visit};

/// The reason of an error, with the page of another product that is in the way.
///
/// # Errors
/// [`Problem`] if the server failed, or has too much to do.
pub(super) fn refused(visit: &Visit, error: Error) -> Result<Refused, Problem> {
    let taken = match &error {
        Error::Refused(Refusal::SkuTaken { product }) => Some(("SKU", *product)),
        Error::Refused(Refusal::ExternalRefTaken { product }) => {
            Some(("external reference", *product))
        }
        _ => None,
    };
    let refused = Refused::of(error)?;
    Ok(match taken {
        Some((field, product)) => {
            let page = visit.path(&format!("/products/{product}"));
            refused
                .saying(format!("Another product has this {field}."))
                .see("Look at that product", page)
        }
        None => refused,
    })
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
        if typed.version != self.product.version.to_string() {
            return Some(Refused::outdated("product"));
        }
        let sets_stock = !typed.stock.trim().is_empty();
        (sets_stock && typed.seen != unlocated(self.stock.as_ref())).then(|| {
            let detail = "The stock is another one than the form showed. Look at the figures again, and save again \
                          if yours is right.";
            Refused::new(StatusCode::CONFLICT, detail)
        })
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
    let refusal = match (known.is_outdated(&typed), typed.update(&known.product)) {
        (Some(outdated), _) => outdated,
        (None, Err(detail)) => Refused::invalid(detail),
        (None, Ok(update)) if update == nothing(known.product.id) => {
            return Ok(Done::redirect(&visit, "", &known.screen(), "done=nothing"));
        }
        (None, Ok(update)) => match visit.stockroom().execute(writer, update).await {
            Ok(_) => {
                return Ok(Done::redirect(&visit, "", &known.screen(), "done=saved"));
            }
            Err(error) => refused(&visit, error)?,
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
    answer(&visit, &known, typed, Some(refusal), None).await
}

/// Deletes the product, and goes to the list.
pub(super) async fn delete(visit: Visit, Path(ids): Path<Ids>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let known = Known::read(&visit, &ids).await?;
    visit.caller().actor.may_administer(known.product.owner)?;
    let deleted = visit.stockroom().delete_product(writer, known.product.id);
    let refusal = match deleted.await {
        Ok(()) => {
            return Ok(Done::redirect(&visit, "", "/products", "done=deleted"));
        }
        Err(Error::Refused(refusal @ Refusal::ProductHasStock)) => {
            let refused = Refused::of(refusal.into())?;
            if known.stock.is_some() {
                refused
                    .saying("Nothing was deleted: the product has stock. Delete its stock first.")
                    .see("Look at its stock", visit.path(&known.screen()))
            } else {
                refused.saying(
                    "Nothing was deleted: a store has stock of the product. Delete that stock first.",
                )
            }
        }
        Err(error) => refused(&visit, error)?,
    };
    let typed = Typed::of(&known.product, known.stock.as_ref());
    answer(&visit, &known, typed, Some(refusal), None).await
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
    let status = Refused::status(refused.as_ref());
    let may_administer = visit.caller().actor.may_administer(product.owner);
    let page = EditPage {
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
    };
    show_as(status, &page)
}
