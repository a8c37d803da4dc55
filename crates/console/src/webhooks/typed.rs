//! What people type about a webhook.

use serde::Deserialize;
use stockroom_application::NewIntegrationRequest;
use stockroom_domain::{
    Configuration, DeliveryTimeout, Description, EventFilter, EventFormat, Integration,
    IntegrationId, Observed, Patch, ProductText, SecretKey, UpdateIntegration, WebhookUrl,
};

use super::filter::Fields;
use crate::page::{Problem, must, optional, patch, told};
use crate::session::Visit;

/// The fields of the form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) url: String,
    /// Nothing if it isn't ticked; so for all that are ticked.
    pub(super) enabled: String,
    /// Whether the webhook gets everything.
    pub(super) all: String,
    /// The words of the events that it gets.
    pub(super) observes: Vec<String>,
    pub(super) format: String,
    pub(super) timeout: String,
    pub(super) products: String,
    pub(super) locations: String,
    /// Whether a filter that a program wrote is taken away.
    pub(super) remove_filter: String,
    /// Sent with every event. It isn't shown again, not even if the form is refused.
    pub(super) secret_key: String,
    /// Whether it is taken away.
    pub(super) remove_secret: String,
    /// The version of the webhook that the form showed.
    pub(super) version: String,
}

impl Typed {
    /// The fields as a webhook has them.
    pub(super) fn of(integration: &Integration) -> Self {
        let configuration = &integration.configuration;
        let fields = Fields::of(configuration.filter.as_ref()).unwrap_or_default();
        let (all, observes) = match &integration.observes {
            Observed::All => ("on", Vec::new()),
            only @ Observed::Only(_) => ("", only.names()),
        };
        let description = integration.description.as_ref();
        Self {
            name: integration.name.to_string(),
            description: description.map(ToString::to_string).unwrap_or_default(),
            url: configuration.url.to_string(),
            enabled: if integration.enabled { "on" } else { "" }.to_owned(),
            all: all.to_owned(),
            observes: observes.into_iter().map(ToOwned::to_owned).collect(),
            format: configuration.format.as_str().to_owned(),
            timeout: configuration.timeout.seconds().to_string(),
            products: fields.products,
            locations: fields.locations,
            version: integration.version.to_string(),
            ..Self::default()
        }
    }

    /// The fields of an empty form.
    pub(super) fn new() -> Self {
        Self {
            enabled: "on".to_owned(),
            format: EventFormat::Standard.as_str().to_owned(),
            timeout: DeliveryTimeout::default().seconds().to_string(),
            ..Self::default()
        }
    }

    pub(super) fn is_standard(&self) -> bool {
        self.format == EventFormat::Standard.as_str()
    }

    fn name(&self) -> Result<ProductText, String> {
        let name = told(&self.name).unwrap_or_default();
        ProductText::new("name", name).map_err(|invalid| must("The name", &invalid))
    }

    fn url(&self) -> Result<WebhookUrl, String> {
        WebhookUrl::new(self.url.trim()).map_err(|invalid| must("The address", &invalid))
    }

    fn observed(&self) -> Result<Observed, String> {
        if !self.all.is_empty() {
            return Ok(Observed::All);
        }
        let words = self.observes.iter().map(String::as_str);
        Observed::parse(words).map_err(|_| "Tick at least one event, or everything.".to_owned())
    }

    fn format(&self) -> Result<EventFormat, String> {
        EventFormat::parse(&self.format).map_err(|invalid| must("The form of the body", &invalid))
    }

    fn timeout(&self) -> Result<DeliveryTimeout, String> {
        let seconds = self.timeout.trim().parse().unwrap_or(0_u64);
        let timeout = DeliveryTimeout::try_from(seconds);
        timeout.map_err(|_| "The time to answer must be 1 to 30 whole seconds.".to_owned())
    }

    fn secret_key(&self) -> Result<Option<SecretKey>, String> {
        let new = |_, text| SecretKey::new(text);
        optional(
            "The text that is sent with every event",
            &self.secret_key,
            new,
        )
    }

