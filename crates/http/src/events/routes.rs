//! The feed of events.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use form_urlencoded::Serializer;
use stockroom_application::{
    Administrator, EventPage, EventView, FeedPlace, FeedStart, StreamError,
};
use stockroom_domain::FeedId;
use utoipa::IntoParams;

use super::body::EventList;
use super::filter;
use super::stream::{EVENT_STREAM, answer};
use crate::answer::{ApiError, CommonErrors, Conflict, Gone, Json, TooManyStreams};
use crate::request::{Administration, FilterParameter, Query, StoreHeader, bearer_token, prefers};
use crate::service::{AppState, Place};

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;

/// The longest time that a client may wait for an event, in seconds.
const WAIT_SECONDS_MAX: u32 = 25;

const LAST_EVENT_ID: &str = "last-event-id";

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
    /// How many seconds to wait for the first event, if the page would be empty. A waiting request
    /// counts as a stream. 0 if left out.
    #[param(required = false, minimum = 0, maximum = 25)]
    wait: u32,
    /// `all` for the events of all stores, too; for keys of an organization that act for no store.
    #[param(required = false, example = "all")]
    stores: String,
}

/// The place where a stream begins.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by the handler; here for its description")]
pub(crate) struct LastEventId {
    /// For streams: the `id` of the last event that was received, as browsers send it when they
    /// connect again. It goes before `page[after]`.
    #[param(rename = "Last-Event-ID", required = false)]
    last_event_id: String,
}

/// Read or follow events.
///
/// All that happened to the inventory that the caller sees, in order: a store's own events and those of
/// its organization's stock, or an organization's own. A filter may name `event`, `product_id`,
/// `location`, `subject_id`, `actor` and `reason`.
///
/// With `Accept: text/event-stream` the answer is a stream that goes on as events happen (server-sent
/// events): each has a cursor as its `id`, its name as `event`, and as `data` the same object as an element
/// of `data` of a page. It begins after `Last-Event-ID`, else after `page[after]`, else with the next event
/// that happens. It ends when the token expires or its key is revoked.
#[utoipa::path(
    get,
    path = "/v2/inventories/events",
    operation_id = "ListEvents",
    tag = "Events",
    params(FeedParameters, FilterParameter, LastEventId, StoreHeader),
    responses(
        (
            status = 200,
            description = "A page of events, or a stream.",
            content((EventList = "application/json"), (String = "text/event-stream"))
        ),
        Conflict,
        Gone,
        CommonErrors,
        TooManyStreams
    ),
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    administration: Administration,
    Extension(place): Extension<Place>,
    headers: HeaderMap,
    uri: Uri,
    query: Query,
) -> Result<Response, ApiError> {
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
    let wait = query.number("wait", WAIT_SECONDS_MAX)?.unwrap_or(0);
    let after = query.get("page[after]")?;
    let after = after.map(|after| start(after, "page[after]")).transpose()?;
    let filter_text = query.get("filter")?;
    let view = EventView {
        all_stores: stores.is_some(),
        filter: filter::events(filter_text)?,
    };
    let token = bearer_token(&headers).unwrap_or_default();
    if prefers(&headers, EVENT_STREAM) {
        let start = last_event_id(&headers)?.or(after);
        let administrator = administration.enter().await?;
        let start = start.unwrap_or(FeedStart::Head);
        let stream = app
            .stockroom
            .stream_events(&administrator, token, view, start);
        return Ok(answer(stream.await?));
    }
    let after = match after {
        Some(FeedStart::After(place)) => Some(place),
        _ => None,
    };
    let administrator = administration.enter().await?;
    let page = app
        .stockroom
        .events(&administrator, &view, after, limit)
        .await?;
    let page = if wait > 0 && page.events.is_empty() && !page.has_more() {
        let wait = Duration::from_secs(wait.into());
        wait_for_events(
            &app,
            &administrator,
            token,
            view,
            page,
            &place,
            (limit, wait),
        )
        .await?
    } else {
        page
    };
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
    Ok(Json(EventList::new(page, link)).into_response())
}

/// The first events after an empty page, or another empty page if none happen in time.
async fn wait_for_events(
    app: &AppState,
    administrator: &Administrator,
    token: &str,
    view: EventView,
    page: EventPage,
    place: &Place,
    (limit, wait): (u32, Duration),
) -> Result<EventPage, ApiError> {
    let start = FeedStart::After(page.place());
    let stream = app
        .stockroom
        .stream_events(administrator, token, view, start);
    let stream = match stream.await {
        // Nobody waits any more.
        Err(StreamError::Stopping) => return Ok(page),
        stream => stream?,
    };
    let _waits = place.wait();
    Ok(stream.page(limit, wait).await?)
}

/// The place that a client names which connects again.
fn last_event_id(headers: &HeaderMap) -> Result<Option<FeedStart>, ApiError> {
    let Some(id) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    // Some clients send an empty one before they have received any.
    match id.to_str().unwrap_or("?") {
        "" => Ok(None),
        id => start(id, "Last-Event-ID").map(Some),
    }
}

/// Reads a cursor, which stands in the part of the request with this `name`.
fn start(cursor: &str, name: &str) -> Result<FeedStart, ApiError> {
    if cursor == "0" {
        return Ok(FeedStart::Oldest);
    }
    let place = cursor.split_once(':').and_then(|(feed, position)| {
        let is_number = position.bytes().all(|byte| byte.is_ascii_digit());
        Some(FeedPlace {
            feed: FeedId::parse(feed)?,
            position: position.parse().ok().filter(|_| is_number)?,
        })
    });
    place.map(FeedStart::After).ok_or_else(|| {
        ApiError::bad_request(format!(
            "{name} must be 0 or a cursor of this feed, taken from meta.next of one of its pages"
        ))
    })
}
