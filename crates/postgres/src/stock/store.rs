//! Stores changes to stock.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, ProductId, Stock, StockChange, StockKey};
use stockroom_sql::{Growth, Kind, StocksByFate};

use super::{policies, positions};
use crate::columns::StockColumns;
use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;
use crate::counts::shadowing;
use crate::revision::Revisions;

/// Stores changes to current stock, from its state before to its state after.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    changes: &BTreeMap<StockKey, StockChange>,
    revisions: &Revisions,
    growth: &mut Growth,
) -> Result<(), StoreError> {
    let sorted = StocksByFate::new(changes);
    // If stock is created or deleted, other stores may see different stock than before.
    let products: BTreeSet<ProductId> = sorted.products().collect();
    if !products.is_empty() {
        for (store_id, count) in shadowing(session, organization, products.clone()).await? {
            growth.add(store_id, Kind::ShadowingStock, -count);
        }
    }
    delete(session, organization, &sorted.deleted, revisions).await?;
    insert(session, organization, &sorted.created, revisions).await?;
    // Stock that was created anew takes its row over, so that a transaction that waits for the row finds
    // the new stock, and not none.
    let updated = [sorted.updated.as_slice(), &sorted.recreated].concat();
    update(session, organization, &updated, revisions).await?;
    positions::store(session, organization, &sorted).await?;
    policies::store(session, organization, &sorted).await?;
    if !products.is_empty() {
        for (store_id, count) in shadowing(session, organization, products).await? {
            growth.add(store_id, Kind::ShadowingStock, count);
        }
    }
    growth.add_stocks(organization, sorted.deleted, -1);
    growth.add_stocks(organization, sorted.created, 1);
    Ok(())
}

/// Deletes stock one by one, by primary key, because deletions are rare.
async fn delete(
    session: &mut Session,
    organization: OrganizationId,
    stocks: &[&Stock],
    revisions: &Revisions,
) -> Result<(), StoreError> {
    for stock in stocks {
        let result = sqlx::query!(
            r#"
            DELETE FROM stocks
            WHERE organization_id = $1
                AND product_id = $2
                AND owner_id = $3
                AND stock_id = $4
                AND revision = $5
            "#,
            organization.uuid(),
            stock.product.uuid(),
            stock.owner.to_uuid(organization),
            stock.id.uuid(),
            revisions.of_stock(stock.key()),
        )
        .execute(&mut *session)
        .await
        .map_err(failed)?;
        expect_rows("stocks", 1, &result)?;
    }
    Ok(())
}

