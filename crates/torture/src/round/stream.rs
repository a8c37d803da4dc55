//! Follows the feed of events by streams, which the client leaves at random and opens again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use eventsource_stream::{EventStreamError, Eventsource as _};
use futures::StreamExt as _;
use rand::RngExt as _;
use rand::rngs::StdRng;
use reqwest::StatusCode;
use tokio::time::{sleep, timeout};

use super::feed::{FEED, Followed};
use crate::client::Stage;

/// The longest time that a client stays with a stream, in milliseconds.
const STAY_MILLISECONDS: u64 = 400;

/// The time after which a client tries again where no server answers.
const PAUSE: Duration = Duration::from_millis(10);

/// Follows the feed from a cursor on until the round stops, each time from a server at random.
pub(super) async fn follow(
    stage: Arc<Stage>,
    start: String,
    mut random: StdRng,
) -> anyhow::Result<Followed> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let mut followed = Followed::from(start);
    while !stage.is_stopping() {
        let server = random.random_range(0..stage.board.servers());
        let stay = Duration::from_millis(random.random_range(0..STAY_MILLISECONDS));
        let reading = read(&http, &stage, server, &mut followed);
        // Servers are killed, too: a stream may end before the client leaves.
        match timeout(stay, reading).await {
            Ok(ended) => ended?,
            Err(_left) => continue,
        }
        sleep(PAUSE).await;
    }
    Ok(followed)
}

/// Reads a stream until it ends, from the event after the last one.
async fn read(
    http: &reqwest::Client,
    stage: &Stage,
    server: usize,
    followed: &mut Followed,
) -> anyhow::Result<()> {
    let Some(address) = stage.board.address(server) else {
        return Ok(());
    };
    let request = http.get(format!("http://{address}{FEED}"));
    let request = request.bearer_auth(stage.token());
    let request = request.header("accept", "text/event-stream");
    let request = request.header("last-event-id", &followed.next);
    let Ok(answer) = request.send().await else {
        return Ok(());
    };
    let status = answer.status();
    ensure!(
        status == StatusCode::OK || status.is_server_error(),
        "a stream of events: {status}"
    );
    if status.is_server_error() {
        return Ok(());
    }
    let mut events = answer.bytes_stream().eventsource();
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => event,
            Err(EventStreamError::Transport(_)) => return Ok(()),
            Err(error) => bail!("a stream of events is not as the standard says: {error}"),
        };
        let said = serde_json::from_str(&event.data);
        let said = said.with_context(|| format!("no event: {}", event.data))?;
        followed.events.push(said);
        followed.next = event.id;
    }
    Ok(())
}
