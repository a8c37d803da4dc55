//! The lines of a file that failed.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt as _, try_unfold};
use stockroom_domain::{Import, LineError, LineProblem, OrganizationId};
use stockroom_files::{Format, Layout, RawChunk};

use super::job::raw;
use super::layout_of;
use crate::access::Administrator;
use crate::page::{Page, PageRequest, Start};
use crate::pipeline::timed;
use crate::ports::StoreError;
use crate::stockroom::Stockroom;

/// The number of lines that are read at once for a file.
const PAGE: u32 = 50;

/// A line that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedLine {
    /// The error.
    pub error: LineError,
    /// The line as it was; `None` once the file is forgotten.
    pub content: Option<String>,
}

/// The place of an error among those of its job, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailedLinePlace(pub u32);

/// The lines of a file that failed, read part by part.
pub struct FailedLines {
    stockroom: Arc<Stockroom>,
    organization: OrganizationId,
    import: Import,
    layout: Layout,
    from: u32,
}

impl Stockroom {
    /// The lines of an import's file that failed, from the one with this offset on.
    ///
    /// # Errors
    /// [`StoreError`] if the import can't be read.
    pub fn failed_lines(
        self: &Arc<Self>,
        administrator: &Administrator,
        import: Import,
        from: u32,
    ) -> Result<FailedLines, StoreError> {
        Ok(FailedLines {
            layout: layout_of(&import)?,
            organization: administrator.scope().organization,
            stockroom: Arc::clone(self),
            import,
            from,
        })
    }

    /// A page of the lines of an import's file that failed, each with its place.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_failed_lines(
        self: &Arc<Self>,
        administrator: &Administrator,
        import: Import,
        page: PageRequest<FailedLinePlace>,
    ) -> Result<Page<(FailedLinePlace, FailedLine), FailedLinePlace>, StoreError> {
        let from = match page.start {
            Start::Offset(offset) => offset,
            Start::After(FailedLinePlace(place)) => place.saturating_add(1),
        };
        let total = import.errors.into();
        let mut lines = self.failed_lines(administrator, import, from)?;
        let found = lines.next(page.enough()).await?;
        let mut items: Vec<_> = (from..).map(FailedLinePlace).zip(found).collect();
        let next = page.cut(&mut items, |(place, _)| *place);
        Ok(Page {
            items,
            total: Some(total),
            next,
        })
    }
}

impl FailedLines {
    /// The media type of their file.
    #[must_use]
    pub const fn content_type(&self) -> &'static str {
        match self.layout.format() {
            Format::Csv => "text/csv; charset=utf-8",
            Format::JsonLines => "application/x-ndjson",
        }
    }

    /// The name of their file.
    #[must_use]
    pub const fn file_name(&self) -> &'static str {
        match self.layout.format() {
            Format::Csv => "errors.csv",
            Format::JsonLines => "errors.jsonl",
        }
    }

    /// A file of these lines, part by part, as they are taken, each with its error in `words`; `None` once the
    /// file of the import is forgotten. The first part is read before, so that a database that fails can still
    /// be told; if it fails later, the file is broken off.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn parts(
        mut self,
        words: fn(LineProblem) -> String,
    ) -> Result<Option<impl Stream<Item = Result<Bytes, StoreError>> + Send>, StoreError> {
        let first = self.next(PAGE).await?;
        if first.iter().any(|line| line.content.is_none()) {
            return Ok(None);
        }
        let mut head = self.layout.errors_header();
        head.push_str(&self.with_errors(first, words));
        let first = stream::iter([Ok(Bytes::from(head))]);
        let rest = try_unfold(self, move |mut lines| async move {
            let failed = lines.next(PAGE).await?;
            if failed.is_empty() {
                return Ok(None);
            }
            let part = lines.with_errors(failed, words);
            Ok(Some((Bytes::from(part), lines)))
        });
        // Compressors ask once more after the end.
        Ok(Some(first.chain(rest).fuse()))
    }

    /// The lines, each with its error. A line that was applied, and whose entry then couldn't be undone, isn't
    /// to be sent again.
    fn with_errors(&self, failed: Vec<FailedLine>, words: fn(LineProblem) -> String) -> String {
        let failed = failed.into_iter().filter(|line| !line.error.is_of_undo);
        let lines = failed.map(|line| {
            let content = line.content.unwrap_or_default();
            self.layout.with_error(&content, &words(line.error.problem))
        });
        lines.collect()
    }

    /// At most `limit` more of them; empty at the end.
    async fn next(&mut self, limit: u32) -> Result<Vec<FailedLine>, StoreError> {
        let id = self.import.id;
        let stockroom = Arc::clone(&self.stockroom);
        let records = stockroom.pipeline.records();
        let errors = records.import_errors(self.organization, id, self.from, limit);
        let errors = timed("import_errors", errors).await?;
        let count = u32::try_from(errors.len()).unwrap_or(u32::MAX);
        self.from = self.from.saturating_add(count);
        let mut lines = Vec::with_capacity(errors.len());
        let mut errors = errors.into_iter().peekable();
        while let Some(first) = errors.next() {
            let chunk = self.chunk_of(first.line).await?;
            let read = chunk.as_ref().map(|chunk| self.layout.read(chunk));
            let read = read.unwrap_or_default();
            let content = |line: u32| {
                let found = read.binary_search_by_key(&line, |read| read.number).ok()?;
                Some(read.get(found)?.content.to_owned())
            };
            lines.push(FailedLine {
                content: content(first.line),
                error: first,
            });
            let last = read.last().map_or(0, |read| read.number);
            while let Some(error) = errors.next_if(|error| error.line <= last) {
                let content = content(error.line);
                lines.push(FailedLine { error, content });
            }
        }
        Ok(lines)
    }

    /// The chunk with this line; `None` once the file is forgotten.
    async fn chunk_of(&self, line: u32) -> Result<Option<RawChunk>, StoreError> {
        let (organization, id) = (self.organization, self.import.id);
        let records = self.stockroom.pipeline.records();
        let number = records.import_chunk_of_line(organization, id, line);
        let Some(number) = timed("import_chunk_of_line", number).await? else {
            return Ok(None);
        };
        let chunk = records.import_chunk(organization, id, number);
        let chunk = timed("import_chunk", chunk).await?;
        Ok(chunk.map(raw))
    }
}
