//! Integrations. They are the same in both forms, and creating one answers 200, as the dialect has it.

use axum::extract::State;
use axum::http::StatusCode;
use stockroom_domain::{DeleteIntegration, IntegrationId, Refusal};

use super::body::{IntegrationBody, LogBody};
use super::request::{IntegrationUpdate, NewIntegration, Replay, Rotation, RotationDocument};
use crate::answer::{
    ApiError, CommonErrors, Conflict, Data, Gone, Json, List, NotFound, Unprocessable,
};
use crate::request::{
    Administration, Body, Current, Document, IdempotencyHeader, ListQuery, OptionalBody,
    PageParameters, PathId, StoreHeader, Writing, WritingWithoutKey,
};
use crate::service::AppState;

/// List integrations.
#[utoipa::path(
    get,
    path = "/v2/integrations",
    operation_id = "getAllIntegrations",
    tag = "Integrations",
    params(PageParameters, StoreHeader),
    responses((status = 200, description = "A page of integrations.", body = List<IntegrationBody>), CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    query: ListQuery,
) -> Result<Json<List<IntegrationBody>>, ApiError> {
    let list = query.list("integrations", "")?;
    let administrator = administration.enter().await?;
    let found = app.stockroom.list_integrations(&administrator, list.page);
    Ok(Json(list.answer(found.await?, IntegrationBody::from)))
}

/// Create an integration.
///
/// It gets the events from now on. The answer holds the secret that they are signed with, which is never
/// shown again.
#[utoipa::path(
    post,
    path = "/v2/integrations",
    operation_id = "createIntegration",
    tag = "Integrations",
    params(StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<NewIntegration>,
        examples(
            ("search" = (summary = "A search index that follows stock", value = json!({
                "data": {
                    "type": "integration",
                    "name": "Search index",
                    "integration_type": "webhook",
                    "observes": ["stock-transaction.created", "stock.deleted"],
                    "configuration": { "url": "https://example.com/stock", "secret_key": "known to both" }
                }
            }))),
        ),
    ),
    responses((status = 200, description = "The integration, with its secret.", body = Data<IntegrationBody>), Conflict, Unprocessable, CommonErrors),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    writing: Writing,
    body: Body,
) -> Result<Json<Data<IntegrationBody>>, ApiError> {
    let integration: NewIntegration = body.object()?.of_type("integration")?;
    let request = integration.request()?;
    let writer = writing.enter().await?;
    let created = app.stockroom.create_integration(&writer, request);
    let data = created.await?.into();
    Ok(Json(Data { data }))
}

/// Read an integration.
#[utoipa::path(
    get,
    path = "/v2/integrations/{integration}",
    operation_id = "getIntegration",
    tag = "Integrations",
    params(("integration" = Uuid, Path, description = "The integration's id."), StoreHeader),
    responses((status = 200, description = "The integration.", body = Data<IntegrationBody>), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    _: Current,
    integration: PathId<IntegrationId>,
) -> Result<Json<Data<IntegrationBody>>, ApiError> {
    let id = integration.existing()?;
    let administrator = administration.enter().await?;
    let found = app.stockroom.integration(&administrator, id).await?;
    let data = found.ok_or(Refusal::IntegrationNotFound)?.into();
    Ok(Json(Data { data }))
}

/// Change an integration.
///
/// Secrets that it doesn't name stay. One that was disabled goes on where it stopped when it is enabled.
#[utoipa::path(
    put,
    path = "/v2/integrations/{integration}",
    operation_id = "updateIntegration",
    tag = "Integrations",
    params(("integration" = Uuid, Path, description = "The integration's id."), StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<IntegrationUpdate>,
        examples(
            ("enable" = (summary = "Send events again", value = json!({ "data": { "type": "integration", "enabled": true } }))),
        ),
    ),
    responses((status = 200, description = "The integration.", body = Data<IntegrationBody>), NotFound, Conflict, Unprocessable, CommonErrors),
)]
pub(crate) async fn update(
    State(app): State<AppState>,
    writing: Writing,
    integration: PathId<IntegrationId>,
    body: Body,
) -> Result<Json<Data<IntegrationBody>>, ApiError> {
    let update: IntegrationUpdate = body.object()?.of_type("integration")?;
    let command = update.command()?;
    let id = integration.existing()?;
    let writer = writing.enter().await?;
    let updated = app.stockroom.update_integration(&writer, command(id));
    let data = updated.await?.into();
    Ok(Json(Data { data }))
}

