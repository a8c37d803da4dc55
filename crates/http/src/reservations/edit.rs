//! Editing an order, and moving what it holds.

use axum::extract::State;
use serde::{Deserialize, Deserializer};
use stockroom_application::ReservationEdit;
use stockroom_domain::{ExpiresIn, ReservationId};
use utoipa::ToSchema;

use super::body::ReservationBody;
use super::items;
use super::items::{Item, Move, seconds};
use super::routes::{Answer, STOCK_RESERVATION, shown};
use crate::answer::{CommonErrors, Conflict, Data, NotFound, Unprocessable};
use crate::request::{
    Body, Document, IdempotencyHeader, PathId, StoreHeader, StrictObject, Writing, non_null,
};
use crate::service::AppState;

/// Which pieces of a reservation are moved.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct Moves {
    /// All of these, or none.
    #[schema(value_type = Vec<Move>, min_items = 1, max_items = 500)]
    items: Vec<StrictObject<Move>>,
}

/// What a reservation is to be.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct EditedReservation {
    /// The version that it has to have.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    expect_version: Option<u64>,
    /// After how many seconds from now it expires, if that is to change.
    #[serde(default, deserialize_with = "other_seconds")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 2_678_400, nullable = false)]
    expires_in: Option<ExpiresIn>,
    /// What: all of it is reserved, or nothing changes.
    #[schema(value_type = Vec<Item>, min_items = 1, max_items = 500)]
    items: Vec<StrictObject<Item>>,
}

fn other_seconds<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ExpiresIn>, D::Error> {
    seconds(deserializer).map(Some)
}

/// Move what a reservation holds.
///
/// Open pieces go from one place of a product's stock to another, as long as the reservation is pending or
/// paid: all of these, or none.
#[utoipa::path(
    post,
    path = "/v2/inventories/reservations/{reservation}/move",
    operation_id = "MoveReservation",
    tag = "Reservations",
    params(
        ("reservation" = Uuid, Path, description = "The reservation's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Document<Moves>,
        examples(
            ("one" = (summary = "A piece that comes from elsewhere", value = json!({
                "data": { "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "from": "berlin", "to": null, "quantity": 1 }] }
            }))),
        ),
    ),
    responses(
        (status = 200, description = "The reservation.", body = Data<ReservationBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn relocate(
    State(app): State<AppState>,
    writing: Writing,
    reservation: PathId<ReservationId>,
    body: Body,
) -> Answer {
    let moves: Moves = body.object()?.of_type(STOCK_RESERVATION)?;
    let items = items::moved(moves.items)?;
    let id = reservation.existing()?;
    let writer = writing.enter().await?;
    let reservation = app.stockroom.move_reservation(&writer, id, items).await?;
    Ok(shown(reservation))
}

/// Edit an order.
///
/// The reservation becomes one of these items, as long as it is pending or paid: all of them, or nothing
/// changes. Pieces that are shipped stay so, and all others of the items are reserved, also those that were
/// given back before. Items for which locations were chosen keep these.
#[utoipa::path(
    put,
    path = "/v2/inventories/reservations/{reservation}",
    operation_id = "EditReservation",
    tag = "Reservations",
    params(
        ("reservation" = Uuid, Path, description = "The reservation's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Document<EditedReservation>,
        examples(
            ("more" = (summary = "Three pieces of one product", value = json!({
                "data": {
                    "type": "stock-reservation",
                    "attributes": { "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 3 }] }
                }
            }))),
        ),
    ),
    responses(
        (status = 200, description = "The reservation.", body = Data<ReservationBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn edit(
    State(app): State<AppState>,
    writing: Writing,
    reservation: PathId<ReservationId>,
    body: Body,
) -> Answer {
    let edited: EditedReservation = body.object()?.of_type(STOCK_RESERVATION)?;
    let edit = ReservationEdit {
        items: items::order(edited.items)?,
        expires_in: edited.expires_in,
        expect_version: edited.expect_version,
    };
    let id = reservation.existing()?;
    let writer = writing.enter().await?;
    let edited = app.stockroom.edit_reservation(&writer, id, edit).await?;
    Ok(shown(edited))
}
