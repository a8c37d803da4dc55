//! Transfers that are overdue: it is announced once for each date.

use std::collections::BTreeSet;
use std::time::Duration;

use stockroom_domain::{Actor, AnnounceOverdue, Command, OrganizationId, TransferId, TransferRef};

use super::database_calls::timed;
use super::gateway::Pipeline;
use crate::ports::StoreError;

/// The number of transfers that are announced at once, and the pause between two transactions, so that changes
/// don't wait for long.
const ANNOUNCED_MAX: u32 = 20;
const ANNOUNCING_PAUSE: Duration = Duration::from_millis(20);

impl Pipeline {
    /// Announces the transfers of an organization that have become overdue.
    pub(crate) async fn announce_overdue(
        &self,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
        let mut announced: BTreeSet<TransferId> = BTreeSet::new();
        loop {
            let now = self.environment.now();
            let overdue = self
                .database
                .overdue_transfers(organization, now, ANNOUNCED_MAX);
            let overdue = timed("overdue_transfers", overdue).await?;
            // One that stays, because it is being edited, is announced the next time.
            let new = overdue.into_iter().filter(|it| announced.insert(it.id));
            let commands: Vec<Command> = new.map(announcement).collect();
            if commands.is_empty() {
                return Ok(());
            }
            let outcomes = self.committer.commit("announce", organization, &commands);
            outcomes.await?;
            tokio::time::sleep(ANNOUNCING_PAUSE).await;
        }
    }
}

fn announcement(transfer: TransferRef) -> Command {
    let nobody = Actor {
        acting: transfer.owner,
        ..Actor::OPERATOR
    };
    Command::new(nobody, AnnounceOverdue { transfer })
}
