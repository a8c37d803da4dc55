//! Integrations and the logs of their deliveries.

use std::fmt;

use serde::{Deserialize, Serialize};
use stockroom_application::ports::{
    DeliveryJob, DeliveryLog, DeliveryProgress, StoreError, StoredIntegration,
};
use stockroom_domain::{
    Description, EventId, Integration, IntegrationChange, IntegrationChangeKind, IntegrationId,
    IntegrationSecrets, LogId, OrganizationId, Owner, PreviousSecret, ProductText, Reason,
    SecretKey, SigningSecret, Timestamp,
};
use uuid::Uuid;

use crate::columns::row;
use crate::{Column, Columns, Row, Value, integer};

/// A text that debug output doesn't show.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Hidden {
    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

impl Column for Hidden {
    fn read_optional<C: Columns>(columns: &mut C) -> Result<Option<Self>, C::Error> {
        Ok(columns.text()?.map(Self))
    }

    fn value(&self) -> Value<'_> {
        Value::Text(&self.0)
    }
}

row! {
    /// A row of `integrations` without its lease. The columns that stay as they are come first.
    IntegrationRow {
        integration_id: Uuid,
        owner_id: Uuid,
        created_at: i64,
        position: i64,
        progress: Option<String>,
        failing_since: Option<i64>,
        replay_from: Option<i64>,
        name: String,
        description: Option<String>,
        enabled: bool,
        observes: String,
        configuration: String,
        secrets: Hidden,
        version: i64,
        disabled_reason: Option<String>,
        updated_at: i64,
    }
}

/// The stored form of the secrets.
#[derive(Serialize, Deserialize)]
struct StoredSecrets {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_key: Option<String>,
    signing: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<(String, i64)>,
}

impl StoredSecrets {
    fn of(secrets: &IntegrationSecrets) -> Self {
        let previous = secrets.previous.as_ref();
        Self {
            secret_key: secrets.secret_key.as_ref().map(|it| it.expose().to_owned()),
            signing: secrets.signing.expose().to_owned(),
            previous: previous.map(|previous| {
                let until = previous.until.as_milliseconds();
                (previous.secret.expose().to_owned(), until)
            }),
        }
    }

    fn decode(self) -> Option<IntegrationSecrets> {
        let previous = match self.previous {
            None => None,
            Some((secret, until)) => Some(PreviousSecret {
                secret: SigningSecret::new(secret).ok()?,
                until: Timestamp::from_milliseconds(until)?,
            }),
        };
        Some(IntegrationSecrets {
            secret_key: self.secret_key.map(SecretKey::new).transpose().ok()?,
            signing: SigningSecret::new(self.signing).ok()?,
            previous,
        })
    }
}

fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(Box::new(error)))
}

