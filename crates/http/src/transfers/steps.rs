//! Steps of transfers.

use axum::extract::State;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use stockroom_application::StepRequest;
use stockroom_domain::{RequestedStep, TransferId, TransferParts};
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema as _, ToSchema};

use super::body::TransferBody;
use super::items::{Arrived, Item};
use super::routes::{Answer, STOCK_TRANSFER, shown};
use super::{fields, items};
use crate::answer::{ApiError, CommonErrors, Conflict, Data, NotFound, Unprocessable};
use crate::request::{
    IdempotencyHeader, OptionalBody, PathId, StoreHeader, StrictObject, Writing, in_either_form,
    non_null,
};
use crate::service::AppState;

/// How a step is taken.
#[derive(Default, Deserialize, ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = TransferStep)]
pub(super) struct Step {
    /// The reason that its transactions give instead of the usual ones.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    reason: Option<String>,
    /// The version that the transfer has to have.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    expect_version: Option<u64>,
}

/// Which pieces take a step, and how: all that can, if no items are named.
#[derive(Default, Deserialize, ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = TransferPart)]
struct PartStep {
    /// Each product once.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<Vec<Item>>, min_items = 1, max_items = 500, nullable = false)]
    items: Option<Vec<StrictObject<Item>>>,
    /// The reason that its transactions give instead of the usual ones.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    reason: Option<String>,
    /// The version that the transfer has to have.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    expect_version: Option<u64>,
}

/// What has arrived: all that is under way, in order, if no items are named.
#[derive(Default, Deserialize, ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = NewReceipt)]
struct ReceiveStep {
    /// Each product once.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<Vec<Arrived>>, inline, min_items = 1, max_items = 500, nullable = false)]
    items: Option<Vec<StrictObject<Arrived>>>,
    /// The reason that its transactions give instead of the usual ones.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255)]
    reason: Option<String>,
    /// The version that the transfer has to have.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    expect_version: Option<u64>,
}

/// A body that says how a step is taken.
#[derive(ToSchema)]
#[schema(as = TransferStepDocument)]
#[expect(
    dead_code,
    reason = "read through the body extractor; here for its schema"
)]
pub(super) struct StepDocument {
    #[schema(schema_with = step_in_either_form)]
    data: Step,
}

/// A body that names a part of a transfer.
#[derive(ToSchema)]
#[schema(as = TransferPartDocument)]
#[expect(
    dead_code,
    reason = "read through the body extractor; here for its schema"
)]
struct PartStepDocument {
    #[schema(schema_with = part_in_either_form)]
    data: PartStep,
}

/// A body that says what has arrived.
#[derive(ToSchema)]
#[schema(as = NewReceiptDocument)]
#[expect(
    dead_code,
    reason = "read through the body extractor; here for its schema"
)]
struct ReceiveStepDocument {
    #[schema(schema_with = receipt_in_either_form)]
    data: ReceiveStep,
}

// Functions of their own, because a body that may be missing can't be of a generic type whose parts the
// document would name.

fn step_in_either_form() -> Schema {
    in_either_form(Step::schema())
}

fn part_in_either_form() -> Schema {
    in_either_form(PartStep::schema())
}

fn receipt_in_either_form() -> Schema {
    in_either_form(ReceiveStep::schema())
}

impl Step {
    pub(super) fn request(self, step: RequestedStep) -> Result<StepRequest, ApiError> {
        request(step, self.reason, self.expect_version)
    }
}

impl PartStep {
    fn request(
        self,
        step: impl FnOnce(Option<TransferParts>) -> RequestedStep,
    ) -> Result<StepRequest, ApiError> {
        let parts = self.items.map(items::parts).transpose()?;
        request(step(parts), self.reason, self.expect_version)
    }
}

impl ReceiveStep {
    fn request(self) -> Result<StepRequest, ApiError> {
        let arrivals = self.items.map(items::arrivals).transpose()?;
        let step = RequestedStep::Receive(arrivals);
        request(step, self.reason, self.expect_version)
    }
}

fn request(
    step: RequestedStep,
    reason: Option<String>,
    expect_version: Option<u64>,
) -> Result<StepRequest, ApiError> {
    Ok(StepRequest {
        step,
        reason: reason.map(fields::reason).transpose()?,
        expect_version,
    })
}

/// The fields of a body; without a body, none is given.
pub(super) fn fields_of<T: Default + DeserializeOwned>(body: OptionalBody) -> Result<T, ApiError> {
    match body.0 {
        Some(body) => body.object()?.of_type(STOCK_TRANSFER),
        None => Ok(T::default()),
    }
}

