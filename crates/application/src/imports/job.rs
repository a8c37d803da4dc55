//! Work on one import, while this server has its lease.

use std::time::Duration;

use stockroom_domain::{
    Answered, ApplyLines, Command, FinishCheck, Import, ImportLine, ImportStatus, LineContent,
    LineError, MadeEntry, OrganizationId, Recorded, Refusal, StartImport, StockId, UndoLines,
};
use stockroom_files::{Layout, Profile, RawChunk};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use super::layout_of;
use super::positions::{Positions, problem};
use super::resolve::Resolver;
use crate::error::Error;
use crate::pipeline::timed;
use crate::ports::{FileChunk, Scope, StoreError};
use crate::stockroom::Stockroom;

/// The time for which an import is leased. (Source: the contract of imports.)
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// The time after which a lease is renewed.
const RENEWED_AFTER: Duration = Duration::from_secs(10);

/// Work on one import.
pub(super) struct Job<'a> {
    stockroom: &'a Stockroom,
    organization: OrganizationId,
    holder: Uuid,
    import: Import,
    layout: Layout,
    resolver: Resolver<'a>,
    /// The positions that two lines name, where that is refused.
    positions: Option<Positions>,
    renewed: Instant,
}

/// The end of a step.
enum Step {
    /// There may be more to do.
    Done,
    /// The job has ended, or another server has it.
    Over,
}

impl<'a> Job<'a> {
    pub(super) async fn new(
        stockroom: &'a Stockroom,
        organization: OrganizationId,
        holder: Uuid,
        import: Import,
    ) -> Result<Self, StoreError> {
        let layout = layout_of(&import)?;
        let scope = Scope {
            organization,
            acting: import.owner,
        };
        let resolver = Resolver::new(&stockroom.pipeline, scope, &import, layout.profile());
        Ok(Self {
            resolver: resolver.await?,
            positions: None,
            renewed: Instant::now(),
            stockroom,
            organization,
            holder,
            import,
            layout,
        })
    }

    /// Works until the job has ended, another server has it, or `stop` is true.
    pub(super) async fn run(mut self, stop: &watch::Receiver<bool>) -> Result<(), Error> {
        while !*stop.borrow() {
            let done = match self.import.status {
                ImportStatus::Pending => {
                    let start = StartImport { id: self.import.id };
                    self.submit(start).await?
                }
                ImportStatus::Started if !self.import.is_checked => self.check(stop).await?,
                ImportStatus::Started => self.apply(stop).await?,
                ImportStatus::Undoing => self.undo().await?,
                _ => Step::Over,
            };
            if matches!(done, Step::Over) || !self.renew().await? {
                break;
            }
        }
        Ok(())
    }

