//! Works on the imports of all organizations, beside other servers that do the same.

use std::collections::{HashMap, HashSet};
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use stockroom_domain::{ImportId, OrganizationId};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

use super::job::{Job, LEASE};
use crate::error::Error;
use crate::pipeline::guarded;
use crate::ports::StoreError;
use crate::stockroom::Stockroom;
use crate::stop::told_to;

/// The time between two looks for jobs that nobody works on.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The time after which a server tries again to work on a job.
const TRY_INTERVAL: Duration = Duration::from_secs(5);

/// The largest number of jobs that one server works on at once.
const JOBS_MAX: usize = 4;

/// Works on imports: for each organization on one at a time, the oldest first.
pub struct Importer {
    stockroom: Arc<Stockroom>,
    /// Names this process to other servers.
    holder: Uuid,
    running: JoinSet<()>,
    organizations: HashMap<Id, OrganizationId>,
    tried: HashMap<ImportId, Instant>,
    is_failing: bool,
}

impl Importer {
    /// An importer.
    #[must_use]
    pub fn new(stockroom: &Arc<Stockroom>) -> Self {
        Self {
            holder: stockroom.environment.next_id(),
            stockroom: Arc::clone(stockroom),
            running: JoinSet::new(),
            organizations: HashMap::new(),
            tried: HashMap::new(),
            is_failing: false,
        }
    }

    /// Works until `stop` is true or its sender is gone. Then it ends what is under way after the chunk, and
    /// lets other servers go on.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stockroom = Arc::clone(&self.stockroom);
        loop {
            tokio::select! {
                () = told_to(&mut stop) => break,
                Some(ended) = self.running.join_next_with_id() => {
                    self.note_end(&ended);
                    self.look(&stop).await;
                }
                () = stockroom.imports_wake.notified() => self.look(&stop).await,
                _ = ticks.tick() => self.look(&stop).await,
            }
        }
        while let Some(ended) = self.running.join_next_with_id().await {
            self.note_end(&ended);
        }
    }

    fn note_end(&mut self, ended: &Result<(Id, ()), tokio::task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => {
                let cause = error as &dyn StdError;
                tracing::error!(error = cause, "the work on an import broke off");
                error.id()
            }
        };
        self.organizations.remove(&id);
    }

    async fn look(&mut self, stop: &watch::Receiver<bool>) {
        let looked = self.begin_all(stop).await;
        if let Err(error) = &looked
            && !self.is_failing
        {
            let error = error as &dyn StdError;
            tracing::warn!(error, "imports can't be looked for");
        }
        self.is_failing = looked.is_err();
    }

    /// Begins with the oldest job of each organization for which this server works on none.
    async fn begin_all(&mut self, stop: &watch::Receiver<bool>) -> Result<(), StoreError> {
        let records = self.stockroom.pipeline.records();
        let active = guarded("active_imports", records.active_imports()).await?;
        let ids: HashSet<ImportId> = active.iter().map(|(_, id)| *id).collect();
        self.tried.retain(|id, _| ids.contains(id));
        let mut seen: HashSet<OrganizationId> = self.organizations.values().copied().collect();
        let now = Instant::now();
        for (organization, id) in active {
            if !seen.insert(organization) {
                continue;
            }
            let tried = self.tried.get(&id);
            let is_too_early = tried.is_some_and(|tried| now < *tried + TRY_INTERVAL);
            if is_too_early || self.running.len() >= JOBS_MAX {
                continue;
            }
            self.tried.insert(id, now);
            let work = work(
                Arc::clone(&self.stockroom),
                organization,
                id,
                self.holder,
                stop.clone(),
            );
            let task = self.running.spawn(work);
            self.organizations.insert(task.id(), organization);
        }
        Ok(())
    }
}

/// Works on a job, unless another server does.
async fn work(
    stockroom: Arc<Stockroom>,
    organization: OrganizationId,
    id: ImportId,
    holder: Uuid,
    stop: watch::Receiver<bool>,
) {
    if let Err(error) = lease_and_run(&stockroom, organization, id, holder, &stop).await {
        let is_away = matches!(
            error,
            Error::Busy { .. } | Error::Store(StoreError::Unavailable(_))
        );
        let error = &error as &dyn StdError;
        let organization = tracing::field::display(organization);
        let import = tracing::field::display(id);
        if is_away {
            tracing::warn!(
                organization,
                import,
                error,
                "an import waits for the database"
            );
        } else {
            tracing::error!(organization, import, error, "an import can't be continued");
        }
    }
    let records = stockroom.pipeline.records();
    let released = guarded(
        "release_import",
        records.release_import(organization, id, holder),
    );
    if let Err(error) = released.await {
        let error = &error as &dyn StdError;
        tracing::debug!(error, "the lease of an import ends later");
    }
}

async fn lease_and_run(
    stockroom: &Stockroom,
    organization: OrganizationId,
    id: ImportId,
    holder: Uuid,
    stop: &watch::Receiver<bool>,
) -> Result<(), Error> {
    let records = stockroom.pipeline.records();
    let milliseconds = u32::try_from(LEASE.as_millis()).unwrap_or(u32::MAX);
    let leased = records.lease_import(organization, id, holder, milliseconds);
    let Some(import) = guarded("lease_import", leased).await? else {
        return Ok(());
    };
    let job = Job::new(stockroom, organization, holder, import).await?;
    job.run(stop).await
}
