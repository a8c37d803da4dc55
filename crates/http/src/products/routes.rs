//! Products.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use stockroom_domain::{
    Invalid, Patch, ProductId, ProductText, Refusal, RegisterProduct, UpdateProduct,
};
use utoipa::ToSchema;

use super::body::{Commodity, ProductBody, Status, Stocks};
use super::filter::{self, ProductIncludeParameter, ProductSortParameter};
use crate::answer::{ApiError, CommonErrors, Conflict, Data, Json, List, NotFound, Unprocessable};
use crate::request::{
    Administration, Body, Current, Document, FilterParameter, IdempotencyHeader, Include,
    ListQuery, PageParameters, PathId, QuantityField, StoreHeader, Writing, non_null, patch,
};
use crate::service::AppState;

/// A product to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct NewProduct {
    /// The id that the product is to have; one is made if it is left out.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(format = Uuid)]
    id: Option<String>,
    #[schema(min_length = 1, max_length = 1024)]
    name: String,
    /// The stock keeping unit, unique in the store or organization.
    #[schema(min_length = 1, max_length = 1024)]
    sku: Option<String>,
    #[schema(min_length = 1, max_length = 1024)]
    slug: Option<String>,
    #[schema(min_length = 1, max_length = 1024)]
    description: Option<String>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    status: Option<Status>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    commodity_type: Option<Commodity>,
    /// Whether stock is managed from the start, even if `stock` is left out.
    #[serde(default)]
    manage_stock: bool,
    /// What another system calls it, unique in the store or organization.
    #[schema(min_length = 1, max_length = 1024)]
    external_ref: Option<String>,
    /// The first stock level. If stock of the product is there already, the total that it is to have
    /// outside of any location.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    stock: Option<QuantityField>,
}

/// Fields of a product to be changed; null clears one that is optional.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct ProductUpdate {
    #[serde(default, deserialize_with = "non_null")]
    #[schema(min_length = 1, max_length = 1024, nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1024)]
    sku: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1024)]
    slug: Patch<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1024)]
    description: Patch<String>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    status: Option<Status>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    commodity_type: Option<Commodity>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    manage_stock: Option<bool>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1024)]
    external_ref: Patch<String>,
    /// The total that the stock outside of any location is to have. Nothing happens if it has that
    /// already.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    stock: Option<QuantityField>,
}

fn text(field: &'static str) -> impl Fn(String) -> Result<ProductText, Invalid> {
    move |text| ProductText::new(field, text)
}

impl NewProduct {
    fn command(self) -> Result<RegisterProduct, Invalid> {
        let id = self.id.map(|id| {
            let rule = || Invalid::new("id", "a UUID");
            ProductId::parse(&id).ok_or_else(rule)
        });
        Ok(RegisterProduct {
            id: id.transpose()?,
            name: ProductText::new("name", self.name)?,
            sku: self.sku.map(text("sku")).transpose()?,
            slug: self.slug.map(text("slug")).transpose()?,
            description: self.description.map(text("description")).transpose()?,
            status: self.status.map(Into::into).unwrap_or_default(),
            commodity_type: self.commodity_type.map(Into::into).unwrap_or_default(),
            manage_stock: self.manage_stock,
            external_ref: self.external_ref.map(text("external_ref")).transpose()?,
            stock: self.stock.map(|pieces| pieces.0),
        })
    }
}

impl ProductUpdate {
    /// Returns the command, which still lacks the product's id.
    fn command(self) -> Result<impl FnOnce(ProductId) -> UpdateProduct, Invalid> {
        let name = self.name.map(text("name")).transpose()?;
        let sku = self.sku.try_map(text("sku"))?;
        let slug = self.slug.try_map(text("slug"))?;
        let description = self.description.try_map(text("description"))?;
        let external_ref = self.external_ref.try_map(text("external_ref"))?;
        Ok(move |id| UpdateProduct {
            id,
            name,
            sku,
            slug,
            description,
            status: self.status.map(Into::into),
            commodity_type: self.commodity_type.map(Into::into),
            manage_stock: self.manage_stock,
            external_ref,
            stock: self.stock.map(|pieces| pieces.0),
        })
    }
}

