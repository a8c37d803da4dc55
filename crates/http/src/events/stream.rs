//! Streams of events: server-sent events, as the HTML standard defines them.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::stream::unfold;
use metrics::Counter;
use stockroom_application::ports::FeedEvent;
use stockroom_application::{EventStream, FeedError, FeedPlace, Step, StreamError};
use tokio::time::{Instant, timeout_at};
use tracing::Span;

use super::body::EventBody;

/// The type of a stream. Its text is always UTF-8, so it has no parameters.
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// The time after which a stream that has nothing to send shows that it is there.
const PING_AFTER: Duration = Duration::from_secs(15);

/// The time after which a client is to connect again, in milliseconds.
const RETRY_MILLISECONDS: u32 = 2_000;

/// Has nginx hand on what comes at once, instead of collecting it.
const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The answer that goes on as long as the stream.
pub(super) fn answer(events: EventStream) -> Response {
    let blocks = unfold(Sender::new(events), async |mut sender| {
        let block = sender.next_block().await?;
        Some((Ok::<_, Infallible>(block), sender))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM)),
        (NO_BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(blocks)).into_response()
}

/// Sends a stream. It is asked for the next block when the client has taken the one before, so that a
/// slow client holds up nobody else.
struct Sender {
    events: EventStream,
    /// The place that the client knows; `None` before the first block.
    told: Option<FeedPlace>,
    ping_at: Instant,
    sent: u64,
    sent_in_all: Counter,
    since: Instant,
    end: Option<StreamError>,
    /// The span of the request, for the line at the end.
    span: Span,
}

impl Sender {
    fn new(events: EventStream) -> Self {
        let now = Instant::now();
        Self {
            events,
            told: None,
            ping_at: now + PING_AFTER,
            sent: 0,
            sent_in_all: metrics::counter!("stockroom_events_sent_total"),
            since: now,
            end: None,
            span: Span::current(),
        }
    }

    /// The next block to send, or `None` at the end.
    async fn next_block(&mut self) -> Option<Bytes> {
        if self.told.is_none() {
            // With the place, so that a client that connects again before the first event misses none.
            let place = self.tell();
            return Some(format!("retry: {RETRY_MILLISECONDS}\n{place}\n").into());
        }
        let block = match timeout_at(self.ping_at, self.events.next()).await {
            Ok(Ok(Step::Event(event))) => {
                self.sent += 1;
                self.sent_in_all.increment(1);
                let feed = self.events.place().feed;
                let position = event.event.position;
                let place = FeedPlace { feed, position };
                self.told = Some(place);
                event.sent_as(|event| block(place, event))
            }
            // A block without data tells the place, and is no event.
            Ok(Ok(Step::LeftOut)) => format!("{}\n", self.tell()).into(),
            Ok(Err(end)) => {
                self.end = Some(end);
                return None;
            }
            Err(_) => {
                let has_moved = self.told != Some(self.events.place());
                let place = if has_moved {
                    self.tell()
                } else {
                    String::new()
                };
                format!(": ping\n{place}\n").into()
            }
        };
        self.ping_at = Instant::now() + PING_AFTER;
        Some(block)
    }

    /// The line that tells the client how far it has come.
    fn tell(&mut self) -> String {
        let place = self.events.place();
        self.told = Some(place);
        format!("id: {}\n", cursor(place))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        let organization = tracing::field::display(self.events.organization());
        let seconds = self.since.elapsed().as_secs_f64();
        let events = self.sent;
        let reason = match &self.end {
            None => "the client has gone",
            Some(StreamError::Access(_)) => "the token is no longer valid",
            Some(StreamError::Stopping) => "the server is stopping",
            Some(StreamError::Feed(_)) => "the feed can't be read from here",
            // These come before a stream begins.
            Some(
                StreamError::TooManyOfOrganization { .. } | StreamError::TooManyOfServer { .. },
            ) => "too many streams",
        };
        if let Some(StreamError::Feed(FeedError::Store(error))) = &self.end {
            let error = error as &dyn Error;
            tracing::error!(error, "the database failed");
        }
        tracing::info!(organization, events, seconds, reason, "stream ended");
    }
}

/// An event as a block. JSON in its compact form is one line.
fn block(place: FeedPlace, event: &FeedEvent) -> Bytes {
    let name = event.name().as_str();
    let body = EventBody::from(event.clone());
    // No body has keys that aren't texts, which is all that could fail.
    let data = serde_json::to_string(&body).unwrap_or_default();
    format!("id: {}\nevent: {name}\ndata: {data}\n\n", cursor(place)).into()
}

/// A place as clients see it.
fn cursor(place: FeedPlace) -> String {
    format!("{}:{}", place.feed, place.position)
}
