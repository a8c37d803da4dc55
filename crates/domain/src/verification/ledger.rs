//! Verifying one stock.

use std::collections::{BTreeMap, BTreeSet};

use super::difference::{Difference, Figures, Problem};
use super::replay::{Candidate, Replay};
use super::stored::{RawBalance, RawEntry, RawStock};
use crate::ledger::{Balance, EntryHash};
use crate::values::{LocationId, Timestamp};

/// Verifies the ledger of one stock, entry by entry, and compares it with the stored stock. A long
/// ledger takes no more memory than a short one.
///
/// Entries are never changed. So the entries up to the last one that the stock recorded when it was read
/// may be read later. If there are more by then, either the stock has changed since, or it is wrong:
/// reading it again shows which.
#[derive(Debug)]
pub struct LedgerVerifier {
    stock: RawStock,
    replay: Replay,
    entries: u64,
    is_sound: bool,
    /// The problems found at the last entry that the stock records, if there are more entries.
    at_known_end: Option<Vec<Problem>>,
}

impl LedgerVerifier {
    /// Starts before the first entry of the ledger of this stock.
    #[must_use]
    pub fn new(stock: RawStock) -> Self {
        Self {
            replay: Replay::new(stock.start()),
            stock,
            entries: 0,
            is_sound: true,
            at_known_end: None,
        }
    }

    /// The stock as it was read.
    #[must_use]
    pub const fn stock(&self) -> &RawStock {
        &self.stock
    }

    /// Takes the next entry of the ledger, in the order of the numbers, and reports its faults.
    pub fn entry(&mut self, entry: &RawEntry, report: &mut dyn FnMut(Difference)) {
        self.entries = self.entries.saturating_add(1);
        self.reach(entry.sequence);
        let Self {
            stock,
            replay,
            is_sound,
            ..
        } = self;
        let mut report = |sequence, problem| {
            *is_sound = false;
            report(Difference {
                product: Some(stock.product),
                stock: Some(stock.id),
                sequence,
                problem,
            });
        };
        let expected = replay.last.saturating_add(1);
        if entry.sequence < expected {
            report(Some(entry.sequence), Problem::Number { expected });
            return;
        }
        if entry.sequence > expected {
            let missing = Problem::Missing {
                first: expected,
                last: entry.sequence.saturating_sub(1),
            };
            report(None, missing);
            replay.gap();
        }
        let mut report = |problem| report(Some(entry.sequence), problem);
        match &entry.content {
            Ok(content) => replay.entry(content, &mut report),
            Err(column) => {
                report(Problem::Impossible { column });
                replay.unreadable(entry.hash);
            }
        }
        replay.last = entry.sequence;
    }

    /// Compares the stock before the first entry beyond the one that it records as its last.
    fn reach(&mut self, sequence: i64) {
        let known = self.stock.sequence;
        if self.at_known_end.is_none() && (1..sequence).contains(&known) {
            // If that entry is missing, it is reported with the gap.
            let is_there = self.replay.last == known;
            let problems = if is_there {
                self.compare()
            } else {
                self.compare_held()
            };
            self.at_known_end = Some(problems);
        }
    }

    /// Ends the verification after the last entry of the ledger.
    #[must_use]
    pub fn finish(mut self) -> VerifiedLedger {
        let problems = self.compare();
        let is_right = problems.is_empty() && self.at_known_end.is_none();
        let rebuilt = (self.is_sound && !is_right).then(|| self.rebuilt());
        VerifiedLedger {
            last_hash: self.replay.hash.map(|told| told.stored),
            last: self.replay.last,
            stock: self.stock,
            entries: self.entries,
            is_sound: self.is_sound,
            at_known_end: self.at_known_end,
            at_the_end: problems,
            rebuilt: rebuilt.flatten(),
        }
    }

    /// The faults of the stock, if the ledger ends here.
    fn compare(&mut self) -> Vec<Problem> {
        let is_the_end = self.replay.end(self.stock.last_hash);
        let Self { stock, replay, .. } = self;
        let ledger = replay.last;
        // Either the stock's number is wrong, or there were more entries.
        if ledger == 0 || (stock.sequence > ledger && !is_the_end) {
            let first = ledger.saturating_add(1);
            let last = stock.sequence.max(first);
            let mut problems = vec![Problem::Missing { first, last }];
            self.compare_parts(&mut problems);
            problems.extend(self.compare_held());
            return problems;
        }
        let mut problems = Vec::new();
        if stock.sequence != ledger {
            problems.push(Problem::LastNumber {
                stored: stock.sequence,
                ledger,
            });
        }
        if let Some(told) = replay.hash.filter(|_| !is_the_end) {
            problems.push(Problem::LastHash {
                stored: stock.last_hash,
                ledger: told.stored,
            });
        }
        self.compare_figures(&mut problems);
        self.compare_times(&mut problems);
        problems.extend(self.compare_held());
        self.compare_lines(&mut problems);
        self.compare_policies(&mut problems);
        problems
    }

