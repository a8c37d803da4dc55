//! Sends webhooks: an HTTP client that calls only addresses that the operator allows.
//!
//! Integrations belong to clients, so their addresses are chosen by people who must not see the network that
//! this server is in. [`Networks`] says which addresses may be called. The client looks at each address
//! that it is about to connect to, after the name was resolved: a name that resolves to something else a
//! moment later changes nothing.

mod client;
mod connect;
mod networks;

pub use client::{Settings, WebhookClient};
pub use connect::{Resolver, SystemResolver};
pub use networks::{Networks, NetworksError};
pub use rustls::RootCertStore;
