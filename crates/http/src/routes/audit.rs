//! The history of stock, managed or not.

use axum::extract::State;
use stockroom_domain::{ProductId, TransactionId};

use super::transactions::history_filter;
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::{Administration, ListQuery};
use crate::form::Form;
use crate::json::Json;
use crate::links::List;
use crate::openapi::{
    AtParameter, AuditParameters, CommonErrors, FormHeader, NotFound, StoreHeader,
};
use crate::representation::TransactionBody;

/// Audit a product.
///
/// All that has ever happened to its stock, also to stock that is no longer managed: one stock after
/// the other, in the order of their creation. `meta.stock_id` tells them apart in the multi-location
/// form. Paged by `page[after]`; filtered as a product's transactions are.
#[utoipa::path(
    get,
    path = "/v2/inventories/audit",
    operation_id = "AuditProduct",
    tag = "Transactions",
    params(AuditParameters, AtParameter, FormHeader, StoreHeader),
    responses((status = 200, description = "A page of transactions.", body = List<TransactionBody>), NotFound, CommonErrors),
)]
pub(super) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    query: ListQuery,
) -> Result<Json<List<TransactionBody>>, ApiError> {
    let filter = history_filter(&app, &query, form)?;
    let page = query.history_page()?;
    if page.offset() > 0 {
        return Err(ApiError::bad_request(
            "Audits are paged with page[after]; page[offset] is not supported",
        ));
    }
    let after = page.place().copied();
    let product = query.product_id.as_deref();
    let product = product.and_then(ProductId::parse);
    let product = product.ok_or_else(|| ApiError::bad_request("product_id must be a UUID"))?;
    let administrator = administration.enter().await?;
    let found = app
        .stockroom
        .audit(&administrator, product, &filter, after, page.limit)
        .await?;
    let cursor = TransactionId::to_string;
    let list = List::behind(&query, after.as_ref(), found, cursor, |it| {
        TransactionBody::new(it, form)
    });
    Ok(Json(list))
}
