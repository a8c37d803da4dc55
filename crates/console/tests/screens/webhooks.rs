//! Webhooks.

use std::pin::Pin;

use axum::http::{StatusCode, header};
use stockroom_application::ports::{Delivery, WebhookBodies};
use stockroom_application::webhooks::{SendError, WebhookRequest, WebhookResponse, WebhookSender};
use stockroom_application::{NewIntegrationRequest, PageRequest};
use stockroom_domain::{
    Configuration, DeliveryCondition, DisableIntegration, EventFilter, EventFormat, Integration,
    IntegrationId, Observed, Owner, ProductText, Reason, WebhookUrl,
};

use crate::support::{Answer, Shop, product};

/// Receivers that answer at once, unless their address tells them to fail.
pub(crate) struct Receivers;

impl WebhookSender for Receivers {
    // What `async_trait` would write.
    fn send<'a, 'b>(
        &'a self,
        request: WebhookRequest,
    ) -> Pin<Box<dyn Future<Output = Result<WebhookResponse, SendError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let answer = if request.url.ends_with("/refused") {
            Err(SendError::ConnectionRefused)
        } else {
            Ok(WebhookResponse {
                status: if request.url.ends_with("/500") {
                    500
                } else {
                    200
                },
                body: "Thank <you>".to_owned(),
                retry_after: None,
            })
        };
        Box::pin(std::future::ready(answer))
    }

    fn check(&self, url: &str) -> Result<(), SendError> {
        match url.split_once("://") {
            Some(("https", _)) => Ok(()),
            Some(("http", _)) => Err(SendError::HttpNotAllowed),
            _ => Err(SendError::InvalidUrl),
        }
    }
}

/// Bodies without anything in them.
pub(crate) struct Bodies;

impl WebhookBodies for Bodies {
    fn body(&self, _: &Delivery<'_>) -> Vec<u8> {
        b"{}".to_vec()
    }
}

impl Shop {
    async fn webhook(&self, owner: Owner, path: &str) -> Integration {
        let request = NewIntegrationRequest {
            name: ProductText::new("name", "Search <index>").unwrap(),
            description: None,
            enabled: true,
            observes: Observed::parse(["stock-transaction.created", "product.updated"]).unwrap(),
            configuration: Configuration {
                url: WebhookUrl::new(format!("https://search.example{path}")).unwrap(),
                format: EventFormat::Standard,
                timeout: 10.try_into().unwrap(),
                filter: None,
            },
            secret_key: None,
        };
        let owner = self.operator(owner);
        let created = self.stockroom.create_integration(&owner, request);
        created.await.unwrap().integration
    }

    async fn own_webhook(&self, path: &str) -> Integration {
        self.webhook(Owner::Store(self.store.id), path).await
    }

    async fn webhooks(&self) -> Vec<Integration> {
        let owner = self.owner();
        let page = PageRequest::from_offset(100, 0);
        let found = self
            .stockroom
            .list_integrations(owner.administrator(), page);
        let found = found.await.unwrap().items.into_iter();
        found.map(|status| status.state.integration).collect()
    }
}

fn shown(shop: &Shop, page: &Answer, id: IntegrationId) -> String {
    page.main()
        .replace(&shop.store.id.to_string(), "STORE")
        .replace(&id.to_string(), "WEBHOOK")
}

/// The fields of the form.
const FIELDS: [(&str, &str); 7] = [
    ("name", "Shop <front>"),
    ("url", "https://shop.example/stock?key=1"),
    ("enabled", "on"),
    ("observes", "stock.created"),
    ("observes", "product.deleted"),
    ("format", "elasticpath"),
    ("timeout", "7"),
];

fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = FIELDS
        .iter()
        .filter(|(name, _)| changes.iter().all(|(it, _)| it != name));
    kept.chain(changes).copied().collect()
}

