//! The port for imports: their jobs, and the chunks of their files.

use async_trait::async_trait;
use stockroom_domain::{
    AppliedChunk, Import, ImportId, LineChange, LineError, OrganizationId, Owner, Timestamp,
};
use uuid::Uuid;

use super::error::StoreError;
use crate::page::{Page, PageRequest};

/// A part of a file: whole lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChunk {
    /// The number of the chunk, from 0.
    pub number: u32,
    /// The number of its first line in the file, from 1.
    pub first_line: u32,
    /// The number of its lines.
    pub lines: u32,
    /// The lines.
    pub content: Vec<u8>,
}

/// The files of an organization, and its jobs that wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportUsage {
    /// The number of jobs that wait, of all owners.
    pub waiting: u64,
    /// The sum of the files that are kept, unpacked, in bytes. Files that are still being sent count.
    pub file_bytes: u64,
}

/// Reads imports, stores the chunks of files, and leases jobs to the servers that work on them. A lease is
/// measured by the clock of the database, where it has one. Jobs themselves are changed by commands.
#[async_trait]
pub trait ImportStore: Send + Sync {
    /// Stores a chunk of a file, at this time, once. The job needn't exist yet.
    async fn add_import_chunk(
        &self,
        organization: OrganizationId,
        id: ImportId,
        chunk: FileChunk,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Deletes all chunks of a file, unless a job was made of it.
    async fn drop_import_chunks(
        &self,
        organization: OrganizationId,
        id: ImportId,
    ) -> Result<(), StoreError>;

    /// A chunk of a file, if it is kept.
    async fn import_chunk(
        &self,
        organization: OrganizationId,
        id: ImportId,
        number: u32,
    ) -> Result<Option<FileChunk>, StoreError>;

    /// The number of the last chunk that begins at this line of the file or before it, if that chunk is kept.
    async fn import_chunk_of_line(
        &self,
        organization: OrganizationId,
        id: ImportId,
        line: u32,
    ) -> Result<Option<u32>, StoreError>;

    /// The entries that a chunk made, if it made any.
    async fn applied_chunk(
        &self,
        organization: OrganizationId,
        id: ImportId,
        number: u32,
    ) -> Result<Option<AppliedChunk>, StoreError>;

    /// One job of an owner, if it exists.
    async fn import(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: ImportId,
    ) -> Result<Option<Import>, StoreError>;

    /// All jobs of an owner in the order of creation.
    async fn list_imports(
        &self,
        organization: OrganizationId,
        owner: Owner,
        page: PageRequest<ImportId>,
    ) -> Result<Page<Import, ImportId>, StoreError>;

    /// At most `limit` errors of a job from the one with this place on, in the order in which they were
    /// added.
    async fn import_errors(
        &self,
        organization: OrganizationId,
        id: ImportId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<LineError>, StoreError>;

    /// At most `limit` changes that a dry run would make, from the one with this place on, in the order of its
    /// lines.
    async fn import_changes(
        &self,
        organization: OrganizationId,
        id: ImportId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<LineChange>, StoreError>;

    /// The files and waiting jobs of an organization.
    async fn import_usage(&self, organization: OrganizationId) -> Result<ImportUsage, StoreError>;

    /// The [active](stockroom_domain::ImportStatus::is_active) jobs of all organizations, in the order of
    /// creation.
    async fn active_imports(&self) -> Result<Vec<(OrganizationId, ImportId)>, StoreError>;

    /// Leases an active job to `holder` for some milliseconds from now, unless another holder's lease hasn't
    /// ended. Also renews a lease. Gives the job as it is now.
    async fn lease_import(
        &self,
        organization: OrganizationId,
        id: ImportId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<Option<Import>, StoreError>;

    /// Ends a lease, if `holder` still has it.
    async fn release_import(
        &self,
        organization: OrganizationId,
        id: ImportId,
        holder: Uuid,
    ) -> Result<(), StoreError>;

    /// Deletes the content of files of jobs that were stored before `files_before`, except of active jobs; jobs
    /// that were made before `jobs_before`, with everything about them, except active ones; and chunks that
    /// were stored before `uploads_before` and of which no job was made.
    async fn forget_imports(
        &self,
        organization: OrganizationId,
        files_before: Timestamp,
        jobs_before: Timestamp,
        uploads_before: Timestamp,
    ) -> Result<(), StoreError>;
}
