//! What has run out of reservations goes into the ledgers before anybody reads them, so that stock is
//! available from that instant on, whether or not the sweeper has been by.

use std::collections::BTreeSet;

use stockroom_domain::{Actor, Command, OrganizationId, SettleStock, Stock, StockKey, Timestamp};

use crate::Stockroom;
use crate::ports::{Database, StoreError};
use crate::shared::{guarded, timed};

/// How much stock is settled in one transaction.
const SETTLED_MAX: u32 = 1_000;

/// Settles these stocks.
///
/// # Errors
/// [`StoreError`] if the database fails.
pub(crate) async fn settle(
    database: &dyn Database,
    organization: OrganizationId,
    stocks: BTreeSet<StockKey>,
) -> Result<(), StoreError> {
    let command = Command::new(Actor::OPERATOR, SettleStock { stocks });
    guarded("settle", database.commit(organization, &[command])).await?;
    Ok(())
}

/// Those of these stocks that are due at this time.
pub(crate) fn due(stocks: &[Stock], now: Timestamp) -> BTreeSet<StockKey> {
    let due = stocks.iter().filter(|stock| stock.due(now).is_some());
    due.map(Stock::key).collect()
}

impl Stockroom {
    /// Settles all stock of an organization that is due.
    pub(crate) async fn settle_due(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let now = self.now();
        let mut settled = BTreeSet::new();
        loop {
            let due = self.database.due_stocks(organization, now, SETTLED_MAX);
            let mut due = timed("due_stocks", due).await?;
            // Where the clock of another server is behind, what it reserves may be due at once: but
            // not before this was asked.
            due.retain(|key| !settled.contains(key));
            if due.is_empty() {
                return Ok(());
            }
            settled.extend(due.iter().copied());
            settle(&*self.database, organization, due).await?;
        }
    }
}
