//! What can be sold of stock over time.

use axum::extract::State;
use serde::Serialize;
use stockroom_application::ForecastPlace;
use stockroom_domain::{Forecast, ForecastStep, ProductId, Refusal};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::answer::{ApiError, CommonErrors, Json, NotFound};
use crate::request::{Administration, PathId, Query, StoreHeader};
use crate::service::AppState;

/// The position that a forecast is about.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for its description"
)]
pub(crate) struct PlaceParameter {
    /// The slug of a location, or nothing for the unlocated pool. Left out, the forecast is of all positions
    /// from which buyers can order.
    #[param(required = false)]
    location: String,
}

/// What can be sold from now on, one step for each delivery or transfer that is expected.
#[derive(Serialize, ToSchema)]
#[schema(as = StockForecast)]
pub(crate) struct ForecastBody {
    /// At most 100, the present first.
    data: Vec<ForecastStepBody>,
    meta: ForecastMeta,
}

#[derive(Serialize, ToSchema)]
struct ForecastMeta {
    /// The number of pieces whose date has passed. They aren't promised until it is moved.
    overdue: u64,
    /// The number of pieces that have no date. They aren't promised.
    undated: u64,
    /// `true` if there are more steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    more: Option<bool>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = StockForecastStep)]
struct ForecastStepBody {
    /// Always `stock-forecast`.
    r#type: &'static str,
    attributes: ForecastStepAttributes,
}

#[derive(Serialize, ToSchema)]
#[schema(as = StockForecastStepAttributes)]
struct ForecastStepAttributes {
    /// The time of the step: now for the first, and then those at which pieces are expected.
    #[schema(value_type = String, format = DateTime)]
    at: String,
    /// The number of pieces that can be sold from then on.
    sellable: u64,
    /// The transfer or delivery whose pieces come; null for the first step.
    transfer_id: Option<Uuid>,
    /// The number of its pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    quantity: Option<u64>,
}

impl From<ForecastStep> for ForecastStepBody {
    fn from(step: ForecastStep) -> Self {
        Self {
            r#type: "stock-forecast",
            attributes: ForecastStepAttributes {
                at: step.at.to_string(),
                sellable: step.sellable,
                transfer_id: step.arrival.map(|(transfer, _)| transfer.uuid()),
                quantity: step.arrival.map(|(_, pieces)| pieces.get()),
            },
        }
    }
}

impl From<Forecast> for ForecastBody {
    fn from(forecast: Forecast) -> Self {
        Self {
            data: forecast.steps.into_iter().map(Into::into).collect(),
            meta: ForecastMeta {
                overdue: forecast.overdue,
                undated: forecast.undated,
                more: forecast.has_more.then_some(true),
            },
        }
    }
}

/// Read what can be sold of a product over time.
///
/// The number of sellable pieces now, and after each delivery or transfer that is expected. It never falls:
/// what will be sold isn't foreseen. Pieces that have no date, or whose date has passed, aren't promised.
#[utoipa::path(
    get,
    path = "/v2/inventories/{product}/forecast",
    operation_id = "GetStockForecast",
    tag = "Stock",
    params(("product" = Uuid, Path, description = "The product's id."), PlaceParameter, StoreHeader),
    responses((status = 200, description = "The forecast.", body = ForecastBody), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    query: Query,
    product: PathId<ProductId>,
) -> Result<Json<ForecastBody>, ApiError> {
    query.refuse("at")?;
    let place = match query.get("location")? {
        None => ForecastPlace::All,
        Some("") => ForecastPlace::Unlocated,
        Some(slug) => ForecastPlace::Location(slug.to_owned()),
    };
    let product = product.existing()?;
    let administrator = administration.enter().await?;
    let forecast = app.stockroom.forecast(&administrator, product, &place);
    let forecast = forecast.await?.ok_or(Refusal::UnknownStock)?;
    Ok(Json(forecast.into()))
}
