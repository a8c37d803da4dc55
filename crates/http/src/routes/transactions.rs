//! Transactions.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use stockroom_application::Error;
use stockroom_domain::{
    Annotation, Expectation, ProductId, Reason, Recorded, Reference, Refusal, Transact,
    TransactMany, TransactionAction, TransactionId,
};
use utoipa::ToSchema;

use crate::app::AppState;
use crate::error::{ApiError, ErrorBody, FormedError};
use crate::extract::{Administration, Batch, Body, ListQuery, Object, PathId, Pieces, present};
use crate::filter;
use crate::form::Form;
use crate::json::Json;
use crate::links::List;
use crate::openapi::{
    CommonErrors, Conflict, Document, FormHeader, IdempotencyHeader, ListParameters, NotFound,
    StoreHeader, Unprocessable,
};
use crate::representation::{Data, TransactionBody};

const STOCK_TRANSACTION: &str = "stock-transaction";

/// A transaction to be made. The fields may stand under `data` or under `data.attributes`.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct NewTransaction {
    /// `increment`, `decrement`, `allocate`, `deallocate` or `set`.
    action: String,
    /// How many pieces; for `set`, the total that there is to be.
    quantity: Pieces,
    /// The slug of the location; the unlocated pool if left out.
    #[serde(default, deserialize_with = "present")]
    location: Option<String>,
    /// The product's id; may be left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(format = Uuid)]
    product_id: Option<String>,
    /// Why it is made.
    #[serde(default, deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 255)]
    reason: Option<String>,
    /// What it belongs to: an order, a delivery note.
    #[serde(default, deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 255)]
    reference: Option<String>,
    /// What the position has to hold; if it doesn't, nothing is done.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ExpectedFigures>)]
    expect: Option<Object<ExpectedFigures>>,
}

/// What a position has to hold. What isn't named may be anything.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct ExpectedFigures {
    #[serde(default, deserialize_with = "present")]
    available: Option<Pieces>,
    #[serde(default, deserialize_with = "present")]
    allocated: Option<Pieces>,
    #[serde(default, deserialize_with = "present")]
    total: Option<Pieces>,
}

impl From<ExpectedFigures> for Expectation {
    fn from(figures: ExpectedFigures) -> Self {
        let quantity = |pieces: Option<Pieces>| pieces.map(|pieces| pieces.0);
        Self {
            available: quantity(figures.available),
            allocated: quantity(figures.allocated),
            total: quantity(figures.total),
        }
    }
}

impl NewTransaction {
    fn action(&self) -> Result<TransactionAction, ApiError> {
        TransactionAction::from_word(&self.action).ok_or_else(|| {
            ApiError::validation("action must be increment, decrement, allocate, deallocate or set")
        })
    }

    fn annotation(&self) -> Result<Annotation, ApiError> {
        let reason = self.reason.as_deref();
        let reference = self.reference.as_deref();
        Ok(Annotation {
            reason: reason.map(|it| Reason::new("reason", it)).transpose()?,
            reference: reference
                .map(|it| Reference::new("reference", it))
                .transpose()?,
        })
    }

    fn of(self, product: ProductId, action: TransactionAction, annotation: Annotation) -> Transact {
        let expect = self.expect.map(|Object(figures)| figures.into());
        Transact {
            location: self.location,
            expectation: expect.unwrap_or_default(),
            annotation,
            ..Transact::new(product, action, self.quantity.0)
        }
    }

    /// A transaction that says itself which product it is on.
    fn line(self) -> Result<Transact, ApiError> {
        let action = self.action()?;
        let annotation = self.annotation()?;
        let product = self.product_id.as_deref();
        let product = product.ok_or_else(|| ApiError::validation("product_id is missing"))?;
        let product = ProductId::parse(product).ok_or(Refusal::UnknownStock)?;
        Ok(self.of(product, action, annotation))
    }
}

/// List a product's transactions.
///
/// The history of the product's stock, oldest first. A filter may name `location`, `action`,
/// `quantity` and `created_at`.
#[utoipa::path(
    get,
    path = "/v2/inventories/{product}/transactions",
    tag = "Transactions",
    params(("product" = Uuid, Path, description = "The product's id."), ListParameters, FormHeader, StoreHeader),
    responses((status = 200, description = "A page of transactions.", body = List<TransactionBody>), NotFound, CommonErrors),
)]
pub(super) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    product: PathId<ProductId>,
    query: ListQuery,
) -> Result<Json<List<TransactionBody>>, ApiError> {
    let filter = filter::transactions(query.filter.as_deref(), form)?;
    let product = product.existing()?;
    let administrator = administration.enter().await?;
    let page = app
        .stockroom
        .transactions(&administrator, product, &filter, query.page)
        .await?;
    let page = page.ok_or(Refusal::UnknownStock)?;
    Ok(Json(List::new(&query, page, |recorded| {
        TransactionBody::new(recorded, form)
    })))
}

