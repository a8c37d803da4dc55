//! Integrations: webhooks that get the events of an owner.

mod attempt;
mod deliverer;
mod on_demand;

pub use deliverer::Deliverer;
pub use on_demand::ReplayStart;

use std::sync::atomic::Ordering;

use stockroom_domain::{
    Configuration, CreateIntegration, Description, DisableIntegration, EventId, Integration,
    IntegrationId, NewSecret, Observed, OrganizationId, ProductText, Reason, RotateSecret,
    SecretIssued, SecretKey, SigningSecret, UpdateIntegration, WebhookUrl,
};
use uuid::Uuid;

use crate::access::{Administrator, Writer, hash_secret, secret_matches};
use crate::error::Error;
use crate::page::{Page, PageRequest};
use crate::pipeline::timed;
use crate::ports::{DeliveryJob, DeliveryLog, IntegrationState, LogsOf, StoreError};
use crate::stockroom::Stockroom;
use crate::webhooks::{SendError, signing_secret};

/// The properties of a new integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntegrationRequest {
    /// The name.
    pub name: ProductText,
    /// A description.
    pub description: Option<Description>,
    /// Whether events are sent.
    pub enabled: bool,
    /// The events that it gets.
    pub observes: Observed,
    /// The way in which they are sent.
    pub configuration: Configuration,
    /// The text that is sent with every event.
    pub secret_key: Option<SecretKey>,
}

/// An integration with its new signing secret, which can't be read again.
#[derive(Debug, Clone)]
pub struct IntegrationWithSecret {
    /// The integration.
    pub integration: Integration,
    /// The secret.
    pub secret: SigningSecret,
}

/// An integration, and how far its deliveries are behind.
#[derive(Debug, Clone)]
pub struct IntegrationStatus {
    /// The integration, and how far its deliveries have got.
    pub state: IntegrationState,
    /// The number of events in the feed after that, including those that the integration won't get.
    pub behind: u64,
}

impl IntegrationStatus {
    const fn new(state: IntegrationState, head: u64) -> Self {
        let behind = head.saturating_sub(state.position);
        Self { state, behind }
    }
}

impl Stockroom {
    /// Creates an integration, which gets all events from now on. If the request has an idempotency key,
    /// the signing secret is derived from the request, so that a repeated request gets the same answer
    /// although no answer holds the secret.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails; so for every change below.
    pub async fn create_integration(
        &self,
        writer: &Writer,
        request: NewIntegrationRequest,
    ) -> Result<IntegrationWithSecret, Error> {
        self.check_target(&request.configuration.url)?;
        let request = CreateIntegration {
            name: request.name,
            description: request.description,
            enabled: request.enabled,
            observes: request.observes,
            configuration: request.configuration,
            secret_key: request.secret_key,
            secret: self.new_secret(writer)?,
            position: self.feed_state(writer.scope().organization).await?.head,
        };
        let secret = request.secret.secret.clone();
        let issued = self.execute(writer, request).await?;
        self.with_secret(writer, issued, secret)
    }

