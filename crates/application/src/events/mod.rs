//! The feed of events: pages and streams of what happened, as a caller sees it.

mod stream;

use stockroom_domain::{
    Event, EventName, FeedId, KeyId, OrganizationId, Owner, ProductId, Reason, ReservedLine, Slug,
    Timestamp,
};
use uuid::Uuid;

use crate::access::Administrator;
use crate::error::FeedError;
use crate::filter::TextCondition;
use crate::pipeline::{FeedSignal, guarded, timed};
use crate::ports::{FeedContent, FeedEvent, FeedState, StoreError};
use crate::stockroom::Stockroom;

pub use stream::{EventStream, FeedStart, Step};

/// The largest number of events that one request looks at. A filter, or the view of a store, may leave
/// out most of them.
const SCANNED_MAX: u64 = 10_000;

/// The number of events that are read at once.
const READ_AT_ONCE: u32 = 1_000;

/// A place in a feed: the event that it names, and all before it, are passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedPlace {
    /// The feed.
    pub feed: FeedId,
    /// The position of an event, or 0 for the place before the first.
    pub position: u64,
}

/// A condition on an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventCondition {
    /// Its name is one of these.
    Name(Vec<EventName>),
    /// It is about one of these products.
    ProductId(Vec<ProductId>),
    /// It is about this location.
    Location(TextCondition),
    /// The id of its subject is one of these.
    SubjectId(Vec<Uuid>),
    /// It is a transaction that one of these keys made.
    Actor(Vec<KeyId>),
    /// It is a transaction with this reason.
    Reason(TextCondition),
}

impl EventCondition {
    /// Whether `event` fulfils the condition.
    #[must_use]
    pub fn matches(&self, event: &FeedEvent) -> bool {
        match self {
            Self::Name(names) => names.contains(&event.name()),
            Self::ProductId(wanted) => products(event).iter().any(|id| wanted.contains(id)),
            Self::Location(condition) => {
                let slugs = slugs(event);
                slugs.iter().any(|slug| condition.matches(*slug))
            }
            Self::SubjectId(wanted) => wanted.contains(&event.subject().id()),
            Self::Actor(wanted) => match &event.content {
                FeedContent::Entry(recorded, _) => {
                    recorded.entry.actor.is_some_and(|it| wanted.contains(&it))
                }
                FeedContent::Event(_) => false,
            },
            Self::Reason(condition) => match &event.content {
                FeedContent::Entry(recorded, _) => {
                    let reason = recorded.entry.annotation.reason.as_ref();
                    condition.matches(reason.map(Reason::as_str))
                }
                FeedContent::Event(_) => false,
            },
        }
    }
}

/// The products that an event is about.
pub(crate) fn products(event: &FeedEvent) -> Vec<ProductId> {
    match &event.content {
        FeedContent::Entry(recorded, _) => vec![recorded.product],
        FeedContent::Event(event) => match &**event {
            Event::StockCreated(stock) | Event::PolicyUpdated(stock) => vec![stock.product],
            Event::StockLow(alert) | Event::StockRecovered(alert) => vec![alert.product],
            Event::StockDeleted(end) => vec![end.product],
            Event::ProductCreated(product)
            | Event::ProductUpdated(product)
            | Event::ProductDeleted(product) => vec![product.id],
            Event::ReservationCreated(reservation) | Event::ReservationUpdated(reservation, _) => {
                let lines = reservation.lines.iter();
                lines.map(|line| line.key.product).collect()
            }
            Event::TransferCreated(transfer)
            | Event::TransferUpdated(transfer, _)
            | Event::TransferOverdue(transfer)
            | Event::TransferDeleted(transfer) => {
                let lines = transfer.progress.lines.iter();
                lines.map(|line| line.product).collect()
            }
            Event::LocationCreated(_)
            | Event::LocationUpdated(_)
            | Event::LocationDeleted(_)
            | Event::IntegrationCreated(_)
            | Event::IntegrationUpdated(_)
            | Event::IntegrationDeleted(_)
            | Event::IntegrationDisabled(_)
            | Event::ImportUpdated(_) => Vec::new(),
        },
    }
}

