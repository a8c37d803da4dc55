//! Changes of a product's stock: by hand, by a count, as a whole.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::response::Response;
use axum_extra::extract;
use stockroom_application::{Error, Writer};
use stockroom_domain::{
    Count, CountStock, CreateStock, Expectation, ProductId, Quantity, Slug, Transact,
    TransactionAction,
};

use super::known::Ids;
use super::page;
use super::typed::{Form, Typed, number};
use crate::page::moment::moment;
use crate::page::{Problem, Refused};
use crate::session::{Done, Visit};
use crate::stock::{Change, Seen};

/// Changes a position as it was typed, if it still has the figures that the page showed.
pub(super) async fn change(
    visit: Visit,
    Path(ids): Path<Ids>,
    extract::Form(typed): extract::Form<Typed>,
) -> Result<Response, Problem> {
    let (writer, product, typed) = begin(&visit, &ids, typed, Form::Change)?;
    let made = match transact(product, &typed) {
        Err(detail) => Err(Refused::invalid(detail)),
        Ok(transact) => {
            let made = visit.stockroom().execute(writer, transact);
            outcome(made.await)?.map(|recorded| Done::entry(&recorded))
        }
    };
    end(&visit, product, typed, made).await
}

fn transact(product: ProductId, typed: &Typed) -> Result<Transact, String> {
    let change = match typed.action.as_str() {
        "allocate" => Change {
            action: TransactionAction::Allocate,
            quantity: number(&typed.change)?,
        },
        "deallocate" => Change {
            action: TransactionAction::Deallocate,
            quantity: number(&typed.change)?,
        },
        _ => Change::parse(&typed.change)?,
    };
    let seen = Seen::parse(&typed.seen);
    let seen = seen.ok_or("The page doesn't say which figures it showed. Load it again.")?;
    let position = seen.position(typed.place().as_deref());
    Ok(Transact {
        location: typed.place(),
        expectation: Expectation {
            available: Some(position.available),
            allocated: Some(position.allocated),
            total: None,
        },
        annotation: typed.annotation()?,
        ..Transact::new(product, change.action, change.quantity)
    })
}

/// Corrects a position to what was counted, now or at an earlier time.
pub(super) async fn count(
    visit: Visit,
    Path(ids): Path<Ids>,
    extract::Form(typed): extract::Form<Typed>,
) -> Result<Response, Problem> {
    let (writer, product, typed) = begin(&visit, &ids, typed, Form::Count)?;
    let made = match counted(product, &typed) {
        Err(detail) => Err(Refused::invalid(detail)),
        Ok(count) => {
            let made = visit.stockroom().execute(writer, count);
            outcome(made.await)?.map(|counted| Done::entry(&counted.recorded))
        }
    };
    end(&visit, product, typed, made).await
}

fn counted(product: ProductId, typed: &Typed) -> Result<CountStock, String> {
    let as_of = if typed.as_of.is_empty() {
        None
    } else {
        let at = moment(&typed.as_of);
        let at = at.ok_or_else(|| format!("“{}” isn't a date and time.", typed.as_of))?;
        Some(at)
    };
    let count = Count {
        product,
        location: typed.place(),
        counted: number(&typed.counted)?,
        reference: typed.reference()?,
    };
    Ok(CountStock { count, as_of })
}

/// Creates the stock of a product that has none.
pub(super) async fn create(
    visit: Visit,
    Path(ids): Path<Ids>,
    extract::Form(typed): extract::Form<Typed>,
) -> Result<Response, Problem> {
    let (writer, product, typed) = begin(&visit, &ids, typed, Form::Create)?;
    // Stock can be created for any id, but this page is only of products that there are.
    page::Known::read(&visit, product).await?;
    let made = match stock(product, &typed) {
        Err(detail) => Err(Refused::invalid(detail)),
        Ok(create) => {
            let made = visit.stockroom().execute(writer, create);
            outcome(made.await)?.map(|_| "done=created".to_owned())
        }
    };
    end(&visit, product, typed, made).await
}

fn stock(product: ProductId, typed: &Typed) -> Result<CreateStock, String> {
    let level = number(&typed.level)?;
    let place = typed.place().map(Slug::new).transpose();
    let place = place.map_err(|invalid| format!("The location's {invalid}."))?;
    let unlocated = if place.is_some() {
        Quantity::ZERO
    } else {
        level
    };
    let located = place.map(|slug| (slug, level)).into_iter();
    Ok(CreateStock {
        product,
        unlocated,
        located: located.collect::<BTreeMap<_, _>>(),
    })
}

/// Deletes the stock of a product.
pub(super) async fn delete(
    visit: Visit,
    Path(ids): Path<Ids>,
    extract::Form(typed): extract::Form<Typed>,
) -> Result<Response, Problem> {
    let (writer, product, typed) = begin(&visit, &ids, typed, Form::Delete)?;
    let deleted = visit.stockroom().delete_stock(writer, product);
    let made = outcome(deleted.await)?.map(|()| "done=deleted".to_owned());
    end(&visit, product, typed, made).await
}

/// The person, if they may change something, the product, and the form.
///
/// # Errors
/// [`Problem`] if the key may only look, or there is no such product.
pub(super) fn begin<'a>(
    visit: &'a Visit,
    ids: &Ids,
    typed: Typed,
    form: Form,
) -> Result<(&'a Writer, ProductId, Typed), Problem> {
    Ok((visit.writer()?, ids.product()?, typed.of_form(form)))
}

/// What came of a change.
///
/// # Errors
/// [`Problem`] if the server failed, or has too much to do.
pub(super) fn outcome<T>(made: Result<T, Error>) -> Result<Result<T, Refused>, Problem> {
    match made {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => Refused::of(error).map(Err),
    }
}

/// Goes back to the page, which tells what was done, or shows the form again.
///
/// # Errors
/// [`Problem`] if the database fails.
pub(super) async fn end(
    visit: &Visit,
    product: ProductId,
    typed: Typed,
    made: Result<String, Refused>,
) -> Result<Response, Problem> {
    match made {
        Ok(done) => {
            let screen = format!("/products/{product}");
            Ok(Done::redirect(visit, &typed.back, &screen, &done))
        }
        Err(refused) => page::show_refused(visit, product, typed, refused).await,
    }
}
