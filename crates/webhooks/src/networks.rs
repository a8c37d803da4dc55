//! The networks that webhooks may be delivered to.
//!
//! Whoever creates an integration chooses an address that this server then calls, from inside the
//! operator's network. So only addresses of the public internet are allowed, unless the operator lists
//! others.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Refused in any case unless listed: networks of IPv4 that aren't part of the public internet, without
/// the private ones.
const SPECIAL_V4: [(Ipv4Addr, u8); 12] = [
    // This host on this network, with the unspecified address.
    (Ipv4Addr::UNSPECIFIED, 8),
    // Shared by providers for their own translation of addresses.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Link-local, with the metadata services of most clouds.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Protocol assignments.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // Relays of 6to4.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, with broadcast.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// RFC 1918.
const PRIVATE_V4: [(Ipv4Addr, u8); 3] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
];

/// The part of IPv6 that addresses of the public internet are taken from. Outside of it are loopback,
/// link-local, site-local and unique-local addresses, multicast, and IPv4 inside of IPv6: mapped,
/// compatible, and translated (`64:ff9b::/96`).
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Refused although within [`GLOBAL_V6`].
const SPECIAL_V6: [(Ipv6Addr, u8); 4] = [
    // Protocol assignments, with Teredo, which contains addresses of IPv4.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, which contains addresses of IPv4.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Unique-local addresses.
const PRIVATE_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7);

/// Services that tell a machine its secrets: refused even within a listed network, unless the address
/// itself is listed.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    // Azure, on an address of the public internet.
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Alibaba.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Amazon.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    // Google.
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// The networks that webhooks may be delivered to: the value of `--webhook-networks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks {
    public: bool,
    private: bool,
    listed: Vec<IpNet>,
}

/// The public internet.
impl Default for Networks {
    fn default() -> Self {
        Self {
            public: true,
            private: false,
            listed: Vec::new(),
        }
    }
}

/// The part of a setting that names no networks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `public`, `private`, `none`, nor a network such as `10.1.0.0/16`")]
pub struct NetworksError(String);

/// Reads `public`, `private` (the public internet, RFC 1918 and unique-local addresses), and networks,
/// separated by commas. Networks alone allow nothing else, and `none` allows nothing at all.
impl FromStr for Networks {
    type Err = NetworksError;

    fn from_str(text: &str) -> Result<Self, NetworksError> {
        let mut networks = Self {
            public: false,
            private: false,
            listed: Vec::new(),
        };
        if text.trim() == "none" {
            return Ok(networks);
        }
        for part in text.split(',').map(str::trim) {
            match part {
                "public" => networks.public = true,
                "private" => {
                    networks.public = true;
                    networks.private = true;
                }
                _ => networks.listed.push(network(part)?),
            }
        }
        Ok(networks)
    }
}

fn network(part: &str) -> Result<IpNet, NetworksError> {
    let single = || part.parse::<IpAddr>().ok().map(IpNet::from);
    let network = part.parse::<IpNet>().ok().or_else(single);
    let network = network.ok_or_else(|| NetworksError(part.to_owned()))?;
    Ok(network.trunc())
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match (self.private, self.public) {
            (true, _) => Some("private".to_owned()),
            (false, true) => Some("public".to_owned()),
            (false, false) if self.listed.is_empty() => Some("none".to_owned()),
            (false, false) => None,
        };
        let listed = self.listed.iter().map(ToString::to_string);
        let parts: Vec<String> = word.into_iter().chain(listed).collect();
        f.write_str(&parts.join(","))
    }
}

impl Networks {
    /// Whether no address at all may be called.
    #[must_use]
    pub fn are_none(&self) -> bool {
        !self.public && !self.private && self.listed.is_empty()
    }

