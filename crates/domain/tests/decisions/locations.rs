//! Locations.

use stockroom_domain::{
    Change, CreateLocation, DeleteLocation, ExternalRef, Geolocation, Location, LocationId, Owner,
    Patch, Priority, RecordChange, Refusal, UpdateLocation,
};

use crate::scene::{Scene, assert_precedence, at, id, location, name, other_store, slug, store};

fn create(called: &str) -> CreateLocation {
    CreateLocation::new(name("A location"), slug(called))
}

fn update(called: Option<&str>) -> UpdateLocation {
    UpdateLocation {
        slug: called.map(slug),
        ..UpdateLocation::new(id(1))
    }
}

const DELETE: fn() -> DeleteLocation = || DeleteLocation { id: id(1) };

#[test]
fn refusals_of_a_creation_come_in_order() {
    assert_precedence(
        &Scene::new(create("here")),
        &[
            (
                |scene| scene.state.add_location(location(store(), 1, "here")),
                Refusal::SlugTaken { slug: slug("here") },
            ),
            (
                |scene| {
                    let counts = &mut scene.state.location_counts;
                    counts.insert(store(), Location::PER_OWNER_MAX);
                },
                Refusal::TooManyLocations {
                    locations_max: Location::PER_OWNER_MAX,
                },
            ),
        ],
    );
}

#[test]
fn the_last_location_that_fits_is_created() {
    let mut scene = Scene::new(create("here"));
    let counts = &mut scene.state.location_counts;
    counts.insert(store(), Location::PER_OWNER_MAX - 1);
    counts.insert(Owner::Organization, Location::PER_OWNER_MAX);
    scene.accepted();
}

#[test]
fn another_owners_slug_is_free() {
    for owner in [Owner::Organization, other_store()] {
        let scene = Scene::new(create("here")).with_location(location(owner, 1, "here"));
        assert_eq!(scene.accepted().answer.owner, store());
    }
}

#[test]
fn letter_case_tells_slugs_apart() {
    let scene = Scene::new(create("here")).with_location(location(store(), 1, "HERE"));
    scene.accepted();
}

#[test]
fn refusals_of_an_update_come_in_order() {
    let organization = Owner::Organization;
    let scene = Scene::new(update(Some("free")))
        .by(organization)
        .with_location(location(organization, 1, "here"));
    assert_precedence(
        &scene,
        &[
            (
                |scene| *scene = scene.clone().by(store()),
                Refusal::OrganizationKeyRequired,
            ),
            (
                |scene| {
                    let free = location(Owner::Organization, 2, "free");
                    scene.state.add_location(free);
                },
                Refusal::SlugTaken { slug: slug("free") },
            ),
        ],
    );
}

#[test]
fn what_the_caller_does_not_see_is_not_found() {
    for owner in [None, Some(other_store())] {
        let mut updating = Scene::new(update(None));
        let mut deleting = Scene::new(DELETE());
        if let Some(owner) = owner {
            updating.state.add_location(location(owner, 1, "here"));
            deleting.state.add_location(location(owner, 1, "here"));
            deleting.state.locations_in_use.insert(id(1));
        }
        assert_eq!(updating.decide(), Err(Refusal::LocationNotFound));
        assert_eq!(deleting.decide(), Err(Refusal::LocationNotFound));
    }
    let of_store = Scene::new(update(None))
        .by(Owner::Organization)
        .with_location(location(store(), 1, "here"));
    assert_eq!(of_store.decide(), Err(Refusal::LocationNotFound));
}

/// A slug is taken by another location of the same owner only.
#[test]
fn a_rename_looks_at_the_same_owner_only() {
    for (holder, number, taken) in [
        (store(), 1, false),
        (store(), 2, true),
        (Owner::Organization, 2, false),
        (other_store(), 2, false),
    ] {
        let scene = Scene::new(update(Some("there")))
            .with_location(location(store(), 1, "here"))
            .with_location(location(holder, number, "there"));
        let slug = slug("there");
        let refusal = scene.decide().err();
        assert_eq!(
            refusal,
            taken.then_some(Refusal::SlugTaken { slug }),
            "{holder} {number}"
        );
    }
}

