//! The hub of a feed: the one task on this server that reads the new events of an organization, for all
//! of its streams.
//!
//! A hub exists as long as the organization has a stream here. It hands over batches of new events. A
//! stream that has missed some, because its client is slow or because it begins further back, sees the
//! gap in front of the next batch and reads what is missing itself: nobody waits for it.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use stockroom_domain::{FeedId, OrganizationId};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::database_calls::guarded;
use super::feed_signals::FeedSignals;
use crate::environment::Environment;
use crate::ports::{FeedEvent, FeedState, FeedStore, StoreError};

/// The largest number of events in a batch.
const BATCH_EVENTS_MAX: u32 = 256;

/// The number of batches that are kept for streams that haven't taken them yet.
const BATCHES_KEPT: usize = 64;

/// The shortest time between two looks at a feed, so that many small commits share one.
const PAUSE: Duration = Duration::from_millis(20);

/// An event that several streams send.
#[derive(Debug)]
pub struct SharedEvent {
    /// The event.
    pub event: FeedEvent,
    sent_as: OnceLock<Bytes>,
}

impl SharedEvent {
    /// An event that nobody has sent yet.
    #[must_use]
    pub const fn new(event: FeedEvent) -> Self {
        Self {
            event,
            sent_as: OnceLock::new(),
        }
    }

    /// The form in which the event is sent. The first caller makes it, for all.
    pub fn sent_as(&self, make: impl FnOnce(&FeedEvent) -> Bytes) -> Bytes {
        self.sent_as.get_or_init(|| make(&self.event)).clone()
    }
}

/// New events of a feed.
#[derive(Debug)]
pub(crate) struct FeedBatch {
    /// The feed, as it was before the events were read.
    pub(crate) feed: FeedState,
    /// The position after which the events follow.
    pub(crate) after: u64,
    /// The events, without a gap; none if the hub has left some out.
    pub(crate) events: Vec<Arc<SharedEvent>>,
    /// Whether the feed isn't the one that the hub has read before.
    pub(crate) is_other_feed: bool,
}

/// The hubs of all organizations that have streams on this server.
pub(crate) struct FeedHubs {
    feed: Arc<dyn FeedStore>,
    signals: Arc<FeedSignals>,
    environment: Environment,
    followed: Mutex<HashMap<OrganizationId, Batches>>,
}

type Batches = broadcast::Sender<Arc<FeedBatch>>;

impl FeedHubs {
    pub(crate) fn new(
        feed: Arc<dyn FeedStore>,
        signals: Arc<FeedSignals>,
        environment: Environment,
    ) -> Self {
        Self {
            feed,
            signals,
            environment,
            followed: Mutex::default(),
        }
    }

    /// The batches of an organization from now on. The first one may begin behind events that came
    /// meanwhile, and then shows the gap.
    pub(crate) fn follow(
        self: &Arc<Self>,
        organization: OrganizationId,
    ) -> broadcast::Receiver<Arc<FeedBatch>> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(batches) = followed.get(&organization) {
            return batches.subscribe();
        }
        let (batches, receiver) = broadcast::channel(BATCHES_KEPT);
        followed.insert(organization, batches.clone());
        let hub = Hub {
            hubs: Arc::clone(self),
            organization,
            batches,
            place: None,
            is_failing: false,
        };
        let _detached: JoinHandle<()> = tokio::spawn(hub.run());
        receiver
    }

    /// Whether nobody follows the organization any more. If so, the next one gets a new hub.
    fn is_left(&self, organization: OrganizationId, batches: &Batches) -> bool {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_left = batches.receiver_count() == 0;
        if is_left {
            followed.remove(&organization);
        }
        is_left
    }
}

/// The hub of one organization.
struct Hub {
    hubs: Arc<FeedHubs>,
    organization: OrganizationId,
    batches: Batches,
    /// The feed, and the position up to which it was read; `None` before the first look.
    place: Option<(FeedId, u64)>,
    is_failing: bool,
}

impl Hub {
    async fn run(mut self) {
        let mut signal = self.hubs.signals.subscribe(self.organization);
        while !self.hubs.is_left(self.organization, &self.batches) {
            let pause_ends = Instant::now() + PAUSE;
            let looked = self.look().await;
            self.log(looked.err());
            signal.wait().await;
            sleep_until(pause_ends).await;
        }
    }

    /// Logs the beginning and the end of an outage. What the hub does several times a second must not
    /// fill the log.
    fn log(&mut self, error: Option<StoreError>) {
        let was_failing = std::mem::replace(&mut self.is_failing, error.is_some());
        let organization = tracing::field::display(self.organization);
        match error {
            Some(error) if !was_failing => {
                let error = &error as &dyn Error;
                tracing::warn!(organization, error, "new events can't be read");
            }
            None if was_failing => tracing::info!(organization, "new events are read again"),
            _ => {}
        }
    }

