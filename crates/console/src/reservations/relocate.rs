//! Moving open pieces of a reservation to another place.

use std::cmp::Reverse;

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum_extra::extract::Form;
use serde::Deserialize;
use stockroom_domain::{
    MovedItem, ProductId, Quantity, Reservation, ReservationId, ReservedLine, Stock,
};

use super::lines::NO_PLACE;
use super::one::{self, At};
use super::words::{self, in_place};
use super::{closed, title};
use crate::lookup::Titles;
use crate::page::{
    Layout, Number, Problem, Refused, Section, number_of, pieces, query, show_as, told,
};
use crate::session::Visit;

/// The form, as it was typed. An empty place, or `(none)`, is the unlocated pool.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    product: String,
    from: String,
    to: String,
    quantity: String,
}

/// The place that a field names.
fn place(text: &str) -> Option<String> {
    told(text).filter(|text| text != NO_PLACE)
}

/// The form for the pieces of a line.
pub(super) fn href(visit: &Visit, reservation: ReservationId, line: &ReservedLine) -> String {
    let path = visit.path(&format!("/reservations/{reservation}/move"));
    let product = line.key.product.to_string();
    let from = line.slug().unwrap_or_default();
    query(&path, &[("product", &*product), ("from", from)])
}

impl Asked {
    fn product(&self) -> Result<ProductId, Problem> {
        ProductId::parse(&self.product).ok_or_else(Problem::not_found)
    }

    /// The pieces to be moved.
    fn item(&self, product: ProductId) -> Result<MovedItem, String> {
        let typed = &self.quantity;
        let quantity = number_of(typed).filter(|quantity| !quantity.is_zero());
        let quantity = quantity
            .ok_or_else(|| format!("“{typed}” isn't a whole number of pieces from 1 on."))?;
        Ok(MovedItem {
            product,
            from: place(&self.from),
            to: place(&self.to),
            quantity,
        })
    }

    /// The open lines of which pieces are to be moved.
    fn lines<'a>(&self, reservation: &'a Reservation, product: ProductId) -> Vec<&'a ReservedLine> {
        let from = place(&self.from);
        let lines = reservation.lines.iter().filter(|line| {
            let is_meant = line.key.product == product && line.slug() == from.as_deref();
            is_meant && !line.open().is_zero()
        });
        lines.collect()
    }
}

/// A place to which pieces can go.
struct Choice {
    value: String,
    words: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "reservations/move.html")]
struct MovePage {
    layout: Layout,
    id: ReservationId,
    title: String,
    product: ProductId,
    product_title: String,
    from: String,
    from_words: String,
    open: String,
    choices: Vec<Choice>,
    /// Whether any of these has pieces that can be sold.
    is_anything: bool,
    quantity: String,
    refused: Option<Refused>,
}

/// Shows the form.
pub(super) async fn show_form(
    visit: Visit,
    Path(at): Path<At>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    visit.writer()?;
    let reservation = at.reservation(&visit).await?;
    answer(&visit, reservation, asked, None).await
}

/// Moves the pieces, and goes back to the reservation.
pub(super) async fn relocate(
    visit: Visit,
    Path(at): Path<At>,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let reservation = at.reservation(&visit).await?;
    let refused = match asked.item(asked.product()?) {
        Err(detail) => Refused::invalid(detail),
        Ok(item) => {
            let stockroom = visit.stockroom();
            let moved = stockroom.move_reservation(writer, reservation.id, vec![item]);
            match moved.await {
                Ok(_) => return Ok(one::go_back(&visit, reservation.id, "", "done=moved")),
                Err(error) => words::refused(&visit, error, &[]).await?,
            }
        }
    };
    // It may be another one by now.
    let reservation = at.reservation(&visit).await?;
    answer(&visit, reservation, asked, Some(refused)).await
}

/// The form; or the page of the reservation, if there is nothing to move.
async fn answer(
    visit: &Visit,
    reservation: Reservation,
    asked: Asked,
    refused: Option<Refused>,
) -> Result<Response, Problem> {
    let product = asked.product()?;
    let lines = asked.lines(&reservation, product);
    let titles = Titles::of(visit, [product]).await?;
    let from = place(&asked.from);
    let Some(line) = lines.first().filter(|_| closed(&reservation).is_none()) else {
        let refused = refused.or_else(|| closed(&reservation));
        let refused = refused.unwrap_or_else(|| {
            let (title, place) = (titles.title(product), in_place(from.as_deref()));
            let detail = format!("No piece of {title}{place} is open.");
            Refused::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        });
        return one::refuse(visit, reservation, refused).await;
    };
    let open = lines.iter().map(|line| line.open().get());
    let open = open.fold(0, u64::saturating_add);
    let (stockroom, administrator) = (visit.stockroom(), visit.administrator());
    let stocks = stockroom
        .stock_of_products(administrator, &[product])
        .await?;
    let stock = stocks.into_iter().find(|it| it.id == line.stock);
    let places = stock.map_or_else(Vec::new, |stock| places(&stock, from.as_deref()));
    let to = told(&asked.to);
    let status = Refused::status(refused.as_ref());
    let page = MovePage {
        layout: visit.layout("Move pieces", Section::Reservations).await?,
        id: reservation.id,
        title: title(&reservation),
        product,
        product_title: titles.title(product),
        from: from.clone().unwrap_or_default(),
        from_words: in_place(from.as_deref()),
        open: pieces(open),
        is_anything: places.iter().any(|(_, sellable)| !sellable.is_zero()),
        choices: choices(places, to.as_deref()),
        quantity: told(&asked.quantity).unwrap_or_else(|| open.to_string()),
        refused,
    };
    show_as(status, &page)
}

/// The places of a stock but for one, with the pieces that can be sold there: most of them first.
fn places(stock: &Stock, but: Option<&str>) -> Vec<(Option<String>, Quantity)> {
    let located = stock.located.iter();
    let located = located.map(|(id, position)| {
        (
            Some(position.slug.to_string()),
            stock.sellable_at(Some(*id)),
        )
    });
    let pool = (None, stock.sellable_at(None));
    let places = located.chain(std::iter::once(pool));
    let mut places: Vec<_> = places.filter(|(slug, _)| slug.as_deref() != but).collect();
    places.sort_by(|(one, most), (other, more)| (Reverse(most), one).cmp(&(Reverse(more), other)));
    places
}

fn choices(places: Vec<(Option<String>, Quantity)>, chosen: Option<&str>) -> Vec<Choice> {
    let choices = places.into_iter().map(|(slug, sellable)| {
        let words = slug.as_deref().unwrap_or("no location");
        let words = format!("{words}: {}", Number::from(sellable));
        let value = slug.unwrap_or_else(|| NO_PLACE.to_owned());
        Choice {
            is_chosen: chosen == Some(&*value),
            value,
            words,
        }
    });
    choices.collect()
}
