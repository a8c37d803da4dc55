//! Turns: how many things of one kind somebody does at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// How many are remembered before those who have no turn are forgotten.
const REMEMBERED_MAX: usize = 1024;

/// The same number of turns for everybody, who are told apart by a `K`.
#[derive(Debug)]
pub struct Turns<K> {
    at_once: usize,
    taken: Mutex<HashMap<K, Weak<Semaphore>>>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
#[must_use = "a turn that is dropped is over"]
pub struct Turn(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

impl<K: Eq + Hash> Turns<K> {
    /// Everybody has this many turns at once.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self {
            at_once,
            taken: Mutex::default(),
        }
    }

    /// How many turns everybody has at once.
    #[must_use]
    pub const fn at_once(&self) -> usize {
        self.at_once
    }

    /// Waits for a turn.
    pub async fn wait(&self, whose: K) -> Turn {
        let turns = self.of(whose);
        loop {
            // Never closed.
            if let Ok::<_, AcquireError>(permit) = Arc::clone(&turns).acquire_owned().await {
                return Turn(permit);
            }
        }
    }

    /// A turn, if there is one without waiting.
    ///
    /// # Errors
    /// [`TryAcquireError`] if all are taken.
    pub fn try_take(&self, whose: K) -> Result<Turn, TryAcquireError> {
        self.of(whose).try_acquire_owned().map(Turn)
    }

    fn of(&self, whose: K) -> Arc<Semaphore> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= REMEMBERED_MAX {
            taken.retain(|_, turns| turns.strong_count() > 0);
        }
        let turns = taken.entry(whose).or_default();
        turns.upgrade().unwrap_or_else(|| {
            let new = Arc::new(Semaphore::new(self.at_once));
            *turns = Arc::downgrade(&new);
            new
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_turns_of_his_own() {
        let turns = Turns::new(2);
        let first = turns.try_take("a").unwrap();
        let _second = turns.try_take("a").unwrap();
        assert!(turns.try_take("a").is_err());
        let _other = turns.try_take("b").unwrap();
        drop(first);
        assert!(turns.try_take("a").is_ok());
    }

    #[test]
    fn those_who_have_no_turn_are_forgotten() {
        let turns = Turns::new(1);
        let kept = turns.try_take(0).unwrap();
        for whose in 1..3 * REMEMBERED_MAX {
            drop(turns.try_take(whose).unwrap());
        }
        assert!(turns.taken.lock().unwrap().len() <= REMEMBERED_MAX);
        assert!(turns.try_take(0).is_err());
        drop(kept);
    }
}
