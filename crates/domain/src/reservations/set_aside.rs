//! Setting stock aside with a reason: damaged, on display, recalled. It isn't sold.

use super::find::{Freed, Taking, find};
use super::moves::{shift_all, shifts};
use super::reserve::{lines, need_items, requests};
use super::{Reservation, ReservationItem, ReservationState, Reserved};
use crate::decision::{Actor, Change, Context, Decide, Decision, Needs, Refusal, State};
use crate::values::{Reason, ReservationId, first_version};

/// Sets stock aside: all of it or nothing. It is released or written off as a reservation is, and never
/// expires. Safety stock doesn't count, nor whether a location is enabled, as nothing is sold. (Source: the
/// contract of transfers.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The reason, which the entries of the ledger give as well.
    pub reason: Reason,
    /// The items to be set aside. Those that name no place are taken from the unlocated pool.
    pub items: Vec<ReservationItem>,
}

impl Decide for SetAside {
    type Answer = Reserved;

    const SHARES_STATE: bool = true;

    fn name(&self) -> &'static str {
        "set_aside"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        // The layout keeps it off the path without locks, which stores no reasons.
        needs.layout = true;
        need_items(&self.items, None, actor, needs);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Reserved>, Refusal> {
        let requests = requests(&self.items, None, actor, state)?;
        let (found, shortages) = find(&requests, Taking::Aside, &Freed::new());
        if !shortages.is_empty() {
            let shortages = shortages.into_iter().map(|(_, shortage)| shortage);
            return Err(Refusal::ReservationShort(shortages.collect()));
        }

        // Point of no return: everything below must succeed.
        let now = context.now;
        let found = requests.iter().zip(&found);
        let reservation = Reservation {
            id: ReservationId::new(context.ids.next_id(now)),
            owner: actor.acting,
            order: None,
            hold_reason: Some(self.reason.clone()),
            state: ReservationState::Held,
            lines: found
                .flat_map(|(request, found)| lines(request, found))
                .collect(),
            sent: None,
            actor: actor.acting_key(),
            created_at: now,
            updated_at: now,
            version: first_version(),
        };
        let shifts = shifts(&[], &reservation.lines);
        let reason = Some(self.reason.as_str());
        let mut changes = shift_all(&shifts, reason, &reservation, actor, state, context);
        changes.push(Change::Reservation(reservation.clone()));
        Ok(Decision {
            changes,
            answer: Reserved {
                reservation,
                is_new: true,
            },
        })
    }
}
