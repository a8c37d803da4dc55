//! Tokens of the API and sessions of the console.

use crate::access;
use crate::access::{Audience, Caller, Grant, Token, TokenRequest};
use crate::error::{AccessError, TokenError};
use crate::pipeline::timed;
use crate::ports::StoreError;
use crate::stockroom::Stockroom;

impl Stockroom {
    /// Issues a token to a client with the right credentials.
    ///
    /// # Errors
    /// [`TokenError`] if the credentials are wrong, or the database fails.
    pub async fn issue_token(&self, request: TokenRequest) -> Result<Token, TokenError> {
        self.issue(request, Audience::Api).await
    }

    async fn issue(&self, request: TokenRequest, audience: Audience) -> Result<Token, TokenError> {
        let (client_id, grant) = match &request {
            TokenRequest::ClientCredentials { client_id, .. } => {
                (client_id, Grant::ClientCredentials)
            }
            TokenRequest::Implicit { client_id } => (client_id, Grant::Implicit),
        };
        // Taken before the key is read: every revocation made after the reading is later than this
        // token.
        let now = self.now();
        let key = self.pipeline.records().key_by_client_id(client_id);
        let key = timed("key_by_client_id", key).await?;
        let (organization, key) = key.ok_or(TokenError::InvalidCredentials)?;
        match &request {
            TokenRequest::ClientCredentials { client_secret, .. } => {
                if !access::token::secret_matches(client_secret, &key.secret_hash) {
                    return Err(TokenError::InvalidCredentials);
                }
            }
            TokenRequest::Implicit { .. } if !key.allow_implicit => {
                return Err(TokenError::ImplicitNotAllowed);
            }
            TokenRequest::Implicit { .. } => {}
        }
        let token = self
            .tokens
            .issue(organization, &key, grant, audience, now)
            .ok_or_else(|| StoreError::Failed("the token can't be encoded".into()))?;
        // Exact to a minute is enough, and saves a write for most tokens.
        let recently = now.plus_milliseconds(-60_000);
        if key.last_used_at.is_none_or(|used_at| used_at < recently) {
            let recorded = self
                .pipeline
                .records()
                .record_key_use(organization, key.id, now);
            timed("record_key_use", recorded).await?;
        }
        Ok(token)
    }

    /// The caller with this token, acting on behalf of the owner of its key.
    ///
    /// # Errors
    /// [`AccessError::InvalidToken`] if the token wasn't issued by these servers, has expired, or was
    /// revoked.
    pub fn authenticate(&self, token: &str) -> Result<Caller, AccessError> {
        self.tokens.verify(token, Audience::Api, self.now())
    }

    /// Signs a person in who has a key's client id and secret: a token for the console, and for it alone.
    /// It lasts 12 hours after its last [renewal](Self::renew_session).
    ///
    /// # Errors
    /// [`TokenError`] if the credentials are wrong, or the database fails.
    pub async fn sign_in(
        &self,
        client_id: String,
        client_secret: String,
    ) -> Result<Token, TokenError> {
        let request = TokenRequest::ClientCredentials {
            client_id,
            client_secret,
        };
        self.issue(request, Audience::Console).await
    }

    /// The person with this token of the console, acting on behalf of the owner of the key.
    ///
    /// # Errors
    /// [`AccessError::InvalidToken`] if the token wasn't issued for the console by these servers, has
    /// expired, or was revoked.
    pub fn authenticate_session(&self, token: &str) -> Result<Caller, AccessError> {
        self.tokens.verify(token, Audience::Console, self.now())
    }

    /// A token that continues a session of the console; `None` if this one still lasts long enough, or
    /// isn't valid.
    #[must_use]
    pub fn renew_session(&self, token: &str) -> Option<Token> {
        self.tokens.renew_session(token, self.now())
    }
}
