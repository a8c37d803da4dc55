//! `/v2/inventories/{product}/transactions`

mod create;
mod effects;
mod list;
mod many;
mod read;
