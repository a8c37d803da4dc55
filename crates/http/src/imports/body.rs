//! Import jobs and their errors.

use serde::Serialize;
use stockroom_application::{FailedLine, FailedLinePlace, layout_of};
use stockroom_domain::{Import, ImportStep, LineCounts, LineProblem, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{ApiError, as_text};

/// A job that imports a file.
#[derive(Serialize, ToSchema)]
#[schema(as = StockJob)]
pub(crate) struct ImportBody {
    /// The job's id.
    id: Uuid,
    /// Always `stock-job`.
    r#type: &'static str,
    attributes: ImportAttributes,
    meta: ImportMeta,
}

#[derive(Serialize, ToSchema)]
#[schema(as = StockJobAttributes)]
struct ImportAttributes {
    /// Always `import`.
    kind: &'static str,
    /// `pending`, `started`, `success`, `failed` or `cancelled`; then perhaps `undoing`, `undone` or
    /// `partly_undone`.
    status: &'static str,
    /// The profile of the file.
    profile: &'static str,
    /// What its lines change: `stock` or `policies`.
    target: &'static str,
    /// Whether nothing is changed.
    dry_run: bool,
    /// How many failed lines are borne.
    abort_after: u32,
    /// Whether every line of a dry run was decided as it would be in earnest: with more than 10,000 lines,
    /// a line doesn't see what the earlier thousands would have done.
    exact: bool,
    /// The step in which too many lines failed: `check`, and nothing was changed, or `apply`.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_by: Option<&'static str>,
    lines: LinesBody,
    /// How many entries could not be undone; left out if there are none.
    #[serde(skip_serializing_if = "is_zero")]
    not_undone: u32,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    created_at: Timestamp,
    #[schema(format = DateTime)]
    started_at: Option<String>,
    #[schema(format = DateTime)]
    completed_at: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    updated_at: Timestamp,
}

/// How many lines there are, and what came of them.
#[derive(Serialize, ToSchema)]
#[schema(as = StockJobLines)]
struct LinesBody {
    total: u32,
    /// Those that are applied, whatever came of them.
    done: u32,
    changed: u32,
    /// Those that found the stock as they say; they wrote no entry.
    unchanged: u32,
    /// Those that say nothing.
    skipped: u32,
    failed: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = StockJobMeta)]
struct ImportMeta {
    /// The `X-Request-Id` of the request that brought the file, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    x_request_id: Option<String>,
    /// The columns of the file that aren't read.
    ignored_columns: Vec<String>,
    /// The number of changes of the job.
    version: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl From<LineCounts> for LinesBody {
    fn from(lines: LineCounts) -> Self {
        Self {
            total: lines.total,
            done: lines.done(),
            changed: lines.changed,
            unchanged: lines.unchanged,
            skipped: lines.skipped,
            failed: lines.failed,
        }
    }
}

impl From<Import> for ImportBody {
    fn from(import: Import) -> Self {
        // What can't be read is a fault that the server's work on the job reports.
        let layout = layout_of(&import).ok();
        let ignored_columns = layout.as_ref().map(|it| it.ignored_columns().to_vec());
        Self {
            id: import.id.uuid(),
            r#type: "stock-job",
            attributes: ImportAttributes {
                kind: "import",
                status: import.status.as_str(),
                target: import.options.target.as_str(),
                profile: layout.map_or("", |layout| layout.profile().as_str()),
                dry_run: import.options.dry_run,
                abort_after: import.options.abort_after,
                exact: import.is_exact(),
                stopped_by: import.stopped_by.map(ImportStep::as_str),
                lines: import.lines.into(),
                not_undone: import.not_undone,
                created_at: import.created_at,
                started_at: import.started_at.map(|at| at.to_string()),
                completed_at: import.completed_at.map(|at| at.to_string()),
                updated_at: import.updated_at,
            },
            meta: ImportMeta {
                x_request_id: import.request_id,
                ignored_columns: ignored_columns.unwrap_or_default(),
                version: import.version,
            },
        }
    }
}

/// A line that failed, or whose entry could not be undone.
#[derive(Serialize, ToSchema)]
#[schema(as = StockJobError)]
pub(crate) struct ImportErrorBody {
    /// The place of the error among those of the job, from 0.
    id: String,
    /// Always `stock-job-error`.
    r#type: &'static str,
    attributes: ImportErrorAttributes,
}

#[derive(Serialize, ToSchema)]
#[schema(as = StockJobErrorAttributes)]
struct ImportErrorAttributes {
    /// The number of the line in the file, from 1; the header is a line, too.
    line: u32,
    /// The title that the error would have had alone.
    title: &'static str,
    /// The HTTP status that it would have had alone.
    status: String,
    /// What is wrong.
    message: String,
    /// The line as it was; null once the file is no longer kept.
    content: Option<String>,
    /// True if the line was applied, and its entry could not be undone; else left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    not_undone: bool,
}

impl From<(FailedLinePlace, FailedLine)> for ImportErrorBody {
    fn from((place, line): (FailedLinePlace, FailedLine)) -> Self {
        let not_undone = line.error.is_of_undo;
        let error = error_of(line.error.problem);
        Self {
            id: place.0.to_string(),
            r#type: "stock-job-error",
            attributes: ImportErrorAttributes {
                line: line.error.line,
                title: error.title(),
                status: error.status().as_str().to_owned(),
                message: error.text().to_owned(),
                content: line.content,
                not_undone,
            },
        }
    }
}

/// The error that a line would have been answered with alone.
pub(super) fn error_of(problem: LineProblem) -> ApiError {
    match problem {
        LineProblem::Invalid(text) => ApiError::validation(text),
        LineProblem::Refused(refusal) => refusal.into(),
    }
}
