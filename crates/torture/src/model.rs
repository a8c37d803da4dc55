//! What stock is and what each action does to it, told anew from the contract: nothing of the
//! server's code is in here.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The most that a stock holds in all.
pub(crate) const TOTAL_MAX: u64 = (1 << 53) - 1;

/// The status that a change without enough stock is refused with.
pub(crate) const INSUFFICIENT: u16 = 422;
/// The status that a change is refused with when the position isn't as the client expects.
pub(crate) const UNEXPECTED: u16 = 409;

/// The locations that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Location {
    North,
    South,
    Quay,
}

impl Location {
    pub(crate) const ALL: [Self; 3] = [Self::North, Self::South, Self::Quay];

    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::North => "north",
            Self::South => "south",
            Self::Quay => "quay",
        }
    }
}

/// What can be done to a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Increment,
    Decrement,
    Allocate,
    Deallocate,
    Set,
}

impl Action {
    pub(crate) const ALL: [Self; 5] = [
        Self::Increment,
        Self::Decrement,
        Self::Allocate,
        Self::Deallocate,
        Self::Set,
    ];
}

/// What a position, or a whole stock, holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Figures {
    pub(crate) available: u64,
    pub(crate) allocated: u64,
    pub(crate) total: u64,
}

impl Figures {
    /// The total is always the sum; `None` if that is more than there can be.
    pub(crate) fn new(available: u64, allocated: u64) -> Option<Self> {
        let total = available.checked_add(allocated)?;
        (total <= TOTAL_MAX).then_some(Self {
            available,
            allocated,
            total,
        })
    }

    fn plus(self, other: Self) -> Option<Self> {
        Self::new(
            self.available.checked_add(other.available)?,
            self.allocated.checked_add(other.allocated)?,
        )
    }
}

/// What a client takes a position to hold; what isn't named may be anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Expect {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) available: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allocated: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
}

impl Expect {
    fn is_met(self, figures: Figures) -> bool {
        let is = |expected: Option<u64>, figure| expected.is_none_or(|it| it == figure);
        is(self.available, figures.available)
            && is(self.allocated, figures.allocated)
            && is(self.total, figures.total)
    }
}

/// A change of a position that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) action: Action,
    pub(crate) quantity: u64,
    pub(crate) location: Option<Location>,
    pub(crate) expect: Expect,
}

/// A change of a position as the ledger records it: never a `set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Movement {
    pub(crate) action: Action,
    pub(crate) quantity: u64,
    pub(crate) location: Option<Location>,
    /// What the position holds right after it.
    pub(crate) balance: Figures,
}

/// The stock of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stock {
    pub(crate) unlocated: Figures,
    pub(crate) located: BTreeMap<Location, Figures>,
    /// What of the allocated pieces reservations hold, where they do.
    pub(crate) held: BTreeMap<Option<Location>, u64>,
}

impl Stock {
    /// What all positions hold together; `None` if that is more than there can be.
    pub(crate) fn sums(&self) -> Option<Figures> {
        self.located
            .values()
            .try_fold(self.unlocated, |sum, figures| sum.plus(*figures))
    }

    pub(crate) fn position(&self, location: Option<Location>) -> Option<Figures> {
        match location {
            None => Some(self.unlocated),
            Some(location) => self.located.get(&location).copied(),
        }
    }

    /// The unlocated pool, and all locations.
    pub(crate) fn places(&self) -> impl Iterator<Item = Option<Location>> {
        std::iter::once(None).chain(self.located.keys().copied().map(Some))
    }

    /// Makes a change, or gives the status that it is to be refused with.
    pub(crate) fn change(&mut self, change: &Change) -> Result<Movement, u16> {
        let position = self.position(change.location);
        let figures = position.unwrap_or_default();
        if !change.expect.is_met(figures) {
            return Err(UNEXPECTED);
        }
        let adds = matches!(change.action, Action::Increment | Action::Set);
        if position.is_none() && !adds {
            return Err(INSUFFICIENT);
        }
        let (action, quantity) = match change.action {
            Action::Deallocate => {
                let plainly = figures.allocated.checked_sub(self.held(change.location));
                if plainly.is_none_or(|plainly| plainly < change.quantity) {
                    return Err(INSUFFICIENT);
                }
                (Action::Deallocate, change.quantity)
            }
            Action::Set => {
                let target = change.quantity.checked_sub(figures.allocated);
                let target = target.ok_or(INSUFFICIENT)?;
                if target >= figures.available {
                    (Action::Increment, target - figures.available)
                } else {
                    (Action::Decrement, figures.available - target)
                }
            }
            action => (action, change.quantity),
        };
        let balance = self.record(change.location, action, quantity, false);
        Ok(Movement {
            action,
            quantity,
            location: change.location,
            balance: balance.ok_or(INSUFFICIENT)?,
        })
    }

    /// How much of a position reservations hold.
    pub(crate) fn held(&self, location: Option<Location>) -> u64 {
        self.held.get(&location).copied().unwrap_or_default()
    }

    /// How much of the whole stock is allocated otherwise.
    pub(crate) fn allocated_unreserved(&self) -> Option<u64> {
        let held = self.held.values().sum();
        self.sums()?.allocated.checked_sub(held)
    }

