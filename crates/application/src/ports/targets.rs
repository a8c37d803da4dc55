//! The addresses that integrations may be given.

use std::net::{Ipv4Addr, Ipv6Addr};

use stockroom_domain::{WebhookHost, WebhookUrl};

/// Decides which addresses integrations may be given. A name is resolved, and checked again, with each
/// delivery; here only schemes and literal addresses are.
pub trait AllowedTargets: Send + Sync {
    /// Checks an address.
    ///
    /// # Errors
    /// The rule that it breaks, to be read after "url", with the option that would allow it.
    fn check(&self, url: &WebhookUrl) -> Result<(), String>;
}

/// Encrypted connections to public addresses.
#[derive(Debug, Clone, Copy, Default)]
pub struct PublicTargets;

impl AllowedTargets for PublicTargets {
    fn check(&self, url: &WebhookUrl) -> Result<(), String> {
        if !url.is_encrypted() {
            return Err("must begin with https:// (see --webhook-allow-http)".to_owned());
        }
        let is_public = match url.host() {
            WebhookHost::Name(name) => !is_local(name),
            WebhookHost::V4(address) => is_public_v4(address),
            WebhookHost::V6(address) => is_public_v6(address),
        };
        if is_public {
            Ok(())
        } else {
            let reason = "must be of a network that may be called (see --webhook-networks)";
            Err(reason.to_owned())
        }
    }
}

/// Whether a name always means the machine itself.
fn is_local(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || first == 0
        || first >= 240
        || is_shared)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    // NAT64 (64:ff9b::/96), and the deprecated addresses that contain one of IPv4.
    let is_translated = matches!(
        address.segments(),
        [0x64, 0xff9b, ..] | [0, 0, 0, 0, 0, 0, ..]
    );
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || is_translated)
}