pub(super) async fn take(
    app: &AppState,
    writing: Writing,
    transfer: PathId<TransferId>,
    step: StepRequest,
) -> Answer {
    let id = transfer.existing()?;
    let writer = writing.enter().await?;
    let taken = app.stockroom.take_step(&writer, id, step).await?;
    Ok(shown(taken))
}

/// Have everything ready.
///
/// All of a draft is allocated at the origin, or nothing changes; where there isn't enough, `meta.shortages` of
/// the error names all that is short. A delivery can't be ready. What is ready stays so.
#[utoipa::path(
    post,
    path = "/v2/inventories/transfers/{transfer}/ready",
    operation_id = "ReadyTransfer",
    tag = "Transfers",
    params(
        ("transfer" = Uuid, Path, description = "The transfer's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Option<StepDocument>,
        examples(
            ("reason" = (summary = "With a reason", value = json!({ "data": { "reason": "picked" } }))),
        ),
    ),
    responses(
        (status = 200, description = "The transfer.", body = Data<TransferBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn ready(
    State(app): State<AppState>,
    writing: Writing,
    transfer: PathId<TransferId>,
    body: OptionalBody,
) -> Answer {
    let step: Step = fields_of(body)?;
    let step = step.request(RequestedStep::Ready)?;
    take(&app, writing, transfer, step).await
}

/// Send pieces off.
///
/// All that isn't under way yet leaves the origin, or the items named; of a draft, the rest is allocated there.
/// Shipping a delivery means that it is ordered, as a whole. Once everything is received, shipping without items
/// changes nothing.
#[utoipa::path(
    post,
    path = "/v2/inventories/transfers/{transfer}/ship",
    operation_id = "ShipTransfer",
    tag = "Transfers",
    params(
        ("transfer" = Uuid, Path, description = "The transfer's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Option<PartStepDocument>,
        examples(
            ("part" = (summary = "One piece of one product", value = json!({
                "data": { "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 1 }] }
            }))),
        ),
    ),
    responses(
        (status = 200, description = "The transfer.", body = Data<TransferBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn ship(
    State(app): State<AppState>,
    writing: Writing,
    transfer: PathId<TransferId>,
    body: OptionalBody,
) -> Answer {
    let step: PartStep = fields_of(body)?;
    let step = step.request(RequestedStep::Ship)?;
    take(&app, writing, transfer, step).await
}

/// Record a receipt.
///
/// All that is under way has arrived in order, or the items named have, damaged, missing or beyond what was
/// shipped. A receipt is a batch of transactions: `meta.batch_id` of each is the receipt's id. Once everything is
/// received, receiving without items changes nothing.
#[utoipa::path(
    post,
    path = "/v2/inventories/transfers/{transfer}/receive",
    operation_id = "ReceiveTransfer",
    tag = "Transfers",
    params(
        ("transfer" = Uuid, Path, description = "The transfer's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Option<ReceiveStepDocument>,
        examples(
            ("one" = (summary = "One piece of one product", value = json!({
                "data": { "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "received": 1 }] }
            }))),
            ("found" = (summary = "Six pieces in order, one damaged, and one that nobody had sent", value = json!({
                "data": {
                    "type": "stock-transfer",
                    "attributes": {
                        "items": [{
                            "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e",
                            "received": 6,
                            "damaged": 1,
                            "surplus": 1
                        }]
                    }
                }
            }))),
        ),
    ),
    responses(
        (status = 200, description = "The transfer.", body = Data<TransferBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn receive(
    State(app): State<AppState>,
    writing: Writing,
    transfer: PathId<TransferId>,
    body: OptionalBody,
) -> Answer {
    let step: ReceiveStep = fields_of(body)?;
    let step = step.request()?;
    take(&app, writing, transfer, step).await
}

/// Cancel a transfer or a delivery.
///
/// All that hasn't arrived goes back to the origin, or the items named: first what is allocated, then what is
/// under way. What was received stays so. Cancelling what is cancelled changes nothing.
#[utoipa::path(
    post,
    path = "/v2/inventories/transfers/{transfer}/cancel",
    operation_id = "CancelTransfer",
    tag = "Transfers",
    params(
        ("transfer" = Uuid, Path, description = "The transfer's id."),
        StoreHeader, IdempotencyHeader,
    ),
    request_body(
        content = Option<PartStepDocument>,
        examples(
            ("part" = (summary = "One piece of one product", value = json!({
                "data": { "items": [{ "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 1 }] }
            }))),
        ),
    ),
    responses(
        (status = 200, description = "The transfer.", body = Data<TransferBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn cancel(
    State(app): State<AppState>,
    writing: Writing,
    transfer: PathId<TransferId>,
    body: OptionalBody,
) -> Answer {
    let step: PartStep = fields_of(body)?;
    let step = step.request(RequestedStep::Cancel)?;
    take(&app, writing, transfer, step).await
}
