//! Imports: files that move stock, as jobs that servers work on.

mod errors;
mod importer;
mod job;
mod positions;
mod preview;
mod resolve;
mod upload;

use stockroom_domain::{BatchId, CancelImport, Import, ImportId, UndoImport};
use stockroom_files::Layout;

use crate::access::{Administrator, Writer};
use crate::error::Error;
use crate::page::{Page, PageRequest};
use crate::pipeline::timed;
use crate::ports::StoreError;
use crate::stockroom::Stockroom;

pub use errors::{FailedLine, FailedLinePlace, FailedLines};
pub use importer::Importer;
pub use preview::LineChangePlace;
pub use upload::{ImportRequest, Upload};

impl Stockroom {
    /// An import of the owner on whose behalf the caller acts.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; so for every reading below.
    pub async fn import(
        &self,
        administrator: &Administrator,
        id: ImportId,
    ) -> Result<Option<Import>, StoreError> {
        let scope = administrator.scope();
        let records = self.pipeline.records();
        let import = records.import(scope.organization, scope.acting, id);
        timed("import", import).await
    }

    /// The imports of the owner on whose behalf the caller acts, in the order of creation.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_imports(
        &self,
        administrator: &Administrator,
        page: PageRequest<ImportId>,
    ) -> Result<Page<Import, ImportId>, StoreError> {
        let scope = administrator.scope();
        let records = self.pipeline.records();
        let imports = records.list_imports(scope.organization, scope.acting, page);
        timed("list_imports", imports).await
    }

    /// The batch of a chunk of an import, by the number of the chunk from 0. `None` if the owner on whose behalf
    /// the caller acts has no such import, or the chunk made no entry.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn import_batch(
        &self,
        administrator: &Administrator,
        id: ImportId,
        chunk: u32,
    ) -> Result<Option<BatchId>, StoreError> {
        if self.import(administrator, id).await?.is_none() {
            return Ok(None);
        }
        let records = self.pipeline.records();
        let applied = records.applied_chunk(administrator.scope().organization, id, chunk);
        let applied = timed("applied_chunk", applied).await?;
        Ok(applied.map(|applied| applied.batch))
    }

    /// Ends an import that waits or is under way, after the chunk that is being applied.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn cancel_import(&self, writer: &Writer, id: ImportId) -> Result<Import, Error> {
        self.execute(writer, CancelImport { id }).await
    }

    /// Begins to undo what an import has done. Products, locations and stock that it made stay.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn undo_import(&self, writer: &Writer, id: ImportId) -> Result<Import, Error> {
        let import = self.execute(writer, UndoImport { id }).await?;
        self.imports_wake.notify_one();
        Ok(import)
    }

    /// Deletes what is kept of imports for longer than it has to be. To be called regularly.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn forget_imports(&self) -> Result<(), StoreError> {
        let now = self.now();
        let files_before = now.plus_milliseconds(-Import::FILE_KEPT_MILLISECONDS);
        let jobs_before = now.plus_milliseconds(-Import::KEPT_MILLISECONDS);
        let uploads_before = now.plus_milliseconds(-upload::ABANDONED_AFTER_MILLISECONDS);
        for organization in self.organizations().await? {
            let records = self.pipeline.records();
            let forget =
                records.forget_imports(organization.id, files_before, jobs_before, uploads_before);
            timed("forget_imports", forget).await?;
        }
        Ok(())
    }
}

/// The way to read the lines of an import's file.
///
/// # Errors
/// [`StoreError`] if it was stored in a form that can't be read.
pub fn layout_of(import: &Import) -> Result<Layout, StoreError> {
    serde_json::from_str(&import.layout).map_err(|error| StoreError::Failed(Box::new(error)))
}
