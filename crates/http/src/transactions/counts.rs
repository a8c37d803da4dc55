//! Counts.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use stockroom_domain::{
    Count, CountMany, CountStock, Counted, ProductId, Reference, Refusal, Timestamp,
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::batches::{Lines, readable, status_of_batch};
use super::body::TransactionBody;
use super::routes::status_of_made;
use crate::answer::{
    ApiError, CommonErrors, Conflict, Data, Json, NotFound, Unprocessable, as_text,
};
use crate::filter;
use crate::request::{
    Administration, Batch, BatchMode, Body, Document, Form, FormHeader, IdempotencyHeader, PathId,
    QuantityField, Scalar, StoreHeader, Writing, list_in_either_form, non_null,
};
use crate::service::AppState;

/// The `type` of a count.
const STOCK_COUNT: &str = "stock-count";

/// A count of one position. The fields may stand under `data` or under `data.attributes`.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct NewCount {
    /// The number of pieces found, whether or not they were allocated.
    counted: QuantityField,
    /// The time of the count; the moment of the request if left out.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(format = DateTime, nullable = false)]
    as_of: Option<String>,
    /// The slug of the location; the unlocated pool if left out or null.
    #[serde(default)]
    location: Option<String>,
    /// A reference of another system: a stocktaking.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    reference: Option<String>,
}

/// A count of one of many positions.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct NewCountLine {
    /// The product's id.
    #[schema(format = Uuid)]
    product_id: String,
    /// The number of pieces found, whether or not they were allocated.
    counted: QuantityField,
    /// The slug of the location; the unlocated pool if left out or null.
    #[serde(default)]
    location: Option<String>,
    /// A reference of another system: a stocktaking.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    reference: Option<String>,
    /// Refused in a line: if it were ignored, the count would be taken for the present.
    #[serde(default)]
    #[schema(ignore)]
    as_of: Option<Scalar>,
}

/// Counts of many positions.
#[derive(Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "read through the batch extractor; here for its schema"
)]
struct NewCounts {
    #[schema(schema_with = list_in_either_form::<NewCountLine, 10_000>)]
    data: Vec<NewCountLine>,
    /// The time of all counts; the moment of the request if left out.
    #[schema(format = DateTime, nullable = false)]
    as_of: Option<String>,
    /// Whether all are made or none. Else each stands alone.
    #[serde(default)]
    atomic: bool,
    /// Whether this is a dry run: all is decided on the stock as it is now and answered, and nothing is
    /// changed. An `Idempotency-Key` is ignored.
    #[serde(default)]
    dry_run: bool,
}

/// An accepted count.
#[derive(Serialize, ToSchema)]
pub(crate) struct CountBody {
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
    /// The time of the count.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    as_of: Timestamp,
    /// The number of pieces that the books gave the position at that time. It is negative where
    /// they contradict themselves.
    expected: i64,
    /// The number of pieces counted.
    counted: u64,
    /// The number of pieces by which the stock is changed.
    changed: i64,
    /// The transaction that changes it, with the reason `count`.
    transaction: TransactionBody,
}

impl CountBody {
    fn new(counted: Counted, form: Form) -> Self {
        let recorded = counted.recorded;
        let slug = recorded.slug.as_ref();
        Self {
            id: recorded.entry.id.uuid(),
            r#type: STOCK_COUNT,
            attributes: CountAttributes {
                product_id: recorded.product.uuid(),
                location: slug.map(ToString::to_string),
                as_of: counted.as_of,
                expected: counted.expected,
                counted: counted.counted.get(),
                changed: recorded.entry.total_change(),
                transaction: TransactionBody::new(recorded, form),
            },
        }
    }
}

