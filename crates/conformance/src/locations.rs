//! Locations.

use TransactionAction::{Allocate, Decrement, Increment};
use stockroom_application::{LocationOrder, PageRequest};
use stockroom_domain::{
    Address, Balance, CreateLocation, DeleteLocation, Description, ExternalRef, Geolocation,
    Location, LocationId, Patch, Priority, Refusal, TransactionAction, UpdateLocation,
};

use crate::client::stored;
use crate::history::rename;
use crate::{Bench, make};

fn full(slug: &str) -> CreateLocation {
    let lines = ["Straße 1", "", "12345 Berlin"].map(str::to_owned);
    CreateLocation {
        name: make::name("Ein Lager 🏬"),
        slug: make::slug(slug),
        external_ref: ExternalRef::new("external_ref", "wh-'1'").ok(),
        description: Description::new("description", "50 % \"off\"\n\\").ok(),
        address: Address::new(lines.to_vec()).ok(),
        geolocation: Geolocation::new(52.520_008, -13.404_954).ok(),
        enabled: false,
        priority: priority(1_000_000),
    }
}

fn priority(number: u64) -> Priority {
    Priority::new(number).expect("a priority")
}

fn slugs(locations: &[Location]) -> Vec<&str> {
    locations.iter().map(|it| it.slug.as_str()).collect()
}

pub(crate) fn at(slug: &str, latitude: f64, longitude: f64) -> CreateLocation {
    CreateLocation {
        geolocation: Geolocation::new(latitude, longitude).ok(),
        ..make::location(slug)
    }
}

/// Every field is stored, and so is its absence.
pub async fn every_field_is_kept(bench: Bench) {
    let store = bench.store().await;
    for request in [full("full"), make::location("bare")] {
        let created = store.done(request).await;
        assert_eq!(store.location(created.id).await, Some(created));
    }
}

/// An update changes the named fields and keeps the others.
pub async fn an_update_changes_what_it_names(bench: Bench) {
    let store = bench.store().await;
    let created = store.done(full("berlin")).await;
    bench.clock.advance(1_000);
    let update = UpdateLocation {
        name: Some(make::name("Another name")),
        slug: None,
        external_ref: Patch::Clear,
        geolocation: Patch::Set(Geolocation::new(0.0, 180.0).expect("on the globe")),
        ..rename(&created, "berlin")
    };
    let updated = store.done(update).await;
    let expected = Location {
        name: make::name("Another name"),
        external_ref: None,
        geolocation: Geolocation::new(0.0, 180.0).ok(),
        updated_at: bench.clock.now(),
        version: 2,
        ..created
    };
    assert_eq!(updated, expected);
    assert!(!updated.enabled);
    assert_eq!(updated.priority, priority(1_000_000));
    assert_eq!(store.location(updated.id).await, Some(expected));

    let clear = UpdateLocation {
        slug: None,
        description: Patch::Clear,
        address: Patch::Clear,
        geolocation: Patch::Clear,
        enabled: Patch::Clear,
        priority: Patch::Set(priority(0)),
        ..rename(&updated, "berlin")
    };
    let cleared = store.done(clear).await;
    assert_eq!(cleared.description, None);
    assert_eq!(cleared.address, None);
    assert_eq!(cleared.geolocation, None);
    assert!(cleared.enabled);
    assert_eq!(cleared.priority, priority(0));
    assert_eq!(store.location(updated.id).await, Some(cleared));
}

/// The list is in the order of creation, whatever the slugs.
pub async fn locations_are_listed_in_the_order_of_creation(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let mut created = Vec::new();
    for (place, slug) in ["m", "z", "a", "y", "b", "k", "c"].iter().enumerate() {
        let creator = if place % 3 == 1 {
            &organization
        } else {
            &store
        };
        bench.clock.advance(i64::from(place % 2 == 0));
        created.push(creator.locate(slug).await);
    }
    assert_eq!(store.locations(&[]).await, created);
    let page = store
        .locations_page(&[], LocationOrder::Created, 3, 2)
        .await;
    assert_eq!((page.items, page.total), (created[2..5].to_vec(), Some(7)));
    let page = store
        .locations_page(&[], LocationOrder::Created, 3, 7)
        .await;
    assert_eq!((page.items, page.total), (vec![], Some(7)));
}

