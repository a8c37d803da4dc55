//! Reads the feed of events: while all goes on, and again in the end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize as _;

use super::get;
use crate::client::{Stage, Wire};
use crate::feed::{Event, Feed, FeedPage};

/// How long a reader who has seen all waits before it looks again.
const PAUSE: Duration = Duration::from_millis(50);

const FEED: &str = "/v2/inventories/events";

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
pub(super) async fn follow(
    stage: Arc<Stage>,
    start: String,
) -> anyhow::Result<(Vec<Event>, String)> {
    let servers = stage.board.servers();
    let mut wire = Wire::new(servers);
    let mut events = Vec::new();
    let mut next = start;
    for server in (0..servers).cycle() {
        let page = page(&mut wire, &stage, server, &next).await?;
        next = page.meta.next;
        events.extend(page.data);
        if stage.is_stopping() {
            break;
        }
        if page.links.next.is_none() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok((events, next))
}

/// Reads the rest for the one who followed, and all again from each server.
pub(super) async fn read(
    stage: &Stage,
    start: &str,
    (mut followed, next): (Vec<Event>, String),
) -> anyhow::Result<Feed> {
    let mut wire = Wire::new(stage.board.servers());
    followed.extend(rest(&mut wire, stage, 0, next).await?);
    let mut read = Vec::new();
    for server in 0..stage.board.servers() {
        read.push(rest(&mut wire, stage, server, start.to_owned()).await?);
    }
    Ok(Feed { followed, read })
}

async fn rest(
    wire: &mut Wire,
    stage: &Stage,
    server: usize,
    start: String,
) -> anyhow::Result<Vec<Event>> {
    let mut events = Vec::new();
    let mut next = start;
    loop {
        let page = page(wire, stage, server, &next).await?;
        next = page.meta.next;
        events.extend(page.data);
        if page.links.next.is_none() {
            return Ok(events);
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
