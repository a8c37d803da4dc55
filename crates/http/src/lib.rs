//! The HTTP API: the Elastic Path Commerce inventory dialect over the use cases of
//! `stockroom-application`.
//!
//! A request passes the middleware, then its handler's extractors, and then the handler. The
//! extractors are ordered by the status of their refusals: 401, 403, then 400 for the query and the
//! body. The handler passes the request to a use case and picks the representation of the answer.
//! Handlers contain no rules.

mod answer;
mod events;
mod exports;
mod filter;
mod imports;
mod integrations;
mod keys;
mod locations;
mod policies;
mod products;
mod request;
mod reservations;
mod router;
mod service;
mod settings;
mod stock;
mod transactions;
mod transfers;
mod verification;

pub use events::DeliveryBodies;
pub use router::{openapi, router};
pub use service::{Options, identified};
