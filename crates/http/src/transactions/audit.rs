//! The history of stock, managed or not.

use axum::extract::State;
use stockroom_domain::{ProductId, TransactionId};
use utoipa::IntoParams;

use super::body::TransactionBody;
use super::routes::history_filter;
use crate::answer::{ApiError, CommonErrors, Json, List, NotFound};
use crate::request::{Administration, AtParameter, Form, FormHeader, ListQuery, StoreHeader};
use crate::service::AppState;

/// What an audit is asked with.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct AuditParameters {
    /// The product's id.
    #[param(format = Uuid)]
    product_id: String,
    /// How many transactions at most, from 1 to 100; 25 if left out or 0.
    #[param(rename = "page[limit]", required = false, minimum = 0, maximum = 100)]
    limit: u32,
    /// The id of the transaction that the page begins behind.
    #[param(rename = "page[after]", required = false, format = Uuid)]
    after: String,
    /// `op(field,value,…)`, several joined by `:`, all of which have to hold.
    #[param(required = false, example = "eq(reference,'order 7')")]
    filter: String,
}

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
pub(crate) async fn read(
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
