//! The addresses of clients.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use ipnet::IpNet;

use super::app::AppState;

/// The address that a request comes from: that of the connection or, behind a trusted proxy, the last one in
/// `X-Forwarded-For` that isn't a trusted proxy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        let connected = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let connected = connected.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |it| it.0.ip());
        let forwarded = parts.headers.get_all("x-forwarded-for");
        let forwarded = forwarded.iter().filter_map(|value| value.to_str().ok());
        let forwarded: Vec<&str> = forwarded.flat_map(|value| value.split(',')).collect();
        let proxies = &app.options.trusted_proxies;
        Ok(Self(client(connected, &forwarded, proxies)))
    }
}

fn client(connected: IpAddr, forwarded: &[&str], proxies: &[IpNet]) -> IpAddr {
    let mut address = connected.to_canonical();
    for hop in forwarded.iter().rev() {
        if !proxies.iter().any(|network| network.contains(&address)) {
            break;
        }
        let Ok(hop) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        address = hop.to_canonical();
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_trusted_proxies_say_who_the_client_is() {
        let proxies = ["10.0.0.0/30", "2001:db8::/32"].map(|text| text.parse().unwrap());
        let client = |connected, forwarded: &[&str]| {
            client(address(connected), forwarded, &proxies).to_string()
        };
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            client("10.0.0.1", &["203.0.113.9", " 198.51.100.7", "10.0.0.2"]),
            "198.51.100.7"
        );
        assert_eq!(client("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.4", &["198.51.100.7"]), "10.0.0.4");
        assert_eq!(client("2001:db8::5", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
    }
}
