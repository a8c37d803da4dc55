//! The steps of a job: ending it, and taking it back.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use stockroom_application::Error;
use stockroom_domain::{Import, Refusal};

use super::At;
use super::job::answer;
use super::words::state;
use crate::page::{Problem, reason};
use crate::session::{Done, Visit};

/// Ends a job that waits or is under way.
pub(super) async fn cancel(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let import = at.import(&visit).await?;
    let done = visit.stockroom().cancel_import(writer, import.id);
    told(&visit, done.await, "done=cancelled", import).await
}

/// Begins to undo a job, which its page follows.
pub(super) async fn undo(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    let writer = visit.writer()?;
    let import = at.import(&visit).await?;
    let done = visit.stockroom().undo_import(writer, import.id);
    told(&visit, done.await, "", import).await
}

/// Goes back to the job, or shows it with the reason why nothing was done.
async fn told(
    visit: &Visit,
    done: Result<Import, Error>,
    message: &str,
    before: Import,
) -> Result<Response, Problem> {
    let screen = format!("/imports/{}", before.id);
    match done {
        Ok(_) if message.is_empty() => Ok(Redirect::to(&visit.path(&screen)).into_response()),
        Ok(_) => Ok(Done::redirect(visit, "", &screen, message)),
        Err(Error::Refused(Refusal::JobNotFound)) => Err(Problem::not_found()),
        Err(error) => {
            let why = match error {
                Error::Refused(Refusal::ImportIs(status)) => {
                    format!("It is {} already.", state(status).0)
                }
                error => reason(error)?,
            };
            let import = visit.stockroom().import(visit.administrator(), before.id);
            let import = import.await?.unwrap_or(before);
            answer(visit, import, "", None, Some(why)).await
        }
    }
}
