//! The cookie of the session.

use axum::http::{HeaderMap, header};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

/// The name of the session's cookie. The prefix has browsers refuse it unless it came over HTTPS, from this
/// host alone.
const SECURE: &str = "__Host-stockroom";

/// Its name where the browser and the server are the same machine, and speak plain HTTP.
const LOCAL: &str = "stockroom-local";

/// How a browser speaks to the server, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By HTTPS, or in a way that isn't known: browsers keep the cookie only if it is HTTPS.
    Secure,
    /// By plain HTTP on one machine.
    Local,
    /// By plain HTTP over a network, where a session could be read by others.
    Open,
}

impl Way {
    /// What the headers of a form say: browsers send its origin.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        match text(header::ORIGIN) {
            Some(origin) if origin.starts_with("https://") => Self::Secure,
            _ if is_this_machine(host) => Self::Local,
            Some(origin) if origin.starts_with("http://") => Self::Open,
            _ => Self::Secure,
        }
    }
}

/// Whether a `Host` header names the machine that the browser runs on.
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name == "::1" || name.ends_with(".localhost") || {
        let address = name.parse::<std::net::Ipv4Addr>();
        address.is_ok_and(|address| address.is_loopback())
    }
}

/// The token of the session, and the name of its cookie.
pub(crate) fn session(jar: &CookieJar) -> Option<(&'static str, &str)> {
    [SECURE, LOCAL]
        .into_iter()
        .find_map(|name| Some((name, jar.get(name)?.value())))
}

/// A cookie that keeps this token.
pub(crate) fn keeping(way: Way, token: String) -> Cookie<'static> {
    let name = match way {
        Way::Local => LOCAL,
        Way::Secure | Way::Open => SECURE,
    };
    named(name, token)
}

/// The same cookie with another token.
pub(crate) fn named(name: &'static str, token: String) -> Cookie<'static> {
    Cookie::build((name, token))
        .path("/")
        .http_only(true)
        .secure(name == SECURE)
        .same_site(SameSite::Strict)
        .build()
}

/// Cookies that end the session.
pub(crate) fn ending() -> [Cookie<'static>; 2] {
    [SECURE, LOCAL].map(|name| {
        let mut cookie = named(name, String::new());
        cookie.make_removal();
        cookie
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(host: &str, origin: Option<&str>) -> Way {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        Way::of(&headers)
    }

    #[test]
    fn the_way_to_the_server_is_known_from_the_headers() {
        let shop = Some("https://shop.example");
        assert_eq!(way("shop.example", shop), Way::Secure);
        assert_eq!(way("127.0.0.1:8080", shop), Way::Secure);
        assert_eq!(
            way("10.0.0.7:8080", Some("http://10.0.0.7:8080")),
            Way::Open
        );
        for host in [
            "localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "localhost",
        ] {
            let origin = format!("http://{host}");
            assert_eq!(way(host, Some(&origin)), Way::Local, "{host}");
            assert_eq!(way(host, None), Way::Local, "{host}");
        }
        assert_eq!(way("localhost.shop.example", None), Way::Secure);
    }
}