/// Count stock.
///
/// Corrects the books to the number of pieces that were found in one position at some time. What
/// has moved since then is kept: one transaction makes up for the difference between that number and
/// what the books now say of that time. Entering a count again changes nothing. Answers 200 in the
/// basic form, 201 in the multi-location form.
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
        (status = 200, description = "The count (basic form).", body = Data<CountBody>),
        (status = 201, description = "The count (multi-location form).", body = Data<CountBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    writing: Writing,
    form: Form,
    product: PathId<ProductId>,
    body: Body,
) -> Result<(StatusCode, Json<Data<CountBody>>), ApiError> {
    let count: NewCount = body.object()?.of_type(STOCK_COUNT)?;
    let as_of = count.as_of.as_deref().map(as_of).transpose()?;
    let reference = count.reference.map(|it| Reference::new("reference", it));
    let reference = reference.transpose()?;
    let product = product.existing()?;
    let writer = writing.enter().await?;
    let count = Count {
        product,
        location: count.location,
        counted: count.counted.0,
        reference,
    };
    let request = CountStock { count, as_of };
    let counted = app.stockroom.execute(&writer, request).await?;
    let data = CountBody::new(counted, form);
    Ok((status_of_made(form), Json(Data { data })))
}

fn as_of(text: &str) -> Result<Timestamp, ApiError> {
    filter::time(text).ok_or_else(|| ApiError::validation("as_of must be a timestamp"))
}

/// Count many positions.
///
/// In order, as one batch, which one request undoes. With `atomic`, the first count that fails is
/// answered for all, its place in `meta.index`, and nothing is changed.
#[utoipa::path(
    post,
    path = "/v2/inventories/counts",
    operation_id = "CreateCountBatch",
    tag = "Transactions",
    params(FormHeader, StoreHeader, IdempotencyHeader),
    request_body(
        content = NewCounts,
        examples(
            ("shelf" = (summary = "A shelf that was counted in the morning", value = json!({
                "data": [
                    { "product_id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "counted": 85, "reference": "stocktaking 2026" },
                    { "product_id": "6f3ad0b5-2a7c-4f4e-9d1b-8c1e0d5b7a42", "counted": 0, "location": "berlin" }
                ],
                "as_of": "2026-01-31T09:30:00Z"
            }))),
        ),
    ),
    responses(
        (status = 201, description = "All counts (with `atomic`).", body = Lines<CountBody>),
        (status = 207, description = "For each line the count, or its errors.", body = Lines<CountBody>),
        NotFound, Unprocessable, Conflict, CommonErrors,
    ),
)]
pub(crate) async fn create_many(
    State(app): State<AppState>,
    administration: Administration,
    form: Form,
    batch: Batch,
) -> Result<(StatusCode, Json<Lines<CountBody>>), ApiError> {
    let read = batch.read(&administration, |mut body| {
        let as_of = body.text("as_of")?.as_deref().map(as_of).transpose()?;
        let (lines, mode) = body.lines(STOCK_COUNT, CountMany::LINES_MAX, "counts")?;
        Ok((as_of, readable(lines, NewCountLine::count), mode))
    });
    let (as_of, (counts, faults), BatchMode { atomic, dry_run }) = read.await?;
    administration.count_lines(counts.len())?;
    let many = CountMany {
        counts,
        as_of,
        atomic,
    };
    let stockroom = &app.stockroom;
    let counted = if dry_run {
        let administrator = administration.enter().await?;
        stockroom.preview_counts(&administrator, many).await
    } else {
        let writer = administration.writing()?.enter().await?;
        stockroom.execute(&writer, many).await
    };
    let body = |counted| CountBody::new(counted, form);
    let lines = Lines::answer(counted, faults, body, form)?;
    Ok((status_of_batch(atomic), Json(lines.previewed(dry_run))))
}

impl NewCountLine {
    fn count(self) -> Result<Count, ApiError> {
        if self.as_of.is_some() {
            let detail = "as_of must stand beside data, for all counts";
            return Err(ApiError::validation(detail));
        }
        let reference = self.reference.map(|it| Reference::new("reference", it));
        let product = ProductId::parse(&self.product_id);
        Ok(Count {
            product: product.ok_or(Refusal::UnknownStock)?,
            location: self.location,
            counted: self.counted.0,
            reference: reference.transpose()?,
        })
    }
}
