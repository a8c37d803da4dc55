//! Receiving a file: it is cut into chunks and stored as it comes.

use std::sync::Arc;

use stockroom_domain::{Import, ImportId, ImportOptions, OrganizationId, SubmitImport};
use stockroom_files::{Format, Profile, RawChunk, Splitter};

use crate::access::Administrator;
use crate::error::{AccessError, ImportError};
use crate::pipeline::{Turn, timed};
use crate::ports::{FileChunk, ImportUsage, StoreError};
use crate::stockroom::{Stockroom, UPLOADS_OF_ORGANIZATION_MAX};

/// The largest size of a file, unpacked, in bytes.
const UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// The time after which a file that stopped coming is deleted, in milliseconds. The slowest upload that is
/// allowed takes less than half of it.
pub(super) const ABANDONED_AFTER_MILLISECONDS: i64 = 24 * 60 * 60 * 1_000;

/// A request to import a file.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The profile.
    pub profile: Profile,
    /// The format; `None` to find it out by the first line.
    pub format: Option<Format>,
    /// The wishes of the caller; the profile says what the file changes.
    pub options: ImportOptions,
    /// The client's name for the request.
    pub request_id: Option<String>,
}

/// A file that is being received. If it is dropped before its end, nothing of it stays.
pub struct Upload {
    stockroom: Arc<Stockroom>,
    id: ImportId,
    organization: OrganizationId,
    request: ImportRequest,
    splitter: Splitter,
    usage: ImportUsage,
    received: u64,
    chunks: u32,
    is_stored: bool,
    _turn: Turn,
}

impl Stockroom {
    /// Begins to receive a file. A caller who may not change anything may have it checked: a dry run
    /// makes a job and changes no stock.
    ///
    /// # Errors
    /// [`ImportError`] if the wishes don't go together, too many jobs of the organization wait, it sends too
    /// many files, or the caller may only read and it is no dry run.
    pub async fn begin_import(
        self: &Arc<Self>,
        administrator: &Administrator,
        mut request: ImportRequest,
    ) -> Result<Upload, ImportError> {
        request.options.target = request.profile.target();
        request.options.check()?;
        check_access(administrator, &request.options)?;
        let organization = administrator.scope().organization;
        let turn = self.uploads.try_take(organization);
        let turn = turn.map_err(|_| ImportError::TooManyUploads {
            limit: UPLOADS_OF_ORGANIZATION_MAX,
        })?;
        let usage = self.pipeline.records().import_usage(organization);
        let usage = timed("import_usage", usage).await?;
        if usage.waiting >= Import::WAITING_MAX {
            return Err(ImportError::TooManyWaiting {
                limit: Import::WAITING_MAX,
            });
        }
        Ok(Upload {
            stockroom: Arc::clone(self),
            id: ImportId::new(self.environment.next_id()),
            organization,
            splitter: Splitter::new(request.profile, request.format),
            request,
            usage,
            received: 0,
            chunks: 0,
            is_stored: false,
            _turn: turn,
        })
    }
}

impl Upload {
    /// Takes the next bytes of the file, unpacked.
    ///
    /// # Errors
    /// [`ImportError`] if the file can't be read or is too large, or the database fails.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), ImportError> {
        self.received = self.received.saturating_add(bytes.len() as u64);
        if self.received > UNPACKED_BYTES_MAX {
            return Err(ImportError::TooLarge {
                limit: UNPACKED_BYTES_MAX,
            });
        }
        if self.usage.file_bytes.saturating_add(self.received) > Import::FILES_BYTES_MAX {
            return Err(ImportError::TooManyFiles {
                limit: Import::FILES_BYTES_MAX,
            });
        }
        for chunk in self.splitter.push(bytes)? {
            self.store(chunk).await?;
        }
        Ok(())
    }

    /// Makes a job of the file. A request that is repeated under its idempotency key gets the job that it
    /// made before.
    ///
    /// # Errors
    /// [`ImportError`] if the file can't be read, the caller may only read and it is no dry run, or the
    /// database fails.
    pub async fn finish(mut self, administrator: &Administrator) -> Result<Import, ImportError> {
        check_access(administrator, &self.request.options)?;
        let splitter = std::mem::replace(
            &mut self.splitter,
            Splitter::new(self.request.profile, None),
        );
        let split = splitter.finish()?;
        if let Some(chunk) = split.last {
            self.store(chunk).await?;
        }
        let layout = serde_json::to_string(&split.layout);
        let layout = layout.map_err(|error| StoreError::Failed(Box::new(error)))?;
        let submit = SubmitImport {
            id: self.id,
            options: self.request.options.clone(),
            layout,
            request_id: self.request.request_id.clone(),
            chunks: self.chunks,
            lines: split.lines,
        };
        let import = self.stockroom.carry_out(administrator, submit).await?;
        self.is_stored = import.id == self.id;
        self.stockroom.imports_wake.notify_one();
        Ok(import)
    }

    async fn store(&mut self, chunk: RawChunk) -> Result<(), StoreError> {
        let chunk = FileChunk {
            number: self.chunks,
            first_line: chunk.first_line,
            lines: chunk.lines,
            content: chunk.content,
        };
        self.chunks = self.chunks.saturating_add(1);
        let at = self.stockroom.now();
        let records = self.stockroom.pipeline.records();
        let added = records.add_import_chunk(self.organization, self.id, chunk, at);
        timed("add_import_chunk", added).await
    }
}

fn check_access(administrator: &Administrator, options: &ImportOptions) -> Result<(), AccessError> {
    if options.dry_run || administrator.may_write() {
        Ok(())
    } else {
        Err(AccessError::ReadOnly)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.is_stored || self.chunks == 0 {
            return;
        }
        let stockroom = Arc::clone(&self.stockroom);
        let (organization, id) = (self.organization, self.id);
        // If this fails, the chunks are forgotten later.
        tokio::spawn(async move {
            let records = stockroom.pipeline.records();
            let dropped = records.drop_import_chunks(organization, id);
            if let Err(error) = timed("drop_import_chunks", dropped).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "a file that broke off could not be deleted yet");
            }
        });
    }
}
