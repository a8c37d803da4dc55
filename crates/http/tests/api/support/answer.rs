//! Answers, and what snapshots hold of them.

use std::fmt::{Display, Write as _};

use axum::body::{Body, to_bytes};
use axum::http::Response;
use serde_json::Value;

/// The longest request body that a transcript repeats.
const SHOWN_BYTES_MAX: usize = 500;

/// An answer, whole.
pub(crate) struct Answer {
    request: String,
    sent: String,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(request: String, sent: String, response: Response<Body>) -> Self {
        let status = response.status().as_u16();
        let mut headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        headers.sort();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Self {
            request,
            sent,
            status,
            headers,
            body: body.to_vec(),
        }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.request, self.text()))
    }

    /// What stands under `data`.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        self.json()["data"].take()
    }

    /// The ids of a list, in its order.
    #[track_caller]
    pub(crate) fn ids(&self) -> Vec<String> {
        self.expect_status(200);
        let data = self.data();
        let ids = data.as_array().unwrap().iter();
        ids.map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The id of what was created.
    #[track_caller]
    pub(crate) fn created_id(&self) -> String {
        self.data()["id"].as_str().unwrap().to_owned()
    }

    /// The detail of the error.
    #[track_caller]
    pub(crate) fn detail(&self) -> String {
        let detail = &self.json()["errors"][0]["detail"];
        detail.as_str().unwrap_or_default().to_owned()
    }

    /// Shows only the beginning of the request line in transcripts.
    pub(crate) fn shorten_request(&mut self, bytes: usize) {
        self.request.truncate(bytes);
        self.request.push('…');
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(found, value)| (found == name).then_some(value.as_str()))
    }

    #[track_caller]
    pub(crate) fn expect_status(&self, status: u16) {
        let Self { request, sent, .. } = self;
        assert_eq!(self.status, status, "{request} {sent}: {}", self.text());
    }
}

/// Answers for a snapshot: request, status, headers, body.
#[derive(Default)]
pub(crate) struct Transcript {
    text: String,
    headers: Vec<(String, String)>,
}

impl Transcript {
    /// Adds an answer. Headers that are the same as in the answer before, apart from the length of
    /// the body, are not repeated.
    pub(crate) fn add(&mut self, what: impl Display, answer: &Answer) {
        let text = &mut self.text;
        writeln!(text, "### {what}\n{}", answer.request).unwrap();
        if answer.sent.len() > SHOWN_BYTES_MAX {
            writeln!(text, "({} bytes)", answer.sent.len()).unwrap();
        } else if !answer.sent.is_empty() {
            writeln!(text, "{}", answer.sent).unwrap();
        }
        writeln!(text, "\n{}", answer.status).unwrap();
        let is_length = |name: &str| name == "content-length";
        let (length, others): (Vec<_>, Vec<_>) = answer
            .headers
            .iter()
            .cloned()
            .partition(|(name, _)| is_length(name));
        for (name, value) in &length {
            writeln!(text, "{name}: {value}").unwrap();
        }
        if others == self.headers {
            text.push_str("(other headers as above)\n");
        } else {
            for (name, value) in &others {
                writeln!(text, "{name}: {value}").unwrap();
            }
        }
        self.headers = others;
        if !answer.body.is_empty() {
            let body = serde_json::to_string_pretty(&answer.json()).unwrap();
            writeln!(text, "\n{body}").unwrap();
        }
        text.push('\n');
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Answers for a snapshot in which many requests are answered the same: each answer once, and behind
/// it the requests that got it.
#[derive(Default)]
pub(crate) struct GroupedTranscript(Vec<(String, Vec<String>)>);

impl GroupedTranscript {
    /// Adds an answer. The bodies of requests are left out.
    pub(crate) fn add(&mut self, what: impl Display, answer: &Answer) {
        let mut text = format!("{}\n", answer.status);
        for (name, value) in &answer.headers {
            writeln!(text, "{name}: {value}").unwrap();
        }
        if !answer.body.is_empty() {
            let body = serde_json::to_string_pretty(&answer.json()).unwrap();
            writeln!(text, "\n{body}").unwrap();
        }
        let request = format!("{what}: {}", answer.request);
        match self.0.iter_mut().find(|(same, _)| *same == text) {
            Some((_, requests)) => requests.push(request),
            None => self.0.push((text, vec![request])),
        }
    }

    pub(crate) fn text(&self) -> String {
        let groups = self.0.iter();
        let groups =
            groups.map(|(answer, requests)| format!("{answer}\n{}\n", requests.join("\n")));
        groups.collect::<Vec<_>>().join("\n----\n\n")
    }
}
