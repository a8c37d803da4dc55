//! Organizations, stores, settings, and the permission to manage a shared product.

use stockroom_domain::{
    CreateOrganization, CreateStore, OrganizationId, Owner, Refusal, RegisterProduct, Settings,
    StoreId, UpdateSettings,
};

use crate::client::stored;
use crate::{Bench, make};

/// Organizations are stored, and listed in the order of creation.
pub async fn organizations_are_kept_in_order(bench: Bench) {
    assert_eq!(stored(bench.database.organizations().await), []);
    let mut created = Vec::new();
    for place in 0..5 {
        bench.clock.advance(place % 2);
        let tenant = bench.tenant().await;
        let id = tenant.organization;
        let read = stored(bench.database.organization(id).await);
        let read = read.expect("the organization");
        assert_eq!((read.id, read.created_at), (id, bench.clock.now()));
        assert_eq!(read.settings, Settings::default());
        created.push(read);
    }
    assert_eq!(stored(bench.database.organizations().await), created);
    let unknown: OrganizationId = bench.id();
    assert_eq!(stored(bench.database.organization(unknown).await), None);
}

/// The answer to a creation equals a later reading.
pub async fn a_created_organization_is_read_as_answered(bench: Bench) {
    let operator = bench.tenant().await.operator();
    let id: OrganizationId = bench.id();
    let name = make::name("Übergroß & Söhne");
    let request = operator.command(CreateOrganization { id, name });
    let outcomes = stored(bench.database.commit(id, &[request]).await);
    let read = stored(bench.database.organization(id).await);
    let answer = read.map(stockroom_domain::Answer::Organization);
    assert_eq!(outcomes.first().and_then(|one| one.clone().ok()), answer);
}

/// An organization is created once.
pub async fn an_existing_organization_is_not_created_again(bench: Bench) {
    let tenant = bench.tenant().await;
    tenant.allow_per_store_stock().await;
    let id = tenant.organization;
    let before = stored(bench.database.organization(id).await);
    let name = make::name("Another name");
    let again = tenant.operator().ask(CreateOrganization { id, name }).await;
    assert_eq!(again, Err(Refusal::OrganizationExists));
    assert_eq!(stored(bench.database.organization(id).await), before);
}

/// An organization's stores are kept, and listed in the order of creation, without any others.
pub async fn stores_are_kept_in_order(bench: Bench) {
    let [tenant, other] = [bench.tenant().await, bench.tenant().await];
    let mut created = Vec::new();
    for place in 0..5 {
        bench.clock.advance(place % 2);
        other.store().await;
        let id: StoreId = bench.id();
        let name = make::name(&format!("Store {}", 9 - place));
        created.push(tenant.operator().done(CreateStore { id, name }).await);
    }
    let [organization, elsewhere] = [tenant.organization, other.organization];
    assert_eq!(stored(bench.database.stores(organization).await), created);
    assert_eq!(stored(bench.database.stores(elsewhere).await).len(), 5);
    let id = created[0].id;
    let read = stored(bench.database.store(organization, id).await);
    assert_eq!(read.as_ref(), created.first());
    assert_eq!(stored(bench.database.store(elsewhere, id).await), None);
    let unknown: StoreId = bench.id();
    assert_eq!(
        stored(bench.database.store(organization, unknown).await),
        None
    );
}

/// Settings are stored for each organization; an update keeps the settings that it doesn't name.
pub async fn settings_are_kept_per_organization(bench: Bench) {
    let [tenant, other] = [bench.tenant().await, bench.tenant().await];
    for (update, expected) in [(Some(true), true), (None, true), (Some(false), false)] {
        let per_store_stock = update;
        let settings = tenant
            .organization()
            .done(UpdateSettings { per_store_stock })
            .await;
        assert_eq!(settings.per_store_stock, expected);
        for (organization, expected) in
            [(tenant.organization, expected), (other.organization, false)]
        {
            let read = stored(bench.database.organization(organization).await);
            let settings = read.expect("the organization").settings;
            assert_eq!(settings.per_store_stock, expected);
        }
    }
}

