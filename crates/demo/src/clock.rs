//! The clock of a demonstration.

use std::sync::{Arc, PoisonError, RwLock};

use rand::{SeedableRng, rngs::StdRng};
use stockroom_application::{Clock, Environment, SystemClock};
use stockroom_domain::Timestamp;

/// The clock of a demonstration: it stands still at a time in the past while history is made, and is
/// otherwise the machine's.
#[derive(Debug, Clone, Default)]
pub struct DemoClock {
    stopped_at: Arc<RwLock<Option<Timestamp>>>,
}

impl DemoClock {
    /// An environment with this clock, and with randomness from the operating system.
    #[must_use]
    pub fn environment(&self) -> Environment {
        Environment::new(self.clone(), StdRng::from_rng(&mut rand::rng()))
    }

    /// Stops the clock at this time.
    pub(crate) fn stop_at(&self, at: Timestamp) {
        self.set(Some(at));
    }

    /// Has the clock show the machine's time.
    pub(crate) fn follow_machine(&self) {
        self.set(None);
    }

    fn set(&self, stopped_at: Option<Timestamp>) {
        *self
            .stopped_at
            .write()
            .unwrap_or_else(PoisonError::into_inner) = stopped_at;
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        let stopped_at = *self
            .stopped_at
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        stopped_at.unwrap_or_else(|| SystemClock.now())
    }
}
