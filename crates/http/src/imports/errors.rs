//! The lines of an import that failed.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use stockroom_domain::{ImportId, Refusal};

use super::body::{ImportErrorBody, error_of};
use crate::answer::{ApiError, CommonErrors, Gone, Json, List, NotFound, file};
use crate::request::{Administration, ListQuery, PageParameters, PathId, StoreHeader, prefers};
use crate::service::AppState;

/// List the errors of an import.
///
/// The first 10,000 lines that failed, and lines whose entries could not be undone. With `Accept: text/csv` (for
/// files of JSON `application/x-ndjson`) the answer is a file: the lines that failed as they were, each with its `error`.
/// Correct them, and send the file again.
#[utoipa::path(
    get,
    path = "/v2/inventories/imports/{import}/errors",
    operation_id = "ListImportErrors",
    tag = "Imports and exports",
    params(("import" = Uuid, Path, description = "The job's id."), PageParameters, StoreHeader),
    responses(
        (
            status = 200,
            description = "A page of errors, or the file of failed lines.",
            content(
                (List<ImportErrorBody> = "application/json"),
                (String = "text/csv"),
                (String = "application/x-ndjson")
            )
        ),
        NotFound, Gone, CommonErrors
    ),
)]
pub(crate) async fn list_errors(
    State(app): State<AppState>,
    administration: Administration,
    headers: HeaderMap,
    query: ListQuery,
    import: PathId<ImportId>,
) -> Result<Response, ApiError> {
    let name = import.id().map(|id| format!("imports/{id}/errors"));
    let list = query.list(name.as_deref().unwrap_or_default(), "")?;
    let id = import.existing()?;
    let administrator = administration.enter().await?;
    let stockroom = &app.stockroom;
    let import = stockroom.import(&administrator, id).await?;
    let import = import.ok_or(Refusal::JobNotFound)?;
    let wants_file = ["text/csv", "application/x-ndjson"]
        .into_iter()
        .any(|media_type| prefers(&headers, media_type));
    if wants_file {
        let lines = stockroom.failed_lines(&administrator, import, 0)?;
        let (content_type, name) = (lines.content_type(), lines.file_name());
        let words = |problem| error_of(problem).text().to_owned();
        let parts = lines.parts(words).await?.ok_or_else(|| {
            ApiError::of_status(StatusCode::GONE).detail("The file is no longer kept")
        })?;
        return Ok(file(content_type, name, parts));
    }
    let found = stockroom.list_failed_lines(&administrator, import, list.page);
    let answer = list.answer(found.await?, ImportErrorBody::from);
    Ok(Json(answer).into_response())
}
