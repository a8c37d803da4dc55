//! Creating and deleting stock.

use std::collections::BTreeMap;

use stockroom_domain::{
    Change, CreateStock, DeleteStock, EntryAction, Ids as _, Owner, RecordChange, Refusal,
    STOCK_LOCATIONS_MAX, Stock,
};

use crate::scene::{
    CountingIds, MOST, Scene, assert_precedence, at, balance, changed_stock, entries, id, location,
    other_store, product, quantity, registered, slug, stock, store,
};

fn create(unlocated: u64, located: &[(&str, u64)]) -> CreateStock {
    CreateStock {
        product: product(),
        unlocated: quantity(unlocated),
        located: located
            .iter()
            .map(|(at, pieces)| (slug(at), quantity(*pieces)))
            .collect(),
    }
}

fn organizations_stock() -> Stock {
    stock(Owner::Organization, balance(1, 0))
}

#[test]
fn refusals_of_a_creation_come_in_order() {
    let scene = Scene::new(create(0, &[("here", 1)]))
        .with_location(location(store(), 1, "here"))
        .with_product(registered(Owner::Organization, product()));
    let nowhere = "nowhere".to_owned();
    assert_precedence(
        &scene,
        &[
            (
                |scene| {
                    scene.request.located.insert(slug("nowhere"), quantity(0));
                },
                Refusal::UnknownLocation { slug: nowhere },
            ),
            (
                |scene| scene.add_stock(stock(store(), balance(0, 0))),
                Refusal::StockExists,
            ),
            (
                |scene| scene.add_stock(organizations_stock()),
                Refusal::InvalidProductIdentifier,
            ),
            (
                |scene| scene.request.unlocated = quantity(MOST),
                Refusal::TotalTooLarge,
            ),
            (
                |scene| {
                    for number in 0..STOCK_LOCATIONS_MAX {
                        let called = format!("l{number}");
                        let number = 0x100 + u128::try_from(number).expect("it fits");
                        scene.state.add_location(location(store(), number, &called));
                        scene.request.located.insert(slug(&called), quantity(0));
                    }
                },
                Refusal::TooManyStockLocations {
                    locations_max: STOCK_LOCATIONS_MAX,
                },
            ),
        ],
    );
}

#[test]
fn a_creation_names_locations_of_its_own_level_only() {
    for owner in [Owner::Organization, other_store()] {
        let scene = Scene::new(create(0, &[("here", 1)])).with_location(location(owner, 1, "here"));
        let slug = "here".to_owned();
        assert_eq!(scene.decide(), Err(Refusal::UnknownLocation { slug }));
    }
}

#[test]
fn a_total_up_to_the_limit_is_accepted() {
    let here = |request| Scene::new(request).with_location(location(store(), 1, "here"));
    for (unlocated, located, accepted) in [
        (MOST, 0, true),
        (0, MOST, true),
        (MOST - 1, 1, true),
        (MOST, 1, false),
        (1, MOST, false),
        (MOST, MOST, false),
    ] {
        let decision = here(create(unlocated, &[("here", located)])).decide();
        let refusal = decision.err();
        assert_eq!(
            refusal,
            (!accepted).then_some(Refusal::TotalTooLarge),
            "{unlocated} {located}"
        );
    }
}

#[test]
fn as_many_locations_as_allowed_are_accepted() {
    let mut scene = Scene::new(create(0, &[]));
    for number in 0..STOCK_LOCATIONS_MAX {
        let called = format!("l{number}");
        let number = 0x100 + u128::try_from(number).expect("it fits");
        scene.state.add_location(location(store(), number, &called));
        scene.request.located.insert(slug(&called), quantity(1));
    }
    let decision = scene.accepted();
    assert_eq!(decision.answer.located.len(), STOCK_LOCATIONS_MAX);
    assert_eq!(entries(&decision.changes).len(), STOCK_LOCATIONS_MAX);
}

