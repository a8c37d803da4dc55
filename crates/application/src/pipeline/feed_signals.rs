//! Signals for those who follow the feed of an organization: when to look at it again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stockroom_domain::OrganizationId;
use tokio::sync::watch;
use tokio::time::timeout;

/// The longest time between two looks at a feed: within it, the changes of other servers are found.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// The organizations whose feed is followed on this server.
#[derive(Default)]
pub(crate) struct FeedSignals(Mutex<HashMap<OrganizationId, watch::Sender<()>>>);

/// Tells one follower of a feed when to look at it again.
pub struct FeedSignal {
    raised: watch::Receiver<()>,
    /// Keeps the sender.
    _signals: Arc<FeedSignals>,
}

impl FeedSignals {
    /// A signal for a follower of this organization's feed.
    pub(crate) fn subscribe(self: &Arc<Self>, organization: OrganizationId) -> FeedSignal {
        let mut followed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        followed.retain(|_, sender| sender.receiver_count() > 0);
        let sender = followed.entry(organization).or_default();
        FeedSignal {
            raised: sender.subscribe(),
            _signals: Arc::clone(self),
        }
    }

    /// Wakes all followers of a feed: events of a commit of this server have been numbered.
    pub(super) fn raise(&self, organization: OrganizationId) {
        let followed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = followed.get(&organization) {
            sender.send_replace(());
        }
    }
}

impl FeedSignal {
    /// Waits until it is time to look at the feed: at once if a commit of this server was numbered since
    /// the last call or since the signal was made, otherwise as soon as one is, and after 250
    /// milliseconds at the latest. Nothing is lost if the future is dropped.
    pub async fn wait(&mut self) {
        // No error: the sender lives as long as the signals. Too late is in time, too.
        let _ = timeout(LOOK_INTERVAL, self.raised.changed()).await;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use tokio::time::Instant;
    use uuid::Uuid;

    use super::*;

    fn organization(number: u128) -> OrganizationId {
        OrganizationId::new(Uuid::from_u128(number))
    }

    #[tokio::test(start_paused = true)]
    async fn a_signal_is_raised_by_commits_or_by_time() {
        let signals = Arc::new(FeedSignals::default());
        let mut signal = signals.subscribe(organization(1));
        signals.raise(organization(2));
        let start = Instant::now();
        signal.wait().await;
        assert_eq!(start.elapsed(), LOOK_INTERVAL);
        signals.raise(organization(1));
        signals.raise(organization(1));
        assert!(signal.wait().now_or_never().is_some());
        assert!(signal.wait().now_or_never().is_none());
    }

    #[test]
    fn feeds_that_nobody_follows_any_more_are_forgotten() {
        let signals = Arc::new(FeedSignals::default());
        for number in 0..10 {
            drop(signals.subscribe(organization(number)));
        }
        let _kept = signals.subscribe(organization(1));
        assert_eq!(signals.0.lock().unwrap().len(), 1);
    }
}
