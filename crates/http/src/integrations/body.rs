//! Integrations in answers.

use serde::Serialize;
use stockroom_application::ports::{DeliveryJob, DeliveryLog};
use stockroom_application::{IntegrationStatus, IntegrationWithSecret};
use stockroom_domain::{Integration, IntegrationId, Timestamp};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Timestamps;

/// An integration; flat in both forms.
#[derive(Serialize, ToSchema)]
#[schema(as = Integration)]
pub(crate) struct IntegrationBody {
    id: Uuid,
    /// Always `integration`.
    r#type: &'static str,
    name: String,
    description: Option<String>,
    enabled: bool,
    /// Always `webhook`.
    integration_type: &'static str,
    /// The names of the events that it gets, or `*` for all.
    observes: Vec<&'static str>,
    configuration: ConfigurationBody,
    links: IntegrationLinks,
    meta: IntegrationMeta,
}

#[derive(Serialize, ToSchema)]
struct ConfigurationBody {
    /// Where events are sent.
    url: String,
    /// The form of the body: `elasticpath` or `standard`.
    format: &'static str,
    /// The time within which the receiver has to answer.
    timeout_seconds: u8,
    /// The condition that events have to fulfil.
    filter: Option<String>,
    /// Shown once, in the answer to the creation or to the rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_secret: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct IntegrationLinks {
    #[serde(rename = "self")]
    itself: String,
}

#[derive(Serialize, ToSchema)]
struct IntegrationMeta {
    timestamps: Timestamps,
    /// Counts the changes of the integration, from 1.
    version: u64,
    /// The position in the feed up to which everything was sent. Left out in answers to changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    /// How many events come after that in the feed, also those that it doesn't get. Left out in answers
    /// to changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    behind: Option<u64>,
    /// The time of the first failure since the last success.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// Why the server has disabled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<String>,
}

impl From<Integration> for IntegrationBody {
    fn from(integration: Integration) -> Self {
        let configuration = integration.configuration;
        let reason = integration.disabled_reason;
        Self {
            id: integration.id.uuid(),
            r#type: "integration",
            name: integration.name.to_string(),
            description: integration.description.map(|text| text.to_string()),
            enabled: integration.enabled,
            integration_type: "webhook",
            observes: integration.observes.names(),
            configuration: ConfigurationBody {
                url: configuration.url.to_string(),
                format: configuration.format.as_str(),
                timeout_seconds: configuration.timeout.seconds(),
                filter: configuration.filter.map(|filter| filter.text),
                signing_secret: None,
            },
            links: IntegrationLinks {
                itself: format!("/v2/integrations/{}", integration.id),
            },
            meta: IntegrationMeta {
                timestamps: Timestamps::new(integration.created_at, integration.updated_at),
                version: integration.version,
                position: None,
                behind: None,
                failing_since: None,
                disabled_reason: reason.map(|text| text.to_string()),
            },
        }
    }
}

impl IntegrationBody {
    /// The integration as receivers of events see it: of its address the scheme and the host, because the
    /// rest is a secret with many services.
    pub(crate) fn for_others(integration: Integration) -> Self {
        let mut body = Self::from(integration);
        let url = &mut body.configuration.url;
        let host = url.find("://").map_or(0, |end| end + 3);
        if let Some(end) = url[host..].find(['/', '?', '#']) {
            url.truncate(host + end);
        }
        body
    }
}

impl From<IntegrationStatus> for IntegrationBody {
    fn from(status: IntegrationStatus) -> Self {
        let state = status.state;
        let mut body = Self::from(state.integration);
        body.meta.position = Some(state.position);
        body.meta.behind = Some(status.behind);
        body.meta.failing_since = state.failing_since.map(|at| at.to_string());
        body
    }
}

impl From<IntegrationWithSecret> for IntegrationBody {
    fn from(new: IntegrationWithSecret) -> Self {
        let mut body = Self::from(new.integration);
        body.configuration.signing_secret = Some(new.secret.expose().to_owned());
        body
    }
}