#[test]
fn each_position_with_a_quantity_gets_an_entry() {
    let scene = Scene::new(create(3, &[("z", 0), ("b", 2), ("a", 1)]))
        .with_location(location(store(), 1, "b"))
        .with_location(location(store(), 2, "a"))
        .with_location(location(store(), 3, "z"));
    let decision = scene.accepted();
    let written: Vec<_> = entries(&decision.changes)
        .into_iter()
        .map(|entry| {
            assert_eq!(entry.action, EntryAction::Create);
            assert_eq!(entry.stock, decision.answer.id);
            assert_eq!(entry.actor, scene.actor.key);
            assert_eq!(entry.balance, balance(entry.quantity.get(), 0));
            (entry.sequence, entry.location, entry.quantity.get())
        })
        .collect();
    assert_eq!(
        written,
        [(1, None, 3), (2, Some(id(1)), 2), (3, Some(id(2)), 1)]
    );
    assert_eq!(decision.answer.located.len(), 3);
    assert_eq!(decision.answer.sequence, 3);
    assert_eq!(decision.answer.sums(), balance(6, 0));
    assert_eq!(changed_stock(&decision.changes), Some(&decision.answer));
}

#[test]
fn stock_of_nothing_gets_one_entry_of_zero() {
    for located in [&[][..], &[("here", 0)]] {
        let scene = Scene::new(create(0, located)).with_location(location(store(), 1, "here"));
        let decision = scene.accepted();
        let [entry] = entries(&decision.changes)[..] else {
            panic!("one entry")
        };
        assert_eq!(entry.action, EntryAction::Create);
        assert_eq!((entry.location, entry.quantity.get()), (None, 0));
        assert_eq!(decision.answer.sequence, 1);
        assert_eq!(decision.answer.created_at, at(0));
    }
}

/// Whose product it becomes, for each creator and each past of the product.
#[test]
fn the_products_owner_follows_from_its_past() {
    let organization = Owner::Organization;
    let unregistered: fn(&mut Scene<CreateStock>) = |_| {};
    let of_organization: fn(&mut Scene<CreateStock>) = |scene| {
        scene
            .state
            .add_product(registered(Owner::Organization, product()));
        scene
            .state
            .management
            .entry(product())
            .or_default()
            .organization_level = true;
    };
    let of_store: fn(&mut Scene<CreateStock>) =
        |scene| scene.state.add_product(registered(store(), product()));
    let of_other_store: fn(&mut Scene<CreateStock>) = |scene| {
        scene
            .state
            .add_product(registered(other_store(), product()));
    };
    let of_store_and_level: fn(&mut Scene<CreateStock>) = |scene| {
        scene.state.add_product(registered(store(), product()));
        scene
            .state
            .management
            .entry(product())
            .or_default()
            .organization_level = true;
    };
    for (case, past, creator, owner) in [
        ("nobody's", unregistered, store(), store()),
        ("nobody's", unregistered, organization, organization),
        ("the organization's", of_organization, store(), organization),
        (
            "the organization's",
            of_organization,
            organization,
            organization,
        ),
        ("the store's", of_store, store(), store()),
        ("the store's", of_store, organization, organization),
        ("another store's", of_other_store, store(), store()),
        (
            "the store's and shared",
            of_store_and_level,
            store(),
            store(),
        ),
        (
            "the store's and shared",
            of_store_and_level,
            other_store(),
            organization,
        ),
    ] {
        let mut scene = Scene::new(create(1, &[])).by(creator);
        past(&mut scene);
        let decision = scene.accepted();
        assert_eq!(decision.answer.product_owner, owner, "{case}, {creator}");
        assert_eq!(decision.answer.owner, creator);
        let level = Change::Record(RecordChange::OrganizationLevel(product(), true));
        let becomes_level = decision.changes.contains(&level);
        assert_eq!(becomes_level, owner == organization, "{case}, {creator}");
    }
}

