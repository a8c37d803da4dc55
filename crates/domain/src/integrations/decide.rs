//! Decisions on integrations.

use super::{
    Configuration, DeliveryTimeout, EventFilter, EventFormat, Integration, IntegrationChange,
    IntegrationChangeKind, IntegrationSecrets, NewSecret, PreviousSecret, SecretIssued,
};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, Needs, RecordChange, Refusal, State,
};
use crate::values::{
    Description, IntegrationId, Observed, Patch, ProductText, Reason, SecretKey, WebhookUrl,
    first_version, next_version,
};

/// Creates an integration of the owner on whose behalf the caller acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateIntegration {
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
    /// The secret that events are signed with.
    pub secret: NewSecret,
    /// The head of the feed: only later events are sent.
    pub position: u64,
}

/// Changes the named fields of an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateIntegration {
    /// The integration.
    pub id: IntegrationId,
    /// The version that the caller believes it to have.
    pub expect_version: Option<u64>,
    /// A new name.
    pub name: Option<ProductText>,
    /// A new description.
    pub description: Patch<Description>,
    /// Whether events are sent.
    pub enabled: Option<bool>,
    /// The events that it gets.
    pub observes: Option<Observed>,
    /// A new address.
    pub url: Option<WebhookUrl>,
    /// A new text that is sent with every event.
    pub secret_key: Patch<SecretKey>,
    /// A new form of the body.
    pub format: Option<EventFormat>,
    /// A new time within which the receiver has to answer.
    pub timeout: Option<DeliveryTimeout>,
    /// A new filter.
    pub filter: Patch<EventFilter>,
}

/// Deletes an integration, and everything about its deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteIntegration {
    /// The integration.
    pub id: IntegrationId,
}

/// Replaces the secret that events are signed with. The one before it is dropped at the end of the
/// overlap, and the one before that at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotateSecret {
    /// The integration.
    pub id: IntegrationId,
    /// The new secret.
    pub secret: NewSecret,
    /// The number of hours for which both secrets sign.
    pub overlap_hours: u8,
}

/// Sends the events of an integration again, from a position of the feed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayEvents {
    /// The integration.
    pub id: IntegrationId,
    /// The position of the first event that is sent again.
    pub from: u64,
}

/// Disables an integration that can't deliver, unless somebody has changed it meanwhile. The server asks
/// for it, no client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisableIntegration {
    /// The integration.
    pub id: IntegrationId,
    /// The version with which it couldn't deliver.
    pub version: u64,
    /// The reason.
    pub reason: Reason,
}

impl RotateSecret {
    /// The longest overlap: a week.
    pub const OVERLAP_HOURS_MAX: u8 = 168;
}

impl Decide for CreateIntegration {
    type Answer = SecretIssued;

    fn name(&self) -> &'static str {
        "create_integration"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        needs.integration_counts.insert(actor.acting);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<SecretIssued>, Refusal> {
        let counts = &state.integration_counts;
        if counts.get(&actor.acting).copied().unwrap_or(0) >= Integration::PER_OWNER_MAX {
            return Err(Refusal::TooManyIntegrations {
                integrations_max: Integration::PER_OWNER_MAX,
            });
        }

        // Point of no return: everything below must succeed.
        let integration = Integration {
            id: IntegrationId::new(context.ids.next_id(context.now)),
            owner: actor.acting,
            name: self.name.clone(),
            description: self.description.clone(),
            enabled: self.enabled,
            observes: self.observes.clone(),
            configuration: self.configuration.clone(),
            version: first_version(),
            disabled_reason: None,
            created_at: context.now,
            updated_at: context.now,
        };
        let secrets = IntegrationSecrets {
            secret_key: self.secret_key.clone(),
            signing: self.secret.secret.clone(),
            previous: None,
        };
        let position = self.position;
        let kind = IntegrationChangeKind::Created { position };
        Ok(changed(integration, secrets, kind).map(|it| issued(it, &self.secret)))
    }
}

impl Decide for UpdateIntegration {
    type Answer = Integration;

