//! Reservations for which locations are chosen.

use stockroom_domain::{
    CheckAvailability, Geolocation, ItemPlace, Location, OrderId, Patch, Priority, ProductId,
    Refusal, Reservation, ReservationItem, ReservationState, Reserve, Shortage, Sourcing,
    SourcingOrder, Split, UpdateLocation,
};

use crate::policies::policy;
use crate::reservations::{for_order, fulfil, item, pay, reserve_all};
use crate::verify::assert_intact;
use crate::{Bench, Client, make};

/// A store with the locations `york` and `leeds`, and a product with this many pieces outside of these, and in
/// each of them.
pub(crate) async fn stocked(bench: &Bench, pool: u64, located: [u64; 2]) -> (Client, ProductId) {
    let store = bench.store().await;
    let product = bench.product();
    let places = ["york", "leeds"];
    for place in places {
        store.locate(place).await;
    }
    let located = places.into_iter().zip(located);
    store.done(make::stock(product, pool, located)).await;
    (store, product)
}

/// The rules with this split, and no others.
pub(crate) fn split(split: Split) -> Sourcing {
    Sourcing {
        split,
        ..Sourcing::default()
    }
}

/// A request to place these pieces.
pub(crate) fn placed(items: &[(ProductId, u64)], sourcing: Sourcing) -> Reserve {
    let items = items
        .iter()
        .map(|(product, pieces)| (*product, None, *pieces));
    Reserve {
        sourcing: Some(sourcing),
        ..reserve_all(&items.collect::<Vec<_>>())
    }
}

/// The pieces of each item of a reservation by location; `-` is the unlocated pool.
fn sources(reservation: &Reservation) -> Vec<Vec<(String, u64)>> {
    let of = |item: stockroom_domain::ReservedItem<'_>| {
        let lines = item
            .lines
            .iter()
            .map(|line| (line.slug().unwrap_or("-").to_owned(), line.quantity.get()));
        lines.collect()
    };
    reservation.items().into_iter().map(of).collect()
}

/// Fails unless the items are served by these places.
pub(crate) fn assert_sources(reservation: &Reservation, expected: &[&[(&str, u64)]]) {
    let expected = expected.iter().map(|item| {
        let places = item
            .iter()
            .map(|(slug, pieces)| ((*slug).to_owned(), *pieces));
        places.collect::<Vec<_>>()
    });
    assert_eq!(sources(reservation), expected.collect::<Vec<_>>());
}

pub(crate) fn short(shortages: &[(ProductId, Option<&str>, u64, u64)]) -> Refusal {
    let shortages = shortages
        .iter()
        .map(|(product, slug, requested, available)| Shortage {
            product: *product,
            location: slug.map(make::slug),
            requested: *requested,
            available: make::quantity(*available),
        });
    Refusal::ReservationShort(shortages.collect())
}

async fn prioritize(client: &Client, location: &Location, priority: u64) {
    let update = UpdateLocation {
        priority: Priority::new(priority).map_or(Patch::Keep, Patch::Set),
        ..UpdateLocation::new(location.id)
    };
    client.done(update).await;
}

/// Locations are chosen by their order: enabled ones, those that are allowed, and the pool last.
pub async fn locations_are_chosen_in_order(bench: Bench) {
    let store = bench.store().await;
    let (york, leeds) = (store.locate("york").await, store.locate("leeds").await);
    let product = bench.product();
    store
        .done(make::stock(product, 9, [("york", 9), ("leeds", 9)]))
        .await;
    let wanted = |sourcing| placed(&[(product, 1)], sourcing);
    let first = |reservation: Reservation| sources(&reservation)[0][0].0.clone();
    let rules = || split(Split::Lines);
    // Of the same priority, the oldest is the first.
    assert_eq!(first(store.reserved(wanted(rules())).await), "york");
    prioritize(&store, &leeds, 5).await;
    assert_eq!(first(store.reserved(wanted(rules())).await), "leeds");
    let near = Geolocation::new(53.9, -1.1).expect("a point");
    let nearest = || Sourcing {
        order: SourcingOrder::Nearest(near),
        ..Sourcing::default()
    };
    // Nobody knows where leeds is.
    let at = UpdateLocation {
        geolocation: Patch::Set(Geolocation::new(53.96, -1.08).expect("a point")),
        ..UpdateLocation::new(york.id)
    };
    store.done(at).await;
    assert_eq!(first(store.reserved(wanted(nearest())).await), "york");
    let disabled = UpdateLocation {
        enabled: Patch::Set(false),
        ..UpdateLocation::new(york.id)
    };
    store.done(disabled).await;
    assert_eq!(first(store.reserved(wanted(nearest())).await), "leeds");
    let only = |slug: &str| Sourcing {
        only: Some([slug.to_owned()].into()),
        ..Sourcing::default()
    };
    let refused = store.ask(wanted(only("york"))).await;
    assert_eq!(refused.map(drop), Err(short(&[(product, None, 1, 0)])));
    let refused = store.ask(wanted(only("nowhere"))).await;
    assert_eq!(refused.map(drop), Err(Refusal::unknown_location("nowhere")));
    // The pool comes last, and isn't among the only locations.
    let rest = placed(&[(product, 9)], split(Split::Lines));
    assert_eq!(first(store.reserved(rest).await), "-");
    let refused = store.ask(placed(&[(product, 8)], only("leeds"))).await;
    assert_eq!(refused.map(drop), Err(short(&[(product, None, 8, 7)])));
    assert_intact(&store).await;
}