/// List products.
///
/// The registered ones that the caller sees, oldest first unless `sort` says otherwise. A filter may name
/// `name`, `sku`, `slug`, `external_ref`, `description`, `status`, `commodity_type` and `manage_stock`;
/// `ilike` is `like` without regard to letter case. Where no `eq`, `in` or pattern with a known beginning
/// leads to few products, a filter is held against 100,000 products at most: beyond that 400.
#[utoipa::path(
    get,
    path = "/v2/products",
    operation_id = "getAllProducts",
    tag = "Products",
    params(PageParameters, FilterParameter, ProductSortParameter, ProductIncludeParameter, StoreHeader),
    responses((status = 200, description = "A page of products.", body = List<ProductBody>), CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    include: Include,
    query: ListQuery,
) -> Result<Json<List<ProductBody>>, ApiError> {
    let filter = filter::products(query.filter.as_deref())?;
    let (order, order_name) = filter::order(query.sort.as_deref());
    let list = query.list("products", &order_name)?;
    list.check_place(|place| order.has(place))?;
    let administrator = administration.enter().await?;
    let page = list.page.clone();
    let stockroom = &app.stockroom;
    let found = stockroom.list_products(&administrator, &filter, order, page);
    let found = found.await?;
    let ids = found.items.iter().map(|it| it.product.id);
    let mut stocks = Stocks::read(stockroom, &administrator, &include, ids).await?;
    Ok(Json(list.answer(found, |product| stocks.show(product))))
}

/// Register a product.
///
/// At the organization level (an organization's key that names no store) the product is shared by
/// all its stores; else it is the store's. An `id` that is taken is 400; stock that is there under it
/// already becomes the product's.
#[utoipa::path(
    post,
    path = "/v2/products",
    operation_id = "createProduct",
    tag = "Products",
    params(StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<NewProduct>,
        examples(
            ("with-stock" = (summary = "A product, and its first stock", value = json!({
                "data": {
                    "type": "product",
                    "name": "Oak chair",
                    "sku": "CHAIR-OAK",
                    "manage_stock": true,
                    "stock": 20
                }
            }))),
            ("only-name" = (summary = "A product of which no stock is kept yet", value = json!({ "data": { "type": "product", "name": "Oak table" } }))),
        ),
    ),
    responses((status = 201, description = "The product.", body = Data<ProductBody>), Unprocessable, Conflict, CommonErrors),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    writing: Writing,
    body: Body,
) -> Result<(StatusCode, Json<Data<ProductBody>>), ApiError> {
    let product: NewProduct = body.object()?.of_type("product")?;
    let command = product.command()?;
    let writer = writing.enter().await?;
    let product = app.stockroom.execute(&writer, command).await?;
    let data = product.into();
    Ok((StatusCode::CREATED, Json(Data { data })))
}

/// Read a product.
#[utoipa::path(
    get,
    path = "/v2/products/{product}",
    operation_id = "getProduct",
    tag = "Products",
    params(("product" = Uuid, Path, description = "The product's id."), ProductIncludeParameter, StoreHeader),
    responses((status = 200, description = "The product.", body = Data<ProductBody>), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    _: Current,
    include: Include,
    product: PathId<ProductId>,
) -> Result<Json<Data<ProductBody>>, ApiError> {
    let id = product.id().ok_or(Refusal::ProductNotFound)?;
    let administrator = administration.enter().await?;
    let stockroom = &app.stockroom;
    let product = stockroom.product(&administrator, id).await?;
    let product = product.ok_or(Refusal::ProductNotFound)?;
    let mut stocks = Stocks::read(stockroom, &administrator, &include, [id]).await?;
    let data = stocks.show(product);
    Ok(Json(Data { data }))
}

/// Change a product.
#[utoipa::path(
    put,
    path = "/v2/products/{product}",
    operation_id = "updateProduct",
    tag = "Products",
    params(("product" = Uuid, Path, description = "The product's id."), StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<ProductUpdate>,
        examples(
            ("on-sale" = (summary = "Put on sale, and without a description any more", value = json!({
                "data": { "type": "product", "status": "live", "description": null }
            }))),
        ),
    ),
    responses((status = 200, description = "The product.", body = Data<ProductBody>), NotFound, Unprocessable, Conflict, CommonErrors),
)]
pub(crate) async fn update(
    State(app): State<AppState>,
    writing: Writing,
    product: PathId<ProductId>,
    body: Body,
) -> Result<Json<Data<ProductBody>>, ApiError> {
    let update: ProductUpdate = body.object()?.of_type("product")?;
    let command = update.command()?;
    let id = product.id().ok_or(Refusal::ProductNotFound)?;
    let writer = writing.enter().await?;
    let product = app.stockroom.execute(&writer, command(id)).await?;
    let data = product.into();
    Ok(Json(Data { data }))
}

/// Delete a product.
///
/// Refused while it has stock.
#[utoipa::path(
    delete,
    path = "/v2/products/{product}",
    operation_id = "deleteProduct",
    tag = "Products",
    params(("product" = Uuid, Path, description = "The product's id."), StoreHeader, IdempotencyHeader),
    responses((status = 204, description = "The product is gone."), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn delete(
    State(app): State<AppState>,
    writing: Writing,
    product: PathId<ProductId>,
) -> Result<StatusCode, ApiError> {
    let id = product.id().ok_or(Refusal::ProductNotFound)?;
    let writer = writing.enter().await?;
    app.stockroom.delete_product(&writer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
