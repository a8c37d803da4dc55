//! Settings of the organization.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use stockroom_domain::{Settings, UpdateSettings};
use utoipa::ToSchema;

use crate::answer::{ApiError, CommonErrors, Conflict, Data, Json};
use crate::request::{
    Administration, Body, Current, Document, IdempotencyHeader, OrganizationWriting, StoreHeader,
    non_null,
};
use crate::service::AppState;

/// The organization's inventory settings.
#[derive(Serialize, ToSchema)]
#[schema(as = Settings)]
pub(crate) struct SettingsBody {
    /// Always `settings`.
    r#type: &'static str,
    /// Whether every store may keep stock of its own of an organization-level product.
    per_store_stock: bool,
}

impl From<Settings> for SettingsBody {
    fn from(settings: Settings) -> Self {
        Self {
            r#type: "settings",
            per_store_stock: settings.per_store_stock,
        }
    }
}

/// Settings to be changed.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
struct SettingsUpdate {
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    per_store_stock: Option<bool>,
}

/// Read the inventory settings.
#[utoipa::path(
    get,
    path = "/v2/settings/inventories",
    operation_id = "GetInventorySettings",
    tag = "Settings",
    params(StoreHeader),
    responses((status = 200, description = "The settings.", body = Data<SettingsBody>), CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    _: Current,
) -> Result<Json<Data<SettingsBody>>, ApiError> {
    let administrator = administration.enter().await?;
    let data = app.stockroom.settings(&administrator).await?.into();
    Ok(Json(Data { data }))
}

/// Change the inventory settings.
///
/// Needs a key of the organization.
#[utoipa::path(
    put,
    path = "/v2/settings/inventories",
    operation_id = "UpdateInventorySettings",
    tag = "Settings",
    params(StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<SettingsUpdate>,
        examples(
            ("per-store-stock" = (summary = "Let every store keep stock of its own", value = json!({ "data": { "type": "settings", "per_store_stock": true } }))),
        ),
    ),
    responses((status = 200, description = "The settings.", body = Data<SettingsBody>), Conflict, CommonErrors),
)]
pub(crate) async fn update(
    State(app): State<AppState>,
    writing: OrganizationWriting,
    body: Body,
) -> Result<Json<Data<SettingsBody>>, ApiError> {
    let update: SettingsUpdate = body.object()?.of_type("settings")?;
    let request = UpdateSettings {
        per_store_stock: update.per_store_stock,
    };
    let writer = writing.enter().await?;
    let settings = app.stockroom.execute(&writer, request).await?;
    let data = settings.into();
    Ok(Json(Data { data }))
}
