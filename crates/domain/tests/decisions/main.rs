//! What the domain decides, seen from outside: every refusal in its place, every action at its
//! bounds, and a small independent model that predicts whole sequences.

mod availability;
mod batches;
mod counts;
mod disabled_locations;
mod hashes;
mod idempotency;
mod import_jobs;
mod import_previews;
mod imports;
mod integrations;
mod keys;
mod locations;
mod many;
mod model;
mod placement;
mod policies;
mod products;
mod promise;
mod put;
mod reservations;
mod returns;
mod scene;
mod set_aside;
mod shop;
mod stock;
mod tenancy;
mod time;
mod transactions;
mod transfer_orders;
mod transfers;
mod transfers_model;
mod undo;
mod verify;
mod verify_held;