/// Make a transaction.
///
/// Answers 200 in the basic form, 201 in the multi-location form.
#[utoipa::path(
    post,
    path = "/v2/inventories/{product}/transactions",
    tag = "Transactions",
    params(("product" = Uuid, Path, description = "The product's id."), FormHeader, StoreHeader, IdempotencyHeader),
    request_body = Document<NewTransaction>,
    responses(
        (status = 200, description = "The transaction (basic form).", body = Data<TransactionBody>),
        (status = 201, description = "The transaction (multi-location form).", body = Data<TransactionBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    product: PathId<ProductId>,
    body: Body,
) -> Result<(StatusCode, Json<Data<TransactionBody>>), ApiError> {
    let transaction: NewTransaction = body.object()?.of_type(STOCK_TRANSACTION)?;
    let action = transaction.action()?;
    let annotation = transaction.annotation()?;
    let named = transaction.product_id.as_deref();
    if named.is_some_and(|id| !product.is(ProductId::parse(id))) {
        return Err(ApiError::validation(
            "product_id names another product than the path",
        ));
    }
    let product = product.existing()?;
    let administrator = administration.enter().await?;
    let command = transaction.of(product, action, annotation);
    let recorded = app.stockroom.transact(&administrator, command).await?;
    let status = match form {
        Form::Basic => StatusCode::OK,
        Form::MultiLocation => StatusCode::CREATED,
    };
    let data = TransactionBody::new(recorded, form);
    Ok((status, Json(Data { data })))
}

/// What became of a line of a batch: the transaction, or the errors.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Line {
    Made(Box<TransactionBody>),
    #[schema(value_type = ErrorBody)]
    Refused(FormedError),
}

/// The lines of a batch, in order.
#[derive(Serialize, ToSchema)]
pub(super) struct Lines {
    data: Vec<Line>,
}

/// A batch of transactions.
#[derive(Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "read through the batch extractor; here for its schema"
)]
struct NewTransactions {
    /// At most 10000, on any products.
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
    tag = "Transactions",
    params(FormHeader, StoreHeader, IdempotencyHeader),
    request_body = NewTransactions,
    responses(
        (status = 201, description = "All transactions (with `atomic`).", body = Lines),
        (status = 207, description = "For each line the transaction, or its errors.", body = Lines),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(super) async fn create_many(
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
    let line = |(index, outcome): (usize, Result<Recorded, Refusal>)| match outcome {
        Ok(recorded) => Line::Made(Box::new(TransactionBody::new(recorded, form))),
        Err(refusal) => {
            let error = faults.remove(&index).unwrap_or_else(|| refusal.into());
            Line::Refused(FormedError(error, form))
        }
    };
    let data = outcomes.into_iter().enumerate().map(line).collect();
    let status = if atomic {
        StatusCode::CREATED
    } else {
        StatusCode::MULTI_STATUS
    };
    Ok((status, Json(Lines { data })))
}

/// Read a transaction.
#[utoipa::path(
    get,
    path = "/v2/inventories/{product}/transactions/{transaction}",
    tag = "Transactions",
    params(
        ("product" = Uuid, Path, description = "The product's id."),
        ("transaction" = Uuid, Path, description = "The transaction's id."),
        FormHeader, StoreHeader,
    ),
    responses((status = 200, description = "The transaction.", body = Data<TransactionBody>), NotFound, CommonErrors),
)]
pub(super) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    product: PathId<ProductId>,
    transaction: PathId<TransactionId>,
) -> Result<Json<Data<TransactionBody>>, ApiError> {
    let product = product.existing()?;
    let transaction = transaction.existing()?;
    let administrator = administration.enter().await?;
    let recorded = app
        .stockroom
        .transaction(&administrator, product, transaction)
        .await?;
    let recorded = recorded.ok_or_else(|| ApiError::not_found("There is no such transaction"))?;
    let data = TransactionBody::new(recorded, form);
    Ok(Json(Data { data }))
}
