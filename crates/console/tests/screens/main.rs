//! The screens, over a database in memory, with a clock and ids that are the same in every run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod activity;
mod counts;
mod exports;
mod imports;
mod keys;
mod ledger;
mod locations;
mod overview;
mod product;
mod products;
mod reservations;
mod session;
mod settings;
mod stock;
mod stores;
mod support;
mod system;
mod then;
mod webhooks;
