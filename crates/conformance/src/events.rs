//! The feed of events: nothing is missing, nothing comes twice, and each subject is in order.

use std::collections::{BTreeMap, BTreeSet};

use EventName::{
    LocationCreated, LocationDeleted, LocationUpdated, ProductCreated, ProductDeleted,
    ProductUpdated, ReservationCreated, ReservationUpdated, StockCreated, StockDeleted,
    TransactionCreated,
};
use TransactionAction::{Allocate, Deallocate, Increment};
use stockroom_application::ports::{FeedContent, FeedEvent, FeedState};
use stockroom_domain::{
    DeleteLocation, DeleteProduct, Event, EventName, ExpireReservation, ExtendReservation, FeedId,
    FulfilReservation, OrganizationId, Owner, PayReservation, ProductId, ReleaseReservation,
    Reservation, ReservationStep, Subject, TransactionAction, UpdateLocation, UpdateProduct,
};

use crate::client::stored;
use crate::concurrency::race;
use crate::reservations::{EXPIRY, reserve, reserve_all};
use crate::{Bench, Client, make, products};

impl Client {
    async fn feed(&self) -> FeedState {
        stored(self.database.number_events(self.scope.organization).await)
    }

    async fn events_after(&self, after: u64, limit: u32) -> Vec<FeedEvent> {
        let organization = self.scope.organization;
        stored(self.database.events(organization, after, limit).await)
    }

    /// All events that are kept, read in pages, and checked.
    pub(crate) async fn events(&self) -> Vec<FeedEvent> {
        let feed = self.feed().await;
        let mut events: Vec<FeedEvent> = Vec::new();
        let mut after = feed.oldest - 1;
        while after < feed.head {
            let page = self.events_after(after, 7).await;
            assert!(!page.is_empty(), "a page after {after} of {feed:?}");
            after += page.len() as u64;
            events.extend(page);
        }
        let positions = events.iter().map(|event| event.position);
        assert!(positions.eq(feed.oldest..=feed.head), "{feed:?}");
        assert_in_order(&events);
        events
    }

    pub(crate) async fn names(&self) -> Vec<EventName> {
        self.events().await.iter().map(FeedEvent::name).collect()
    }
}

/// Fails if an event comes twice, or a subject is out of order.
fn assert_in_order(events: &[FeedEvent]) {
    let ids: BTreeSet<_> = events.iter().map(FeedEvent::id).collect();
    assert_eq!(ids.len(), events.len(), "an event comes twice");
    let mut last: BTreeMap<Subject, (_, u64)> = BTreeMap::new();
    for event in events {
        let place = (event.at(), event.number());
        let before = last.insert(event.subject(), place);
        let is_first = matches!(event.name(), StockCreated | ProductCreated);
        assert!(
            is_first || before.is_none_or(|before| before <= place),
            "{event:?} comes after {before:?}"
        );
    }
}

/// Every entry is an event, between those of the creation and the deletion of its stock.
pub async fn a_stock_is_told_from_its_creation_to_its_deletion(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let stock = store.create(product, 5).await;
    for action in [Increment, Allocate, Deallocate] {
        bench.clock.advance(1);
        store.transact(product, action, 2).await.expect("it fits");
    }
    let refused = store.transact(product, Allocate, 100).await;
    assert!(refused.is_err());
    store.delete(product).await;
    let events = store.events().await;
    let told: Vec<_> = events.iter().map(|it| (it.name(), it.number())).collect();
    assert_eq!(
        told,
        [
            (StockCreated, 1),
            (TransactionCreated, 1),
            (TransactionCreated, 2),
            (TransactionCreated, 3),
            (TransactionCreated, 4),
            (StockDeleted, 4)
        ]
    );
    for event in &events {
        assert_eq!(event.subject(), Subject::Stock(product, stock.id));
        assert_eq!(event.owner(), store.owner());
    }
    let FeedContent::Entry(recorded, _) = &events[2].content else {
        panic!("{:?}", events[2]);
    };
    assert_eq!(recorded.entry.sums.available, make::quantity(7));
}

/// What is deleted and created anew at the same time is told in that order.
pub async fn what_is_made_again_comes_after_its_deletion(bench: Bench) {
    let store = bench.store().await;
    let first = store.create(bench.product(), 1).await;
    bench.clock.advance(1_000);
    store.delete(first.product).await;
    store.create(first.product, 2).await;
    // Of different subjects, no order is promised.
    store.feed().await;
    let of_product = products::register(&store, make::registration("A product")).await;
    bench.clock.advance(1_000);
    store.done(DeleteProduct { id: of_product.id }).await;
    let again = stockroom_domain::RegisterProduct {
        id: Some(of_product.id),
        ..make::registration("A product")
    };
    store.done(again).await;
    let expected = [
        StockCreated,
        TransactionCreated,
        StockDeleted,
        StockCreated,
        TransactionCreated,
        ProductCreated,
        ProductDeleted,
        ProductCreated,
    ];
    assert_eq!(store.names().await, expected);
}

