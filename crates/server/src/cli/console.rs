//! Settings of the console.

use std::net::{IpAddr, SocketAddr};

use clap::Args;

/// The web pages for people.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConsoleSettings {
    /// Do not serve the console, the web pages at `/console/`.
    #[arg(
        long,
        env = "STOCKROOM_NO_CONSOLE",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new(),
        default_value = "false",
        default_missing_value = "true"
    )]
    pub(crate) no_console: bool,

    /// The address on which to serve the console, if not on that of the API.
    #[arg(long, env = "STOCKROOM_CONSOLE_LISTEN", value_name = "ADDRESS")]
    pub(crate) console_listen: Option<SocketAddr>,

    /// The addresses of proxies whose `X-Forwarded-For` header names the client, separated by commas.
    /// Attempts to sign in to the console are limited by the client's address.
    #[arg(
        long,
        env = "STOCKROOM_TRUSTED_PROXIES",
        value_name = "ADDRESSES",
        value_delimiter = ','
    )]
    pub(crate) trusted_proxies: Vec<IpAddr>,
}
