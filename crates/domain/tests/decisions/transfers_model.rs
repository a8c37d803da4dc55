//! Random steps of a transfer between two positions, against the pieces that lie in them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use stockroom_domain::{
    Arrival, Balance, EntryAction, ProductId, Quantity, TransferEnd, TransferKind,
    TransferProgress, TransferState, TransferStep,
};

use crate::scene::{at, balance, quantity};
use crate::transfers::{draft, product, receipt};

/// Pieces of the first or second product, mostly fewer than there are.
fn parts() -> impl Strategy<Value = Option<BTreeMap<ProductId, Quantity>>> {
    let part = (1_u128..=2, 1_u64..6).prop_map(|(it, pieces)| (product(it), quantity(pieces)));
    proptest::option::of(proptest::collection::btree_map(Just(()), part, 1))
        .prop_map(|part| part.map(|part| part.into_values().collect()))
}

fn arrivals() -> impl Strategy<Value = Option<BTreeMap<ProductId, Arrival>>> {
    let arrival = (1_u128..=2, 0_u64..4, 0_u64..2, 0_u64..2, 0_u64..2);
    let arrival = arrival.prop_map(|(it, received, damaged, missing, surplus)| {
        let arrival = Arrival {
            received: quantity(received),
            damaged: quantity(damaged),
            missing: quantity(missing),
            surplus: quantity(surplus),
        };
        (product(it), arrival)
    });
    proptest::option::of(arrival.prop_map(|it| [it].into()))
}

fn steps() -> impl Strategy<Value = Vec<TransferStep>> {
    let step = prop_oneof![
        1 => Just(TransferStep::Ready),
        3 => parts().prop_map(TransferStep::Ship),
        4 => arrivals().prop_map(|items| TransferStep::Receive { receipt: receipt(0), at: at(0), items }),
        2 => parts().prop_map(TransferStep::Cancel),
        2 => (0_u128..8).prop_map(|number| TransferStep::UndoReceipt { receipt: receipt(number), at: at(0) }),
    ];
    let steps = proptest::collection::vec(step, 1..40);
    // Each receipt has an id of its own.
    steps.prop_map(|mut steps| {
        let mut numbers = 0_u128..;
        for step in &mut steps {
            if let TransferStep::Receive { receipt: id, .. } = step {
                *id = receipt(numbers.next().unwrap_or_default());
            }
        }
        steps
    })
}

/// The figures of a product at both ends.
#[derive(Debug, Clone, Copy)]
struct Ends {
    origin: Balance,
    destination: Balance,
}

impl Ends {
    /// Makes an entry; `None` if an end has too few pieces for it.
    fn apply(mut self, end: TransferEnd, action: EntryAction, pieces: Quantity) -> Option<Self> {
        let position = match end {
            TransferEnd::Origin => &mut self.origin,
            TransferEnd::Destination => &mut self.destination,
        };
        *position = action.apply(pieces, *position)?;
        Some(self)
    }
}

/// All pieces of a line that there ever were: positions + under way + damaged + missing − surplus.
fn all(ends: Ends, transfer: &TransferProgress, number: usize) -> u64 {
    let line = &transfer.lines[number];
    let positions = ends.origin.total().get() + ends.destination.total().get();
    let elsewhere = [line.in_transit, line.damaged, line.missing].map(Quantity::get);
    positions + elsewhere.iter().sum::<u64>() - line.surplus.get()
}

proptest! {
    /// Pieces neither vanish nor appear, and each figure says where they are. A failure prints the steps, and
    /// proptest keeps its seed.
    #[test]
    fn no_piece_is_lost_or_doubled(steps in steps()) {
        let mut transfer = draft(TransferKind::Internal);
        let first = Ends { origin: balance(20, 0), destination: balance(3, 0) };
        let mut ends = [first; 2];
        for step in &steps {
            // A refused step changes nothing, nor does one for which an end has too few pieces.
            let Ok(Some((after, entries))) = transfer.take(step) else { continue };
            let moved = entries.iter().try_fold(ends, |mut ends, entry| {
                let number = usize::from(entry.product == product(2));
                ends[number] = ends[number].apply(entry.end, entry.action, entry.quantity)?;
                Some(ends)
            });
            let moved = moved.expect("the ends have enough");
            prop_assert!(after.is_consistent(), "{step:?} leaves {after:?}");
            for (number, ends) in moved.iter().enumerate() {
                prop_assert_eq!(all(*ends, &after, number), 23, "{:?} leaves {:?}", step, &after);
                prop_assert_eq!(ends.origin.allocated, after.lines[number].allocated);
                prop_assert_eq!(ends.destination.allocated, Quantity::ZERO);
            }
            let was_draft = transfer.state == TransferState::Draft;
            prop_assert!(was_draft || after.state != TransferState::Draft);
            (transfer, ends) = (after, moved);
        }
    }
}
