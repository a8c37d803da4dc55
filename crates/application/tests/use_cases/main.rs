//! The use cases, with the ports mocked: what is asked of a database, and what is made of what it
//! answers.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

mod access;
mod environment;
mod first_start;
mod group_commit;
mod inventory;
mod mock;
mod reads;
mod reservations;
mod sessions;
mod signing_keys;
mod tokens;
mod verify;
mod webhooks;
