//! The import of a supplier's delivery, and the integration.

use std::time::Duration;

use anyhow::{Context, ensure};
use stockroom_application::{Error, ImportRequest, Importer, NewIntegrationRequest};
use stockroom_domain::{
    Configuration, DeliveryTimeout, Description, EventFormat, EventName, Import, ImportId,
    ImportOptions, Observed, ProductText, Timestamp, WebhookUrl,
};
use stockroom_files::{Format, Profile};
use tokio::sync::watch;

use crate::clock::DemoClock;
use crate::shop::Shop;

/// A file with a line that fails: nobody has its product.
const FILE: &str = include_str!("delivery.csv");

/// The time after which the server begins with the import, in milliseconds.
const BEGUN_AFTER: i64 = 1_400;

/// The pause between two looks whether the import has ended, and the largest number of looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);
const LOOKS_MAX: u32 = 5_000;

impl Shop {
    /// Imports the file.
    ///
    /// # Errors
    /// If it is refused or fails.
    pub(crate) async fn import(&self, clock: &DemoClock, at: Timestamp) -> anyhow::Result<()> {
        let request = ImportRequest {
            profile: Profile::Stockroom,
            format: Some(Format::Csv),
            options: ImportOptions {
                abort_after: 3,
                ..ImportOptions::default()
            },
            request_id: Some("delivery-PO-2311".to_owned()),
        };
        let by = &self.people.warehouse;
        let mut upload = self
            .stockroom
            .begin_import(by.administrator(), request)
            .await?;
        upload.push(FILE.as_bytes()).await?;
        let import = upload.finish(by.administrator()).await?;
        clock.stop_at(at.plus_milliseconds(BEGUN_AFTER));
        // The server's own importer does not work yet.
        let (stop, stopping) = watch::channel(false);
        let working = tokio::spawn(Importer::new(&self.stockroom).run(stopping));
        let ended = self.until_ended(import.id).await;
        stop.send_replace(true);
        working.await?;
        let status = ended?.status;
        let is_ended = !status.is_active();
        ensure!(is_ended, "the import is {} and goes on", status.as_str());
        Ok(())
    }

    async fn until_ended(&self, id: ImportId) -> anyhow::Result<Import> {
        let by = &self.people.warehouse;
        let mut looks: u32 = 0;
        loop {
            let import = self.stockroom.import(by.administrator(), id).await?;
            let import = import.context("the import is gone")?;
            looks = looks.saturating_add(1);
            if !import.status.is_active() || looks >= LOOKS_MAX {
                return Ok(import);
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Makes an integration, which is disabled: nobody is called.
    ///
    /// # Errors
    /// If it is refused or fails.
    pub(crate) async fn integrate(&self) -> anyhow::Result<()> {
        let events = [
            EventName::TransactionCreated,
            EventName::ReservationUpdated,
            EventName::ImportUpdated,
        ];
        let description =
            "Keeps the figures of the bookkeeping. Enable it with an address of your own.";
        let request = NewIntegrationRequest {
            name: ProductText::new("name", "ERP")?,
            description: Some(Description::new("description", description)?),
            enabled: false,
            observes: Observed::Only(events.into()),
            configuration: Configuration {
                url: WebhookUrl::new("https://erp.example.com/hooks/stockroom")?,
                format: EventFormat::Standard,
                timeout: DeliveryTimeout::default(),
                filter: None,
            },
            secret_key: None,
        };
        let office = &self.people.office;
        match self.stockroom.create_integration(office, request).await {
            // A server that sends no webhooks has no integrations.
            Ok(_) | Err(Error::UrlNotAllowed(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
