//! Integrations, their logs and leases.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use stockroom_application::ports::{
    DeliveryJob, DeliveryLog, DeliveryProgress, DeliveryStore, IntegrationReader, IntegrationState,
    LogsOf, StoreError, StoredIntegration,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{
    EventId, IntegrationChange, IntegrationChangeKind, IntegrationId, LogId, Needs, OrganizationId,
    Owner, State, Timestamp,
};
use uuid::Uuid;

use crate::MemoryDatabase;
use crate::list::page;
use crate::tenant::Tenant;

/// The integrations of an organization.
#[derive(Default)]
pub(crate) struct Integrations(BTreeMap<IntegrationId, Stored>);

/// An integration with everything about its deliveries.
struct Stored {
    change: IntegrationChange,
    progress: DeliveryProgress,
    lease: Option<(Uuid, Timestamp)>,
    logs: BTreeMap<LogId, DeliveryLog>,
}

impl Stored {
    fn state(&self) -> IntegrationState {
        IntegrationState {
            integration: self.change.integration.clone(),
            position: self.progress.visible_position(),
            failing_since: self.progress.failing_since,
        }
    }

    fn stored(&self) -> StoredIntegration {
        StoredIntegration {
            integration: self.change.integration.clone(),
            secrets: self.change.secrets.clone(),
            progress: self.progress.clone(),
        }
    }

    fn is_held_by(&self, holder: Uuid) -> bool {
        self.lease.is_some_and(|(held_by, _)| held_by == holder)
    }
}

impl Integrations {
    /// Loads what commands need of integrations.
    pub(crate) fn load(&self, needs: &Needs, state: &mut State) {
        for id in &needs.integrations {
            if let Some(Stored { change, .. }) = self.0.get(id) {
                let loaded = (change.integration.clone(), change.secrets.clone());
                state.integrations.insert(*id, loaded);
            }
        }
        for owner in &needs.integration_counts {
            let count = self.of(*owner).count() as u64;
            state.integration_counts.insert(*owner, count);
        }
    }

    pub(crate) fn store(&mut self, change: IntegrationChange) {
        match (change.kind, self.0.get_mut(&change.integration.id)) {
            (_, Some(stored)) => stored.change = change,
            (kind, None) => {
                let progress = DeliveryProgress {
                    position: match kind {
                        IntegrationChangeKind::Created { position } => position,
                        IntegrationChangeKind::Updated | IntegrationChangeKind::Disabled => 0,
                    },
                    ..DeliveryProgress::default()
                };
                let stored = Stored {
                    progress,
                    lease: None,
                    logs: BTreeMap::new(),
                    change,
                };
                self.0.insert(stored.change.integration.id, stored);
            }
        }
    }

    pub(crate) fn delete(&mut self, id: IntegrationId) {
        self.0.remove(&id);
    }

    /// Notes that the events from this position on are sent again.
    pub(crate) fn replay(&mut self, id: IntegrationId, from: u64) {
        if let Some(stored) = self.0.get_mut(&id) {
            let asked_for = stored.progress.replay_from;
            stored.progress.replay_from = Some(asked_for.map_or(from, |it| it.min(from)));
        }
    }

    fn of(&self, owner: Owner) -> impl Iterator<Item = &Stored> {
        let all = self.0.values();
        all.filter(move |stored| stored.change.integration.owner == owner)
    }

    /// The logs that are asked for, the latest first.
    fn logs(&self, of: LogsOf) -> Vec<&DeliveryLog> {
        let is_asked = |log: &&DeliveryLog| match of {
            LogsOf::Owner(owner) => log.owner == owner,
            LogsOf::Integration(id) => log.integration == id,
            LogsOf::Job(id, event) => log.integration == id && log.event == event,
        };
        let logs = self.0.values().flat_map(|stored| stored.logs.values());
        let mut logs: Vec<&DeliveryLog> = logs.filter(is_asked).collect();
        logs.sort_by_key(|log| Reverse(log.id));
        logs
    }

    fn jobs(&self, id: IntegrationId) -> Vec<DeliveryJob> {
        let mut jobs: BTreeMap<EventId, DeliveryJob> = BTreeMap::new();
        for log in self.logs(LogsOf::Integration(id)) {
            let job = jobs.entry(log.event).or_insert(DeliveryJob {
                event: log.event,
                succeeded: false,
                attempts: 0,
                created_at: log.created_at,
                updated_at: log.created_at,
            });
            job.succeeded |= log.succeeded;
            job.attempts = job.attempts.max(log.attempt);
            job.created_at = job.created_at.min(log.created_at);
            job.updated_at = job.updated_at.max(log.created_at);
        }
        let mut jobs: Vec<DeliveryJob> = jobs.into_values().collect();
        jobs.sort_by_key(|job| (Reverse(job.updated_at), job.event));
        jobs
    }
}

/// A part of a list, and the length of the list.
fn part<T>(list: Vec<T>, limit: u32, offset: u32) -> (Vec<T>, u64) {
    let total = list.len() as u64;
    let part = list.into_iter().skip(offset as usize).take(limit as usize);
    (part.collect(), total)
}

impl MemoryDatabase {
    /// Applies `change` to an integration that exists.
    fn change_integration<T: Default>(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        change: impl FnOnce(&mut Stored) -> T,
    ) -> T {
        let mut tables = self.write();
        let tenant = tables.tenants.get_mut(&organization);
        let stored = tenant.and_then(|tenant| tenant.integrations.0.get_mut(&id));
        stored.map(change).unwrap_or_default()
    }
}

