//! A request: as parts that can be damaged, as bytes, and as a line for a shell.

use std::fmt::Write as _;

use serde_json::Value;
use uuid::Uuid;

use crate::json;

/// How much of a body or a URL is shown on a command line.
const SHOWN_BYTES_MAX: usize = 4 * 1024;

/// A request that can be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    /// The id of the operation that it was made for.
    pub(crate) operation: String,
    pub(crate) method: String,
    /// The path's parts between slashes, with escapes.
    pub(crate) path: Vec<String>,
    /// Which of the parts are ids.
    pub(crate) ids: Vec<usize>,
    /// Names and values of the query, with escapes.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Body,
    pub(crate) sending: Sending,
}

/// A body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Nothing,
    Json(Value),
    /// Names and values of a form, with escapes.
    Form(Vec<(String, String)>),
    Bytes(Vec<u8>),
}

/// How the bytes go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    Whole,
    /// The body in chunks, and no length.
    Chunked,
    /// Only so many thousandths, and then the client goes away.
    Cut(usize),
}

impl Body {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Json(value) => json::text(value).into_bytes(),
            Self::Form(fields) => pairs(fields).into_bytes(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

impl Request {
    /// The path and the query.
    pub(crate) fn target(&self) -> String {
        let mut target = format!("/{}", self.path.join("/"));
        if !self.query.is_empty() {
            target.push('?');
            target += &pairs(&self.query);
        }
        target
    }

    /// Whether its answer has no body.
    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// What is sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let head = format!(
            "{} {} HTTP/1.1\r\nHost: stockroom\r\n",
            self.method,
            self.target()
        );
        let mut bytes = head.into_bytes();
        for (name, value) in &self.headers {
            bytes.extend(name.as_bytes());
            bytes.extend(b": ");
            bytes.extend(value);
            bytes.extend(b"\r\n");
        }
        let body = self.body.bytes();
        if self.sending == Sending::Chunked {
            bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in body.chunks(1024) {
                bytes.extend(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
            return bytes;
        }
        if self.body != Body::Nothing {
            bytes.extend(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(body);
        bytes
    }

    /// A line that sends it again, with these tokens in the variables that they are named after.
    pub(crate) fn curl(&self, address: &str, tokens: &[(&str, &str)]) -> String {
        let mut line = format!("curl --globoff --path-as-is -i -X {}", self.method);
        for (name, value) in &self.headers {
            let mut header = quoted(format!("{name}: ").as_bytes().iter().chain(value));
            for (variable, token) in tokens {
                header = header.replace(token, &format!("'\"${variable}\"'"));
            }
            let _ = write!(line, " -H {header}");
        }
        if self.sending == Sending::Chunked {
            line += " -H 'Transfer-Encoding: chunked'";
        }
        if self.body != Body::Nothing {
            let body = self.body.bytes();
            let _ = write!(
                line,
                " --data-binary {}",
                quoted(body.iter().take(SHOWN_BYTES_MAX))
            );
            if body.len() > SHOWN_BYTES_MAX {
                let _ = write!(line, "'… ({} bytes)'", body.len());
            }
        }
        let mut url = format!("http://{address}{}", self.target());
        if url.len() > SHOWN_BYTES_MAX {
            url.truncate(SHOWN_BYTES_MAX);
            url += "…";
        }
        let _ = write!(line, " {}", quoted(url.as_bytes().iter()));
        if let Sending::Cut(thousandths) = self.sending {
            let _ = write!(line, " # cut after {thousandths} thousandths of its bytes");
        }
        line
    }
}

/// Whether a part of a path stands for an id.
pub(crate) fn is_id(part: &str) -> bool {
    Uuid::try_parse(part).is_ok()
}

/// Escapes a text for a path or a query.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~[]".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

fn pairs(pairs: &[(String, String)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

/// Bytes as a word of a shell.
fn quoted<'a>(bytes: impl Iterator<Item = &'a u8> + Clone) -> String {
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) && *byte != b'\'';
    if bytes.clone().all(is_plain) {
        let text: String = bytes.map(|byte| char::from(*byte)).collect();
        return format!("'{text}'");
    }
    let mut text = "$'".to_owned();
    for byte in bytes {
        if is_plain(byte) && *byte != b'\\' {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text + "'"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request() -> Request {
        Request {
            operation: "PutThing".to_owned(),
            method: "PUT".to_owned(),
            path: vec!["v2".to_owned(), "things".to_owned()],
            ids: Vec::new(),
            query: vec![("at".to_owned(), escaped("a b"))],
            headers: vec![("Authorization".to_owned(), b"Bearer T0K".to_vec())],
            body: Body::Json(json!({ "a": "it's" })),
            sending: Sending::Whole,
        }
    }

    #[test]
    fn a_request_is_http() {
        let expected = "PUT /v2/things?at=a%20b HTTP/1.1\r\nHost: stockroom\r\n\
                        Authorization: Bearer T0K\r\nContent-Length: 12\r\n\r\n{\"a\":\"it's\"}";
        assert_eq!(String::from_utf8(request().bytes()).unwrap(), expected);
        let chunked = Request {
            sending: Sending::Chunked,
            ..request()
        };
        let chunked = String::from_utf8(chunked.bytes()).unwrap();
        assert!(
            chunked.ends_with("chunked\r\n\r\nc\r\n{\"a\":\"it's\"}\r\n0\r\n\r\n"),
            "{chunked}"
        );
    }

    #[test]
    fn a_request_is_a_line_for_a_shell_without_tokens() {
        assert_eq!(
            request().curl("localhost:1", &[("STORE_TOKEN", "T0K")]),
            "curl --globoff --path-as-is -i -X PUT -H 'Authorization: Bearer '\"$STORE_TOKEN\"'' \
             --data-binary $'{\"a\":\"it\\x27s\"}' 'http://localhost:1/v2/things?at=a%20b'"
        );
    }
}
