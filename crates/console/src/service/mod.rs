//! What requests need of the server: its state, the addresses of clients, and limits of signing in.

mod address;
mod app;
pub(crate) mod sign_ins;

pub(crate) use address::ClientAddress;
pub use app::{About, Options};
pub(crate) use app::{App, AppState};
