//! Lists that are read by cursors to their end, while items come and go.

use std::collections::BTreeSet;

use stockroom_application::filter::Comparison;
use stockroom_application::ports::{
    ProductFilter, ProductOrder, ReservationCondition, StockCondition,
};
use stockroom_application::{LocationOrder, LocationPlace, Page, PageRequest, Start};
use stockroom_domain::{
    CreateLocation, DeleteKey, DeleteLocation, DeleteProduct, Geolocation, Location, LocationId,
    Priority, ProductId, ReservationId, ReservationStatus, Stock, StockId,
};
use uuid::Uuid;

use crate::client::stored;
use crate::locations::at;
use crate::reservations::{pay, release, reserve, reserve_all};
use crate::{Bench, Client, make};

/// The number of items on a page.
const LIMIT: u32 = 3;

/// Reads a list to its end, and returns all items that it showed. Calls `happen` with each page.
async fn walk<T, P>(
    read: impl AsyncFn(PageRequest<P>) -> Page<T, P>,
    mut happen: impl AsyncFnMut(&[T]),
) -> Vec<T> {
    let mut request = PageRequest::from_offset(LIMIT, 0);
    let mut seen = Vec::new();
    loop {
        let page = read(request).await;
        let is_full = page.items.len() == LIMIT as usize;
        assert!(is_full || page.next.is_none(), "more behind a short page");
        happen(&page.items).await;
        seen.extend(page.items);
        let Some(next) = page.next else {
            return seen;
        };
        request = PageRequest::after(LIMIT, next);
    }
}

async fn stocks(
    client: &Client,
    filter: &[StockCondition],
    page: PageRequest<StockId>,
) -> Page<Stock, StockId> {
    stored(
        client
            .database
            .list_stocks(client.scope, filter, page)
            .await,
    )
}

/// A stock that may appear in a list, in the order of creation.
struct Listed<'a> {
    product: ProductId,
    pieces: u64,
    owner: &'a Client,
    is_there: bool,
}

/// No item is skipped or shown twice, whatever comes and goes on either side of the place. The list
/// is of a store's own and its organization's stock, with and without a filter.
pub async fn stock_is_read_to_its_end_while_it_comes_and_goes(bench: Bench) {
    const CREATED: usize = 30;
    let wanted = StockCondition::Available(Comparison::Greater(3));
    for filter in [vec![], vec![wanted]] {
        let tenant = bench.tenant().await;
        let [organization, store] = [tenant.organization(), tenant.store().await];
        let create = async |number: usize| {
            bench.clock.advance(i64::from(number.is_multiple_of(3)));
            let owner = if number % 4 == 1 {
                &organization
            } else {
                &store
            };
            let (product, pieces) = (bench.product(), [5, 1, 9][number % 3]);
            owner.create(product, pieces).await;
            Listed {
                product,
                pieces,
                owner,
                is_there: true,
            }
        };
        let mut list = Vec::new();
        for number in 0..CREATED {
            list.push(create(number).await);
        }
        let is_wanted = |it: &Listed| it.is_there && (filter.is_empty() || it.pieces > 3);
        let mut request = PageRequest::from_offset(LIMIT, 0);
        let mut begin = 0;
        for number in 0.. {
            let rest = (begin..list.len()).filter(|place| is_wanted(&list[*place]));
            let rest: Vec<usize> = rest.collect();
            let on_page = &rest[..rest.len().min(LIMIT as usize)];
            let page = stocks(&store, &filter, request).await;
            let expected = on_page.iter().map(|place| list[*place].product);
            let expected: Vec<ProductId> = expected.collect();
            let products: Vec<ProductId> = page.items.iter().map(|it| it.product).collect();
            assert_eq!(products, expected, "page {number}");
            let total = list.iter().filter(|it| is_wanted(it)).count() as u64;
            let is_counted = filter.is_empty() || number == 0;
            assert_eq!(page.total, is_counted.then_some(total), "page {number}");
            assert_eq!(page.next.is_some(), rest.len() > on_page.len());
            let end = on_page[on_page.len() - 1];
            let Some(next) = page.next else {
                assert!(
                    end >= CREATED,
                    "what came while the list was read wasn't seen"
                );
                break;
            };
            request = PageRequest::after(LIMIT, next);
            begin = end + 1;
            // The item at the cursor's place, one that was shown, and two that weren't.
            for place in [end, on_page[0], end + 2, end + 5] {
                if let Some(it) = list.get_mut(place).filter(|it| it.is_there) {
                    it.owner.delete(it.product).await;
                    it.is_there = false;
                }
            }
            if number < 4 {
                list.push(create(number).await);
            }
        }
    }
}