/// The fields of the form for a webhook, as its page has them.
fn fields_of<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let fields = [
        ("name", "Search <index>"),
        ("url", "https://search.example/a"),
        ("enabled", "on"),
        ("observes", "stock-transaction.created"),
        ("observes", "product.updated"),
        ("format", "standard"),
        ("timeout", "10"),
        ("version", "1"),
    ];
    let kept = fields
        .into_iter()
        .filter(|(name, _)| changes.iter().all(|(it, _)| it != name));
    kept.chain(changes.iter().copied()).collect()
}

#[tokio::test]
async fn the_list_shows_how_webhooks_are() {
    let mut shop = Shop::open().await;
    let page = shop.page("/webhooks").await;
    assert!(page.body.contains("There is no webhook yet."));
    let webhook = shop.own_webhook("/secret-path").await;
    let page = shop.page("/webhooks").await;
    insta::assert_snapshot!(shown(&shop, &page, webhook.id));
    let page = shop.page(&format!("/webhooks/{}/edit", webhook.id)).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn a_webhook_is_created_and_its_secret_shown_once() {
    let mut shop = Shop::open().await;
    let page = shop.page("/webhooks/new").await;
    insta::assert_snapshot!(
        "new",
        page.main().replace(&shop.store.id.to_string(), "STORE")
    );
    let product = product(2).to_string();
    let products = format!("BEAN-1\r\n{product}\r\n");
    let fields = with(&[
        ("description", "Tells the\r\nshop"),
        ("products", &products),
        ("locations", "berlin, paris"),
        ("secret_key", "known to both"),
    ]);
    let answer = shop.post("/webhooks", &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.main());
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let webhooks = shop.webhooks().await;
    let webhook = &webhooks[0];
    assert_eq!(webhook.name.as_str(), "Shop <front>");
    assert!(webhook.enabled);
    assert_eq!(
        webhook.observes.names(),
        ["stock.created", "product.deleted"]
    );
    let configuration = &webhook.configuration;
    assert_eq!(configuration.format, EventFormat::ElasticPath);
    assert_eq!(configuration.timeout.seconds(), 7);
    let first = crate::support::product(1);
    assert_eq!(
        configuration.filter.as_ref().unwrap().text,
        format!("in(product_id,{first},{product}):in(location,berlin,paris)")
    );
    let secret = &answer.body[answer.body.find("whsec_").unwrap()..];
    let secret = secret[..secret.find('<').unwrap()].to_owned();
    let text = shown(&shop, &answer, webhook.id).replace(&secret, "SECRET");
    insta::assert_snapshot!("secret", text);
    for path in ["", "/edit", "/attempts"] {
        let page = shop.page(&format!("/webhooks/{}{path}", webhook.id)).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains("whsec_") && !page.body.contains("known to both"));
        assert!(!page.body.contains("<front>"));
    }
}

#[tokio::test]
async fn a_form_that_is_refused_stays_typed() {
    let mut shop = Shop::open().await;
    let webhook = shop.own_webhook("/a").await;
    let edit = format!("/webhooks/{}/edit", webhook.id);
    for path in ["/webhooks", &edit] {
        for (field, value, status, told) in [
            (
                "name",
                "",
                400,
                "The name must be a text of 1 to 1024 characters.",
            ),
            ("url", "https://a b", 400, "The address must be a URL"),
            (
                "url",
                "http://shop.example",
                422,
                "The address can&#39;t be called: http not allowed",
            ),
            (
                "observes",
                "nonsense",
                400,
                "Tick at least one event, or everything.",
            ),
            (
                "timeout",
                "31",
                400,
                "The time to answer must be 1 to 30 whole seconds.",
            ),
            ("format", "nonsense", 400, "The form of the body must be"),
            (
                "products",
                "NONE",
                400,
                "No product has the id or SKU “NONE”.",
            ),
            (
                "locations",
                "berlin (1)",
                400,
                "“(1)” isn&#39;t the slug of a location.",
            ),
            (
                "secret_key",
                "sécret",
                400,
                "The text that is sent with every event must be",
            ),
        ] {
            let fields = with(&[
                ("description", "Tells the shop"),
                ("version", "1"),
                (field, value),
            ]);
            let answer = shop.post(path, &fields).await;
            assert_eq!(answer.status.as_u16(), status, "{told}");
            assert!(answer.body.contains(told), "{told}: {}", answer.main());
            assert!(answer.body.contains("Tells the shop</textarea>"));
            assert!(!answer.body.contains("sécret"), "a secret isn't shown");
            let is_ticked = answer.body.contains("value=\"product.deleted\" checked");
            assert_eq!(is_ticked, field != "observes");
        }
    }
    let answer = shop.post(&edit, &fields_of(&[("version", "0")])).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("Somebody has changed this webhook"));
    assert!(answer.body.contains("name=\"version\" value=\"1\""));
    assert_eq!(shop.webhooks().await, [webhook]);
}