    /// Hands over all events since the last look. The first look only tells where the feed ends.
    async fn look(&mut self) -> Result<(), StoreError> {
        let organization = self.organization;
        let feed = guarded("number_events", self.hubs.feed.number_events(organization)).await?;
        let mut after = match self.place {
            Some((id, position)) if id == feed.id && position <= feed.head => position,
            before => {
                self.leave_out(feed, before.is_some());
                return Ok(());
            }
        };
        while after < feed.head {
            let read = self.hubs.feed.events(organization, after, BATCH_EVENTS_MAX);
            let mut read = guarded("events", read).await?;
            read.retain(|event| event.position <= feed.head);
            let last = match (read.first(), read.last()) {
                (Some(first), Some(last)) if first.position == after + 1 => last.position,
                // They are forgotten already. Streams find out for themselves.
                _ => {
                    self.leave_out(feed, false);
                    return Ok(());
                }
            };
            self.record_delay(&read);
            let events = read.into_iter().map(SharedEvent::new).map(Arc::new);
            self.hand_over(FeedBatch {
                feed,
                after,
                events: events.collect(),
                is_other_feed: false,
            });
            after = last;
            self.place = Some((feed.id, after));
        }
        Ok(())
    }

    /// Goes on at the head. Streams that are further back see the gap.
    fn leave_out(&mut self, feed: FeedState, is_other_feed: bool) {
        self.place = Some((feed.id, feed.head));
        self.hand_over(FeedBatch {
            feed,
            after: feed.head,
            events: Vec::new(),
            is_other_feed,
        });
    }

    fn hand_over(&self, batch: FeedBatch) {
        // If nobody follows any more, the hub ends soon.
        let _ = self.batches.send(Arc::new(batch));
    }

