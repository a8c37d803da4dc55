//! The feed, read backwards: it only goes forward in pages, so a part of it is read, and turned around.

use stockroom_application::ports::{FeedEvent, FeedState};
use stockroom_application::{EventPage, EventView, FeedError, FeedPlace};
use stockroom_domain::Timestamp;

use crate::page::Problem;
use crate::session::Visit;

/// The most steps that it takes to find the place of a time.
const STEPS_MAX: u32 = 40;

/// The number of events by which a place of a time may be wrong: their times aren't quite in order.
const SLACK: u64 = 100;

/// A part of the feed.
pub(crate) struct Window {
    /// The events that this level sees, newest first.
    pub(crate) events: Vec<FeedEvent>,
    /// The feed, as it was before it was read.
    pub(crate) feed: FeedState,
    /// The position after which the part begins.
    pub(crate) after: u64,
    /// The position at which it ends.
    pub(crate) until: u64,
}

impl Window {
    /// The last `size` events up to a position, or else up to the head.
    ///
    /// # Errors
    /// [`Problem`] if the feed can't be read.
    pub(crate) async fn read(
        visit: &Visit,
        until: Option<u64>,
        size: u32,
    ) -> Result<Self, Problem> {
        let feed = state(visit).await?;
        let until = until.map_or(feed.head, |until| until.min(feed.head));
        let oldest = feed.oldest.saturating_sub(1);
        let after = until.saturating_sub(size.into()).max(oldest);
        let page = events(visit, feed, after, size, false).await?;
        let mut events = page.events;
        events.retain(|event| event.position <= until);
        events.reverse();
        Ok(Self {
            events,
            feed,
            after,
            until,
        })
    }

    /// Whether the feed goes further back than a position.
    pub(crate) const fn goes_back_from(&self, position: u64) -> bool {
        position >= self.feed.oldest
    }
}

/// The position of the last event up to a time, or a little after it.
///
/// # Errors
/// [`Problem`] if the feed can't be read.
pub(super) async fn position_at(visit: &Visit, time: Timestamp) -> Result<u64, Problem> {
    let feed = state(visit).await?;
    let (mut before, mut after) = (feed.oldest.saturating_sub(1), feed.head);
    for _ in 0..STEPS_MAX {
        if before >= after {
            break;
        }
        let middle = before.midpoint(after);
        // Only the time of this event is looked at, so it may be anybody's.
        let page = events(visit, feed, middle, 1, true).await?;
        match page.events.first() {
            Some(event) if event.at() <= time => before = middle.saturating_add(1),
            _ => after = middle,
        }
    }
    Ok(before.saturating_add(SLACK))
}

/// The feed, as it is now.
async fn state(visit: &Visit) -> Result<FeedState, Problem> {
    let view = view(false);
    let page = visit
        .stockroom()
        .events(visit.administrator(), &view, None, 0);
    Ok(page.await.map_err(problem)?.feed)
}

async fn events(
    visit: &Visit,
    feed: FeedState,
    after: u64,
    limit: u32,
    all_stores: bool,
) -> Result<EventPage, Problem> {
    let place = FeedPlace {
        feed: feed.id,
        position: after,
    };
    let view = view(all_stores);
    let page = visit
        .stockroom()
        .events(visit.administrator(), &view, Some(place), limit);
    page.await.map_err(problem)
}

const fn view(all_stores: bool) -> EventView {
    EventView {
        all_stores,
        filter: Vec::new(),
    }
}

fn problem(error: FeedError) -> Problem {
    match error {
        FeedError::Store(error) => error.into(),
        // It was forgotten, or begun anew, between two readings.
        _ => Problem::unavailable("The activity has moved on"),
    }
}
