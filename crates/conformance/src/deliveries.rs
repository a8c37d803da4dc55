//! Deliveries of events to receivers: nothing is missing, each subject is in order, and no two servers
//! deliver for one integration at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use TransactionAction::{Allocate, Increment};
use stockroom_application::ports::{Delivery, DeliveryLog, LogsOf, SentEvent, WebhookBodies};
use stockroom_application::webhooks::WebhookSender;
use stockroom_application::{Deliverer, Limits, SigningKey, Stockroom};
use stockroom_domain::{
    CreateIntegration, EventName, Integration, IntegrationId, Observed, ReplayEvents,
    TransactionAction, UpdateIntegration,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::client::stored;
use crate::integrations::{create, state, update};
use crate::receiver::{Received, Receiver};
use crate::{Bench, Client, make};

/// The name, the position and the subject of an event.
struct Bodies;

impl WebhookBodies for Bodies {
    fn body(&self, delivery: &Delivery<'_>) -> Vec<u8> {
        let name = delivery.event.name();
        let (position, subject) = match delivery.event {
            SentEvent::Feed(event) => (event.position, event.subject().id().to_string()),
            SentEvent::Gap(gap) => (gap.up_to, "gap".to_owned()),
            SentEvent::Test { .. } => (0, "test".to_owned()),
        };
        format!("{name} {position} {subject}").into_bytes()
    }
}

/// A server that delivers.
struct Server {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(bench: &Bench, seed: u64, receiver: &Arc<Receiver>) -> Self {
        let environment = bench.environment_of(seed);
        let stockroom = Stockroom::open(
            Arc::clone(&bench.database),
            environment,
            Limits::default(),
            SigningKey::new(vec![7; 32]),
        );
        let sender = Arc::clone(receiver) as Arc<dyn WebhookSender>;
        let stockroom = stored(stockroom.await).with_webhooks(sender, Arc::new(Bodies));
        let deliverer = Deliverer::new(&Arc::new(stockroom)).expect("it sends webhooks");
        let (stop, stopping) = watch::channel(false);
        let task = tokio::spawn(deliverer.run(stopping));
        Self { stop, task }
    }

    /// Stops it as a server is stopped: other servers can go on at once.
    async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.expect("it stops");
    }
}

impl Client {
    async fn logs(&self, id: IntegrationId) -> Vec<DeliveryLog> {
        let of = LogsOf::Integration(id);
        let database = &self.database;
        let logs = database.delivery_logs(self.scope.organization, of, 100, 0);
        let (mut logs, _) = stored(logs.await);
        logs.reverse();
        logs
    }

    /// Waits until a number of failures is noted.
    async fn failures(&self, id: IntegrationId, count: usize) {
        eventually(async || {
            let logs = self.logs(id).await;
            let failures = logs.iter().filter(|log| !log.succeeded).count();
            (failures >= count).then_some(())
        })
        .await;
    }

    async fn observing(&self, observes: Observed) -> Integration {
        let request = CreateIntegration {
            observes,
            ..make::integration("An index")
        };
        self.done(request).await.integration
    }
}

/// Waits for something that happens soon.
async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = tokio::time::timeout(Duration::from_mins(1), async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    });
    found.await.expect("it happens")
}

/// Fails unless these are all positions from the first to the last, each subject in order.
fn assert_complete(received: &[Received]) {
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for event in received {
        let before = last.insert(&event.subject, event.position);
        let before = before.unwrap_or(0);
        assert!(before < event.position, "{event:?} after {before}");
    }
    let positions: BTreeSet<u64> = received.iter().map(|event| event.position).collect();
    assert_eq!(positions.len(), received.len(), "one comes twice");
    let (first, last) = (positions.first(), positions.last());
    let count = last.unwrap_or(&0) - first.unwrap_or(&1) + 1;
    assert_eq!(
        count,
        positions.len() as u64,
        "one is missing: {positions:?}"
    );
}

fn is_about_stock(name: EventName) -> bool {
    matches!(
        name,
        EventName::TransactionCreated | EventName::StockCreated
    )
}

