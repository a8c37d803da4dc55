//! Delivers the events of all integrations, beside other servers that do the same.
//!
//! An integration is leased by one server at a time, which reads the feed for it and sends what it
//! observes. [`Schedule`](crate::webhooks::Schedule) decides what is sent when.

mod feeds;
mod lease;
mod reading;
mod sending;
mod status;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use stockroom_domain::{IntegrationId, OrganizationId};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

use self::feeds::Feeds;
use self::lease::Deliveries;
use self::status::Statuses;
use crate::pipeline::{guarded, timed};
use crate::ports::StoreError;
use crate::stockroom::{Stockroom, Webhooks};
use crate::stop::told_to;

/// The time between two looks for integrations that nobody delivers for.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The time after which a server tries again to lease an integration that another one has leased.
const TRY_INTERVAL: Duration = Duration::from_secs(5);

/// The number of integrations that are leased in one look: servers that start together divide them.
const BEGUN_MAX: u32 = 16;

type Key = (OrganizationId, IntegrationId);

/// Delivers the events of integrations.
pub struct Deliverer {
    stockroom: Arc<Stockroom>,
    webhooks: Webhooks,
    /// Names this process to other servers.
    holder: Uuid,
    statuses: Arc<Statuses>,
    feeds: Arc<Feeds>,
    running: JoinSet<()>,
    keys: HashMap<Id, Key>,
    tried: HashMap<Key, Instant>,
    is_failing: bool,
}

impl Deliverer {
    /// A deliverer; `None` if this Stockroom has no way to send webhooks.
    #[must_use]
    pub fn new(stockroom: &Arc<Stockroom>) -> Option<Self> {
        Some(Self {
            webhooks: stockroom.webhooks.clone()?,
            holder: stockroom.environment.next_id(),
            stockroom: Arc::clone(stockroom),
            statuses: Arc::default(),
            feeds: Arc::default(),
            running: JoinSet::new(),
            keys: HashMap::new(),
            tried: HashMap::new(),
            is_failing: false,
        })
    }

    /// Delivers until `stop` is true or its sender is gone. Then it sends nothing new, waits for the
    /// receivers' answers, and lets other servers go on.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = told_to(&mut stop) => break,
                Some(ended) = self.running.join_next_with_id() => self.note_end(ended),
                _ = ticks.tick() => self.look(&stop).await,
            }
        }
        while let Some(ended) = self.running.join_next_with_id().await {
            self.note_end(ended);
        }
    }

    fn note_end(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                let cause = &error as &dyn std::error::Error;
                tracing::error!(error = cause, "the deliveries of an integration broke off");
                error.id()
            }
        };
        if let Some(key) = self.keys.remove(&id) {
            self.statuses.remove(key);
        }
    }

    /// Begins with the integrations that nobody delivers for.
    async fn look(&mut self, stop: &watch::Receiver<bool>) {
        let looked = self.begin_all(stop).await;
        if let Err(error) = &looked
            && !self.is_failing
        {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "integrations can't be looked for");
        }
        self.is_failing = looked.is_err();
        self.statuses.publish();
    }

    async fn begin_all(&mut self, stop: &watch::Receiver<bool>) -> Result<(), StoreError> {
        let records = self.stockroom.pipeline.records();
        let active = guarded("active_integrations", records.active_integrations()).await?;
        let active: HashSet<Key> = active.into_iter().collect();
        let now = Instant::now();
        self.tried.retain(|key, _| active.contains(key));
        let running: HashSet<Key> = self.keys.values().copied().collect();
        let mut failure = None;
        let mut begun = 0;
        for key in active.difference(&running).copied() {
            let tried = self.tried.get(&key);
            if tried.is_some_and(|tried| now < *tried + TRY_INTERVAL) {
                continue;
            }
            self.tried.insert(key, now);
            match self.lease(key).await {
                Ok(None) => {}
                Ok(Some(deliveries)) => {
                    let task = self.running.spawn(deliveries.run(stop.clone()));
                    self.keys.insert(task.id(), key);
                    begun += 1;
                }
                Err(error) => failure = Some(error),
            }
            if begun == BEGUN_MAX {
                break;
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn lease(&self, key: Key) -> Result<Option<Deliveries>, StoreError> {
        let lease = Deliveries::begin(
            Arc::clone(&self.stockroom),
            self.webhooks.clone(),
            key.0,
            key.1,
            self.holder,
            Arc::clone(&self.statuses),
            &self.feeds,
        );
        lease.await
    }
}

impl Stockroom {
    /// Ends the leases of integrations that a process before this one has left, where no other server can
    /// have any. To be called before deliveries begin.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn end_abandoned_leases(&self) -> Result<(), StoreError> {
        let records = self.pipeline.records();
        timed("end_abandoned_leases", records.end_abandoned_leases()).await
    }

    /// Deletes logs of deliveries that are older than they are kept. To be called regularly.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn forget_delivery_logs(&self) -> Result<(), StoreError> {
        let records = self.pipeline.records();
        for organization in self.organizations().await? {
            for id in records.integrations(organization.id).await? {
                let trimmed = records.trim_logs(organization.id, id, self.now());
                timed("trim_logs", trimmed).await?;
            }
        }
        Ok(())
    }

    /// Updates the metric of integrations that the server has disabled. To be called regularly.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn watch_integrations(&self) -> Result<(), StoreError> {
        let mut disabled = 0;
        for organization in self.organizations().await? {
            let records = self.pipeline.records();
            disabled += records.disabled_integrations(organization.id).await?;
        }
        #[expect(clippy::cast_precision_loss, reason = "there aren't that many")]
        metrics::gauge!("stockroom_integrations_disabled").set(disabled as f64);
        Ok(())
    }
}
