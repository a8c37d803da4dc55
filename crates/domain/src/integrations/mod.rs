//! Integrations: webhooks that get the events of an owner.

pub(crate) mod decide;

pub use decide::{
    CreateIntegration, DeleteIntegration, DisableIntegration, ReplayEvents, RotateSecret,
    UpdateIntegration,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keys::SecretHash;
use crate::values::{
    Description, IntegrationId, Invalid, Observed, Owner, ProductId, ProductText, Reason,
    SecretKey, SigningSecret, Timestamp, WebhookUrl,
};

/// A webhook: which events are sent where. Its secrets are [`IntegrationSecrets`], so that no kept
/// answer and no event holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integration {
    /// The id of the integration.
    pub id: IntegrationId,
    /// The owner, whose events it gets.
    pub owner: Owner,
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
    /// Counts the changes of the integration, from 1.
    pub version: u64,
    /// The reason for which the server itself has disabled it.
    pub disabled_reason: Option<Reason>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

impl Integration {
    /// The largest number of integrations that one owner may have.
    pub const PER_OWNER_MAX: u64 = 50;
}

/// The way in which events are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The address.
    pub url: WebhookUrl,
    /// The form of the body.
    pub format: EventFormat,
    /// The time within which the receiver has to answer.
    pub timeout: DeliveryTimeout,
    /// The condition that an event has to fulfil in addition.
    pub filter: Option<EventFilter>,
}

/// The form of the body of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventFormat {
    /// That of the dialect.
    #[default]
    ElasticPath,
    /// That of Standard Webhooks.
    Standard,
}

impl EventFormat {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::ElasticPath, Self::Standard];

    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ElasticPath => "elasticpath",
            Self::Standard => "standard",
        }
    }

    /// The format of this name.
    ///
    /// # Errors
    /// [`Invalid`] if no format has it.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == name);
        found.ok_or_else(|| Invalid::new("format", "elasticpath or standard"))
    }
}

/// The time within which a receiver has to answer: 1 to 30 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct DeliveryTimeout(u8);

impl Default for DeliveryTimeout {
    fn default() -> Self {
        Self(10)
    }
}

impl TryFrom<u64> for DeliveryTimeout {
    type Error = Invalid;

    fn try_from(seconds: u64) -> Result<Self, Invalid> {
        u8::try_from(seconds)
            .ok()
            .filter(|seconds| (1..=30).contains(seconds))
            .map(Self)
            .ok_or_else(|| Invalid::new("timeout_seconds", "an integer from 1 to 30"))
    }
}

impl DeliveryTimeout {
    /// The number of seconds.
    #[must_use]
    pub const fn seconds(self) -> u8 {
        self.0
    }
}

/// Conditions that an event has to fulfil, all of them, as they were written and as they were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFilter {
    /// The text of the filter.
    pub text: String,
    /// Its conditions.
    pub conditions: Vec<DeliveryCondition>,
}

/// A condition on an event that an integration gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryCondition {
    /// It is about one of these products.
    Product(Vec<ProductId>),
    /// It is about one of these locations, by their slugs.
    Location(Vec<String>),
}

impl EventFilter {
    /// Whether an event about these products and locations fulfils all conditions. An event that is
    /// about no product fulfils no condition on products, and likewise for locations.
    #[must_use]
    pub fn matches(&self, products: &[ProductId], locations: &[&str]) -> bool {
        self.conditions.iter().all(|condition| match condition {
            DeliveryCondition::Product(wanted) => products.iter().any(|it| wanted.contains(it)),
            DeliveryCondition::Location(wanted) => {
                let mut locations = locations.iter();
                locations.any(|it| wanted.iter().any(|wanted| wanted == it))
            }
        })
    }
}

/// The secrets of an integration. Debug output doesn't show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationSecrets {
    /// The text that is sent with every event.
    pub secret_key: Option<SecretKey>,
    /// The secret that events are signed with.
    pub signing: SigningSecret,
    /// The secret before it.
    pub previous: Option<PreviousSecret>,
}

/// A secret that was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousSecret {
    /// The secret.
    pub secret: SigningSecret,
    /// Time until which events are signed with it as well.
    pub until: Timestamp,
}

impl IntegrationSecrets {
    /// The secrets that sign an event at `now`, the current one first.
    pub fn signing_at(&self, now: Timestamp) -> impl Iterator<Item = &SigningSecret> {
        let previous = self.previous.iter();
        let previous = previous.filter(move |previous| now < previous.until);
        std::iter::once(&self.signing).chain(previous.map(|previous| &previous.secret))
    }
}

/// A fresh secret, and what is kept of it in answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// The secret.
    pub secret: SigningSecret,
    /// A random number. A repeated request makes the same secret from it.
    pub salt: Uuid,
    /// The digest of the secret.
    pub digest: SecretHash,
}

/// An integration that has got a new secret, which itself isn't kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretIssued {
    /// The integration.
    pub integration: Integration,
    /// The salt of the secret.
    pub salt: Uuid,
    /// The digest of the secret.
    pub digest: SecretHash,
}

/// The change of an integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationChange {
    /// The integration after the change.
    pub integration: Integration,
    /// Its secrets after the change.
    pub secrets: IntegrationSecrets,
    /// The kind of the change.
    pub kind: IntegrationChangeKind,
}

/// The kind of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntegrationChangeKind {
    /// It is created, and gets the events after this position of the feed.
    Created {
        /// The position.
        position: u64,
    },
    /// A client has changed it.
    Updated,
    /// The server has disabled it.
    Disabled,
}
