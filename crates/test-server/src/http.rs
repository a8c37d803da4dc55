//! HTTP/1.1 by hand, for clients that send what no library would, or go away in the middle of it.

use std::io;
use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const BUFFER_BYTES: usize = 64 * 1024;
const HEADERS_MAX: usize = 32;
const SHOWN_CHARS_MAX: usize = 500;

/// A connection to a server, with at most one request under way.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    is_usable: bool,
}

/// The answer to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The names of the headers, in small letters, and their values.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The head of an answer, and where in the bytes its body is.
struct Head {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body_from: usize,
    /// `None` if the body comes in chunks.
    body_to: Option<usize>,
}

impl Head {
    /// The body and its end, if all of it is there.
    fn body(&self, received: &[u8]) -> anyhow::Result<Option<(Vec<u8>, usize)>> {
        let Some(to) = self.body_to else {
            return chunks(received, self.body_from);
        };
        let body = received.get(self.body_from..to);
        Ok(body.map(|body| (body.to_vec(), to)))
    }
}

impl Answer {
    /// The value of the first header of this name, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens there.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        // Where nobody listens any more, a connection may reach its own other end.
        if stream.local_addr()? == address {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(BUFFER_BYTES),
            is_usable: true,
        })
    }

    /// Whether another request may be sent over it: everything was sent, and answered.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.is_usable
    }

    /// Sends bytes: a request, or a part of one.
    ///
    /// # Errors
    /// If the connection is closed.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.is_usable = false;
        self.stream.write_all(bytes).await
    }

    /// The answer to what was sent, which has no body if it was `HEAD`; none if the connection ends
    /// before all of it is there.
    ///
    /// # Errors
    /// If what comes back is no HTTP, or has no length.
    pub async fn answer(&mut self, to_head: bool) -> anyhow::Result<Option<Answer>> {
        self.received.clear();
        let mut head = None;
        loop {
            if head.is_none() {
                head = parse_head(&self.received, to_head)?;
            }
            if let Some(known) = &head
                && let Some((body, end)) = known.body(&self.received)?
            {
                let closes = header(&known.headers, "connection")
                    .is_some_and(|it| it.eq_ignore_ascii_case("close"));
                self.is_usable = !closes && self.received.len() == end;
                return Ok(head.map(
                    |Head {
                         status, headers, ..
                     }| Answer {
                        status,
                        headers,
                        body,
                    },
                ));
            }
            match self.stream.read_buf(&mut self.received).await {
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) => {}
            }
        }
    }
}

/// The beginning of some bytes, as text for people.
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().take(SHOWN_CHARS_MAX).collect()
}

fn header<'a>(headers: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a str> {
    let (_, value) = headers.iter().find(|(it, _)| it == name)?;
    std::str::from_utf8(value).ok()
}

/// The head of an answer, if all of it is there.
fn parse_head(received: &[u8], to_head: bool) -> anyhow::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(received);
    let parsed = parsed.with_context(|| format!("no HTTP: {}", shown(received)))?;
    let httparse::Status::Complete(body_from) = parsed else {
        return Ok(None);
    };
    let status = response.code.context("an answer without a status")?;
    let headers = response.headers.iter();
    let headers: Vec<_> = headers
        .map(|header| (header.name.to_ascii_lowercase(), header.value.to_vec()))
        .collect();
    let length = match header(&headers, "content-length") {
        _ if to_head => Some(0),
        Some(length) => Some(length.parse()?),
        None if status == 204 => Some(0),
        None if header(&headers, "transfer-encoding") == Some("chunked") => None,
        None => anyhow::bail!("an answer without a length: {}", shown(received)),
    };
    Ok(Some(Head {
        status,
        headers,
        body_from,
        body_to: length.map(|length: usize| body_from.saturating_add(length)),
    }))
}

/// A body in chunks and its end, if all of it is there.
fn chunks(received: &[u8], from: usize) -> anyhow::Result<Option<(Vec<u8>, usize)>> {
    let mut body = Vec::new();
    let mut at = from;
    loop {
        let rest = received.get(at..).unwrap_or_default();
        let size = httparse::parse_chunk_size(rest);
        let size = size.map_err(|_| anyhow::anyhow!("no chunk: {}", shown(rest)))?;
        let httparse::Status::Complete((head, size)) = size else {
            return Ok(None);
        };
        let data = at + head;
        let end = data.saturating_add(usize::try_from(size)?);
        // A line end follows each chunk, and the last one, which is empty.
        let (Some(data), Some(b"\r\n")) = (received.get(data..end), received.get(end..end + 2))
        else {
            return Ok(None);
        };
        body.extend_from_slice(data);
        at = end + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What a client makes of these bytes, and whether it may send more.
    async fn answered(
        parts: &'static [&'static [u8]],
        to_head: bool,
    ) -> (anyhow::Result<Option<Answer>>, bool) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut connection = Connection::open(address).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        let serving = tokio::spawn(async move {
            let mut request = [0; 4];
            stream.read_exact(&mut request).await.unwrap();
            for part in parts {
                stream.write_all(part).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        connection.send(b"1234").await.unwrap();
        let answer = connection.answer(to_head).await;
        serving.await.unwrap();
        (answer, connection.is_usable())
    }

    #[tokio::test]
    async fn an_answer_may_come_in_parts() {
        let parts: &[&[u8]] = &[
            b"HTTP/1.1 201 Cre",
            b"ated\r\nX-Name: value\r\ncontent-length: 2\r\n\r\n{",
            b"}",
        ];
        let (answer, is_usable) = answered(parts, false).await;
        let answer = answer.unwrap().unwrap();
        assert_eq!((answer.status, &*answer.body), (201, b"{}".as_slice()));
        assert_eq!(answer.header("x-name"), Some("value"));
        assert!(is_usable);
    }

    #[tokio::test]
    async fn an_answer_may_come_in_chunks() {
        let parts: &[&[u8]] = &[
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            b"c\r\n1\r",
            b"\nd\r\n0\r\n",
            b"\r\n",
        ];
        let (answer, is_usable) = answered(parts, false).await;
        assert_eq!(answer.unwrap().unwrap().body, b"abcd");
        assert!(is_usable);
    }

    #[tokio::test]
    async fn an_answer_to_head_has_no_body() {
        let (answer, is_usable) =
            answered(&[b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"], true).await;
        assert_eq!(answer.unwrap().unwrap().body, b"");
        assert!(is_usable);
    }

    #[tokio::test]
    async fn what_ends_early_is_no_answer() {
        let (answer, is_usable) = answered(&[b"HTTP/1.1 201"], false).await;
        assert_eq!(answer.unwrap(), None);
        assert!(!is_usable);
        let closing: &[&[u8]] =
            &[b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"];
        let (answer, is_usable) = answered(closing, false).await;
        assert_eq!(answer.unwrap().map(|it| it.status), Some(400));
        assert!(!is_usable);
    }

    #[tokio::test]
    async fn what_is_no_http_is_an_error() {
        const NO_HTTP: &[&[u8]] = &[b"\xffgarbage\r\n\r\n"];
        const NO_LENGTH: &[&[u8]] = &[b"HTTP/1.1 200 OK\r\n\r\n"];
        for parts in [NO_HTTP, NO_LENGTH] {
            assert!(answered(parts, false).await.0.is_err());
        }
    }
}
