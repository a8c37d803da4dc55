//! Application keys.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer};
use stockroom_application::NewKeyRequest;
use stockroom_domain::{KeyId, ProductText, Refusal, UpdateKey};
use utoipa::ToSchema;

use super::body::{KeyAccess, KeyBody, KeyListMeta};
use crate::answer::{ApiError, CommonErrors, Conflict, Data, Json, List, NotFound};
use crate::request::{
    Administration, Body, Current, Document, IdempotencyHeader, ListQuery, PageParameters, PathId,
    Scalar, StoreHeader, Writing, non_null,
};
use crate::service::AppState;

/// An application key to be created.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct NewKeyBody {
    #[schema(min_length = 1, max_length = 1024)]
    name: String,
    /// Requests per second to be kept free for this key; 0 if left out.
    #[serde(default, deserialize_with = "rate_limit")]
    reserved_rate_limit: u32,
    /// Whether the key is to give tokens without its secret; it isn't if left out.
    #[serde(default)]
    allow_implicit: bool,
    /// What its tokens are to be used for; `full` if left out.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    access: Option<KeyAccess>,
}

/// Fields of an application key to be changed.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct KeyUpdate {
    #[serde(default, deserialize_with = "non_null")]
    #[schema(min_length = 1, max_length = 1024, nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present_rate_limit")]
    #[schema(nullable = false)]
    reserved_rate_limit: Option<u32>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    allow_implicit: Option<bool>,
    /// With `read`, the tokens with which more could be done stop working within a second.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    access: Option<KeyAccess>,
}

fn rate_limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Scalar::deserialize(deserializer)?
        .as_u64()
        .and_then(|limit| u32::try_from(limit).ok())
        .ok_or_else(|| {
            let range = format!("must be an integer from 0 to {}", u32::MAX);
            serde::de::Error::custom(range)
        })
}

fn present_rate_limit<'de, D>(deserializer: D) -> Result<Option<u32>, D::Error>
where
    D: Deserializer<'de>,
{
    rate_limit(deserializer).map(Some)
}

/// List application keys.
#[utoipa::path(
    get,
    path = "/v2/application-keys",
    operation_id = "getAllKeys",
    tag = "Access",
    params(PageParameters, StoreHeader),
    responses((status = 200, description = "A page of keys.", body = List<KeyBody, KeyListMeta>), CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    query: ListQuery,
) -> Result<Json<List<KeyBody, KeyListMeta>>, ApiError> {
    let list = query.list("application keys", "")?;
    let administrator = administration.enter().await?;
    let keys = app.stockroom.list_keys(&administrator, list.page).await?;
    let meta = KeyListMeta {
        total_reserved_rate_limit: keys.totals.reserved_rate_limit,
    };
    let list = list.answer(keys.page, KeyBody::from);
    Ok(Json(list.with_meta(meta)))
}

/// Create an application key.
///
/// The answer holds the secret, which is never shown again.
#[utoipa::path(
    post,
    path = "/v2/application-keys",
    operation_id = "createKey",
    tag = "Access",
    params(StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<NewKeyBody>,
        examples(
            ("erp" = (summary = "A key for another system", value = json!({ "data": { "type": "application_key", "name": "ERP" } }))),
        ),
    ),
    responses((status = 201, description = "The key, with its secret.", body = Data<KeyBody>), Conflict, CommonErrors),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    writing: Writing,
    body: Body,
) -> Result<(StatusCode, Json<Data<KeyBody>>), ApiError> {
    let key: NewKeyBody = body.object()?.of_type("application_key")?;
    let request = NewKeyRequest {
        name: ProductText::new("name", key.name)?,
        reserved_rate_limit: key.reserved_rate_limit,
        allow_implicit: key.allow_implicit,
        access: key.access.map(Into::into).unwrap_or_default(),
    };
    let writer = writing.enter().await?;
    let key = app.stockroom.create_key(&writer, request).await?;
    let data = key.into();
    Ok((StatusCode::CREATED, Json(Data { data })))
}

/// Read an application key.
#[utoipa::path(
    get,
    path = "/v2/application-keys/{key}",
    operation_id = "getKey",
    tag = "Access",
    params(("key" = Uuid, Path, description = "The key's id."), StoreHeader),
    responses((status = 200, description = "The key.", body = Data<KeyBody>), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    _: Current,
    key: PathId<KeyId>,
) -> Result<Json<Data<KeyBody>>, ApiError> {
    let id = key.existing()?;
    let administrator = administration.enter().await?;
    let key = app.stockroom.key(&administrator, id).await?;
    let data = key.ok_or(Refusal::KeyNotFound)?.into();
    Ok(Json(Data { data }))
}

/// Change an application key.
#[utoipa::path(
    put,
    path = "/v2/application-keys/{key}",
    operation_id = "updateKey",
    tag = "Access",
    params(("key" = Uuid, Path, description = "The key's id."), StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<KeyUpdate>,
        examples(
            ("rename" = (summary = "A new name", value = json!({ "data": { "type": "application_key", "name": "Warehouse" } }))),
        ),
    ),
    responses((status = 200, description = "The key.", body = Data<KeyBody>), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn update(
    State(app): State<AppState>,
    writing: Writing,
    key: PathId<KeyId>,
    body: Body,
) -> Result<Json<Data<KeyBody>>, ApiError> {
    let update: KeyUpdate = body.object()?.of_type("application_key")?;
    let name = update
        .name
        .map(|name| ProductText::new("name", name))
        .transpose()?;
    let request = UpdateKey {
        id: key.existing()?,
        name,
        reserved_rate_limit: update.reserved_rate_limit,
        allow_implicit: update.allow_implicit,
        access: update.access.map(Into::into),
        rate_limit: None,
    };
    let writer = writing.enter().await?;
    let key = app.stockroom.update_key(&writer, request).await?;
    let data = key.into();
    Ok(Json(Data { data }))
}

/// Delete an application key.
///
/// Its tokens stop working within a second.
#[utoipa::path(
    delete,
    path = "/v2/application-keys/{key}",
    operation_id = "deleteKey",
    tag = "Access",
    params(("key" = Uuid, Path, description = "The key's id."), StoreHeader, IdempotencyHeader),
    responses((status = 204, description = "The key is gone."), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn delete(
    State(app): State<AppState>,
    writing: Writing,
    key: PathId<KeyId>,
) -> Result<StatusCode, ApiError> {
    let id = key.existing()?;
    let writer = writing.enter().await?;
    app.stockroom.delete_key(&writer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
