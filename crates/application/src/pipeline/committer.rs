//! Commits to the database, after which their events are numbered where the database doesn't do so in
//! the commit.
//!
//! Readers of a feed number what they find. This keeps the events of organizations whose feed nobody
//! reads from piling up, and readers from waiting for it. Those who follow a feed are told afterwards.

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use stockroom_domain::{Command, OrganizationId, Outcome};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::database_calls::guarded;
use super::feed_signals::FeedSignals;
use crate::ports::{Database, StoreError};

/// The time in which the events of several commits are numbered together.
const INTERVAL: Duration = Duration::from_millis(20);

/// Organizations whose commits made events that aren't numbered yet.
#[derive(Default)]
struct Changed {
    organizations: Mutex<HashSet<OrganizationId>>,
    some: Notify,
}

impl Changed {
    fn take(&self) -> HashSet<OrganizationId> {
        let changed = self.organizations.lock();
        std::mem::take(&mut changed.unwrap_or_else(PoisonError::into_inner))
    }
}

/// The way to commit: every commit of the pipeline goes through it.
#[derive(Clone)]
pub(super) struct Committer {
    pub(super) database: Arc<dyn Database>,
    /// `None` if commits number their events themselves.
    changed: Option<Arc<Changed>>,
    /// Raised once the events of a commit are numbered.
    pub(super) signals: Arc<FeedSignals>,
}

impl Committer {
    /// The way to commit to this database. Starts the task that numbers events, if it is needed; it ends
    /// with the last clone of what this returns.
    pub(super) fn new(database: &Arc<dyn Database>) -> Self {
        let signals = Arc::new(FeedSignals::default());
        let changed = (!database.numbers_in_commits()).then(|| {
            let changed = Arc::new(Changed::default());
            let task = number(
                Arc::clone(database),
                Arc::downgrade(&changed),
                Arc::clone(&signals),
            );
            let _detached: JoinHandle<()> = tokio::spawn(task);
            changed
        });
        Self {
            database: Arc::clone(database),
            changed,
            signals,
        }
    }

    /// Commits the commands, and returns an outcome for each; `operation` names the call in metrics.
    pub(super) async fn commit(
        &self,
        operation: &'static str,
        organization: OrganizationId,
        commands: &[Command],
    ) -> Result<Vec<Outcome>, StoreError> {
        let outcomes = self.database.commit(organization, commands);
        let outcomes = guarded(operation, outcomes).await;
        // A commit that failed may have been stored nevertheless.
        match &self.changed {
            Some(changed) => {
                let organizations = changed.organizations.lock();
                organizations
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(organization);
                changed.some.notify_one();
            }
            None => self.signals.raise(organization),
        }
        outcomes
    }
}

async fn number(database: Arc<dyn Database>, changed: Weak<Changed>, signals: Arc<FeedSignals>) {
    loop {
        let Some(strong) = changed.upgrade() else {
            return;
        };
        let noted = tokio::time::timeout(Duration::from_secs(1), strong.some.notified()).await;
        if noted.is_err() {
            continue;
        }
        tokio::time::sleep(INTERVAL).await;
        for organization in strong.take() {
            let numbered = guarded("number_events", database.number_events(organization)).await;
            match numbered {
                Ok(_) => signals.raise(organization),
                Err(error) => {
                    // The next commit or reader numbers them.
                    metrics::counter!("stockroom_event_numbering_failures_total").increment(1);
                    let error = &error as &dyn Error;
                    tracing::debug!(error, "events could not be numbered yet");
                }
            }
        }
    }
}
