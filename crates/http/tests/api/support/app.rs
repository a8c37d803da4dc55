//! The application under test: the whole router on a database, with a clock and ids that are the
//! same in every run, so that answers can be compared to the last letter.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::http::Method;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use stockroom_application::ports::{Database, DeliveryLog, Scope};
use stockroom_application::webhooks::{SendError, WebhookRequest, WebhookResponse, WebhookSender};
use stockroom_application::{
    Clock, Environment, Limits, NewKey, NewKeyRequest, SigningKey, Stockroom, Writer,
};
use stockroom_domain::{
    Access, Actor, Command, CreateStock, EventId, IntegrationId, Name, Operation, Organization,
    OrganizationId, Owner, ProductId, ProductText, Quantity, Store, Timestamp,
};
use stockroom_http::{DeliveryBodies, Options};
use stockroom_webhooks::{Settings, WebhookClient};
use uuid::Uuid;

use super::failing_database::FailingDatabase;
use super::{Answer, Failure, TestRequest};

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn new() -> Self {
        // 2026-01-31T09:30:00Z
        Self(Arc::new(AtomicI64::new(1_769_851_800_000)))
    }

    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

pub(crate) struct TestApp {
    pub(crate) router: Router,
    pub(crate) stockroom: Arc<Stockroom>,
    pub(crate) clock: TestClock,
    pub(crate) organization: Organization,
    pub(crate) store: Store,
    /// A token of the store's key.
    pub(crate) token: String,
    /// A token of the organization's key.
    pub(crate) organization_token: String,
    environment: Environment,
    database: Arc<dyn Database>,
    /// Keeps the database until all that uses it is gone.
    _keeper: Box<dyn Any + Send + Sync>,
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        // One limit for all bodies: tests of every endpoint pass it.
        let options = Options::default();
        Self::with(Options {
            batch_bytes_max: options.body_bytes_max,
            import_bytes_max: options.body_bytes_max,
            ..options
        })
        .await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let limits = limits(&options);
        Self::with_limits(options, limits).await
    }

    /// The same, with limits of the test's choice.
    pub(crate) async fn with_limits(options: Options, limits: Limits) -> Self {
        let clock = TestClock::new();
        let environment = Environment::new(clock.clone(), StdRng::seed_from_u64(7));
        let (database, keeper) = crate::database(environment.clone()).await;
        let stockroom = open(Arc::clone(&database), environment.clone(), limits).await;
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
            environment,
            database,
            _keeper: keeper,
        };
        app.token = app.token_of(Owner::Store(app.store.id)).await;
        app.organization_token = app.token_of(Owner::Organization).await;
        app
    }

    /// Whether a server has work to do for an import.
    pub(crate) async fn has_active_imports(&self) -> bool {
        !self.database.active_imports().await.unwrap().is_empty()
    }

    /// From now on requests are answered over a database that fails. Tokens stay valid: they are
    /// signed with the same key, and verifying them asks no database.
    pub(crate) async fn break_database(&mut self, failure: Failure, options: Options) {
        self.break_database_within(failure, limits(&options), options)
            .await;
    }

    /// The same, with limits of the test's choice.
    pub(crate) async fn break_database_within(
        &mut self,
        failure: Failure,
        limits: Limits,
        options: Options,
    ) {
        let database = Arc::new(FailingDatabase(failure));
        let stockroom = open(database, self.environment.clone(), limits).await;
        self.router = stockroom_http::router(stockroom, options);
    }

    /// From now on requests are answered by a server with other options on the same database.
    pub(crate) fn set_options(&mut self, options: Options) {
        self.router = stockroom_http::router(Arc::clone(&self.stockroom), options);
    }

    /// From now on requests are answered by a server whose operator has replaced the signing key, on
    /// the same database. Its tokens are new.
    pub(crate) async fn replace_signing_key(&mut self) {
        let options = Options::default();
        let (database, environment) = (Arc::clone(&self.database), self.environment.clone());
        self.stockroom = open_with(database, environment, limits(&options), 8).await;
        self.set_options(options);
        self.token = self.token_of(Owner::Store(self.store.id)).await;
        self.organization_token = self.token_of(Owner::Organization).await;
    }

    /// Has the feed forget everything that has happened.
    pub(crate) async fn forget_events(&self) {
        self.clock.advance_seconds(1);
        let organization = self.organization.id;
        let numbered = self.database.number_events(organization).await;
        numbered.unwrap();
        self.clock.advance_seconds(1);
        let now = self.clock.now();
        let forgotten = self.database.forget_events(organization, now, u64::MAX);
        forgotten.await.unwrap();
    }

    /// Logs an attempt to deliver an event of the store's integration.
    pub(crate) async fn log_delivery(
        &self,
        integration: &str,
        event: &str,
        log: u128,
        succeeded: bool,
    ) {
        let integration = IntegrationId::parse(integration).unwrap();
        let logs = [DeliveryLog {
            id: Uuid::from_u128(log).into(),
            owner: Owner::Store(self.store.id),
            integration,
            event: EventId::parse(event).unwrap(),
            succeeded,
            attempt: 1,
            status_code: succeeded.then_some(200),
            error_detail: (!succeeded).then(|| "the receiver can't be reached".to_owned()),
            body: succeeded.then(|| "thanks".to_owned()),
            created_at: self.clock.now(),
        }];
        let organization = self.organization.id;
        let added = self.database.add_logs(organization, integration, &logs);
        added.await.unwrap();
    }

    /// A key of an owner within the application's organization.
    pub(crate) async fn key(&self, owner: Owner, allow_implicit: bool) -> NewKey {
        let request = NewKeyRequest {
            allow_implicit,
            ..new_key()
        };
        create_key(&self.stockroom, self.organization.id, owner, request).await
    }

    /// A token of a new key of an owner within the application's organization; the key may only read.
    pub(crate) async fn reading_token_of(&self, owner: Owner) -> String {
        let request = NewKeyRequest {
            access: Access::Read,
            ..new_key()
        };
        let key = create_key(&self.stockroom, self.organization.id, owner, request).await;
        self.token_for(&key.key.client_id, &key.client_secret).await
    }

    /// A token of a new key of an owner within the application's organization.
    pub(crate) async fn token_of(&self, owner: Owner) -> String {
        let key = self.key(owner, false).await;
        self.token_for(&key.key.client_id, &key.client_secret).await
    }

    /// A token for the presented credentials.
    pub(crate) async fn token_for(&self, client_id: &str, client_secret: &str) -> String {
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        });
        access_token(&self.post("/oauth/access_token", &body).send().await)
    }

    pub(crate) async fn implicit_token(&self) -> String {
        let key = self.key(Owner::Store(self.store.id), true).await;
        let body = json!({ "grant_type": "implicit", "client_id": key.key.client_id });
        access_token(&self.post("/oauth/access_token", &body).send().await)
    }

    /// Another store of the organization, and a token of it.
    pub(crate) async fn another_store(&self, name: &str) -> (Store, String) {
        let store = create_store(&self.stockroom, self.organization.id, name).await;
        let token = self.token_of(Owner::Store(store.id)).await;
        (store, token)
    }

    /// Another organization's store, and tokens of that store and that organization.
    pub(crate) async fn stranger(&self) -> (Store, String, String) {
        let organization = create_organization(&self.stockroom, "Other").await.id;
        let store = create_store(&self.stockroom, organization, "Other store").await;
        let mut tokens = Vec::new();
        for owner in [Owner::Store(store.id), Owner::Organization] {
            let key = create_key(&self.stockroom, organization, owner, new_key()).await;
            let token = self.token_for(&key.key.client_id, &key.client_secret).await;
            tokens.push(token);
        }
        let organization_token = tokens.pop().unwrap();
        let store_token = tokens.pop().unwrap();
        (store, store_token, organization_token)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> TestRequest<'_> {
        TestRequest::new(self, method, path)
    }

    pub(crate) fn get(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> TestRequest<'_> {
        self.request(Method::POST, path).json(body)
    }

    /// A POST without a body.
    pub(crate) fn post_nothing(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::POST, path)
    }

    /// The time of the application's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> TestRequest<'_> {
        self.request(Method::PUT, path).json(body)
    }

    pub(crate) fn delete(&self, path: &str) -> TestRequest<'_> {
        self.request(Method::DELETE, path)
    }

    /// Creates stock of a product in the application's store.
    pub(crate) async fn create_stock(&self, product: &str, quantity: u64) {
        let path = format!("/v2/inventories/{product}");
        let body = json!({ "data": { "quantity": quantity } });
        self.post(&path, &body).send().await.expect_status(201);
    }

    /// Creates stock of many products in the application's store, past the HTTP API.
    pub(crate) async fn create_many_stocks(&self, count: u32) {
        let requests = (0..count).map(|number| CreateStock {
            product: ProductId::parse(&super::id(number)).unwrap(),
            unlocated: Quantity::new(u64::from(number)).unwrap(),
            located: BTreeMap::new(),
        });
        self.make(Owner::Store(self.store.id), requests).await;
    }

    /// Has an owner within the application's organization make changes, past the HTTP API.
    pub(crate) async fn make<R: Into<Operation>>(
        &self,
        acting: Owner,
        requests: impl Iterator<Item = R>,
    ) {
        let actor = Actor {
            acting,
            ..Actor::OPERATOR
        };
        let commands = requests.map(|request| Command::new(actor.clone(), request));
        let commands: Vec<Command> = commands.collect();
        let outcomes = self.database.commit(self.organization.id, &commands).await;
        for outcome in outcomes.unwrap() {
            outcome.unwrap();
        }
    }

    /// Makes a transaction on a product of the application's store, and gives its id.
    pub(crate) async fn transact(&self, product: &str, action: &str, quantity: u64) -> String {
        let body = json!({ "data": { "action": action, "quantity": quantity } });
        let path = format!("/v2/inventories/{product}/transactions");
        let answer = self.post(&path, &body).send().await;
        answer.expect_status(200);
        answer.created_id()
    }

    /// Makes a transaction at a location of a product of the application's store.
    pub(crate) async fn transact_at(&self, product: &str, at: &str, action: &str, quantity: u64) {
        let body = json!({ "data": { "action": action, "quantity": quantity, "location": at } });
        let path = format!("/v2/inventories/{product}/transactions");
        self.post(&path, &body).send().await.expect_status(200);
    }

    /// Creates a location in the application's store, and gives its id.
    pub(crate) async fn create_location(&self, slug: &str) -> String {
        let body = json!({ "data": { "name": format!("The {slug}"), "slug": slug } });
        let answer = self.post("/v2/inventories/locations", &body).send().await;
        answer.expect_status(201);
        answer.created_id()
    }

    /// The stock of a product of the application's store, in the multi-location form.
    pub(crate) async fn stock(&self, product: &str) -> Value {
        let request = self.get(&format!("/v2/inventories/{product}"));
        let answer = request.form(super::Form::MultiLocation).send().await;
        answer.expect_status(200);
        answer.data()
    }

    /// Takes from what is available of a product of the application's store, past its ledger.
    pub(crate) async fn embezzle(&self, product: &str, quantity: i64) {
        let scope = Scope {
            organization: self.organization.id,
            acting: Owner::Store(self.store.id),
        };
        let product = ProductId::parse(product).unwrap();
        let stock = self.database.raw_stock(scope, product).await;
        let found = stock.unwrap().unwrap();
        let mut left = found.clone();
        left.sums.available -= quantity;
        left.unlocated.available -= quantity;
        let done = self
            .database
            .repair_stock(scope.organization, &found, &left);
        assert!(done.await.unwrap());
    }

    /// `available`, `allocated` and `total` of a product of the application's store.
    pub(crate) async fn figures(&self, product: &str) -> [u64; 3] {
        let stock = self.stock(product).await;
        ["available", "allocated", "total"].map(|it| stock["attributes"][it].as_u64().unwrap())
    }
}