impl IntegrationRow {
    /// The columns that a change of the integration leaves as they are.
    pub const CONSTANT: &'static [&'static str] = &[
        "integration_id",
        "owner_id",
        "created_at",
        "position",
        "progress",
        "failing_since",
        "replay_from",
    ];

    /// The row of an integration after a change.
    ///
    /// # Errors
    /// [`StoreError`] if a part of it can't be written as JSON.
    pub fn of(
        change: &IntegrationChange,
        organization: OrganizationId,
    ) -> Result<Self, StoreError> {
        let integration = &change.integration;
        let description = integration.description.as_ref();
        let disabled_reason = integration.disabled_reason.as_ref();
        Ok(Self {
            integration_id: integration.id.uuid(),
            owner_id: integration.owner.to_uuid(organization),
            name: integration.name.as_str().to_owned(),
            description: description.map(|text| text.as_str().to_owned()),
            enabled: integration.enabled,
            observes: json(&integration.observes)?,
            configuration: json(&integration.configuration)?,
            secrets: json(&StoredSecrets::of(&change.secrets))?.into(),
            version: integer(integration.version),
            disabled_reason: disabled_reason.map(|text| text.as_str().to_owned()),
            created_at: integration.created_at.as_milliseconds(),
            updated_at: integration.updated_at.as_milliseconds(),
            position: match change.kind {
                IntegrationChangeKind::Created { position } => integer(position),
                IntegrationChangeKind::Updated | IntegrationChangeKind::Disabled => 0,
            },
            progress: None,
            failing_since: None,
            replay_from: None,
        })
    }

    /// Decodes the integration, its secrets, and how far its deliveries have got.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self, organization: OrganizationId) -> Result<StoredIntegration, StoreError> {
        let row = Row::new("integrations", self.integration_id);
        let description = self.description;
        let description = description.map(|text| Description::new("description", text));
        let reason = self.disabled_reason;
        let reason = reason.map(|text| Reason::new("disabled_reason", text));
        let secrets: Option<StoredSecrets> = serde_json::from_str(self.secrets.expose()).ok();
        let secrets = secrets.and_then(StoredSecrets::decode);
        let integration = Integration {
            id: IntegrationId::new(self.integration_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            name: row.valid("name", ProductText::new("name", self.name))?,
            description: row.valid("description", description.transpose())?,
            enabled: self.enabled,
            observes: row.valid("observes", serde_json::from_str(&self.observes))?,
            configuration: row.valid("configuration", serde_json::from_str(&self.configuration))?,
            version: row.valid("version", u64::try_from(self.version))?,
            disabled_reason: row.valid("disabled_reason", reason.transpose())?,
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
        };
        Ok(StoredIntegration {
            integration,
            secrets: secrets.ok_or_else(|| row.corrupt("secrets"))?,
            progress: DeliveryProgress {
                position: row.valid("position", u64::try_from(self.position))?,
                details: self.progress,
                failing_since: row.optional_timestamp("failing_since", self.failing_since)?,
                replay_from: row.valid(
                    "replay_from",
                    self.replay_from.map(u64::try_from).transpose(),
                )?,
            },
        })
    }
}

row! {
    /// A row of `integration_logs`.
    LogRow {
        integration_id: Uuid,
        log_id: Uuid,
        owner_id: Uuid,
        event_id: Uuid,
        succeeded: bool,
        attempt: i64,
        status_code: Option<i64>,
        error_detail: Option<String>,
        body: Option<String>,
        created_at: i64,
    }
}

impl LogRow {
    /// The row of a log. Of texts of the receiver, it holds what every database can store.
    #[must_use]
    pub fn of(log: &DeliveryLog, organization: OrganizationId) -> Self {
        Self {
            integration_id: log.integration.uuid(),
            log_id: log.id.uuid(),
            owner_id: log.owner.to_uuid(organization),
            event_id: log.event.uuid(),
            succeeded: log.succeeded,
            attempt: log.attempt.into(),
            status_code: log.status_code.map(Into::into),
            error_detail: log.error_detail.as_deref().map(storable),
            body: log.body.as_deref().map(storable),
            created_at: log.created_at.as_milliseconds(),
        }
    }

    /// Decodes the log.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self, organization: OrganizationId) -> Result<DeliveryLog, StoreError> {
        let row = Row::new("integration_logs", self.log_id);
        let status_code = self.status_code.map(u16::try_from).transpose();
        Ok(DeliveryLog {
            id: LogId::new(self.log_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            integration: IntegrationId::new(self.integration_id),
            event: EventId::new(self.event_id),
            succeeded: self.succeeded,
            attempt: row.valid("attempt", u32::try_from(self.attempt))?,
            status_code: row.valid("status_code", status_code)?,
            error_detail: self.error_detail,
            body: self.body,
            created_at: row.timestamp("created_at", self.created_at)?,
        })
    }
}

/// The beginning of a text, without NUL.
fn storable(text: &str) -> String {
    let end = text.floor_char_boundary(DeliveryLog::BODY_BYTES_MAX);
    text.get(..end).unwrap_or_default().replace('\0', " ")
}

row! {
    /// What the logs show of one job.
    JobRow {
        event_id: Uuid,
        succeeded: bool,
        attempts: i64,
        created_at: i64,
        updated_at: i64,
    }
}

impl JobRow {
    /// Decodes the job.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self) -> Result<DeliveryJob, StoreError> {
        let row = Row::new("integration_logs", self.event_id);
        Ok(DeliveryJob {
            event: EventId::new(self.event_id),
            succeeded: self.succeeded,
            attempts: row.valid("attempt", u32::try_from(self.attempts))?,
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("created_at", self.updated_at)?,
        })
    }
}
