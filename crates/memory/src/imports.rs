//! Imports, their files and leases.

use std::collections::BTreeMap;

use async_trait::async_trait;
use stockroom_application::ports::{FileChunk, ImportStore, ImportUsage, StoreError};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{
    AppliedChunk, Import, ImportChange, ImportId, ImportStatus, LineChange, LineError, Needs,
    OrganizationId, Owner, State, Timestamp,
};
use uuid::Uuid;

use crate::MemoryDatabase;
use crate::list::page;
use crate::tenant::Tenant;

/// The imports of an organization.
#[derive(Default)]
pub(crate) struct Imports {
    jobs: BTreeMap<ImportId, Job>,
    chunks: BTreeMap<(ImportId, u32), Chunk>,
}

struct Job {
    import: Import,
    errors: BTreeMap<u32, LineError>,
    changes: BTreeMap<u32, LineChange>,
    lease: Option<(Uuid, Timestamp)>,
}

struct Chunk {
    first_line: u32,
    lines: u32,
    /// `None` once the file is forgotten.
    content: Option<Vec<u8>>,
    applied: Option<AppliedChunk>,
    stored_at: Timestamp,
}

impl Imports {
    /// Loads what commands need of imports.
    pub(crate) fn load(&self, needs: &Needs, state: &mut State) {
        for id in &needs.imports {
            if let Some(job) = self.jobs.get(id) {
                state.imports.insert(*id, job.import.clone());
            }
        }
    }

    pub(crate) fn store(&mut self, change: ImportChange, errors: Vec<(u32, LineError)>) {
        let id = change.import.id;
        if let Some(applied) = change.applied
            && let Some(chunk) = self.chunks.get_mut(&(id, applied.chunk))
        {
            chunk.applied = Some(applied);
        }
        let job = self.jobs.entry(id).or_insert_with(|| Job {
            import: change.import.clone(),
            errors: BTreeMap::new(),
            changes: BTreeMap::new(),
            lease: None,
        });
        job.import = change.import;
        job.errors.extend(errors);
        job.changes.extend(change.changes);
    }

    fn forget(&mut self, files_before: Timestamp, jobs_before: Timestamp, uploads: Timestamp) {
        let is_over = |import: &Import| !import.status.is_active();
        let Self { jobs, chunks } = self;
        chunks.retain(|(id, _), chunk| match jobs.get(id) {
            Some(Job { import, .. }) => !is_over(import) || import.created_at >= jobs_before,
            None => chunk.stored_at >= uploads,
        });
        jobs.retain(|_, Job { import, .. }| !is_over(import) || import.created_at >= jobs_before);
        for ((id, _), chunk) in chunks {
            let is_over = jobs.get(id).is_some_and(|job| is_over(&job.import));
            if is_over && chunk.stored_at < files_before {
                chunk.content = None;
            }
        }
    }
}

impl MemoryDatabase {
    fn change_imports<T: Default>(
        &self,
        organization: OrganizationId,
        change: impl FnOnce(&mut Imports) -> T,
    ) -> T {
        let mut tables = self.write();
        let tenant: Option<&mut Tenant> = tables.tenants.get_mut(&organization);
        tenant.map_or_else(T::default, |tenant| change(&mut tenant.imports))
    }
}

#[async_trait]
impl ImportStore for MemoryDatabase {
    async fn add_import_chunk(
        &self,
        organization: OrganizationId,
        id: ImportId,
        chunk: FileChunk,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let stored = Chunk {
            first_line: chunk.first_line,
            lines: chunk.lines,
            content: Some(chunk.content),
            applied: None,
            stored_at: at,
        };
        self.change_imports(organization, |imports| {
            imports.chunks.insert((id, chunk.number), stored);
        });
        Ok(())
    }

    async fn drop_import_chunks(
        &self,
        organization: OrganizationId,
        id: ImportId,
    ) -> Result<(), StoreError> {
        self.change_imports(organization, |imports| {
            if !imports.jobs.contains_key(&id) {
                imports.chunks.retain(|(of, _), _| *of != id);
            }
        });
        Ok(())
    }

