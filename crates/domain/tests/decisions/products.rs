//! Products.

use stockroom_domain::{
    Change, CommodityType, DeleteProduct, Owner, Patch, Product, ProductField, ProductId,
    ProductStatus, RecordChange, Refusal, RegisterProduct, UpdateProduct,
};

use crate::scene::{
    MOST, Scene, assert_precedence, at, balance, changed_stock, entries, id, other_store, product,
    quantity, refused, registered, stock, store, text,
};

fn register() -> RegisterProduct {
    RegisterProduct {
        id: None,
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
                Refusal::SkuTaken { product: id(0xB) },
            ),
            (
                |scene| {
                    let holders = &mut scene.state.external_refs;
                    holders.insert((store(), text("ref")), id(0xB));
                },
                Refusal::ExternalRefTaken { product: id(0xB) },
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
                Refusal::SkuTaken { product: id(0xB) },
            ),
            (
                |scene| {
                    let holders = &mut scene.state.external_refs;
                    holders.insert((Owner::Organization, text("ref")), id(0xC));
                },
                Refusal::ExternalRefTaken { product: id(0xC) },
            ),
            (
                |scene| scene.request.stock = Some(quantity(2)),
                Refusal::InsufficientStock(refused(2, balance(5, 3))),
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
                Refusal::SkuTaken { product: id(0xB) },
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
        version: 2,
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
        version: 2,
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
        let mut expected = vec![Change::Record(RecordChange::ProductDeleted(Product {
            updated_at: at(0),
            version: 2,
            ..product.clone()
        }))];
        if owner == Owner::Organization {
            let level = RecordChange::OrganizationLevel(product.id, false);
            expected.push(Change::Record(level));
        }
        assert_eq!(scene.accepted().changes, expected);
    }
}

fn register_as(product: ProductId) -> RegisterProduct {
    RegisterProduct {
        id: Some(product),
        ..register()
    }
}

#[test]
fn a_product_gets_the_id_that_is_asked_for() {
    for owner in [store(), Owner::Organization] {
        let decision = Scene::new(register_as(id(0xD))).by(owner).accepted();
        assert_eq!(decision.answer.product.id, id(0xD), "{owner}");
    }
}

/// Who asks for the id of whose product.
#[test]
fn an_id_is_taken_by_what_the_caller_sees() {
    let organization = Owner::Organization;
    for (by, of, is_taken) in [
        (store(), store(), true),
        (store(), organization, true),
        (store(), other_store(), false),
        (organization, organization, true),
    ] {
        let scene = Scene::new(register_as(product()))
            .by(by)
            .with_product(registered(of, product()));
        let refusal = scene.decide().err();
        let expected = is_taken.then_some(Refusal::ProductIdTaken);
        assert_eq!(refusal, expected, "{by} asks for the id of {of}'s");
    }
}

/// The organization can act in all of its stores; that one of them has the id is no secret to it.
#[test]
fn an_id_that_a_store_has_is_taken_for_the_organization() {
    let mut scene = Scene::new(register_as(product())).by(Owner::Organization);
    scene.state.store_products.insert(product());
    assert_eq!(scene.decide(), Err(Refusal::ProductIdTaken));
}

/// Of stock that is there under the id, whose product it is stock of.
#[test]
fn stock_that_is_there_decides_whose_product_an_unregistered_id_is() {
    let organization = Owner::Organization;
    for (by, holder, product_owner, is_taken) in [
        (store(), store(), store(), false),
        // The store manages a product of the organization.
        (store(), store(), organization, true),
        (store(), organization, organization, true),
        (store(), other_store(), other_store(), false),
        (store(), other_store(), organization, true),
        (organization, organization, organization, false),
        (organization, store(), store(), false),
        (organization, store(), organization, false),
    ] {
        let mut held = stock(holder, balance(5, 3));
        held.product_owner = product_owner;
        let request = RegisterProduct {
            stock: None,
            ..register_as(product())
        };
        let scene = Scene::new(request).by(by).with_stock(held);
        let case = format!("{by}: stock of {holder}, product of {product_owner}");
        match scene.decide() {
            Ok(decision) => {
                assert!(!is_taken, "{case}");
                let level = if by == holder { 5 } else { 0 };
                assert_eq!(decision.answer.level.get(), level, "{case}");
                assert_eq!(changed_stock(&decision.changes), None, "{case}");
            }
            Err(refusal) => {
                assert!(is_taken, "{case}");
                assert_eq!(refusal, Refusal::ProductIdTaken, "{case}");
            }
        }
    }
}

/// Its own stock makes the product the store's, also if the organization has begun to manage the id
/// since.
#[test]
fn a_store_registers_its_own_product_of_an_organization_level_id() {
    let scene = Scene::new(register_as(product()))
        .with_stock(stock(Owner::Organization, balance(9, 0)))
        .with_stock(stock(store(), balance(5, 3)));
    let decision = scene.accepted();
    assert_eq!(decision.answer.product.owner, store());
    assert_eq!(decision.answer.level.get(), 5);
}

