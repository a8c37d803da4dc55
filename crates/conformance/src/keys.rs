//! Application keys, and the tokens that stop working with them.

use stockroom_application::ports::Revocation;
use stockroom_domain::{
    Access, ApplicationKey, CreateKey, DeleteKey, KeyId, KeyTotals, Refusal, RevokedGrants,
    SecretHash, Timestamp, UpdateKey,
};

use crate::client::stored;
use crate::{Bench, Client, make};

fn reserving(client_id: &str, reserved_rate_limit: u32) -> CreateKey {
    CreateKey {
        reserved_rate_limit,
        ..make::key(client_id)
    }
}

const fn update(id: KeyId) -> UpdateKey {
    UpdateKey {
        id,
        name: None,
        reserved_rate_limit: None,
        allow_implicit: None,
        access: None,
        rate_limit: None,
    }
}

async fn revocations(bench: &Bench, since: Timestamp) -> Vec<Revocation> {
    let mut found = stored(bench.database.revocations_since(since).await);
    found.sort_by_key(|revocation| (revocation.revoked_at, revocation.key, revocation.grants));
    found
}

async fn totals(client: &Client) -> (u64, u64) {
    let (
        page,
        KeyTotals {
            keys,
            reserved_rate_limit,
        },
    ) = client.keys_page(1, 0).await;
    assert_eq!(page.total, Some(keys));
    (keys, reserved_rate_limit)
}

/// Every field is stored, and the key is found by id and by client id.
pub async fn every_field_is_kept(bench: Bench) {
    let store = bench.store().await;
    let mut secret_hash = [0; 32];
    for (byte, place) in secret_hash.iter_mut().zip(120..) {
        *byte = place;
    }
    let full = CreateKey {
        name: make::text("Ein Schlüssel 🔑"),
        secret_hash: SecretHash(secret_hash),
        reserved_rate_limit: u32::MAX,
        allow_implicit: true,
        access: Access::Read,
        ..make::key("full")
    };
    for request in [full, make::key("bare")] {
        let client_id = request.client_id.clone();
        let created = store.done(request).await;
        assert_eq!(store.key(created.id).await.as_ref(), Some(&created));
        let found = store.key_by_client_id(&client_id).await;
        assert_eq!(found, Some((store.scope.organization, created)));
    }
}

/// An unknown client id finds no key; letter case counts.
pub async fn an_unknown_client_id_finds_no_key(bench: Bench) {
    let store = bench.store().await;
    store.done(make::key("client")).await;
    for client_id in ["", "clien", "Client", "client%", "client "] {
        assert_eq!(
            store.key_by_client_id(client_id).await,
            None,
            "{client_id:?}"
        );
    }
}

/// Keys are listed only for their owner, in the order of creation.
pub async fn keys_are_listed_per_owner(bench: Bench) {
    let tenant = bench.tenant().await;
    let clients = [
        tenant.organization(),
        tenant.store().await,
        tenant.store().await,
    ];
    let mut created: [Vec<ApplicationKey>; 3] = [vec![], vec![], vec![]];
    for place in 0..12 {
        bench.clock.advance(i64::from(place % 2 == 0));
        let request = make::key(&format!("{}", 100 - place));
        created[place % 3].push(clients[place % 3].done(request).await);
    }
    for (client, created) in clients.iter().zip(&created) {
        assert_eq!(&client.keys().await, created);
        let (page, totals) = client.keys_page(2, 1).await;
        assert_eq!((&page.items[..], page.total), (&created[1..3], Some(4)));
        assert_eq!(totals.keys, 4);
        let (page, totals) = client.keys_page(2, 4).await;
        assert_eq!((page.items, page.total, totals.keys), (vec![], Some(4), 4));
    }
    let of_organization = created[0][0].id;
    let of_store = created[1][0].id;
    assert_eq!(clients[1].key(of_organization).await, None);
    assert_eq!(clients[0].key(of_store).await, None);
    assert_eq!(clients[2].key(of_store).await, None);
}

