//! The application under test: the whole router on a database in memory, with a clock and ids that
//! are the same in every run, so that answers can be compared to the last letter.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use stockroom_application::{
    Administrator, Clock, Environment, Limits, NewKey, NewKeyRequest, SigningKey, Stockroom,
};
use stockroom_domain::{Name, Organization, OrganizationId, Owner, ProductText, Store, Timestamp};
use stockroom_http::Options;
use stockroom_memory::MemoryDatabase;
use tower::ServiceExt;

/// The forms that an answer can be asked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Basic,
    MultiLocation,
}

pub const FORMS: [Form; 2] = [Form::Basic, Form::MultiLocation];

impl Form {
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::MultiLocation => "multi_location",
        }
    }
}

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn new() -> Self {
        // 2026-01-31T09:30:00Z
        Self(Arc::new(AtomicI64::new(1_769_851_800_000)))
    }

    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

pub struct TestApp {
    router: Router,
    pub stockroom: Arc<Stockroom>,
    pub clock: TestClock,
    pub organization: Organization,
    pub store: Store,
    /// A token of the store's key.
    pub token: String,
    /// A token of the organization's key.
    pub organization_token: String,
}

impl TestApp {
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let clock = TestClock::new();
        let environment = Environment::new(clock.clone(), StdRng::seed_from_u64(7));
        let database = Arc::new(MemoryDatabase::new(environment.clone()));
        let signing_key = SigningKey::new(vec![7; 32]);
        let limits = Limits {
            store_rate_limit: options.store_rate_limit,
        };
        let stockroom = Stockroom::open(database, environment, limits, signing_key)
            .await
            .unwrap();
        let stockroom = Arc::new(stockroom);
        let organization = create_organization(&stockroom, "Acme").await;
        let store = create_store(&stockroom, organization.id, "Acme Berlin").await;
        let router = stockroom_http::router(Arc::clone(&stockroom), options);
        let mut app = Self {
            router,
            stockroom,
            clock,
            organization,
            store,
            token: String::new(),
            organization_token: String::new(),
        };
        app.token = app.token_of(Owner::Store(app.store.id)).await;
        app.organization_token = app.token_of(Owner::Organization).await;
        app
    }

    /// A key of an owner within the application's organization.
    pub async fn key(&self, owner: Owner, allow_implicit: bool) -> NewKey {
        create_key(&self.stockroom, self.organization.id, owner, allow_implicit).await
    }

    /// A token of a new key of an owner within the application's organization.
    pub async fn token_of(&self, owner: Owner) -> String {
        let key = self.key(owner, false).await;
        self.token_for(&key).await
    }

    pub async fn token_for(&self, key: &NewKey) -> String {
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": key.key.client_id,
            "client_secret": key.client_secret,
        });
        self.post("/oauth/access_token", &body).send().await.json()["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub async fn implicit_token(&self) -> String {
        let key = self.key(Owner::Store(self.store.id), true).await;
        let body = json!({ "grant_type": "implicit", "client_id": key.key.client_id });
        self.post("/oauth/access_token", &body).send().await.json()["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Another store of the organization, and a token of it.
    pub async fn another_store(&self, name: &str) -> (Store, String) {
        let store = create_store(&self.stockroom, self.organization.id, name).await;
        let token = self.token_of(Owner::Store(store.id)).await;
        (store, token)
    }

    /// A token of a store of another organization.
    pub async fn stranger(&self) -> String {
        let organization = create_organization(&self.stockroom, "Other").await;
        let store = create_store(&self.stockroom, organization.id, "Other store").await;
        let owner = Owner::Store(store.id);
        let key = create_key(&self.stockroom, organization.id, owner, false).await;
        self.token_for(&key).await
    }

    pub fn request(&self, method: Method, path: &str) -> TestRequest<'_> {
        TestRequest {
            app: self,
            method,
            path: path.to_owned(),
            headers: vec![
                ("x-request-id".to_owned(), "test".to_owned()),
                ("authorization".to_owned(), format!("Bearer {}", self.token)),
            ],
            body: Vec::new(),
        }
    }

    pub fn get(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: &Value) -> TestRequest<'_> {
        self.request(Method::POST, path).json(body)
    }

    pub fn put(&self, path: &str, body: &Value) -> TestRequest<'_> {
        self.request(Method::PUT, path).json(body)
    }

    pub fn delete(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::DELETE, path)
    }

    /// Creates stock of a product in the application's store.
    pub async fn create_stock(&self, product: &str, quantity: u64) {
        let path = format!("/v2/inventories/{product}");
        let body = json!({ "data": { "quantity": quantity } });
        self.post(&path, &body).send().await.expect_status(201);
    }

    /// Makes a transaction on a product of the application's store.
    pub async fn transact(&self, product: &str, action: &str, quantity: u64) {
        let path = format!("/v2/inventories/{product}/transactions");
        let body = json!({ "data": { "action": action, "quantity": quantity } });
        self.post(&path, &body).send().await.expect_status(200);
    }

    /// Creates a location in the application's store, and gives its id.
    pub async fn create_location(&self, slug: &str) -> String {
        let body = json!({ "data": { "name": format!("The {slug}"), "slug": slug } });
        let answer = self.post("/v2/inventories/locations", &body).send().await;
        answer.expect_status(201);
        answer.json()["data"]["id"].as_str().unwrap().to_owned()
    }
}

