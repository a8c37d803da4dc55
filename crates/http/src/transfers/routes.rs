//! Transfers and deliveries.

use axum::extract::State;
use axum::http::StatusCode;
use stockroom_domain::{Refusal, TransferId};

use super::body::TransferBody;
use super::fields::{EditedTransfer, NewTransfer};
use super::filter;
use crate::answer::{ApiError, CommonErrors, Conflict, Data, Json, List, NotFound, Unprocessable};
use crate::request::{
    Administration, Body, Current, Document, FilterParameter, IdempotencyHeader, ListQuery,
    PageParameters, PathId, StoreHeader, Writing,
};
use crate::service::AppState;

pub(super) const STOCK_TRANSFER: &str = "stock-transfer";

pub(super) type Answer = Result<Json<Data<TransferBody>>, ApiError>;

pub(super) fn shown(transfer: impl Into<TransferBody>) -> Json<Data<TransferBody>> {
    let data = transfer.into();
    Json(Data { data })
}

/// List transfers and deliveries.
///
/// The caller's own and the organization's, oldest first. A filter may name `state`, `from`, `to`, `supplier`,
/// `reference`, `product_id`, `expected_at` and `created_at`; `from` and `to` are slugs of locations, or null
/// for the unlocated pool.
#[utoipa::path(
    get,
    path = "/v2/inventories/transfers",
    operation_id = "ListTransfers",
    tag = "Transfers",
    params(PageParameters, FilterParameter, StoreHeader),
    responses((status = 200, description = "A page of transfers.", body = List<TransferBody>), CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    query: ListQuery,
) -> Result<Json<List<TransferBody>>, ApiError> {
    let filter = filter::transfers(query.filter.as_deref())?;
    let list = query.list("transfers", "")?;
    let administrator = administration.enter().await?;
    let found = app
        .stockroom
        .list_transfers(&administrator, &filter, list.page)
        .await?;
    Ok(Json(list.answer(found, TransferBody::from)))
}

/// Make a transfer or a delivery.
///
/// Pieces go from one location to another, or come from a supplier. It is a draft unless `state` says
/// otherwise; then all steps up to that state are taken, or nothing is made: `received` moves at once. Where
/// there isn't enough, `meta.shortages` of the error names all that is short.
///
/// All products' stock has one owner, whose the transfer is.
#[utoipa::path(
    post,
    path = "/v2/inventories/transfers",
    operation_id = "CreateTransfer",
    tag = "Transfers",
    params(StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<NewTransfer>,
        examples(
            ("transfer" = (summary = "Into a location, where they are expected in March", value = json!({
                "data": {
                    "type": "stock-transfer",
                    "attributes": {
                        "from": { "location": null },
                        "to": { "location": "berlin" },
                        "reference": "TO-17",
                        "note": "With the van",
                        "expected_at": "2026-03-01T00:00:00Z",
                        "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 10 }]
                    }
                }
            }))),
            ("delivery" = (summary = "A delivery that is ordered", value = json!({
                "data": {
                    "type": "stock-transfer",
                    "attributes": {
                        "from": { "supplier": "ACME" },
                        "to": { "location": "berlin" },
                        "expected_at": "2026-03-01T00:00:00Z",
                        "state": "in_transit",
                        "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 100 }]
                    }
                }
            }))),
            ("move" = (summary = "A piece that lies elsewhere already", value = json!({
                "data": {
                    "from": { "location": null },
                    "to": { "location": "berlin" },
                    "state": "received",
                    "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 1 }]
                }
            }))),
        ),
    ),
    responses(
        (status = 201, description = "The transfer.", body = Data<TransferBody>),
        Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    writing: Writing,
    body: Body,
) -> Result<(StatusCode, Json<Data<TransferBody>>), ApiError> {
    let transfer: NewTransfer = body.object()?.of_type(STOCK_TRANSFER)?;
    let command = transfer.command()?;
    let writer = writing.enter().await?;
    let transfer = app.stockroom.execute(&writer, command).await?;
    Ok((StatusCode::CREATED, shown(transfer)))
}

/// Read a transfer or a delivery.
#[utoipa::path(
    get,
    path = "/v2/inventories/transfers/{transfer}",
    operation_id = "GetTransfer",
    tag = "Transfers",
    params(("transfer" = Uuid, Path, description = "The transfer's id."), StoreHeader),
    responses((status = 200, description = "The transfer.", body = Data<TransferBody>), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    _: Current,
    transfer: PathId<TransferId>,
) -> Answer {
    let id = transfer.existing()?;
    let administrator = administration.enter().await?;
    let transfer = app.stockroom.transfer(&administrator, id).await?;
    Ok(shown(transfer.ok_or(Refusal::TransferNotFound)?))
}

/// Change a transfer or a delivery.
///
/// Everything of a draft; of another only `reference`, `note` and `expected_at`.
#[utoipa::path(
    put,
    path = "/v2/inventories/transfers/{transfer}",
    operation_id = "UpdateTransfer",
    tag = "Transfers",
    params(
        ("transfer" = Uuid, Path, description = "The transfer's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Document<EditedTransfer>,
        examples(
            ("later" = (summary = "It comes later", value = json!({
                "data": { "type": "stock-transfer", "attributes": { "expected_at": "2026-03-08T00:00:00Z" } }
            }))),
        ),
    ),
    responses(
        (status = 200, description = "The transfer.", body = Data<TransferBody>),
        NotFound, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn update(
    State(app): State<AppState>,
    writing: Writing,
    transfer: PathId<TransferId>,
    body: Body,
) -> Answer {
    let edited: EditedTransfer = body.object()?.of_type(STOCK_TRANSFER)?;
    let update = edited.update()?;
    let id = transfer.existing()?;
    let writer = writing.enter().await?;
    let updated = app.stockroom.update_transfer(&writer, id, update).await?;
    Ok(shown(updated))
}

/// Delete a draft.
#[utoipa::path(
    delete,
    path = "/v2/inventories/transfers/{transfer}",
    operation_id = "DeleteTransfer",
    tag = "Transfers",
    params(("transfer" = Uuid, Path, description = "The transfer's id."), StoreHeader, IdempotencyHeader),
    responses((status = 204, description = "The draft is gone."), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn delete(
    State(app): State<AppState>,
    writing: Writing,
    transfer: PathId<TransferId>,
) -> Result<StatusCode, ApiError> {
    let id = transfer.existing()?;
    let writer = writing.enter().await?;
    app.stockroom.delete_transfer(&writer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
