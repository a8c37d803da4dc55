//! Organizations, stores and settings.

use stockroom_domain::{
    Actor, Change, CreateOrganization, CreateStore, Organization, Owner, RecordChange, Refusal,
    Settings, UpdateSettings,
};

use crate::scene::{Scene, assert_precedence, at, id, name, store};

#[test]
fn an_organization_starts_with_the_usual_settings() {
    let request = CreateOrganization {
        id: id(0xF),
        name: name("An organization"),
    };
    let mut scene = Scene::new(request);
    scene.actor = Actor::OPERATOR;
    assert_eq!(scene.decide(), Err(Refusal::OrganizationExists));
    scene.state.organization = None;
    let expected = Organization {
        id: id(0xF),
        name: name("An organization"),
        settings: Settings {
            per_store_stock: false,
        },
        created_at: at(0),
    };
    let decision = scene.accepted();
    assert_eq!(decision.answer, expected);
    let record = RecordChange::Organization(expected);
    assert_eq!(decision.changes, [Change::Record(record)]);
}

#[test]
fn refusals_of_a_store_come_in_order() {
    let request = CreateStore {
        id: id(0xF),
        name: name("A store"),
    };
    assert_precedence(
        &Scene::new(request).by(Owner::Organization),
        &[
            (
                |scene| *scene = scene.clone().by(store()),
                Refusal::OrganizationKeyRequired,
            ),
            (
                |scene| scene.state.organization = None,
                Refusal::OrganizationNotFound,
            ),
        ],
    );
}

#[test]
fn refusals_of_settings_come_in_order() {
    let request = UpdateSettings {
        per_store_stock: Some(true),
    };
    assert_precedence(
        &Scene::new(request).by(Owner::Organization),
        &[
            (
                |scene| *scene = scene.clone().by(store()),
                Refusal::OrganizationKeyRequired,
            ),
            (
                |scene| scene.state.organization = None,
                Refusal::OrganizationNotFound,
            ),
        ],
    );
}

#[test]
fn a_setting_that_is_not_named_stays() {
    for before in [true, false] {
        for asked in [None, Some(true), Some(false)] {
            let request = UpdateSettings {
                per_store_stock: asked,
            };
            let mut scene = Scene::new(request).by(Owner::Organization);
            let organization = scene.state.organization.as_mut();
            organization
                .expect("the organization")
                .settings
                .per_store_stock = before;
            let settings = scene.accepted().answer;
            assert_eq!(settings.per_store_stock, asked.unwrap_or(before));
        }
    }
}

/// An organization's key may act in a store, and stays the organization's.
#[test]
fn an_organizations_key_administers_from_within_a_store() {
    let request = UpdateSettings {
        per_store_stock: Some(true),
    };
    let mut scene = Scene::new(request).by(store());
    scene.actor.key_owner = Owner::Organization;
    scene.accepted();
}