    /// Changes the named fields of an integration.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn update_integration(
        &self,
        writer: &Writer,
        request: UpdateIntegration,
    ) -> Result<Integration, Error> {
        if let Some(url) = &request.url {
            self.check_target(url)?;
        }
        self.execute(writer, request).await
    }

    /// Gives an integration a new signing secret; for some hours, the one before it signs as well.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn rotate_secret(
        &self,
        writer: &Writer,
        id: IntegrationId,
        overlap_hours: u8,
    ) -> Result<IntegrationWithSecret, Error> {
        let secret = self.new_secret(writer)?;
        let request = RotateSecret {
            id,
            secret: secret.clone(),
            overlap_hours,
        };
        let issued = self.execute(writer, request).await?;
        self.with_secret(writer, issued, secret.secret)
    }

    /// Disables an integration that can't deliver, on behalf of the server, unless it has been changed
    /// meanwhile.
    async fn disable_integration(
        &self,
        organization: OrganizationId,
        integration: &Integration,
        reason: Reason,
    ) -> Result<Integration, Error> {
        let server = Writer::operator(organization, integration.owner);
        let request = DisableIntegration {
            id: integration.id,
            version: integration.version,
            reason,
        };
        self.execute(&server, request).await
    }

    /// One integration of the owner on whose behalf the caller acts.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; so for every reading below.
    pub async fn integration(
        &self,
        administrator: &Administrator,
        id: IntegrationId,
    ) -> Result<Option<IntegrationStatus>, StoreError> {
        let Some(state) = self.integration_state(administrator, id).await? else {
            return Ok(None);
        };
        let feed = self.feed_state(administrator.scope().organization).await?;
        Ok(Some(IntegrationStatus::new(state, feed.head)))
    }

    async fn integration_state(
        &self,
        administrator: &Administrator,
        id: IntegrationId,
    ) -> Result<Option<IntegrationState>, StoreError> {
        let scope = administrator.scope();
        let records = self.pipeline.records();
        let found = records.integration(scope.organization, scope.acting, id);
        Ok(timed("integration", found).await?.map(Into::into))
    }

    /// All integrations of the owner on whose behalf the caller acts, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_integrations(
        &self,
        administrator: &Administrator,
        page: PageRequest<IntegrationId>,
    ) -> Result<Page<IntegrationStatus, IntegrationId>, StoreError> {
        let scope = administrator.scope();
        let records = self.pipeline.records();
        let listed = records.list_integrations(scope.organization, scope.acting, page);
        let listed = timed("list_integrations", listed).await?;
        let feed = self.feed_state(scope.organization).await?;
        Ok(listed.map(|state| IntegrationStatus::new(state, feed.head)))
    }

    /// The logs of all integrations of the owner on whose behalf the caller acts, of one of them, or of
    /// one job of it, the latest first, and their number. `None` if there is no such integration.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn delivery_logs(
        &self,
        administrator: &Administrator,
        of: Option<(IntegrationId, Option<EventId>)>,
        limit: u32,
        offset: u32,
    ) -> Result<Option<(Vec<DeliveryLog>, u64)>, StoreError> {
        let scope = administrator.scope();
        let of = match of {
            None => LogsOf::Owner(scope.acting),
            Some((id, job)) => {
                if self.integration_state(administrator, id).await?.is_none() {
                    return Ok(None);
                }
                job.map_or(LogsOf::Integration(id), |job| LogsOf::Job(id, job))
            }
        };
        let records = self.pipeline.records();
        let logs = records.delivery_logs(scope.organization, of, limit, offset);
        timed("delivery_logs", logs).await.map(Some)
    }

    /// The jobs of an integration, the one with the latest attempt first, and their number. `None` if
    /// there is no such integration.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn delivery_jobs(
        &self,
        administrator: &Administrator,
        id: IntegrationId,
        limit: u32,
        offset: u32,
    ) -> Result<Option<(Vec<DeliveryJob>, u64)>, StoreError> {
        if self.integration_state(administrator, id).await?.is_none() {
            return Ok(None);
        }
        let organization = administrator.scope().organization;
        let records = self.pipeline.records();
        let jobs = records.delivery_jobs(organization, id, limit, offset);
        timed("delivery_jobs", jobs).await.map(Some)
    }

    fn check_target(&self, url: &WebhookUrl) -> Result<(), Error> {
        let webhooks = self.webhooks.as_ref();
        let checked = webhooks.map_or(Err(SendError::NotSupported), |webhooks| {
            webhooks.sender.check(url.as_str())
        });
        checked.map_err(Error::UrlNotAllowed)
    }

    fn new_secret(&self, writer: &Writer) -> Result<NewSecret, Error> {
        let salt = Uuid::from_bytes(self.environment.random_bytes());
        let secret = match writer.idempotency() {
            None => secret_text(&self.environment.random_bytes())?,
            Some(_) => self.derived_secret(writer, salt)?,
        };
        Ok(NewSecret {
            digest: hash_secret(secret.expose()),
            salt,
            secret,
        })
    }

    /// The secret that a request with an idempotency key makes of a salt.
    fn derived_secret(&self, writer: &Writer, salt: Uuid) -> Result<SigningSecret, Error> {
        let keyed = writer.idempotency();
        let keyed = keyed.ok_or(Error::SigningSecretForgotten)?;
        let bytes = self.tokens.signing_secret_of(writer.scope(), keyed, salt);
        secret_text(&bytes)
    }

    /// The answer with its secret, which a repeated request computes again.
    fn with_secret(
        &self,
        writer: &Writer,
        issued: SecretIssued,
        secret: SigningSecret,
    ) -> Result<IntegrationWithSecret, Error> {
        let keyed = writer.idempotency();
        let is_replayed = keyed.is_some_and(|keyed| keyed.is_replayed.load(Ordering::Relaxed));
        let secret = if is_replayed {
            self.derived_secret(writer, issued.salt)?
        } else {
            secret
        };
        if !secret_matches(secret.expose(), &issued.digest) {
            return Err(Error::SigningSecretForgotten);
        }
        Ok(IntegrationWithSecret {
            integration: issued.integration,
            secret,
        })
    }
}

fn secret_text(bytes: &[u8; 32]) -> Result<SigningSecret, Error> {
    let secret = signing_secret(bytes);
    secret.ok_or_else(|| StoreError::Failed("a signing secret is impossible".into()).into())
}
