//! Transactions.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use stockroom_domain::{ProductId, Refusal, Transact, TransactionAction, TransactionId};
use utoipa::ToSchema;

use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::{Administration, Body, ListQuery, PathId, Pieces, present};
use crate::filter;
use crate::form::Form;
use crate::json::Json;
use crate::links::List;
use crate::openapi::{
    CommonErrors, Document, FormHeader, ListParameters, NotFound, StoreHeader, Unprocessable,
};
use crate::representation::{Data, TransactionBody};

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
    params(("product" = Uuid, Path, description = "The product's id."), FormHeader, StoreHeader),
    request_body = Document<NewTransaction>,
    responses(
        (status = 200, description = "The transaction (basic form).", body = Data<TransactionBody>),
        (status = 201, description = "The transaction (multi-location form).", body = Data<TransactionBody>),
        NotFound, Unprocessable, CommonErrors,
    ),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    product: PathId<ProductId>,
    body: Body,
) -> Result<(StatusCode, Json<Data<TransactionBody>>), ApiError> {
    let transaction: NewTransaction = body.object()?.of_type("stock-transaction")?;
    let action = TransactionAction::from_word(&transaction.action).ok_or_else(|| {
        ApiError::validation("action must be increment, decrement, allocate, deallocate or set")
    })?;
    let named = transaction.product_id.as_deref();
    if named.is_some_and(|id| !product.is(ProductId::parse(id))) {
        return Err(ApiError::validation(
            "product_id names another product than the path",
        ));
    }
    let product = product.existing()?;
    let administrator = administration.enter().await?;
    let command = Transact {
        product,
        action,
        quantity: transaction.quantity.0,
        location: transaction.location,
    };
    let recorded = app.stockroom.transact(&administrator, command).await?;
    let status = match form {
        Form::Basic => StatusCode::OK,
        Form::MultiLocation => StatusCode::CREATED,
    };
    let data = TransactionBody::new(recorded, form);
    Ok((status, Json(Data { data })))
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
