//! Exports: all stock as of one instant, as a file.

use axum::extract::State;
use axum::response::Response;
use stockroom_application::ExportRequest;
use stockroom_domain::StockId;
use stockroom_files::{Format, Profile};
use utoipa::IntoParams;

use crate::answer::{ApiError, CommonErrors, file};
use crate::request::{
    Administration, AtParameter, FilterParameter, ListAsked, Query, StoreHeader, not_in_future,
};
use crate::service::AppState;
use crate::stock::filter;

/// The form of an export.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct ExportParameters {
    /// `stockroom`, `elasticpath` (lines of JSON only) or `shopify` (CSV only); `stockroom` if left out.
    #[param(required = false, example = "stockroom")]
    profile: String,
    /// `csv` or `jsonl`; the first of them that the profile has if left out.
    #[param(required = false, example = "csv")]
    format: String,
    /// The cursor that the export begins behind: one of the list of stock with the same filter and time.
    #[param(rename = "page[after]", required = false)]
    after: String,
}

/// Export stock.
///
/// One row for each position, in the order of creation, as of one instant: `at`, or the time of the request.
/// The answer begins two seconds after that instant. An export can be imported in the same profile, and then
/// changes nothing. Two at a time for an organization. An export that breaks off ends without its last chunk.
#[utoipa::path(
    get,
    path = "/v2/inventories/export",
    operation_id = "ExportStock",
    tag = "Imports and exports",
    params(ExportParameters, FilterParameter, AtParameter, StoreHeader),
    responses(
        (
            status = 200,
            description = "The file.",
            content((String = "text/csv"), (String = "application/x-ndjson"))
        ),
        CommonErrors
    ),
)]
pub(crate) async fn export(
    State(app): State<AppState>,
    administration: Administration,
    query: Query,
) -> Result<Response, ApiError> {
    let profile = profile(&query)?;
    let format = match query.get("format")? {
        None if profile == Profile::ElasticPath => Format::JsonLines,
        None => Format::Csv,
        Some(word) => Format::parse(word)
            .ok_or_else(|| ApiError::bad_request("format must be csv or jsonl"))?,
    };
    query.refuse("page[offset]")?;
    let at = not_in_future(&app, query.at()?)?;
    let filter_text = query.get("filter")?;
    let conditions = filter::past_stock(filter_text)?;
    let cursors = ListAsked {
        name: "stock",
        order: "",
        filter: filter_text,
        at,
    }
    .cursors();
    let after = query.get("page[after]")?;
    let after: Option<StockId> = after.map(|after| cursors.read(after)).transpose()?;
    let administrator = administration.enter().await?;
    let filter = filter::on_stock(&app.stockroom, administrator.caller(), conditions).await?;
    let request = ExportRequest {
        profile,
        format,
        at,
        filter,
        after,
    };
    let export = app.stockroom.export(&administrator, request)?;
    let (content_type, name) = (export.content_type(), export.file_name());
    Ok(file(content_type, name, export.parts().await?))
}

/// The profile that a request names.
pub(crate) fn profile(query: &Query) -> Result<Profile, ApiError> {
    let Some(word) = query.get("profile")? else {
        return Ok(Profile::Stockroom);
    };
    Profile::parse(word).ok_or_else(|| {
        let words: Vec<_> = Profile::ALL.iter().map(|it| it.as_str()).collect();
        ApiError::bad_request(format!("profile must be one of {}", words.join(", ")))
    })
}
