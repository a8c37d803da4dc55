//! A job: how far it is, what came of its lines, and what can be done about it.

use askama::Template;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::{FailedLine, FailedLinePlace, layout_of};
use stockroom_domain::{Import, ImportId, ImportStatus, ImportTarget, shortened};
use stockroom_files::LINES_MAX;

use super::At;
use super::asked::Asked;
use super::preview::{Changes, changes};
use super::words::{fault, lines, state, title, told, whose, written};
use crate::page::{
    Layout, Message, Number, PAGE_ROWS, Pager, Problem, Section, TimeTag, page_after, show_as,
};
use crate::session::{Done, Visit};

/// The characters of a line that are shown.
const SHOWN_MAX: usize = 200;

/// The part of the address that says which lines are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    pub(super) after: String,
}

/// How far a job is.
struct Progress {
    label: String,
    /// The value and its maximum; `None` if nobody knows.
    value: Option<(u32, u32)>,
}

/// How many lines there are, and what came of them.
struct Counts {
    total: Number,
    changed: Number,
    unchanged: Number,
    skipped: Number,
    failed: Number,
}

/// What was asked for, and of what.
struct Facts {
    file: String,
    key: String,
    created_at: TimeTag,
    /// The key that asked for its undoing, and the time.
    undo: Option<(String, TimeTag)>,
    completed_at: Option<TimeTag>,
    ignored_columns: Vec<String>,
}

/// A line that failed.
struct Failed {
    number: Number,
    content: Option<String>,
    reason: String,
    is_of_undo: bool,
}

/// What can be done about a job.
struct Steps {
    cancel: bool,
    undo: bool,
    /// For a preview, the lines that may fail when it is applied.
    apply: Option<u32>,
}

#[derive(Template)]
#[template(path = "imports/job.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each shows another part of the page"
)]
struct JobPage {
    layout: Layout,
    id: ImportId,
    title: String,
    is_preview: bool,
    /// Whether its lines move stock.
    is_of_stock: bool,
    is_exact: bool,
    state: &'static str,
    badge: &'static str,
    told: String,
    progress: Option<Progress>,
    counts: Counts,
    facts: Facts,
    asked: Asked,
    steps: Steps,
    /// The first changes that a preview would make.
    changes: Changes,
    lines: Vec<Failed>,
    has_file: bool,
    /// Errors beyond those that are kept.
    has_more_errors: bool,
    pager: Pager,
    problem: Option<String>,
}

/// Shows a job.
pub(super) async fn show_job(
    visit: Visit,
    Path(at): Path<At>,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let import = at.import(&visit).await?;
    let message = done.message(&visit).await?;
    answer(&visit, import, &wanted.after, message, None).await
}

/// The page of a job, perhaps with the reason why nothing was done.
pub(super) async fn answer(
    visit: &Visit,
    import: Import,
    after: &str,
    message: Option<Message>,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let title = title(&import);
    let kind = if import.options.dry_run {
        "Preview"
    } else {
        "Import"
    };
    let name = format!("{kind} of {title}");
    let layout = visit.layout(&name, Section::Imports).await?.with(message);
    let (state, badge) = state(import.status);
    let (lines, pager) = failed_lines(visit, &import, after).await?;
    let status = problem
        .as_ref()
        .map_or(StatusCode::OK, |_| StatusCode::CONFLICT);
    let page = JobPage {
        layout,
        id: import.id,
        title,
        is_preview: import.options.dry_run,
        is_of_stock: import.options.target == ImportTarget::Stock,
        is_exact: import.is_exact(),
        state,
        badge,
        told: told(&import),
        progress: progress(&import),
        counts: counts(&import),
        facts: facts(&import)?,
        asked: Asked::of(&import),
        steps: steps(&import),
        has_file: lines
            .iter()
            .any(|line| line.content.is_some() && !line.is_of_undo),
        changes: changes(visit, &import, "").await?,
        has_more_errors: import.lines.failed > import.errors,
        lines,
        pager,
        problem,
    };
    show_as(status, &page)
}

fn progress(import: &Import) -> Option<Progress> {
    let counted = &import.lines;
    let (label, value) = match import.status {
        ImportStatus::Pending => ("It waits".to_owned(), None),
        ImportStatus::Started if !import.is_checked => {
            (format!("Checking {}", lines(counted.total)), None)
        }
        ImportStatus::Started => {
            let done = Number::from(u64::from(counted.done()));
            let label = format!("{done} of {}", lines(counted.total));
            (label, Some((counted.done(), counted.total)))
        }
        ImportStatus::Undoing => {
            let undone = import.chunks.saturating_sub(import.next_chunk);
            ("Undoing".to_owned(), Some((undone, import.chunks)))
        }
        _ => return None,
    };
    Some(Progress { label, value })
}

fn counts(import: &Import) -> Counts {
    let number = |number: u32| Number::from(u64::from(number));
    Counts {
        total: number(import.lines.total),
        changed: number(import.lines.changed),
        unchanged: number(import.lines.unchanged),
        skipped: number(import.lines.skipped),
        failed: number(import.lines.failed),
    }
}

fn facts(import: &Import) -> Result<Facts, Problem> {
    let layout = layout_of(import)?;
    let key = import.caller.key_name.as_deref();
    Ok(Facts {
        file: format!("{}, {}", whose(layout.profile()), written(layout.format())),
        key: key.unwrap_or_default().to_owned(),
        created_at: TimeTag(import.created_at),
        undo: import.undo.as_ref().map(|undo| {
            let (caller, at) = &**undo;
            let key = caller.key_name.clone().unwrap_or_default();
            (key, TimeTag(*at))
        }),
        completed_at: import.completed_at.map(TimeTag),
        ignored_columns: layout.ignored_columns().to_vec(),
    })
}

fn steps(import: &Import) -> Steps {
    let (is_preview, counted) = (import.options.dry_run, import.lines);
    let is_of_stock = import.options.target == ImportTarget::Stock;
    let has_ended = matches!(
        import.status,
        ImportStatus::Success | ImportStatus::Failed | ImportStatus::Cancelled
    );
    let is_looked_at = import.status == ImportStatus::Success;
    // Where nothing would change, there is nothing to apply.
    let applies = is_preview && is_looked_at && counted.changed > 0;
    Steps {
        cancel: matches!(import.status, ImportStatus::Pending | ImportStatus::Started),
        undo: !is_preview && has_ended && counted.changed > 0 && is_of_stock,
        apply: applies.then_some(if counted.failed == 0 { 0 } else { LINES_MAX }),
    }
}

async fn failed_lines(
    visit: &Visit,
    import: &Import,
    after: &str,
) -> Result<(Vec<Failed>, Pager), Problem> {
    let place = after.parse().ok().map(FailedLinePlace);
    let request = page_after(PAGE_ROWS, place);
    let found = visit
        .stockroom()
        .list_failed_lines(visit.administrator(), import.clone(), request);
    let page = found.await?;
    let path = visit.path(&format!("/imports/{}", import.id));
    let next = page.next.map(|FailedLinePlace(place)| place.to_string());
    let pager = Pager::new(&page, place.is_none(), &path, &[], next);
    let lines = page.items.into_iter();
    Ok((lines.map(|(_, line)| failed(line)).collect(), pager))
}

fn failed(line: FailedLine) -> Failed {
    Failed {
        number: Number::from(u64::from(line.error.line)),
        reason: fault(&line.error.problem),
        is_of_undo: line.error.is_of_undo,
        content: line
            .content
            .map(|content| shortened(content.trim_end().to_owned(), SHOWN_MAX)),
    }
}
