//! The port for transfers.

use async_trait::async_trait;
use sqlx::{Postgres, QueryBuilder};
use stockroom_application::ports::{
    Scope, StoreError, TransferCondition, TransferHold, TransferReader,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{OrganizationId, StockId, Timestamp, Transfer, TransferId, TransferRef};
use stockroom_sql::TransferHoldRow;
use uuid::Uuid;

use super::rows;
use crate::connection::error::failed;
use crate::connection::open::PostgresDatabase;
use crate::filter;

#[async_trait]
impl TransferReader for PostgresDatabase {
    async fn transfer(&self, scope: Scope, id: TransferId) -> Result<Option<Transfer>, StoreError> {
        let mut snapshot = self.read().await?;
        let found = rows::transfers(&mut snapshot, scope.organization, [id]).await?;
        snapshot.commit().await?;
        let mut found = found.into_iter();
        Ok(found.find(|transfer| scope.acting.can_see(transfer.owner)))
    }

    async fn list_transfers(
        &self,
        scope: Scope,
        filter: &[TransferCondition],
        page: PageRequest<TransferId>,
    ) -> Result<Page<Transfer, TransferId>, StoreError> {
        let mut snapshot = self.read().await?;
        let mut query = page_query("", scope, filter, page);
        let ids = query.build_query_scalar().fetch_all(&mut snapshot).await;
        let mut ids: Vec<Uuid> = ids.map_err(failed)?;
        let next = page.cut(&mut ids, |id| TransferId::new(*id));
        let ids = ids.into_iter().map(TransferId::new);
        let items = rows::transfers(&mut snapshot, scope.organization, ids).await?;
        let total = if page.wants_total(!filter.is_empty()) {
            let mut query = count_query(scope, filter);
            let count = query.build_query_scalar().fetch_one(&mut snapshot).await;
            let count: i64 = count.map_err(failed)?;
            u64::try_from(count).ok()
        } else {
            None
        };
        snapshot.commit().await?;
        Ok(Page { items, total, next })
    }

    async fn transfer_holds(
        &self,
        organization: OrganizationId,
        stock: StockId,
    ) -> Result<Vec<TransferHold>, StoreError> {
        let mut session = self.reader().await?;
        let found = sqlx::query_as!(
            TransferHoldRow,
            r#"
            SELECT
                lines.transfer_id AS "transfer_id!",
                transfers.state AS "state!",
                locations.slug AS "slug?",
                lines.line AS "line!",
                lines.allocated AS "allocated!"
            FROM transfer_lines AS lines
            CROSS JOIN LATERAL (
                SELECT state, from_location_id FROM transfers
                WHERE transfers.organization_id = $1 AND transfers.transfer_id = lines.transfer_id
                OFFSET 0
            ) AS transfers
            LEFT JOIN LATERAL (
                SELECT slug FROM locations
                WHERE locations.organization_id = $1
                    AND locations.location_id = transfers.from_location_id
                OFFSET 0
            ) AS locations ON transfers.from_location_id IS NOT NULL
            WHERE lines.organization_id = $1
                AND lines.stock_id = $2
                AND lines.is_open
                AND lines.allocated > 0
            ORDER BY lines.transfer_id, lines.line
            "#,
            organization.uuid(),
            stock.uuid(),
        )
        .fetch_all(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await?;
        found.into_iter().map(TransferHoldRow::decode).collect()
    }

    async fn overdue_transfers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<TransferRef>, StoreError> {
        let mut snapshot = self.read().await?;
        let ids = sqlx::query_scalar!(
            r#"
            SELECT transfer_id FROM transfers
            WHERE organization_id = $1 AND to_be_announced < $2
            ORDER BY to_be_announced, transfer_id
            LIMIT $3
            "#,
            organization.uuid(),
            now.as_milliseconds(),
            i64::from(limit),
        )
        .fetch_all(&mut snapshot)
        .await
        .map_err(failed)?;
        let ids = ids.into_iter().map(TransferId::new);
        let mut found = rows::transfers(&mut snapshot, organization, ids).await?;
        snapshot.commit().await?;
        found.sort_by_key(|transfer| (transfer.to_be_announced(), transfer.id));
        Ok(found.iter().map(Transfer::reference).collect())
    }
}

/// The query for the ids on one page of the transfers that `scope` sees and that fulfil every condition, in
/// order, and the next id if there is one. Those of each owner are in the order of an index.
pub(crate) fn page_query(
    start: &str,
    scope: Scope,
    filter: &[TransferCondition],
    page: PageRequest<TransferId>,
) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(format!("{start}SELECT transfer_id FROM ("));
    let (limit, offset) = (page.enough(), page.offset());
    let of_owner = offset.saturating_add(limit);
    let end = format!(" ORDER BY transfers.transfer_id LIMIT {of_owner}");
    let after = page.place();
    push_owners(
        &mut query,
        "transfers.transfer_id",
        scope,
        filter,
        after,
        &end,
    );
    query.push(format_args!(
        ") AS found ORDER BY transfer_id LIMIT {limit} OFFSET {offset}"
    ));
    query
}

fn count_query(scope: Scope, filter: &[TransferCondition]) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("SELECT sum(transfers)::bigint FROM (");
    push_owners(&mut query, "count(*) AS transfers", scope, filter, None, "");
    query.push(") AS counts");
    query
}

fn push_owners(
    query: &mut QueryBuilder<Postgres>,
    select: &str,
    scope: Scope,
    filter: &[TransferCondition],
    after: Option<&TransferId>,
    end: &str,
) {
    let organization = scope.organization;
    for (place, owner) in scope.acting.visible().enumerate() {
        query.push(if place == 0 {
            "(SELECT "
        } else {
            " UNION ALL (SELECT "
        });
        query
            .push(select)
            .push(" FROM transfers WHERE transfers.organization_id = ");
        query.push_bind(organization.uuid());
        // Always true: it names the index to read along.
        query.push(" AND transfers.created_at >= 0 AND transfers.owner_id = ");
        query.push_bind(owner.to_uuid(organization));
        if let Some(after) = after {
            query.push(" AND transfers.transfer_id > ");
            query.push_bind(after.uuid());
        }
        filter::push_transfer(query, organization, filter);
        query.push(end).push(")");
    }
}
