//! Reservations.

mod choice;
mod create;
mod edit;
mod lines;
mod list;
mod next;
mod one;
mod parts;
mod relocate;
mod returns;
mod steps;
mod timeline;
mod words;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use stockroom_application::Error;
use stockroom_domain::{OrderId, Reservation, ReservationState, Timestamp};

pub(crate) use list::Row;
pub(crate) use next::{Next, next_to_run_out};

use crate::page::{Problem, Refused, ago};
use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route(
            "/reservations",
            get(list::show_list).post(create::make_reservation),
        )
        .route("/reservations/new", get(create::show_form))
        .route("/reservations/{id}", get(one::show_one))
        .route(
            "/reservations/{id}/edit",
            get(edit::show_form).post(edit::save),
        )
        .route(
            "/reservations/{id}/move",
            get(relocate::show_form).post(relocate::relocate),
        )
        .route(
            "/reservations/{id}/return",
            get(returns::show_form).post(returns::bring_back),
        )
        .route("/reservations/{id}/{step}", post(steps::take))
}

/// The reason why a form was refused. All else is a problem.
fn refused(error: Error) -> Result<Refused, Problem> {
    match Problem::from(error) {
        Problem::Told { status, detail, .. }
            if matches!(
                status,
                StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY
            ) =>
        {
            Ok(Refused::new(status, detail))
        }
        problem => Err(problem),
    }
}

/// The reason why the items of a reservation can't be changed any more, if they can't.
fn closed(reservation: &Reservation) -> Option<Refused> {
    match reservation.state {
        ReservationState::Pending { .. } | ReservationState::Paid => None,
        state => {
            let detail = format!("The reservation is {}.", state.as_str());
            Some(Refused::new(StatusCode::CONFLICT, detail))
        }
    }
}

/// The words for a reservation.
fn title(reservation: &Reservation) -> String {
    if let Some(reason) = &reservation.hold_reason {
        return format!("Set aside: {reason}");
    }
    let order = reservation.order.as_ref().map(OrderId::as_str);
    order.map_or_else(|| reservation.id.to_string(), ToOwned::to_owned)
}

/// The class of the badge of a state.
const fn badge(state: ReservationState) -> &'static str {
    match state {
        ReservationState::Pending { .. } => "badge warn",
        ReservationState::Paid | ReservationState::Held => "badge",
        ReservationState::Fulfilled => "badge good",
        ReservationState::Released | ReservationState::Expired => "badge muted",
    }
}

/// The words for the state of a reservation.
const fn state_name(reservation: &Reservation) -> &'static str {
    match reservation.state {
        ReservationState::Pending { .. } => "not paid",
        ReservationState::Paid => "paid, to be shipped",
        ReservationState::Held => "set aside",
        ReservationState::Fulfilled if reservation.hold_reason.is_some() => "written off",
        ReservationState::Fulfilled => "shipped",
        ReservationState::Released => "released",
        ReservationState::Expired => "ran out",
    }
}

/// The time that is left of a reservation that runs out.
fn time_left(state: ReservationState, now: Timestamp) -> Option<String> {
    state.expires_at().map(|expires_at| ago(now, expires_at))
}
