//! The state of the deliveries of this server, as metrics.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Key;

/// How the deliveries of an integration stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Status {
    /// The number of events in the feed after the last one that is delivered with all before it.
    pub(super) behind: u64,
    /// The number of events that the feed keeps.
    pub(super) kept: u64,
    /// Whether the last attempts failed.
    pub(super) is_failing: bool,
}

/// How the deliveries of this server stand.
#[derive(Default)]
pub(super) struct Statuses(Mutex<HashMap<Key, Status>>);

impl Statuses {
    pub(super) fn set(&self, key: Key, status: Status) {
        let mut statuses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        statuses.insert(key, status);
    }

    pub(super) fn remove(&self, key: Key) {
        let mut statuses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        statuses.remove(&key);
    }

    #[expect(clippy::cast_precision_loss, reason = "metrics are of this type")]
    pub(super) fn publish(&self) {
        let statuses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = statuses.values().map(|status| status.behind).max();
        let failing = statuses.values().filter(|status| status.is_failing).count();
        let used = statuses.values().map(|status| {
            // One more than is kept is lost.
            status.behind as f64 / status.kept.max(1) as f64
        });
        let used = used.fold(0.0, f64::max);
        metrics::gauge!("stockroom_integrations_behind_events").set(behind.unwrap_or(0) as f64);
        metrics::gauge!("stockroom_integrations_failing").set(failing as f64);
        metrics::gauge!("stockroom_integrations_feed_used_ratio").set(used);
        metrics::gauge!("stockroom_integrations_leased").set(statuses.len() as f64);
    }
}