/// The nearest location is first, even across the date line; locations without a geolocation are
/// last, in the order of creation.
pub async fn the_nearest_location_comes_first(bench: Bench) {
    let store = bench.store().await;
    for request in [
        make::location("nowhere-1"),
        at("far", 0.0, -90.0),
        at("near-over-the-line", 0.0, -179.5),
        make::location("nowhere-2"),
        at("nearer", 0.0, 179.4),
        at("pole", 90.0, 0.0),
        at("same-as-nearer", 0.0, 179.4),
    ] {
        store.done(request).await;
    }
    let point = Geolocation::new(0.0, 179.5).expect("on the globe");
    let nearest = LocationOrder::Nearest(point);
    let nearest_first = [
        "nearer",
        "same-as-nearer",
        "near-over-the-line",
        "pole",
        "far",
        "nowhere-1",
        "nowhere-2",
    ];
    let page = store.locations_page(&[], nearest, 100, 0).await;
    assert_eq!(page.total, Some(7));
    assert_eq!(slugs(&page.items), nearest_first);
    let page = store.locations_page(&[], nearest, 2, 2).await;
    assert_eq!(page.total, Some(7));
    assert_eq!(slugs(&page.items), nearest_first[2..4]);
}

/// The lowest priority is first, and of equals the oldest, whoever owns them.
pub async fn the_lowest_priority_comes_first(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    for (owner, slug, number) in [
        (&store, "usual-1", None),
        (&organization, "last", Some(1_000_000)),
        (&store, "first", Some(0)),
        (&organization, "usual-2", Some(1_000)),
        (&store, "second", Some(999)),
        (&store, "usual-3", None),
    ] {
        bench.clock.advance(1);
        let request = CreateLocation {
            priority: number.map(priority).unwrap_or_default(),
            ..make::location(slug)
        };
        owner.done(request).await;
    }
    let order = LocationOrder::Priority;
    let page = store.locations_page(&[], order, 100, 0).await;
    let expected = ["first", "second", "usual-1", "usual-2", "usual-3", "last"];
    assert_eq!(slugs(&page.items), expected);
    assert_eq!(page.total, Some(6));
    let page = store.locations_page(&[], order, 2, 3).await;
    assert_eq!(slugs(&page.items), expected[3..5]);
    let next = page.next.expect("a next page");
    let page = PageRequest::after(2, next);
    let found = store.database.list_locations(store.scope, &[], order, page);
    assert_eq!(slugs(&stored(found.await).items), expected[5..]);
    // Another priority moves it in the list.
    let first = store.locations_page(&[], order, 1, 0).await.items;
    let update = UpdateLocation {
        priority: Patch::Clear,
        ..UpdateLocation::new(first[0].id)
    };
    store.done(update).await;
    let page = store.locations_page(&[], order, 100, 0).await;
    let expected = ["second", "usual-1", "first", "usual-2", "usual-3", "last"];
    assert_eq!(slugs(&page.items), expected);
}

