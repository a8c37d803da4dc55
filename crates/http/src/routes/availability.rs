//! Whether there is enough for a cart.

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use utoipa::ToSchema;

use super::items::{self, Item};
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::{AdministrativeReading, Body, Query};
use crate::json::Json;
use crate::openapi::{CommonErrors, Document, StoreHeader, StrictParameter};
use crate::representation::{AvailabilityBody, ShortageBody};

/// What there is of the items of a cart, in their order.
#[derive(serde::Serialize, ToSchema)]
pub(super) struct Availabilities {
    data: Vec<AvailabilityBody>,
}

/// Ask whether there is enough for a cart.
///
/// Nothing is reserved. Items that name the same product and location are counted together. With
/// `strict`, a cart for which there isn't enough is 400, and `meta.shortages` names what is short.
#[utoipa::path(
    post,
    path = "/v2/inventories/availability",
    tag = "Reservations",
    params(StrictParameter, StoreHeader),
    request_body = Document<Vec<Item>>,
    responses((status = 200, description = "What there is of each item.", body = Availabilities), CommonErrors),
)]
pub(super) async fn read(
    State(app): State<AppState>,
    reading: AdministrativeReading,
    query: Query,
    body: Body,
) -> Result<Json<Availabilities>, ApiError> {
    query.refuse("at")?;
    let is_strict = query.flag("strict")?;
    let cart = items::cart(body.objects()?)?;
    let administrator = reading.enter().await?;
    let items = app.stockroom.availability(&administrator, &cart).await?;
    let mut shortages: Vec<ShortageBody> = Vec::new();
    for item in items.iter().filter(|item| !item.is_sufficient()) {
        let shortage = ShortageBody::from(item);
        if !shortages.contains(&shortage) {
            shortages.push(shortage);
        }
    }
    if is_strict && !shortages.is_empty() {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "Insufficient stock")
            .detail("There is not enough stock of some of the items")
            .meta(json!({ "shortages": shortages })));
    }
    let data = items.into_iter().map(Into::into).collect();
    Ok(Json(Availabilities { data }))
}
