//! Registered products.

use TransactionAction::{Allocate, Increment};
use stockroom_domain::{
    Availability, CommodityType, DeleteProduct, EntryAction, Owner, Patch, Product, ProductId,
    ProductStatus, Quantity, Refusal, RegisterProduct, StockedProduct, TransactionAction,
    UpdateProduct,
};

use crate::{Bench, Client, make};

pub(crate) fn update(id: ProductId) -> UpdateProduct {
    UpdateProduct {
        id,
        name: None,
        sku: Patch::Keep,
        slug: Patch::Keep,
        description: Patch::Keep,
        status: None,
        commodity_type: None,
        manage_stock: None,
        external_ref: Patch::Keep,
        stock: None,
    }
}

fn with_texts(sku: Option<&str>, external_ref: Option<&str>) -> RegisterProduct {
    RegisterProduct {
        sku: sku.map(make::text),
        external_ref: external_ref.map(make::text),
        ..make::registration("A product")
    }
}

pub(crate) fn stocked(pieces: u64) -> RegisterProduct {
    RegisterProduct {
        stock: Some(make::quantity(pieces)),
        ..make::registration("A product with stock")
    }
}

pub(crate) async fn register(client: &Client, request: RegisterProduct) -> Product {
    client.done(request).await.product
}

pub(crate) async fn level(client: &Client, id: ProductId) -> Option<u64> {
    let found = client.product(id).await;
    found.map(|found| found.level.get())
}

/// Every field is stored, and so is its absence.
pub async fn every_field_is_kept(bench: Bench) {
    let store = bench.store().await;
    let full = RegisterProduct {
        id: Some(bench.product()),
        name: make::text("Schrauben, 100 Stück 🔩"),
        sku: Some(make::text("SKU %_'\"\\")),
        slug: Some(make::text("schrauben")),
        description: Some(make::text("M4\nverzinkt")),
        status: ProductStatus::Live,
        commodity_type: CommodityType::Digital,
        manage_stock: true,
        external_ref: Some(make::text("erp:1")),
        stock: Some(make::quantity(4)),
    };
    for request in [full, make::registration("x")] {
        let answer = store.done(request).await;
        assert_eq!(store.product(answer.product.id).await, Some(answer));
    }
}

/// The first stock level is created with the product, and only if the product is to be managed.
pub async fn first_stock_comes_with_the_product(bench: Bench) {
    let store = bench.store().await;
    let managed = RegisterProduct {
        manage_stock: true,
        ..make::registration("managed from nothing")
    };
    let cases = [
        (stocked(7), Some(7), Availability::InStock),
        (managed, Some(0), Availability::OutOfStock),
        (
            make::registration("unmanaged"),
            None,
            Availability::OutOfStock,
        ),
    ];
    for (request, pieces, availability) in cases {
        let answer = store.done(request).await;
        assert_eq!(answer.availability(), availability);
        let id = answer.product.id;
        let stock = store.stock(id).await;
        let available = stock.as_ref().map(|stock| stock.sums().available.get());
        assert_eq!(available, pieces);
        if let Some(stock) = stock {
            let history = store.history(id).await;
            assert_eq!(history.len(), 1);
            assert_eq!(history[0].entry.action, EntryAction::Create);
            assert_eq!(stock.product_owner, store.owner());
        }
    }
}

/// An update changes the named fields and keeps the others.
pub async fn an_update_changes_what_it_names(bench: Bench) {
    let store = bench.store().await;
    let request = RegisterProduct {
        description: Some(make::text("before")),
        ..with_texts(Some("sku"), Some("ref"))
    };
    let created = register(&store, request).await;
    bench.clock.advance(1_000);
    let request = UpdateProduct {
        name: Some(make::text("Another name")),
        external_ref: Patch::Clear,
        slug: Patch::Set(make::text("slug")),
        status: Some(ProductStatus::Live),
        commodity_type: Some(CommodityType::Digital),
        ..update(created.id)
    };
    let answer = store.done(request).await;
    let expected = Product {
        name: make::text("Another name"),
        external_ref: None,
        slug: Some(make::text("slug")),
        status: ProductStatus::Live,
        commodity_type: CommodityType::Digital,
        updated_at: bench.clock.now(),
        version: 2,
        ..created
    };
    assert_eq!(answer.product, expected);
    assert_eq!(store.product(expected.id).await, Some(answer));
    assert_eq!(store.stock(expected.id).await, None);
}