async fn insert(
    session: &mut Session,
    organization: OrganizationId,
    stocks: &[&Stock],
    revisions: &Revisions,
) -> Result<(), StoreError> {
    if stocks.is_empty() {
        return Ok(());
    }
    let created = StockColumns::new(organization, stocks.iter().copied());
    let revisions: Vec<_> = stocks.iter().map(|it| revisions.after_stock(it)).collect();
    let result = sqlx::query!(
        r#"
        INSERT INTO stocks (
            organization_id, product_id, owner_id, stock_id, product_owner_id, available,
            allocated, unlocated_available, unlocated_allocated, sequence, last_hash, created_at,
            updated_at, located, unlocated_held, unlocated_set_aside, next_expiry, revision
        )
        SELECT $1::uuid, created.*
        FROM unnest(
            $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bytea[], $12::bigint[],
            $13::bigint[], $14::boolean[], $15::bigint[], $16::bigint[], $17::bigint[],
            $18::bigint[]
        ) AS created
        "#,
        organization.uuid(),
        &created.product_ids,
        &created.owner_ids,
        &created.stock_ids,
        &created.product_owner_ids,
        &created.available,
        &created.allocated,
        &created.unlocated_available,
        &created.unlocated_allocated,
        &created.sequences,
        &created.last_hashes,
        &created.created_at,
        &created.updated_at,
        &created.located,
        &created.unlocated_held,
        &created.unlocated_set_aside,
        &created.next_expiry as &[Option<i64>],
        &revisions,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("stocks", stocks.len(), &result)
}

#[expect(clippy::too_many_lines, reason = "most of it is a statement")]
async fn update(
    session: &mut Session,
    organization: OrganizationId,
    stocks: &[(&Stock, &Stock)],
    revisions: &Revisions,
) -> Result<(), StoreError> {
    if stocks.is_empty() {
        return Ok(());
    }
    let ids_before: Vec<_> = stocks.iter().map(|(before, _)| before.id.uuid()).collect();
    let revisions_before: Vec<_> = stocks
        .iter()
        .map(|(before, _)| revisions.of_stock(before.key()))
        .collect();
    let revisions_after: Vec<_> = stocks
        .iter()
        .map(|(_, after)| revisions.after_stock(after))
        .collect();
    let after = StockColumns::new(organization, stocks.iter().map(|(_, after)| *after));
    // Finds only rows that are as they were when the change was decided. These rows are inserted, and
    // conflict with themselves, so that PostgreSQL always finds them by primary key: it might plan an
    // `UPDATE` to go through all stock of the organization.
    let result = sqlx::query!(
        r#"
        INSERT INTO stocks AS stored (
            organization_id, product_id, owner_id, stock_id, product_owner_id, available,
            allocated, unlocated_available, unlocated_allocated, sequence, last_hash, created_at,
            updated_at, located, unlocated_held, unlocated_set_aside, next_expiry, revision
        )
        SELECT
            $1::uuid, updated.product_id, updated.owner_id, updated.stock_id, product_owner_id,
            available, allocated, unlocated_available, unlocated_allocated, updated.sequence,
            last_hash, created_at, updated_at, located, unlocated_held, unlocated_set_aside,
            next_expiry, updated.revision
        FROM unnest(
            $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::uuid[], $7::uuid[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
            $13::bytea[], $14::bigint[], $15::bigint[], $16::boolean[], $17::bigint[],
            $18::bigint[], $19::bigint[], $20::bigint[]
        ) AS updated (
            product_id, owner_id, stock_id_before, revision_before, stock_id, product_owner_id,
            available, allocated, unlocated_available, unlocated_allocated, sequence, last_hash,
            created_at, updated_at, located, unlocated_held, unlocated_set_aside, next_expiry,
            revision
        )
        CROSS JOIN LATERAL (
            SELECT FROM stocks
            WHERE stocks.organization_id = $1
                AND stocks.product_id = updated.product_id
                AND stocks.owner_id = updated.owner_id
                AND stocks.stock_id = updated.stock_id_before
                AND stocks.revision = updated.revision_before
            OFFSET 0
        ) AS found
        ON CONFLICT (organization_id, product_id, owner_id) DO UPDATE SET
            stock_id = excluded.stock_id,
            product_owner_id = excluded.product_owner_id,
            available = excluded.available,
            allocated = excluded.allocated,
            unlocated_available = excluded.unlocated_available,
            unlocated_allocated = excluded.unlocated_allocated,
            sequence = excluded.sequence,
            last_hash = excluded.last_hash,
            created_at = excluded.created_at,
            updated_at = excluded.updated_at,
            located = excluded.located,
            unlocated_held = excluded.unlocated_held,
            unlocated_set_aside = excluded.unlocated_set_aside,
            next_expiry = excluded.next_expiry,
            revision = excluded.revision
        "#,
        organization.uuid(),
        &after.product_ids,
        &after.owner_ids,
        &ids_before,
        &revisions_before,
        &after.stock_ids,
        &after.product_owner_ids,
        &after.available,
        &after.allocated,
        &after.unlocated_available,
        &after.unlocated_allocated,
        &after.sequences,
        &after.last_hashes,
        &after.created_at,
        &after.updated_at,
        &after.located,
        &after.unlocated_held,
        &after.unlocated_set_aside,
        &after.next_expiry as &[Option<i64>],
        &revisions_after,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("stocks", stocks.len(), &result)
}
