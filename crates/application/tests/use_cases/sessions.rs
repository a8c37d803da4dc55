//! Sessions of the console: how long they last, and that their tokens are good for nothing else.

use stockroom_application::ports::Revocation;
use stockroom_application::{AccessError, Stockroom, Token, TokenError};
use stockroom_domain::{KeyId, RevokedGrants};

use crate::mock::{TestClock, stockroom, uuid};
use crate::tokens::{SECRET, key, token, with_key, with_key_alone};

const HOUR: i64 = 3_600;

async fn sign_in(stockroom: &Stockroom) -> Token {
    let session = stockroom.sign_in("client".to_owned(), SECRET.to_owned());
    session.await.ok().unwrap()
}

fn is_signed_in(stockroom: &Stockroom, session: &Token) -> bool {
    match stockroom.authenticate_session(&session.access_token) {
        Ok(caller) => caller.administrator().is_some(),
        Err(error) => {
            assert!(matches!(error, AccessError::InvalidToken));
            false
        }
    }
}

#[tokio::test]
async fn tokens_of_the_api_and_of_the_console_are_not_exchangeable() {
    let stockroom = stockroom(with_key(key(false)), &TestClock::new()).await;
    let session = sign_in(&stockroom).await;
    assert!(is_signed_in(&stockroom, &session));
    assert!(stockroom.authenticate(&session.access_token).is_err());
    let token = token(&stockroom).await;
    assert!(!is_signed_in(&stockroom, &token));
    assert!(stockroom.renew_session(&token.access_token).is_none());
}

#[tokio::test]
async fn nobody_signs_in_with_a_wrong_secret() {
    let stockroom = stockroom(with_key(key(true)), &TestClock::new()).await;
    let refused = stockroom.sign_in("client".to_owned(), "wrong".to_owned());
    let refused = refused.await;
    assert!(matches!(refused, Err(TokenError::InvalidCredentials)));
}

#[tokio::test]
async fn a_session_lasts_twelve_hours_after_its_last_use() {
    let clock = TestClock::new();
    let stockroom = stockroom(with_key(key(false)), &clock).await;
    let session = sign_in(&stockroom).await;
    assert!(stockroom.renew_session(&session.access_token).is_none());
    clock.advance_seconds(11 * HOUR);
    let renewed = stockroom.renew_session(&session.access_token).unwrap();
    clock.advance_seconds(HOUR);
    assert!(!is_signed_in(&stockroom, &session));
    assert!(stockroom.renew_session(&session.access_token).is_none());
    clock.advance_seconds(10 * HOUR);
    assert!(is_signed_in(&stockroom, &renewed));
    clock.advance_seconds(HOUR);
    assert!(!is_signed_in(&stockroom, &renewed));
}

/// Another server may renew a session before it knows of the revocation.
#[tokio::test]
async fn a_revocation_ends_what_was_renewed_after_it() {
    for grants in [RevokedGrants::All, RevokedGrants::FullAccess] {
        ends_what_was_renewed(grants).await;
    }
}

async fn ends_what_was_renewed(grants: RevokedGrants) {
    let clock = TestClock::new();
    let mut database = with_key_alone(key(true));
    database
        .expect_revocations_since()
        .times(1)
        .returning(|_| Ok(Vec::new()));
    let revoked_at = stockroom_application::Clock::now(&clock).plus_milliseconds(400_000);
    database.expect_revocations_since().returning(move |_| {
        Ok(vec![Revocation {
            key: KeyId::new(uuid(7)),
            grants,
            revoked_at,
        }])
    });
    let stockroom = stockroom(database, &clock).await;
    let session = sign_in(&stockroom).await;
    clock.advance_seconds(401);
    let renewed = stockroom.renew_session(&session.access_token).unwrap();
    assert!(is_signed_in(&stockroom, &renewed));
    stockroom.refresh_revocations().await.unwrap();
    assert!(!is_signed_in(&stockroom, &renewed));
}
