//! The console: web pages for the people who run the stock, over the use cases of
//! `stockroom-application`.
//!
//! It stands beside the HTTP API and doesn't use it. Each screen is a folder: `routes.rs` reads and changes,
//! and a template in `templates/` shows. Every control is a link or a form, so that the console works with
//! scripts switched off; the script only spares reloads. A form that is accepted is answered with 303 to a
//! page, which shows what was done; one that is refused is shown again, with the reason and what was typed.
//!
//! Below the screens are the parts that they share: `page` (what pages are made of, and what people type),
//! `session` (who looks) and `lookup` (products and locations).
//!
//! # Adding a screen
//! A folder with a `routes` function that returns the screen's router, its line in `router.rs`, and, if it has
//! a place of its own in the navigation, its line in `page/section.rs`.

mod activity;
mod batches;
mod counts;
mod imports;
mod keys;
mod ledger;
mod locations;
mod lookup;
mod middleware;
mod overview;
mod page;
mod policies;
mod product;
mod products;
mod reservations;
mod router;
mod service;
mod session;
mod settings;
mod stock;
mod stores;
mod system;
mod then;
mod transfers;
mod webhooks;

pub use router::router;
pub use service::{About, Options};