#[async_trait]
impl IntegrationReader for MemoryDatabase {
    async fn integration(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: IntegrationId,
    ) -> Result<Option<StoredIntegration>, StoreError> {
        Ok(self.in_tenant(organization, |tenant: &Tenant| {
            let stored = tenant.integrations.0.get(&id)?;
            let is_own = stored.change.integration.owner == owner;
            is_own.then(|| stored.stored())
        }))
    }

    async fn list_integrations(
        &self,
        organization: OrganizationId,
        owner: Owner,
        request: PageRequest<IntegrationId>,
    ) -> Result<Page<IntegrationState, IntegrationId>, StoreError> {
        let listed: Vec<IntegrationState> = self.in_tenant(organization, |tenant| {
            tenant.integrations.of(owner).map(Stored::state).collect()
        });
        Ok(page(&listed, &request, false, |it| it.integration.id))
    }

    async fn delivery_logs(
        &self,
        organization: OrganizationId,
        of: LogsOf,
        limit: u32,
        offset: u32,
    ) -> Result<(Vec<DeliveryLog>, u64), StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let (logs, total) = part(tenant.integrations.logs(of), limit, offset);
            (logs.into_iter().cloned().collect(), total)
        }))
    }

    async fn delivery_jobs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        limit: u32,
        offset: u32,
    ) -> Result<(Vec<DeliveryJob>, u64), StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            part(tenant.integrations.jobs(id), limit, offset)
        }))
    }
}

#[async_trait]
impl DeliveryStore for MemoryDatabase {
    async fn active_integrations(
        &self,
    ) -> Result<Vec<(OrganizationId, IntegrationId)>, StoreError> {
        let tables = self.read();
        let active = tables.tenants.iter().flat_map(|(organization, tenant)| {
            let stored = tenant.integrations.0.iter();
            let enabled = stored.filter(|(_, stored)| stored.change.integration.enabled);
            enabled.map(|(id, _)| (*organization, *id))
        });
        Ok(active.collect())
    }

    async fn integrations(
        &self,
        organization: OrganizationId,
    ) -> Result<Vec<IntegrationId>, StoreError> {
        Ok(self.in_tenant(organization, |tenant: &Tenant| {
            tenant.integrations.0.keys().copied().collect()
        }))
    }

    async fn disabled_integrations(&self, organization: OrganizationId) -> Result<u64, StoreError> {
        Ok(self.in_tenant(organization, |tenant: &Tenant| {
            let stored = tenant.integrations.0.values();
            let disabled = stored.filter(|it| it.change.integration.disabled_reason.is_some());
            disabled.count() as u64
        }))
    }

    async fn take_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<Option<StoredIntegration>, StoreError> {
        let now = self.environment.now();
        Ok(self.change_integration(organization, id, |stored| {
            let others = stored.lease.filter(|(held_by, _)| *held_by != holder);
            let is_free = others.is_none_or(|(_, until)| until < now);
            if !stored.change.integration.enabled || !is_free {
                return None;
            }
            stored.lease = Some((holder, now.plus_milliseconds(milliseconds.into())));
            Some(stored.stored())
        }))
    }

    async fn renew_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<bool, StoreError> {
        let now = self.environment.now();
        Ok(self.change_integration(organization, id, |stored| {
            let is_held = stored.change.integration.enabled && stored.is_held_by(holder);
            if is_held {
                stored.lease = Some((holder, now.plus_milliseconds(milliseconds.into())));
            }
            is_held
        }))
    }

    async fn leased(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
    ) -> Result<Option<StoredIntegration>, StoreError> {
        Ok(self.in_tenant(organization, |tenant: &Tenant| {
            let stored = tenant.integrations.0.get(&id)?;
            let is_held = stored.change.integration.enabled && stored.is_held_by(holder);
            is_held.then(|| stored.stored())
        }))
    }

    async fn release_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
    ) -> Result<(), StoreError> {
        self.change_integration(organization, id, |stored| {
            stored.lease.take_if(|(held_by, _)| *held_by == holder);
        });
        Ok(())
    }

    async fn save_progress(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        progress: &DeliveryProgress,
    ) -> Result<bool, StoreError> {
        Ok(self.change_integration(organization, id, |stored| {
            let is_held = stored.is_held_by(holder);
            if is_held {
                let asked_for = stored.progress.replay_from;
                stored.progress = DeliveryProgress {
                    replay_from: asked_for.filter(|from| progress.replay_from != Some(*from)),
                    ..progress.clone()
                };
            }
            is_held
        }))
    }

    async fn add_logs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        logs: &[DeliveryLog],
    ) -> Result<(), StoreError> {
        self.change_integration(organization, id, |stored| {
            let logs = logs.iter().map(|log| (log.id, log.clone()));
            stored.logs.extend(logs);
        });
        Ok(())
    }

    async fn trim_logs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let oldest = now.plus_milliseconds(-DeliveryLog::KEPT_MILLISECONDS);
        Ok(self.change_integration(organization, id, |stored| {
            let before = stored.logs.len();
            let latest = stored.logs.values().rev();
            let latest = latest.take(DeliveryLog::PER_INTEGRATION_MAX as usize);
            let mut kept: BTreeSet<LogId> = latest.map(|log| log.id).collect();
            let successes = stored.logs.values().rev().filter(|log| log.succeeded);
            for log in successes.skip(DeliveryLog::SUCCESSES_MAX as usize) {
                kept.remove(&log.id);
            }
            stored
                .logs
                .retain(|id, log| kept.contains(id) && log.created_at >= oldest);
            (before - stored.logs.len()) as u64
        }))
    }
}
