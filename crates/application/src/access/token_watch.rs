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
    let between = until.as_milliseconds().saturating_sub(from.as_milliseconds());
    // At least one, so that nobody verifies in a circle.
    Duration::from_millis(u64::try_from(between).unwrap_or(0).max(1))
}
