//! Application keys.

use stockroom_domain::{
    Access, ApplicationKey, Change, CreateKey, DeleteKey, KeyTotals, Owner, RecordChange, Refusal,
    RevokedGrants, SecretHash, UpdateKey,
};

use crate::scene::{Scene, assert_precedence, at, id, other_store, store, text};

fn create(reserved_rate_limit: u32, rate_limit: Option<u32>) -> CreateKey {
    CreateKey {
        name: text("A key"),
        client_id: "client".to_owned(),
        secret_hash: SecretHash([7; 32]),
        reserved_rate_limit,
        allow_implicit: false,
        access: Access::Full,
        rate_limit,
    }
}

fn update(reserved_rate_limit: Option<u32>, allow_implicit: Option<bool>) -> UpdateKey {
    UpdateKey {
        id: id(1),
        name: None,
        reserved_rate_limit,
        allow_implicit,
        access: None,
        rate_limit: Some(10),
    }
}

fn key(owner: Owner, reserved_rate_limit: u32, allow_implicit: bool) -> ApplicationKey {
    ApplicationKey {
        id: id(1),
        owner,
        name: text("A key"),
        client_id: "client".to_owned(),
        secret_hash: SecretHash([7; 32]),
        reserved_rate_limit,
        allow_implicit,
        access: Access::Full,
        created_at: at(-1_000),
        updated_at: at(-1_000),
        last_used_at: Some(at(-500)),
    }
}

const fn totals(keys: u64, reserved_rate_limit: u64) -> KeyTotals {
    KeyTotals {
        keys,
        reserved_rate_limit,
    }
}

#[test]
fn refusals_of_a_creation_come_in_order() {
    assert_precedence(
        &Scene::new(create(1, Some(10))),
        &[
            (
                |scene| {
                    let held = scene.state.key_totals.entry(store()).or_default();
                    held.keys = ApplicationKey::PER_OWNER_MAX;
                },
                Refusal::TooManyKeys {
                    keys_max: ApplicationKey::PER_OWNER_MAX,
                },
            ),
            (
                |scene| {
                    let held = scene.state.key_totals.entry(store()).or_default();
                    held.reserved_rate_limit = 10;
                },
                Refusal::ReservedRateLimitExceeded { limit: 10 },
            ),
        ],
    );
}

/// What others reserve and what is asked for, together, may reach the limit and not pass it.
#[test]
fn reserved_limits_reach_the_limit_at_most() {
    for (others, reserved, limit, accepted) in [
        (0, 10, Some(10), true),
        (0, 11, Some(10), false),
        (9, 1, Some(10), true),
        (9, 2, Some(10), false),
        (10, 0, Some(10), true),
        (11, 0, Some(10), false),
        (0, 0, Some(0), true),
        (u64::MAX, 1, Some(u32::MAX), false),
        (u64::MAX, u32::MAX, None, true),
    ] {
        let mut scene = Scene::new(create(reserved, limit));
        scene.state.key_totals.insert(store(), totals(1, others));
        scene.state.key_totals.insert(
            Owner::Organization,
            totals(ApplicationKey::PER_OWNER_MAX, 99),
        );
        let exceeded = limit.map(|limit| Refusal::ReservedRateLimitExceeded { limit });
        let refusal = scene.decide().err();
        let expected = if accepted { None } else { exceeded };
        assert_eq!(refusal, expected, "{others} {reserved} {limit:?}");
    }
}

#[test]
fn the_last_key_that_fits_is_created() {
    let mut scene = Scene::new(create(0, None));
    let held = totals(ApplicationKey::PER_OWNER_MAX - 1, 0);
    scene.state.key_totals.insert(store(), held);
    let decision = scene.accepted();
    assert_eq!(decision.answer.owner, store());
    assert_eq!(decision.answer.last_used_at, None);
    let record = RecordChange::Key(decision.answer);
    assert_eq!(decision.changes, [Change::Record(record)]);
}

#[test]
fn refusals_of_an_update_come_in_order() {
    let mut scene = Scene::new(update(Some(5), None));
    scene.state.keys.insert(id(1), key(store(), 5, false));
    scene.state.key_totals.insert(store(), totals(2, 10));
    assert_precedence(
        &scene,
        &[
            (|scene| scene.state.keys.clear(), Refusal::KeyNotFound),
            (
                |scene| scene.request.reserved_rate_limit = Some(u32::MAX),
                Refusal::ReservedRateLimitExceeded { limit: 10 },
            ),
        ],
    );
}

/// An update gives its own reservation up for the new one.
#[test]
fn an_update_counts_the_others_only() {
    for (reserved, accepted) in [
        (Some(6), true),
        (Some(7), false),
        (Some(0), true),
        (None, true),
    ] {
        let mut scene = Scene::new(update(reserved, None));
        scene.state.keys.insert(id(1), key(store(), 5, false));
        scene.state.key_totals.insert(store(), totals(2, 9));
        let refusal = scene.decide().err();
        let exceeded = Refusal::ReservedRateLimitExceeded { limit: 10 };
        assert_eq!(refusal, (!accepted).then_some(exceeded), "{reserved:?}");
    }
}