/// Changes of products and locations, with their versions.
pub async fn products_and_locations_are_told(bench: Bench) {
    let store = bench.store().await;
    let product = products::register(&store, make::registration("A product")).await;
    bench.clock.advance(1);
    let update = UpdateProduct {
        name: Some(make::text("Another name")),
        ..products::update(product.id)
    };
    store.done(update).await;
    bench.clock.advance(1);
    store.done(DeleteProduct { id: product.id }).await;
    bench.clock.advance(1);
    let location = store.locate("berlin").await;
    bench.clock.advance(1);
    let update = UpdateLocation {
        slug: Some(make::slug("bonn")),
        ..UpdateLocation::new(location.id)
    };
    store.done(update).await;
    bench.clock.advance(1);
    store.done(DeleteLocation { id: location.id }).await;
    let events = store.events().await;
    let told: Vec<_> = events.iter().map(|it| (it.name(), it.number())).collect();
    let expected = [
        (ProductCreated, 1),
        (ProductUpdated, 2),
        (ProductDeleted, 3),
        (LocationCreated, 1),
        (LocationUpdated, 2),
        (LocationDeleted, 3),
    ];
    assert_eq!(told, expected);
}

fn steps(events: &[FeedEvent]) -> Vec<(u64, Vec<ReservationStep>)> {
    let steps = events.iter().filter_map(|event| match &event.content {
        FeedContent::Event(it) => match &**it {
            Event::ReservationUpdated(it, steps) => Some((it.version, steps.clone())),
            _ => None,
        },
        FeedContent::Entry(..) => None,
    });
    steps.collect()
}

/// Every step of a reservation is told, with the version that the reservation has after it.
pub async fn reservations_are_told_step_by_step(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 10).await;
    let of = |it: &Reservation| it.reference();
    let made = store.reserved(reserve(product, 3)).await;
    assert_eq!(made.version, 1);
    bench.clock.advance(1);
    let expires_in = stockroom_domain::ExpiresIn::from_seconds(90).expect("a time");
    let reservation = of(&made);
    store
        .done(ExtendReservation {
            reservation,
            expires_in,
        })
        .await;
    store
        .done(PayReservation {
            reservation: of(&made),
        })
        .await;
    // Paying again changes nothing.
    store
        .done(PayReservation {
            reservation: of(&made),
        })
        .await;
    let items = |pieces| Some(vec![crate::reservations::item(product, None, pieces)]);
    let release = ReleaseReservation {
        reservation: of(&made),
        items: items(1),
    };
    store.done(release).await;
    let fulfil = FulfilReservation {
        reservation: of(&made),
        items: None,
    };
    let done = store.done(fulfil).await;
    assert_eq!(done.version, 5);
    assert_eq!(
        store.reservation(made.id, bench.clock.now()).await,
        Some(done)
    );
    let expected = [
        (2, vec![ReservationStep::Extended]),
        (3, vec![ReservationStep::Paid]),
        (4, vec![ReservationStep::Released]),
        (5, vec![ReservationStep::Fulfilled]),
    ];
    let events = store.events().await;
    assert_eq!(steps(&events), expected);
    let names: Vec<EventName> = events.iter().map(FeedEvent::name).collect();
    assert_eq!(
        names
            .iter()
            .filter(|name| **name == ReservationCreated)
            .count(),
        1
    );
    assert_eq!(
        names
            .iter()
            .filter(|name| **name == ReservationUpdated)
            .count(),
        4
    );
}

/// The expiry of a reservation of several stocks is told once, whoever books it.
pub async fn an_expiry_is_told_once(bench: Bench) {
    let store = bench.store().await;
    let products = [bench.product(), bench.product()];
    for product in products {
        store.create(product, 5).await;
    }
    let items = products.map(|product| (product, None, 2));
    let made = store.reserved(reserve_all(&items)).await;
    bench.clock.advance(EXPIRY);
    // Settles one stock, then both.
    store
        .transact(products[0], Increment, 1)
        .await
        .expect("it fits");
    let reservation = made.reference();
    for _ in 0..2 {
        let reservation = reservation.clone();
        store.done(ExpireReservation { reservation }).await;
    }
    let events = store.events().await;
    assert_eq!(steps(&events), [(2, vec![ReservationStep::Expired])]);
    let expired = events.iter().find_map(|event| match &event.content {
        FeedContent::Event(it) => match &**it {
            Event::ReservationUpdated(it, _) => Some(it.clone()),
            _ => None,
        },
        FeedContent::Entry(..) => None,
    });
    let expired = expired.expect("the reservation");
    assert!(expired.lines.iter().all(|line| line.open().is_zero()));
    let entries = events.iter().filter(|it| it.name() == TransactionCreated);
    // Created, reserved, given back, and one increment.
    assert_eq!(entries.count(), 2 + 2 + 2 + 1);
}