#[test]
fn an_organization_level_product_is_managed_in_one_place() {
    for holder in [Owner::Organization, other_store()] {
        let mut held = stock(holder, balance(0, 0));
        held.product_owner = Owner::Organization;
        let mut scene = Scene::new(create(1, &[])).with_stock(held);
        assert_eq!(scene.decide(), Err(Refusal::InvalidProductIdentifier));
        let organization = scene.state.organization.as_mut();
        organization
            .expect("the organization")
            .settings
            .per_store_stock = true;
        assert_eq!(scene.accepted().answer.product_owner, Owner::Organization);
    }
}

#[test]
fn stores_use_one_unregistered_id_each_for_itself() {
    let scene = Scene::new(create(1, &[])).with_stock(stock(other_store(), balance(1, 0)));
    assert_eq!(scene.accepted().answer.product_owner, store());
}

#[test]
fn refusals_of_a_deletion() {
    let delete = DeleteStock { product: product() };
    let none = Scene::new(delete.clone());
    assert_eq!(none.decide(), Err(Refusal::UnknownStock));
    let of_other = Scene::new(delete.clone()).with_stock(stock(other_store(), balance(0, 0)));
    assert_eq!(of_other.decide(), Err(Refusal::UnknownStock));
    let shared = Scene::new(delete).with_stock(organizations_stock());
    assert_eq!(shared.decide(), Err(Refusal::OrganizationKeyRequired));
    shared.by(Owner::Organization).accepted();
}

#[test]
fn stock_is_deleted_whatever_is_in_it() {
    let delete = DeleteStock { product: product() };
    let held = stock(store(), balance(5, 3));
    let scene = Scene::new(delete).with_stock(held.clone());
    assert_eq!(
        scene.accepted().changes,
        [Change::StockDeleted(held.key(), at(0))]
    );
}

/// So that their ids are in the order in which they were there.
#[test]
fn stock_begins_after_the_stock_that_was_there_before() {
    for (deleted, created) in [(-5, 0), (-1, 0), (0, 1), (70, 71)] {
        let mut scene = Scene::new(create(1, &[]));
        let management = scene.state.management.entry(product()).or_default();
        let last_deleted = &mut management.last_deleted;
        last_deleted.insert(store(), at(deleted));
        last_deleted.insert(other_store(), at(1_000));
        let stock = scene.accepted().answer;
        assert_eq!(stock.created_at, at(created));
        let id_from = CountingIds::default().next_id(at(created));
        assert!(stock.id.uuid() >= id_from, "{}", stock.id);
    }
}

/// The clock of the server may be behind that of the one that made the last change.
#[test]
fn stock_ends_after_its_last_change() {
    let mut held = stock(store(), balance(5, 0));
    held.updated_at = at(70);
    let scene = Scene::new(DeleteStock { product: product() }).with_stock(held.clone());
    let deleted = Change::StockDeleted(held.key(), at(70));
    assert_eq!(scene.accepted().changes, [deleted]);
}

/// Own stock stands in front of the organization's.
#[test]
fn a_store_deletes_its_own_stock_first() {
    let delete = DeleteStock { product: product() };
    let own = stock(store(), balance(5, 0));
    let scene = Scene::new(delete)
        .with_stock(own.clone())
        .with_stock(organizations_stock());
    assert_eq!(
        scene.accepted().changes,
        [Change::StockDeleted(own.key(), at(0))]
    );
}

#[test]
fn an_organizations_key_deletes_the_shared_stock_from_within_a_store() {
    let delete = DeleteStock { product: product() };
    let mut scene = Scene::new(delete).with_stock(organizations_stock());
    scene.actor.key_owner = Owner::Organization;
    let deleted = Change::StockDeleted(organizations_stock().key(), at(0));
    assert_eq!(scene.accepted().changes, [deleted]);
}

#[test]
fn a_creation_without_locations_needs_none() {
    let request = create(1, &[]);
    assert_eq!(request.located, BTreeMap::new());
    let mut needs = stockroom_domain::Needs::default();
    Scene::new(request).command().needs(&mut needs);
    assert!(needs.location_slugs.is_empty());
    assert!(needs.organization && needs.management.contains(&product()));
}
