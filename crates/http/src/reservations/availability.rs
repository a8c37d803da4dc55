//! Availability of the items of a cart.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use stockroom_domain::OrderId;
use utoipa::{IntoParams, ToSchema};

use super::body::AvailabilityBody;
use super::items;
use super::items::Item;
use super::sourcing::SourcingField;
use crate::answer::{ApiError, CommonErrors, Json, ShortageBody};
use crate::request::{Administration, Body, Query, StoreHeader, StrictObject, list_in_either_form};
use crate::service::AppState;

/// What is asked of a cart.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for its description"
)]
pub(crate) struct StrictParameter {
    /// `true` to have a cart for which there isn't enough refused with 400.
    #[param(required = false)]
    strict: bool,
    /// The time by which the pieces are wanted: those that are expected until then are told in `available_by`,
    /// and `sufficient` is about them.
    #[param(required = false, value_type = String, format = DateTime)]
    by: String,
}

/// What there is of the items of a cart, in their order.
#[derive(serde::Serialize, ToSchema)]
pub(crate) struct Availabilities {
    data: Vec<AvailabilityBody>,
}

/// A cart.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "read through the body extractor; here for its schema"
)]
struct Cart {
    #[schema(schema_with = list_in_either_form::<Item, 500>)]
    data: Vec<Item>,
    /// The order that the cart is for, unless left out or null.
    #[schema(min_length = 1, max_length = 255)]
    order_id: Option<String>,
    /// The rules by which locations are chosen for items that have no key `location`, unless left out or
    /// null.
    sourcing: Option<SourcingField>,
}

/// The fields that may stand beside the items of a cart.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(crate) struct Asking {
    #[serde(default)]
    order_id: Option<String>,
    #[serde(default)]
    sourcing: Option<StrictObject<SourcingField>>,
}

/// Ask whether there is enough for a cart.
///
/// Nothing is reserved. With `order_id`, what the order's own reservation holds counts as available, as
/// long as it is pending or paid. Items that name the same product and location are counted together. With
/// `sourcing`, locations are chosen as for a reservation, and told in `sources`. With
/// `strict`, a cart for which there isn't enough is 400, and `meta.shortages` names what is short. With `by`,
/// pieces that are expected until then count for `available_by`, `sufficient` and `sources`.
#[utoipa::path(
    post,
    path = "/v2/inventories/availability",
    operation_id = "CheckAvailability",
    tag = "Reservations",
    params(StrictParameter, StoreHeader),
    request_body(
        content = Cart,
        examples(
            ("cart" = (summary = "A cart of two products", value = json!({
                "data": [
                    { "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 2 },
                    { "product_id": "6f3ad0b5-2a7c-4f4e-9d1b-8c1e0d5b7a42", "quantity": 1, "location": "berlin" }
                ]
            }))),
        ),
    ),
    responses((status = 200, description = "What there is of each item.", body = Availabilities), CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    query: Query,
    mut body: Body<Asking>,
) -> Result<Json<Availabilities>, ApiError> {
    query.refuse("at")?;
    let is_strict = query.flag("strict")?;
    let by = query.by(app.stockroom.now())?;
    let order = body.beside.order_id.take();
    let order = order.map(|it| OrderId::new("order_id", it)).transpose()?;
    let sourcing = body.beside.sourcing.take();
    let sourcing = sourcing.map(|StrictObject(it)| it.try_into()).transpose()?;
    let is_sourced = sourcing.is_some();
    let cart = items::cart(body.objects()?)?;
    let administrator = administration.enter().await?;
    let items = app
        .stockroom
        .availability(&administrator, cart, order, sourcing, by)
        .await?;
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
    let whole = is_sourced.then_some(shortages.is_empty());
    let data = items.into_iter();
    let data = data.map(|item| AvailabilityBody::new(item, whole));
    Ok(Json(Availabilities {
        data: data.collect(),
    }))
}
