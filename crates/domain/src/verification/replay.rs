//! Recomputes a stock from its ledger, one entry after the other.

use std::collections::BTreeMap;

use super::difference::Problem;
use super::stored::RawBalance;
use crate::ledger::{Balance, Entry, EntryAction, EntryHash};
use crate::values::{LocationId, Quantity, Timestamp};

/// A value by the last entry about it and, if that entry contradicts the earlier ones, the value by
/// those. The next entries show which of the two is right. So only the wrong entry is reported, not
/// those after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<T> {
    pub(super) stored: T,
    computed: Option<T>,
}

impl<T: Copy + PartialEq> Candidate<T> {
    const fn new(stored: T) -> Self {
        Self {
            stored,
            computed: None,
        }
    }

    fn candidates(self) -> impl Iterator<Item = T> {
        std::iter::once(self.stored).chain(self.computed)
    }
}

impl Candidate<Balance> {
    /// Whether the figures may be these.
    pub(super) fn allows(self, figures: RawBalance) -> bool {
        let mut candidates = self.candidates();
        candidates.any(|balance| RawBalance::from(balance) == figures)
    }

    /// Whether at least this number of pieces may be allocated.
    pub(super) fn has_allocated(self, pieces: i64) -> bool {
        let mut candidates = self.candidates();
        candidates.any(|balance| pieces <= i64::from(balance.allocated))
    }
}

/// The hash of an entry, stored or computed, that the next entry is chained to.
#[derive(Debug, Clone, Copy)]
enum Chained {
    ToStored,
    ToComputed,
}

impl Chained {
    /// Finds the candidate that equals `hash`.
    fn find(candidates: impl Iterator<Item = EntryHash>, hash: EntryHash) -> Option<Self> {
        let ways = [Self::ToStored, Self::ToComputed];
        let mut ways = candidates.zip(ways);
        ways.find(|(candidate, _)| *candidate == hash)
            .map(|(_, way)| way)
    }
}

/// The figures of a position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) balance: Candidate<Balance>,
    /// The value of [`Replay::unknowns`] when the balance was last known. When that counter is higher,
    /// the balance is unknown until an entry states it.
    unknowns: u64,
}

impl Position {
    const NEVER_FILLED: Self = Self {
        balance: Candidate::new(NOTHING),
        unknowns: 0,
    };
}

const NOTHING: Balance = Balance {
    available: Quantity::ZERO,
    allocated: Quantity::ZERO,
};

/// A ledger up to some entry.
#[derive(Debug)]
pub(super) struct Replay {
    /// The number of the last entry.
    pub(super) last: i64,
    /// The hash of the last entry; `None` if it is unknown.
    pub(super) hash: Option<Candidate<EntryHash>>,
    pub(super) unlocated: Position,
    pub(super) located: BTreeMap<LocationId, Position>,
    pub(super) sums: Option<Candidate<Balance>>,
    /// Time of the first entry.
    pub(super) first_at: Option<Timestamp>,
    /// Time of the last entry.
    pub(super) last_at: Option<Timestamp>,
    /// The number of times that the figures of all positions have become unknown.
    unknowns: u64,
    /// Whether the last entry differs from its sealed form. It may then name a wrong position, unless
    /// only its hash is wrong: the next entry shows which.
    is_suspect: bool,
    is_creating: bool,
}

impl Replay {
    /// Starts before the first entry, which comes after `start`.
    pub(super) const fn new(start: EntryHash) -> Self {
        Self {
            last: 0,
            hash: Some(Candidate::new(start)),
            unlocated: Position::NEVER_FILLED,
            located: BTreeMap::new(),
            sums: Some(Candidate::new(NOTHING)),
            first_at: None,
            last_at: None,
            unknowns: 0,
            is_suspect: false,
            is_creating: true,
        }
    }

    /// Notes that entries are missing.
    pub(super) const fn gap(&mut self) {
        self.unreadable(None);
    }

    /// Notes that the next entry can't be read. Its hash is `hash`, if it has one.
    pub(super) const fn unreadable(&mut self, hash: Option<EntryHash>) {
        self.is_suspect = true;
        self.settle(None);
        self.sums = None;
        self.hash = match hash {
            Some(hash) => Some(Candidate::new(hash)),
            None => None,
        };
    }

    /// Notes whether the next entry is chained to the last one's stored hash, to its computed hash, or
    /// to neither.
    const fn settle(&mut self, chained_to: Option<Chained>) {
        if self.is_suspect && !matches!(chained_to, Some(Chained::ToComputed)) {
            self.unknowns = self.unknowns.saturating_add(1);
        }
        self.is_suspect = false;
    }

    /// The position of a location.
    pub(super) fn located(&self, location: LocationId) -> Position {
        let position = self.located.get(&location).copied();
        position.unwrap_or(Position::NEVER_FILLED)
    }

    /// The figures of a position, if they are known.
    pub(super) fn balance(&self, position: Position) -> Option<Candidate<Balance>> {
        (position.unknowns == self.unknowns).then_some(position.balance)
    }

