//! Transfers, their lines and their receipts.
//!
//! The items of a receipt are JSON, with a version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockroom_application::ports::{StoreError, TransferHold};
use stockroom_domain::{
    ActingKey, Arrival, Expected, KeyId, LocationId, Note, OpenTransfers, OrganizationId, Owner,
    ProductId, Receipt, ReceiptId, Reference, Slug, StockId, Supplier, Timestamp, Transfer,
    TransferChange, TransferId, TransferLine, TransferOrigin, TransferPlace, TransferProgress,
    TransferState,
};
use uuid::Uuid;

use crate::columns::row;
use crate::{Row, integer, place};

/// The version of the JSON. It changes only if older rows can no longer be read. To avoid that, a new field
/// gets a default, and a renamed one an alias.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct StoredItems<T> {
    format: u32,
    items: T,
}

row! {
    /// A row of `transfers`. The columns that stay as they are come first.
    TransferRow {
        transfer_id: Uuid,
        owner_id: Uuid,
        created_at: i64,
        actor_key_id: Option<Uuid>,
        actor_name: Option<String>,
        state: String,
        is_open: bool,
        supplier: Option<String>,
        from_location_id: Option<Uuid>,
        to_location_id: Option<Uuid>,
        reference: Option<String>,
        note: Option<String>,
        expected_at: Option<i64>,
        announced: Option<i64>,
        to_be_announced: Option<i64>,
        updated_at: i64,
        version: i64,
    }
}

/// The names of locations, by id, including those that are deleted.
pub type Slugs = BTreeMap<Uuid, String>;

impl TransferRow {
    /// The columns that a change leaves as they are.
    pub const CONSTANT: &'static [&'static str] = &[
        "transfer_id",
        "owner_id",
        "created_at",
        "actor_key_id",
        "actor_name",
    ];

    /// The row of a transfer.
    #[must_use]
    pub fn of(transfer: &Transfer, organization: OrganizationId) -> Self {
        let actor = transfer.actor.as_ref();
        let supplier = match &transfer.from {
            TransferOrigin::Place(_) => None,
            TransferOrigin::Supplier(supplier) => Some(supplier.to_string()),
        };
        let location = |place: Option<&(LocationId, Slug)>| place.map(|(id, _)| id.uuid());
        let at = |at: Option<Timestamp>| at.map(Timestamp::as_milliseconds);
        Self {
            transfer_id: transfer.id.uuid(),
            owner_id: transfer.owner.to_uuid(organization),
            created_at: transfer.created_at.as_milliseconds(),
            actor_key_id: actor.map(|actor| actor.key.uuid()),
            actor_name: actor.and_then(|actor| Some(actor.name.as_ref()?.to_string())),
            state: transfer.progress.state.as_str().to_owned(),
            is_open: transfer.is_open(),
            supplier,
            from_location_id: location(transfer.from.location()),
            to_location_id: location(transfer.to.as_ref()),
            reference: transfer.reference.as_ref().map(Reference::to_string),
            note: transfer.note.as_ref().map(Note::to_string),
            expected_at: at(transfer.expected_at),
            announced: at(transfer.announced),
            to_be_announced: at(transfer.to_be_announced()),
            updated_at: transfer.updated_at.as_milliseconds(),
            version: integer(transfer.version),
        }
    }

    /// The ids of its locations.
    #[must_use]
    pub fn locations(&self) -> Vec<Uuid> {
        let places = [self.from_location_id, self.to_location_id];
        places.into_iter().flatten().collect()
    }

    /// Decodes the transfer, with the names of its locations, and its lines and receipts in order.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible, or the figures don't add up.
    pub fn decode(
        self,
        organization: OrganizationId,
        slugs: &Slugs,
        lines: impl IntoIterator<Item = TransferLineRow>,
        receipts: impl IntoIterator<Item = ReceiptRow>,
    ) -> Result<Transfer, StoreError> {
        let row = Row::new("transfers", self.transfer_id);
        let state = TransferState::from_word(&self.state);
        let from_location = place_of(row, "from_location_id", self.from_location_id, slugs)?;
        let from = match (self.supplier, from_location) {
            (None, from) => TransferOrigin::Place(from),
            (Some(supplier), None) => {
                let supplier = Supplier::new("supplier", supplier);
                TransferOrigin::Supplier(row.valid("supplier", supplier)?)
            }
            (Some(_), Some(_)) => return Err(row.corrupt("supplier")),
        };
        let reference = self.reference.map(|text| Reference::new("reference", text));
        let note = self.note.map(|text| Note::new("note", text));
        let is_open = self.is_open;
        let lines = lines.into_iter().map(|line| line.decode(is_open));
        let receipts = receipts.into_iter().map(ReceiptRow::decode);
        let progress = TransferProgress {
            kind: from.kind(),
            state: state.ok_or_else(|| row.corrupt("state"))?,
            lines: lines.collect::<Result<_, _>>()?,
            receipts: receipts.collect::<Result<_, _>>()?,
        };
        let transfer = Transfer {
            id: TransferId::new(self.transfer_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            from,
            to: place_of(row, "to_location_id", self.to_location_id, slugs)?,
            progress,
            reference: row.valid("reference", reference.transpose())?,
            note: row.valid("note", note.transpose())?,
            expected_at: row.optional_timestamp("expected_at", self.expected_at)?,
            announced: row.optional_timestamp("announced", self.announced)?,
            actor: self.actor_key_id.map(|key| ActingKey {
                key: KeyId::new(key),
                name: self.actor_name.map(Into::into),
            }),
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
            version: row.valid("version", u64::try_from(self.version))?,
        };
        let due = transfer.to_be_announced().map(Timestamp::as_milliseconds);
        for (column, is_right) in [
            ("state", transfer.progress.is_consistent()),
            ("is_open", transfer.is_open() == is_open),
            ("to_be_announced", due == self.to_be_announced),
        ] {
            if !is_right {
                return Err(row.corrupt(column));
            }
        }
        Ok(transfer)
    }
}

