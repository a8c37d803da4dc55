//! Receipts of transfers.

use axum::extract::State;
use serde::Serialize;
use stockroom_domain::{ReceiptId, Refusal, RequestedStep, TransferId};
use utoipa::ToSchema;

use super::body::{ReceiptBody, TransferBody};
use super::routes::Answer;
use super::steps::{Step, StepDocument, fields_of, take};
use crate::answer::{ApiError, CommonErrors, Conflict, Data, Json, NotFound, Unprocessable};
use crate::request::{
    Administration, Current, IdempotencyHeader, OptionalBody, PathId, StoreHeader, Writing,
};
use crate::service::AppState;

/// All receipts of a transfer, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferReceipts)]
pub(crate) struct Receipts {
    #[schema(max_items = 100)]
    data: Vec<ReceiptBody>,
}

/// List the receipts of a transfer.
///
/// All of them, oldest first, with those that were undone.
#[utoipa::path(
    get,
    path = "/v2/inventories/transfers/{transfer}/receipts",
    operation_id = "ListReceipts",
    tag = "Transfers",
    params(("transfer" = Uuid, Path, description = "The transfer's id."), StoreHeader),
    responses((status = 200, description = "The receipts.", body = Receipts), NotFound, CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    _: Current,
    transfer: PathId<TransferId>,
) -> Result<Json<Receipts>, ApiError> {
    let id = transfer.existing()?;
    let administrator = administration.enter().await?;
    let transfer = app.stockroom.transfer(&administrator, id).await?;
    let transfer = transfer.ok_or(Refusal::TransferNotFound)?;
    let receipts = transfer.progress.receipts.into_iter();
    Ok(Json(Receipts {
        data: receipts.map(Into::into).collect(),
    }))
}

/// Take a receipt back.
///
/// Its pieces are under way again, and what it added to the destination leaves it. A receipt is undone once.
#[utoipa::path(
    post,
    path = "/v2/inventories/transfers/{transfer}/receipts/{receipt}/undo",
    operation_id = "UndoReceipt",
    tag = "Transfers",
    params(
        ("transfer" = Uuid, Path, description = "The transfer's id."),
        ("receipt" = Uuid, Path, description = "The receipt's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Option<StepDocument>,
        examples(
            ("reason" = (summary = "With a reason", value = json!({ "data": { "reason": "counted wrong" } }))),
        ),
    ),
    responses(
        (status = 200, description = "The transfer.", body = Data<TransferBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn undo(
    State(app): State<AppState>,
    writing: Writing,
    transfer: PathId<TransferId>,
    receipt: PathId<ReceiptId>,
    body: OptionalBody,
) -> Answer {
    let step: Step = fields_of(body)?;
    let receipt = receipt.existing();
    // Of two ids that name nothing, the transfer's is told.
    transfer.existing()?;
    let step = step.request(RequestedStep::UndoReceipt(receipt?))?;
    take(&app, writing, transfer, step).await
}
