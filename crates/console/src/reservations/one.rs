//! One reservation: what it holds, what became of it, and what can be done with it.

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use serde::Deserialize;
use stockroom_domain::{
    ProductId, Reason, Reservation, ReservationId, ReservationState, SentPlace,
};

use super::timeline::{self, Moment};
use super::{badge, choice, relocate, returns, state_name, time_left, title};
use crate::lookup::Titles;
use crate::page::{Layout, Message, Number, Problem, Refused, Section, TimeTag, show_as};
use crate::session::{Done, Visit};

/// The path of a screen of a reservation.
#[derive(Deserialize)]
pub(super) struct At {
    id: String,
    #[serde(default)]
    pub(super) step: String,
}

impl At {
    /// The reservation that the path names.
    pub(super) async fn reservation(&self, visit: &Visit) -> Result<Reservation, Problem> {
        let id = ReservationId::parse(&self.id).ok_or_else(Problem::not_found)?;
        let found = visit.stockroom().reservation(visit.administrator(), id);
        found.await?.ok_or_else(Problem::not_found)
    }
}

/// Goes back to the page of a reservation, or to `back`, with the query that tells what was done.
pub(super) fn go_back(visit: &Visit, id: ReservationId, back: &str, done: &str) -> Response {
    Done::redirect(visit, back, &format!("/reservations/{id}"), done)
}

/// A form that is shown again, with what was typed.
#[derive(Default)]
pub(super) struct Again {
    /// The minutes that it is to last.
    pub(super) minutes: String,
    /// The pieces of each line.
    pub(super) parts: Vec<String>,
    /// Why nothing was done.
    pub(super) refused: Option<Refused>,
}

/// The pieces of a line or of an item.
struct Figures {
    reserved: Number,
    fulfilled: Number,
    released: Number,
    returned: Number,
    open: Number,
}

/// An item, with its lines.
struct Item {
    product: ProductId,
    title: String,
    sku: String,
    /// The words for where it is served from, if it has sources.
    how: Option<String>,
    figures: Figures,
    lines: Vec<Line>,
}

/// A line, with the pieces that were typed for it.
struct Line {
    /// Its place in the reservation, counted from 0.
    index: usize,
    place: Option<String>,
    figures: Figures,
    typed: String,
    /// The form that moves pieces of it.
    move_href: String,
}

/// What can be done with a reservation.
struct Steps {
    pay: bool,
    /// Edit the order, and move its pieces.
    edit: bool,
    /// Ship what is for a buyer, or write off what is set aside.
    ship: bool,
}

impl Steps {
    /// Release what is open.
    const fn release(&self) -> bool {
        self.edit || self.ship
    }
}

#[derive(Template)]
#[template(path = "reservations/one.html")]
struct ReservationPage {
    layout: Layout,
    id: ReservationId,
    title: String,
    state: &'static str,
    badge: &'static str,
    left: Option<String>,
    expires_at: Option<TimeTag>,
    created_at: TimeTag,
    /// The name of the key that made it, if it is known.
    made_by: Option<String>,
    updated_at: TimeTag,
    changes: Number,
    has_order: bool,
    /// The reason why the pieces are set aside, if they are.
    hold_reason: Option<String>,
    /// How locations are chosen for it.
    choice: Option<String>,
    items: Vec<Item>,
    moments: Vec<Moment>,
    steps: Steps,
    /// Whether shipped pieces can come back.
    can_return: bool,
    /// Whether any came back.
    has_returned: bool,
    minutes: String,
    refused: Option<Refused>,
}

/// Shows a reservation.
pub(super) async fn show_one(
    visit: Visit,
    Path(at): Path<At>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let reservation = at.reservation(&visit).await?;
    let message = done.message(&visit).await?;
    answer(&visit, reservation, Again::default(), message).await
}