    /// Whether this address may be called.
    #[must_use]
    pub fn allow(&self, address: IpAddr) -> bool {
        // The operating system connects to the address of IPv4 that a mapped one contains.
        let called = address.to_canonical();
        if METADATA.contains(&called) {
            return self.listed.contains(&IpNet::from(called));
        }
        let is_listed = self.listed.iter().any(|network| network.contains(&called));
        if is_listed {
            return true;
        }
        match address {
            IpAddr::V4(address) => {
                (self.public && is_public_v4(address))
                    || (self.private && is_within_v4(&PRIVATE_V4, address))
            }
            IpAddr::V6(address) => {
                (self.public && is_public_v6(address))
                    || (self.private && is_within_v6(&[PRIVATE_V6], address))
            }
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !is_within_v4(&SPECIAL_V4, address) && !is_within_v4(&PRIVATE_V4, address)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    is_within_v6(&[GLOBAL_V6], address) && !is_within_v6(&SPECIAL_V6, address)
}

fn is_within_v4(networks: &[(Ipv4Addr, u8)], address: Ipv4Addr) -> bool {
    networks
        .iter()
        .any(|(start, length)| Ipv4Net::new_assert(*start, *length).contains(&address))
}

fn is_within_v6(networks: &[(Ipv6Addr, u8)], address: Ipv6Addr) -> bool {
    networks
        .iter()
        .any(|(start, length)| Ipv6Net::new_assert(*start, *length).contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(text: &str) -> Networks {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(setting: &str, allowed: bool, addresses: &[&str]) {
        for address in addresses {
            let parsed = address.parse().unwrap();
            assert_eq!(
                networks(setting).allow(parsed),
                allowed,
                "{address} with {setting}"
            );
        }
    }

    /// Addresses of RFC 1918, and unique-local ones.
    const PRIVATE: [&str; 8] = [
        "10.0.0.0",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "192.168.255.255",
        "fc00::1",
        "fdff:ffff::1",
    ];

    /// Addresses that no word allows.
    const SPECIAL: [&str; 52] = [
        "0.0.0.0",
        "0.1.2.3",
        "100.64.0.1",
        "100.127.255.255",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.0.1",
        "169.254.169.254",
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        // IPv4 as mapped, compatible, translated, 6to4 and Teredo.
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "::10.0.0.1",
        "::8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:a00:1::",
        "2002:808:808::1",
        "2001:0:7f00:1::",
        "2001::1",
        "2001:1ff::1",
        "100::1",
        "2001:db8::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "fd00:ec2::254",
        "fd20:ce::254",
    ];

    const PUBLIC: [&str; 16] = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "198.17.255.255",
        "223.255.255.255",
        "2001:200::1",
        "2606:4700:4700::1111",
        "2a00:1450::1",
    ];

    #[test]
    fn public_is_the_internet_alone() {
        check("public", true, &PUBLIC);
        check("public", false, &PRIVATE);
        check("public", false, &SPECIAL);
        assert_eq!(Networks::default(), networks("public"));
    }

    #[test]
    fn private_adds_the_private_networks_and_nothing_else() {
        for setting in ["private", "public,private", "private,public"] {
            check(setting, true, &PUBLIC);
            check(setting, true, &PRIVATE);
            check(setting, false, &SPECIAL);
        }
    }

    #[test]
    fn listed_networks_are_allowed_whatever_they_are() {
        let setting = "public, 10.1.0.0/16, 127.0.0.0/8, ::1/128";
        check(setting, true, &["10.1.2.3", "127.0.0.1", "::1", "8.8.8.8"]);
        check(setting, true, &["::ffff:127.0.0.1", "::ffff:10.1.0.1"]);
        check(setting, false, &["10.2.0.1", "192.168.0.1", "::2"]);
        check(setting, false, &["::ffff:10.2.0.1", "::127.0.0.1"]);
        // Bits behind the length of the network don't matter, and an address is a network of its own.
        check("10.1.2.3/16", true, &["10.1.9.9"]);
        check("10.1.2.3", true, &["10.1.2.3"]);
        check("10.1.2.3", false, &["10.1.2.4"]);
    }

    #[test]
    fn networks_alone_allow_nothing_else() {
        check("10.1.0.0/16", false, &PUBLIC);
        check("10.1.0.0/16", false, &SPECIAL);
    }

    #[test]
    fn metadata_is_refused_unless_its_address_is_listed() {
        let wide = "0.0.0.0/0,::/0";
        check(wide, true, &["127.0.0.1", "8.8.8.8", "::1"]);
        check(wide, false, &["169.254.169.254", "168.63.129.16"]);
        check(wide, false, &["fd00:ec2::254", "::ffff:169.254.169.254"]);
        check("169.254.169.254", true, &["169.254.169.254"]);
        check("fd00:ec2::254/128", true, &["fd00:ec2::254"]);
    }

    #[test]
    fn what_is_no_network_is_an_error() {
        for text in [
            "",
            "public,",
            "Public",
            "internal",
            "10.0.0.0/33",
            "10.0.0/8",
            "10.0.0.1:80",
        ] {
            assert!(text.parse::<Networks>().is_err(), "{text}");
        }
    }

    #[test]
    fn is_written_as_it_is_read() {
        for text in ["public", "private", "public,10.1.0.0/16", "::1/128"] {
            assert_eq!(networks(text).to_string(), text);
        }
    }
}
