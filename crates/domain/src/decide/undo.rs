//! Undoing what the ledger holds: by an entry that does the opposite.

use super::stock::need_visible_stock;
use super::transaction::{EntryOf, Lines, in_batch, in_line};
use super::{Context, Decision};
use crate::command::Request;
use crate::{
    Actor, Annotation, EntryAction, Needs, Recorded, Refusal, ReservationId, State, Stock,
    TransactionAction, Undo, UndoBatch,
};

impl Request for Undo {
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
        undo(&self.recorded, stock, actor, state, context)
    }
}

impl Request for UndoBatch {
    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        for recorded in &self.entries {
            need(recorded, actor, needs);
        }
    }

    /// The last entry is undone first, so that each finds the stock as it has left it, unless
    /// something else has changed it since.
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
            for (index, recorded) in left {
                let stock = lines.stock(actor.acting, recorded.product);
                let decision = undo(recorded, stock, actor, state, context);
                lines.add(decision.map_err(|refusal| in_line(index, refusal))?);
            }
            Ok(lines.close())
        })
    }
}

fn need(recorded: &Recorded, actor: &Actor, needs: &mut Needs) {
    need_visible_stock(needs, actor.acting, recorded.product);
    needs
        .undone
        .insert((recorded.entry.stock, recorded.entry.id));
    needs.reservations.extend(made_by(recorded));
    if let Some(slug) = &recorded.slug {
        for owner in actor.acting.visible() {
            needs.location_slugs.insert((owner, slug.clone()));
        }
    }
}

/// The reservation that has made this entry, if it is one.
fn made_by(recorded: &Recorded) -> Option<ReservationId> {
    let reference = recorded.entry.annotation.reference.as_ref()?;
    ReservationId::parse(reference.as_str())
}

fn undo(
    recorded: &Recorded,
    stock: Option<&Stock>,
    actor: &Actor,
    state: &State,
    context: &mut Context<'_>,
) -> Result<Decision<Recorded>, Refusal> {
    let Recorded { entry, slug, .. } = recorded;
    // An entry of stock that is no longer managed is nowhere to be found.
    let stock = stock
        .filter(|stock| stock.id == entry.stock)
        .ok_or(Refusal::UnknownStock)?;
    if made_by(recorded).is_some_and(|id| state.reservations.contains_key(&id)) {
        return Err(Refusal::MadeByReservation);
    }
    if state.undone.contains(&entry.id) {
        return Err(Refusal::AlreadyUndone);
    }
    let location = entry.location.zip(slug.as_ref());
    let current = stock.balance(entry.location);
    if let (None, Some((location, slug))) = (current, location) {
        // The position can come back if the location is still there.
        state
            .location(stock.owner, slug)
            .filter(|found| found.id == location)
            .ok_or(Refusal::LocationGone)?;
    }
    let current = current.unwrap_or_default();
    let action = match entry.action {
        EntryAction::Create | EntryAction::Increment => TransactionAction::Decrement,
        EntryAction::Decrement => TransactionAction::Increment,
        EntryAction::Allocate => TransactionAction::Deallocate,
        EntryAction::Deallocate => TransactionAction::Allocate,
    };
    let undoing = EntryOf {
        location,
        annotation: Annotation::default(),
        undoes: Some(entry.id),
    };
    undoing.write(stock, current, action, entry.quantity, actor, context)
}
