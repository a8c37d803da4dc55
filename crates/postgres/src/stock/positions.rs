//! Stores changes to positions.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    LocationId, OrganizationId, Stock, StockChange, StockId, StockKey, Timestamp,
};
use uuid::Uuid;

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Stores new and changed positions, and removes those that are gone.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    changes: &BTreeMap<StockKey, StockChange>,
) -> Result<(), StoreError> {
    let mut kept = Kept::default();
    let mut spans = Spans::default();
    let mut gone = BTreeSet::new();
    for change in changes.values() {
        let before = change.before.as_ref();
        gone.extend(before.into_iter().flat_map(keys));
        for (stock, location) in change.after.iter().flat_map(keys) {
            gone.remove(&(stock, location));
        }
        if let Some(after) = &change.after {
            let before = before.filter(|before| before.id == after.id);
            kept.add(before, after);
            spans.add(before, after);
        }
    }
    remove(session, organization, &gone).await?;
    kept.store(session, organization).await?;
    spans.store(session, organization).await
}

/// The beginnings and ends of positions.
#[derive(Default)]
struct Spans {
    begun: Vec<(StockId, LocationId, Timestamp)>,
    ended: Vec<(StockId, LocationId, Timestamp)>,
}

impl Spans {
    fn add(&mut self, before: Option<&Stock>, after: &Stock) {
        let had = |location| before.is_some_and(|before| before.located.contains_key(location));
        for location in after.located.keys().filter(|location| !had(location)) {
            self.begun.push((after.id, *location, after.updated_at));
        }
        let locations = before.into_iter().flat_map(|before| before.located.keys());
        for location in locations.filter(|location| !after.located.contains_key(location)) {
            self.ended.push((after.id, *location, after.updated_at));
        }
    }

    async fn store(
        &self,
        session: &mut Session,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
        for (stock, location, at) in &self.ended {
            let result = sqlx::query!(
                r#"
                UPDATE position_spans SET removed_at = $4
                WHERE organization_id = $1
                    AND stock_id = $2
                    AND location_id IS NOT DISTINCT FROM $3
                    AND removed_at IS NULL
                "#,
                organization.uuid(),
                stock.uuid(),
                location.uuid(),
                at.as_milliseconds(),
            )
            .execute(&mut *session)
            .await
            .map_err(failed)?;
            expect_rows("position_spans", 1, &result)?;
        }
        if self.begun.is_empty() {
            return Ok(());
        }
        let begun = self.begun.iter();
        let stock_ids: Vec<Uuid> = begun.clone().map(|(stock, ..)| stock.uuid()).collect();
        let location_ids: Vec<Uuid> = begun.clone().map(|(_, it, _)| it.uuid()).collect();
        let added_at: Vec<i64> = begun.map(|(.., at)| at.as_milliseconds()).collect();
        let result = sqlx::query!(
            r#"
            INSERT INTO position_spans (organization_id, stock_id, location_id, added_at)
            SELECT $1::uuid, begun.* FROM unnest($2::uuid[], $3::uuid[], $4::bigint[]) AS begun
            "#,
            organization.uuid(),
            &stock_ids,
            &location_ids,
            &added_at,
        )
        .execute(session)
        .await
        .map_err(failed)?;
        expect_rows("position_spans", self.begun.len(), &result)
    }
}

fn keys(stock: &Stock) -> impl Iterator<Item = (StockId, LocationId)> {
    stock.located.keys().map(|location| (stock.id, *location))
}

/// Removes positions one by one, by primary key, because removals are rare.
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
    held: Vec<i64>,
}

impl Kept {
    fn add(&mut self, before: Option<&Stock>, after: &Stock) {
        for (location, position) in &after.located {
            let balance = before.and_then(|before| before.balance(Some(*location)));
            let held = before.map(|before| before.held(Some(*location)));
            if balance != Some(position.balance) || held != Some(position.held) {
                self.stock_ids.push(after.id.uuid());
                self.location_ids.push(location.uuid());
                self.available.push(position.balance.available.into());
                self.allocated.push(position.balance.allocated.into());
                self.held.push(position.held.into());
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
            INSERT INTO positions (
                organization_id, stock_id, location_id, available, allocated, held
            )
            SELECT $1::uuid, kept.*
            FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[]) AS kept
            ON CONFLICT (organization_id, stock_id, location_id) DO UPDATE SET
                available = excluded.available,
                allocated = excluded.allocated,
                held = excluded.held
            "#,
            organization.uuid(),
            &self.stock_ids,
            &self.location_ids,
            &self.available,
            &self.allocated,
            &self.held,
        )
        .execute(session)
        .await
        .map_err(failed)?;
        expect_rows("positions", self.stock_ids.len(), &result)
    }
}
