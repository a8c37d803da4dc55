//! Transfers in the random cases.

use rand::RngExt;
use stockroom_application::filter::{Comparison, TextCondition};
use stockroom_application::ports::TransferCondition;
use stockroom_domain::{
    Actor, AnnounceOverdue, Arrival, CreateTransfer, DeleteTransfer, Operation, Patch, ProductId,
    Quantity, RequestedOrigin, RequestedPlace, RequestedStep, Supplier, TakeStep, Timestamp,
    Transfer, TransferParts, TransferState, UpdateTransfer,
};

use super::generate::Generator;
use super::known::{Known, SLUGS};
use crate::make;

impl Generator {
    /// An operation on transfers by one of these callers, mostly by one who may do it.
    pub(super) fn transfer_operation(
        &mut self,
        known: &Known,
        actors: &[Actor],
        now: Timestamp,
    ) -> (Actor, Operation) {
        let anybody = self.pick(actors);
        let made = self.made_transfer(known);
        let Some(transfer) = made.filter(|_| self.random().random_ratio(2, 3)) else {
            return (anybody, self.new_transfer(known, now).into());
        };
        let maker = actors.iter().find(|actor| actor.acting == transfer.owner);
        let maker = maker.filter(|_| self.random().random_ratio(9, 10));
        let actor = maker.cloned().unwrap_or(anybody);
        (actor, self.change(&transfer, known, now))
    }

    /// One of the latest transfers.
    pub(super) fn made_transfer(&mut self, known: &Known) -> Option<Transfer> {
        let latest = known.transfers.len().saturating_sub(12);
        let latest = &known.transfers[latest..];
        (!latest.is_empty()).then(|| self.pick(latest))
    }

    fn change(&mut self, transfer: &Transfer, known: &Known, now: Timestamp) -> Operation {
        let reference = transfer.reference();
        let step = match self.random().random_range(0..14) {
            0 => {
                return DeleteTransfer {
                    transfer: reference,
                }
                .into();
            }
            1 => {
                return AnnounceOverdue {
                    transfer: reference,
                }
                .into();
            }
            2 => return self.edited_transfer(transfer, known, now).into(),
            3 => RequestedStep::Ready,
            4..7 => RequestedStep::Ship(self.some_of(transfer)),
            7..10 => RequestedStep::Receive(self.arrived(transfer)),
            10..12 => RequestedStep::Cancel(self.some_of(transfer)),
            _ => {
                let receipts: Vec<_> = transfer.progress.receipts.iter().map(|it| it.id).collect();
                match receipts.first() {
                    None => RequestedStep::Receive(None),
                    Some(_) => RequestedStep::UndoReceipt(self.pick(&receipts)),
                }
            }
        };
        let version = transfer.version;
        TakeStep {
            transfer: reference,
            step,
            reason: None,
            expect_version: Some(version).filter(|_| self.random().random_ratio(1, 5)),
        }
        .into()
    }

    fn some_of(&mut self, transfer: &Transfer) -> Option<TransferParts> {
        if self.random().random() {
            return None;
        }
        let lines = transfer.progress.lines.iter();
        let parts = lines.map(|line| (line.product, make::quantity(self.pick(&[1, 1, 2, 5]))));
        Some(parts.collect())
    }

    fn arrived(
        &mut self,
        transfer: &Transfer,
    ) -> Option<std::collections::BTreeMap<ProductId, Arrival>> {
        let parts = self.some_of(transfer)?;
        let arrivals = parts.into_iter().map(|(product, pieces)| {
            let [damaged, missing, surplus] =
                [(); 3].map(|()| make::quantity(self.pick(&[0, 0, 1])));
            let arrival = Arrival {
                received: pieces,
                damaged,
                missing,
                surplus,
            };
            (product, arrival)
        });
        Some(arrivals.collect())
    }

    fn new_transfer(&mut self, known: &Known, now: Timestamp) -> CreateTransfer {
        CreateTransfer {
            from: self.origin(),
            to: self.place(),
            items: self.transfer_items(known),
            reference: None,
            note: None,
            expected_at: self.expected(now),
            state: self.pick(&[
                TransferState::Draft,
                TransferState::Ready,
                TransferState::InTransit,
                TransferState::InTransit,
                TransferState::Received,
            ]),
            reason: None,
        }
    }

    fn edited_transfer(
        &mut self,
        transfer: &Transfer,
        known: &Known,
        now: Timestamp,
    ) -> UpdateTransfer {
        let items = self.random().random_ratio(1, 2);
        UpdateTransfer {
            transfer: transfer.reference(),
            from: None,
            to: Some(self.place()).filter(|_| self.random().random_ratio(1, 4)),
            items: Some(self.transfer_items(known)).filter(|_| items),
            reference: Patch::Keep,
            note: Patch::Keep,
            expected_at: self.expected(now).map_or(Patch::Clear, Patch::Set),
            expect_version: None,
        }
    }

    fn transfer_items(&mut self, known: &Known) -> Vec<(ProductId, Quantity)> {
        let mut items = TransferParts::new();
        for _ in 0..self.pick(&[1, 1, 2, 3]) {
            let pieces = make::quantity(self.pick(&[1, 2, 5, 1_000]));
            items.insert(self.product(known), pieces);
        }
        items.into_iter().collect()
    }

    fn origin(&mut self) -> RequestedOrigin {
        if self.random().random() {
            let supplier = self.pick(&["ACME", "ä"]);
            RequestedOrigin::Supplier(Supplier::new("supplier", supplier).expect("a supplier"))
        } else {
            RequestedOrigin::Place(self.place())
        }
    }

    fn place(&mut self) -> RequestedPlace {
        if self.random().random() {
            RequestedPlace::Unlocated
        } else {
            RequestedPlace::Location(self.pick(&SLUGS).to_owned())
        }
    }

    fn expected(&mut self, now: Timestamp) -> Option<Timestamp> {
        let in_milliseconds = self.pick(&[-1_000_i64, 0, 500, 60_000]);
        let at = now.plus_milliseconds(in_milliseconds);
        Some(at).filter(|_| self.random().random())
    }

    pub(super) fn transfer_filter(&mut self, known: &Known, now: Timestamp) -> TransferCondition {
        let text = |text: &str| TextCondition::In(vec![text.to_owned()]);
        let slug = self.pick(&SLUGS);
        match self.random().random_range(0..7) {
            0 => TransferCondition::State(vec![self.pick(&TransferState::ALL)]),
            1 => TransferCondition::From(self.pick(&[TextCondition::IsNull, text(slug)])),
            2 => TransferCondition::To(self.pick(&[TextCondition::IsNull, text(slug)])),
            3 => TransferCondition::Supplier(self.pick(&[TextCondition::IsNull, text("ä")])),
            4 => TransferCondition::Product(vec![self.product(known)]),
            5 => TransferCondition::ExpectedAt(Comparison::Less(now)),
            _ => TransferCondition::CreatedAt(Comparison::Greater(self.time(now))),
        }
    }
}
