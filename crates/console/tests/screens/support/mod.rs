//! A console with a small shop, and a browser without scripts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use rand::SeedableRng;
use rand::rngs::StdRng;
use stockroom_application::{
    Clock, Environment, Limits, NewKey, NewKeyRequest, SigningKey, Stockroom, Writer,
};
use stockroom_console::{Options, router};
use stockroom_domain::{
    Access, CommodityType, CreateLocation, CreateStock, Name, Organization, Owner, ProductId,
    ProductStatus, ProductText, Quantity, RegisterProduct, Slug, Store, Timestamp,
};
use stockroom_memory::MemoryDatabase;
use tower::ServiceExt as _;

use crate::webhooks::{Bodies, Receivers};

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A shop with a few products, and somebody who is signed in.
pub(crate) struct Shop {
    router: Router,
    pub(crate) stockroom: Arc<Stockroom>,
    pub(crate) clock: TestClock,
    pub(crate) organization: Organization,
    pub(crate) store: Store,
    /// A key of the store.
    pub(crate) key: NewKey,
    /// The cookies of the browser, as its next request sends them.
    cookies: Vec<(String, String)>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// Where the browser is sent to.
    pub(crate) fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map_or("", |it| it.to_str().unwrap())
    }

    /// The value of the first hidden field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let field = format!("name=\"{name}\" value=\"");
        let (_, value) = self.body.split_once(&field)?;
        let (value, _) = value.split_once('"')?;
        Some(value.to_owned())
    }

    /// The part of a page that differs from screen to screen.
    pub(crate) fn main(&self) -> String {
        let from = self.body.find("<main").expect("a page");
        let to = self.body.find("</main>").expect("a page");
        let lines = self.body[from..to].lines().map(str::trim_end);
        lines
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The same, whichever showing of the page it is.
    pub(crate) fn main_of_any_showing(&self) -> String {
        let main = self.main();
        match self.field("once") {
            Some(once) => main.replace(&once, "ONCE"),
            None => main,
        }
    }
}

impl Shop {
    /// The shop, with nobody signed in.
    pub(crate) async fn closed() -> Self {
        // 2026-01-31T09:30:00Z
        let clock = TestClock(Arc::new(AtomicI64::new(1_769_851_800_000)));
        let environment = Environment::new(clock.clone(), StdRng::seed_from_u64(7));
        let memory = Arc::new(MemoryDatabase::new(environment.clone()));
        let signing_key = SigningKey::new(vec![7; SigningKey::BYTES_MIN]);
        let stockroom = Stockroom::open(memory, environment, Limits::default(), signing_key);
        let stockroom = stockroom.await.unwrap();
        let stockroom = stockroom.with_webhooks(Arc::new(Receivers), Arc::new(Bodies));
        let stockroom = Arc::new(stockroom);
        let name = Name::new("name", "Acme").unwrap();
        let organization = stockroom.create_organization(name).await.unwrap();
        let name = Name::new("name", "Acme Berlin").unwrap();
        let store = stockroom.create_store(organization.id, name).await.unwrap();
        let router = router(Arc::clone(&stockroom), Options::default());
        let owner = Writer::operator(organization.id, Owner::Store(store.id));
        let key = stockroom
            .create_key(&owner, new_key("Warehouse"))
            .await
            .unwrap();
        Self {
            router,
            stockroom,
            clock,
            organization,
            store,
            key,
            cookies: Vec::new(),
        }
    }

    /// The shop, with three products and two locations, and somebody signed in with the store's key.
    pub(crate) async fn open() -> Self {
        let mut shop = Self::closed().await;
        shop.fill().await;
        let key = shop.key.clone();
        shop.sign_in(&key).await;
        shop
    }

    /// The same, with the organization's key.
    pub(crate) async fn of_organization() -> Self {
        let mut shop = Self::closed().await;
        shop.fill().await;
        let owner = shop.operator(Owner::Organization);
        let key = shop
            .stockroom
            .create_key(&owner, new_key("Head office"))
            .await
            .unwrap();
        shop.sign_in(&key).await;
        shop
    }

    /// The operator, who may do anything for an owner.
    pub(crate) fn operator(&self, owner: Owner) -> Writer {
        Writer::operator(self.organization.id, owner)
    }

    /// The operator, for the store.
    pub(crate) fn owner(&self) -> Writer {
        self.operator(Owner::Store(self.store.id))
    }

