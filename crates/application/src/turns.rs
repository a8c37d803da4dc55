//! Turns: how many things of one kind somebody does at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// How many are remembered before those who have no turn are forgotten.
const REMEMBERED_MAX: usize = 1024;

/// The same number of turns for everybody, who are told apart by a `K`.
#[derive(Debug)]
pub struct Turns<K> {
    at_once: usize,
    of_all: Arc<Semaphore>,
    taken: Mutex<HashMap<K, Weak<Semaphore>>>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
#[must_use = "a turn that is dropped is over"]
pub struct Turn {
    _own: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl<K: Eq + Hash> Turns<K> {
    /// Everybody has this many turns at once.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self::limited(at_once, Semaphore::MAX_PERMITS)
    }

    /// Everybody has this many turns at once, and all together have at most `in_all`.
    #[must_use]
    pub fn limited(at_once: usize, in_all: usize) -> Self {
        Self {
            at_once,
            of_all: Arc::new(Semaphore::new(in_all)),
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
        // First for one's own, so that everybody waits behind himself and not in front of others. The
        // semaphores are never closed.
        let own = self.of(whose).acquire_owned().await.ok();
        Turn {
            _own: own,
            _of_all: Arc::clone(&self.of_all).acquire_owned().await.ok(),
        }
    }

    /// A turn, if there is one without waiting.
    ///
    /// # Errors
    /// [`TryAcquireError`] if all are taken.
    pub fn try_take(&self, whose: K) -> Result<Turn, TryAcquireError> {
        Ok(Turn {
            _own: Some(self.of(whose).try_acquire_owned()?),
            _of_all: Some(Arc::clone(&self.of_all).try_acquire_owned()?),
        })
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
    fn all_together_have_no_more_than_the_limit() {
        let turns = Turns::limited(2, 3);
        let first = turns.try_take("a").unwrap();
        let _second = turns.try_take("a").unwrap();
        let _third = turns.try_take("b").unwrap();
        assert!(turns.try_take("b").is_err());
        drop(first);
        assert!(turns.try_take("b").is_ok());
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