/// The page of a reservation, with the reason why nothing was done.
pub(super) async fn refuse(
    visit: &Visit,
    reservation: Reservation,
    refused: Refused,
) -> Result<Response, Problem> {
    let again = Again {
        refused: Some(refused),
        ..Again::default()
    };
    answer(visit, reservation, again, None).await
}

/// The page of a reservation, perhaps with a form that is shown again.
pub(super) async fn answer(
    visit: &Visit,
    reservation: Reservation,
    again: Again,
    message: Option<Message>,
) -> Result<Response, Problem> {
    let name = match &reservation.hold_reason {
        Some(_) => title(&reservation),
        None => format!("Reservation {}", title(&reservation)),
    };
    let layout = visit.layout(&name, Section::Reservations).await?;
    let products = reservation.lines.iter().map(|line| line.key.product);
    let titles = Titles::of(visit, products).await?;
    let moments = timeline::read(visit, &reservation, &titles).await?;
    let state = reservation.state;
    let is_pending = matches!(state, ReservationState::Pending { .. });
    let is_paid = state == ReservationState::Paid;
    let is_held = state == ReservationState::Held;
    let status = Refused::status(again.refused.as_ref());
    let page = ReservationPage {
        layout: layout.with(message),
        id: reservation.id,
        title: title(&reservation),
        state: state_name(&reservation),
        badge: badge(state),
        left: time_left(state, visit.stockroom().now()),
        expires_at: state.expires_at().map(TimeTag),
        created_at: TimeTag(reservation.created_at),
        made_by: made_by(&reservation),
        updated_at: TimeTag(reservation.updated_at),
        changes: reservation.version.saturating_sub(1).into(),
        has_order: reservation.order.is_some() || reservation.hold_reason.is_some(),
        hold_reason: reservation.hold_reason.as_ref().map(Reason::to_string),
        choice: reservation.sourcing().map(choice::in_words),
        items: items(visit, &reservation, &again.parts, &titles),
        moments,
        steps: Steps {
            pay: is_pending,
            edit: is_pending || is_paid,
            ship: is_paid || is_held,
        },
        can_return: returns::can_return(&reservation),
        has_returned: reservation.lines.iter().any(|it| !it.returned.is_zero()),
        minutes: again.minutes,
        refused: again.refused,
    };
    show_as(status, &page)
}

fn made_by(reservation: &Reservation) -> Option<String> {
    let name = reservation.actor.as_ref()?.name.as_ref()?;
    Some(name.to_string())
}

/// The items, with the pieces that were typed for each line.
fn items(visit: &Visit, reservation: &Reservation, parts: &[String], titles: &Titles) -> Vec<Item> {
    let mut index = 0;
    let items = reservation.items().into_iter().map(|item| {
        let lines = item.lines.iter().map(|line| {
            let line = Line {
                index,
                place: line.slug().map(ToOwned::to_owned),
                figures: Figures {
                    reserved: line.quantity.into(),
                    fulfilled: line.fulfilled.into(),
                    released: line.released.into(),
                    returned: line.returned.into(),
                    open: line.open().into(),
                },
                typed: parts.get(index).cloned().unwrap_or_default(),
                move_href: relocate::href(visit, reservation.id, line),
            };
            index += 1;
            line
        });
        let lines = lines.collect();
        Item {
            product: item.product,
            title: titles.title(item.product),
            sku: titles.sku(item.product),
            how: how(item.sent_place()),
            figures: Figures {
                reserved: item.quantity().into(),
                fulfilled: item.fulfilled().into(),
                released: item.released().into(),
                returned: item.returned().into(),
                open: item.open().into(),
            },
            lines,
        }
    });
    items.collect()
}

/// The words for where an item is served from, unless its only line says so.
fn how(place: Option<&SentPlace>) -> Option<String> {
    match place? {
        SentPlace::Named => None,
        SentPlace::Unnamed => Some("chosen".to_owned()),
        SentPlace::Moved(Some(slug)) => Some(format!("moved from {slug}")),
        SentPlace::Moved(None) => Some("moved".to_owned()),
    }
}
