//! The port to the form of what webhooks send.

use std::sync::Arc;

use stockroom_domain::{EventId, FeedId, Integration, OrganizationId, Timestamp};

use super::feed::FeedEvent;

/// Writes the bodies of requests to receivers.
pub trait WebhookBodies: Send + Sync {
    /// The body, as JSON.
    fn body(&self, delivery: &Delivery<'_>) -> Vec<u8>;
}

/// An attempt to deliver an event.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The organization.
    pub organization: OrganizationId,
    /// The integration.
    pub integration: &'a Integration,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The event.
    pub event: &'a SentEvent,
}

/// An event that is sent to a receiver.
#[derive(Debug, Clone)]
pub enum SentEvent {
    /// An event of the feed.
    Feed(Arc<FeedEvent>),
    /// `feed.gap`: the feed has forgotten events before they were sent.
    Gap(FeedGap),
    /// `integration.test`, which a client asked for.
    Test {
        /// Its id.
        id: EventId,
        /// Time of the request.
        at: Timestamp,
    },
}

/// A part of a feed that was forgotten before it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedGap {
    /// The feed.
    pub feed: FeedId,
    /// The position of the last event of the part.
    pub up_to: u64,
    /// The time at which it was noticed.
    pub at: Timestamp,
}

impl SentEvent {
    /// Its id: the same over all attempts.
    #[must_use]
    pub fn id(&self) -> EventId {
        match self {
            Self::Feed(event) => EventId::new(event.id()),
            Self::Gap(gap) => gap.id(),
            Self::Test { id, .. } => *id,
        }
    }

    /// Its name in the API.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Feed(event) => event.name().as_str(),
            Self::Gap(_) => "feed.gap",
            Self::Test { .. } => "integration.test",
        }
    }

    /// The time at which it happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Feed(event) => event.at(),
            Self::Gap(gap) => gap.at,
            Self::Test { at, .. } => *at,
        }
    }
}

impl FeedGap {
    fn id(&self) -> EventId {
        let number = self.feed.uuid().as_u128().wrapping_add(self.up_to.into());
        let bytes = uuid::Builder::from_custom_bytes(number.to_be_bytes());
        EventId::new(bytes.into_uuid())
    }
}
