//! What every answer has to be, whatever was asked.

use serde_json::Value;
use stockroom_test_server::http::Answer;

use crate::request::Request;

/// The largest body that every operation reads. Whoever sends more may find the connection closed
/// before the answer can be read.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Words that only the program's inside has. Requests have none of them.
const INSIDE: [&str; 9] = [
    "sqlx",
    "SQLITE_",
    "sqlstate",
    "RowNotFound",
    "panicked",
    "crates/",
    ".rs:",
    "stack backtrace",
    "PoisonError",
];

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Answer(Answer),
    /// The client went away on purpose.
    Cut,
    /// The connection was closed without an answer.
    Closed,
    /// There was no answer in all the time that there is for one.
    Late,
    /// What came isn't HTTP.
    Garbage(String),
}

impl Outcome {
    /// The status, if there is an answer.
    pub(crate) const fn status(&self) -> Option<u16> {
        match self {
            Self::Answer(answer) => Some(answer.status),
            _ => None,
        }
    }

    /// The body of an answer, if it is JSON.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Answer(answer) => serde_json::from_slice(&answer.body).unwrap_or_default(),
            _ => Value::Null,
        }
    }
}

/// Everything that is wrong with an outcome. `secrets` are what another tenant has called its things,
/// and what nobody else may be told.
pub(crate) fn faults(request: &Request, outcome: &Outcome, secrets: &[String]) -> Vec<String> {
    match outcome {
        Outcome::Cut => Vec::new(),
        Outcome::Closed if request.body.bytes().len() > BODY_BYTES_MAX => Vec::new(),
        Outcome::Closed => vec!["the connection was closed without an answer".to_owned()],
        Outcome::Late => vec!["no answer came".to_owned()],
        Outcome::Garbage(error) => vec![error.clone()],
        Outcome::Answer(answer) => {
            let mut faults = Vec::new();
            check(request, answer, secrets, &mut faults);
            faults
        }
    }
}

fn check(request: &Request, answer: &Answer, secrets: &[String], faults: &mut Vec<String>) {
    let status = answer.status;
    if status >= 500 {
        faults.push(format!("the status is {status}"));
    }
    if answer.header("x-request-id").is_none_or(str::is_empty) {
        faults.push("the header X-Request-Id is missing".to_owned());
    }
    let text = String::from_utf8_lossy(&answer.body);
    for word in INSIDE {
        if text.contains(word) {
            faults.push(format!("the answer shows something of the inside: {word}"));
        }
    }
    if secrets.iter().any(|secret| text.contains(secret)) {
        faults.push("the answer shows something of another tenant's".to_owned());
    }
    if request.is_head() {
        return;
    }
    let body = serde_json::from_slice::<Value>(&answer.body);
    if status >= 400 {
        match &body {
            Ok(body) => check_errors(&body["errors"], Some(status), faults),
            Err(_) => faults.push("an error isn't in the form of the API".to_owned()),
        }
        let content_type = answer.header("content-type").unwrap_or_default();
        if !content_type.starts_with("application/json") {
            faults.push(format!("the content type of an error is `{content_type}`"));
        }
    } else if answer.header("content-disposition").is_some() {
        // A file, of which nothing is known.
    } else if answer.body.is_empty() {
        if status != 204 && request.method != "OPTIONS" {
            faults.push(format!("an answer of status {status} is empty"));
        }
    } else {
        match &body {
            Ok(body) => check_body(body, faults),
            Err(_) => faults.push("the answer isn't JSON".to_owned()),
        }
    }
}

/// Errors have a title and the status, as a number or as text. Those of a line have a status of their
/// own.
fn check_errors(errors: &Value, status: Option<u16>, faults: &mut Vec<String>) {
    let Some(errors) = errors.as_array().filter(|errors| !errors.is_empty()) else {
        faults.push("an error isn't in the form of the API: there is no list `errors`".to_owned());
        return;
    };
    for error in errors {
        if error["title"].as_str().is_none_or(str::is_empty) {
            faults.push("an error has no title".to_owned());
        }
        let said = match &error["status"] {
            Value::String(text) => text.parse().ok(),
            number => number.as_u64(),
        };
        match (said, status) {
            (Some(said), Some(status)) if said != u64::from(status) => {
                faults.push(format!("an error says {said}, and the status is {status}"));
            }
            (Some(400..500), _) | (Some(_), Some(_)) => {}
            _ => faults.push(format!("an error has the status {}", error["status"])),
        }
        if !matches!(error["detail"], Value::Null | Value::String(_)) {
            faults.push("the detail of an error isn't text".to_owned());
        }
        if !matches!(error["meta"], Value::Null | Value::Object(_)) {
            faults.push("the meta of an error isn't an object".to_owned());
        }
    }
}

