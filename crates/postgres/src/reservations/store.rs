//! Stores changes to reservations.

use std::collections::BTreeMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{LapsedLine, OrganizationId, ReservationChange, ReservationId};
use stockroom_sql::{Growth, place};
use uuid::Uuid;

use super::columns::{LineColumns, ReservationColumns};
use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;
use crate::revision::Revisions;

/// Stores that the quantities of lapsed lines are released.
pub(crate) async fn settle(
    session: &mut Session,
    organization: OrganizationId,
    holds: &[LapsedLine],
) -> Result<(), StoreError> {
    if holds.is_empty() {
        return Ok(());
    }
    let reservation_ids: Vec<Uuid> = holds.iter().map(|hold| hold.reservation.uuid()).collect();
    let places: Vec<i64> = holds.iter().map(|hold| place(hold.line)).collect();
    let open: Vec<i64> = holds.iter().map(|hold| hold.quantity.into()).collect();
    let result = sqlx::query!(
        r#"
        INSERT INTO reservation_lines (
            organization_id, reservation_id, line, stock_id, product_id, stock_owner_id,
            location_id, quantity, fulfilled, released, expires_at
        )
        SELECT
            $1::uuid, reservation_id, line, stock_id, product_id, stock_owner_id, location_id,
            quantity, fulfilled, quantity - fulfilled, NULL
        FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS settled (
            settled_id, settled_line, open
        )
        CROSS JOIN LATERAL (
            SELECT * FROM reservation_lines
            WHERE reservation_lines.organization_id = $1
                AND reservation_lines.reservation_id = settled.settled_id
                AND reservation_lines.line = settled.settled_line
                AND quantity - fulfilled - released = settled.open
            OFFSET 0
        ) AS found
        ON CONFLICT (organization_id, reservation_id, line) DO UPDATE SET
            released = excluded.released,
            expires_at = excluded.expires_at
        "#,
        organization.uuid(),
        &reservation_ids,
        &places,
        &open,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("reservation_lines", holds.len(), &result)
}

/// Stores new and changed reservations, apart from their orders. Like rows of stock, changed rows are
/// inserted, and conflict with themselves.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    changes: &BTreeMap<ReservationId, ReservationChange>,
    revisions: &Revisions,
    growth: &mut Growth,
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    growth.add_reservations(organization, changes);
    let columns = ReservationColumns::new(organization, changes.values(), revisions);
    let result = sqlx::query!(
        r#"
        INSERT INTO reservations (
            organization_id, reservation_id, owner_id, order_id, status, expires_at, created_at,
            updated_at, revision, version
        )
        SELECT
            $1::uuid, changed.reservation_id, owner_id, order_id, status, expires_at, created_at,
            updated_at, changed.revision, version
        FROM unnest(
            $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[]
        ) AS changed (
            reservation_id, owner_id, order_id, status, expires_at, created_at, updated_at,
            revision_before, revision, version
        )
        LEFT JOIN LATERAL (
            SELECT revision FROM reservations
            WHERE reservations.organization_id = $1
                AND reservations.reservation_id = changed.reservation_id
            OFFSET 0
        ) AS found ON true
        WHERE coalesce(found.revision, 0) = changed.revision_before
        ON CONFLICT (organization_id, reservation_id) DO UPDATE SET
            status = excluded.status,
            expires_at = excluded.expires_at,
            updated_at = excluded.updated_at,
            revision = excluded.revision,
            version = excluded.version
        "#,
        organization.uuid(),
        &columns.ids,
        &columns.owner_ids,
        &columns.order_ids as &[Option<&str>],
        &columns.statuses as &[&'static str],
        &columns.expires_at as &[Option<i64>],
        &columns.created_at,
        &columns.updated_at,
        &columns.revisions_before,
        &columns.revisions,
        &columns.versions,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    expect_rows("reservations", changes.len(), &result)?;
    let lines = LineColumns::new(organization, changes.values());
    if lines.places.is_empty() {
        return Ok(());
    }
    store_lines(session, organization, &lines).await
}

async fn store_lines(
    session: &mut Session,
    organization: OrganizationId,
    lines: &LineColumns,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        r#"
        INSERT INTO reservation_lines (
            organization_id, reservation_id, line, stock_id, product_id, stock_owner_id,
            location_id, quantity, fulfilled, released, expires_at
        )
        SELECT $1::uuid, changed.*
        FROM unnest(
            $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[]
        ) AS changed
        ON CONFLICT (organization_id, reservation_id, line) DO UPDATE SET
            fulfilled = excluded.fulfilled,
            released = excluded.released,
            expires_at = excluded.expires_at
        "#,
        organization.uuid(),
        &lines.reservation_ids,
        &lines.places,
        &lines.stock_ids,
        &lines.product_ids,
        &lines.stock_owner_ids,
        &lines.location_ids as &[Option<Uuid>],
        &lines.quantities,
        &lines.fulfilled,
        &lines.released,
        &lines.expires_at as &[Option<i64>],
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("reservation_lines", lines.places.len(), &result)
}
