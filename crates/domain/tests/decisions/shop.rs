//! A database for these tests: what a shop's reservations and stock are, from one command to the
//! next.

use std::collections::{BTreeMap, HashMap};

use stockroom_domain::{
    Answer, Answered, Command, Context, Entry, Event, ExpiresIn, LapsedLine, LapsedLines,
    LocationId, OrderId, Owner, Position, ProductId, Reason, Refusal, Reservation, ReservationId,
    ReservationItem, ReservationRef, ReservationState, Reserve, Reserved, SetAside, State, Stock,
    StockKey, Timestamp,
};

use crate::scene::{
    CountingIds, actor, at, decide_all, id, location, product, quantity, stock, store,
};

/// How long a reservation of these tests takes to expire, in milliseconds.
pub(crate) const EXPIRY: i64 = 60_000;

/// The location that some of these shops have.
pub(crate) const BERLIN: Option<&str> = Some("berlin");

/// Its id.
pub(crate) fn berlin() -> LocationId {
    id(0x10)
}

#[derive(Clone, Default)]
pub(crate) struct Shop {
    pub(crate) stocks: HashMap<StockKey, Stock>,
    pub(crate) reservations: BTreeMap<ReservationId, Reservation>,
    pub(crate) orders: HashMap<(Owner, OrderId), ReservationId>,
    /// The ledgers, in the order in which they were written.
    pub(crate) entries: Vec<Entry>,
    /// The events that aren't entries.
    pub(crate) events: Vec<Event>,
    /// The location `berlin` sells nothing.
    pub(crate) berlin_disabled: bool,
    asked: u64,
}

impl Shop {
    /// With so much of the product in no location.
    pub(crate) fn with(available: u64) -> Self {
        let mut shop = Self::default();
        shop.add(stock(store(), crate::scene::balance(available, 0)));
        shop
    }

    /// With so much of the product in no location, and in `berlin`.
    pub(crate) fn with_berlin(unlocated: u64, in_berlin: u64) -> Self {
        let mut shop = Self::with(unlocated);
        let mut located = shop.stock().clone();
        let position = Position {
            balance: crate::scene::balance(in_berlin, 0),
            ..Position::empty(&location(store(), 0x10, "berlin"))
        };
        located.located.insert(berlin(), position);
        shop.add(located);
        shop
    }

    pub(crate) fn add(&mut self, stock: Stock) {
        self.stocks.insert(stock.key(), stock);
    }

    pub(crate) fn stock(&self) -> &Stock {
        let (product, owner) = (product(), store());
        &self.stocks[&StockKey { product, owner }]
    }

    /// What is available of the product, allocated, and held.
    pub(crate) fn figures(&self) -> [u64; 3] {
        let sums = self.stock().sums();
        let located = self.stock().located.values().map(|it| it.held.get());
        let held = self.stock().unlocated_held.get() + located.sum::<u64>();
        [sums.available.get(), sums.allocated.get(), held]
    }

    fn state(&self, now: Timestamp) -> State {
        let mut state = State::default();
        let mut berlin = location(store(), 0x10, "berlin");
        berlin.enabled = !self.berlin_disabled;
        state.stocks.clone_from(&self.stocks);
        // As databases load it: by the location, at the time of reading.
        for stock in state.stocks.values_mut() {
            if let Some(position) = stock.located.get_mut(&berlin.id) {
                position.enabled = berlin.enabled;
            }
        }
        state.add_location(berlin);
        state.reservations = self.reservations.clone().into_iter().collect();
        state.orders.clone_from(&self.orders);
        for (key, stock) in &self.stocks {
            if let Some(until) = stock.due(now) {
                state.due.insert(*key, self.due(stock, until));
            }
        }
        state
    }

    fn due(&self, stock: &Stock, until: Timestamp) -> LapsedLines {
        let mut due = LapsedLines::default();
        for reservation in self.reservations.values() {
            let ReservationState::Pending { expires_at } = reservation.state else {
                continue;
            };
            let lines = reservation.lines.iter().enumerate();
            for (place, line) in lines.filter(|(_, line)| line.stock == stock.id) {
                if line.open().is_zero() {
                } else if expires_at <= until {
                    due.holds.push(LapsedLine {
                        reservation: reservation.id,
                        line: place,
                        location: line.location.as_ref().map(|(id, _)| *id),
                        quantity: line.open(),
                        expires_at,
                    });
                } else {
                    due.next = Some(due.next.map_or(expires_at, |next| next.min(expires_at)));
                }
            }
        }
        due
    }

