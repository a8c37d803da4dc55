//! Stores what became of positions.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_application::ports::StoreError;
use stockroom_domain::{LocationId, OrganizationId, Stock, StockChange, StockId, StockKey};
use uuid::Uuid;

use crate::error::{expect_rows, failed};
use crate::session::Session;

/// Stores the positions that are new or changed, and removes those that are gone.
pub(super) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    changes: &BTreeMap<StockKey, StockChange>,
) -> Result<(), StoreError> {
    let mut kept = Kept::default();
    let mut gone = BTreeSet::new();
    for change in changes.values() {
        let before = change.before.as_ref();
        gone.extend(before.into_iter().flat_map(keys));
        for (stock, location) in change.after.iter().flat_map(keys) {
            gone.remove(&(stock, location));
        }
        if let Some(after) = &change.after {
            kept.add(before.filter(|before| before.id == after.id), after);
        }
    }
    remove(session, organization, &gone).await?;
    kept.store(session, organization).await
}

fn keys(stock: &Stock) -> impl Iterator<Item = (StockId, LocationId)> {
    stock.located.keys().map(|location| (stock.id, *location))
}

/// One by one, and in a way that leads along the primary key: that is seldom asked for.
async fn remove(
    session: &mut Session,
    organization: OrganizationId,
    gone: &BTreeSet<(StockId, LocationId)>,
) -> Result<(), StoreError> {
    for (stock, location) in gone {
        let result = sqlx::query!(
            r#"
            DELETE FROM positions
            WHERE organization_id = $1
                AND stock_id = $2
                AND location_id IS NOT DISTINCT FROM $3
            "#,
            organization.uuid(),
            stock.uuid(),
            location.uuid(),
        )
        .execute(&mut *session)
        .await
        .map_err(failed)?;
        expect_rows("positions", 1, &result)?;
    }
    Ok(())
}

/// New or changed positions, by columns.
#[derive(Default)]
struct Kept {
    stock_ids: Vec<Uuid>,
    location_ids: Vec<Uuid>,
    available: Vec<i64>,
    allocated: Vec<i64>,
}

impl Kept {
    fn add(&mut self, before: Option<&Stock>, after: &Stock) {
        for (location, position) in &after.located {
            let balance = before.and_then(|before| before.balance(Some(*location)));
            if balance != Some(position.balance) {
                self.stock_ids.push(after.id.uuid());
                self.location_ids.push(location.uuid());
                self.available.push(position.balance.available.into());
                self.allocated.push(position.balance.allocated.into());
            }
        }
    }

    async fn store(
        self,
        session: &mut Session,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
        if self.stock_ids.is_empty() {
            return Ok(());
        }
        let result = sqlx::query!(
            r#"
            INSERT INTO positions (organization_id, stock_id, location_id, available, allocated)
            SELECT $1, kept.*
            FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[]) AS kept
            ON CONFLICT (organization_id, stock_id, location_id)
                DO UPDATE SET available = excluded.available, allocated = excluded.allocated
            "#,
            organization.uuid(),
            &self.stock_ids,
            &self.location_ids,
            &self.available,
            &self.allocated,
        )
        .execute(session)
        .await
        .map_err(failed)?;
        expect_rows("positions", self.stock_ids.len(), &result)
    }
}
