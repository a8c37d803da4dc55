//! The reservations' holds on a stock.

use axum::extract::State;
use stockroom_domain::{ProductId, Refusal};

use super::body::{HoldListMeta, StockHoldBody};
use crate::answer::{ApiError, CommonErrors, Json, List, NotFound};
use crate::request::{Administration, ListQuery, PageParameters, PathId, StoreHeader};
use crate::service::AppState;

/// List what reservations hold of a product's stock.
///
/// One item for each line of a reservation of which anything is neither shipped nor given back, the
/// oldest first. `meta.allocated_unreserved` says how many pieces are allocated otherwise.
#[utoipa::path(
    get,
    path = "/v2/inventories/{product}/holds",
    operation_id = "ListHolds",
    tag = "Reservations",
    params(("product" = Uuid, Path, description = "The product's id."), PageParameters, StoreHeader),
    responses((status = 200, description = "A page of what is held.", body = List<StockHoldBody, HoldListMeta>), NotFound, CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    product: PathId<ProductId>,
    query: ListQuery,
) -> Result<Json<List<StockHoldBody, HoldListMeta>>, ApiError> {
    let name = product.id().map(|id| format!("holds of {id}"));
    let list = query.list(&name.unwrap_or_default(), "")?;
    let product = product.existing()?;
    let administrator = administration.enter().await?;
    let holds = app
        .stockroom
        .holds(&administrator, product, list.page)
        .await?;
    let holds = holds.ok_or(Refusal::UnknownStock)?;
    let meta = HoldListMeta {
        allocated_unreserved: holds.allocated_unreserved.get(),
    };
    let list = list.answer(holds.page, StockHoldBody::from);
    Ok(Json(list.with_meta(meta)))
}
