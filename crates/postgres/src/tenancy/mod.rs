//! Organizations, stores, and the state that servers share.

mod read;
pub(crate) mod rows;
mod server_state;
pub(crate) mod store;