/// An update sets the level of the unlocated pool; the product's own level counts every location.
pub async fn an_update_sets_the_stock_level(bench: Bench) {
    let store = bench.store().await;
    store.locate("berlin").await;
    let id = register(&store, stocked(10)).await.id;
    store
        .transact(id, Allocate, 4)
        .await
        .expect("there are ten");
    store
        .transact_at(id, Increment, 5, "berlin")
        .await
        .expect("an increment");
    let stock = Some(make::quantity(20));
    let answer = store
        .done(UpdateProduct {
            stock,
            ..update(id)
        })
        .await;
    assert_eq!(answer.level.get(), 16 + 5);
    assert_eq!(store.product(id).await, Some(answer));
    let stock = store.stock(id).await.expect("the stock");
    assert_eq!(stock.unlocated.total().get(), 20);
    assert_eq!(stock.sequence, 4);
}

/// An update that manages a product, or gives it a level, creates its stock.
pub async fn an_update_creates_the_stock(bench: Bench) {
    let store = bench.store().await;
    for (manage_stock, pieces) in [(Some(true), None), (None, Some(3)), (Some(true), Some(4))] {
        let id = register(&store, make::registration("unmanaged")).await.id;
        let stock = pieces.map(make::quantity);
        let request = UpdateProduct {
            manage_stock,
            stock,
            ..update(id)
        };
        let answer = store.done(request).await;
        assert_eq!(answer.level.get(), pieces.unwrap_or(0));
        assert_eq!(store.available(id).await, answer.level);
    }
}

/// A refused update changes neither the product nor its stock.
pub async fn a_refused_update_changes_nothing(bench: Bench) {
    let store = bench.store().await;
    let id = register(&store, stocked(10)).await.id;
    store
        .transact(id, Allocate, 4)
        .await
        .expect("there are ten");
    let before = (store.product(id).await, store.stock(id).await);
    let request = UpdateProduct {
        name: Some(make::text("Another name")),
        stock: Some(make::quantity(3)),
        ..update(id)
    };
    let refused = store.ask(request).await;
    assert_eq!(refused, Err(make::insufficient(3, 6, 4)));
    let after = (store.product(id).await, store.stock(id).await);
    assert_eq!(after, before);
}

/// A `sku` and an `external_ref` are unique among one owner's products, and available to other
/// owners.
pub async fn texts_are_unique_per_owner(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let [one, other] = [tenant.store().await, tenant.store().await];
    for client in [&organization, &one, &other] {
        let product = register(client, with_texts(Some("sku"), Some("ref")))
            .await
            .id;
        // A `sku` may equal another product's `external_ref`.
        register(client, with_texts(Some("ref"), Some("sku"))).await;
        let sku = client.ask(with_texts(Some("sku"), None)).await;
        assert_eq!(sku, Err(Refusal::SkuTaken { product }));
        let external_ref = client.ask(with_texts(None, Some("ref"))).await;
        assert_eq!(external_ref, Err(Refusal::ExternalRefTaken { product }));
        // Texts that differ in letter case differ; absent texts don't conflict.
        register(client, with_texts(Some("SKU"), None)).await;
        register(client, with_texts(None, Some("Ref"))).await;
        register(client, with_texts(None, None)).await;
    }
}

/// An update can't take another product's text, can keep its own, and frees the one that it gives
/// up.
pub async fn an_update_moves_unique_texts(bench: Bench) {
    let store = bench.store().await;
    let first = register(&store, with_texts(Some("a"), Some("a"))).await.id;
    let second = register(&store, with_texts(Some("b"), Some("b"))).await.id;
    let sku = |id, text: &str| UpdateProduct {
        sku: Patch::Set(make::text(text)),
        ..update(id)
    };
    let external_ref = |id, text: &str| UpdateProduct {
        external_ref: Patch::Set(make::text(text)),
        ..update(id)
    };
    let product = first;
    let taken = store.ask(sku(second, "a")).await;
    assert_eq!(taken, Err(Refusal::SkuTaken { product }));
    let taken = store.ask(external_ref(second, "a")).await;
    assert_eq!(taken, Err(Refusal::ExternalRefTaken { product }));
    store.done(sku(first, "a")).await;
    store.done(external_ref(first, "a")).await;
    store.done(sku(first, "c")).await;
    store.done(external_ref(first, "c")).await;
    store.done(sku(second, "a")).await;
    store.done(external_ref(second, "a")).await;
    let clear = UpdateProduct {
        sku: Patch::Clear,
        ..update(second)
    };
    store.done(clear).await;
    register(&store, with_texts(Some("a"), None)).await;
}

