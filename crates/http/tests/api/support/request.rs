//! Requests.

use std::fmt;

use axum::body::Body;
use axum::http::{Method, Request, Response};
use serde_json::Value;
use tower::ServiceExt;

use super::{Answer, EventReader, TestApp};

/// The forms that an answer can be asked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Basic,
    MultiLocation,
}

pub(crate) const FORMS: [Form; 2] = [Form::Basic, Form::MultiLocation];

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic => "basic",
            Self::MultiLocation => "multi-location",
        })
    }
}

/// A path with query parameters, encoded.
pub(crate) fn query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    format!("{path}?{}", query.finish())
}

#[derive(Clone)]
pub(crate) struct TestRequest<'a> {
    app: &'a TestApp,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl<'a> TestRequest<'a> {
    /// A request of the store.
    pub(crate) fn new(app: &'a TestApp, method: Method, path: &str) -> Self {
        Self {
            app,
            method,
            path: path.to_owned(),
            headers: vec![
                ("x-request-id".to_owned(), "test".to_owned()),
                ("authorization".to_owned(), format!("Bearer {}", app.token)),
            ],
            body: Vec::new(),
        }
    }

    /// The same with the method HEAD.
    pub(crate) fn head(mut self) -> Self {
        self.method = Method::HEAD;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(found, _)| found != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A header beside those of its name that are there.
    pub(crate) fn another_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(found, _)| found != name);
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// As the organization.
    pub(crate) fn organization(self) -> Self {
        let token = &self.app.organization_token;
        self.token(token)
    }

    /// In a store.
    pub(crate) fn in_store(self, store: &impl ToString) -> Self {
        self.header("x-moltin-auth-store", store.to_string())
    }

    pub(crate) fn form(self, form: Form) -> Self {
        match form {
            Form::Basic => self.without_header("ep-inventories-multi-location"),
            Form::MultiLocation => self.header("ep-inventories-multi-location", "true"),
        }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
            .header("content-type", "application/json")
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With a query, or with more of it.
    pub(crate) fn query(mut self, query: &str) -> Self {
        let mark = if self.path.contains('?') { '&' } else { '?' };
        self.path = format!("{}{mark}{query}", self.path);
        self
    }

    /// With more of a query, or with one.
    pub(crate) fn and_query(mut self, query: &str) -> Self {
        self.path.push_str(query);
        self
    }

    pub(crate) fn has_query(&self) -> bool {
        self.path.contains('?')
    }

    /// Its body, which is JSON.
    pub(crate) fn json_body(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// With the body, and its content type, of another request.
    pub(crate) fn with_body_of(mut self, other: &Self) -> Self {
        self.body.clone_from(&other.body);
        self.header("content-type", "application/json")
    }

    /// Sends the request one second after the one before.
    pub(crate) async fn send(self) -> Answer {
        let body = Body::from(self.body.clone());
        self.send_with(body).await
    }

    /// Sends the request with another body.
    pub(crate) async fn send_with(self, body: Body) -> Answer {
        let response = self.respond(body).await;
        let sent = String::from_utf8_lossy(&self.body).into_owned();
        Answer::read(format!("{} {}", self.method, self.path), sent, response).await
    }

    /// Opens a stream of events.
    pub(crate) async fn open(self) -> EventReader {
        let request = self.header("accept", "text/event-stream");
        EventReader::new(request.respond(Body::empty()).await)
    }

    async fn respond(&self, body: Body) -> Response<Body> {
        self.app.clock.advance_seconds(1);
        let mut request = Request::builder().method(&self.method).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(body).unwrap();
        self.app.router.clone().oneshot(request).await.unwrap()
    }
}
