//! The screens, over a database in memory, with a clock and ids that are the same in every run.

mod activity;
mod counts;
mod overview;
mod reservations;
mod session;
mod stock;
mod support;
