//! The port for imports.

use async_trait::async_trait;
use stockroom_application::ports::{FileChunk, ImportStore, ImportUsage, StoreError};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{
    AppliedChunk, Import, ImportId, LineChange, LineError, OrganizationId, Owner, Timestamp,
};
use stockroom_sql::ChunkRow;
use uuid::Uuid;

use super::{chunks, forget, lease, read, rows};
use crate::connection::open::PostgresDatabase;

#[async_trait]
impl ImportStore for PostgresDatabase {
    async fn add_import_chunk(
        &self,
        organization: OrganizationId,
        id: ImportId,
        chunk: FileChunk,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut session = self.write().await?;
        chunks::add(&mut session, organization, ChunkRow::of(id, chunk, at)).await?;
        session.commit().await
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
        let mut session = self.reader().await?;
        let found = chunks::chunk(&mut session, organization, id, number).await?;
        session.commit().await?;
        Ok(found)
    }

    async fn import_chunk_of_line(
        &self,
        organization: OrganizationId,
        id: ImportId,
        line: u32,
    ) -> Result<Option<u32>, StoreError> {
        let mut session = self.reader().await?;
        let found = chunks::of_line(&mut session, organization, id, line).await?;
        session.commit().await?;
        Ok(found)
    }

    async fn applied_chunk(
        &self,
        organization: OrganizationId,
        id: ImportId,
        number: u32,
    ) -> Result<Option<AppliedChunk>, StoreError> {
        let mut session = self.reader().await?;
        let found = chunks::applied(&mut session, organization, id, number).await?;
        session.commit().await?;
        Ok(found)
    }

    async fn import(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: ImportId,
    ) -> Result<Option<Import>, StoreError> {
        let mut session = self.reader().await?;
        let mut found = rows::imports(&mut session, organization, [id]).await?;
        session.commit().await?;
        Ok(found.pop().filter(|import| import.owner == owner))
    }

    async fn list_imports(
        &self,
        organization: OrganizationId,
        owner: Owner,
        page: PageRequest<ImportId>,
    ) -> Result<Page<Import, ImportId>, StoreError> {
        let mut snapshot = self.read().await?;
        let page = read::list(&mut snapshot, organization, owner, page).await?;
        snapshot.commit().await?;
        Ok(page)
    }

    async fn import_errors(
        &self,
        organization: OrganizationId,
        id: ImportId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<LineError>, StoreError> {
        let mut session = self.reader().await?;
        let errors = read::errors(&mut session, organization, id, from, limit).await?;
        session.commit().await?;
        Ok(errors)
    }

    async fn import_changes(
        &self,
        organization: OrganizationId,
        id: ImportId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<LineChange>, StoreError> {
        let mut session = self.reader().await?;
        let changes = read::changes(&mut session, organization, id, from, limit).await?;
        session.commit().await?;
        Ok(changes)
    }

    async fn import_usage(&self, organization: OrganizationId) -> Result<ImportUsage, StoreError> {
        let mut snapshot = self.read().await?;
        let usage = read::usage(&mut snapshot, organization).await?;
        snapshot.commit().await?;
        Ok(usage)
    }

    async fn active_imports(&self) -> Result<Vec<(OrganizationId, ImportId)>, StoreError> {
        let mut session = self.own_reader().await?;
        let active = read::active(&mut session).await?;
        session.commit().await?;
        Ok(active)
    }

    async fn lease_import(
        &self,
        organization: OrganizationId,
        id: ImportId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<Option<Import>, StoreError> {
        let mut session = self.write().await?;
        let leased = lease::take(&mut session, organization, id, holder, milliseconds).await?;
        session.commit().await?;
        Ok(leased)
    }

    async fn release_import(
        &self,
        organization: OrganizationId,
        id: ImportId,
        holder: Uuid,
    ) -> Result<(), StoreError> {
        let mut session = self.write().await?;
        lease::release(&mut session, organization, id, holder).await?;
        session.commit().await
    }

    async fn forget_imports(
        &self,
        organization: OrganizationId,
        files_before: Timestamp,
        jobs_before: Timestamp,
        uploads_before: Timestamp,
    ) -> Result<(), StoreError> {
        loop {
            let mut session = self.write().await?;
            let has_more = forget::files(&mut session, organization, files_before).await?;
            session.commit().await?;
            if !has_more {
                break;
            }
        }
        loop {
            let mut session = self.write().await?;
            let has_more = forget::job(&mut session, organization, jobs_before).await?;
            session.commit().await?;
            if !has_more {
                break;
            }
        }
        let mut session = self.reader().await?;
        let abandoned = forget::abandoned(&mut session, organization, uploads_before).await?;
        session.commit().await?;
        for id in abandoned {
            self.drop_chunks(organization, id, Some(uploads_before))
                .await?;
        }
        Ok(())
    }
}

impl PostgresDatabase {
    /// Drops the chunks of a file of which no job was made, and that were stored before a time, if there is
    /// one.
    async fn drop_chunks(
        &self,
        organization: OrganizationId,
        id: ImportId,
        before: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        loop {
            let mut session = self.write().await?;
            let has_more = forget::drop_chunks(&mut session, organization, id, before).await?;
            session.commit().await?;
            if !has_more {
                return Ok(());
            }
        }
    }
}
