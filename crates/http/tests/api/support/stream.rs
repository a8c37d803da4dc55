//! Streams of events, read as a browser reads them.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Response, header};
use futures::StreamExt as _;
use serde_json::Value;
use tokio::time::timeout;

/// The time after which a test fails that waits for a block: longer than any machine takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A block of a stream: an event, or lines that are none.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Block {
    pub(crate) id: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) data: Option<Value>,
    pub(crate) retry: Option<String>,
    pub(crate) comment: Option<String>,
}

impl Block {
    fn parse(text: &str) -> Self {
        let mut block = Self::default();
        for line in text.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            let value = value.to_owned();
            let field = match name {
                "id" => &mut block.id,
                "event" => &mut block.event,
                "retry" => &mut block.retry,
                "" => &mut block.comment,
                "data" => {
                    let data = serde_json::from_str(&value).unwrap();
                    assert_eq!(block.data.replace(data), None, "{text}");
                    continue;
                }
                name => panic!("{name} in {text}"),
            };
            assert_eq!(field.replace(value), None, "{text}");
        }
        block
    }
}

/// An open stream.
pub(crate) struct EventReader {
    body: BodyDataStream,
    text: String,
}

impl EventReader {
    pub(crate) fn new(response: Response<Body>) -> Self {
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        Self {
            body: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// Waits for the next block; `None` at the end of the stream.
    pub(crate) async fn block(&mut self) -> Option<Block> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                return Some(Block::parse(block.trim_end_matches('\n')));
            }
            let part = timeout(PATIENCE, self.body.next()).await.unwrap();
            let Some(part) = part else {
                assert_eq!(self.text, "", "the stream ends within a block");
                return None;
            };
            self.text
                .push_str(std::str::from_utf8(&part.unwrap()).unwrap());
        }
    }

    /// Waits for the next event, past all other blocks.
    pub(crate) async fn event(&mut self) -> Option<Block> {
        loop {
            let block = self.block().await?;
            if block.data.is_some() {
                return Some(block);
            }
        }
    }

    /// Waits for this number of events, and returns their data.
    pub(crate) async fn events(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.event().await.unwrap().data.unwrap());
        }
        events
    }

    /// Waits for the end of the stream, before which there must be no event.
    pub(crate) async fn end(&mut self) {
        let event = self.event().await;
        assert_eq!(event, None);
    }
}
