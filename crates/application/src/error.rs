//! The errors of requests.

use stockroom_domain::{Invalid, Refusal};
use stockroom_files::FileError;

use crate::ports::{FeedState, StoreError};
use crate::webhooks::SendError;

/// The reason for which a history can't be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The caller sees no stock of the product, and never saw any.
    #[error("the product's stock is not managed")]
    UnknownStock,
    /// The history has no entry with the id after which the page should begin.
    #[error("the history has no such transaction")]
    UnknownStart,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reason for which a list can't be searched or sorted.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// No index leads to the result, and there are too many items to look at all of them.
    #[error("more than {looked_at_max} {what} would have to be looked at")]
    TooMany {
        /// The items, in the plural.
        what: &'static str,
        /// The largest number of items that are looked at.
        looked_at_max: u32,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reason for which a request wasn't carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rules don't allow the request.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many changes are queued. Nothing was changed.
    #[error("Too many changes are queued (limit {queue_max}). Try again shortly.")]
    Busy {
        /// The largest number of changes that may wait.
        queue_max: usize,
    },
    /// The request is a repetition of one that created a key, and the secret of that key can no longer
    /// be computed, because it was derived from signing keys that have been replaced.
    #[error(
        "This key was created by the same request before, and its secret can no longer be given. Delete the key, \
         and create another with a new Idempotency-Key"
    )]
    SecretForgotten,
    /// The address of an integration may not be called.
    #[error("url: {0}")]
    UrlNotAllowed(SendError),
    /// The request is a repetition of one that gave an integration a secret, and that secret can no
    /// longer be computed, because it was derived from signing keys that have been replaced.
    #[error(
        "This secret was given by the same request before, and can no longer be shown. Rotate the secret with a new \
         Idempotency-Key"
    )]
    SigningSecretForgotten,
    /// The database failed. It is unknown whether a change was made.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reason for which stock can't be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The profile doesn't have the format.
    #[error(transparent)]
    File(#[from] FileError),
    /// The organization has too many exports under way.
    #[error("The organization has too many exports under way (limit {limit})")]
    TooMany {
        /// The largest number of exports.
        limit: usize,
    },
}

/// The reason for which a file isn't imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file can't be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The wishes don't go together.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The file is too large.
    #[error("The file has more than {limit} bytes when it is unpacked")]
    TooLarge {
        /// The largest size, in bytes.
        limit: u64,
    },
    /// The files of the organization that are kept are too large.
    #[error(
        "The organization's files take too much room (limit {limit} bytes). Files are kept for seven days"
    )]
    TooManyFiles {
        /// The largest sum of sizes, in bytes.
        limit: u64,
    },
    /// The organization sends too many files at once.
    #[error("The organization sends too many files at once (limit {limit})")]
    TooManyUploads {
        /// The largest number of files.
        limit: usize,
    },
    /// Too many jobs of the organization wait.
    #[error("Too many jobs of the organization wait (limit {limit})")]
    TooManyWaiting {
        /// The largest number of jobs.
        limit: u64,
    },
    /// The caller may not import.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The job isn't made.
    #[error(transparent)]
    Error(#[from] Error),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

/// The reason for which events aren't sent again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The feed has forgotten some of the events.
    #[error("The feed doesn't go back so far: its oldest event has the position {}", .0.oldest)]
    Forgotten(FeedState),
    /// No event has this position yet.
    #[error("The feed isn't there yet: its last event has the position {}", .0.head)]
    Ahead(FeedState),
    /// The request isn't carried out.
    #[error(transparent)]
    Error(#[from] Error),
}

impl From<StoreError> for ReplayError {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

/// The reason for which a page of events can't be read.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The place is of another feed.
    #[error(
        "The cursor belongs to another feed: the database was restored from a backup. Read all stock again, and go \
         on from meta.head"
    )]
    OtherFeed(FeedState),
    /// The place comes after the last event.
    #[error(
        "The cursor comes after the last event: the database was restored from a backup. Read all stock again, and \
         go on from meta.head"
    )]
    Ahead(FeedState),
    /// Events after the place are no longer kept.
    #[error(
        "Events after the cursor are no longer kept. Read all stock again, and go on from meta.head"
    )]
    Forgotten(FeedState),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reason for which events can't be followed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The organization has as many streams as it may have.
    #[error("The organization has too many streams of events and waiting requests (limit {limit})")]
    TooManyOfOrganization {
        /// The largest number of streams.
        limit: usize,
    },
    /// The server has as many streams as it may have.
    #[error("The server has too many streams of events and waiting requests (limit {limit})")]
    TooManyOfServer {
        /// The largest number of streams.
        limit: usize,
    },
    /// The token is not valid, or no longer.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The server is being stopped.
    #[error("The server is stopping")]
    Stopping,
    /// The feed can't be read from that place, or no longer.
    #[error(transparent)]
    Feed(#[from] FeedError),
}

/// The reason for which a caller isn't let in.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The token wasn't issued by these servers, has expired, or was revoked.
    #[error("the access token is not valid")]
    InvalidToken,
    /// The key may only read, and the request would change something.
    #[error("this key may only read")]
    ReadOnly,
    /// The organization has no store with this id, or the key belongs to another store.
    #[error("there is no such store")]
    StoreNotFound,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reason for which no token is issued.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No key has this client id, or the secret is not its secret.
    #[error("the client id or the client secret is wrong")]
    InvalidCredentials,
    /// The key issues no tokens without its secret.
    #[error("this key does not allow implicit tokens")]
    ImplicitNotAllowed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
