//! Settings of the console.

use std::net::{IpAddr, SocketAddr};

use clap::Args;
use ipnet::IpNet;

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

    /// The addresses or networks (`10.0.0.0/8`) of proxies whose `X-Forwarded-For` header names the client,
    /// separated by commas. Attempts to sign in to the console are limited by the client's address.
    #[arg(
        long,
        env = "STOCKROOM_TRUSTED_PROXIES",
        value_name = "NETWORKS",
        value_delimiter = ',',
        value_parser = network
    )]
    pub(crate) trusted_proxies: Vec<IpNet>,
}

/// The network that a text names, perhaps that of a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let single = || {
        let address: Option<IpAddr> = text.parse().ok();
        address.map(|address| IpNet::from(address.to_canonical()))
    };
    let network = text.parse().ok().or_else(single);
    network.ok_or_else(|| "an address or a network such as 10.0.0.0/8 is expected".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_addresses_or_networks() {
        let named = |text| network(text).map(|network| network.to_string());
        assert_eq!(named("10.0.0.0/8"), Ok("10.0.0.0/8".to_owned()));
        assert_eq!(named(" 10.0.0.1"), Ok("10.0.0.1/32".to_owned()));
        assert_eq!(named("::ffff:10.0.0.1"), Ok("10.0.0.1/32".to_owned()));
        assert_eq!(named("2001:db8::1"), Ok("2001:db8::1/128".to_owned()));
        assert!(named("proxy").is_err());
        assert!(named("10.0.0.0/33").is_err());
    }
}