    async fn fill(&mut self) {
        let owner = self.owner();
        for (slug, name) in [("berlin", "Berlin, shelf 4"), ("paris", "Paris")] {
            let name = Name::new("name", name).unwrap();
            let location = CreateLocation::new(name, Slug::new(slug).unwrap());
            self.stockroom.execute(&owner, location).await.unwrap();
        }
        let products = [
            (1, "Espresso beans, 1 kg", Some("BEAN-1"), 10, 5),
            (2, "Filter <paper> & “more”", Some("FILTER"), 0, 0),
            (3, "مطحنة قهوة", None, 1, 0),
        ];
        for (number, name, sku, unlocated, berlin) in products {
            let id = product(number);
            let text = |text: &str| ProductText::new("text", text).unwrap();
            let mut request = registered(number, name);
            request.sku = sku.map(text);
            self.stockroom.execute(&owner, request).await.unwrap();
            let stock = CreateStock {
                product: id,
                unlocated: Quantity::new(unlocated).unwrap(),
                located: [(Slug::new("berlin").unwrap(), Quantity::new(berlin).unwrap())]
                    .into_iter()
                    .filter(|(_, quantity)| !quantity.is_zero())
                    .collect(),
            };
            self.stockroom.execute(&owner, stock).await.unwrap();
            self.clock.advance_seconds(60);
        }
    }

    /// Signs in, as a browser does.
    pub(crate) async fn sign_in(&mut self, key: &NewKey) -> Answer {
        let fields = [
            ("client_id", key.key.client_id.as_str()),
            ("client_secret", &key.client_secret),
        ];
        self.post_as_is("/console/sign-in", &fields).await
    }

    /// Forgets all cookies.
    pub(crate) fn forget_cookies(&mut self) {
        self.cookies.clear();
    }

    pub(crate) fn cookies(&self) -> &[(String, String)] {
        &self.cookies
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(it, _)| it != name);
        self.cookies.push((name.to_owned(), value.to_owned()));
    }

    /// The path of a screen of the store.
    pub(crate) fn path(&self, screen: &str) -> String {
        format!("/console/stores/{}{screen}", self.store.id)
    }

    /// A page of the store.
    pub(crate) async fn page(&mut self, screen: &str) -> Answer {
        let path = self.path(screen);
        self.get(&path).await
    }

    /// A form of the store.
    pub(crate) async fn post(&mut self, screen: &str, fields: &[(&str, &str)]) -> Answer {
        let path = self.path(screen);
        self.post_as_is(&path, fields).await
    }

    /// A form that is accepted, and the page that the browser is sent to.
    pub(crate) async fn do_and_see(&mut self, screen: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(screen, fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let location = answer.location().to_owned();
        let page = self.get(&location).await;
        assert_eq!(page.status, StatusCode::OK, "{location}: {}", page.body);
        page
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(
            Request::builder().method(Method::GET).uri(path),
            Body::empty(),
        )
        .await
    }

    pub(crate) async fn post_as_is(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.send(request, Body::from(form.finish())).await
    }

    /// Sends a request with the browser's cookies, and keeps those of the answer.
    pub(crate) async fn send(
        &mut self,
        request: axum::http::request::Builder,
        body: Body,
    ) -> Answer {
        let cookies = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let request = request
            .header(header::HOST, "localhost:8080")
            .header(header::COOKIE, cookies)
            .body(body)
            .unwrap();
        self.send_whole(request).await
    }

    /// Sends a request as it is, and keeps the cookies of the answer.
    pub(crate) async fn send_whole(&mut self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap().to_owned();
            self.cookies.retain(|(it, _)| it != name);
            if !cookie.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value));
            }
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}

/// One of the products.
pub(crate) fn product(number: u128) -> ProductId {
    ProductId::new(uuid::Uuid::from_u128(number))
}

/// The request to register one.
pub(crate) fn registered(number: u128, name: &str) -> RegisterProduct {
    RegisterProduct {
        id: Some(product(number)),
        name: ProductText::new("name", name).unwrap(),
        sku: None,
        slug: None,
        description: None,
        status: ProductStatus::Live,
        commodity_type: CommodityType::Physical,
        manage_stock: false,
        external_ref: None,
        stock: None,
    }
}

/// A key that may do all.
pub(crate) fn new_key(name: &str) -> NewKeyRequest {
    NewKeyRequest {
        name: ProductText::new("name", name).unwrap(),
        reserved_rate_limit: 0,
        allow_implicit: false,
        access: Access::Full,
    }
}
