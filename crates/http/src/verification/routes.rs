//! Verification of a product's stock.

use axum::extract::State;
use stockroom_domain::{ProductId, Refusal};

use super::body::VerificationBody;
use crate::answer::{ApiError, CommonErrors, Data, Json, NotFound};
use crate::request::{Administration, Query, StoreHeader};
use crate::service::AppState;

/// Verify a product's stock.
///
/// Recomputes numbers, hashes, balances and sums from the product's transactions, adds up what
/// reservations hold, and holds the stock against both. Takes longer the more transactions there
/// are: `stockroom verify` at the server's command line has no limit.
#[utoipa::path(
    get,
    path = "/v2/inventories/verify",
    operation_id = "VerifyStock",
    tag = "Stock",
    params(("product_id" = Uuid, Query, description = "The product's id."), StoreHeader),
    responses((status = 200, description = "What came of it.", body = Data<VerificationBody>), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    query: Query,
) -> Result<Json<Data<VerificationBody>>, ApiError> {
    query.refuse("at")?;
    let product = query.get("product_id")?.and_then(ProductId::parse);
    let product = product.ok_or_else(|| ApiError::bad_request("product_id must be a UUID"))?;
    let administrator = administration.enter().await?;
    let verification = app.stockroom.verify_stock(&administrator, product).await?;
    let data = verification.ok_or(Refusal::UnknownStock)?.into();
    Ok(Json(Data { data }))
}
