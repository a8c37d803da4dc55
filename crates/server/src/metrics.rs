//! Metrics, in the Prometheus text format.

use axum::Router;
use axum::routing::get;
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// From a tenth of a millisecond to ten seconds, so that both a cached read and a stuck disk show.
const BUCKETS_SECONDS: [f64; 16] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Powers of two, up to the largest number of changes in a batch.
const BUCKETS_CHANGES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Starts collecting metrics.
///
/// # Errors
/// If a recorder is already installed in this process.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let changes = Matcher::Suffix("_changes".to_owned());
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &BUCKETS_SECONDS)?
        .set_buckets_for_metric(changes, &BUCKETS_CHANGES)?;
    let handle = builder.install_recorder()?;
    describe_counter!(
        "stockroom_http_requests_total",
        "Requests answered, by method, route and status."
    );
    describe_histogram!(
        "stockroom_http_request_duration_seconds",
        "From a request's head to its answer, by method, route and status."
    );
    describe_counter!(
        "stockroom_connections_refused_total",
        "Connections closed at once because there were too many."
    );
    describe_counter!(
        "stockroom_operations_total",
        "Changes asked for, by action and outcome."
    );
    describe_histogram!(
        "stockroom_database_duration_seconds",
        "Time that the database took, by operation."
    );
    describe_gauge!(
        "stockroom_queued_changes",
        "Changes that wait for others to be stored before them."
    );
    describe_histogram!(
        "stockroom_commit_changes",
        "Changes that were sent to the database in one commit."
    );
    describe_gauge!(
        "stockroom_reservations",
        "Reservations, by the state that is stored of them."
    );
    describe_counter!(
        "stockroom_reservations_expired_total",
        "Reservations that this server has stored as expired."
    );
    describe_gauge!(
        "stockroom_oldest_pending_reservation_seconds",
        "Age of the oldest reservation that is stored as pending, which the sweeper ends."
    );
    describe_counter!(
        "stockroom_log_lines_lost_total",
        "Lines of the log that nobody took in time."
    );
    describe_events();
    Ok(handle)
}

fn describe_events() {
    describe_gauge!(
        "stockroom_event_streams",
        "Streams of events that are open, and requests that wait for events."
    );
    describe_counter!("stockroom_events_sent_total", "Events sent to streams.");
    describe_counter!(
        "stockroom_event_streams_refused_total",
        "Streams of events refused because there were too many, by limit."
    );
    describe_histogram!(
        "stockroom_event_delay_seconds",
        "From a change to its reading for streams, by batch of events."
    );
    describe_counter!(
        "stockroom_event_numbering_failures_total",
        "Failed attempts to number events after a commit."
    );
    describe_counter!(
        "stockroom_webhook_deliveries_total",
        "Attempts of this server to deliver an event, by outcome: delivered, failed or set_aside."
    );
    describe_histogram!(
        "stockroom_webhook_delivery_duration_seconds",
        "From the beginning of an attempt to deliver an event to the answer, by outcome."
    );
    describe_gauge!(
        "stockroom_integrations_leased",
        "Integrations that this server delivers for."
    );
    describe_gauge!(
        "stockroom_integrations_behind_events",
        "Events of the feed that the slowest of these integrations hasn't passed yet."
    );
    describe_gauge!(
        "stockroom_integrations_feed_used_ratio",
        "The part of the kept feed that the slowest of these integrations has still to pass: at more \
         than 1 it loses events."
    );
    describe_gauge!(
        "stockroom_integrations_failing",
        "Those of these integrations whose last attempts have failed."
    );
    describe_gauge!(
        "stockroom_integrations_disabled",
        "Integrations that were disabled because they couldn't deliver."
    );
}

/// `/metrics`.
pub(crate) fn endpoint(handle: PrometheusHandle) -> Router {
    Router::new().route("/metrics", get(async move || handle.render()))
}
