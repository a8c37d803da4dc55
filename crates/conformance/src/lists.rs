//! The list of stock: its order, its pages and its totals.

use stockroom_application::PageRequest;
use stockroom_application::filter::Comparison;
use stockroom_application::ports::StockCondition;
use stockroom_domain::{Owner, ProductId, Stock};

use crate::{Bench, Client, make};

fn products(stocks: &[Stock]) -> Vec<ProductId> {
    stocks.iter().map(|stock| stock.product).collect()
}

async fn listed(client: &Client) -> Vec<ProductId> {
    products(&client.stocks(&[]).await)
}

/// A list shows the same stock as reading it one by one.
pub async fn a_list_shows_whole_stocks(bench: Bench) {
    let store = bench.store().await;
    store.locate("berlin").await;
    let [one, other] = [bench.product(), bench.product()];
    let one_stock = store.done(make::stock(one, 1, [("berlin", 2)])).await;
    let other_stock = store.create(other, 3).await;
    assert_eq!(store.stocks(&[]).await, [one_stock, other_stock]);
}

/// The order is that of creation, whatever the products' ids and later changes.
pub async fn stock_is_listed_in_the_order_of_creation(bench: Bench) {
    let store = bench.store().await;
    let mut order: Vec<ProductId> = (0..20).map(|_| bench.product()).collect();
    order.reverse();
    order.rotate_left(7);
    for (place, product) in order.iter().enumerate() {
        // Some are created in the same millisecond.
        bench.clock.advance(i64::from(place % 3 == 0));
        store.create(*product, 1).await;
    }
    let increment = stockroom_domain::TransactionAction::Increment;
    bench.clock.advance(1_000);
    store
        .transact(order[3], increment, 5)
        .await
        .expect("an increment");
    assert_eq!(listed(&store).await, order);
}

/// Stock that was deleted and created anew is at the end.
pub async fn stock_created_anew_is_listed_last(bench: Bench) {
    let store = bench.store().await;
    let [first, second, third] = [bench.product(), bench.product(), bench.product()];
    for product in [first, second, third] {
        store.create(product, 1).await;
    }
    store.delete(first).await;
    assert_eq!(listed(&store).await, [second, third]);
    store.create(first, 1).await;
    assert_eq!(listed(&store).await, [second, third, first]);
}

/// Consecutive pages of a store's own and its organization's stock have no gap and no duplicates,
/// and each has the whole total.
pub async fn pages_make_up_the_whole(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let mut order = Vec::new();
    for (place, pieces) in (0..23).zip([0, 4, 9, 2, 7].into_iter().cycle()) {
        let product = bench.product();
        let creator = if place % 4 == 1 {
            &organization
        } else {
            &store
        };
        creator.create(product, pieces).await;
        order.push((product, pieces));
    }
    let wanted = StockCondition::Available(Comparison::Greater(3));
    for filter in [vec![], vec![wanted]] {
        let expected: Vec<_> = order
            .iter()
            .filter(|(_, pieces)| filter.is_empty() || *pieces > 3)
            .map(|(product, _)| *product)
            .collect();
        let mut read = Vec::new();
        for offset in (0..25).step_by(5) {
            let page = store.stocks_page(&filter, 5, offset).await;
            assert_eq!(page.total, Some(expected.len() as u64));
            read.extend(products(&page.items));
        }
        assert_eq!(read, expected);
    }
}

/// A page past the end is empty but has the total.
pub async fn past_the_end_is_an_empty_page(bench: Bench) {
    let store = bench.store().await;
    store.create(bench.product(), 5).await;
    store.create(bench.product(), 0).await;
    let filter = vec![StockCondition::Available(Comparison::In(vec![5]))];
    for (filter, total) in [(vec![], 2), (filter, 1)] {
        for offset in [2, PageRequest::OFFSET_MAX] {
            let page = store.stocks_page(&filter, 25, offset).await;
            assert_eq!((page.items, page.total), (vec![], Some(total)));
        }
    }
}

/// Lists of an owner without stock are empty.
pub async fn a_store_without_stock_lists_nothing(bench: Bench) {
    let tenant = bench.tenant().await;
    for client in [tenant.store().await, tenant.organization()] {
        assert_eq!(listed(&client).await, []);
        assert_eq!(client.locations(&[]).await, []);
        assert_eq!(client.products().await, []);
    }
}

