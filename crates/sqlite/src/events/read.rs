//! Reads events.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use rusqlite::{Connection, params};
use stockroom_application::ports::{FeedEvent, FeedState, FeedStore, StoreError};
use stockroom_domain::{FeedId, OrganizationId, Owner, ProductId, StockId, StockKey, Timestamp};
use stockroom_sql::{PAGE_EVENTS_MAX, PageItem, PageRow, feed_events, integer};
use uuid::Uuid;

use super::store;
use crate::connection::open::SqliteDatabase;
use crate::connection::statement::{columns, statements};
use crate::ledger;

/// The number of pages deleted in one transaction.
const FORGOTTEN_MAX: u32 = 1_000;

statements! {
    /// Positions have no gaps, so that a page ends at most one page's length after its beginning.
    PAGES = format!(
        "
        SELECT {} FROM event_pages
        WHERE organization_id = ?1
            AND last_position > ?2
            AND last_position <= ?3 + {PAGE_EVENTS_MAX}
            AND first_position <= ?3
        ORDER BY last_position
        ",
        columns("event_pages", PageRow::COLUMNS)
    );

    STOCK = "
        SELECT product_id, owner_id
        FROM stocks INDEXED BY stocks_of_organization
        WHERE organization_id = ?1 AND stock_id = ?2
        UNION ALL
        SELECT product_id, owner_id
        FROM deleted_stocks
        WHERE organization_id = ?1 AND stock_id = ?2
    ";
}

#[async_trait]
impl FeedStore for SqliteDatabase {
    async fn number_events(&self, organization: OrganizationId) -> Result<FeedState, StoreError> {
        self.read(move |snapshot| store::feed(snapshot, organization))
            .await
    }

    async fn events(
        &self,
        organization: OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<FeedEvent>, StoreError> {
        self.read(move |snapshot| events(snapshot, organization, after, limit))
            .await
    }

    async fn forget_events(
        &self,
        organization: OrganizationId,
        before: Timestamp,
        bytes_max: u64,
    ) -> Result<(), StoreError> {
        let forget = || {
            self.write(move |transaction| {
                store::forget(transaction, organization, before, bytes_max, FORGOTTEN_MAX)
            })
        };
        while forget().await? {}
        Ok(())
    }

    async fn restart_feed(
        &self,
        organization: OrganizationId,
        id: FeedId,
    ) -> Result<(), StoreError> {
        self.write(move |transaction| store::restart(transaction, organization, id))
            .await
    }
}

fn events(
    connection: &Connection,
    organization: OrganizationId,
    after: u64,
    limit: u32,
) -> Result<Vec<FeedEvent>, StoreError> {
    // Older ones may be gone.
    let after = after.max(store::feed(connection, organization)?.oldest - 1);
    let last = after.saturating_add(limit.into());
    let range = params![organization.uuid(), integer(after), integer(last)];
    let pages: Vec<PageRow> = PAGES.rows(connection, range)?;
    let mut items = Vec::new();
    for page in pages {
        page.decode(organization, after, limit as usize, &mut items)?;
    }
    let stocks = stocks(connection, organization, PageItem::stocks(&items))?;
    let wanted = PageItem::entries(&items, &stocks);
    let recorded = ledger::rows::entries(connection, organization, wanted)?;
    feed_events(organization, items, &stocks, recorded)
}

/// The keys of these stocks, deleted or not.
fn stocks(
    connection: &Connection,
    organization: OrganizationId,
    ids: BTreeSet<StockId>,
) -> Result<BTreeMap<StockId, StockKey>, StoreError> {
    let mut keys = BTreeMap::new();
    for id in ids {
        let stock = params![organization.uuid(), id.uuid()];
        let found: Option<(Uuid, Uuid)> = STOCK.row(connection, stock)?;
        if let Some((product_id, owner_id)) = found {
            let product = ProductId::new(product_id);
            let owner = Owner::from_uuid(owner_id, organization);
            keys.insert(id, StockKey { product, owner });
        }
    }
    Ok(keys)
}
