//! Undoing of ledger entries, by an entry that does the opposite.

use std::collections::HashMap;

use super::lines::{EntryOf, Lines, in_batch, in_line};
use super::transact::Answers;
use crate::decision::{Actor, Context, Decide, Decision, Needs, Refusal, State};
use crate::ledger::{Annotation, Corrections, EntryAction, Recorded, TransactionAction};
use crate::stock::lookup::need_visible_stock;
use crate::stock::{Stock, StockKey};
use crate::values::{LocationId, Owner, ReservationId, Timestamp, TransactionId, TransferId};

/// Undoes an entry of the ledger of a stock that the caller sees, at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The entry. It is read before the command is decided: entries never change.
    pub recorded: Recorded,
}

/// Undoes all entries of a batch that aren't undone yet, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoBatch {
    /// The entries, in the order in which they were made. They are read before the command is decided:
    /// entries never change.
    pub entries: Vec<Recorded>,
}

impl Decide for Undo {
    type Answer = Recorded;

    fn name(&self) -> &'static str {
        "undo"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need(&self.recorded, actor, needs);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Recorded>, Refusal> {
        let stock = state.visible_stock(actor.acting, self.recorded.product);
        let mut counts = Counts::default();
        undo(&self.recorded, stock, &mut counts, actor, state, context)
    }
}

impl Decide for UndoBatch {
    type Answer = Vec<Result<Recorded, Refusal>>;

    fn name(&self) -> &'static str {
        "undo_batch"
    }

    fn weight(&self) -> usize {
        self.entries.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        for recorded in &self.entries {
            need(recorded, actor, needs);
        }
    }

    /// Undoes the last entry first, so that each finds the stock as that entry left it, unless something
    /// else has changed the stock since.
    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Vec<Result<Recorded, Refusal>>>, Refusal> {
        let entries = self.entries.iter().enumerate().rev();
        let left: Vec<_> = entries
            .filter(|(_, recorded)| !state.undone.contains(&recorded.entry.id))
            .collect();
        if left.is_empty() {
            return Err(Refusal::AlreadyUndone);
        }
        in_batch(actor, context, |context| {
            let mut lines = Lines::new(state);
            let mut counts = Counts::default();
            for (index, recorded) in left {
                let stock = lines.stock(actor.acting, recorded.product);
                let decision = undo(recorded, stock, &mut counts, actor, state, context);
                lines.add(decision.map_err(|refusal| in_line(index, refusal))?);
            }
            Ok(lines.close())
        })
    }
}

pub(crate) fn need(recorded: &Recorded, actor: &Actor, needs: &mut Needs) {
    need_visible_stock(needs, actor.acting, recorded.product);
    needs
        .undone
        .insert((recorded.entry.stock, recorded.entry.id));
    needs
        .reservations
        .extend(made_by(recorded, ReservationId::parse));
    needs.transfers.extend(made_by(recorded, TransferId::parse));
    if actor.key_owner != Owner::Organization {
        needs.keys.extend(recorded.entry.actor);
    }
    if let Some(slug) = &recorded.slug {
        for owner in actor.acting.visible() {
            needs.location_slugs.insert((owner, slug.clone()));
        }
    }
    if let Some(since) = corrections_since(recorded) {
        for owner in actor.acting.visible() {
            let product = recorded.product;
            needs
                .corrections
                .insert((StockKey { product, owner }, since));
        }
    }
}

/// Undoes those of these entries that can be undone, in this order, in one batch; gives the outcome of each.
pub(crate) fn undo_each<'a>(
    entries: impl Iterator<Item = &'a Recorded>,
    actor: &Actor,
    state: &State,
    context: &mut Context<'_>,
) -> Result<Decision<Answers<Recorded>>, Refusal> {
    in_batch(actor, context, |context| {
        let mut lines = Lines::new(state);
        let mut counts = Counts::default();
        for recorded in entries {
            let stock = lines.stock(actor.acting, recorded.product);
            match undo(recorded, stock, &mut counts, actor, state, context) {
                Ok(decision) => lines.add(decision),
                Err(refusal) => lines.answer.push(Err(refusal)),
            }
        }
        Ok(lines.close())
    })
}

/// The thing whose id is the entry's reference, if it is such an id.
fn made_by<T>(recorded: &Recorded, parse: fn(&str) -> Option<T>) -> Option<T> {
    let reference = recorded.entry.annotation.reference.as_ref()?;
    parse(reference.as_str())
}

/// Whether a transfer has made the entry: in a batch, and on a stock that it moves. Callers may give its id as a
/// reference, too.
fn made_by_transfer(recorded: &Recorded, state: &State) -> bool {
    let transfer = made_by(recorded, TransferId::parse);
    let transfer = transfer.and_then(|id| state.transfers.get(&id));
    recorded.entry.batch.is_some()
        && transfer.is_some_and(|transfer| {
            let mut lines = transfer.progress.lines.iter();
            lines.any(|line| line.stock == Some(recorded.entry.stock))
        })
}

