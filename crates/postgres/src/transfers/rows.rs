//! Transfers.

use std::collections::{BTreeMap, BTreeSet};

use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Transfer, TransferId};
use stockroom_sql::{ReceiptRow, Slugs, TransferLineRow, TransferRow};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::uuids;
use crate::connection::session::Session;

/// The transfers with these ids that exist, in the order of creation. The session has to show one moment, or
/// hold locks on them.
pub(crate) async fn transfers(
    session: &mut Session,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = TransferId>,
) -> Result<Vec<Transfer>, StoreError> {
    let read = each(session, organization, &uuids(ids)).await?;
    read.into_iter().collect()
}

/// The same; each is read with a result of its own.
pub(crate) async fn each(
    session: &mut Session,
    organization: OrganizationId,
    ids: &[Uuid],
) -> Result<Vec<Result<Transfer, StoreError>>, StoreError> {
    let rows = headers(session, organization, ids).await?;
    let locations: Vec<Uuid> = rows.iter().flat_map(TransferRow::locations).collect();
    let slugs = slugs(session, organization, &locations).await?;
    let mut lines: BTreeMap<Uuid, Vec<TransferLineRow>> = BTreeMap::new();
    for line in self::lines(session, organization, ids).await? {
        lines.entry(line.transfer_id).or_default().push(line);
    }
    let mut receipts: BTreeMap<Uuid, Vec<ReceiptRow>> = BTreeMap::new();
    for receipt in self::receipts(session, organization, ids).await? {
        let of_transfer = receipts.entry(receipt.transfer_id).or_default();
        of_transfer.push(receipt);
    }
    let transfers = rows.into_iter().map(|row| {
        let lines = lines.remove(&row.transfer_id).unwrap_or_default();
        let receipts = receipts.remove(&row.transfer_id).unwrap_or_default();
        row.decode(organization, &slugs, lines, receipts)
    });
    Ok(transfers.collect())
}

/// The ids of at most `limit` transfers after this one, in order.
pub(crate) async fn ids_after(
    session: &mut Session,
    organization: OrganizationId,
    after: TransferId,
    limit: u32,
) -> Result<Vec<Uuid>, StoreError> {
    sqlx::query_scalar!(
        r#"
        SELECT transfer_id FROM transfers
        WHERE organization_id = $1 AND transfer_id > $2
        ORDER BY transfer_id
        LIMIT $3
        "#,
        organization.uuid(),
        after.uuid(),
        i64::from(limit),
    )
    .fetch_all(session)
    .await
    .map_err(failed)
}

async fn headers(
    session: &mut Session,
    organization: OrganizationId,
    ids: &[Uuid],
) -> Result<Vec<TransferRow>, StoreError> {
    sqlx::query_as!(
        TransferRow,
        r#"
        SELECT
            transfers.transfer_id AS "transfer_id!",
            transfers.owner_id AS "owner_id!",
            transfers.created_at AS "created_at!",
            transfers.actor_key_id AS "actor_key_id?",
            transfers.actor_name AS "actor_name?",
            transfers.state AS "state!",
            transfers.is_open AS "is_open!",
            transfers.supplier AS "supplier?",
            transfers.from_location_id AS "from_location_id?",
            transfers.to_location_id AS "to_location_id?",
            transfers.reference AS "reference?",
            transfers.note AS "note?",
            transfers.expected_at AS "expected_at?",
            transfers.announced AS "announced?",
            transfers.to_be_announced AS "to_be_announced?",
            transfers.updated_at AS "updated_at!",
            transfers.version AS "version!"
        FROM unnest($2::uuid[]) AS wanted (transfer_id)
        CROSS JOIN LATERAL (
            SELECT * FROM transfers
            WHERE transfers.organization_id = $1 AND transfers.transfer_id = wanted.transfer_id
            OFFSET 0
        ) AS transfers
        ORDER BY transfers.transfer_id
        "#,
        organization.uuid(),
        ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)
}

/// The names of these locations, including those that are deleted.
async fn slugs(
    session: &mut Session,
    organization: OrganizationId,
    locations: &[Uuid],
) -> Result<Slugs, StoreError> {
    if locations.is_empty() {
        return Ok(Slugs::new());
    }
    let found = sqlx::query!(
        r#"
        SELECT locations.location_id AS "location_id!", locations.slug AS "slug!"
        FROM unnest($2::uuid[]) AS wanted (location_id)
        CROSS JOIN LATERAL (
            SELECT location_id, slug FROM locations
            WHERE locations.organization_id = $1 AND locations.location_id = wanted.location_id
            OFFSET 0
        ) AS locations
        "#,
        organization.uuid(),
        locations,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    let slugs = found
        .into_iter()
        .map(|found| (found.location_id, found.slug));
    Ok(slugs.collect())
}

async fn lines(
    session: &mut Session,
    organization: OrganizationId,
    ids: &[Uuid],
) -> Result<Vec<TransferLineRow>, StoreError> {
    sqlx::query_as!(
        TransferLineRow,
        r#"
        SELECT
            lines.transfer_id AS "transfer_id!",
            lines.line AS "line!",
            lines.product_id AS "product_id!",
            lines.quantity AS "quantity!",
            lines.stock_id AS "stock_id?",
            lines.is_open AS "is_open!",
            lines.allocated AS "allocated!",
            lines.in_transit AS "in_transit!",
            lines.received AS "received!",
            lines.damaged AS "damaged!",
            lines.missing AS "missing!",
            lines.cancelled AS "cancelled!",
            lines.surplus AS "surplus!"
        FROM unnest($2::uuid[]) AS wanted (transfer_id)
        CROSS JOIN LATERAL (
            SELECT * FROM transfer_lines
            WHERE transfer_lines.organization_id = $1
                AND transfer_lines.transfer_id = wanted.transfer_id
            OFFSET 0
        ) AS lines
        ORDER BY lines.transfer_id, lines.line
        "#,
        organization.uuid(),
        ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)
}

async fn receipts(
    session: &mut Session,
    organization: OrganizationId,
    ids: &[Uuid],
) -> Result<Vec<ReceiptRow>, StoreError> {
    sqlx::query_as!(
        ReceiptRow,
        r#"
        SELECT
            receipts.transfer_id AS "transfer_id!",
            receipts.receipt AS "receipt!",
            receipts.receipt_id AS "receipt_id!",
            receipts.received_at AS "received_at!",
            receipts.undone_at AS "undone_at?",
            receipts.items AS "items!"
        FROM unnest($2::uuid[]) AS wanted (transfer_id)
        CROSS JOIN LATERAL (
            SELECT * FROM transfer_receipts
            WHERE transfer_receipts.organization_id = $1
                AND transfer_receipts.transfer_id = wanted.transfer_id
            OFFSET 0
        ) AS receipts
        ORDER BY receipts.transfer_id, receipts.receipt
        "#,
        organization.uuid(),
        ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)
}

/// Locks the transfers with these ids that exist, in the order of their ids.
pub(crate) async fn lock(
    session: &mut Session,
    organization: OrganizationId,
    ids: BTreeSet<TransferId>,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids = uuids(ids);
    sqlx::query!(
        r#"
        SELECT transfer_id FROM transfers
        WHERE organization_id = $1 AND transfer_id = ANY($2::uuid[])
        ORDER BY transfer_id
        FOR UPDATE
        "#,
        organization.uuid(),
        &ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    Ok(())
}
