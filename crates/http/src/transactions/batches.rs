//! Many transactions in one request.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use stockroom_application::Error;
use stockroom_domain::{BatchId, Recorded, Refusal, TransactMany};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::TransactionBody;
use super::routes::{NewTransaction, STOCK_TRANSACTION};
use crate::answer::{
    ApiError, CommonErrors, Conflict, ErrorBody, FormedError, Json, NotFound, Unprocessable,
};
use crate::request::{
    Administration, Batch, BatchMode, Form, FormHeader, IdempotencyHeader, PathId, StoreHeader,
    Writing, list_in_either_form,
};
use crate::service::AppState;

/// A line of a batch: its transaction (or count), or its errors.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Line<T> {
    Made(T),
    #[schema(value_type = ErrorBody)]
    Refused(FormedError),
}

/// The lines of a batch, in order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Lines<T> {
    data: Vec<Line<T>>,
    /// Absent if no transaction was made, unless it was a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<LinesMeta>,
}

/// What a batch says about itself.
#[derive(Serialize, ToSchema)]
struct LinesMeta {
    /// Names the batch; left out if no transaction was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_id: Option<Uuid>,
    /// True after a dry run: nothing was changed, and nothing has the ids of this answer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
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
    /// Whether this is a dry run: all is decided on the stock as it is now and answered, and nothing is
    /// changed. An `Idempotency-Key` is ignored.
    #[serde(default)]
    dry_run: bool,
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
        (status = 201, description = "All transactions (with `atomic`).", body = Lines<TransactionBody>),
        (status = 207, description = "For each line the transaction, or its errors.", body = Lines<TransactionBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    batch: Batch,
) -> Result<(StatusCode, Json<Lines<TransactionBody>>), ApiError> {
    let read = batch.read(&administration, |body| {
        let lines_max = TransactMany::LINES_MAX;
        let (lines, mode) = body.lines(STOCK_TRANSACTION, lines_max, "transactions")?;
        Ok((readable(lines, NewTransaction::line), mode))
    });
    let ((lines, faults), mode) = read.await?;
    administration.count_lines(lines.len())?;
    let BatchMode { atomic, dry_run } = mode;
    let many = TransactMany { lines, atomic };
    let stockroom = &app.stockroom;
    let lines = if dry_run {
        let administrator = administration.enter().await?;
        stockroom.preview_transactions(&administrator, many).await
    } else {
        let writer = administration.writing()?.enter().await?;
        stockroom.execute(&writer, many).await
    };
    let body = |made| TransactionBody::new(made, form);
    let lines = Lines::answer(lines, faults, body, form)?;
    Ok((status_of_batch(atomic), Json(lines.previewed(dry_run))))
}

/// The status of the answer to an accepted batch.
pub(crate) const fn status_of_batch(atomic: bool) -> StatusCode {
    if atomic {
        StatusCode::CREATED
    } else {
        StatusCode::MULTI_STATUS
    }
}

/// The errors of invalid lines, by index.
type Faults = HashMap<usize, ApiError>;

/// Each line as a request, or `None` with an error if it is invalid.
pub(crate) fn readable<T, R>(
    lines: Vec<Result<T, ApiError>>,
    request: impl Fn(T) -> Result<R, ApiError>,
) -> (Vec<Option<R>>, Faults) {
    let mut faults = HashMap::new();
    let lines = lines.into_iter().enumerate().map(|(index, line)| {
        let request = line.and_then(&request);
        request.map_err(|error| faults.insert(index, error)).ok()
    });
    (lines.collect(), faults)
}

impl<B> Lines<B> {
    /// The answer to a batch, or the error of the line that caused the refusal of all.
    pub(crate) fn answer<T: AsRef<Recorded>>(
        outcomes: Result<Vec<Result<T, Refusal>>, Error>,
        mut faults: Faults,
        body: impl Fn(T) -> B,
        form: Form,
    ) -> Result<Self, ApiError> {
        match outcomes {
            Err(Error::Refused(Refusal::Line { index, refusal })) => {
                let error = faults.remove(&index).unwrap_or_else(|| (*refusal).into());
                Err(error.with("index", index))
            }
            outcomes => Ok(Self::new(outcomes?, faults, body, form)),
        }
    }

    fn new<T: AsRef<Recorded>>(
        outcomes: Vec<Result<T, Refusal>>,
        mut faults: Faults,
        body: impl Fn(T) -> B,
        form: Form,
    ) -> Self {
        let made = outcomes.iter().flatten();
        let batch = made.map(AsRef::as_ref).find_map(|it| it.entry.batch);
        let line = |(index, outcome): (usize, Result<T, Refusal>)| match outcome {
            Ok(made) => Line::Made(body(made)),
            Err(refusal) => {
                let error = faults.remove(&index).unwrap_or_else(|| refusal.into());
                Line::Refused(FormedError(error, form))
            }
        };
        Self {
            data: outcomes.into_iter().enumerate().map(line).collect(),
            meta: batch.map(|batch| LinesMeta {
                batch_id: Some(batch.uuid()),
                dry_run: false,
            }),
        }
    }

    /// The same lines, as those of a dry run if it was one.
    pub(crate) fn previewed(self, dry_run: bool) -> Self {
        if !dry_run {
            return self;
        }
        let batch_id = self.meta.and_then(|meta| meta.batch_id);
        Self {
            meta: Some(LinesMeta { batch_id, dry_run }),
            ..self
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
        (status = 201, description = "The transactions that undo it.", body = Lines<TransactionBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn undo(
    State(app): State<AppState>,
    writing: Writing,
    form: Form,
    batch: PathId<BatchId>,
) -> Result<(StatusCode, Json<Lines<TransactionBody>>), ApiError> {
    let batch = batch.existing()?;
    let writer = writing.enter().await?;
    let undone = app.stockroom.undo_batch(&writer, batch).await?;
    let body = |undoing| TransactionBody::new(undoing, form);
    let lines = Lines::new(undone, HashMap::new(), body, form);
    Ok((StatusCode::CREATED, Json(lines)))
}
