//! Exports: all stock as of one instant, as a file.

use std::error::Error;
use std::io;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use futures::stream::unfold;
use stockroom_application::{Export, ExportRequest};
use stockroom_domain::StockId;
use stockroom_files::{Format, Profile};
use utoipa::IntoParams;

use crate::answer::{ApiError, CommonErrors};
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
    let conditions = filter::stock(filter_text)?;
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
    let mut export = app.stockroom.export(&administrator, request)?;
    // Read before the answer begins, so that a database that fails can still be told.
    let first = export.next().await?.unwrap_or_default();
    Ok(answer(export, first))
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

/// The answer that goes on as long as the export.
fn answer(export: Export, first: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{}\"", export.file_name());
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(export.content_type()),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(disposition).unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    // Read as the client takes it. One that takes nothing is disconnected, as from any answer.
    let body = unfold((Some(first), export), async |(first, mut export)| {
        let part = match first {
            Some(first) => Ok(Some(first)),
            None => export.next().await,
        };
        let part = match part {
            Ok(part) => Ok(Bytes::from(part?)),
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(error, "an export broke off");
                // The connection is closed without the last chunk.
                Err(io::Error::other("the export broke off"))
            }
        };
        Some((part, (None, export)))
    });
    // The compressor asks once more after the end.
    (headers, Body::from_stream(body.fuse())).into_response()
}