/// As an update does it.
#[test]
fn a_registration_sets_the_stock_that_is_there() {
    let scene = |pieces| {
        let request = RegisterProduct {
            stock: Some(quantity(pieces)),
            manage_stock: true,
            ..register_as(product())
        };
        Scene::new(request).with_stock(stock(store(), balance(5, 3)))
    };
    for (pieces, written, available) in [(8, 0, 5), (9, 1, 6), (3, 1, 0)] {
        let decision = scene(pieces).accepted();
        assert_eq!(entries(&decision.changes).len(), written, "{pieces}");
        assert_eq!(decision.answer.level.get(), available, "{pieces}");
    }
    let refusal = Refusal::InsufficientStock(refused(2, balance(5, 3)));
    assert_eq!(scene(2).decide(), Err(refusal));
}

#[test]
fn refusals_of_a_registration_under_an_id_come_in_order() {
    let request = RegisterProduct {
        stock: Some(quantity(8)),
        ..register_as(product())
    };
    assert_precedence(
        &Scene::new(request).with_stock(stock(store(), balance(5, 3))),
        &[
            (
                |scene| scene.state.add_product(registered(store(), product())),
                Refusal::ProductIdTaken,
            ),
            (
                |scene| {
                    scene.state.skus.insert((store(), text("sku")), id(0xB));
                },
                Refusal::SkuTaken { product: id(0xB) },
            ),
            (
                |scene| scene.request.stock = Some(quantity(2)),
                Refusal::InsufficientStock(refused(2, balance(5, 3))),
            ),
        ],
    );
}

#[test]
fn a_new_sku_or_external_ref_has_no_white_space_at_its_ends() {
    for (spelling, accepted) in [
        ("sku", true),
        ("s k\u{a0}u", true),
        (" sku", false),
        ("sku ", false),
        ("\tsku", false),
        ("sku\n", false),
        ("sku\u{a0}", false),
        ("\u{2003}sku", false),
        ("\u{3000}", false),
    ] {
        for field in [ProductField::Sku, ProductField::ExternalRef] {
            let expected = (!accepted).then_some(Refusal::WhiteSpaceAtEnds { field });
            let mut registration = register();
            let mut change = update();
            match field {
                ProductField::Sku => {
                    registration.sku = Some(text(spelling));
                    change.sku = Patch::Set(text(spelling));
                }
                ProductField::ExternalRef => {
                    registration.external_ref = Some(text(spelling));
                    change.external_ref = Patch::Set(text(spelling));
                }
            }
            let refusal = Scene::new(registration).decide().err();
            assert_eq!(refusal, expected, "{field} {spelling:?}");
            let scene = Scene::new(change).with_product(registered(store(), product()));
            assert_eq!(scene.decide().err(), expected, "{field} {spelling:?}");
        }
    }
}

/// A client that changes something else sends them back as they are.
#[test]
fn white_space_that_was_there_before_may_stay() {
    let before = Product {
        sku: Some(text(" sku ")),
        external_ref: Some(text("ref ")),
        ..registered(store(), product())
    };
    let scene = |sku: Patch<&str>, external_ref: Patch<&str>| {
        let text = |it: &str| Ok::<_, Refusal>(text(it));
        let request = UpdateProduct {
            sku: sku.try_map(text).expect("a text"),
            external_ref: external_ref.try_map(text).expect("a text"),
            ..update()
        };
        Scene::new(request).with_product(before.clone())
    };
    scene(Patch::Keep, Patch::Keep).accepted();
    scene(Patch::Set(" sku "), Patch::Set("ref ")).accepted();
    scene(Patch::Set("sku"), Patch::Clear).accepted();
    let refused = scene(Patch::Set("sku "), Patch::Keep).decide();
    let field = ProductField::Sku;
    assert_eq!(refused, Err(Refusal::WhiteSpaceAtEnds { field }));
}

#[test]
fn white_space_is_refused_before_a_text_that_is_taken() {
    let scene = Scene::new(register());
    assert_precedence(
        &scene,
        &[
            (
                |scene| scene.request.external_ref = Some(text("ref ")),
                Refusal::WhiteSpaceAtEnds {
                    field: ProductField::ExternalRef,
                },
            ),
            (
                |scene| {
                    scene.state.skus.insert((store(), text("sku")), id(0xB));
                },
                Refusal::SkuTaken { product: id(0xB) },
            ),
        ],
    );
}

/// The total that the unlocated pool has already writes nothing.
#[test]
fn an_update_to_the_total_that_is_there_writes_nothing() {
    let request = UpdateProduct {
        stock: Some(quantity(8)),
        ..update()
    };
    let scene = Scene::new(request)
        .with_product(registered(store(), product()))
        .with_stock(stock(store(), balance(5, 3)))
        .with_position(store(), 1, "here", balance(7, 1));
    let decision = scene.accepted();
    assert_eq!(decision.answer.level.get(), 5 + 7);
    assert_eq!(changed_stock(&decision.changes), None);
    assert!(entries(&decision.changes).is_empty());
}
