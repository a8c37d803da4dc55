//! Counts.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use stockroom_domain::{CountStock, Counted, ProductId, Reference, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

use super::transactions::status_of_made;
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::{Administration, Body, PathId, Pieces, present};
use crate::filter;
use crate::form::Form;
use crate::json::Json;
use crate::openapi::{
    CommonErrors, Conflict, Document, FormHeader, IdempotencyHeader, NotFound, StoreHeader,
    Unprocessable,
};
use crate::representation::{Data, TransactionBody, as_text};

/// What somebody counted. The fields may stand under `data` or under `data.attributes`.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct NewCount {
    /// How many pieces there were, whether or not they were allocated.
    counted: Pieces,
    /// When they were counted.
    #[schema(format = DateTime)]
    as_of: String,
    /// The slug of the location; the unlocated pool if left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    location: Option<String>,
    /// What it belongs to: a stocktaking.
    #[serde(default, deserialize_with = "present")]
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    reference: Option<String>,
}

/// What a count has led to.
#[derive(Serialize, ToSchema)]
pub(super) struct CountBody {
    /// The id of the transaction.
    id: Uuid,
    /// Always `stock-count`.
    r#type: &'static str,
    attributes: CountAttributes,
}

#[derive(Serialize, ToSchema)]
struct CountAttributes {
    product_id: Uuid,
    /// The slug of the location; absent for the unlocated pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    as_of: Timestamp,
    /// How many pieces there were to be at that time.
    expected: u64,
    /// How many there were.
    counted: u64,
    /// By how many pieces the stock is changed for it.
    changed: i64,
    /// The transaction that does it, of reason `count`.
    transaction: TransactionBody,
}

impl CountBody {
    fn new(counted: Counted, form: Form) -> Self {
        let recorded = counted.recorded;
        let slug = recorded.slug.as_ref();
        Self {
            id: recorded.entry.id.uuid(),
            r#type: "stock-count",
            attributes: CountAttributes {
                product_id: recorded.product.uuid(),
                location: slug.map(ToString::to_string),
                as_of: counted.as_of,
                expected: counted.expected.get(),
                counted: counted.counted.get(),
                changed: i64::from(counted.counted) - i64::from(counted.expected),
                transaction: TransactionBody::new(recorded, form),
            },
        }
    }
}

/// Count stock.
///
/// So many pieces lay there at some time. What has moved since is kept: the difference between what
/// there was to be then and what there was becomes one transaction now. Answers 200 in the basic
/// form, 201 in the multi-location form.
#[utoipa::path(
    post,
    path = "/v2/inventories/{product}/counts",
    operation_id = "CreateCount",
    tag = "Transactions",
    params(("product" = Uuid, Path, description = "The product's id."), FormHeader, StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<NewCount>,
        examples(
            ("basic" = (summary = "In the basic form", value = json!({ "data": { "type": "stock-count", "counted": 85, "as_of": "2026-01-31T09:30:00Z" } }))),
            ("multi-location" = (summary = "In the multi-location form", value = json!({
                "data": {
                    "type": "stock-count",
                    "attributes": {
                        "counted": 18,
                        "as_of": "2026-01-31T09:30:00Z",
                        "location": "berlin",
                        "reference": "stocktaking 2026"
                    }
                }
            }))),
        ),
    ),
    responses(
        (status = 200, description = "What the count has led to (basic form).", body = Data<CountBody>),
        (status = 201, description = "What the count has led to (multi-location form).", body = Data<CountBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(super) async fn create(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    product: PathId<ProductId>,
    body: Body,
) -> Result<(StatusCode, Json<Data<CountBody>>), ApiError> {
    let count: NewCount = body.object()?.of_type("stock-count")?;
    let as_of = filter::time(&count.as_of);
    let as_of = as_of.ok_or_else(|| ApiError::validation("as_of must be a time"))?;
    let reference = count.reference.map(|it| Reference::new("reference", it));
    let reference = reference.transpose()?;
    let product = product.existing()?;
    let administrator = administration.enter().await?;
    let request = CountStock {
        product,
        location: count.location,
        counted: count.counted.0,
        as_of,
        reference,
    };
    let counted = app.stockroom.count(&administrator, request).await?;
    let data = CountBody::new(counted, form);
    Ok((status_of_made(form), Json(Data { data })))
}
