//! HTTP/1.1 over a connection that may be closed in the middle of a request.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use stockroom_test_server::http;
use tokio::time::timeout;

use crate::ask::{Cut, Message};
use crate::record::{Answer, Unclear};

/// How long a client waits for an answer: longer than a server does for its database.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// A connection to a server, with at most one request under way.
pub(crate) struct Connection {
    wire: http::Connection,
    pub(crate) address: SocketAddr,
}

/// What is sent for a message.
pub(crate) fn bytes(message: &Message, token: &str, key: Option<&str>) -> Vec<u8> {
    let Message { method, path, body } = message;
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nHost: stockroom\r\nEP-Inventories-Multi-Location: true\r\n"
    );
    if !token.is_empty() {
        text += "Authorization: Bearer ";
        text += token;
        text += "\r\n";
    }
    if let Some(key) = key {
        text += "Idempotency-Key: ";
        text += key;
        text += "\r\n";
    }
    if let Some(body) = body {
        let body = body.to_string();
        let length = body.len().to_string();
        text += "Content-Type: application/json\r\nContent-Length: ";
        text += &length;
        text += "\r\n\r\n";
        text += &body;
    } else {
        text += "\r\n";
    }
    text.into_bytes()
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let wire = http::Connection::open(address).await?;
        Ok(Self { wire, address })
    }

    /// Whether another request may be sent over it.
    pub(crate) const fn is_usable(&self) -> bool {
        self.wire.is_usable()
    }

    /// Sends a request, and gives what came of it.
    ///
    /// # Errors
    /// If what comes back is no HTTP, or no JSON.
    pub(crate) async fn exchange(
        &mut self,
        request: &[u8],
        cut: Option<Cut>,
    ) -> anyhow::Result<Result<Answer, Unclear>> {
        if let Some(Cut::Sending(thousandths)) = cut {
            let length = request.len() * thousandths / 1000;
            let part = request.get(..length).unwrap_or_default();
            let _it_may_be_lost_before = self.wire.send(part).await;
            return Ok(Err(Unclear::Incomplete));
        }
        if self.wire.send(request).await.is_err() {
            return Ok(Err(Unclear::Lost));
        }
        let (patience, unclear) = match cut {
            Some(Cut::Waiting(patience)) => (patience, Unclear::Cut),
            _ => (ANSWER_TIMEOUT, Unclear::Late),
        };
        let Ok(answer) = timeout(patience, self.wire.answer(false)).await else {
            return Ok(Err(unclear));
        };
        answer?.map_or(Ok(Err(Unclear::Lost)), |answer| understood(&answer))
    }
}

fn understood(answer: &http::Answer) -> anyhow::Result<Result<Answer, Unclear>> {
    if answer.status >= 500 {
        return Ok(Err(Unclear::Failed(answer.status)));
    }
    let body = match &answer.body[..] {
        [] => Value::Null,
        body => serde_json::from_slice(body).with_context(|| http::shown(body))?,
    };
    Ok(Ok(Answer {
        status: answer.status,
        replayed: answer.header("idempotent-replayed") == Some("true"),
        body,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    const HEADERS_MAX: usize = 32;

    #[test]
    fn requests_are_http() {
        let message = Message {
            method: "POST",
            path: "/v2".to_owned(),
            body: Some(json!({ "data": 5 })),
        };
        let request = bytes(&message, "T", Some("K"));
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut parsed = httparse::Request::new(&mut headers);
        let head = parsed.parse(&request).unwrap().unwrap();
        assert_eq!(&request[head..], br#"{"data":5}"#);
        let values: Vec<&[u8]> = parsed.headers.iter().map(|header| header.value).collect();
        assert!(values.contains(&b"Bearer T".as_slice()) && values.contains(&b"K".as_slice()));
        assert!(values.contains(&b"10".as_slice()));
    }

    fn answer(status: u16, body: &[u8]) -> anyhow::Result<Result<Answer, Unclear>> {
        understood(&http::Answer {
            status,
            headers: vec![("idempotent-replayed".to_owned(), b"true".to_vec())],
            body: body.to_vec(),
        })
    }

    #[test]
    fn a_failure_is_unclear_and_all_else_is_json() {
        let created = Answer {
            status: 201,
            replayed: true,
            body: json!({}),
        };
        assert_eq!(answer(201, b"{}").unwrap(), Ok(created));
        assert_eq!(answer(503, b"Busy").unwrap(), Err(Unclear::Failed(503)));
        assert!(answer(200, b"\xffgarbage").is_err());
    }

    #[tokio::test]
    async fn what_is_cut_is_unclear() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for (cut, unclear) in [
            (Some(Cut::Sending(500)), Unclear::Incomplete),
            (Some(Cut::Waiting(Duration::ZERO)), Unclear::Cut),
            (None, Unclear::Lost),
        ] {
            let mut connection = Connection::open(address).await.unwrap();
            let (stream, _) = listener.accept().await.unwrap();
            if cut.is_none() {
                drop(stream);
            }
            let outcome = connection.exchange(b"1234", cut).await;
            assert_eq!(outcome.unwrap(), Err(unclear));
            assert!(!connection.is_usable());
        }
    }
}
