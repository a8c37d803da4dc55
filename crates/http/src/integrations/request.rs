//! Bodies of requests about integrations. What makes no sense is 422, as the dialect has it.

use serde::Deserialize;
use stockroom_application::{NewIntegrationRequest, ReplayStart};
use stockroom_domain::{
    Configuration, DeliveryTimeout, Description, EventFormat, IntegrationId, Invalid, Observed,
    Patch, ProductText, RotateSecret, SecretKey, Timestamp, UpdateIntegration, WebhookUrl,
};
use utoipa::openapi::schema::{
    KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema as _, ToSchema};

use super::filter;
use crate::answer::ApiError;
use crate::request::{Scalar, StrictObject, in_either_form, non_null, patch};

/// An integration to be created.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
pub(super) struct NewIntegration {
    #[schema(min_length = 1, max_length = 1024, required, nullable = false)]
    name: Option<String>,
    #[schema(min_length = 3, max_length = 1024)]
    description: Option<String>,
    /// Whether events are sent; they are if it is left out.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// `webhook`, which is meant if it is left out.
    #[schema(pattern = "^webhook$")]
    integration_type: Option<String>,
    /// The names of events, or `*` for all.
    #[schema(min_items = 1, required, nullable = false)]
    observes: Option<Vec<String>>,
    #[schema(value_type = ConfigurationFields, required)]
    configuration: Option<StrictObject<ConfigurationFields>>,
}

/// Fields of an integration to be changed; null clears one that is optional.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
pub(super) struct IntegrationUpdate {
    /// The version that it has to have.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    expect_version: Option<u64>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(min_length = 1, max_length = 1024, nullable = false)]
    name: Option<String>,
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, min_length = 3, max_length = 1024)]
    description: Patch<String>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    #[schema(pattern = "^webhook$")]
    integration_type: Option<String>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(min_items = 1, nullable = false)]
    observes: Option<Vec<String>>,
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<ConfigurationFields>, nullable = false)]
    configuration: Option<StrictObject<ConfigurationFields>>,
}

/// Where and how events are sent.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = IntegrationConfiguration)]
pub(super) struct ConfigurationFields {
    #[serde(default, deserialize_with = "non_null")]
    #[schema(max_length = 2048, nullable = false)]
    url: Option<String>,
    /// Sent with every event, in the header `X-MOLTIN-SECRET-KEY`. Never shown again.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1024)]
    secret_key: Patch<String>,
    /// The form of the body: `elasticpath`, or `standard` for Standard Webhooks.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(pattern = "^(elasticpath|standard)$", nullable = false)]
    format: Option<String>,
    /// The time within which the receiver has to answer; 10 if left out.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 30, nullable = false)]
    timeout_seconds: Option<Scalar>,
    /// A filter on `product_id` and `location`, with `eq` and `in`.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<String>)]
    filter: Patch<String>,
}

/// The rotation of a secret.
#[derive(Default, Deserialize, ToSchema)]
#[serde(expecting = "an object")]
pub(super) struct Rotation {
    /// The number of hours for which the secret before it signs as well; 24 if left out.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(value_type = Option<u8>, minimum = 0, maximum = 168, nullable = false)]
    overlap_hours: Option<Scalar>,
}

/// The events that are to be sent again.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
pub(super) struct Replay {
    /// The position of the first one, or a time: the first one that happened then or later.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(schema_with = position_or_time, required)]
    from: Option<Scalar>,
}

fn position_or_time() -> Schema {
    OneOfBuilder::new()
        .item(
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(1)),
        )
        .item(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
        )
        .into()
}

impl Replay {
    pub(super) fn start(&self) -> Result<ReplayStart, ApiError> {
        let from = required("from", self.from.as_ref())?;
        let position = from.as_u64().filter(|position| *position > 0);
        let time = from.as_str().and_then(Timestamp::from_rfc3339);
        let start = position.map(ReplayStart::Position);
        start.or(time.map(ReplayStart::Time)).ok_or_else(|| {
            ApiError::unprocessable(
                "from must be the position of an event, or a timestamp such as 2026-01-31T09:30:00Z",
            )
        })
    }
}

/// The body that contains it.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "read through the body extractor; here for its schema"
)]
pub(super) struct RotationDocument {
    #[schema(schema_with = rotation_in_either_form)]
    data: Rotation,
}

/// A function of its own, because a body that may be missing can't be of a generic type.
fn rotation_in_either_form() -> Schema {
    in_either_form(Rotation::schema())
}

