//! The console in a real browser: Chromium, driven by `chromedriver`. `cargo xtask test` leaves these tests
//! out where there is none.

mod browser;
mod screens;
mod tasks;
mod transfers;
