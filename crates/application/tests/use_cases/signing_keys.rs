//! The keys that tokens are signed with: which tokens they make good, and what becomes of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use stockroom_application::ports::StoreError;
use stockroom_application::{
    AccessError, Clock, Limits, RotationError, Stockroom, rotate_signing_key,
};
use stockroom_domain::{KeyId, Timestamp};

use crate::mock::{MockDatabase, TestClock, environment, organization, stockroom, uuid};
use crate::tokens::{key, token, with_key};

/// The signing keys as a database keeps them, and a token that the key in it has signed. Later
/// versions have to read both.
const KEPT: &str = include_str!("signing_keys/kept-1.json");
const TOKEN: &str = include_str!("signing_keys/token-1.txt");

/// The key in [`KEPT`].
const KEY: [u8; 32] = [1; 32];

type State = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// A database with one key that keeps what servers have in common.
fn keeping(state: &State) -> MockDatabase {
    let mut database = with_key(key(false));
    let [keeping, reading, replacing] = [0; 3].map(|_| Arc::clone(state));
    database.expect_get_or_keep().returning(move |name, value| {
        let mut state = keeping.lock().unwrap();
        let kept = state.entry(name.to_owned());
        Ok(kept.or_insert_with(|| value.to_vec()).clone())
    });
    database
        .expect_kept()
        .returning(move |name| Ok(reading.lock().unwrap().get(name).cloned()));
    database
        .expect_replace()
        .returning(move |name, former, value| {
            let mut state = replacing.lock().unwrap();
            let kept = state.get_mut(name).filter(|kept| *kept == former);
            Ok(kept.map(|kept| *kept = value.to_vec()).is_some())
        });
    database
}

fn state(kept: &str) -> State {
    let kept = (
        "signing_keys".to_owned(),
        kept.trim_end().as_bytes().to_vec(),
    );
    Arc::new(Mutex::new(HashMap::from([kept])))
}

async fn open(state: &State, clock: &TestClock) -> Result<Stockroom, StoreError> {
    let database = Arc::new(keeping(state));
    Stockroom::open(database, environment(clock), Limits::default(), None).await
}

/// The id of a key, which follows from it.
fn key_id(key: &[u8]) -> String {
    BASE64.encode(&signature(key, b"key_id")[..9])
}

