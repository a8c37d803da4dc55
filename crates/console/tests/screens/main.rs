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
mod ledger;
mod overview;
mod product;
mod reservations;
mod session;
mod stock;
mod support;
mod then;
