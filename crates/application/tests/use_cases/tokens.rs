//! Tokens: who gets one, how long it is valid, what ends it.

use mockall::predicate::eq;
use sha2::{Digest, Sha256};
use stockroom_application::ports::{Revocation, StoreError};
use stockroom_application::{AccessError, Grant, Stockroom, Token, TokenError, TokenRequest};
use stockroom_domain::{
    Access, ApplicationKey, KeyId, Owner, ProductText, RevokedGrants, SecretHash, Timestamp,
};

use crate::mock::{MockDatabase, TestClock, database, organization, stockroom, uuid};

pub(crate) const SECRET: &str = "correct horse battery staple";

pub(crate) fn key(allow_implicit: bool) -> ApplicationKey {
    ApplicationKey {
        id: KeyId::new(uuid(7)),
        owner: Owner::Organization,
        name: ProductText::new("name", "Key").unwrap(),
        client_id: "client".to_owned(),
        secret_hash: SecretHash(Sha256::digest(SECRET).into()),
        reserved_rate_limit: 3,
        allow_implicit,
        access: Access::Full,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        last_used_at: None,
    }
}

/// A database with one key, in which nothing is revoked.
pub(crate) fn with_key(key: ApplicationKey) -> MockDatabase {
    let mut database = with_key_alone(key);
    database
        .expect_revocations_since()
        .returning(|_| Ok(Vec::new()));
    database
}

pub(crate) fn with_key_alone(key: ApplicationKey) -> MockDatabase {
    let mut database = MockDatabase::new();
    database.expect_parallel_commits().return_const(1_usize);
    database.expect_parallel_fetches().return_const(0_usize);
    database
        .expect_key_by_client_id()
        .returning(move |client_id| {
            let found = client_id == key.client_id;
            Ok(found.then(|| (organization(), key.clone())))
        });
    database.expect_record_key_use().returning(|_, _, _| Ok(()));
    database
}

fn credentials(client_id: &str, client_secret: &str) -> TokenRequest {
    TokenRequest::ClientCredentials {
        client_id: client_id.to_owned(),
        client_secret: client_secret.to_owned(),
    }
}

fn implicit() -> TokenRequest {
    TokenRequest::Implicit {
        client_id: "client".to_owned(),
    }
}

pub(crate) async fn token(stockroom: &Stockroom) -> Token {
    stockroom
        .issue_token(credentials("client", SECRET))
        .await
        .ok()
        .unwrap()
}

#[tokio::test]
async fn a_token_says_whose_key_it_is() {
    let stockroom = stockroom(with_key(key(false)), &TestClock::new()).await;
    let token = token(&stockroom).await;
    let caller = stockroom.authenticate(&token.access_token).unwrap();
    assert_eq!(caller.organization, organization());
    assert_eq!(caller.actor.key, Some(KeyId::new(uuid(7))));
    assert_eq!(caller.grant, Grant::ClientCredentials);
    assert_eq!(caller.reserved_rate_limit, 3);
    let administrator = caller.administrator().unwrap();
    assert!(administrator.may_write());
    assert!(administrator.writer().is_ok());
}

fn reading() -> ApplicationKey {
    ApplicationKey {
        access: Access::Read,
        ..key(true)
    }
}

#[tokio::test]
async fn a_token_of_a_key_that_may_only_read_is_an_administrators_and_no_writers() {
    let stockroom = stockroom(with_key(reading()), &TestClock::new()).await;
    let token = token(&stockroom).await;
    let caller = stockroom.authenticate(&token.access_token).unwrap();
    assert_eq!(caller.access, Access::Read);
    let administrator = caller.administrator().unwrap();
    assert!(!administrator.may_write());
    let refused = administrator.writer();
    assert!(matches!(refused, Err(AccessError::ReadOnly)));
}

#[tokio::test]
async fn wrong_credentials_give_no_token() {
    let stockroom = stockroom(with_key(key(false)), &TestClock::new()).await;
    for (client_id, secret) in [("client", "wrong"), ("client", ""), ("nobody", SECRET)] {
        let refused = stockroom.issue_token(credentials(client_id, secret)).await;
        assert!(
            matches!(refused, Err(TokenError::InvalidCredentials)),
            "{client_id} {secret}"
        );
    }
}

#[tokio::test]
async fn an_implicit_token_is_given_where_the_key_allows_it_and_is_no_administrator() {
    let clock = TestClock::new();
    let closed = stockroom(with_key(key(false)), &clock).await;
    let refused = closed.issue_token(implicit()).await;
    assert!(matches!(refused, Err(TokenError::ImplicitNotAllowed)));

    let open = stockroom(with_key(key(true)), &clock).await;
    let token = open.issue_token(implicit()).await.ok().unwrap();
    let caller = open.authenticate(&token.access_token).unwrap();
    assert!(caller.administrator().is_none());
}