    async fn import_chunk(
        &self,
        organization: OrganizationId,
        id: ImportId,
        number: u32,
    ) -> Result<Option<FileChunk>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let chunk = tenant.imports.chunks.get(&(id, number))?;
            Some(FileChunk {
                number,
                first_line: chunk.first_line,
                lines: chunk.lines,
                content: chunk.content.clone()?,
            })
        }))
    }

    async fn import_chunk_of_line(
        &self,
        organization: OrganizationId,
        id: ImportId,
        line: u32,
    ) -> Result<Option<u32>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let chunks = tenant.imports.chunks.range((id, 0)..=(id, u32::MAX));
            let mut before = chunks.rev().filter(|(_, chunk)| chunk.first_line <= line);
            let ((_, number), chunk) = before.next()?;
            chunk.content.as_ref().map(|_| *number)
        }))
    }

    async fn applied_chunk(
        &self,
        organization: OrganizationId,
        id: ImportId,
        number: u32,
    ) -> Result<Option<AppliedChunk>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let chunk = tenant.imports.chunks.get(&(id, number))?;
            chunk.applied.clone()
        }))
    }

    async fn import(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: ImportId,
    ) -> Result<Option<Import>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let import = tenant.imports.jobs.get(&id).map(|job| &job.import);
            import.filter(|import| import.owner == owner).cloned()
        }))
    }

    async fn list_imports(
        &self,
        organization: OrganizationId,
        owner: Owner,
        request: PageRequest<ImportId>,
    ) -> Result<Page<Import, ImportId>, StoreError> {
        let tables = self.read();
        let tenant = tables.tenants.get(&organization);
        let jobs = tenant.into_iter().flat_map(|it| it.imports.jobs.values());
        let own = jobs
            .map(|job| &job.import)
            .filter(|import| import.owner == owner);
        Ok(page(own, &request, false, |import| import.id))
    }

    async fn import_errors(
        &self,
        organization: OrganizationId,
        id: ImportId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<LineError>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let job = tenant.imports.jobs.get(&id);
            let errors = job.into_iter().flat_map(|job| job.errors.range(from..));
            let errors = errors.take(limit as usize);
            errors.map(|(_, error)| error.clone()).collect()
        }))
    }

    async fn import_changes(
        &self,
        organization: OrganizationId,
        id: ImportId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<LineChange>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let job = tenant.imports.jobs.get(&id);
            let changes = job.into_iter().flat_map(|job| job.changes.range(from..));
            let changes = changes.take(limit as usize);
            changes.map(|(_, change)| change.clone()).collect()
        }))
    }

    async fn import_usage(&self, organization: OrganizationId) -> Result<ImportUsage, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let jobs = tenant.imports.jobs.values();
            let waiting = jobs.filter(|job| job.import.status == ImportStatus::Pending);
            let chunks = tenant.imports.chunks.values();
            let contents = chunks.filter_map(|chunk| chunk.content.as_ref());
            ImportUsage {
                waiting: waiting.count() as u64,
                file_bytes: contents.map(|content| content.len() as u64).sum(),
            }
        }))
    }

    async fn active_imports(&self) -> Result<Vec<(OrganizationId, ImportId)>, StoreError> {
        let tables = self.read();
        let tenants = tables.tenants.iter();
        let mut active: Vec<_> = tenants
            .flat_map(|(organization, tenant)| {
                let jobs = tenant.imports.jobs.iter();
                let active = jobs.filter(|(_, job)| job.import.status.is_active());
                active.map(|(id, _)| (*organization, *id))
            })
            .collect();
        active.sort_by_key(|(_, id)| *id);
        Ok(active)
    }

    async fn lease_import(
        &self,
        organization: OrganizationId,
        id: ImportId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<Option<Import>, StoreError> {
        let now = self.environment.now();
        Ok(self.change_imports(organization, |imports| {
            let job = imports.jobs.get_mut(&id)?;
            let others = job.lease.filter(|(held_by, _)| *held_by != holder);
            let is_free = others.is_none_or(|(_, until)| until < now);
            if !job.import.status.is_active() || !is_free {
                return None;
            }
            job.lease = Some((holder, now.plus_milliseconds(milliseconds.into())));
            Some(job.import.clone())
        }))
    }

    async fn release_import(
        &self,
        organization: OrganizationId,
        id: ImportId,
        holder: Uuid,
    ) -> Result<(), StoreError> {
        self.change_imports(organization, |imports| {
            if let Some(job) = imports.jobs.get_mut(&id)
                && job.lease.is_some_and(|(held_by, _)| held_by == holder)
            {
                job.lease = None;
            }
        });
        Ok(())
    }

    async fn forget_imports(
        &self,
        organization: OrganizationId,
        files_before: Timestamp,
        jobs_before: Timestamp,
        uploads_before: Timestamp,
    ) -> Result<(), StoreError> {
        self.change_imports(organization, |imports| {
            imports.forget(files_before, jobs_before, uploads_before);
        });
        Ok(())
    }
}