fn place_of(
    row: Row,
    column: &'static str,
    location: Option<Uuid>,
    slugs: &Slugs,
) -> Result<TransferPlace, StoreError> {
    let Some(id) = location else { return Ok(None) };
    let slug = slugs.get(&id).ok_or_else(|| row.corrupt(column))?;
    let slug = row.valid(column, Slug::new(slug.clone()))?;
    Ok(Some((LocationId::new(id), slug)))
}

row! {
    /// A row of `transfer_lines`. The columns that stay as they are come first.
    TransferLineRow {
        transfer_id: Uuid,
        line: i64,
        product_id: Uuid,
        quantity: i64,
        stock_id: Option<Uuid>,
        is_open: bool,
        allocated: i64,
        in_transit: i64,
        received: i64,
        damaged: i64,
        missing: i64,
        cancelled: i64,
        surplus: i64,
    }
}

impl TransferLineRow {
    /// The columns that a step leaves as they are.
    pub const CONSTANT: &'static [&'static str] =
        &["transfer_id", "line", "product_id", "quantity"];

    /// The rows of all lines, in order.
    #[must_use]
    pub fn of(transfer: &Transfer) -> Vec<Self> {
        let lines = transfer.progress.lines.iter().enumerate();
        lines
            .map(|(number, line)| Self {
                transfer_id: transfer.id.uuid(),
                line: place(number),
                product_id: line.product.uuid(),
                quantity: line.quantity.into(),
                stock_id: line.stock.map(StockId::uuid),
                is_open: transfer.is_open(),
                allocated: line.allocated.into(),
                in_transit: line.in_transit.into(),
                received: line.received.into(),
                damaged: line.damaged.into(),
                missing: line.missing.into(),
                cancelled: line.cancelled.into(),
                surplus: line.surplus.into(),
            })
            .collect()
    }

    fn decode(self, is_open: bool) -> Result<TransferLine, StoreError> {
        let row = Row::numbered("transfer_lines", self.transfer_id, self.line);
        if self.is_open != is_open {
            return Err(row.corrupt("is_open"));
        }
        Ok(TransferLine {
            product: ProductId::new(self.product_id),
            stock: self.stock_id.map(StockId::new),
            quantity: row.quantity("quantity", self.quantity)?,
            allocated: row.quantity("allocated", self.allocated)?,
            in_transit: row.quantity("in_transit", self.in_transit)?,
            received: row.quantity("received", self.received)?,
            damaged: row.quantity("damaged", self.damaged)?,
            missing: row.quantity("missing", self.missing)?,
            cancelled: row.quantity("cancelled", self.cancelled)?,
            surplus: row.quantity("surplus", self.surplus)?,
        })
    }
}

/// The lines of a transfer that a change has to store.
#[derive(Debug)]
pub enum ChangedLines {
    /// All of them, in place of those that there are.
    Replaced(Vec<TransferLineRow>),
    /// New figures of these.
    Updated(Vec<TransferLineRow>),
}

impl ChangedLines {
    /// The lines that differ after a change.
    #[must_use]
    pub fn of(change: &TransferChange) -> Self {
        let after = TransferLineRow::of(&change.after);
        let Some(before) = change.before.as_ref().map(TransferLineRow::of) else {
            return Self::Replaced(after);
        };
        let name = |line: &TransferLineRow| (line.product_id, line.quantity);
        if before.iter().map(name).ne(after.iter().map(name)) {
            return Self::Replaced(after);
        }
        let both = after.into_iter().zip(before);
        let changed = both.filter(|(after, before)| after != before);
        Self::Updated(changed.map(|(after, _)| after).collect())
    }
}

