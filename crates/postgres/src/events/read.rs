//! Reads events.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use stockroom_application::ports::{FeedEvent, FeedState, FeedStore, StoreError};
use stockroom_domain::{
    BatchEntry, FeedId, OrganizationId, Owner, ProductId, StockId, StockKey, Timestamp,
};
use stockroom_sql::{PAGE_EVENTS_MAX, PageItem, PageRow, feed_events, integer};
use uuid::Uuid;

use super::store;
use crate::connection::error::failed;
use crate::connection::open::PostgresDatabase;
use crate::connection::session::Session;
use crate::ledger;

/// The number of pages deleted in one transaction.
const FORGOTTEN_MAX: u32 = 1_000;

#[async_trait]
impl FeedStore for PostgresDatabase {
    async fn number_events(&self, organization: OrganizationId) -> Result<FeedState, StoreError> {
        let mut session = self.reader().await?;
        let (state, is_empty) = store::look(&mut session, organization).await?;
        session.commit().await?;
        if is_empty {
            return Ok(state);
        }
        let mut session = self.write().await?;
        let now = self.environment.now();
        let state = store::number(&mut session, organization, now).await?;
        session.commit().await?;
        Ok(state)
    }

    async fn events(
        &self,
        organization: OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<FeedEvent>, StoreError> {
        let mut session = self.read().await?;
        let events = events(&mut session, organization, after, limit).await?;
        session.commit().await?;
        Ok(events)
    }

    async fn forget_events(
        &self,
        organization: OrganizationId,
        before: Timestamp,
        bytes_max: u64,
    ) -> Result<(), StoreError> {
        loop {
            let mut session = self.write().await?;
            let pages_max = FORGOTTEN_MAX;
            let has_more =
                store::forget(&mut session, organization, before, bytes_max, pages_max).await?;
            session.commit().await?;
            if !has_more {
                return Ok(());
            }
        }
    }

    async fn restart_feed(
        &self,
        organization: OrganizationId,
        id: FeedId,
    ) -> Result<(), StoreError> {
        let mut session = self.write().await?;
        store::restart(&mut session, organization, id).await?;
        session.commit().await
    }

    fn numbers_in_commits(&self) -> bool {
        false
    }
}

async fn events(
    session: &mut Session,
    organization: OrganizationId,
    after: u64,
    limit: u32,
) -> Result<Vec<FeedEvent>, StoreError> {
    let (feed, _) = store::look(session, organization).await?;
    // Older ones may be gone.
    let after = after.max(feed.oldest.saturating_sub(1));
    let last = after.saturating_add(limit.into());
    // Positions have no gaps, so that a page ends at most one page's length after its beginning.
    let end = last.saturating_add(PAGE_EVENTS_MAX as u64);
    let pages = sqlx::query_as!(
        PageRow,
        r#"
        SELECT
            last_position AS "last_position!",
            first_position AS "first_position!",
            entries AS "entries!",
            events AS "events?",
            written_at AS "written_at!"
        FROM event_pages
        WHERE organization_id = $1
            AND last_position > $2
            AND last_position <= $3
            AND first_position <= $4
        ORDER BY last_position
        "#,
        organization.uuid(),
        integer(after),
        integer(end),
        integer(last),
    )
    .fetch_all(&mut *session)
    .await
    .map_err(failed)?;
    let mut items = Vec::new();
    for page in pages {
        page.decode(organization, after, limit as usize, &mut items)?;
    }
    let stocks = stocks(session, organization, PageItem::stocks(&items)).await?;
    let wanted: Vec<BatchEntry> = PageItem::entries(&items, &stocks).collect();
    let recorded = ledger::rows::entries(session, organization, wanted).await?;
    feed_events(organization, items, &stocks, recorded)
}

/// The keys of these stocks, deleted or not.
async fn stocks(
    session: &mut Session,
    organization: OrganizationId,
    ids: BTreeSet<StockId>,
) -> Result<BTreeMap<StockId, StockKey>, StoreError> {
    let ids: Vec<Uuid> = ids.into_iter().map(StockId::uuid).collect();
    let found = sqlx::query!(
        r#"
        SELECT
            wanted.stock_id AS "stock_id!",
            found.product_id AS "product_id!",
            found.owner_id AS "owner_id!"
        FROM unnest($2::uuid[]) AS wanted (stock_id)
        CROSS JOIN LATERAL (
            SELECT product_id, owner_id FROM stocks
            WHERE stocks.organization_id = $1 AND stocks.stock_id = wanted.stock_id
            UNION ALL
            SELECT product_id, owner_id FROM deleted_stocks
            WHERE deleted_stocks.organization_id = $1
                AND deleted_stocks.stock_id = wanted.stock_id
        ) AS found
        "#,
        organization.uuid(),
        &ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    let keys = found.into_iter().map(|found| {
        let product = ProductId::new(found.product_id);
        let owner = Owner::from_uuid(found.owner_id, organization);
        (StockId::new(found.stock_id), StockKey { product, owner })
    });
    Ok(keys.collect())
}
