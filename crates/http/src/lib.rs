//! The HTTP API: the Elastic Path Commerce inventory dialect over the use cases of
//! `stockroom-application`.
//!
//! A request passes the middleware, then the extractors of its handler in the order of the
//! answers that they can refuse it with (401, 403, then the query and the body with 400), then the
//! handler, which hands it to a use case and picks the representation of the answer. Handlers hold
//! no rules.

mod admission;
mod app;
mod cursor;
mod error;
mod extract;
mod filter;
mod form;
mod idempotency;
mod inputs;
mod json;
mod links;
mod meters;
mod middleware;
mod openapi;
mod rate_limit;
mod representation;
mod routes;

pub use app::Options;
pub use middleware::identified;
pub use openapi::document as openapi;
pub use routes::router;
