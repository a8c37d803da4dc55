//! What integrations are configured with: names of events, addresses and secrets.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::text::Invalid;

macro_rules! events {
    ($($variant:ident = $name:literal,)*) => {
        /// The name of an event.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[expect(missing_docs, reason = "each variant is what its name says")]
        pub enum EventName {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl EventName {
            /// All events.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

// An event that is added needs nothing but its line.
events! {
    TransactionCreated = "stock-transaction.created",
    StockCreated = "stock.created",
    StockDeleted = "stock.deleted",
    ProductCreated = "product.created",
    ProductUpdated = "product.updated",
    ProductDeleted = "product.deleted",
    ReservationCreated = "stock-reservation.created",
    ReservationUpdated = "stock-reservation.updated",
    LocationCreated = "inventory-location.created",
    LocationUpdated = "inventory-location.updated",
    LocationDeleted = "inventory-location.deleted",
    IntegrationCreated = "integration.created",
    IntegrationUpdated = "integration.updated",
    IntegrationDeleted = "integration.deleted",
    IntegrationDisabled = "integration.disabled",
}

impl EventName {
    /// The event of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.as_str() == name)
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The events that an integration gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Observed {
    /// All events, also those that later versions add.
    All,
    /// These events.
    Only(BTreeSet<EventName>),
}

impl Observed {
    /// The name that stands for all events.
    const EVERYTHING: &'static str = "*";

    /// The events of these names, of which there is at least one.
    ///
    /// # Errors
    /// [`Invalid`] if there is no name, or one that no event has.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let mut only = BTreeSet::new();
        let mut all = false;
        for name in names {
            if name == Self::EVERYTHING {
                all = true;
            } else {
                only.insert(EventName::parse(name).ok_or_else(unknown_event)?);
            }
        }
        match (all, only.is_empty()) {
            (true, _) => Ok(Self::All),
            (false, false) => Ok(Self::Only(only)),
            (false, true) => Err(Invalid::new("observes", "a list of at least one event")),
        }
    }

    /// The names in the API.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Self::All => vec![Self::EVERYTHING],
            Self::Only(only) => only.iter().map(|event| event.as_str()).collect(),
        }
    }

    /// Whether the integration gets this event.
    #[must_use]
    pub fn includes(&self, event: EventName) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => only.contains(&event),
        }
    }
}

fn unknown_event() -> Invalid {
    let names: Vec<_> = EventName::ALL.iter().map(|it| it.as_str()).collect();
    Invalid::new("observes", format!("a list of *, {}", names.join(", ")))
}

/// The address that events are sent to: an `http` or `https` URL without user information. Whether its
/// network may be called is decided elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct WebhookUrl(String);

/// The host of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookHost<'a> {
    /// A name, to be resolved.
    Name(&'a str),
    /// An address of IPv4.
    V4(Ipv4Addr),
    /// An address of IPv6.
    V6(Ipv6Addr),
}

impl TryFrom<String> for WebhookUrl {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

impl WebhookUrl {
    /// The largest number of bytes of an address.
    pub const BYTES_MAX: usize = 2_048;

    /// The address, if it is written as one.
    ///
    /// # Errors
    /// [`Invalid`] if it isn't. What clients of HTTP would read differently is refused: other characters
    /// than visible ASCII, backslashes, and numbers that aren't written as four of a dotted address.
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if is_plain && text.len() <= Self::BYTES_MAX && parts(&text).is_some() {
            Ok(Self(text))
        } else {
            Err(Invalid::new(
                "url",
                "an http or https URL of at most 2048 ASCII characters, with a host and without user \
                 information",
            ))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is sent is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        parts(&self.0).is_some_and(|(encrypted, _)| encrypted)
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> WebhookHost<'_> {
        // Every address was read when it was made.
        parts(&self.0).map_or(WebhookHost::Name(""), |(_, host)| host)
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether an address is encrypted, and its host; `None` if it isn't an address.
fn parts(url: &str) -> Option<(bool, WebhookHost<'_>)> {
    let (scheme, rest) = url.split_once("://")?;
    let encrypted = match scheme {
        scheme if scheme.eq_ignore_ascii_case("https") => true,
        scheme if scheme.eq_ignore_ascii_case("http") => false,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    if let Some(literal) = authority.strip_prefix('[') {
        let (address, port) = literal.split_once(']')?;
        is_port(port).then_some(())?;
        return Some((encrypted, WebhookHost::V6(address.parse().ok()?)));
    }
    let (host, port) = match authority.find(':') {
        None => (authority, ""),
        Some(colon) => authority.split_at(colon),
    };
    (is_port(port) && is_host(host)).then_some(())?;
    let last = host.strip_suffix('.').unwrap_or(host).rsplit('.').next()?;
    let is_number = last.starts_with(|first: char| first.is_ascii_digit())
        && last
            .chars()
            .all(|it| it.is_ascii_hexdigit() || it == 'x' || it == 'X');
    if is_number {
        return Some((encrypted, WebhookHost::V4(host.parse().ok()?)));
    }
    Some((encrypted, WebhookHost::Name(host)))
}

/// Whether the rest of an authority is a port or nothing.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit())
                && port.parse::<u16>().is_ok_and(|it| it > 0)
        })
}

fn is_host(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte == b'.';
    let labels = text.strip_suffix('.').unwrap_or(text).split('.');
    text.len() <= 253
        && text.bytes().all(allowed)
        && labels
            .into_iter()
            .all(|label| (1..=63).contains(&label.len()))
}

/// A text that is sent with every event, by which the receiver knows the sender. It is never shown, not
/// even in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

impl SecretKey {
    /// The text, if it can be the value of a header.
    ///
    /// # Errors
    /// [`Invalid`] if it is too short, too long, or has another character in it.
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let is_printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if (1..=1_024).contains(&text.len()) && is_printable && text.trim() == text {
            Ok(Self(text))
        } else {
            Err(Invalid::new(
                "secret_key",
                "1 to 1024 printable ASCII characters, without a space at either end",
            ))
        }
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// A secret that events are signed with: `whsec_` and base64. It is shown once, and not in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(String);

impl SigningSecret {
    /// The beginning of every secret.
    pub const PREFIX: &'static str = "whsec_";

    /// The secret with this text.
    ///
    /// # Errors
    /// [`Invalid`] if it doesn't begin as secrets do.
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        if text.starts_with(Self::PREFIX) {
            Ok(Self(text))
        } else {
            Err(Invalid::new(
                "signing_secret",
                "a text that begins with whsec_",
            ))
        }
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}
