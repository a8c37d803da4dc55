//! Files in and out.

mod asked;
mod errors_file;
mod export;
mod incoming;
mod job;
mod list;
mod preview;
mod steps;
mod unpack;
mod upload;
mod words;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use serde::Deserialize;
use stockroom_domain::{Import, ImportId};

pub(crate) use words::state;

use crate::page::Problem;
use crate::service::AppState;
use crate::session::Visit;

/// The path of the jobs, to which files are sent.
pub(crate) const PATH: &str = "/imports";

pub(crate) fn routes() -> Router<AppState> {
    let list = get(list::show_list).post(upload::receive);
    Router::new()
        // Files have a limit of their own, which is larger.
        .route(PATH, list.layer(DefaultBodyLimit::disable()))
        .route("/imports/{id}", get(job::show_job))
        .route("/imports/{id}/preview", get(preview::show_preview))
        .route("/imports/{id}/errors-file", get(errors_file::send))
        .route("/imports/{id}/cancel", post(steps::cancel))
        .route("/imports/{id}/undo", post(steps::undo))
        .route("/export", get(export::send))
}

/// The path of a screen of a job.
#[derive(Deserialize)]
struct At {
    id: String,
}

impl At {
    /// The job.
    ///
    /// # Errors
    /// [`Problem`] if there is none, or the database fails.
    async fn import(&self, visit: &Visit) -> Result<Import, Problem> {
        let id = ImportId::parse(&self.id).ok_or_else(Problem::not_found)?;
        let import = visit.stockroom().import(visit.administrator(), id);
        import.await?.ok_or_else(Problem::not_found)
    }
}
