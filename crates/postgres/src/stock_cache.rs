//! Stock as this server saw it last, for deciding without locks.

use quick_cache::sync::Cache;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use stockroom_domain::{OrganizationId, Stock, StockChange, StockKey};

/// How many stocks are remembered: some 25 MB.
const REMEMBERED_MAX: usize = 128 * 1024;

/// How many batches are done under locks before this way is tried again, at most.
const LOCKED_MAX: u32 = 256;

/// Every stock that a run of commands changes, before and after.
pub(crate) type StockChanges = BTreeMap<StockKey, StockChange>;

/// What a server remembers.
pub(crate) struct StockCache {
    /// Stock as it was last stored or read here; `None` for stock that lies in locations, which is
    /// left to locks.
    pub(crate) stocks: Cache<(OrganizationId, StockKey), Option<Stock>>,
    backoff: Mutex<Backoff>,
}

/// How well it went lately.
struct Backoff {
    /// How many batches are still to be done under locks.
    locked: u32,
    /// How many there will be the next time that something has changed.
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
    /// Notes what became of stock, if that was stored. Otherwise nobody knows.
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

    /// Remembers stock that was read, unless something is remembered of it, which may be newer.
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