#[tokio::test]
async fn a_token_runs_out_after_an_hour() {
    let clock = TestClock::new();
    let stockroom = stockroom(with_key(key(false)), &clock).await;
    let token = token(&stockroom).await;
    clock.advance_seconds(3_599);
    assert!(stockroom.authenticate(&token.access_token).is_ok());
    clock.advance_seconds(1);
    let refused = stockroom.authenticate(&token.access_token);
    assert!(matches!(refused, Err(AccessError::InvalidToken)));
}

#[tokio::test]
async fn another_servers_signing_key_is_not_ours() {
    let clock = TestClock::new();
    let ours = stockroom(with_key(key(false)), &clock).await;
    let mut database = with_key(key(false));
    database
        .expect_get_or_keep()
        .returning(|_, value| Ok(value.to_vec()));
    let theirs = Stockroom::open(
        std::sync::Arc::new(database),
        stockroom_application::Environment::system(),
        stockroom_application::Limits::default(),
        None,
    );
    let token = token(&theirs.await.unwrap()).await;
    assert!(ours.authenticate(&token.access_token).is_err());
}

/// A database in which some tokens of a key are revoked after a server has started.
fn with_revocation(grants: RevokedGrants, revoked_at: Timestamp) -> MockDatabase {
    let mut database = MockDatabase::new();
    database.expect_parallel_fetches().return_const(0_usize);
    database.expect_parallel_commits().return_const(1_usize);
    database
        .expect_revocations_since()
        .times(1)
        .returning(|_| Ok(Vec::new()));
    database.expect_revocations_since().returning(move |_| {
        let key = KeyId::new(uuid(7));
        Ok(vec![Revocation {
            key,
            grants,
            revoked_at,
        }])
    });
    let key = key(true);
    database
        .expect_key_by_client_id()
        .returning(move |_| Ok(Some((organization(), key.clone()))));
    database.expect_record_key_use().returning(|_, _, _| Ok(()));
    database
}

#[tokio::test]
async fn implicit_tokens_given_before_their_revocation_end() {
    let clock = TestClock::new();
    let now = stockroom_application::Clock::now(&clock);
    let stockroom = stockroom(with_revocation(RevokedGrants::Implicit, now), &clock).await;
    let with_secret = token(&stockroom).await;
    let without = stockroom.issue_token(implicit()).await.ok().unwrap();
    stockroom.refresh_revocations().await.unwrap();
    let works = |token: &Token| stockroom.authenticate(&token.access_token).is_ok();
    assert!(works(&with_secret));
    assert!(!works(&without));

    clock.advance_seconds(1);
    let later = stockroom.issue_token(implicit()).await.ok().unwrap();
    assert!(works(&later));
}

#[tokio::test]
async fn tokens_of_full_access_given_before_their_revocation_end() {
    let clock = TestClock::new();
    let now = stockroom_application::Clock::now(&clock);
    let stockroom = stockroom(with_revocation(RevokedGrants::FullAccess, now), &clock).await;
    let with_secret = token(&stockroom).await;
    let without = stockroom.issue_token(implicit()).await.ok().unwrap();
    stockroom.refresh_revocations().await.unwrap();
    let works = |token: &Token| stockroom.authenticate(&token.access_token).is_ok();
    assert!(!works(&with_secret));
    assert!(works(&without));

    clock.advance_seconds(1);
    assert!(works(&token(&stockroom).await));
}

/// The key may give them in the very millisecond in which it lost full access.
#[tokio::test]
async fn tokens_that_only_read_outlive_the_revocation_of_full_access() {
    let clock = TestClock::new();
    let revoked_at = stockroom_application::Clock::now(&clock);
    let mut database = with_key_alone(reading());
    database.expect_revocations_since().returning(move |_| {
        Ok(vec![Revocation {
            key: KeyId::new(uuid(7)),
            grants: RevokedGrants::FullAccess,
            revoked_at,
        }])
    });
    let stockroom = stockroom(database, &clock).await;
    let token = token(&stockroom).await;
    stockroom.refresh_revocations().await.unwrap();
    assert!(stockroom.authenticate(&token.access_token).is_ok());
}

#[tokio::test]
async fn an_implicit_token_made_while_it_is_forbidden_ends_too() {
    let clock = TestClock::new();
    let revoked_at = stockroom_application::Clock::now(&clock).plus_milliseconds(500);
    let mut database = MockDatabase::new();
    database.expect_parallel_fetches().return_const(0_usize);
    database.expect_parallel_commits().return_const(1_usize);
    database
        .expect_revocations_since()
        .times(1)
        .returning(|_| Ok(Vec::new()));
    database.expect_revocations_since().returning(move |_| {
        Ok(vec![Revocation {
            key: KeyId::new(uuid(7)),
            grants: RevokedGrants::Implicit,
            revoked_at,
        }])
    });
    let (key, reading) = (key(true), clock.clone());
    database.expect_key_by_client_id().returning(move |_| {
        // While the key is read, it is changed.
        reading.advance_seconds(1);
        Ok(Some((organization(), key.clone())))
    });
    database.expect_record_key_use().returning(|_, _, _| Ok(()));
    let stockroom = stockroom(database, &clock).await;
    let token = stockroom.issue_token(implicit()).await.ok().unwrap();
    stockroom.refresh_revocations().await.unwrap();
    assert!(stockroom.authenticate(&token.access_token).is_err());
}

