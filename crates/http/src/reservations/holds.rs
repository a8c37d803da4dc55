//! The holds of reservations and transfers on a stock.

use axum::extract::State;
use serde::Serialize;
use stockroom_application::Hold;
use stockroom_application::ports::{HoldLine, TransferHold};
use stockroom_domain::{OrderId, ProductId, Reason, Refusal, ReservationState, Slug};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{ApiError, CommonErrors, Json, List, NotFound};
use crate::request::{Administration, ListQuery, PageParameters, PathId, StoreHeader};
use crate::service::AppState;

/// What a list of holds says of the stock.
#[derive(Serialize, ToSchema)]
pub(crate) struct HoldListMeta {
    /// How many pieces are allocated by other means than reservations and transfers.
    allocated_unreserved: u64,
}

/// What a line of a reservation or transfer holds of a product's stock.
#[derive(Serialize, ToSchema)]
#[schema(as = StockHold)]
pub(crate) struct StockHoldBody {
    /// The id of the reservation or transfer.
    id: Uuid,
    /// Always `stock-hold`.
    r#type: &'static str,
    attributes: StockHoldAttributes,
}

#[derive(Serialize, ToSchema)]
struct StockHoldAttributes {
    /// `reservation` for a buyer, `hold` for pieces that are set aside, or `transfer`.
    kind: &'static str,
    /// The reason why the pieces are set aside. Absent if they aren't.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// What the reservation is for, in the shop.
    order_id: Option<String>,
    /// `pending`, `paid` or `held`; of a transfer `ready` or `in_transit`.
    state: &'static str,
    /// The slug that the location has now; null for the unlocated pool.
    location: Option<String>,
    /// How many pieces are neither shipped nor given back.
    quantity: u64,
    /// When the reservation expires; null unless it is pending.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl From<Hold> for StockHoldBody {
    fn from(hold: Hold) -> Self {
        match hold {
            Hold::Reservation(hold) => hold.into(),
            Hold::Transfer(hold) => hold.into(),
        }
    }
}

impl From<HoldLine> for StockHoldBody {
    fn from(hold: HoldLine) -> Self {
        Self {
            id: hold.reservation.uuid(),
            r#type: "stock-hold",
            attributes: StockHoldAttributes {
                kind: match hold.state {
                    ReservationState::Held => "hold",
                    _ => "reservation",
                },
                reason: hold.reason.as_ref().map(Reason::to_string),
                order_id: hold.order.as_ref().map(OrderId::to_string),
                state: hold.state.as_str(),
                location: hold.slug.as_ref().map(Slug::to_string),
                quantity: hold.quantity.get(),
                expires_at: hold.state.expires_at().map(|it| it.to_string()),
            },
        }
    }
}

impl From<TransferHold> for StockHoldBody {
    fn from(hold: TransferHold) -> Self {
        Self {
            id: hold.transfer.uuid(),
            r#type: "stock-hold",
            attributes: StockHoldAttributes {
                kind: "transfer",
                reason: None,
                order_id: None,
                state: hold.state.as_str(),
                location: hold.slug.as_ref().map(Slug::to_string),
                quantity: hold.quantity.get(),
                expires_at: None,
            },
        }
    }
}

/// List what reservations and transfers hold of a product's stock.
///
/// One item for each line of a reservation of which anything is neither shipped nor given back, and of a transfer
/// of which anything is allocated, the oldest first. `meta.allocated_unreserved` says how many pieces are
/// allocated otherwise.
#[utoipa::path(
    get,
    path = "/v2/inventories/{product}/holds",
    operation_id = "ListHolds",
    tag = "Reservations",
    params(("product" = Uuid, Path, description = "The product's id."), PageParameters, StoreHeader),
    responses((status = 200, description = "A page of what is held.", body = List<StockHoldBody, HoldListMeta>), NotFound, CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    product: PathId<ProductId>,
    query: ListQuery,
) -> Result<Json<List<StockHoldBody, HoldListMeta>>, ApiError> {
    let name = product.id().map(|id| format!("holds of {id}"));
    let list = query.list(&name.unwrap_or_default(), "")?;
    let product = product.existing()?;
    let administrator = administration.enter().await?;
    let holds = app
        .stockroom
        .holds(&administrator, product, list.page)
        .await?;
    let holds = holds.ok_or(Refusal::UnknownStock)?;
    let meta = HoldListMeta {
        allocated_unreserved: holds.allocated_unreserved.get(),
    };
    let list = list.answer(holds.page, StockHoldBody::from);
    Ok(Json(list.with_meta(meta)))
}
