//! The lines of an import that failed.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use futures::stream::unfold;
use stockroom_application::{FailedLine, FailedLines};
use stockroom_domain::{ImportId, Refusal};
use stockroom_files::Format;

use super::body::{ImportErrorBody, error_of};
use crate::answer::{ApiError, CommonErrors, Gone, Json, List, NotFound};
use crate::request::{Administration, ListQuery, PageParameters, PathId, StoreHeader, prefers};
use crate::service::AppState;

/// The number of lines that are read at once.
const PAGE: u32 = 50;

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
        return file(lines).await;
    }
    let found = stockroom.list_failed_lines(&administrator, import, list.page);
    let answer = list.answer(found.await?, ImportErrorBody::from);
    Ok(Json(answer).into_response())
}

/// The file of the failed lines.
async fn file(mut lines: FailedLines) -> Result<Response, ApiError> {
    let first = lines.next(PAGE).await?;
    if first.iter().any(|line| line.content.is_none()) {
        return Err(ApiError::of_status(StatusCode::GONE).detail("The file is no longer kept"));
    }
    let (content_type, disposition) = match lines.layout().format() {
        Format::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"errors.csv\"",
        ),
        Format::JsonLines => (
            "application/x-ndjson",
            "attachment; filename=\"errors.jsonl\"",
        ),
    };
    let mut head = lines.layout().errors_header();
    head.extend(
        first
            .into_iter()
            .filter_map(|line| with_error(&lines, line)),
    );
    let parts = unfold((Some(head), lines), async |(head, mut lines)| {
        if let Some(head) = head {
            return Some((Ok(Bytes::from(head)), (None, lines)));
        }
        match lines.next(PAGE).await {
            Ok(page) if page.is_empty() => None,
            Ok(page) => {
                let texts = page.into_iter().filter_map(|line| with_error(&lines, line));
                let text: String = texts.collect();
                Some((Ok(Bytes::from(text)), (None, lines)))
            }
            Err(error) => {
                let source = &error as &dyn std::error::Error;
                tracing::error!(error = source, "a file of failed lines broke off");
                Some((Err(io::Error::other("the file broke off")), (None, lines)))
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static(disposition),
        ),
    ];
    Ok((headers, Body::from_stream(parts.fuse())).into_response())
}

/// A line that failed, with its error. A line that was applied, and whose entry then couldn't be undone, isn't
/// to be sent again.
fn with_error(lines: &FailedLines, line: FailedLine) -> Option<String> {
    if line.error.is_of_undo {
        return None;
    }
    let error = error_of(line.error.problem);
    let content = line.content.unwrap_or_default();
    Some(lines.layout().with_error(&content, error.text()))
}