/// What may be split is split as little as possible, and refused only if the pieces don't suffice.
pub async fn orders_are_split_as_allowed(bench: Bench) {
    let store = bench.store().await;
    store.locate("york").await;
    store.locate("leeds").await;
    let [shirt, shoe] = [bench.product(), bench.product()];
    let stocks = [
        make::stock(shirt, 1, [("york", 6), ("leeds", 6)]),
        make::stock(shoe, 0, [("leeds", 3)]),
    ];
    for stock in stocks {
        store.done(stock).await;
    }
    // Leeds has both, although york would come first.
    let both = placed(&[(shirt, 3), (shoe, 1)], split(Split::Never));
    let reservation = store.reserved(both).await;
    assert_sources(&reservation, &[&[("leeds", 3)], &[("leeds", 1)]]);
    // Now leeds has 3 and 2.
    let both = |split_as| placed(&[(shirt, 5), (shoe, 2)], split(split_as));
    let refused = store.ask(both(Split::Never)).await;
    assert_eq!(refused.map(drop), Err(short(&[(shoe, None, 2, 0)])));
    let reservation = store.reserved(both(Split::Lines)).await;
    assert_sources(&reservation, &[&[("york", 5)], &[("leeds", 2)]]);
    // 1 in york, 3 in leeds, 1 in the pool, and more than a line can have from one of them.
    let rest = |pieces, split_as| placed(&[(shirt, pieces)], split(split_as));
    let refused = store.ask(rest(5, Split::Lines)).await;
    assert_eq!(refused.map(drop), Err(short(&[(shirt, None, 5, 3)])));
    let refused = store.ask(rest(6, Split::Units)).await;
    assert_eq!(refused.map(drop), Err(short(&[(shirt, None, 6, 5)])));
    let reservation = store.reserved(rest(5, Split::Units)).await;
    assert_sources(&reservation, &[&[("york", 1), ("leeds", 3), ("-", 1)]]);
    assert_eq!(store.figures(shirt).await[0], 0);
    assert_intact(&store).await;
}

/// Safety stock of the whole and of locations is left, also by orders that are split.
pub async fn placed_orders_leave_the_safety_stock(bench: Bench) {
    let (store, product) = stocked(&bench, 2, [6, 6]).await;
    store
        .done(policy(product, 5, &[], &[("york", 2, &[])]))
        .await;
    let units = |pieces| placed(&[(product, pieces)], split(Split::Units));
    let refused = store.ask(units(10)).await;
    assert_eq!(refused.map(drop), Err(short(&[(product, None, 10, 9)])));
    let reservation = store.reserved(units(9)).await;
    assert_sources(&reservation, &[&[("york", 4), ("leeds", 5)]]);
    let stock = store.stock(product).await.expect("it is managed");
    assert_eq!(stock.sums().available, make::quantity(5));
    assert_intact(&store).await;
}

/// The same order gets the places that were chosen first, and items that name a place come before others.
pub async fn the_same_order_keeps_its_places(bench: Bench) {
    let store = bench.store().await;
    let (york, leeds) = (store.locate("york").await, store.locate("leeds").await);
    let product = bench.product();
    store
        .done(make::stock(product, 4, [("york", 4), ("leeds", 4)]))
        .await;
    let request = || {
        let mut request = placed(&[(product, 2), (product, 1)], split(Split::Lines));
        request.items.push(item(product, Some("york"), 3));
        request.items.push(ReservationItem {
            place: ItemPlace::Unlocated,
            ..item(product, None, 2)
        });
        for_order("one", request)
    };
    let reserved = store.done(request()).await;
    assert!(reserved.is_new);
    // York has only 1 left for the 3 that may come from anywhere.
    let places: [&[_]; 4] = [
        &[("leeds", 2)],
        &[("leeds", 1)],
        &[("york", 3)],
        &[("-", 2)],
    ];
    assert_sources(&reserved.reservation, &places);
    prioritize(&store, &york, 1).await;
    prioritize(&store, &leeds, 9).await;
    let again = store.done(request()).await;
    assert!(!again.is_new);
    assert_eq!(again.reservation, reserved.reservation);
    let now = bench.clock.now();
    let read = store.reservation(reserved.reservation.id, now).await;
    assert_eq!(read, Some(reserved.reservation));
    for other in [
        Reserve {
            sourcing: Some(split(Split::Units)),
            ..request()
        },
        Reserve {
            sourcing: None,
            ..request()
        },
    ] {
        let refused = store.ask(other).await;
        assert_eq!(refused.map(drop), Err(Refusal::OrderReserved));
    }
    assert_intact(&store).await;
}

