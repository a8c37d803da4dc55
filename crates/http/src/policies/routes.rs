//! Policies of stock.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use stockroom_domain::{
    Alert, DeletePolicy, Invalid, Patch, PolicyUpdate, ProductId, Refusal, STOCK_LOCATIONS_MAX,
    SetPolicy,
};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema as _, ToSchema};

use super::body::PolicyBody;
use crate::answer::{ApiError, CommonErrors, Conflict, Data, Json, NotFound};
use crate::request::{
    Administration, Body, Current, Document, IdempotencyHeader, PathId, QuantityField, StoreHeader,
    StrictObject, Writing, patch,
};
use crate::service::AppState;

/// Fields of a policy to be changed; null clears one.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = StockPolicyUpdate)]
struct PolicyChanges {
    /// The number of pieces that no reservation takes, over all positions; null for 0. It may be more than
    /// there are, and overlaps with the safety stock of locations.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<QuantityField>)]
    safety_stock: Patch<QuantityField>,
    /// The levels of the whole stock at which an event tells of it, each with another `at`. They take the
    /// place of those that there are; null for none.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<Vec<AlertFields>>, max_items = 4)]
    alerts: Patch<Vec<StrictObject<AlertFields>>>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(schema_with = location_changes)]
    locations: Patch<BTreeMap<String, Option<StrictObject<LocationChanges>>>>,
}

/// Fields of the policy of a stock's part in one location to be changed; null clears one.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct LocationChanges {
    /// The number of pieces there that no reservation takes; null for 0.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<QuantityField>)]
    safety_stock: Patch<QuantityField>,
    /// The levels there at which an event tells of it, each with another `at`; null for none.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<Vec<AlertFields>>, max_items = 4)]
    alerts: Patch<Vec<StrictObject<AlertFields>>>,
}

/// A level of available pieces at which an event tells of it.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with at")]
#[schema(as = StockPolicyAlertFields)]
struct AlertFields {
    /// The event `stock.low` comes when this many pieces are available, or fewer.
    at: QuantityField,
    /// The event `stock.recovered` comes when this many are available again, or more; above `at`. A tenth
    /// above it, and at least one piece, if left out or null.
    rearm_at: Option<QuantityField>,
}

/// The schema of `locations`. That of its values is inlined: nothing else names their type.
fn location_changes() -> Schema {
    let nothing = ObjectBuilder::new().schema_type(Type::Null);
    let change = OneOfBuilder::new()
        .item(LocationChanges::schema())
        .item(nothing);
    let description = "By the slug of a location of the stock: the fields to be changed there, or null \
                       to clear them. Null for those of all locations.";
    let changes = ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::Object, Type::Null]))
        .description(Some(description))
        .max_properties(Some(STOCK_LOCATIONS_MAX))
        .additional_properties(Some(Schema::OneOf(change.build())));
    Schema::Object(changes.build())
}

impl PolicyChanges {
    /// Returns the command, which still lacks the product.
    fn command(self) -> Result<impl FnOnce(ProductId) -> SetPolicy, ApiError> {
        let update = update_of(self.safety_stock, self.alerts)?;
        let locations = self.locations.try_map(|locations| {
            if locations.len() > STOCK_LOCATIONS_MAX {
                return Err(ApiError::from(Refusal::TooManyStockLocations {
                    locations_max: STOCK_LOCATIONS_MAX,
                }));
            }
            let locations = locations.into_iter().map(|(slug, changes)| {
                let update = changes.map(|StrictObject(it)| update_of(it.safety_stock, it.alerts));
                let update = update.transpose().map_err(|invalid| {
                    ApiError::from(invalid).within(&format!("locations.{slug}"))
                });
                Ok((slug, update?))
            });
            locations.collect()
        })?;
        Ok(move |product| SetPolicy {
            product,
            update,
            locations,
        })
    }
}

