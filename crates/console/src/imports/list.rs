//! The forms for files in and out, and the jobs, newest first.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{Import, ImportId};
use stockroom_files::{Format, Profile};

use super::PATH;
use super::asked::Asked;
use super::export::Wanted as ExportAsked;
use super::words::{FILE_PROFILES, size, state, title, whose, word, written};
use crate::page::{
    Layout, Message, Number, PAGE_ROWS, Pager, Problem, Refused, Section, TimeTag, show_as,
};
use crate::session::{Done, Visit};

/// The part of the address that says what is listed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// The number of jobs that are older than those of the page before.
    after: String,
    /// The id of a job whose wishes the form has.
    like: String,
}

/// A form that is shown again, or filled in.
#[derive(Default)]
pub(super) struct Again {
    pub(super) asked: Asked,
    pub(super) refused: Option<Refused>,
    pub(super) export: ExportAsked,
    pub(super) export_refused: Option<Refused>,
}

/// A job.
struct Row {
    id: ImportId,
    title: String,
    is_preview: bool,
    state: &'static str,
    badge: &'static str,
    /// How far it is, while it works.
    progress: Option<(Number, u32)>,
    created_at: TimeTag,
    total: Number,
    total_lines: u32,
    changed: Number,
    unchanged: Number,
    failed: Number,
}

#[derive(Template)]
#[template(path = "imports/list.html")]
struct ImportsPage<'a> {
    layout: Layout,
    again: &'a Again,
    /// Those of files that come in.
    file_profiles: [(&'static str, &'static str); 4],
    /// Those of files that go out.
    profiles: [(&'static str, &'static str); 3],
    formats: [(&'static str, &'static str); 2],
    bytes_max: String,
    rows: Vec<Row>,
    pager: Pager,
}

/// Shows them.
pub(super) async fn show_list(
    visit: Visit,
    Query(wanted): Query<Wanted>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let message = done.message(&visit).await?;
    let mut again = Again::default();
    if let Some(id) = ImportId::parse(&wanted.like) {
        let import = visit.stockroom().import(visit.administrator(), id).await?;
        again.asked = import.as_ref().map(Asked::of).unwrap_or_default();
    }
    answer(&visit, &again, &wanted.after, message).await
}

/// The page, perhaps with a form that is shown again.
pub(super) async fn answer(
    visit: &Visit,
    again: &Again,
    after: &str,
    message: Option<Message>,
) -> Result<Response, Problem> {
    let layout = visit.layout("Import and export", Section::Imports).await?;
    let (page, next) = newest(visit, after).await?;
    let pager = Pager::new(&page, after.is_empty(), &visit.path(PATH), &[], next);
    let refused = again.refused.as_ref().or(again.export_refused.as_ref());
    let page = ImportsPage {
        layout: layout.with(message),
        again,
        file_profiles: FILE_PROFILES.map(|it| (word(it), whose(it))),
        profiles: Profile::ALL.map(|it| (it.as_str(), whose(it))),
        formats: Format::ALL.map(|it| (it.as_str(), written(it))),
        bytes_max: size(visit.app.options.import_bytes_max as u64),
        rows: page.items.iter().map(row).collect(),
        pager,
    };
    show_as(Refused::status(refused), &page)
}

/// A page of jobs, the newest first, and the number of those that are older. Jobs are listed in the order of
/// creation, and kept for ninety days only, so that the last ones are near.
async fn newest(
    visit: &Visit,
    after: &str,
) -> Result<(Page<Import, ImportId>, Option<String>), Problem> {
    let (stockroom, administrator) = (visit.stockroom(), visit.administrator());
    let first = PageRequest::from_offset(1, 0);
    let all = stockroom.list_imports(administrator, first).await?.total;
    let all = u32::try_from(all.unwrap_or_default()).unwrap_or(u32::MAX);
    let end = after.parse().unwrap_or(all).min(all);
    let offset = end.saturating_sub(PAGE_ROWS);
    let request = PageRequest::from_offset(end.saturating_sub(offset).max(1), offset);
    let mut page = stockroom.list_imports(administrator, request).await?;
    page.items.reverse();
    Ok((page, (offset > 0).then(|| offset.to_string())))
}

fn row(import: &Import) -> Row {
    let (state, badge) = state(import.status);
    let number = |number: u32| Number::from(u64::from(number));
    let lines = import.lines;
    let works = import.status.is_active() && lines.done() < lines.total;
    Row {
        id: import.id,
        title: title(import),
        is_preview: import.options.dry_run,
        state,
        badge,
        progress: works.then(|| (number(lines.done()), lines.done())),
        created_at: TimeTag(import.created_at),
        total: number(lines.total),
        total_lines: lines.total,
        changed: number(lines.changed),
        unchanged: number(lines.unchanged),
        failed: number(lines.failed),
    }
}