    fn compare_figures(&self, problems: &mut Vec<Problem>) {
        let Self { stock, replay, .. } = self;
        let mut is_known = true;
        let mut compare = |figures, stored, told: Option<Candidate<Balance>>| {
            is_known &= told.is_some();
            if let Some(told) = told.filter(|told| !told.allows(stored)) {
                problems.push(Problem::Figures {
                    figures,
                    stored,
                    ledger: told.stored.into(),
                });
            }
        };
        compare(Figures::Sums, stock.sums, replay.sums);
        let unlocated = replay.balance(replay.unlocated);
        compare(Figures::Unlocated, stock.unlocated, unlocated);
        if !stock.is_current {
            return;
        }
        for (location, stored) in &stock.located {
            let told = replay.balance(replay.located(*location));
            compare(Figures::Located(*location), *stored, told);
        }
        for (location, position) in &replay.located {
            // An empty position may have been removed.
            let told = replay.balance(*position);
            if let Some(told) = told.filter(|told| !told.allows(RawBalance::default()))
                && !stock.located.contains_key(location)
            {
                problems.push(Problem::NoPosition {
                    location: *location,
                    ledger: told.stored.into(),
                });
            }
        }
        if !is_known {
            self.compare_parts(problems);
        }
    }

    /// Figures that the ledger doesn't give must at least add up.
    fn compare_parts(&self, problems: &mut Vec<Problem>) {
        let stock = &self.stock;
        let positions = std::iter::once(&stock.unlocated).chain(stock.located.values());
        let parts = positions.fold(RawBalance::default(), |sum, part| RawBalance {
            available: sum.available.saturating_add(part.available),
            allocated: sum.allocated.saturating_add(part.allocated),
        });
        if stock.is_current && parts != stock.sums {
            let stored = stock.sums;
            problems.push(Problem::Parts { stored, parts });
        }
    }

    fn compare_times(&self, problems: &mut Vec<Problem>) {
        let Self { stock, replay, .. } = self;
        if let Some(ledger) = replay.first_at
            && stock.created_at != ledger.as_milliseconds()
        {
            let stored = stock.created_at;
            problems.push(Problem::CreatedAt { stored, ledger });
        }
        // It may be later: not every change of a stock is written into its ledger.
        if let Some(ledger) = replay.last_at
            && (stock.updated_at < ledger.as_milliseconds()
                || Timestamp::from_milliseconds(stock.updated_at).is_none())
        {
            let stored = stock.updated_at;
            problems.push(Problem::UpdatedAt { stored, ledger });
        }
    }

    /// The stock's held quantities must be those of the reservations' lines, whether or not the ledger
    /// is right.
    fn compare_held(&self) -> Vec<Problem> {
        let RawStock { held, lines, .. } = &self.stock;
        let pieces = differences(&held.pieces, &lines.pieces);
        let pieces = pieces.map(|(figures, stored, lines)| Problem::Held {
            figures,
            stored,
            lines,
        });
        let set_aside = differences(&held.set_aside, &lines.set_aside);
        let set_aside = set_aside.map(|(figures, stored, lines)| Problem::SetAside {
            figures,
            stored,
            lines,
        });
        let mut problems: Vec<Problem> = pieces.chain(set_aside).collect();
        if !self.is_expiry_noticed() {
            problems.push(Problem::Expiry {
                stored: held.first_expiry,
                lines: lines.first_expiry,
            });
        }
        problems
    }

    /// Whether the stock expects an expiry at the time of the first one or earlier. It may be earlier,
    /// as it isn't updated when a reservation is paid for or released.
    fn is_expiry_noticed(&self) -> bool {
        let RawStock { held, lines, .. } = &self.stock;
        let Some(stored) = held.first_expiry else {
            return lines.first_expiry.is_none();
        };
        Timestamp::from_milliseconds(stored).is_some()
            && lines.first_expiry.is_none_or(|first| stored <= first)
    }

    /// An alert has to be on at its level and off above it. Between its two figures it may be either.
    fn compare_policies(&self, problems: &mut Vec<Problem>) {
        for (location, stored) in &self.stock.policies {
            let figures = location.map_or(Figures::Sums, Figures::Located);
            if stored.content.is_err() {
                problems.push(Problem::Policy { figures });
            } else if let Some(level) = self.level(*location)
                && *stored != stored.at(level)
            {
                problems.push(Problem::Alerts { figures, level });
            }
        }
    }

    /// The number of available pieces of a location, or of the whole stock, by the ledger.
    fn level(&self, location: Option<LocationId>) -> Option<i64> {
        let Self { stock, replay, .. } = self;
        match location {
            None => Some(RawBalance::from(replay.sums?.stored).available),
            Some(location) => {
                stock.located.get(&location)?;
                let position = replay.located.get(&location);
                let balance = position.map(|position| position.balance.stored);
                Some(RawBalance::from(balance.unwrap_or_default()).available)
            }
        }
    }

