//! The port for imports. One process has the file open, so its clock measures the leases.

use async_trait::async_trait;
use stockroom_application::ports::{FileChunk, ImportStore, ImportUsage, StoreError};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{
    AppliedChunk, Import, ImportId, LineChange, LineError, OrganizationId, Owner, Timestamp,
};
use stockroom_sql::ChunkRow;
use uuid::Uuid;

use super::{chunks, forget, lease, read, rows};
use crate::connection::open::SqliteDatabase;

#[async_trait]
impl ImportStore for SqliteDatabase {
    async fn add_import_chunk(
        &self,
        organization: OrganizationId,
        id: ImportId,
        chunk: FileChunk,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let chunk = ChunkRow::of(id, chunk, at);
        self.write(move |transaction| chunks::add(transaction, organization, &chunk))
            .await
    }

    async fn drop_import_chunks(
        &self,
        organization: OrganizationId,
        id: ImportId,
    ) -> Result<(), StoreError> {
        self.drop_chunks(organization, id, None).await
    }

    async fn import_chunk(
        &self,
        organization: OrganizationId,
        id: ImportId,
        number: u32,
    ) -> Result<Option<FileChunk>, StoreError> {
        self.read(move |snapshot| chunks::chunk(snapshot, organization, id, number))
            .await
    }

    async fn import_chunk_of_line(
        &self,
        organization: OrganizationId,
        id: ImportId,
        line: u32,
    ) -> Result<Option<u32>, StoreError> {
        self.read(move |snapshot| chunks::of_line(snapshot, organization, id, line))
            .await
    }

    async fn applied_chunk(
        &self,
        organization: OrganizationId,
        id: ImportId,
        number: u32,
    ) -> Result<Option<AppliedChunk>, StoreError> {
        self.read(move |snapshot| chunks::applied(snapshot, organization, id, number))
            .await
    }

    async fn import(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: ImportId,
    ) -> Result<Option<Import>, StoreError> {
        self.read(move |snapshot| {
            let found = rows::import(snapshot, organization, id)?;
            Ok(found.filter(|import| import.owner == owner))
        })
        .await
    }

    async fn list_imports(
        &self,
        organization: OrganizationId,
        owner: Owner,
        page: PageRequest<ImportId>,
    ) -> Result<Page<Import, ImportId>, StoreError> {
        self.read(move |snapshot| read::list(snapshot, organization, owner, page))
            .await
    }

    async fn import_errors(
        &self,
        organization: OrganizationId,
        id: ImportId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<LineError>, StoreError> {
        self.read(move |snapshot| read::errors(snapshot, organization, id, from, limit))
            .await
    }

    async fn import_changes(
        &self,
        organization: OrganizationId,
        id: ImportId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<LineChange>, StoreError> {
        self.read(move |snapshot| read::changes(snapshot, organization, id, from, limit))
            .await
    }

    async fn import_usage(&self, organization: OrganizationId) -> Result<ImportUsage, StoreError> {
        self.read(move |snapshot| read::usage(snapshot, organization))
            .await
    }

    async fn active_imports(&self) -> Result<Vec<(OrganizationId, ImportId)>, StoreError> {
        self.own_read(read::active).await
    }

    async fn lease_import(
        &self,
        organization: OrganizationId,
        id: ImportId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<Option<Import>, StoreError> {
        let environment = self.environment.clone();
        self.write(move |transaction| {
            let now = environment.now();
            let until = now.plus_milliseconds(milliseconds.into());
            if !lease::take(transaction, organization, id, holder, now, until)? {
                return Ok(None);
            }
            rows::import(transaction, organization, id)
        })
        .await
    }

    async fn release_import(
        &self,
        organization: OrganizationId,
        id: ImportId,
        holder: Uuid,
    ) -> Result<(), StoreError> {
        self.write(move |transaction| lease::release(transaction, organization, id, holder))
            .await
    }

    async fn forget_imports(
        &self,
        organization: OrganizationId,
        files_before: Timestamp,
        jobs_before: Timestamp,
        uploads_before: Timestamp,
    ) -> Result<(), StoreError> {
        while self
            .write(move |transaction| forget::files(transaction, organization, files_before))
            .await?
        {}
        while self
            .write(move |transaction| forget::job(transaction, organization, jobs_before))
            .await?
        {}
        let abandoned = self
            .read(move |snapshot| forget::abandoned(snapshot, organization, uploads_before))
            .await?;
        for id in abandoned {
            self.drop_chunks(organization, id, Some(uploads_before))
                .await?;
        }
        Ok(())
    }
}

impl SqliteDatabase {
    /// Drops the chunks of a file of which no job was made, and that were stored before a time, if there is
    /// one.
    async fn drop_chunks(
        &self,
        organization: OrganizationId,
        id: ImportId,
        before: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        while self
            .write(move |transaction| forget::drop_chunks(transaction, organization, id, before))
            .await?
        {}
        Ok(())
    }
}