/// An integration gets the events that its owner sees, and of these the ones that it observes.
pub async fn events_come_as_observed(bench: Bench) {
    let tenant = bench.tenant().await;
    let store = tenant.store().await;
    let other = tenant.store().await;
    let observed = EventName::ALL
        .iter()
        .copied()
        .filter(|it| is_about_stock(*it));
    let integration = store.observing(Observed::Only(observed.collect())).await;
    let receiver = Receiver::new(|_, _| 204);
    let server = Server::start(&bench, 3, &receiver).await;
    let [product, theirs] = [bench.product(), bench.product()];
    store.done(make::stock(product, 5, [])).await;
    other.done(make::stock(theirs, 5, [])).await;
    store.done(make::location("berlin")).await;
    for _ in 0..20 {
        store
            .transact(product, Increment, 1)
            .await
            .expect("a movement");
    }
    // The creation is two events.
    let events = receiver.wait_for(22).await;
    server.stop().await;
    let ours = product.to_string();
    assert!(events.iter().all(|event| event.subject == ours));
    let positions: Vec<u64> = events.iter().map(|event| event.position).collect();
    assert!(positions.is_sorted(), "{positions:?}");
    assert_eq!(receiver.received().len(), 22);
    let found = state(&store, integration.id).await.expect("it");
    assert_eq!(found.failing_since, None);
    assert!(Some(&found.position) >= positions.last());
    assert_eq!(store.logs(integration.id).await.len(), 22);
}

/// An event that fails is sent again, with its id. Until then its subject waits, and no other.
pub async fn a_failure_holds_back_its_subject(bench: Bench) {
    let store = bench.store().await;
    let integration = create(&store).await;
    let [poor, good] = [bench.product(), bench.product()];
    let failing = poor.to_string();
    let receiver = Receiver::new(move |event, earlier| {
        if event.subject == failing && event.name == "stock.created" && earlier < 2 {
            503
        } else {
            200
        }
    });
    store.done(make::stock(poor, 5, [])).await;
    store.done(make::stock(good, 5, [])).await;
    store.transact(good, Allocate, 1).await.expect("a movement");
    let server = Server::start(&bench, 3, &receiver).await;
    // That of the integration, three of the good product, and the first of the poor one.
    receiver.wait_for(5).await;
    for (failures, seconds, count) in [(1, 7, 6), (2, 40, 8)] {
        store.failures(integration.id, failures).await;
        bench.clock.advance(seconds * 1_000);
        receiver.wait_for(count).await;
    }
    server.stop().await;
    let all = receiver.received();
    let of = |product: &str| {
        let events = all.iter().filter(move |it| it.subject == product);
        events.map(|it| it.position).collect::<Vec<_>>()
    };
    let (poor, good) = (of(&poor.to_string()), of(&good.to_string()));
    assert_eq!(poor, [2, 2, 2, 3]);
    assert_eq!(good, [4, 5, 6]);
    let logs = store.logs(integration.id).await;
    let failed: Vec<_> = logs.iter().filter(|log| !log.succeeded).collect();
    let attempts: Vec<u32> = failed.iter().map(|log| log.attempt).collect();
    assert_eq!(attempts, [1, 2]);
    let details = failed.iter().map(|log| log.error_detail.as_deref());
    assert!(details.eq([Some("answered 503"); 2]));
    assert_eq!(logs.len(), 8);
}

/// An event that the receiver refuses again and again, while it takes others, is set aside.
pub async fn a_poisoned_event_is_set_aside(bench: Bench) {
    let store = bench.store().await;
    let integration = create(&store).await;
    let [poor, good] = [bench.product(), bench.product()];
    let poisoned = poor.to_string();
    let receiver = Receiver::new(move |event, _| {
        if event.subject == poisoned && event.name == "stock.created" {
            422
        } else {
            200
        }
    });
    store.done(make::stock(poor, 5, [])).await;
    store.done(make::stock(good, 5, [])).await;
    let server = Server::start(&bench, 3, &receiver).await;
    let mut count = 4;
    for failures in 1..=4 {
        receiver.wait_for(count).await;
        store.failures(integration.id, failures).await;
        store
            .transact(good, Increment, 1)
            .await
            .expect("a movement");
        count += 1;
        receiver.wait_for(count).await;
        bench.clock.advance(13 * 60 * 1_000);
        count += 1;
    }
    // After the fifth refusal, the entry of the creation.
    let events = receiver.wait_for(count + 1).await;
    server.stop().await;
    let last = events.last().expect("some");
    assert_eq!(
        (last.position, &*last.name),
        (3, "stock-transaction.created")
    );
    let logs = store.logs(integration.id).await;
    let details = logs.iter().filter_map(|log| log.error_detail.as_deref());
    let refused = "answered 422";
    assert!(details.eq([refused, refused, refused, refused, "set aside"]));
    let found = state(&store, integration.id).await.expect("it");
    assert_eq!(found.position, 9);
}

