//! Transfers: what each step does in each state to the figures and to the ledger.

use std::collections::BTreeMap;

use stockroom_domain::{
    Arrival, ProductId, Quantity, ReceiptId, TransferEnd, TransferEntry, TransferKind,
    TransferLine, TransferProgress, TransferState, TransferStep, TransferStepRefused,
};

use TransferState::{Cancelled, Draft, InTransit, Ready, Received};

use crate::scene::{MOST, at, id, quantity};

type Refused = TransferStepRefused;

/// The products of the transfers in these tests, 10 pieces of the first and 5 of the second, and one that no
/// transfer has.
pub(crate) fn product(number: u128) -> ProductId {
    id(100 + number)
}

pub(crate) fn receipt(number: u128) -> ReceiptId {
    id(200 + number)
}

pub(crate) fn draft(kind: TransferKind) -> TransferProgress {
    let items = [(product(1), quantity(10)), (product(2), quantity(5))];
    TransferProgress::draft(kind, items)
}

fn parts(parts: &[(u128, u64)]) -> BTreeMap<ProductId, Quantity> {
    let parts = parts.iter();
    parts
        .map(|(it, pieces)| (product(*it), quantity(*pieces)))
        .collect()
}

/// Received, damaged, missing, surplus.
fn arrival([received, damaged, missing, surplus]: [u64; 4]) -> Arrival {
    Arrival {
        received: quantity(received),
        damaged: quantity(damaged),
        missing: quantity(missing),
        surplus: quantity(surplus),
    }
}

const ALL: TransferStep = TransferStep::Ship(None);

fn ship(some: &[(u128, u64)]) -> TransferStep {
    TransferStep::Ship(Some(parts(some)))
}

fn cancel(some: &[(u128, u64)]) -> TransferStep {
    TransferStep::Cancel(Some(parts(some)))
}

fn receive(number: u128, items: &[(u128, [u64; 4])]) -> TransferStep {
    let items = items
        .iter()
        .map(|(it, pieces)| (product(*it), arrival(*pieces)));
    TransferStep::Receive {
        receipt: receipt(number),
        at: at(5),
        items: Some(items.collect()),
    }
}

fn receive_all(number: u128) -> TransferStep {
    TransferStep::Receive {
        receipt: receipt(number),
        at: at(5),
        items: None,
    }
}

fn undo(number: u128) -> TransferStep {
    TransferStep::UndoReceipt {
        receipt: receipt(number),
        at: at(6),
    }
}

/// Takes steps that all change something, and checks the figures after each. Returns the last entries, too.
fn after(kind: TransferKind, steps: &[TransferStep]) -> (TransferProgress, Vec<TransferEntry>) {
    let mut now = (draft(kind), Vec::new());
    for step in steps {
        now = now
            .0
            .take(step)
            .expect("allowed")
            .expect("something is done");
        assert!(now.0.is_consistent(), "{step:?} leaves {:?}", now.0);
    }
    now
}

/// Entries as words: the product, the end, the action, the pieces and the reason.
fn words(kind: TransferKind, entries: &[TransferEntry]) -> Vec<String> {
    let entries = entries.iter().map(|entry| {
        let number = (1..=3).find(|it| product(*it) == entry.product);
        let end = match entry.end {
            TransferEnd::Origin => "from",
            TransferEnd::Destination => "to",
        };
        let reason = entry.reason.text(kind);
        let (action, pieces) = (entry.action.as_str(), entry.quantity);
        format!(
            "{} {end}: {action} {pieces}, {reason}",
            number.expect("known")
        )
    });
    entries.collect()
}

/// Allocated, in transit, received, damaged, missing, cancelled, surplus.
fn figures(line: &TransferLine) -> [u64; 7] {
    [
        line.allocated,
        line.in_transit,
        line.received,
        line.damaged,
        line.missing,
        line.cancelled,
        line.surplus,
    ]
    .map(Quantity::get)
}

/// The outcome of a step: its entries and the state after it, nothing, or the refusal.
fn outcome(progress: &TransferProgress, step: &TransferStep) -> Result<Vec<String>, Refused> {
    let taken = progress.take(step)?;
    Ok(taken.map_or_else(
        || vec!["nothing".to_owned()],
        |(after, entries)| {
            assert!(after.is_consistent(), "{step:?} leaves {after:?}");
            let mut words = words(progress.kind, &entries);
            words.push(after.state.as_str().to_owned());
            words
        },
    ))
}