/// The totals follow creations, updates and deletions, and count only one owner's keys.
pub async fn totals_follow_every_change(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    assert_eq!(totals(&store).await, (0, 0));
    organization.done(reserving("organization", 1_000)).await;
    let first = store.done(reserving("first", u32::MAX)).await.id;
    let second = store.done(reserving("second", u32::MAX)).await.id;
    assert_eq!(totals(&store).await, (2, 2 * u64::from(u32::MAX)));
    let reserved_rate_limit = Some(5);
    store
        .done(UpdateKey {
            reserved_rate_limit,
            ..update(first)
        })
        .await;
    assert_eq!(totals(&store).await, (2, 5 + u64::from(u32::MAX)));
    store.done(DeleteKey { id: second }).await;
    assert_eq!(totals(&store).await, (1, 5));
    assert_eq!(totals(&organization).await, (1, 1_000));
}

/// Reserved limits are checked against those of the owner's other keys at that moment.
pub async fn reserved_limits_are_added_up(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    let limited = |client_id: &str, reserved| CreateKey {
        rate_limit: Some(10),
        ..reserving(client_id, reserved)
    };
    organization.done(limited("organization", 10)).await;
    let first = store.done(limited("first", 6)).await.id;
    let exceeded = Refusal::ReservedRateLimitExceeded { limit: 10 };
    assert_eq!(store.ask(limited("second", 5)).await, Err(exceeded.clone()));
    store.done(limited("third", 4)).await;
    let raise = |reserved| UpdateKey {
        reserved_rate_limit: Some(reserved),
        rate_limit: Some(10),
        ..update(first)
    };
    assert_eq!(store.ask(raise(7)).await, Err(exceeded));
    store.done(raise(6)).await;
    store.done(DeleteKey { id: first }).await;
    store.done(limited("fourth", 6)).await;
}

/// An update changes the named fields, keeps the others, and leaves the last use unchanged.
pub async fn an_update_changes_what_it_names(bench: Bench) {
    let store = bench.store().await;
    let created = store.done(reserving("client", 5)).await;
    let used_at = bench.clock.now();
    let used = bench
        .database
        .record_key_use(store.scope.organization, created.id, used_at);
    stored(used.await);
    bench.clock.advance(1_000);
    let request = UpdateKey {
        name: Some(make::text("Another name")),
        allow_implicit: Some(true),
        access: Some(Access::Read),
        ..update(created.id)
    };
    let updated = store.done(request).await;
    let expected = ApplicationKey {
        name: make::text("Another name"),
        allow_implicit: true,
        access: Access::Read,
        updated_at: bench.clock.now(),
        last_used_at: Some(used_at),
        ..created
    };
    assert_eq!(updated, expected);
    assert_eq!(store.key(updated.id).await.as_ref(), Some(&expected));
    let found = store.key_by_client_id("client").await;
    assert_eq!(found, Some((store.scope.organization, expected)));
}

/// The last use is recorded. It doesn't count as a change of the key, and affects no other key.
pub async fn the_last_use_is_noted(bench: Bench) {
    let store = bench.store().await;
    let key = store.done(make::key("used")).await;
    let other = store.done(make::key("unused")).await;
    let organization = store.scope.organization;
    for _ in 0..2 {
        bench.clock.advance(1_000);
        let now = bench.clock.now();
        stored(
            bench
                .database
                .record_key_use(organization, key.id, now)
                .await,
        );
        let used = ApplicationKey {
            last_used_at: Some(now),
            ..key.clone()
        };
        assert_eq!(store.keys().await, [used, other.clone()]);
    }
    // It is no failure if the key was deleted meanwhile.
    let unknown = bench.id::<KeyId>();
    let now = bench.clock.now();
    stored(
        bench
            .database
            .record_key_use(organization, unknown, now)
            .await,
    );
}

/// A deleted key isn't found in any way, and all its tokens are revoked.
pub async fn a_deleted_key_is_gone_and_its_tokens_are_revoked(bench: Bench) {
    let store = bench.store().await;
    let key = store.done(make::key("client")).await.id;
    let other = store.done(make::key("other")).await;
    let before = bench.clock.now();
    bench.clock.advance(1_000);
    store.done(DeleteKey { id: key }).await;
    assert_eq!(store.key(key).await, None);
    assert_eq!(store.key_by_client_id("client").await, None);
    assert_eq!(store.keys().await, [other]);
    let expected = Revocation {
        key,
        grants: RevokedGrants::All,
        revoked_at: bench.clock.now(),
    };
    assert_eq!(revocations(&bench, before).await, [expected]);
    let again = store.ask(DeleteKey { id: key }).await;
    assert_eq!(again, Err(Refusal::KeyNotFound));
}