/// A store's key that updates its organization's product is refused. The organization's own key is
/// refused if the text is taken at the organization level.
pub async fn an_organizations_product_is_the_organizations_to_change(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let product = register(&organization, with_texts(Some("a"), None))
        .await
        .id;
    let id = register(&organization, with_texts(Some("b"), None))
        .await
        .id;
    let sku = || UpdateProduct {
        sku: Patch::Set(make::text("a")),
        ..update(id)
    };
    assert_eq!(
        store.ask(sku()).await,
        Err(Refusal::OrganizationKeyRequired)
    );
    let deleted = store.ask(DeleteProduct { id }).await;
    assert_eq!(deleted, Err(Refusal::OrganizationKeyRequired));
    let taken = organization.ask(sku()).await;
    assert_eq!(taken, Err(Refusal::SkuTaken { product }));
}

/// A deleted product isn't found, and its texts are available.
pub async fn a_deleted_products_texts_are_free(bench: Bench) {
    let tenant = bench.tenant().await;
    for client in [tenant.organization(), tenant.store().await] {
        for _ in 0..2 {
            let id = register(&client, with_texts(Some("sku"), Some("ref")))
                .await
                .id;
            client.done(DeleteProduct { id }).await;
            assert_eq!(client.product(id).await, None);
            assert_eq!(client.products().await, []);
            let again = client.ask(DeleteProduct { id }).await;
            assert_eq!(again, Err(Refusal::ProductNotFound));
        }
    }
}

/// A product with stock can't be deleted until the stock is.
pub async fn a_product_with_stock_is_not_deleted(bench: Bench) {
    let tenant = bench.tenant().await;
    for client in [tenant.organization(), tenant.store().await] {
        let id = register(&client, stocked(0)).await.id;
        let refused = client.ask(DeleteProduct { id }).await;
        assert_eq!(refused, Err(Refusal::ProductHasStock));
        client.delete(id).await;
        client.done(DeleteProduct { id }).await;
    }
}

/// An organization's product can't be deleted either while any store has stock of it.
pub async fn a_product_that_a_store_manages_is_not_deleted(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let id = register(&organization, make::registration("shared"))
        .await
        .id;
    let stock = store.create(id, 1).await;
    assert_eq!(stock.product_owner, Owner::Organization);
    let refused = organization.ask(DeleteProduct { id }).await;
    assert_eq!(refused, Err(Refusal::ProductHasStock));
    store.delete(id).await;
    organization.done(DeleteProduct { id }).await;
    // The product belongs to nobody now, so it becomes the store's.
    let stock = store.create(id, 1).await;
    assert_eq!(stock.product_owner, store.owner());
}

/// The list contains a store's own products and its organization's, in the order of creation.
pub async fn products_are_listed_in_the_order_of_creation(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let [one, other] = [tenant.store().await, tenant.store().await];
    let mut of_one = Vec::new();
    for place in 0..9_u64 {
        bench.clock.advance(i64::from(place % 2 == 0));
        let request = if place % 2 == 0 {
            stocked(place)
        } else {
            with_texts(None, None)
        };
        match place % 3 {
            0 => of_one.push(organization.done(request).await),
            1 => of_one.push(one.done(request).await),
            _ => drop(other.done(request).await),
        }
    }
    assert_eq!(one.products().await, of_one);
    let page = one.products_page(2, 3).await;
    assert_eq!((page.items, page.total), (of_one[3..5].to_vec(), Some(6)));
    let page = one.products_page(2, 6).await;
    assert_eq!((page.items, page.total), (vec![], Some(6)));
    let own = of_one
        .iter()
        .find(|product| product.product.owner == one.owner());
    let own = own.expect("one of its own").product.id;
    assert_eq!(other.product(own).await, None);
    assert_eq!(organization.product(own).await, None);
    let removed = of_one
        .iter()
        .find(|product| one.owner() == product.product.owner);
    let id = removed.expect("one of its own").product.id;
    if one.stock(id).await.is_some() {
        one.delete(id).await;
    }
    one.done(DeleteProduct { id }).await;
    assert_eq!(one.products_page(1, 0).await.total, Some(5));
}

/// The level is that of the stock which the caller sees.
pub async fn the_level_is_that_of_the_stock_one_sees(bench: Bench) {
    let tenant = bench.tenant().await;
    tenant.allow_per_store_stock().await;
    let organization = tenant.organization();
    let [one, other] = [tenant.store().await, tenant.store().await];
    let id = register(&organization, stocked(10)).await.id;
    one.create(id, 3).await;
    other
        .transact(id, Allocate, 4)
        .await
        .expect("there are ten");
    for (client, pieces) in [(&organization, 6), (&one, 3), (&other, 6)] {
        assert_eq!(level(client, id).await, Some(pieces));
        let listed: Vec<StockedProduct> = client.products().await;
        assert_eq!(listed[0].level.get(), pieces);
    }
    organization.delete(id).await;
    assert_eq!(level(&organization, id).await, Some(Quantity::ZERO.get()));
    assert_eq!(level(&other, id).await, Some(0));
    assert_eq!(level(&one, id).await, Some(3));
}
