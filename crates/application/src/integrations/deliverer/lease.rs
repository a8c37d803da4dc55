//! The deliveries of one integration, from the lease of the integration to its end.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use stockroom_domain::{IntegrationId, OrganizationId, Reason};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};
use uuid::Uuid;

use super::feeds::Feeds;
use super::reading::gap_of;
use super::sending::Sent;
use super::status::{Status, Statuses};
use crate::pipeline::{guarded, timed};
use crate::ports::{
    DeliveryLog, DeliveryProgress, FeedEvent, FeedState, StoreError, StoredIntegration,
};
use crate::stockroom::{Stockroom, Webhooks};
use crate::stop::told_to;
use crate::webhooks::{DisabledReason, Limits, Progress, ProgressError, Schedule};

/// The time for which an integration is leased. (Source: the contract of events.)
const LEASE: Duration = Duration::from_secs(30);

/// The time after which a lease is renewed.
const RENEWED_AFTER: Duration = Duration::from_secs(10);

/// So long before the end of the lease, this server stops: another one may begin then.
const MARGIN: Duration = Duration::from_secs(5);

/// The longest time between two steps, in which attempts become due.
const STEP_INTERVAL: Duration = Duration::from_millis(250);

/// The longest time for which a server that stops waits for receivers.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// The time between two savings of the progress, and two looks at the integration.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);

/// The time between two deletions of old logs.
const TRIM_INTERVAL: Duration = Duration::from_mins(1);

/// The number of new logs after which old ones are deleted at once.
const TRIM_AFTER: usize = 1_000;

/// The deliveries of one integration while this server has its lease.
pub(super) struct Deliveries {
    pub(super) stockroom: Arc<Stockroom>,
    pub(super) webhooks: Webhooks,
    pub(super) organization: OrganizationId,
    id: IntegrationId,
    holder: Uuid,
    statuses: Arc<Statuses>,
    pub(super) stored: Arc<StoredIntegration>,
    pub(super) schedule: Schedule,
    /// The feed as it was last seen.
    pub(super) feed: FeedState,
    follows: watch::Receiver<FeedState>,
    /// The last position of a forgotten part of the feed, which is told before anything newer is read.
    pub(super) gap: Option<u64>,
    /// The last forgotten position of which the receiver knows.
    pub(super) told_up_to: u64,
    /// Events that were read and wait.
    pub(super) events: BTreeMap<u64, Arc<FeedEvent>>,
    pub(super) requests: JoinSet<Sent>,
    pub(super) logs: Vec<DeliveryLog>,
    pub(super) disable: Option<DisabledReason>,
    /// Whether a failure was noted since the progress was saved.
    pub(super) has_failed: bool,
    /// Whether a request ended in a way that leaves its event under way for ever.
    pub(super) is_broken: bool,
    /// The integration was changed: nothing is sent until all requests have ended.
    is_changed: bool,
    replay_from: Option<u64>,
    saved: DeliveryProgress,
    leased_until: Instant,
    times: Times,
    logs_since_trim: usize,
}

/// The times at which things were last done.
struct Times {
    renewed: Instant,
    saved: Instant,
    trimmed: Instant,
}

impl Deliveries {
    /// Leases an integration; `None` if another server has it.
    pub(super) async fn begin(
        stockroom: Arc<Stockroom>,
        webhooks: Webhooks,
        organization: OrganizationId,
        id: IntegrationId,
        holder: Uuid,
        statuses: Arc<Statuses>,
        feeds: &Arc<Feeds>,
    ) -> Result<Option<Self>, StoreError> {
        let now = Instant::now();
        let records = stockroom.pipeline.records();
        let lease = records.take_lease(organization, id, holder, milliseconds(LEASE));
        let Some(stored) = guarded("take_lease", lease).await? else {
            return Ok(None);
        };
        let progress = match progress(&stored) {
            Ok(progress) => progress,
            Err(error) => {
                // A server that can read it may have it.
                let released = records.release_lease(organization, id, holder);
                guarded("release_lease", released).await?;
                return Err(StoreError::Failed(error.into()));
            }
        };
        Ok(Some(Self {
            gap: gap_of(&progress),
            told_up_to: 0,
            schedule: Schedule::new(progress, Limits::default()),
            feed: FeedState::empty(organization),
            follows: feeds.follow(&stockroom, organization),
            stockroom,
            webhooks,
            organization,
            id,
            holder,
            statuses,
            events: BTreeMap::new(),
            requests: JoinSet::new(),
            logs: Vec::new(),
            disable: None,
            has_failed: false,
            is_broken: false,
            is_changed: false,
            replay_from: None,
            saved: stored.progress.clone(),
            stored: Arc::new(stored),
            leased_until: now + LEASE - MARGIN,
            times: Times {
                renewed: now,
                saved: now,
                trimmed: now,
            },
            logs_since_trim: 0,
        }))
    }

