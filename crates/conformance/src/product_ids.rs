//! Products with ids that clients choose, and stock that exists before its product.

use TransactionAction::Allocate;
use stockroom_application::PageRequest;
use stockroom_application::ports::{ProductFilter, ProductOrder};
use stockroom_domain::{
    DeleteProduct, ProductId, Refusal, RegisterProduct, TransactionAction, UpdateProduct,
};

use crate::concurrency::race;
use crate::products::{level, register, stocked, update};
use crate::{Bench, make};

fn under(id: ProductId) -> RegisterProduct {
    RegisterProduct {
        id: Some(id),
        ..make::registration("A product with an id of its own")
    }
}

/// Products are listed in the order of their registration, whatever their ids.
pub async fn an_id_that_is_asked_for_is_kept(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let last = ProductId::new(uuid::Uuid::max());
    let first = ProductId::new(uuid::Uuid::from_u128(1));
    let mut registered = Vec::new();
    for (client, id) in [
        (&store, Some(last)),
        (&organization, None),
        (&store, Some(first)),
    ] {
        bench.clock.advance(1);
        let request = RegisterProduct {
            id,
            ..make::registration("A product")
        };
        let answer = client.done(request).await;
        if let Some(id) = id {
            assert_eq!(answer.product.id, id);
        }
        assert_eq!(store.product(answer.product.id).await, Some(answer.clone()));
        registered.push(answer);
    }
    assert_eq!(store.products().await, registered);
    for (place, product) in registered.iter().enumerate() {
        let offset = u32::try_from(place).expect("it fits");
        let page = store.products_page(1, offset).await;
        assert_eq!((page.items, page.total), (vec![product.clone()], Some(3)));
        let order = ProductOrder::default();
        let behind = PageRequest::after(9, order.place(&product.product));
        let rest = store.search(&ProductFilter::default(), order, behind).await;
        let rest = rest.expect("there is no filter");
        let rest: Vec<_> = rest.items.into_iter().map(|(product, _)| product).collect();
        let expected: Vec<_> = registered[place + 1..]
            .iter()
            .map(|it| it.product.clone())
            .collect();
        assert_eq!(rest, expected);
    }
    let again = store.ask(under(last)).await;
    assert_eq!(again, Err(Refusal::ProductIdTaken));
    store.done(DeleteProduct { id: last }).await;
    store.done(under(last)).await;
}

/// Each store sees, changes and deletes its own product, and learns nothing of the other's.
pub async fn stores_may_use_one_id_for_products_of_their_own(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let clients = [tenant.store().await, tenant.store().await];
    let id = bench.product();
    for (client, pieces) in std::iter::zip(&clients, [3, 5]) {
        let request = RegisterProduct {
            sku: Some(make::text("sku")),
            stock: Some(make::quantity(pieces)),
            ..under(id)
        };
        let answer = client.done(request).await;
        assert_eq!(answer.product.owner, client.owner());
        assert_eq!(client.products().await, std::slice::from_ref(&answer));
        assert_eq!(client.product(id).await, Some(answer));
    }
    assert_eq!(organization.product(id).await, None);
    assert_eq!(organization.products().await, []);
    let [one, other] = &clients;
    let before = other.product(id).await;
    let change = UpdateProduct {
        name: Some(make::text("Another name")),
        stock: Some(make::quantity(4)),
        ..update(id)
    };
    let changed = one.done(change).await;
    assert_eq!(one.product(id).await, Some(changed));
    assert_eq!(other.product(id).await, before);
    one.delete(id).await;
    one.done(DeleteProduct { id }).await;
    assert_eq!(one.product(id).await, None);
    assert_eq!(other.product(id).await, before);
    assert_eq!(level(other, id).await, Some(5));
    assert_eq!(
        [one.products().await.len(), other.products().await.len()],
        [0, 1]
    );
}

/// The organization's product takes an id for its stores; any store's product takes it for the
/// organization.
pub async fn an_id_that_is_seen_or_in_a_store_is_taken(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let taken = Err(Refusal::ProductIdTaken);
    let shared = bench.product();
    organization.done(under(shared)).await;
    assert_eq!(store.ask(under(shared)).await.map(drop), taken);
    let own = bench.product();
    store.done(under(own)).await;
    assert_eq!(organization.ask(under(own)).await.map(drop), taken);
    // An unregistered product belongs to the organization if the organization manages it or has
    // managed it.
    let managed = bench.product();
    organization.create(managed, 1).await;
    assert_eq!(store.ask(under(managed)).await.map(drop), taken);
    organization.delete(managed).await;
    assert_eq!(store.ask(under(managed)).await.map(drop), taken);
    let registered = organization.done(under(managed)).await;
    assert_eq!(store.product(managed).await, Some(registered));
    // Another organization has separate ids.
    let stranger = bench.tenant().await.organization();
    for id in [shared, own, managed] {
        stranger.done(under(id)).await;
    }
}

/// A catalogue that is registered after the stock was created.
pub async fn registering_stock_that_is_there_keeps_its_ledger(bench: Bench) {
    let tenant = bench.tenant().await;
    for client in [tenant.organization(), tenant.store().await] {
        let id = bench.product();
        client.create(id, 10).await;
        client.transact(id, Allocate, 4).await.expect("enough");
        let request = |pieces| RegisterProduct {
            stock: Some(make::quantity(pieces)),
            manage_stock: true,
            ..under(id)
        };
        let refused = client.ask(request(3)).await;
        assert_eq!(refused, Err(make::insufficient(3, 6, 4)));
        assert_eq!(client.product(id).await, None);
        let answer = client.done(request(12)).await;
        assert_eq!(answer.level.get(), 8);
        assert_eq!(client.product(id).await, Some(answer));
        assert_eq!(client.history(id).await.len(), 3);
        let stock = client.stock(id).await.expect("the stock");
        assert_eq!(stock.product_owner, client.owner());
    }
}

/// A client that sends back what it has read changes nothing.
pub async fn the_total_that_is_there_writes_nothing(bench: Bench) {
    let store = bench.store().await;
    let id = register(&store, stocked(10)).await.id;
    store.transact(id, Allocate, 4).await.expect("enough");
    let before = (store.stock(id).await, store.history(id).await);
    let request = UpdateProduct {
        stock: Some(make::quantity(10)),
        ..update(id)
    };
    assert_eq!(store.done(request).await.level.get(), 6);
    assert_eq!((store.stock(id).await, store.history(id).await), before);
}

/// Of many concurrent requests for one id, in a store and at the organization level, one succeeds.
pub async fn an_id_is_given_once(bench: Bench) {
    let tenant = bench.tenant().await;
    let clients = [tenant.organization(), tenant.store().await];
    let id = bench.product();
    let outcomes = race(8, |task| {
        let client = clients[task % 2].clone();
        async move { client.ask(under(id)).await }
    });
    let outcomes = outcomes.await;
    let given = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(given, 1, "{outcomes:?}");
    let refusals = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(
        refusals
            .into_iter()
            .all(|it| *it == Refusal::ProductIdTaken)
    );
}