/// Whatever the limit is now, an update that doesn't name the reservation keeps it.
#[test]
fn an_unnamed_reservation_is_kept_beyond_the_limit() {
    let mut scene = Scene::new(update(None, Some(true)));
    scene.state.keys.insert(id(1), key(store(), 99, false));
    scene.state.key_totals.insert(store(), totals(1, 99));
    assert_eq!(scene.accepted().answer.reserved_rate_limit, 99);
}

/// Keys are administered at their own level only.
#[test]
fn a_key_of_another_level_is_not_found() {
    for (owner, by) in [
        (Owner::Organization, store()),
        (other_store(), store()),
        (store(), Owner::Organization),
    ] {
        let mut updating = Scene::new(update(None, None)).by(by);
        updating.state.keys.insert(id(1), key(owner, 0, false));
        assert_eq!(updating.decide(), Err(Refusal::KeyNotFound));
        let mut deleting = Scene::new(DeleteKey { id: id(1) }).by(by);
        assert_eq!(deleting.decide(), Err(Refusal::KeyNotFound));
        deleting.state.keys.insert(id(1), key(owner, 0, false));
        assert_eq!(deleting.decide(), Err(Refusal::KeyNotFound));
    }
}

/// Implicit tokens are revoked by the update that forbids them, and by no other.
#[test]
fn implicit_tokens_are_revoked_when_they_are_forbidden() {
    for (before, asked, revoked) in [
        (true, Some(false), true),
        (true, Some(true), false),
        (true, None, false),
        (false, Some(false), false),
        (false, Some(true), false),
    ] {
        let mut scene = Scene::new(update(None, asked));
        scene.state.keys.insert(id(1), key(store(), 0, before));
        let decision = scene.accepted();
        let revocation = RecordChange::TokensRevoked(id(1), RevokedGrants::Implicit, at(0));
        let found = decision.changes.contains(&Change::Record(revocation));
        assert_eq!(found, revoked, "{before} {asked:?}");
        assert_eq!(decision.answer.allow_implicit, asked.unwrap_or(before));
        assert_eq!(decision.answer.last_used_at, Some(at(-500)));
    }
}

/// Tokens of full access are revoked by the update that takes it away, and by no other.
#[test]
fn tokens_of_full_access_are_revoked_when_the_key_may_only_read() {
    use Access::{Full, Read};
    for (before, asked, revoked) in [
        (Full, Some(Read), true),
        (Full, Some(Full), false),
        (Full, None, false),
        (Read, Some(Read), false),
        (Read, Some(Full), false),
        (Read, None, false),
    ] {
        let mut scene = Scene::new(update(None, None));
        scene.request.access = asked;
        let current = ApplicationKey {
            access: before,
            ..key(store(), 0, true)
        };
        scene.state.keys.insert(id(1), current);
        let decision = scene.accepted();
        let changed = RecordChange::Key(decision.answer.clone());
        let mut expected = vec![Change::Record(changed)];
        if revoked {
            let revocation = RecordChange::TokensRevoked(id(1), RevokedGrants::FullAccess, at(0));
            expected.push(Change::Record(revocation));
        }
        assert_eq!(decision.changes, expected, "{before:?} {asked:?}");
        assert_eq!(decision.answer.access, asked.unwrap_or(before));
    }
}

/// An update may take away both at once.
#[test]
fn an_update_revokes_both_kinds_of_tokens() {
    let mut scene = Scene::new(update(None, Some(false)));
    scene.request.access = Some(Access::Read);
    scene.state.keys.insert(id(1), key(store(), 0, true));
    let revoked = [RevokedGrants::Implicit, RevokedGrants::FullAccess];
    let revoked = revoked.map(|grants| RecordChange::TokensRevoked(id(1), grants, at(0)));
    assert_eq!(scene.accepted().changes[1..], revoked.map(Change::Record));
}

#[test]
fn a_key_has_the_access_that_it_is_created_with() {
    for access in Access::ALL {
        let mut scene = Scene::new(create(0, None));
        scene.request.access = access;
        assert_eq!(scene.accepted().answer.access, access);
        assert_eq!(Access::parse(access.as_str()), Some(access));
    }
    assert_eq!(Access::parse("write"), None);
    assert_eq!(Access::parse("Read"), None);
}

#[test]
fn a_deletion_revokes_every_token() {
    let deleted = key(store(), 0, true);
    let mut scene = Scene::new(DeleteKey { id: id(1) });
    scene.state.keys.insert(id(1), deleted.clone());
    let expected = [
        RecordChange::KeyDeleted(deleted),
        RecordChange::TokensRevoked(id(1), RevokedGrants::All, at(0)),
    ];
    assert_eq!(scene.accepted().changes, expected.map(Change::Record));
}

#[test]
fn a_secrets_digest_is_not_shown() {
    let shown = format!("{:?}", key(store(), 0, false));
    assert!(!shown.contains("[7, 7"), "{shown}");
}
