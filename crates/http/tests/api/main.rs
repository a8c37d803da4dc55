//! Tests of the HTTP API as a whole: the router on a database in memory. The modules stand in a
//! tree like the URLs; what holds for every endpoint is in `every_endpoint`.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod application_keys;
mod documentation;
mod every_endpoint;
mod inventories;
mod oauth_access_token;
mod products;
mod settings;
mod support;
mod tenancy;
