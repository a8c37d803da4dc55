//! The lines that failed, as a file that can be mended and sent again.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::At;
use super::words::fault;
use crate::page::{Problem, file};
use crate::session::Visit;

/// Sends the file, as it is read.
pub(super) async fn send(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    let import = at.import(&visit).await?;
    let lines = visit
        .stockroom()
        .failed_lines(visit.administrator(), import, 0);
    let lines = lines?;
    let (content_type, name) = (lines.content_type(), lines.file_name());
    let parts = lines.parts(|problem| fault(&problem)).await?;
    let parts = parts.ok_or_else(|| {
        let detail = "The file is no longer kept: that is done for seven days.";
        Problem::new(StatusCode::GONE, "No longer kept", detail)
    })?;
    Ok(file(content_type, name, parts))
}
