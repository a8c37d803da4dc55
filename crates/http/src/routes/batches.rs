//! Many transactions in one request.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stockroom_application::Error;
use stockroom_domain::{BatchId, Recorded, Refusal, TransactMany};
use utoipa::ToSchema;
use uuid::Uuid;

use super::transactions::{NewTransaction, STOCK_TRANSACTION};
use crate::app::AppState;
use crate::error::{ApiError, ErrorBody, FormedError};
use crate::extract::{Administration, Batch, PathId};
use crate::form::Form;
use crate::json::Json;
use crate::openapi::{
    CommonErrors, Conflict, FormHeader, IdempotencyHeader, NotFound, StoreHeader, Unprocessable,
    list_in_either_form,
};
use crate::representation::TransactionBody;

/// What became of a line of a batch: the transaction, or the errors.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Line {
    Made(TransactionBody),
    #[schema(value_type = ErrorBody)]
    Refused(FormedError),
}

/// The lines of a batch, in order.
#[derive(Serialize, ToSchema)]
pub(super) struct Lines {
    data: Vec<Line>,
    /// Absent if no transaction was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<LinesMeta>,
}

/// What a batch says about itself.
#[derive(Serialize, ToSchema)]
struct LinesMeta {
    /// Names the batch.
    batch_id: Uuid,
}

/// A batch of transactions, on any products.
#[derive(Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "read through the batch extractor; here for its schema"
)]
struct NewTransactions {
    #[schema(schema_with = list_in_either_form::<NewTransaction, 10_000>)]
    data: Vec<NewTransaction>,
    /// Whether all are made or none. Else each stands alone.
    #[serde(default)]
    atomic: bool,
}

/// Make many transactions.
///
/// In order, each seeing what the ones before it changed. With `atomic`, the first that fails is
/// answered for all, its place in `meta.index`, and nothing is changed.
#[utoipa::path(
    post,
    path = "/v2/inventories/transactions",
    operation_id = "CreateTransactionBatch",
    tag = "Transactions",
    params(FormHeader, StoreHeader, IdempotencyHeader),
    request_body(
        content = NewTransactions,
        examples(
            ("basic" = (summary = "In the basic form", value = json!({
                "data": [
                    { "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "action": "increment", "quantity": 20 },
                    { "product_id": "6f3ad0b5-2a7c-4f4e-9d1b-8c1e0d5b7a42", "action": "decrement", "quantity": 5 }
                ],
                "atomic": true
            }))),
            ("multi-location" = (summary = "In the multi-location form", value = json!({
                "data": [
                    {
                        "type": "stock-transaction",
                        "attributes": {
                            "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e",
                            "action": "increment",
                            "quantity": 20,
                            "location": "berlin",
                            "reference": "delivery note 4711"
                        }
                    }
                ]
            }))),
        ),
    ),
    responses(
        (status = 201, description = "All transactions (with `atomic`).", body = Lines),
        (status = 207, description = "For each line the transaction, or its errors.", body = Lines),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    batch: Batch,
) -> Result<(StatusCode, Json<Lines>), ApiError> {
    let (read, atomic) = batch.lines(STOCK_TRANSACTION, TransactMany::LINES_MAX)?;
    let mut lines = Vec::with_capacity(read.len());
    let mut faults = HashMap::new();
    for (index, line) in read.into_iter().enumerate() {
        let transaction = line.and_then(NewTransaction::line);
        lines.push(
            transaction
                .map_err(|error| faults.insert(index, error))
                .ok(),
        );
    }
    let administrator = administration.enter().await?;
    let many = TransactMany { lines, atomic };
    let outcomes = match app.stockroom.transact_many(&administrator, many).await {
        Err(Error::Refused(Refusal::Line { index, refusal })) => {
            let error = faults.remove(&index).unwrap_or_else(|| (*refusal).into());
            return Err(error.meta(json!({ "index": index })));
        }
        outcomes => outcomes?,
    };
    let status = if atomic {
        StatusCode::CREATED
    } else {
        StatusCode::MULTI_STATUS
    };
    Ok((status, Json(Lines::new(outcomes, faults, form))))
}

impl Lines {
    /// What became of each line; where one couldn't be read, why.
    fn new(
        outcomes: Vec<Result<Recorded, Refusal>>,
        mut faults: HashMap<usize, ApiError>,
        form: Form,
    ) -> Self {
        let batch = outcomes.iter().flatten().find_map(|it| it.entry.batch);
        let line = |(index, outcome): (usize, Result<Recorded, Refusal>)| match outcome {
            Ok(recorded) => Line::Made(TransactionBody::new(recorded, form)),
            Err(refusal) => {
                let error = faults.remove(&index).unwrap_or_else(|| refusal.into());
                Line::Refused(FormedError(error, form))
            }
        };
        Self {
            data: outcomes.into_iter().enumerate().map(line).collect(),
            meta: batch.map(|batch| LinesMeta {
                batch_id: batch.uuid(),
            }),
        }
    }
}

/// Undo a batch.
///
/// By transactions that do the opposite of what isn't undone yet, the last first; all of them or
/// none.
#[utoipa::path(
    post,
    path = "/v2/inventories/transactions/{batch}/undo",
    operation_id = "UndoTransactionBatch",
    tag = "Transactions",
    params(
        ("batch" = Uuid, Path, description = "The batch's id."),
        FormHeader, StoreHeader, IdempotencyHeader,
    ),
    responses(
        (status = 201, description = "The transactions that undo it.", body = Lines),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(super) async fn undo(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    batch: PathId<BatchId>,
) -> Result<(StatusCode, Json<Lines>), ApiError> {
    let batch = batch.existing()?;
    let administrator = administration.enter().await?;
    let undone = app.stockroom.undo_batch(&administrator, batch).await?;
    let lines = Lines::new(undone, HashMap::new(), form);
    Ok((StatusCode::CREATED, Json(lines)))
}
