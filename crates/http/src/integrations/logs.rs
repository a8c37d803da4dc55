//! The logs and jobs of integrations.

use axum::extract::State;
use stockroom_application::PageRequest;
use stockroom_domain::{EventId, IntegrationId, Refusal};
use utoipa::IntoParams;

use super::body::{JobBody, LogBody, LogList};
use crate::answer::{ApiError, CommonErrors, Json, NotFound};
use crate::request::{Administration, ListQuery, PathId, StoreHeader};
use crate::service::AppState;

/// Parameters of a list of logs or jobs, the latest first.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct LogParameters {
    /// How many items at most, from 1 to 100; 25 if left out or 0.
    #[param(rename = "page[limit]", required = false, minimum = 0, maximum = 100)]
    limit: u32,
    /// How many items to pass over, up to 10000.
    #[param(
        rename = "page[offset]",
        required = false,
        minimum = 0,
        maximum = 10000
    )]
    offset: u32,
}

/// The requested limit and offset.
fn window(query: &ListQuery) -> Result<(u32, u32), ApiError> {
    let page: PageRequest<()> = query.page(|_| {
        Err(ApiError::bad_request(
            "The query parameter page[after] is not supported here",
        ))
    })?;
    Ok((page.limit, page.offset()))
}

/// List the logs of all integrations.
#[utoipa::path(
    get,
    path = "/v2/integrations/logs",
    operation_id = "getAllIntegrationLogs",
    tag = "Integrations",
    params(LogParameters, StoreHeader),
    responses((status = 200, description = "A page of logs.", body = LogList<LogBody>), CommonErrors),
)]
pub(crate) async fn list_all(
    State(app): State<AppState>,
    administration: Administration,
    query: ListQuery,
) -> Result<Json<LogList<LogBody>>, ApiError> {
    logs(&app, administration, &query, None).await
}

/// List the logs of an integration.
#[utoipa::path(
    get,
    path = "/v2/integrations/{integration}/logs",
    operation_id = "getIntegrationLogs",
    tag = "Integrations",
    params(("integration" = Uuid, Path, description = "The integration's id."), LogParameters, StoreHeader),
    responses((status = 200, description = "A page of logs.", body = LogList<LogBody>), NotFound, CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    query: ListQuery,
    integration: PathId<IntegrationId>,
) -> Result<Json<LogList<LogBody>>, ApiError> {
    window(&query)?;
    let of = Some((integration.existing()?, None));
    logs(&app, administration, &query, of).await
}

/// List the logs of one job.
///
/// A job is the sending of one event; its id is the event's.
#[utoipa::path(
    get,
    path = "/v2/integrations/{integration}/jobs/{job}/logs",
    operation_id = "getIntegrationJobLogs",
    tag = "Integrations",
    params(
        ("integration" = Uuid, Path, description = "The integration's id."),
        ("job" = Uuid, Path, description = "The id of the job."),
        LogParameters,
        StoreHeader,
    ),
    responses((status = 200, description = "A page of logs.", body = LogList<LogBody>), NotFound, CommonErrors),
)]
pub(crate) async fn list_of_job(
    State(app): State<AppState>,
    administration: Administration,
    query: ListQuery,
    integration: PathId<IntegrationId>,
    job: PathId<EventId>,
) -> Result<Json<LogList<LogBody>>, ApiError> {
    window(&query)?;
    let of = Some((integration.existing()?, Some(job.existing()?)));
    logs(&app, administration, &query, of).await
}

async fn logs(
    app: &AppState,
    administration: Administration,
    query: &ListQuery,
    of: Option<(IntegrationId, Option<EventId>)>,
) -> Result<Json<LogList<LogBody>>, ApiError> {
    let (limit, offset) = window(query)?;
    let administrator = administration.enter().await?;
    let found = app
        .stockroom
        .delivery_logs(&administrator, of, limit, offset);
    let (logs, total) = found.await?.ok_or(Refusal::IntegrationNotFound)?;
    if total == 0 && of.is_some_and(|(_, job)| job.is_some()) {
        return Err(Refusal::JobNotFound.into());
    }
    let logs = logs.into_iter().map(LogBody::from).collect();
    Ok(Json(LogList::new(logs, total, limit, offset)))
}

/// List the jobs of an integration.
///
/// One for each event in its logs, the one with the latest attempt first.
#[utoipa::path(
    get,
    path = "/v2/integrations/{integration}/jobs",
    operation_id = "getIntegrationJobs",
    tag = "Integrations",
    params(("integration" = Uuid, Path, description = "The integration's id."), LogParameters, StoreHeader),
    responses((status = 200, description = "A page of jobs.", body = LogList<JobBody>), NotFound, CommonErrors),
)]
pub(crate) async fn list_jobs(
    State(app): State<AppState>,
    administration: Administration,
    query: ListQuery,
    integration: PathId<IntegrationId>,
) -> Result<Json<LogList<JobBody>>, ApiError> {
    let (limit, offset) = window(&query)?;
    let id = integration.existing()?;
    let administrator = administration.enter().await?;
    let found = app
        .stockroom
        .delivery_jobs(&administrator, id, limit, offset);
    let (jobs, total) = found.await?.ok_or(Refusal::IntegrationNotFound)?;
    let jobs = jobs.iter().map(|job| JobBody::new(id, job)).collect();
    Ok(Json(LogList::new(jobs, total, limit, offset)))
}
