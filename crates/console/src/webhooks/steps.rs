//! What can be done with a webhook: a test, another secret, events once more, and its end.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_extra::extract::Form;
use stockroom_application::{ReplayError, ReplayStart};
use stockroom_domain::{DeleteIntegration, RotateSecret};

use super::form::show_secret;
use super::one::{AGAIN, Typed, show_refused};
use super::{At, refused};
use crate::page::moment::moment;
use crate::page::{Problem, Refused};
use crate::session::{Done, Visit};

/// Sends a test, and goes to its delivery, which shows the answer.
pub(super) async fn test(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let id = at.status(&visit).await?.state.integration.id;
    match visit.stockroom().test_integration(writer, id).await {
        Ok(log) => {
            let screen = format!("/webhooks/{id}/deliveries/{}", log.event);
            Ok(if log.succeeded {
                Done::redirect(&visit, "", &screen, "done=sent")
            } else {
                Redirect::to(&visit.path(&screen)).into_response()
            })
        }
        Err(error) => {
            let refused = refused(error)?;
            show_refused(&visit, &at, Typed::default(), refused).await
        }
    }
}

/// Makes another secret. The answer is the page with it, which no other page can show.
pub(super) async fn rotate(
    visit: Visit,
    Path(at): Path<At>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let id = at.status(&visit).await?.state.integration.id;
    let max = RotateSecret::OVERLAP_HOURS_MAX;
    let hours = typed.hours.trim().parse::<u8>().ok();
    let refused = match hours.filter(|hours| *hours <= max) {
        None => Refused::invalid(format!(
            "“{}” isn't a whole number of hours from 0 to {max}.",
            typed.hours
        )),
        Some(hours) => match visit.stockroom().rotate_secret(writer, id, hours).await {
            Ok(rotated) => return show_secret(&visit, rotated, false).await,
            Err(error) => refused(error)?,
        },
    };
    show_refused(&visit, &at, typed, refused).await
}

/// Sends events again, from a position or a time on.
pub(super) async fn replay(
    visit: Visit,
    Path(at): Path<At>,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let id = at.status(&visit).await?.state.integration.id;
    let refused = match start(&typed) {
        Err(detail) => Refused::invalid(detail),
        Ok(start) => match visit.stockroom().replay_events(writer, id, start).await {
            Ok(_) => {
                let screen = format!("/webhooks/{id}");
                return Ok(Done::redirect(
                    &visit,
                    "",
                    &screen,
                    &format!("done={AGAIN}"),
                ));
            }
            Err(ReplayError::Error(error)) => refused(error)?,
            Err(error) => Refused::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{error}.")),
        },
    };
    show_refused(&visit, &at, typed, refused).await
}

fn start(typed: &Typed) -> Result<ReplayStart, String> {
    let position: String = typed
        .position
        .chars()
        .filter(|it| !it.is_whitespace())
        .collect();
    match (position.is_empty(), typed.since.trim().is_empty()) {
        (false, true) => {
            let number = position.parse().ok().filter(|number| *number > 0);
            let number = number.map(ReplayStart::Position);
            number.ok_or_else(|| format!("“{position}” isn't the position of an event, such as 1."))
        }
        (true, false) => {
            let time = moment(&typed.since).map(ReplayStart::Time);
            time.ok_or_else(|| format!("“{}” isn't a date and time.", typed.since))
        }
        _ => Err("Write a position or a time: one of them.".to_owned()),
    }
}

/// Deletes a webhook, and goes to the list.
pub(super) async fn delete(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let id = at.status(&visit).await?.state.integration.id;
    let request = DeleteIntegration { id };
    visit.stockroom().execute(writer, request).await?;
    Ok(Done::redirect(&visit, "", "/webhooks", "done=deleted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_event_is_named_by_its_position_or_by_a_time() {
        let start = |position: &str, since: &str| {
            start(&Typed {
                position: position.to_owned(),
                since: since.to_owned(),
                ..Typed::default()
            })
        };
        assert_eq!(start("1\u{202f}000", ""), Ok(ReplayStart::Position(1_000)));
        let time = moment("2026-01-31T09:30:00").unwrap();
        assert_eq!(start("", "2026-01-31T09:30"), Ok(ReplayStart::Time(time)));
        for (position, since) in [
            ("", ""),
            ("1", "2026-01-31T09:30"),
            ("0", ""),
            ("x", ""),
            ("", "x"),
        ] {
            assert!(start(position, since).is_err(), "{position} {since}");
        }
    }
}
