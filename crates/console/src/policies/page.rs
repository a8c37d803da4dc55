//! The page of a policy.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::Form;
use serde::Deserialize;
use stockroom_domain::{Policy, Quantity, Stock};

use super::typed::{Fields, Typed, seen};
use crate::page::{Layout, Message, Number, PAGE_ROWS, Problem, Refused, Section, query, show_as};
use crate::product::{Ids, Known};
use crate::session::{Done, Visit};

/// The part of the address that says where the page begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// The location after which the page begins.
    after: String,
}

/// A place of the stock.
struct Row {
    /// The slug of a location; empty for the whole stock.
    place: String,
    available: Number,
    sellable: Number,
    /// Whether buyers can order from it.
    sells: bool,
    /// Whether an alert of it is on.
    is_low: bool,
    fields: Fields,
}

impl Row {
    /// The words for the place.
    fn words(&self) -> &str {
        if self.place.is_empty() {
            "the whole stock"
        } else {
            &self.place
        }
    }
}

#[derive(Template)]
#[template(path = "policies/page.html")]
struct PolicyPage {
    layout: Layout,
    /// The path of the product.
    path: String,
    title: String,
    may_edit: bool,
    is_of_organization: bool,
    rows: Vec<Row>,
    /// The address of the locations that follow.
    next: Option<String>,
    seen: String,
    after: String,
    refused: Option<Refused>,
}

/// Shows the policy of a product's stock.
pub(super) async fn show_page(
    visit: Visit,
    Path(ids): Path<Ids>,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let known = Known::read(&visit, ids.product()?).await?;
    let typed = Typed {
        after: wanted.after,
        ..Typed::default()
    };
    answer(&visit, &known, typed, None, message).await
}

/// Saves a policy.
pub(super) async fn save(
    visit: Visit,
    Path(ids): Path<Ids>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let known = Known::read(&visit, ids.product()?).await?;
    let stock = known.stock.as_ref().ok_or_else(Problem::not_found)?;
    let typed = Typed::read(fields);
    let refused = if typed.seen == seen(stock) {
        match typed.request(known.id) {
            Err(detail) => Refused::invalid(detail),
            Ok(request) => match visit.stockroom().execute(writer, request).await {
                Ok(_) => {
                    let screen = format!("/products/{}/policy", known.id);
                    let screen = query(&screen, &[("after", &typed.after)]);
                    return Ok(Done::redirect(&visit, "", &screen, "done=saved"));
                }
                Err(error) => Refused::of(error)?,
            },
        }
    } else {
        Refused::outdated("policy")
    };
    answer(&visit, &known, typed, Some(refused), None).await
}

async fn answer(
    visit: &Visit,
    known: &Known,
    typed: Typed,
    refused: Option<Refused>,
    message: Option<Message>,
) -> Result<Response, Problem> {
    let stock = known.stock.as_ref().ok_or_else(Problem::not_found)?;
    let is_of_organization = stock.owner != visit.acting();
    let path = visit.path(&format!("/products/{}", known.id));
    let title = format!("What may be sold of {}", known.title());
    let (rows, next) = rows(stock, &typed);
    let next = next.map(|next| query(&format!("{path}/policy"), &[("after", &next)]));
    let status = refused.as_ref().map_or(StatusCode::OK, |it| it.status);
    let page = PolicyPage {
        layout: visit.layout(&title, Section::Stock).await?.with(message),
        path,
        title: known.title(),
        may_edit: visit.may_change() && !is_of_organization,
        is_of_organization,
        rows,
        next,
        seen: seen(stock),
        after: typed.after,
        refused,
    };
    show_as(status, &page)
}

/// The whole stock and its locations in the order of their slugs, with what was typed, and the last location if
/// more follow.
fn rows(stock: &Stock, typed: &Typed) -> (Vec<Row>, Option<String>) {
    let row = |place: &str, available: Quantity, sellable: Quantity, sells, policy: &Policy| Row {
        place: place.to_owned(),
        available: available.into(),
        sellable: sellable.into(),
        sells,
        is_low: policy.is_low(),
        fields: typed
            .places
            .get(place)
            .cloned()
            .unwrap_or_else(|| Fields::of(policy)),
    };
    let available = stock.sums().available;
    let mut rows = vec![row("", available, stock.sellable(), true, &stock.policy)];
    let mut located: Vec<_> = stock.located.iter().collect();
    located.sort_unstable_by_key(|(_, position)| position.slug.as_str().to_owned());
    let located = located.into_iter();
    let mut located = located.filter(|(_, position)| position.slug.as_str() > typed.after.as_str());
    let shown = located.by_ref().take(PAGE_ROWS as usize);
    rows.extend(shown.map(|(id, position)| {
        let sellable = stock.sellable_at(Some(*id));
        let available = position.balance.available;
        let sells = position.enabled;
        row(
            position.slug.as_str(),
            available,
            sellable,
            sells,
            &position.policy,
        )
    }));
    let has_more = located.next().is_some();
    let next = rows.last().filter(|_| has_more);
    let next = next.map(|row| row.place.clone());
    (rows, next)
}
