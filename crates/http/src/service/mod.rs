//! The service around the endpoints.

mod admission;
mod app;
pub(crate) mod document;
pub(crate) mod documents;
mod inputs;
mod meters;
pub(crate) mod middleware;
mod operations;
mod rate_limit;

pub(crate) use admission::{Place, SMALL_BATCH_BYTES_MAX};
pub use app::Options;
pub(crate) use app::{App, AppState};
pub(crate) use inputs::Inputs;
pub use middleware::identified;
pub(crate) use rate_limit::Counted;