/// The slugs of the locations that an event is about; `None` stands for the unlocated pool.
pub(crate) fn slugs(event: &FeedEvent) -> Vec<Option<&str>> {
    match &event.content {
        FeedContent::Entry(recorded, _) => vec![recorded.slug.as_ref().map(Slug::as_str)],
        FeedContent::Event(event) => match &**event {
            Event::StockCreated(stock) | Event::PolicyUpdated(stock) => {
                let positions = stock.located.values();
                positions.map(|it| Some(it.slug.as_str())).collect()
            }
            Event::ReservationCreated(reservation) | Event::ReservationUpdated(reservation, _) => {
                let lines = reservation.lines.iter();
                lines.map(ReservedLine::slug).collect()
            }
            Event::StockLow(alert) | Event::StockRecovered(alert) => {
                let location = alert.location.as_ref();
                location
                    .map(|(_, slug)| Some(slug.as_str()))
                    .into_iter()
                    .collect()
            }
            Event::TransferCreated(transfer)
            | Event::TransferUpdated(transfer, _)
            | Event::TransferOverdue(transfer)
            | Event::TransferDeleted(transfer) => {
                let places = transfer.places();
                places
                    .map(|place| place.as_ref().map(|(_, slug)| slug.as_str()))
                    .collect()
            }
            Event::LocationCreated(location)
            | Event::LocationUpdated(location)
            | Event::LocationDeleted(location) => vec![Some(location.slug.as_str())],
            Event::StockDeleted(_)
            | Event::ProductCreated(_)
            | Event::ProductUpdated(_)
            | Event::ProductDeleted(_)
            | Event::IntegrationCreated(_)
            | Event::IntegrationUpdated(_)
            | Event::IntegrationDeleted(_)
            | Event::IntegrationDisabled(_)
            | Event::ImportUpdated(_) => Vec::new(),
        },
    }
}

/// Whether `owner` sees an event: its own, and those of its organization's stock.
pub(crate) fn is_seen(owner: Owner, event: &FeedEvent) -> bool {
    let of_stock = owner.can_see(event.owner()) && event.name().is_about_stock();
    event.owner() == owner || of_stock
}

/// The events that somebody asks for.
#[derive(Debug, Clone)]
pub struct EventView {
    /// Whether the events of all stores of the organization are among them, whoever acts.
    pub all_stores: bool,
    /// The conditions, all of which an event has to fulfil.
    pub filter: Vec<EventCondition>,
}

impl EventView {
    /// Whether `owner`, who asks, gets an event: one that it sees, with `all_stores` anybody's, that
    /// fulfils the conditions.
    fn shows(&self, owner: Owner, event: &FeedEvent) -> bool {
        (self.all_stores || is_seen(owner, event)) && self.filter.iter().all(|it| it.matches(event))
    }
}

/// A page of events.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<FeedEvent>,
    /// The feed, as it was before the page was read.
    pub feed: FeedState,
    /// The position up to which the feed was looked through.
    pub next: u64,
}

impl EventPage {
    /// The place behind the page.
    #[must_use]
    pub const fn place(&self) -> FeedPlace {
        FeedPlace {
            feed: self.feed.id,
            position: self.next,
        }
    }

    /// Whether the feed goes on after the page.
    #[must_use]
    pub const fn has_more(&self) -> bool {
        self.next < self.feed.head
    }
}

/// The position of a place in the feed; without one, that before the oldest event that is kept.
fn position(feed: FeedState, place: Option<FeedPlace>) -> Result<u64, FeedError> {
    match place {
        None => Ok(feed.oldest.saturating_sub(1)),
        Some(place) if place.feed != feed.id => Err(FeedError::OtherFeed(feed)),
        Some(place) if place.position > feed.head => Err(FeedError::Ahead(feed)),
        Some(place) if place.position + 1 < feed.oldest => Err(FeedError::Forgotten(feed)),
        Some(place) => Ok(place.position),
    }
}