/// Own stock replaces the organization's behind places as well.
pub async fn own_stock_shadows_the_organizations_behind_a_place(bench: Bench) {
    let tenant = bench.tenant().await;
    tenant.allow_per_store_stock().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let products: Vec<ProductId> = (0..8).map(|_| bench.product()).collect();
    for product in &products {
        organization.create(*product, 1).await;
    }
    for product in products.iter().step_by(2) {
        store.create(*product, 2).await;
    }
    let seen = walk(async |page| stocks(&store, &[], page).await, async |_| ()).await;
    let seen: Vec<_> = seen.iter().map(|it| (it.product, it.owner)).collect();
    let shared = products.iter().skip(1).step_by(2);
    let shared = shared.map(|product| (*product, organization.owner()));
    let own = products.iter().step_by(2);
    let own = own.map(|product| (*product, store.owner()));
    assert_eq!(seen, shared.chain(own).collect::<Vec<_>>());
}

/// A place is valid in every list, even if there never was an item, and reveals nothing of others.
pub async fn a_place_shows_what_is_behind_it_and_nothing_else(bench: Bench) {
    let [one, other] = [bench.store().await, bench.store().await];
    let mut created = Vec::new();
    for number in 0..6 {
        bench.clock.advance(1);
        let owner = [&one, &other][number % 2];
        created.push(owner.create(bench.product(), 1).await);
    }
    let own: Vec<Stock> = created.iter().step_by(2).cloned().collect();
    let behind = |id| PageRequest::after(9, id);
    let first = StockId::new(Uuid::nil());
    assert_eq!(stocks(&one, &[], behind(first)).await.items, own);
    let page = stocks(&one, &[], behind(created[1].id)).await;
    assert_eq!((&page.items[..], page.total), (&own[1..], Some(3)));
    let page = stocks(&one, &[], behind(StockId::new(Uuid::max()))).await;
    assert_eq!((page.items, page.total, page.next), (vec![], Some(3), None));
}

/// If a page ends exactly at the end of the list, there is no next page.
pub async fn a_list_ends_where_nothing_is_behind(bench: Bench) {
    let store = bench.store().await;
    for _ in 0..2 * LIMIT {
        store.create(bench.product(), 1).await;
    }
    let first = stocks(&store, &[], PageRequest::from_offset(LIMIT, 0)).await;
    let next = first.next.expect("a next page");
    let second = stocks(&store, &[], PageRequest::after(LIMIT, next)).await;
    assert_eq!(second.items.len(), LIMIT as usize);
    assert_eq!(second.next, None);
    let second = stocks(&store, &[], PageRequest::from_offset(LIMIT, LIMIT)).await;
    assert_eq!(second.items.len(), LIMIT as usize);
    assert_eq!(second.next, None);
}

/// Lists in each order, of a store and its organization.
pub async fn locations_are_read_to_their_end(bench: Bench) {
    let point = Geolocation::new(0.0, 179.5).expect("on the globe");
    for order in [
        LocationOrder::Created,
        LocationOrder::Nearest(point),
        LocationOrder::Priority,
    ] {
        let tenant = bench.tenant().await;
        let [organization, store] = [tenant.organization(), tenant.store().await];
        for (number, longitude) in [-179.5, 179.4, 10.0, 179.4, 179.6, 10.0].iter().enumerate() {
            let owner = [&organization, &store][number % 2];
            let request = CreateLocation {
                priority: Priority::new(5 - number as u64 / 2).expect("a priority"),
                ..at(&format!("at-{number}"), 0.0, *longitude)
            };
            owner.done(request).await;
            owner.locate(&format!("nowhere-{number}")).await;
        }
        let read = async |page: PageRequest<LocationPlace>| {
            let listed = store.database.list_locations(store.scope, &[], order, page);
            stored(listed.await)
        };
        let all = read(PageRequest::from_offset(100, 0)).await.items;
        assert_eq!(all.len(), 12);
        let mut sorted = all.clone();
        sorted.sort_by_key(|it| order.place(it));
        assert_eq!(all, sorted);
        let mut gone: BTreeSet<LocationId> = BTreeSet::new();
        let seen = walk(read, async |page: &[Location]| {
            let last = page.last().expect("a location");
            let owner = [&organization, &store];
            let owner = owner.into_iter().find(|it| it.owner() == last.owner);
            let owner = owner.expect("the location's owner");
            owner.done(DeleteLocation { id: last.id }).await;
            gone.insert(last.id);
        })
        .await;
        assert_eq!(seen, all);
        assert_eq!(gone.len(), 4);
    }
}

