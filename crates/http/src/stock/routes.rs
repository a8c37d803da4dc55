//! Stock.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use stockroom_application::ports::StockOrder;
use stockroom_domain::{
    CreateStock, EchoedFigures, ProductId, Quantity, Refusal, SetLocations, Slug,
};
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};

use super::body::{Additions, StockBody};
use super::filter::{self, StockFilter, StockSortParameter};
use crate::answer::{ApiError, CommonErrors, Conflict, Data, Json, List, NotFound};
use crate::request::{
    At, AtParameter, Body, Document, FilterParameter, Form, FormHeader, IdempotencyHeader, Include,
    IncludeParameter, ListQuery, PageParameters, PathId, QuantityField, Reading, Scalar,
    StoreHeader, StrictObject, Writing, non_null, not_allowed, not_in_future,
};
use crate::service::AppState;

/// Stock to be created. The fields may stand under `data` or under `data.attributes`.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct NewStock {
    /// The product's id; one is made if there is none.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(format = Uuid, nullable = false)]
    id: Option<String>,
    /// What is available outside of any location; 0 if left out.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    quantity: Option<QuantityField>,
    /// Another name for `quantity`.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    available: Option<QuantityField>,
    /// What is available in each location, by its slug.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, LocationFigures>)]
    locations: BTreeMap<String, StrictObject<LocationFigures>>,
}

/// What is to be available in a location.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(expecting = "an object with available")]
struct LocationFigures {
    available: QuantityField,
}

/// Locations of a stock to be set.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct StockUpdate {
    /// The product's id; may be left out.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(format = Uuid, nullable = false)]
    id: Option<String>,
    #[serde(default)]
    #[schema(schema_with = location_changes)]
    locations: BTreeMap<String, Option<StrictObject<LocationFigures>>>,
    /// A figure of the whole stock, as it was read. Where no location is named, another one than the
    /// stock has is refused; beside locations it says nothing.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<QuantityField>)]
    available: Option<Scalar>,
    /// As `available`.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<QuantityField>)]
    allocated: Option<Scalar>,
    /// As `available`.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<QuantityField>)]
    total: Option<Scalar>,
}

impl StockUpdate {
    /// The figures of the whole stock that were sent. They are validated only if they are compared.
    fn echoed(&self) -> Result<EchoedFigures, ApiError> {
        if !self.locations.is_empty() {
            return Ok(EchoedFigures::default());
        }
        let figure = |field: &str, value: &Option<Scalar>| {
            let pieces = value.as_ref().map(QuantityField::of).transpose();
            pieces
                .map(|pieces| pieces.map(|pieces| pieces.0))
                .map_err(|reason| ApiError::validation(format!("{field}: {reason}")))
        };
        Ok(EchoedFigures {
            available: figure("available", &self.available)?,
            allocated: figure("allocated", &self.allocated)?,
            total: figure("total", &self.total)?,
        })
    }
}

fn location_changes() -> Schema {
    let figures = Ref::from_schema_name(LocationFigures::name());
    let nothing = ObjectBuilder::new().schema_type(Type::Null);
    let change = OneOfBuilder::new().item(figures).item(nothing);
    let description = "By the location's slug: what is to be available there, or null to take the \
                       location out of the stock.";
    let changes = ObjectBuilder::new()
        .description(Some(description))
        .additional_properties(Some(Schema::OneOf(change.build())));
    Schema::Object(changes.build())
}

impl NewStock {
    fn command(self, product: ProductId) -> Result<CreateStock, ApiError> {
        if self.quantity.is_some() && self.available.is_some() {
            let detail = "quantity and available are the same: name one of them";
            return Err(ApiError::validation(detail));
        }
        let unlocated = self.quantity.or(self.available);
        let located = self
            .locations
            .into_iter()
            .map(|(slug, figures)| Ok((known_slug(&slug)?, figures.0.available.0)))
            .collect::<Result<_, ApiError>>()?;
        Ok(CreateStock {
            product,
            unlocated: unlocated.map_or(Quantity::ZERO, |pieces| pieces.0),
            located,
        })
    }
}

/// A text that isn't a slug can't name a location.
fn known_slug(slug: &str) -> Result<Slug, ApiError> {
    Slug::new(slug).map_err(|_| Refusal::unknown_location(slug).into())
}