    fn name(&self) -> &'static str {
        "update_integration"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.integrations.insert(self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Integration>, Refusal> {
        let (current, secrets) = own_integration(state, actor, self.id)?;
        let version = current.version;
        if self
            .expect_version
            .is_some_and(|expected| expected != version)
        {
            return Err(Refusal::VersionIs { version });
        }

        // Point of no return: everything below must succeed.
        let mut integration = next(current, context);
        let secrets = IntegrationSecrets {
            secret_key: self.secret_key.clone().apply(secrets.secret_key.clone()),
            ..secrets.clone()
        };
        if let Some(name) = &self.name {
            integration.name = name.clone();
        }
        integration.description = self.description.clone().apply(integration.description);
        if let Some(enabled) = self.enabled {
            integration.enabled = enabled;
        }
        if self.enabled == Some(true) {
            integration.disabled_reason = None;
        }
        if let Some(observes) = &self.observes {
            integration.observes = observes.clone();
        }
        let configuration = integration.configuration;
        integration.configuration = Configuration {
            url: self.url.clone().unwrap_or(configuration.url),
            format: self.format.unwrap_or(configuration.format),
            timeout: self.timeout.unwrap_or(configuration.timeout),
            filter: self.filter.clone().apply(configuration.filter),
        };
        Ok(changed(
            integration,
            secrets,
            IntegrationChangeKind::Updated,
        ))
    }
}

impl Decide for DeleteIntegration {
    type Answer = ();

    fn name(&self) -> &'static str {
        "delete_integration"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.integrations.insert(self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<()>, Refusal> {
        let (current, _) = own_integration(state, actor, self.id)?;
        let deleted = RecordChange::IntegrationDeleted(next(current, context));
        Ok(Decision {
            changes: vec![Change::Record(deleted)],
            answer: (),
        })
    }
}

impl Decide for RotateSecret {
    type Answer = SecretIssued;

    fn name(&self) -> &'static str {
        "rotate_secret"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.integrations.insert(self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<SecretIssued>, Refusal> {
        const HOUR_MILLISECONDS: i64 = 3_600_000;
        let (current, secrets) = own_integration(state, actor, self.id)?;

        // Point of no return: everything below must succeed.
        let integration = next(current, context);
        let hours = self.overlap_hours.min(Self::OVERLAP_HOURS_MAX);
        let overlap = i64::from(hours).saturating_mul(HOUR_MILLISECONDS);
        let previous = PreviousSecret {
            secret: secrets.signing.clone(),
            until: context.now.plus_milliseconds(overlap),
        };
        let secrets = IntegrationSecrets {
            secret_key: secrets.secret_key.clone(),
            signing: self.secret.secret.clone(),
            previous: (hours > 0).then_some(previous),
        };
        let decision = changed(integration, secrets, IntegrationChangeKind::Updated);
        Ok(decision.map(|it| issued(it, &self.secret)))
    }
}

impl Decide for ReplayEvents {
    type Answer = Integration;

    fn name(&self) -> &'static str {
        "replay_events"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.integrations.insert(self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        _context: &mut Context<'_>,
    ) -> Result<Decision<Integration>, Refusal> {
        let (current, _) = own_integration(state, actor, self.id)?;
        if !current.enabled {
            return Err(Refusal::IntegrationDisabled);
        }
        let replay = RecordChange::EventsReplayed(self.id, self.from);
        Ok(Decision {
            changes: vec![Change::Record(replay)],
            answer: current.clone(),
        })
    }
}

impl Decide for DisableIntegration {
    type Answer = Integration;

    fn name(&self) -> &'static str {
        "disable_integration"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.integrations.insert(self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Integration>, Refusal> {
        let (current, secrets) = own_integration(state, actor, self.id)?;
        if !current.enabled || current.version != self.version {
            return Ok(Decision::unchanged(current.clone()));
        }
        let integration = Integration {
            enabled: false,
            disabled_reason: Some(self.reason.clone()),
            ..next(current, context)
        };
        let kind = IntegrationChangeKind::Disabled;
        Ok(changed(integration, secrets.clone(), kind))
    }
}

/// The integration with its next version, and otherwise as before.
fn next(current: &Integration, context: &Context<'_>) -> Integration {
    Integration {
        version: next_version(current.version),
        updated_at: current.updated_at.max(context.now),
        ..current.clone()
    }
}

fn changed(
    integration: Integration,
    secrets: IntegrationSecrets,
    kind: IntegrationChangeKind,
) -> Decision<Integration> {
    let change = IntegrationChange {
        integration: integration.clone(),
        secrets,
        kind,
    };
    let record = RecordChange::Integration(Box::new(change));
    Decision {
        changes: vec![Change::Record(record)],
        answer: integration,
    }
}

fn issued(integration: Integration, secret: &NewSecret) -> SecretIssued {
    SecretIssued {
        integration,
        salt: secret.salt,
        digest: secret.digest,
    }
}

/// Integrations are administered at their own level only, as keys are.
fn own_integration<'a>(
    state: &'a State,
    actor: &Actor,
    id: IntegrationId,
) -> Result<(&'a Integration, &'a IntegrationSecrets), Refusal> {
    let found = state.integrations.get(&id);
    found
        .filter(|(integration, _)| integration.owner == actor.acting)
        .map(|(integration, secrets)| (integration, secrets))
        .ok_or(Refusal::IntegrationNotFound)
}