    /// Ends the ledger, for now, with the hash that the stock records as the last one. Returns whether
    /// it is the last one.
    pub(super) fn end(&mut self, last_hash: Option<EntryHash>) -> bool {
        let chained = self.hash.zip(last_hash);
        let chained = chained.and_then(|(told, hash)| Chained::find(told.candidates(), hash));
        self.settle(chained);
        chained.is_some()
    }

    /// Takes the next entry, whose number is the expected one.
    pub(super) fn entry(&mut self, entry: &Entry, report: &mut impl FnMut(Problem)) {
        let is_sealed = self.hash(entry, report);
        self.creation(entry, is_sealed, report);
        self.time(entry, report);
        let position = match entry.location {
            None => self.unlocated,
            Some(location) => self.located(location),
        };
        self.sums(entry, position, report);
        let mut balance = Candidate::new(entry.balance);
        if let Some(before) = self.balance(position) {
            let apply = |balance| entry.action.apply(entry.quantity, balance);
            let mut possible = before.candidates().map(apply);
            if !possible.any(|balance| balance == Some(entry.balance)) {
                balance.computed = apply(before.stored);
                report(Problem::Balance {
                    action: entry.action,
                    quantity: entry.quantity,
                    before: before.stored.into(),
                    stored: entry.balance.into(),
                });
            }
        }
        let unknowns = self.unknowns;
        let position = Position { balance, unknowns };
        match entry.location {
            None => self.unlocated = position,
            Some(location) => {
                self.located.insert(location, position);
            }
        }
    }

    /// Checks the hash of an entry. Returns whether the entry is as it was sealed.
    fn hash(&mut self, entry: &Entry, report: &mut impl FnMut(Problem)) -> bool {
        let mut told = Candidate::new(entry.hash);
        let mut chained = None;
        if let Some(previous) = self.hash {
            let sealed = previous.candidates().map(|hash| entry.seal(hash));
            chained = Chained::find(sealed, entry.hash);
            self.settle(chained);
            if chained.is_none() {
                let computed = entry.seal(previous.stored);
                told.computed = Some(computed);
                self.is_suspect = true;
                report(Problem::Hash {
                    stored: entry.hash,
                    computed,
                });
            }
        }
        self.hash = Some(told);
        chained.is_some()
    }

    fn creation(&mut self, entry: &Entry, is_sealed: bool, report: &mut impl FnMut(Problem)) {
        let creates = entry.action == EntryAction::Create;
        if entry.sequence == 1 && !creates {
            report(Problem::NotCreated);
        }
        if creates && !self.is_creating {
            report(Problem::CreatedAgain);
        }
        // The action may be the field that was changed.
        self.is_creating &= creates || !is_sealed;
    }

    fn time(&mut self, entry: &Entry, report: &mut impl FnMut(Problem)) {
        let created_at = entry.created_at;
        let by_id = entry.id.created_at();
        let is_certain = by_id == Some(created_at);
        if !is_certain {
            report(Problem::IdTime { created_at });
        }
        // If the two times differ, the later one may be right; later entries are compared with the
        // earlier one.
        let by_id = by_id.unwrap_or(created_at);
        let (earlier, later) = (by_id.min(created_at), by_id.max(created_at));
        if let Some(previous) = self.last_at.filter(|previous| later < *previous) {
            report(Problem::Backwards {
                created_at,
                previous,
            });
        }
        let last_at = self.last_at.unwrap_or(earlier);
        self.last_at = Some(last_at.max(earlier));
        if entry.sequence == 1 && is_certain {
            self.first_at = Some(created_at);
        }
    }

    /// The figures of the whole stock must change as the position does: by the entry's action or, if
    /// that is wrong, by the difference of its balances.
    fn sums(&mut self, entry: &Entry, position: Position, report: &mut impl FnMut(Problem)) {
        let action = match entry.action {
            // Other positions may already have stock.
            EntryAction::Create => EntryAction::Increment,
            action => action,
        };
        let apply = |sums| action.apply(entry.quantity, sums);
        let mut after = Candidate::new(entry.sums);
        if let Some(before) = self.sums {
            let mut possible = before.candidates().map(apply);
            if !possible.any(|sums| sums == Some(entry.sums)) {
                after.computed = apply(before.stored);
                let parts = position.balance.candidates();
                let mut possible = parts.flat_map(|part| {
                    let sums = before.candidates();
                    sums.map(move |sums| moved(sums, part, entry.balance))
                });
                if !possible.any(|sums| sums == Some(entry.sums)) {
                    report(Problem::Sums {
                        before: before.stored.into(),
                        stored: entry.sums.into(),
                    });
                }
            }
        }
        self.sums = Some(after);
    }
}

/// The sums after one of their parts has changed.
fn moved(sums: Balance, from: Balance, to: Balance) -> Option<Balance> {
    let moved = |sum: Quantity, from, to| sum.checked_sub(from)?.checked_add(to);
    Some(Balance {
        available: moved(sums.available, from.available, to.available)?,
        allocated: moved(sums.allocated, from.allocated, to.allocated)?,
    })
}
