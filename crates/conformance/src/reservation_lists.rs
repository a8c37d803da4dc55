//! Lists of reservations, and the holds of a stock.

use std::collections::BTreeSet;

use stockroom_application::PageRequest;
use stockroom_application::filter::{Comparison, TextCondition};
use stockroom_application::ports::ReservationCondition;
use stockroom_domain::{
    ReservationId, ReservationStatus, ShowProducts, ShowStock, StockedProduct, Timestamp,
};

use crate::client::stored;
use crate::reservations::{EXPIRY, for_order, pay, release, reserve, reserve_all};
use crate::{Bench, make};

/// The owner's own reservations, by current state, order, product, location, and time.
pub async fn reservations_are_listed_by_what_they_are_now(bench: Bench) {
    let tenant = bench.tenant().await;
    let (store, other) = (tenant.store().await, tenant.store().await);
    let (product, second) = (bench.product(), bench.product());
    store.locate("berlin").await;
    store.done(make::stock(product, 50, [("berlin", 9)])).await;
    store.create(second, 50).await;
    let pending = store.reserved(reserve(product, 1)).await;
    let paid = for_order("order-1", reserve_all(&[(product, Some("berlin"), 1)]));
    let paid = store.reserved(paid).await;
    store.done(pay(&paid)).await;
    bench.clock.advance(1_000);
    let both = [(second, None, 1), (second, None, 1)];
    let late = store
        .reserved(for_order("order-2", reserve_all(&both)))
        .await;
    let released = store.reserved(reserve(second, 3)).await;
    store.done(release(&released)).await;
    let now = bench.clock.now();
    let all = [pending.id, paid.id, late.id, released.id];
    assert_eq!(store.reservations(&[], now).await, all);
    assert_eq!(other.reservations(&[], now).await, []);
    assert_eq!(other.reservation(paid.id, now).await, None);
    let status = |status| ReservationCondition::Status(vec![status]);
    let (in_time, over) = (now, now.plus_milliseconds(EXPIRY - 1_000));
    let expires_at = ReservationCondition::ExpiresAt(Comparison::LessOrEqual(over));
    let later = ReservationCondition::CreatedAt(Comparison::GreaterOrEqual(now));
    let order = |text: &str| TextCondition::In(vec![text.to_owned()]);
    let table: Vec<(Vec<ReservationCondition>, Timestamp, Vec<ReservationId>)> = vec![
        (
            vec![status(ReservationStatus::Pending)],
            in_time,
            vec![pending.id, late.id],
        ),
        (
            vec![status(ReservationStatus::Pending)],
            over,
            vec![late.id],
        ),
        (
            vec![status(ReservationStatus::Expired)],
            over,
            vec![pending.id],
        ),
        (vec![status(ReservationStatus::Expired)], in_time, vec![]),
        (vec![status(ReservationStatus::Paid)], over, vec![paid.id]),
        (
            vec![ReservationCondition::OrderId(order("order-2"))],
            in_time,
            vec![late.id],
        ),
        (
            vec![ReservationCondition::OrderId(TextCondition::IsNull)],
            in_time,
            vec![pending.id, released.id],
        ),
        (
            vec![ReservationCondition::Product(vec![second])],
            in_time,
            vec![late.id, released.id],
        ),
        (
            vec![ReservationCondition::Location(order("berlin"))],
            in_time,
            vec![paid.id],
        ),
        (
            vec![ReservationCondition::Location(TextCondition::IsNull)],
            in_time,
            vec![pending.id, late.id, released.id],
        ),
        (vec![expires_at.clone()], in_time, vec![pending.id]),
        (vec![expires_at], over, vec![]),
        (vec![later], in_time, vec![late.id, released.id]),
    ];
    for (filter, now, expected) in table {
        let listed = store.reservations(&filter, now).await;
        assert_eq!(listed, expected, "{filter:?}");
    }
}

