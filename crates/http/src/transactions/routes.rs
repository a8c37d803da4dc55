//! Transactions.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use stockroom_application::filter::Comparison;
use stockroom_application::ports::TransactionCondition;
use stockroom_domain::{
    Annotation, Expectation, ProductId, Reason, Recorded, Reference, Refusal, Transact,
    TransactionAction, TransactionId,
};
use utoipa::ToSchema;

use super::body::TransactionBody;
use super::filter;
use crate::answer::{ApiError, CommonErrors, Conflict, Data, Json, List, NotFound, Unprocessable};
use crate::request::{
    Administration, AtParameter, Body, Current, Document, FilterParameter, Form, FormHeader,
    HistoryParameters, IdempotencyHeader, ListQuery, PathId, QuantityField, StoreHeader,
    StrictObject, Writing, non_null, not_in_future,
};
use crate::service::AppState;

pub(crate) const STOCK_TRANSACTION: &str = "stock-transaction";

/// A transaction to be made. The fields may stand under `data` or under `data.attributes`.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
pub(crate) struct NewTransaction {
    /// What is done.
    #[schema(value_type = TransactionKind)]
    action: String,
    /// How many pieces; for `set`, the total that there is to be.
    quantity: QuantityField,
    /// The slug of the location; the unlocated pool if left out or null.
    #[serde(default)]
    location: Option<String>,
    /// The product's id; may be left out.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(format = Uuid, nullable = false)]
    product_id: Option<String>,
    /// Why it is made.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    reason: Option<String>,
    /// What it belongs to: an order, a delivery note.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    reference: Option<String>,
    /// What the position has to hold; if it doesn't, nothing is done.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<ExpectedFigures>, nullable = false)]
    expect: Option<StrictObject<ExpectedFigures>>,
}

/// `increment` and `decrement` change what is available; `allocate` and `deallocate` move pieces
/// from available to allocated, and back; `set` makes the total what `quantity` says.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "read as a text; here for its schema")]
enum TransactionKind {
    Increment,
    Decrement,
    Allocate,
    Deallocate,
    Set,
}

/// What a position has to hold. What isn't named may be anything.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct ExpectedFigures {
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    available: Option<QuantityField>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    allocated: Option<QuantityField>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    total: Option<QuantityField>,
}

impl From<ExpectedFigures> for Expectation {
    fn from(figures: ExpectedFigures) -> Self {
        let quantity = |pieces: Option<QuantityField>| pieces.map(|pieces| pieces.0);
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
        let expect = self.expect.map(|StrictObject(figures)| figures.into());
        Transact {
            location: self.location,
            expectation: expect.unwrap_or_default(),
            annotation,
            ..Transact::new(product, action, self.quantity.0)
        }
    }

