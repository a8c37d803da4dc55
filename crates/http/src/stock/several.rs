//! The stock of several products.

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use stockroom_domain::shortened;
use utoipa::ToSchema;

use super::body::{Additions, StockBody};
use crate::answer::{ApiError, CommonErrors, Json, NotFound};
use crate::request::{
    At, AtParameter, Body, Form, FormHeader, Include, IncludeParameter, Reading, StoreHeader,
};
use crate::service::AppState;

const SEVERAL_MAX: usize = 1_000;
/// A longer id can't be a UUID, and is not repeated in full.
const MISSING_ID_CHARACTERS_MAX: usize = 64;

/// The products whose stock is asked for.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "read through the body extractor; here for its schema"
)]
struct ProductReferences {
    #[schema(max_items = 1000)]
    data: Vec<ProductReference>,
}

/// The product whose stock is asked for.
#[derive(Deserialize, ToSchema)]
struct ProductReference {
    id: String,
}

/// Several stocks, without paging.
#[derive(serde::Serialize, ToSchema)]
pub(crate) struct Stocks {
    data: Vec<StockBody>,
}

/// Read the stock of several products.
///
/// In the order asked, each once. What is missing is left out in the basic form; in the
/// multi-location form it is 404, and `meta.missing_ids` names it.
#[utoipa::path(
    post,
    path = "/v2/inventories/multiple",
    operation_id = "GetStockForProducts",
    tag = "Stock",
    params(AtParameter, IncludeParameter, FormHeader, StoreHeader),
    request_body(
        content = ProductReferences,
        examples(
            ("two-products" = (summary = "Two products", value = json!({
                "data": [
                    { "id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e" },
                    { "id": "6f3ad0b5-2a7c-4f4e-9d1b-8c1e0d5b7a42" }
                ]
            }))),
        ),
    ),
    responses((status = 200, description = "The stock of those found.", body = Stocks), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    reading: Reading,
    form: Form,
    at: At,
    include: Include,
    body: Body,
) -> Result<Json<Stocks>, ApiError> {
    include.refuse_in_past("planning", at.0)?;
    let references = body.list()?;
    if references.len() > SEVERAL_MAX {
        let detail = format!("At most {SEVERAL_MAX} products can be requested at once");
        return Err(ApiError::validation(detail));
    }
    let expected = "Each item of data must be an object with an id";
    let ids = references.items(expected, |ProductReference { id }| id)?;
    let caller = reading.enter().await?;
    let stockroom = &app.stockroom;
    let (stocks, missing) = match at.0 {
        None => stockroom.stock_of_several(&caller, &ids).await?,
        Some(at) => stockroom.stock_of_several_at(&caller, &ids, at).await?,
    };
    if form == Form::MultiLocation && !missing.is_empty() {
        let missing: Vec<String> = missing
            .into_iter()
            .map(|id| shortened(id, MISSING_ID_CHARACTERS_MAX))
            .collect();
        return Err(ApiError::not_found("Some of the stock is not managed")
            .meta(json!({ "missing_ids": missing })));
    }
    let products = stocks.iter().map(|stock| stock.product);
    let mut additions = Additions::read(stockroom, &caller, &include, products).await?;
    let data = stocks
        .into_iter()
        .map(|stock| StockBody::with(stock, form, &mut additions))
        .collect();
    Ok(Json(Stocks { data }))
}
