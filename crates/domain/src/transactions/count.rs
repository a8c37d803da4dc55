//! Counts: they correct the books to the number of pieces found on the shelf.
//!
//! A count for a time is compared with the total that the books now give for that time: all entries made
//! up to then, and all later ones that only correct the books. So a difference is applied once, even if
//! it is entered repeatedly, in any order or by several people.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::lines::{EntryOf, Lines, in_batch, in_line};
use crate::decision::{Actor, Context, Decide, Decision, Needs, Refusal, RefusedMovement, State};
use crate::ledger::{Annotation, Balance, Recorded, TransactionAction};
use crate::stock::lookup::{check_location_count, location_for, need_location, need_visible_stock};
use crate::stock::{Stock, StockKey};
use crate::values::{LocationId, ProductId, Quantity, Reason, Reference, Timestamp};

/// An accepted count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The number of pieces that the books gave the position at that time. It is negative if they
    /// contradict themselves.
    pub expected: i64,
    /// The number of pieces counted.
    pub counted: Quantity,
    /// The time of the count.
    pub as_of: Timestamp,
    /// The entry that corrects the books by the difference.
    pub recorded: Recorded,
}

impl AsRef<Recorded> for Counted {
    fn as_ref(&self) -> &Recorded {
        &self.recorded
    }
}

/// The pieces that somebody found in one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The product.
    pub product: ProductId,
    /// The slug of the location; `None` for the unlocated pool.
    pub location: Option<String>,
    /// The number of pieces, allocated or not.
    pub counted: Quantity,
    /// A reference of another system: a stocktaking.
    pub reference: Option<Reference>,
}

/// Corrects the books of one position to a count. Movements after the time of the count are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountStock {
    /// The count.
    pub count: Count,
    /// The time of the count; `None` for the moment of the commit.
    pub as_of: Option<Timestamp>,
}

/// Corrects the books of many positions to counts, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountMany {
    /// The counts; `None` for a line that could not be read, which is refused in order.
    pub counts: Vec<Option<Count>>,
    /// The time of all counts; `None` for the moment of the commit.
    pub as_of: Option<Timestamp>,
    /// Whether all counts are made or none. If not, each is decided on its own.
    pub atomic: bool,
}

impl CountMany {
    /// The largest number of lines. (Source: the HTTP contract.)
    pub const LINES_MAX: usize = 10_000;
}

/// The reason of a count's ledger entry.
const REASON: &str = "count";

/// The largest lead of a count's time over the server's clock, since clocks differ. (Source: the HTTP
/// contract.)
const CLOCK_DIFFERENCE_MAX_MILLISECONDS: i64 = 5_000;

impl Decide for CountStock {
    type Answer = Counted;

    fn name(&self) -> &'static str {
        "count"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need(&self.count, self.as_of, actor, needs);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Counted>, Refusal> {
        let mut books = Books::new(state, self.as_of, context.now);
        let stock = state.visible_stock(actor.acting, self.count.product);
        books.correct(&self.count, stock, actor, context)
    }
}

impl Decide for CountMany {
    type Answer = Vec<Result<Counted, Refusal>>;

    fn name(&self) -> &'static str {
        "count_many"
    }

    fn weight(&self) -> usize {
        self.counts.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        for count in self.counts.iter().flatten() {
            need(count, self.as_of, actor, needs);
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Vec<Result<Counted, Refusal>>>, Refusal> {
        let mut books = Books::new(state, self.as_of, context.now);
        books.check_as_of()?;
        in_batch(actor, context, |context| {
            let mut lines = Lines::new(state);
            for (index, count) in self.counts.iter().enumerate() {
                let decision = count.as_ref().ok_or(Refusal::NotACount).and_then(|count| {
                    let stock = lines.stock(actor.acting, count.product);
                    books.correct(count, stock, actor, context)
                });
                match decision {
                    Ok(decision) => lines.add(decision),
                    Err(refusal) if self.atomic => return Err(in_line(index, refusal)),
                    Err(refusal) => lines.answer.push(Err(refusal)),
                }
            }
            Ok(lines.close())
        })
    }
}

fn need(count: &Count, as_of: Option<Timestamp>, actor: &Actor, needs: &mut Needs) {
    need_visible_stock(needs, actor.acting, count.product);
    need_location(needs, actor.acting, count.location.as_deref());
    if let Some(as_of) = as_of {
        for owner in actor.acting.visible() {
            let product = count.product;
            let key = StockKey { product, owner };
            needs.past.insert((key, as_of));
            needs.corrections.insert((key, as_of));
        }
    }
}

/// The books at a given time, with the corrections already made by the counts of one command.
struct Books<'a> {
    state: &'a State,
    as_of: Option<Timestamp>,
    now: Timestamp,
    /// The expected total at `as_of` of each position that was counted.
    positions: HashMap<(StockKey, Option<LocationId>), i64>,
}