/// Products are registered and deleted while their list is read.
pub async fn products_are_read_to_their_end(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let register = async |number: usize| {
        let owner = [&organization, &store][number % 2];
        let registered = owner.done(make::registration("A product")).await;
        registered.product.id
    };
    let mut expected = Vec::new();
    for number in 0..8 {
        expected.push(register(number).await);
    }
    let mut later = Vec::new();
    let read = async |page| {
        let (filter, order) = (ProductFilter::default(), ProductOrder::default());
        let listed = store.search(&filter, order, page).await;
        listed
            .expect("there is no filter")
            .map(|(product, _)| product)
    };
    let seen = walk(read, async |page: &[stockroom_domain::Product]| {
        let last = page.last().expect("a product");
        let owner = [&organization, &store];
        let owner = owner.into_iter().find(|it| it.owner() == last.owner);
        let id = last.id;
        owner.expect("the owner").done(DeleteProduct { id }).await;
        if later.len() < 2 {
            later.push(register(later.len()).await);
        }
    })
    .await;
    expected.extend(later);
    let seen: Vec<ProductId> = seen.iter().map(|product| product.id).collect();
    assert_eq!(seen, expected);
}

/// Keys are created and deleted while their list is read.
pub async fn keys_are_read_to_their_end(bench: Bench) {
    let store = bench.store().await;
    let create = async |number: usize| store.done(make::key(&format!("{number}"))).await.id;
    let mut expected = Vec::new();
    for number in 0..7 {
        expected.push(create(number).await);
    }
    let mut later = Vec::new();
    let (organization, owner) = (store.scope.organization, store.owner());
    let read = async |page| {
        let listed = store.database.list_keys(organization, owner, page);
        let (page, totals) = stored(listed.await);
        assert_eq!(page.total, Some(totals.keys));
        page.map(|key| key.id)
    };
    let seen = walk(read, async |page: &[stockroom_domain::KeyId]| {
        let id = *page.last().expect("a key");
        store.done(DeleteKey { id }).await;
        if later.len() < 2 {
            later.push(create(100 + later.len()).await);
        }
    })
    .await;
    expected.extend(later);
    assert_eq!(seen, expected);
}

/// While reservations are listed, some are made, and others stop matching the filter.
pub async fn reservations_are_read_to_their_end(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 50).await;
    let now = bench.clock.now();
    let pending = ReservationCondition::Status(vec![ReservationStatus::Pending]);
    for filter in [vec![], vec![pending]] {
        let mut expected: Vec<ReservationId> = store.reservations(&filter, now).await;
        for _ in 0..7 {
            expected.push(store.reserved(reserve(product, 1)).await.id);
        }
        let mut later = Vec::new();
        let read = async |page: PageRequest<ReservationId>| {
            let listed = store
                .database
                .list_reservations(store.scope, &filter, now, page);
            let page_found = stored(listed.await);
            let is_counted = filter.is_empty() || matches!(page.start, Start::Offset(_));
            assert_eq!(page_found.total.is_some(), is_counted);
            page_found
        };
        let seen = walk(read, async |page: &[stockroom_domain::Reservation]| {
            let last = page.last().expect("a reservation");
            store.done(pay(last)).await;
            if later.len() < 2 {
                later.push(store.reserved(reserve(product, 1)).await.id);
            }
        })
        .await;
        expected.extend(later);
        let seen: Vec<ReservationId> = seen.iter().map(|it| it.id).collect();
        assert_eq!(seen, expected);
    }
}

/// Pages begin within reservations of several lines, some of which are released.
pub async fn holds_are_read_to_their_end(bench: Bench) {
    let store = bench.store().await;
    let (product, other) = (bench.product(), bench.product());
    store.create(product, 50).await;
    store.create(other, 50).await;
    let stock = store.stock(product).await.expect("the stock").id;
    let lines = [(product, None, 1), (other, None, 1), (product, None, 1)];
    let mut reservations = Vec::new();
    let mut expected = Vec::new();
    for number in 0..5 {
        let lines = if number == 2 { &lines[..1] } else { &lines[..] };
        let made = store.reserved(reserve_all(lines)).await;
        let of_product = (0..).zip(lines).filter(|(_, line)| line.0 == product);
        expected.extend(of_product.map(|(line, _)| (made.id, line)));
        reservations.push(made);
    }
    let now = bench.clock.now();
    let read = async |page| {
        let holds = store
            .database
            .holds(store.scope.organization, stock, now, page);
        stored(holds.await).map(|hold| (hold.reservation, hold.line))
    };
    let mut released = BTreeSet::new();
    let seen = walk(read, async |page: &[(ReservationId, u32)]| {
        // The whole reservation, if none of its lines is on a later page.
        let (last, line) = *page.last().expect("a hold");
        let of_last = reservations.iter().find(|it| it.id == last);
        let of_last = of_last.expect("the reservation");
        if line as usize + 1 == of_last.lines.len() {
            store.done(release(of_last)).await;
            released.insert(last);
        }
    })
    .await;
    assert_eq!(seen, expected);
    assert!(!released.is_empty());
}