/// A key that stops allowing implicit tokens revokes them, each time, and only then.
pub async fn forbidding_implicit_tokens_revokes_them(bench: Bench) {
    let store = bench.store().await;
    let start = bench.clock.now();
    let allowing = CreateKey {
        allow_implicit: true,
        ..make::key("client")
    };
    let key = store.done(allowing).await.id;
    let allow = |allow| UpdateKey {
        allow_implicit: Some(allow),
        ..update(key)
    };
    bench.clock.advance(1_000);
    store.done(allow(true)).await;
    assert_eq!(revocations(&bench, start).await, []);
    for _ in 0..2 {
        bench.clock.advance(1_000);
        store.done(allow(false)).await;
        let expected = Revocation {
            key,
            grants: RevokedGrants::Implicit,
            revoked_at: bench.clock.now(),
        };
        assert_eq!(revocations(&bench, start).await, [expected]);
        bench.clock.advance(1_000);
        store.done(allow(false)).await;
        assert_eq!(revocations(&bench, start).await, [expected]);
        store.done(allow(true)).await;
    }
    bench.clock.advance(1_000);
    store.done(DeleteKey { id: key }).await;
    let kept = revocations(&bench, start).await;
    let grants: Vec<_> = kept.iter().map(|revocation| revocation.grants).collect();
    assert_eq!(grants, [RevokedGrants::Implicit, RevokedGrants::All]);
}

/// A key that may only read from now on revokes its tokens of full access, each time, and only then.
pub async fn taking_full_access_away_revokes_its_tokens(bench: Bench) {
    let store = bench.store().await;
    let start = bench.clock.now();
    let key = store.done(make::key("client")).await.id;
    let other = store.done(make::key("other")).await;
    let set = |access| UpdateKey {
        access: Some(access),
        ..update(key)
    };
    store.done(set(Access::Full)).await;
    assert_eq!(revocations(&bench, start).await, []);
    for _ in 0..2 {
        bench.clock.advance(1_000);
        store.done(set(Access::Read)).await;
        let expected = Revocation {
            key,
            grants: RevokedGrants::FullAccess,
            revoked_at: bench.clock.now(),
        };
        assert_eq!(revocations(&bench, start).await, [expected]);
        let stored = store.key(key).await.map(|key| key.access);
        assert_eq!(stored, Some(Access::Read));
        bench.clock.advance(1_000);
        store.done(set(Access::Read)).await;
        store.done(update(key)).await;
        let stored = store.key(key).await.map(|key| key.access);
        assert_eq!(stored, Some(Access::Read));
        store.done(set(Access::Full)).await;
        assert_eq!(revocations(&bench, start).await, [expected]);
    }
    assert_eq!(store.key(other.id).await, Some(other));
}

/// Revocations of all organizations are read from an instant on, and deleted up to one.
pub async fn revocations_are_read_and_forgotten_by_time(bench: Bench) {
    let start = bench.clock.now();
    let mut times = Vec::new();
    for client_id in ["first", "second", "third"] {
        bench.clock.advance(1);
        let store = bench.store().await;
        let key = store.done(make::key(client_id)).await.id;
        store.done(DeleteKey { id: key }).await;
        times.push(bench.clock.now());
    }
    let read = async |since| {
        let found = revocations(&bench, since).await;
        let times = found.iter().map(|revocation| revocation.revoked_at);
        times.collect::<Vec<_>>()
    };
    assert_eq!(read(start).await, times);
    assert_eq!(read(times[0]).await, times[1..]);
    assert_eq!(read(times[2]).await, []);
    stored(bench.database.forget_revocations(times[1]).await);
    assert_eq!(read(Timestamp::UNIX_EPOCH).await, times[2..]);
}

/// The limit counts an owner's keys, but no other owner's.
pub async fn the_number_of_keys_is_limited(bench: Bench) {
    let tenant = bench.tenant().await;
    let [organization, store] = [tenant.organization(), tenant.store().await];
    organization.done(make::key("another-owners")).await;
    let keys_max = ApplicationKey::PER_OWNER_MAX;
    let creations = (0..=keys_max).map(|n| store.command(make::key(&format!("k{n}"))));
    let outcomes = store.commit(creations.collect()).await;
    let accepted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(accepted as u64, keys_max);
    assert_eq!(
        outcomes.last(),
        Some(&Err(Refusal::TooManyKeys { keys_max }))
    );
    let id = store.keys().await[0].id;
    store.done(DeleteKey { id }).await;
    store.done(make::key("one-more")).await;
}
