//! Booking the steps of a transfer in the ledgers of its products.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::entries::{TransferEnd, TransferEntry};
use super::progress::RequestedStep;
use super::{
    Transfer, TransferChange, TransferLine, TransferState, TransferStep, TransferStepRefused,
};
use crate::decision::{
    Actor, Change, Context, Decision, LedgerWriter, RecordChange, Refusal, RefusedMovement, State,
};
use crate::ledger::{Annotation, Batch, BatchEntry, EntryAction};
use crate::locations::Location;
use crate::reservations::Shortage;
use crate::stock::lookup::check_location_count;
use crate::stock::{Stock, StockKey};
use crate::values::{BatchId, LocationId, ProductId, Quantity, Reason, ReceiptId, Reference, Slug};

/// Steps of a transfer that are taken in one commit. Their entries are one batch; a receipt has its id.
pub(super) struct Booking<'a> {
    before: Option<&'a Transfer>,
    after: Transfer,
    entries: Vec<TransferEntry>,
    reason: Option<&'a Reason>,
    batch: Uuid,
}

impl<'a> Booking<'a> {
    /// Steps that begin with `after`, which is `before` with another change, or is new.
    pub(super) fn new(
        before: Option<&'a Transfer>,
        after: Transfer,
        reason: Option<&'a Reason>,
        context: &mut Context<'_>,
    ) -> Self {
        Self {
            before,
            after,
            entries: Vec::new(),
            reason,
            batch: context.ids.next_id(context.now),
        }
    }

    /// Takes a step, and says whether it changes anything.
    ///
    /// # Errors
    /// The first [`TransferStepRefused`] that applies.
    pub(super) fn take(
        &mut self,
        step: &RequestedStep,
        context: &Context<'_>,
    ) -> Result<bool, TransferStepRefused> {
        let step: TransferStep = step.at(context.now, ReceiptId::new(self.batch));
        let Some((progress, entries)) = self.after.progress.take(&step)? else {
            return Ok(false);
        };
        self.after.progress = progress;
        self.entries.extend(entries);
        Ok(true)
    }

    /// Makes the changes, if the stock allows them.
    ///
    /// # Errors
    /// [`Refusal::TooManyStockLocations`], [`Refusal::ProductsWithoutStock`], [`Refusal::LocationGone`],
    /// [`Refusal::ReservationShort`], [`Refusal::TotalWouldOverflow`], [`Refusal::TooManyOpenTransfers`],
    /// [`Refusal::TooManyUnderWay`].
    pub(super) fn decide(
        mut self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Transfer>, Refusal> {
        self.check_locations(state)?;
        let stocks = self.stocks(state)?;
        let mut works = Vec::new();
        for (line, stock) in &stocks {
            let entries = self.entries.iter().filter(|it| it.product == line.product);
            let work = Work::new(stock, entries.copied().collect(), &self.after, state)?;
            works.push(work);
        }
        let shortages = works.iter().flat_map(Work::shortages);
        let shortages: Vec<Shortage> = shortages.collect();
        if !shortages.is_empty() {
            return Err(Refusal::ReservationShort(shortages));
        }
        works.iter().try_for_each(Work::check_total)?;
        self.check_open(state)?;

        // Point of no return: everything below must succeed.
        let id = BatchId::new(self.batch);
        context.batch = Some(id);
        let mut changes = Vec::new();
        for work in &works {
            changes.extend(self.book(work, actor, context));
        }
        context.batch = None;
        for line in &mut self.after.progress.lines {
            let found = stocks.iter().find(|(it, _)| it.product == line.product);
            line.stock = line.stock.or(found.map(|(_, stock)| stock.id));
        }
        let batch = entries_of(&changes);
        if !batch.is_empty() {
            changes.push(Change::Batch(Batch {
                id,
                owner: actor.acting,
                entries: batch,
            }));
        }
        let change = TransferChange {
            before: self.before.cloned(),
            after: self.after.clone(),
        };
        let change = RecordChange::Transfer(Box::new(change));
        changes.push(Change::Record(change));
        Ok(Decision {
            changes,
            answer: self.after,
        })
    }

    /// Whether it was open before.
    fn was_open(&self) -> bool {
        self.before.is_some_and(Transfer::is_open)
    }

    /// Checks that both locations exist when a transfer ceases to be a draft, or is open again. While it is open,
    /// they can't be deleted.
    fn check_locations(&self, state: &State) -> Result<(), Refusal> {
        let was_draft = |before: &Transfer| before.progress.state == TransferState::Draft;
        let was_draft = self.before.is_none_or(was_draft);
        let is_draft = self.after.progress.state == TransferState::Draft;
        if is_draft || self.was_open() || !was_draft && !self.after.is_open() {
            return Ok(());
        }
        for (id, slug) in self.after.places().flatten() {
            let location = state.location(self.after.owner, slug);
            if location.is_none_or(|location| location.id != *id) {
                return Err(if was_draft {
                    Refusal::unknown_location(slug.as_str())
                } else {
                    Refusal::LocationGone
                });
            }
        }
        Ok(())
    }

    /// The stock of each line that needs it: of all when a transfer ceases to be a draft, of those with open pieces
    /// when it is open again, and else of those that make entries.
    fn stocks<'s>(&self, state: &'s State) -> Result<Vec<(TransferLine, &'s Stock)>, Refusal> {
        if self.after.progress.state == TransferState::Draft {
            return Ok(Vec::new());
        }
        let owner = self.after.owner;
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for line in &self.after.progress.lines {
            let product = line.product;
            let mut entries = self.entries.iter();
            let is_needed = line.stock.is_none()
                || !self.was_open() && !line.open().is_zero()
                || entries.any(|entry| entry.product == product);
            if !is_needed {
                continue;
            }
            let stock = state.stocks.get(&StockKey { product, owner });
            match stock.filter(|stock| line.stock.is_none_or(|id| id == stock.id)) {
                Some(stock) => found.push((*line, stock)),
                None => missing.push(product),
            }
        }
        if missing.is_empty() {
            Ok(found)
        } else {
            let products = missing;
            Err(Refusal::ProductsWithoutStock { products })
        }
    }