    /// Delivers until the lease ends, the integration is disabled or deleted, or `stop` is true.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut ticks = interval(STEP_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_failing = false;
        loop {
            let mut is_look = true;
            tokio::select! {
                () = told_to(&mut stop) => break,
                Some(sent) = self.requests.join_next() => {
                    self.note(sent);
                    is_look = false;
                }
                // No error: the sender is kept while somebody follows.
                _ = self.follows.changed() => {}
                _ = ticks.tick() => {}
            }
            self.feed = *self.follows.borrow_and_update();
            while let Some(sent) = self.requests.try_join_next() {
                self.note(sent);
            }
            match timeout_at(self.leased_until, self.step(is_look)).await {
                Ok(Ok(true)) => is_failing = false,
                Ok(Ok(false)) => break,
                // Dropping the requests ends them before another server begins.
                Err(_) => return,
                Ok(Err(error)) => {
                    if !is_failing {
                        let error = &error as &dyn StdError;
                        tracing::warn!(error, integration = %self.id, "deliveries can't go on");
                    }
                    is_failing = true;
                }
            }
        }
        self.end().await;
    }

    /// Does all that can be done now. Returns false if the deliveries are over.
    async fn step(&mut self, is_look: bool) -> Result<bool, StoreError> {
        if self.is_broken || !self.keep().await? {
            return Ok(false);
        }
        if self.is_changed {
            if !self.requests.is_empty() {
                return Ok(true);
            }
            self.begin_again();
        }
        self.read(is_look).await?;
        self.send().await?;
        Ok(true)
    }

    /// Keeps the lease, saves what there is to save, and takes note of changes of the integration.
    /// Returns false if the deliveries are over.
    async fn keep(&mut self) -> Result<bool, StoreError> {
        let now = Instant::now();
        if now >= self.times.renewed + RENEWED_AFTER {
            let records = self.stockroom.pipeline.records();
            let (organization, id) = (self.organization, self.id);
            let renewed = records.renew_lease(organization, id, self.holder, milliseconds(LEASE));
            if !timed("renew_lease", renewed).await? {
                return Ok(false);
            }
            self.times.renewed = now;
            self.leased_until = now + LEASE - MARGIN;
        }
        let is_due = now >= self.times.saved + SAVE_INTERVAL;
        if (is_due || self.has_failed) && !self.save().await? {
            return Ok(false);
        }
        if self.disable.is_some() && !self.disable().await? {
            return Ok(false);
        }
        if is_due {
            self.times.saved = now;
            self.trim(now).await?;
            return self.look_at_integration().await;
        }
        Ok(true)
    }

    /// Saves logs and progress. Returns false if this server doesn't have the lease any more.
    async fn save(&mut self) -> Result<bool, StoreError> {
        let records = self.stockroom.pipeline.records();
        if !self.logs.is_empty() {
            drop_old_successes(&mut self.logs);
            let added = records.add_logs(self.organization, self.id, &self.logs);
            timed("add_logs", added).await?;
            self.logs_since_trim += self.logs.len();
            self.logs.clear();
        }
        let mut progress = self.schedule.progress();
        progress.version = self.stored.integration.version;
        let details = progress.to_text();
        let progress = DeliveryProgress {
            position: progress.delivered_up_to(),
            details: Some(details.map_err(|error| StoreError::Failed(error.into()))?),
            failing_since: progress.failing_since,
            replay_from: self.replay_from,
        };
        self.has_failed = false;
        let behind = self.feed.head.saturating_sub(progress.position);
        let status = Status {
            behind,
            kept: (self.feed.head + 1).saturating_sub(self.feed.oldest),
            is_failing: progress.failing_since.is_some(),
        };
        self.statuses.set((self.organization, self.id), status);
        if progress == self.saved {
            return Ok(true);
        }
        let saved = records.save_progress(self.organization, self.id, self.holder, &progress);
        if !timed("save_progress", saved).await? {
            return Ok(false);
        }
        self.replay_from = None;
        self.saved = DeliveryProgress {
            replay_from: None,
            ..progress
        };
        Ok(true)
    }

    /// Disables the integration. Returns false if that is done.
    async fn disable(&mut self) -> Result<bool, StoreError> {
        let reason = match self.disable {
            None => return Ok(true),
            Some(DisabledReason::Gone) => "The receiver answered 410 Gone",
            Some(DisabledReason::NoSuccess) => "Nothing could be delivered for 3 days",
        };
        let integration = &self.stored.integration;
        let text = Reason::new("disabled_reason", reason.to_owned());
        let text = text.map_err(|error| StoreError::Failed(error.into()))?;
        let disabled = self
            .stockroom
            .disable_integration(self.organization, integration, text);
        let disabled = disabled.await;
        let disabled = disabled.map_err(|error| StoreError::Failed(error.into()))?;
        if disabled.enabled {
            // It was changed in between, and gets another chance.
            self.is_changed = true;
            self.disable = None;
            return Ok(true);
        }
        tracing::warn!(integration = %self.id, reason, "an integration is disabled");
        Ok(false)
    }

    /// Takes note of changes by clients. Returns false if it is disabled or deleted, or the lease is lost.
    async fn look_at_integration(&mut self) -> Result<bool, StoreError> {
        let records = self.stockroom.pipeline.records();
        let leased = records.leased(self.organization, self.id, self.holder);
        let Some(stored) = timed("leased", leased).await? else {
            return Ok(false);
        };
        if let Some(from) = stored.progress.replay_from
            && self.replay_from.is_none()
        {
            self.schedule.replay(from);
            self.events.clear();
            self.replay_from = Some(from);
        }
        if stored.integration.version != self.stored.integration.version {
            self.is_changed = true;
            self.disable = None;
        }
        self.stored = Arc::new(stored);
        Ok(true)
    }

    /// Goes on after a change of the integration: what failed is tried at once.
    fn begin_again(&mut self) {
        let mut progress = self.schedule.progress();
        progress.enable_again();
        self.gap = gap_of(&progress);
        self.schedule = Schedule::new(progress, Limits::default());
        self.events.clear();
        self.is_changed = false;
    }

    async fn trim(&mut self, now: Instant) -> Result<(), StoreError> {
        let is_time = self.logs_since_trim > 0 && now >= self.times.trimmed + TRIM_INTERVAL;
        if is_time || self.logs_since_trim >= TRIM_AFTER {
            let records = self.stockroom.pipeline.records();
            let trimmed = records.trim_logs(self.organization, self.id, self.stockroom.now());
            timed("trim_logs", trimmed).await?;
            self.times.trimmed = now;
            self.logs_since_trim = 0;
        }
        Ok(())
    }

    /// Waits for the answers, saves everything, and lets another server go on.
    async fn end(mut self) {
        let deadline = self.leased_until.min(Instant::now() + END_TIMEOUT);
        while let Ok(Some(sent)) = timeout_at(deadline, self.requests.join_next()).await {
            self.note(sent);
        }
        let saved = self.save().await;
        let records = self.stockroom.pipeline.records();
        let released = records.release_lease(self.organization, self.id, self.holder);
        if let Err(error) = saved.and(released.await) {
            let error = &error as &dyn StdError;
            tracing::warn!(error, integration = %self.id, "progress could not be saved");
        }
    }
}

/// The progress that an integration was stored with. If it was changed since, that may have mended what
/// failed, which is tried at once.
fn progress(stored: &StoredIntegration) -> Result<Progress, ProgressError> {
    let details = stored.progress.details.as_deref();
    let mut progress = details.map_or_else(
        || Ok(Progress::behind(stored.progress.position)),
        Progress::from_text,
    )?;
    if progress.version != stored.integration.version {
        progress.enable_again();
    }
    Ok(progress)
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// Drops the logs of successes that wouldn't be kept anyway.
fn drop_old_successes(logs: &mut Vec<DeliveryLog>) {
    let successes = logs.iter().filter(|log| log.succeeded).count();
    let mut dropped = successes.saturating_sub(DeliveryLog::SUCCESSES_MAX as usize);
    logs.retain(|log| {
        let is_dropped = log.succeeded && dropped > 0;
        dropped -= usize::from(is_dropped);
        !is_dropped
    });
}
