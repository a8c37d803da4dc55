//! Repairs stock. A repair takes the locks that a batch would take in its place.

use stockroom_application::ports::StoreError;
use stockroom_domain::{LocationId, OrganizationId, RawBalance, RawStock, StockKey};

use stockroom_sql::raw_columns;

use super::rows;
use crate::commit;
use crate::connection::error::{expect_rows, failed, unclear};
use crate::connection::open::PostgresDatabase;
use crate::connection::session::Session;

/// Replaces `found` with `repaired`, unless the stock has changed since it was found. Other servers
/// that have the old stock in their cache notice the repair when they next change the stock.
pub(crate) async fn repair(
    database: &PostgresDatabase,
    organization: OrganizationId,
    found: &RawStock,
    repaired: &RawStock,
) -> Result<bool, StoreError> {
    let key = StockKey {
        product: found.product,
        owner: found.owner,
    };
    let mut session = database.write().await?;
    commit::locks::locations(&mut session, organization).await?;
    lock(&mut session, organization, key).await?;
    let current = rows::current(&mut session, organization, key).await?;
    if current.as_ref() != Some(found) {
        session.rollback().await?;
        return Ok(false);
    }
    update(&mut session, organization, repaired).await?;
    for location in found.located.keys() {
        if !repaired.located.contains_key(location) {
            remove(&mut session, organization, repaired, *location).await?;
        }
    }
    for (location, balance) in &repaired.located {
        let [held, held_before] = [repaired, found].map(|it| it.held.in_location(*location));
        let [policy, policy_before] = [repaired, found].map(|it| it.policies.get(&Some(*location)));
        if found.located.get(location) != Some(balance)
            || held != held_before
            || policy != policy_before
        {
            keep(&mut session, organization, repaired, *location, *balance).await?;
        }
    }
    session.commit().await.map_err(unclear)?;
    database.stock_cache.forget(organization, key);
    Ok(true)
}

async fn lock(
    session: &mut Session,
    organization: OrganizationId,
    key: StockKey,
) -> Result<(), StoreError> {
    let locked = sqlx::query!(
        r#"
        SELECT stock_id
        FROM stocks
        WHERE organization_id = $1 AND product_id = $2 AND owner_id = $3
        FOR UPDATE
        "#,
        organization.uuid(),
        key.product.uuid(),
        key.owner.to_uuid(organization),
    );
    locked.fetch_optional(session).await.map_err(failed)?;
    Ok(())
}

async fn update(
    session: &mut Session,
    organization: OrganizationId,
    stock: &RawStock,
) -> Result<(), StoreError> {
    let (policy, low) = raw_columns(stock.policies.get(&None));
    let last_hash = stock.last_hash.map(|hash| hash.0.to_vec());
    let result = sqlx::query!(
        r#"
        UPDATE stocks SET
            available = $4,
            allocated = $5,
            unlocated_available = $6,
            unlocated_allocated = $7,
            sequence = $8,
            last_hash = $9,
            created_at = $10,
            updated_at = $11,
            located = $12,
            unlocated_held = $13,
            next_expiry = $14,
            policy = $15,
            low = $16,
            unlocated_set_aside = $17,
            revision = revision + 1
        WHERE organization_id = $1 AND product_id = $2 AND owner_id = $3
        "#,
        organization.uuid(),
        stock.product.uuid(),
        stock.owner.to_uuid(organization),
        stock.sums.available,
        stock.sums.allocated,
        stock.unlocated.available,
        stock.unlocated.allocated,
        stock.sequence,
        last_hash,
        stock.created_at,
        stock.updated_at,
        !stock.located.is_empty(),
        stock.held.pieces_in(None),
        stock.held.first_expiry,
        policy,
        low,
        stock.held.set_aside_in(None),
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("stocks", 1, &result)
}

async fn remove(
    session: &mut Session,
    organization: OrganizationId,
    stock: &RawStock,
    location: LocationId,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"
        DELETE FROM positions
        WHERE organization_id = $1 AND stock_id = $2 AND location_id IS NOT DISTINCT FROM $3
        "#,
        organization.uuid(),
        stock.id.uuid(),
        location.uuid(),
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    sqlx::query!(
        r#"
        UPDATE position_spans SET removed_at = greatest(added_at, $4)
        WHERE organization_id = $1
            AND stock_id = $2
            AND location_id IS NOT DISTINCT FROM $3
            AND removed_at IS NULL
        "#,
        organization.uuid(),
        stock.id.uuid(),
        location.uuid(),
        stock.updated_at,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn keep(
    session: &mut Session,
    organization: OrganizationId,
    stock: &RawStock,
    location: LocationId,
    balance: RawBalance,
) -> Result<(), StoreError> {
    let (policy, low) = raw_columns(stock.policies.get(&Some(location)));
    sqlx::query!(
        r#"
        INSERT INTO positions (
            organization_id, stock_id, location_id, available, allocated, held, policy, low,
            set_aside
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (organization_id, stock_id, location_id) DO UPDATE SET
            available = excluded.available,
            allocated = excluded.allocated,
            held = excluded.held,
            policy = excluded.policy,
            low = excluded.low,
            set_aside = excluded.set_aside
        "#,
        organization.uuid(),
        stock.id.uuid(),
        location.uuid(),
        balance.available,
        balance.allocated,
        stock.held.pieces_in(Some(location)),
        policy,
        low,
        stock.held.set_aside_in(Some(location)),
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    // Begins the span of a position, unless it has one that hasn't ended.
    sqlx::query!(
        r#"
        INSERT INTO position_spans (organization_id, stock_id, location_id, added_at)
        SELECT $1::uuid, $2::uuid, $3::uuid, $4::bigint
        WHERE NOT EXISTS (
            SELECT 1 FROM position_spans
            WHERE organization_id = $1
                AND stock_id = $2
                AND location_id IS NOT DISTINCT FROM $3
                AND removed_at IS NULL
        )
        "#,
        organization.uuid(),
        stock.id.uuid(),
        location.uuid(),
        stock.updated_at,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}
