//! The ports for integrations: their configuration, and everything about their deliveries.

use async_trait::async_trait;
use stockroom_domain::{
    EventId, Integration, IntegrationId, IntegrationSecrets, LogId, OrganizationId, Owner,
    Timestamp,
};
use uuid::Uuid;

use super::error::StoreError;
use crate::page::{Page, PageRequest};
use crate::webhooks::ANSWER_BYTES_KEPT;

/// An integration, and how far its deliveries have got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationState {
    /// The integration.
    pub integration: Integration,
    /// The position in the feed up to which everything is delivered or set aside.
    pub position: u64,
    /// Time of the first failure since the last success.
    pub failing_since: Option<Timestamp>,
}

/// An attempt to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryLog {
    /// The id of the log.
    pub id: LogId,
    /// The owner of the integration.
    pub owner: Owner,
    /// The integration.
    pub integration: IntegrationId,
    /// The event, which is also the job.
    pub event: EventId,
    /// Whether the receiver has accepted the event.
    pub succeeded: bool,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The status of the answer, if there was one.
    pub status_code: Option<u16>,
    /// The reason for which it failed.
    pub error_detail: Option<String>,
    /// The beginning of the answer's body.
    pub body: Option<String>,
    /// Time of the attempt.
    pub created_at: Timestamp,
}

impl DeliveryLog {
    /// The time for which logs are stored, in milliseconds: seven days.
    pub const KEPT_MILLISECONDS: i64 = 7 * 24 * 60 * 60 * 1_000;
    /// The largest number of logs of one integration.
    pub const PER_INTEGRATION_MAX: u32 = 10_000;
    /// The number of latest successes that are stored.
    pub const SUCCESSES_MAX: u32 = 100;
    /// The largest number of bytes of an answer's body that are stored.
    pub const BODY_BYTES_MAX: usize = ANSWER_BYTES_KEPT;
}

/// The delivery of one event, as the logs show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryJob {
    /// The event.
    pub event: EventId,
    /// Whether an attempt has succeeded.
    pub succeeded: bool,
    /// The number of the last attempt.
    pub attempts: u32,
    /// Time of the first attempt that is still in the logs.
    pub created_at: Timestamp,
    /// Time of the last attempt.
    pub updated_at: Timestamp,
}

/// The logs that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogsOf {
    /// Those of all integrations of an owner.
    Owner(Owner),
    /// Those of an integration.
    Integration(IntegrationId),
    /// Those of the delivery of one event by an integration.
    Job(IntegrationId, EventId),
}

/// Reads integrations. Each is visible to its owner only.
#[async_trait]
pub trait IntegrationReader: Send + Sync {
    /// One integration of an owner, if it exists.
    async fn integration(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: IntegrationId,
    ) -> Result<Option<StoredIntegration>, StoreError>;

    /// All integrations of an owner in the order of creation.
    async fn list_integrations(
        &self,
        organization: OrganizationId,
        owner: Owner,
        page: PageRequest<IntegrationId>,
    ) -> Result<Page<IntegrationState, IntegrationId>, StoreError>;

    /// At most `limit` logs from the one with this offset on, the latest first, and the number of all of
    /// them.
    async fn delivery_logs(
        &self,
        organization: OrganizationId,
        of: LogsOf,
        limit: u32,
        offset: u32,
    ) -> Result<(Vec<DeliveryLog>, u64), StoreError>;

    /// At most `limit` jobs of an integration from the one with this offset on, the one with the latest
    /// attempt first, and the number of all of them.
    async fn delivery_jobs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        limit: u32,
        offset: u32,
    ) -> Result<(Vec<DeliveryJob>, u64), StoreError>;
}

/// How far the deliveries of an integration have got, for the server that delivers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryProgress {
    /// The position in the feed up to which everything is delivered or set aside.
    pub position: u64,
    /// What else the server wants to know after a restart, in a form of its own.
    pub details: Option<String>,
    /// Time of the first failure since the last success.
    pub failing_since: Option<Timestamp>,
    /// The position from which a client wants events again. Saving progress with the same position says
    /// that the deliverer has begun with them.
    pub replay_from: Option<u64>,
}

impl DeliveryProgress {
    /// The position up to which everything is delivered and isn't to be sent again.
    #[must_use]
    pub fn visible_position(&self) -> u64 {
        let before_replay = self.replay_from.map(|from| from.saturating_sub(1));
        before_replay.map_or(self.position, |before| before.min(self.position))
    }
}

/// An integration with all that is stored of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIntegration {
    /// The integration.
    pub integration: Integration,
    /// Its secrets.
    pub secrets: IntegrationSecrets,
    /// How far its deliveries have got.
    pub progress: DeliveryProgress,
}

impl From<StoredIntegration> for IntegrationState {
    fn from(stored: StoredIntegration) -> Self {
        Self {
            integration: stored.integration,
            position: stored.progress.visible_position(),
            failing_since: stored.progress.failing_since,
        }
    }
}

/// Stores everything about deliveries, for the servers that deliver. A lease is measured by the clock of
/// the database, where it has one.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// The enabled integrations of all organizations.
    async fn active_integrations(&self)
    -> Result<Vec<(OrganizationId, IntegrationId)>, StoreError>;

    /// All integrations of an organization.
    async fn integrations(
        &self,
        organization: OrganizationId,
    ) -> Result<Vec<IntegrationId>, StoreError>;

    /// The number of an organization's integrations that the server has disabled.
    async fn disabled_integrations(&self, organization: OrganizationId) -> Result<u64, StoreError>;

    /// Leases an enabled integration to `holder` for some milliseconds, unless another holder's lease
    /// hasn't ended.
    async fn take_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<Option<StoredIntegration>, StoreError>;

    /// Extends a lease to these milliseconds from now. Returns false if another holder has taken it
    /// since, or the integration is disabled or deleted.
    async fn renew_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        milliseconds: u32,
    ) -> Result<bool, StoreError>;

    /// The integration as it is now, if it is enabled and `holder` has its lease.
    async fn leased(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
    ) -> Result<Option<StoredIntegration>, StoreError>;

    /// Ends a lease, if `holder` still has it.
    async fn release_lease(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
    ) -> Result<(), StoreError>;

    /// Ends all leases, where only one server can have the database open: they are those of its process
    /// before this one. Does nothing elsewhere.
    async fn end_abandoned_leases(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Stores the progress, if `holder` still has the lease, and returns whether it has.
    async fn save_progress(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        progress: &DeliveryProgress,
    ) -> Result<bool, StoreError>;

    /// Adds logs of one integration, unless it is deleted. Those that it has stay as they are: who learned
    /// nothing of the end of a call may make it again.
    async fn add_logs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        logs: &[DeliveryLog],
    ) -> Result<(), StoreError>;

    /// Deletes the logs of an integration that are older at `now` than they are stored for, and the
    /// oldest of those that are too many. Returns their number.
    async fn trim_logs(
        &self,
        organization: OrganizationId,
        id: IntegrationId,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
}
