//! Stores changes of transfers.

use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, TransferChange, TransferId};
use stockroom_sql::{ChangedLines, ReceiptRow, TransferLineRow, TransferRow};
use uuid::Uuid;

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Creates a transfer, or changes it.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    change: &TransferChange,
) -> Result<(), StoreError> {
    let row = TransferRow::of(&change.after, organization);
    let id = row.transfer_id;
    match change.before {
        None => insert(session, organization, row).await?,
        Some(_) => update(session, organization, row).await?,
    }
    let lines = match ChangedLines::of(change) {
        ChangedLines::Updated(lines) => lines,
        ChangedLines::Replaced(lines) => {
            if change.before.is_some() {
                delete_lines(session, organization, id).await?;
            }
            lines
        }
    };
    if !lines.is_empty() {
        store_lines(session, organization, id, lines).await?;
    }
    for receipt in ReceiptRow::of_change(change) {
        store_receipt(session, organization, receipt).await?;
    }
    Ok(())
}

/// Deletes a draft.
pub(crate) async fn delete(
    session: &mut Session,
    organization: OrganizationId,
    id: TransferId,
) -> Result<(), StoreError> {
    delete_lines(session, organization, id.uuid()).await?;
    let result = sqlx::query!(
        r#"
        DELETE FROM transfers
        WHERE organization_id = $1 AND transfer_id = $2 AND state = 'draft'
        "#,
        organization.uuid(),
        id.uuid(),
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("transfers", 1, &result)
}

async fn insert(
    session: &mut Session,
    organization: OrganizationId,
    row: TransferRow,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        r#"
        INSERT INTO transfers (
            organization_id, transfer_id, owner_id, created_at, actor_key_id, actor_name, state,
            is_open, supplier, from_location_id, to_location_id, reference, note, expected_at,
            announced, to_be_announced, updated_at, version
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        "#,
        organization.uuid(),
        row.transfer_id,
        row.owner_id,
        row.created_at,
        row.actor_key_id,
        row.actor_name,
        row.state,
        row.is_open,
        row.supplier,
        row.from_location_id,
        row.to_location_id,
        row.reference,
        row.note,
        row.expected_at,
        row.announced,
        row.to_be_announced,
        row.updated_at,
        row.version,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("transfers", 1, &result)
}

async fn update(
    session: &mut Session,
    organization: OrganizationId,
    row: TransferRow,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        r#"
        UPDATE transfers
        SET
            state = $3, is_open = $4, supplier = $5, from_location_id = $6, to_location_id = $7,
            reference = $8, note = $9, expected_at = $10, announced = $11, to_be_announced = $12,
            updated_at = $13, version = $14
        WHERE organization_id = $1 AND transfer_id = $2
        "#,
        organization.uuid(),
        row.transfer_id,
        row.state,
        row.is_open,
        row.supplier,
        row.from_location_id,
        row.to_location_id,
        row.reference,
        row.note,
        row.expected_at,
        row.announced,
        row.to_be_announced,
        row.updated_at,
        row.version,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("transfers", 1, &result)
}

async fn delete_lines(
    session: &mut Session,
    organization: OrganizationId,
    transfer_id: Uuid,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM transfer_lines WHERE organization_id = $1 AND transfer_id = $2",
        organization.uuid(),
        transfer_id,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Lines by columns.
#[derive(Default)]
struct LineColumns {
    lines: Vec<i64>,
    product_ids: Vec<Uuid>,
    quantities: Vec<i64>,
    stock_ids: Vec<Option<Uuid>>,
    is_open: Vec<bool>,
    allocated: Vec<i64>,
    in_transit: Vec<i64>,
    received: Vec<i64>,
    damaged: Vec<i64>,
    missing: Vec<i64>,
    cancelled: Vec<i64>,
    surplus: Vec<i64>,
}

impl LineColumns {
    fn new(lines: Vec<TransferLineRow>) -> Self {
        let mut columns = Self::default();
        for line in lines {
            columns.lines.push(line.line);
            columns.product_ids.push(line.product_id);
            columns.quantities.push(line.quantity);
            columns.stock_ids.push(line.stock_id);
            columns.is_open.push(line.is_open);
            columns.allocated.push(line.allocated);
            columns.in_transit.push(line.in_transit);
            columns.received.push(line.received);
            columns.damaged.push(line.damaged);
            columns.missing.push(line.missing);
            columns.cancelled.push(line.cancelled);
            columns.surplus.push(line.surplus);
        }
        columns
    }
}

/// Adds lines, or gives those that there are new figures.
async fn store_lines(
    session: &mut Session,
    organization: OrganizationId,
    transfer_id: Uuid,
    lines: Vec<TransferLineRow>,
) -> Result<(), StoreError> {
    let count = lines.len();
    let columns = LineColumns::new(lines);
    let result = sqlx::query!(
        r#"
        INSERT INTO transfer_lines (
            organization_id, transfer_id, line, product_id, quantity, stock_id, is_open, allocated,
            in_transit, received, damaged, missing, cancelled, surplus
        )
        SELECT $1::uuid, $2::uuid, stored.*
        FROM unnest(
            $3::bigint[], $4::uuid[], $5::bigint[], $6::uuid[], $7::boolean[], $8::bigint[],
            $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[]
        ) AS stored
        ON CONFLICT (organization_id, transfer_id, line) DO UPDATE SET
            stock_id = excluded.stock_id,
            is_open = excluded.is_open,
            allocated = excluded.allocated,
            in_transit = excluded.in_transit,
            received = excluded.received,
            damaged = excluded.damaged,
            missing = excluded.missing,
            cancelled = excluded.cancelled,
            surplus = excluded.surplus
        "#,
        organization.uuid(),
        transfer_id,
        &columns.lines,
        &columns.product_ids,
        &columns.quantities,
        &columns.stock_ids as &[Option<Uuid>],
        &columns.is_open,
        &columns.allocated,
        &columns.in_transit,
        &columns.received,
        &columns.damaged,
        &columns.missing,
        &columns.cancelled,
        &columns.surplus,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("transfer_lines", count, &result)
}

/// Adds a receipt, or marks it as undone: each once.
async fn store_receipt(
    session: &mut Session,
    organization: OrganizationId,
    receipt: ReceiptRow,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        r#"
        INSERT INTO transfer_receipts (
            organization_id, transfer_id, receipt, receipt_id, received_at, undone_at, items
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (organization_id, transfer_id, receipt)
            DO UPDATE SET undone_at = excluded.undone_at
            WHERE transfer_receipts.undone_at IS NULL AND excluded.undone_at IS NOT NULL
        "#,
        organization.uuid(),
        receipt.transfer_id,
        receipt.receipt,
        receipt.receipt_id,
        receipt.received_at,
        receipt.undone_at,
        receipt.items,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("transfer_receipts", 1, &result)
}
