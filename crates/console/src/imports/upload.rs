//! A file is sent, to be tried or applied.

use axum::extract::{Query, Request};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;

use super::asked::Asked;
use super::incoming::{Incoming, Stop};
use super::list::{Again, answer};
use crate::page::Problem;
use crate::session::Visit;

/// What the button says. It is in the address, since the fields of a form after its file come too late.
#[derive(Deserialize)]
pub(super) struct Step {
    /// `apply`; all else is a preview.
    #[serde(default)]
    step: String,
}

/// Takes the file, and shows its job. A key that may only look may have a file previewed, as its tokens may.
pub(super) async fn receive(
    visit: Visit,
    Query(step): Query<Step>,
    request: Request,
) -> Result<Response, Problem> {
    let is_preview = step.step != "apply";
    if !is_preview {
        visit.writer()?;
    }
    let mut incoming = Incoming::of(request, visit.app.options.import_bytes_max).await?;
    let mut asked = Asked::default();
    let taken = incoming.take(&visit, &mut asked, is_preview);
    let taken = taken.await;
    incoming.drain().await;
    match taken {
        Ok(import) => {
            let path = visit.path(&format!("/imports/{}", import.id));
            Ok(Redirect::to(&path).into_response())
        }
        Err(Stop::Problem(problem)) => Err(problem),
        Err(Stop::Told(refused)) => {
            let again = Again {
                asked,
                refused: Some(refused),
                ..Again::default()
            };
            answer(&visit, &again, "", None).await
        }
        Err(Stop::Unreadable(text)) => Err(Problem::invalid(text)),
    }
}