/// 410 disables an integration, which is an event. Enabled again, it goes on where it stopped.
pub async fn a_receiver_that_is_gone_is_left_alone(bench: Bench) {
    let store = bench.store().await;
    let integration = create(&store).await;
    let receiver = Receiver::new(|_, earlier| if earlier == 0 { 410 } else { 200 });
    let watching = Receiver::new(|_, _| 200);
    let product = bench.product();
    store.done(make::stock(product, 5, [])).await;
    let server = Server::start(&bench, 3, &receiver).await;
    receiver.wait_for(1).await;
    let reason = eventually(async || {
        let found = state(&store, integration.id).await.expect("it");
        let integration = found.integration;
        (!integration.enabled).then_some(integration.disabled_reason)
    });
    let reason = reason.await;
    server.stop().await;
    assert_eq!(
        reason.expect("a reason").as_str(),
        "The receiver answered 410 Gone"
    );
    let organization = store.scope.organization;
    let counted = store.database.disabled_integrations(organization);
    assert_eq!(stored(counted.await), 1);
    let sent = receiver.received().len();
    store
        .done(UpdateIntegration {
            enabled: Some(true),
            ..update(integration.id)
        })
        .await;
    let server = Server::start(&bench, 4, &watching).await;
    // Its creation, two of the stock, that it was disabled, and that it was enabled.
    let events = watching.wait_for(5).await;
    server.stop().await;
    assert!(sent <= 3, "{sent}");
    let names: Vec<&str> = events.iter().map(|it| &*it.name).collect();
    assert!(names.contains(&"integration.disabled"), "{names:?}");
    assert_complete(&events);
}

/// A replay sends the same events again, with the same ids and those of a subject in order.
pub async fn a_replay_sends_the_same_events(bench: Bench) {
    let store = bench.store().await;
    let integration = create(&store).await;
    let product = bench.product();
    store.done(make::stock(product, 5, [])).await;
    for _ in 0..5 {
        store
            .transact(product, Increment, 1)
            .await
            .expect("a movement");
    }
    let receiver = Receiver::new(|_, _| 200);
    let server = Server::start(&bench, 3, &receiver).await;
    let mut first = receiver.wait_for(8).await;
    // Only the events of one subject come in order.
    first.sort_by_key(|event| event.position);
    let id = integration.id;
    store.done(ReplayEvents { id, from: 4 }).await;
    let events = receiver.wait_for(13).await;
    server.stop().await;
    let again = events.get(8..).expect("five more");
    assert_eq!(again, first.get(3..).expect("the last five"));
    let found = state(&store, id).await.expect("it");
    assert_eq!(found.position, 8);
}

/// If the feed has forgotten events before they were sent, the receiver is told first.
pub async fn a_gap_is_told(bench: Bench) {
    let store = bench.store().await;
    create(&store).await;
    let product = bench.product();
    store.done(make::stock(product, 5, [])).await;
    let organization = store.scope.organization;
    stored(store.database.number_events(organization).await);
    bench.clock.advance(1_000);
    let now = bench.clock.now();
    let forgotten = store.database.forget_events(organization, now, u64::MAX);
    stored(forgotten.await);
    store
        .transact(product, Increment, 1)
        .await
        .expect("a movement");
    let receiver = Receiver::new(|event, earlier| {
        if event.name == "feed.gap" && earlier == 0 {
            0
        } else {
            200
        }
    });
    let server = Server::start(&bench, 3, &receiver).await;
    receiver.wait_for(1).await;
    server.stop().await;
    bench.clock.advance(10_000);
    // Another server tells it again.
    let server = Server::start(&bench, 4, &receiver).await;
    let events = receiver.wait_for(3).await;
    server.stop().await;
    let told: Vec<_> = events.iter().map(|it| (&*it.name, it.position)).collect();
    let expected = [
        ("feed.gap", 3),
        ("feed.gap", 3),
        ("stock-transaction.created", 4),
    ];
    assert_eq!(told, expected);
    assert_eq!(events[0].id, events[1].id);
}

/// Of two servers, one delivers at a time. When it stops, the other goes on, and nothing comes twice.
pub async fn servers_take_turns(bench: Bench) {
    let store = bench.store().await;
    create(&store).await;
    let receiver = Receiver::new(|_, _| 200);
    let mut servers = vec![
        Server::start(&bench, 3, &receiver).await,
        Server::start(&bench, 4, &receiver).await,
    ];
    let products: Vec<_> = (0..4).map(|_| bench.product()).collect();
    let mut made = 1;
    for round in 0..4 {
        for product in &products {
            if round == 0 {
                store.done(make::stock(*product, 5, [])).await;
                made += 2;
            }
            store
                .transact(*product, Increment, 1)
                .await
                .expect("a movement");
            made += 1;
        }
        receiver.wait_for(made).await;
        if servers.len() > 1 {
            servers.remove(0).stop().await;
        }
    }
    for server in servers {
        server.stop().await;
    }
    assert_complete(&receiver.received());
    assert_eq!(receiver.received().len(), made);
}