row! {
    /// A row of `transfer_receipts`.
    ReceiptRow {
        transfer_id: Uuid,
        receipt: i64,
        receipt_id: Uuid,
        received_at: i64,
        undone_at: Option<i64>,
        items: String,
    }
}

impl ReceiptRow {
    /// The rows of all receipts, in order.
    #[must_use]
    pub fn of(transfer: &Transfer) -> Vec<Self> {
        let receipts = transfer.progress.receipts.iter().enumerate();
        receipts
            .map(|(number, receipt)| Self {
                transfer_id: transfer.id.uuid(),
                receipt: place(number),
                receipt_id: receipt.id.uuid(),
                received_at: receipt.at.as_milliseconds(),
                undone_at: receipt.undone_at.map(Timestamp::as_milliseconds),
                items: items_to_text(&receipt.items),
            })
            .collect()
    }

    /// The rows of the receipts that are new or undone after a change.
    #[must_use]
    pub fn of_change(change: &TransferChange) -> Vec<Self> {
        let before = change.before.as_ref();
        let before = before.map_or(&[][..], |it| &it.progress.receipts);
        let after = &change.after.progress.receipts;
        let rows = Self::of(&change.after).into_iter().enumerate();
        let changed = rows.filter(|(place, _)| before.get(*place) != after.get(*place));
        changed.map(|(_, row)| row).collect()
    }

    fn decode(self) -> Result<Receipt, StoreError> {
        let row = Row::numbered("transfer_receipts", self.transfer_id, self.receipt);
        let stored: StoredItems<Vec<(ProductId, Arrival)>> =
            row.valid("items", serde_json::from_str(&self.items))?;
        if stored.format != FORMAT {
            return Err(row.corrupt("items"));
        }
        Ok(Receipt {
            id: ReceiptId::new(self.receipt_id),
            at: row.timestamp("received_at", self.received_at)?,
            items: stored.items,
            undone_at: row.optional_timestamp("undone_at", self.undone_at)?,
        })
    }
}

/// The stored form of a receipt's items.
fn items_to_text(items: &[(ProductId, Arrival)]) -> String {
    let stored = StoredItems {
        format: FORMAT,
        items,
    };
    // Ids and numbers can always be written.
    serde_json::to_string(&stored).unwrap_or_default()
}

row! {
    /// What an open line of a transfer says about its stock.
    OpenLineRow {
        transfer_id: Uuid,
        from_location_id: Option<Uuid>,
        to_location_id: Option<Uuid>,
        allocated: i64,
        in_transit: i64,
    }
}

impl OpenLineRow {
    /// Adds up the open lines of one stock.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn sum(rows: impl IntoIterator<Item = Self>) -> Result<OpenTransfers, StoreError> {
        let mut open = OpenTransfers::default();
        for line in rows {
            let row = Row::new("transfer_lines", line.transfer_id);
            open.lines = open.lines.saturating_add(1);
            for (column, pieces) in [
                ("allocated", line.allocated),
                ("in_transit", line.in_transit),
            ] {
                let pieces = row.quantity(column, pieces)?.get();
                open.pieces = open.pieces.saturating_add(pieces);
            }
            let places = [line.from_location_id, line.to_location_id];
            let places = places.into_iter().flatten().map(LocationId::new);
            open.locations.extend(places);
        }
        Ok(open)
    }
}

row! {
    /// Pieces that are under way to a stock.
    ExpectedRow {
        transfer_id: Uuid,
        location_id: Option<Uuid>,
        slug: Option<String>,
        enabled: bool,
        expected_at: Option<i64>,
        in_transit: i64,
    }
}

impl ExpectedRow {
    /// Decodes the row.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self) -> Result<Expected, StoreError> {
        let row = Row::new("transfer_lines", self.transfer_id);
        let slugs = self.location_id.zip(self.slug).into_iter().collect();
        Ok(Expected {
            transfer: TransferId::new(self.transfer_id),
            to: place_of(row, "location_id", self.location_id, &slugs)?,
            sells: self.enabled,
            expected_at: row.optional_timestamp("expected_at", self.expected_at)?,
            quantity: row.quantity("in_transit", self.in_transit)?,
        })
    }
}

row! {
    /// A line of a transfer that holds a stock.
    TransferHoldRow {
        transfer_id: Uuid,
        state: String,
        slug: Option<String>,
        line: i64,
        allocated: i64,
    }
}

impl TransferHoldRow {
    /// Decodes the line.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self) -> Result<TransferHold, StoreError> {
        let row = Row::numbered("transfer_lines", self.transfer_id, self.line);
        let state = TransferState::from_word(&self.state);
        Ok(TransferHold {
            transfer: TransferId::new(self.transfer_id),
            line: row.valid("line", u32::try_from(self.line))?,
            state: state.ok_or_else(|| row.corrupt("state"))?,
            slug: row.valid("from_location_id", self.slug.map(Slug::new).transpose())?,
            quantity: row.quantity("allocated", self.allocated)?,
        })
    }
}
