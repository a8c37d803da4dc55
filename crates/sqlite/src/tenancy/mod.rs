//! Organizations, stores, and the state that servers share.

pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod server_state;
pub(crate) mod store;
