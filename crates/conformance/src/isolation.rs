//! Organizations see nothing of each other, though all things in them have the same names.

use TransactionAction::{Allocate, Increment, Set};
use stockroom_application::filter::{Comparison, TextCondition};
use stockroom_application::ports::{Scope, StockCondition};
use stockroom_domain::{
    Access, Actor, DeleteKey, DeleteLocation, DeleteProduct, DeleteStock, KeyId, Owner, Patch,
    Refusal, RegisterProduct, TransactionAction, UpdateKey, UpdateProduct,
};

use crate::client::stored;
use crate::history::rename;
use crate::{Bench, Client, make};

/// Clients in two organizations.
struct Two {
    ours: Client,
    theirs: Client,
}

/// Two clients that act at the organization level, and two that act in stores of other
/// organizations.
async fn pairs(bench: &Bench) -> [Two; 2] {
    let [us, them] = [bench.tenant().await, bench.tenant().await];
    [
        Two {
            ours: us.organization(),
            theirs: them.organization(),
        },
        Two {
            ours: bench.store().await,
            theirs: bench.store().await,
        },
    ]
}

/// Stocks of one product id in two organizations are separate.
pub async fn stock_of_the_same_product_is_told_apart(bench: Bench) {
    for Two { ours, theirs } in pairs(&bench).await {
        let product = bench.product();
        ours.create(product, 5).await;
        assert_eq!(theirs.stock(product).await, None);
        assert_eq!(theirs.several(&[product]).await, []);
        assert_eq!(theirs.stocks(&[]).await, []);
        let refused = theirs.transact(product, Increment, 1).await;
        assert_eq!(refused, Err(Refusal::UnknownStock));
        let refused = theirs.ask(DeleteStock { product }).await;
        assert_eq!(refused, Err(Refusal::UnknownStock));

        let stock = theirs.create(product, 7).await;
        ours.transact(product, Allocate, 5)
            .await
            .expect("there are five");
        assert_eq!(theirs.stock(product).await, Some(stock.clone()));
        assert_eq!(theirs.history(product).await.len(), 1);
        ours.delete(product).await;
        assert_eq!(theirs.stocks(&[]).await, [stock]);
        theirs.delete(product).await;
    }
}

/// Totals and filters count only one organization's stock.
pub async fn lists_count_their_own_only(bench: Bench) {
    for Two { ours, theirs } in pairs(&bench).await {
        let products = [bench.product(), bench.product(), bench.product()];
        for product in products {
            ours.create(product, 5).await;
        }
        theirs.create(products[1], 5).await;
        let five = [StockCondition::Available(Comparison::In(vec![5]))];
        let by_id = [StockCondition::Id(products.to_vec())];
        for filter in [&[][..], &five, &by_id] {
            assert_eq!(ours.stocks(filter).await.len(), 3);
            assert_eq!(theirs.stocks(filter).await.len(), 1);
        }
        for product in products {
            ours.delete(product).await;
        }
        assert_eq!(theirs.stocks_page(&[], 25, 0).await.total, Some(1));
        theirs.delete(products[1]).await;
    }
}

/// The ledger entry of another organization isn't found, even for the same product.
pub async fn entries_are_not_found_from_elsewhere(bench: Bench) {
    for Two { ours, theirs } in pairs(&bench).await {
        let product = bench.product();
        for client in [&ours, &theirs] {
            client.create(product, 5).await;
        }
        let entry = ours.history(product).await.remove(0).entry;
        assert!(ours.entry(product, entry.id).await.is_some());
        assert_eq!(theirs.entry(product, entry.id).await, None);
    }
}

/// Locations with the same slug are separate: not seen, named or changed from the other
/// organization.
pub async fn locations_of_the_same_slug_are_told_apart(bench: Bench) {
    for Two { ours, theirs } in pairs(&bench).await {
        let our_berlin = ours.locate("berlin").await;
        assert_eq!(theirs.locations(&[]).await, []);
        assert_eq!(theirs.location(our_berlin.id).await, None);
        let product = bench.product();
        theirs.create(product, 5).await;
        let unknown = theirs.transact_at(product, Set, 1, "berlin").await;
        let slug = "berlin".to_owned();
        assert_eq!(unknown, Err(Refusal::UnknownLocation { slug }));

        let their_berlin = theirs.locate("berlin").await;
        theirs
            .transact_at(product, Set, 1, "berlin")
            .await
            .expect("their own");
        let id = our_berlin.id;
        let not_found = Refusal::LocationNotFound;
        let refused = theirs.ask(rename(&our_berlin, "x")).await;
        assert_eq!(refused, Err(not_found.clone()));
        assert_eq!(theirs.ask(DeleteLocation { id }).await, Err(not_found));
        ours.done(rename(&our_berlin, "potsdam")).await;
        ours.done(DeleteLocation { id }).await;
        assert_eq!(
            theirs.locations(&[]).await,
            std::slice::from_ref(&their_berlin)
        );
        let stock = theirs.stock(product).await.expect("the stock");
        assert!(stock.located.keys().eq([&their_berlin.id]));
        let filter = [StockCondition::Location(TextCondition::In(vec![
            "berlin".to_owned(),
        ]))];
        assert_eq!(theirs.stocks(&filter).await, [stock]);
    }
}

