//! `/v2/inventories`

mod create;
mod delete;
mod filter;
mod list;
mod locations;
mod multiple;
mod paging;
mod read;
mod transactions;
mod update;
mod verify;
