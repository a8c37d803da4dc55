//! The port for changes.

use super::error::StoreError;

use async_trait::async_trait;
use stockroom_domain::Command;
use stockroom_domain::OrganizationId;
use stockroom_domain::Outcome;
use stockroom_domain::Timestamp;

/// The way in for every change.
#[async_trait]
pub trait CommandStore: Send + Sync {
    /// Decides commands of one organization in order and stores what they change in one database
    /// transaction. Gives an outcome for each command, in order.
    ///
    /// An adapter splits them into [`runs`](stockroom_domain::runs), and for each loads, and locks
    /// in a fixed order, the [`Needs`](stockroom_domain::Needs) of its commands, lets the domain
    /// [`run`](stockroom_domain::run) them, and stores the
    /// [`Changes`](stockroom_domain::Changes). It takes the time after it has the locks. When
    /// this returns, what was accepted is durable.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; then nothing is stored of any of the commands.
    /// Refusals are no errors but outcomes, and don't hinder the other commands.
    async fn commit(
        &self,
        organization: OrganizationId,
        commands: &[Command],
    ) -> Result<Vec<Outcome>, StoreError>;

    /// Forgets at most `limit` kept answers of an organization whose time was over at `now`, and
    /// gives how many.
    async fn forget_answers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError>;

    /// How many commits are worth having under way at the same time: more than one where they are
    /// carried out side by side.
    fn parallel_commits(&self) -> usize {
        1
    }
}
