//! The heads of feeds: one look for all integrations of an organization.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stockroom_domain::OrganizationId;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::ports::FeedState;
use crate::stockroom::Stockroom;

/// The shortest time between two looks at a feed, however many events are made.
const LOOKED_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// The feeds that this server delivers from.
#[derive(Default)]
pub(super) struct Feeds(Mutex<HashMap<OrganizationId, watch::Sender<FeedState>>>);

impl Feeds {
    /// The state of a feed, which is kept up to date as long as somebody follows it.
    pub(super) fn follow(
        self: &Arc<Self>,
        stockroom: &Arc<Stockroom>,
        organization: OrganizationId,
    ) -> watch::Receiver<FeedState> {
        let mut feeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = feeds.get(&organization) {
            return feed.subscribe();
        }
        let (sender, receiver) = watch::channel(FeedState::empty(organization));
        feeds.insert(organization, sender);
        let looking = look(Arc::clone(self), Arc::clone(stockroom), organization);
        tokio::spawn(looking);
        receiver
    }

    /// Tells the followers, and returns whether there are any. Without them the feed is forgotten.
    fn tell(&self, organization: OrganizationId, feed: Option<FeedState>) -> bool {
        let mut feeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = feeds.get(&organization) else {
            return false;
        };
        if sender.receiver_count() == 0 {
            feeds.remove(&organization);
            return false;
        }
        if let Some(feed) = feed {
            sender.send_if_modified(|before| std::mem::replace(before, feed) != feed);
        }
        true
    }
}

/// Looks at a feed whenever there may be something new.
async fn look(feeds: Arc<Feeds>, stockroom: Arc<Stockroom>, organization: OrganizationId) {
    let mut signal = stockroom.feed_signal(organization);
    loop {
        let looked = Instant::now();
        // A look that fails is made again. The followers notice by themselves that the database is away.
        let feed = stockroom.feed_state(organization).await.ok();
        if !feeds.tell(organization, feed) {
            return;
        }
        sleep_until(looked + LOOKED_AGAIN_AFTER).await;
        signal.wait().await;
    }
}
