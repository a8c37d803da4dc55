//! Products.

use stockroom_domain::{
    Change, CommodityType, DeleteProduct, Owner, Patch, Product, ProductStatus, RecordChange,
    Refusal, RegisterProduct, UpdateProduct,
};

use crate::scene::{
    MOST, Scene, assert_precedence, at, balance, changed_stock, entries, id, other_store, product,
    quantity, registered, stock, store, text,
};

fn register() -> RegisterProduct {
    RegisterProduct {
        name: text("A product"),
        sku: Some(text("sku")),
        slug: None,
        description: None,
        status: ProductStatus::Draft,
        commodity_type: CommodityType::Physical,
        manage_stock: false,
        external_ref: Some(text("ref")),
        stock: None,
    }
}

fn update() -> UpdateProduct {
    UpdateProduct {
        id: product(),
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

/// Another product of `owner`, with the texts that are asked for.
fn rival(owner: Owner, sku: Option<&str>, external_ref: Option<&str>) -> Product {
    Product {
        sku: sku.map(text),
        external_ref: external_ref.map(text),
        ..registered(owner, id(0xB))
    }
}

#[test]
fn refusals_of_a_registration_come_in_order() {
    assert_precedence(
        &Scene::new(register()),
        &[
            (
                |scene| {
                    scene.state.skus.insert((store(), text("sku")), id(0xB));
                },
                Refusal::SkuTaken,
            ),
            (
                |scene| {
                    let holders = &mut scene.state.external_refs;
                    holders.insert((store(), text("ref")), id(0xB));
                },
                Refusal::ExternalRefTaken,
            ),
        ],
    );
}

#[test]
fn another_owners_texts_are_free() {
    for owner in [Owner::Organization, other_store()] {
        let scene = Scene::new(register()).with_product(rival(owner, Some("sku"), Some("ref")));
        scene.accepted();
    }
}

#[test]
fn stock_is_created_with_a_product_that_is_to_be_managed() {
    for (manage_stock, pieces, created) in [
        (false, None, None),
        (true, None, Some(0)),
        (false, Some(3), Some(3)),
        (true, Some(MOST), Some(MOST)),
        (false, Some(0), Some(0)),
    ] {
        let scene = Scene::new(RegisterProduct {
            manage_stock,
            stock: pieces.map(quantity),
            ..register()
        });
        let decision = scene.accepted();
        let stock = changed_stock(&decision.changes);
        let available = stock.map(|stock| stock.sums().available.get());
        assert_eq!(available, created, "{manage_stock} {pieces:?}");
        assert_eq!(decision.answer.level.get(), created.unwrap_or(0));
        let written = entries(&decision.changes).len();
        assert_eq!(written, usize::from(created.is_some()));
        if let Some(stock) = stock {
            assert_eq!(stock.product, decision.answer.product.id);
            assert_eq!(stock.product_owner, store());
        }
    }
}

#[test]
fn an_organizations_registration_is_organization_level() {
    let mut scene = Scene::new(RegisterProduct {
        stock: Some(quantity(1)),
        ..register()
    });
    for (owner, expected) in [(store(), false), (Owner::Organization, true)] {
        scene = scene.by(owner);
        let decision = scene.accepted();
        let level = RecordChange::OrganizationLevel(decision.answer.product.id, true);
        let is_level = decision.changes.contains(&Change::Record(level));
        assert_eq!(is_level, expected, "{owner}");
        let stock = changed_stock(&decision.changes).expect("the first stock");
        assert_eq!(stock.product_owner, owner);
    }
}

/// Everything about an organization's product, whose stock has 3 allocated.
#[test]
fn refusals_of_an_update_come_in_order() {
    let organization = Owner::Organization;
    let request = UpdateProduct {
        sku: Patch::Set(text("sku")),
        external_ref: Patch::Set(text("ref")),
        stock: Some(quantity(5)),
        ..update()
    };
    let scene = Scene::new(request)
        .by(organization)
        .with_product(registered(organization, product()))
        .with_stock(stock(organization, balance(5, 3)));
    assert_precedence(
        &scene,
        &[
            (
                |scene| *scene = scene.clone().by(store()),
                Refusal::OrganizationKeyRequired,
            ),
            (
                |scene| {
                    let rival = rival(Owner::Organization, Some("sku"), None);
                    scene.state.add_product(rival);
                },
                Refusal::SkuTaken,
            ),
            (
                |scene| {
                    let holders = &mut scene.state.external_refs;
                    holders.insert((Owner::Organization, text("ref")), id(0xC));
                },
                Refusal::ExternalRefTaken,
            ),
            (
                |scene| scene.request.stock = Some(quantity(2)),
                Refusal::InsufficientStock,
            ),
        ],
    );
}

/// Stock that an update would create may be managed elsewhere.
#[test]
fn an_update_creates_no_second_stock_of_a_shared_product() {
    let organization = Owner::Organization;
    let request = UpdateProduct {
        sku: Patch::Set(text("sku")),
        manage_stock: Some(true),
        ..update()
    };
    let scene = Scene::new(request)
        .by(organization)
        .with_product(registered(organization, product()));
    assert_precedence(
        &scene,
        &[
            (
                |scene| {
                    let rival = rival(Owner::Organization, Some("sku"), None);
                    scene.state.add_product(rival);
                },
                Refusal::SkuTaken,
            ),
            (
                |scene| {
                    let mut elsewhere = stock(other_store(), balance(1, 0));
                    elsewhere.product_owner = Owner::Organization;
                    scene.add_stock(elsewhere);
                },
                Refusal::InvalidProductIdentifier,
            ),
        ],
    );
}

#[test]
fn what_the_caller_does_not_see_is_not_found() {
    let delete = DeleteProduct { id: product() };
    for (owner, by) in [
        (None, store()),
        (Some(other_store()), store()),
        (Some(store()), Owner::Organization),
    ] {
        let mut updating = Scene::new(update()).by(by);
        let mut deleting = Scene::new(delete.clone()).by(by);
        if let Some(owner) = owner {
            updating.state.add_product(registered(owner, product()));
            deleting.state.add_product(registered(owner, product()));
        }
        assert_eq!(updating.decide(), Err(Refusal::ProductNotFound));
        assert_eq!(deleting.decide(), Err(Refusal::ProductNotFound));
    }
}

#[test]
fn a_product_may_keep_its_own_texts() {
    let own = Product {
        sku: Some(text("sku")),
        external_ref: Some(text("ref")),
        ..registered(store(), product())
    };
    let request = UpdateProduct {
        sku: Patch::Set(text("sku")),
        external_ref: Patch::Set(text("ref")),
        ..update()
    };
    let expected = Product {
        updated_at: at(0),
        ..own.clone()
    };
    let scene = Scene::new(request).with_product(own);
    assert_eq!(scene.accepted().answer.product, expected);
}

#[test]
fn an_update_keeps_clears_and_sets() {
    let before = Product {
        sku: Some(text("sku")),
        slug: Some(text("slug")),
        ..registered(store(), product())
    };
    let request = UpdateProduct {
        slug: Patch::Clear,
        description: Patch::Set(text("after")),
        status: Some(ProductStatus::Live),
        ..update()
    };
    let scene = Scene::new(request).with_product(before.clone());
    let expected = Product {
        slug: None,
        description: Some(text("after")),
        status: ProductStatus::Live,
        updated_at: at(0),
        ..before
    };
    let decision = scene.accepted();
    assert_eq!(decision.answer.product, expected);
    let record = RecordChange::Product(expected);
    assert_eq!(decision.changes, [Change::Record(record)]);
}

/// The level given is that of the unlocated pool; the level answered is that of the whole stock.
#[test]
fn an_update_sets_the_unlocated_pool() {
    for (pieces, level) in [(3, 7), (10, 7 + 7), (5, 2 + 7)] {
        let request = UpdateProduct {
            stock: Some(quantity(pieces)),
            ..update()
        };
        let scene = Scene::new(request)
            .with_product(registered(store(), product()))
            .with_stock(stock(store(), balance(5, 3)))
            .with_position(store(), 1, "here", balance(7, 1));
        let decision = scene.accepted();
        assert_eq!(decision.answer.level.get(), level, "set to {pieces}");
        let changed = changed_stock(&decision.changes).expect("the stock changes");
        assert_eq!(changed.unlocated, balance(pieces - 3, 3));
        assert_eq!(changed.sums().available.get(), level);
        assert_eq!(entries(&decision.changes).len(), 1);
    }
}

/// Without stock, an update creates it where it names a level or asks for management, and not
/// where the product merely is to be managed already.
#[test]
fn an_update_creates_stock_when_asked_to() {
    for (managed, manage_stock, pieces, created) in [
        (false, None, None, None),
        (true, None, None, None),
        (false, Some(false), None, None),
        (true, Some(true), None, Some(0)),
        (false, Some(true), None, Some(0)),
        (false, None, Some(4), Some(4)),
        (false, Some(true), Some(4), Some(4)),
    ] {
        let request = UpdateProduct {
            manage_stock,
            stock: pieces.map(quantity),
            ..update()
        };
        let scene = Scene::new(request).with_product(Product {
            manage_stock: managed,
            ..registered(store(), product())
        });
        let decision = scene.accepted();
        let stock = changed_stock(&decision.changes);
        let available = stock.map(|stock| stock.sums().available.get());
        assert_eq!(available, created, "{managed} {manage_stock:?} {pieces:?}");
        assert_eq!(decision.answer.level.get(), created.unwrap_or(0));
    }
}

#[test]
fn refusals_of_a_deletion_come_in_order() {
    let organization = Owner::Organization;
    let scene = Scene::new(DeleteProduct { id: product() })
        .by(organization)
        .with_product(registered(organization, product()));
    assert_precedence(
        &scene,
        &[
            (
                |scene| *scene = scene.clone().by(store()),
                Refusal::OrganizationKeyRequired,
            ),
            (
                |scene| {
                    let mut held = stock(other_store(), balance(0, 0));
                    held.product_owner = Owner::Organization;
                    scene.add_stock(held);
                },
                Refusal::ProductHasStock,
            ),
        ],
    );
}

/// A store's product is kept by the store's own stock, and not by the organization's that happens
/// to have the same id.
#[test]
fn a_stores_product_is_kept_by_its_own_stock_only() {
    for (holder, kept) in [(store(), true), (Owner::Organization, false)] {
        let scene = Scene::new(DeleteProduct { id: product() })
            .with_product(registered(store(), product()))
            .with_stock(stock(holder, balance(0, 0)));
        let refusal = scene.decide().err();
        assert_eq!(
            refusal,
            kept.then_some(Refusal::ProductHasStock),
            "{holder}"
        );
    }
}

#[test]
fn a_deleted_product_is_no_longer_organization_level() {
    for owner in [store(), Owner::Organization] {
        let product = registered(owner, product());
        let scene = Scene::new(DeleteProduct { id: product.id })
            .by(owner)
            .with_product(product.clone());
        let mut expected = vec![Change::Record(RecordChange::ProductDeleted(
            product.clone(),
        ))];
        if owner == Owner::Organization {
            let level = RecordChange::OrganizationLevel(product.id, false);
            expected.push(Change::Record(level));
        }
        assert_eq!(scene.accepted().changes, expected);
    }
}