    fn fields(&self) -> Fields {
        Fields {
            products: self.products.clone(),
            locations: self.locations.clone(),
        }
    }

    /// The request for a new webhook, or a sentence for the person.
    ///
    /// # Errors
    /// [`Problem`] if the database fails.
    pub(super) async fn create(
        &self,
        visit: &Visit,
    ) -> Result<Result<NewIntegrationRequest, String>, Problem> {
        let filter = self.fields().filter(visit).await?;
        Ok(filter.and_then(|filter| self.request(filter)))
    }

    fn request(&self, filter: Option<EventFilter>) -> Result<NewIntegrationRequest, String> {
        Ok(NewIntegrationRequest {
            name: self.name()?,
            description: optional("The description", &self.description, Description::new)?,
            enabled: !self.enabled.is_empty(),
            observes: self.observed()?,
            configuration: Configuration {
                url: self.url()?,
                format: self.format()?,
                timeout: self.timeout()?,
                filter,
            },
            secret_key: self.secret_key()?,
        })
    }

    /// The request to change the webhook, with those fields alone that differ from what it has; `None` if
    /// all are as they were. Or a sentence for the person.
    ///
    /// # Errors
    /// [`Problem`] if the database fails.
    pub(super) async fn update(
        &self,
        visit: &Visit,
        integration: &Integration,
    ) -> Result<Result<Option<UpdateIntegration>, String>, Problem> {
        let before = integration.configuration.filter.as_ref();
        let filter = match Fields::of(before) {
            None if self.remove_filter.is_empty() => Ok(Patch::Keep),
            None => Ok(Patch::Clear),
            Some(_) => self.fields().filter(visit).await?.map(|filter| {
                let conditions = |filter: Option<&EventFilter>| {
                    filter
                        .map(|filter| filter.conditions.clone())
                        .unwrap_or_default()
                };
                if conditions(filter.as_ref()) == conditions(before) {
                    Patch::Keep
                } else {
                    filter.map_or(Patch::Clear, Patch::Set)
                }
            }),
        };
        Ok(filter.and_then(|filter| self.changes(integration, filter)))
    }

    fn changes(
        &self,
        integration: &Integration,
        filter: Patch<EventFilter>,
    ) -> Result<Option<UpdateIntegration>, String> {
        let configuration = &integration.configuration;
        let shown = Self::of(integration);
        let enabled = !self.enabled.is_empty();
        let name = (self.name.trim() != shown.name.trim()).then(|| self.name());
        let url = (self.url.trim() != shown.url).then(|| self.url());
        // A version that isn't a number is none that there is.
        let version = self.version.parse().unwrap_or(0);
        let update = UpdateIntegration {
            name: name.transpose()?,
            description: patch(
                "The description",
                &self.description,
                &shown.description,
                Description::new,
            )?,
            enabled: Some(enabled).filter(|enabled| *enabled != integration.enabled),
            observes: Some(self.observed()?).filter(|it| *it != integration.observes),
            url: url.transpose()?,
            secret_key: if self.remove_secret.is_empty() {
                self.secret_key()?.map_or(Patch::Keep, Patch::Set)
            } else {
                Patch::Clear
            },
            format: Some(self.format()?).filter(|format| *format != configuration.format),
            timeout: Some(self.timeout()?).filter(|timeout| *timeout != configuration.timeout),
            filter,
            ..nothing(integration.id, version)
        };
        Ok((update != nothing(integration.id, version)).then_some(update))
    }
}

/// The request that changes nothing.
const fn nothing(id: IntegrationId, version: u64) -> UpdateIntegration {
    UpdateIntegration {
        id,
        expect_version: Some(version),
        name: None,
        description: Patch::Keep,
        enabled: None,
        observes: None,
        url: None,
        secret_key: Patch::Keep,
        format: None,
        timeout: None,
        filter: Patch::Keep,
    }
}