    /// Asks at this time, in milliseconds after the beginning of the tests, and keeps what changes.
    pub(crate) fn ask<R: Answered>(
        &mut self,
        milliseconds: i64,
        request: R,
    ) -> Result<R::Answer, Refusal> {
        self.asked += 1;
        let now = at(milliseconds);
        let mut ids = CountingIds::after(self.asked * 1_000);
        let command = Command::new(actor(store()), request);
        let (outcomes, changes) = decide_all(
            &[command],
            self.state(now),
            &mut Context::new(now, &mut ids),
        );
        for (key, change) in changes.stocks {
            match change.after {
                Some(stock) => self.stocks.insert(key, stock),
                None => self.stocks.remove(&key),
            };
        }
        for hold in changes.settled {
            let reservation = self.reservations.get_mut(&hold.reservation);
            let line = &mut reservation.expect("a reservation").lines[hold.line];
            assert_eq!(line.open(), hold.quantity);
            line.released = quantity(line.quantity.get() - line.fulfilled.get());
        }
        for (id, change) in changes.reservations {
            assert_eq!(self.reservations.get(&id), change.before.as_ref());
            if let Some(order) = change.order_taken() {
                self.orders.insert((store(), order.clone()), id);
            }
            self.reservations.insert(id, change.after);
        }
        self.entries.extend(changes.entries);
        self.events.extend(changes.events);
        let outcome = outcomes.into_iter().next().expect("an outcome");
        outcome.map(|answer: Answer| R::take(answer).expect("an answer of its kind"))
    }

    pub(crate) fn reserve(&mut self, milliseconds: i64, pieces: u64) -> Result<Reserved, Refusal> {
        self.ask(milliseconds, reserve(&[(None, pieces)]))
    }

    /// A pending reservation of so many pieces, made at the beginning.
    pub(crate) fn pending(&mut self, pieces: u64) -> ReservationRef {
        let reserved = self.reserve(0, pieces).expect("a reservation");
        reserved.reservation.reference()
    }

    pub(crate) fn reservation(&self, reference: &ReservationRef) -> &Reservation {
        &self.reservations[&reference.id]
    }

    /// What the ledger says since the entry with this number: what was done, to how many pieces.
    pub(crate) fn written(&self, since: usize) -> Vec<(&'static str, u64)> {
        let entries = self.entries[since..].iter();
        entries
            .map(|entry| (entry.action.as_str(), entry.quantity.get()))
            .collect()
    }
}

pub(crate) fn item(slug: Option<&str>, pieces: u64) -> ReservationItem {
    item_of(product(), slug, pieces)
}

pub(crate) fn item_of(product: ProductId, slug: Option<&str>, pieces: u64) -> ReservationItem {
    ReservationItem {
        product,
        place: slug.map(str::to_owned).into(),
        quantity: quantity(pieces),
    }
}

/// For a minute, of the product.
pub(crate) fn reserve(items: &[(Option<&str>, u64)]) -> Reserve {
    Reserve {
        order: None,
        expires_in: ExpiresIn::from_seconds(60).expect("a time"),
        items: items
            .iter()
            .map(|(slug, pieces)| item(*slug, *pieces))
            .collect(),
        sourcing: None,
    }
}

/// Sets pieces of the product aside, because they are damaged.
pub(crate) fn set_aside(items: &[(Option<&str>, u64)]) -> SetAside {
    SetAside {
        reason: Reason::new("reason", "damaged").expect("a reason"),
        items: reserve(items).items,
    }
}

/// The same, for an order.
pub(crate) fn reserve_for(order: &str, items: &[(Option<&str>, u64)]) -> Reserve {
    Reserve {
        order: OrderId::new("order_id", order).ok(),
        ..reserve(items)
    }
}

/// A second product, with stock of so many pieces.
pub(crate) fn other_stock(available: u64) -> Stock {
    Stock {
        id: id(0x58),
        product: id(0xB),
        ..stock(store(), crate::scene::balance(available, 0))
    }
}
