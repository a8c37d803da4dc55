//! The port for transfers.

use async_trait::async_trait;
use rusqlite::params;
use stockroom_application::ports::{
    Scope, StoreError, TransferCondition, TransferHold, TransferReader,
};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{OrganizationId, StockId, Timestamp, Transfer, TransferId, TransferRef};
use stockroom_sql::TransferHoldRow;
use uuid::Uuid;

use super::rows;
use crate::connection::open::SqliteDatabase;
use crate::connection::query::Query;
use crate::connection::statement::statements;
use crate::filter;

statements! {
    HOLDS = "
        SELECT lines.transfer_id, transfers.state, locations.slug, lines.line, lines.allocated
        FROM transfer_lines AS lines INDEXED BY transfer_lines_open
        CROSS JOIN transfers
            ON transfers.organization_id = ?1 AND transfers.transfer_id = lines.transfer_id
        LEFT JOIN locations
            ON locations.organization_id = ?1
            AND locations.location_id = transfers.from_location_id
        WHERE lines.organization_id = ?1
            AND lines.stock_id = ?2
            AND lines.is_open = 1
            AND lines.allocated > 0
        ORDER BY lines.transfer_id, lines.line
    ";

    OVERDUE = "
        SELECT transfer_id
        FROM transfers INDEXED BY transfers_overdue
        WHERE organization_id = ?1 AND to_be_announced IS NOT NULL AND to_be_announced < ?2
        ORDER BY to_be_announced, transfer_id
        LIMIT ?3
    ";
}

#[async_trait]
impl TransferReader for SqliteDatabase {
    async fn transfer(&self, scope: Scope, id: TransferId) -> Result<Option<Transfer>, StoreError> {
        self.read(move |snapshot| {
            let found = rows::transfer(snapshot, scope.organization, id)?;
            Ok(found.filter(|transfer| scope.acting.can_see(transfer.owner)))
        })
        .await
    }

    async fn list_transfers(
        &self,
        scope: Scope,
        filter: &[TransferCondition],
        page: PageRequest<TransferId>,
    ) -> Result<Page<Transfer, TransferId>, StoreError> {
        let filter = filter.to_vec();
        self.read(move |snapshot| {
            let query = page_query("", scope, &filter, page);
            let mut ids: Vec<(Uuid,)> = query.rows(snapshot)?;
            let next = page.cut(&mut ids, |(id,)| TransferId::new(*id));
            let ids = ids.into_iter().map(|(id,)| TransferId::new(id));
            let found = ids.map(|id| rows::transfer(snapshot, scope.organization, id));
            let items = found.filter_map(Result::transpose);
            let items = items.collect::<Result<_, _>>()?;
            let total = if page.wants_total(!filter.is_empty()) {
                Some(count_query(scope, &filter).count(snapshot)?)
            } else {
                None
            };
            Ok(Page { items, total, next })
        })
        .await
    }

    async fn transfer_holds(
        &self,
        organization: OrganizationId,
        stock: StockId,
    ) -> Result<Vec<TransferHold>, StoreError> {
        self.read(move |snapshot| {
            let parameters = params![organization.uuid(), stock.uuid()];
            let rows: Vec<TransferHoldRow> = HOLDS.rows(snapshot, parameters)?;
            rows.into_iter().map(TransferHoldRow::decode).collect()
        })
        .await
    }

    async fn overdue_transfers(
        &self,
        organization: OrganizationId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<TransferRef>, StoreError> {
        self.read(move |snapshot| {
            let parameters = params![organization.uuid(), now.as_milliseconds(), limit];
            let ids: Vec<(Uuid,)> = OVERDUE.rows(snapshot, parameters)?;
            let ids = ids.into_iter().map(|(id,)| TransferId::new(id));
            let found = ids.map(|id| rows::transfer(snapshot, organization, id));
            let found = found.filter_map(Result::transpose);
            found.map(|found| Ok(found?.reference())).collect()
        })
        .await
    }
}

/// The query for the ids on one page of the transfers that `scope` sees and that fulfil every condition, in
/// order, and the next id if there is one. Those of each owner are in the order of an index.
pub(crate) fn page_query(
    start: &str,
    scope: Scope,
    filter: &[TransferCondition],
    page: PageRequest<TransferId>,
) -> Query {
    let mut query = Query::new(start);
    push_owners(
        &mut query,
        "SELECT transfers.transfer_id",
        scope,
        filter,
        page.place(),
    );
    query.push(" ORDER BY transfer_id LIMIT ");
    query.push_bind(page.enough()).push(" OFFSET ");
    query.push_bind(page.offset());
    query
}

fn count_query(scope: Scope, filter: &[TransferCondition]) -> Query {
    let mut query = Query::new("SELECT sum(transfers_of_owner) FROM (");
    push_owners(
        &mut query,
        "SELECT count(*) AS transfers_of_owner",
        scope,
        filter,
        None,
    );
    query.push(")");
    query
}

fn push_owners(
    query: &mut Query,
    select: &str,
    scope: Scope,
    filter: &[TransferCondition],
    after: Option<&TransferId>,
) {
    let organization = scope.organization;
    for (place, owner) in scope.acting.visible().enumerate() {
        query.push(if place == 0 { "" } else { " UNION ALL " });
        query.push(select).push(
            " FROM transfers INDEXED BY transfers_of_owner WHERE transfers.organization_id = ",
        );
        query.push_organization(organization);
        query.push(" AND transfers.owner_id = ");
        query.push_owner(organization, owner);
        if let Some(after) = after {
            query.push(" AND transfers.transfer_id > ");
            query.push_bind(after.uuid());
        }
        filter::push_transfer(query, organization, filter);
    }
}