/// A part of a list of logs or jobs.
#[derive(Serialize, ToSchema)]
pub(crate) struct LogList<T> {
    data: Vec<T>,
    meta: LogListMeta,
    results: LogResults,
}

#[derive(Serialize, ToSchema)]
struct LogListMeta {
    /// How many items a page has at most.
    limit: u32,
    /// How many items there are before this page.
    offset: u32,
    /// Which page this is, from 1.
    current: u64,
    /// How many pages there are.
    total: u64,
}

#[derive(Serialize, ToSchema)]
struct LogResults {
    /// How many items there are on all pages.
    total: u64,
}

impl<T> LogList<T> {
    pub(crate) fn new(data: Vec<T>, total: u64, limit: u32, offset: u32) -> Self {
        Self {
            data,
            meta: LogListMeta {
                limit,
                offset,
                current: u64::from(offset / limit) + 1,
                total: total.div_ceil(limit.into()),
            },
            results: LogResults { total },
        }
    }
}

/// An attempt to send an event.
#[derive(Serialize, ToSchema)]
#[schema(as = IntegrationLog)]
pub(crate) struct LogBody {
    id: Uuid,
    /// Always `integration-log`.
    r#type: &'static str,
    /// Whether the receiver accepted the event.
    succeeded: bool,
    /// The number of the attempt, from 1.
    attempt: u32,
    /// The beginning of the receiver's answer.
    body: Option<String>,
    /// The status of the receiver's answer.
    status_code: Option<u16>,
    /// Why it failed.
    error_detail: Option<String>,
    relationships: LogRelationships,
    meta: LogMeta,
}

/// The times of a log or a job.
#[derive(Serialize, ToSchema)]
struct LogMeta {
    timestamps: Timestamps,
}

impl LogMeta {
    const fn new(created_at: Timestamp, updated_at: Timestamp) -> Self {
        let timestamps = Timestamps::new(created_at, updated_at);
        Self { timestamps }
    }
}

#[derive(Serialize, ToSchema)]
struct LogRelationships {
    integration: Related,
    job: Related,
}

/// A thing that another one belongs to.
#[derive(Serialize, ToSchema)]
struct Related {
    data: RelatedId,
}

#[derive(Serialize, ToSchema)]
struct RelatedId {
    id: Uuid,
    r#type: &'static str,
}

impl Related {
    const fn new(id: Uuid, r#type: &'static str) -> Self {
        let data = RelatedId { id, r#type };
        Self { data }
    }
}

impl From<DeliveryLog> for LogBody {
    fn from(log: DeliveryLog) -> Self {
        Self {
            id: log.id.uuid(),
            r#type: "integration-log",
            succeeded: log.succeeded,
            attempt: log.attempt,
            body: log.body,
            status_code: log.status_code,
            error_detail: log.error_detail,
            relationships: LogRelationships {
                integration: Related::new(log.integration.uuid(), "integration"),
                job: Related::new(log.event.uuid(), "integration-job"),
            },
            meta: LogMeta::new(log.created_at, log.created_at),
        }
    }
}

/// The sending of one event.
#[derive(Serialize, ToSchema)]
#[schema(as = IntegrationJob)]
pub(crate) struct JobBody {
    /// The id of the event.
    id: Uuid,
    /// Always `integration-job`.
    r#type: &'static str,
    /// Whether the receiver accepted the event.
    succeeded: bool,
    /// How many attempts there were.
    attempts: u32,
    relationships: JobRelationships,
    meta: LogMeta,
}

#[derive(Serialize, ToSchema)]
struct JobRelationships {
    integration: Related,
}

impl JobBody {
    pub(crate) fn new(integration: IntegrationId, job: &DeliveryJob) -> Self {
        Self {
            id: job.event.uuid(),
            r#type: "integration-job",
            succeeded: job.succeeded,
            attempts: job.attempts,
            relationships: JobRelationships {
                integration: Related::new(integration.uuid(), "integration"),
            },
            meta: LogMeta::new(job.created_at, job.updated_at),
        }
    }
}
