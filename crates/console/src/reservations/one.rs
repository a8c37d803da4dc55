//! One reservation: what it holds, what became of it, and what can be done with it.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use stockroom_domain::{ProductId, Reservation, ReservationId, ReservationState, ReservedLine};

use super::timeline::{self, Moment};
use super::{badge, state_name, time_left, title};
use crate::activity::Titles;
use crate::page::{Done, Layout, Message, Number, Problem, Section, TimeTag, show};
use crate::session::Visit;

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

/// A form that is shown again, with what was typed.
#[derive(Default)]
pub(super) struct Again {
    /// The minutes that it is to last.
    pub(super) minutes: String,
    /// The pieces of each line.
    pub(super) parts: Vec<String>,
    /// Why nothing was done.
    pub(super) problem: Option<(StatusCode, String)>,
}

/// A line, with the pieces that were typed for it.
struct Line {
    product: ProductId,
    title: String,
    sku: String,
    place: Option<String>,
    reserved: Number,
    fulfilled: Number,
    released: Number,
    open: Number,
    typed: String,
}

/// What can be done with a reservation.
struct Steps {
    pay: bool,
    release: bool,
    ship: bool,
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
    updated_at: TimeTag,
    changes: Number,
    has_order: bool,
    lines: Vec<Line>,
    moments: Vec<Moment>,
    steps: Steps,
    minutes: String,
    problem: Option<String>,
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

/// The page of a reservation, perhaps with a form that is shown again.
pub(super) async fn answer(
    visit: &Visit,
    reservation: Reservation,
    again: Again,
    message: Option<Message>,
) -> Result<Response, Problem> {
    let name = format!("Reservation {}", title(&reservation));
    let layout = visit.layout(&name, Section::Reservations).await?;
    let products = reservation.lines.iter().map(|line| line.key.product);
    let titles = Titles::of(visit, products).await?;
    let moments = timeline::read(visit, &reservation, &titles).await?;
    let lines = reservation.lines.iter().enumerate();
    let lines = lines.map(|(index, it)| {
        let typed = again.parts.get(index).cloned().unwrap_or_default();
        line(it, typed, &titles)
    });
    let state = reservation.state;
    let is_pending = matches!(state, ReservationState::Pending { .. });
    let is_paid = state == ReservationState::Paid;
    let (status, problem) = match again.problem {
        Some((status, problem)) => (status, Some(problem)),
        None => (StatusCode::OK, None),
    };
    let mut response = show(&ReservationPage {
        layout: layout.with(message),
        id: reservation.id,
        title: title(&reservation),
        state: state_name(state),
        badge: badge(state),
        left: time_left(state, visit.stockroom().now()),
        expires_at: state.expires_at().map(TimeTag),
        created_at: TimeTag(reservation.created_at),
        updated_at: TimeTag(reservation.updated_at),
        changes: reservation.version.saturating_sub(1).into(),
        has_order: reservation.order.is_some(),
        lines: lines.collect(),
        moments,
        steps: Steps {
            pay: is_pending,
            release: is_pending || is_paid,
            ship: is_paid,
        },
        minutes: again.minutes,
        problem,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

fn line(line: &ReservedLine, typed: String, titles: &Titles) -> Line {
    let product = line.key.product;
    Line {
        product,
        title: titles.title(product),
        sku: titles.sku(product),
        place: line.location.as_ref().map(|(_, slug)| slug.to_string()),
        reserved: line.quantity.into(),
        fulfilled: line.fulfilled.into(),
        released: line.released.into(),
        open: line.open().into(),
        typed,
    }
}
