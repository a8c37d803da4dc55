//! A client of the API.

use std::net::SocketAddr;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// A client with a token.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// Gets a token for a key.
    pub(crate) async fn with_key(
        address: SocketAddr,
        client_id: &str,
        client_secret: &str,
    ) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let base = format!("http://{address}");
        let answer = http
            .post(format!("{base}/oauth/access_token"))
            .json(&json!({
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": client_secret,
            }))
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        let token = answer["access_token"].as_str();
        let token = token.unwrap_or_else(|| panic!("no token: {answer}"));
        Self {
            http,
            base,
            token: token.to_owned(),
        }
    }

    /// The same client and token, at another server.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self {
            base: format!("http://{address}"),
            ..self.clone()
        }
    }

    /// The head of its token, which names the key that signed it.
    pub(crate) fn token_head(&self) -> &str {
        self.token.split('.').next().unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token)
    }

    /// Sends a request; the status and the body, or an error if no answer came.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<(u16, Value)> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await?;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap()
        };
        Ok((status, body))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.try_send(Method::GET, path, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.try_send(Method::POST, path, Some(body)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        self.try_send(Method::PUT, path, Some(body)).await.unwrap()
    }

    /// The same client acting in a store.
    pub(crate) fn in_store(&self, store: &str) -> Self {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("x-moltin-auth-store", store.parse().unwrap());
        let http = reqwest::Client::builder()
            .no_proxy()
            .default_headers(headers)
            .build()
            .unwrap();
        Self {
            http,
            ..self.clone()
        }
    }

    pub(crate) async fn create_stock(&self, product: &str, quantity: u64) -> (u16, Value) {
        let body = json!({ "data": { "quantity": quantity } });
        self.post(&format!("/v2/inventories/{product}"), &body)
            .await
    }

    pub(crate) async fn transact(
        &self,
        product: &str,
        action: &str,
        quantity: u64,
    ) -> (u16, Value) {
        self.try_transact(product, action, quantity).await.unwrap()
    }

    pub(crate) async fn try_transact(
        &self,
        product: &str,
        action: &str,
        quantity: u64,
    ) -> reqwest::Result<(u16, Value)> {
        let path = format!("/v2/inventories/{product}/transactions");
        let body = json!({ "data": {
            "type": "stock-transaction", "action": action, "quantity": quantity,
        } });
        self.try_send(Method::POST, &path, Some(&body)).await
    }

    /// The whole history of a product, page by page.
    pub(crate) async fn history(&self, product: &str) -> Vec<Value> {
        let mut entries = Vec::new();
        let mut next = Some(format!(
            "/v2/inventories/{product}/transactions?page[limit]=100"
        ));
        while let Some(path) = next {
            let (status, page) = self.get(&path).await;
            assert_eq!(status, 200, "{page}");
            entries.extend(page["data"].as_array().unwrap().iter().cloned());
            next = page["links"]["next"].as_str().map(ToOwned::to_owned);
        }
        entries
    }
}

/// The figures of a basic stock: available, allocated, total.
pub(crate) fn figures(stock: &Value) -> [u64; 3] {
    ["available", "allocated", "total"].map(|name| stock["data"][name].as_u64().unwrap())
}
