//! What servers say in the feed of events.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: Uuid,
    pub(crate) attributes: Attributes,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Attributes {
    pub(crate) position: u64,
    pub(crate) event: String,
    pub(crate) subject: Subject,
    pub(crate) sequence: u64,
    pub(crate) data: Value,
}

/// What it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Subject {
    pub(crate) id: Uuid,
    pub(crate) stock_id: Option<Uuid>,
}

/// A page of the feed.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FeedPage {
    pub(crate) data: Vec<Event>,
    pub(crate) meta: FeedMeta,
    pub(crate) links: FeedLinks,
}

/// Where the page is.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FeedMeta {
    pub(crate) next: String,
}

/// Where the next page is.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FeedLinks {
    pub(crate) next: Option<String>,
}

/// What was read of the feed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feed {
    /// By a reader who followed page by page while all went on, asking one server after another.
    pub(crate) followed: Vec<Event>,
    /// By all others.
    pub(crate) others: Vec<(Reader, Vec<Event>)>,
}

/// A reader of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// It followed by streams, which it left and opened again.
    Streams,
    /// It came when all was over.
    AtTheEnd { server: usize },
}

impl fmt::Display for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Streams => formatter.write_str("the reader of streams"),
            Self::AtTheEnd { server } => write!(formatter, "the last reader of server {server}"),
        }
    }
}
