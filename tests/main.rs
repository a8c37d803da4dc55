//! The program as its users have it: started as a process, spoken to over HTTP, killed, restarted.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

mod command_line;
mod console;
mod demo;
mod events;
mod first_start;
mod imports;
mod kills;
mod operation;
mod postgres;
mod races;
mod reservations;
mod secrets;
mod signing_key;
mod support;
mod verify;
mod webhooks;