/// Products with the same `sku` and `external_ref` are separate.
pub async fn products_of_the_same_sku_are_told_apart(bench: Bench) {
    for Two { ours, theirs } in pairs(&bench).await {
        let request = || RegisterProduct {
            sku: Some(make::text("sku")),
            external_ref: Some(make::text("ref")),
            ..make::registration("A product")
        };
        let id = ours.done(request()).await.product.id;
        assert_eq!(theirs.product(id).await, None);
        assert_eq!(theirs.products().await, []);
        let own = theirs.done(request()).await;
        let not_found = Refusal::ProductNotFound;
        assert_eq!(
            theirs.ask(DeleteProduct { id }).await,
            Err(not_found.clone())
        );
        let update = UpdateProduct {
            id,
            name: Some(make::text("stolen")),
            sku: Patch::Keep,
            slug: Patch::Keep,
            description: Patch::Keep,
            status: None,
            commodity_type: None,
            manage_stock: None,
            external_ref: Patch::Keep,
            stock: None,
        };
        assert_eq!(theirs.ask(update).await.err(), Some(not_found));
        ours.done(DeleteProduct { id }).await;
        assert_eq!(theirs.products().await, [own]);
    }
}

/// A product that is organization-level in one organization isn't in the other.
pub async fn organization_level_products_are_told_apart(bench: Bench) {
    let [us, them] = [bench.tenant().await, bench.tenant().await];
    let product = bench.product();
    us.organization().create(product, 5).await;
    let [one, other] = [them.store().await, them.store().await];
    for store in [&one, &other] {
        let stock = store.create(product, 1).await;
        assert_eq!(stock.product_owner, store.owner());
    }
}

/// Keys are found and changed only in their own organization.
pub async fn keys_are_told_apart(bench: Bench) {
    for Two { ours, theirs } in pairs(&bench).await {
        let client_id = bench.id::<KeyId>().to_string();
        let key = ours.done(make::key(&client_id)).await;
        assert_eq!(theirs.key(key.id).await, None);
        assert_eq!(theirs.keys().await, []);
        let id = key.id;
        let update = UpdateKey {
            id,
            name: None,
            reserved_rate_limit: None,
            allow_implicit: Some(true),
            access: Some(Access::Read),
            rate_limit: None,
        };
        assert_eq!(theirs.ask(update).await, Err(Refusal::KeyNotFound));
        assert_eq!(
            theirs.ask(DeleteKey { id }).await,
            Err(Refusal::KeyNotFound)
        );
        let their_organization = theirs.scope.organization;
        let now = bench.clock.now();
        let database = &bench.database;
        stored(database.record_key_use(their_organization, id, now).await);
        assert_eq!(ours.key(id).await.as_ref(), Some(&key));
        let found = theirs.key_by_client_id(&client_id).await;
        assert_eq!(found, Some((ours.scope.organization, key)));
    }
}

/// A store id under another organization is a store without contents.
pub async fn a_foreign_store_shows_nothing(bench: Bench) {
    let [us, them] = [bench.tenant().await, bench.tenant().await];
    let store = us.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let location = store.locate("berlin").await;
    let registered = store.done(make::registration("ours")).await.product.id;
    let key = store.done(make::key("ours")).await.id;
    let scope = Scope {
        organization: them.organization,
        acting: store.owner(),
    };
    let database = std::sync::Arc::clone(&bench.database);
    let intruder = Client::new(database, scope, store.actor);
    assert_eq!(intruder.stock(product).await, None);
    assert_eq!(intruder.stocks(&[]).await, []);
    assert_eq!(intruder.location(location.id).await, None);
    assert_eq!(intruder.locations(&[]).await, []);
    assert_eq!(intruder.product(registered).await, None);
    assert_eq!(intruder.products().await, []);
    assert_eq!(intruder.key(key).await, None);
    assert_eq!(intruder.keys().await, []);
}

/// Within one organization, a store neither sees nor changes another store's stock.
pub async fn stores_see_nothing_of_one_another(bench: Bench) {
    let tenant = bench.tenant().await;
    let [one, other] = [tenant.store().await, tenant.store().await];
    let product = bench.product();
    one.locate("berlin").await;
    let stock = one.done(make::stock(product, 5, [("berlin", 5)])).await;
    let entry = one.history(product).await.remove(0).entry;
    for client in [&other, &tenant.organization()] {
        assert_eq!(client.stock(product).await, None);
        assert_eq!(client.several(&[product]).await, []);
        assert_eq!(client.stocks(&[]).await, []);
        assert_eq!(client.entry(product, entry.id).await, None);
        let history = client
            .database
            .transactions(client.scope, product, &[], 25, 0);
        assert_eq!(stored(history.await), None);
        let refused = client.transact(product, Allocate, 1).await;
        assert_eq!(refused, Err(Refusal::UnknownStock));
        let refused = client.ask(make::put(product, [])).await;
        assert_eq!(refused, Err(Refusal::UnknownStock));
    }
    assert_eq!(one.stock(product).await, Some(stock));
}

/// An organization's key that acts in a store works on the store's things.
pub async fn an_organizations_key_acts_in_a_store(bench: Bench) {
    let tenant = bench.tenant().await;
    let store = tenant.store().await;
    let mut visitor = store.clone();
    visitor.actor = Actor {
        key: Some(bench.id::<KeyId>()),
        key_name: None,
        key_owner: Owner::Organization,
        acting: store.owner(),
    };
    let product = bench.product();
    visitor.create(product, 5).await;
    assert_eq!(store.available(product).await.get(), 5);
    assert_eq!(tenant.organization().stock(product).await, None);
    let history = store.history(product).await;
    assert_eq!(history[0].entry.actor, visitor.actor.key);
}