#[test]
fn an_update_keeps_clears_and_sets() {
    let mut before = location(store(), 1, "here");
    before.external_ref = ExternalRef::new("external_ref", "before").ok();
    before.geolocation = Geolocation::new(1.0, 2.0).ok();
    let after = ExternalRef::new("external_ref", "after").expect("it is short");
    let mut scene = Scene::new(update(None)).with_location(before.clone());

    let kept = scene.accepted().answer;
    let unchanged = Location {
        updated_at: at(0),
        version: 2,
        ..before.clone()
    };
    assert_eq!(kept, unchanged);

    scene.request.external_ref = Patch::Set(after.clone());
    scene.request.geolocation = Patch::Clear;
    scene.request.name = Some(name("Another name"));
    let decision = scene.accepted();
    let expected = Location {
        name: name("Another name"),
        external_ref: Some(after),
        geolocation: None,
        ..unchanged
    };
    assert_eq!(decision.answer, expected);
    let record = RecordChange::Location(expected);
    assert_eq!(decision.changes, [Change::Record(record)]);
}

#[test]
fn whether_a_location_sells_and_its_priority_are_kept_set_and_reset() {
    let priority = |number| Priority::new(number).expect("a priority");
    let mut scene = Scene::new(CreateLocation {
        enabled: false,
        priority: priority(0),
        ..create("here")
    });
    let created = scene.accepted().answer;
    assert!(!created.enabled);
    assert_eq!(created.priority, priority(0));

    scene.request = create("here");
    let created = scene.accepted().answer;
    assert!(created.enabled);
    assert_eq!(created.priority, priority(1_000));

    let before = Location {
        enabled: false,
        priority: priority(7),
        ..location(store(), 1, "here")
    };
    let mut scene = Scene::new(update(None)).with_location(before);
    for (enabled, expected) in [
        (Patch::Keep, false),
        (Patch::Clear, true),
        (Patch::Set(true), true),
        (Patch::Set(false), false),
    ] {
        scene.request.enabled = enabled.clone();
        assert_eq!(scene.accepted().answer.enabled, expected, "{enabled:?}");
    }
    for (set, expected) in [
        (Patch::Keep, 7),
        (Patch::Clear, 1_000),
        (Patch::Set(priority(1_000_000)), 1_000_000),
    ] {
        scene.request.priority = set.clone();
        let answer = scene.accepted().answer;
        assert_eq!(answer.priority, priority(expected), "{set:?}");
    }
}

/// Whether it sells is nothing to the stock that lies there.
#[test]
fn a_location_with_stock_is_disabled() {
    let mut scene = Scene::new(update(None)).with_location(location(store(), 1, "here"));
    scene.state.locations_in_use.insert(id::<LocationId>(1));
    scene.request.enabled = Patch::Set(false);
    let disabled = scene.accepted();
    let record = RecordChange::Location(disabled.answer);
    assert_eq!(disabled.changes, [Change::Record(record)]);
}

#[test]
fn refusals_of_a_deletion_come_in_order() {
    let organization = Owner::Organization;
    let scene = Scene::new(DELETE())
        .by(organization)
        .with_location(location(organization, 1, "here"));
    assert_precedence(
        &scene,
        &[
            (
                |scene| *scene = scene.clone().by(store()),
                Refusal::OrganizationKeyRequired,
            ),
            (
                |scene| {
                    scene.state.locations_in_use.insert(id::<LocationId>(1));
                },
                Refusal::LocationInUse,
            ),
        ],
    );
}

#[test]
fn an_empty_location_is_deleted() {
    let here = location(store(), 1, "here");
    let scene = Scene::new(DELETE()).with_location(here.clone());
    let here = Location {
        updated_at: at(0),
        version: 2,
        ..here
    };
    let deleted = RecordChange::LocationDeleted(here, at(0));
    assert_eq!(scene.accepted().changes, [Change::Record(deleted)]);
}