#[tokio::test]
async fn a_webhook_is_edited() {
    let mut shop = Shop::open().await;
    let webhook = shop.own_webhook("/a").await;
    let edit = format!("/webhooks/{}/edit", webhook.id);
    let page = shop.do_and_see(&edit, &fields_of(&[])).await;
    assert!(page.body.contains("Nothing was to be changed."));
    let changes = [
        ("name", "Shop"),
        ("all", "on"),
        ("enabled", ""),
        ("url", "https://shop.example/b"),
        ("locations", "berlin"),
        ("remove_secret", "on"),
    ];
    let page = shop.do_and_see(&edit, &fields_of(&changes)).await;
    assert!(page.body.contains("Saved."));
    let saved = shop.webhooks().await.pop().unwrap();
    assert_eq!((saved.name.as_str(), saved.enabled), ("Shop", false));
    assert_eq!(saved.observes, Observed::All);
    assert_eq!(saved.configuration.url.as_str(), "https://shop.example/b");
    assert_eq!(
        saved.configuration.filter.unwrap().text,
        "in(location,berlin)"
    );
    assert!(page.body.contains("<span class=\"badge muted\">off</span>"));
    assert!(
        page.body
            .contains("Events can be sent again once the webhook is on.")
    );
}

#[tokio::test]
async fn it_is_told_why_the_server_has_switched_a_webhook_off() {
    let mut shop = Shop::open().await;
    let webhook = shop.own_webhook("/a").await;
    let disable = DisableIntegration {
        id: webhook.id,
        version: webhook.version,
        reason: Reason::new("reason", "answered <410>").unwrap(),
    };
    let owner = shop.owner();
    shop.stockroom.execute(&owner, disable).await.unwrap();
    let told = "<span class=\"badge bad\">switched off by the server</span>";
    let page = shop.page("/webhooks").await;
    assert!(
        page.body
            .contains(&format!("{told}: <bdi>answered &#60;410&#62;</bdi>"))
    );
    let page = shop.page(&format!("/webhooks/{}", webhook.id)).await;
    assert!(page.body.contains(told) && page.body.contains("it goes on where it stopped."));
    let edit = format!("/webhooks/{}/edit", webhook.id);
    let page = shop
        .do_and_see(&edit, &fields_of(&[("version", "2")]))
        .await;
    assert!(page.body.contains("<span class=\"badge good\">on</span>"));
}