/// List stock.
///
/// The stock that the caller sees, oldest first unless `sort` says otherwise. A filter may name
/// `location`, `id`, `sku`, `available`, `allocated`, `total`, `low`, `created_at` and `updated_at`; not
/// `sku` and `low` for implicit tokens, and not `low` with `at`.
#[utoipa::path(
    get,
    path = "/v2/inventories",
    operation_id = "ListStock",
    tag = "Stock",
    params(
        PageParameters,
        FilterParameter,
        StockSortParameter,
        AtParameter,
        IncludeParameter,
        FormHeader,
        StoreHeader
    ),
    responses((status = 200, description = "A page of stock.", body = List<StockBody>), CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    reading: Reading,
    form: Form,
    include: Include,
    query: ListQuery,
) -> Result<Json<List<StockBody>>, ApiError> {
    let filter = match query.at {
        None => filter::stock(query.filter.as_deref())?,
        Some(_) => filter::past_stock(query.filter.as_deref())?,
    };
    let at = not_in_future(&app, query.at)?;
    include.refuse_in_past("planning", at)?;
    if let Some(order) = filter::order(query.sort.as_deref()) {
        if at.is_some() {
            return Err(ApiError::bad_request("sort and at cannot be combined"));
        }
        return list_sorted(&app, reading, form, &include, query, filter, order).await;
    }
    let list = query.list("stock", "")?;
    let page = list.page;
    let caller = reading.enter().await?;
    let stockroom = &app.stockroom;
    let filter = filter::on_stock(stockroom, &caller, filter).await?;
    let found = match at {
        None => stockroom.list_stocks(&caller, &filter, page).await?,
        Some(at) => stockroom.list_stocks_at(&caller, &filter, page, at).await?,
    };
    let products = found.items.iter().map(|stock| stock.product);
    let mut additions = Additions::read(stockroom, &caller, &include, products).await?;
    let show = |stock| StockBody::with(stock, form, &mut additions);
    Ok(Json(if include.has("sequence") {
        list.answer_by_place(found, show)
    } else {
        list.answer(found, show)
    }))
}

/// The same list, sorted by a figure.
async fn list_sorted(
    app: &AppState,
    reading: Reading,
    form: Form,
    include: &Include,
    query: ListQuery,
    filter: Vec<StockFilter>,
    order: StockOrder,
) -> Result<Json<List<StockBody>>, ApiError> {
    let sort = query.sort.clone().unwrap_or_default();
    let list = query.list("stock", &sort)?;
    let caller = reading.enter().await?;
    let administrator = caller.clone().administrator().ok_or_else(not_allowed)?;
    let stockroom = &app.stockroom;
    let filter = filter::on_stock(stockroom, &caller, filter).await?;
    let found = stockroom.sort_stocks(&administrator, &filter, order, list.page);
    let found = found.await?;
    let products = found.items.iter().map(|stock| stock.product);
    let mut additions = Additions::read(stockroom, &caller, include, products).await?;
    let show = |stock| StockBody::with(stock, form, &mut additions);
    Ok(Json(list.answer(found, show)))
}

/// Create stock.
///
/// For the product named by `id`, or for a new one.
#[utoipa::path(
    post,
    path = "/v2/inventories",
    operation_id = "CreateStock",
    tag = "Stock",
    params(FormHeader, StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<NewStock>,
        examples(
            ("basic" = (summary = "In the basic form", value = json!({
                "data": { "type": "stock", "id": "15fbeab0-75a3-4d6b-b23b-9db7455c077e", "quantity": 100 }
            }))),
            ("multi-location" = (summary = "In the multi-location form", value = json!({
                "data": {
                    "type": "stock",
                    "id": "6f3ad0b5-2a7c-4f4e-9d1b-8c1e0d5b7a42",
                    "attributes": { "available": 80, "locations": { "berlin": { "available": 20 } } }
                }
            }))),
        ),
    ),
    responses((status = 201, description = "The stock.", body = Data<StockBody>), Conflict, CommonErrors),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    writing: Writing,
    form: Form,
    body: Body,
) -> Result<(StatusCode, Json<Data<StockBody>>), ApiError> {
    let stock: NewStock = body.object()?.of_type("stock")?;
    let product = match &stock.id {
        Some(id) => {
            ProductId::parse(id).ok_or_else(|| ApiError::validation("id must be a UUID"))?
        }
        None => app.stockroom.new_product_id(),
    };
    create_stock(&app, writing, form, stock.command(product)?).await
}

/// Create a product's stock.
#[utoipa::path(
    post,
    path = "/v2/inventories/{product}",
    operation_id = "CreateProductStock",
    tag = "Stock",
    params(("product" = Uuid, Path, description = "The product's id."), FormHeader, StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<NewStock>,
        examples(
            ("basic" = (summary = "In the basic form", value = json!({ "data": { "type": "stock", "quantity": 100 } }))),
            ("multi-location" = (summary = "In the multi-location form", value = json!({
                "data": {
                    "type": "stock",
                    "attributes": { "available": 80, "locations": { "berlin": { "available": 20 } } }
                }
            }))),
        ),
    ),
    responses((status = 201, description = "The stock.", body = Data<StockBody>), Conflict, CommonErrors),
)]
pub(crate) async fn create_of_product(
    State(app): State<AppState>,
    writing: Writing,
    form: Form,
    product: PathId<ProductId>,
    body: Body,
) -> Result<(StatusCode, Json<Data<StockBody>>), ApiError> {
    let stock: NewStock = body.object()?.of_type("stock")?;
    check_same_product(stock.id.as_deref(), &product)?;
    let product = product.for_new()?;
    create_stock(&app, writing, form, stock.command(product)?).await
}

