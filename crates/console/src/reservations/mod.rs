//! Reservations.

mod create;
mod list;
mod next;
mod one;
mod steps;
mod timeline;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use stockroom_application::Error;
use stockroom_domain::{OrderId, Reservation, ReservationState, Timestamp};

pub(crate) use list::Row;
pub(crate) use next::{Next, next_to_run_out};

use crate::page::{Problem, ago};
use crate::service::AppState;

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route(
            "/reservations",
            get(list::show_list).post(create::make_reservation),
        )
        .route("/reservations/new", get(create::show_form))
        .route("/reservations/{id}", get(one::show_one))
        .route("/reservations/{id}/{step}", post(steps::take))
}

/// The status and the sentence of a refused form. All else is a problem.
fn refused(error: Error) -> Result<(StatusCode, String), Problem> {
    match Problem::from(error) {
        Problem::Told { status, detail, .. }
            if matches!(
                status,
                StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY
            ) =>
        {
            Ok((status, detail))
        }
        problem => Err(problem),
    }
}

/// The words for a reservation.
fn title(reservation: &Reservation) -> String {
    let order = reservation.order.as_ref().map(OrderId::as_str);
    order.map_or_else(|| reservation.id.to_string(), ToOwned::to_owned)
}

/// The class of the badge of a state.
const fn badge(state: ReservationState) -> &'static str {
    match state {
        ReservationState::Pending { .. } => "badge warn",
        ReservationState::Paid => "badge",
        ReservationState::Fulfilled => "badge good",
        ReservationState::Released | ReservationState::Expired => "badge muted",
    }
}

/// The words for a state.
const fn state_name(state: ReservationState) -> &'static str {
    match state {
        ReservationState::Pending { .. } => "not paid",
        ReservationState::Paid => "paid, to be shipped",
        ReservationState::Fulfilled => "shipped",
        ReservationState::Released => "released",
        ReservationState::Expired => "ran out",
    }
}

/// The time that is left of a reservation that runs out.
fn time_left(state: ReservationState, now: Timestamp) -> Option<String> {
    state.expires_at().map(|expires_at| ago(now, expires_at))
}
