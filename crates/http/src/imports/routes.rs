//! Imports: files that move stock, as jobs.

use axum::extract::State;
use axum::http::StatusCode;
use stockroom_application::ImportRequest;
use stockroom_domain::{ImportId, ImportOptions, ImportTarget, Reason, Reference, Refusal};
use stockroom_files::{LINES_MAX, Profile};
use utoipa::IntoParams;

use super::body::ImportBody;
use super::upload::FileBody;
use crate::answer::{
    ApiError, CommonErrors, Conflict, Data, Json, List, NotFound, TooLarge, TooSlow,
    UnsupportedMediaType,
};
use crate::exports::routes::profile;
use crate::request::{
    Administration, Current, IdempotencyHeader, Importing, ListQuery, PageParameters, PathId,
    Query, StoreHeader, Writing,
};
use crate::service::AppState;

/// The wishes of the caller.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct ImportParameters {
    /// `stockroom`, `elasticpath` or `shopify`; `stockroom` if left out.
    #[param(required = false, example = "stockroom")]
    profile: String,
    /// What lines change: `stock`, if left out, or `policies`: safety stock and alerts. The profile is
    /// `stockroom` then, and `create`, `products`, `locations` and `reason` are left out.
    #[param(required = false, example = "stock")]
    target: String,
    /// `true` for all the same, but nothing is stored.
    #[param(required = false)]
    dry_run: bool,
    /// How many failed lines are borne; 0 if left out.
    #[param(required = false, minimum = 0, maximum = 1_000_000)]
    abort_after: u32,
    /// `true`: a product without stock gets it; `false`: the line fails. `true` for `elasticpath` and else
    /// `false`, if left out.
    #[param(required = false)]
    create: bool,
    /// `create`: an unknown product is registered, with stock, by the names that the line has; `fail`, if
    /// left out: the line fails.
    #[param(required = false, example = "create")]
    products: String,
    /// `create`: an unknown location is made; `fail`, if left out: the line fails.
    #[param(required = false, example = "create")]
    locations: String,
    /// The reason for lines without one of their own; `import` if left out.
    #[param(required = false, min_length = 1, max_length = 255)]
    reason: String,
    /// The reference for lines without one of their own; the job's id if left out.
    #[param(required = false, min_length = 1, max_length = 255)]
    reference: String,
}

/// Import a file.
///
/// The body is the file: CSV, lines of JSON, or either packed with gzip. The answer is the job that applies
/// it; `docs/import.md` says which files there are. First every line is read and looked up: if more than
/// `abort_after` fail, nothing is changed. Then the lines are applied by the thousand, each thousand in a batch.
#[utoipa::path(
    post,
    path = "/v2/inventories/imports",
    operation_id = "CreateImport",
    tag = "Imports and exports",
    params(ImportParameters, StoreHeader, IdempotencyHeader),
    request_body(
        content(
            (String = "text/csv", examples(("count" = (
                summary = "A count",
                value = json!("sku,location,action,quantity\nCHAIR-1,berlin,set,5\n")
            )))),
            (String = "application/x-ndjson", examples(("count" = (
                summary = "A count",
                value = json!("{\"sku\":\"CHAIR-1\",\"location\":\"berlin\",\"action\":\"set\",\"quantity\":5}\n")
            )))),
            (Vec<u8> = "application/gzip"),
        ),
    ),
    responses(
        (status = 202, description = "The job.", body = Data<ImportBody>),
        Conflict, TooSlow, TooLarge, UnsupportedMediaType, CommonErrors,
    ),
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    importing: Importing,
    query: Query,
    mut file: FileBody,
) -> Result<(StatusCode, Json<Data<ImportBody>>), ApiError> {
    let profile = profile_of(&query)?;
    let request = ImportRequest {
        profile,
        format: file.format,
        options: options(&query, profile)?,
        request_id: file.request_id.take(),
    };
    let administrator = importing.enter().await?;
    let upload = app.stockroom.begin_import(&administrator, request);
    let mut upload = upload.await?;
    file.receive(&mut upload).await?;
    // Only now the whole request is known.
    let administrator = match &file.keyed {
        None => administrator,
        Some(keyed) => keyed.of_administrator(administrator)?,
    };
    let data = upload.finish(&administrator).await?.into();
    Ok((StatusCode::ACCEPTED, Json(Data { data })))
}

