//! What integrations are configured with: addresses and secrets.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::Invalid;

/// The address that events are sent to. Who calls it reads it as a URL, and decides whether its host may
/// be called.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct WebhookUrl(String);

impl TryFrom<String> for WebhookUrl {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

impl WebhookUrl {
    /// The largest number of bytes of an address.
    pub const BYTES_MAX: usize = 2_048;

    /// The address.
    ///
    /// # Errors
    /// [`Invalid`] if it is too long, or has another character in it than visible ASCII without
    /// backslashes, which clients of HTTP read differently.
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        if (1..=Self::BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text))
        } else {
            Err(Invalid::new(
                "url",
                "a URL of at most 2048 ASCII characters",
            ))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
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