async fn create_organization(stockroom: &Stockroom, name: &str) -> Organization {
    let name = Name::new("name", name).unwrap();
    stockroom.create_organization(name).await.unwrap()
}

async fn create_store(stockroom: &Stockroom, organization: OrganizationId, name: &str) -> Store {
    let name = Name::new("name", name).unwrap();
    stockroom.create_store(organization, name).await.unwrap()
}

async fn create_key(
    stockroom: &Stockroom,
    organization: OrganizationId,
    owner: Owner,
    allow_implicit: bool,
) -> NewKey {
    let request = NewKeyRequest {
        name: ProductText::new("name", "Test").unwrap(),
        reserved_rate_limit: 0,
        allow_implicit,
    };
    let operator = Administrator::operator(organization, owner);
    stockroom.create_key(&operator, request).await.unwrap()
}

pub struct TestRequest<'a> {
    app: &'a TestApp,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl TestRequest<'_> {
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(found, _)| found != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(found, _)| found != name);
        self
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub fn form(self, form: Form) -> Self {
        match form {
            Form::Basic => self,
            Form::MultiLocation => self.header("ep-inventories-multi-location", "true"),
        }
    }

    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
            .header("content-type", "application/json")
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the request one second after the one before.
    pub async fn send(self) -> Answer {
        self.app.clock.advance_seconds(1);
        let mut request = Request::builder().method(&self.method).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(self.body)).unwrap();
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        Answer::read(format!("{} {}", self.method, self.path), response).await
    }
}

/// An answer, whole.
pub struct Answer {
    request: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    async fn read(request: String, response: Response<Body>) -> Self {
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
            status,
            headers,
            body: body.to_vec(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.request, self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(found, value)| (found == name).then_some(value.as_str()))
    }

    #[track_caller]
    pub fn expect_status(&self, status: u16) {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text());
    }

    /// The whole answer for a snapshot: request line, status, headers, body.
    pub fn show(&self) -> String {
        let mut text = format!("{}\n{}\n", self.request, self.status);
        for (name, value) in &self.headers {
            writeln!(text, "{name}: {value}").unwrap();
        }
        if !self.body.is_empty() {
            let body: Value = self.json();
            writeln!(text, "\n{}", serde_json::to_string_pretty(&body).unwrap()).unwrap();
        }
        text
    }
}

/// Several answers for one snapshot.
#[derive(Default)]
pub struct Transcript(String);

impl Transcript {
    pub fn add(&mut self, what: &str, answer: &Answer) {
        writeln!(self.0, "### {what}\n{}", answer.show()).unwrap();
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Ids for tests, told apart by their last digit.
pub fn id(number: u32) -> String {
    format!("15fbeab0-75a3-4d6b-b23b-{number:012}")
}
