//! Turns: limits on the number of things of one kind done at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::attendance::Waiting;

/// The number of remembered holders above which those without a turn are forgotten.
const REMEMBERED_MAX: usize = 1024;

/// The same number of turns for each holder, identified by a `K`.
#[derive(Debug)]
pub struct Turns<K> {
    at_once: usize,
    in_all: usize,
    of_all: Arc<Semaphore>,
    taken: Mutex<HashMap<K, Weak<Semaphore>>>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
#[must_use = "a turn that is dropped is over"]
pub struct Turn {
    own: OwnedSemaphorePermit,
    of_all: OwnedSemaphorePermit,
}

/// The limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exhausted {
    /// The turns of this holder are all taken.
    Own,
    /// The turns of all holders together are all taken.
    All,
}

impl Turn {
    /// Adds turns of the same holder to these.
    pub fn merge(&mut self, other: Self) {
        self.own.merge(other.own);
        self.of_all.merge(other.of_all);
    }
}

impl<K: Eq + Hash> Turns<K> {
    /// Turns of which each holder has this number at once.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self::limited(at_once, Semaphore::MAX_PERMITS)
    }

    /// Turns of which each holder has this number at once, and all together at most `in_all`.
    #[must_use]
    pub fn limited(at_once: usize, in_all: usize) -> Self {
        Self {
            at_once,
            in_all,
            of_all: Arc::new(Semaphore::new(in_all)),
            taken: Mutex::default(),
        }
    }

    /// The number of turns that each holder has at once.
    #[must_use]
    pub const fn at_once(&self) -> usize {
        self.at_once
    }

    /// The number of turns that all holders together have now.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.in_all.saturating_sub(self.of_all.available_permits())
    }

    /// Waits for a turn. A request whose caller disconnects meanwhile is
    /// [dropped](crate::while_attended).
    #[expect(clippy::missing_panics_doc, reason = "the semaphores are never closed")]
    pub async fn wait(&self, whose: K) -> Turn {
        let _waiting = Waiting::begin();
        // First the holder's own turn, so that a holder waits for its own turns without blocking those
        // of others.
        let own = self.of(whose).acquire_owned().await;
        let own = own.expect("the semaphores are never closed");
        let of_all = Arc::clone(&self.of_all).acquire_owned().await;
        Turn {
            own,
            of_all: of_all.expect("the semaphores are never closed"),
        }
    }

    /// A turn, if one is free.
    ///
    /// # Errors
    /// [`Exhausted`] if all are taken.
    pub fn try_take(&self, whose: K) -> Result<Turn, Exhausted> {
        self.try_take_many(whose, 1)
    }

    /// Several turns in one, if this number is free.
    ///
    /// # Errors
    /// [`Exhausted`] if fewer are free.
    pub fn try_take_many(&self, whose: K, count: usize) -> Result<Turn, Exhausted> {
        let count = u32::try_from(count).map_err(|_| Exhausted::Own)?;
        let own = self.of(whose).try_acquire_many_owned(count);
        let of_all = Arc::clone(&self.of_all).try_acquire_many_owned(count);
        Ok(Turn {
            own: own.map_err(|_| Exhausted::Own)?,
            of_all: of_all.map_err(|_| Exhausted::All)?,
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
        assert_eq!(turns.in_use(), 3);
        assert_eq!(turns.try_take("a").unwrap_err(), Exhausted::Own);
        assert_eq!(turns.try_take("b").unwrap_err(), Exhausted::All);
        drop(first);
        assert_eq!(turns.try_take_many("c", 2).unwrap_err(), Exhausted::All);
        let _fourth = turns.try_take_many("b", 1).unwrap();
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
