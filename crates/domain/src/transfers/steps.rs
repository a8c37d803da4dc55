//! The steps of a transfer: the states in which each is allowed, and the figures and entries that it makes.

use std::collections::BTreeMap;

use super::entries::{TransferEnd, TransferEntry, TransferReason};
use super::{
    Arrival, Receipt, TransferKind, TransferLine, TransferParts, TransferProgress, TransferState,
    TransferStepRefused,
};
use crate::ledger::EntryAction;
use crate::values::{ProductId, Quantity, ReceiptId, Timestamp};

/// A step of a transfer. Where it names no products, it is about all that it can be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferStep {
    /// Allocates everything at the origin.
    Ready,
    /// Pieces leave the origin. From a draft, the rest is allocated.
    Ship(Option<TransferParts>),
    /// Pieces that are under way arrive.
    Receive {
        /// The id of the new receipt.
        receipt: ReceiptId,
        /// Time of the receipt.
        at: Timestamp,
        /// The pieces of each product; `None` if all that is under way has arrived in order.
        items: Option<BTreeMap<ProductId, Arrival>>,
    },
    /// Gives back what is allocated, and then brings back what is under way.
    Cancel(Option<TransferParts>),
    /// Takes a receipt back.
    UndoReceipt {
        /// The receipt.
        receipt: ReceiptId,
        /// Time of the undoing.
        at: Timestamp,
    },
}

/// The result of a step: the progress after it, and the entries that it makes, those of one line together.
type Taken = (TransferProgress, Vec<TransferEntry>);

impl TransferProgress {
    /// Takes a step, in whole. Returns the progress after it and the entries that it makes, line by line;
    /// `None` if there is nothing left to do, so that repeating a step is no error.
    ///
    /// # Errors
    /// The first [`TransferStepRefused`] that applies.
    pub fn take(&self, step: &TransferStep) -> Result<Option<Taken>, TransferStepRefused> {
        let mut walk = Walk {
            after: self.clone(),
            entries: Vec::new(),
        };
        let is_taken = match step {
            TransferStep::Ready => walk.ready()?,
            TransferStep::Ship(parts) => walk.ship(parts.as_ref())?,
            TransferStep::Receive { receipt, at, items } => {
                walk.receive(*receipt, *at, items.as_ref())?
            }
            TransferStep::Cancel(parts) => walk.cancel(parts.as_ref())?,
            TransferStep::UndoReceipt { receipt, at } => walk.undo(*receipt, *at)?,
        };
        Ok(is_taken.then_some((walk.after, walk.entries)))
    }
}

/// Whether a step changes anything.
type IsTaken = Result<bool, TransferStepRefused>;

/// A step that is being taken.
struct Walk {
    after: TransferProgress,
    entries: Vec<TransferEntry>,
}

impl Walk {
    fn ready(&mut self) -> IsTaken {
        match (self.after.state, self.after.kind) {
            (TransferState::Draft, TransferKind::Internal) => {}
            (TransferState::Ready, TransferKind::Internal) => return Ok(false),
            (state, _) => return Err(TransferStepRefused::TransferIs(state)),
        }
        self.each(|line, book| {
            line.allocated = line.quantity;
            book.at_origin(EntryAction::Allocate, line.quantity, TransferReason::Moved);
        });
        self.after.state = TransferState::Ready;
        Ok(true)
    }