#[tokio::test]
async fn a_filter_that_the_fields_cannot_say_stays_or_goes() {
    let mut shop = Shop::open().await;
    let webhook = shop.own_webhook("/a").await;
    let text = "eq(location,berlin):in(location,berlin,'<x>')";
    let location = |slugs: &[&str]| {
        DeliveryCondition::Location(slugs.iter().map(ToString::to_string).collect())
    };
    let filter = EventFilter {
        text: text.to_owned(),
        conditions: vec![location(&["berlin"]), location(&["berlin", "<x>"])],
    };
    let update = stockroom_domain::UpdateIntegration {
        id: webhook.id,
        expect_version: None,
        name: None,
        description: stockroom_domain::Patch::Keep,
        enabled: None,
        observes: None,
        url: None,
        secret_key: stockroom_domain::Patch::Keep,
        format: None,
        timeout: None,
        filter: stockroom_domain::Patch::Set(filter.clone()),
    };
    let owner = shop.owner();
    let updated = shop.stockroom.update_integration(&owner, update);
    updated.await.unwrap();
    let edit = format!("/webhooks/{}/edit", webhook.id);
    let page = shop.page(&edit).await;
    assert!(page.body.contains("A program wrote this filter") && !page.body.contains("<x>"));
    let kept = fields_of(&[("version", "2"), ("name", "Shop")]);
    shop.do_and_see(&edit, &kept).await;
    let changed = shop.webhooks().await.pop().unwrap();
    assert_eq!(changed.configuration.filter, Some(filter));
    let removed = fields_of(&[("version", "3"), ("name", "Shop"), ("remove_filter", "on")]);
    shop.do_and_see(&edit, &removed).await;
    assert_eq!(
        shop.webhooks().await.pop().unwrap().configuration.filter,
        None
    );
}