/// The profile that the caller names, for the target that the caller names.
fn profile_of(query: &Query) -> Result<Profile, ApiError> {
    let profile = profile(query)?;
    let target = query
        .get("target")?
        .map_or(Some(ImportTarget::Stock), ImportTarget::parse);
    match (target, profile) {
        (Some(ImportTarget::Stock), _) => Ok(profile),
        (Some(ImportTarget::Policies), Profile::Stockroom) => Ok(Profile::Policies),
        (Some(ImportTarget::Policies), _) => Err(ApiError::bad_request(
            "profile must be stockroom for policies",
        )),
        (None, _) => Err(ApiError::bad_request("target must be stock or policies")),
    }
}

fn options(query: &Query, profile: Profile) -> Result<ImportOptions, ApiError> {
    let reason = query.get("reason")?;
    let reference = query.get("reference")?;
    let create_stock = match query.get("create")? {
        None => profile == Profile::ElasticPath,
        Some(_) => query.flag("create")?,
    };
    Ok(ImportOptions {
        target: profile.target(),
        dry_run: query.flag("dry_run")?,
        abort_after: query.number("abort_after", LINES_MAX)?.unwrap_or(0),
        create_stock,
        create_products: creates(query, "products")?,
        create_locations: creates(query, "locations")?,
        reason: reason.map(|it| Reason::new("reason", it)).transpose()?,
        reference: reference
            .map(|it| Reference::new("reference", it))
            .transpose()?,
    })
}

fn creates(query: &Query, name: &str) -> Result<bool, ApiError> {
    match query.get(name)? {
        None | Some("fail") => Ok(false),
        Some("create") => Ok(true),
        Some(_) => Err(ApiError::bad_request(format!(
            "{name} must be fail or create"
        ))),
    }
}

/// List imports.
#[utoipa::path(
    get,
    path = "/v2/inventories/imports",
    operation_id = "ListImports",
    tag = "Imports and exports",
    params(PageParameters, StoreHeader),
    responses((status = 200, description = "A page of jobs.", body = List<ImportBody>), CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    query: ListQuery,
) -> Result<Json<List<ImportBody>>, ApiError> {
    let list = query.list("imports", "")?;
    let administrator = administration.enter().await?;
    let found = app.stockroom.list_imports(&administrator, list.page);
    Ok(Json(list.answer(found.await?, ImportBody::from)))
}

/// Read an import.
#[utoipa::path(
    get,
    path = "/v2/inventories/imports/{import}",
    operation_id = "GetImport",
    tag = "Imports and exports",
    params(("import" = Uuid, Path, description = "The job's id."), StoreHeader),
    responses((status = 200, description = "The job.", body = Data<ImportBody>), NotFound, CommonErrors),
)]
pub(crate) async fn read(
    State(app): State<AppState>,
    administration: Administration,
    _: Current,
    import: PathId<ImportId>,
) -> Result<Json<Data<ImportBody>>, ApiError> {
    let id = import.existing()?;
    let administrator = administration.enter().await?;
    let found = app.stockroom.import(&administrator, id).await?;
    let data = found.ok_or(Refusal::JobNotFound)?.into();
    Ok(Json(Data { data }))
}

/// Cancel an import.
///
/// One that waits or is under way, after the thousand lines that are being applied. What is done stays, and
/// can be undone.
#[utoipa::path(
    post,
    path = "/v2/inventories/imports/{import}/cancel",
    operation_id = "CancelImport",
    tag = "Imports and exports",
    params(("import" = Uuid, Path, description = "The job's id."), StoreHeader, IdempotencyHeader),
    responses((status = 200, description = "The job.", body = Data<ImportBody>), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn cancel(
    State(app): State<AppState>,
    writing: Writing,
    import: PathId<ImportId>,
) -> Result<Json<Data<ImportBody>>, ApiError> {
    let id = import.existing()?;
    let writer = writing.enter().await?;
    let cancelled = app.stockroom.cancel_import(&writer, id).await?;
    let data = cancelled.into();
    Ok(Json(Data { data }))
}

/// Undo an import.
///
/// Entry by entry, the last first. Entries that can't be undone stay, and are listed among the errors;
/// products, locations and stock that the import made stay, too.
#[utoipa::path(
    post,
    path = "/v2/inventories/imports/{import}/undo",
    operation_id = "UndoImport",
    tag = "Imports and exports",
    params(("import" = Uuid, Path, description = "The job's id."), StoreHeader, IdempotencyHeader),
    responses((status = 202, description = "The job.", body = Data<ImportBody>), NotFound, Conflict, CommonErrors),
)]
pub(crate) async fn undo(
    State(app): State<AppState>,
    writing: Writing,
    import: PathId<ImportId>,
) -> Result<(StatusCode, Json<Data<ImportBody>>), ApiError> {
    let id = import.existing()?;
    let writer = writing.enter().await?;
    let data = app.stockroom.undo_import(&writer, id).await?.into();
    Ok((StatusCode::ACCEPTED, Json(Data { data })))
}
