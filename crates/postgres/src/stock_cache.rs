//! The stock cache: stock as this server last saw it, for decisions without locks.

use std::sync::{Mutex, PoisonError};

use quick_cache::sync::Cache;
use stockroom_domain::{OrganizationId, Stock, StockKey};

use crate::revision::Revised;

/// The most stocks in the cache: about 30 MB.
const REMEMBERED_MAX: usize = 128 * 1024;

/// The most batches that are committed under locks before an optimistic commit is tried again.
const LOCKED_MAX: u32 = 256;

/// What a server knows of a stock.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "most of what is known is stock")]
pub(crate) enum KnownStock {
    /// There is none.
    Absent,
    /// It lies in locations: it is always committed under locks.
    Located,
    /// The stock, which lies in no location.
    Unlocated(Revised<Stock>),
}

impl From<Revised<Stock>> for KnownStock {
    fn from(stock: Revised<Stock>) -> Self {
        if stock.item.located.is_empty() {
            Self::Unlocated(stock)
        } else {
            Self::Located
        }
    }
}

/// The stock that a server remembers, and the backoff of its optimistic commits.
pub(crate) struct StockCache {
    stocks: Cache<(OrganizationId, StockKey), KnownStock>,
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
    /// The stock as it was last stored or read here; `None` if nothing is known of it.
    pub(crate) fn get(&self, organization: OrganizationId, key: StockKey) -> Option<KnownStock> {
        self.stocks.get(&(organization, key))
    }

    /// Caches stock as it was just stored or loaded; `None` if there is none.
    pub(crate) fn remember(
        &self,
        organization: OrganizationId,
        key: StockKey,
        stock: Option<Revised<Stock>>,
    ) {
        let known = stock.map_or(KnownStock::Absent, KnownStock::from);
        self.stocks.insert((organization, key), known);
    }

    /// Caches stock that was read, unless the cache has a version of it already, which may be newer.
    pub(crate) fn note_read(&self, organization: OrganizationId, stock: &Revised<Stock>) {
        let key = stock.item.key();
        if self.stocks.peek(&(organization, key)).is_none() {
            self.remember(organization, key, Some(stock.clone()));
        }
    }

    pub(crate) fn forget(&self, organization: OrganizationId, key: StockKey) {
        self.stocks.remove(&(organization, key));
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
