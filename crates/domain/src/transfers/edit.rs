//! Making transfers, editing them, and deleting drafts.

use super::book::Booking;
use super::lookup::{check_places, check_version, current, need, origin, owner_of, place};
use super::progress::RequestedStep;
use super::{Transfer, TransferChange, TransferProgress, TransferRef, TransferState};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, Needs, RecordChange, Refusal, State,
};
use crate::stock::lookup::{need_location, need_visible_stock};
use crate::values::{
    Note, Patch, ProductId, Quantity, Reason, Reference, Supplier, Timestamp, TransferId,
    first_version, next_version,
};

/// A place that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestedPlace {
    /// The unlocated pool.
    Unlocated,
    /// The location with this slug.
    Location(String),
}

impl RequestedPlace {
    fn slug(&self) -> Option<&str> {
        match self {
            Self::Unlocated => None,
            Self::Location(slug) => Some(slug),
        }
    }
}

/// An origin that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestedOrigin {
    /// A place of the stock.
    Place(RequestedPlace),
    /// A supplier.
    Supplier(Supplier),
}

impl RequestedOrigin {
    fn slug(&self) -> Option<&str> {
        match self {
            Self::Place(place) => place.slug(),
            Self::Supplier(_) => None,
        }
    }
}

/// Makes a transfer or a delivery, and takes all steps up to a state: all of it or nothing. It belongs to the
/// owner of its products' stock; if none of them has any, to the owner for which the caller acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTransfer {
    /// The origin.
    pub from: RequestedOrigin,
    /// The destination.
    pub to: RequestedPlace,
    /// The products, each named once, and their pieces: 1 to [`TransferProgress::LINES_MAX`].
    pub items: Vec<(ProductId, Quantity)>,
    /// The thing in another system that it belongs to.
    pub reference: Option<Reference>,
    /// A note for people.
    pub note: Option<Note>,
    /// Time at which it is expected to arrive.
    pub expected_at: Option<Timestamp>,
    /// The state to which it is brought. [`TransferState::Cancelled`] is as good as a draft.
    pub state: TransferState,
    /// The reason that its entries give instead of the usual ones.
    pub reason: Option<Reason>,
}

/// Changes fields of a transfer: all of a draft; of another, what the ledger doesn't depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateTransfer {
    /// The transfer, as it was read before the command is decided.
    pub transfer: TransferRef,
    /// Another origin.
    pub from: Option<RequestedOrigin>,
    /// Another destination.
    pub to: Option<RequestedPlace>,
    /// Other products, each named once.
    pub items: Option<Vec<(ProductId, Quantity)>>,
    /// Another reference.
    pub reference: Patch<Reference>,
    /// Another note.
    pub note: Patch<Note>,
    /// Another time of arrival.
    pub expected_at: Patch<Timestamp>,
    /// The version that the caller believes it to have, if it says so.
    pub expect_version: Option<u64>,
}

/// Deletes a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteTransfer {
    /// The transfer, as it was read before the command is decided.
    pub transfer: TransferRef,
}

impl Decide for CreateTransfer {
    type Answer = Transfer;

    fn name(&self) -> &'static str {
        "create_transfer"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        for (product, _) in &self.items {
            need_visible_stock(needs, actor.acting, *product);
        }
        need_location(needs, actor.acting, self.from.slug());
        need_location(needs, actor.acting, self.to.slug());
        // Also of a draft: it keeps it off the path without locks, which stores no transfers.
        needs.open_transfers.extend(needs.stocks.iter().copied());
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Transfer>, Refusal> {
        let products = self.items.iter().map(|(product, _)| *product);
        let owner = owner_of(products, actor, state)?;
        let from = origin(&self.from, owner, state)?;
        let to = place(&self.to, owner, state)?;
        check_places(&from, &to)?;
        let now = context.now;
        let progress = TransferProgress::draft(from.kind(), self.items.iter().copied());
        let draft = Transfer {
            id: TransferId::new(context.ids.next_id(now)),
            owner,
            from,
            to,
            progress,
            reference: self.reference.clone(),
            note: self.note.clone(),
            expected_at: self.expected_at,
            announced: None,
            actor: actor.acting_key(),
            created_at: now,
            updated_at: now,
            version: first_version(),
        };
        let steps: &[RequestedStep] = match self.state {
            TransferState::Draft | TransferState::Cancelled => &[],
            TransferState::Ready => &[RequestedStep::Ready],
            TransferState::InTransit => &[RequestedStep::Ship(None)],
            TransferState::Received => &[RequestedStep::Ship(None), RequestedStep::Receive(None)],
        };
        let mut booking = Booking::new(None, draft, self.reason.as_ref(), context);
        for step in steps {
            booking.take(step, context).map_err(Refusal::TransferStep)?;
        }
        booking.decide(actor, state, context)
    }
}

