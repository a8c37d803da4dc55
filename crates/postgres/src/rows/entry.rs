//! Ledger entries.

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Balance, Entry, EntryAction, KeyId, LocationId, OrganizationId, ProductId, Recorded, Slug,
    StockId, TransactionId,
};
use uuid::Uuid;

use super::Row;
use crate::error::failed;
use crate::session::Session;

/// The entries with these sequence numbers of a stock's ledger, as far as there are such, in
/// order.
pub(crate) async fn entries(
    session: &mut Session,
    organization: OrganizationId,
    product: ProductId,
    stock: StockId,
    sequences: impl IntoIterator<Item = i64>,
) -> Result<Vec<Recorded>, StoreError> {
    let sequences: Vec<i64> = sequences.into_iter().collect();
    let organization_id = organization.uuid();
    let stock_id = stock.uuid();
    sqlx::query_as!(
        EntryRow,
        r#"
        SELECT
            entries.sequence AS "sequence!",
            entries.transaction_id AS "transaction_id!",
            entries.location_id AS "location_id?",
            entries.action AS "action!",
            entries.quantity AS "quantity!",
            entries.available AS "available!",
            entries.allocated AS "allocated!",
            entries.actor_key_id AS "actor_key_id?",
            entries.created_at AS "created_at!",
            locations.slug AS "slug?"
        FROM unnest($3::bigint[]) AS wanted (sequence)
        CROSS JOIN LATERAL (
            SELECT * FROM entries
            WHERE entries.organization_id = $1
                AND entries.stock_id = $2
                AND entries.sequence = wanted.sequence
            OFFSET 0
        ) AS entries
        LEFT JOIN LATERAL (
            SELECT * FROM locations
            WHERE locations.organization_id = $1
                AND locations.location_id = entries.location_id
            OFFSET 0
        ) AS locations ON true
        ORDER BY entries.sequence
        "#,
        organization_id,
        stock_id,
        &sequences,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| row.decode(product, stock))
    .collect()
}

struct EntryRow {
    sequence: i64,
    transaction_id: Uuid,
    location_id: Option<Uuid>,
    action: String,
    quantity: i64,
    available: i64,
    allocated: i64,
    actor_key_id: Option<Uuid>,
    created_at: i64,
    slug: Option<String>,
}

impl EntryRow {
    fn decode(self, product: ProductId, stock: StockId) -> Result<Recorded, StoreError> {
        let row = Row {
            sequence: Some(self.sequence),
            ..Row::new("entries", stock.uuid())
        };
        let slug = self.slug.map(Slug::new).transpose();
        let slug = row.valid("location_id", slug)?;
        if slug.is_some() != self.location_id.is_some() {
            return Err(row.corrupt("location_id"));
        }
        let entry = Entry {
            id: TransactionId::new(self.transaction_id),
            stock,
            sequence: row.valid("sequence", u64::try_from(self.sequence))?,
            location: self.location_id.map(LocationId::new),
            action: EntryAction::from_word(&self.action).ok_or_else(|| row.corrupt("action"))?,
            quantity: row.quantity("quantity", self.quantity)?,
            balance: Balance {
                available: row.quantity("available", self.available)?,
                allocated: row.quantity("allocated", self.allocated)?,
            },
            actor: self.actor_key_id.map(KeyId::new),
            created_at: row.timestamp("created_at", self.created_at)?,
        };
        Ok(Recorded {
            entry,
            product,
            slug,
        })
    }
}