fn signature(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

/// A token made by whoever has the key.
fn forged(key: &[u8], header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| BASE64.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let signature = BASE64.encode(signature(key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn header() -> Value {
    json!({ "typ": "JWT", "alg": "HS256", "kid": key_id(&KEY) })
}

fn claims(issued_at: Timestamp, lifetime_seconds: i64) -> Value {
    json!({
        "sub": uuid(7),
        "org": organization().uuid(),
        "grant": "client_credentials",
        "iat_ms": issued_at.as_milliseconds(),
        "exp": issued_at.as_seconds() + lifetime_seconds,
    })
}

#[tokio::test]
async fn what_was_ever_kept_and_signed_is_read() {
    let clock = TestClock::new();
    let stockroom = open(&state(KEPT), &clock).await.unwrap();
    let caller = stockroom.authenticate(TOKEN.trim_end()).unwrap();
    assert_eq!(caller.actor.key, Some(KeyId::new(uuid(7))));
    assert_eq!(caller.organization, organization());
    // Another server with the same key makes the same token.
    assert_eq!(token(&stockroom).await.access_token, TOKEN.trim_end());
}

#[tokio::test]
async fn what_no_version_has_kept_is_not_read() {
    for kept in [
        KEPT.replace("\"format\":1", "\"format\":2"),
        KEPT.replace("\"key\":\"", "\"key\":\"*"),
        KEPT.replace("\"key\":\"AQEB", "\"key\":\""),
        KEPT.replace("\"keys\":[", "\"keys\":[],\"former\":["),
        "{}".to_owned(),
        String::new(),
    ] {
        let opened = open(&state(&kept), &TestClock::new()).await;
        assert!(matches!(opened, Err(StoreError::Corrupt { .. })), "{kept}");
    }
}

#[tokio::test]
async fn only_what_the_named_key_has_signed_is_a_token() {
    let clock = TestClock::new();
    let stockroom = open(&state(KEPT), &clock).await.unwrap();
    let claims = claims(clock.now(), 3_600);
    let good = forged(&KEY, &header(), &claims);
    assert!(stockroom.authenticate(&good).is_ok());
    let other = [2; 32];
    let (signed, right) = good.rsplit_once('.').unwrap();
    let with = |field: &str, value: Value| {
        let mut header = header();
        header[field] = value;
        forged(&KEY, &header, &claims)
    };
    for token in [
        forged(&other, &header(), &claims),
        with("kid", json!(key_id(&other))),
        with("kid", json!(null)),
        with("alg", json!("HS512")),
        with("alg", json!("none")),
        forged(&KEY, &json!({ "alg": "HS256" }), &claims),
        forged(&KEY, &header(), &json!({})),
        format!("{signed}."),
        format!("{signed}.{}", &right[..right.len() - 4]),
        format!("{signed}.{right}="),
        signed.to_owned(),
        format!(".{good}"),
        String::new(),
    ] {
        let refused = stockroom.authenticate(&token);
        assert!(matches!(refused, Err(AccessError::InvalidToken)), "{token}");
    }
}

#[tokio::test]
async fn a_token_that_no_server_would_issue_now_is_refused() {
    let clock = TestClock::new();
    let stockroom = open(&state(KEPT), &clock).await.unwrap();
    let now = clock.now();
    let ago = |seconds: i64| now.plus_milliseconds(-seconds * 1_000);
    for (issued_at, lifetime_seconds, is_good) in [
        (now, 3_600, true),
        (now, 1, true),
        (now, 3_601, false),
        (now, 86_400 * 365, false),
        (now, i64::MAX / 2, false),
        (ago(86_400), 90_000, false),
        (ago(3_599), 3_600, true),
        (ago(3_600), 3_600, false),
        // A server's clock may be a minute ahead.
        (ago(-60), 3_600, true),
        (ago(-61), 3_600, false),
    ] {
        let token = forged(&KEY, &header(), &claims(issued_at, lifetime_seconds));
        let answer = stockroom.authenticate(&token);
        assert_eq!(answer.is_ok(), is_good, "{issued_at} {lifetime_seconds}");
    }
    let mut claims = claims(now, 3_600);
    for (field, extreme) in [
        ("iat_ms", i64::MIN),
        ("iat_ms", i64::MAX),
        ("exp", i64::MAX),
    ] {
        let right = std::mem::replace(&mut claims[field], json!(extreme));
        let token = forged(&KEY, &header(), &claims);
        assert!(stockroom.authenticate(&token).is_err(), "{field} {extreme}");
        claims[field] = right;
    }
}

#[tokio::test]
async fn a_new_key_signs_once_all_servers_know_it_and_the_former_is_accepted_for_an_hour() {
    let clock = TestClock::new();
    let state = state(KEPT);
    let servers = [
        open(&state, &clock).await.unwrap(),
        open(&state, &clock).await.unwrap(),
    ];
    let rotation = rotate_signing_key(&keeping(&state), &environment(&clock), false).await;
    let rotation = rotation.unwrap();
    assert_ne!(rotation.key_id, key_id(&KEY));
    servers[0].refresh_signing_keys().await.unwrap();
    // This one signs with the former: the other server may not have seen the new one.
    let early = token(&servers[0]).await;
    assert!(servers[1].authenticate(&early.access_token).is_ok());

    clock.advance_seconds(1);
    servers[1].refresh_signing_keys().await.unwrap();
    let late = token(&servers[0]).await;
    let head = |token: &str| token.split('.').next().map(ToOwned::to_owned);
    assert_ne!(head(&late.access_token), head(&early.access_token));
    let works = |token: &str| servers.each_ref().map(|it| it.authenticate(token).is_ok());
    assert_eq!(works(&early.access_token), [true; 2]);
    assert_eq!(works(&late.access_token), [true; 2]);

    // Whoever has the former key can sign with it until its last token has run out, and no longer.
    let until = clock.now().plus_milliseconds(3_600_000);
    assert_eq!(rotation.former_accepted_until, Some(until));
    clock.advance_seconds(3_599);
    let last = || forged(&KEY, &header(), &claims(clock.now(), 3_600));
    let last_accepted = last();
    assert_eq!(works(&last_accepted), [true; 2]);
    clock.advance_seconds(1);
    assert_eq!(works(&last_accepted), [false; 2], "it was seen before");
    assert_eq!(works(&last()), [false; 2]);
    assert_eq!(works(&token(&servers[1]).await.access_token), [true; 2]);
}

#[tokio::test]
async fn a_dropped_key_is_accepted_no_more() {
    let clock = TestClock::new();
    let state = state(KEPT);
    let stockroom = open(&state, &clock).await.unwrap();
    let before = token(&stockroom).await;
    let rotation = rotate_signing_key(&keeping(&state), &environment(&clock), true).await;
    assert_eq!(rotation.unwrap().former_accepted_until, None);
    assert!(stockroom.authenticate(&before.access_token).is_ok());
    stockroom.refresh_signing_keys().await.unwrap();
    assert!(stockroom.authenticate(&before.access_token).is_err());
    let after = token(&stockroom).await;
    assert!(stockroom.authenticate(&after.access_token).is_ok());
}

#[tokio::test]
async fn keys_are_replaced_one_after_the_other_up_to_a_limit() {
    let clock = TestClock::new();
    let state = state(KEPT);
    let stockroom = open(&state, &clock).await.unwrap();
    let database = keeping(&state);
    let environment = environment(&clock);
    let mut tokens = vec![token(&stockroom).await];
    for _ in 1..16 {
        rotate_signing_key(&database, &environment, false)
            .await
            .unwrap();
        clock.advance_seconds(2);
        stockroom.refresh_signing_keys().await.unwrap();
        tokens.push(token(&stockroom).await);
    }
    for token in &tokens {
        assert!(stockroom.authenticate(&token.access_token).is_ok());
    }
    let refused = rotate_signing_key(&database, &environment, false).await;
    assert!(matches!(
        refused,
        Err(RotationError::TooMany { accepted: 16 })
    ));
    // An hour later the first has run out, and leaves its place.
    clock.advance_seconds(3_600 - 29);
    assert!(
        rotate_signing_key(&database, &environment, false)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_key_that_is_given_stays_and_none_is_made() {
    let clock = TestClock::new();
    let state = State::default();
    let given = stockroom(keeping(&state), &clock).await;
    let before = token(&given).await;
    assert!(state.lock().unwrap().is_empty());
    let refused = rotate_signing_key(&keeping(&state), &environment(&clock), false).await;
    assert!(matches!(refused, Err(RotationError::NoneKept)));
    state
        .lock()
        .unwrap()
        .insert("signing_keys".to_owned(), KEPT.into());
    given.refresh_signing_keys().await.unwrap();
    assert!(given.authenticate(&before.access_token).is_ok());
}

#[tokio::test]
async fn keys_that_can_not_be_read_stay_as_they_were() {
    let clock = TestClock::new();
    let state = state(KEPT);
    let stockroom = open(&state, &clock).await.unwrap();
    let before = token(&stockroom).await;
    for kept in [Some(b"nonsense".to_vec()), None] {
        let kept = kept.map(|kept| ("signing_keys".to_owned(), kept));
        *state.lock().unwrap() = kept.into_iter().collect();
        assert!(stockroom.refresh_signing_keys().await.is_err());
        assert!(stockroom.authenticate(&before.access_token).is_ok());
    }
}
