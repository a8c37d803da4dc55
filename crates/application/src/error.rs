//! What can go wrong with a request.

use stockroom_domain::Refusal;

use crate::ports::StoreError;

/// Why no part of a history is given.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The caller sees no stock of the product, and has seen none.
    #[error("the product's stock is not managed")]
    UnknownStock,
    /// The history has no entry of the id that the part is to begin behind.
    #[error("the history has no such transaction")]
    UnknownStart,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a request wasn't carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rules don't allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many changes are waiting to be stored. Nothing was done.
    #[error("Too many changes are queued (limit {queue_max}). Try again shortly.")]
    Busy {
        /// How many may wait.
        queue_max: usize,
    },
    /// The key that a repeated request created has a secret that can't be worked out any more,
    /// because it followed from signing keys that have been replaced.
    #[error(
        "This key was created by the same request before, and its secret can no longer be given. Delete the key, \
         and create another with a new Idempotency-Key"
    )]
    SecretForgotten,
    /// The database failed. For a change: whether it was made is not known.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a caller isn't let in.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The token isn't one of ours, has run out, or was revoked.
    #[error("the access token is not valid")]
    InvalidToken,
    /// The organization has no such store, or the key is another store's.
    #[error("there is no such store")]
    StoreNotFound,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why no token is given.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No key has this client id, or the secret is not its secret.
    #[error("the client id or the client secret is wrong")]
    InvalidCredentials,
    /// The key gives no tokens without its secret.
    #[error("this key does not allow implicit tokens")]
    ImplicitNotAllowed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
