//! The numbering of events after commits, where a database doesn't number them in the commit.
//!
//! Readers of a feed number what they find. This keeps the events of organizations whose feed nobody
//! reads from piling up, and readers from waiting for it.

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stockroom_domain::OrganizationId;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::database_calls::guarded;
use crate::ports::Database;

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

/// The task that numbers events.
#[derive(Clone)]
pub(crate) struct Numbering(Option<Arc<Changed>>);

impl Numbering {
    /// Starts the task, unless commits number their events themselves. It ends with the last clone of
    /// what this returns.
    pub(crate) fn start(database: &Arc<dyn Database>) -> Self {
        if database.numbers_in_commits() {
            return Self(None);
        }
        let changed = Arc::new(Changed::default());
        let task = number(Arc::clone(database), Arc::downgrade(&changed));
        let _detached: JoinHandle<()> = tokio::spawn(task);
        Self(Some(changed))
    }

    /// Notes that a commit of an organization has ended.
    pub(crate) fn note(&self, organization: OrganizationId) {
        if let Some(changed) = &self.0 {
            let organizations = changed.organizations.lock();
            organizations
                .unwrap_or_else(PoisonError::into_inner)
                .insert(organization);
            changed.some.notify_one();
        }
    }
}

async fn number(database: Arc<dyn Database>, changed: std::sync::Weak<Changed>) {
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
            if let Err(error) = numbered {
                // The next commit or reader numbers them.
                let error = &error as &dyn Error;
                tracing::debug!(error, "events could not be numbered yet");
            }
        }
    }
}