    fn ship(&mut self, parts: Option<&TransferParts>) -> IsTaken {
        if self.after.kind == TransferKind::Delivery && parts.is_some() {
            return Err(TransferStepRefused::DeliveryInParts);
        }
        let is_draft = match self.after.state {
            TransferState::Draft => true,
            TransferState::Ready | TransferState::InTransit => false,
            TransferState::Received if parts.is_none() => return Ok(false),
            state => return Err(TransferStepRefused::TransferIs(state)),
        };
        let there = |line: &TransferLine| {
            if is_draft {
                line.quantity
            } else {
                line.allocated
            }
        };
        let parts = self.after.parts(parts, there)?;
        if parts.is_empty() {
            return Ok(false);
        }
        self.each(|line, book| {
            let shipped = parts.get(&line.product).copied().unwrap_or_default();
            let reason = TransferReason::Moved;
            if !is_draft {
                book.at_origin(EntryAction::Deallocate, shipped, reason);
            }
            book.at_origin(EntryAction::Decrement, shipped, reason);
            line.allocated = there(line).saturating_sub(shipped);
            line.in_transit = line.in_transit.saturating_add(shipped);
            if is_draft {
                book.at_origin(EntryAction::Allocate, line.allocated, reason);
            }
        });
        self.after.state = TransferState::InTransit;
        Ok(true)
    }

    fn receive(
        &mut self,
        receipt: ReceiptId,
        at: Timestamp,
        items: Option<&BTreeMap<ProductId, Arrival>>,
    ) -> IsTaken {
        match self.after.state {
            TransferState::InTransit => {}
            TransferState::Received if items.is_none() => return Ok(false),
            state => return Err(TransferStepRefused::TransferIs(state)),
        }
        let items = self.after.arrivals(items)?;
        if items.is_empty() {
            return Ok(false);
        }
        if self.after.receipts.len() >= TransferProgress::RECEIPTS_MAX {
            return Err(TransferStepRefused::TooManyReceipts {
                receipts_max: TransferProgress::RECEIPTS_MAX,
            });
        }
        let mut booked = Vec::new();
        self.each(|line, book| {
            let Some(arrival) = items.get(&line.product) else {
                return;
            };
            line.arrive(arrival);
            booked.push((line.product, *arrival));
            let (increment, damaged) = (EntryAction::Increment, TransferReason::Damaged);
            book.at_destination(increment, arrival.received, TransferReason::Moved);
            book.at_destination(increment, arrival.damaged, damaged);
            book.at_destination(EntryAction::Decrement, arrival.damaged, damaged);
            book.at_destination(increment, arrival.surplus, TransferReason::Surplus);
        });
        self.after.receipts.push(Receipt {
            id: receipt,
            at,
            items: booked,
            undone_at: None,
        });
        self.end(TransferState::Received);
        Ok(true)
    }

    fn cancel(&mut self, parts: Option<&TransferParts>) -> IsTaken {
        match self.after.state {
            TransferState::Ready | TransferState::InTransit => {}
            TransferState::Cancelled => return Ok(false),
            state => return Err(TransferStepRefused::TransferIs(state)),
        }
        let parts = self.after.parts(parts, TransferLine::open)?;
        self.each(|line, book| {
            let cancelled = parts.get(&line.product).copied().unwrap_or_default();
            let given_back = cancelled.min(line.allocated);
            let brought_back = cancelled.saturating_sub(given_back);
            let reason = TransferReason::Cancelled;
            book.at_origin(EntryAction::Deallocate, given_back, reason);
            book.at_origin(EntryAction::Increment, brought_back, reason);
            line.allocated = line.allocated.saturating_sub(given_back);
            line.in_transit = line.in_transit.saturating_sub(brought_back);
            line.cancelled = line.cancelled.saturating_add(cancelled);
        });
        self.end(TransferState::Cancelled);
        Ok(true)
    }

    fn undo(&mut self, receipt: ReceiptId, at: Timestamp) -> IsTaken {
        let receipts = &mut self.after.receipts;
        let receipt = receipts.iter_mut().find(|it| it.id == receipt);
        let receipt = receipt.ok_or(TransferStepRefused::ReceiptNotFound)?;
        if receipt.undone_at.is_some() {
            return Err(TransferStepRefused::ReceiptUndone);
        }
        receipt.undone_at = Some(at);
        let items: BTreeMap<ProductId, Arrival> = receipt.items.iter().copied().collect();
        self.each(|line, book| {
            let Some(arrival) = items.get(&line.product) else {
                return;
            };
            line.take_back(arrival);
            // What was damaged has left the destination already.
            let there = arrival.received.saturating_add(arrival.surplus);
            book.at_destination(EntryAction::Decrement, there, TransferReason::Undone);
        });
        // A receipt of nothing but surplus leaves an ended transfer as it is: nothing is under way again.
        if self.after.has_open() {
            self.after.state = TransferState::InTransit;
        }
        Ok(true)
    }