fn access_token(answer: &Answer) -> String {
    answer.expect_status(200);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

fn limits(options: &Options) -> Limits {
    Limits {
        store_rate_limit: options.store_rate_limit,
        ..Limits::default()
    }
}

async fn open(
    database: Arc<dyn Database>,
    environment: Environment,
    limits: Limits,
) -> Arc<Stockroom> {
    open_with(database, environment, limits, 7).await
}

/// The same, with a signing key that consists of this byte.
async fn open_with(
    database: Arc<dyn Database>,
    environment: Environment,
    limits: Limits,
    key_byte: u8,
) -> Arc<Stockroom> {
    let signing_key = SigningKey::new(vec![key_byte; 32]);
    let stockroom = Stockroom::open(database, environment, limits, signing_key).await;
    let client = WebhookClient::new(Environment::system(), Settings::default()).unwrap();
    let sender = Arc::new(TestSender(client));
    Arc::new(
        stockroom
            .unwrap()
            .with_webhooks(sender, Arc::new(DeliveryBodies)),
    )
}

/// Checks addresses as the server does. Every receiver answers at once, unless its address tells it to
/// fail.
struct TestSender(WebhookClient);

#[async_trait]
impl WebhookSender for TestSender {
    async fn send(&self, request: WebhookRequest) -> Result<WebhookResponse, SendError> {
        if request.url.ends_with("/refused") {
            return Err(SendError::ConnectionRefused);
        }
        Ok(WebhookResponse {
            status: 200,
            body: String::from_utf8(request.body).unwrap(),
            retry_after: None,
        })
    }

    fn check(&self, url: &str) -> Result<(), SendError> {
        self.0.check(url)
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

fn new_key() -> NewKeyRequest {
    NewKeyRequest {
        name: ProductText::new("name", "Test").unwrap(),
        reserved_rate_limit: 0,
        allow_implicit: false,
        access: Access::Full,
    }
}

async fn create_key(
    stockroom: &Stockroom,
    organization: OrganizationId,
    owner: Owner,
    request: NewKeyRequest,
) -> NewKey {
    let operator = Writer::operator(organization, owner);
    stockroom.create_key(&operator, request).await.unwrap()
}
