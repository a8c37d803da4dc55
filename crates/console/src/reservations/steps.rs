//! The steps of a reservation: paying, extending, releasing and shipping, in whole or in parts.

use axum::extract::Path;
use axum::response::Response;
use axum_extra::extract::Form;
use stockroom_application::{Error, Writer};
use stockroom_domain::{ExpiresIn, Reservation, ReservationItem};

use super::one::{Again, At, answer, go_back};
use super::{parts, refused};
use crate::page::{Problem, Refused, minutes};
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
                name => parts::read(&mut asked.parts, name, value),
            }
        }
        asked
    }

    /// The pieces that were typed, as items.
    fn items(&self, reservation: &Reservation) -> Result<Vec<ReservationItem>, String> {
        let mut items = Vec::new();
        for part in parts::items(reservation, &self.parts) {
            let (line, item) = part?;
            if item.quantity > line.open() {
                return Err(format!("Of a line, no more is open than {}.", line.open()));
            }
            items.push(item);
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

/// Takes a step, and goes back to the reservation.
pub(super) async fn take(
    visit: Visit,
    Path(at): Path<At>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let reservation = at.reservation(&visit).await?;
    let asked = Asked::read(fields, reservation.lines.len());
    let refused = match carry_out(&visit, writer, &at, &reservation, &asked).await? {
        Ok(done) => return Ok(go_back(&visit, reservation.id, &asked.back, done)),
        Err(refused) => refused,
    };
    // It may be another one by now.
    let reservation = at.reservation(&visit).await?;
    let again = Again {
        minutes: asked.minutes,
        parts: asked.parts,
        refused: Some(refused),
    };
    answer(&visit, reservation, again, None).await
}

/// Carries out a step, and gives the query that tells of it, or the reason why nothing was done.
async fn carry_out(
    visit: &Visit,
    writer: &Writer,
    at: &At,
    reservation: &Reservation,
    asked: &Asked,
) -> Result<Result<&'static str, Refused>, Problem> {
    let (stockroom, id) = (visit.stockroom(), reservation.id);
    let is_part = at.step == "parts";
    let invalid = |detail| Ok(Err(Refused::invalid(detail)));
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
            let done = match &reservation.hold_reason {
                Some(_) => "done=written-off",
                None => "done=fulfilled",
            };
            fulfilled.await.map(|_| done)
        }
        _ => return Err(Problem::not_found()),
    };
    match taken {
        Ok(done) => Ok(Ok(done)),
        Err(error) => Ok(Err(refused(error)?)),
    }
}
