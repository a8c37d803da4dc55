//! Streams of events: what a caller sees of the feed, as it happens.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use metrics::Gauge;
use stockroom_domain::{OrganizationId, Owner};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{EventPage, EventView, FeedPlace, position};
use crate::access::{Administrator, TokenWatch};
use crate::error::{AccessError, FeedError, StreamError};
use crate::pipeline::{Exhausted, FeedBatch, SharedEvent, Turn, while_waiting};
use crate::ports::{FeedEvent, FeedState, StoreError};
use crate::stockroom::Stockroom;

/// The number of events that a stream reads at once while it catches up.
const READ_AT_ONCE: u32 = 256;

/// The number of events that are left out before a stream tells how far it has come.
const LEFT_OUT_MAX: u64 = 1_000;

/// The time after which a stream that catches up asks a database again that wasn't available.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The place at which a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedStart {
    /// At the head: only new events come.
    Head,
    /// At the oldest event that is kept.
    Oldest,
    /// After this place.
    After(FeedPlace),
}

/// A step of a stream.
#[derive(Debug, Clone)]
pub enum Step {
    /// An event.
    Event(Arc<SharedEvent>),
    /// Many events were passed that aren't in the view. The stream's [place](EventStream::place) has
    /// moved on.
    LeftOut,
}

/// The events that a caller sees, from a place on, in the order of the feed.
pub struct EventStream {
    source: Source,
    token: TokenWatch,
    end: watch::Receiver<bool>,
    _open: Open,
}

impl Stockroom {
    /// Opens a stream of the events of this view that the caller sees. It ends when `token`, with which
    /// the caller was [authenticated](Self::authenticate), isn't valid any more.
    ///
    /// # Errors
    /// [`StreamError`] if there are too many streams, the server is stopping, the feed can't be read from
    /// that place, or the database fails.
    pub async fn stream_events(
        self: &Arc<Self>,
        administrator: &Administrator,
        token: &str,
        view: EventView,
        start: FeedStart,
    ) -> Result<EventStream, StreamError> {
        let scope = administrator.scope();
        let end = self.streams_end.subscribe();
        if *end.borrow() {
            return Err(StreamError::Stopping);
        }
        let open = self.open_stream(scope.organization)?;
        let token = TokenWatch::new(&self.tokens, &self.environment, token)?;
        // First the batches, then the head: what is between them comes twice, and is sent once.
        let batches = self.pipeline.follow(scope.organization);
        let feed = self.feed_state(scope.organization).await;
        let feed = feed.map_err(FeedError::from)?;
        let position = match start {
            FeedStart::Head => feed.head,
            FeedStart::Oldest => position(feed, None)?,
            FeedStart::After(place) => position(feed, Some(place))?,
        };
        let source = Source {
            stockroom: Arc::clone(self),
            organization: scope.organization,
            owner: scope.acting,
            view,
            feed,
            position,
            until: feed.head,
            ready: VecDeque::new(),
            left_out: 0,
            batches,
            batch: None,
            reading: None,
            retry_at: None,
        };
        Ok(EventStream {
            source,
            token,
            end,
            _open: open,
        })
    }

    /// The number of open streams, requests that wait for events among them.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.streams.in_use()
    }

    /// Counts a stream.
    fn open_stream(&self, organization: OrganizationId) -> Result<Open, StreamError> {
        let turn = self.streams.try_take(organization).map_err(|exhausted| {
            let (error, limit) = match exhausted {
                Exhausted::Own => {
                    let limit = self.limits.organization_streams_max;
                    (StreamError::TooManyOfOrganization { limit }, "organization")
                }
                Exhausted::All => {
                    let limit = self.limits.streams_max;
                    (StreamError::TooManyOfServer { limit }, "server")
                }
            };
            metrics::counter!("stockroom_event_streams_refused_total", "limit" => limit)
                .increment(1);
            error
        })?;
        let open = metrics::gauge!("stockroom_event_streams");
        open.increment(1.0);
        Ok(Open { open, _turn: turn })
    }

    /// Events after a position, for a stream that catches up.
    async fn catch_up(
        self: Arc<Self>,
        organization: OrganizationId,
        after: u64,
    ) -> Result<Vec<FeedEvent>, FeedError> {
        // Many streams may catch up at the same time, after a restart for example.
        let _turn = self.pipeline.turn_to_search(organization, true).await;
        self.next_events(organization, after, READ_AT_ONCE).await
    }
}

/// An open stream, as it is counted.
struct Open {
    open: Gauge,
    _turn: Turn,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.open.decrement(1.0);
    }
}

impl EventStream {
    /// The organization whose feed it is.
    #[must_use]
    pub const fn organization(&self) -> OrganizationId {
        self.source.organization
    }

    /// The place up to which all events have been returned or left out.
    #[must_use]
    pub fn place(&self) -> FeedPlace {
        let source = &self.source;
        let next = source.ready.front();
        FeedPlace {
            feed: source.feed.id,
            position: next.map_or(source.position, |next| next.event.position - 1),
        }
    }