impl Stockroom {
    /// At most `limit` events of this view after a place, or else from the oldest one on, that the caller
    /// sees.
    ///
    /// # Errors
    /// [`FeedError`] if the place is of another feed, comes after the head, or is forgotten, or the
    /// database fails.
    pub async fn events(
        &self,
        administrator: &Administrator,
        view: &EventView,
        after: Option<FeedPlace>,
        limit: u32,
    ) -> Result<EventPage, FeedError> {
        let scope = administrator.scope();
        let organization = scope.organization;
        let is_search = !view.filter.is_empty();
        let _turn = self.pipeline.turn_to_search(organization, is_search).await;
        let feed = self.feed_state(organization).await?;
        let mut next = position(feed, after)?;
        let end = feed.head.min(next.saturating_add(SCANNED_MAX));
        let wanted = limit as usize;
        let mut events = Vec::new();
        // If the first read leaves out some, many are read to find the rest.
        let mut at_once = if is_search { READ_AT_ONCE } else { limit };
        while next < end && events.len() < wanted {
            let read = self.next_events(organization, next, at_once).await?;
            at_once = READ_AT_ONCE;
            for event in read {
                if event.position > end || events.len() >= wanted {
                    break;
                }
                next = event.position;
                if view.shows(scope.acting, &event) {
                    events.push(event);
                }
            }
        }
        Ok(EventPage { events, feed, next })
    }

    /// The feed of an organization, with all events that have happened.
    pub(crate) async fn feed_state(
        &self,
        organization: OrganizationId,
    ) -> Result<FeedState, StoreError> {
        let numbered = self.pipeline.feed().number_events(organization);
        guarded("number_events", numbered).await
    }

    /// At most `limit` events after a position, from the first one that is kept.
    pub(crate) async fn feed_events(
        &self,
        organization: OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<FeedEvent>, StoreError> {
        let events = self.pipeline.feed().events(organization, after, limit);
        guarded("events", events).await
    }

    /// At most `limit` events that follow a position at once. There are some: others may have been
    /// forgotten meanwhile.
    async fn next_events(
        &self,
        organization: OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<FeedEvent>, FeedError> {
        let read = self.feed_events(organization, after, limit).await?;
        if read.first().is_none_or(|first| first.position != after + 1) {
            return Err(FeedError::Forgotten(self.feed_state(organization).await?));
        }
        Ok(read)
    }

    /// A signal that tells when to look at an organization's feed again: at once after commits of this
    /// server, and every 250 milliseconds for those of others. It costs nothing while nobody waits, and
    /// reads nothing itself: call [`FeedSignal::wait`], and then read the feed.
    #[must_use]
    pub fn feed_signal(&self, organization: OrganizationId) -> FeedSignal {
        self.pipeline.feed_signal(organization)
    }

    /// Deletes events that are older than the limits allow. To be called regularly.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn forget_events(&self) -> Result<(), StoreError> {
        let milliseconds = i64::try_from(self.limits.event_retention.as_millis());
        let milliseconds = milliseconds.unwrap_or(i64::MAX);
        let before: Timestamp = self.now().plus_milliseconds(milliseconds.saturating_neg());
        let bytes_max = self.limits.event_bytes_max;
        for organization in self.organizations().await? {
            let forget = self
                .pipeline
                .feed()
                .forget_events(organization.id, before, bytes_max);
            timed("forget_events", forget).await?;
        }
        Ok(())
    }

    /// Gives the feeds of all organizations another id, after the database was restored from a backup:
    /// positions that were given after the backup will be given again, so that who has seen them has to
    /// start anew. Returns the number of feeds.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn restart_feeds(&self) -> Result<usize, StoreError> {
        let organizations = self.organizations().await?;
        for organization in &organizations {
            self.restart_feed(organization.id).await?;
        }
        Ok(organizations.len())
    }

    async fn restart_feed(&self, organization: OrganizationId) -> Result<(), StoreError> {
        let id = FeedId::new(self.environment.next_id());
        let restart = self.pipeline.feed().restart_feed(organization, id);
        timed("restart_feed", restart).await
    }
}