#[tokio::test]
async fn a_test_shows_what_the_receiver_answers() {
    let mut shop = Shop::open().await;
    let webhook = shop.own_webhook("/a").await;
    let path = format!("/webhooks/{}", webhook.id);
    let page = shop.page(&path).await;
    assert!(
        page.body
            .contains("Nothing was sent in the last seven days.")
    );
    let page = shop.do_and_see(&format!("{path}/test"), &[]).await;
    assert!(page.body.contains("Sent."));
    let at = page.body.find("Event <code>").unwrap() + 12;
    let event = page.body[at..at + 36].to_owned();
    let at = page.body.find("id=\"attempt-").unwrap() + 12;
    let log = page.body[at..at + 36].to_owned();
    let text = shown(&shop, &page, webhook.id);
    insta::assert_snapshot!(
        "delivery",
        text.replace(&event, "EVENT").replace(&log, "LOG")
    );
    let page = shop.page(&path).await;
    let text = shown(&shop, &page, webhook.id);
    insta::assert_snapshot!("one", text.replace(&event, "EVENT"));

    let other = shop.own_webhook("/500").await;
    let page = shop
        .do_and_see(&format!("/webhooks/{}/test", other.id), &[])
        .await;
    assert!(!page.body.contains("Sent."));
    assert!(
        page.body.contains("failed</span> <bdi>answered 500</bdi>"),
        "{}",
        page.main()
    );
    let other = shop.own_webhook("/refused").await;
    let page = shop
        .do_and_see(&format!("/webhooks/{}/test", other.id), &[])
        .await;
    assert!(page.body.contains("<bdi>connection refused</bdi>"));
    let page = shop.page("/webhooks/attempts").await;
    assert_eq!(page.body.matches("<tr id=\"attempt-").count(), 3);
    let page = shop.page(&format!("/webhooks/{}/attempts", other.id)).await;
    assert_eq!(page.body.matches("<tr id=\"attempt-").count(), 1);
    // The event is none of this webhook.
    let page = shop
        .page(&format!("/webhooks/{}/deliveries/{event}", other.id))
        .await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn long_lists_of_attempts_have_pages() {
    let mut shop = Shop::open().await;
    let webhook = shop.own_webhook("/a").await;
    for _ in 0..60 {
        let owner = shop.owner();
        let test = shop.stockroom.test_integration(&owner, webhook.id);
        test.await.unwrap();
    }
    for (path, row) in [("", "delivery"), ("/attempts", "attempt")] {
        let page = shop.page(&format!("/webhooks/{}{path}", webhook.id)).await;
        assert_eq!(page.body.matches(&format!("<tr id=\"{row}-")).count(), 50);
        assert!(page.body.contains("50 of 60"));
        let next = shop.path(&format!("/webhooks/{}{path}?after=50", webhook.id));
        assert!(page.body.contains(&format!("href=\"{next}\"")));
        let page = shop.get(&next).await;
        assert_eq!(page.body.matches(&format!("<tr id=\"{row}-")).count(), 10);
    }
}

#[tokio::test]
async fn the_secret_is_replaced() {
    let mut shop = Shop::open().await;
    let webhook = shop.own_webhook("/a").await;
    let rotate = format!("/webhooks/{}/rotate", webhook.id);
    let answer = shop.post(&rotate, &[("hours", "0")]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        answer.body.contains("The webhook has another secret.") && answer.body.contains("whsec_")
    );
    for hours in ["169", "-1", "a <day>", ""] {
        let answer = shop.post(&rotate, &[("hours", hours)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(
            answer
                .body
                .contains("isn&#39;t a whole number of hours from 0 to 168.")
        );
        assert!(!answer.body.contains("<day>") && !answer.body.contains("whsec_"));
    }
    assert_eq!(shop.webhooks().await.pop().unwrap().version, 2);
}

#[tokio::test]
async fn events_are_sent_again() {
    let mut shop = Shop::open().await;
    let webhook = shop.own_webhook("/a").await;
    let replay = format!("/webhooks/{}/replay", webhook.id);
    let page = shop.do_and_see(&replay, &[("position", "3")]).await;
    assert!(
        page.body
            .contains("The events are sent again, in their order.")
    );
    assert!(
        page.body.contains("position 2 of the feed"),
        "{}",
        page.main()
    );
    shop.do_and_see(&replay, &[("since", "2026-01-31T09:30:00")])
        .await;
    for (position, since, status, told) in [
        ("", "", 400, "Write a position or a time: one of them."),
        ("x", "", 400, "“x” isn&#39;t the position of an event"),
        ("", "<then>", 400, "isn&#39;t a date and time."),
        ("999", "", 422, "The feed isn&#39;t there yet"),
    ] {
        let answer = shop
            .post(&replay, &[("position", position), ("since", since)])
            .await;
        assert_eq!(answer.status.as_u16(), status, "{told}");
        assert!(answer.body.contains(told), "{}", answer.main());
        assert!(
            answer
                .body
                .contains(&format!("name=\"position\" value=\"{position}\""))
        );
    }
    let edit = format!("/webhooks/{}/edit", webhook.id);
    shop.do_and_see(&edit, &fields_of(&[("enabled", "")])).await;
    let answer = shop.post(&replay, &[("position", "3")]).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer
            .body
            .contains("The webhook is off. Switch it on first.")
    );
}

#[tokio::test]
async fn a_webhook_is_deleted() {
    let mut shop = Shop::open().await;
    let webhook = shop.own_webhook("/a").await;
    let delete = format!("/webhooks/{}/delete", webhook.id);
    let page = shop.do_and_see(&delete, &[]).await;
    assert!(page.body.contains("Deleted.") && page.body.contains("There is no webhook yet."));
    assert_eq!(shop.post(&delete, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn others_webhooks_are_not_found_and_a_key_that_looks_changes_nothing() {
    let mut shop = Shop::open().await;
    let theirs = shop.webhook(Owner::Organization, "/a").await.id;
    let steps = ["edit", "test", "rotate", "replay", "delete"];
    for id in [theirs.to_string(), "nonsense".to_owned()] {
        for path in ["", "/edit", "/attempts"] {
            let page = shop.page(&format!("/webhooks/{id}{path}")).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        }
        for step in steps {
            let answer = shop.post(&format!("/webhooks/{id}/{step}"), &FIELDS).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{step}");
        }
    }
    let own = shop.own_webhook("/a").await.id;
    shop.look_only().await;
    for path in [
        "/webhooks".to_owned(),
        format!("/webhooks/{own}"),
        "/webhooks/attempts".to_owned(),
    ] {
        let page = shop.page(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(
            !page.main().contains("<form") && !page.main().contains("/webhooks/new"),
            "{path}"
        );
    }
    for step in steps {
        let answer = shop.post(&format!("/webhooks/{own}/{step}"), &FIELDS).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{step}");
    }
    assert_eq!(
        shop.post("/webhooks", &FIELDS).await.status,
        StatusCode::FORBIDDEN
    );
}
