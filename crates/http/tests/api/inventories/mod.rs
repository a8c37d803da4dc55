//! `/v2/inventories`

mod audit;
mod create;
mod cursors;
mod delete;
mod filter;
mod list;
mod locations;
mod multiple;
mod paging;
mod past;
mod read;
mod reservations;
mod transactions;
mod undo;
mod update;
mod verify;
