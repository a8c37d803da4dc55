//! The screens, over a database in memory, with a clock and ids that are the same in every run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod activity;
mod counts;
mod every_form;
mod exports;
mod imports;
mod keys;
mod ledger;
mod locations;
mod orders;
mod overview;
mod policies;
mod product;
mod products;
mod receiving;
mod reservations;
mod returns;
mod session;
mod set_aside;
mod settings;
mod stock;
mod stores;
mod support;
mod system;
mod then;
mod transfer_forms;
mod transfers;
mod webhooks;
