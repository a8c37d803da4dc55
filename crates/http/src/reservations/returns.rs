//! Shipped pieces that come back.

use axum::extract::State;
use serde::Deserialize;
use stockroom_domain::ReservationId;
use utoipa::ToSchema;

use super::body::ReservationBody;
use super::items;
use super::items::Return;
use super::routes::{Answer, STOCK_RESERVATION, shown};
use crate::answer::{CommonErrors, Conflict, Data, NotFound, Unprocessable};
use crate::request::{
    Body, Document, IdempotencyHeader, PathId, StoreHeader, StrictObject, Writing,
};
use crate::service::AppState;

/// Which shipped pieces of a reservation come back.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct Returns {
    /// All of these, or none.
    #[schema(value_type = Vec<Return>, min_items = 1, max_items = 500)]
    items: Vec<StrictObject<Return>>,
    /// Whether they are reserved again, because their shipment was cancelled.
    #[serde(default)]
    reserve: bool,
}

/// Bring back what was shipped.
///
/// Shipped pieces are available again, whatever the state of the reservation: all of these, or none. Damaged
/// ones are written off at once. With `reserve`, the pieces are open again, and the reservation is paid.
#[utoipa::path(
    post,
    path = "/v2/inventories/reservations/{reservation}/return",
    operation_id = "ReturnReservation",
    tag = "Reservations",
    params(
        ("reservation" = Uuid, Path, description = "The reservation's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Document<Returns>,
        examples(
            ("one" = (summary = "A piece that comes back", value = json!({
                "data": { "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 1 }] }
            }))),
            ("cancelled" = (summary = "A piece whose shipment was cancelled", value = json!({
                "data": {
                    "type": "stock-reservation",
                    "attributes": {
                        "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 1 }],
                        "reserve": true
                    }
                }
            }))),
        ),
    ),
    responses(
        (status = 200, description = "The reservation.", body = Data<ReservationBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn bring_back(
    State(app): State<AppState>,
    writing: Writing,
    reservation: PathId<ReservationId>,
    body: Body,
) -> Answer {
    let Returns { items, reserve } = body.object()?.of_type(STOCK_RESERVATION)?;
    let items = items::returned(items, reserve)?;
    let id = reservation.existing()?;
    let writer = writing.enter().await?;
    let returned = app
        .stockroom
        .return_reservation(&writer, id, items, reserve)
        .await?;
    Ok(shown(returned))
}
