//! Bodies of transfers and of their receipts.

use serde::Serialize;
use stockroom_domain::{
    Arrival, Note, ProductId, Receipt, Reference, Slug, Supplier, Timestamp, Transfer,
    TransferLine, TransferOrigin, TransferPlace,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{ActingKeyBody, Timestamps, as_text};

/// A transfer or a delivery.
#[derive(Serialize, ToSchema)]
#[schema(as = Transfer)]
pub(crate) struct TransferBody {
    id: Uuid,
    /// Always `stock-transfer`.
    r#type: &'static str,
    attributes: TransferAttributes,
    meta: TransferMeta,
}

#[derive(Serialize, ToSchema)]
struct TransferMeta {
    timestamps: Timestamps,
    /// How often it was changed, making it included.
    version: u64,
}

#[derive(Serialize, ToSchema)]
struct TransferAttributes {
    /// `draft`, `ready`, `in_transit`, `received` or `cancelled`.
    state: &'static str,
    from: OriginBody,
    to: PlaceBody,
    /// A reference of another system.
    reference: Option<String>,
    /// A note for people.
    note: Option<String>,
    /// The time at which it is expected to arrive.
    #[schema(format = DateTime)]
    expected_at: Option<String>,
    /// The application key that made it; absent for the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    actor: Option<ActingKeyBody>,
    /// The products and their pieces, in the order in which they were named.
    items: Vec<LineBody>,
}

/// Where the pieces come from.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = TransferOrigin)]
enum OriginBody {
    Place(PlaceBody),
    Supplier(SupplierBody),
}

/// A location, or the unlocated pool.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferPlace)]
struct PlaceBody {
    /// The slug that the location has now; null for the unlocated pool.
    #[schema(required)]
    location: Option<String>,
}

/// A supplier.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferSupplier)]
struct SupplierBody {
    supplier: String,
}

/// A product of a transfer. From `ready` on, `quantity` is always the sum of `allocated`, `in_transit`,
/// `received`, `damaged`, `missing` and `cancelled`.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferLine)]
struct LineBody {
    product_id: Uuid,
    /// How many pieces are to be moved.
    quantity: u64,
    /// How many are allocated at the origin.
    allocated: u64,
    /// How many have left the origin and haven't arrived.
    in_transit: u64,
    /// How many have arrived in order.
    received: u64,
    /// How many have arrived damaged, and were written off.
    damaged: u64,
    /// How many were declared missing.
    missing: u64,
    /// How many were given back to the origin.
    cancelled: u64,
    /// How many have arrived beyond those that were shipped.
    surplus: u64,
}

/// What arrived at one time.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferReceipt)]
pub(crate) struct ReceiptBody {
    /// The receipt's id, which is that of the batch of its transactions as well.
    id: Uuid,
    /// Always `stock-transfer-receipt`.
    r#type: &'static str,
    attributes: ReceiptAttributes,
}

#[derive(Serialize, ToSchema)]
struct ReceiptAttributes {
    /// The time of the receipt.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    at: Timestamp,
    /// The products, in the order of the transfer's.
    items: Vec<ArrivalBody>,
    /// The time at which it was undone; null if it wasn't.
    #[schema(format = DateTime)]
    undone_at: Option<String>,
}

/// What arrived of a product.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferArrival)]
struct ArrivalBody {
    product_id: Uuid,
    /// How many pieces have arrived in order.
    received: u64,
    /// How many have arrived damaged, and were written off.
    damaged: u64,
    /// How many were declared missing.
    missing: u64,
    /// How many have arrived beyond those that were shipped.
    surplus: u64,
}

impl From<Transfer> for TransferBody {
    fn from(transfer: Transfer) -> Self {
        let progress = &transfer.progress;
        Self {
            id: transfer.id.uuid(),
            r#type: "stock-transfer",
            attributes: TransferAttributes {
                state: progress.state.as_str(),
                from: (&transfer.from).into(),
                to: (&transfer.to).into(),
                reference: transfer.reference.as_ref().map(Reference::to_string),
                note: transfer.note.as_ref().map(Note::to_string),
                expected_at: transfer.expected_at.map(|it| it.to_string()),
                actor: transfer.actor.as_ref().map(Into::into),
                items: progress.lines.iter().map(Into::into).collect(),
            },
            meta: TransferMeta {
                timestamps: Timestamps::new(transfer.created_at, transfer.updated_at),
                version: transfer.version,
            },
        }
    }
}

impl From<&TransferOrigin> for OriginBody {
    fn from(origin: &TransferOrigin) -> Self {
        match origin {
            TransferOrigin::Place(place) => Self::Place(place.into()),
            TransferOrigin::Supplier(supplier) => Self::Supplier(SupplierBody {
                supplier: Supplier::to_string(supplier),
            }),
        }
    }
}

impl From<&TransferPlace> for PlaceBody {
    fn from(place: &TransferPlace) -> Self {
        let slug = place.as_ref().map(|(_, slug)| slug);
        Self {
            location: slug.map(Slug::to_string),
        }
    }
}

impl From<&TransferLine> for LineBody {
    fn from(line: &TransferLine) -> Self {
        Self {
            product_id: line.product.uuid(),
            quantity: line.quantity.get(),
            allocated: line.allocated.get(),
            in_transit: line.in_transit.get(),
            received: line.received.get(),
            damaged: line.damaged.get(),
            missing: line.missing.get(),
            cancelled: line.cancelled.get(),
            surplus: line.surplus.get(),
        }
    }
}

impl From<Receipt> for ReceiptBody {
    fn from(receipt: Receipt) -> Self {
        Self {
            id: receipt.id.uuid(),
            r#type: "stock-transfer-receipt",
            attributes: ReceiptAttributes {
                at: receipt.at,
                items: receipt.items.into_iter().map(Into::into).collect(),
                undone_at: receipt.undone_at.map(|it| it.to_string()),
            },
        }
    }
}

impl From<(ProductId, Arrival)> for ArrivalBody {
    fn from((product, arrival): (ProductId, Arrival)) -> Self {
        Self {
            product_id: product.uuid(),
            received: arrival.received.get(),
            damaged: arrival.damaged.get(),
            missing: arrival.missing.get(),
            surplus: arrival.surplus.get(),
        }
    }
}