    /// A transaction whose body names its product.
    pub(crate) fn line(self) -> Result<Transact, ApiError> {
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
/// `quantity`, `created_at`, `reason` and `reference`. With `at`, it ends at that time.
#[utoipa::path(
    get,
    path = "/v2/inventories/{product}/transactions",
    operation_id = "ListTransactions",
    tag = "Transactions",
    params(
        ("product" = Uuid, Path, description = "The product's id."),
        HistoryParameters, FilterParameter, AtParameter, FormHeader, StoreHeader,
    ),
    responses((status = 200, description = "A page of transactions.", body = List<TransactionBody>), NotFound, CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    product: PathId<ProductId>,
    query: ListQuery,
) -> Result<Json<List<TransactionBody>>, ApiError> {
    let filter = history_filter(&app, &query, form)?;
    let page = query.history_page()?;
    let product = product.existing()?;
    let administrator = administration.enter().await?;
    let found = app
        .stockroom
        .transactions(&administrator, product, &filter, page)
        .await?;
    let cursor = TransactionId::to_string;
    let list = List::new(&query, &page, found, cursor, |it| {
        TransactionBody::new(it, form)
    });
    Ok(Json(list))
}

/// The part of a history that is requested: matches of the filter, up to a time if one is given.
pub(crate) fn history_filter(
    app: &AppState,
    query: &ListQuery,
    form: Form,
) -> Result<Vec<TransactionCondition>, ApiError> {
    let mut filter = filter::transactions(query.filter.as_deref(), form)?;
    let at = not_in_future(app, query.at)?;
    filter.extend(at.map(|at| TransactionCondition::CreatedAt(Comparison::LessOrEqual(at))));
    Ok(filter)
}

/// Make a transaction.
///
/// Answers 200 in the basic form, 201 in the multi-location form.
#[utoipa::path(
    post,
    path = "/v2/inventories/{product}/transactions",
    operation_id = "CreateTransaction",
    tag = "Transactions",
    params(("product" = Uuid, Path, description = "The product's id."), FormHeader, StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<NewTransaction>,
        examples(
            ("basic" = (summary = "In the basic form", value = json!({ "data": { "type": "stock-transaction", "action": "allocate", "quantity": 10 } }))),
            ("multi-location" = (summary = "In the multi-location form", value = json!({
                "data": {
                    "type": "stock-transaction",
                    "attributes": {
                        "action": "increment",
                        "quantity": 20,
                        "location": "berlin",
                        "reason": "delivery",
                        "reference": "delivery note 4711"
                    }
                }
            }))),
            ("compare-and-set" = (summary = "Only if the stock is as expected", value = json!({
                "data": {
                    "type": "stock-transaction",
                    "action": "set",
                    "quantity": 95,
                    "expect": { "total": 100 }
                }
            }))),
        ),
    ),
    responses(
        (status = 200, description = "The transaction (basic form).", body = Data<TransactionBody>),
        (status = 201, description = "The transaction (multi-location form).", body = Data<TransactionBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    writing: Writing,
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
            "product_id differs from the product in the path",
        ));
    }
    let product = product.existing()?;
    let writer = writing.enter().await?;
    let command = transaction.of(product, action, annotation);
    let recorded = app.stockroom.execute(&writer, command).await?;
    Ok(made(recorded, form))
}

fn made(recorded: Recorded, form: Form) -> (StatusCode, Json<Data<TransactionBody>>) {
    let data = TransactionBody::new(recorded, form);
    (status_of_made(form), Json(Data { data }))
}

/// The dialect's status for an accepted transaction, by form.
pub(crate) const fn status_of_made(form: Form) -> StatusCode {
    match form {
        Form::Basic => StatusCode::OK,
        Form::MultiLocation => StatusCode::CREATED,
    }
}

/// Read a transaction.
#[utoipa::path(
    get,
    path = "/v2/inventories/{product}/transactions/{transaction}",
    operation_id = "GetTransaction",
    tag = "Transactions",
    params(
        ("product" = Uuid, Path, description = "The product's id."),
        ("transaction" = Uuid, Path, description = "The transaction's id."),
        FormHeader, StoreHeader,
    ),
    responses((status = 200, description = "The transaction.", body = Data<TransactionBody>), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    _: Current,
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
    let recorded = recorded.ok_or(Refusal::TransactionNotFound)?;
    let data = TransactionBody::new(recorded, form);
    Ok(Json(Data { data }))
}

/// Undo a transaction.
///
/// By one that does the opposite, once at most. Both name each other. Answers 200 in the basic form,
/// 201 in the multi-location form.
#[utoipa::path(
    post,
    path = "/v2/inventories/{product}/transactions/{transaction}/undo",
    operation_id = "UndoTransaction",
    tag = "Transactions",
    params(
        ("product" = Uuid, Path, description = "The product's id."),
        ("transaction" = Uuid, Path, description = "The transaction's id."),
        FormHeader, StoreHeader, IdempotencyHeader,
    ),
    responses(
        (status = 200, description = "The transaction that undoes it (basic form).", body = Data<TransactionBody>),
        (status = 201, description = "The transaction that undoes it (multi-location form).", body = Data<TransactionBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn undo(
    State(app): State<AppState>,
    writing: Writing,
    form: Form,
    product: PathId<ProductId>,
    transaction: PathId<TransactionId>,
) -> Result<(StatusCode, Json<Data<TransactionBody>>), ApiError> {
    let product = product.existing()?;
    let transaction = transaction.existing()?;
    let writer = writing.enter().await?;
    let undone = app.stockroom.undo(&writer, product, transaction);
    Ok(made(undone.await?, form))
}