/// A dry run says what a reservation would get, and changes nothing. An order's own pieces count.
pub async fn a_dry_run_tells_the_places(bench: Bench) {
    let (store, product) = stocked(&bench, 0, [4, 4]).await;
    let request = |pieces| placed(&[(product, pieces)], split(Split::Units));
    store.done(for_order("one", request(3))).await;
    let before = store.stock(product).await;
    let check = |order: Option<&str>, pieces| CheckAvailability {
        order: order.and_then(|order| OrderId::new("order_id", order).ok()),
        items: request(pieces).items,
        sourcing: Some(split(Split::Units)),
        by: None,
    };
    for (order, pieces, available, places) in [
        (None, 5, 5, vec![("york", 1), ("leeds", 4)]),
        (None, 6, 5, vec![]),
        (Some("one"), 8, 8, vec![("york", 4), ("leeds", 4)]),
        (Some("other"), 8, 5, vec![]),
    ] {
        let answer = store.done(check(order, pieces)).await.remove(0);
        assert_eq!(answer.available, make::quantity(available), "{order:?}");
        let sources = answer.sources.expect("they are chosen").into_iter();
        let sources = sources.map(|it| (it.location, it.quantity.get()));
        let places = places.into_iter();
        let places = places.map(|(slug, pieces)| (Some(make::slug(slug)), pieces));
        assert!(sources.eq(places), "{order:?}: {pieces}");
    }
    assert_eq!(store.stock(product).await, before);
    // Where nothing is sold any more, the order still has what it holds.
    let stock = before.expect("it is managed");
    let york = stock.location_of("york").expect("it is there");
    let disable = UpdateLocation {
        enabled: Patch::Set(false),
        ..UpdateLocation::new(york)
    };
    store.done(disable).await;
    for (order, available) in [(None, 4), (Some("one"), 7)] {
        let answer = store.done(check(order, 8)).await.remove(0);
        assert_eq!(answer.available, make::quantity(available), "{order:?}");
    }
}

/// Placed pieces are shipped and released from the source that is named, or from all in order.
pub async fn sources_are_shipped_one_by_one(bench: Bench) {
    let (store, product) = stocked(&bench, 0, [4, 4]).await;
    let reservation = store
        .reserved(placed(&[(product, 6)], split(Split::Units)))
        .await;
    assert_sources(&reservation, &[&[("york", 4), ("leeds", 2)]]);
    store.done(pay(&reservation)).await;
    let part = |items: &[(Option<&str>, u64)]| {
        let items = items.iter();
        let items = items.map(|(slug, pieces)| item(product, *slug, *pieces));
        stockroom_domain::FulfilReservation {
            items: Some(items.collect()),
            ..fulfil(&reservation)
        }
    };
    let shipped = |reservation: &Reservation| {
        let lines = reservation.lines.iter();
        lines.map(|line| line.fulfilled.get()).collect::<Vec<_>>()
    };
    // The named one first, although it is sent last.
    let after = store.done(part(&[(None, 1), (Some("leeds"), 2)])).await;
    assert_eq!(shipped(&after), [1, 2]);
    let refused = store.ask(part(&[(Some("leeds"), 1)])).await;
    let none = Refusal::NotSoManyOpen { product, open: 0 };
    assert_eq!(refused.map(drop), Err(none));
    let refused = store.ask(part(&[(None, 4)])).await;
    assert_eq!(
        refused.map(drop),
        Err(Refusal::NotSoManyOpen { product, open: 3 })
    );
    let after = store.done(fulfil(&reservation)).await;
    assert_eq!(
        (shipped(&after), after.state),
        (vec![4, 2], ReservationState::Fulfilled)
    );
    store.assert_adds_up(product).await;
    assert_intact(&store).await;
}

/// A store's order takes its own stock from its own locations, and the organization's from those of the
/// organization.
pub async fn shared_stock_is_placed_apart(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let store = tenant.store().await;
    organization.locate("hub").await;
    store.locate("shop").await;
    let [shared, own] = [bench.product(), bench.product()];
    organization
        .done(make::stock(shared, 0, [("hub", 5)]))
        .await;
    store.done(make::stock(own, 0, [("shop", 5)])).await;
    let both = placed(&[(shared, 2), (own, 2)], split(Split::Never));
    let reservation = store.reserved(both).await;
    assert_sources(&reservation, &[&[("hub", 2)], &[("shop", 2)]]);
    assert_intact(&store).await;
}
