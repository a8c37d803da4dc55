//! Reads the feed of events: while all goes on, and again in the end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize as _;

use super::get;
use crate::client::{Stage, Wire};
use crate::feed::{Event, Feed, FeedPage, Reader};

/// How long a reader who has seen all waits before it looks again.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) const FEED: &str = "/v2/inventories/events";

/// How far a reader has come.
pub(super) struct Followed {
    pub(super) events: Vec<Event>,
    /// The cursor of the next event.
    pub(super) next: String,
}

impl From<String> for Followed {
    fn from(next: String) -> Self {
        let events = Vec::new();
        Self { events, next }
    }
}

/// The cursor of the feed's head.
pub(super) async fn head(stage: &Stage) -> anyhow::Result<String> {
    let mut wire = Wire::new(stage.board.servers());
    let mut next = "0".to_owned();
    loop {
        let page = page(&mut wire, stage, 0, &next).await?;
        next = page.meta.next;
        if page.links.next.is_none() {
            return Ok(next);
        }
    }
}

/// Follows the feed from a cursor on until the round stops, from one server after another.
pub(super) async fn follow(stage: Arc<Stage>, start: String) -> anyhow::Result<Followed> {
    let servers = stage.board.servers();
    let mut wire = Wire::new(servers);
    let mut followed = Followed::from(start);
    for server in (0..servers).cycle() {
        let page = page(&mut wire, &stage, server, &followed.next).await?;
        followed.next = page.meta.next;
        followed.events.extend(page.data);
        if stage.is_stopping() {
            break;
        }
        if page.links.next.is_none() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(followed)
}

/// Reads the rest for those who followed, and all again from each server.
pub(super) async fn read(
    stage: &Stage,
    start: &str,
    by_pages: Followed,
    by_streams: Followed,
) -> anyhow::Result<Feed> {
    let mut wire = Wire::new(stage.board.servers());
    let followed = all(&mut wire, stage, 0, by_pages).await?;
    let streamed = all(&mut wire, stage, 0, by_streams).await?;
    let mut others = vec![(Reader::Streams, streamed)];
    for server in 0..stage.board.servers() {
        let read = all(&mut wire, stage, server, start.to_owned().into()).await?;
        others.push((Reader::AtTheEnd { server }, read));
    }
    Ok(Feed { followed, others })
}

async fn all(
    wire: &mut Wire,
    stage: &Stage,
    server: usize,
    mut followed: Followed,
) -> anyhow::Result<Vec<Event>> {
    loop {
        let page = page(wire, stage, server, &followed.next).await?;
        followed.next = page.meta.next;
        followed.events.extend(page.data);
        if page.links.next.is_none() {
            return Ok(followed.events);
        }
    }
}

async fn page(
    wire: &mut Wire,
    stage: &Stage,
    server: usize,
    after: &str,
) -> anyhow::Result<FeedPage> {
    let path = format!("{FEED}?page%5Blimit%5D=1000&page%5Bafter%5D={after}");
    let page = get(wire, stage, server, path).await?;
    let page = page.context("there is no feed")?;
    FeedPage::deserialize(&page).context("a page of the feed is not as documented")
}
