//! Registering a product.

use askama::Template;
use axum::response::Response;
use axum_extra::extract::Form;

use super::edit::refused;
use super::typed::Typed;
use crate::page::{Layout, Problem, Refused, Section, show_as};
use crate::session::{Done, Visit};

#[derive(Template)]
#[template(path = "products/new.html")]
struct NewPage {
    layout: Layout,
    typed: Typed,
    refused: Option<Refused>,
}

/// Shows the form.
pub(super) async fn show_form(visit: Visit) -> Result<Response, Problem> {
    visit.writer()?;
    let typed = Typed {
        status: "live".to_owned(),
        manage_stock: "on".to_owned(),
        ..Typed::default()
    };
    answer(&visit, typed, None).await
}

/// Registers the product, and goes to its page.
pub(super) async fn register(visit: Visit, Form(typed): Form<Typed>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let request = match typed.register() {
        Ok(request) => request,
        Err(detail) => {
            return answer(&visit, typed, Some(Refused::invalid(detail))).await;
        }
    };
    match visit.stockroom().execute(writer, request).await {
        Ok(stocked) => {
            let screen = format!("/products/{}", stocked.product.id);
            Ok(Done::redirect(&visit, "", &screen, "done=created"))
        }
        Err(error) => {
            let refused = refused(&visit, error)?;
            answer(&visit, typed, Some(refused)).await
        }
    }
}

async fn answer(
    visit: &Visit,
    typed: Typed,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let status = Refused::status(refused.as_ref());
    let page = NewPage {
        layout: visit
            .layout("Register a product", Section::Products)
            .await?,
        typed,
        refused,
    };
    show_as(status, &page)
}