    /// Does what an entry of the ledger says, which may be a reservation's, and gives what the position
    /// then holds; `None`, and nothing is done, if that is more than there can be, or less than nothing.
    pub(crate) fn record(
        &mut self,
        location: Option<Location>,
        action: Action,
        quantity: u64,
        is_reserved: bool,
    ) -> Option<Figures> {
        let held = match action {
            Action::Allocate if is_reserved => self.held(location).checked_add(quantity)?,
            Action::Deallocate if is_reserved => self.held(location).checked_sub(quantity)?,
            _ => self.held(location),
        };
        let Figures {
            available,
            allocated,
            ..
        } = self.position(location).unwrap_or_default();
        let (available, allocated) = match action {
            Action::Increment => (available.checked_add(quantity)?, allocated),
            Action::Decrement => (available.checked_sub(quantity)?, allocated),
            Action::Allocate => (
                available.checked_sub(quantity)?,
                allocated.checked_add(quantity)?,
            ),
            Action::Deallocate => (
                available.checked_add(quantity)?,
                allocated.checked_sub(quantity)?,
            ),
            Action::Set => return None,
        };
        let balance = Figures::new(available, allocated)?;
        let mut after = self.clone();
        match location {
            None => after.unlocated = balance,
            Some(location) => {
                after.located.insert(location, balance);
            }
        }
        after.sums()?;
        after.held.insert(location, held);
        after.held.retain(|_, held| *held > 0);
        *self = after;
        Some(balance)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            available,
            allocated,
            total,
        } = self;
        write!(f, "{available} available + {allocated} allocated")?;
        if available.checked_add(*allocated) != Some(*total) {
            write!(f, " = {total} (!)")?;
        }
        Ok(())
    }
}

impl fmt::Display for Movement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = self.location.map_or("unlocated", Location::slug);
        let (action, quantity, balance) = (self.action, self.quantity, self.balance);
        write!(f, "{action:?} {quantity} {location}, then {balance}")
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = self.location.map_or("unlocated", Location::slug);
        write!(f, "{:?} {} {location}", self.action, self.quantity)
    }
}

impl fmt::Display for Stock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unlocated {}", self.unlocated)?;
        for (location, figures) in &self.located {
            write!(f, "; {} {figures}", location.slug())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(available: u64, allocated: u64) -> Figures {
        Figures::new(available, allocated).unwrap()
    }

    fn change(action: Action, quantity: u64) -> Change {
        Change {
            action,
            quantity,
            location: None,
            expect: Expect::default(),
        }
    }

    #[test]
    fn actions_do_what_the_contract_says() {
        for (action, quantity, expected) in [
            (Action::Increment, 5, Ok((15, 4))),
            (Action::Increment, TOTAL_MAX - 14, Ok((TOTAL_MAX - 4, 4))),
            (Action::Increment, TOTAL_MAX - 13, Err(INSUFFICIENT)),
            (Action::Decrement, 10, Ok((0, 4))),
            (Action::Decrement, 11, Err(INSUFFICIENT)),
            (Action::Allocate, 10, Ok((0, 14))),
            (Action::Allocate, 11, Err(INSUFFICIENT)),
            (Action::Deallocate, 4, Ok((14, 0))),
            (Action::Deallocate, 5, Err(INSUFFICIENT)),
            (Action::Set, 4, Ok((0, 4))),
            (Action::Set, 3, Err(INSUFFICIENT)),
            (Action::Set, 20, Ok((16, 4))),
        ] {
            let mut stock = Stock {
                unlocated: figures(10, 4),
                ..Stock::default()
            };
            let made = stock.change(&change(action, quantity));
            let expected = expected.map(|(available, allocated)| figures(available, allocated));
            assert_eq!(
                made.map(|movement| movement.balance),
                expected,
                "{action:?}"
            );
            assert_eq!(stock.unlocated, expected.unwrap_or(figures(10, 4)));
        }
    }

    #[test]
    fn a_set_is_recorded_as_what_it_amounts_to() {
        for (target, action, quantity) in [
            (12, Action::Increment, 2),
            (10, Action::Increment, 0),
            (3, Action::Decrement, 7),
        ] {
            let mut stock = Stock {
                unlocated: figures(10, 0),
                ..Stock::default()
            };
            let movement = stock.change(&change(Action::Set, target)).unwrap();
            assert_eq!((movement.action, movement.quantity), (action, quantity));
        }
    }

    #[test]
    fn locations_are_added_by_what_brings_stock() {
        let in_north = |action, quantity| Change {
            location: Some(Location::North),
            ..change(action, quantity)
        };
        let mut stock = Stock::default();
        assert_eq!(
            stock.change(&in_north(Action::Decrement, 0)),
            Err(INSUFFICIENT)
        );
        assert_eq!(stock, Stock::default());
        stock.change(&in_north(Action::Increment, 0)).unwrap();
        assert_eq!(stock.located[&Location::North], Figures::default());
        stock
            .change(&in_north(Action::Increment, TOTAL_MAX))
            .unwrap();
        // The limit is the whole stock's.
        assert_eq!(
            stock.change(&change(Action::Increment, 1)),
            Err(INSUFFICIENT)
        );
    }

    #[test]
    fn what_reservations_hold_only_they_give_back() {
        let mut stock = Stock {
            unlocated: figures(10, 2),
            ..Stock::default()
        };
        stock.record(None, Action::Allocate, 3, true).unwrap();
        assert_eq!(stock.allocated_unreserved(), Some(2));
        let deallocate = |quantity| change(Action::Deallocate, quantity);
        assert_eq!(stock.change(&deallocate(3)), Err(INSUFFICIENT));
        stock.change(&deallocate(2)).unwrap();
        assert_eq!(stock.record(None, Action::Deallocate, 4, true), None);
        stock.record(None, Action::Deallocate, 3, true).unwrap();
        assert_eq!(stock.unlocated, figures(12, 0));
        assert_eq!(stock.held, BTreeMap::new());
    }

    #[test]
    fn what_is_expected_comes_first() {
        let expect = Expect {
            available: Some(1),
            ..Expect::default()
        };
        let mut stock = Stock::default();
        let refused = stock.change(&Change {
            expect,
            ..change(Action::Decrement, 1)
        });
        assert_eq!(refused, Err(UNEXPECTED));
    }
}