async fn create_stock(
    app: &AppState,
    writing: Writing,
    form: Form,
    command: CreateStock,
) -> Result<(StatusCode, Json<Data<StockBody>>), ApiError> {
    let writer = writing.enter().await?;
    let stock = app.stockroom.execute(&writer, command).await?;
    let data = StockBody::new(stock, form);
    Ok((StatusCode::CREATED, Json(Data { data })))
}

/// Refuses a body whose product differs from the one in the path.
fn check_same_product(in_body: Option<&str>, in_path: &PathId<ProductId>) -> Result<(), ApiError> {
    match in_body {
        Some(id) if !in_path.is(ProductId::parse(id)) => Err(ApiError::validation(
            "The product in the body differs from the product in the path",
        )),
        _ => Ok(()),
    }
}

/// Read a product's stock.
#[utoipa::path(
    get,
    path = "/v2/inventories/{product}",
    operation_id = "GetStock",
    tag = "Stock",
    params(("product" = Uuid, Path, description = "The product's id."), AtParameter, IncludeParameter, FormHeader, StoreHeader),
    responses((status = 200, description = "The stock.", body = Data<StockBody>), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    reading: Reading,
    form: Form,
    at: At,
    include: Include,
    product: PathId<ProductId>,
) -> Result<Json<Data<StockBody>>, ApiError> {
    include.refuse_in_past("planning", at.0)?;
    let product = product.existing()?;
    let caller = reading.enter().await?;
    let stock = match at.0 {
        None => app.stockroom.stock(&caller, product).await?,
        Some(at) => app.stockroom.stock_at(&caller, product, at).await?,
    };
    let stock = stock.ok_or(Refusal::UnknownStock)?;
    let mut additions = Additions::read(&app.stockroom, &caller, &include, [product]).await?;
    let data = StockBody::with(stock, form, &mut additions);
    Ok(Json(Data { data }))
}

/// Set what is available in a product's locations.
///
/// Figures of the whole stock that come without locations have to be those that it has.
#[utoipa::path(
    put,
    path = "/v2/inventories/{product}",
    operation_id = "UpdateStock",
    tag = "Stock",
    params(("product" = Uuid, Path, description = "The product's id."), FormHeader, StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<StockUpdate>,
        examples(
            ("set" = (summary = "Set what is available in a location", value = json!({
                "data": { "type": "stock", "attributes": { "locations": { "berlin": { "available": 25 } } } }
            }))),
            ("take-out" = (summary = "Take a location out of the stock", value = json!({
                "data": { "type": "stock", "attributes": { "locations": { "berlin": null } } }
            }))),
        ),
    ),
    responses((status = 200, description = "The stock.", body = Data<StockBody>), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn update(
    State(app): State<AppState>,
    writing: Writing,
    form: Form,
    product: PathId<ProductId>,
    body: Body,
) -> Result<Json<Data<StockBody>>, ApiError> {
    let update: StockUpdate = body.object()?.of_type("stock")?;
    let echoed = update.echoed()?;
    let located = update
        .locations
        .into_iter()
        .map(|(slug, figures)| Ok((known_slug(&slug)?, figures.map(|it| it.0.available.0))))
        .collect::<Result<_, ApiError>>()?;
    check_same_product(update.id.as_deref(), &product)?;
    let product = product.existing()?;
    let writer = writing.enter().await?;
    let command = SetLocations {
        product,
        located,
        echoed,
    };
    let stock = app.stockroom.execute(&writer, command).await?;
    let data = StockBody::new(stock, form);
    Ok(Json(Data { data }))
}

/// End the management of a product's stock.
#[utoipa::path(
    delete,
    path = "/v2/inventories/{product}",
    operation_id = "DeleteStock",
    tag = "Stock",
    params(("product" = Uuid, Path, description = "The product's id."), FormHeader, StoreHeader, IdempotencyHeader),
    responses((status = 204, description = "The stock is no longer managed."), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn delete(
    State(app): State<AppState>,
    writing: Writing,
    product: PathId<ProductId>,
) -> Result<StatusCode, ApiError> {
    let product = product.existing()?;
    let writer = writing.enter().await?;
    app.stockroom.delete_stock(&writer, product).await?;
    Ok(StatusCode::NO_CONTENT)
}