/// Pages of reservations have the total.
pub async fn reservations_are_listed_by_pages(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 50).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(store.reserved(reserve(product, 1)).await.id);
    }
    let page = PageRequest::from_offset(2, 1);
    let now = bench.clock.now();
    let listed = store
        .database
        .list_reservations(store.scope, &[], now, page);
    let listed = stored(listed.await);
    let listed_ids = listed.items.iter().map(|it| it.id);
    assert_eq!(listed_ids.collect::<Vec<_>>(), ids[1..3]);
    assert_eq!(listed.total, Some(4));
}

/// A hold for each open line, the oldest first.
pub async fn it_is_known_what_holds_a_stock(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("berlin").await;
    store.done(make::stock(product, 50, [("berlin", 9)])).await;
    let stock = store.stock(product).await.expect("the stock").id;
    let items = [(product, None, 1), (product, Some("berlin"), 2)];
    let first = store
        .reserved(for_order("order", reserve_all(&items)))
        .await;
    let second = store.reserved(reserve(product, 4)).await;
    store.done(pay(&second)).await;
    let third = store.reserved(reserve(product, 3)).await;
    store.done(release(&third)).await;
    let organization = store.scope.organization;
    let holds = async |now: Timestamp, limit: u32, offset: u32| {
        let page = PageRequest::from_offset(limit, offset);
        let holds = store.database.holds(organization, stock, now, page);
        let page = stored(holds.await);
        let holds = page.items.into_iter().map(|hold| {
            let slug = hold.slug.map(|slug| slug.as_str().to_owned());
            (hold.reservation, slug, hold.quantity.get())
        });
        (holds.collect::<Vec<_>>(), page.total.expect("the total"))
    };
    let now = bench.clock.now();
    let berlin = || Some("berlin".to_owned());
    let all = vec![
        (first.id, None, 1),
        (first.id, berlin(), 2),
        (second.id, None, 4),
    ];
    assert_eq!(holds(now, 10, 0).await, (all.clone(), 3));
    assert_eq!(holds(now, 1, 1).await, (all[1..2].to_vec(), 3));
    let over = now.plus_milliseconds(EXPIRY);
    assert_eq!(holds(over, 10, 0).await, (all[2..].to_vec(), 1));
}

/// Readers see settled stock: a store its own, or else the organization's.
pub async fn what_is_shown_is_settled(bench: Bench) {
    let tenant = bench.tenant().await;
    tenant.allow_per_store_stock().await;
    let (organization, store) = (tenant.organization(), tenant.store().await);
    let registered = organization
        .done(make::registration("A chair"))
        .await
        .product;
    let (own, shared, unmanaged) = (registered.id, bench.product(), bench.product());
    organization.create(own, 20).await;
    organization.create(shared, 30).await;
    store.create(own, 5).await;
    store
        .reserved(reserve_all(&[(own, None, 2), (shared, None, 3)]))
        .await;
    bench.clock.advance(EXPIRY);
    let products = [own, shared, unmanaged].into();
    let shown = store.done(ShowStock { products }).await;
    let available = shown
        .iter()
        .map(|stock| (stock.product, stock.sums().available.get()));
    let available: BTreeSet<_> = available.collect();
    assert_eq!(available, [(own, 5), (shared, 30)].into());
    for stock in shown {
        assert_eq!(store.stock(stock.product).await, Some(stock));
    }
    let given_back = [("create", 5), ("allocate", 2), ("deallocate", 2)];
    assert_eq!(store.written(own).await, given_back);
    let products = [own, shared, unmanaged].into();
    for (client, level) in [(&store, 5), (&organization, 20)] {
        let products = BTreeSet::clone(&products);
        let shown = client.done(ShowProducts { products }).await;
        let expected = StockedProduct {
            product: registered.clone(),
            level: make::quantity(level),
        };
        assert_eq!(shown, [expected]);
    }
    let other = bench.tenant().await.organization();
    let shown = other.done(ShowProducts { products }).await;
    assert_eq!(shown, []);
}