/// Delete an integration.
///
/// Its logs go with it. What is being sent at that moment still arrives.
#[utoipa::path(
    delete,
    path = "/v2/integrations/{integration}",
    operation_id = "deleteIntegration",
    tag = "Integrations",
    params(("integration" = Uuid, Path, description = "The integration's id."), StoreHeader, IdempotencyHeader),
    responses((status = 204, description = "The integration is gone."), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn delete(
    State(app): State<AppState>,
    writing: Writing,
    integration: PathId<IntegrationId>,
) -> Result<StatusCode, ApiError> {
    let id = integration.existing()?;
    let writer = writing.enter().await?;
    let request = DeleteIntegration { id };
    app.stockroom.execute(&writer, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replace the secret of an integration.
///
/// The answer holds the new secret, which is never shown again. For some hours, events are signed with
/// the secret before it as well; the one before that is dropped.
#[utoipa::path(
    post,
    path = "/v2/integrations/{integration}/rotate-secret",
    operation_id = "rotateIntegrationSecret",
    tag = "Integrations",
    params(("integration" = Uuid, Path, description = "The integration's id."), StoreHeader, IdempotencyHeader),
    request_body(
        content = Option<RotationDocument>,
        examples(
            ("day" = (summary = "Within a day", value = json!({ "data": { "overlap_hours": 24 } }))),
        ),
    ),
    responses((status = 200, description = "The integration, with its new secret.", body = Data<IntegrationBody>), NotFound, Conflict, Unprocessable, CommonErrors),
)]
pub(crate) async fn rotate_secret(
    State(app): State<AppState>,
    writing: Writing,
    integration: PathId<IntegrationId>,
    OptionalBody(body): OptionalBody,
) -> Result<Json<Data<IntegrationBody>>, ApiError> {
    let rotation: Rotation = match body {
        None => Rotation::default(),
        Some(body) => body.object()?.of_type("integration")?,
    };
    let overlap_hours = rotation.overlap_hours()?;
    let id = integration.existing()?;
    let writer = writing.enter().await?;
    let rotated = app.stockroom.rotate_secret(&writer, id, overlap_hours);
    let data = rotated.await?.into();
    Ok(Json(Data { data }))
}

/// Test an integration.
///
/// Sends the event `integration.test` at once, also while the integration is disabled, and answers with
/// the log of the attempt. The receiver has the time that the integration gives it, but at most 20
/// seconds.
#[utoipa::path(
    post,
    path = "/v2/integrations/{integration}/test",
    operation_id = "testIntegration",
    tag = "Integrations",
    params(("integration" = Uuid, Path, description = "The integration's id."), StoreHeader),
    responses((status = 200, description = "The log of the attempt.", body = Data<LogBody>), NotFound, CommonErrors),
)]
pub(crate) async fn test(
    State(app): State<AppState>,
    writing: WritingWithoutKey,
    integration: PathId<IntegrationId>,
) -> Result<Json<Data<LogBody>>, ApiError> {
    let id = integration.existing()?;
    let writer = writing.enter().await?;
    let log = app.stockroom.test_integration(&writer, id).await?;
    Ok(Json(Data { data: log.into() }))
}

/// Send events again.
///
/// The events that the integration gets are sent once more, in order and with the same ids, from a
/// position of the feed or a time on.
#[utoipa::path(
    post,
    path = "/v2/integrations/{integration}/replay",
    operation_id = "replayIntegration",
    tag = "Integrations",
    params(("integration" = Uuid, Path, description = "The integration's id."), StoreHeader, IdempotencyHeader),
    request_body(
        content = Document<Replay>,
        examples(
            ("position" = (summary = "From a position on", value = json!({ "data": { "from": 1 } }))),
            ("time" = (summary = "From a time on", value = json!({ "data": { "from": "2026-01-31T09:30:00Z" } }))),
        ),
    ),
    responses((status = 202, description = "The events will be sent.", body = Data<IntegrationBody>), NotFound, Conflict, Gone, Unprocessable, CommonErrors),
)]
pub(crate) async fn replay(
    State(app): State<AppState>,
    writing: Writing,
    integration: PathId<IntegrationId>,
    body: Body,
) -> Result<(StatusCode, Json<Data<IntegrationBody>>), ApiError> {
    let replay: Replay = body.object()?.of_type("integration")?;
    let start = replay.start()?;
    let id = integration.existing()?;
    let writer = writing.enter().await?;
    let replayed = app.stockroom.replay_events(&writer, id, start).await?;
    let data = replayed.into();
    Ok((StatusCode::ACCEPTED, Json(Data { data })))
}