#[tokio::test]
async fn no_token_of_a_deleted_key_works_whenever_it_was_issued() {
    let clock = TestClock::new();
    let now = stockroom_application::Clock::now(&clock);
    let stockroom = stockroom(with_revocation(RevokedGrants::All, now), &clock).await;
    let before = token(&stockroom).await;
    // The key was read before it was deleted, and the token made after.
    clock.advance_seconds(1);
    let after = token(&stockroom).await;
    stockroom.refresh_revocations().await.unwrap();
    for token in [before, after] {
        let refused = stockroom.authenticate(&token.access_token);
        assert!(matches!(refused, Err(AccessError::InvalidToken)));
    }
}

/// It has the time of the server that made it, whose clock may be hours behind.
#[tokio::test]
async fn a_revocation_is_known_until_the_last_token_has_run_out_on_any_clock() {
    for (hours_behind, minutes_later) in [(0, 59), (1, 59), (23, 59), (23, 0)] {
        let clock = TestClock::new();
        let now = stockroom_application::Clock::now(&clock);
        let revoked_at = now.plus_milliseconds(-hours_behind * 3_600_000);
        let mut database = with_key_alone(key(false));
        database
            .expect_revocations_since()
            .times(1)
            .returning(|_| Ok(Vec::new()));
        database.expect_revocations_since().returning(move |since| {
            let revocation = Revocation {
                key: KeyId::new(uuid(7)),
                grants: RevokedGrants::All,
                revoked_at,
            };
            Ok(Some(revocation)
                .filter(|it| it.revoked_at > since)
                .into_iter()
                .collect())
        });
        database
            .expect_forget_revocations()
            .withf(move |until| *until < revoked_at)
            .returning(|_| Ok(()));
        let stockroom = stockroom(database, &clock).await;
        let token = token(&stockroom).await;
        clock.advance_seconds(minutes_later * 60);
        assert!(stockroom.authenticate(&token.access_token).is_ok());
        stockroom.refresh_revocations().await.unwrap();
        stockroom.forget_revocations().await.unwrap();
        let refused = stockroom.authenticate(&token.access_token);
        assert!(refused.is_err(), "{hours_behind} hours behind");
    }
}

#[tokio::test]
async fn a_failed_refresh_forgets_nothing() {
    let clock = TestClock::new();
    let revoked_at = stockroom_application::Clock::now(&clock);
    let mut database = MockDatabase::new();
    database.expect_parallel_fetches().return_const(0_usize);
    database.expect_parallel_commits().return_const(1_usize);
    database
        .expect_revocations_since()
        .times(1)
        .returning(move |_| {
            Ok(vec![Revocation {
                key: KeyId::new(uuid(7)),
                grants: RevokedGrants::All,
                revoked_at,
            }])
        });
    database
        .expect_revocations_since()
        .returning(|_| Err(StoreError::Unavailable("gone".into())));
    let key = key(false);
    database
        .expect_key_by_client_id()
        .returning(move |_| Ok(Some((organization(), key.clone()))));
    database.expect_record_key_use().returning(|_, _, _| Ok(()));
    let stockroom = stockroom(database, &clock).await;
    let token = token(&stockroom).await;
    assert!(stockroom.refresh_revocations().await.is_err());
    assert!(stockroom.authenticate(&token.access_token).is_err());
}

#[tokio::test]
async fn the_use_of_a_key_is_noted_once_a_minute() {
    let clock = TestClock::new();
    let now = stockroom_application::Clock::now(&clock);
    for (used_seconds_ago, noted) in [(None, 1), (Some(61), 1), (Some(30), 0)] {
        let key = ApplicationKey {
            last_used_at: used_seconds_ago.map(|ago: i64| now.plus_milliseconds(-ago * 1_000)),
            ..key(false)
        };
        let mut database = database();
        database
            .expect_key_by_client_id()
            .returning(move |_| Ok(Some((organization(), key.clone()))));
        database
            .expect_record_key_use()
            .with(eq(organization()), eq(KeyId::new(uuid(7))), eq(now))
            .times(noted)
            .returning(|_, _, _| Ok(()));
        let stockroom = stockroom(database, &clock).await;
        token(&stockroom).await;
    }
}
