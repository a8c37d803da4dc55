//! The HTTP API: the Elastic Path Commerce inventory dialect over the use cases of
//! `stockroom-application`.
//!
//! A request passes the middleware, then the extractors of its handler in the order of the
//! answers that they can refuse it with (401, 403, then the query and the body with 400), then the
//! handler, which hands it to a use case and picks the representation of the answer. Handlers hold
//! no rules.

mod answer;
mod filter;
mod keys;
mod locations;
mod products;
mod request;
mod reservations;
mod router;
mod service;
mod settings;
mod stock;
mod transactions;
mod verification;

pub use router::{openapi, router};
pub use service::{Options, identified};