/// The overlap if none is named.
const OVERLAP_HOURS: u8 = 24;

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn nonsense(invalid: Invalid) -> ApiError {
    ApiError::unprocessable(invalid.to_string())
}

fn required<T>(field: &str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::unprocessable(format!("{field} must be given")))
}

fn check_kind(kind: Option<&str>) -> Result<(), ApiError> {
    match kind {
        None | Some("webhook") => Ok(()),
        Some(_) => Err(ApiError::unprocessable(
            "integration_type must be webhook: others are not supported here",
        )),
    }
}

fn name(text: String) -> Result<ProductText, ApiError> {
    ProductText::new("name", text).map_err(nonsense)
}

fn description(text: String) -> Result<Description, ApiError> {
    Description::new("description", text).map_err(nonsense)
}

fn observed(names: &[String]) -> Result<Observed, ApiError> {
    Observed::parse(names.iter().map(String::as_str)).map_err(nonsense)
}

fn url(text: String) -> Result<WebhookUrl, ApiError> {
    WebhookUrl::new(text).map_err(nonsense)
}

fn timeout(seconds: &Scalar) -> Result<DeliveryTimeout, ApiError> {
    // No number of seconds is 0.
    DeliveryTimeout::try_from(seconds.as_u64().unwrap_or(0)).map_err(nonsense)
}

impl ConfigurationFields {
    fn format(&self) -> Result<Option<EventFormat>, ApiError> {
        let format = self.format.as_deref().map(EventFormat::parse);
        format.transpose().map_err(nonsense)
    }

    fn timeout(&self) -> Result<Option<DeliveryTimeout>, ApiError> {
        self.timeout_seconds.as_ref().map(timeout).transpose()
    }
}

impl NewIntegration {
    pub(super) fn request(self) -> Result<NewIntegrationRequest, ApiError> {
        check_kind(self.integration_type.as_deref())?;
        let name = name(required("name", self.name)?)?;
        let description = self.description.map(description).transpose()?;
        let observes = observed(&required("observes", self.observes)?)?;
        let StrictObject(configuration) = required("configuration", self.configuration)?;
        let (format, timeout) = (configuration.format()?, configuration.timeout()?);
        let secret_key = configuration.secret_key.try_map(SecretKey::new);
        Ok(NewIntegrationRequest {
            name,
            description,
            enabled: self.enabled.unwrap_or(true),
            observes,
            configuration: Configuration {
                url: url(required("url", configuration.url)?)?,
                format: format.unwrap_or_default(),
                timeout: timeout.unwrap_or_default(),
                filter: configuration.filter.try_map(filter::events)?.apply(None),
            },
            secret_key: secret_key.map_err(nonsense)?.apply(None),
        })
    }
}

impl IntegrationUpdate {
    /// Returns the command, which still lacks the integration's id.
    pub(super) fn command(
        self,
    ) -> Result<impl FnOnce(IntegrationId) -> UpdateIntegration, ApiError> {
        check_kind(self.integration_type.as_deref())?;
        let name = self.name.map(name).transpose()?;
        let description = self.description.try_map(description)?;
        let observes = self.observes.as_deref().map(observed).transpose()?;
        let configuration = self.configuration.map(|StrictObject(fields)| fields);
        let configuration = configuration.unwrap_or(ConfigurationFields {
            url: None,
            secret_key: Patch::Keep,
            format: None,
            timeout_seconds: None,
            filter: Patch::Keep,
        });
        let (format, timeout) = (configuration.format()?, configuration.timeout()?);
        let url = configuration.url.map(url).transpose()?;
        let secret_key = configuration.secret_key.try_map(SecretKey::new);
        let secret_key = secret_key.map_err(nonsense)?;
        let filter = configuration.filter.try_map(filter::events)?;
        Ok(move |id| UpdateIntegration {
            id,
            expect_version: self.expect_version,
            name,
            description,
            enabled: self.enabled,
            observes,
            url,
            secret_key,
            format,
            timeout,
            filter,
        })
    }
}

impl Rotation {
    pub(super) fn overlap_hours(&self) -> Result<u8, ApiError> {
        let Some(hours) = &self.overlap_hours else {
            return Ok(OVERLAP_HOURS);
        };
        let hours = hours.as_u64().and_then(|hours| u8::try_from(hours).ok());
        let hours = hours.filter(|hours| *hours <= RotateSecret::OVERLAP_HOURS_MAX);
        hours.ok_or_else(|| {
            ApiError::unprocessable("overlap_hours must be an integer from 0 to 168")
        })
    }
}
