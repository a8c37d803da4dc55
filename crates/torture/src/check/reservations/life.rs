//! What becomes of a reservation, told anew from the contract: nothing of the server's code is in
//! here.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::ask::Product;
use crate::check::written::Moves;
use crate::model::{Action, Location};
use crate::reservation::{Act, Positions, Shown, ShownItem, State, positions, sums};

/// A reservation at some time, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Life {
    pub(super) state: State,
    /// When it expires if it is pending; `None` if nobody has said so yet.
    pub(super) expires_at: Option<Timestamp>,
    /// When it was changed last; `None` if nobody has said so yet.
    pub(super) updated_at: Option<Timestamp>,
    items: Vec<ShownItem>,
}

/// Why nothing is done: the status, and what the answer says of it, which is one of these.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) says: Vec<Value>,
}

fn moves(positions: &Positions, actions: &[Action]) -> Moves {
    let moves = positions.iter().flat_map(|(position, quantity)| {
        let actions = actions.iter();
        actions.map(|action| (*position, *action, *quantity))
    });
    moves.collect()
}

impl Life {
    /// One that was just made, and what that moves. When it expires is as yet unknown.
    pub(super) fn new(last: &Shown) -> (Self, Moves) {
        let items = last.items.iter().cloned();
        let items = items.map(|item| ShownItem {
            fulfilled: 0,
            released: 0,
            ..item
        });
        let life = Self {
            state: State::Pending,
            expires_at: None,
            updated_at: Some(last.created_at),
            items: items.collect(),
        };
        let moves = moves(&last.reserved(), &[Action::Allocate]);
        (life, moves)
    }

    /// Nobody paid in time. Gives what that moves.
    pub(super) fn expire(&mut self, at: Timestamp) -> Result<Moves, String> {
        let is_due = self.expires_at.is_none_or(|it| it == at);
        if self.state != State::Pending || !is_due {
            return Err(format!("was not due at {at}"));
        }
        let moved = self.act(&Act::Release(None), &[]);
        self.state = State::Expired;
        self.updated_at = Some(at);
        Ok(moved.ok().flatten().unwrap_or_default())
    }

    /// Does something. Gives what that moves; `None` if it changes nothing.
    pub(super) fn act(
        &mut self,
        act: &Act,
        products: &[Product],
    ) -> Result<Option<Moves>, Refused> {
        let moves = match (act, self.state) {
            (Act::Read, _)
            | (Act::Pay, State::Paid)
            | (Act::Release(_), State::Released | State::Expired)
            | (Act::Fulfil(_), State::Fulfilled) => return Ok(None),
            (Act::Pay, State::Pending) => {
                self.state = State::Paid;
                Moves::new()
            }
            (Act::Extend { .. }, State::Pending) => {
                self.expires_at = None;
                Moves::new()
            }
            (Act::Release(part), State::Pending | State::Paid) => {
                let part = part.as_ref().map(|part| positions(part, products));
                let taken = self.take(part, State::Released)?;
                moves(&taken, &[Action::Deallocate])
            }
            (Act::Fulfil(part), State::Paid) => {
                let part = part.as_ref().map(|part| positions(part, products));
                let taken = self.take(part, State::Fulfilled)?;
                moves(&taken, &[Action::Deallocate, Action::Decrement])
            }
            _ => {
                return Err(Refused {
                    status: 409,
                    says: vec![json!({ "state": self.state })],
                });
            }
        };
        self.updated_at = None;
        if self.state != State::Pending {
            self.expires_at = None;
        }
        Ok(Some(moves))
    }

    /// Takes all that is open, or a part of it: from the lines in their order. Without any open line,
    /// it has come to this end.
    fn take(&mut self, part: Option<Positions>, end: State) -> Result<Positions, Refused> {
        let open = sums(&self.items, ShownItem::open);
        let wanted = part.unwrap_or_else(|| open.clone());
        let open = |position| open.get(position).copied().unwrap_or_default();
        let short = wanted.iter().filter(|(it, quantity)| open(it) < **quantity);
        let short = short.map(|(it, _)| json!({ "product_id": it.0, "open": open(it) }));
        let says: Vec<Value> = short.collect();
        if !says.is_empty() {
            return Err(Refused { status: 422, says });
        }
        let mut left = wanted.clone();
        for item in &mut self.items {
            if let Some(left) = left.get_mut(&(item.product_id, item.location)) {
                let taken = item.open().min(*left);
                *left -= taken;
                match end {
                    State::Fulfilled => item.fulfilled += taken,
                    _ => item.released += taken,
                }
            }
        }
        if self.items.iter().all(|item| item.open() == 0) {
            self.state = end;
        }
        Ok(wanted)
    }

    /// Whether a server shows this, after a change or without one. What isn't known yet becomes
    /// what it says.
    pub(super) fn unify(&mut self, shown: &Shown) -> Result<(), String> {
        if shown.state != self.state {
            let (state, is) = (shown.state, self.state);
            return Err(format!("is shown as {state:?}, and is {is:?}"));
        }
        if shown.items != self.items {
            return Err("is shown with other items".to_owned());
        }
        let updated_at = shown.updated_at;
        if *self.updated_at.get_or_insert(updated_at) != updated_at {
            return Err(format!("was changed at another time than {updated_at}"));
        }
        if self.state == State::Pending {
            self.expires_at = self.expires_at.or(shown.expires_at);
        }
        if shown.expires_at != self.expires_at
            || self.expires_at.is_some() != (self.state == State::Pending)
        {
            return Err("expires at another time than is shown".to_owned());
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
        write!(f, "{:?}", self.state)?;
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