/// A transfer in each state; those that have ended had one receipt, number 1.
fn in_state(kind: TransferKind, state: TransferState) -> TransferProgress {
    let steps = match (state, kind) {
        (TransferState::Draft, _) => vec![],
        (TransferState::Ready, _) => vec![TransferStep::Ready],
        (TransferState::InTransit, TransferKind::Internal) => {
            vec![ship(&[(1, 4)]), receive(1, &[(1, [1, 0, 0, 0])])]
        }
        (TransferState::InTransit, TransferKind::Delivery) => {
            vec![ALL, receive(1, &[(1, [7, 0, 0, 0])])]
        }
        (TransferState::Received, _) => vec![ALL, receive_all(1)],
        (TransferState::Cancelled, _) => vec![
            ALL,
            receive(1, &[(1, [1, 0, 0, 0])]),
            TransferStep::Cancel(None),
        ],
    };
    after(kind, &steps).0
}

/// A state, a step in it, and its outcome.
type Case<'a> = (TransferState, TransferStep, Result<&'a [&'a str], Refused>);

fn check(kind: TransferKind, table: &[Case<'_>]) {
    for (state, step, expected) in table {
        let given = outcome(&in_state(kind, *state), step);
        let expected = expected.map(|words| words.iter().map(ToString::to_string).collect());
        assert_eq!(given, expected, "{step:?} in {state:?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn each_step_of_a_transfer_in_each_state() {
    let is = |state| Err(Refused::TransferIs(state));
    let nothing = || Ok(["nothing"].as_slice());
    check(
        TransferKind::Internal,
        &[
            (
                Draft,
                TransferStep::Ready,
                Ok(&[
                    "1 from: allocate 10, transfer",
                    "2 from: allocate 5, transfer",
                    "ready",
                ]),
            ),
            (Ready, TransferStep::Ready, nothing()),
            (InTransit, TransferStep::Ready, is(InTransit)),
            (Received, TransferStep::Ready, is(Received)),
            (Cancelled, TransferStep::Ready, is(Cancelled)),
            (
                Draft,
                ALL,
                Ok(&[
                    "1 from: decrement 10, transfer",
                    "2 from: decrement 5, transfer",
                    "in_transit",
                ]),
            ),
            (
                Draft,
                ship(&[(1, 4)]),
                Ok(&[
                    "1 from: decrement 4, transfer",
                    "1 from: allocate 6, transfer",
                    "2 from: allocate 5, transfer",
                    "in_transit",
                ]),
            ),
            (
                Ready,
                ALL,
                Ok(&[
                    "1 from: deallocate 10, transfer",
                    "1 from: decrement 10, transfer",
                    "2 from: deallocate 5, transfer",
                    "2 from: decrement 5, transfer",
                    "in_transit",
                ]),
            ),
            (
                Ready,
                ship(&[(2, 2)]),
                Ok(&[
                    "2 from: deallocate 2, transfer",
                    "2 from: decrement 2, transfer",
                    "in_transit",
                ]),
            ),
            (
                InTransit,
                ALL,
                Ok(&[
                    "1 from: deallocate 6, transfer",
                    "1 from: decrement 6, transfer",
                    "2 from: deallocate 5, transfer",
                    "2 from: decrement 5, transfer",
                    "in_transit",
                ]),
            ),
            (
                InTransit,
                ship(&[(1, 1)]),
                Ok(&[
                    "1 from: deallocate 1, transfer",
                    "1 from: decrement 1, transfer",
                    "in_transit",
                ]),
            ),
            (Received, ALL, nothing()),
            (Received, ship(&[(1, 1)]), is(Received)),
            (Cancelled, ALL, is(Cancelled)),
            (Draft, receive_all(2), is(Draft)),
            (Ready, receive_all(2), is(Ready)),
            (
                InTransit,
                receive_all(2),
                Ok(&["1 to: increment 3, transfer", "in_transit"]),
            ),
            (
                InTransit,
                receive(2, &[(1, [1, 1, 1, 2]), (2, [0, 0, 0, 1])]),
                Ok(&[
                    "1 to: increment 1, transfer",
                    "1 to: increment 1, transfer damaged",
                    "1 to: decrement 1, transfer damaged",
                    "1 to: increment 2, transfer surplus",
                    "2 to: increment 1, transfer surplus",
                    "in_transit",
                ]),
            ),
            (Received, receive_all(2), nothing()),
            (Received, receive(2, &[(1, [0, 0, 0, 1])]), is(Received)),
            (Cancelled, receive_all(2), is(Cancelled)),
            (Draft, TransferStep::Cancel(None), is(Draft)),
            (
                Ready,
                TransferStep::Cancel(None),
                Ok(&[
                    "1 from: deallocate 10, transfer cancelled",
                    "2 from: deallocate 5, transfer cancelled",
                    "cancelled",
                ]),
            ),
            (
                Ready,
                cancel(&[(1, 3)]),
                Ok(&["1 from: deallocate 3, transfer cancelled", "ready"]),
            ),
            (
                InTransit,
                TransferStep::Cancel(None),
                Ok(&[
                    "1 from: deallocate 6, transfer cancelled",
                    "1 from: increment 3, transfer cancelled",
                    "2 from: deallocate 5, transfer cancelled",
                    "cancelled",
                ]),
            ),
            (
                InTransit,
                cancel(&[(1, 8)]),
                Ok(&[
                    "1 from: deallocate 6, transfer cancelled",
                    "1 from: increment 2, transfer cancelled",
                    "in_transit",
                ]),
            ),
            (Received, TransferStep::Cancel(None), is(Received)),
            (Cancelled, TransferStep::Cancel(None), nothing()),
            (Draft, undo(1), Err(Refused::ReceiptNotFound)),
            (Ready, undo(1), Err(Refused::ReceiptNotFound)),
            (
                InTransit,
                undo(1),
                Ok(&["1 to: decrement 1, transfer undone", "in_transit"]),
            ),
            (
                Received,
                undo(1),
                Ok(&[
                    "1 to: decrement 10, transfer undone",
                    "2 to: decrement 5, transfer undone",
                    "in_transit",
                ]),
            ),
            (
                Cancelled,
                undo(1),
                Ok(&["1 to: decrement 1, transfer undone", "in_transit"]),
            ),
        ],
    );
}

#[test]
fn each_step_of_a_delivery_in_each_state() {
    let is = |state| Err(Refused::TransferIs(state));
    let nothing = || Ok(["nothing"].as_slice());
    let none = Ok(["in_transit"].as_slice());
    check(
        TransferKind::Delivery,
        &[
            (Draft, TransferStep::Ready, is(Draft)),
            (InTransit, TransferStep::Ready, is(InTransit)),
            (Draft, ALL, none),
            (Draft, ship(&[(1, 1)]), Err(Refused::DeliveryInParts)),
            // That it can't be shipped in parts comes before its state.
            (Cancelled, ship(&[(1, 1)]), Err(Refused::DeliveryInParts)),
            (InTransit, ALL, nothing()),
            (Received, ALL, nothing()),
            (Cancelled, ALL, is(Cancelled)),
            (Draft, receive_all(2), is(Draft)),
            (
                InTransit,
                receive_all(2),
                Ok(&[
                    "1 to: increment 3, delivery",
                    "2 to: increment 5, delivery",
                    "received",
                ]),
            ),
            (
                InTransit,
                receive(2, &[(2, [1, 2, 0, 3])]),
                Ok(&[
                    "2 to: increment 1, delivery",
                    "2 to: increment 2, delivery damaged",
                    "2 to: decrement 2, delivery damaged",
                    "2 to: increment 3, delivery surplus",
                    "in_transit",
                ]),
            ),
            // A short line is closed without an entry.
            (InTransit, receive(2, &[(1, [0, 0, 3, 0])]), none),
            (Draft, TransferStep::Cancel(None), is(Draft)),
            // Nothing has left a shelf.
            (InTransit, TransferStep::Cancel(None), Ok(&["cancelled"])),
            (InTransit, cancel(&[(2, 5)]), none),
            (
                Received,
                undo(1),
                Ok(&[
                    "1 to: decrement 10, delivery undone",
                    "2 to: decrement 5, delivery undone",
                    "in_transit",
                ]),
            ),
        ],
    );
}

#[test]
fn no_step_takes_more_than_is_there() {
    let too_few = |number, open| Refused::NotSoMany {
        product: product(number),
        open: quantity(open),
    };
    let few = |number, open| Err(too_few(number, open));
    check(
        TransferKind::Internal,
        &[
            (Draft, ship(&[(1, 11)]), few(1, 10)),
            (Draft, ship(&[(3, 1)]), few(3, 0)),
            (Ready, ship(&[(1, 10), (2, 6)]), few(2, 5)),
            (InTransit, ship(&[(1, 7)]), few(1, 6)),
            (InTransit, receive(2, &[(1, [2, 1, 1, 0])]), few(1, 3)),
            (InTransit, receive(2, &[(2, [1, 0, 0, 0])]), few(2, 0)),
            // There is no surplus of a product that wasn't to come.
            (InTransit, receive(2, &[(3, [0, 0, 0, 1])]), few(3, 0)),
            (InTransit, cancel(&[(1, 10)]), few(1, 9)),
            (InTransit, cancel(&[(3, 1)]), few(3, 0)),
        ],
    );
    // The sum of an arrival is no quantity.
    let most = receive(2, &[(1, [MOST, MOST, MOST, 0])]);
    let transfer = in_state(TransferKind::Internal, InTransit);
    assert_eq!(outcome(&transfer, &most), Err(too_few(1, 3)));
    let (transfer, _) = after(
        TransferKind::Internal,
        &[ALL, receive(1, &[(1, [0, 0, 0, MOST])])],
    );
    let one_more = receive(2, &[(1, [0, 0, 0, 1])]);
    let refused = Err(Refused::SurplusTooLarge(product(1)));
    assert_eq!(outcome(&transfer, &one_more), refused);
}

#[test]
fn a_receipt_is_undone_once_and_leaves_no_trace_in_the_figures() {
    let came = receive(1, &[(1, [3, 2, 1, 7]), (2, [5, 0, 0, 0])]);
    let (before, _) = after(TransferKind::Internal, &[ALL]);
    let (undone, entries) = after(TransferKind::Internal, &[ALL, came, undo(1)]);
    assert_eq!(undone.lines, before.lines);
    assert_eq!(undone.state, TransferState::InTransit);
    // The two damaged pieces had left the destination.
    assert_eq!(
        words(TransferKind::Internal, &entries),
        [
            "1 to: decrement 10, transfer undone",
            "2 to: decrement 5, transfer undone"
        ]
    );
    assert_eq!(undone.receipts[0].undone_at, Some(at(6)));
    assert_eq!(outcome(&undone, &undo(1)), Err(Refused::ReceiptUndone));
    assert_eq!(outcome(&undone, &undo(2)), Err(Refused::ReceiptNotFound));
}

#[test]
fn an_undone_receipt_of_surplus_alone_leaves_an_ended_transfer_ended() {
    let surplus = receive(1, &[(1, [0, 0, 0, 2])]);
    let steps = [ALL, surplus, receive_all(2), undo(1)];
    let (transfer, _) = after(TransferKind::Internal, &steps);
    assert_eq!(transfer.state, TransferState::Received);
    assert_eq!(figures(&transfer.lines[0]), [0, 0, 10, 0, 0, 0, 0]);
}

#[test]
fn a_transfer_has_a_limited_number_of_receipts() {
    let one = |number| receive(number, &[(1, [0, 0, 0, 1])]);
    let mut steps = vec![ALL];
    steps.extend((0..100).map(one));
    // Undone ones count.
    steps.push(undo(0));
    let (transfer, _) = after(TransferKind::Internal, &steps);
    let refused = Err(Refused::TooManyReceipts { receipts_max: 100 });
    assert_eq!(outcome(&transfer, &one(100)), refused);
    let nothing = receive(100, &[(3, [0, 0, 0, 1])]);
    let few = Refused::NotSoMany {
        product: product(3),
        open: Quantity::ZERO,
    };
    assert_eq!(outcome(&transfer, &nothing), Err(few));
}

#[test]
fn the_last_step_says_how_a_transfer_ended() {
    let some = receive(1, &[(1, [10, 0, 0, 0])]);
    let rest = receive(2, &[(2, [2, 0, 3, 0])]);
    let brought_back = cancel(&[(2, 5)]);
    let ended = |steps: &[TransferStep]| after(TransferKind::Internal, steps).0.state;
    assert_eq!(ended(&[ALL, some.clone(), rest]), TransferState::Received);
    assert_eq!(
        ended(&[ALL, some.clone(), brought_back.clone()]),
        TransferState::Cancelled
    );
    assert_eq!(ended(&[ALL, brought_back, some]), TransferState::Received);
}

#[test]
fn once_shipped_a_transfer_is_never_ready_again() {
    let steps = [ship(&[(1, 4)]), cancel(&[(1, 10)])];
    let (transfer, _) = after(TransferKind::Internal, &steps);
    assert_eq!(figures(&transfer.lines[1]), [5, 0, 0, 0, 0, 0, 0]);
    assert_eq!(transfer.state, TransferState::InTransit);
}

/// The contract's example: 10 shipped, 6 received, 1 damaged, 1 surplus, the rest cancelled.
#[test]
fn the_example_of_the_contract() {
    let arrived = receive(1, &[(1, [6, 1, 0, 1])]);
    let steps = [ALL, arrived, cancel(&[(1, 3)])];
    let (transfer, entries) = after(TransferKind::Internal, &steps);
    assert_eq!(figures(&transfer.lines[0]), [0, 0, 6, 1, 0, 3, 1]);
    let cancelled = ["1 from: increment 3, transfer cancelled"];
    assert_eq!(words(TransferKind::Internal, &entries), cancelled);
}

/// `RepairDesk` #498: a transfer that is cancelled after shipping stays in transit for ever.
#[test]
fn nothing_stays_under_way_after_a_cancellation() {
    let steps = [ALL, TransferStep::Cancel(None)];
    let (transfer, _) = after(TransferKind::Internal, &steps);
    assert!(transfer.lines.iter().all(|line| line.open().is_zero()));
    assert_eq!(transfer.state, TransferState::Cancelled);
}

/// `ERPNext` #34101: what is rejected on receipt is never taken out of transit.
#[test]
fn damaged_pieces_are_no_longer_under_way() {
    let damaged = receive(1, &[(1, [0, 10, 0, 0]), (2, [0, 5, 0, 0])]);
    let (transfer, _) = after(TransferKind::Internal, &[ALL, damaged]);
    assert_eq!(transfer.state, TransferState::Received);
    assert_eq!(figures(&transfer.lines[0]), [0, 0, 0, 10, 0, 0, 0]);
}

/// Shopify: a received transfer can't be cancelled, and a mistake in it is corrected by a negative number.
#[test]
fn a_mistake_in_a_receipt_is_corrected_after_the_last_one() {
    let wrong = receive(1, &[(1, [9, 0, 1, 0]), (2, [5, 0, 0, 0])]);
    let right = receive(2, &[(1, [10, 0, 0, 0]), (2, [5, 0, 0, 0])]);
    let steps = [ALL, wrong, undo(1), right];
    let (transfer, _) = after(TransferKind::Internal, &steps);
    assert_eq!(transfer.state, TransferState::Received);
    assert_eq!(figures(&transfer.lines[0]), [0, 0, 10, 0, 0, 0, 0]);
}

/// metasfresh #4805: of 100 ordered pieces 30 have come, and 100 are still expected.
#[test]
fn a_partial_receipt_leaves_only_the_rest_to_come() {
    let items = [(product(1), quantity(100))];
    let ordered = TransferProgress::draft(TransferKind::Delivery, items);
    let (ordered, _) = ordered.take(&ALL).expect("allowed").expect("ordered");
    let came = receive(1, &[(1, [30, 0, 0, 0])]);
    let (delivery, _) = ordered.take(&came).expect("allowed").expect("received");
    assert_eq!(figures(&delivery.lines[0]), [0, 70, 30, 0, 0, 0, 0]);
}
