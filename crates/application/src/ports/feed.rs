//! The port for the feed of events.

use async_trait::async_trait;
use stockroom_domain::{
    Event, EventName, FeedId, OrganizationId, Owner, Recorded, Subject, Timestamp,
};
use uuid::Uuid;

use super::error::StoreError;

/// The state of an organization's feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedState {
    /// The id of the feed. After a restored database was restarted it is another one.
    pub id: FeedId,
    /// The position of the oldest event that is kept; one more than `head` if none is.
    pub oldest: u64,
    /// The position of the last event; 0 before the first.
    pub head: u64,
}

impl FeedState {
    /// The feed of an organization that has no events yet. The first feed has the id of the
    /// organization.
    #[must_use]
    pub const fn empty(organization: OrganizationId) -> Self {
        Self {
            id: FeedId::new(organization.uuid()),
            oldest: 1,
            head: 0,
        }
    }
}

/// An event with its place in the feed: positions are 1, 2, 3 … without a gap.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEvent {
    /// Its place.
    pub position: u64,
    /// What happened.
    pub content: FeedContent,
}

/// The content of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedContent {
    /// An entry of a ledger, and the owner of the stock.
    Entry(Box<Recorded>, Owner),
    /// Anything else.
    Event(Box<Event>),
}

impl FeedEvent {
    /// The name of the event.
    #[must_use]
    pub fn name(&self) -> EventName {
        match &self.content {
            FeedContent::Entry(..) => EventName::TransactionCreated,
            FeedContent::Event(event) => event.name(),
        }
    }

    /// The id of the event, which is that of the entry if it is one.
    #[must_use]
    pub fn id(&self) -> Uuid {
        match &self.content {
            FeedContent::Entry(recorded, _) => recorded.entry.id.uuid(),
            FeedContent::Event(event) => event.id(),
        }
    }

    /// The subject of the event.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match &self.content {
            FeedContent::Entry(recorded, _) => {
                Subject::Stock(recorded.product, recorded.entry.stock)
            }
            FeedContent::Event(event) => event.subject(),
        }
    }

    /// The number of the change within its subject.
    #[must_use]
    pub fn number(&self) -> u64 {
        match &self.content {
            FeedContent::Entry(recorded, _) => recorded.entry.sequence,
            FeedContent::Event(event) => event.number(),
        }
    }

    /// Time of the change.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match &self.content {
            FeedContent::Entry(recorded, _) => recorded.entry.created_at,
            FeedContent::Event(event) => event.at(),
        }
    }

    /// The owner of the subject.
    #[must_use]
    pub fn owner(&self) -> Owner {
        match &self.content {
            FeedContent::Entry(_, owner) => *owner,
            FeedContent::Event(event) => event.owner(),
        }
    }
}

/// Keeps the events of each organization. A commit stores the events that it makes
/// ([`Changes::feed_items`](stockroom_domain::Changes::feed_items)), and a database that carries out
/// several commits at a time numbers them afterwards: numbers that were given during the commits would
/// become visible in another order.
#[async_trait]
pub trait FeedStore: Send + Sync {
    /// Gives positions to the events of all commits that have ended, and returns the feed.
    async fn number_events(&self, organization: OrganizationId) -> Result<FeedState, StoreError>;

    /// Events in order, from the first one after the position `after` that is kept: at most `limit`.
    async fn events(
        &self,
        organization: OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<FeedEvent>, StoreError>;

    /// Deletes events that were numbered before a time, and the oldest ones until about `bytes_max`
    /// bytes are left, in small transactions. Events that were numbered together go together.
    async fn forget_events(
        &self,
        organization: OrganizationId,
        before: Timestamp,
        bytes_max: u64,
    ) -> Result<(), StoreError>;

    /// Gives the feed another id, so that every cursor of before is refused.
    async fn restart_feed(
        &self,
        organization: OrganizationId,
        id: FeedId,
    ) -> Result<(), StoreError>;

    /// Whether commits number their events themselves.
    fn numbers_in_commits(&self) -> bool {
        true
    }
}
