//! What stock is by its ledger, computed from one entry after the other.

use std::collections::BTreeMap;

use super::difference::Problem;
use super::stored::RawBalance;
use crate::ledger::{Balance, Entry, EntryAction, EntryHash};
use crate::values::{LocationId, Quantity, Timestamp};

/// What something is by the last entry about it; and, if that entry contradicts the ones in front
/// of it, what it would be by those. Which of the two is right shows in what comes next. So a wrong
/// entry is found wrong, and those after it aren't.
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
    /// Whether these may be the figures.
    pub(super) fn allows(self, figures: RawBalance) -> bool {
        let mut candidates = self.candidates();
        candidates.any(|balance| RawBalance::from(balance) == figures)
    }

    /// Whether so many pieces may be allocated.
    pub(super) fn has_allocated(self, pieces: i64) -> bool {
        let mut candidates = self.candidates();
        candidates.any(|balance| pieces <= i64::from(balance.allocated))
    }
}

/// What comes next to an entry is chained to it by one of its two hashes.
#[derive(Debug, Clone, Copy)]
enum Chained {
    ToStored,
    ToComputed,
}

impl Chained {
    /// By which of the candidates.
    fn find(candidates: impl Iterator<Item = EntryHash>, hash: EntryHash) -> Option<Self> {
        let ways = [Self::ToStored, Self::ToComputed];
        let mut ways = candidates.zip(ways);
        ways.find(|(candidate, _)| *candidate == hash)
            .map(|(_, way)| way)
    }
}

/// What lies in a position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) balance: Candidate<Balance>,
    /// As of which doubt: after another one it isn't known any more, until an entry says it.
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
    /// The hash of the last entry; `None` if it can't be known, as below.
    pub(super) hash: Option<Candidate<EntryHash>>,
    pub(super) unlocated: Position,
    pub(super) located: BTreeMap<LocationId, Position>,
    pub(super) sums: Option<Candidate<Balance>>,
    /// When the first entry was made.
    pub(super) first_at: Option<Timestamp>,
    /// When the last entry was made.
    pub(super) last_at: Option<Timestamp>,
    /// How often it has become unknown what lies in positions.
    unknowns: u64,
    /// Whether the last entry isn't as it was sealed, so that it may say another position than it
    /// should; unless it is its hash that is wrong, which shows in what comes next.
    is_suspect: bool,
    is_creating: bool,
}

impl Replay {
    /// Before the first entry, which comes after `start`.
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

    /// Entries are left out.
    pub(super) const fn gap(&mut self) {
        self.unreadable(None);
    }

    /// The next entry can't be read. It has this hash, if it has one.
    pub(super) const fn unreadable(&mut self, hash: Option<EntryHash>) {
        self.is_suspect = true;
        self.settle(None);
        self.sums = None;
        self.hash = match hash {
            Some(hash) => Some(Candidate::new(hash)),
            None => None,
        };
    }

    /// What comes next is chained to the last entry as it is stored, or as it would be computed, or
    /// to neither.
    const fn settle(&mut self, chained_to: Option<Chained>) {
        if self.is_suspect && !matches!(chained_to, Some(Chained::ToComputed)) {
            self.unknowns = self.unknowns.saturating_add(1);
        }
        self.is_suspect = false;
    }

    /// What lies in a location.
    pub(super) fn located(&self, location: LocationId) -> Position {
        let position = self.located.get(&location).copied();
        position.unwrap_or(Position::NEVER_FILLED)
    }

    /// What lies in a position, if that is known.
    pub(super) fn balance(&self, position: Position) -> Option<Candidate<Balance>> {
        (position.unknowns == self.unknowns).then_some(position.balance)
    }

    /// Ends the ledger, for now, with what is said to be its last hash. Gives whether it is.
    pub(super) fn end(&mut self, last_hash: Option<EntryHash>) -> bool {
        let chained = self.hash.zip(last_hash);
        let chained = chained.and_then(|(told, hash)| Chained::find(told.candidates(), hash));
        self.settle(chained);
        chained.is_some()
    }

    /// The next entry, which stands at the place that its number says.
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
            let apply = |balance| applied(entry.action, entry.quantity, balance);
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

    /// Gives whether the entry is as it was sealed.
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
        // Maybe it is what it does that was changed.
        self.is_creating &= creates || !is_sealed;
    }

    fn time(&mut self, entry: &Entry, report: &mut impl FnMut(Problem)) {
        let created_at = entry.created_at;
        let by_id = entry.id.created_at();
        let is_certain = by_id == Some(created_at);
        if !is_certain {
            report(Problem::IdTime { created_at });
        }
        // Of two times, the later one may be right, and the earlier one is held against what comes.
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

    /// The whole stock has to change as the position does: by what the entry does, or, if that is
    /// wrong, by what its balance says.
    fn sums(&mut self, entry: &Entry, position: Position, report: &mut impl FnMut(Problem)) {
        let action = match entry.action {
            // In other positions something may lie already.
            EntryAction::Create => EntryAction::Increment,
            action => action,
        };
        let apply = |sums| applied(action, entry.quantity, sums);
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

/// What an action makes of a balance, if it can.
fn applied(action: EntryAction, quantity: Quantity, balance: Balance) -> Option<Balance> {
    let Balance {
        available,
        allocated,
    } = balance;
    let (available, allocated) = match action {
        EntryAction::Create if balance != Balance::default() => return None,
        EntryAction::Create | EntryAction::Increment => {
            (available.checked_add(quantity)?, allocated)
        }
        EntryAction::Decrement => (available.checked_sub(quantity)?, allocated),
        EntryAction::Allocate => (
            available.checked_sub(quantity)?,
            allocated.checked_add(quantity)?,
        ),
        EntryAction::Deallocate => (
            available.checked_add(quantity)?,
            allocated.checked_sub(quantity)?,
        ),
    };
    let balance = Balance {
        available,
        allocated,
    };
    available.checked_add(allocated).map(|_| balance)
}

/// What becomes of sums when one of their parts changes.
fn moved(sums: Balance, from: Balance, to: Balance) -> Option<Balance> {
    let moved = |sum: Quantity, from, to| sum.checked_sub(from)?.checked_add(to);
    Some(Balance {
        available: moved(sums.available, from.available, to.available)?,
        allocated: moved(sums.allocated, from.allocated, to.allocated)?,
    })
}
