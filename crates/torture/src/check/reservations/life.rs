//! What becomes of a reservation, told anew from the contract: nothing of the server's code is in
//! here.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::ask::Product;
use crate::model::{Action, Location};
use crate::reservation::{Act, Item, Positions, Shown, ShownItem, State, positions};

/// A reservation at some time, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Life {
    pub(super) state: State,
    /// When it expires if it is pending; `None` if nobody has said so yet.
    pub(super) expires_at: Option<Timestamp>,
    /// When it was changed last; `None` if nobody has said so yet.
    pub(super) updated_at: Option<Timestamp>,
    pub(super) items: Vec<ShownItem>,
}

/// What a step moves, and what the ledgers say of it for each position, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) actions: &'static [Action],
    pub(super) positions: Positions,
    /// The time of the entries, if it is known.
    pub(super) at: Option<Timestamp>,
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The state has no such way on.
    State,
    /// So many pieces are open of these products, which is too few.
    Open(Vec<(Uuid, u64)>),
}

const GIVEN_BACK: &[Action] = &[Action::Deallocate];
const SHIPPED: &[Action] = &[Action::Deallocate, Action::Decrement];

impl Life {
    /// One that was just made; when it expires is as yet unknown.
    pub(super) fn new(last: &Shown) -> Self {
        let items = last.attributes.items.iter();
        let items = items.map(|item| ShownItem {
            fulfilled: 0,
            released: 0,
            ..item.clone()
        });
        Self {
            state: State::Pending,
            expires_at: None,
            updated_at: Some(last.meta.timestamps.created_at),
            items: items.collect(),
        }
    }

    /// How much was reserved of each position.
    pub(super) fn reserved(&self) -> Positions {
        self.sum(|item| item.quantity)
    }

    pub(super) fn open(&self) -> Positions {
        self.sum(ShownItem::open)
    }

    fn sum(&self, of: impl Fn(&ShownItem) -> u64) -> Positions {
        let mut positions = Positions::new();
        for item in &self.items {
            *positions
                .entry((item.product_id, item.location))
                .or_default() += of(item);
        }
        positions.retain(|_, quantity| *quantity > 0);
        positions
    }

    /// What making it writes.
    pub(super) fn made(&self) -> Step {
        Step {
            actions: &[Action::Allocate],
            positions: self.reserved(),
            at: None,
        }
    }

    /// Nobody paid in time.
    pub(super) fn expire(&mut self, at: Timestamp) -> Result<Step, String> {
        let is_due = self.expires_at.is_none_or(|it| it == at);
        if self.state != State::Pending || !is_due {
            return Err(format!("was not due at {at}"));
        }
        let positions = self.open();
        for item in &mut self.items {
            item.released += item.open();
        }
        self.state = State::Expired;
        self.expires_at = None;
        self.updated_at = Some(at);
        Ok(Step {
            actions: GIVEN_BACK,
            positions,
            at: Some(at),
        })
    }

    /// Does something. Gives what that moves; `None` if it changes nothing.
    pub(super) fn act(&mut self, act: &Act, products: &[Product]) -> Result<Option<Step>, Refused> {
        match (act, self.state) {
            (Act::Read, _)
            | (Act::Pay, State::Paid)
            | (Act::Release(_), State::Released | State::Expired)
            | (Act::Fulfil(_), State::Fulfilled) => Ok(None),
            (Act::Pay, State::Pending) => {
                self.state = State::Paid;
                self.expires_at = None;
                self.updated_at = None;
                Ok(Some(Step::default()))
            }
            (Act::Extend { .. }, State::Pending) => {
                self.expires_at = None;
                self.updated_at = None;
                Ok(Some(Step::default()))
            }
            (Act::Release(part), State::Pending | State::Paid) => {
                let positions = self.take(part.as_deref(), products, |item, taken| {
                    item.released += taken;
                })?;
                Ok(Some(self.moved(positions, GIVEN_BACK, State::Released)))
            }
            (Act::Fulfil(part), State::Paid) => {
                let positions = self.take(part.as_deref(), products, |item, taken| {
                    item.fulfilled += taken;
                })?;
                Ok(Some(self.moved(positions, SHIPPED, State::Fulfilled)))
            }
            _ => Err(Refused::State),
        }
    }

    fn moved(&mut self, positions: Positions, actions: &'static [Action], end: State) -> Step {
        if self.items.iter().all(|item| item.open() == 0) {
            self.state = end;
            self.expires_at = None;
        }
        self.updated_at = None;
        let at = None;
        Step {
            actions,
            positions,
            at,
        }
    }

    /// Takes all that is open, or a part of it: from the lines in their order.
    fn take(
        &mut self,
        part: Option<&[Item]>,
        products: &[Product],
        note: impl Fn(&mut ShownItem, u64),
    ) -> Result<Positions, Refused> {
        let wanted = part.map_or_else(|| self.open(), |part| positions(part, products));
        let mut left = wanted.clone();
        let mut items = self.items.clone();
        for item in &mut items {
            if let Some(left) = left.get_mut(&(item.product_id, item.location)) {
                let taken = item.open().min(*left);
                note(item, taken);
                *left -= taken;
            }
        }
        let short = left.iter().filter(|(_, left)| **left > 0);
        let short = short.map(|(position, left)| {
            let wanted = wanted.get(position).copied().unwrap_or_default();
            (position.0, wanted - left)
        });
        let short: Vec<_> = short.collect();
        if !short.is_empty() {
            return Err(Refused::Open(short));
        }
        self.items = items;
        Ok(wanted)
    }

    /// Whether a server shows this, after a change or without one. What isn't known yet becomes
    /// what it says.
    pub(super) fn unify(&mut self, shown: &Shown) -> Result<(), String> {
        let attributes = &shown.attributes;
        if attributes.state != self.state {
            let (state, is) = (attributes.state.word(), self.state.word());
            return Err(format!("is shown as {state}, and is {is}"));
        }
        if attributes.items != self.items {
            return Err("other items are shown".to_owned());
        }
        let updated_at = shown.meta.timestamps.updated_at;
        if self.updated_at.is_some_and(|it| it != updated_at) {
            return Err(format!("was changed at another time than {updated_at}"));
        }
        self.updated_at = Some(updated_at);
        if self.state == State::Pending {
            let expires_at = attributes.expires_at;
            let is_so =
                expires_at.is_some() && self.expires_at.is_none_or(|it| expires_at == Some(it));
            if !is_so {
                return Err("expires at another time than is shown".to_owned());
            }
            self.expires_at = expires_at;
        } else if attributes.expires_at.is_some() {
            return Err("is shown as if it expired".to_owned());
        }
        Ok(())
    }
}

/// When it is over if it is changed then, and has so many seconds from then on.
pub(super) fn end(updated_at: Timestamp, expires_in: u32) -> Option<Timestamp> {
    let time = SignedDuration::from_secs(expires_in.into());
    updated_at.checked_add(time).ok()
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.state.word())?;
        if let Some(expires_at) = self.expires_at {
            write!(f, ", expires at {expires_at}")?;
        }
        for item in &self.items {
            let location = item.location.map_or("unlocated", Location::slug);
            write!(f, "; {} of {} {location} open", item.open(), item.quantity)?;
        }
        Ok(())
    }
}