/// Refuses a store's key to undo an entry on shared stock that no key of that store made. A deleted key
/// counts as no store's.
fn check_maker(
    recorded: &Recorded,
    stock: &Stock,
    actor: &Actor,
    state: &State,
) -> Result<(), Refusal> {
    let maker = recorded.entry.actor.and_then(|key| state.keys.get(&key));
    if maker.is_some_and(|maker| maker.owner == actor.key_owner) {
        return Ok(());
    }
    actor.may_administer(stock.owner)
}

/// The time from which corrections have to be loaded: just before the count that is to be undone or, if
/// this entry itself undoes one, just before that one, which may be a count. These corrections decide
/// whether the entry can be undone.
fn corrections_since(recorded: &Recorded) -> Option<Timestamp> {
    let entry = &recorded.entry;
    let at = match entry.undoes {
        Some(undone) => undone.created_at(),
        None => entry.as_of.map(|_| entry.created_at),
    };
    at.map(|at| at.plus_milliseconds(-1))
}

/// The counts that aren't undone, of each position that one command reads, oldest first.
#[derive(Default)]
struct Counts(HashMap<(StockKey, Option<LocationId>, Timestamp), Vec<TransactionId>>);

impl Counts {
    /// Removes this count, which must be the latest one of its position.
    fn take_latest(
        &mut self,
        position: (StockKey, Option<LocationId>, Timestamp),
        corrections: &Corrections,
        id: TransactionId,
    ) -> Result<(), Refusal> {
        let counts = self.0.entry(position).or_insert_with(|| {
            let counts = corrections.valid_counts(position.1);
            counts.map(|(id, _)| id).collect()
        });
        if counts.last() == Some(&id) {
            counts.pop();
            Ok(())
        } else {
            Err(Refusal::CountNotLatest)
        }
    }
}

/// Refuses an undo after which the books would differ from those that later counts were compared with.
fn check_counts(
    recorded: &Recorded,
    stock: &Stock,
    counts: &mut Counts,
    state: &State,
) -> Result<(), Refusal> {
    let Some(since) = corrections_since(recorded) else {
        return Ok(());
    };
    let entry = &recorded.entry;
    let key = stock.key();
    let Some(corrections) = state.corrections.get(&(key, since)) else {
        return Ok(());
    };
    match entry.undoes {
        None => counts.take_latest((key, entry.location, since), corrections, entry.id),
        Some(undone) if corrections.has_count(entry.location, undone) => Err(Refusal::CountUndone),
        Some(_) => Ok(()),
    }
}

fn undo(
    recorded: &Recorded,
    stock: Option<&Stock>,
    counts: &mut Counts,
    actor: &Actor,
    state: &State,
    context: &mut Context<'_>,
) -> Result<Decision<Recorded>, Refusal> {
    let Recorded { entry, slug, .. } = recorded;
    // An entry of deleted stock can't be undone.
    let stock = stock
        .filter(|stock| stock.id == entry.stock)
        .ok_or(Refusal::UnknownStock)?;
    check_maker(recorded, stock, actor, state)?;
    let reservation = made_by(recorded, ReservationId::parse);
    if reservation.is_some_and(|id| state.reservations.contains_key(&id)) {
        return Err(Refusal::MadeByReservation);
    }
    if made_by_transfer(recorded, state) {
        return Err(Refusal::MadeByTransfer);
    }
    if state.undone.contains(&entry.id) {
        return Err(Refusal::AlreadyUndone);
    }
    check_counts(recorded, stock, counts, state)?;
    let location = entry.location.zip(slug.as_ref());
    let current = stock.balance(entry.location);
    let added = match (current, location) {
        (None, Some((location, slug))) => {
            // The position can come back if the location is still there.
            let found = state.location(stock.owner, slug);
            let found = found.filter(|found| found.id == location);
            Some(found.ok_or(Refusal::LocationGone)?)
        }
        _ => None,
    };
    let current = current.unwrap_or_default();
    let action = match entry.action {
        EntryAction::Create | EntryAction::Increment => TransactionAction::Decrement,
        EntryAction::Decrement => TransactionAction::Increment,
        EntryAction::Allocate => TransactionAction::Deallocate,
        EntryAction::Deallocate => TransactionAction::Allocate,
    };
    let undoing = EntryOf {
        location,
        added,
        annotation: Annotation::default(),
        undoes: Some(entry.id),
        as_of: None,
    };
    undoing.write(stock, current, action, entry.quantity, actor, context)
}
