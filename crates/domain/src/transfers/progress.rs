//! Taking the steps of transfers.

use std::collections::BTreeMap;

use super::book::Booking;
use super::lookup::{check_version, current, need};
use super::{Arrival, Transfer, TransferParts, TransferRef, TransferStep};
use crate::decision::{Actor, Context, Decide, Decision, Needs, Refusal, RefusalKind, State};
use crate::values::{ProductId, Reason, ReceiptId, Timestamp};

/// A step that is asked for. Where it names no products, it is about all that it can be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestedStep {
    /// Allocate everything at the origin.
    Ready,
    /// Send pieces off.
    Ship(Option<TransferParts>),
    /// Record a receipt.
    Receive(Option<BTreeMap<ProductId, Arrival>>),
    /// Give back what is allocated, and bring back what is under way.
    Cancel(Option<TransferParts>),
    /// Take a receipt back.
    UndoReceipt(ReceiptId),
}

impl RequestedStep {
    /// The step, taken at this time; a receipt gets this id.
    pub(super) fn at(&self, at: Timestamp, receipt: ReceiptId) -> TransferStep {
        match self.clone() {
            Self::Ready => TransferStep::Ready,
            Self::Ship(parts) => TransferStep::Ship(parts),
            Self::Receive(items) => TransferStep::Receive { receipt, at, items },
            Self::Cancel(parts) => TransferStep::Cancel(parts),
            Self::UndoReceipt(receipt) => TransferStep::UndoReceipt { receipt, at },
        }
    }
}

/// Takes a step of a transfer: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeStep {
    /// The transfer, as it was read before the command is decided.
    pub transfer: TransferRef,
    /// The step.
    pub step: RequestedStep,
    /// The reason that its entries give instead of the usual ones.
    pub reason: Option<Reason>,
    /// The version that the caller believes the transfer to have, if it says so.
    pub expect_version: Option<u64>,
}

impl Decide for TakeStep {
    type Answer = Transfer;

    fn name(&self) -> &'static str {
        match self.step {
            RequestedStep::Ready => "ready_transfer",
            RequestedStep::Ship(_) => "ship_transfer",
            RequestedStep::Receive(_) => "receive_transfer",
            RequestedStep::Cancel(_) => "cancel_transfer",
            RequestedStep::UndoReceipt(_) => "undo_receipt",
        }
    }

    fn weight(&self) -> usize {
        self.transfer.products.len()
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        need(&self.transfer, needs);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Transfer>, Refusal> {
        let before = current(&self.transfer, actor, state)?;
        let after = before.clone().touched(context.now);
        let mut booking = Booking::new(Some(before), after, self.reason.as_ref(), context);
        let taken = booking.take(&self.step, context);
        let taken = taken.map_err(Refusal::TransferStep);
        match taken {
            Ok(false) => return Ok(Decision::unchanged(before.clone())),
            // A state that doesn't allow the step comes before the version, and that before the stock.
            Err(refusal) if refusal.kind() <= RefusalKind::Conflict => return Err(refusal),
            _ => check_version(before, self.expect_version)?,
        }
        taken?;
        booking.decide(actor, state, context)
    }
}
