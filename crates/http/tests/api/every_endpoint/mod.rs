//! What holds for all endpoints alike. The endpoints are taken from the OpenAPI document, so that
//! none is forgotten.

mod admission;
mod document;
mod failures;
mod hostile;
mod idempotency;
mod limits;
mod methods;
mod order_of_refusals;
mod parameters;
mod read_keys;
mod refusals;
mod strict;
mod tokens;
mod transport;