    /// Checks the limits of what may be open of each stock, where this opens more.
    fn check_open(&self, state: &State) -> Result<(), Refusal> {
        if !self.after.is_open() {
            return Ok(());
        }
        let was_open = self.was_open();
        let before: BTreeMap<ProductId, u64> = self.before.map(open_pieces).unwrap_or_default();
        for (product, pieces) in open_pieces(&self.after) {
            let key = StockKey {
                product,
                owner: self.after.owner,
            };
            let open = state.open_transfers.get(&key).cloned().unwrap_or_default();
            if !was_open && open.lines >= Transfer::OPEN_LINES_OF_STOCK_MAX {
                return Err(Refusal::TooManyOpenTransfers {
                    product,
                    lines_max: Transfer::OPEN_LINES_OF_STOCK_MAX,
                });
            }
            let before = before.get(&product).copied().unwrap_or_default();
            let others = open.pieces.saturating_sub(before);
            let sum = others.saturating_add(pieces);
            if pieces > before && Quantity::new(sum).is_none() {
                return Err(Refusal::TooManyUnderWay { product });
            }
        }
        Ok(())
    }

    fn book(&self, work: &Work<'_>, actor: &Actor, context: &mut Context<'_>) -> Vec<Change> {
        if work.entries.is_empty() {
            return Vec::new();
        }
        let now = context.now;
        let mut ledger = LedgerWriter::open(work.stock.clone(), actor, context);
        if let Some(added) = work.added {
            ledger.add_location(added);
        }
        for entry in &work.entries {
            ledger.turn_to(now, self.annotation(entry));
            let location = work.location(entry.end);
            match entry.action {
                EntryAction::Allocate => ledger.hold(location, entry.quantity),
                EntryAction::Deallocate => {
                    ledger.release(location, entry.quantity);
                }
                action => ledger.apply(location, action, entry.quantity),
            }
        }
        ledger.close().changes
    }

    fn annotation(&self, entry: &TransferEntry) -> Annotation {
        let usual = || {
            let text = entry.reason.text(self.after.progress.kind);
            Reason::new("reason", text).ok()
        };
        Annotation {
            reason: self.reason.cloned().or_else(usual),
            reference: Reference::new("reference", self.after.id.to_string()).ok(),
        }
    }
}

/// The pieces of each product that are allocated or under way, if the transfer is open.
fn open_pieces(transfer: &Transfer) -> BTreeMap<ProductId, u64> {
    let lines = transfer.progress.lines.iter();
    lines.map(|it| (it.product, it.open().get())).collect()
}

