//! The steps of a reservation: paying, extending, releasing and shipping, in whole or in parts.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use stockroom_application::Error;
use stockroom_domain::{ExpiresIn, Quantity, Reservation, ReservationItem};

use super::one::{Again, At, answer};
use super::refused;
use crate::activity::number_of;
use crate::page::{Done, Problem};
use crate::session::Visit;

/// The form.
#[derive(Default)]
struct Asked {
    /// The step that the button names, for parts.
    step: String,
    minutes: String,
    /// The pieces of each line, as they were typed.
    parts: Vec<String>,
    back: String,
}

impl Asked {
    fn read(fields: Vec<(String, String)>, lines: usize) -> Self {
        let mut asked = Self {
            parts: vec![String::new(); lines],
            ..Self::default()
        };
        for (name, value) in fields {
            match name.as_str() {
                "step" => asked.step = value,
                "minutes" => asked.minutes = value,
                "back" => asked.back = value,
                name => {
                    let line = name.strip_prefix("line.").and_then(|it| it.parse().ok());
                    let part = line.and_then(|line: usize| asked.parts.get_mut(line));
                    if let Some(part) = part {
                        *part = value;
                    }
                }
            }
        }
        asked
    }

    /// The pieces that were typed, as items.
    fn items(&self, reservation: &Reservation) -> Result<Vec<ReservationItem>, String> {
        let mut items = Vec::new();
        for (line, text) in reservation.lines.iter().zip(&self.parts) {
            if text.trim().is_empty() {
                continue;
            }
            let quantity = number_of(text)
                .ok_or_else(|| format!("“{text}” isn't a whole number of pieces, such as 3."))?;
            if quantity > line.open() {
                return Err(format!("Only {} pieces of a line are open.", line.open()));
            }
            if quantity != Quantity::ZERO {
                items.push(ReservationItem {
                    product: line.key.product,
                    location: line.location.as_ref().map(|(_, slug)| slug.to_string()),
                    quantity,
                });
            }
        }
        if items.is_empty() {
            return Err("Write beside a line how many pieces of it are meant.".to_owned());
        }
        Ok(items)
    }

    /// The time that the reservation is to last from now on.
    fn expires_in(&self) -> Result<ExpiresIn, String> {
        minutes(&self.minutes)
    }
}

/// A number of minutes as people write it.
pub(super) fn minutes(text: &str) -> Result<ExpiresIn, String> {
    let seconds = number_of(text).map(|minutes| minutes.get().saturating_mul(60));
    let duration = seconds.and_then(|seconds| ExpiresIn::from_seconds(seconds).ok());
    duration.ok_or_else(|| {
        let max = ExpiresIn::SECONDS_MAX / 60;
        format!("“{text}” isn't a whole number of minutes from 1 to {max}, which are 31 days.")
    })
}

/// Takes a step, and goes back to the reservation.
pub(super) async fn take(
    visit: Visit,
    Path(at): Path<At>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    if !visit.may_change() {
        return Err(Problem::read_only());
    }
    let reservation = at.reservation(&visit).await?;
    let asked = Asked::read(fields, reservation.lines.len());
    let problem = match carry_out(&visit, &at, &reservation, &asked).await? {
        Ok(done) => {
            let screen = format!("/reservations/{}", reservation.id);
            let back = Done::on(&visit, &asked.back, &screen, done);
            return Ok(Redirect::to(&back).into_response());
        }
        Err(problem) => problem,
    };
    // It may be another one by now.
    let reservation = at.reservation(&visit).await?;
    let again = Again {
        minutes: asked.minutes,
        parts: asked.parts,
        problem: Some(problem),
    };
    answer(&visit, reservation, again, None).await
}

type Refused = (StatusCode, String);

/// Carries out a step, and gives the query that tells of it, or the reason why nothing was done.
async fn carry_out(
    visit: &Visit,
    at: &At,
    reservation: &Reservation,
    asked: &Asked,
) -> Result<Result<&'static str, Refused>, Problem> {
    let (stockroom, writer) = (visit.stockroom(), visit.writer()?);
    let id = reservation.id;
    let is_part = at.step == "parts";
    let invalid = |detail| Ok(Err((StatusCode::BAD_REQUEST, detail)));
    let items = match is_part.then(|| asked.items(reservation)).transpose() {
        Ok(items) => items,
        Err(detail) => return invalid(detail),
    };
    let step = if is_part { &asked.step } else { &at.step };
    let taken: Result<_, Error> = match step.as_str() {
        "pay" if !is_part => {
            let paid = stockroom.pay_reservation(writer, id).await;
            paid.map(|_| "done=paid")
        }
        "extend" if !is_part => {
            let expires_in = match asked.expires_in() {
                Ok(expires_in) => expires_in,
                Err(detail) => return invalid(detail),
            };
            let extended = stockroom.extend_reservation(writer, id, expires_in);
            extended.await.map(|_| "done=extended")
        }
        "release" => {
            let released = stockroom.release_reservation(writer, id, items);
            released.await.map(|_| "done=released")
        }
        "fulfil" => {
            let fulfilled = stockroom.fulfil_reservation(writer, id, items);
            fulfilled.await.map(|_| "done=fulfilled")
        }
        _ => return Err(Problem::not_found()),
    };
    match taken {
        Ok(done) => Ok(Ok(done)),
        Err(error) => Ok(Err(refused(error)?)),
    }
}
