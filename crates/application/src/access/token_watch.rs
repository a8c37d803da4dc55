//! Tokens of requests that last: they are verified again whenever keys are revoked or replaced.

use std::sync::Arc;
use std::time::Duration;

use stockroom_domain::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::token::Tokens;
use crate::environment::Environment;
use crate::error::AccessError;

/// The longest time between two verifications, so that a clock that is set is noticed.
const VERIFIED_FOR_MAX: Duration = Duration::from_mins(1);

/// Watches a token.
pub(crate) struct TokenWatch {
    tokens: Arc<Tokens>,
    environment: Environment,
    token: String,
    changes: watch::Receiver<()>,
    verify_again_at: Instant,
}

impl TokenWatch {
    /// A watch on a token.
    ///
    /// # Errors
    /// [`AccessError::InvalidToken`] if it is not valid.
    pub(crate) fn new(
        tokens: &Arc<Tokens>,
        environment: &Environment,
        token: &str,
    ) -> Result<Self, AccessError> {
        let mut watch = Self {
            tokens: Arc::clone(tokens),
            environment: environment.clone(),
            token: token.to_owned(),
            // Changes between this and the verification have it verified once more.
            changes: tokens.changes(),
            verify_again_at: Instant::now(),
        };
        watch.verify()?;
        Ok(watch)
    }

    /// Returns once the token isn't valid any more: it has expired, or it was revoked. Nothing is lost
    /// if the future is dropped.
    pub(crate) async fn ended(&mut self) {
        loop {
            // Whether or not something changed, the token is looked at again. The sender lives as long
            // as the tokens.
            let _ = timeout_at(self.verify_again_at, self.changes.changed()).await;
            if self.verify().is_err() {
                // For the next call, if there is one.
                self.verify_again_at = Instant::now();
                return;
            }
        }
    }

    fn verify(&mut self) -> Result<(), AccessError> {
        let now = self.environment.now();
        let expires_at = self.tokens.expiry(&self.token, now)?;
        let valid_for = milliseconds_between(now, expires_at).min(VERIFIED_FOR_MAX);
        self.verify_again_at = Instant::now() + valid_for;
        Ok(())
    }
}

fn milliseconds_between(from: Timestamp, until: Timestamp) -> Duration {
    let between = until
        .as_milliseconds()
        .saturating_sub(from.as_milliseconds());
    // At least one, so that nobody verifies in a circle.
    Duration::from_millis(u64::try_from(between).unwrap_or(0).max(1))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use stockroom_domain::{
        Access, ApplicationKey, KeyId, OrganizationId, Owner, ProductText, RevokedGrants,
        SecretHash,
    };
    use tokio::time::advance;
    use uuid::Uuid;

    use super::*;
    use crate::access::{Audience, Grant, KeyRing, SigningKey};
    use crate::environment::Clock;
    use crate::ports::Revocation;

    /// The time of `tokio`, which stands still until nothing else is to be done.
    struct TokioClock(Instant);

    impl Clock for TokioClock {
        fn now(&self) -> Timestamp {
            let elapsed = i64::try_from(self.0.elapsed().as_millis()).unwrap();
            Timestamp::UNIX_EPOCH.plus_milliseconds(1_769_851_800_000 + elapsed)
        }
    }

    const LIFETIME: Duration = Duration::from_hours(1);

    struct Scene {
        tokens: Arc<Tokens>,
        key: KeyId,
        watch: TokenWatch,
    }

    fn scene() -> Scene {
        let clock = TokioClock(Instant::now());
        let environment = Environment::new(clock, StdRng::seed_from_u64(1));
        let signing_key = SigningKey::random(&environment);
        let tokens = Arc::new(Tokens::new(KeyRing::given(&signing_key)));
        let now = environment.now();
        let key = ApplicationKey {
            id: KeyId::new(Uuid::from_u128(2)),
            owner: Owner::Organization,
            name: ProductText::new("name", "Test").unwrap(),
            client_id: String::new(),
            secret_hash: SecretHash([0; 32]),
            reserved_rate_limit: 0,
            allow_implicit: false,
            access: Access::Full,
            created_at: now,
            updated_at: now,
            last_used_at: None,
        };
        let organization = OrganizationId::new(Uuid::from_u128(1));
        let token = tokens.issue(
            organization,
            &key,
            Grant::ClientCredentials,
            Audience::Api,
            now,
        );
        let token = token.unwrap().access_token;
        let watch = TokenWatch::new(&tokens, &environment, &token).unwrap();
        Scene {
            tokens,
            key: key.id,
            watch,
        }
    }

    fn revocation(key: KeyId) -> Revocation {
        Revocation {
            key,
            grants: RevokedGrants::All,
            revoked_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_ends_when_it_expires() {
        let mut scene = scene();
        let start = Instant::now();
        scene.watch.ended().await;
        assert_eq!(start.elapsed().as_secs(), LIFETIME.as_secs());
        // And stays ended.
        scene.watch.ended().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_ends_when_its_key_is_revoked() {
        let Scene {
            tokens,
            key,
            mut watch,
        } = scene();
        tokens.revoke([revocation(KeyId::new(Uuid::from_u128(3)))]);
        assert!(watch.ended().now_or_never().is_none());
        tokens.revoke([revocation(key)]);
        assert!(watch.ended().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_ends_when_its_signing_key_is_dropped() {
        let mut scene = scene();
        let other = SigningKey::new(vec![1; SigningKey::BYTES_MIN]).unwrap();
        scene.tokens.replace_keys(KeyRing::given(&other));
        assert!(scene.watch.ended().now_or_never().is_some());
    }

    /// Revocations are read several times a second, mostly the same.
    #[tokio::test(start_paused = true)]
    async fn known_revocations_change_nothing() {
        let Scene { tokens, key, .. } = scene();
        tokens.revoke([revocation(key)]);
        let changes = tokens.changes();
        tokens.revoke([revocation(key)]);
        assert!(!changes.has_changed().unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_is_not_valid_has_no_watch() {
        let scene = scene();
        advance(LIFETIME).await;
        let TokenWatch {
            tokens,
            environment,
            token,
            ..
        } = scene.watch;
        assert!(TokenWatch::new(&tokens, &environment, &token).is_err());
    }
}
