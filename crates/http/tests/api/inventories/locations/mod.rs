//! `/v2/inventories/locations`

mod create;
mod delete;
mod list;
mod read;
mod update;

const PATH: &str = "/v2/inventories/locations";
