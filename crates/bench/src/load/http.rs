//! Requests over HTTP/1.1, made beforehand but for the ids in them.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use uuid::fmt::Hyphenated;
use uuid::{Builder, Uuid};

use super::Client;
use crate::products::Chooser;

/// Stands for a product's id in a path or a body. Each gets another product.
const PRODUCT: &str = "{product}";

/// Stands for an id that has never been used.
const FRESH: &str = "{fresh}";

const BUFFER_BYTES: usize = 64 * 1024;
const HEADERS_MAX: usize = 32;
const SHOWN_BYTES_MAX: usize = 300;

/// Requests of one kind to one server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HttpLoad {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) request: Request,
}

/// A request, and the status that it is expected to be answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
    pub(crate) status: u16,
}

/// The bytes of a request, and where in them the ids stand.
#[derive(Debug, PartialEq, Eq)]
struct Template {
    bytes: Vec<u8>,
    ids: Vec<usize>,
    fresh: Vec<usize>,
}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: TcpStream,
    template: Template,
    status: u16,
    chooser: Rc<RefCell<Chooser>>,
    answer: Vec<u8>,
}

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// How long it is with the body.
    bytes: usize,
}

impl HttpLoad {
    fn template(&self) -> Template {
        let (address, token) = (self.address, &self.token);
        let Request {
            method, path, body, ..
        } = &self.request;
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n"
        );
        let body = body.as_deref().unwrap_or_default();
        if !body.is_empty() {
            let bytes = with_ids(body).len().to_string();
            text += "Content-Type: application/json\r\nContent-Length: ";
            text += &bytes;
            text += "\r\n";
        }
        text += "\r\n";
        text += body;
        Template::new(&text)
    }
}

/// A text with nil UUIDs in the place of products and fresh ids.
fn with_ids(text: &str) -> String {
    let nil = Uuid::nil().to_string();
    text.replace(PRODUCT, &nil).replace(FRESH, &nil)
}

impl Template {
    fn new(text: &str) -> Self {
        // Where the ids stand once everything in front of them has its length.
        let places = |what| {
            let found = text.match_indices(what);
            let before = found.map(|(at, _)| text.get(..at).unwrap_or_default());
            before.map(|before| with_ids(before).len()).collect()
        };
        Self {
            bytes: with_ids(text).into_bytes(),
            ids: places(PRODUCT),
            fresh: places(FRESH),
        }
    }

    /// Puts in the next ids. False if there are none.
    fn fill(&mut self, chooser: &mut Chooser) -> bool {
        for at in &self.ids {
            let Some(product) = chooser.next() else {
                return false;
            };
            let place = self.bytes.get_mut(*at..at + Hyphenated::LENGTH);
            if let Some(place) = place {
                product.hyphenated().encode_lower(place);
            }
        }
        for at in &self.fresh {
            if let Some(place) = self.bytes.get_mut(*at..at + Hyphenated::LENGTH) {
                let id = Builder::from_random_bytes(rand::random()).into_uuid();
                id.hyphenated().encode_lower(place);
            }
        }
        true
    }
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// If there is no server.
    pub(crate) async fn open(
        load: &HttpLoad,
        chooser: &Rc<RefCell<Chooser>>,
    ) -> anyhow::Result<Self> {
        ensure!(
            load.address.ip().is_loopback(),
            "{} is not on this machine",
            load.address
        );
        let stream = TcpStream::connect(load.address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            template: load.template(),
            status: load.request.status,
            chooser: Rc::clone(chooser),
            answer: Vec::with_capacity(BUFFER_BYTES),
        })
    }
}

