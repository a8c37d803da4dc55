//! Entries that correct the books: counts, and entries that undo others.

use std::collections::{HashMap, HashSet};

use super::entry::{Entry, EntryAction};
use crate::values::{LocationId, Quantity, Timestamp, TransactionId};

/// A ledger entry that corrects the books, reduced to the fields that later counts and undos need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// The entry's id.
    pub id: TransactionId,
    /// Its action.
    pub action: EntryAction,
    /// Its number of pieces.
    pub quantity: Quantity,
    /// The time that it is a count for, if it is a count.
    pub as_of: Option<Timestamp>,
    /// The entry that it undoes, if it undoes one.
    pub undoes: Option<TransactionId>,
}

impl From<&Entry> for Correction {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id,
            action: entry.action,
            quantity: entry.quantity,
            as_of: entry.as_of,
            undoes: entry.undoes,
        }
    }
}

impl Entry {
    /// Whether the entry corrects the books: a count, or an entry that undoes another.
    #[must_use]
    pub const fn is_correction(&self) -> bool {
        self.as_of.is_some() || self.undoes.is_some()
    }
}

/// The corrections made after a given time in one stock's ledger, by position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corrections(HashMap<Option<LocationId>, Vec<Correction>>);

impl Corrections {
    /// Adds a correction of a position. Corrections are added in the order of the ledger.
    pub fn add(&mut self, location: Option<LocationId>, correction: Correction) {
        self.0.entry(location).or_default().push(correction);
    }

    /// The number of pieces by which these corrections change the books' total of a position at `as_of`.
    /// It includes the differences of all counts, and the entries that undo an entry made up to `as_of`
    /// or one of these corrections. (Source: the HTTP contract.)
    pub(crate) fn change_at(&self, location: Option<LocationId>, as_of: Timestamp) -> i64 {
        let mut counted = HashSet::new();
        let mut change: i64 = 0;
        for correction in self.of(location) {
            let corrects = match correction.undoes {
                None => true,
                Some(undone) => {
                    let is_earlier = undone.created_at().is_some_and(|at| at <= as_of);
                    is_earlier || counted.contains(&undone)
                }
            };
            if corrects {
                counted.insert(correction.id);
                let pieces = correction.action.total_change(correction.quantity);
                change = change.saturating_add(pieces);
            }
        }
        change
    }

    /// The counts of a position that aren't undone, oldest first, each with the time that it is for.
    /// Those times don't run backwards: a count for an earlier time than the one before it is refused.
    pub(crate) fn valid_counts(
        &self,
        location: Option<LocationId>,
    ) -> impl DoubleEndedIterator<Item = (TransactionId, Timestamp)> {
        let corrections = self.of(location);
        let undone: HashSet<_> = corrections.iter().filter_map(|it| it.undoes).collect();
        let counts = corrections.iter().filter_map(|it| Some((it.id, it.as_of?)));
        counts.filter(move |(id, _)| !undone.contains(id))
    }

    /// Whether this entry is a count among these corrections.
    pub(crate) fn has_count(&self, location: Option<LocationId>, id: TransactionId) -> bool {
        let mut corrections = self.of(location).iter();
        corrections.any(|it| it.id == id && it.as_of.is_some())
    }

    fn of(&self, location: Option<LocationId>) -> &[Correction] {
        self.0.get(&location).map_or(&[], Vec::as_slice)
    }
}
