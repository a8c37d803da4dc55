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
            updated_at, revision, version, actor_key_id, actor_name, hold_reason, sent
        )
        SELECT
            $1::uuid, changed.reservation_id, owner_id, order_id, status, expires_at, created_at,
            updated_at, changed.revision, version, actor_key_id, actor_name, hold_reason, sent
        FROM unnest(
            $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::uuid[], $13::text[],
            $14::text[], $15::text[]
        ) AS changed (
            reservation_id, owner_id, order_id, status, expires_at, created_at, updated_at,
            revision_before, revision, version, actor_key_id, actor_name, hold_reason, sent
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
            version = excluded.version,
            sent = excluded.sent
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
        &columns.actor_key_ids as &[Option<Uuid>],
        &columns.actor_names as &[Option<&str>],
        &columns.hold_reasons as &[Option<&str>],
        &columns.sent as &[Option<String>],
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    expect_rows("reservations", changes.len(), &result)?;
    delete_lines(session, organization, changes).await?;
    let lines = LineColumns::new(organization, changes.values());
    if lines.places.is_empty() {
        return Ok(());
    }
    store_lines(session, organization, &lines).await
}

/// Deletes the lines that reservations no longer have.
async fn delete_lines(
    session: &mut Session,
    organization: OrganizationId,
    changes: &BTreeMap<ReservationId, ReservationChange>,
) -> Result<(), StoreError> {
    let cut = changes.values();
    let cut = cut.filter_map(|change| Some((change.after.id.uuid(), place(change.cut_to()?))));
    let (ids, lengths): (Vec<Uuid>, Vec<i64>) = cut.unzip();
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        DELETE FROM reservation_lines
        USING unnest($2::uuid[], $3::bigint[]) AS cut (cut_id, length)
        WHERE reservation_lines.organization_id = $1
            AND reservation_lines.reservation_id = cut.cut_id
            AND reservation_lines.line >= cut.length
        "#,
        organization.uuid(),
        &ids,
        &lengths,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
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
            location_id, quantity, fulfilled, released, returned, expires_at
        )
        SELECT $1::uuid, changed.*
        FROM unnest(
            $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[]
        ) AS changed
        ON CONFLICT (organization_id, reservation_id, line) DO UPDATE SET
            stock_id = excluded.stock_id,
            product_id = excluded.product_id,
            stock_owner_id = excluded.stock_owner_id,
            location_id = excluded.location_id,
            quantity = excluded.quantity,
            fulfilled = excluded.fulfilled,
            released = excluded.released,
            returned = excluded.returned,
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
        &lines.returned,
        &lines.expires_at as &[Option<i64>],
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("reservation_lines", lines.places.len(), &result)
}