impl Decide for UpdateTransfer {
    type Answer = Transfer;

    fn name(&self) -> &'static str {
        "update_transfer"
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        need(&self.transfer, needs);
        need_location(
            needs,
            actor.acting,
            self.from.as_ref().and_then(RequestedOrigin::slug),
        );
        need_location(
            needs,
            actor.acting,
            self.to.as_ref().and_then(RequestedPlace::slug),
        );
        for (product, _) in self.items.iter().flatten() {
            need_visible_stock(needs, actor.acting, *product);
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Transfer>, Refusal> {
        let before = current(&self.transfer, actor, state)?;
        let owner = before.owner;
        let products = self.items.iter().flatten().map(|(product, _)| *product);
        let has_stock = |product: &ProductId| state.visible_stock(actor.acting, *product).is_some();
        let stocked: Vec<ProductId> = products.filter(has_stock).collect();
        if !stocked.is_empty() && owner_of(stocked.into_iter(), actor, state)? != owner {
            return Err(Refusal::DifferentOwners);
        }
        let from = self.from.as_ref().map(|from| origin(from, owner, state));
        let from = from.transpose()?.unwrap_or_else(|| before.from.clone());
        let to = self.to.as_ref().map(|to| place(to, owner, state));
        let to = to.transpose()?.unwrap_or_else(|| before.to.clone());
        check_places(&from, &to)?;
        let lines = before.progress.lines.iter();
        let current_items: Vec<_> = lines.map(|line| (line.product, line.quantity)).collect();
        let items = self.items.clone().unwrap_or_else(|| current_items.clone());
        let is_same = from == before.from && to == before.to && items == current_items;
        if !is_same && before.progress.state != TransferState::Draft {
            return Err(Refusal::transfer_is(before.progress.state));
        }
        check_version(before, self.expect_version)?;

        // Point of no return: everything below must succeed.
        let progress = if is_same {
            before.progress.clone()
        } else {
            TransferProgress::draft(from.kind(), items)
        };
        let current = before.clone();
        let after = Transfer {
            from,
            to,
            progress,
            reference: self.reference.clone().apply(current.reference),
            note: self.note.clone().apply(current.note),
            expected_at: self.expected_at.clone().apply(current.expected_at),
            ..current
        };
        if after == *before {
            return Ok(Decision::unchanged(after));
        }
        Ok(changed(before, after.touched(context.now)))
    }
}

impl Decide for DeleteTransfer {
    type Answer = ();

    fn name(&self) -> &'static str {
        "delete_transfer"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        need(&self.transfer, needs);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<()>, Refusal> {
        let transfer = current(&self.transfer, actor, state)?;
        if transfer.progress.state != TransferState::Draft {
            return Err(Refusal::transfer_is(transfer.progress.state));
        }
        let last = transfer.clone().touched(context.now);
        let deleted = RecordChange::TransferDeleted(Box::new(last));
        Ok(Decision {
            changes: vec![Change::Record(deleted)],
            answer: (),
        })
    }
}

impl Transfer {
    /// The transfer with another change, made now. Its time never runs backwards, even if the clocks of the
    /// servers differ.
    pub(super) fn touched(mut self, now: Timestamp) -> Self {
        self.updated_at = self.updated_at.max(now);
        self.version = next_version(self.version);
        self
    }
}

/// The decision that changes a transfer alone.
pub(super) fn changed(before: &Transfer, after: Transfer) -> Decision<Transfer> {
    let change = TransferChange {
        before: Some(before.clone()),
        after: after.clone(),
    };
    let change = RecordChange::Transfer(Box::new(change));
    Decision {
        changes: vec![Change::Record(change)],
        answer: after,
    }
}
