//! Stores changes to stock.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, ProductId, Stock, StockChange, StockKey, Timestamp};

use super::positions;
use crate::connection::error::{expect_rows, failed};
use crate::connection::parameter::{hex, json};
use crate::counts::{Growth, Kind, shadowing};

/// Stores changes to current stock, from its state before to its state after.
pub(crate) async fn store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    changes: &BTreeMap<StockKey, StockChange>,
) -> Result<(), StoreError> {
    let sorted = Sorted::new(changes);
    // If stock is created or deleted, other stores may see different stock than before.
    let mut growth = Growth::default();
    let products: BTreeSet<ProductId> = sorted
        .coming_or_going()
        .map(|stock| stock.product)
        .collect();
    if !products.is_empty() {
        for (store_id, count) in shadowing(connection, organization, products.clone()).await? {
            growth.add(store_id, Kind::ShadowingStock, -count);
        }
    }
    delete(connection, organization, &sorted.deleted).await?;
    insert(connection, organization, &sorted.created).await?;
    update(connection, organization, &sorted.updated).await?;
    let created = sorted.created.iter().map(|created| (None, *created));
    let updated = sorted.updated.iter();
    let updated = updated.map(|(before, after)| (Some(*before), *after));
    positions::store(connection, organization, created.chain(updated)).await?;
    if !products.is_empty() {
        for (store_id, count) in shadowing(connection, organization, products).await? {
            growth.add(store_id, Kind::ShadowingStock, count);
        }
    }
    for (stocks, by) in [(&sorted.deleted, -1), (&sorted.created, 1)] {
        for stock in stocks {
            growth.add(stock.owner.to_uuid(organization), Kind::Stock, by);
        }
    }
    growth.store(connection, organization).await
}

/// The changes, sorted by the statement that stores them.
#[derive(Default)]
struct Sorted<'a> {
    deleted: Vec<&'a Stock>,
    created: Vec<&'a Stock>,
    /// Before and after.
    updated: Vec<(&'a Stock, &'a Stock)>,
}

impl<'a> Sorted<'a> {
    fn new(changes: &'a BTreeMap<StockKey, StockChange>) -> Self {
        let mut sorted = Self::default();
        for change in changes.values() {
            match (&change.before, &change.after) {
                (Some(before), Some(after)) if before.id == after.id => {
                    sorted.updated.push((before, after));
                }
                (before, after) => {
                    sorted.deleted.extend(before);
                    sorted.created.extend(after);
                }
            }
        }
        sorted
    }

    fn coming_or_going(&self) -> impl Iterator<Item = &'a Stock> {
        self.deleted.iter().chain(&self.created).copied()
    }
}

