//! The key cache: idempotency keys that were used, as far as this server knows. Most keys are new: their
//! records needn't be read before a commit that finds out by itself.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use quick_cache::sync::Cache;
use stockroom_domain::{IdempotencyKey, OrganizationId, Owner};

/// The most keys in the cache: about 5 MB.
const KEYS_MAX: usize = 32 * 1024;

/// The number of batches whose records are read first, after one whose records may have existed.
const READ_FIRST: u32 = 64;

/// The idempotency keys that a server remembers.
pub(crate) struct KeyCache {
    keys: Cache<(OrganizationId, Owner, IdempotencyKey), ()>,
    read_first: AtomicU32,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self {
            keys: Cache::new(KEYS_MAX),
            read_first: AtomicU32::new(0),
        }
    }
}

impl KeyCache {
    /// Whether the records of these keys have to be read, because some may exist.
    pub(crate) fn may_exist(
        &self,
        organization: OrganizationId,
        keys: &BTreeSet<(Owner, IdempotencyKey)>,
    ) -> bool {
        let mut keys = keys.iter();
        let is_known = |(owner, key): &(Owner, IdempotencyKey)| {
            self.keys
                .get(&(organization, *owner, key.clone()))
                .is_some()
        };
        keys.len() > 0 && (self.is_to_be_read() || keys.any(is_known))
    }

    fn is_to_be_read(&self) -> bool {
        let one_less = |left: u32| left.checked_sub(1);
        let left = self
            .read_first
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        left.is_ok()
    }

    /// Remembers that a key was used.
    pub(crate) fn remember(&self, organization: OrganizationId, owner: Owner, key: IdempotencyKey) {
        self.keys.insert((organization, owner, key), ());
    }

    /// Notes that a batch failed whose records were not read.
    pub(crate) fn record_failure(&self) {
        self.read_first.store(READ_FIRST, Ordering::Relaxed);
    }
}
