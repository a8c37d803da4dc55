//! What becomes of a reservation, told anew from the contract: nothing of the server's code is in
//! here.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ask::Product;
use crate::check::written::Moves;
use crate::model::{Action, Location};
use crate::reservation::{
    Act, Item, ItemPlace, Position, Positions, Shown, ShownLine, State, Wanted, wanted,
};

/// A reservation at some time, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Life {
    pub(super) state: State,
    /// When it expires if it is pending; `None` if nobody has said so yet.
    pub(super) expires_at: Option<Timestamp>,
    /// When it was changed last; `None` if nobody has said so yet.
    pub(super) updated_at: Option<Timestamp>,
    lines: Vec<ShownLine>,
    /// What its order wants.
    pub(super) wanted: Wanted,
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
    pub(super) fn new(first: &Shown) -> (Self, Moves) {
        let lines = first.lines.iter().cloned();
        let lines = lines.map(|line| ShownLine {
            fulfilled: 0,
            released: 0,
            ..line
        });
        let life = Self {
            state: State::Pending,
            expires_at: None,
            updated_at: Some(first.created_at),
            lines: lines.collect(),
            wanted: first.wanted(),
        };
        let moves = moves(&first.reserved(), &[Action::Allocate]);
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
                let part = part.as_ref().map(|part| wanted(part, true, products));
                let taken = self.take(part, State::Released)?;
                moves(&taken, &[Action::Deallocate])
            }
            (Act::Fulfil(part), State::Paid) => {
                let part = part.as_ref().map(|part| wanted(part, true, products));
                let taken = self.take(part, State::Fulfilled)?;
                moves(&taken, &[Action::Deallocate, Action::Decrement])
            }
            (Act::Move { part, to }, State::Pending | State::Paid) => {
                self.relocate(part, to, products)?
            }
            (Act::Edit(items), State::Pending | State::Paid) => {
                let Some(moves) = self.edit(items, products)? else {
                    return Ok(None);
                };
                moves
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

    /// Takes all that is open, or a part of it. Without any open line, it has come to this end.
    fn take(&mut self, part: Option<Wanted>, end: State) -> Result<Positions, Refused> {
        let taken = match part {
            None => self.lines.iter().map(ShownLine::open).collect(),
            Some(part) => self.part(part)?,
        };
        let mut positions = Positions::new();
        for (line, taken) in self.lines.iter_mut().zip(taken) {
            match end {
                State::Fulfilled => line.fulfilled += taken,
                _ => line.released += taken,
            }
            let position = (line.product_id, line.location);
            *positions.entry(position).or_default() += taken;
        }
        positions.retain(|_, taken| *taken > 0);
        if self.lines.iter().all(|line| line.open() == 0) {
            self.state = end;
        }
        Ok(positions)
    }

    /// What a part has of each line: from the lines in their order, first what names a place, and then
    /// what takes the rest, which is of the unlocated pool and of all that is sourced.
    fn part(&self, part: Wanted) -> Result<Vec<u64>, Refused> {
        let is_sourced = |product| {
            let mut its = self.lines.iter().filter(|line| line.product_id == product);
            its.any(|line| line.is_sourced)
        };
        let mut settled = Wanted::new();
        for ((product, place), quantity) in part {
            let place = match place {
                ItemPlace::Unnamed if !is_sourced(product) => ItemPlace::At(None),
                place => place,
            };
            *settled.entry((product, place)).or_default() += quantity;
        }
        let mut taken = vec![0; self.lines.len()];
        let mut says = Vec::new();
        for ((product, place), quantity) in settled {
            let mut left = quantity;
            for (line, taken) in self.lines.iter().zip(&mut taken) {
                let is_there = match place {
                    ItemPlace::At(location) => line.location == location,
                    ItemPlace::Unnamed => line.is_sourced || line.location.is_none(),
                };
                if line.product_id == product && is_there {
                    let more = left.min(line.open() - *taken);
                    *taken += more;
                    left -= more;
                }
            }
            if left > 0 {
                says.push(json!({ "product_id": product, "open": quantity - left }));
            }
        }
        if says.is_empty() {
            Ok(taken)
        } else {
            Err(Refused { status: 422, says })
        }
    }

    /// Moves each item of a part to another place: the pieces of the first lines that are where it says.
    /// What has come to a place isn't moved on with the same request.
    fn relocate(
        &mut self,
        part: &[Item],
        to: &[Option<Location>],
        products: &[Product],
    ) -> Result<Moves, Refused> {
        let mut says = Vec::new();
        for ((product, place), quantity) in wanted(part, false, products) {
            let lines = self.lines.iter();
            let lines = lines
                .filter(|line| line.product_id == product && place == ItemPlace::At(line.location));
            let open: u64 = lines.map(ShownLine::open).sum();
            if open < quantity {
                says.push(json!({ "product_id": product, "open": open }));
            }
        }
        if !says.is_empty() {
            return Err(Refused { status: 422, says });
        }
        let mut arrived = Vec::new();
        let mut shifts: BTreeMap<Position, (u64, u64)> = BTreeMap::new();
        for (item, to) in part.iter().zip(to) {
            let product = products.get(item.product).map(|product| product.id);
            let mut left = item.quantity;
            for line in &mut self.lines {
                let is_there = item.place == ItemPlace::At(line.location);
                let quantity = left.min(line.open());
                if Some(line.product_id) != product || !is_there || quantity == 0 {
                    continue;
                }
                left -= quantity;
                line.quantity -= quantity;
                let from = (line.product_id, line.location);
                shifts.entry(from).or_default().0 += quantity;
                shifts.entry((line.product_id, *to)).or_default().1 += quantity;
                arrived.push(ShownLine {
                    location: *to,
                    quantity,
                    fulfilled: 0,
                    released: 0,
                    ..line.clone()
                });
            }
        }
        for line in &arrived {
            self.arrive(line);
        }
        self.lines.retain(|line| line.quantity > 0);
        let moves = shifts.into_iter().flat_map(|(position, (gone, come))| {
            [
                (position, Action::Deallocate, gone),
                (position, Action::Allocate, come),
            ]
        });
        Ok(moves.filter(|(_, _, quantity)| *quantity > 0).collect())
    }

    /// Makes it other items, each of another product or place, and none of which is sourced. Gives what that
    /// moves; `None` if they are what it is already.
    fn edit(&mut self, items: &[Item], products: &[Product]) -> Result<Option<Moves>, Refused> {
        let lines = items.iter().enumerate().map(|(number, item)| ShownLine {
            item: number,
            is_sourced: false,
            product_id: products
                .get(item.product)
                .map(|it| it.id)
                .unwrap_or_default(),
            location: item.place.location(),
            quantity: item.quantity,
            fulfilled: 0,
            released: 0,
        });
        let mut lines: Vec<ShownLine> = lines.collect();
        let mut shifts: BTreeMap<Position, (u64, u64)> = BTreeMap::new();
        let mut fulfilled: BTreeMap<Position, u64> = BTreeMap::new();
        for line in &self.lines {
            let position = (line.product_id, line.location);
            *fulfilled.entry(position).or_default() += line.fulfilled;
            shifts.entry(position).or_default().0 += line.open();
        }
        for line in &mut lines {
            let position = (line.product_id, line.location);
            line.fulfilled = fulfilled.remove(&position).unwrap_or_default();
            shifts.entry(position).or_default().1 += line.open();
        }
        let kept = lines.iter().filter(|line| line.quantity < line.fulfilled);
        let kept = kept.map(|line| (line.product_id, line.fulfilled));
        let dropped = fulfilled.into_iter().filter(|(_, pieces)| *pieces > 0);
        // Of a product that is dropped, all places are told together.
        let mut of_dropped: BTreeMap<Uuid, u64> = BTreeMap::new();
        for ((product, _), pieces) in dropped {
            *of_dropped.entry(product).or_default() += pieces;
        }
        let says = kept.chain(of_dropped);
        let says = says
            .map(|(product, fulfilled)| json!({ "product_id": product, "fulfilled": fulfilled }));
        let says: Vec<Value> = says.collect();
        if !says.is_empty() {
            return Err(Refused { status: 422, says });
        }
        let moves = shifts.into_iter().filter_map(|(position, (gone, come))| {
            let (action, quantity) = if gone > come {
                (Action::Deallocate, gone - come)
            } else {
                (Action::Allocate, come - gone)
            };
            (quantity > 0).then_some((position, action, quantity))
        });
        let moves: Moves = moves.collect();
        let mut wanted = Wanted::new();
        for line in &lines {
            let place = ItemPlace::At(line.location);
            *wanted.entry((line.product_id, place)).or_default() += line.quantity;
        }
        if moves.is_empty() && wanted == self.wanted {
            return Ok(None);
        }
        if lines.iter().all(|line| line.open() == 0) {
            self.state = State::Fulfilled;
        }
        (self.lines, self.wanted) = (lines, wanted);
        Ok(Some(moves))
    }

    /// Adds pieces to an item, which from then on is shown with its sources.
    fn arrive(&mut self, arrived: &ShownLine) {
        for line in self.lines.iter_mut().filter(|it| it.item == arrived.item) {
            line.is_sourced = true;
        }
        let mut lines = self.lines.iter_mut();
        let is_same =
            |line: &&mut ShownLine| (line.item, line.location) == (arrived.item, arrived.location);
        if let Some(line) = lines.find(is_same) {
            line.quantity += arrived.quantity;
        } else {
            let place = self.lines.partition_point(|line| line.item <= arrived.item);
            let line = ShownLine {
                is_sourced: true,
                ..arrived.clone()
            };
            self.lines.insert(place, line);
        }
    }

    /// Whether a server shows this, after a change or without one. What isn't known yet becomes
    /// what it says.
    pub(super) fn unify(&mut self, shown: &Shown) -> Result<(), String> {
        if shown.state != self.state {
            let (state, is) = (shown.state, self.state);
            return Err(format!("is shown as {state:?}, and is {is:?}"));
        }
        if shown.lines != self.lines {
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
        for line in &self.lines {
            let location = line.location.map_or("unlocated", Location::slug);
            write!(f, "; {} of {} {location} open", line.open(), line.quantity)?;
        }
        Ok(())
    }
}