    /// Waits for the next step. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// The reason for which the stream has ended: the token, the server that is stopping, or the feed,
    /// which goes on elsewhere or has been forgotten up to here.
    pub async fn next(&mut self) -> Result<Step, StreamError> {
        let Self {
            source, token, end, ..
        } = self;
        loop {
            if *end.borrow() {
                return Err(StreamError::Stopping);
            }
            // A slow reader of many events isn't shown more than others.
            if token.ended().now_or_never().is_some() {
                return Err(AccessError::InvalidToken.into());
            }
            if let Some(step) = source.step() {
                return Ok(step);
            }
            tokio::select! {
                biased;
                // No error: the sender belongs to the same `Stockroom`.
                _ = end.changed() => {}
                () = token.ended() => return Err(AccessError::InvalidToken.into()),
                advanced = source.advance() => advanced?,
            }
        }
    }

    /// Waits for events for at most `wait`, and returns them as a page of at most `limit`. The page is
    /// empty if there were none in that time, or if the server is stopping.
    ///
    /// # Errors
    /// As for [`next`](Self::next), but for a server that is stopping.
    pub async fn page(mut self, limit: u32, wait: Duration) -> Result<EventPage, StreamError> {
        let deadline = Instant::now() + wait;
        let first = while_waiting(async {
            loop {
                match timeout_at(deadline, self.next()).await {
                    Ok(Ok(Step::LeftOut)) => {}
                    Ok(Ok(Step::Event(event))) => return Ok(Some(event)),
                    Err(_) | Ok(Err(StreamError::Stopping)) => return Ok(None),
                    Ok(Err(error)) => return Err(error),
                }
            }
        });
        let mut events: Vec<FeedEvent> = Vec::new();
        events.extend(first.await?.map(|first| first.event.clone()));
        if !events.is_empty() {
            let more = limit.saturating_sub(1) as usize;
            let more = self.source.ready.len().min(more);
            let more = self.source.ready.drain(..more);
            events.extend(more.map(|event| event.event.clone()));
        }
        let next = self.place().position;
        let mut feed = self.source.feed;
        feed.head = feed.head.max(next);
        Ok(EventPage { events, feed, next })
    }
}

/// The events of a stream, from the hub or from the database.
struct Source {
    stockroom: Arc<Stockroom>,
    organization: OrganizationId,
    owner: Owner,
    view: EventView,
    feed: FeedState,
    /// The position up to which all events were looked at.
    position: u64,
    /// The position up to which events are read from the database.
    until: u64,
    /// Events that are to be returned.
    ready: VecDeque<Arc<SharedEvent>>,
    /// The number of events that were left out since the last step.
    left_out: u64,
    batches: broadcast::Receiver<Arc<FeedBatch>>,
    /// A batch that comes after `until`.
    batch: Option<Arc<FeedBatch>>,
    /// A task of its own: a call of the database that is dropped midway closes its connection.
    reading: Option<JoinHandle<Result<Vec<FeedEvent>, FeedError>>>,
    retry_at: Option<Instant>,
}

impl Source {
    fn step(&mut self) -> Option<Step> {
        if let Some(event) = self.ready.pop_front() {
            return Some(Step::Event(event));
        }
        if self.left_out < LEFT_OUT_MAX {
            return None;
        }
        self.left_out = 0;
        Some(Step::LeftOut)
    }

    /// Looks at more events, or finds out where they are. Nothing is lost if the future is dropped.
    async fn advance(&mut self) -> Result<(), FeedError> {
        if self.position < self.until {
            return self.read().await;
        }
        if let Some(batch) = self.batch.take() {
            for event in &batch.events {
                self.look_at(event);
            }
            return Ok(());
        }
        match self.batches.recv().await {
            Ok(batch) if batch.is_other_feed || batch.feed.id != self.feed.id => {
                Err(FeedError::OtherFeed(batch.feed))
            }
            Ok(batch) => {
                self.feed = batch.feed;
                self.until = batch.after;
                self.batch = Some(batch);
                Ok(())
            }
            // The next batch shows the gap.
            Err(RecvError::Lagged(_)) => Ok(()),
            Err(RecvError::Closed) => {
                let fault = "the task that reads new events has ended";
                Err(StoreError::Failed(fault.into()).into())
            }
        }
    }

    async fn read(&mut self) -> Result<(), FeedError> {
        if let Some(retry_at) = self.retry_at {
            sleep_until(retry_at).await;
            self.retry_at = None;
        }
        let reading = self.reading.get_or_insert_with(|| {
            let stockroom = Arc::clone(&self.stockroom);
            tokio::spawn(stockroom.catch_up(self.organization, self.position))
        });
        let read = reading.await;
        self.reading = None;
        let read = read.unwrap_or_else(|error| Err(StoreError::Failed(error.into()).into()));
        match read {
            Ok(events) => {
                for event in events {
                    self.look_at(&Arc::new(SharedEvent::new(event)));
                }
            }
            // The hub logs it.
            Err(FeedError::Store(StoreError::Unavailable(_))) => {
                self.retry_at = Some(Instant::now() + RETRY_AFTER);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn look_at(&mut self, event: &Arc<SharedEvent>) {
        if event.event.position <= self.position {
            return;
        }
        self.position = event.event.position;
        if self.view.shows(self.owner, &event.event) {
            self.left_out = 0;
            self.ready.push_back(Arc::clone(event));
        } else {
            self.left_out += 1;
        }
    }
}
