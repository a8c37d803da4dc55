//! What servers say in the feed of events.

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
    /// By a reader who followed while all went on, asking one server after another.
    pub(crate) followed: Vec<Event>,
    /// By readers who came at the end, one for each server.
    pub(crate) read: Vec<Vec<Event>>,
}
