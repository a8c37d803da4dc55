//! Stores changes to positions.

use stockroom_application::ports::StoreError;
use stockroom_domain::OrganizationId;
use stockroom_sql::{PositionChanges, PositionRow, Span, StocksByFate};
use uuid::Uuid;

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Stores new and changed positions, and removes those that are gone.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    stocks: &StocksByFate<'_>,
) -> Result<(), StoreError> {
    let PositionChanges {
        stored,
        begun,
        ended,
    } = PositionChanges::new(stocks.remaining());
    for stock in stocks.gone() {
        for location in stock.located.keys() {
            remove(session, organization, stock.id.uuid(), location.uuid()).await?;
        }
    }
    for span in &ended {
        remove(session, organization, span.stock_id, span.location_id).await?;
    }
    store_rows(session, organization, &stored).await?;
    for span in &ended {
        end(session, organization, span).await?;
    }
    begin(session, organization, &begun).await
}

/// Removes a position by primary key, because removals are rare.
async fn remove(
    session: &mut Session,
    organization: OrganizationId,
    stock_id: Uuid,
    location_id: Uuid,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        r#"
        DELETE FROM positions
        WHERE organization_id = $1
            AND stock_id = $2
            AND location_id IS NOT DISTINCT FROM $3
        "#,
        organization.uuid(),
        stock_id,
        location_id,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("positions", 1, &result)
}

async fn store_rows(
    session: &mut Session,
    organization: OrganizationId,
    positions: &[PositionRow],
) -> Result<(), StoreError> {
    if positions.is_empty() {
        return Ok(());
    }
    let rows = positions.iter();
    let stock_ids: Vec<Uuid> = rows.clone().map(|row| row.stock_id).collect();
    let location_ids: Vec<Uuid> = rows.clone().map(|row| row.location_id).collect();
    let available: Vec<i64> = rows.clone().map(|row| row.available).collect();
    let allocated: Vec<i64> = rows.clone().map(|row| row.allocated).collect();
    let held: Vec<i64> = rows.clone().map(|row| row.held).collect();
    let set_aside: Vec<i64> = rows.map(|row| row.set_aside).collect();
    let result = sqlx::query!(
        r#"
        INSERT INTO positions (
            organization_id, stock_id, location_id, available, allocated, held, set_aside
        )
        SELECT $1::uuid, kept.*
        FROM unnest(
            $2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]
        ) AS kept
        ON CONFLICT (organization_id, stock_id, location_id) DO UPDATE SET
            available = excluded.available,
            allocated = excluded.allocated,
            held = excluded.held,
            set_aside = excluded.set_aside
        "#,
        organization.uuid(),
        &stock_ids,
        &location_ids,
        &available,
        &allocated,
        &held,
        &set_aside,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("positions", positions.len(), &result)
}

/// Stores the time at which a position ends.
async fn end(
    session: &mut Session,
    organization: OrganizationId,
    span: &Span,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        r#"
        UPDATE position_spans SET removed_at = $4
        WHERE organization_id = $1
            AND stock_id = $2
            AND location_id IS NOT DISTINCT FROM $3
            AND removed_at IS NULL
        "#,
        organization.uuid(),
        span.stock_id,
        span.location_id,
        span.at,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("position_spans", 1, &result)
}

/// Stores the times at which positions begin.
async fn begin(
    session: &mut Session,
    organization: OrganizationId,
    spans: &[Span],
) -> Result<(), StoreError> {
    if spans.is_empty() {
        return Ok(());
    }
    let begun = spans.iter();
    let stock_ids: Vec<Uuid> = begun.clone().map(|span| span.stock_id).collect();
    let location_ids: Vec<Uuid> = begun.clone().map(|span| span.location_id).collect();
    let added_at: Vec<i64> = begun.map(|span| span.at).collect();
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
    expect_rows("position_spans", spans.len(), &result)
}