impl<'a> Books<'a> {
    fn new(state: &'a State, as_of: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            state,
            as_of,
            now,
            positions: HashMap::new(),
        }
    }

    fn check_as_of(&self) -> Result<(), Refusal> {
        let latest = self
            .now
            .plus_milliseconds(CLOCK_DIFFERENCE_MAX_MILLISECONDS);
        match self.as_of {
            Some(as_of) if as_of > latest => Err(Refusal::AsOfInFuture),
            _ => Ok(()),
        }
    }

    /// Writes the entry that corrects a position to the count.
    fn correct(
        &mut self,
        count: &Count,
        stock: Option<&Stock>,
        actor: &Actor,
        context: &mut Context<'_>,
    ) -> Result<Decision<Counted>, Refusal> {
        let location = match &count.location {
            None => None,
            Some(slug) => Some(location_for(self.state, actor, stock, slug)?),
        };
        self.check_as_of()?;
        let stock = stock.ok_or(Refusal::UnknownStock)?;
        let location_id = location.map(|location| location.id);
        let position = stock.balance(location_id);
        if position.is_none() {
            check_location_count(stock.located.len().saturating_add(1))?;
        }
        let current = position.unwrap_or_default();
        let past = self.as_of.filter(|as_of| *as_of <= self.now);
        let (as_of, expected) = match past {
            Some(as_of) => (as_of, self.expected_at(as_of, stock, location_id)?),
            // The count comes after every existing entry.
            None => (self.now.max(stock.updated_at), i64::from(current.total())),
        };
        let difference = i64::from(count.counted).saturating_sub(expected);
        let action = if difference < 0 {
            TransactionAction::Decrement
        } else {
            TransactionAction::Increment
        };
        let pieces = Quantity::new(difference.unsigned_abs());
        let entry = EntryOf {
            location: location.map(|location| (location.id, &location.slug)),
            added: location.filter(|_| position.is_none()),
            annotation: Annotation {
                reason: Reason::new("reason", REASON).ok(),
                reference: count.reference.clone(),
            },
            undoes: None,
            as_of: Some(as_of),
        };
        let pieces = pieces.ok_or(Refusal::TotalWouldOverflow(RefusedMovement {
            requested: count.counted,
            balance: current,
            reserved: stock.held(location_id),
        }))?;
        let decision = entry.write(stock, current, action, pieces, actor, context)?;
        if past.is_some() {
            let position = (stock.key(), location_id);
            self.positions.insert(position, count.counted.into());
        }
        Ok(decision.map(|recorded| Counted {
            expected,
            counted: count.counted,
            as_of,
            recorded,
        }))
    }

    /// The total that the books give a position at a time. It is below zero if they contradict
    /// themselves: more pieces had left by then than were counted before.
    fn expected_at(
        &self,
        as_of: Timestamp,
        stock: &Stock,
        location: Option<LocationId>,
    ) -> Result<i64, Refusal> {
        let key = stock.key();
        if let Some(expected) = self.positions.get(&(key, location)) {
            return Ok(*expected);
        }
        let past = self.state.past.get(&(key, as_of));
        let past = past.ok_or(Refusal::NotManagedThen)?.balance(location);
        // Allocated pieces still lie on the shelf.
        let total = i64::from(past.map(Balance::total).unwrap_or_default());
        let Some(corrections) = self.state.corrections.get(&(key, as_of)) else {
            return Ok(total);
        };
        match corrections.valid_counts(location).next_back() {
            Some((_, latest)) if latest > as_of => Err(Refusal::LaterCount { as_of: latest }),
            _ => Ok(total.saturating_add(corrections.change_at(location, as_of))),
        }
    }
}