/// References to the entries among these changes.
fn entries_of(changes: &[Change]) -> Vec<BatchEntry> {
    let mut product = None;
    let mut entries = Vec::new();
    for change in changes {
        match change {
            // A stock comes before its entries.
            Change::Stock(stock) => product = Some(stock.product),
            Change::Entry(entry) => entries.extend(product.map(|product| BatchEntry {
                product,
                stock: entry.stock,
                sequence: entry.sequence,
            })),
            _ => {}
        }
    }
    entries
}

/// The entries of one stock.
struct Work<'a> {
    stock: &'a Stock,
    entries: Vec<TransferEntry>,
    from: Option<&'a (LocationId, Slug)>,
    to: Option<&'a (LocationId, Slug)>,
    /// The location to which pieces come, if the stock isn't in it.
    added: Option<&'a Location>,
}

impl<'a> Work<'a> {
    fn new(
        stock: &'a Stock,
        entries: Vec<TransferEntry>,
        transfer: &'a Transfer,
        state: &'a State,
    ) -> Result<Self, Refusal> {
        let mut work = Self {
            stock,
            entries,
            from: transfer.from.location(),
            to: transfer.to.as_ref(),
            added: None,
        };
        let mut entries = work.entries.iter();
        let comes = entries.find(|entry| entry.action == EntryAction::Increment);
        let place = comes.and_then(|entry| work.place(entry.end));
        if let Some((id, slug)) = place.filter(|(id, _)| stock.balance(Some(*id)).is_none()) {
            check_location_count(stock.located.len().saturating_add(1))?;
            let location = state.location(stock.owner, slug);
            let location = location.filter(|location| location.id == *id);
            work.added = Some(location.ok_or(Refusal::LocationGone)?);
        }
        Ok(work)
    }

    const fn place(&self, end: TransferEnd) -> Option<&'a (LocationId, Slug)> {
        match end {
            TransferEnd::Origin => self.from,
            TransferEnd::Destination => self.to,
        }
    }

    fn location(&self, end: TransferEnd) -> Option<LocationId> {
        self.place(end).map(|(location, _)| *location)
    }

    /// The pieces that are missing at each end.
    fn shortages(&self) -> impl Iterator<Item = Shortage> {
        let ends = [TransferEnd::Origin, TransferEnd::Destination];
        ends.into_iter().filter_map(|end| self.shortage(end))
    }

    fn shortage(&self, end: TransferEnd) -> Option<Shortage> {
        let location = self.location(end);
        let entries = self.entries.iter().filter(|entry| entry.end == end);
        let (mut come, mut gone, mut released) = (0_u64, 0_u64, 0_u64);
        for entry in entries {
            let pieces = entry.quantity.get();
            match entry.action {
                EntryAction::Decrement | EntryAction::Allocate => {
                    gone = gone.saturating_add(pieces);
                }
                EntryAction::Create | EntryAction::Increment => come = come.saturating_add(pieces),
                EntryAction::Deallocate => released = released.saturating_add(pieces),
            }
        }
        // What the transfer says to be allocated is there, unless somebody has damaged the data.
        let held = self.stock.held(location);
        let requested = gone.saturating_sub(come).saturating_sub(released);
        let available = self.stock.balance(location).unwrap_or_default().available;
        let (requested, available) = if released > held.get() {
            (released, held)
        } else {
            (requested, available)
        };
        (requested > available.get()).then(|| Shortage {
            product: self.stock.product,
            location: self.place(end).map(|(_, slug)| slug.clone()),
            requested,
            available,
        })
    }

    /// Checks that the total of the stock stays within its limit after each entry.
    fn check_total(&self) -> Result<(), Refusal> {
        let balance = self.stock.sums();
        let mut total = balance.total();
        for entry in &self.entries {
            let after = match entry.action {
                EntryAction::Create | EntryAction::Increment => total.checked_add(entry.quantity),
                EntryAction::Decrement => Some(total.saturating_sub(entry.quantity)),
                EntryAction::Allocate | EntryAction::Deallocate => Some(total),
            };
            total = after.ok_or(Refusal::TotalWouldOverflow(RefusedMovement {
                requested: entry.quantity,
                balance,
                reserved: Quantity::ZERO,
            }))?;
        }
        Ok(())
    }
}