async fn delete(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    stocks: &[&Stock],
) -> Result<(), StoreError> {
    if stocks.is_empty() {
        return Ok(());
    }
    let organization_id = organization.uuid();
    if stocks.iter().any(|stock| !stock.located.is_empty()) {
        let ids = json(stocks.iter().map(|stock| hex(stock.id)))?;
        let positions: usize = stocks.iter().map(|stock| stock.located.len()).sum();
        let result = sqlx::query!(
            r#"
            DELETE FROM positions
            WHERE organization_id = ?1
                AND stock_id IN (SELECT unhex(deleted.value) FROM json_each(?2) AS deleted)
            "#,
            organization_id,
            ids,
        )
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
        expect_rows("positions", positions, &result)?;
    }
    let deleted = json(stocks.iter().map(|stock| {
        let owner = stock.owner.to_uuid(organization);
        (
            hex(stock.product),
            hex(owner),
            hex(stock.id),
            stock.sequence,
        )
    }))?;
    let result = sqlx::query!(
        r#"
        DELETE FROM stocks
        WHERE organization_id = ?1
            AND (product_id, owner_id) IN (
                SELECT stocks.product_id, stocks.owner_id
                FROM json_each(?2) AS deleted
                CROSS JOIN stocks
                    ON stocks.organization_id = ?1
                    AND stocks.product_id = unhex(deleted.value ->> 0)
                    AND stocks.owner_id = unhex(deleted.value ->> 1)
                    AND stocks.stock_id = unhex(deleted.value ->> 2)
                    AND stocks.sequence = deleted.value ->> 3
            )
        "#,
        organization_id,
        deleted,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("stocks", stocks.len(), &result)
}

async fn insert(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    stocks: &[&Stock],
) -> Result<(), StoreError> {
    if stocks.is_empty() {
        return Ok(());
    }
    let created = json(stocks.iter().map(|stock| {
        let sums = stock.sums();
        (
            hex(stock.product),
            hex(stock.owner.to_uuid(organization)),
            hex(stock.id),
            hex(stock.product_owner.to_uuid(organization)),
            sums.available.get(),
            sums.allocated.get(),
            stock.unlocated.available.get(),
            stock.unlocated.allocated.get(),
            stock.sequence,
            stock.last_hash,
            stock.created_at.as_milliseconds(),
            stock.updated_at.as_milliseconds(),
            stock.unlocated_held.get(),
            stock.next_expiry.map(Timestamp::as_milliseconds),
        )
    }))?;
    let organization_id = organization.uuid();
    let result = sqlx::query!(
        r#"
        INSERT INTO stocks (
            organization_id, product_id, owner_id, stock_id, product_owner_id, available,
            allocated, unlocated_available, unlocated_allocated, sequence, last_hash, created_at,
            updated_at, unlocated_held, next_expiry
        )
        SELECT
            ?1,
            unhex(created.value ->> 0),
            unhex(created.value ->> 1),
            unhex(created.value ->> 2),
            unhex(created.value ->> 3),
            created.value ->> 4,
            created.value ->> 5,
            created.value ->> 6,
            created.value ->> 7,
            created.value ->> 8,
            unhex(created.value ->> 9),
            created.value ->> 10,
            created.value ->> 11,
            created.value ->> 12,
            created.value ->> 13
        FROM json_each(?2) AS created
        "#,
        organization_id,
        created,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("stocks", stocks.len(), &result)
}

async fn update(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    stocks: &[(&Stock, &Stock)],
) -> Result<(), StoreError> {
    if stocks.is_empty() {
        return Ok(());
    }
    let updated = json(stocks.iter().map(|(before, after)| {
        let sums = after.sums();
        (
            hex(after.product),
            hex(after.owner.to_uuid(organization)),
            hex(after.id),
            before.sequence,
            sums.available.get(),
            sums.allocated.get(),
            after.unlocated.available.get(),
            after.unlocated.allocated.get(),
            after.sequence,
            after.last_hash,
            after.updated_at.as_milliseconds(),
            after.unlocated_held.get(),
            after.next_expiry.map(Timestamp::as_milliseconds),
        )
    }))?;
    let organization_id = organization.uuid();
    // The join returns only rows that are as they were when the change was decided. `UPDATE … FROM`
    // isn't used, because SQLite would go through all stock of the organization for it.
    let result = sqlx::query!(
        r#"
        INSERT INTO stocks (
            organization_id, product_id, owner_id, stock_id, product_owner_id, available,
            allocated, unlocated_available, unlocated_allocated, sequence, last_hash, created_at,
            updated_at, unlocated_held, next_expiry
        )
        SELECT
            stocks.organization_id,
            stocks.product_id,
            stocks.owner_id,
            stocks.stock_id,
            stocks.product_owner_id,
            updated.value ->> 4,
            updated.value ->> 5,
            updated.value ->> 6,
            updated.value ->> 7,
            updated.value ->> 8,
            unhex(updated.value ->> 9),
            stocks.created_at,
            updated.value ->> 10,
            updated.value ->> 11,
            updated.value ->> 12
        FROM json_each(?2) AS updated
        CROSS JOIN stocks
            ON stocks.organization_id = ?1
            AND stocks.product_id = unhex(updated.value ->> 0)
            AND stocks.owner_id = unhex(updated.value ->> 1)
            AND stocks.stock_id = unhex(updated.value ->> 2)
            AND stocks.sequence = updated.value ->> 3
        WHERE true
        ON CONFLICT (organization_id, product_id, owner_id) DO UPDATE SET
            available = excluded.available,
            allocated = excluded.allocated,
            unlocated_available = excluded.unlocated_available,
            unlocated_allocated = excluded.unlocated_allocated,
            sequence = excluded.sequence,
            last_hash = excluded.last_hash,
            updated_at = excluded.updated_at,
            unlocated_held = excluded.unlocated_held,
            next_expiry = excluded.next_expiry
        "#,
        organization_id,
        updated,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("stocks", stocks.len(), &result)
}