    /// Renews the lease, if it is time; false if the job has ended, or another server has it.
    async fn renew(&mut self) -> Result<bool, StoreError> {
        if self.renewed.elapsed() < RENEWED_AFTER {
            return Ok(true);
        }
        self.renewed = Instant::now();
        let records = self.stockroom.pipeline.records();
        let milliseconds = u32::try_from(LEASE.as_millis()).unwrap_or(u32::MAX);
        let leased =
            records.lease_import(self.organization, self.import.id, self.holder, milliseconds);
        match timed("lease_import", leased).await? {
            Some(import) => {
                self.import = import;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Reads and looks up every line, and ends the job if too many fail.
    async fn check(&mut self, stop: &watch::Receiver<bool>) -> Result<Step, Error> {
        let mut failed: u32 = 0;
        let mut errors = Vec::new();
        let mut positions = self.refuses_twins().then(Positions::default);
        for number in 0..self.import.chunks {
            if *stop.borrow() || !self.renew().await? {
                return Ok(Step::Over);
            }
            let lines = self.lines(number).await?;
            if let Some(positions) = &mut positions {
                positions.add(&lines);
            }
            for ImportLine { number, content } in lines {
                if let LineContent::Failed(problem) = content {
                    failed = failed.saturating_add(1);
                    add(&mut errors, LineError::new(number, problem));
                }
            }
        }
        if let Some(positions) = &mut positions {
            positions.close();
            failed = failed.saturating_add(u32::try_from(positions.twins()).unwrap_or(u32::MAX));
            for (line, other) in positions.all_twins() {
                let problem = problem(other);
                add(&mut errors, LineError::new(line, problem));
            }
        }
        errors.sort_by_key(|error| error.line);
        self.positions = positions;
        let id = self.import.id;
        self.submit(FinishCheck { id, failed, errors }).await
    }

    /// Applies the next chunk, or as many as a dry run decides on one state.
    async fn apply(&mut self, stop: &watch::Receiver<bool>) -> Result<Step, Error> {
        if self.positions.is_none() && self.refuses_twins() {
            // Another server has checked the job.
            let mut positions = Positions::default();
            for number in 0..self.import.chunks {
                if *stop.borrow() || !self.renew().await? {
                    return Ok(Step::Over);
                }
                positions.add(&self.lines(number).await?);
            }
            positions.close();
            self.positions = Some(positions);
        }
        let chunk = self.import.next_chunk;
        let lines_max = if self.import.options.dry_run {
            Import::EXACT_LINES_MAX
        } else {
            1
        };
        let mut chunks = Vec::new();
        let mut count = 0;
        for number in chunk..self.import.chunks {
            let mut lines = self.lines(number).await?;
            if let Some(positions) = &self.positions {
                positions.refuse_twins(&mut lines);
            }
            count += lines.len();
            chunks.push(lines);
            if count >= lines_max as usize {
                break;
            }
        }
        let apply = ApplyLines {
            import: self.import.id,
            create_stock: self.import.options.create_stock,
            chunk,
            chunks,
        };
        self.submit(apply).await
    }

    /// Undoes the last chunk that isn't undone.
    async fn undo(&mut self) -> Result<Step, Error> {
        let (organization, import) = (self.organization, self.import.id);
        let Some(chunk) = self.import.next_chunk.checked_sub(1) else {
            return Ok(Step::Over);
        };
        let records = self.stockroom.pipeline.records();
        let applied = records.applied_chunk(organization, import, chunk);
        let mut entries = Vec::new();
        if let Some(applied) = timed("applied_chunk", applied).await? {
            let history = self.stockroom.pipeline.unsettled_history();
            let batch = timed("batch", history.batch(organization, applied.batch)).await?;
            let batch = batch.map(|batch| batch.entries).unwrap_or_default();
            let found = timed("entries", history.entries(organization, &batch)).await?;
            let mut found: std::collections::HashMap<(StockId, u64), Recorded> = found
                .into_iter()
                .map(|it| ((it.entry.stock, it.entry.sequence), it))
                .collect();
            for (entry, line) in batch.iter().zip(applied.lines) {
                if let Some(recorded) = found.remove(&(entry.stock, entry.sequence)) {
                    entries.push(MadeEntry { line, recorded });
                }
            }
        }
        let undo = UndoLines {
            import,
            chunk,
            entries,
        };
        self.submit(undo).await
    }

    fn refuses_twins(&self) -> bool {
        self.layout.profile() == Profile::Shopify
    }

    /// The lines of a chunk, with what they name.
    async fn lines(&mut self, number: u32) -> Result<Vec<ImportLine>, StoreError> {
        let records = self.stockroom.pipeline.records();
        let chunk = records.import_chunk(self.organization, self.import.id, number);
        let chunk = timed("import_chunk", chunk).await?;
        let missing = || StoreError::Failed("a chunk of an import's file is missing".into());
        let chunk = raw(chunk.ok_or_else(missing)?);
        self.resolver.resolve(self.layout.read(&chunk)).await
    }

    async fn submit<R: Answered<Answer = Import>>(&mut self, request: R) -> Result<Step, Error> {
        let command = Command::new(self.import.actor(), request);
        let submitted = self.stockroom.pipeline.submit(self.organization, command);
        match submitted.await {
            Ok(answer) => match R::take(answer) {
                Some(import) => {
                    self.import = import;
                    Ok(Step::Done)
                }
                None => Err(StoreError::Failed("the answer has another type".into()).into()),
            },
            // Cancelled, or continued by another server.
            Err(Error::Refused(
                Refusal::ImportIs(_) | Refusal::ImportMovedOn | Refusal::JobNotFound,
            )) => Ok(Step::Over),
            Err(error) => Err(error),
        }
    }
}

/// Adds an error, unless there are as many as are stored.
fn add(errors: &mut Vec<LineError>, error: LineError) {
    if errors.len() < Import::ERRORS_MAX as usize {
        errors.push(error);
    }
}

/// The form of a chunk that the reader of files knows.
pub(super) fn raw(chunk: FileChunk) -> RawChunk {
    RawChunk {
        first_line: chunk.first_line,
        lines: chunk.lines,
        content: chunk.content,
    }
}
