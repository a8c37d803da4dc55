//! The lines of a file that failed.

use std::sync::Arc;

use stockroom_domain::{Import, LineError, OrganizationId};
use stockroom_files::{Layout, RawChunk};

use super::job::raw;
use super::layout_of;
use crate::access::Administrator;
use crate::page::{Page, PageRequest, Start};
use crate::pipeline::timed;
use crate::ports::StoreError;
use crate::stockroom::Stockroom;

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
    /// The way to read the file.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// At most `limit` more of them; empty at the end.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn next(&mut self, limit: u32) -> Result<Vec<FailedLine>, StoreError> {
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