    /// Lines can't hold more of a position than is allocated there.
    fn compare_lines(&self, problems: &mut Vec<Problem>) {
        let Self { stock, replay, .. } = self;
        for (location, lines) in &stock.lines.pieces {
            let position = location.map_or(replay.unlocated, |location| replay.located(location));
            let told = replay.balance(position);
            if let Some(told) = told.filter(|told| !told.has_allocated(*lines)) {
                problems.push(Problem::Overheld {
                    figures: Figures::from(*location),
                    lines: *lines,
                    ledger: told.stored.allocated,
                });
            }
        }
    }

    /// The stock as it should be stored.
    fn rebuilt(&self) -> Option<RawStock> {
        let Self { stock, replay, .. } = self;
        let mut located: BTreeMap<_, _> = replay
            .located
            .iter()
            .map(|(location, position)| (*location, position.balance.stored))
            .filter(|(_, balance)| *balance != Balance::default())
            .map(|(location, balance)| (location, balance.into()))
            .collect();
        for location in stock.located.keys() {
            located.entry(*location).or_default();
        }
        let last_at = replay.last_at?;
        let updated_at = Timestamp::from_milliseconds(stock.updated_at)
            .map_or(last_at, |updated_at| updated_at.max(last_at));
        let mut held = stock.lines.clone();
        if self.is_expiry_noticed() {
            held.first_expiry = stock.held.first_expiry;
        }
        let policies = stock.policies.iter().map(|(location, stored)| {
            let level = self.level(*location);
            (
                *location,
                level.map_or_else(|| stored.clone(), |level| stored.at(level)),
            )
        });
        Some(RawStock {
            held,
            policies: policies.collect(),
            sums: replay.sums?.stored.into(),
            unlocated: replay.unlocated.balance.stored.into(),
            located,
            sequence: replay.last,
            last_hash: replay.hash.map(|told| told.stored),
            created_at: replay.first_at?.as_milliseconds(),
            updated_at: updated_at.as_milliseconds(),
            ..stock.clone()
        })
    }
}

/// The result of verifying a ledger to its end.
#[derive(Debug)]
pub struct VerifiedLedger {
    /// The stock as it was read.
    pub stock: RawStock,
    /// The number of entries.
    pub entries: u64,
    /// The number of the last entry; 0 if there is none.
    pub last: i64,
    /// The hash of the last entry, if it has one.
    pub last_hash: Option<EntryHash>,
    /// Whether the ledger has no fault in itself.
    pub is_sound: bool,
    at_known_end: Option<Vec<Problem>>,
    at_the_end: Vec<Problem>,
    rebuilt: Option<RawStock>,
}

impl VerifiedLedger {
    /// The number of the last entry, if there are more than the stock recorded when it was read. The
    /// stock has to be read again then: if it records them now, it has changed since.
    #[must_use]
    pub fn last_beyond(&self) -> Option<i64> {
        self.at_known_end.as_ref().map(|_| self.last)
    }

    /// The faults of the stock, apart from those reported of its entries. If there are more entries than
    /// the stock recorded, `has_gone_on` tells whether the stock has changed since it was read.
    pub fn differences(&self, has_gone_on: bool) -> impl Iterator<Item = Difference> {
        self.problems(has_gone_on)
            .into_iter()
            .map(|problem| Difference {
                product: Some(self.stock.product),
                stock: Some(self.stock.id),
                sequence: None,
                problem,
            })
    }

    fn problems(&self, has_gone_on: bool) -> Vec<Problem> {
        let Some(at_known_end) = &self.at_known_end else {
            return self.at_the_end.clone();
        };
        if has_gone_on {
            return at_known_end.clone();
        }
        // Either the stored stock is outdated, or only its number is wrong.
        let mut problems = vec![Problem::LastNumber {
            stored: self.stock.sequence,
            ledger: self.last,
        }];
        problems.extend(at_known_end.iter().cloned());
        if self.at_the_end.len() < problems.len() {
            problems.clone_from(&self.at_the_end);
        }
        problems
    }

    /// The stock as it should be; `None` if it is right already, its ledger is damaged, or reservations
    /// hold more of it than is allocated. Deleted stock is left as it is.
    #[must_use]
    pub fn repaired(&self, has_gone_on: bool) -> Option<&RawStock> {
        let is_right = self.problems(has_gone_on).is_empty();
        let at_known_end = self.at_known_end.as_ref().filter(|_| has_gone_on);
        let mut problems = at_known_end.unwrap_or(&self.at_the_end).iter();
        let is_repairable =
            self.stock.is_current && !is_right && !problems.any(Problem::is_beyond_repair);
        self.rebuilt.as_ref().filter(|_| is_repairable)
    }
}

/// The positions whose stored pieces differ from those of the lines, with both numbers.
fn differences<'a>(
    stored: &'a BTreeMap<Option<LocationId>, i64>,
    lines: &'a BTreeMap<Option<LocationId>, i64>,
) -> impl Iterator<Item = (Figures, i64, i64)> + 'a {
    let positions: BTreeSet<_> = stored.keys().chain(lines.keys()).copied().collect();
    positions.into_iter().filter_map(move |location| {
        let [stored, lines] = [stored, lines].map(|it| it.get(&location).copied().unwrap_or(0));
        (stored != lines).then(|| (Figures::from(location), stored, lines))
    })
}
