//! The feed of events.

use axum::extract::State;
use axum::http::Uri;
use form_urlencoded::Serializer;
use stockroom_application::FeedPlace;
use stockroom_domain::FeedId;
use utoipa::IntoParams;

use super::body::EventList;
use super::filter;
use crate::answer::{ApiError, CommonErrors, Conflict, Gone, Json};
use crate::request::{Administration, FilterParameter, Query, StoreHeader};
use crate::service::AppState;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;

/// The part of the feed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "read through the query extractor; here for their descriptions"
)]
pub(crate) struct FeedParameters {
    /// The cursor to begin after: `meta.next` of another page, or `FEED_ID:POSITION`. 0, or nothing,
    /// for the oldest event that is kept.
    #[param(rename = "page[after]", required = false)]
    after: String,
    /// How many events at most, from 1 to 1000; 100 if left out or 0.
    #[param(rename = "page[limit]", required = false, minimum = 0, maximum = 1000)]
    limit: u32,
    /// `all` for the events of all stores, too; for keys of an organization that act for no store.
    #[param(required = false, example = "all")]
    stores: String,
}

/// Read events.
///
/// All that happened to the inventory that the caller sees, in order: a store's own events and those of
/// its organization's stock, or an organization's own. A filter may name `event`, `product_id`,
/// `location`, `subject_id`, `actor` and `reason`.
#[utoipa::path(
    get,
    path = "/v2/inventories/events",
    operation_id = "ListEvents",
    tag = "Events",
    params(FeedParameters, FilterParameter, StoreHeader),
    responses((status = 200, description = "A page of events.", body = EventList), Conflict, Gone, CommonErrors),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    uri: Uri,
    query: Query,
) -> Result<Json<EventList>, ApiError> {
    let stores = query.get("stores")?;
    if stores == Some("all") && !administration.is_for_organization() {
        return Err(ApiError::forbidden(
            "stores=all takes a key of the organization that acts for no store",
        ));
    }
    if stores.is_some_and(|stores| stores != "all") {
        return Err(ApiError::bad_request("stores must be all, or left out"));
    }
    for name in ["at", "page[offset]"] {
        query.refuse(name)?;
    }
    let limit = query.number("page[limit]", LIMIT_MAX)?;
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(LIMIT_DEFAULT);
    let after = query.get("page[after]")?.map_or(Ok(None), place)?;
    let filter_text = query.get("filter")?;
    let filter = filter::events(filter_text)?;
    let administrator = administration.enter().await?;
    let page = app
        .stockroom
        .events(&administrator, stores.is_some(), &filter, after, limit);
    let page = page.await?;
    let link = |next: &str| {
        let mut parameters = Serializer::new(String::new());
        parameters.append_pair("page[limit]", &limit.to_string());
        parameters.append_pair("page[after]", next);
        for (name, value) in [("filter", filter_text), ("stores", stores)] {
            if let Some(value) = value {
                parameters.append_pair(name, value);
            }
        }
        format!("{}?{}", uri.path(), parameters.finish())
    };
    Ok(Json(EventList::new(page, link)))
}

/// Reads a cursor; `None` for the place before the oldest event that is kept.
fn place(cursor: &str) -> Result<Option<FeedPlace>, ApiError> {
    if cursor == "0" {
        return Ok(None);
    }
    let place = cursor.split_once(':').and_then(|(feed, position)| {
        let is_number = position.bytes().all(|byte| byte.is_ascii_digit());
        Some(FeedPlace {
            feed: FeedId::parse(feed)?,
            position: position.parse().ok().filter(|_| is_number)?,
        })
    });
    place.map(Some).ok_or_else(|| {
        ApiError::bad_request(
            "page[after] must be 0 or a cursor of this feed, taken from meta.next of one of its pages",
        )
    })
}
