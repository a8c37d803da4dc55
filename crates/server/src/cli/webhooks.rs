//! Settings of webhooks.

use clap::Args;
use stockroom_webhooks::{Networks, Settings};

/// The receivers of webhooks that may be called.
#[derive(Debug, Clone, Args)]
pub(crate) struct WebhookSettings {
    /// The networks that webhooks may call: `public` for the public internet, `private` for that and
    /// private networks (RFC 1918, unique local addresses), and networks such as `10.1.0.0/16`, separated
    /// by commas. Networks alone allow nothing else. With `none` this server delivers nothing.
    #[arg(
        long,
        env = "STOCKROOM_WEBHOOK_NETWORKS",
        value_name = "NETWORKS",
        default_value = "public"
    )]
    webhook_networks: Networks,

    /// Allow webhooks to addresses that begin with `http:`, which are sent unencrypted.
    #[arg(
        long,
        env = "STOCKROOM_WEBHOOK_ALLOW_HTTP",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new(),
        default_value = "false",
        default_missing_value = "true"
    )]
    webhook_allow_http: bool,
}

impl WebhookSettings {
    /// Whether this server delivers webhooks.
    pub(crate) fn deliver(&self) -> bool {
        !self.webhook_networks.are_none()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            networks: self.webhook_networks.clone(),
            allow_http: self.webhook_allow_http,
        }
    }
}
