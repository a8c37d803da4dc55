//! The state that all screens share.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use stockroom_application::Stockroom;
use tokio::sync::Semaphore;

use super::sign_ins::SignIns;

/// Settings of the console.
#[derive(Debug, Clone)]
pub struct Options {
    /// The maximum duration of a request, from its head to its answer.
    pub request_timeout: Duration,
    /// The number of requests in progress at once; more are refused with 503.
    pub concurrent_requests_max: usize,
    /// The largest file of an import, as it is sent, in bytes.
    pub import_bytes_max: usize,
    /// The networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What the screen of the system says of the server.
    pub about: About,
}

/// The server, for the screen of the system.
#[derive(Debug, Clone)]
pub struct About {
    /// The version of the program.
    pub version: &'static str,
    /// The kind of the database, such as `SQLite`.
    pub database: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(30),
            concurrent_requests_max: 256,
            import_bytes_max: 100 * 1024 * 1024,
            trusted_proxies: Vec::new(),
            about: About {
                version: env!("CARGO_PKG_VERSION"),
                database: "memory",
            },
        }
    }
}

/// The state of the router.
pub(crate) struct App {
    pub(crate) stockroom: Arc<Stockroom>,
    pub(crate) options: Options,
    pub(crate) sign_ins: SignIns,
    /// One for each request in progress.
    pub(crate) places: Arc<Semaphore>,
}

/// The state as handlers receive it.
pub(crate) type AppState = Arc<App>;

impl App {
    pub(crate) fn new(stockroom: Arc<Stockroom>, options: Options) -> AppState {
        Arc::new(Self {
            stockroom,
            sign_ins: SignIns::default(),
            places: Arc::new(Semaphore::new(options.concurrent_requests_max)),
            options,
        })
    }
}
