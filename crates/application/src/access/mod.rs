//! Callers, their tokens, and the keys that sign tokens.

mod caller;
mod jws;
mod signing_key;
pub(crate) mod token;
mod token_watch;

pub(crate) use caller::Keyed;
pub use caller::{Administrator, Caller, Grant, Writer};
pub(crate) use signing_key::KeyRing;
pub use signing_key::{Rotation, RotationError, SigningKey, rotate_signing_key};
pub(crate) use token::{Audience, Tokens, hash_secret, secret_matches};
pub use token::{Token, TokenRequest};
pub(crate) use token_watch::TokenWatch;
