//! Ledger entries.

use std::collections::HashMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{BatchEntry, OrganizationId, Recorded};
use stockroom_sql::{RecordedRow, Row, integer};

use crate::connection::error::failed;
use crate::connection::session::Session;

/// The requested entries that exist, in the order of their stocks and sequence numbers.
pub(crate) async fn entries(
    session: &mut Session,
    organization: OrganizationId,
    wanted: impl IntoIterator<Item = BatchEntry>,
) -> Result<Vec<Recorded>, StoreError> {
    let mut products = HashMap::new();
    let mut stock_ids = Vec::new();
    let mut sequences = Vec::new();
    for entry in wanted {
        products.insert(entry.stock.uuid(), entry.product);
        stock_ids.push(entry.stock.uuid());
        sequences.push(integer(entry.sequence));
    }
    let organization_id = organization.uuid();
    sqlx::query_as!(
        RecordedRow,
        r#"
        SELECT
            entries.stock_id AS "stock_id!",
            entries.sequence AS "sequence!",
            entries.transaction_id AS "transaction_id!",
            entries.location_id AS "location_id?",
            entries.action AS "action!",
            entries.quantity AS "quantity!",
            entries.available AS "available!",
            entries.allocated AS "allocated!",
            entries.sum_available AS "sum_available?",
            entries.sum_allocated AS "sum_allocated?",
            entries.reason AS "reason?",
            entries.reference AS "reference?",
            entries.idempotency_key AS "idempotency_key?",
            entries.batch_id AS "batch_id?",
            entries.undoes AS "undoes?",
            entries.actor_key_id AS "actor_key_id?",
            entries.as_of AS "as_of?",
            entries.created_at AS "created_at!",
            entries.hash AS "hash!",
            locations.slug AS "slug?",
            key_names.name AS "actor_name?",
            undoing.transaction_id AS "undone_by?"
        FROM unnest($2::uuid[], $3::bigint[]) AS wanted (stock_id, sequence)
        CROSS JOIN LATERAL (
            SELECT * FROM entries
            WHERE entries.organization_id = $1
                AND entries.stock_id = wanted.stock_id
                AND entries.sequence = wanted.sequence
            OFFSET 0
        ) AS entries
        LEFT JOIN LATERAL (
            SELECT * FROM locations
            WHERE locations.organization_id = $1
                AND locations.location_id = entries.location_id
            OFFSET 0
        ) AS locations ON true
        LEFT JOIN LATERAL (
            SELECT * FROM key_names
            WHERE key_names.organization_id = $1 AND key_names.key_id = entries.actor_key_id
            OFFSET 0
        ) AS key_names ON true
        LEFT JOIN LATERAL (
            SELECT * FROM entries AS undoing
            WHERE undoing.organization_id = $1
                AND undoing.stock_id = entries.stock_id
                AND undoing.undoes = entries.transaction_id
            OFFSET 0
        ) AS undoing ON true
        ORDER BY entries.stock_id, entries.sequence
        "#,
        organization_id,
        &stock_ids,
        &sequences,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| {
        let product = products.get(&row.stock_id).copied();
        let product = product.ok_or_else(|| Row::new("entries", row.stock_id).corrupt("stock_id"));
        row.decode(product?)
    })
    .collect()
}