/// A store sees its own and its organization's locations, but no other store's.
pub async fn a_store_sees_its_own_and_its_organizations_locations(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let [one, other] = [tenant.store().await, tenant.store().await];
    let shared = organization.locate("shared").await;
    let own = one.locate("own").await;
    assert_eq!(one.locations(&[]).await, [shared.clone(), own.clone()]);
    assert_eq!(other.locations(&[]).await, std::slice::from_ref(&shared));
    assert_eq!(
        organization.locations(&[]).await,
        std::slice::from_ref(&shared)
    );
    assert_eq!(one.location(shared.id).await, Some(shared));
    assert_eq!(other.location(own.id).await, None);
    assert_eq!(organization.location(own.id).await, None);
    let stolen = other.ask(DeleteLocation { id: own.id }).await;
    assert_eq!(stolen, Err(Refusal::LocationNotFound));
    let renamed = other.ask(rename(&own, "stolen")).await;
    assert_eq!(renamed, Err(Refusal::LocationNotFound));
}

/// A slug is unique among one owner's locations, and available to every other owner.
pub async fn slugs_are_unique_per_owner(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let [one, other] = [tenant.store().await, tenant.store().await];
    for client in [&organization, &one, &other] {
        client.locate("berlin").await;
        let second = client.ask(make::location("berlin")).await;
        let slug = make::slug("berlin");
        assert_eq!(second, Err(Refusal::SlugTaken { slug }));
    }
    assert_eq!(one.locations(&[]).await.len(), 2);
}

/// A rename to another location's slug is refused; one to the location's own slug changes nothing.
pub async fn a_taken_slug_is_refused_for_a_rename(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    store.locate("madrid").await;
    let taken = store.ask(rename(&berlin, "madrid")).await;
    let slug = make::slug("madrid");
    assert_eq!(taken, Err(Refusal::SlugTaken { slug }));
    let same = store.done(rename(&berlin, "berlin")).await;
    assert_eq!(same.slug, berlin.slug);
}

/// A rename frees the old slug for other locations.
pub async fn a_rename_frees_the_slug(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    store.done(rename(&berlin, "potsdam")).await;
    let second = store.locate("berlin").await;
    let product = bench.product();
    store
        .done(make::stock(product, 0, [("berlin", 1), ("potsdam", 2)]))
        .await;
    let stock = store.stock(product).await.expect("the stock");
    let available = |id: LocationId| stock.balance(Some(id)).unwrap_or_default().available.get();
    assert_eq!((available(second.id), available(berlin.id)), (1, 2));
}

/// Stock shows its locations' current names, however it is read.
pub async fn a_renamed_location_is_renamed_in_all_stock(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let [one, other] = [bench.product(), bench.product()];
    for product in [one, other] {
        store.done(make::stock(product, 0, [("berlin", 1)])).await;
    }
    store.done(rename(&berlin, "potsdam")).await;
    let mut read = store.stocks(&[]).await;
    read.extend(store.several(&[one, other]).await);
    read.extend(store.stock(one).await);
    assert_eq!(read.len(), 5);
    for stock in read {
        assert_eq!(stock.located[&berlin.id].slug, make::slug("potsdam"));
    }
    // The answer to a change shows the same.
    let answer = store.done(make::put(one, [("potsdam", Some(3))])).await;
    assert_eq!(answer.located[&berlin.id].slug, make::slug("potsdam"));
}

/// A location with available or allocated stock can't be deleted.
pub async fn a_location_in_use_is_not_deleted(bench: Bench) {
    let store = bench.store().await;
    let [available, allocated] = [
        store.locate("available").await,
        store.locate("allocated").await,
    ];
    let product = bench.product();
    let located = [("available", 1), ("allocated", 1)];
    store.done(make::stock(product, 0, located)).await;
    store
        .transact_at(product, Allocate, 1, "allocated")
        .await
        .expect("there is one");
    for location in [available, allocated] {
        let refused = store.ask(DeleteLocation { id: location.id }).await;
        assert_eq!(refused, Err(Refusal::LocationInUse));
        assert_eq!(store.location(location.id).await, Some(location));
    }
}

/// One stock in a location is enough to keep it.
pub async fn one_stock_among_many_keeps_a_location(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    for pieces in [0, 0, 3, 0] {
        store
            .done(make::stock(bench.product(), 5, [("berlin", pieces)]))
            .await;
    }
    let refused = store.ask(DeleteLocation { id: berlin.id }).await;
    assert_eq!(refused, Err(Refusal::LocationInUse));
}

