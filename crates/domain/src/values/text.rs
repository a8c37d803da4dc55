//! Texts with rules of their own. Every value of such a type obeys its rule.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The reason for which a value is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {rule}")]
pub struct Invalid {
    /// The name of the field in the API.
    pub field: &'static str,
    /// The rule, to be read after "must be".
    pub rule: String,
}

impl Invalid {
    /// The error for a `field` that breaks `rule`, which reads after "must be".
    pub fn new(field: &'static str, rule: impl Into<String>) -> Self {
        Self {
            field,
            rule: rule.into(),
        }
    }
}

fn check_length(
    field: &'static str,
    text: &str,
    characters_min: usize,
    characters_max: usize,
) -> Result<(), Invalid> {
    let fits = (characters_min..=characters_max).contains(&text.chars().count());
    // Not every database can store a NUL.
    if fits && !text.contains('\0') {
        Ok(())
    } else {
        Err(Invalid::new(
            field,
            format!("a text of {characters_min} to {characters_max} characters"),
        ))
    }
}

macro_rules! text {
    ($($(#[$doc:meta])* $name:ident { $characters_min:literal ..= $characters_max:literal })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(text: String) -> Result<Self, Invalid> {
                Self::new("text", text)
            }
        }

        impl $name {
            /// The text, if its length is right.
            ///
            /// # Errors
            /// [`Invalid`] with the name of `field` if it is too short or too long.
            pub fn new(field: &'static str, text: impl Into<String>) -> Result<Self, Invalid> {
                let text = text.into();
                check_length(field, &text, $characters_min, $characters_max)?;
                Ok(Self(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

text! {
    /// The name of a location, an organization or a store: 3 to 1024 characters.
    Name { 3..=1024 }
    /// A location's description: 3 to 1024 characters.
    Description { 3..=1024 }
    /// A location's name in another system: 3 to 1024 characters.
    ExternalRef { 3..=1024 }
    /// A text of a product or of a key: 1 to 1024 characters.
    ProductText { 1..=1024 }
    /// The reason for a change: 1 to 255 characters.
    Reason { 1..=255 }
    /// A thing in another system that a change belongs to: 1 to 255 characters.
    Reference { 1..=255 }
    /// A shop's name for an order: 1 to 255 characters.
    OrderId { 1..=255 }
    /// A supplier of goods: 1 to 255 characters.
    Supplier { 1..=255 }
    /// A note for people: 1 to 1024 characters.
    Note { 1..=1024 }
}

/// A location's name in paths and bodies: 1 to 128 of the letters `A-Z` and `a-z`, digits, `-`
/// and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Slug(String);

impl TryFrom<String> for Slug {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

impl Slug {
    /// Checks that the text is a slug.
    ///
    /// # Errors
    /// [`Invalid`] if it is empty, too long, or has another character in it.
    pub fn new(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=128).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text))
        } else {
            Err(Invalid::new(
                "slug",
                "1 to 128 letters, digits, hyphens and underscores",
            ))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A client's name for a request, so that it can be sent again without being carried out again: 1 to 255
/// visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct IdempotencyKey(Arc<str>);

impl TryFrom<String> for IdempotencyKey {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::new(&text)
    }
}

impl IdempotencyKey {
    /// Checks that the text is a key.
    ///
    /// # Errors
    /// [`Invalid`] if it is empty, too long, or has another character in it.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let visible = |byte: u8| byte.is_ascii_graphic();
        if (1..=255).contains(&text.len()) && text.bytes().all(visible) {
            Ok(Self(text.into()))
        } else {
            Err(Invalid::new(
                "Idempotency-Key",
                "1 to 255 visible ASCII characters",
            ))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text, cut off and marked with an ellipsis if it is longer than this many characters.
#[must_use]
pub fn shortened(mut text: String, characters_max: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(characters_max) {
        text.truncate(end);
        text.push('…');
    }
    text
}
