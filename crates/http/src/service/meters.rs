//! Metrics of answers: their number and duration.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use axum::http::StatusCode;
use metrics::{Counter, Histogram};

/// The meters of each route, by method and status. They are cached because looking them up by their
/// labels takes longer than many a request.
#[derive(Default)]
pub(crate) struct Meters(RwLock<HashMap<(&'static str, StatusCode), ByRoute>>);

type ByRoute = HashMap<String, Meter>;

struct Meter {
    answers: Counter,
    durations: Histogram,
}

impl Meters {
    /// Records an answer.
    pub(crate) fn record(
        &self,
        method: &'static str,
        route: &str,
        status: StatusCode,
        elapsed: Duration,
    ) {
        let kind = (method, status);
        {
            let meters = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(meter) = meters.get(&kind).and_then(|meters| meters.get(route)) {
                meter.record(elapsed);
                return;
            }
        }
        let mut meters = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let meters = meters.entry(kind).or_default();
        let meter = meters.entry(route.to_owned());
        meter
            .or_insert_with(|| Meter::new(method, route, status))
            .record(elapsed);
    }
}

impl Meter {
    fn new(method: &'static str, route: &str, status: StatusCode) -> Self {
        let labels = [
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.as_str().to_owned()),
        ];
        Self {
            answers: metrics::counter!("stockroom_http_requests_total", &labels),
            durations: metrics::histogram!("stockroom_http_request_duration_seconds", &labels),
        }
    }

    fn record(&self, elapsed: Duration) {
        self.answers.increment(1);
        self.durations.record(elapsed);
    }
}
