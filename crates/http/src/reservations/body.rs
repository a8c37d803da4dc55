//! Bodies of reservations and of availability.

use serde::Serialize;
use stockroom_domain::{
    ItemAvailability, OrderId, Quantity, Reason, Reservation, ReservedItem, ReservedLine, Slug,
    Source,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{ActingKeyBody, Timestamps};

/// A reservation.
#[derive(Serialize, ToSchema)]
#[schema(as = Reservation)]
pub(crate) struct ReservationBody {
    id: Uuid,
    /// Always `stock-reservation`.
    r#type: &'static str,
    attributes: ReservationAttributes,
    meta: ReservationMeta,
}

#[derive(Serialize, ToSchema)]
struct ReservationMeta {
    timestamps: Timestamps,
    /// How often it was changed, making it included.
    version: u64,
}

#[derive(Serialize, ToSchema)]
struct ReservationAttributes {
    /// `pending`, `paid`, `fulfilled`, `released` or `expired`; `held` if the pieces are set aside.
    state: &'static str,
    /// What it is for, in the shop.
    order_id: Option<String>,
    /// The reason why the pieces are set aside. Absent if they are for a buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hold_reason: Option<String>,
    /// When it expires; null unless it is pending.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The application key that made it; absent for the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    actor: Option<ActingKeyBody>,
    /// What is reserved, in the items that were asked for.
    items: Vec<ReservedItemBody>,
}

/// An item of a reservation.
#[derive(Serialize, ToSchema)]
#[schema(as = ReservedItem)]
struct ReservedItemBody {
    product_id: Uuid,
    /// The slug that the location has now; null for the unlocated pool. Absent where there are `sources`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    location: Option<NamedPlace>,
    /// How many pieces were reserved.
    quantity: u64,
    /// How many of them were shipped.
    fulfilled: u64,
    /// How many of them were given back.
    released: u64,
    /// How many of those that were shipped came back.
    returned: u64,
    /// The places that serve the item, if they were chosen for it, or some of it was moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sources: Option<Vec<SourceBody>>,
}

/// The slug of a location, or null for the unlocated pool.
#[derive(Serialize)]
#[serde(transparent)]
struct NamedPlace(Option<String>);

/// The part of an item that one place serves.
#[derive(Serialize, ToSchema)]
#[schema(as = ReservedSource)]
struct SourceBody {
    /// The slug that the location has now; null for the unlocated pool.
    location: Option<String>,
    /// How many pieces were reserved there.
    quantity: u64,
    /// How many of them were shipped.
    fulfilled: u64,
    /// How many of them were given back.
    released: u64,
    /// How many of those that were shipped came back.
    returned: u64,
}

impl From<ReservedItem<'_>> for ReservedItemBody {
    fn from(item: ReservedItem<'_>) -> Self {
        let slug = |line: &ReservedLine| line.slug().map(ToOwned::to_owned);
        let sources = item.lines.iter().map(|line| SourceBody {
            location: slug(line),
            quantity: line.quantity.get(),
            fulfilled: line.fulfilled.get(),
            released: line.released.get(),
            returned: line.returned.get(),
        });
        Self {
            product_id: item.product.uuid(),
            location: match item.lines {
                [line] if !item.is_sourced() => Some(NamedPlace(slug(line))),
                _ => None,
            },
            quantity: item.quantity().get(),
            fulfilled: item.fulfilled().get(),
            released: item.released().get(),
            returned: item.returned().get(),
            sources: item.is_sourced().then(|| sources.collect()),
        }
    }
}

impl From<Reservation> for ReservationBody {
    fn from(reservation: Reservation) -> Self {
        let order = reservation.order.as_ref();
        Self {
            id: reservation.id.uuid(),
            r#type: "stock-reservation",
            attributes: ReservationAttributes {
                state: reservation.state.as_str(),
                order_id: order.map(OrderId::to_string),
                hold_reason: reservation.hold_reason.as_ref().map(Reason::to_string),
                expires_at: reservation.state.expires_at().map(|it| it.to_string()),
                actor: reservation.actor.as_ref().map(Into::into),
                items: reservation.items().into_iter().map(Into::into).collect(),
            },
            meta: ReservationMeta {
                timestamps: Timestamps::new(reservation.created_at, reservation.updated_at),
                version: reservation.version,
            },
        }
    }
}

/// What there is of an item of a cart.
#[derive(Serialize, ToSchema)]
#[schema(as = Availability)]
pub(crate) struct AvailabilityBody {
    product_id: Uuid,
    /// The slug of the location; null for the unlocated pool. Absent where there are `sources`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    location: Option<NamedPlace>,
    /// How many pieces are wanted, all items of this product and location together.
    requested: u64,
    /// How many there are.
    available: u64,
    /// How many there are by the time that was asked for, with those that are expected until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    available_by: Option<u64>,
    /// Whether that is enough; with `sourcing`, whether there is enough for the whole cart. With `by`, it is about
    /// `available_by`.
    sufficient: bool,
    /// The places that would serve the item, if they are chosen for it; none if it can't be placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sources: Option<Vec<AvailableSourceBody>>,
}

/// The part of an item that one place would serve.
#[derive(Serialize, ToSchema)]
#[schema(as = AvailableSource)]
struct AvailableSourceBody {
    /// The slug of the location; null for the unlocated pool.
    location: Option<String>,
    /// How many pieces.
    quantity: u64,
}

impl From<Source> for AvailableSourceBody {
    fn from(source: Source) -> Self {
        Self {
            location: source.location.as_ref().map(Slug::to_string),
            quantity: source.quantity.get(),
        }
    }
}

impl AvailabilityBody {
    /// What there is of an item, which is enough or not, unless that is said of the whole cart.
    pub(crate) fn new(item: ItemAvailability, whole: Option<bool>) -> Self {
        Self {
            product_id: item.product.uuid(),
            requested: item.requested,
            available: item.available.get(),
            available_by: item.available_by.map(Quantity::get),
            sufficient: whole.unwrap_or(item.is_sufficient()),
            location: item.sources.is_none().then_some(NamedPlace(item.location)),
            sources: item
                .sources
                .map(|sources| sources.into_iter().map(Into::into).collect()),
        }
    }
}