    /// Changes each line, and books its entries.
    fn each(&mut self, mut change: impl FnMut(&mut TransferLine, &mut Book<'_>)) {
        for line in &mut self.after.lines {
            let mut book = Book {
                product: line.product,
                kind: self.after.kind,
                entries: &mut self.entries,
            };
            change(line, &mut book);
        }
    }

    /// Ends the transfer, if nothing is allocated or under way any more.
    fn end(&mut self, state: TransferState) {
        if !self.after.has_open() {
            self.after.state = state;
        }
    }
}

/// The entries of a line.
struct Book<'a> {
    product: ProductId,
    kind: TransferKind,
    entries: &'a mut Vec<TransferEntry>,
}

impl Book<'_> {
    /// Books pieces at the origin, if there are any. A supplier's shelves have no ledger.
    fn at_origin(&mut self, action: EntryAction, quantity: Quantity, reason: TransferReason) {
        if self.kind == TransferKind::Internal {
            self.book(TransferEnd::Origin, action, quantity, reason);
        }
    }

    fn at_destination(&mut self, action: EntryAction, quantity: Quantity, reason: TransferReason) {
        self.book(TransferEnd::Destination, action, quantity, reason);
    }

    fn book(
        &mut self,
        end: TransferEnd,
        action: EntryAction,
        quantity: Quantity,
        reason: TransferReason,
    ) {
        if !quantity.is_zero() {
            self.entries.push(TransferEntry {
                product: self.product,
                end,
                action,
                quantity,
                reason,
            });
        }
    }
}

impl TransferProgress {
    /// The pieces of each product that a step is about: the parts named, or all that are there for it. Lines of
    /// which there are none are left out.
    fn parts(
        &self,
        parts: Option<&TransferParts>,
        there: impl Fn(&TransferLine) -> Quantity,
    ) -> Result<TransferParts, TransferStepRefused> {
        let Some(parts) = parts else {
            let all = self.lines.iter().map(|line| (line.product, there(line)));
            return Ok(all.filter(|(_, pieces)| !pieces.is_zero()).collect());
        };
        for (product, pieces) in parts {
            let open = self.line(*product).map(&there).unwrap_or_default();
            if *pieces > open {
                let product = *product;
                return Err(TransferStepRefused::NotSoMany { product, open });
            }
        }
        Ok(parts.clone())
    }

    /// The arrivals that a receipt records: those named, or all that is under way.
    fn arrivals(
        &self,
        items: Option<&BTreeMap<ProductId, Arrival>>,
    ) -> Result<BTreeMap<ProductId, Arrival>, TransferStepRefused> {
        let Some(items) = items else {
            let under_way = self.parts(None, |line| line.in_transit)?;
            let all = under_way.into_iter();
            return Ok(all
                .map(|(product, pieces)| (product, Arrival::received(pieces)))
                .collect());
        };
        for (product, arrival) in items {
            let product = *product;
            let line = self.line(product);
            let open = line.map(|line| line.in_transit).unwrap_or_default();
            let Some(line) = line.filter(|_| arrival.taken() <= open.get()) else {
                return Err(TransferStepRefused::NotSoMany { product, open });
            };
            if line.surplus.checked_add(arrival.surplus).is_none() {
                return Err(TransferStepRefused::SurplusTooLarge(product));
            }
        }
        Ok(items.clone())
    }

    fn line(&self, product: ProductId) -> Option<&TransferLine> {
        self.lines.iter().find(|line| line.product == product)
    }
}
