//! The stream that tells a page to look again. It tells that something changed, and never what.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::stream::unfold;
use stockroom_application::{EventStream, EventView, FeedStart, Step, StreamError};
use tokio::time::{Instant, timeout_at};

use crate::page::Problem;
use crate::session::Visit;

/// The shortest time between two tellings: many changes at once are one.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// The time after which a stream that has nothing to tell shows that it is there.
const PING_AFTER: Duration = Duration::from_secs(15);

/// Has nginx hand on what comes at once, instead of collecting it.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Follows the changes that this level sees, until the session ends or the server stops.
pub(super) async fn follow(visit: Visit) -> Result<Response, Problem> {
    let view = EventView {
        all_stores: false,
        filter: Vec::new(),
    };
    let opened =
        visit
            .stockroom()
            .stream_events(visit.administrator(), &visit.token, view, FeedStart::Head);
    let events = match opened.await {
        Ok(events) => events,
        Err(
            StreamError::TooManyOfOrganization { .. }
            | StreamError::TooManyOfServer { .. }
            | StreamError::Stopping,
        ) => return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        Err(error) => return Err(error.into()),
    };
    let blocks = unfold(Teller::new(events), async |mut teller| {
        let block = teller.next_block().await?;
        Some((Ok::<_, Infallible>(block), teller))
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (NO_BUFFERING, HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(blocks)).into_response())
}

/// Tells of changes, a few times a second at most.
struct Teller {
    events: EventStream,
    is_greeted: bool,
    /// Whether something happened that wasn't told yet.
    has_changed: bool,
    /// The time from which on the next change may be told.
    tell_at: Instant,
    ping_at: Instant,
}

impl Teller {
    fn new(events: EventStream) -> Self {
        let now = Instant::now();
        Self {
            events,
            is_greeted: false,
            has_changed: false,
            tell_at: now,
            ping_at: now + PING_AFTER,
        }
    }

    /// The next block to send, or `None` at the end.
    async fn next_block(&mut self) -> Option<Bytes> {
        if !self.is_greeted {
            // So that the browser knows at once that it follows.
            self.is_greeted = true;
            return Some(Bytes::from_static(b"retry: 5000\n\n"));
        }
        loop {
            let now = Instant::now();
            if self.has_changed && self.tell_at <= now {
                self.has_changed = false;
                self.tell_at = now + TELL_EVERY;
                self.ping_at = now + PING_AFTER;
                return Some(Bytes::from_static(b"event: change\ndata: {}\n\n"));
            }
            let wake_at = if self.has_changed {
                self.tell_at
            } else {
                self.ping_at
            };
            match timeout_at(wake_at, self.events.next()).await {
                Ok(Ok(Step::Event(_))) => self.has_changed = true,
                Ok(Ok(Step::LeftOut)) => {}
                Ok(Err(_)) => return None,
                Err(_) if self.has_changed => {}
                Err(_) => {
                    self.ping_at = Instant::now() + PING_AFTER;
                    return Some(Bytes::from_static(b": ping\n\n"));
                }
            }
        }
    }
}
