//! The stock cache: stock as this server last saw it, for decisions without locks.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use quick_cache::sync::Cache;
use stockroom_domain::{OrganizationId, Stock, StockChange, StockKey};

/// The most stocks in the cache: about 25 MB.
const REMEMBERED_MAX: usize = 128 * 1024;

/// The most batches that are committed under locks before an optimistic commit is tried again.
const LOCKED_MAX: u32 = 256;

/// Every stock that a group of commands changes, before and after.
pub(crate) type StockChanges = BTreeMap<StockKey, StockChange>;

/// The stock that a server remembers, and the backoff of its optimistic commits.
pub(crate) struct StockCache {
    /// Stock as it was last stored or read here; `None` for stock in locations, which is always
    /// committed under locks.
    pub(crate) stocks: Cache<(OrganizationId, StockKey), Option<Stock>>,
    backoff: Mutex<Backoff>,
}

/// The exponential backoff of optimistic commits after failures.
struct Backoff {
    /// The number of batches that are still to be committed under locks.
    locked: u32,
    /// The value of `locked` after the next failure.
    locked_next: u32,
}

impl Default for StockCache {
    fn default() -> Self {
        Self {
            stocks: Cache::new(REMEMBERED_MAX),
            backoff: Mutex::new(Backoff {
                locked: 0,
                locked_next: 1,
            }),
        }
    }
}

impl StockCache {
    /// Updates the cache after a commit. If nothing was stored, evicts the stock, because its state is
    /// unknown.
    pub(crate) fn note(
        &self,
        organization: OrganizationId,
        changed: impl IntoIterator<Item = StockChanges>,
        is_stored: bool,
    ) {
        for (key, change) in changed.into_iter().flatten() {
            match change.after.filter(|_| is_stored) {
                Some(stock) => self.remember(organization, stock),
                None => self.forget(organization, key),
            }
        }
    }

    /// Caches stock that was read, unless the cache has a version of it already, which may be newer.
    pub(crate) fn note_read(&self, organization: OrganizationId, stock: &Stock) {
        if self.stocks.peek(&(organization, stock.key())).is_none() {
            self.remember(organization, stock.clone());
        }
    }

    pub(crate) fn forget(&self, organization: OrganizationId, key: StockKey) {
        self.stocks.remove(&(organization, key));
    }

    pub(crate) fn remember(&self, organization: OrganizationId, stock: Stock) {
        let key = (organization, stock.key());
        let unlocated = Some(stock).filter(|stock| stock.located.is_empty());
        self.stocks.insert(key, unlocated);
    }

    pub(crate) fn is_worth_trying(&self) -> bool {
        let mut backoff = self.backoff.lock().unwrap_or_else(PoisonError::into_inner);
        let is_worth_it = backoff.locked == 0;
        backoff.locked = backoff.locked.saturating_sub(1);
        is_worth_it
    }

    pub(crate) fn record_success(&self, well: bool) {
        let mut backoff = self.backoff.lock().unwrap_or_else(PoisonError::into_inner);
        if well {
            backoff.locked_next = 1;
        } else {
            backoff.locked = backoff.locked_next;
            backoff.locked_next = backoff.locked_next.saturating_mul(2).min(LOCKED_MAX);
        }
    }
}
