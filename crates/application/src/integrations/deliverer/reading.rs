//! Reading the feed for an integration.

use std::sync::Arc;

use stockroom_domain::{Integration, ProductId, Subject};

use super::lease::Deliveries;
use crate::events::{is_seen, products, slugs};
use crate::ports::{FeedEvent, FeedGap, SentEvent, StoreError};
use crate::webhooks::{Deliverable, Progress};

/// The number of events that are read at once.
const READ_AT_ONCE: u32 = 1_000;

/// The number of reads without a look at the lease in between.
const READS_MAX: usize = 20;

/// The number of events that are remembered while they wait. Others are read again.
const REMEMBERED_MAX: usize = 1_000;

/// The subject of the event that tells of a gap.
const GAP: &str = "feed.gap";

/// The end of the gap that was to be told when progress was saved.
pub(super) fn gap_of(progress: &Progress) -> Option<u64> {
    let mut held = progress.held.iter();
    let waiting = &held.find(|held| held.subject == GAP)?.waiting;
    waiting.first().copied()
}

impl Deliveries {
    /// Reads events that can be sent, and notes those that the integration doesn't get.
    pub(super) async fn read(&mut self, is_look: bool) -> Result<(), StoreError> {
        for _ in 0..READS_MAX {
            let before = self.schedule.read_up_to();
            self.read_part(is_look).await?;
            if self.schedule.read_up_to() == before {
                break;
            }
        }
        Ok(())
    }

    async fn read_part(&mut self, is_look: bool) -> Result<(), StoreError> {
        let after = self.schedule.read_up_to();
        let room = u32::try_from(self.schedule.room()).unwrap_or(u32::MAX);
        let is_worth_it = if is_look {
            room > 0
        } else {
            room >= READ_AT_ONCE / 2
        };
        if self.gap.is_some() || !is_worth_it || after >= self.feed.head {
            return Ok(());
        }
        if after + 1 < self.feed.oldest {
            self.note_gap(self.feed.oldest - 1);
            return Ok(());
        }
        let limit = room.min(READ_AT_ONCE);
        let events = self.stockroom.feed_events(self.organization, after, limit);
        let events = events.await?;
        match events.first() {
            // It was forgotten meanwhile.
            Some(first) if first.position > after + 1 => self.note_gap(first.position - 1),
            _ => {
                for event in events {
                    self.take(event);
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, event: FeedEvent) {
        let position = event.position;
        if is_wanted(&self.stored.integration, &event) {
            self.schedule.offer(Deliverable {
                position,
                subject: subject(event.subject()),
            });
            if self.events.len() < REMEMBERED_MAX {
                self.events.insert(position, Arc::new(event));
            }
        } else {
            self.schedule.pass(position);
        }
    }

    /// Tells of a gap, before anything newer.
    fn note_gap(&mut self, up_to: u64) {
        tracing::warn!(
            integration = %self.stored.integration.id,
            "the feed has forgotten events before they were delivered"
        );
        self.gap = Some(up_to);
        self.schedule.offer(Deliverable {
            position: up_to,
            subject: GAP.into(),
        });
    }

    /// The event with this position; `None` if the integration doesn't get it any more. In place of an
    /// event that the feed has forgotten, the receiver is told so, but of each gap once.
    pub(super) async fn event(&mut self, position: u64) -> Result<Option<SentEvent>, StoreError> {
        let mut event = self.events.remove(&position);
        if event.is_none() {
            let read = self
                .stockroom
                .feed_events(self.organization, position - 1, 1);
            let read = read.await?.into_iter().next();
            event = read.filter(|it| it.position == position).map(Arc::new);
        }
        let Some(event) = event else {
            return Ok(self.forgotten(position).map(SentEvent::Gap));
        };
        let is_wanted = is_wanted(&self.stored.integration, &event);
        Ok(is_wanted.then_some(SentEvent::Feed(event)))
    }

    /// The gap in which a forgotten event lies, unless the receiver knows of it.
    fn forgotten(&self, position: u64) -> Option<FeedGap> {
        (position > self.told_up_to).then(|| FeedGap {
            feed: self.feed.id,
            up_to: position,
            at: self.stockroom.now(),
        })
    }
}

/// Whether an integration gets an event.
fn is_wanted(integration: &Integration, event: &FeedEvent) -> bool {
    let filter = integration.configuration.filter.as_ref();
    integration.observes.includes(event.name())
        && is_seen(integration.owner, event)
        && filter.is_none_or(|filter| {
            let products: Vec<ProductId> = products(event);
            let slugs: Vec<&str> = slugs(event).into_iter().flatten().collect();
            filter.matches(&products, &slugs)
        })
}

/// What an event is about, as a text: the events of one subject are delivered in order.
fn subject(subject: Subject) -> Arc<str> {
    let text = match subject {
        // All stocks of a product, so that a receiver sees the product's events in order.
        Subject::Stock(product, _) => format!("stock/{product}"),
        Subject::Product(product) => format!("product/{product}"),
        Subject::Reservation(id) => format!("stock-reservation/{id}"),
        Subject::Location(id) => format!("inventory-location/{id}"),
        Subject::Integration(id) => format!("integration/{id}"),
        Subject::Import(id) => format!("stock-job/{id}"),
        Subject::Transfer(id) => format!("stock-transfer/{id}"),
    };
    text.into()
}
