//! The lines that failed, as a file that can be mended and sent again.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use futures::stream::unfold;
use stockroom_application::{FailedLine, FailedLines};
use stockroom_files::Format;

use super::At;
use super::words::fault;
use crate::page::Problem;
use crate::session::Visit;

/// The number of lines that are read at once.
const PAGE: u32 = 50;

/// Sends the file, as it is read.
pub(super) async fn send(visit: Visit, Path(at): Path<At>) -> Result<Response, Problem> {
    let import = at.import(&visit).await?;
    let lines = visit
        .stockroom()
        .failed_lines(visit.administrator(), import, 0);
    let mut lines = lines?;
    let first = lines.next(PAGE).await?;
    if first.iter().any(|line| line.content.is_none()) {
        let detail = "The file is no longer kept: that is done for seven days.";
        return Err(Problem::new(StatusCode::GONE, "No longer kept", detail));
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
    head.push_str(&with_errors(&lines, first));
    let parts = unfold((Some(head), lines), async |(head, mut lines)| {
        if let Some(head) = head {
            return Some((Ok(Bytes::from(head)), (None, lines)));
        }
        match lines.next(PAGE).await {
            Ok(page) if page.is_empty() => None,
            Ok(page) => {
                let text = with_errors(&lines, page);
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

/// Lines that failed, each with its error. One that was applied, and whose entry then couldn't be undone,
/// isn't to be sent again.
fn with_errors(lines: &FailedLines, failed: Vec<FailedLine>) -> String {
    let failed = failed.into_iter().filter(|line| !line.error.is_of_undo);
    failed
        .map(|line| {
            let content = line.content.unwrap_or_default();
            let error = fault(&line.error.problem);
            lines.layout().with_error(&content, &error)
        })
        .collect()
}
