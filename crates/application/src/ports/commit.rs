//! The port for changes.

use async_trait::async_trait;
use stockroom_domain::{Command, OrganizationId, Outcome, Timestamp};

use super::error::StoreError;

/// The port through which every change goes.
#[async_trait]
pub trait CommandStore: Send + Sync {
    /// Decides commands of one organization in order and stores their changes in one database
    /// transaction. Returns an outcome for each command, in order.
    ///
    /// An adapter splits them into [`groups`](stockroom_domain::groups). For each group it loads, and
    /// locks in a fixed order, the [`Needs`](stockroom_domain::Needs) of the commands, lets the domain
    /// [decide them](stockroom_domain::decide_all), and stores the
    /// [`Changes`](stockroom_domain::Changes). It reads the clock after it has the locks. When this
    /// returns, accepted changes are durable.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; then nothing is stored for any of the commands. A refusal
    /// is not an error but an outcome, and doesn't affect the other commands.
    async fn commit(
        &self,
        organization: OrganizationId,
        commands: &[Command],
    ) -> Result<Vec<Outcome>, StoreError>;

    /// Deletes at most `limit` idempotency records of an organization that had expired at `now`, and
    /// returns their number.
    async fn forget_answers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError>;

    /// The largest useful number of commits at the same time: more than one if the database carries them
    /// out in parallel.
    fn parallel_commits(&self) -> usize {
        1
    }
}