/// The deletion of a location removes its empty positions, and nothing else of the stock.
pub async fn empty_positions_go_with_their_location(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let madrid = store.locate("madrid").await;
    let [never_used, emptied] = [bench.product(), bench.product()];
    store
        .done(make::stock(never_used, 5, [("berlin", 0), ("madrid", 1)]))
        .await;
    store.done(make::stock(emptied, 0, [("berlin", 4)])).await;
    store
        .transact_at(emptied, Decrement, 4, "berlin")
        .await
        .expect("there are four");
    store.done(DeleteLocation { id: berlin.id }).await;

    assert_eq!(store.location(berlin.id).await, None);
    assert_eq!(store.locations(&[]).await, std::slice::from_ref(&madrid));
    let stock = store.stock(never_used).await.expect("the stock");
    assert!(stock.located.keys().eq([&madrid.id]));
    assert_eq!(stock.unlocated.available.get(), 5);
    let stock = store.stock(emptied).await.expect("the stock");
    assert!(stock.located.is_empty());
    assert_eq!(stock.sums(), Balance::default());
    let again = store.ask(DeleteLocation { id: berlin.id }).await;
    assert_eq!(again, Err(Refusal::LocationNotFound));
    let unknown = store.transact_at(emptied, Increment, 1, "berlin").await;
    let slug = "berlin".to_owned();
    assert_eq!(unknown, Err(Refusal::UnknownLocation { slug }));
}

/// Deleted stock doesn't keep its locations.
pub async fn deleted_stock_keeps_no_location(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let product = bench.product();
    store.done(make::stock(product, 0, [("berlin", 4)])).await;
    store.delete(product).await;
    store.done(DeleteLocation { id: berlin.id }).await;
    assert_eq!(store.locations(&[]).await, []);
}

/// The slug of a deleted location is available; a new location inherits nothing from the old one.
pub async fn a_deleted_locations_slug_is_free(bench: Bench) {
    let store = bench.store().await;
    let mut ids = std::collections::HashSet::new();
    let product = bench.product();
    store.create(product, 1).await;
    for _ in 0..3 {
        let berlin = store.locate("berlin").await;
        store
            .transact_at(product, Increment, 0, "berlin")
            .await
            .expect("an increment");
        let stock = store.stock(product).await.expect("the stock");
        assert!(stock.located.keys().eq([&berlin.id]));
        store.done(DeleteLocation { id: berlin.id }).await;
        ids.insert(berlin.id);
    }
    assert_eq!(ids.len(), 3);
}

/// The limit counts an owner's existing locations, but not deleted ones or another owner's.
pub async fn the_number_of_locations_is_limited(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let deleted = store.locate("deleted").await;
    store.done(DeleteLocation { id: deleted.id }).await;
    organization.locate("another-owners").await;
    let limit = Location::PER_OWNER_MAX;
    let creations = (0..=limit).map(|n| store.command(make::location(&format!("l{n}"))));
    let outcomes = store.commit(creations.collect()).await;
    let accepted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(accepted as u64, limit);
    let refusal = Refusal::TooManyLocations {
        locations_max: limit,
    };
    assert_eq!(outcomes.last(), Some(&Err(refusal)));
    let page = store
        .locations_page(&[], LocationOrder::Created, 1, 0)
        .await;
    assert_eq!(page.total, Some(limit + 1));
    let id = page.items[0].id;
    assert_eq!(
        store.ask(DeleteLocation { id }).await,
        Err(Refusal::OrganizationKeyRequired)
    );
    let id = store
        .locations_page(&[], LocationOrder::Created, 1, 1)
        .await
        .items[0]
        .id;
    store.done(DeleteLocation { id }).await;
    store.locate("one-more").await;
}
