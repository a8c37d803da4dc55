//! The state that all handlers share.

use std::sync::Arc;
use std::time::Duration;

use stockroom_application::Stockroom;

use super::admission::Admission;
use super::inputs::Inputs;
use super::meters::Meters;
use super::rate_limit::RateLimits;
use crate::request::OneForm;

/// Settings of the API.
#[derive(Debug, Clone)]
pub struct Options {
    /// The largest request body, in bytes.
    pub body_bytes_max: usize,
    /// The largest body of a batch of transactions, in bytes.
    pub batch_bytes_max: usize,
    /// The largest file of an import, as it is sent, in bytes.
    pub import_bytes_max: usize,
    /// The maximum duration of a request, from its head to its answer.
    pub request_timeout: Duration,
    /// The number of requests in progress at once; more are refused with 503. One organization may
    /// have half of them. Requests for tokens have a separate limit, a sixteenth of this one.
    pub concurrent_requests_max: usize,
    /// Requests per second that all callers of an organization may make together, if limited.
    pub organization_rate_limit: Option<u32>,
    /// Requests per second that all callers in a store may make together, if limited.
    pub store_rate_limit: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            body_bytes_max: 1024 * 1024,
            batch_bytes_max: 8 * 1024 * 1024,
            import_bytes_max: 100 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            concurrent_requests_max: 4096,
            organization_rate_limit: None,
            store_rate_limit: None,
        }
    }
}

/// The state of the router.
pub(crate) struct App {
    pub(crate) stockroom: Arc<Stockroom>,
    pub(crate) options: Options,
    pub(crate) rate_limits: RateLimits,
    pub(crate) admission: Admission,
    pub(crate) meters: Meters,
    /// The parameters and the body that each endpoint reads.
    pub(crate) inputs: Inputs,
    /// The endpoints that have one form.
    pub(crate) one_form: OneForm,
}

/// The state as handlers receive it.
pub(crate) type AppState = Arc<App>;

impl App {
    pub(crate) fn new(
        stockroom: Arc<Stockroom>,
        options: Options,
        inputs: Inputs,
        one_form: OneForm,
    ) -> AppState {
        Arc::new(Self {
            rate_limits: RateLimits::new(options.organization_rate_limit, options.store_rate_limit),
            admission: Admission::new(options.concurrent_requests_max),
            meters: Meters::default(),
            inputs,
            one_form,
            stockroom,
            options,
        })
    }
}
