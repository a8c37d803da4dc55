//! The feed of events.

use std::collections::{HashMap, VecDeque};

use async_trait::async_trait;
use stockroom_application::ports::{FeedContent, FeedEvent, FeedState, FeedStore, StoreError};
use stockroom_domain::{
    Changes, EntryRef, Event, FeedId, FeedItem, OrganizationId, StockId, StockKey, Timestamp,
};

use crate::MemoryDatabase;
use crate::tenant::Tenant;

/// The size of an entry in the feed, and a usual one of another event.
const ENTRY_BYTES: u64 = 24;
const EVENT_BYTES: u64 = 500;

/// The events of one organization.
#[derive(Default)]
pub(crate) struct Feed {
    /// The id, if the feed was restarted.
    id: Option<FeedId>,
    /// The number of events that are gone.
    forgotten: u64,
    kept: VecDeque<Kept>,
}

/// An event, and the time at which it was stored.
struct Kept {
    content: Content,
    written_at: Timestamp,
}

enum Content {
    Entry(EntryRef, StockKey),
    Event(Box<Event>),
}

impl Kept {
    const fn bytes(&self) -> u64 {
        match self.content {
            Content::Entry(..) => ENTRY_BYTES,
            Content::Event(_) => EVENT_BYTES,
        }
    }
}

impl Feed {
    /// Adds the events of a commit.
    pub(crate) fn add(&mut self, changes: &Changes, now: Timestamp) {
        let stocks = changes.stocks.iter().flat_map(|(key, change)| {
            let stocks = change.before.iter().chain(&change.after);
            stocks.map(|stock| (stock.id, *key))
        });
        let deleted = changes.deleted_stocks.iter();
        let deleted = deleted.map(|deleted| (deleted.stock.id, deleted.stock.key()));
        let keys: HashMap<StockId, StockKey> = stocks.chain(deleted).collect();
        let contents = changes.feed_items().into_iter();
        let contents = contents.filter_map(|item| match item {
            FeedItem::Entry(entry) => Some(Content::Entry(entry, *keys.get(&entry.stock)?)),
            FeedItem::Event(event) => Some(Content::Event(event)),
        });
        self.kept.extend(contents.map(|content| Kept {
            content,
            written_at: now,
        }));
    }

    fn state(&self, organization: OrganizationId) -> FeedState {
        let empty = FeedState::empty(organization);
        FeedState {
            id: self.id.unwrap_or(empty.id),
            oldest: self.forgotten + 1,
            head: self.forgotten + self.kept.len() as u64,
        }
    }

    fn forget(&mut self, before: Timestamp, bytes_max: u64) {
        let mut bytes: u64 = self.kept.iter().map(Kept::bytes).sum();
        while let Some(oldest) = self.kept.front() {
            if oldest.written_at >= before && bytes <= bytes_max {
                break;
            }
            bytes -= oldest.bytes();
            self.forgotten += 1;
            self.kept.pop_front();
        }
    }
}

impl Tenant {
    fn event(&self, position: u64, kept: &Kept) -> Option<FeedEvent> {
        let content = match &kept.content {
            Content::Entry(entry, key) => {
                let place = usize::try_from(entry.sequence).ok()?.checked_sub(1)?;
                let entry = self.ledger_of(entry.stock).get(place)?;
                let recorded = self.recorded(key.product, entry);
                FeedContent::Entry(Box::new(recorded), key.owner)
            }
            Content::Event(event) => FeedContent::Event(event.clone()),
        };
        Some(FeedEvent { position, content })
    }
}

#[async_trait]
impl FeedStore for MemoryDatabase {
    async fn number_events(&self, organization: OrganizationId) -> Result<FeedState, StoreError> {
        let tables = self.read();
        let tenant = tables.tenants.get(&organization);
        let empty = FeedState::empty(organization);
        Ok(tenant.map_or(empty, |tenant| tenant.feed.state(organization)))
    }

    async fn events(
        &self,
        organization: OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<FeedEvent>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let feed = &tenant.feed;
            let skipped = usize::try_from(after.saturating_sub(feed.forgotten));
            let skipped = skipped.unwrap_or(usize::MAX);
            let positions = feed.forgotten.max(after) + 1..;
            let events = positions.zip(feed.kept.iter().skip(skipped));
            let events = events.take(limit as usize);
            events
                .filter_map(|(position, kept)| tenant.event(position, kept))
                .collect()
        }))
    }

    async fn forget_events(
        &self,
        organization: OrganizationId,
        before: Timestamp,
        bytes_max: u64,
    ) -> Result<(), StoreError> {
        if let Some(tenant) = self.write().tenants.get_mut(&organization) {
            tenant.feed.forget(before, bytes_max);
        }
        Ok(())
    }

    async fn restart_feed(
        &self,
        organization: OrganizationId,
        id: FeedId,
    ) -> Result<(), StoreError> {
        let mut tables = self.write();
        let tenant = tables.tenants.entry(organization).or_default();
        tenant.feed.id = Some(id);
        Ok(())
    }
}