fn update_of(
    safety_stock: Patch<QuantityField>,
    alerts: Patch<Vec<StrictObject<AlertFields>>>,
) -> Result<PolicyUpdate, Invalid> {
    Ok(PolicyUpdate {
        safety_stock: safety_stock.try_map(|pieces| Ok(pieces.0))?,
        alerts: alerts.try_map(|alerts| {
            let alerts = alerts.into_iter().map(|StrictObject(alert)| {
                let rearm_at = alert.rearm_at.map(|pieces| pieces.0);
                Alert::new(alert.at.0, rearm_at)
            });
            Alert::list(alerts.collect::<Result<_, _>>()?)
        })?,
    })
}

/// Read the policy of a product's stock.
///
/// Its safety stock and its alerts. Stock of which nothing was said has the policy that holds back nothing and
/// tells of nothing.
#[utoipa::path(
    get,
    path = "/v2/inventories/{product}/policy",
    operation_id = "GetStockPolicy",
    tag = "Planning",
    params(("product" = Uuid, Path, description = "The product's id."), StoreHeader),
    responses((status = 200, description = "The policy.", body = Data<PolicyBody>), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    _: Current,
    product: PathId<ProductId>,
) -> Result<Json<Data<PolicyBody>>, ApiError> {
    let product = product.existing()?;
    let administrator = administration.enter().await?;
    let stock = app.stockroom.stock(administrator.caller(), product).await?;
    let stock = stock.ok_or(Refusal::UnknownStock)?;
    let data = PolicyBody::from(&stock);
    Ok(Json(Data { data }))
}

/// Change the policy of a product's stock.
///
/// Reservations and availability checks obey the safety stock at once; transactions, counts and what is
/// reserved already don't. An alert that is due with the stock as it is tells of it at once. An alert with
/// another `at` or `rearm_at` starts anew.
#[utoipa::path(
    put,
    path = "/v2/inventories/{product}/policy",
    operation_id = "UpdateStockPolicy",
    tag = "Planning",
    params(("product" = Uuid, Path, description = "The product's id."), StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<PolicyChanges>,
        examples(
            ("set" = (summary = "Hold back five pieces, and tell of low stock", value = json!({
                "data": {
                    "type": "stock-policy",
                    "attributes": {
                        "safety_stock": 5,
                        "alerts": [{ "at": 40, "rearm_at": 50 }, { "at": 0 }],
                        "locations": { "berlin": { "safety_stock": 2, "alerts": [{ "at": 3 }] } }
                    }
                }
            }))),
            ("clear" = (summary = "No alerts any more, and nothing of a location", value = json!({
                "data": { "type": "stock-policy", "alerts": null, "locations": { "berlin": null } }
            }))),
        ),
    ),
    responses((status = 200, description = "The whole policy.", body = Data<PolicyBody>), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn update(
    State(app): State<AppState>,
    writing: Writing,
    product: PathId<ProductId>,
    body: Body,
) -> Result<Json<Data<PolicyBody>>, ApiError> {
    let changes: PolicyChanges = body.object()?.of_type("stock-policy")?;
    let command = changes.command()?;
    let product = product.existing()?;
    let writer = writing.enter().await?;
    let stock = app.stockroom.execute(&writer, command(product)).await?;
    let data = PolicyBody::from(&stock);
    Ok(Json(Data { data }))
}

/// Delete the policy of a product's stock.
///
/// Nothing is held back and nothing told of any more, in its locations neither. So it is also answered if
/// there is no policy.
#[utoipa::path(
    delete,
    path = "/v2/inventories/{product}/policy",
    operation_id = "DeleteStockPolicy",
    tag = "Planning",
    params(("product" = Uuid, Path, description = "The product's id."), StoreHeader, IdempotencyHeader),
    responses((status = 204, description = "The stock has no policy."), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn delete(
    State(app): State<AppState>,
    writing: Writing,
    product: PathId<ProductId>,
) -> Result<StatusCode, ApiError> {
    let product = product.existing()?;
    let writer = writing.enter().await?;
    let command = DeletePolicy { product };
    app.stockroom.execute(&writer, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