/// A store reads and changes its organization's stock, which is shared.
pub async fn stores_share_their_organizations_stock(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let [one, other] = [tenant.store().await, tenant.store().await];
    organization.locate("central").await;
    let product = bench.product();
    let created = organization
        .done(make::stock(product, 10, [("central", 5)]))
        .await;
    assert_eq!(one.stock(product).await, Some(created));
    let allocate = stockroom_domain::TransactionAction::Allocate;
    one.transact(product, allocate, 3)
        .await
        .expect("there are ten");
    other
        .transact_at(product, allocate, 2, "central")
        .await
        .expect("there are five");
    let shared = organization.stock(product).await;
    assert_eq!(
        shared.as_ref().map(|stock| stock.sums().allocated.get()),
        Some(5)
    );
    for store in [&one, &other] {
        assert_eq!(store.stock(product).await, shared);
        assert_eq!(store.several(&[product]).await.first(), shared.as_ref());
    }
    let refused = one.ask(stockroom_domain::DeleteStock { product }).await;
    assert_eq!(refused, Err(Refusal::OrganizationKeyRequired));
}

/// Two stores may use one unregistered product id for separate products.
pub async fn stores_may_share_an_unregistered_id(bench: Bench) {
    let tenant = bench.tenant().await;
    let [one, other] = [tenant.store().await, tenant.store().await];
    let product = bench.product();
    let first = one.create(product, 1).await;
    let second = other.create(product, 2).await;
    assert_ne!(first.id, second.id);
    for (store, stock) in [(&one, &first), (&other, &second)] {
        assert_eq!(stock.product_owner, store.owner());
        assert_eq!(store.stock(product).await.as_ref(), Some(stock));
        assert_eq!(store.history(product).await.len(), 1);
    }
    one.delete(product).await;
    assert_eq!(other.stock(product).await, Some(second));
    assert_eq!(tenant.organization().stock(product).await, None);
}

/// An organization-level product is managed in one place: a second creator, at any level, is
/// refused until the first one's stock is deleted.
pub async fn a_shared_product_is_managed_in_one_place(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let stores = [tenant.store().await, tenant.store().await];
    let registered = organization
        .done(make::registration("shared"))
        .await
        .product
        .id;
    let unregistered = bench.product();
    organization.create(unregistered, 0).await;
    organization.delete(unregistered).await;
    let elsewhere = Err(Refusal::InvalidProductIdentifier);
    for product in [registered, unregistered] {
        let creators = [&stores[0], &organization, &stores[1]];
        for creator in creators {
            let stock = creator.create(product, 1).await;
            assert_eq!(stock.product_owner, Owner::Organization);
            for second in creators
                .iter()
                .filter(|second| second.owner() != creator.owner())
            {
                let refused = second.ask(make::stock(product, 1, [])).await;
                assert_eq!(refused, elsewhere);
            }
            creator.delete(product).await;
        }
    }
}

/// A product that a store registered belongs to the store, though another level uses its id.
pub async fn a_stores_own_product_may_be_managed_anywhere(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let request = RegisterProduct {
        stock: Some(make::quantity(1)),
        ..make::registration("a store's own")
    };
    let product = store.done(request).await.product.id;
    let shared = organization.create(product, 2).await;
    assert_eq!(shared.product_owner, Owner::Organization);
    assert_eq!(store.available(product).await.get(), 1);
    store.delete(product).await;
    assert_eq!(store.available(product).await.get(), 2);
    let own = store.create(product, 3).await;
    assert_eq!(own.product_owner, store.owner());
}

/// With the setting, every store keeps its own stock, with its own id. If the setting is turned off
/// again, existing stock stays.
pub async fn per_store_stock_lifts_the_limit(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let [one, other] = [tenant.store().await, tenant.store().await];
    let third = tenant.store().await;
    let product = bench.product();
    organization.create(product, 1).await;
    let refused = one.ask(make::stock(product, 2, [])).await;
    assert_eq!(refused, Err(Refusal::InvalidProductIdentifier));
    tenant.allow_per_store_stock().await;
    one.create(product, 2).await;
    other.create(product, 3).await;
    let mut ids = std::collections::HashSet::new();
    for (client, pieces) in [(&organization, 1), (&one, 2), (&other, 3), (&third, 1)] {
        let stock = client.stock(product).await.expect("the stock");
        assert_eq!(stock.sums().available.get(), pieces);
        ids.insert(stock.id);
    }
    assert_eq!(ids.len(), 3, "the third store sees the organization's");
    let per_store_stock = Some(false);
    organization.done(UpdateSettings { per_store_stock }).await;
    one.delete(product).await;
    let refused = one.ask(make::stock(product, 2, [])).await;
    assert_eq!(refused, Err(Refusal::InvalidProductIdentifier));
    assert_eq!(other.available(product).await.get(), 3);
}
