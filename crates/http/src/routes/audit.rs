//! The history of stock, managed or not.

use axum::extract::State;
use stockroom_domain::ProductId;

use super::transactions::history_filter;
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::{Administration, ListQuery};
use crate::form::Form;
use crate::json::Json;
use crate::links::CursorList;
use crate::openapi::{
    AtParameter, AuditParameters, CommonErrors, CursorParameter, FormHeader, NotFound, StoreHeader,
};

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
    params(AuditParameters, CursorParameter, AtParameter, FormHeader, StoreHeader),
    responses((status = 200, description = "A page of transactions.", body = CursorList), NotFound, CommonErrors),
)]
pub(super) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    query: ListQuery,
) -> Result<Json<CursorList>, ApiError> {
    let filter = history_filter(&app, &query, form)?;
    if query.page.offset > 0 {
        return Err(ApiError::bad_request(
            "An audit is paged by page[after], not by page[offset]",
        ));
    }
    let after = query.after()?;
    let product = query.product_id.as_deref();
    let product = product.and_then(ProductId::parse);
    let product = product.ok_or_else(|| ApiError::bad_request("product_id must be a UUID"))?;
    let administrator = administration.enter().await?;
    let page = app
        .stockroom
        .audit(&administrator, product, &filter, after, query.page.limit)
        .await?;
    let after = after.map(Into::into);
    Ok(Json(CursorList::new(&query, after, page, form)))
}