impl Client for Connection {
    async fn send(&mut self) -> anyhow::Result<bool> {
        if !self.template.fill(&mut self.chooser.borrow_mut()) {
            return Ok(false);
        }
        self.stream.write_all(&self.template.bytes).await?;
        self.answer.clear();
        let mut head = None;
        loop {
            let read = self.stream.read_buf(&mut self.answer).await?;
            ensure!(read > 0, "the connection was closed");
            if head.is_none() {
                head = parse_head(&self.answer)?;
            }
            if let Some(head) = &head
                && self.answer.len() >= head.bytes
            {
                if head.status != self.status || self.answer.len() > head.bytes {
                    bail!("unexpected answer: {}", shown(&self.answer));
                }
                return Ok(true);
            }
        }
    }
}

/// The head of an answer, if all of it is there.
fn parse_head(answer: &[u8]) -> anyhow::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(answer)? else {
        return Ok(None);
    };
    let mut headers = response.headers.iter();
    let length = headers
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| {
            std::str::from_utf8(header.value)
                .ok()?
                .parse::<usize>()
                .ok()
        });
    let length = length.with_context(|| format!("no content length: {}", shown(answer)))?;
    Ok(Some(Head {
        status: response.code.context("no status")?,
        bytes: head.saturating_add(length),
    }))
}

/// An answer in an error: its status and the beginning of its body, on one line.
fn shown(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.lines().next().unwrap_or_default();
    let body: String = body.chars().take(SHOWN_BYTES_MAX).collect();
    format!("{status} {body}")
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::products::{Choice, products};

    fn load(address: SocketAddr) -> HttpLoad {
        HttpLoad {
            address,
            token: "T".to_owned(),
            request: Request {
                method: "POST".to_owned(),
                path: "/{product}".to_owned(),
                body: Some(r#"["{product}"]"#.to_owned()),
                status: 201,
            },
        }
    }

    #[test]
    fn requests_get_their_ids() {
        let mut template = load("127.0.0.1:80".parse().unwrap()).template();
        assert!(template.fill(&mut Chooser::new(3, 2, Choice::Each)));
        let [first, second] = products(3, 2)[..] else {
            panic!("there are two");
        };
        assert_eq!(
            String::from_utf8(template.bytes).unwrap(),
            format!(
                "POST /{first} HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAuthorization: Bearer T\r\n\
                 Content-Type: application/json\r\nContent-Length: 40\r\n\r\n[\"{second}\"]"
            )
        );
    }

    #[test]
    fn heads_are_parsed_when_they_are_complete() {
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\n{}";
        assert_eq!(parse_head(&answer[..30]).unwrap(), None);
        let head = Head {
            status: 404,
            bytes: answer.len() + 10,
        };
        assert_eq!(parse_head(answer).unwrap(), Some(head));
        assert!(parse_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(parse_head(b"\xffgarbage\r\n\r\n").is_err());
    }

    async fn answered(answer: &'static [&'static [u8]]) -> anyhow::Result<bool> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let load = load(listener.local_addr()?);
        let chooser = Rc::new(RefCell::new(Chooser::new(3, 2, Choice::Uniform)));
        let mut connection = Connection::open(&load, &chooser).await?;
        let (mut stream, _) = listener.accept().await?;
        let serving = tokio::spawn(async move {
            let mut request = vec![0; 64 * 1024];
            let _request = stream.read(&mut request).await;
            for part in answer {
                let _sent = stream.write_all(part).await;
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        });
        let sent = connection.send().await;
        serving.await?;
        sent
    }

    #[tokio::test]
    async fn an_answer_may_come_in_parts() {
        let answer: &[&[u8]] = &[
            b"HTTP/1.1 201 Cre",
            b"ated\r\ncontent-length: 2\r\n\r\n{",
            b"}",
        ];
        assert!(answered(answer).await.unwrap());
    }

    #[tokio::test]
    async fn what_is_not_expected_is_a_failure() {
        let refused = answered(&[b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno"]).await;
        let refused = refused.unwrap_err().to_string();
        assert_eq!(refused, "unexpected answer: HTTP/1.1 503 Busy no");
        let closed = answered(&[b"HTTP/1.1 201"]).await.unwrap_err();
        assert_eq!(closed.to_string(), "the connection was closed");
    }
}
