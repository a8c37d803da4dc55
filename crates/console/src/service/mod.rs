//! The frame around the screens: state, limits, headers, and the files that pages use.

mod address;
mod app;
pub(crate) mod assets;
pub(crate) mod middleware;
pub(crate) mod sign_ins;

pub(crate) use address::ClientAddress;
pub use app::{About, Options};
pub(crate) use app::{App, AppState};