/// Many writers, and a reader who follows: it sees the same as one who comes at the end.
pub async fn a_reader_who_follows_misses_nothing(bench: Bench) {
    const WRITERS: usize = 8;
    const CHANGES: usize = 20;
    let store = bench.store().await;
    let shared = bench.product();
    store.create(shared, 0).await;
    let own: Vec<ProductId> = (0..WRITERS).map(|_| bench.product()).collect();
    let follower = store.clone();
    let follow = tokio::spawn(async move {
        let wanted = (2 + WRITERS * (2 + 2 * CHANGES)) as u64;
        let mut seen = Vec::new();
        while (seen.len() as u64) < wanted {
            follower.feed().await;
            let page = follower.events_after(seen.len() as u64, 50).await;
            seen.extend(page);
            tokio::task::yield_now().await;
        }
        seen
    });
    race(WRITERS, |number| {
        let (store, own) = (store.clone(), own[number]);
        async move {
            store.create(own, 0).await;
            for _ in 0..CHANGES {
                let changes = [own, shared]
                    .map(|product| store.command(make::transaction(product, Increment, 1, None)));
                store.commit(changes.into()).await;
            }
        }
    })
    .await;
    let seen = follow.await.expect("the reader ends");
    let events = store.events().await;
    assert_eq!(seen, events);
}

/// Old events go, and the oldest ones if they are too many; positions go on.
pub async fn events_are_forgotten_by_age_and_by_size(bench: Bench) {
    let store = bench.store().await;
    let organization = store.scope.organization;
    let product = bench.product();
    let forget = async |before, bytes_max| {
        let forgotten = store
            .database
            .forget_events(organization, before, bytes_max);
        stored(forgotten.await);
        store.feed().await
    };
    store.create(product, 0).await;
    let before = store.feed().await;
    assert_eq!((before.oldest, before.head), (1, 2));
    bench.clock.advance(1_000);
    let now = bench.clock.now();
    store
        .transact(product, Increment, 1)
        .await
        .expect("it fits");
    let after = forget(now, u64::MAX).await;
    assert_eq!((after.oldest, after.head), (3, 3));
    assert_eq!(
        store.events_after(0, 10).await,
        store.events_after(2, 10).await
    );
    assert_eq!(store.names().await, [TransactionCreated]);
    for _ in 0..9 {
        store
            .transact(product, Increment, 1)
            .await
            .expect("it fits");
        store.feed().await;
    }
    let after = forget(now, 5 * 24).await;
    assert_eq!((after.oldest, after.head), (8, 12));
    let after = forget(now, 0).await;
    assert_eq!((after.oldest, after.head), (13, 12));
    assert_eq!(store.events_after(0, 10).await, []);
    store
        .transact(product, Increment, 1)
        .await
        .expect("it fits");
    let after = store.feed().await;
    assert_eq!((after.oldest, after.head), (13, 13));
}

/// A feed that is restarted has another id, and goes on.
pub async fn a_restarted_feed_has_another_id(bench: Bench) {
    let store = bench.store().await;
    let organization = store.scope.organization;
    assert_eq!(store.feed().await, FeedState::empty(organization));
    let id: FeedId = bench.id();
    stored(store.database.restart_feed(organization, id).await);
    store.create(bench.product(), 1).await;
    let feed = store.feed().await;
    assert_eq!((feed.id, feed.oldest, feed.head), (id, 1, 2));
    let other: FeedId = bench.id();
    stored(store.database.restart_feed(organization, other).await);
    assert_eq!(store.feed().await, FeedState { id: other, ..feed });
}

/// The events of an organization are its own. Those of its stores name the owner.
pub async fn organizations_have_feeds_of_their_own(bench: Bench) {
    let (one, other) = (bench.tenant().await, bench.tenant().await);
    let (store, shared) = (one.store().await, one.organization());
    store.create(bench.product(), 1).await;
    shared.create(bench.product(), 1).await;
    let stranger = other.store().await;
    stranger.create(bench.product(), 1).await;
    let owners = |events: Vec<FeedEvent>| {
        let owners = events.iter().map(FeedEvent::owner);
        owners.collect::<BTreeSet<Owner>>()
    };
    let expected = BTreeSet::from([store.owner(), Owner::Organization]);
    assert_eq!(owners(store.events().await), expected);
    let expected = BTreeSet::from([stranger.owner()]);
    assert_eq!(owners(stranger.events().await), expected);
    let nobody: OrganizationId = bench.id();
    let feed = stored(store.database.number_events(nobody).await);
    assert_eq!(feed, FeedState::empty(nobody));
    assert_eq!(stored(store.database.events(nobody, 0, 10).await), []);
}