/// Lines of a batch have errors of the same form, and stock adds up everywhere.
fn check_body(body: &Value, faults: &mut Vec<String>) {
    match body {
        Value::Array(items) => items.iter().for_each(|item| check_body(item, faults)),
        Value::Object(object) => {
            if let Some(errors) = object.get("errors") {
                check_errors(errors, None, faults);
            }
            let figure = |name: &str| object.get(name).and_then(Value::as_u64);
            if let (Some(total), Some(available), Some(allocated)) =
                (figure("total"), figure("available"), figure("allocated"))
                && Some(total) != available.checked_add(allocated)
            {
                faults.push(format!("{available} and {allocated} aren't {total}"));
            }
            object.values().for_each(|value| check_body(value, faults));
        }
        _ => {}
    }
}

/// What an outcome is called in a tally.
pub(crate) const fn class(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Answer(answer) => match answer.status / 100 {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "other",
        },
        Outcome::Cut => "cut off",
        _ => "unanswered",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::{Body, Sending};

    fn request() -> Request {
        Request {
            operation: "GetThing".to_owned(),
            method: "GET".to_owned(),
            path: vec!["v2".to_owned()],
            ids: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Nothing,
            sending: Sending::Whole,
        }
    }

    fn answer(status: u16, body: &Value) -> Answer {
        Answer {
            status,
            headers: vec![
                ("content-type".to_owned(), b"application/json".to_vec()),
                ("x-request-id".to_owned(), b"1".to_vec()),
            ],
            body: body.to_string().into_bytes(),
        }
    }

    fn found(answer: Answer) -> String {
        let secrets = ["witness-7".to_owned()];
        faults(&request(), &Outcome::Answer(answer), &secrets).join("; ")
    }

    #[test]
    fn right_answers_have_no_faults() {
        let lines = json!({ "data": [
            { "errors": [{ "title": "Not Found", "status": 404 }] },
            { "available": 1, "allocated": 2, "total": 3 },
        ] });
        let error = json!({ "errors": [{
            "title": "Bad Request", "status": "400", "detail": "Why.", "meta": { "reason": "x" },
        }] });
        for (status, body) in [(207, &lines), (400, &error)] {
            assert_eq!(found(answer(status, body)), "");
        }
        let mut nothing = answer(204, &Value::Null);
        nothing.body.clear();
        assert_eq!(found(nothing), "");
    }

    #[test]
    fn doctored_answers_have_faults() {
        let error = |error: Value| json!({ "errors": [error] });
        for (status, body, wanted) in [
            (
                500,
                error(json!({ "title": "T", "status": 500 })),
                "the status is 500",
            ),
            (
                503,
                error(json!({ "title": "T", "status": 503 })),
                "the status is 503",
            ),
            (400, json!({ "error": "x" }), "no list `errors`"),
            (400, json!({ "errors": [] }), "no list `errors`"),
            (
                400,
                error(json!({ "title": "", "status": 400 })),
                "no title",
            ),
            (
                400,
                error(json!({ "title": "T", "status": 404 })),
                "says 404",
            ),
            (400, error(json!({ "title": "T" })), "has the status null"),
            (
                400,
                error(json!({ "title": "T", "status": 400, "detail": 1 })),
                "isn't text",
            ),
            (
                400,
                error(json!({ "title": "T", "status": 400, "meta": [] })),
                "isn't an object",
            ),
            (
                207,
                json!({ "data": [{ "errors": [{ "title": "T", "status": 500 }] }] }),
                "status 500",
            ),
            (
                200,
                json!({ "data": { "available": 1, "allocated": 1, "total": 3 } }),
                "aren't 3",
            ),
            (
                200,
                json!({ "data": "witness-7 chair" }),
                "another tenant's",
            ),
            (200, json!({ "data": "sqlx: no row" }), "the inside"),
        ] {
            let found = found(answer(status, &body));
            assert!(found.contains(wanted), "{body}: {found}");
        }
    }

    #[test]
    fn heads_and_bodies_are_looked_at() {
        let body = json!({ "errors": [{ "title": "T", "status": 404 }] });
        let mut doctored = answer(404, &body);
        doctored.headers.clear();
        let said = found(doctored);
        assert!(
            said.contains("X-Request-Id") && said.contains("content type"),
            "{said}"
        );
        for (status, text) in [(400, "no JSON"), (200, ""), (200, "<html>")] {
            let mut doctored = answer(status, &body);
            doctored.body = text.as_bytes().to_vec();
            assert_ne!(found(doctored), "", "{status} {text}");
        }
    }

    #[test]
    fn silence_is_a_fault_unless_the_client_went_away() {
        let faults = |outcome| faults(&request(), &outcome, &[]).len();
        assert_eq!(faults(Outcome::Cut), 0);
        for outcome in [
            Outcome::Closed,
            Outcome::Late,
            Outcome::Garbage("x".to_owned()),
        ] {
            assert_eq!(faults(outcome), 1);
        }
    }
}