/// Totals follow every deletion, with and without a filter.
pub async fn totals_follow_deletions(bench: Bench) {
    let store = bench.store().await;
    let products: Vec<_> = (0..6).map(|_| bench.product()).collect();
    for product in &products {
        store.create(*product, 1).await;
    }
    let filter = [StockCondition::Available(Comparison::In(vec![1]))];
    for (deleted, product) in (1..).zip(&products) {
        store.delete(*product).await;
        assert_eq!(store.stocks_page(&[], 2, 0).await.total, Some(6 - deleted));
        assert_eq!(
            store.stocks_page(&filter, 2, 0).await.total,
            Some(6 - deleted)
        );
    }
}

/// A store's list contains its own stock and its organization's. The lists of the organization and
/// of other stores don't contain the store's.
pub async fn a_store_lists_its_own_and_its_organizations_stock(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let [one, other] = [tenant.store().await, tenant.store().await];
    let ids = [
        bench.product(),
        bench.product(),
        bench.product(),
        bench.product(),
    ];
    let [first, second, third, fourth] = ids;
    one.create(first, 1).await;
    organization.create(second, 1).await;
    other.create(third, 1).await;
    one.create(fourth, 1).await;
    assert_eq!(listed(&one).await, [first, second, fourth]);
    assert_eq!(listed(&other).await, [second, third]);
    assert_eq!(listed(&organization).await, [second]);
}

/// Own stock replaces the organization's of the same product, at its own place. Totals and pages
/// count the product once, whatever the order of creation and deletion.
pub async fn own_stock_shadows_the_organizations_in_every_order(bench: Bench) {
    for own_first in [true, false] {
        for own_deleted_first in [true, false] {
            shadow(&bench, own_first, own_deleted_first).await;
        }
    }
}

async fn shadow(bench: &Bench, own_first: bool, own_deleted_first: bool) {
    let tenant = bench.tenant().await;
    tenant.allow_per_store_stock().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let bystander = tenant.store().await;
    let [before, shared, after] = [bench.product(), bench.product(), bench.product()];
    let [creators, deleters] = [own_first, own_deleted_first].map(|own| {
        if own {
            [&store, &organization]
        } else {
            [&organization, &store]
        }
    });

    organization.create(before, 1).await;
    creators[0].create(shared, 1).await;
    assert_listed(&store, &[(before, &organization), (shared, creators[0])]).await;
    store.create(after, 1).await;
    creators[1].create(shared, 1).await;
    let own_place = [(shared, &store), (after, &store)];
    let [second, third] = if own_first {
        own_place
    } else {
        [own_place[1], own_place[0]]
    };
    assert_listed(&store, &[(before, &organization), second, third]).await;
    let of_organization = [(before, &organization), (shared, &organization)];
    assert_listed(&bystander, &of_organization).await;
    assert_listed(&organization, &of_organization).await;

    deleters[0].delete(shared).await;
    let mut left = vec![(before, &organization)];
    // The first creator's stock is before `after`, the second's behind it.
    let remaining = deleters[1];
    let remains_first = remaining.owner() == creators[0].owner();
    if remains_first {
        left.extend([(shared, remaining), (after, &store)]);
    } else {
        left.extend([(after, &store), (shared, remaining)]);
    }
    assert_listed(&store, &left).await;
    deleters[1].delete(shared).await;
    assert_listed(&store, &[(before, &organization), (after, &store)]).await;
    assert_listed(&organization, &[(before, &organization)]).await;
}

/// Checks the whole list and its total, and compares the list with its pages.
async fn assert_listed(client: &Client, expected: &[(ProductId, &Client)]) {
    let expected: Vec<(ProductId, Owner)> = expected
        .iter()
        .map(|(product, holder)| (*product, holder.owner()))
        .collect();
    let read = |stocks: Vec<Stock>| -> Vec<(ProductId, Owner)> {
        let stocks = stocks.into_iter();
        stocks.map(|stock| (stock.product, stock.owner)).collect()
    };
    assert_eq!(read(client.stocks(&[]).await), expected);
    let everything = [StockCondition::Total(Comparison::GreaterOrEqual(0))];
    assert_eq!(read(client.stocks(&everything).await), expected);
    for (offset, item) in (0..).zip(&expected) {
        let page = client.stocks_page(&[], 1, offset).await;
        assert_eq!(page.total, Some(expected.len() as u64));
        assert_eq!(read(page.items), [*item]);
    }
}