    /// Records the age of the newest event: the time from a change to its streams. Older ones may have
    /// happened before they were booked.
    fn record_delay(&self, events: &[FeedEvent]) {
        let Some(newest) = events.iter().map(FeedEvent::at).max() else {
            return;
        };
        let now = self.hubs.environment.now();
        let delay = now
            .as_milliseconds()
            .saturating_sub(newest.as_milliseconds());
        let delay = Duration::from_millis(u64::try_from(delay).unwrap_or(0));
        metrics::histogram!("stockroom_event_delay_seconds").record(delay);
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use stockroom_domain::{Event, Owner, ProductId, StockEnd, StockId, Timestamp};
    use tokio::time::sleep;
    use uuid::Uuid;

    use super::*;
    use crate::ports::FeedContent;

    const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));

    /// A feed that a test fills.
    #[derive(Default)]
    struct TestFeed(Mutex<Feed>);

    #[derive(Default)]
    struct Feed {
        head: u64,
        oldest: u64,
        id: u128,
        is_away: bool,
        looks: u32,
        reads: u32,
    }

    impl TestFeed {
        fn with<T>(&self, with: impl FnOnce(&mut Feed) -> T) -> T {
            with(&mut self.0.lock().unwrap())
        }

        fn state(&self) -> Result<FeedState, StoreError> {
            self.with(|feed| {
                if feed.is_away {
                    return Err(StoreError::Unavailable("it is away".into()));
                }
                Ok(FeedState {
                    id: FeedId::new(Uuid::from_u128(feed.id)),
                    oldest: feed.oldest,
                    head: feed.head,
                })
            })
        }
    }

    #[async_trait]
    impl FeedStore for TestFeed {
        async fn number_events(&self, _: OrganizationId) -> Result<FeedState, StoreError> {
            self.with(|feed| feed.looks += 1);
            self.state()
        }

        async fn events(
            &self,
            _: OrganizationId,
            after: u64,
            limit: u32,
        ) -> Result<Vec<FeedEvent>, StoreError> {
            self.with(|feed| feed.reads += 1);
            let FeedState { oldest, head, .. } = self.state()?;
            let positions = (after + 1).max(oldest)..=head;
            let end = |position| StockEnd {
                id: StockId::new(Uuid::nil()),
                product: ProductId::new(Uuid::nil()),
                owner: Owner::Organization,
                sequence: position,
                deleted_at: Timestamp::UNIX_EPOCH,
            };
            let events = positions.map(|position| FeedEvent {
                position,
                content: FeedContent::Event(Box::new(Event::StockDeleted(end(position)))),
            });
            Ok(events.take(limit as usize).collect())
        }

        async fn forget_events(
            &self,
            _: OrganizationId,
            _: Timestamp,
            _: u64,
        ) -> Result<(), StoreError> {
            Ok(())
        }

        async fn restart_feed(&self, _: OrganizationId, _: FeedId) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn hubs() -> (Arc<TestFeed>, Arc<FeedSignals>, Arc<FeedHubs>) {
        let feed = Arc::new(TestFeed::default());
        let signals = Arc::new(FeedSignals::default());
        let port = Arc::clone(&feed) as Arc<dyn FeedStore>;
        let hubs = FeedHubs::new(port, Arc::clone(&signals), Environment::system());
        (feed, signals, Arc::new(hubs))
    }

    fn positions(batch: &FeedBatch) -> Vec<u64> {
        let events = batch.events.iter();
        events.map(|event| event.event.position).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn new_events_are_read_once_for_all() {
        let (feed, signals, hubs) = hubs();
        feed.with(|feed| feed.head = 7);
        let mut first = hubs.follow(ORGANIZATION);
        // It tells from where on it reads.
        let start = first.recv().await.unwrap();
        assert_eq!((start.after, positions(&start)), (7, vec![]));
        let mut second = hubs.follow(ORGANIZATION);
        feed.with(|feed| feed.head = 9);
        signals.raise(ORGANIZATION);
        let batch = first.recv().await.unwrap();
        assert_eq!((batch.after, positions(&batch)), (7, vec![8, 9]));
        let same = second.recv().await.unwrap();
        assert!(Arc::ptr_eq(&batch.events[0], &same.events[0]));
        assert_eq!(feed.with(|feed| feed.reads), 1);
        // Without a signal, too.
        feed.with(|feed| feed.head = 10);
        assert_eq!(positions(&second.recv().await.unwrap()), [10]);
    }

    #[tokio::test(start_paused = true)]
    async fn many_events_come_in_batches() {
        let (feed, _, hubs) = hubs();
        let mut follower = hubs.follow(ORGANIZATION);
        follower.recv().await.unwrap();
        feed.with(|feed| feed.head = 600);
        let mut all = Vec::new();
        for length in [256, 256, 88] {
            let batch = follower.recv().await.unwrap();
            assert_eq!(batch.events.len(), length);
            all.extend(positions(&batch));
        }
        assert!(all.into_iter().eq(1..=600));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_looks_at_a_feed_that_is_not_followed() {
        let (feed, signals, hubs) = hubs();
        let follower = hubs.follow(ORGANIZATION);
        sleep(Duration::from_secs(10)).await;
        let looks = feed.with(|feed| feed.looks);
        assert!((10..=45).contains(&looks), "{looks}");
        drop(follower);
        sleep(Duration::from_secs(1)).await;
        assert!(hubs.followed.lock().unwrap().is_empty());
        let looks = feed.with(|feed| feed.looks);
        signals.raise(ORGANIZATION);
        sleep(Duration::from_secs(10)).await;
        assert_eq!(feed.with(|feed| feed.looks), looks);
        // The next one gets another hub.
        hubs.follow(ORGANIZATION).recv().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn many_commits_share_a_look() {
        let (feed, signals, hubs) = hubs();
        let mut follower = hubs.follow(ORGANIZATION);
        follower.recv().await.unwrap();
        for _ in 0..1_000 {
            signals.raise(ORGANIZATION);
            sleep(Duration::from_millis(1)).await;
        }
        let looks = feed.with(|feed| feed.looks);
        assert!((2..=60).contains(&looks), "{looks}");
    }

    #[tokio::test(start_paused = true)]
    async fn followers_stay_while_the_database_is_away() {
        let (feed, _, hubs) = hubs();
        let mut follower = hubs.follow(ORGANIZATION);
        follower.recv().await.unwrap();
        feed.with(|feed| feed.is_away = true);
        sleep(Duration::from_mins(1)).await;
        feed.with(|feed| feed.head = 3);
        feed.with(|feed| feed.is_away = false);
        let batch = follower.recv().await.unwrap();
        assert_eq!((batch.after, positions(&batch)), (0, vec![1, 2, 3]));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_hub_leaves_out_is_seen_as_a_gap() {
        let (feed, _, hubs) = hubs();
        let mut follower = hubs.follow(ORGANIZATION);
        follower.recv().await.unwrap();
        feed.with(|feed| (feed.head, feed.oldest) = (9, 5));
        let batch = follower.recv().await.unwrap();
        assert_eq!((batch.after, batch.is_other_feed), (9, false));
        assert_eq!(positions(&batch), Vec::<u64>::new());
        feed.with(|feed| feed.id = 2);
        let batch = follower.recv().await.unwrap();
        assert!(batch.is_other_feed);
        // The same feed, as it was before.
        feed.with(|feed| feed.head = 8);
        let batch = follower.recv().await.unwrap();
        assert!(batch.is_other_feed);
    }

    #[test]
    fn what_is_sent_is_made_once() {
        let end = FeedContent::Event(Box::new(Event::StockDeleted(StockEnd {
            id: StockId::new(Uuid::nil()),
            product: ProductId::new(Uuid::nil()),
            owner: Owner::Organization,
            sequence: 1,
            deleted_at: Timestamp::UNIX_EPOCH,
        })));
        let event = SharedEvent::new(FeedEvent {
            position: 1,
            content: end,
        });
        let first = event.sent_as(|_| Bytes::from_static(b"first"));
        let second = event.sent_as(|_| Bytes::from_static(b"second"));
        assert_eq!((&*first, &*second), (&b"first"[..], &b"first"[..]));
    }
}
